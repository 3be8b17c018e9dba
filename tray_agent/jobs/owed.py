"""What is owed of a planned time whose work is not done, and when its next attempt begins: pure rules (decision record 0018)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import IntEnum

from tray_agent.i18n import ngettext
from tray_agent.protocol.model import RunReason
from tray_agent.schedules.planned_times import next_after, previous_at_or_before
from tray_agent.schedules.schedule import Schedule


class Trouble(IntEnum):
    """Whether something is in the way of what is owed, and whether the practice was told."""

    NONE = 0
    UNTOLD = 1
    TOLD = 2


OWED_UNTIL_ON = (RunReason.SWITCH_OFF, RunReason.SCHEDULE_CHANGED)
"""Reasons for which nothing was tried: as soon as the job is on again, it is."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What a run left undone of its planned time, so that another attempt is owed (decision record 0018).

    Attributes:
        reason: why, a stable word.
        number: how many things are left; 0 where that is not known.
        at_risk: how many patients it comes too late for, if the plan is all that happens.
        not_before: when another attempt is of use at the earliest (aware); None: after the pause that the engine makes.
        after_change: that an attempt is of no use, or does harm, before something changed (a password was refused); ``not_before`` is
            then the one time at which it is tried all the same, None: not by itself.
        progressed: whether the run got on with its work, so that the pauses begin anew.
        ordinary: whether all is as it should be and only time has to pass (deliveries that are still on their way).
        untried: whether nothing was tried that could have told whether trouble of before is over (quiet hours, a pause): then it goes on.
    """

    reason: str
    number: int = 0
    at_risk: int = 0
    not_before: datetime | None = None
    after_change: bool = False
    progressed: bool = False
    ordinary: bool = False
    untried: bool = False


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How what is owed is tried again: one policy for all jobs; tests and trials shorten it.

    Attributes:
        first: the pause after the first attempt, doubled after each further one that brought nothing.
        longest: the longest pause.
        told_after: trouble that has lasted so long before the next attempt comes is told to the practice.
    """

    first: timedelta = timedelta(minutes=2)
    longest: timedelta = timedelta(minutes=15)
    told_after: timedelta = timedelta(minutes=15)

    def pause(self, in_vain: int) -> timedelta:
        """Returns the pause after so many attempts, one after the other, that brought nothing."""
        return min(self.first * float(2 ** min(max(in_vain - 1, 0), 10)), self.longest)

    def in_words(self) -> str:
        """Returns the policy as a sentence for people."""
        first, longest = (max(1, round(pause.total_seconds() / 60)) for pause in (self.first, self.longest))
        text = ngettext(
            "Was nicht fertig wird, wird nach {first} Minute wieder versucht, dann in wachsenden Abständen bis alle {longest} Minuten, "
            "bis alles erledigt ist oder die nächste geplante Zeit kommt.",
            "Was nicht fertig wird, wird nach {first} Minuten wieder versucht, dann in wachsenden Abständen bis alle {longest} Minuten, "
            "bis alles erledigt ist oder die nächste geplante Zeit kommt.",
            first,
        )
        return text.format(first=first, longest=longest)


@dataclass(frozen=True, slots=True)
class Owed:
    """A planned time whose work is not done. All instants are aware, UTC.

    Attributes:
        due_at: the planned time.
        next_at: when the next attempt may begin; None: after something changed.
        reason: why it is owed, a stable word.
        since: since when.
        in_vain: attempts one after the other that brought nothing.
        trouble: whether something is in the way.
        attempts: how often it was tried, where that was read; its skipped row counts, too.
    """

    due_at: datetime
    next_at: datetime | None
    reason: str
    since: datetime
    in_vain: int = 0
    trouble: Trouble = Trouble.NONE
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that ended.

    Attributes:
        due_at: its planned time (aware, UTC); of a run by hand the second in which it was asked for.
        began: when it began: aware, UTC.
        by_hand: whether a person began it.
        succeeded: whether the job came to its end.
        by_person: whether a person ended it.
        of_other_day: whether it did another day's work than what is owed.
    """

    due_at: datetime
    began: datetime
    by_hand: bool
    succeeded: bool
    by_person: bool = False
    of_other_day: bool = False


def owed_after(before: Owed | None, made: Attempt, rest: Rest | None, now: datetime, policy: RetryPolicy) -> Owed | None:
    """Returns what is owed after an attempt.

    Args:
        before: what was owed when it ended; what became due while it went on is among it.
        made: the attempt.
        rest: what it left undone.
        now: aware, UTC.
        policy: when it is tried again.
    """
    if rest is None:
        # A run by hand does all that is due; where it fails, or is of another day, what was owed before is owed still. A person who stops
        # a run ends it.
        became_due = before is not None and before.since >= made.began
        did_it = made.succeeded and not made.of_other_day
        return before if became_due or (made.by_hand and not did_it and not made.by_person) else None
    if made.by_hand and before is None:
        return None  # of which planned time it is owed, the schedule says
    due_at = before.due_at if made.by_hand and before else made.due_at
    known = before if before and before.due_at == due_at else None
    trouble = known.trouble if known else Trouble.NONE
    if not rest.untried:
        trouble = Trouble.NONE if rest.ordinary else max(Trouble.UNTOLD, trouble)
    goes_on = known is not None and (known.trouble is not Trouble.NONE or rest.ordinary)
    in_vain = 0 if rest.progressed or rest.ordinary else (known.in_vain if known else 0) + 1
    owed = Owed(
        due_at=due_at,
        next_at=_next_at(rest, in_vain, now, policy),
        reason=rest.reason[:40],
        since=known.since if known and goes_on else made.began,
        in_vain=in_vain,
        trouble=trouble,
    )
    # Before the next attempt nothing gets better by itself: what will then have lasted so long is told now, not a quarter of an hour late.
    lasts = owed.next_at is None or owed.next_at - owed.since >= policy.told_after
    is_to_be_told = trouble is Trouble.UNTOLD and not rest.untried and (rest.at_risk > 0 or lasts)
    return replace(owed, trouble=Trouble.TOLD) if is_to_be_told else owed


def _next_at(rest: Rest, in_vain: int, now: datetime, policy: RetryPolicy) -> datetime | None:
    if rest.after_change:
        return rest.not_before
    if rest.ordinary and rest.not_before:
        return rest.not_before
    return max(now + policy.pause(in_vain), rest.not_before or now)


def last_time_today(schedule: Schedule, zone: tzinfo, now: datetime) -> datetime | None:
    """Returns the latest planned time of this local day up to now, or None where there is none, or the schedule is not enabled."""
    latest = previous_at_or_before(schedule, zone, now)
    return latest if latest and is_same_day(latest, now, zone) else None


def has_time_left(schedule: Schedule, zone: tzinfo, now: datetime) -> bool:
    """Returns whether a planned time of this local day is still to come."""
    following = next_after(schedule, zone, now)
    return following is not None and is_same_day(following, now, zone)


def is_same_day(one: datetime, other: datetime, zone: tzinfo) -> bool:
    """Returns whether two instants (aware) lie on one local day."""
    return one.astimezone(zone).date() == other.astimezone(zone).date()
