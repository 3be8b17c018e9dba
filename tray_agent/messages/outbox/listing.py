"""Lists of the outbox for people: pages, what did not reach its patient, what is in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, true

from tray_agent.messages.model import Channel, MessageKind, MessageState
from tray_agent.messages.outbox.entries import read_row
from tray_agent.messages.outbox.model import OutboxFilter, OutboxMessage, OutboxOrder, OutboxReason
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
        yield message.c.state.in_(sorted(state.value for state in which.states))
    if which.kinds:
        yield message.c.kind.in_(sorted(kind.value for kind in which.kinds))
    if which.patient:
        typed = which.patient.strip()
        yield or_(and_(true(), *holding(message.c.patient_find, typed)), message.c.patient_id == typed)
