"""A window that nobody sees, in a thread of its own: how a Windows program hears of log-off, lock and sleep.

It is a top-level window, because Windows sends none of these messages to message-only windows, and it needs neither
Qt nor a console, so the tray program, the headless agent and the tests use the same.
"""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import win32api
import win32con
import win32gui

Handler = Callable[[int, int], int]
"""Takes wParam and lParam in the window's thread, returns the answer of the message. Must not block for long."""

_log = logging.getLogger(__name__)

TITLE = "vitoclient-Services.events"
"""The installer finds running programs of ours by it, and asks them to end as Windows does (WM_ENDSESSION)."""

_START_SECONDS = 10


class HiddenWindow:
    """A hidden top-level window with its own thread and message loop.

    Args:
        handlers: what is called for which message.
        on_ready: called in the window's thread once the window is there, with its handle.
    """

    def __init__(self, handlers: Mapping[int, Handler], on_ready: Callable[[int], None] | None = None) -> None:
        self._handlers = dict(handlers)
        self._on_ready = on_ready
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self.handle = 0

    def open(self) -> None:
        """Makes the window and waits until it is there; does nothing where it is open.

        Raises:
            OSError: Windows gives no window.
        """
        if self._thread is not None:
            return
        self._ready.clear()
        self._thread = threading.Thread(target=self._live, name="hidden-window", daemon=True)
        self._thread.start()
        self._ready.wait(_START_SECONDS)
        if not self.handle:
            self._thread = None
            raise OSError("Windows gave no window")

    def close(self) -> None:
        """Takes the window away and waits for its thread; may be called twice, also from the window's own thread."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self.handle:
            win32gui.PostMessage(self.handle, win32con.WM_CLOSE, 0, 0)
        if thread is not threading.current_thread():
            thread.join(_START_SECONDS)

    def _live(self) -> None:
        instance = win32api.GetModuleHandle(None)
        window_class: Any = win32gui.WNDCLASS()  # its stub knows the attributes as read-only
        window_class.hInstance = instance
        window_class.lpszClassName = f"vitoclient-{uuid.uuid4().hex}"  # one process may have several, and a class is registered once
        window_class.lpfnWndProc = {
            **{message: self._guarded(handler) for message, handler in self._handlers.items()},
            win32con.WM_CLOSE: _destroy,
            win32con.WM_DESTROY: _quit,
        }
        try:
            atom = win32gui.RegisterClass(window_class)
            self.handle = win32gui.CreateWindow(atom, TITLE, 0, 0, 0, 0, 0, 0, 0, instance, None)
            if self._on_ready is not None:
                self._on_ready(self.handle)
        except win32gui.error:
            _log.exception("no hidden window")
        finally:
            self._ready.set()
        if self.handle:
            win32gui.PumpMessages()
            self.handle = 0
            win32gui.UnregisterClass(window_class.lpszClassName, instance)

    @staticmethod
    def _guarded(handler: Handler) -> Callable[[int, int, int, int], int]:
        def call(_window: int, _message: int, w_param: int, l_param: int) -> int:
            try:
                return handler(w_param, l_param)
            except Exception:  # noqa: BLE001 - the window must live on, whatever a listener does
                _log.exception("a listener of the hidden window failed")
                return 1  # to WM_QUERYENDSESSION that is "yes": a fault of ours must not hold up a shutdown

        return call


def _destroy(window: int, _message: int, _w_param: int, _l_param: int) -> int:
    win32gui.DestroyWindow(window)
    return 0


def _quit(_window: int, _message: int, _w_param: int, _l_param: int) -> int:
    win32gui.PostQuitMessage(0)
    return 0
