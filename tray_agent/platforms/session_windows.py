"""Session events of Windows: lock, user switch, sleep and log-off, from WTS and the power messages."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import ctypes
import logging
import os
import threading
from ctypes.wintypes import DWORD, HWND
from typing import Any

import win32con
import win32ts

from tray_agent.clock import Clock, SystemClock
from tray_agent.platforms.hidden_window import HiddenWindow
from tray_agent.tray.occasions import OnSessionEvent, SessionEvent

WM_WTSSESSION_CHANGE = 0x02B1
WM_POWERBROADCAST = 0x0218
PBT_APMSUSPEND = 4
PBT_APMRESUMEAUTOMATIC = 18

_CHANGES = {
    1: SessionEvent.BACK,  # WTS_CONSOLE_CONNECT
    2: SessionEvent.LEFT,  # WTS_CONSOLE_DISCONNECT
    3: SessionEvent.BACK,  # WTS_REMOTE_CONNECT
    4: SessionEvent.LEFT,  # WTS_REMOTE_DISCONNECT
    6: SessionEvent.ENDING,  # WTS_SESSION_LOGOFF
    7: SessionEvent.LOCKED,  # WTS_SESSION_LOCK
    8: SessionEvent.UNLOCKED,  # WTS_SESSION_UNLOCK
}
_POWER = {PBT_APMSUSPEND: SessionEvent.SLEEPING, PBT_APMRESUMEAUTOMATIC: SessionEvent.WOKE}
_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds between the attempts to register: early at boot the terminal service does not answer yet."""

_THIS_SESSION = 0
_wts = ctypes.WinDLL("wtsapi32", use_last_error=True)  # pywin32's wrapper turns a plain FALSE into a SystemError
_wts.WTSRegisterSessionNotification.argtypes = (HWND, DWORD)
_wts.WTSUnRegisterSessionNotification.argtypes = (HWND,)
_log = logging.getLogger(__name__)


class WindowsSessionEvents:
    """Tells what happens to this user's session, and to no other. ``on_event`` is called in a thread of its own.

    Args:
        clock: times the pauses between attempts to register.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._on_event: OnSessionEvent | None = None
        self._stopped = threading.Event()
        self._registering: threading.Thread | None = None
        self._session = own_session()
        self.window = HiddenWindow(
            {
                WM_WTSSESSION_CHANGE: self._session_changed,
                WM_POWERBROADCAST: self._power_changed,
                win32con.WM_ENDSESSION: self._session_ends,
            }
        )

    def start(self, on_event: OnSessionEvent) -> None:
        """Begins to tell; tries to register again where Windows is not ready yet."""
        self._on_event = on_event
        self._stopped.clear()
        try:
            self.window.open()
        except OSError:
            _log.exception("no session events")
            return
        self._registering = threading.Thread(target=self._register, name="session-events", daemon=True)
        self._registering.start()

    def stop(self) -> None:
        """Ends telling; may be called twice, and without ``start``."""
        self._stopped.set()
        self._on_event = None  # first, so that what the window still hears goes nowhere
        if self.window.handle:
            _wts.WTSUnRegisterSessionNotification(self.window.handle)
        self.window.close()
        if self._registering is not None:
            self._registering.join()
            self._registering = None

    def _register(self) -> None:
        for pause in (*_PAUSES, None):
            handle = self.window.handle
            if self._stopped.is_set() or not handle:
                return
            if _wts.WTSRegisterSessionNotification(handle, _THIS_SESSION):
                return
            _log.info("session events not ready yet: %s", ctypes.WinError(ctypes.get_last_error()))
            if pause is None or self._clock.wait(self._stopped, pause):
                return

    def _session_changed(self, change: int, session: int) -> int:
        if session == self._session:
            self._tell(_CHANGES.get(change))
        return 0

    def _power_changed(self, change: int, _data: int) -> int:
        self._tell(_POWER.get(change))
        return 1  # TRUE: sleep is never refused

    def _session_ends(self, really: int, _why: int) -> int:
        if really:
            self._tell(SessionEvent.ENDING)
        return 0

    def _tell(self, event: SessionEvent | None) -> None:
        if event is not None and self._on_event is not None:
            self._on_event(event)


def own_session() -> int:
    """Returns the number of the session that this process runs in."""
    ask: Any = win32ts.ProcessIdToSessionId  # pywin32's stub has no types here
    return int(ask(os.getpid()))
