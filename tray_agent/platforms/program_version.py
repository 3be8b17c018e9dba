"""Which version a program's file says it is."""

from __future__ import annotations

import sys
from pathlib import Path


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
