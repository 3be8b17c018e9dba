"""A connection to PostgreSQL that does not wait for ever: libpq itself knows no end for an answer."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg
    from psycopg.abc import RV, PQGen

_STEP = 0.1
"""Seconds after which it is looked whether the end of a wait has come."""


@cache
def connection_class() -> type[psycopg.Connection[Any]]:
    """Returns psycopg's connection with an attribute ``timeout``: seconds for each answer; 0: no end. The driver is loaded only now."""
    import psycopg

    class EndingConnection(psycopg.Connection[Any]):
        timeout: float = 0.0

        def wait(self, gen: PQGen[RV], interval: float = _STEP, timeout: float | None = None) -> RV:
            """Waits for an answer; a connection without one in time is closed, so that nobody takes a late answer for his own."""
            if not self.timeout or timeout is not None:
                return super().wait(gen, interval, timeout)
            return super().wait(_until(self, gen, time.monotonic() + self.timeout), _STEP)

    return EndingConnection


def _until(connection: psycopg.Connection[Any], work: PQGen[RV], end: float) -> PQGen[RV]:
    import psycopg

    try:
        wanted = next(work)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > end:
                connection.pgconn.finish()
                raise psycopg.OperationalError("timeout expired: the server gives no answer")
            wanted = work.send(ready)
    except StopIteration as done:
        value: RV = done.value
        return value
