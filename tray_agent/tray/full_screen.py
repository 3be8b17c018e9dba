"""Whether a full-screen program runs (a presentation, a video consultation): then nothing pops up."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

QUNS_BUSY = 2
QUNS_RUNNING_D3D_FULL_SCREEN = 3
QUNS_PRESENTATION_MODE = 4


class FullScreen:
    """Tells whether something fills the screen."""

    def active(self) -> bool:
        """Returns whether a full-screen program is in front; False where that can't be known (Wayland tells nobody)."""
        if sys.platform == "win32":
            import ctypes

            state = ctypes.c_int()
            if ctypes.windll.shell32.SHQueryUserNotificationState(ctypes.byref(state)) != 0:
                return False
            return state.value in (QUNS_BUSY, QUNS_RUNNING_D3D_FULL_SCREEN, QUNS_PRESENTATION_MODE)
        return bool(os.environ.get("DISPLAY")) and _front_fills_screen()


def _front_fills_screen() -> bool:
    """Returns what the active window's ``_NET_WM_STATE`` says (Extended Window Manager Hints)."""
    try:
        display = import_module("Xlib.display").Display()
    except Exception:  # noqa: BLE001 - no library, no server, no access: unknown
        return False
    try:
        return _is_full_screen(display)
    except Exception:  # noqa: BLE001 - the window may vanish between two questions
        return False
    finally:
        display.close()


def _is_full_screen(display: Any) -> bool:  # noqa: ANN401 - python-xlib has no types
    any_type = import_module("Xlib.X").AnyPropertyType
    root = display.screen().root
    active = root.get_full_property(display.intern_atom("_NET_ACTIVE_WINDOW"), any_type)
    if active is None or not active.value[0]:
        return False
    window = display.create_resource_object("window", active.value[0])
    state = window.get_full_property(display.intern_atom("_NET_WM_STATE"), any_type)
    return state is not None and display.intern_atom("_NET_WM_STATE_FULLSCREEN") in state.value
