"""The command line as a person uses it: one line for every fault, exit codes, no traceback."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import pytest

from tests.conftest import make_database
from tray_agent.cli import run, run_tray
from tray_agent.config.settings import PracticeIds
from tray_agent.store.database import open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.schema_version import current_revision


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(arguments)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    "arguments", [("nothing",), ("db", "nothing"), ("db", "upgrade", "--nothing"), ("settings", "set", "x"), ("--nothing",)]
)
def test_wrong_use_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    code, out, err = said(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("vitoclient: ")
    assert "--help" in err
    assert "No such" not in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("group", [(), ("messages",), ("downloads",), ("portal",), ("templates",), ("service",), ("db",), ("schedule",)])
def test_a_group_without_a_command_shows_its_help(capsys: pytest.CaptureFixture[str], group: tuple[str, ...]) -> None:
    code, out, err = said(capsys, *group)
    assert (code, err) == (0, "")
    assert len(out.splitlines()) > 5
    assert "Befehle:" in out


def test_an_unreadable_configuration_is_one_line_and_exit_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "broken.toml"
    file.write_text("[", encoding="utf-8")
    monkeypatch.setenv("VITOCLIENT_CONFIG", str(file))
    code, out, err = said(capsys, "settings")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert str(file) in err


def test_older_tables_on_a_server_are_left_alone_and_the_advice_names_the_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in make_database("postgresql", tmp_path):
        database = open_database(url)
        upgrade(database, to="0007")
        database.dispose()
        monkeypatch.setenv("VITOCLIENT_STORE__URL", url)
        code, _out, err = said(capsys, "settings")
        assert code == 1
        assert "vitoclient db upgrade" in err
        assert said(capsys, "db", "upgrade")[0] == 0
        assert said(capsys, "settings")[0] == 0


def test_an_older_embedded_store_is_brought_up_by_itself_after_a_copy(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{(tmp_path / 'old.db').as_posix()}"
    database = open_database(url)
    upgrade(database, to="0001")
    database.dispose()
    monkeypatch.setenv("VITOCLIENT_STORE__URL", url)
    assert said(capsys, "settings")[0::2] == (0, "")
    (copy,) = tmp_path.glob("old.*.copy.db")
    assert current_revision(open_database(f"sqlite:///{copy.as_posix()}")) == "0001"
    assert said(capsys, "db", "upgrade")[:2] == (0, "Die Tabellen sind auf dem Stand dieser Version.\n")


@pytest.mark.parametrize(
    "command",
    ["db upgrade", "db adopt", "settings", "jobs", "jobs run download", "jobs pause", "history", "activity", "messages outbox",
     "messages questions", "messages credits", "templates list", "downloads list"],
)  # fmt: skip
def test_an_older_program_says_so_in_one_line_and_touches_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    url = f"sqlite:///{(tmp_path / 'newer.db').as_posix()}"
    database = open_database(url)
    upgrade(database)
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version_num = '9999'")
    database.dispose()
    monkeypatch.setenv("VITOCLIENT_STORE__URL", url)
    code, out, err = said(capsys, *command.split())
    assert (code, out, len(err.splitlines())) == (1, "", 1), err
    assert err.startswith("vitoclient: Datenbank neuer als das Programm: Die Tabellen wurden von einer neueren Programmversion angelegt")
    assert not list(tmp_path.glob("*.copy.db"))


def test_switches_are_set_and_listed_in_a_new_embedded_database(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = said(capsys, "settings", "set", "smsservice.offsetstartstage", "3")
    assert (code, out) == (0, "SMSService.OffsetStartTage = 3\n")
    listed = json.loads(said(capsys, "settings", "--json")[1])
    assert listed["SMSService.OffsetStartTage"] == 3
    assert "SMSService.OffsetStartTage" in said(capsys, "settings")[1]


def test_a_mandant_is_taken_with_a_note_where_the_practice_can_not_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "settings", "set", "SMSService.DefaultSMSMandant", "M9")
    assert (code, out) == (0, "SMSService.DefaultSMSMandant = M9\n")
    assert "nicht geprüft" in err
    assert said(capsys, "settings", "set", "SMSService.DefaultSMSMandant", "")[2] == ""


def test_a_mandant_that_the_practice_does_not_know_is_refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tray_agent.agent.Agent.practice_ids", lambda _agent: PracticeIds({"M1": "Dr. Meier"}, {}))
    code, out, err = said(capsys, "settings", "set", "SMSService.DefaultSMSMandant", "M9")
    assert (code, out) == (2, "")
    assert "Erlaubt ist ein Mandant der Praxis: M1." in err
    assert said(capsys, "settings", "set", "SMSService.DefaultSMSMandant", "M1")[0::2] == (0, "")


def test_autostart_shows_and_changes_the_own_entry_only(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(capsys, "autostart") == (0, "Beim Anmelden starten: Nein\n", "")
    assert json.loads(said(capsys, "autostart", "on", "--json")[1]) == {"own": True, "for_all": False}
    assert said(capsys, "autostart", "off")[1] == "Beim Anmelden starten: Nein\n"
    if sys.platform != "win32":
        file = tmp_path / "system" / "autostart" / "vitoclient-services.desktop"
        file.parent.mkdir(parents=True)
        file.write_text("[Desktop Entry]\nExec=vitoclient-tray\n", encoding="utf-8")
        monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "system"))
        assert json.loads(said(capsys, "autostart", "on", "--json")[1]) == {"own": False, "for_all": True}
        assert "alle Personen" in said(capsys, "autostart", "off")[1]
        assert file.exists()


def test_a_negative_number_is_a_value_and_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "settings", "set", "SMSService.OffsetStartTage", "-1")
    assert (code, out) == (2, "")
    assert "«-1» passt nicht zum Schalter SMSService.OffsetStartTage" in err


def test_a_data_folder_that_can_not_be_made_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("VITOCLIENT_MACHINE__DATA_FOLDER", str(tmp_path / "file" / "data"))
    code, out, err = said(capsys, "jobs")
    assert (code, out) == (1, "")
    assert err.startswith("vitoclient: Datenbank nicht erreichbar: Der Ordner ")
    assert len(err.splitlines()) == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Windows and macOS always have a screen")
def test_without_a_screen_the_tray_program_names_the_one_that_needs_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as end:
        run_tray()
    assert end.value.code == 1
    err = capsys.readouterr().err
    assert err.startswith("vitoclient: Kein Bildschirm: ")
    assert "vitoclient agent" in err
    assert len(err.splitlines()) == 1


def test_help_and_version_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert "vitoclient" in said(capsys)[1]
    assert said(capsys, "--version")[1].startswith("vitoclient-Services ")


def test_a_fault_of_the_program_is_one_line_that_names_the_log(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tray_agent.store.settings.SettingStore.load", fail)
    before = list(logging.getLogger().handlers)
    code, out, err = said(capsys, "settings")
    for handler in [handler for handler in logging.getLogger().handlers if handler not in before]:
        logging.getLogger().removeHandler(handler)
        handler.close()
    assert (code, out) == (3, "")
    assert len(err.splitlines()) == 1
    assert "ZeroDivisionError" in Path(err.rsplit(" in ", 1)[1].strip().rstrip(".")).read_text(encoding="utf-8")
