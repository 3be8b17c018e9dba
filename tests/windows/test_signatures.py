"""Authenticode, as far as Wine is honest: it does not look whom to trust, so that is on the list for a real Windows."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import shutil
from pathlib import Path

import pytest

from tray_agent.platforms.signature import Signature, SignatureState, signature_reader
from tray_agent.platforms.signature_windows import WindowsSignatures


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """Gives a copy of a program that the Python Software Foundation signed, in a folder with a blank and an umlaut."""
    folder = tmp_path / "Für später"
    folder.mkdir()
    return Path(shutil.copy(sys.executable, folder / "Installation.exe"))


def test_the_publisher_of_a_signed_program_is_read(signed: Path) -> None:
    assert WindowsSignatures().read(signed) == Signature(SignatureState.VALID, "Python Software Foundation", 0)


def test_a_program_without_a_signature_has_no_publisher(tmp_path: Path) -> None:
    from pip._vendor import distlib  # its launchers are programs that nobody signed

    launcher = Path(shutil.copy(Path(str(distlib.__file__)).parent / "t64.exe", tmp_path / "unsigned.exe"))
    read = WindowsSignatures().read(launcher)
    assert (read.state, read.publisher) == (SignatureState.UNSIGNED, None)


def test_a_text_file_is_not_valid(tmp_path: Path) -> None:
    file = tmp_path / "Liesmich.txt"
    file.write_text("x", encoding="utf-8")
    assert WindowsSignatures().read(file).state is not SignatureState.VALID  # Windows: unsigned; Wine: "wrong parameter"


def test_a_changed_program_is_not_valid(signed: Path) -> None:
    content = bytearray(signed.read_bytes())
    place = content.find(b"This program cannot be run in DOS mode")
    content[place] ^= 1
    signed.write_bytes(content)
    assert WindowsSignatures().read(signed).state is SignatureState.BROKEN


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        WindowsSignatures().read(tmp_path / "nothing.exe")


def test_this_system_asks_windows() -> None:
    assert isinstance(signature_reader(), WindowsSignatures)
