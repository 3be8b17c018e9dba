"""How far the transfers are: one observable object for the command line, the dialog and the job's history."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from tray_agent.clock import Clock

RATE_WINDOW = 5.0
"""Seconds over which the rate is averaged."""


@dataclass(frozen=True, slots=True)
class FileProgress:
    """One file on its way.

    Attributes:
        title: element and version, for people.
        done: bytes that are in the partial file.
        total: bytes of the whole file.
    """

    title: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Progress:
    """All files of a run at one moment.

    Attributes:
        files: what is on its way or finished in this run, in the order of their start.
        done, total: bytes over all files.
        rate: bytes a second over the last seconds; 0 where unknown.
        seconds_left: at this rate, or None where unknown.
    """

    files: tuple[FileProgress, ...] = ()
    done: int = 0
    total: int = 0
    rate: float = 0.0
    seconds_left: float | None = None

    @property
    def titles(self) -> str:
        """Returns what is on its way, for people."""
        return ", ".join(file.title for file in self.files if file.done < file.total)


class DownloadProgress:
    """Collects the transfers' counts; safe from any thread. Listeners are called on the thread that reports."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._files: dict[str, FileProgress] = {}
        self._samples: list[tuple[float, int]] = []
        self._fetched = 0
        self._listeners: list[Callable[[], None]] = []

    def begin(self) -> None:
        """Forgets the files of the run before."""
        with self._lock:
            self._files.clear()
            self._samples.clear()
            self._fetched = 0
        self._tell()

    def report(self, title: str, done: int, total: int, fetched: int = 0) -> None:
        """Tells how far one file is; ``fetched`` bytes of it came over the network since the last report."""
        with self._lock:
            self._files[title] = FileProgress(title, done, total)
            self._fetched += fetched
            now = self._clock.monotonic()
            self._samples.append((now, self._fetched))
            while len(self._samples) > 2 and self._samples[0][0] < now - RATE_WINDOW:
                self._samples.pop(0)
        self._tell()

    def drop(self, title: str) -> None:
        """Takes a file out whose transfer was given up."""
        with self._lock:
            self._files.pop(title, None)
        self._tell()

    def snapshot(self) -> Progress:
        """Returns the state of now."""
        with self._lock:
            files = tuple(self._files.values())
            rate = self._rate()
        done, total = sum(file.done for file in files), sum(file.total for file in files)
        left = (total - done) / rate if rate > 0 else None
        return Progress(files, done, total, rate, left)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls ``listener`` after every change; returns what ends that."""
        self._listeners.append(listener)  # without the lock: who is told may ask for a snapshot, which takes it
        return lambda: self._listeners.remove(listener)

    def _rate(self) -> float:
        if len(self._samples) < 2:
            return 0.0
        (first_at, first), (last_at, last) = self._samples[0], self._samples[-1]
        return (last - first) / (last_at - first_at) if last_at > first_at else 0.0

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()
