"""What a run of sending left undone, why, and when it is tried again (decision record 0018)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from itertools import islice

from sqlalchemy import Connection, select

from tray_agent.errors import KnownError
from tray_agent.jobs.owed import Rest
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.model import OutboxReason
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.work.lanes import Lanes
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.steps import Counted, MessageRun
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.store.tables import message as table

REFUSED = (OutboxReason.ACCOUNT_REFUSED.value, OutboxReason.ORIGINATOR_REFUSED.value)
"""Reasons for which trying again is of no use, or does harm, before a person acted."""

LOOK_AGAIN = timedelta(minutes=15)
BEFORE_QUIET_HOURS = timedelta(hours=1)
BEFORE_APPOINTMENT = timedelta(minutes=45)

_PROGRESS = (
    Counted.SENT, Counted.REFUSED, Counted.MOVED, Counted.CANCELLED, Counted.ERRORS, Counted.FOUND, Counted.NEVER_TAKEN, Counted.GIVEN_UP,
    Counted.KNOWN_BEFORE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planned:
    """When sending is planned next (aware); ``known`` is False where that could not be read."""

    at: datetime | None
    known: bool = True

    @classmethod
    def read(cls, parts: MessageParts) -> Planned:
        """Asks the plan; what was sent counts, and when it goes on can be looked up later."""
        try:
            return cls(parts.next_sending())
        except KnownError:
            return cls(None, known=False)

    def is_too_late_for(self, appointment_at: datetime | None) -> bool:
        """Returns whether an appointment begins before it."""
        return self.known and appointment_at is not None and (self.at is None or appointment_at <= self.at)


@dataclass(slots=True)
class Pile:
    """Messages that are left for one reason.

    Attributes:
        after_change, ordinary: as of ``Rest``.
        first_at: when another attempt is of use for the first of them (aware).
    """

    reason: str
    after_change: bool = False
    ordinary: bool = False
    number: int = 0
    at_risk: int = 0
    first_at: datetime | None = None

    def add(self, at: datetime | None, *, at_risk: bool) -> None:
        """Takes one more message."""
        self.number += 1
        self.at_risk += at_risk
        if at is not None:
            self.first_at = at if self.first_at is None else min(at, self.first_at)


@dataclass(frozen=True, slots=True)
class Left:
    """What a run left undone.

    Attributes:
        prepared: how many messages are prepared.
        doubtful: of how many nobody knows whether they left.
        for_a_person: of how many of these a person decides.
        unexplained: how many are prepared without any reason.
        why: sentences of reasons that an earlier run found.
        rest: what another attempt could do.
        planned: when sending is planned next.
    """

    prepared: int
    doubtful: int
    for_a_person: int
    unexplained: int
    why: Sequence[str]
    rest: Rest | None
    planned: Planned


def what_is_left(run: MessageRun, lanes: Lanes, quiet: QuietHours, now: datetime, round_began: datetime) -> Left:
    """Reads what is left, and puts off what was refused.

    Args:
        run: that comes to its end.
        lanes: of the run.
        quiet: the quiet hours as the switches say now.
        now: aware, UTC.
        round_began: when the run last looked for what is due; what became due since is left to the next attempt.
    """
    return _Reading(run, lanes, quiet, now, round_began).left()


@dataclass
class _Reading:
    run: MessageRun
    lanes: Lanes
    quiet: QuietHours
    now: datetime
    round_began: datetime
    piles: dict[tuple[str, bool], Pile] = field(default_factory=dict)
    refused: dict[int, datetime | None] = field(default_factory=dict)
    told_before: dict[str, int] = field(default_factory=dict)
    prepared: int = 0
    unexplained: int = 0

    def left(self) -> Left:
        parts = self.run.parts
        self.planned = Planned.read(parts)
        columns = (table.c.id, table.c.kind, table.c.reason, table.c.next_at, table.c.appointment_at)
        with parts.database.read() as connection:
            for row in connection.execute(select(*columns).where(table.c.state == MessageState.PREPARED.value)):
                self._sort(*row)
            doubts = entries.in_states(connection, [MessageState.SENDING, MessageState.IN_DOUBT])
            waiting = entries.read_messages(connection, self.told_before.values())
        asked = [message for message in doubts if parts.settles_itself(message)]
        for message in asked:
            self._pile(OutboxReason.IN_DOUBT).add(message.next_at, at_risk=self.planned.is_too_late_for(message.appointment_at))
        self._put_off_refused()
        why = dict.fromkeys(message.sentence for message in (*waiting, *asked) if message.sentence)
        return Left(self.prepared, len(doubts), len(doubts) - len(asked), self.unexplained, list(why), self._rest(), self.planned)

    def _sort(self, number: int, kind: str, reason: str, next_at: datetime, appointment_at: datetime | None) -> None:
        """Puts a prepared message on the pile of its reason."""
        self.prepared += 1
        kept = self.lanes.kept.get(number)
        stop = kept.stop if kept else None
        starts = appointment_at if MessageKind(kind).is_of_appointment else None
        late = self.planned.is_too_late_for(starts)
        if stop is not None and stop.ordinary:
            late = starts is not None and stop.retry_at is not None and starts <= stop.retry_at
            self._pile(stop.reason, ordinary=True).add(stop.retry_at, at_risk=late)
        elif (stop is not None and stop.until_changed) or (kept is None and reason in REFUSED and next_at > self.now):
            self.refused[number] = starts
            self._pile(stop.reason if stop else reason, after_change=True).add(None, at_risk=late)
            self._told_before(number, reason, explained=kept is not None)
        elif stop is not None:
            self._pile(stop.reason).add(self.now, at_risk=late)
        elif kept is not None:  # a switch is off: nothing is wrong; whether it is on again is looked at now and then
            self._pile(kept.reason, ordinary=True).add(self.now + LOOK_AGAIN, at_risk=False)
        elif number in self.lanes.put_off or next_at > self.round_began:
            self._pile(reason or OutboxReason.PUT_OFF).add(next_at, at_risk=late)
            self._told_before(number, reason, explained=number in self.lanes.put_off or next_at <= self.now)
        else:
            self.unexplained += 1
            self._pile(OutboxReason.UNEXPLAINED).add(self.now, at_risk=late)

    def _pile(self, reason: str, *, after_change: bool = False, ordinary: bool = False) -> Pile:
        return self.piles.setdefault((str(reason), after_change), Pile(str(reason), after_change, ordinary))

    def _told_before(self, number: int, reason: str, *, explained: bool) -> None:
        if not explained:
            self.told_before.setdefault(reason, number)

    def _put_off_refused(self) -> None:
        """Writes when what was refused is tried once more; until then no attempt touches it, whatever else it has to do."""
        if not self.refused:
            return
        parts, context = self.run.parts, self.run.context
        starts = min((at for at in self.refused.values() if at is not None and at - BEFORE_APPOINTMENT > self.now), default=None)
        once = last_useful_time(self.quiet, parts.zone, self.now, starts)
        tomorrow = datetime.combine(parts.local(self.now).date() + timedelta(days=1), time.min)
        until = once or parts.instant(tomorrow)

        def work(connection: Connection) -> None:
            context.fence(connection)
            entries.put_off(connection, self.refused, until)

        parts.database.transact(work)
        for pile in self.piles.values():
            if pile.after_change and not pile.ordinary:
                pile.first_at = once

    def _rest(self) -> Rest | None:
        piles = list(self.piles.values())
        if not piles:
            return None
        if self.refused:  # an attempt that only looks whether a switch is on again would try the refused password each time
            piles = [pile for pile in piles if pile.reason != Reason.SWITCHED_OFF]
        by_itself = [pile for pile in piles if not pile.after_change]
        first = min((pile.first_at for pile in by_itself or piles if pile.first_at), default=None)
        gravest = max(piles, key=lambda pile: (pile.at_risk, pile.number))
        progressed, ordinary = any(self.run.tally.counts[one] for one in _PROGRESS), all(pile.ordinary for pile in piles)
        return Rest(
            reason=gravest.reason,
            number=sum(pile.number for pile in piles),
            at_risk=sum(pile.at_risk for pile in piles),
            not_before=first if first and first > self.now else None,
            after_change=not by_itself,
            progressed=progressed,
            ordinary=ordinary,
            untried=ordinary and not progressed,
        )


def last_useful_time(quiet: QuietHours, zone: tzinfo, now: datetime, starts: datetime | None) -> datetime | None:
    """Returns when something is tried once more that a person should have put right, or None where that is over.

    An hour before the quiet hours begin, or 45 minutes before the first appointment, whichever is sooner.

    Args:
        quiet: the quiet hours.
        zone: the practice's.
        now: aware.
        starts: the first appointment concerned (aware), if any.
    """
    nights = quiet.intervals(now, now + timedelta(days=1), zone)
    limits = [night.start - BEFORE_QUIET_HOURS for night in islice(nights, 1)] + ([starts - BEFORE_APPOINTMENT] if starts else [])
    at = min(limits, default=None)
    return at if at and at > now else None
