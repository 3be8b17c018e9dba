"""Linux has no use for the practice software's installers; files and folders are shown by the desktop."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import threading
from pathlib import Path

from tray_agent.downloads.model import FileKind

SOON = 1.0
"""Seconds within which the desktop's opener says that there is nothing to open a folder with."""


class LinuxStarter:
    """Shows files; refuses to start Windows' installers."""

    def start(self, file: Path, kind: FileKind) -> int | None:
        """Refuses.

        Raises:
            OSError: always: this system runs no such installers.
        """
        raise _nobody_to_open(file)

    def show(self, file: Path) -> None:
        """Opens the folder of a file, or a folder, in the desktop's file window; returns soon.

        Raises:
            OSError: there is no desktop to show it, or the file is gone.
        """
        if not file.exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file))
        opener = shutil.which("xdg-open")
        if opener is None:
            raise _nobody_to_open(file)
        folder = file if file.is_dir() else file.parent
        opening = subprocess.Popen(  # noqa: S603 - the desktop's own opener, with a folder of ours
            [opener, str(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            ended = opening.wait(SOON)
        except subprocess.TimeoutExpired:
            threading.Thread(target=opening.wait, name="xdg-open", daemon=True).start()  # leaves no zombie
            return
        if ended:
            raise _nobody_to_open(folder)


def _nobody_to_open(file: Path) -> OSError:
    return OSError(errno.ENOEXEC, os.strerror(errno.ENOEXEC), str(file))
