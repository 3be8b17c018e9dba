"""When a job runs next by what is planned, whatever holds it back considered: pure rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from tray_agent.job_kinds import JobKey, jobs_before
from tray_agent.jobs.catch_up import PlannedTimeFacts, held_back
from tray_agent.jobs.owed import Owed, Trouble
from tray_agent.jobs.plan import Plan, PlannedJob
from tray_agent.protocol.model import RunReason, RunTrigger
from tray_agent.schedules.planned_times import next_after
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.schedules.schedule import Schedule

_MOST_WAITS = 20
"""A pause ends in the night, the night on a Sunday …: more things in a row hold nothing back."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to be expected of a job.

    Attributes:
        at: when it runs next (aware); None: not by itself (not enabled, switched off, paused until somebody resumes).
        held_up: whether something has been in its way for a while, so that its next attempt may bring nothing.
    """

    at: datetime | None = None
    held_up: bool = False


def outlook_of(plan: Plan, key: JobKey, zone: tzinfo, quiet: QuietHours | None) -> Outlook:
    """Returns when a job that is switched on runs next: its next planned time, the next attempt of what it owes, or a run that goes on.

    Args:
        plan: as it is now. A planned time that has come and has no run yet is due now.
        key: which job.
        zone: the practice's time zone.
        quiet: the quiet hours; None for a job that sends nothing to people.
    """
    planned = plan.jobs[key]
    if not planned.schedule.enabled or planned.mistake:
        return Outlook()
    held_up = planned.owed is not None and planned.owed.trouble is Trouble.TOLD
    facts = PlannedTimeFacts(plan.now, zone, plan.pauses, quiet)
    if any(_runs(plan.jobs[one]) for one in (*jobs_before(key), key)):  # what belongs before it makes it due when it ends
        return Outlook(_free_from(planned.schedule, plan.now, facts), held_up)
    goes_on = plan.now if _was_interrupted(planned) else None
    # When a workstation comes that can do it, nobody knows.
    attempt = planned.owed.next_at if planned.owed and planned.owed.reason != RunReason.NOT_ABLE else None
    begins = (next_after(planned.schedule, zone, planned.settled_until), attempt, goes_on)
    times = (_free_from(planned.schedule, max(begin, plan.now), facts) for begin in begins if begin)
    return Outlook(min((at for at in times if at), default=None), held_up)


def as_expected(plan: Plan, key: JobKey, zone: tzinfo, quiet: QuietHours | None) -> Owed | None:
    """Returns what a job that is enabled owes, its next attempt as late as what holds it back: a pause, the night, its window.

    Until somebody resumes nobody knows when that is: the attempt is then told without its time. Arguments as of ``outlook_of``.
    """
    planned = plan.jobs[key]
    owed = planned.owed if planned.schedule.enabled else None
    if owed is None or owed.next_at is None:
        return owed
    at = _free_from(planned.schedule, max(owed.next_at, plan.now), PlannedTimeFacts(plan.now, zone, plan.pauses, quiet))
    return replace(owed, next_at=max(owed.next_at, at) if at and at > plan.now else min(owed.next_at, plan.now))


def _runs(planned: PlannedJob) -> bool:
    return planned.holder is not None and not planned.holder.expired


def _was_interrupted(planned: PlannedJob) -> bool:
    """Returns whether a run was given back or lost in the middle, which goes on as soon as it may; one by hand does not."""
    holder = planned.holder
    return holder is not None and holder.expired and holder.trigger is not RunTrigger.BY_HAND


def _free_from(schedule: Schedule, at: datetime, facts: PlannedTimeFacts) -> datetime | None:
    """Returns the first instant from ``at`` on at which nothing holds the job back any more; None: that is not known."""
    for _wait in range(_MOST_WAITS):
        wait = held_back(schedule, replace(facts, now=at), punctual=False)
        if wait is None:
            return at
        if wait.until is None:
            return None
        at = wait.until
    return at
