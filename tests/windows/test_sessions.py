"""Session events and the end of the session: the messages that Windows sends, sent to the real window."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import queue
import threading
from collections.abc import Iterator

import pytest
import win32con
import win32gui

from tray_agent.platforms import session_windows
from tray_agent.platforms.hidden_window import TITLE, HiddenWindow
from tray_agent.platforms.session_windows import WM_POWERBROADCAST, WM_WTSSESSION_CHANGE, WindowsSessionEvents, own_session
from tray_agent.platforms.shutdown import ProgramEnd, StopReason
from tray_agent.platforms.shutdown_windows import console_handler, end_of_session_window
from tray_agent.platforms.this_system import stop_when_ending
from tray_agent.tray.occasions import Occasion, SessionEvent, UserSwitch


@pytest.fixture
def told() -> queue.Queue[SessionEvent]:
    return queue.Queue()


@pytest.fixture
def events(told: queue.Queue[SessionEvent]) -> Iterator[WindowsSessionEvents]:
    source = WindowsSessionEvents()
    source.start(told.put)
    yield source
    source.stop()


@pytest.mark.parametrize(
    ("change", "event"),
    [
        (1, SessionEvent.BACK),
        (2, SessionEvent.LEFT),
        (3, SessionEvent.BACK),
        (4, SessionEvent.LEFT),
        (6, SessionEvent.ENDING),
        (7, SessionEvent.LOCKED),
        (8, SessionEvent.UNLOCKED),
    ],
)
def test_changes_of_this_session_are_told(
    events: WindowsSessionEvents, told: queue.Queue[SessionEvent], change: int, event: SessionEvent
) -> None:
    win32gui.SendMessage(events.window.handle, WM_WTSSESSION_CHANGE, change, own_session())
    assert told.get(timeout=10) is event


def test_other_sessions_and_unknown_changes_are_not_told(events: WindowsSessionEvents, told: queue.Queue[SessionEvent]) -> None:
    win32gui.SendMessage(events.window.handle, WM_WTSSESSION_CHANGE, 7, own_session() + 1)
    win32gui.SendMessage(events.window.handle, WM_WTSSESSION_CHANGE, 9, own_session())
    assert told.empty()


def test_sleep_and_waking_are_told(events: WindowsSessionEvents, told: queue.Queue[SessionEvent]) -> None:
    win32gui.SendMessage(events.window.handle, WM_POWERBROADCAST, session_windows.PBT_APMSUSPEND, 0)
    win32gui.SendMessage(events.window.handle, WM_POWERBROADCAST, session_windows.PBT_APMRESUMEAUTOMATIC, 0)
    assert [told.get(timeout=10), told.get(timeout=10)] == [SessionEvent.SLEEPING, SessionEvent.WOKE]


def test_a_fast_user_switch_is_an_occasion(events: WindowsSessionEvents, told: queue.Queue[SessionEvent]) -> None:
    for change in (7, 2, 1, 8):
        win32gui.SendMessage(events.window.handle, WM_WTSSESSION_CHANGE, change, own_session())
    switch = UserSwitch()
    assert [switch.happened(told.get(timeout=10)) for _n in range(4)] == [None, None, None, Occasion.USER_SWITCH]


def test_stopping_takes_the_window_away_and_may_be_repeated(events: WindowsSessionEvents) -> None:
    handle = events.window.handle
    events.stop()
    events.stop()
    assert not win32gui.IsWindow(handle)


def test_a_failing_listener_does_not_kill_the_window(told: queue.Queue[SessionEvent]) -> None:
    def fail(event: SessionEvent) -> None:
        told.put(event)
        raise RuntimeError("a listener's fault")

    source = WindowsSessionEvents()
    source.start(fail)
    win32gui.SendMessage(source.window.handle, WM_WTSSESSION_CHANGE, 7, own_session())
    win32gui.SendMessage(source.window.handle, WM_WTSSESSION_CHANGE, 8, own_session())
    source.stop()
    assert [told.get(timeout=10), told.get(timeout=10)] == [SessionEvent.LOCKED, SessionEvent.UNLOCKED]


@pytest.mark.parametrize(("why", "reason"), [(0, StopReason.SHUTDOWN), (-0x80000000, StopReason.LOGOFF)])
def test_the_end_of_the_session_waits_for_our_end(why: int, reason: StopReason) -> None:
    ending = ProgramEnd()
    window = end_of_session_window(ending)
    window.open()

    def work() -> None:
        ending.stop.wait(10)
        ending.finished.set()

    worker = threading.Thread(target=work)
    worker.start()
    assert win32gui.SendMessage(window.handle, win32con.WM_QUERYENDSESSION, 0, why) == 1
    assert not ending.stop.is_set()
    win32gui.SendMessage(window.handle, win32con.WM_ENDSESSION, 1, why)
    assert ending.finished.is_set()
    assert ending.reason is reason
    worker.join()
    window.close()


def test_a_session_that_does_not_end_after_all_changes_nothing() -> None:
    ending = ProgramEnd()
    window = end_of_session_window(ending)
    window.open()
    win32gui.SendMessage(window.handle, win32con.WM_ENDSESSION, 0, 0)
    window.close()
    assert not ending.stop.is_set()


@pytest.mark.parametrize(
    ("event", "reason"),
    [(0, StopReason.ASKED), (1, StopReason.ASKED), (2, StopReason.CONSOLE_CLOSED), (5, StopReason.LOGOFF), (6, StopReason.SHUTDOWN)],
)
def test_console_events_ask_for_the_end(event: int, reason: StopReason) -> None:
    ending = ProgramEnd()
    ending.finished.set()
    assert console_handler(ending)(event)
    assert ending.reason is reason
    assert ending.stop.is_set()


def test_an_unknown_console_event_is_left_to_others() -> None:
    ending = ProgramEnd()
    assert not console_handler(ending)(99)
    assert not ending.stop.is_set()


def test_within_the_block_the_program_hears_of_the_end_and_afterwards_no_more() -> None:
    with stop_when_ending() as ending:
        windows: list[int] = []
        win32gui.EnumWindows(lambda handle, found: found.append(handle), windows)
        ours = [handle for handle in windows if win32gui.GetWindowText(handle) == TITLE]
        assert len(ours) == 1
        threading.Thread(target=lambda: win32gui.PostMessage(ours[0], win32con.WM_ENDSESSION, 1, 0)).start()
        assert ending.stop.wait(10)
    assert ending.finished.is_set()
    assert not win32gui.IsWindow(ours[0])


def test_a_window_that_is_open_stays_one_window() -> None:
    window = HiddenWindow({})
    window.open()
    handle = window.handle
    window.open()
    assert window.handle == handle
    window.close()
    assert window.handle == 0
