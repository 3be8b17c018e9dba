"""Connections that don't wait for ever: a server must have sent the whole head of its answer in time, however it drips."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import weakref
from contextlib import suppress
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse


class _Watched(HTTPConnection):
    """A connection that can be cut from another thread, and is when the head of an answer takes too long."""

    head_seconds = 60.0
    all_of_pool: weakref.WeakSet[_Watched]
    pool_lock: threading.Lock
    held: socket.socket | None = None

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
                socket.close(held.detach()) if sys.platform == "win32" else held.shutdown(socket.SHUT_RDWR)


class _WatchedTls(HTTPSConnection, _Watched):
    """The same over TLS."""


class Connections:
    """Connections of one kind, kept for the next file; safe from several threads.

    Args:
        proxy: the proxy's address, or None.
        context: how certificates are checked.
        head_seconds: how long the head of an answer may take.
    """

    def __init__(self, proxy: str | None, context: ssl.SSLContext, head_seconds: float) -> None:
        self._all: weakref.WeakSet[_Watched] = weakref.WeakSet()
        self._lock = threading.Lock()
        options: dict[str, Any] = {"ssl_context": context, "maxsize": 4}
        self.pool = ProxyManager(proxy, **options) if proxy else PoolManager(**options)
        shared = {"head_seconds": head_seconds, "all_of_pool": self._all, "pool_lock": self._lock}
        plain, tls = type("Plain", (_Watched,), shared), type("Tls", (_WatchedTls,), shared)
        self.pool.pool_classes_by_scheme = {
            "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": tls}),
        }

    def cut(self) -> None:
        """Ends all connections at once, also those on which another thread waits."""
        with self._lock:
            connections = tuple(self._all)
        for connection in connections:
            connection.cut()
        self.pool.clear()
