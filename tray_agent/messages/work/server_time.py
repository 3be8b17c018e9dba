"""The database server's clock for a run that looks at it hundreds of times a second."""

from __future__ import annotations

from datetime import datetime, timedelta

from tray_agent.messages.work.parts import MessageParts

READ_AGAIN = 5.0
"""Seconds after which the database's clock is read again; in between the machine's monotonic clock is believed."""


class ServerTime:
    """The time of the database server: all workstations have the same, and none of them may be wrong.

    Attributes:
        now: aware, UTC; as of the last ``read`` or ``guess``.
    """

    def __init__(self, parts: MessageParts) -> None:
        self._parts = parts
        self._read_at = 0.0
        self.now = self.read()

    def read(self) -> datetime:
        """Asks the database and returns the time."""
        with self._parts.database.read() as connection:
            self.now = self._parts.database.now(connection)
        self._read_at = self._last_guess = self._parts.clock.monotonic()
        return self.now

    def guess(self) -> datetime:
        """Returns the time as the last answer and the monotonic clock tell it; asks again now and then."""
        monotonic = self._parts.clock.monotonic()
        if monotonic - self._read_at > READ_AGAIN:
            return self.read()
        self.now += timedelta(seconds=monotonic - self._last_guess)
        self._last_guess = monotonic
        return self.now
