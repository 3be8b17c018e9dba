"""The loopback portal with faults on request, and a record of what it was asked and sent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from tray_agent.demo.portal_server import PortalHandler, PortalServer, Request

PortalFault = Callable[["FaultyPortalHandler", Request], bool]
"""May answer a request itself and return True; False lets the server answer as usual."""


class FaultyPortal(PortalServer):
    """The loopback portal with faults.

    Args:
        folder: with ``metadata`` and ``targets``.
        fault: stands before every answer where given; may be exchanged while it runs.
        piece: how many bytes are sent at once.

    Attributes:
        requests: what was asked.
        sent: by path the ranges of bytes that were handed to the network: first, and behind the last.
    """

    def __init__(self, folder: Path, *, fault: PortalFault | None = None, piece: int = 256 * 1024) -> None:
        super().__init__(folder, FaultyPortalHandler)
        self.fault = fault
        self.piece = piece
        self.requests: list[Request] = []
        self.sent: dict[str, list[tuple[int, int]]] = {}
        self.lock = threading.Lock()

    def bytes_of(self, path: str) -> int:
        """Returns how many bytes of the bodies of a path were sent in all."""
        return sum(stop - start for start, stop in self.sent.get(path, []))


class FaultyPortalHandler(PortalHandler):
    """Answers one connection's requests, unless the fault does."""

    @property
    def portal(self) -> FaultyPortal:
        """The server whose request this is."""
        portal = super().portal
        assert isinstance(portal, FaultyPortal)
        return portal

    def answer(self, request: Request) -> None:
        """Notes the request; the fault may answer it."""
        self._path = request.path
        with self.portal.lock:
            self.portal.requests.append(request)
        fault = self.portal.fault
        if fault is None or not fault(self, request):
            super().answer(request)

    def send_body(self, file: Path, start: int) -> None:
        """Sends a file from one of its bytes, counting what was handed to the network."""
        with file.open("rb") as opened:
            opened.seek(start)
            while piece := opened.read(self.portal.piece):
                self.count(self._path, start, start + len(piece))  # before: who got the last byte may look at the count at once
                self.wfile.write(piece)
                start += len(piece)

    def count(self, path: str, start: int, stop: int) -> None:
        """Notes that these bytes of a path were sent."""
        with self.portal.lock:
            self.portal.sent.setdefault(path, []).append((start, stop))
