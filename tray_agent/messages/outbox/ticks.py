"""What people do on the call list, in the caller's transaction: ticks that can be taken back exactly, calls in vain, notes.

Ticking writes beside the tick itself: a message that was not sent yet is cancelled, a doubt ended, an entry made that says what its patient
was told instead. What that replaced is kept with the tick (``OutboxMessage.ticked_over``), because whoever takes it back may sit at another
workstation, an hour later.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Change, Draft
from tray_agent.messages.outbox.model import LONGEST_NOTE, OutboxMessage
from tray_agent.messages.outbox.states import TRANSITIONS, Actor, Step
from tray_agent.store.tables import message

_BACK = {MessageState.PREPARED: Step.SEND_AFTER_ALL, MessageState.IN_DOUBT: Step.DOUBT_AFTER_ALL}
"""By which step a tick is taken back, by the state before it."""

_LOOSE = ("standing", "standing_since")
"""What a comparison with the agenda may have written anew since: then that holds."""

_INSTANTS = ("handled_at", "standing_since", "unreached_at", "noted_at")


@dataclass(frozen=True, slots=True)
class Tick:
    """What ticking one message off writes.

    Attributes:
        change: of the message itself, with all that it writes but the tick.
        drafts: the entries that say what its patient was told instead: made, or ticked off where they are there.
    """

    change: Change
    drafts: Collection[Draft] = ()


def tick(connection: Connection, ticked: Tick, who: str, now: datetime) -> bool:
    """Ticks a message off; returns False if it was changed since it was read, and then nothing was written.

    Raises:
        sqlalchemy.exc.IntegrityError: another workstation wrote one of the drafts first; the transaction is to be begun again.
    """
    change = ticked.change
    before = _columns(connection, change.message_id, entries.written_columns(change.values))
    by = {"ticked_at": now, "ticked_by": who[:120]}
    if not entries.apply(connection, replace(change, values={**change.values, **by}), now):
        return False
    after = _columns(connection, change.message_id, before)
    over = {
        "back": _BACK.get(change.state, Step.UNTICK).value,
        "before": _written(before),
        "after": _written(after),
        "beside": [_tick_beside(connection, draft, who, now) for draft in ticked.drafts],
    }
    which = (message.c.id == change.message_id, message.c.ticked_at == now)
    connection.execute(update(message).where(*which).values(ticked_over=json.dumps(over, ensure_ascii=False)))
    return True


def _tick_beside(connection: Connection, draft: Draft, who: str, now: datetime) -> dict[str, Any]:
    """Ticks an entry beside off, made now if it is not there; returns what is needed to take that back."""
    is_new = not entries.known_of_keys(connection, [draft.unique_key])
    if is_new:
        entries.insert_drafts(connection, [draft], now)
    (known,) = entries.known_of_keys(connection, [draft.unique_key])
    (read,) = entries.read_messages(connection, [known.id])
    values = {"handled_by": who[:120], "handled_at": now, "patient_id": draft.patient_id, "patient_name": draft.patient_name}
    if read.patient_id != draft.patient_id:
        values |= entries.FORGOTTEN
    before = _columns(connection, known.id, values)
    entries.apply(connection, Change.of(read, Step.TICK_OFF, Actor.PERSON, **values), now)
    return {"id": known.id, "version": read.version + 1, "before": None if is_new else _written(before)}


def untick(connection: Connection, read: OutboxMessage, now: datetime) -> bool:
    """Takes a tick back with all that it wrote; returns False if that is not possible any more, and then nothing was written.

    Args:
        connection: of the caller's transaction.
        read: the message as it is, ticked off.
        now: aware.
    """
    if not read.ticked_over or not read.ticked_at:
        return False
    over = json.loads(read.ticked_over)
    before, after, back = _read_back(over["before"]), _read_back(over["after"]), Step(over["back"])
    now_there = _columns(connection, read.id, before)
    changed = {name for name in before if now_there[name] != after[name]}
    if (
        read.state not in TRANSITIONS[back].sources
        or changed - set(_LOOSE)
        or (back is Step.SEND_AFTER_ALL and _is_said_by_another(connection, read))
    ):
        return False
    values = {name: value for name, value in before.items() if not changed or name not in _LOOSE}
    values |= dict.fromkeys(("ticked_at", "ticked_by", "ticked_over"))
    if not entries.apply(connection, Change(read.id, read.version, read.state, back, Actor.PERSON, values), now):
        return False
    for beside in over["beside"]:
        _untick_beside(connection, beside, now)
    return True


def _untick_beside(connection: Connection, beside: Mapping[str, Any], now: datetime) -> None:
    """Takes back what ticking wrote into an entry beside; what was changed since stays as it is."""
    number, version = beside["id"], beside["version"]
    if beside["before"] is None:
        connection.execute(delete(message).where(message.c.id == number, message.c.version == version))
        return
    read = entries.read_message(connection, number)
    if read is not None and read.version == version:
        entries.apply(connection, Change(number, version, read.state, Step.UNTICK, Actor.PERSON, _read_back(beside["before"])), now)


def beside_of(read: OutboxMessage) -> tuple[int, ...]:
    """Returns the numbers of the entries that a tick wrote beside a message."""
    return tuple(beside["id"] for beside in json.loads(read.ticked_over)["beside"]) if read.ticked_over else ()


def _is_said_by_another(connection: Connection, read: OutboxMessage) -> bool:
    """Returns whether another message says the same words to the same number by now: this one would be their repetition."""
    if read.appointment_at is None or read.recipient is None:
        return False
    words = select(message.c.id).where(
        message.c.appointment_at == read.appointment_at,
        message.c.recipient == read.recipient,
        message.c.id != read.id,
        message.c.state.not_in([MessageState.CANCELLED.value, MessageState.ERROR.value]),
    )
    others = entries.read_messages(connection, list(connection.execute(words).scalars()))
    return any((one.subject, one.text) == (read.subject, read.text) for one in others)


def note_unreached(connection: Connection, read: OutboxMessage, who: str, now: datetime) -> bool:
    """Notes a call in vain; returns False if somebody ticked the message off since it was read. Two who call at once are two calls."""
    values = {"unreached": message.c.unreached + 1, "unreached_at": now, "unreached_by": who[:120]}
    return connection.execute(update(message).where(message.c.id == read.id, _ticked_as(read)).values(values)).rowcount == 1


def take_unreached_back(connection: Connection, before: OutboxMessage, after: OutboxMessage) -> bool:
    """Takes a call in vain back; returns False if another one was noted since."""
    values = {name: getattr(before, name) for name in ("unreached", "unreached_at", "unreached_by")}
    as_noted = (message.c.unreached == after.unreached, message.c.unreached_at == after.unreached_at)
    return connection.execute(update(message).where(message.c.id == after.id, *as_noted).values(values)).rowcount == 1


def write_note(connection: Connection, read: OutboxMessage, note: str, who: str, now: datetime) -> bool:
    """Writes a note, "" takes it away; returns False if somebody wrote another one since it was read."""
    as_read = message.c.noted_at.is_(None) if read.noted_at is None else message.c.noted_at == read.noted_at
    values = {"note": note.strip()[:LONGEST_NOTE] or None, "noted_at": now, "noted_by": who[:120]}
    return connection.execute(update(message).where(message.c.id == read.id, as_read).values(values)).rowcount == 1


def _ticked_as(read: OutboxMessage) -> Any:  # noqa: ANN401 - a condition
    return message.c.ticked_at.is_(None) if read.ticked_at is None else message.c.ticked_at == read.ticked_at


def _columns(connection: Connection, number: int, names: Collection[str]) -> dict[str, Any]:
    """Returns columns of a row as they are stored."""
    if not names:
        return {}
    row = connection.execute(select(*(message.c[name] for name in names)).where(message.c.id == number)).one()
    return dict(zip(names, row, strict=True))


def _written(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _read_back(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: datetime.fromisoformat(value) if name in _INSTANTS and value else value for name, value in values.items()}
