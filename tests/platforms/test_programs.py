"""How programs are started."""

from __future__ import annotations

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
