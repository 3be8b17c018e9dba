"""One tray program per person and session: the first goes on, a later start asks it to show itself."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from PyQt6.QtCore import QDeadlineTimer, QLockFile, QObject, QStandardPaths, QThread
from PyQt6.QtNetwork import QLocalServer, QLocalSocket

from tray_agent.platforms.foreground import Foreground

SHOW = b"show\n"
SECONDS_TO_ANSWER = 10.0
"""So long a later start waits for the first, which may be starting itself on a computer that is busy with a login."""
PAUSE_MILLISECONDS = 50

LONGEST_SOCKET = 80
"""Bytes of a socket's path: the system allows 107, and Qt first makes it under a longer name."""

_log = logging.getLogger(__name__)


class Place(Enum):
    """What a start is: the first, one that the first heard, or one that nobody answered."""

    FIRST = "first"
    SHOWN = "shown"
    UNHEARD = "unheard"


class SingleInstance(QObject):
    """Decides who is first, and carries "show yourself" from a later start to the first.

    Args:
        name: distinguishes programs on different configurations.
        folder: where the lock is; by default the session's run-time folder.
        front: passes the right to come to the front on from a later start to the first.

    Attributes:
        server_name: where the first listens.
    """

    def __init__(self, name: str = "", folder: Path | None = None, front: Foreground | None = None) -> None:
        super().__init__()
        self._front = front or Foreground()
        place = folder or _runtime_folder()
        key = hashlib.sha256(f"{name}|{_session()}|{place}".encode()).hexdigest()[:16]
        self.server_name = _server_name(place, f"vitoclient-{key}")
        self._lock = QLockFile(str(place / f"vitoclient-{key}.lock"))
        # a lock never grows old while its process lives; that of a killed one is known by its number
        self._lock.setStaleLockTime(0)
        self._server: QLocalServer | None = None
        self._connections: set[QLocalSocket] = set()
        self._on_show: Callable[[], None] = lambda: None

    def acquire(self) -> bool:
        """Returns whether this process is the first; then it listens to later starts. A killed process does not count."""
        if not self._lock.tryLock(0):
            return False
        # a killed process leaves its socket behind
        QLocalServer.removeServer(self.server_name)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._asked)
        if not self._server.listen(self.server_name):
            _log.warning("later starts can't be heard: %s", self._server.errorString())
        return True

    def on_show(self, call: Callable[[], None]) -> None:
        """Calls ``call`` on the GUI thread when a later start asks the program to show itself."""
        self._on_show = call

    def acquire_or_show(self) -> Place:
        """Becomes the first, or asks the first to show itself and waits until it said yes; ten seconds at the most.

        A first that ends meanwhile makes room for this one.
        """
        deadline = QDeadlineTimer(round(SECONDS_TO_ANSWER * 1000))
        while not self.acquire():
            if self._ask_to_show(deadline):
                return Place.SHOWN
            if deadline.hasExpired():
                return Place.UNHEARD
            QThread.msleep(PAUSE_MILLISECONDS)
        return Place.FIRST

    def _ask_to_show(self, deadline: QDeadlineTimer) -> bool:
        socket = QLocalSocket()
        socket.connectToServer(self.server_name)
        if not socket.waitForConnected(_milliseconds_until(deadline)):
            return False
        self._front.allow(self._first_process())
        socket.write(SHOW)
        answered = socket.waitForBytesWritten(_milliseconds_until(deadline)) and socket.waitForReadyRead(_milliseconds_until(deadline))
        socket.disconnectFromServer()
        return answered

    def _first_process(self) -> int | None:
        """Returns the number of the first process, as its lock tells it."""
        known, process, _computer, _program = self._lock.getLockInfo()
        return process if known else None

    def release(self) -> None:
        """Lets another process be the first."""
        if self._server is not None:
            self._server.close()
        self._lock.unlock()

    def _asked(self) -> None:
        while self._server is not None and self._server.hasPendingConnections():
            connection = self._server.nextPendingConnection()
            if connection is not None:
                self._connections.add(connection)  # else the garbage collector may take its slots away before it has spoken
                connection.readyRead.connect(lambda connection=connection: self._heard(connection))
                connection.disconnected.connect(lambda connection=connection: self._forget(connection))

    def _heard(self, connection: QLocalSocket) -> None:
        if SHOW.strip() in connection.readAll().data():
            connection.write(b"ok\n")
            connection.flush()
            self._on_show()

    def _forget(self, connection: QLocalSocket) -> None:
        self._connections.discard(connection)
        connection.deleteLater()


def _milliseconds_until(deadline: QDeadlineTimer) -> int:
    """Returns the milliseconds until a deadline; one at least, so that what is there already is seen."""
    return max(1, deadline.remainingTime())


def _server_name(place: Path, name: str) -> str:
    """Returns where the first process listens: a socket beside the lock, or among the temporary files where that path is too long."""
    if sys.platform == "win32":
        return name
    beside = str(place / f"{name}.socket")
    return beside if len(os.fsencode(beside)) <= LONGEST_SOCKET else str(Path(tempfile.gettempdir()) / f"{name}.socket")


def _runtime_folder() -> Path:
    location = QStandardPaths.StandardLocation
    kind = location.TempLocation if sys.platform == "win32" else location.RuntimeLocation
    return Path(QStandardPaths.writableLocation(kind) or QStandardPaths.writableLocation(location.TempLocation))


def _session() -> str:
    """Returns what tells two sessions of one person apart (console and remote desktop)."""
    if sys.platform == "win32":
        from tray_agent.platforms.session_windows import own_session

        return str(own_session())
    return os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or ""
