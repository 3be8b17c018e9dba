"""A clock that runs faster than the machine's, the same in all processes that are given the same start."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class FastClock:
    """Stands in for ``Clock`` and for the server's clock.

    Attributes:
        begun: the machine's clock at the start.
        start: what this clock showed then.
        speed: how many of its seconds pass in one of the machine's.
        wrong: how much it is fast (a workstation whose clock is wrong).
    """

    begun: datetime
    start: datetime
    speed: float
    wrong: timedelta = timedelta(0)

    def now(self) -> datetime:
        return self.start + (datetime.now(UTC) - self.begun) * self.speed + self.wrong

    def monotonic(self) -> float:
        return time.monotonic() * self.speed

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(max(0.0, seconds) / self.speed)
