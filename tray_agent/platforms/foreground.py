"""How the program stands on the desktop: its name there, and who may come to the front.

Windows lets only the program that a person works with give the front away. A later start of the program is what the person
just clicked, so it has that right, and the first program, which is to show its window, has it not. The later start passes
it on before it asks.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import Any

APP_USER_MODEL_ID = "vitoclient.Services.Tray"
"""Windows groups windows and notices by it, whatever program file they come from."""

_ANY_PROCESS = 0xFFFFFFFF  # ASFW_ANY

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


class Foreground:
    """This desktop's rule who may come to the front; Linux has none, there Qt alone brings windows to the front."""

    def allow(self, process: int | None) -> bool:
        """Passes on the right to come to the front, which this process has, to another.

        Args:
            process: the other's number; None: to whichever asks next.

        Returns:
            Whether the desktop passed it on. Where it did not, the other's button in the taskbar flashes instead.
        """
        if sys.platform != "win32":
            return True
        return bool(_user32().AllowSetForegroundWindow(_ANY_PROCESS if process is None else process))

    def take(self, window: int) -> bool:
        """Brings a window of this process to the front and gives it the keyboard.

        Args:
            window: its handle (Qt: ``winId``).

        Returns:
            Whether it is in front now.
        """
        if sys.platform != "win32":
            return False
        _user32().SetForegroundWindow(window)
        return bool(_user32().GetForegroundWindow() == window)  # asked anew: the call may say yes and only let the button flash


@cache
def _user32() -> Any:  # noqa: ANN401 - a library of Windows, which the type checker does not know on Linux
    """Returns Windows' own library, not pywin32's: that raises where Windows merely says no."""
    from ctypes.wintypes import BOOL, DWORD, HWND

    library = import_module("ctypes").WinDLL("user32")
    library.AllowSetForegroundWindow.argtypes = (DWORD,)
    library.AllowSetForegroundWindow.restype = BOOL
    library.SetForegroundWindow.argtypes = (HWND,)
    library.SetForegroundWindow.restype = BOOL
    library.GetForegroundWindow.argtypes = ()
    library.GetForegroundWindow.restype = HWND  # a whole pointer: the default, an int, would cut it
    return library
