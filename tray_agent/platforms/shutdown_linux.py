"""The signals that end a program on Linux."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tray_agent.platforms.shutdown import Ending, StopReason

_ENDING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def listening(ending: Ending) -> Iterator[None]:
    """Within the block, SIGTERM and SIGINT ask the program to end; afterwards they do what they did before.

    Raises:
        ValueError: not on the main thread.
    """

    def asked(_number: int, _frame: FrameType | None) -> None:
        ending.ask(StopReason.ASKED)

    before = {number: signal.signal(number, asked) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
