"""What the start page counts, against plain counting of the rows, and against the lists that the numbers open; on every engine."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from tray_agent.messages.model import Channel, MessageKind, MessageState
from tray_agent.messages.outbox import listing
from tray_agent.messages.outbox.model import Fate, OutboxFilter, OutboxOrder, Span
from tray_agent.messages.outbox.tally import handed_over_by_day, of_appointments
from tray_agent.start_page import day_span
from tray_agent.store.database import Database
from tray_agent.store.tables import message

ZURICH = ZoneInfo("Europe/Zurich")
TODAY = date(2026, 10, 27)
"""Two days after the clocks went back: one of the days has 25 hours."""

DAYS = [day_span(TODAY - timedelta(days=back), ZURICH) for back in reversed(range(30))]
ROWS = 600

Row = dict[str, Any]


def a_row(dice: random.Random, number: int) -> Row:
    """Returns a message as it may stand in the outbox: sent up to 33 days ago, before its appointment or on its birthday."""
    at = DAYS[0].since.astimezone(UTC) + timedelta(minutes=dice.randrange(-3 * 1440, 30 * 1440))
    kind, state = dice.choice(list(MessageKind)), dice.choice(list(MessageState))
    is_sent = state not in (MessageState.PREPARED, MessageState.ERROR, MessageState.CANCELLED, MessageState.IN_DOUBT)
    appointment = at + timedelta(minutes=dice.randrange(1, 4 * 1440)) if kind.is_of_appointment else None
    return {
        "reference": f"R{number}", "unique_key": f"k/{number}", "kind": kind.value, "state": state.value,
        "channel": dice.choice([*(channel.value for channel in Channel), None]), "patient_id": "P1", "patient_name": "Anna",
        "patient_sort": "anna", "patient_find": "anna", "subject": "", "text": "", "segments": 1, "cost": Decimal(1),
        "reason": dice.choice(["", "no_contact", "provisional"]), "sentence": "", "appointment_at": appointment, "next_at": at,
        "expires_at": appointment or at + timedelta(hours=20), "token": 1, "version": 1, "attempts": 1,
        "prepared_at": at - timedelta(minutes=dice.randrange(1, 600)), "submitted_at": at if is_sent else None,
        "times_asked": 0, "status_checks": 0, "reason_code": "", "standing": "",
        "handled_at": at if dice.random() < 0.3 else None,
    }  # fmt: skip


@pytest.fixture
def rows(clocked_database: Database) -> Sequence[Row]:
    dice = random.Random(7)
    made = [a_row(dice, number) for number in range(ROWS)]
    with clocked_database.begin() as connection:
        connection.execute(insert(message), made)
    return made


MISSED = {"failed", "unknown"}
BY_HAND: dict[Fate, Callable[[Row], bool]] = {
    Fate.ARRIVED: lambda row: row["state"] == "delivered" or (row["state"] in ("submitted", "buffered") and row["channel"] == "email"),
    Fate.ON_THE_WAY: lambda row: row["state"] in ("submitted", "buffered") and row["channel"] != "email",
    Fate.MISSED: lambda row: row["state"] in MISSED,
    Fate.CALLED: lambda row: row["state"] in MISSED and row["handled_at"] is not None,
    Fate.OPEN: lambda row: row["state"] in MISSED and row["handled_at"] is None and row["kind"] != "birthday",
}


def is_in(row: Row, when: Span) -> bool:
    taken = {"submitted", "buffered", "delivered", "failed", "unknown"}
    return row["state"] in taken and row["submitted_at"] is not None and when.since <= row["submitted_at"] < when.until


def listed(database: Database, which: OutboxFilter) -> set[str]:
    """Returns the keys of what a list shows, after seeing to it that it is counted alike."""
    with database.read() as connection:
        page = listing.page(connection, which, OutboxOrder.NUMBER, descending=True, offset=0, limit=ROWS)
    assert page.total == len(page.rows)
    return {one.unique_key for one in page.rows}


def test_every_day_and_fate_is_counted_as_the_rows_are_and_as_its_list_shows(clocked_database: Database, rows: Sequence[Row]) -> None:
    with clocked_database.read() as connection:
        days = handed_over_by_day(connection, DAYS)
    seen = 0
    for day in days:
        sent = [row for row in rows if is_in(row, day.when)]
        for fate, holds in BY_HAND.items():
            assert day.of(fate) == sum(map(holds, sent))
            seen += day.of(fate)
        assert day.number == day.of(Fate.ARRIVED) + day.of(Fate.ON_THE_WAY) + day.of(Fate.MISSED)
        assert day.number == len(listed(clocked_database, OutboxFilter(handed_over=day.when)))
        assert day.number == len(sent)
    assert seen > 100


@pytest.mark.parametrize("fate", list(Fate))
def test_the_list_behind_a_number_of_thirty_days_holds_exactly_its_rows(
    clocked_database: Database, rows: Sequence[Row], fate: Fate
) -> None:
    whole = Span(DAYS[0].since, DAYS[-1].until)
    with clocked_database.read() as connection:
        number = sum(day.of(fate) for day in handed_over_by_day(connection, DAYS))
    found = listed(clocked_database, OutboxFilter(handed_over=whole, fate=fate))
    assert len(found) == number > 0
    assert found == {row["unique_key"] for row in rows if is_in(row, whole) and BY_HAND[fate](row)}


def test_what_is_of_a_days_appointments_is_counted_as_its_lists_show(clocked_database: Database, rows: Sequence[Row]) -> None:
    kinds = frozenset(kind for kind in MessageKind if kind.is_of_appointment)
    for when in DAYS[-5:]:
        with clocked_database.read() as connection:
            found = of_appointments(connection, when)
        of_day = [row for row in rows if row["appointment_at"] and when.since <= row["appointment_at"] < when.until]
        assert sum(found.by_state.values()) == len(of_day)
        for state, number in found.by_state.items():
            rows_of = listed(clocked_database, OutboxFilter(frozenset({state}), kinds, appointment=when))
            assert rows_of == {row["unique_key"] for row in of_day if row["state"] == state.value}
            assert len(rows_of) == number
        kept_back = frozenset({MessageState.ERROR, MessageState.CANCELLED})
        for reason, number in found.reasons.items():
            which = OutboxFilter(kept_back, kinds, appointment=when, reasons=frozenset({reason}))
            assert len(listed(clocked_database, which)) == number


def test_an_hour_that_comes_twice_belongs_to_its_day() -> None:
    night = day_span(date(2026, 10, 25), ZURICH)
    assert night.until.astimezone(UTC) - night.since.astimezone(UTC) == timedelta(hours=25)
    assert datetime(2026, 10, 25, 1, 30, tzinfo=UTC) > night.since  # the second half past two
