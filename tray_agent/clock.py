"""The clock, injected wherever time matters."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the engine asks for the time; never ``datetime.now`` elsewhere."""

    def now(self) -> datetime:
        """Returns the present instant: aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Returns seconds of a clock that never steps back; only differences mean something."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Waits until ``event`` is set, ``seconds`` at the most; returns whether it is set."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Returns the present instant: aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Returns seconds of a clock that never steps back."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Waits until ``event`` is set, ``seconds`` at the most; returns whether it is set."""
        return event.wait(max(0.0, seconds))


class ShiftedClock:
    """Runs as fast as another clock, at a constant distance: the demo's day, whenever it is tried.

    Args:
        clock: the clock it follows.
        shift: what is added to its time.
    """

    def __init__(self, clock: Clock, shift: timedelta) -> None:
        self._clock = clock
        self._shift = shift

    def now(self) -> datetime:
        """Returns the shifted instant: aware, UTC."""
        return self._clock.now() + self._shift

    def monotonic(self) -> float:
        """Returns seconds of a clock that never steps back."""
        return self._clock.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Waits until ``event`` is set, ``seconds`` at the most; returns whether it is set."""
        return self._clock.wait(event, seconds)


class ManualClock:
    """A clock that stands until it is told to move: the test double of ``Clock``. Waiting moves it at once."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._elapsed = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Returns the instant the clock stands at: aware, UTC."""
        return self._now

    def monotonic(self) -> float:
        """Returns the seconds the clock was moved so far; setting the clock does not count."""
        return self._elapsed

    def advance(self, duration: timedelta) -> None:
        """Moves the clock forward by ``duration``."""
        with self._lock:
            self._now += duration
            self._elapsed += duration.total_seconds()

    def set(self, instant: datetime) -> None:
        """Sets the wall clock, forward or back, as an administrator would; the monotonic clock stands."""
        self._now = instant.astimezone(UTC)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Moves the clock by ``seconds`` unless ``event`` is set; returns whether it is set."""
        if not event.is_set():
            self.advance(timedelta(seconds=max(0.0, seconds)))
        return event.is_set()
