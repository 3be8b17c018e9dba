"""What the engine tells to whoever listens, so that tray and dialogs wait for changes instead of asking again and again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tray_agent.errors import KnownError
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.model import Pause
from tray_agent.protocol.model import Activity, Run, RunTrigger

logger = logging.getLogger(__name__)


class Event:
    """Something that happened in the engine of this process."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A run began in this process."""

    run_id: int
    job: JobKey
    due_at: datetime
    trigger: RunTrigger


@dataclass(frozen=True, slots=True)
class RunProgressed(Event):
    """A run of this process came further; at most about four a second are told."""

    run_id: int
    job: JobKey
    done: int
    total: int | None
    what: str


@dataclass(frozen=True, slots=True)
class RunLogged(Event):
    """A run of this process wrote to the activity log; a dry run only tells what it would write."""

    run_id: int
    job: JobKey
    activities: tuple[Activity, ...]


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """A run of this process ended; ``run`` is its row of the history."""

    run: Run


@dataclass(frozen=True, slots=True)
class RunLost(Event):
    """A run of this process lost its lease (long sleep, database away) and stopped; another computer may have taken it over."""

    run_id: int
    job: JobKey


@dataclass(frozen=True, slots=True)
class TimesSkipped(Event):
    """Planned times were recorded as skipped."""

    job: JobKey
    count: int


@dataclass(frozen=True, slots=True)
class DatabaseAway(Event):
    """The database does not answer any more, or takes no changes; each cause is told once, until ``DatabaseBack``."""

    since: datetime
    error: KnownError


@dataclass(frozen=True, slots=True)
class DatabaseBack(Event):
    """The database answers and takes changes again."""

    away_since: datetime


@dataclass(frozen=True, slots=True)
class PlanChanged(Event):
    """The next planned times are others than before (schedule saved here or elsewhere, a time has passed).

    Attributes:
        next_times: the next planned time of each enabled job: aware, UTC.
    """

    next_times: Mapping[JobKey, datetime]


@dataclass(frozen=True, slots=True)
class PauseChanged(Event):
    """Somebody paused or resumed, here or on another computer; None: nothing is paused."""

    pause: Pause | None


@dataclass(frozen=True, slots=True)
class ConfigurationChanged(Event):
    """What the practice has configured was read, and is other than before: changed here or on another computer."""


@dataclass(frozen=True, slots=True)
class Woke(Event):
    """The computer slept (or its clock was set) between ``since`` and ``until``: aware, UTC."""

    since: datetime
    until: datetime


Listener = Callable[[Event], None]


class Events:
    """Hands events to listeners, in the thread in which they arise; a listener must return soon and touch no window."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls ``listener`` with every event from now on; returns what ends that."""
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return unsubscribe

    def tell(self, event: Event) -> None:
        """Hands an event to all listeners; one that raises is logged and does not disturb the others or the engine."""
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener(event)
            except Exception:
                logger.exception("a listener failed on %s", type(event).__name__)
