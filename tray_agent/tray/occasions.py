"""Occasions: when a person comes to the workstation, so that notices make sense (seed: start and user switch).

Three small sources feed them: the program's own start (autostart at login), the list of processes (the practice
software starts) and the session's events (another person's session was in front, then ours again).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import PureWindowsPath
from typing import Protocol


class Occasion(StrEnum):
    """Why notices are shown now."""

    LOGIN = "login"
    PRACTICE_STARTED = "practice_started"
    USER_SWITCH = "user_switch"
    TROUBLE = "trouble"
    """Trouble of a job lasted, or was over; or something is to be decided."""


class SessionEvent(StrEnum):
    """What happened to this user's session."""

    LOCKED = "locked"
    UNLOCKED = "unlocked"
    LEFT = "left"
    """Another person's session came to the front (fast user switch, remote session taken away)."""

    BACK = "back"
    """This session came to the front again."""

    SLEEPING = "sleeping"
    WOKE = "woke"
    ENDING = "ending"
    """The person logs off or the machine goes down: quit at once."""


OnSessionEvent = Callable[[SessionEvent], None]


class SessionEvents(Protocol):
    """A source of session events: logind on Linux, WTS on Windows."""

    def start(self, on_event: OnSessionEvent) -> None:
        """Begins to tell; ``on_event`` may be called from any thread. Where the system has no such events, nothing comes.

        Must not raise for what may come later (early at boot the system's service may not answer yet): it tries again.
        """
        ...

    def stop(self) -> None:
        """Ends telling; may be called twice, and without ``start``."""
        ...


class UserSwitch:
    """Tells from session events when a person comes back after another one.

    A lock and unlock by the same person is no occasion. After another person's session was in front, the occasion is
    when ours is in front **and** unlocked: before that nobody sees the notice.
    """

    def __init__(self) -> None:
        self._away = False
        self._was_away = False
        self._locked = False

    def happened(self, event: SessionEvent) -> Occasion | None:
        """Takes an event; returns the occasion that it makes, or None."""
        match event:
            case SessionEvent.LOCKED:
                self._locked = True
            case SessionEvent.UNLOCKED:
                self._locked = False
            case SessionEvent.LEFT:
                self._away = self._was_away = True
            case SessionEvent.BACK:
                self._away = False
            case _:
                return None
        if self._was_away and not self._away and not self._locked:
            self._was_away = False
            return Occasion.USER_SWITCH
        return None


class SystemProcesses:
    """The list of processes as psutil sees it."""

    def pids(self) -> frozenset[int]:
        """Returns the numbers of all processes; cheap."""
        import psutil

        return frozenset(psutil.pids())

    def describe(self, pid: int) -> tuple[str, float] | None:
        """Returns a process's program name and start time (seconds since 1970), or None where it is gone or not ours to see."""
        import psutil

        try:
            process = psutil.Process(pid)
            return process.name(), process.create_time()
        except (psutil.Error, OSError):  # Windows may answer with a plain error for a process that has just ended
            return None


class PracticeStart:
    """Notices that the practice software was started; looks only at new processes, at each twice.

    Twice, because a process may be seen between its birth and the loading of its program.

    Args:
        processes: the list of processes.
        program: gives the practice software (``vitomed.exe``; "": none): letter case, a folder before the name and ``.exe`` do not matter.
    """

    def __init__(self, processes: SystemProcesses, program: Callable[[], str]) -> None:
        self._processes = processes
        self._program = program
        self._known = processes.pids()
        self._young: frozenset[int] = frozenset()
        self._seen: set[tuple[int, float]] = set()

    def look(self) -> bool:
        """Returns whether the practice software was started since the last look. What ran before the first look is no start."""
        pids = self._processes.pids()
        new = pids - self._known
        candidates = new | (self._young & pids)
        self._known, self._young = pids, new
        program, started = _plain_name(self._program()), False
        for pid in candidates:
            described = self._processes.describe(pid)
            if described and _plain_name(described[0]) == program and (pid, described[1]) not in self._seen:
                self._seen.add((pid, described[1]))
                started = True
        self._seen = {key for key in self._seen if key[0] in pids}
        return started


def runs(processes: SystemProcesses, program: str) -> bool:
    """Returns whether a program runs now; it is known as ``PracticeStart`` knows it."""
    described = (processes.describe(pid) for pid in processes.pids())
    return any(found is not None and _plain_name(found[0]) == _plain_name(program) for found in described)


def _plain_name(program: str) -> str:
    """Returns what tells two programs apart, whether a person or the system wrote it."""
    return PureWindowsPath(program.strip().strip('"')).name.casefold().removesuffix(".exe")
