"""Log-off, shutdown and console events on Windows.

A process that has loaded user32.dll gets no console event for log-off and shutdown, a process without a console gets
none at all: both are heard by the hidden window. Ctrl-C and the closing of the console come as console events.
"""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pywintypes
import win32api
import win32con

from tray_agent.platforms.hidden_window import HiddenWindow
from tray_agent.platforms.shutdown import ProgramEnd, StopReason

_ENDSESSION_LOGOFF = 0x80000000
_CONSOLE_EVENTS = {
    win32con.CTRL_C_EVENT: StopReason.ASKED,
    win32con.CTRL_BREAK_EVENT: StopReason.ASKED,
    win32con.CTRL_CLOSE_EVENT: StopReason.CONSOLE_CLOSED,
    win32con.CTRL_LOGOFF_EVENT: StopReason.LOGOFF,
    win32con.CTRL_SHUTDOWN_EVENT: StopReason.SHUTDOWN,
}

_log = logging.getLogger(__name__)


@contextmanager
def listening(end: ProgramEnd) -> Iterator[None]:
    """Within the block, console events and the end of the session ask the program to end and wait for it."""
    on_console = console_handler(end)
    window = end_of_session_window(end)
    register: Any = win32api.SetConsoleCtrlHandler  # pywin32's stub names the arguments wrongly
    try:
        register(on_console, True)
    except pywintypes.error:
        _log.debug("no console")
    try:
        window.open()
    except OSError:  # a service without a desktop: its control handler asks instead
        _log.debug("no hidden window")
    try:
        yield
    finally:
        end.finished.set()  # before the window closes: its thread may be waiting for just that
        window.close()
        try:
            register(on_console, False)
        except pywintypes.error:
            _log.debug("no console")


def console_handler(end: ProgramEnd) -> Callable[[int], bool]:
    """Returns what Windows calls, in a thread of its own, for a console event; when it returns, Windows ends the process.

    (Ctrl-C and Ctrl-Break excepted: there the process goes on and ends itself.)
    """

    def happened(event: int) -> bool:
        reason = _CONSOLE_EVENTS.get(event)
        if reason is None:
            return False
        if reason is StopReason.ASKED:
            end.ask(reason)
        else:
            end.ask_and_wait(reason)
        return True

    return happened


def end_of_session_window(end: ProgramEnd) -> HiddenWindow:
    """Returns the window, not yet open, that hears of log-off and shutdown; it agrees and waits for our end."""

    def may_end(_unused: int, _why: int) -> int:
        return 1

    def ends(really: int, why: int) -> int:
        if really:
            end.ask_and_wait(StopReason.LOGOFF if why & _ENDSESSION_LOGOFF else StopReason.SHUTDOWN)
        return 0

    return HiddenWindow({win32con.WM_QUERYENDSESSION: may_end, win32con.WM_ENDSESSION: ends})
