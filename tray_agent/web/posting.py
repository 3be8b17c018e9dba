"""Posts to one server over kept connections, and tells for certain when a request can't have gone out.

urllib3 does the work: the system's certificates and proxy, bounded and kept connections, no retries and no redirects. Its own
errors do not tell *connecting* from *reading* (a time-out, a fault of TLS may be either), so connections say so themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection
from urllib3.exceptions import EmptyPoolError
from urllib3.util import Timeout

from tray_agent.clock import Clock
from tray_agent.web.system_network import pools_through, proxy_for

CONNECT_SECONDS = 10.0
KEPT_SECONDS = 15.0
"""After this silence a connection is not used again: the server may be closing it just now, and a request would be in doubt."""

_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}
_PART = 65_536
_MAY_LEAVE: ContextVar[Callable[[], bool] | None] = ContextVar("may_leave", default=None)
"""What the request of this thread asks before it is written; urllib3 has no place to hand it through."""


class NotConnectedError(Exception):
    """No connection came about: the request can't have gone out."""


class TooLateError(Exception):
    """The time to send was over before the request was complete: nothing can be carried out."""


class TooLongError(HTTPException):
    """The answer is longer, or takes longer, than it may."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        retry_after, date: as these headers say it.
        content: empty unless the status is 200.
    """

    status: int
    content: bytes = b""
    retry_after: str | None = None
    date: str | None = None


class Posting:
    """The connections to one server; threads share it.

    Args:
        base: where calls are posted to, ``https://host/path/``.
        seconds: how long an answer may take.
        connections: how many at the most; further threads wait for one.
        largest: bytes of an answer.
        clock: times an answer that comes in many parts.

    Raises:
        Exception: the address, a proxy or the certificates of the system can't be used.
    """

    def __init__(self, base: str, seconds: float, connections: int, largest: int, clock: Clock) -> None:
        self._path = urlsplit(base).path
        self._seconds = seconds
        self._largest = largest
        self._clock = clock
        timeout = Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds)
        pools = pools_through(proxy_for(base), _Kept, maxsize=connections, block=True, timeout=timeout, retries=False)
        self._pool = pools.connection_from_url(base)

    def post(self, call: str, body: bytes, may_leave: Callable[[], bool] | None = None) -> Reply:
        """Posts JSON and returns the answer.

        Args:
            call: the last part of the address.
            body: JSON, not empty.
            may_leave: asked just before each piece of the request is written to the connection.

        Raises:
            NotConnectedError: no connection came about, or none was free in time.
            TooLateError: ``may_leave`` said no; the body was not written.
            Exception: whatever else; the request may have gone out.
        """
        asked = _MAY_LEAVE.set(may_leave)
        try:
            return self._post(call, body)
        finally:
            _MAY_LEAVE.reset(asked)

    def _post(self, call: str, body: bytes) -> Reply:
        try:
            response = self._pool.urlopen(
                "POST",
                self._path + call,
                body,
                _HEADERS,
                retries=False,
                redirect=False,
                pool_timeout=int(self._seconds) + 1,
                preload_content=False,
            )
        except EmptyPoolError as error:
            raise NotConnectedError("no free connection") from error
        whole = False
        try:
            content = self._content(response) if response.status == 200 else b""
            whole = response.status == 200
            said = (response.headers.get(name) for name in ("Retry-After", "Date"))
            return Reply(response.status, content, *said)  # other answers are not read: closed below
        finally:
            if not whole:
                response.close()
            response.release_conn()

    def close(self) -> None:
        """Closes the connections."""
        self._pool.close()

    def _content(self, response: urllib3.BaseHTTPResponse) -> bytes:
        content = bytearray()
        began = self._clock.monotonic()
        while part := response.read1(_PART):
            content += part
            if len(content) > self._largest or self._clock.monotonic() - began > self._seconds:
                raise TooLongError("too long an answer")
        return bytes(content)


class _Kept(HTTPConnection):
    """Tells when a connection did not come about (proxy, tunnel and handshake included), and ends it after a silence."""

    _used_at = 0.0

    def connect(self) -> None:
        try:
            super().connect()
        except Exception as error:
            raise NotConnectedError(type(error).__name__) from error
        self._used_at = time.monotonic()

    def send(self, data: Any) -> None:  # noqa: ANN401 - as http.client takes it
        """Writes a piece of a request, if it may still leave: the last that is done before the system's call."""
        if self.sock is None:
            self.connect()
        may_leave = _MAY_LEAVE.get()
        if may_leave is not None and not may_leave():
            raise TooLateError
        super().send(data)

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as urllib3's own
        response = super().getresponse()
        self._used_at = time.monotonic()
        return response

    @property
    def is_connected(self) -> bool:
        return super().is_connected and time.monotonic() - self._used_at < KEPT_SECONDS
