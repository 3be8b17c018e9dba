"""The outbox of the version before: migrated with what patients were told, and compared with the agenda from then on, on every engine."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, func, insert, select

from tests.conftest import ENGINES, make_database
from tests.messages.world import ANNA, NOW, TOMORROW_NINE, ZURICH, World, treatment
from tray_agent.clock import ManualClock
from tray_agent.messages.model import MessageKind, MessageState, Standing
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.keys import call_key, moved_key, reference_of, reminder_key
from tray_agent.messages.outbox.model import OutboxMessage
from tray_agent.messages.rules.truth import BELIEVED_AFTER
from tray_agent.practice.model import AppointmentStatus, Patient
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.state import read_state
from tray_agent.store.tables import covered_day, message, practice_view, question

ROWS = 20_000
NEW = {"standing", "standing_since", "doctor", "said_by"}
"""What the version before did not know of a message."""

CHANGED = (0, 1, 2, 3, 1004)
"""Whose appointments changed since."""

WITHIN = 60.0
"""Seconds, on a machine that does much else."""

TOLD = (MessageState.DELIVERED, MessageState.SUBMITTED, MessageState.BUFFERED, MessageState.UNKNOWN)


@pytest.fixture(params=ENGINES)
def landed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Gives a store as the version before left it: everybody of the next weeks was told, and nobody comes otherwise."""
    for url in make_database(request.param, tmp_path):
        database = open_database(url)
        upgrade(database, to="0006")
        before = Table("message", MetaData(), *(Column(one.name, one.type) for one in message.c if one.name not in NEW | {"id"}))
        with database.begin() as connection:
            for begin in range(0, ROWS, 1000):
                connection.execute(insert(before), [_row(number) for number in range(begin, begin + 1000)])
        yield database
        database.dispose()


@pytest.fixture
def world(landed: Database) -> World:
    """Gives the practice of that store, on the day after the last run of the version before."""
    clock = ManualClock(NOW)
    made = World(Database(landed.engine, None, clock), clock)
    for number in range(ROWS):
        made.practice.put(_patient_of(number), treatment(f"P{number}"))
        made.book_appointment(f"a{number}", _start_of(number), f"P{number}", doctor="Dr. Meier")
    return made


def _patient_of(number: int) -> Patient:
    return replace(ANNA, id=f"P{number}", mobile=f"079 {200 + number // 10_000} {number // 100 % 100:02} {number % 100:02}")


def _start_of(number: int) -> datetime:
    """Returns when somebody comes: 1,000 a day, from tomorrow on."""
    return TOMORROW_NINE + timedelta(days=number // 1000, minutes=number % 500)


def _row(number: int) -> dict[str, object]:
    key, begins = reminder_key(f"a{number}", _start_of(number)), _start_of(number).replace(tzinfo=ZURICH).astimezone(UTC)
    sent = NOW - timedelta(days=1, seconds=number % 100)
    return {
        "reference": reference_of(key), "unique_key": key, "kind": "reminder", "channel": "sms", "state": TOLD[number % 4].value,
        "patient_id": f"P{number}", "patient_name": "Muster Anna", "mandant_id": "M1", "appointment_id": f"a{number}",
        "recipient": "+41791234567", "language": "de", "subject": "", "text": "Guten Tag", "segments": 1, "cost": Decimal(1),
        "reason": "", "sentence": "", "appointment_at": begins, "next_at": begins, "expires_at": begins, "run_id": 1, "token": 1,
        "version": 3, "attempts": 1, "prepared_at": sent, "sending_at": sent, "submitted_at": sent, "final_at": None, "times_asked": 0,
        "first_asked_at": None, "last_asked_at": None, "status_checks": 1, "notified_at": None, "reason_code": "", "handled_by": None,
        "handled_at": None, "account": "account-M1", "patient_sort": "MUSTER ANNA", "patient_find": "MUSTER ANNA", "sentence_source": None,
    }  # fmt: skip


def test_what_was_told_before_the_migration_is_compared_with_the_agenda_after_it(world: World) -> None:
    began = time.perf_counter()
    upgrade(world.database)
    migrated = time.perf_counter() - began
    _assert_nothing_is_known_yet(world.database)
    _change_the_agenda(world)
    began = time.perf_counter()
    result = world.prepare()
    compared = time.perf_counter() - began
    assert (migrated < WITHIN, compared < WITHIN) == (True, True), (migrated, compared)
    told = _told(world)
    notice, later = (told[key] for key in _notices())
    assert (notice.kind, notice.state, later.state) == (MessageKind.MOVED, MessageState.PREPARED, MessageState.PREPARED)
    assert result.counts == {"prepared": 2, "errors": 1}
    assert told[call_key(reminder_key("a2", _start_of(2)))].patient_id == "P0"
    stands = Standing.MOVED, Standing.CANCELLED, Standing.REASSIGNED, Standing.ABSENT, Standing.MOVED
    assert tuple(_standing_of(told, number) for number in CHANGED) == stands
    assert _standings(world.database)[Standing.AS_TOLD] == ROWS + 3 - len(stands)
    world.clock.advance(BELIEVED_AFTER)
    assert world.prepare().counts == {}
    assert _standing_of(_told(world), 3) is Standing.DELETED
    _assert_the_old_references_are_kept(told)


def _notices() -> tuple[str, str]:
    """Returns the keys of what two patients are told: one comes later that day, one in weeks."""
    return (
        moved_key("a0", TOMORROW_NINE + timedelta(hours=3), TOMORROW_NINE),
        moved_key("a1004", _start_of(1004) + timedelta(days=40), _start_of(1004)),
    )


def _change_the_agenda(world: World) -> None:
    world.change_appointment("a0", starts_at=TOMORROW_NINE + timedelta(hours=3))
    world.change_appointment("a1", status=AppointmentStatus.CANCELLED)
    world.change_appointment("a2", patient_id="P0")
    world.practice.remove_appointment("a3")
    world.change_appointment("a1004", starts_at=_start_of(1004) + timedelta(days=40))


def _told(world: World) -> dict[str, OutboxMessage]:
    """Returns what is known of the appointments that changed, by key."""
    ids = [f"a{number}" for number in CHANGED]
    with world.database.read() as connection:
        found = connection.execute(select(message).where(message.c.appointment_id.in_(ids))).all()
    return {row.unique_key: entries.read_row(row) for row in found}


def _standings(database: Database) -> Counter[str]:
    with database.read() as connection:
        rows = connection.execute(select(message.c.standing, func.count().label("number")).group_by(message.c.standing))
        return Counter({row.standing: row.number for row in rows})


def _standing_of(told: dict[str, OutboxMessage], number: int) -> Standing:
    return told[reminder_key(f"a{number}", _start_of(number))].standing


def _assert_nothing_is_known_yet(database: Database) -> None:
    """Every message counts as told as it stands; no day was searched, nothing asked, and the store begins to count."""
    with database.read() as connection:
        grouped = select(message.c.standing, message.c.standing_since, message.c.doctor, message.c.said_by, func.count())
        rows = connection.execute(grouped.group_by(*(message.c[name] for name in sorted(NEW)))).all()
        others = [connection.execute(select(func.count()).select_from(table)).scalar() for table in (covered_day, question, practice_view)]
        state = read_state(connection)
    assert [tuple(row) for row in rows] == [("", None, None, None, ROWS)]
    assert others == [0, 0, 0]
    assert (len(state.number), state.generation, state.place) == (32, 0, "")


def _assert_the_old_references_are_kept(told: dict[str, OutboxMessage]) -> None:
    old = [found for found in told.values() if found.attempts]
    assert [found.reference for found in old] == [reference_of(found.unique_key) for found in old]
