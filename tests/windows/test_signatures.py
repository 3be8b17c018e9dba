"""Authenticode: programs that were really signed, by a publisher below a trusted root, by an impostor, by nobody.

``tools/windows/test.sh`` signs them, trusts the publisher's root, and names their folder in ``SIGNED_FILES``. Of
``WinVerifyTrust`` alone Wine would believe every signer; the chain of certificates it builds is honest.
"""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import os
import shutil
from pathlib import Path

import pytest

from tray_agent.platforms.signature import Signature, SignatureState
from tray_agent.platforms.signature_windows import WindowsSignatures
from tray_agent.platforms.this_system import signature_reader

PUBLISHER = "Praxissoftware Müller & Söhne AG"
SIGNED_FILES = os.environ.get("SIGNED_FILES")
UNTRUSTED_ROOT = 0x800B0109

needs_signed_files = pytest.mark.skipif(SIGNED_FILES is None, reason="no signed files: they are made by tools/windows/test.sh")


def signed_file(name: str, folder: Path) -> Path:
    """Gives a copy of a signed program, in a folder with a blank and an umlaut."""
    place = folder / "Für später"
    place.mkdir()
    return Path(shutil.copy(Path(SIGNED_FILES or "") / f"{name}.exe", place / "Installation.exe"))


@needs_signed_files
def test_a_publisher_below_a_trusted_root_is_named(tmp_path: Path) -> None:
    read = WindowsSignatures().read(signed_file("genuine", tmp_path))
    assert read == Signature(SignatureState.VALID, PUBLISHER, 0)


@needs_signed_files
@pytest.mark.parametrize("name", ["impostor", "own-making"])
def test_the_publishers_name_below_another_root_is_not_trusted(name: str, tmp_path: Path) -> None:
    read = WindowsSignatures().read(signed_file(name, tmp_path))
    assert read == Signature(SignatureState.UNTRUSTED, PUBLISHER, UNTRUSTED_ROOT)


@needs_signed_files
def test_a_program_changed_after_signing_is_broken(tmp_path: Path) -> None:
    assert WindowsSignatures().read(signed_file("tampered", tmp_path)).state is SignatureState.BROKEN


@needs_signed_files
def test_what_is_appended_after_the_signature_breaks_it_or_does_not_run(tmp_path: Path) -> None:
    """The signature's own length is part of the file: bytes behind it are either refused or not part of the program."""
    program = signed_file("genuine", tmp_path)
    with program.open("ab") as out:
        out.write(b"appended")
    assert WindowsSignatures().read(program).state is not SignatureState.VALID


@needs_signed_files
def test_a_program_cut_off_is_not_valid(tmp_path: Path) -> None:
    program = signed_file("genuine", tmp_path)
    program.write_bytes(program.read_bytes()[:-200])
    assert WindowsSignatures().read(program).state is not SignatureState.VALID


@needs_signed_files
def test_a_signature_carried_over_to_another_program_is_broken(tmp_path: Path) -> None:
    from pip._vendor import distlib

    genuine = signed_file("genuine", tmp_path).read_bytes()
    launchers = Path(str(distlib.__file__)).parent
    t64, w64 = (launchers / "t64.exe").read_bytes(), (launchers / "w64.exe").read_bytes()
    other = tmp_path / "other.exe"
    other.write_bytes(b"".join([genuine[:0x400], w64[0x400 : len(t64)], genuine[len(t64) :]]))
    assert WindowsSignatures().read(other).state is not SignatureState.VALID


@needs_signed_files
def test_a_program_without_a_signature_has_no_publisher(tmp_path: Path) -> None:
    read = WindowsSignatures().read(signed_file("unsigned", tmp_path))
    assert (read.state, read.publisher) == (SignatureState.UNSIGNED, None)


def test_a_timestamped_signature_of_the_wide_world_is_valid(tmp_path: Path) -> None:
    """The Python Software Foundation signed this interpreter; its certificate has expired since, the time stamp holds."""
    program = Path(shutil.copy(sys.executable, tmp_path / "Größe.exe"))
    assert WindowsSignatures().read(program) == Signature(SignatureState.VALID, "Python Software Foundation", 0)


@pytest.mark.parametrize("content", [b"", b"x", b"MZ", b"MZ" + bytes(4096)])
def test_a_file_that_is_no_program_is_not_valid(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "Liesmich.exe"
    file.write_bytes(content)
    assert WindowsSignatures().read(file).state is not SignatureState.VALID  # Windows: unsigned; Wine: "wrong parameter"


def test_a_long_path_is_read(tmp_path: Path) -> None:
    from tray_agent.platforms.files import extended

    folder = tmp_path.joinpath(*["Übermässig lang " + "x" * 70] * 4)
    Path(extended(folder)).mkdir(parents=True)
    file = folder / "Installation.exe"
    shutil.copy(sys.executable, extended(file))
    assert WindowsSignatures().read(file).state is SignatureState.VALID


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        WindowsSignatures().read(tmp_path / "nothing.exe")


def test_this_system_asks_windows() -> None:
    assert isinstance(signature_reader(), WindowsSignatures)
