"""Session events of logind, spoken on a bus of its own by a double that answers as logind does."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_call, new_method_return, new_signal
from jeepney.io.threading import DBusRouter, open_dbus_connection
from PyQt6.QtDBus import QDBusConnection
from pytestqt.qtbot import QtBot

from tray_agent.tray.occasions import SessionEvent
from ui.shell.session_linux import MANAGER, MANAGER_PATH, PROPERTIES, SERVICE, SESSION, LogindSessionEvents

pytestmark = [pytest.mark.desktop, pytest.mark.xdist_group("desktop")]

OURS = "/org/freedesktop/login1/session/_32"
OTHER = "/org/freedesktop/login1/session/_33"


class FakeLogind:
    """Answers ``GetSession`` and sends signals, under logind's name."""

    def __init__(self, address: str) -> None:
        self._connection = open_dbus_connection(address)
        bus = DBusAddress("/org/freedesktop/DBus", bus_name="org.freedesktop.DBus", interface="org.freedesktop.DBus")
        with DBusRouter(self._connection) as router:
            router.send_and_get_reply(new_method_call(bus, "RequestName", "su", (SERVICE, 0)))
        self.knows_session = True
        self.asked: list[Any] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def signal(self, path: str, interface: str, name: str, signature: str = "", body: tuple[Any, ...] = ()) -> None:
        self._connection.send(new_signal(DBusAddress(path, interface=interface), name, signature, body))

    def active(self, path: str, value: bool) -> None:
        self.signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", (SESSION, {"Active": ("b", value)}, []))

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(5)
        self._connection.close()

    def _answer(self) -> None:
        while not self._stopping.is_set():
            try:
                message = self._connection.receive(timeout=0.05)
            except TimeoutError:
                continue
            if message.header.message_type is MessageType.method_call:
                self.asked.append((message.header.fields[HeaderFields.member], message.body))
                if self.knows_session:
                    self._connection.send(new_method_return(message, "o", (OURS,)))
                else:
                    self._connection.send(new_error(message, "org.freedesktop.login1.NoSuchSession"))


@pytest.fixture
def bus() -> Iterator[str]:
    daemon = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert daemon.stdout is not None
    with daemon.stdout:
        yield daemon.stdout.readline().decode().strip()
    daemon.terminate()
    daemon.wait()


@pytest.fixture
def logind(bus: str) -> Iterator[FakeLogind]:
    logind = FakeLogind(bus)
    yield logind
    logind.stop()


@pytest.fixture
def told() -> list[SessionEvent]:
    return []


@pytest.fixture
def events(qtbot: QtBot, logind: FakeLogind, bus: str, told: list[SessionEvent]) -> Iterator[LogindSessionEvents]:
    connection = QDBusConnection.connectToBus(bus, "logind-test")
    events = LogindSessionEvents(connection)
    events.start(told.append)
    qtbot.waitUntil(lambda: bool(logind.asked))
    yield events
    events.stop()
    QDBusConnection.disconnectFromBus("logind-test")


def ready(qtbot: QtBot, events: LogindSessionEvents) -> None:
    qtbot.waitUntil(lambda: events.session == OURS)


def test_lock_switch_and_unlock_are_told(qtbot: QtBot, events: LogindSessionEvents, logind: FakeLogind, told: list[SessionEvent]) -> None:
    ready(qtbot, events)
    logind.signal(OURS, SESSION, "Lock")
    logind.active(OURS, value=False)
    logind.active(OURS, value=True)
    logind.signal(OURS, SESSION, "Unlock")
    expected = [SessionEvent.LOCKED, SessionEvent.LEFT, SessionEvent.BACK, SessionEvent.UNLOCKED]
    qtbot.waitUntil(lambda: told == expected)


def test_other_sessions_are_not_ours(qtbot: QtBot, events: LogindSessionEvents, logind: FakeLogind, told: list[SessionEvent]) -> None:
    ready(qtbot, events)
    logind.signal(OTHER, SESSION, "Lock")
    logind.active(OTHER, value=False)
    logind.signal(OURS, SESSION, "Lock")
    qtbot.waitUntil(lambda: bool(told))
    assert told == [SessionEvent.LOCKED]


def test_sleep_waking_and_shutdown(qtbot: QtBot, events: LogindSessionEvents, logind: FakeLogind, told: list[SessionEvent]) -> None:
    logind.signal(MANAGER_PATH, MANAGER, "PrepareForSleep", "b", (True,))
    logind.signal(MANAGER_PATH, MANAGER, "PrepareForSleep", "b", (False,))
    logind.signal(MANAGER_PATH, MANAGER, "PrepareForShutdown", "b", (True,))
    qtbot.waitUntil(lambda: told == [SessionEvent.SLEEPING, SessionEvent.WOKE, SessionEvent.ENDING])


def test_session_that_logind_does_not_know_yet_is_asked_for_again(
    qtbot: QtBot, logind: FakeLogind, bus: str, told: list[SessionEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.shell.session_linux.MILLISECONDS_BETWEEN_ATTEMPTS", 10)
    logind.knows_session = False
    events = LogindSessionEvents(QDBusConnection.connectToBus(bus, "logind-late"))
    events.start(told.append)
    qtbot.waitUntil(lambda: len(logind.asked) > 1)
    logind.knows_session = True
    ready(qtbot, events)
    events.stop()
    QDBusConnection.disconnectFromBus("logind-late")


def test_after_the_end_nothing_is_told(qtbot: QtBot, events: LogindSessionEvents, logind: FakeLogind, told: list[SessionEvent]) -> None:
    ready(qtbot, events)
    events.stop()
    logind.signal(OURS, SESSION, "Lock")
    seen: list[SessionEvent] = []
    events.start(seen.append)
    logind.signal(OURS, SESSION, "Unlock")
    qtbot.waitUntil(lambda: SessionEvent.UNLOCKED in seen)
    assert told == []
