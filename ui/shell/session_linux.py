"""Session events of Linux: logind on the system bus.

Source: ``org.freedesktop.login1``: Lock, Unlock and the property Active of a session, PrepareForSleep and
PrepareForShutdown of the manager.
"""

from __future__ import annotations

import logging
import os

from PyQt6.QtCore import QObject, QTimer, pyqtSlot
from PyQt6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher, QDBusPendingReply

from tray_agent.tray.occasions import OnSessionEvent, SessionEvent
from ui.shell.dbus_toasts import keep_listener

SERVICE = "org.freedesktop.login1"
MANAGER_PATH = "/org/freedesktop/login1"
MANAGER = "org.freedesktop.login1.Manager"
SESSION = "org.freedesktop.login1.Session"
PROPERTIES = "org.freedesktop.DBus.Properties"

MILLISECONDS_BETWEEN_ATTEMPTS = 30_000
MOST_ATTEMPTS = 10

_log = logging.getLogger(__name__)


class LogindSessionEvents(QObject):
    """Tells what happens to this user's session; on systems without logind nothing ever comes.

    Args:
        bus: the system bus, or another one in tests.
    """

    def __init__(self, bus: QDBusConnection | None = None) -> None:
        super().__init__()
        keep_listener(self)
        self._bus = bus or QDBusConnection.systemBus()
        self._on_event: OnSessionEvent | None = None
        self._session = ""
        self._attempts = 0
        self._watcher: QDBusPendingCallWatcher | None = None

    def start(self, on_event: OnSessionEvent) -> None:
        """Begins to tell, on the GUI thread."""
        self._on_event = on_event
        if not self._bus.isConnected():
            _log.info("no system bus: no session events")
            return
        self._bus.connect(SERVICE, MANAGER_PATH, MANAGER, "PrepareForSleep", self._sleep)
        self._bus.connect(SERVICE, MANAGER_PATH, MANAGER, "PrepareForShutdown", self._shutdown)
        self._find_session()

    def stop(self) -> None:
        """Ends telling."""
        self._on_event = None

    @property
    def session(self) -> str:
        """Returns the object path of this session, or "" while it is not known."""
        return self._session

    def _find_session(self) -> None:
        self._attempts += 1
        named = os.environ.get("XDG_SESSION_ID")
        call = QDBusMessage.createMethodCall(SERVICE, MANAGER_PATH, MANAGER, "GetSession")
        call.setArguments([named or "auto"])
        pending = self._bus.asyncCall(call)
        self._watcher = QDBusPendingCallWatcher(pending, self)
        self._watcher.finished.connect(lambda _done: self._found(QDBusPendingReply(pending)))

    def _found(self, reply: QDBusPendingReply) -> None:
        self._watcher = None
        if self._on_event is None:
            return
        if reply.isError():
            _log.info("logind does not know this session yet: %s", reply.error().message())
            if self._attempts < MOST_ATTEMPTS:
                QTimer.singleShot(MILLISECONDS_BETWEEN_ATTEMPTS, self._find_session)
            return
        path = reply.argumentAt(0)
        self._session = path.path() if hasattr(path, "path") else str(path)
        self._bus.connect(SERVICE, self._session, SESSION, "Lock", self._lock)
        self._bus.connect(SERVICE, self._session, SESSION, "Unlock", self._unlock)
        self._bus.connect(SERVICE, self._session, PROPERTIES, "PropertiesChanged", self._changed)

    @pyqtSlot(QDBusMessage)
    def _lock(self, _message: QDBusMessage) -> None:
        self._tell(SessionEvent.LOCKED)

    @pyqtSlot(QDBusMessage)
    def _unlock(self, _message: QDBusMessage) -> None:
        self._tell(SessionEvent.UNLOCKED)

    @pyqtSlot(QDBusMessage)
    def _changed(self, message: QDBusMessage) -> None:
        changed = message.arguments()[1]
        if isinstance(changed, dict) and "Active" in changed:
            self._tell(SessionEvent.BACK if changed["Active"] else SessionEvent.LEFT)
        if isinstance(changed, dict) and "LockedHint" in changed:
            self._tell(SessionEvent.LOCKED if changed["LockedHint"] else SessionEvent.UNLOCKED)

    @pyqtSlot(QDBusMessage)
    def _sleep(self, message: QDBusMessage) -> None:
        self._tell(SessionEvent.SLEEPING if message.arguments()[0] else SessionEvent.WOKE)

    @pyqtSlot(QDBusMessage)
    def _shutdown(self, message: QDBusMessage) -> None:
        if message.arguments()[0]:
            self._tell(SessionEvent.ENDING)

    def _tell(self, event: SessionEvent) -> None:
        if self._on_event is not None:
            self._on_event(event)
