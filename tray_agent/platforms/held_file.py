"""Holds a file as it is while it is looked at and used."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tray_agent.platforms.files import extended


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Keeps everybody from writing, replacing, renaming or removing a file within the block; reading and starting it is free.

    Only on Windows, there also on a share, for other computers too. Other systems can't: there the block just runs.

    Raises:
        OSError: the file is not there, or somebody has it open for writing.
    """
    if sys.platform != "win32":
        yield
        return
    import pywintypes
    import win32con
    import win32file

    try:
        handle = win32file.CreateFile(
            extended(file), win32con.GENERIC_READ, win32con.FILE_SHARE_READ, None, win32con.OPEN_EXISTING, 0, None
        )
    except pywintypes.error as error:
        raise OSError(None, error.strerror, str(file), error.winerror) from error
    try:
        yield
    finally:
        handle.Close()
