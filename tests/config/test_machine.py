"""The configuration of a machine: file, environment, defaults, one clear line for every fault."""

from __future__ import annotations

import errno
from pathlib import Path

import holidays
import pytest

from tray_agent.config.machine import _CANTONS, GatewayAccount, Machine, is_unconfigured, load_machine, without_password
from tray_agent.errors import ConfigurationError

FILE = """
[practice]
timezone = "Europe/Berlin"
[gateway]
originator = "Praxis"
[gateway.accounts.M1]
user = "meier"
[ui]
language = "fr"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold() -> None:
    machine = load_machine()
    assert machine.practice.timezone == "Europe/Zurich"
    assert machine.store_url.startswith("sqlite:///")
    assert machine.practice_url == machine.store_url


def test_a_machine_is_set_up_by_a_file_or_by_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_unconfigured()
    monkeypatch.setenv("VITOCLIENT_STORE__URL", "sqlite:///x.db")
    assert not is_unconfigured()
    monkeypatch.delenv("VITOCLIENT_STORE__URL")
    monkeypatch.setenv("VITOCLIENT_CONFIG", str(file))
    assert not is_unconfigured()


def test_the_file_is_read(file: Path) -> None:
    machine = load_machine(file)
    assert str(machine.zone) == "Europe/Berlin"
    assert machine.gateway.accounts["M1"].user == "meier"


def test_the_environment_comes_before_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITOCLIENT_UI__LANGUAGE", "it")
    monkeypatch.setenv("VITOCLIENT_GATEWAY__ORIGINATOR", "Dr Meier")
    machine = load_machine(file)
    assert (machine.ui.language, machine.gateway.originator) == ("it", "Dr Meier")
    assert machine.gateway.accounts["M1"].user == "meier"


def test_the_schema_can_be_named_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[store]\nschema = "agent"\n', encoding="utf-8")
    assert load_machine(path).store.table_schema == "agent"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[practice]\ntimezone = 'Europe/Zürich'", "Europe/Zürich"),
        ("[practice]\ntimezon = 'Europe/Zurich'", "practice.timezon"),
        ("[practice]\nregion = 'Schweiz'", "practice.region: erlaubt ist das Länderkürzel mit zwei Buchstaben, zum Beispiel CH oder LI."),
        ("[practice]\nregion = 'CHE'", "practice.region"),
        ("[practice]\nregion = 'UK'", "practice.region"),
        ("[practice]\nregion = '41'", "practice.region"),
        ("[practice]\nregion = ''", "practice.region"),
        ("[practice]\ncanton = 'Schweiz'", "practice.canton: erlaubt ist AG, AI, AR, BE"),
        ("[practice]\ncanton = 'Zürich'", "practice.canton"),
        ("[practice]\ncanton = 'CH-ZH'", "practice.canton"),
        ("[mail]\nport = 70000", "mail.port"),
        ("[ui]\ntheme = 'blau'", "ui.theme"),
        ("[ui]\nlanguage = \n", "Zeile 2, Spalte 12"),
        ("[gateway.accounts.M1]\npassword = 'x'", "gateway.accounts.M1"),
        ("[nothing]\nx = 1", "nothing"),
    ],
)
def test_a_faulty_file_is_told_in_one_line_that_names_the_place(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        load_machine(path)
    assert named in str(raised.value)
    assert str(path) in str(raised.value)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("written", "region"), [("CH", "CH"), ("ch", "CH"), (" Ch ", "CH"), ("li", "LI"), ("DE", "DE"), ("at", "AT"), ("gb", "GB")]
)
def test_the_country_of_numbers_is_taken_in_any_case(monkeypatch: pytest.MonkeyPatch, written: str, region: str) -> None:
    monkeypatch.setenv("VITOCLIENT_PRACTICE__REGION", written)
    assert load_machine().practice.region == region


@pytest.mark.parametrize(
    ("written", "canton"), [("ZH", "ZH"), ("zh", "ZH"), (" Ti ", "TI"), ("stadt zurich", "Stadt Zurich"), ("", "")]
)  # fmt: skip
def test_the_canton_is_taken_in_any_case(monkeypatch: pytest.MonkeyPatch, written: str, canton: str) -> None:
    monkeypatch.setenv("VITOCLIENT_PRACTICE__CANTON", written)
    assert load_machine().practice.canton == canton


def test_the_cantons_are_those_whose_holidays_are_known() -> None:
    known = holidays.country_holidays("CH")
    assert set(known.subdivisions) == set(_CANTONS)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe[ui]", "die Datei ist nicht in UTF-8 gespeichert; im Editor die Kodierung UTF-8 wählen (Zeile 1, Spalte 1)."),
        (b'name = "', "ein Text ist nicht mit Anführungszeichen geschlossen (Zeile 1, Spalte 9)."),
        (None, "Datei oder Ordner fehlt."),
    ],
)
def test_why_a_file_can_not_be_read_is_told_in_german(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, why: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content or b"")
    if content is None:
        monkeypatch.setattr(Path, "read_bytes", _gone)
    with pytest.raises(ConfigurationError) as raised:
        load_machine(path)
    assert f"{path} kann nicht verwendet werden: {why}" in str(raised.value)


def _gone(_path: Path) -> bytes:
    raise FileNotFoundError(errno.ENOENT, "No such file or directory")


def test_a_named_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        load_machine(tmp_path / "none.toml")


def test_a_faulty_environment_variable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITOCLIENT_MAIL__PORT", "many")
    with pytest.raises(ConfigurationError, match=r"mail\.port"):
        load_machine()


def test_an_account_can_come_from_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITOCLIENT_GATEWAY__ACCOUNTS__M1__USER", "meier")
    assert load_machine().gateway.accounts == {"M1": GatewayAccount(user="meier")}


def test_the_environment_mends_an_account_of_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITOCLIENT_GATEWAY__ACCOUNTS__M1__ORIGINATOR", "DrMeier")
    assert load_machine(file).gateway.accounts == {"M1": GatewayAccount(user="meier", originator="DrMeier")}


@pytest.mark.parametrize(
    ("variable", "value", "place"),
    [
        ("VITOCLIENT_MAIL__PORT", "0", "mail.port"),
        ("VITOCLIENT_PRAXIS__URL", "sqlite://", "praxis"),
        ("VITOCLIENT_GATEWAY__ACCOUNTS", "meier", "gateway.accounts"),
        ("VITOCLIENT_MAIL__PORT__NUMBER", "25", "mail.port"),
        ("VITOCLIENT_MAIL", '{"hots": "x"}', "mail.hots"),
    ],
)
def test_a_faulty_variable_is_named_and_the_file_is_not_blamed(
    file: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, place: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as raised:
        load_machine(file)
    assert variable in raised.value.message
    assert f"{place}: " in raised.value.message
    assert str(file) not in str(raised.value)


def test_other_variables_of_the_program_are_no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITOCLIENT_SECRET_GATEWAY__M1", "geheim")
    monkeypatch.setenv("VITOCLIENT_SOAK", "1")
    assert is_unconfigured()
    assert load_machine() == Machine()


def test_a_file_that_an_editor_began_with_a_mark_of_its_encoding_is_read(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[practice]\nname = "Müller"\n', encoding="utf-8-sig")
    assert load_machine(file).practice.name == "Müller"


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b'[practice]\nname = "M\xfcller"\n')
    with pytest.raises(ConfigurationError, match="config"):
        load_machine(file)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mssql+pyodbc://sa:se:c@ret@db/x", "mssql+pyodbc://sa@db/x"),
        ("mssql+pyodbc://sa:secret@db/x?driver=ODBC+Driver+18&PWD=secret", "mssql+pyodbc://sa@db/x"),
        ("mssql+pyodbc:///?odbc_connect=Server%3Ddb%3BUID%3Dsa%3BPWD%3Ds%40cret", "mssql+pyodbc:///"),
        ("sqlite:///C:/a b/ü.db", "sqlite:///C:/a b/ü.db"),
        ("postgresql+psycopg://u@h/x", "postgresql+psycopg://u@h/x"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown
