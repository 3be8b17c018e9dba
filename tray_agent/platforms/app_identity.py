"""Who the program is to the desktop: one name for its windows, notices and its place in the taskbar."""

from __future__ import annotations

import sys

APP_USER_MODEL_ID = "vitoclient.Services.Tray"
"""Windows groups windows and notices by it, whatever program file they come from."""

DESKTOP_FILE_NAME = "vitoclient-services"
"""Linux: the name of the ``.desktop`` file, without its ending; Qt's ``setDesktopFileName``."""


def announce_identity() -> bool:
    """Tells Windows the program's name, before its first window; elsewhere nothing is to be told.

    DPI awareness is not set here: Qt declares itself aware per monitor (version 2) at its start.

    Returns:
        Whether Windows took it (False elsewhere).
    """
    if sys.platform != "win32":
        return False
    import ctypes

    return bool(ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID(APP_USER_MODEL_ID) == 0)


def announced_identity() -> str | None:
    """Returns the name that Windows has for this process, or None."""
    if sys.platform != "win32":
        return None
    import ctypes

    held = ctypes.c_wchar_p()
    if ctypes.windll.shell32.GetCurrentProcessExplicitAppUserModelID(ctypes.byref(held)) != 0:
        return None
    name = held.value
    ctypes.windll.ole32.CoTaskMemFree(held)
    return name
