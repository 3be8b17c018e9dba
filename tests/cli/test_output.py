"""What comes out of the commands: tables in narrow windows, a reader that goes away, an output that takes nothing more."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from tray_agent.cli import frame, run
from tray_agent.cli.ending import ended

SECONDS = 60
COMMAND = [sys.executable, "-m", "tray_agent", "schedule", "next", "--spec", '{"freq_type": 4}', "--count", "20000"]
WORDS = ("Geburtstagsglückwünsche", "aufbereiten", "23.11.2026", "DownloadService.NurGleicheHauptversion", "nicht")


def shown(monkeypatch: pytest.MonkeyPatch, width: int) -> str:
    file = io.StringIO()
    monkeypatch.setattr(frame, "console", lambda: Console(file=file, width=width))
    table = Table("Auftrag", "Nächster Lauf", "Schalter", "Leer", box=None)
    table.add_row("Geburtstagsglückwünsche aufbereiten", "23.11.2026 10:00", "DownloadService.NurGleicheHauptversion", "")
    table.add_row("Mitteilungen senden", "", "nicht", "")
    frame.print_table(table)
    return file.getvalue()


@pytest.mark.parametrize("width", [160, 95, 90, 80, 40])
def test_no_word_of_a_table_is_lost_however_narrow_the_window(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    out = shown(monkeypatch, width)
    assert all(word in out for word in WORDS)
    assert "…" not in out
    assert max(len(line) for line in out.splitlines()) <= width


def test_short_cells_stay_on_one_line_where_only_long_ones_must_be_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr(frame, "console", lambda: Console(file=file, width=80))
    table = Table("Geplant", "Was geschah", box=None)
    table.add_row("23.11.2026 10:00", "Dazu gibt es viel zu sagen, und alles davon ist wichtig für die Praxis und ihre Patienten.")
    frame.print_table(table)
    assert file.getvalue().splitlines()[1].startswith(" 23.11.2026 10:00  Dazu ")


def test_a_window_too_narrow_for_the_words_shows_each_row_as_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line.rstrip() for line in shown(monkeypatch, 60).splitlines()]
    assert lines == [
        "Auftrag: Geburtstagsglückwünsche aufbereiten", "Nächster Lauf: 23.11.2026 10:00",
        "Schalter: DownloadService.NurGleicheHauptversion", "",
        "Auftrag: Mitteilungen senden", "Schalter: nicht", "",
    ]  # fmt: skip


def test_the_library_of_tables_does_not_end_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_text: str) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(sys.stdout, "write", closed)
    with pytest.raises(BrokenPipeError):
        frame.console().print("Zeile")


def test_ctrl_c_ends_with_its_own_exit_code(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tray_agent.store.settings.SettingStore.load", interrupted)
    assert run(["settings"]) == 130
    assert capsys.readouterr() == ("", "Abgebrochen.\n")


def test_a_question_without_an_answer_ends_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def unanswered(*_arguments: object) -> None:
        raise EOFError

    monkeypatch.setattr("tray_agent.store.settings.SettingStore.load", unanswered)
    assert run(["settings"]) == 1
    assert capsys.readouterr() == ("", "Abgebrochen.\n")


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VITOCLIENT_")}
    return kept | {"VITOCLIENT_MACHINE__DATA_FOLDER": str(folder)}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells a closed pipe in other words")
def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        COMMAND, env=_environment(tmp_path), stdout=writing, stderr=subprocess.PIPE, text=True, timeout=SECONDS, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
def test_an_output_that_takes_nothing_more_is_told_in_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            COMMAND, env=_environment(tmp_path), stdout=full, stderr=subprocess.PIPE, encoding="utf-8", timeout=SECONDS, check=False
        )
    assert done.returncode == 1
    assert done.stderr == (
        "vitoclient: Ausgabe unvollständig: Was auszugeben war, kann nicht ganz geschrieben werden: kein Platz mehr. "
        "Platz und Rechte am Ziel prüfen.\n"
    )


def test_a_program_without_an_output_of_its_own_runs_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)

    assert ended(lambda: 6 + sys.stdout.write("\n")) == 7
    sys.stdout.close()
