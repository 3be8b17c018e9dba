"""The limit of the transfer rate: shared by all files on their way, in force in office hours."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import time
from zoneinfo import ZoneInfo

from tray_agent.clock import Clock

OFFICE_FROM = time(7, 0)
OFFICE_UNTIL = time(19, 0)

WAIT = 0.25
"""Seconds that a transfer waits at once: a server that can send nothing for long cuts the connection."""

_LEAST = 1024
"""Bytes that are read at once at the least, however low the limit."""


class RateLimit:
    """Makes transfers wait so that together they stay below a rate.

    Args:
        clock: the clock.
        bytes_per_second: the limit of now, or None for none; asked for every piece.
    """

    def __init__(self, clock: Clock, bytes_per_second: Callable[[], float | None] = lambda: None) -> None:
        self._clock = clock
        self._limit = bytes_per_second
        self._lock = threading.Lock()
        self._free_at = 0.0

    def piece(self, most: int) -> int:
        """Returns how many bytes to read at once, ``most`` at the most: less where a limit would make the wait after them long."""
        limit = self._limit()
        return most if not limit else min(most, max(_LEAST, int(limit * WAIT)))

    def take(self, count: int, cancelled: threading.Event) -> None:
        """Waits as long as ``count`` more bytes ask for; shorter when ``cancelled`` is set."""
        limit = self._limit()
        if not limit:
            return
        with self._lock:
            now = self._clock.monotonic()
            self._free_at = max(self._free_at, now) + count / limit  # a pause earns no credit: no burst follows a silence
            pause = self._free_at - now
        self._clock.wait(cancelled, pause)


def office_rate(clock: Clock, zone: ZoneInfo, kilobytes: int) -> float | None:
    """Returns the limit of now in bytes a second: ``kilobytes`` × 1000 between 07.00 and 19.00 in the practice, else None.

    Args:
        clock: the clock.
        zone: the practice's time zone.
        kilobytes: the switch ``BandbreiteBürozeit``; 0 means no limit.
    """
    local = clock.now().astimezone(zone).time()
    return kilobytes * 1000.0 if kilobytes and OFFICE_FROM <= local < OFFICE_UNTIL else None
