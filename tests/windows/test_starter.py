"""Installers started as a person would: a program of our own making, and a real MSI through msiexec."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import io
import warnings
import zipfile
from pathlib import Path

import pytest

from tray_agent.downloads.model import FileKind
from tray_agent.platforms.starter_windows import WindowsStarter
from tray_agent.platforms.this_system import starter

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import msilib
    import msilib.schema


def make_program(file: Path, code: int) -> Path:
    """Makes a Windows program that ends with a code, from the launcher that pip makes its commands of."""
    from pip._vendor import distlib

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("__main__.py", f"import sys; sys.exit({code})")
    launcher = (Path(str(distlib.__file__)).parent / "w64.exe").read_bytes()
    python = Path(sys.executable).with_name("pythonw.exe")
    file.write_bytes(launcher + f'#!"{python}"\n'.encode() + archive.getvalue())
    return file


def make_msi(file: Path) -> Path:
    """Makes an MSI that installs nothing, which msiexec takes."""
    product = "{9F3C1D1E-2B7A-4B6C-9C55-5B7B5E0F0A11}"
    database = msilib.init_database(str(file), msilib.schema, "vitoclient-Test", product, "1.0.0", "Praxis")
    msilib.add_data(database, "Directory", [("TARGETDIR", None, "SourceDir")])
    msilib.add_data(
        database,
        "InstallExecuteSequence",
        [("CostInitialize", None, 800), ("FileCost", None, 900), ("CostFinalize", None, 1000), ("InstallValidate", None, 1400)],
    )
    database.Commit()
    database.Close()
    return file


@pytest.mark.parametrize("code", [0, 3, 1602])
def test_a_program_is_waited_for_and_its_exit_code_told(tmp_path: Path, code: int) -> None:
    folder = tmp_path / "Für später"
    folder.mkdir()
    assert WindowsStarter().start(make_program(folder / "Update.exe", code), FileKind.EXE) == code


def test_an_msi_goes_through_msiexec(tmp_path: Path) -> None:
    assert WindowsStarter().start(make_msi(tmp_path / "Tarif Übersicht.msi"), FileKind.MSI) == 0


def test_a_damaged_msi_is_told_by_msiexecs_code(tmp_path: Path) -> None:
    file = tmp_path / "broken.msi"
    file.write_bytes(b"not an installer")
    assert WindowsStarter().start(file, FileKind.MSI) not in (0, None)


def test_a_program_that_windows_can_not_run_is_told(tmp_path: Path) -> None:
    file = tmp_path / "broken.exe"
    file.write_bytes(b"not a program")
    with pytest.raises(OSError, match="broken"):
        WindowsStarter().start(file, FileKind.EXE)


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        WindowsStarter().start(tmp_path / "gone.msi", FileKind.MSI)
    with pytest.raises(FileNotFoundError):
        WindowsStarter().show(tmp_path / "gone.msi")


def test_what_is_no_installer_is_not_started(tmp_path: Path) -> None:
    file = tmp_path / "Liesmich.txt"
    file.touch()
    with pytest.raises(OSError, match="Liesmich"):
        WindowsStarter().start(file, FileKind.FILE)


def test_this_system_starts_installers() -> None:
    assert isinstance(starter(), WindowsStarter)
