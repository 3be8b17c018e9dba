"""How the portal is reached: the system's proxy and certificates, bounded waiting, redirects only within the same host.

Built on urllib3: see decision record 0014 (payload transfer).
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import cast
from urllib.parse import SplitResult, urljoin, urlsplit

from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import HTTPError, ReadTimeoutError, SSLError

from tray_agent import __version__
from tray_agent.web.causes import Cause, Why, why, why_status
from tray_agent.web.connections import Body, Connections, Watched
from tray_agent.web.system_network import proxy_for

MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class WebFault(StrEnum):
    """Why no answer could be had."""

    UNREACHABLE = "unreachable"
    STALLED = "stalled"
    CERTIFICATE = "certificate"
    REDIRECT = "redirect"
    REFUSED = "refused"
    """Somebody answered who stands in between."""


class WebError(Exception):
    """No answer, or one that ended in the middle. Becomes a ``KnownError`` where it is known what was asked.

    Attributes:
        fault: which.
        why: its cause in words, where it is known.
    """

    def __init__(self, fault: WebFault, detail: str, why: Why | None = None) -> None:
        super().__init__(detail)
        self.fault = fault
        self.why = why


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds.

    Attributes:
        connect: for a connection.
        read: for the next byte.
        head: for the whole head of an answer, however it drips.
    """

    connect: float = 10.0
    read: float = 20.0
    head: float = 60.0


class Response:
    """A server's answer whose body is read piece by piece."""

    def __init__(self, response: BaseHTTPResponse, url: str) -> None:
        self._response = response
        self._url = url
        self._body = _body_of(response)
        self.status: int = response.status

    def header(self, name: str) -> str | None:
        """Returns a header's value, or None."""
        value: str | None = self._response.headers.get(name)
        return value

    def read(self, most: int) -> bytes:
        """Returns what has come, ``most`` bytes at the most; nothing at the end. Does not wait until there is that much.

        Raises:
            WebError: nothing came for too long, or the connection broke.
        """
        try:
            return self._body.read1(most)
        except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            raise self._error_of(error) from error

    def read_into(self, room: memoryview) -> int:
        """Reads what has come into ``room`` and returns how many bytes; 0 at the end. Does not wait until it is full.

        Raises:
            WebError: as ``read``.
        """
        try:
            return self._body.readinto1(room)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise self._error_of(error) from error

    def _error_of(self, error: Exception) -> WebError:
        found = _error_of(error)
        if found.fault is WebFault.STALLED:
            found.why = Why(Cause.STALLED, self._url)
        return found


class Web:
    """Asks web servers; safe from several threads. Connections are kept for the next file."""

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._connections: dict[str | None, Connections] = {}

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[Response]:
        """Gives the answer to a GET request, whatever its status except a redirect, which is followed.

        Raises:
            WebError: no answer; or it leads to another host, from https to http, or in a circle.
        """
        response = self._ask(url, dict(headers or {}))
        try:
            yield Response(response, url)
        finally:
            with _translated():
                _let_go(response)

    def abort(self) -> None:
        """Ends the waiting of other threads for their answers at once: they get a ``WebError`` or the body's end."""
        for connections in tuple(self._connections.values()):
            connections.cut()

    def close(self) -> None:
        """Closes all kept connections."""
        for connections in self._connections.values():
            connections.pool.clear()
        self._connections.clear()

    def _ask(self, url: str, headers: dict[str, str]) -> BaseHTTPResponse:
        start = urlsplit(url)
        for _hop in range(MOST_REDIRECTS + 1):
            response = self._ask_once(url, headers)
            if response.status not in _REDIRECTS:
                return response
            with _translated():
                url = urljoin(url, response.headers.get("Location", ""))
                _let_go(response)
                _check_redirect(start, urlsplit(url))
        raise WebError(WebFault.REDIRECT, "circle", Why(Cause.SIGN_IN_PAGE, start.geturl()))

    def _ask_once(self, url: str, headers: dict[str, str]) -> BaseHTTPResponse:
        sent = {"User-Agent": f"vitoclient-Services/{__version__}", "Accept-Encoding": "identity", **headers}
        timeout = Timeout(connect=self._patience.connect, read=self._patience.read)
        proxy = proxy_for(url)
        with _translated(url, proxy):
            response = self._pool_for(proxy).request(
                "GET", url, headers=sent, timeout=timeout, retries=False, redirect=False,
                preload_content=False, decode_content=False, enforce_content_length=False,
            )  # fmt: skip
        refused = why_status(response.status, dict(response.headers), url, proxy)
        if refused is not None:
            response.close()
            raise WebError(WebFault.REFUSED, str(response.status), refused)
        return response

    def _pool_for(self, proxy: str | None) -> PoolManager:
        if proxy not in self._connections:
            self._connections[proxy] = Connections(proxy, self._patience.head)
        return self._connections[proxy].pool


def _body_of(response: BaseHTTPResponse) -> Body:
    """Returns the answer itself, below what the library puts around it (decoding, which nobody asks for here)."""
    return cast("Watched", response.connection).body


def _let_go(response: BaseHTTPResponse) -> None:
    """Keeps the connection for the next file only if this answer was as it should be and read to its end."""
    body = _body_of(response)
    if body.is_whole and response.status in (200, 206):
        body.close()
        response.release_conn()
    else:
        response.close()


def _check_redirect(start: SplitResult, target: SplitResult) -> None:
    if target.hostname != start.hostname or target.scheme not in ("http", "https"):
        raise WebError(WebFault.REDIRECT, target.hostname or "?", Why(Cause.SIGN_IN_PAGE, start.geturl()))
    if start.scheme == "https" and target.scheme != "https":
        raise WebError(WebFault.REDIRECT, f"{target.scheme}://{target.hostname}", Why(Cause.SIGN_IN_PAGE, start.geturl()))


@contextmanager
def _translated(url: str = "", proxy: str | None = None) -> Iterator[None]:
    try:
        yield
    except WebError:
        raise
    except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        raise _error_of(error, url, proxy) from error


def _error_of(error: Exception, url: str = "", proxy: str | None = None) -> WebError:
    """Returns what an error means; where an address was asked for, with its cause in words."""
    told = why(error, url, proxy) if url else None
    if isinstance(error, (ReadTimeoutError, TimeoutError)):
        return WebError(WebFault.STALLED, type(error).__name__, told)
    if isinstance(error, (SSLError, ssl.SSLError)):
        return WebError(WebFault.CERTIFICATE, str(error), told)
    if told is not None and not told.cause.passes:
        return WebError(WebFault.REFUSED, type(error).__name__, told)
    return WebError(WebFault.UNREACHABLE, type(error).__name__, told)
