"""The outbox in the database, on every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tests.messages.world import World
from tray_agent.i18n import _, set_language
from tray_agent.messages.model import Channel, MessageKind, MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Change, Draft
from tray_agent.messages.outbox.model import OutboxMessage
from tray_agent.messages.outbox.states import Actor, IllegalStepError, Step
from tray_agent.store.database import Database
from tray_agent.store.faults import is_duplicate_key

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def draft(key: str = "reminder/20261124t0900/a", **values: Any) -> Draft:
    base: dict[str, Any] = {
        "kind": MessageKind.REMINDER, "unique_key": key, "patient_id": "P1", "patient_name": "Muster Anna",
        "next_at": NOW, "expires_at": NOW + timedelta(days=1), "channel": Channel.SMS, "mandant_id": "M1",
        "appointment_id": "A1", "recipient": "+41791234567", "language": "de", "text": "Termin «morgen» – 9 Uhr",
        "segments": 1, "cost": Decimal("1.5"), "appointment_at": NOW + timedelta(days=1),
    }  # fmt: skip
    return Draft(**(base | values))


def put(database: Database, *drafts: Draft) -> list[OutboxMessage]:
    with database.begin() as connection:
        entries.insert_drafts(connection, drafts, NOW)
    return due(database)


def due(database: Database) -> list[OutboxMessage]:
    with database.read() as connection:
        return entries.due_messages(connection, list(MessageState), NOW, 0, 100)


def test_what_is_written_is_read_again(clocked_database: Database) -> None:
    (read,) = put(clocked_database, draft())
    assert (read.kind, read.channel, read.state) == (MessageKind.REMINDER, Channel.SMS, MessageState.PREPARED)
    assert (read.text, read.cost, read.segments) == ("Termin «morgen» – 9 Uhr", Decimal("1.5"), 1)
    assert (read.appointment_at, read.prepared_at, read.version, read.attempts) == (NOW + timedelta(days=1), NOW, 1, 0)


def test_a_key_is_there_once_whoever_writes_it(clocked_database: Database) -> None:
    put(clocked_database, draft())
    with pytest.raises(IntegrityError) as caught:
        put(clocked_database, draft("reminder/20261124t0900/b"), draft())
    assert is_duplicate_key(caught.value)
    assert len(due(clocked_database)) == 1


def test_a_step_happens_once(clocked_database: Database) -> None:
    (read,) = put(clocked_database, draft())
    change = Change.of(read, Step.TAKE, Actor.SENDING, token=7)
    with clocked_database.begin() as connection:
        assert entries.apply(connection, change, NOW)
        assert not entries.apply(connection, change, NOW)
    (taken,) = due(clocked_database)
    assert (taken.state, taken.version, taken.token) == (MessageState.SENDING, 2, 7)


def test_a_change_made_meanwhile_wins(clocked_database: Database) -> None:
    (read,) = put(clocked_database, draft())
    with clocked_database.begin() as connection:
        entries.apply(connection, Change.of(read, Step.RENDER_ANEW, Actor.SENDING, text="neu"), NOW)
        assert not entries.apply(connection, Change.of(read, Step.TAKE, Actor.SENDING), NOW)
    assert due(clocked_database)[0].state is MessageState.PREPARED


def test_two_connections_never_both_take_a_message(clocked_database: Database) -> None:
    (read,) = put(clocked_database, draft())

    def take(connection: Connection) -> bool:
        return entries.apply(connection, Change.of(read, Step.TAKE, Actor.SENDING), NOW)

    assert [clocked_database.transact(take), clocked_database.transact(take)] == [True, False]


def test_an_illegal_step_never_reaches_the_database(clocked_database: Database) -> None:
    (read,) = put(clocked_database, draft())
    with pytest.raises(IllegalStepError), clocked_database.begin() as connection:
        entries.apply(connection, Change.of(read, Step.DELIVER, Actor.TRACKING), NOW)


def test_a_final_message_says_since_when_and_a_revived_one_forgets_it(clocked_database: Database) -> None:
    (read,) = put(clocked_database, draft())
    with clocked_database.begin() as connection:
        entries.apply(connection, Change.of(read, Step.CANCEL, Actor.SENDING, reason="provisional"), NOW)
        (known,) = entries.known_of_keys(connection, [read.unique_key])
        assert entries.revive(connection, known, draft(text="neuer Text"), NOW + timedelta(hours=1))
    with clocked_database.read() as connection:
        revived = entries.read_message(connection, read.id)
    assert revived is not None
    assert (revived.state, revived.text, revived.final_at, revived.reason) == (MessageState.PREPARED, "neuer Text", None, "")
    assert (revived.reference, revived.version) == (read.reference, 3)


def test_a_message_revived_as_an_error_is_shown_in_the_readers_language(clocked_database: Database) -> None:
    (read,) = put(clocked_database, draft())
    with clocked_database.begin() as connection:
        entries.apply(connection, Change.of(read, Step.CANCEL, Actor.SENDING, reason="moved"), NOW)
        (known,) = entries.known_of_keys(connection, [read.unique_key])
        failed = replace(draft(), state=MessageState.ERROR, reason="no_contact", sentence=_("Der Termin ist abgesagt."))
        assert entries.revive(connection, known, failed, NOW)
    set_language("en")
    with clocked_database.read() as connection:
        revived = entries.read_message(connection, read.id)
    assert revived is not None
    assert revived.sentence == _("Der Termin ist abgesagt.") != "Der Termin ist abgesagt."


def test_a_sentence_that_is_too_long_is_cut_and_shown_so(clocked_database: Database) -> None:
    long = _("{what}: {said}").format(what="Gateway", said="x" * 100_000)
    (read,) = put(clocked_database, replace(draft(), sentence=long))
    assert read.sentence == long[:2000]


def test_what_left_is_never_revived(every_world: World) -> None:
    world = every_world
    (read,) = put(world.database, draft())
    for state in set(MessageState) - {MessageState.CANCELLED, MessageState.ERROR}:
        world.force(read.id, state=state.value)
        with world.database.begin() as connection:
            (known,) = entries.known_of_keys(connection, [read.unique_key])
            with pytest.raises(IllegalStepError):
                entries.revive(connection, known, draft(), NOW)


def test_ids_that_a_collation_takes_for_the_same_are_kept_apart(clocked_database: Database) -> None:
    put(clocked_database, draft("reminder/20261124t0900/x", appointment_id="a1"), draft("reminder/20261124t0900/y", appointment_id="A1"))
    with clocked_database.read() as connection:
        assert [known.appointment_id for known in entries.known_of_appointments(connection, {"A1"})] == ["A1"]


def test_more_keys_than_one_statement_takes(clocked_database: Database) -> None:
    keys = [f"reminder/20261124t0900/{number}" for number in range(2500)]
    put(clocked_database, *(draft(key, appointment_id=str(number)) for number, key in enumerate(keys)))
    with clocked_database.read() as connection:
        assert len(entries.known_of_keys(connection, keys)) == 2500
