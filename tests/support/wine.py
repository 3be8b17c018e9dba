"""What Wine does otherwise than Windows."""

from __future__ import annotations

import sys


def tells_no_names() -> bool:
    """Returns whether this is Wine, which does not tell the names of other processes as Windows does."""
    if sys.platform != "win32":
        return False
    import ctypes

    return hasattr(ctypes.windll.ntdll, "wine_get_version")
