"""An HTTP server on loopback in a thread of this process, whose end is quick and leaves nothing open."""

from __future__ import annotations

import socket
import sys
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class LoopbackServer(ABC):
    """What the demo's servers have in common: a context manager that starts one and ends it for good."""

    @abstractmethod
    def start(self) -> Self:
        """Begins to answer and returns itself."""

    @abstractmethod
    def stop(self) -> None:
        """Ends; open connections are closed."""

    def close(self) -> None:
        """Ends for good."""
        self.stop()

    def __enter__(self) -> Self:
        """Starts."""
        return self.start()

    def __exit__(self, *_error: object) -> None:
        """Ends for good."""
        self.close()


class LoopbackListener(ThreadingHTTPServer):
    """The socket and its connections.

    Args:
        handler: answers a connection's requests.
        port: 0 lets the system choose.

    Attributes:
        ending: set when the end has begun; who waits with an answer looks at it.
        connections: how many were opened.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self.ending = threading.Event()
        self.connections = 0
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="loopback server", daemon=True)

    def begin(self) -> None:
        """Begins to answer."""
        self._thread.start()

    def end(self, patience: float) -> None:
        """Ends, cuts off what is under way and frees the port; may be called twice.

        Args:
            patience: seconds to wait for the answer of each connection to end.
        """
        self.ending.set()
        if self._thread.is_alive():
            # waits for ever where the server does not run
            self.shutdown()
            self._thread.join()
        with self._lock:
            connections = dict(self._open)
        for connection in connections:
            with suppress(OSError):  # it may have ended by itself
                connection.shutdown(socket.SHUT_RDWR)
        for thread in connections.values():
            thread.join(patience)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class
        """Serves a connection in a thread of its own, and remembers it to cut it off."""
        thread = threading.Thread(target=self._serve, args=(request, client_address), daemon=True)
        with self._lock:
            self._open[request] = thread
            self.connections += 1
        thread.start()

    def _serve(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class
        try:
            self.process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class
        """Says nothing about a client that went away; everything else is a fault of ours and is told."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
