"""``vitoclient db address`` and ``vitoclient db grants`` as an administrator uses them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tray_agent.cli import run


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(f'[machine]\ndata_folder = "{tmp_path.as_posix()}"\n', encoding="utf-8")
    monkeypatch.setenv("VITOCLIENT_CONFIG", str(file))
    return file


def said(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    assert run(["db", *command]) == 0
    return capsys.readouterr().out


def test_an_address_is_set_and_shown_back_as_it_was_entered(capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--server", "tcp:SRV01,14330", "--database", "praxis", "--user", "agent", "--encryption", "unchecked", "--listener")
    assert "vitoclient service secret store" in said(capsys, "address", *given)
    shown = said(capsys, "address")
    assert "Server: tcp:SRV01,14330\nDatenbank: praxis\nBenutzer: agent\n" in shown
    assert "es wird nicht geprüft, wer antwortet" in shown
    assert "Listener" in shown


def test_the_practices_address_is_another(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    said(capsys, "address", "--practice", "--server", "SRV01\\VITOMED", "--database", "vitomed")
    assert "Server: SRV01\\VITOMED\nDatenbank: vitomed\nBenutzer: Windows-Anmeldung\n" in said(capsys, "address", "--practice")
    assert "sqlite:///" in said(capsys, "address")
    assert "vitomed" in config.read_text(encoding="utf-8")


def test_what_is_no_address_is_refused_and_nothing_is_written(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    before = config.read_bytes()
    assert run(["db", "address", "--server", "SRV01"]) != 0
    assert "Server und Datenbank müssen beide angegeben werden." in capsys.readouterr().err
    assert config.read_bytes() == before


def test_rights_are_printed_for_the_login_and_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert "ist eine Datei" in said(capsys, "grants")
    script = said(capsys, "grants", "--dialect", "mssql", "--login", "PRAXIS\\EMPFANG$", "--schema", "erinnern")
    for part in (
        "USE [vitoclient];",
        "CREATE SCHEMA [erinnern] AUTHORIZATION [vitoclient_upgrade]",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON SCHEMA::[erinnern] TO [PRAXIS\\EMPFANG$];",
        "GRANT CREATE TABLE TO [vitoclient_upgrade];",
    ):
        assert part in script


def test_the_views_of_the_practice_on_the_same_kind_of_server_are_granted_in_their_database(capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "address", "--server", "SRV01", "--database", "agent", "--user", "runs")
    said(capsys, "address", "--practice", "--server", "SRV01", "--database", "vitomed", "--user", "reads")
    script = said(capsys, "grants")
    assert "USE [vitomed];\nGO\nGRANT SELECT ON OBJECT::[dbo].[vitoclient_mandants] TO [reads];" in script
    assert script.count("GRANT SELECT ON OBJECT::") == 5
    assert "ON SCHEMA::[vitoclient] TO [runs];" in script
