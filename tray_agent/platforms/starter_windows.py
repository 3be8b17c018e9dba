"""Starting installers through the shell, so that Windows itself asks for the rights they need (UAC)."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import errno
import os
import subprocess
from pathlib import Path
from typing import Any

import pywintypes
import win32api
import win32con
import win32event
import win32process
from win32com.shell import shell, shellcon

from tray_agent.downloads.model import FileKind

_SEE_MASK_NOASYNC = 0x100
"""Finish starting before the call returns: the calling thread has no message loop."""


class WindowsStarter:
    """Starts installers with the shell's verb ``open`` and waits for them; shows files in the Explorer."""

    def start(self, file: Path, kind: FileKind) -> int | None:
        """Starts an installer, as a double-click on it would, and waits for its end.

        Args:
            file: a verified file.
            kind: ``MSI`` goes through this machine's msiexec, ``EXE`` is started itself.

        Returns:
            The exit code (msiexec: 0 done, 3010 restart needed, 1602 closed by the person, 1618 another is running),
            or None where the shell started nothing to wait for.

        Raises:
            OSError: it could not be started; ``winerror`` 1223: a person declined the elevation.
        """
        if not file.is_file():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file))
        if kind is FileKind.MSI:
            # msiexec by its full path, and not by the file's type: that may belong to another program, and its end be unknown
            return _run(Path(win32api.GetSystemDirectory()) / "msiexec.exe", f'/i "{file}"', file.parent)
        if kind is FileKind.EXE:
            return _run(file, "", file.parent)
        raise OSError(errno.ENOEXEC, os.strerror(errno.ENOEXEC), str(file))

    def show(self, file: Path) -> None:
        """Shows a file selected in its folder, or a folder, in the Explorer; returns at once.

        Raises:
            OSError: the file is gone, or there is no Explorer.
        """
        if not file.exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file))
        explorer = Path(win32api.GetWindowsDirectory()) / "explorer.exe"
        what = f'"{file}"' if file.is_dir() else f'/select,"{file}"'
        subprocess.Popen(f'"{explorer}" {what}', close_fds=True)  # noqa: S603 - one line, because the Explorer parses it in its own way


def _run(program: Path, arguments: str, folder: Path) -> int | None:
    ask: Any = shell.ShellExecuteEx  # keyword arguments that pywin32's stub does not know
    try:
        started = ask(
            fMask=shellcon.SEE_MASK_NOCLOSEPROCESS | shellcon.SEE_MASK_FLAG_NO_UI | _SEE_MASK_NOASYNC,
            lpVerb="open",  # not "runas": an installer for one user must not be asked for an administrator
            lpFile=str(program),
            lpParameters=arguments,
            lpDirectory=str(folder),
            nShow=win32con.SW_SHOWNORMAL,
        )
    except pywintypes.error as error:
        raise OSError(None, error.strerror, str(program), error.winerror) from error
    process = started["hProcess"]  # none where the shell handed the file to a program that ran already
    if not process:
        return None
    win32event.WaitForSingleObject(process, win32event.INFINITE)
    return int(win32process.GetExitCodeProcess(process))
