"""Programs: how this installation starts its own, how others start without a console flashing up, which version one is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tray_agent.i18n import _
from tray_agent.platforms.errors import NotSupportedHereError

COMMAND = "vitoclient"
TRAY = "vitoclient-tray"


def tray_program() -> tuple[str, ...]:
    """Returns the command that starts the tray program of this installation: an absolute path, then arguments."""
    return _program(TRAY) or (_windowed(Path(sys.executable)), "-m", "tray_agent", "run")


def start_tray_program() -> subprocess.Popen[bytes]:
    """Starts the tray program of this installation, with this process's environment, as a program of its own; returns at once.

    Raises:
        OSError: it can't be started.
    """
    nowhere = subprocess.DEVNULL
    anew = os.environ | {"PYINSTALLER_RESET_ENVIRONMENT": "1"}  # else a packaged program takes itself for a part of this one
    return subprocess.Popen(  # noqa: S603 - our own program
        tray_program(), env=anew, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True, creationflags=without_console()
    )


def command_program() -> tuple[str, ...]:
    """Returns the command that starts the command line of this installation: an absolute path, then arguments."""
    return _program(COMMAND) or (sys.executable, "-m", "tray_agent")


def service_program() -> tuple[str, ...]:
    """Returns the command that starts the command line of this installation in one process, as Windows asks of a service.

    The small programs that pip makes, and the Python of a virtual environment, start the real one as a second process,
    which the service control manager does not know.

    Raises:
        NotSupportedHereError: on Windows, in a virtual environment.
    """
    if sys.platform != "win32" or is_packaged():
        return command_program()
    if sys.prefix != sys.base_prefix:
        raise NotSupportedHereError(
            _("Kein Dienst aus dieser Installation"),
            _("Das Programm läuft in einer virtuellen Umgebung von Python; Windows kann daraus keinen Dienst starten."),
            _("Das Programm mit seinem Installationsprogramm installieren und den Befehl wiederholen."),
        )
    return (sys.executable, "-m", "tray_agent")


def is_packaged() -> bool:
    """Returns whether this is the installed program of the installer, with a Python of its own."""
    return bool(getattr(sys, "frozen", False))


def without_console() -> int:
    """Returns the ``creationflags`` for ``subprocess`` that keep a console window from flashing up; 0 elsewhere."""
    if sys.platform == "win32":
        return subprocess.CREATE_NO_WINDOW
    return 0


def _program(name: str) -> tuple[str, ...] | None:
    folder = Path(sys.executable).parent
    file_name = f"{name}.exe" if sys.platform == "win32" else name
    for candidate in (folder / file_name, folder / "Scripts" / file_name):
        if candidate.is_file():
            return (str(candidate),)
    return None


def _windowed(python: Path) -> str:
    """Returns the interpreter that opens no console, where there is one."""
    windowed = python.with_name("pythonw.exe")
    return str(windowed if windowed.is_file() else python)


def quoted(command: tuple[str, ...]) -> str:
    r"""Returns a command as one line that Windows takes apart again rightly; the program is always quoted.

    A path with a blank that is not quoted lets Windows start ``C:\Program.exe`` instead.
    """
    program, *arguments = command
    rest = subprocess.list2cmdline(arguments)
    return f'"{program}" {rest}'.rstrip()


def program_version(file: Path) -> tuple[int, int, int] | None:
    """Returns the first three numbers of a program's file version; None where there is no file, no version, or no Windows."""
    if sys.platform != "win32":
        return None
    import pywintypes
    import win32api

    try:
        found = win32api.GetFileVersionInfo(str(file), "\\")
    except pywintypes.error:
        return None
    high, low = found["FileVersionMS"], found["FileVersionLS"]
    return (high >> 16, high & 0xFFFF, low >> 16)
