"""The version in a program's properties."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import shutil
from pathlib import Path

import pytest

from tray_agent.platforms.programs import program_version


def test_the_version_of_a_program_is_read(tmp_path: Path) -> None:
    program = Path(shutil.copy(sys.executable, tmp_path / "Praxis Müller.exe"))
    version = program_version(program)
    assert version is not None
    assert version[:2] == sys.version_info[:2]


@pytest.mark.parametrize("content", [b"", b"MZ", b"text"])
def test_a_file_without_a_version_has_none(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "x.exe"
    file.write_bytes(content)
    assert program_version(file) is None


def test_a_program_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert program_version(tmp_path / "gone.exe") is None
