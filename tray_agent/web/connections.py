"""Connections that don't wait for ever, and bodies that are read straight into a given buffer.

A server must have sent the whole head of its answer in time, however it drips.
"""

from __future__ import annotations

import http.client
import socket
import sys
import threading
import weakref
from contextlib import suppress
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.response import HTTPResponse

from tray_agent.web.system_network import pools_through


class Body(http.client.HTTPResponse):
    """An answer whose body goes straight from the socket into a buffer that is used again for every piece.

    The library's own way makes new memory for every piece and copies it; that costs a quarter of the processor's time.
    """

    def readinto1(self, room: memoryview) -> int:  # type: ignore[override] # the base class has it for any buffer
        """Reads what has come, as much as there is room for at the most; returns how many bytes; 0 at the end."""
        if self.fp is None:
            return 0
        if self.chunked:
            piece = self.read1(len(room))
            room[: len(piece)] = piece
            return len(piece)
        count: int = self.fp.readinto1(room if self.length is None else room[: self.length])
        if self.length is not None:
            self.length -= count
        if not count or self.length == 0:
            self.close()
        return count

    @property
    def is_whole(self) -> bool:
        """Returns whether the body was read to its end, so that the connection can be used again."""
        return self.length == 0 or (self.chunked and self.isclosed())


class Watched(HTTPConnection):
    """A connection that can be cut from another thread, and is when the head of an answer takes too long."""

    head_seconds = 60.0
    all_of_pool: weakref.WeakSet[Watched]
    pool_lock: threading.Lock
    held: socket.socket | None = None
    body: Body
    """Of the answer that came last."""

    def response_class(self, *arguments: Any, **options: Any) -> Body:  # type: ignore[override] # noqa: ANN401 - as the base class calls it
        """Makes an answer, and keeps hold of it."""
        self.body = Body(*arguments, **options)
        return self.body

    def connect(self) -> None:
        """Connects, and keeps hold of the socket: an answer may take it over."""
        super().connect()
        self.held = self.sock
        with self.pool_lock:
            self.all_of_pool.add(self)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3 has it
        """Returns the answer's head.

        Raises:
            TimeoutError: it took too long.
        """
        late = threading.Event()
        timer = threading.Timer(self.head_seconds, self._cut_late, [late])
        timer.daemon = True
        timer.start()
        try:
            response = super().getresponse()
        finally:
            timer.cancel()
        if late.is_set():
            response.close()
            raise TimeoutError
        return response

    def _cut_late(self, late: threading.Event) -> None:
        late.set()
        self.cut()

    def cut(self) -> None:
        """Ends the connection; who waits on it gets an error or its end. Windows wakes a waiting thread only by closing."""
        held = self.held
        with suppress(OSError):
            if held is not None and held.fileno() != -1:
                # The plain socket's own shutdown: that of a TLS socket would take the encryption away from under the reading thread.
                socket.close(held.detach()) if sys.platform == "win32" else socket.socket.shutdown(held, socket.SHUT_RDWR)


class Connections:
    """Connections of one kind, kept for the next file; safe from several threads.

    Args:
        proxy: the proxy's address, or None.
        head_seconds: how long the head of an answer may take.
    """

    def __init__(self, proxy: str | None, head_seconds: float) -> None:
        self._all: weakref.WeakSet[Watched] = weakref.WeakSet()
        self._lock = threading.Lock()
        # urllib3 makes the connections itself and has no place to hand these through: they are given to a class of our own.
        shared = {"head_seconds": head_seconds, "all_of_pool": self._all, "pool_lock": self._lock}
        self.pool = pools_through(proxy, type("Shared", (Watched,), shared), maxsize=4)

    def cut(self) -> None:
        """Ends all connections at once, also those on which another thread waits."""
        with self._lock:
            connections = tuple(self._all)
        for connection in connections:
            connection.cut()
        self.pool.clear()
