"""``vitoclient templates``: what people and programs see, exit codes, nothing saved on a refusal."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tray_agent.cli import run

GOOD = "Guten Tag {Vorname}, Termin am {Datum} um {Uhrzeit}.\n"


@pytest.fixture(autouse=True)
def tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["db", "upgrade"]) == 0
    capsys.readouterr()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "vorlage.txt"
    path.write_text(GOOD, "utf-8")
    return path


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    assert run(["templates", *arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_the_list_has_all_templates(capsys: pytest.CaptureFixture[str]) -> None:
    entries = told(capsys, "list")
    assert len(entries) == 24
    assert {entry["origin"] for entry in entries} == {"default"}
    assert run(["templates", "list"]) == 0
    assert "reminder/sms/de" in capsys.readouterr().out


def test_one_template_with_preview_and_segments(capsys: pytest.CaptureFixture[str]) -> None:
    shown = told(capsys, "show", "reminder/sms/de")
    assert "{Vorname}" in shown["text"]
    assert "Elisabeth" in shown["preview"]["text"]
    assert shown["segments"]["count"] == 1
    assert shown["findings"] == []
    notice = told(capsys, "show", "moved/sms/de")
    assert "10:15 Uhr, nicht mehr am 23.12.2026, 09:30 Uhr" in notice["preview"]["text"]
    assert (notice["segments"]["count"], notice["findings"]) == (1, [])
    assert run(["templates", "show", "Reminder/Email/FR"]) == 0
    assert "Bonjour Madame" in capsys.readouterr().out


def test_a_text_is_saved_from_a_file_and_reset(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    saved = told(capsys, "set", "reminder/sms/de", "--file", str(file))
    assert (saved["text"], saved["origin"]) == (GOOD.strip(), "own")
    assert saved["changed_by"]
    assert told(capsys, "show", "reminder/sms/de")["text"] == GOOD.strip()
    assert told(capsys, "reset", "reminder/sms/de")["origin"] == "default"


def test_a_text_comes_from_the_input_and_the_subject_stays(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    before = told(capsys, "show", "birthday/email/en")["subject"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("Dear {Vorname}"))
    assert told(capsys, "set", "birthday/email/en")["subject"] == before
    monkeypatch.setattr(sys, "stdin", io.StringIO("Dear {Vorname}"))
    assert told(capsys, "set", "birthday/email/en", "--subject", "Hi {Nachname}")["preview"]["subject"] == "Hi Zimmermann"


@pytest.mark.parametrize("written", ["\ufeffDear {Vorname}", "Dear {Vorname}\r\n", "Dear {Vorname}\0"])
def test_what_a_file_begins_and_ends_with_is_no_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(written))
    saved = told(capsys, "set", "birthday/sms/en")
    assert (saved["text"], saved["findings"]) == ("Dear {Vorname}", [])


def test_input_that_is_no_utf_8_is_refused_and_never_tidied(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaving out what can't be read would make «Grezi» of «Grüezi»."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("Grüezi {Vorname}".encode("latin-1").decode("utf-8", "surrogateescape")))
    assert run(["templates", "set", "birthday/sms/de"]) == 2
    assert "UTF-8" in capsys.readouterr().err


def test_a_wrong_text_is_refused_in_one_line(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    file.write_text("{Vornamme} {Datum} {Uhrzeit}", "utf-8")
    assert run(["templates", "set", "reminder/sms/de", "--file", str(file)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "Gemeint ist wohl {Vorname}." in said.err
    assert told(capsys, "show", "reminder/sms/de")["origin"] == "default"


def test_checking_saves_nothing_and_tells_by_its_exit_code(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    assert told(capsys, "check", "reminder/sms/de", "--file", str(file))["findings"] == []
    file.write_text("{Datum} {Uhrzeit} … {Foo}", "utf-8")
    findings = told(capsys, "check", "reminder/sms/de", "--file", str(file), code=1)["findings"]
    assert [(finding["code"], finding["severity"], finding["position"]) for finding in findings] == [
        ("dear_character", "warning", 18),
        ("unknown_placeholder", "error", 20),
    ]
    assert told(capsys, "show", "reminder/sms/de")["origin"] == "default"


def test_decomposed_letters_count_the_same_when_checked_and_when_saved(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    """As files from a Mac have them: u and ¨ are two characters, of which SMS knows neither together."""
    file.write_text("\ufeffGru\u0308ezi, Ihr Termin: {Datum} {Uhrzeit}.\u200b Fu\u0308r Fragen: Zu\u0308rich\n", "utf-8")
    checked, saved = (told(capsys, command, "reminder/sms/de", "--file", str(file)) for command in ("check", "set"))
    for name in ("text", "preview", "segments", "findings"):
        assert checked[name] == saved[name]
    assert checked["text"] == "Grüezi, Ihr Termin: {Datum} {Uhrzeit}. Für Fragen: Zürich"
    assert (checked["segments"]["encoding"], checked["findings"]) == ("gsm", [])


def test_a_notice_goes_out_of_use_with_its_reminder(capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "disable", "reminder/sms/it")
    origins = {entry["template"]: entry["origin"] for entry in told(capsys, "list")}
    assert [name for name, origin in origins.items() if origin == "disabled"] == ["reminder/sms/it", "moved/sms/it"]


def test_a_template_is_switched_off(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "disable", "reminder/sms/it")["origin"] == "disabled"
    assert run(["templates", "show", "reminder/sms/it"]) == 0
    assert "nicht verwendet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "reminder/fax/de"],
        ["set", "reminder/sms/de", "--nope"],
        ["show", "x"],
        ["set", "reminder/sms/de", "--file", "gibt-es-nicht.txt"],
        ["show"],
        ["what"],
    ],
)
def test_wrong_use_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert run(["templates", *arguments]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("vitoclient: ")
    assert said.err.count("\n") == 1
