"""A web server for a portal's repository on loopback: Range, If-Range, ETag."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from tray_agent.demo.loopback import LoopbackListener, LoopbackServer

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the server saw it.

    Attributes:
        path: decoded, without the query.
        start: the first byte asked for; 0 without a Range.
        headers: as sent, the names in lower case.
    """

    path: str
    start: int
    headers: dict[str, str]


class PortalServer(LoopbackServer):
    """Serves a folder on 127.0.0.1, on a port that the system chooses; a context manager.

    Args:
        folder: with ``metadata`` and ``targets``.
        handler: what answers a connection's requests.
    """

    def __init__(self, folder: Path, handler: type[PortalHandler] | None = None) -> None:
        self.folder = folder
        self._http = _PortalListener(handler or PortalHandler)
        self._http.portal = self

    @property
    def address(self) -> str:
        """Returns the portal's address."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> Self:
        """Begins to serve."""
        self._http.begin()
        return self

    def stop(self) -> None:
        """Ends serving, cuts off answers under way and kept connections, and frees the port; may be called twice."""
        self._http.end(patience=0)


class _PortalListener(LoopbackListener):
    portal: PortalServer


class PortalHandler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    protocol_version = "HTTP/1.1"
    server: _PortalListener
    timeout = 60
    disable_nagle_algorithm = True  # head and body are two writes: the second must not wait for the first one's receipt

    @property
    def portal(self) -> PortalServer:
        """The server whose request this is."""
        return self.server.portal

    def do_GET(self) -> None:
        """Answers with the file, or the part of it that is asked for."""
        self.answer(self._read_request())

    def answer(self, request: Request) -> None:
        """Answers a request."""
        file = self.file_of(request.path)
        if file is None:
            self.refuse(404)
        else:
            self.send_file(file, request)

    def file_of(self, path: str) -> Path | None:
        """Returns the file of a path, or None where there is none below the served folder."""
        file = (self.portal.folder / path.lstrip("/")).resolve()
        inside = file.is_relative_to(self.portal.folder.resolve())
        return file if inside and file.is_file() else None

    def send_file(self, file: Path, request: Request) -> None:
        """Sends a file from the byte asked for; the whole of it where ``If-Range`` names another state of it."""
        size, tag = file.stat().st_size, etag_of(file)
        start = request.start if request.headers.get("if-range", tag) == tag else 0
        if start and start >= size:
            self.refuse(416, {"Content-Range": f"bytes */{size}"})
            return
        headers = {"ETag": tag, "Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        self.send_head(206 if start else 200, size - start, headers)
        self.send_body(file, start)

    def send_head(self, status: int, length: int | None, headers: dict[str, str] | None = None) -> None:
        """Sends status and headers; without a length the connection's end is the body's end."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if length is None:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def send_body(self, file: Path, start: int) -> None:
        """Sends a file from one of its bytes to its end."""
        with file.open("rb") as opened:
            opened.seek(start)
            shutil.copyfileobj(opened, self.wfile)

    def refuse(self, status: int, headers: dict[str, str] | None = None) -> None:
        """Sends a status without a body."""
        self.send_head(status, 0, headers)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Says nothing on the console."""

    def _read_request(self) -> Request:
        headers = {name.lower(): value for name, value in self.headers.items()}
        match = _RANGE.fullmatch(headers.get("range", ""))
        return Request(unquote(urlsplit(self.path).path), int(match[1]) if match else 0, headers)


def etag_of(file: Path) -> str:
    """Returns a strong validator that changes with the file."""
    state = file.stat()
    return '"' + hashlib.sha256(f"{file.name} {state.st_size} {state.st_mtime_ns}".encode()).hexdigest()[:20] + '"'
