"""Ending in time: Ctrl-C, a stop signal, log-off and shutdown, for the program without a window.

Windows gives a program 5 s between "the session ends" and its end by force, Linux usually 90 s. What is not finished
then (a message on its way) is settled at the next start from what is in the database; nothing is lost, but ending in
order is quicker.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from types import FrameType

SECONDS_TO_END = 4.5
"""How long Windows' question "may the session end" is kept waiting for our end, below the 5 s it allows."""


class StopReason(StrEnum):
    """Why the program ends."""

    ASKED = "asked"
    """A person or the system's service control asked (Ctrl-C, SIGTERM, service stop)."""

    CONSOLE_CLOSED = "console_closed"
    LOGOFF = "logoff"
    SHUTDOWN = "shutdown"


class ProgramEnd:
    """What the running program and those who end it share. All methods may be called from any thread."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        """Set when the program is to end; it waits for this."""

        self.finished = threading.Event()
        """Set when the program has ended its work; the system is kept waiting for this, ``SECONDS_TO_END`` at the most."""

        self.reason: StopReason | None = None
        """Why, once ``stop`` is set; the first reason counts."""

    def ask(self, reason: StopReason) -> None:
        """Asks the program to end; asking twice changes nothing."""
        if self.reason is None:
            self.reason = reason
        self.stop.set()

    def ask_and_wait(self, reason: StopReason, seconds: float = SECONDS_TO_END) -> bool:
        """Asks the program to end and waits for it; returns whether it did."""
        self.ask(reason)
        return self.finished.wait(seconds)


@contextmanager
def listening(end: ProgramEnd) -> Iterator[None]:
    """Within the block, SIGTERM and SIGINT ask the program to end; afterwards they do what they did before. For Linux.

    Raises:
        ValueError: not on the main thread.
    """

    def asked(_number: int, _frame: FrameType | None) -> None:
        end.ask(StopReason.ASKED)

    before = {number: signal.signal(number, asked) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
