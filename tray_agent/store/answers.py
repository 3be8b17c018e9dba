"""A connection to PostgreSQL that does not wait for ever: libpq itself knows no end for an answer."""

from __future__ import annotations

import time
from collections.abc import Generator
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

_STEP = 0.1
"""Seconds after which it is looked whether the end of a wait has come."""


@cache
def connection_class() -> type[psycopg.Connection[Any]]:
    """Returns psycopg's connection with an attribute ``timeout``: seconds for each answer; 0: no end. The driver is loaded only now."""
    import psycopg

    class EndingConnection(psycopg.Connection[Any]):
        timeout: float = 0.0

        def wait(self, gen: Any, interval: float = _STEP, timeout: float | None = None) -> Any:
            """Waits for an answer; a connection without one in time is closed, so that nobody takes a late answer for his own."""
            if not self.timeout or timeout is not None:
                return super().wait(gen, interval, timeout)
            return super().wait(_until(self, gen, time.monotonic() + self.timeout), _STEP)

    return EndingConnection


def _until(connection: psycopg.Connection[Any], work: Generator[Any, Any, Any], end: float) -> Generator[Any, Any, Any]:
    import psycopg

    wanted = next(work, None)
    try:
        wanted = work.send(None) if wanted is None else wanted
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > end:
                connection.pgconn.finish()
                raise psycopg.OperationalError("timeout expired: the server gives no answer")
            wanted = work.send(ready)
    except StopIteration as done:
        return done.value
