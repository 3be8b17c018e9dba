"""What a job is to the engine: a callable with a typed result; what else is to know of it is declared in ``tray_agent.job_kinds``.

Areas (downloads, messages) implement ``JobWork``; ``jobs`` runs it with a claim, a lease, a history row and the
activity log, and knows nothing else of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from tray_agent.job_kinds import JobKey
from tray_agent.jobs.abilities import Lacks, Report
from tray_agent.jobs.owed import Rest, RetryPolicy
from tray_agent.protocol.model import Activity

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from tray_agent.clock import Clock
    from tray_agent.jobs.events import Events
    from tray_agent.schedules.order_check import OrderFinding
    from tray_agent.schedules.quiet_hours import QuietHours
    from tray_agent.schedules.schedule import Schedule
    from tray_agent.store.state import SeenStores


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a run did.

    Attributes:
        counts: what was done, by a stable word: ``{"prepared": 12, "sent": 3, "downloaded": 1}``.
        skipped: what was not done, by reason code: ``{"death_date": 3}``.
        problems: how many things failed that somebody should look at.
        sentence: the run in one sentence that a practice understands.
        rest: what it left undone; None: nothing that another attempt could do.
        makes_due: the jobs whose work this run made due, and from when on (aware): such a job owes an attempt of its last planned
            time; where it sends something to people and has one left today, it waits for that.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    problems: int = 0
    sentence: str = ""
    rest: Rest | None = None
    makes_due: Mapping[JobKey, datetime] = field(default_factory=dict)


class RunCancelledError(Exception):
    """The run was asked to stop (quit, pause, by hand) and reached a safe point. Not an error."""


class LeaseLostError(Exception):
    """Another workstation took the run over, or the lease ran out: this process must stop at once, changing nothing."""


class JobContext(Protocol):
    """What a running job is given."""

    run_id: int
    """The run's row in the history."""

    job: JobKey
    """The job that runs."""

    due_at: datetime
    """The planned time: aware, UTC, whole seconds."""

    by_hand: bool
    """Whether a person began the run and waits for its result; else it was planned, or is caught up."""

    dry_run: bool
    """Whether the job must only tell what it would do, and change nothing."""

    attempt: int
    """Which attempt of the planned time it is, from 1 on: what an earlier one told need not be told again."""

    token: int
    """The fence: grows with every takeover of this job by whoever."""

    def checkpoint(self) -> None:
        """Marks a safe point; cheap, to be called often.

        Raises:
            RunCancelledError: the run shall end here.
            LeaseLostError: the lease is known to be lost.
        """
        ...

    def fence(self, connection: Connection) -> None:
        """Renews the lease within the caller's transaction: only who still holds it may commit what follows.

        Raises:
            LeaseLostError: the lease is another's; the transaction must be rolled back.
        """
        ...

    def log(self, *activities: Activity, connection: Connection | None = None) -> None:
        """Writes to the activity log, within the caller's transaction where one is given."""
        ...

    def progress(self, done: int, total: int | None, what: str = "") -> None:
        """Tells how far the run is; ``what`` is a short text for people. Cheap; may be called for every item."""
        ...


JobWork = Callable[[JobContext], JobResult]
"""Does the job's work and returns what it did; a ``KnownError`` ends the run as failed with that error's words."""


JobWorks = Mapping[JobKey, JobWork]
"""The work of the jobs that this program offers."""


@dataclass(frozen=True)
class Surroundings:
    """What the engine of jobs is given.

    Attributes:
        workstation: this computer's name in the history.
        zone_now: gives the practice's time zone as it is configured now.
        clock: this computer's clock.
        events: where everything is told.
        works: the work of the jobs that this program offers; asked at every look.
        switched_on: whether a switch that turns a job on stands on Ja now.
        quiet: the quiet hours as the switches say now.
        keep_days: how many days the logs are kept, as the switch says now.
        retries: how what is owed is tried again.
        gaps: tells what a set of schedules leaves out that no order of times shows (days on which nobody is reminded).
        seen: how far this computer saw its store; None: that is noted nowhere.
        lacks: what this workstation lacks for a job, as it was looked at within the last minute.
        forget_lacks: has what it lacks looked at anew.
        report: what this agent tells the others of itself.
        look_at_configuration: has the practice's configuration read anew.
    """

    workstation: str
    zone_now: Callable[[], ZoneInfo]
    clock: Clock
    events: Events
    works: Callable[[], JobWorks]
    switched_on: Callable[[JobKey], bool]
    quiet: Callable[[], QuietHours]
    keep_days: Callable[[], int]
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    gaps: Callable[[Mapping[JobKey, Schedule]], Sequence[OrderFinding]] = lambda _schedules: ()
    seen: SeenStores | None = None
    lacks: Callable[[JobKey], Lacks] = lambda _job: ()
    forget_lacks: Callable[[], None] = lambda: None
    report: Callable[[], Report] = Report
    look_at_configuration: Callable[[], None] = lambda: None

    @property
    def zone(self) -> ZoneInfo:
        """The practice's time zone as it is configured now."""
        return self.zone_now()
