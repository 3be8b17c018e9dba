"""Lists of the outbox for people: pages, what did not reach its patient, what is in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, not_, or_, select, true, union_all

from tray_agent.messages.model import Channel, MessageKind, MessageState
from tray_agent.messages.outbox.entries import read_row
from tray_agent.messages.outbox.model import Fate, OutboxFilter, OutboxMessage, OutboxOrder, OutboxReason, Span
from tray_agent.messages.outbox.states import MISSED, OPEN_DELIVERY
from tray_agent.messages.rules.in_time import MATTERS, matters_until
from tray_agent.messages.rules.reasons import ABSENT
from tray_agent.store.pages import Page
from tray_agent.store.paging import Listing, Section, tested_on_the_way
from tray_agent.store.search import holding
from tray_agent.store.tables import message

UNSENT = frozenset({MessageState.PREPARED, MessageState.IN_DOUBT})
"""The states in which a reminder may still leave, perhaps too late."""

_OF_APPOINTMENTS = sorted(kind.value for kind in MessageKind if kind.is_of_appointment)

_FOLLOWED = (message.c.state.in_(sorted(state.value for state in OPEN_DELIVERY)), message.c.channel == Channel.SMS.value)
"""Handed over, and the gateway can tell what becomes of it."""

HANDED_OVER = OPEN_DELIVERY | {MessageState.DELIVERED, MessageState.FAILED, MessageState.UNKNOWN}
"""The states of what a gateway took."""

_PLAIN_STATE: ColumnElement[str] = func.coalesce(message.c.state, "")
"""The state where another condition leads to the rows: by its index SQLite would read nearly the whole table."""

_SLACK = timedelta(days=2)
"""What is handed over now was prepared before its appointment, a greeting on its day; clocks and answers that come late included."""

_ORDERS: dict[OutboxOrder, ColumnElement[Any]] = {
    OutboxOrder.PREPARED: message.c.prepared_at,
    OutboxOrder.APPOINTMENT: message.c.appointment_at,
    OutboxOrder.PATIENT: message.c.patient_sort,
    OutboxOrder.STATE: message.c.state,
}


@dataclass(frozen=True, slots=True)
class Followed:
    """A message on its way.

    Attributes:
        mandant_id: whose it is.
        next_at: when it is asked about next (aware UTC).
        in_time: whether that is early enough for somebody to do something about the answer.
    """

    mandant_id: str | None
    state: MessageState
    next_at: datetime
    in_time: bool


def page(
    connection: Connection, which: OutboxFilter, order: OutboxOrder, *, descending: bool, offset: int, limit: int, at: int | None = None
) -> Page[OutboxMessage]:
    """Returns a part of the outbox, or the page that holds the message ``at``; equal values by number, in the same direction.

    Messages without an appointment stand behind all others in the order by appointment.
    """
    return _listing(which, order, descending=descending).page(connection, offset, limit, at).each(read_row)


def _listing(which: OutboxFilter, order: OutboxOrder, *, descending: bool) -> Listing:
    conditions, number = list(_conditions(which)), (message.c.id, descending)
    if order is OutboxOrder.NUMBER:
        return Listing(message, [Section(conditions, [number])])
    column = _ORDERS[order]
    if order is not OutboxOrder.APPOINTMENT:
        return Listing(message, [Section(conditions, [(column, descending), number], walked=True)])
    dated = Section([*conditions, column.is_not(None)], [(column, descending), number], walked=True)
    return Listing(message, [dated, Section([*conditions, column.is_(None)], [number])])


def not_reached(
    connection: Connection, since: datetime, late_since: datetime, unsent_before: datetime | None, absent_before: datetime
) -> list[OutboxMessage]:
    """Returns the reminders and notices that did not reach their patient, or will not in time, and that nobody ticked off.

    What is in doubt is not among them. Found by the span of their appointments, whose index tells the states: errors of years stay.

    Args:
        connection: of the caller's transaction.
        since: of appointments from here on (aware, as all).
        late_since: what was not sent in time also of appointments from here on.
        unsent_before: what is not sent yet and of no use from this instant on; None: at any time.
        absent_before: the same for what is not sent because its appointment or patient was not found.
    """
    at, in_state, unticked = message.c.appointment_at, message.c.state.in_, message.c.handled_at.is_(None)
    missing = and_(message.c.reason.in_(sorted(ABSENT)), message.c.expires_at < absent_before)
    unsent = or_(message.c.expires_at < unsent_before, missing) if unsent_before else true()
    spans = (
        (in_state([MessageState.PREPARED.value]), at >= late_since, unsent),
        (in_state([MessageState.ERROR.value]), at >= late_since, at < since, unticked, message.c.reason == OutboxReason.NOT_IN_TIME.value),
        (in_state(sorted(state.value for state in MISSED)), at >= since, unticked),
    )
    found: list[Row[Any]] = []
    for state, *span in spans:
        tested = tested_on_the_way(connection, [state, message.c.kind.in_(_OF_APPOINTMENTS)])
        found += connection.execute(select(message).where(*span, *tested)).all()
    return [read_row(row) for row in found]


def ticked(connection: Connection, since: datetime, of_appointments_since: datetime) -> list[OutboxMessage]:
    """Returns the reminders and notices that were ticked off the call list, found by the span of their appointments.

    Args:
        connection: of the caller's transaction.
        since: ticked off from here on (aware, as all).
        of_appointments_since: whose appointments begin from here on, by what was told of them.
    """
    which = (message.c.appointment_at >= of_appointments_since, message.c.ticked_at >= since, message.c.kind.in_(_OF_APPOINTMENTS))
    return [read_row(row) for row in connection.execute(select(message).where(*which))]


def in_doubt(connection: Connection, *, sending: bool = False) -> list[OutboxMessage]:
    """Returns the messages in doubt, the oldest first; with ``sending`` also those whose sending has not ended."""
    states = [MessageState.IN_DOUBT.value, *([MessageState.SENDING.value] if sending else [])]
    statement = select(message).where(message.c.state.in_(states)).order_by(message.c.sending_at, message.c.id)
    return [read_row(row) for row in connection.execute(statement)]


def on_the_way(connection: Connection, now: datetime, asked_before: datetime | None = None) -> list[OutboxMessage]:
    """Returns the SMS whose delivery is to be asked about now, those that wait longest first.

    Args:
        connection: of the caller's transaction.
        now: aware.
        asked_before: also those that were last asked about before this instant, though their time has not come.
    """
    due = message.c.next_at <= now
    if asked_before is not None:
        due = or_(due, message.c.last_asked_at <= asked_before)
    statement = select(message).where(*_FOLLOWED, due).order_by(message.c.next_at, message.c.id)
    return [read_row(row) for row in connection.execute(statement)]


def not_told(connection: Connection, reason: str) -> list[OutboxMessage]:
    """Returns the SMS on their way whose account would not tell, for this reason, what became of them."""
    return [read_row(row) for row in connection.execute(select(message).where(*_FOLLOWED, message.c.reason == reason))]


def still_open(connection: Connection, now: datetime) -> list[Followed]:
    """Returns the SMS on their way of which it still matters at ``now`` (aware) whether they arrive."""
    ahead = message.c.appointment_at > now
    matters = or_(ahead, and_(message.c.appointment_at.is_(None), message.c.submitted_at > now - MATTERS))
    columns = (message.c.mandant_id, message.c.state, message.c.next_at, message.c.submitted_at, message.c.appointment_at)
    rows = connection.execute(select(*columns).where(*_FOLLOWED, matters))
    return [
        Followed(mandant_id, MessageState(state), next_at, next_at < matters_until(submitted_at or now, appointment_at))
        for mandant_id, state, next_at, submitted_at, appointment_at in rows
    ]


def prepared(connection: Connection) -> dict[int, datetime | None]:
    """Returns the messages that wait for sending: their numbers, and when their appointments begin."""
    waiting = select(message.c.id, message.c.appointment_at).where(message.c.state == MessageState.PREPARED.value)
    return {row.id: row.appointment_at for row in connection.execute(waiting)}


def _conditions(which: OutboxFilter) -> Iterator[ColumnElement[bool]]:
    if which.states:
        yield (_PLAIN_STATE if which.handed_over or which.appointment else message.c.state).in_(sorted(one.value for one in which.states))
    if which.kinds:
        yield message.c.kind.in_(sorted(kind.value for kind in which.kinds))
    if which.patient:
        typed = which.patient.strip()
        yield or_(and_(true(), *holding(message.c.patient_find, typed)), message.c.patient_id == typed)
    if which.handed_over:
        yield handed_over(which.handed_over)
    if which.fate:
        yield has_fate(which.fate)
    if which.appointment:
        yield message.c.appointment_at >= which.appointment.since
        yield message.c.appointment_at < which.appointment.until
    if which.reasons:
        yield message.c.reason.in_(sorted(which.reasons))


def handed_over(when: Span) -> ColumnElement[bool]:
    """Returns what holds for the messages that a gateway took in a time.

    That time has no index of its own. Nothing is sent once its appointment has begun, and a greeting is prepared on its day, so that
    the indexes by appointment and by preparing lead there, however long the outbox is.
    """
    found = [select(message.c.id).where(way, *was_handed_over(when)) for way in ways_to_handed_over(when)]
    return message.c.id.in_(union_all(*found))  # as "or" beside an order by number it would be tested on every row


def was_handed_over(when: Span) -> Iterator[ColumnElement[bool]]:
    """Gives the same without a way to where they are found."""
    yield message.c.submitted_at >= when.since
    yield message.c.submitted_at < when.until
    yield _PLAIN_STATE.in_(sorted(state.value for state in HANDED_OVER))


def ways_to_handed_over(when: Span) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Returns where the messages handed over in a time are found: those of appointments, and the greetings. None is among both."""
    least = when.since - _SLACK
    return message.c.appointment_at >= least, and_(message.c.kind == MessageKind.BIRTHDAY.value, message.c.prepared_at >= least)


def has_fate(fate: Fate) -> ColumnElement[bool]:
    """Returns what holds for the messages of which this became; each was handed over."""
    state, mailed = _PLAIN_STATE, func.coalesce(message.c.channel, "") == Channel.EMAIL.value
    followed = state.in_(sorted(one.value for one in OPEN_DELIVERY))
    arrived = or_(state == MessageState.DELIVERED.value, and_(followed, mailed))
    on_the_way = and_(followed, not_(mailed))
    missed = state.in_([MessageState.FAILED.value, MessageState.UNKNOWN.value])
    match fate:
        case Fate.ARRIVED:
            return arrived
        case Fate.ON_THE_WAY:
            return on_the_way
        case Fate.MISSED:
            return missed
        case Fate.CALLED:
            return and_(missed, message.c.handled_at.is_not(None))
        case Fate.OPEN:
            return and_(missed, message.c.handled_at.is_(None), message.c.kind.in_(_OF_APPOINTMENTS))
