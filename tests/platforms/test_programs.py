"""How programs are started."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tray_agent.platforms import programs


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (("C:\\Program Files\\v\\v.exe",), '"C:\\Program Files\\v\\v.exe"'),
        (("C:\\v.exe", "run", "a b"), '"C:\\v.exe" run "a b"'),
    ],
)
def test_the_program_is_always_quoted(command: tuple[str, ...], line: str) -> None:
    assert programs.quoted(command) == line


def test_the_installed_commands_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ending = ".exe" if sys.platform == "win32" else ""
    for name in ("python", "vitoclient", "vitoclient-tray"):
        (tmp_path / (name + ending)).touch()
    monkeypatch.setattr(sys, "executable", str(tmp_path / ("python" + ending)))
    assert programs.tray_program() == (str(tmp_path / f"vitoclient-tray{ending}"),)
    assert programs.command_program() == (str(tmp_path / f"vitoclient{ending}"),)


def test_a_checkout_without_installed_commands_runs_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert programs.command_program() == (str(tmp_path / "python"), "-m", "tray_agent")
    assert programs.tray_program() == (str(tmp_path / "python"), "-m", "tray_agent", "run")


def test_the_tray_program_is_started_as_a_program_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "told"
    script = (
        "import os, pathlib, sys; place = pathlib.Path(sys.argv[1]); part = place.with_suffix('.part');"
        'part.write_text(f\'{os.getpid()} {os.environ["PYINSTALLER_RESET_ENVIRONMENT"]} {os.environ["VITOCLIENT_CONFIG"]}\');'
        "part.replace(place)"
    )
    monkeypatch.setenv("VITOCLIENT_CONFIG", "praxis.toml")
    monkeypatch.setattr(programs, "tray_program", lambda: (sys.executable, "-c", script, str(told)))
    started = programs.start_tray_program()
    assert started.wait(60) == 0
    process, *environment = told.read_text(encoding="utf-8").split()
    assert int(process) != os.getpid()
    assert environment == ["1", "praxis.toml"]
