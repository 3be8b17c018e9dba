"""Who brings files in this process now."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turn:
    """Whose turn it is to bring files in this process: a run of the job and a person go before the regular look, which makes room."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = threading.Event()

    @property
    def is_asked_for(self) -> bool:
        """Returns whether who goes before waits for its turn."""
        return self._asked.is_set()

    @contextmanager
    def taken(self, seconds: float = -1) -> Iterator[bool]:
        """Waits for the turn, and gives whether it was had within so many seconds; -1: however long it takes."""
        self._asked.set()
        with self._holding(had=self._lock.acquire(timeout=seconds)) as had:
            self._asked.clear()
            yield had

    @contextmanager
    def if_free(self) -> Iterator[bool]:
        """Gives whether it is nobody else's turn now."""
        with self._holding(had=self._lock.acquire(blocking=False)) as had:
            yield had

    @contextmanager
    def _holding(self, *, had: bool) -> Iterator[bool]:
        try:
            yield had
        finally:
            if had:
                self._lock.release()
