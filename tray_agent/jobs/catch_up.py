"""What is to happen with the planned times of a job that have no row yet: pure rules, values in, values out.

Only the latest one is ever run; the earlier ones are recorded as skipped, each with its reason. The latest one waits as
long as something holds it back (pause, a run that goes on, the window, quiet hours, a job that belongs before it); if the
next planned time comes first, it is skipped in its turn. Source: domain, section 3; decision record 0005.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import Enum, auto

from tray_agent.job_kinds import JobKey, job_kind
from tray_agent.jobs.model import Pause, PauseScope
from tray_agent.jobs.owed import OWED_UNTIL_ON, Owed, has_time_left, is_same_day
from tray_agent.jobs.plan import PlannedJob
from tray_agent.protocol.model import RunReason, RunTrigger
from tray_agent.schedules.codes import Subday
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.schedules.schedule import Schedule
from tray_agent.schedules.wall_clock import first_instant

PUNCTUAL = timedelta(minutes=2)
"""A run that begins at most so long after its planned time counts as on time; a later one is a catch-up."""

MOST_COMPUTERS = 3
"""How many computers begin a run at the most; one that brings down every computer that takes it over must end."""


@dataclass(frozen=True, slots=True)
class Before:
    """A job that belongs before another and has a run that goes on or is due.

    Attributes:
        job: which.
        since: since when its run goes on: aware, UTC; None: it is about to begin.
    """

    job: JobKey
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlannedTimeFacts:
    """What decides about the planned times of one job.

    Attributes:
        now: the server's clock: aware, UTC.
        zone: the practice's time zone.
        pauses: those in force and those that ended, the latest last.
        quiet: the quiet hours; None for a job that sends nothing to people.
        switched_on: whether the job's switch stands on Ja.
        running_since: since when a run of this job goes on anywhere, or None.
        after: a job that belongs before this one and has a run that goes on or is due, or None.
        away: when this agent could not reach the database: from, until; or None.
    """

    now: datetime
    zone: tzinfo
    pauses: Sequence[Pause] = ()
    quiet: QuietHours | None = None
    switched_on: bool = True
    running_since: datetime | None = None
    after: Before | None = None
    away: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """What holds a run back.

    Attributes:
        reason: what it is.
        until: when to look again at the latest: aware, UTC; None: when something changes.
    """

    reason: RunReason
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to happen with the planned times of one job.

    Attributes:
        skips: planned times to be recorded as skipped, the earliest first, with the reason.
        run: the planned time to be run now, or None.
        trigger: why, where there is one to be run; ``RETRY``: it is owed.
        wait: what holds the latest one back, or None.
    """

    skips: tuple[tuple[datetime, RunReason], ...] = ()
    run: datetime | None = None
    trigger: RunTrigger = RunTrigger.SCHEDULE
    wait: Wait | None = None


def decide(schedule: Schedule, unsettled: Sequence[datetime], facts: PlannedTimeFacts) -> Decision:
    """Returns what is to happen with the planned times that have no row yet.

    Args:
        schedule: the job's schedule.
        unsettled: the planned times without a row up to ``facts.now``, the earliest first: aware, UTC.
        facts: what decides about them.
    """
    if not unsettled:
        return Decision()
    # One run is enough for many missed times: a preparing run looks at what is coming, a sending one at all that is due.
    *earlier, latest = unsettled
    skips = tuple((due_at, _reason_missed(due_at, facts, schedule)) for due_at in earlier)
    pause = _pause_at(facts.now, facts)
    if not facts.switched_on and pause is None:  # in a pause it waits, and the switch may be on again when that ends
        return Decision((*skips, (latest, RunReason.SWITCH_OFF)))
    punctual = facts.now - latest <= PUNCTUAL
    wait = held_back(schedule, facts, punctual=punctual)
    if wait is not None:
        return Decision(skips, wait=wait)
    return Decision(skips, latest, RunTrigger.SCHEDULE if punctual else RunTrigger.CATCH_UP)


def held_back(schedule: Schedule, facts: PlannedTimeFacts, *, punctual: bool) -> Wait | None:
    """Returns what holds a run of this job back now, or None where it may begin.

    The order of a day holds for every run. A punctual one was planned for this very time by the practice: window and quiet
    hours do not hold it back (what may not go out in quiet hours is kept back message by message); a catch-up waits for both.
    """
    pause = _pause_at(facts.now, facts)
    if pause is not None:
        return Wait(RunReason.PAUSED, pause.until)
    if facts.running_since is not None:
        return Wait(RunReason.STILL_RUNNING)
    if facts.after is not None:
        return Wait(RunReason.OTHER_FIRST)
    if punctual:
        return None
    opens = _window_opens(schedule, facts.now, facts.zone)
    if opens is not None:
        return Wait(RunReason.OUTSIDE_WINDOW, opens)
    if facts.quiet is not None and facts.quiet.is_quiet(facts.now.astimezone(facts.zone)):
        return Wait(RunReason.QUIET_HOURS, facts.quiet.next_allowed(facts.now, facts.zone))
    return None


class Fate(Enum):
    """What becomes of a run whose computer vanished or gave it back."""

    GOES_ON = auto()
    ENDS = auto()
    ENDS_OWED = auto()
    """It ends, and what it left undone is tried again."""


def fate_of(
    schedule: Schedule, facts: PlannedTimeFacts, takeovers: int, *, by_hand: bool, unsettled: Sequence[datetime], given_back: bool = False
) -> Fate | Wait:  # fmt: skip
    """Returns what becomes of a run whose computer vanished or gave it back: it goes on here, waits until it may, or ends.

    Args:
        schedule: the job's schedule.
        facts: what decides; ``running_since`` is the vanished run itself and does not count.
        takeovers: how often another computer went on with it already.
        by_hand: whether it was begun by hand; then it does not go on: somebody waits before a screen that is gone.
        unsettled: later planned times without a row; the latest of them stands for it.
        given_back: whether its program gave it back: however often that happened, it brought no computer down.
    """
    if unsettled:
        return Fate.ENDS
    if takeovers + 1 >= MOST_COMPUTERS:
        return Fate.ENDS_OWED if given_back else Fate.ENDS
    if by_hand or not facts.switched_on:
        return Fate.ENDS_OWED
    # What belongs before it was waited for when it began; waiting again would leave half of its work undone.
    return held_back(schedule, replace(without_run(facts), after=None), punctual=False) or Fate.GOES_ON


def is_on_again(planned: PlannedJob, owed: Owed, facts: PlannedTimeFacts) -> bool:
    """Returns whether a job that owes what a switch or a saved schedule kept back is on again, on the same day, and is tried for it."""
    on = planned.schedule.enabled and facts.switched_on
    if not on or owed.next_at is not None or owed.reason not in OWED_UNTIL_ON or not is_same_day(owed.since, facts.now, facts.zone):
        return False
    # What sends something to people waits for a planned time that is left today: nothing is to be noted at each look until then.
    return not (job_kind(planned.key).wakes_people and has_time_left(planned.schedule, facts.zone, facts.now))


def decide_owed(planned: PlannedJob, owed: Owed, facts: PlannedTimeFacts) -> Decision:
    """Returns what is to happen with what is owed of a planned time, where no later one has come.

    Args:
        planned: the job.
        owed: what it owes.
        facts: what decides.
    """
    if not planned.schedule.enabled or not facts.switched_on or owed.next_at is None:
        return Decision()
    if owed.next_at > facts.now:
        return Decision(wait=Wait(RunReason.NOT_YET, owed.next_at))
    wait = held_back(planned.schedule, facts, punctual=False)
    return Decision(wait=wait) if wait else Decision(run=owed.due_at, trigger=RunTrigger.RETRY)


def _pause_at(instant: datetime, facts: PlannedTimeFacts) -> Pause | None:
    for pause in facts.pauses:
        # Quiet hours are given for the jobs that send something, and these are the ones that a pause of sending holds back.
        concerned = pause.scope is PauseScope.EVERYTHING or facts.quiet is not None
        if concerned and pause.since <= instant and (pause.until is None or instant < pause.until):
            return pause
    return None


def _reason_missed(due_at: datetime, facts: PlannedTimeFacts, schedule: Schedule) -> RunReason:
    """Returns why an earlier planned time was not run."""
    if _pause_at(due_at, facts) is not None:
        return RunReason.PAUSED
    if facts.running_since is not None and facts.running_since <= due_at:
        return RunReason.STILL_RUNNING
    if facts.after is not None and facts.after.since is not None and facts.after.since <= due_at:
        return RunReason.OTHER_FIRST
    if facts.away is not None and facts.away[0] <= due_at <= facts.away[1]:
        return RunReason.DATABASE_AWAY
    return RunReason.MISSED


def _window_opens(schedule: Schedule, now: datetime, zone: tzinfo) -> datetime | None:
    """Returns when the window of the day opens next, or None where it is open or there is none."""
    if schedule.subday is Subday.AT_TIME:
        return None
    local = now.astimezone(zone)
    start, end = schedule.start_time, schedule.end_time
    at = local.time().replace(tzinfo=None, fold=0)
    is_open = start <= at <= end if start < end else at >= start or at <= end
    if is_open:
        return None
    day = local.date() if at < start else local.date() + timedelta(days=1)
    return first_instant(datetime.combine(day, start), zone)


def without_run(facts: PlannedTimeFacts) -> PlannedTimeFacts:
    """Returns the circumstances once the run that goes on is ended."""
    return replace(facts, running_since=None)
