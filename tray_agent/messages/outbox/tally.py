"""How many messages there are of what a start page counts: handed over on each of the last days, and of the appointments of one day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, and_, case, cast, func, literal, select

from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox.listing import has_fate, was_handed_over, ways_to_handed_over
from tray_agent.messages.outbox.model import Fate, Span
from tray_agent.store.tables import message


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What became of the messages that were handed over in a time.

    Attributes:
        when: that time.
        by_fate: how many; the first three fates make up the whole (``number``).
    """

    when: Span
    by_fate: Mapping[Fate, int] = field(default_factory=dict)

    def of(self, fate: Fate) -> int:
        """Returns of how many this became."""
        return self.by_fate.get(fate, 0)

    @property
    def number(self) -> int:
        """Returns how many were handed over: they arrived, are on the way, or did not arrive."""
        return self.of(Fate.ARRIVED) + self.of(Fate.ON_THE_WAY) + self.of(Fate.MISSED)


def handed_over_by_day(connection: Connection, days: Sequence[Span]) -> list[HandedOver]:
    """Returns what became of what was handed over on each day.

    Args:
        connection: of the caller's transaction.
        days: one after the other, without a gap.
    """
    counted: list[Counter[Fate]] = [Counter() for _day in days]
    whole = Span(days[0].since, days[-1].until)
    fate = case(*((has_fate(one), number) for number, one in enumerate(_TOLD_APART)), else_=len(_TOLD_APART))
    place = _place(message.c.submitted_at, [one.since for one in days[1:]])
    group = (place * _GROUPS + fate).label("number")  # one number: nothing is compared as text
    for way in ways_to_handed_over(whole):  # each for itself: a condition with "or" lets a database read more than both
        # Grouped outside: parameters make two equal expressions different ones
        found = select(group).where(way, *was_handed_over(whole)).subquery()
        for number, many in connection.execute(select(found.c.number, func.count()).group_by(found.c.number)):
            day, told = divmod(number, _GROUPS)
            counted[day].update(dict.fromkeys(_FATES[told], many))
    return [HandedOver(one, dict(fates)) for one, fates in zip(days, counted, strict=True)]


_TOLD_APART = (Fate.ARRIVED, Fate.ON_THE_WAY, Fate.CALLED, Fate.OPEN)
"""Every message handed over is the first of these that it can be, or a greeting that did not arrive."""

_FATES = (
    (Fate.ARRIVED,), (Fate.ON_THE_WAY,), (Fate.MISSED, Fate.CALLED), (Fate.MISSED, Fate.OPEN), (Fate.MISSED,),
)  # fmt: skip
_GROUPS = len(_FATES)


def _place(at: ColumnElement[Any], borders: Sequence[datetime], first: int = 0) -> ColumnElement[int]:
    """Returns between which of the borders an instant lies, as a tree of comparisons: of thirty, five are made."""
    if not borders:
        return cast(literal(first), Integer)
    middle = len(borders) // 2
    before, behind = _place(at, borders[:middle], first), _place(at, borders[middle + 1 :], first + middle + 1)
    return case((at < borders[middle], before), else_=behind)


@dataclass(frozen=True, slots=True)
class OfAppointments:
    """The messages of the appointments that begin in a time.

    Attributes:
        by_state: how many are in each state.
        reasons: of how many errors and cancelled ones which reason is given.
    """

    when: Span
    by_state: Mapping[MessageState, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)


def of_appointments(connection: Connection, when: Span) -> OfAppointments:
    """Returns what is in the outbox of the appointments that begin in a time."""
    at, not_sent = message.c.appointment_at, (MessageState.ERROR, MessageState.CANCELLED)
    kinds = sorted(kind.value for kind in MessageKind if kind.is_of_appointment)
    wanted = and_(at >= when.since, at < when.until, message.c.kind.in_(kinds))
    counted = select(message.c.state, message.c.reason, func.count().label("number")).where(wanted)
    states, reasons = Counter[MessageState](), Counter[str]()
    for row in connection.execute(counted.group_by(message.c.state, message.c.reason)):
        state = MessageState(row.state)
        states[state] += row.number
        if state in not_sent:
            reasons[row.reason] += row.number
    return OfAppointments(when, dict(states), dict(reasons.most_common()))
