"""Lists of the outbox for people: pages, what did not reach its patient, what is in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox.entries import read_row
from tray_agent.messages.outbox.keys import start_in
from tray_agent.messages.outbox.model import CallEntry, OutboxFilter, OutboxMessage, OutboxOrder, OutboxPage
from tray_agent.practice.model import Appointment, AppointmentStatus, Patient
from tray_agent.store.search import holding
from tray_agent.store.tables import message

MISSED = frozenset({MessageState.ERROR, MessageState.FAILED, MessageState.UNKNOWN})
"""The states in which a reminder perhaps did not reach its patient."""

_NEVER_LEFT = frozenset({MessageState.ERROR})

_ORDERS: dict[OutboxOrder, ColumnElement[Any]] = {
    OutboxOrder.NUMBER: message.c.id,
    OutboxOrder.PREPARED: message.c.prepared_at,
    OutboxOrder.APPOINTMENT: message.c.appointment_at,
    OutboxOrder.PATIENT: message.c.patient_name,
    OutboxOrder.STATE: message.c.state,
}


def page(connection: Connection, which: OutboxFilter, order: OutboxOrder, *, descending: bool, offset: int, limit: int) -> OutboxPage:
    """Returns a part of the outbox; equal values by number, in the same direction. A part near the end is counted off from there."""
    conditions = list(_conditions(which))
    total = connection.execute(select(func.count()).select_from(message).where(*conditions)).scalar_one()
    columns = [_ORDERS[order], *([] if order is OutboxOrder.NUMBER else [message.c.id])]
    from_end = total // 2 < offset < total
    ordered = [column.desc() if descending is not from_end else column.asc() for column in columns]
    wanted = min(limit, total - offset) if from_end else limit
    skipped = total - offset - wanted if from_end else offset
    statement = select(message).where(*conditions).order_by(*ordered).offset(skipped).limit(wanted)
    rows = [read_row(row) for row in connection.execute(statement)]
    return OutboxPage(rows[::-1] if from_end else rows, total, offset)


def not_reached(connection: Connection, since: datetime) -> list[OutboxMessage]:
    """Returns the reminders of appointments from ``since`` on that did not reach their patient and that nobody ticked off."""
    states = [state.value for state in sorted(MISSED)]
    statement = (
        select(message)
        .where(message.c.state.in_(states), message.c.kind == MessageKind.REMINDER.value)
        .where(message.c.appointment_at >= since, message.c.handled_at.is_(None))
        .order_by(message.c.appointment_at, message.c.id)
    )
    return [read_row(row) for row in connection.execute(statement)]


def in_doubt(connection: Connection) -> list[OutboxMessage]:
    """Returns the messages in doubt, the oldest first."""
    statement = select(message).where(message.c.state == MessageState.IN_DOUBT.value).order_by(message.c.sending_at, message.c.id)
    return [read_row(row) for row in connection.execute(statement)]


def is_to_be_called(missed: OutboxMessage, appointment: Appointment | None, patient: Patient | None) -> bool:
    """Returns whether a missed reminder still asks for a call, by the practice's data as they are now.

    Where the practice knows neither the appointment nor the patient, it is not the appointment that was deleted: somebody should look.
    """
    if patient is not None and (patient.is_deceased or patient.opted_out):
        return False
    if appointment is None:
        return patient is None
    begins = appointment.starts_at.replace(second=0, microsecond=0)
    same = begins == start_in(missed.unique_key) and appointment.patient_id == missed.patient_id
    return same and appointment.status in (AppointmentStatus.DEFINITE, AppointmentStatus.UNKNOWN)


def call_entry(missed: OutboxMessage, patient: Patient | None) -> CallEntry:
    """Returns a line of the list of patients to be reminded otherwise."""
    typed = (patient.mobile, patient.phone) if patient else ()
    phones = tuple(dict.fromkeys(number.strip() for number in typed if number and number.strip()))
    return CallEntry(missed, phones, missed.sentence, missed.state not in _NEVER_LEFT)


def _conditions(which: OutboxFilter) -> Iterator[ColumnElement[bool]]:
    for column, wanted in (
        (message.c.state, [state.value for state in which.states]),
        (message.c.kind, [kind.value for kind in which.kinds]),
        (message.c.channel, [channel.value for channel in which.channels]),
        (message.c.mandant_id, list(which.mandants)),
    ):
        if wanted:
            yield column.in_(sorted(wanted))
    if which.prepared_from is not None:
        yield message.c.prepared_at >= which.prepared_from
    if which.prepared_until is not None:
        yield message.c.prepared_at < which.prepared_until
    if which.patient:
        said = which.patient.strip()
        yield or_(holding(message.c.patient_name, said), message.c.patient_id == said)
