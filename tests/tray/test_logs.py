"""The log and the report: nothing of patients, nothing secret."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tray_agent.logs import log_file, redact, report, start_logging


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("mssql+pyodbc://vito:Geheim1@sql/praxis", "Geheim1"),
        ("password=Geheim1 rest", "Geheim1"),
        ('{"UserKey": "abc", "Password": "Geheim1"}', "Geheim1"),
        ("sent to +41 79 123 45 67", "123 45 67"),
        ("sent to 0041791234567", "0041791234567"),
        ("sent to +41 (0)79 123 45 67", "123 45 67"),
        ("sent to 079 123 45 67", "123 45 67"),
        ("sent to 079/1234567", "1234567"),
        ("to anna.muster@bluewin.ch done", "anna.muster"),
        ("[SQL: INSERT INTO message VALUES (?, ?)]\n[parameters: ('Anna Muster', 1)]", "Muster"),
    ],
)
def test_redacted(text: str, secret: str) -> None:
    assert secret not in redact(text)


@pytest.mark.parametrize("text", ["2026-11-23 10:38:43,924 INFO run 17", "version 2.70.001", "127.0.0.1:49152", "row 1234567 of 2000000"])
def test_what_is_harmless_stays(text: str) -> None:
    assert redact(text) == text


def test_log_is_written_redacted(tmp_path: Path) -> None:
    file = start_logging(tmp_path, "tray")
    logging.getLogger("area").error("could not send to %s", "anna@bluewin.ch", exc_info=ValueError("079 123 45 67"))
    text = file.read_text(encoding="utf-8")
    assert file == log_file(tmp_path, "tray")
    assert "could not send to <e-mail>" in text
    assert "ValueError" in text
    assert "123 45" not in text


def test_folder_that_can_not_be_written_does_not_stop_the_program(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where a folder should be")
    start_logging(tmp_path, "tray")
    logging.getLogger("area").info("goes on")


def test_report_has_versions_fault_and_last_lines(tmp_path: Path) -> None:
    file = tmp_path / "tray.log"
    file.write_text("\n".join(f"line {number} 079 123 45 67" for number in range(200)), encoding="utf-8")
    text = report(RuntimeError("a state that must not be"), file)
    assert "vitoclient-Services" in text
    assert "a state that must not be" in text
    assert "line 199" in text
    assert "line 100" not in text
    assert "123 45" not in text


def test_report_without_log(tmp_path: Path) -> None:
    assert "Log:" not in report(None, tmp_path / "missing.log")
