"""``vitoclient config``: one way to see and to change what holds, for the practice and for this computer."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tray_agent.agent import Agent
from tray_agent.cli import run
from tray_agent.config.machine import GATEWAY_KINDS, MailSection, load_machine
from tray_agent.config.mail_providers import PROVIDERS, provider_of
from tray_agent.config.reading import read_section
from tray_agent.messages.gateways.registry import KINDS
from tray_agent.messages.mail_sign_in import MailSignIn
from tray_agent.platforms.service_secrets import EnvironmentFile
from tray_agent.store.configuration import ConfigurationStore
from tray_agent.store.database import Database


@pytest.fixture
def file(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns the file of a computer that has been in use before the practice's configuration moved to the store."""
    sqlite_database.dispose()
    file = tmp_path / "config.toml"
    store, data = f"sqlite:///{(tmp_path / 'vitoclient.db').as_posix()}", (tmp_path / "data").as_posix()
    text = f"[machine]\ndata_folder = '{data}'\n[store]\nurl = '{store}'\n[mail]\nhost = 'mail.example'\nuser = 'praxis'\n"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("VITOCLIENT_CONFIG", str(file))
    monkeypatch.setenv("VITOCLIENT_SECRET_MAIL", "geheim")
    return file


def shown(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    assert run(["config", "show", "--json"]) == 0
    found: dict[str, dict[str, str]] = json.loads(capsys.readouterr().out)["values"]
    return found


def test_the_first_command_takes_the_file_over_and_says_so_once(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["settings"]) == 0
    assert "gilt jetzt für alle Arbeitsplätze: [mail]" in capsys.readouterr().err
    assert run(["config", "show"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "Praxis" in next(line for line in said.out.splitlines() if "mail.host" in line)


def test_each_value_is_written_where_it_belongs(file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["config", "set", "practice.canton", "be"]) == 0
    said = capsys.readouterr().out
    assert "practice.canton = BE" in said
    assert "ganze Praxis" in said
    assert run(["config", "set", "ui.popup", "false"]) == 0
    assert "diesen Computer" in capsys.readouterr().out
    assert "canton" not in file.read_text(encoding="utf-8")
    assert load_machine(file).ui.popup is False
    monkeypatch.setenv("VITOCLIENT_PRACTICE__NAME", "Hier")
    found = shown(capsys)
    assert found["practice.canton"] == {"value": "BE", "origin": "practice"}
    assert found["ui.popup"] == {"value": False, "origin": "computer"}
    assert found["practice.name"] == {"value": "Hier", "origin": "environment"}
    assert found["practice.phone"] == {"value": "", "origin": "default"}
    assert run(["config", "set", "ui.theme", "dark"]) == 0
    assert "diesen Computer" in capsys.readouterr().out
    assert shown(capsys)["ui.theme"] == {"value": "dark", "origin": "computer"}
    assert run(["config", "set", "practice.name", "Praxis"]) == 0
    said_of_it = capsys.readouterr()
    assert "practice.name = Praxis" in said_of_it.out
    assert "Umgebungsvariable" in said_of_it.err
    assert run(["config", "unset", "practice.canton"]) == 0
    capsys.readouterr()
    assert shown(capsys)["practice.canton"]["origin"] == "default"


@pytest.mark.parametrize("arguments", [
    ["set", "mail.hsot", "x"], ["set", "mail", "x"], ["set", "mail.port", "viele"], ["set", "mail.host.x", "y"],
    ["set", "gateway.accounts.M1.originator", "x"], ["set", "böse.host", "x"], ["set", "gateway.accounts", "x"],
    ["unset", "mail.sender"], ["unset", "portal.address"], ["set", "ui.theme", "blau"],
    ["set", "gateway.address", "javascript:x"], ["set", "gateway.address", ""], ["set", "gateway.address", "https://aspsms com/"],
    ["set", "gateway.address", "json.aspsms.com"], ["set", "gateway.address", "https://:443/"], ["set", "gateway.kind", "fax"],
    ["set", "mail.host", "mail example"], ["set", "mail.host", "smtp://mail.example"], ["set", "mail.host", "mail.example:587"],
    ["set", "portal.address", "file:///C:/portal"], ["set", "portal.address", "https://portal.example:x/"],
    ["set", "practice.link", "javascript:x"], ["set", "practice.link", "praxis am bellevue.ch"],
])  # fmt: skip
def test_what_does_not_fit_is_refused_in_one_line(file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    before = file.read_bytes(), shown(capsys)
    capsys.readouterr()
    assert run(["config", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("vitoclient: Nicht gespeichert: ")
    assert said.count("\n") == 1
    assert (file.read_bytes(), shown(capsys)) == before


@pytest.mark.parametrize(("key", "value"), [
    ("gateway.address", "http://127.0.0.1:8080/"), ("gateway.address", "https://[::1]/"), ("gateway.kind", "file"),
    ("mail.host", "mail-1.praxis.local"), ("mail.host", "::1"), ("mail.host", ""), ("mail.host", "bücher.example"),
    ("portal.address", "https://portal.example/praxis"), ("portal.address", ""), ("practice.link", "www.praxis.ch/termin"),
    ("practice.link", "https://praxis.ch"), ("practice.link", ""),
])  # fmt: skip
def test_what_may_be_an_address_is_taken(file: Path, capsys: pytest.CaptureFixture[str], key: str, value: str) -> None:
    assert run(["config", "set", key, value]) == 0
    capsys.readouterr()
    assert shown(capsys)[key]["value"] == value


def test_a_wrong_address_that_stands_already_spoils_nothing_else(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown(capsys)
    with Agent(load_machine(file)) as agent:
        ConfigurationStore(agent.store).save({("gateway", "address"): "javascript:x"}, "PC9", lambda _rows: None)
    found = shown(capsys)
    assert (found["gateway.address"]["value"], found["mail.host"]["value"]) == ("javascript:x", "mail.example")


def test_the_kinds_of_gateways_that_are_taken_are_those_that_are_made() -> None:
    assert set(GATEWAY_KINDS) == set(KINDS)


def test_what_can_not_be_used_is_told_instead_of_what_the_file_says(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown(capsys)
    with Agent(load_machine(file)) as agent:
        ConfigurationStore(agent.store).save({("practice", "timezone"): "Mars/Olympus"}, "PC9", lambda _rows: None)
    assert run(["config", "show"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "practice.timezone" in said.err
    assert run(["config", "set", "practice.timezone", "Europe/Zurich"]) == 0
    assert run(["config", "show"]) == 0


def test_a_password_in_an_address_is_not_shown(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "set", "practice.url", "postgresql+psycopg://anna:geheim@127.0.0.1/x"]) == 0
    assert "geheim" not in capsys.readouterr().out
    assert shown(capsys)["practice.url"]["value"] == "postgresql+psycopg://anna@127.0.0.1/x"


@pytest.mark.parametrize(("answer", "confirmed"), [("ja", True), ("nein", False), ("", False)])
def test_a_changed_server_is_confirmed_by_a_person_who_sees_both(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, answer: str, confirmed: bool
) -> None:
    shown(capsys)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("mail.example", "mail.hier.example"), encoding="utf-8")  # as if another had moved it over
    (file.parent / "data" / "confirmed-hosts.json").unlink()
    assert run(["config", "show"]) == 0
    assert "nicht bestätigt" in capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{answer}\n"))
    assert run(["config", "confirm"]) == 0
    said = capsys.readouterr().out
    assert "mail.hier.example:587 (starttls)" in said
    assert "mail.example:587 (starttls)" in said
    assert ("Bestätigt" in said) is confirmed
    assert run(["config", "confirm", "--yes"]) == 0
    assert ("Nichts zu bestätigen" in capsys.readouterr().out) is confirmed
    assert run(["config", "confirm"]) == 0
    assert "Nichts zu bestätigen" in capsys.readouterr().out


def test_a_service_is_told_the_server_of_its_password(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = EnvironmentFile(tmp_path / "secrets.env")
    monkeypatch.setattr("tray_agent.cli.service.service_secrets", lambda _file: kept)
    for name in ("mail", "store"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"neu\n")))
        assert run(["service", "secret", name, "--config", str(file)]) == 0
    assert "Das Passwort gilt für mail.example:587 (starttls)." in capsys.readouterr().out
    lines = (tmp_path / "secrets.env").read_text(encoding="utf-8").splitlines()
    assert lines == [
        'VITOCLIENT_SECRET_HOST_MAIL="mail.example:587 (starttls)"',
        'VITOCLIENT_SECRET_MAIL="neu"',
        'VITOCLIENT_SECRET_STORE="neu"',
    ]


@pytest.mark.parametrize(("key", "value"), [
    ("mail.tenant", "../evil.example"), ("mail.tenant", "a/b"), ("mail.client_id", "praxis"), ("mail.sign_in", "google"),
])  # fmt: skip
def test_what_leads_to_another_identity_server_is_refused_when_it_is_set(file: Path, key: str, value: str) -> None:
    assert run(["config", "set", key, value]) == 2


def test_signing_in_says_what_is_missing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "mail-sign-in"]) == 2
    assert "mail.client_id" in capsys.readouterr().err


def test_a_provider_sets_the_server_and_says_what_it_wants(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "mail-provider"]) == 0
    assert "smtp.mail.hin.ch:587" in capsys.readouterr().out
    assert run(["config", "mail-provider", "Microsoft"]) == 0
    assert "mail-sign-in" in capsys.readouterr().out
    found = shown(capsys)
    expected = {"host": "smtp.office365.com", "port": 587, "security": "starttls", "sign_in": "microsoft", "user": "praxis"}
    assert {key: found[f"mail.{key}"]["value"] for key in expected} == expected
    assert run(["config", "mail-provider", "niemand"]) == 2


def test_every_provider_fits_the_configuration() -> None:
    for provider in PROVIDERS:
        table = {key: getattr(provider, key) for key in ("host", "port", "security", "sign_in")}
        assert read_section(MailSection, table).host == provider.host
        assert provider_of(provider.host.upper()) is provider
    assert provider_of("mail.praxis.ch") is None


def test_signing_in_shows_the_code_and_keeps_what_it_gave(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in {"mail.sign_in": "microsoft", "mail.client_id": "11111111-2222-3333-4444-555555555555"}.items():
        assert run(["config", "set", key, value]) == 0

    def sign_in(self: MailSignIn, show: Callable[[str, str, datetime], None], wait: object) -> None:
        show("ABCD-1234", "https://microsoft.com/devicelogin", datetime(2026, 1, 5, 9, 15, tzinfo=UTC))

    monkeypatch.setattr(MailSignIn, "sign_in", sign_in)
    capsys.readouterr()
    assert run(["config", "mail-sign-in"]) == 0
    said = capsys.readouterr().out
    assert "ABCD-1234" in said
    assert "10:15" in said  # the practice's time
    assert "Angemeldet." in said
