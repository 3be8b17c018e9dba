"""A file that is looked at and then started can't be exchanged in between, where the system can do that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tray_agent.platforms.files import held
from tray_agent.platforms.programs import program_version


def test_a_held_file_can_be_read_and_is_free_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "setup.exe"
    file.write_bytes(b"genuine")
    with held(file):
        assert file.read_bytes() == b"genuine"
    file.write_bytes(b"another")
    file.unlink()


def test_a_text_file_has_no_version(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("x")
    assert program_version(file) is None
    assert program_version(tmp_path / "missing.exe") is None


if sys.platform == "win32":

    def test_nobody_changes_a_held_file(tmp_path: Path) -> None:
        file, other = tmp_path / "setup.exe", tmp_path / "other.exe"
        file.write_bytes(b"genuine")
        other.write_bytes(b"exchanged")
        with held(file):
            for change in (
                lambda: file.write_bytes(b"x"),
                file.unlink,
                lambda: other.replace(file),
                lambda: file.rename(tmp_path / "away.exe"),
            ):
                with pytest.raises(PermissionError):
                    change()
            assert file.read_bytes() == b"genuine"

    def test_a_held_program_can_be_started() -> None:
        with held(Path(sys.executable)):
            assert subprocess.run([sys.executable, "-c", "pass"], check=False).returncode == 0

    def test_a_file_that_is_not_there_or_is_being_written_is_told(tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError), held(tmp_path / "missing.exe"):
            pass
        file = tmp_path / "setup.exe"
        with file.open("wb"), pytest.raises(PermissionError), held(file):
            pass

    def test_the_version_of_a_program_is_read() -> None:
        found = program_version(Path(sys.executable))
        assert found is not None
        assert found[:2] == sys.version_info[:2]
