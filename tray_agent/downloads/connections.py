"""Connections that don't wait for ever: a server must have sent the whole head of its answer in time, however it drips."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse


class _Watched(HTTPConnection):
    """A connection that is cut when the head of an answer takes too long."""

    head_seconds = 60.0

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3 has it
        """Returns the answer's head.

        Raises:
            TimeoutError: it took too long.
        """
        late = threading.Event()
        timer = threading.Timer(self.head_seconds, _cut, [self, late])
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


class _WatchedTls(HTTPSConnection, _Watched):
    """The same over TLS."""


def new_pool(proxy: str | None, context: ssl.SSLContext, head_seconds: float) -> PoolManager:
    """Returns connections of a kind, kept for the next file.

    Args:
        proxy: the proxy's address, or None.
        context: how certificates are checked.
        head_seconds: how long the head of an answer may take.
    """
    options: dict[str, Any] = {"ssl_context": context, "maxsize": 4}
    pool = ProxyManager(proxy, **options) if proxy else PoolManager(**options)
    plain = type("Plain", (_Watched,), {"head_seconds": head_seconds})
    tls = type("Tls", (_WatchedTls,), {"head_seconds": head_seconds})
    pool.pool_classes_by_scheme = {
        "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": tls}),
    }
    return pool


def _cut(connection: HTTPConnection, late: threading.Event) -> None:
    """Ends a connection from another thread; who waits on it sees its end."""
    late.set()
    with suppress(OSError, AttributeError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
