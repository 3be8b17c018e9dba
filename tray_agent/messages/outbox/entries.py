"""The outbox in the database: every change of a state is one compare-and-set on state and version.

Whoever reads a message, decides, and writes, writes only if nobody else did meanwhile: ``UPDATE … WHERE id, state,
version`` changes one row or none. Nothing else in the program writes a message's state. All functions work in the
caller's transaction and open none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Update, and_, bindparam, func, insert, literal_column, or_, select, update

from tray_agent.i18n import shown_text, store_text
from tray_agent.messages.model import Channel, MessageKind, MessageState, Standing
from tray_agent.messages.outbox.keys import reference_of
from tray_agent.messages.outbox.model import OutboxMessage, OutboxReason
from tray_agent.messages.outbox.states import FINAL, MISSED, NEVER_LEFT, OPEN_DELIVERY, Actor, Step, state_after
from tray_agent.search_keys import find_key, sort_key
from tray_agent.store.database import IN_CHUNK
from tray_agent.store.tables import message

NOTHING = Decimal(0)

_NOT_COUNTED = (MessageState.CANCELLED.value, MessageState.ERROR.value)
"""The states of what neither went out nor will."""

_LONGEST = 2000
"""Longer sentences (a server's whole answer) are cut: they are for people."""

_LONGEST_NAME = 200
"""What the columns of the name's keys hold: a key may be longer than the name (æ is found as ae)."""


FORGOTTEN: Mapping[str, Any] = {
    "unreached": 0, **dict.fromkeys(("unreached_at", "unreached_by", "note", "noted_at", "noted_by")),
}  # fmt: skip
"""What is written into a message that is another patient's now: nobody called him, and nothing is noted about him."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as preparing makes it: prepared, or an error that the practice must see. Instants are aware.

    Attributes:
        reference: its identity at the gateway; "" derives it from the key alone, of what can't be sent.
        next_at: when it may first be sent.
        expires_at: from here on it is never sent.
    """

    kind: MessageKind
    unique_key: str
    patient_id: str
    patient_name: str
    next_at: datetime
    expires_at: datetime
    state: MessageState = MessageState.PREPARED
    channel: Channel | None = None
    mandant_id: str | None = None
    appointment_id: str | None = None
    recipient: str | None = None
    language: str | None = None
    subject: str = ""
    text: str = ""
    segments: int = 0
    cost: Decimal = NOTHING
    reason: str = ""
    sentence: str = ""
    appointment_at: datetime | None = None
    doctor: str | None = None
    said_by: str | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One step of one message, as it was read.

    Attributes:
        values: further columns to write with it.
    """

    message_id: int
    version: int
    state: MessageState
    step: Step
    actor: Actor
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, read: OutboxMessage, step: Step, actor: Actor, **values: Any) -> Change:  # noqa: ANN401 - any column's value
        """Returns a step of a message as it was read; words of enumerations are written as their values."""
        written = {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}
        return cls(read.id, read.version, read.state, step, actor, written)


@dataclass(frozen=True, slots=True)
class Known:
    """What preparing needs to know of a message that exists."""

    id: int
    version: int
    state: MessageState
    unique_key: str
    patient_id: str
    appointment_id: str | None
    appointment_at: datetime | None
    recipient: str | None
    reason: str
    attempts: int
    sending_at: datetime | None
    handled_at: datetime | None
    prepared_at: datetime
    standing: Standing
    standing_since: datetime | None
    doctor: str | None
    said_by: str | None

    @property
    def told_at(self) -> datetime | None:
        """Returns when its patient was told what it says: when it was handed over, or a person said it otherwise; None: he was not."""
        if self.handled_at is not None and (self.state in MISSED or self.reason == OutboxReason.REMINDED_OTHERWISE):
            return self.handled_at
        return self.sending_at if self.state not in (*NEVER_LEFT, MessageState.FAILED) else None

    @property
    def counts(self) -> bool:
        """Returns whether it went out or will: it is neither cancelled nor in error."""
        return self.state.value not in _NOT_COUNTED


def insert_drafts(connection: Connection, drafts: Sequence[Draft], now: datetime) -> None:
    """Writes new messages.

    Raises:
        sqlalchemy.exc.IntegrityError: one of the keys exists; none of them was written, the transaction is to be rolled back.
    """
    if drafts:
        connection.execute(_INSERT, [_row_of(draft, now) for draft in drafts])


def apply(connection: Connection, change: Change, now: datetime) -> bool:
    """Carries a step out and returns whether it happened: False if the message was changed since it was read.

    Raises:
        IllegalStepError: the step can't happen in this state, or this actor may not do it.
    """
    target = state_after(change.state, change.step, change.actor)
    values = {"state": target.value, "version": change.version + 1, **_times(change.state, target, now), **change.values}
    values |= _derived(values)
    statement = _update_of(tuple(values))
    found = {"b_id": change.message_id, "b_state": change.state.value, "b_version": change.version}
    return connection.execute(statement, {**values, **found}).rowcount == 1


def written_columns(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the columns that a change with these values writes beside state and times."""
    return tuple({**values, **_derived(values)})


def revive(connection: Connection, known: Known, draft: Draft, now: datetime) -> bool:
    """Puts a cancelled message, or one in error, back into the outbox with a new content; returns whether it happened.

    Only where nothing ever left for its key.
    """
    step = Step.REVIVE if draft.state is MessageState.PREPARED else Step.REVIVE_AS_ERROR
    content = {name: value for name, value in _row_of(draft, now).items() if name not in {"unique_key", "state"}}
    if known.attempts:  # the gateway may know it by the one it has
        del content["reference"]
    if draft.state is MessageState.ERROR:
        content["final_at"] = now
    content |= dict.fromkeys(_HANDLED)
    if known.patient_id != draft.patient_id:  # what was noted was about somebody else
        content |= FORGOTTEN
    return apply(connection, Change(known.id, known.version, known.state, step, Actor.PREPARING, content), now)


def read_message(connection: Connection, message_id: int) -> OutboxMessage | None:
    """Returns one message."""
    row = connection.execute(select(message).where(message.c.id == message_id)).one_or_none()
    return None if row is None else read_row(row)


def read_messages(connection: Connection, ids: Collection[int]) -> list[OutboxMessage]:
    """Returns the messages of these numbers that exist."""
    return [read_row(row) for row in _in_chunks(connection, select(message), message.c.id, ids)]


def due_messages(
    connection: Connection, states: Collection[MessageState], now: datetime, after_id: int, limit: int, *also: ColumnElement[bool]
) -> list[OutboxMessage]:
    """Returns messages in these states whose next step is due, by number, those after a number only.

    Args:
        connection: of the caller's transaction.
        states: which states.
        now: aware.
        after_id: the last number that was seen; 0 to begin.
        limit: how many at the most.
        also: further conditions.
    """
    wanted = [state.value for state in states]
    statement = (
        select(message)
        .where(message.c.state.in_(wanted), message.c.next_at <= now, message.c.id > after_id, *also)
        .order_by(message.c.id)
        .limit(limit)
    )
    return [read_row(row) for row in connection.execute(statement)]


def due_by_need(
    connection: Connection, now: datetime, after: tuple[datetime, int] | None, limit: int
) -> list[tuple[datetime, int]]:  # fmt: skip
    """Returns which prepared messages are due, what must arrive soonest first: when each is of no use any more, and its number.

    Args:
        connection: of the caller's transaction.
        now: aware.
        after: the last one that was seen; None to begin.
        limit: how many at the most.
    """
    need, number = message.c.expires_at, message.c.id
    statement = select(need, number).where(message.c.state == MessageState.PREPARED.value, message.c.next_at <= now)
    if after is not None:
        statement = statement.where(or_(need > after[0], and_(need == after[0], number > after[1])))
    return [(row[0], row[1]) for row in connection.execute(statement.order_by(need, number).limit(limit))]


def speak_for_others(connection: Connection, keys: Collection[str]) -> bool:
    """Returns whether any of these messages says the words of another, too."""
    return any(True for _row in _in_chunks(connection, select(message.c.id), message.c.said_by, keys))


def in_states(connection: Connection, states: Collection[MessageState]) -> list[OutboxMessage]:
    """Returns all messages in these states, by number: for states in which few are at a time."""
    statement = select(message).where(message.c.state.in_([state.value for state in states])).order_by(message.c.id)
    return [read_row(row) for row in connection.execute(statement)]


def waiting_for(connection: Connection, reasons: Collection[str], now: datetime) -> list[OutboxMessage]:
    """Returns of the prepared messages that are put off for these reasons one for each channel, Mandant and reason."""
    which = (message.c.state == MessageState.PREPARED.value, message.c.reason.in_(reasons), message.c.next_at > now)
    one_each = select(func.min(message.c.id)).where(*which).group_by(message.c.channel, message.c.mandant_id, message.c.reason)
    return read_messages(connection, list(connection.execute(one_each).scalars()))


# When prepared messages are due and why they wait, for many in one statement: no step of anybody is disturbed by that.


def put_off(connection: Connection, ids: Collection[int], until: datetime) -> None:
    """Makes prepared messages due later (aware)."""
    keys = list(ids)
    for begin in range(0, len(keys), IN_CHUNK):
        which = (message.c.id.in_(keys[begin : begin + IN_CHUNK]), message.c.state == MessageState.PREPARED.value)
        connection.execute(update(message).where(*which).values(next_at=until))


def make_due(connection: Connection, reasons: Collection[str], now: datetime, mandants: Collection[str] | None = None) -> int:
    """Makes messages due now that are put off for these reasons, and returns how many; ``mandants``: only of these.

    What is prepared is due to be sent, what was handed over is due to be asked about.
    """
    states = sorted(state.value for state in (MessageState.PREPARED, *OPEN_DELIVERY))
    which = [message.c.state.in_(states), message.c.reason.in_(reasons), message.c.next_at > now]
    which += [] if mandants is None else [message.c.mandant_id.in_(mandants)]
    return connection.execute(update(message).where(*which).values(next_at=now)).rowcount


def forget_reason(connection: Connection, reason: str, now: datetime) -> None:
    """Takes a reason that holds no more from prepared messages; from what is too late it is not taken: it says why."""
    which = (message.c.state == MessageState.PREPARED.value, message.c.reason == reason, message.c.expires_at > now)
    connection.execute(
        update(message)
        .where(*which)
        .values(
            reason="",
            **_derived({"sentence": ""}),
        )
    )


def never_followed(connection: Connection) -> list[str]:
    """Returns the Mandants of which an SMS was handed over and its gateway not asked about yet what became of it."""
    which = (message.c.state == MessageState.SUBMITTED.value, message.c.channel == Channel.SMS.value, message.c.status_checks == 0)
    return [found for found in connection.execute(select(message.c.mandant_id).where(*which).distinct()).scalars() if found]


def next_due(connection: Connection, states: Collection[MessageState], *also: ColumnElement[bool]) -> datetime | None:
    """Returns when the next step of any message in these states is due, or None where there is none."""
    wanted = [state.value for state in states]
    found: datetime | None = connection.execute(select(func.min(message.c.next_at)).where(message.c.state.in_(wanted), *also)).scalar_one()
    return found


def count(connection: Connection, states: Collection[MessageState]) -> int:
    """Returns how many messages are in these states."""
    wanted = [state.value for state in states]
    found: int = connection.execute(select(func.count()).select_from(message).where(message.c.state.in_(wanted))).scalar_one()
    return found


def newest_number(connection: Connection) -> int:
    """Returns the greatest number of a message; 0 where there are none."""
    return connection.execute(select(func.max(message.c.id))).scalar_one() or 0


def known_ahead(
    connection: Connection, now: datetime, after: tuple[datetime, int] | None, limit: int, newest: int | None = None
) -> list[Known]:
    """Returns what the outbox knows of appointments that begin after ``now`` by what their patients were told, by that time.

    Args:
        connection: of the caller's transaction.
        now: aware.
        after: the told time and number of the last one that was seen; None to begin.
        limit: how many at the most.
        newest: only messages up to this number; None: all.
    """
    at, number = message.c.appointment_at, message.c.id
    beyond = at > now if after is None else or_(at > after[0], and_(at == after[0], number > after[1]))
    wanted = (at > now, beyond, *([] if newest is None else [number <= newest]))
    rows = connection.execute(_KNOWN.where(*wanted).order_by(at, number).limit(limit)).all()
    return [_read_known(row) for row in rows]


def note_standing(connection: Connection, ids: Collection[int], standing: Standing, now: datetime) -> None:
    """Writes what a comparison found of many messages; no step of anybody is disturbed by that."""
    keys = list(ids)
    values = {"standing": standing.value, "standing_since": None if standing is Standing.AS_TOLD else now}
    for begin in range(0, len(keys), IN_CHUNK):
        connection.execute(update(message).where(message.c.id.in_(keys[begin : begin + IN_CHUNK])).values(values))


def absent_ahead(connection: Connection, now: datetime) -> list[OutboxMessage]:
    """Returns the messages whose appointments were not found, and would begin after ``now`` (aware)."""
    statement = select(message).where(message.c.appointment_at > now, message.c.standing == Standing.ABSENT.value)
    return [read_row(row) for row in connection.execute(statement.order_by(message.c.id))]


def said_between(
    connection: Connection, begin: datetime, end: datetime, recipient: str | None = None
) -> Iterator[tuple[str | None, str, str, str]]:
    """Gives what is said about appointments with begin <= start < end (aware) by messages that count: recipient, subject, text, key.

    Args:
        connection: of the caller's transaction; it is read on while the caller goes on.
        begin: aware, as ``end``.
        end: see above.
        recipient: only what is said to him; a collation may find others, too. None: to all.
    """
    return _said(connection, recipient, message.c.appointment_at >= begin, message.c.appointment_at < end)


def greeted_since(
    connection: Connection, since: datetime, recipient: str | None = None
) -> Iterator[tuple[str | None, str, str, str]]:  # fmt: skip
    """Gives what greetings that were prepared since an instant (aware) say, as ``said_between`` does."""
    return _said(connection, recipient, message.c.prepared_at >= since, message.c.kind == MessageKind.BIRTHDAY.value)


def _said(connection: Connection, recipient: str | None, *which: ColumnElement[bool]) -> Iterator[tuple[str | None, str, str, str]]:
    statement = _SAID.where(message.c.state.not_in(_NOT_COUNTED), *which)
    if recipient is not None:
        statement = statement.where(message.c.recipient == recipient)
    for row in connection.execute(statement, execution_options={"yield_per": IN_CHUNK}):  # a day may have many
        yield tuple(row)


def known_of_keys(connection: Connection, keys: Collection[str]) -> list[Known]:
    """Returns what the outbox knows of these keys."""
    return _known(connection, _KNOWN, message.c.unique_key, keys)


def known_of_appointments(connection: Connection, appointment_ids: Collection[str]) -> list[Known]:
    """Returns every message of these appointments, at any start, in any state."""
    wanted = frozenset(appointment_ids)
    found = _known(connection, _KNOWN, message.c.appointment_id, wanted)
    return [known for known in found if known.appointment_id in wanted]  # a collation may find others too


def known_between(connection: Connection, patient_ids: Collection[str], begin: datetime, end: datetime) -> list[Known]:
    """Returns the reminders of these patients with begin <= appointment_at < end (aware), in any state."""
    wanted = frozenset(patient_ids)
    within = and_(message.c.appointment_at >= begin, message.c.appointment_at < end)
    found = _known(connection, _KNOWN.where(within), message.c.patient_id, wanted)
    return [known for known in found if known.patient_id in wanted]


def read_row(row: Row[Any]) -> OutboxMessage:
    """Returns a row of the table as a value."""
    values = list(row)
    source = values.pop(_SOURCE)
    del values[_DERIVED]
    values[_STANDING] = Standing(values[_STANDING])
    values[_SENTENCE] = shown_text(values[_SENTENCE], source)
    values[_KIND] = MessageKind(values[_KIND])
    values[_CHANNEL] = Channel(values[_CHANNEL]) if values[_CHANNEL] else None
    values[_STATE] = MessageState(values[_STATE])
    return OutboxMessage(*values)


def _known(connection: Connection, statement: Select[Any], column: ColumnElement[Any], wanted: Collection[Any]) -> list[Known]:
    return [_read_known(row) for row in _in_chunks(connection, statement, column, wanted)]


def _read_known(row: Row[Any]) -> Known:
    values = list(row)
    values[_KNOWN_STATE], values[_KNOWN_STANDING] = _STATES[values[_KNOWN_STATE]], _STANDINGS[values[_KNOWN_STANDING]]
    return Known(*values)


def _in_chunks(connection: Connection, statement: Select[Any], column: ColumnElement[Any], wanted: Collection[Any]) -> Iterator[Row[Any]]:
    keys = list(wanted)
    for begin in range(0, len(keys), IN_CHUNK):
        yield from connection.execute(statement.where(column.in_(keys[begin : begin + IN_CHUNK]))).all()


def _row_of(draft: Draft, now: datetime) -> dict[str, Any]:
    values = dict(zip(_DRAFTED, _drafted(draft), strict=True))
    values |= {
        "reference": draft.reference or reference_of(draft.unique_key),
        "kind": draft.kind.value,
        "channel": draft.channel.value if draft.channel else None,
        "state": draft.state.value,
        "prepared_at": now,
        "final_at": now if draft.state in FINAL else None,
    }
    return values | _derived(values)


def _derived(values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what is written with a sentence and with a name: how the sentence was made, by what the name is found and sorted."""
    derived: dict[str, Any] = {}
    if "sentence" in values and "sentence_source" not in values:
        sentence = values["sentence"]
        source = store_text(sentence) if len(sentence) <= _LONGEST else None  # what is too long is cut, and shown so
        derived |= {"sentence": str(sentence)[:_LONGEST], "sentence_source": source}
    if "patient_name" in values:
        name = values["patient_name"]
        derived |= {"patient_sort": sort_key(name)[:_LONGEST_NAME], "patient_find": find_key(name)[:_LONGEST_NAME]}
    return derived


_AT_FIRST: Mapping[str, ColumnElement[Any]] = {
    "version": literal_column("1"),
    "unreached": literal_column("0"),
    **dict.fromkeys(("reason_code", "standing"), literal_column("''")),
    **dict.fromkeys(("token", "attempts", "times_asked", "status_checks"), literal_column("0")),
}
"""What every new message begins with: written into the statement, because a parameter costs time in every row."""

_DRAFTED = tuple(one.name for one in fields(Draft))
_drafted = attrgetter(*_DRAFTED)

_INSERT = insert(message).values(_AT_FIRST)

_KNOWN = select(*(message.c[known.name] for known in fields(Known)))
_SAID = select(message.c.recipient, message.c.subject, message.c.text, message.c.unique_key)
_KNOWN_STATE, _KNOWN_STANDING = ([known.name for known in fields(Known)].index(name) for name in ("state", "standing"))

_STATES = {state.value: state for state in MessageState}
_STANDINGS = {standing.value: standing for standing in Standing}

_COLUMNS = [column.name for column in message.c]
_KIND, _CHANNEL, _STATE, _SENTENCE = (_COLUMNS.index(name) for name in ("kind", "channel", "state", "sentence"))
_SOURCE, _DERIVED = _COLUMNS.index("sentence_source"), slice(_COLUMNS.index("patient_sort"), _COLUMNS.index("patient_find") + 1)
_STANDING = [column.name for column in fields(OutboxMessage)].index("standing")

_HANDLED = ("handled_at", "handled_by", "ticked_at", "ticked_by", "ticked_over")
"""What a person said of a message, as it stood then."""


def _times(state: MessageState, target: MessageState, now: datetime) -> dict[str, Any]:
    """Returns what a change of state says about times: when it became final, or that it is no longer so."""
    if (target in FINAL) is (state in FINAL):
        return {}
    # Whoever decided a doubt before said nothing about what became of it since: somebody has to look, or the agenda to say, anew.
    anew = dict.fromkeys(_HANDLED) if target in MISSED or target is MessageState.CANCELLED else {}
    return {"final_at": now if target in FINAL else None, **anew}


@lru_cache(maxsize=100)
def _update_of(columns: tuple[str, ...]) -> Update:
    """Returns the compare-and-set that writes these columns; made once, because sending uses it thousands of times."""
    return (
        update(message)
        .where(message.c.id == bindparam("b_id"), message.c.state == bindparam("b_state"), message.c.version == bindparam("b_version"))
        .values({name: bindparam(name) for name in columns})
    )
