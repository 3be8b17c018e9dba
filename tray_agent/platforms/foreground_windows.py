"""The foreground of Windows: ``AllowSetForegroundWindow`` and ``SetForegroundWindow`` (user32.dll)."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import ctypes
from ctypes.wintypes import BOOL, DWORD, HWND

_ANY_PROCESS = 0xFFFFFFFF  # ASFW_ANY

_user = ctypes.WinDLL("user32")  # not pywin32's: it raises where Windows merely says no
_user.AllowSetForegroundWindow.argtypes = (DWORD,)
_user.AllowSetForegroundWindow.restype = BOOL
_user.SetForegroundWindow.argtypes = (HWND,)
_user.SetForegroundWindow.restype = BOOL
_user.GetForegroundWindow.argtypes = ()
_user.GetForegroundWindow.restype = HWND


class WindowsForeground:
    """Asks Windows."""

    def allow(self, process: int | None) -> bool:
        """Passes on the right to come to the front; Windows refuses where this process does not have it."""
        return bool(_user.AllowSetForegroundWindow(_ANY_PROCESS if process is None else process))

    def take(self, window: int) -> bool:
        """Brings a window to the front; where Windows refuses, its button in the taskbar flashes."""
        _user.SetForegroundWindow(window)
        return bool(_user.GetForegroundWindow() == window)
