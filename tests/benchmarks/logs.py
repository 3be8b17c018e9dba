"""The long lists at 200,000 rows each, 400 days of the largest practice: history, activity log and outbox.

The floor of each list is its first page by time without a filter, as its window opens (of the activity log: a tab), with its
length, measured in the same run. Told are the worst first page by time under any filter, and the worst in any other order
(without a filter, and under each single one). A search for a text reads the keys of all rows: it is told apart.
"""

from __future__ import annotations

import itertools
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, text

from tests.benchmarks.row import Row, show_seconds
from tests.conftest import make_database
from tray_agent.job_kinds import JobKey, Service
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox import listing
from tray_agent.messages.outbox.model import OutboxFilter, OutboxOrder
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.protocol.history import History
from tray_agent.protocol.model import ActivityFilter, ActivityOrder, Level, RunFilter, RunOrder, RunState, RunTrigger
from tray_agent.search_keys import find_key, sort_key
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.tables import activity, job_run, message
from ui.models.outbox import VIEWS

ROWS = 200_000
BATCH = 20_000
PAGE = 200
EVERY = 172
"""Seconds between two rows: 200,000 of them are 400 days."""

START = datetime(2025, 10, 1, tzinfo=UTC)
MONTH = (START + timedelta(days=200), START + timedelta(days=230))
STATIONS = [f"Arbeitsplatz {number}" for number in range(12)]
REASONS = ["sent", "prepared", "downloaded", "no_contact", "opted_out", "cancelled", "hash_mismatch", "credits", "moved", "death_date"]
BY_TIME, BY_OTHER = 5, 30
ROUNDS = 5

Pages = dict[object, Callable[[], Any]]


def run() -> list[Row]:
    """Measures on SQLite and PostgreSQL."""
    return [row for kind in ("sqlite", "postgresql") for row in _measure(kind)]


def _measure(kind: str) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        for url in make_database(kind, Path(folder)):
            database = open_database(url)
            upgrade(database)
            for table, row in ((job_run, _run_row), (activity, _activity_row), (message, _message_row)):
                _fill(database, table, row)
            _analyze(database)
            yield from _history(database, kind)
            yield from _activities(database, kind)
            yield from _outbox(database, kind)
            database.dispose()


def _history(database: Database, kind: str) -> Iterator[Row]:
    history = History(database)
    filters = [
        RunFilter(period[0], period[1], key, state, workstation)
        for period in ((None, None), MONTH)
        for key in (None, JobKey.SEND_MESSAGES)
        for state in (None, *RunState)
        for workstation in (None, STATIONS[3])
    ]
    single = [one for one in filters if sum(value is not None for value in (one.since, one.job, one.state, one.workstation)) <= 1]
    by_time: Pages = {one: partial(history.page, one, RunOrder.DUE_AT, size=PAGE) for one in filters}
    others: Pages = {
        (one, order, descending): partial(history.page, one, order, descending=descending, size=PAGE)
        for one, order, descending in itertools.product(single, RunOrder, (True, False))
    }
    yield from _compared("history", kind, by_time[RunFilter()], by_time, others, {})


def _activities(database: Database, kind: str) -> Iterator[Row]:
    log = ActivityLog(database, "PC1")
    filters = [
        ActivityFilter(service=service, level=level, since=period[0], until=period[1])
        for service in Service
        for level in (None, *Level)
        for period in ((None, None), MONTH)
    ]
    filters += [ActivityFilter(service=Service.SMS, reason=reason) for reason in ("sent", "nothing")]
    filters += [ActivityFilter(item="4711"), ActivityFilter(run_id=4711), ActivityFilter(hidden=True), ActivityFilter()]
    tab, month = ActivityFilter(service=Service.SMS), ActivityFilter(service=Service.SMS, since=MONTH[0], until=MONTH[1])
    single = [tab, ActivityFilter(service=Service.SMS, level=Level.ERROR), month]
    by_time: Pages = {one: partial(log.page, one, ActivityOrder.TIME, size=PAGE) for one in filters}
    others: Pages = {
        (one, order, descending): partial(log.page, one, order, descending=descending, size=PAGE)
        for one, order, descending in itertools.product(single, ActivityOrder, (True, False))
    }
    searches: Pages = {
        typed: partial(log.page, ActivityFilter(service=Service.SMS, text=typed), ActivityOrder.TIME, size=PAGE)
        for typed in ("termin", "nirgends", "4711 gesendet")
    }
    yield from _compared("activity log", kind, by_time[tab], by_time, others, searches)
    counted, floor = _best(log.counts), _best(by_time[tab])
    yield Row(
        f"activity log, {kind}: number of errors of each tab", show_seconds(counted), "the first page", show_seconds(floor), counted / floor
    )


def _outbox(database: Database, kind: str) -> Iterator[Row]:
    def page(which: OutboxFilter, order: OutboxOrder = OutboxOrder.NUMBER, *, descending: bool = True) -> Any:
        with database.read() as connection:
            return listing.page(connection, which, order, descending=descending, offset=0, limit=PAGE)

    kinds = [frozenset[MessageKind](), *(frozenset({one}) for one in MessageKind)]
    filters = [OutboxFilter(view.states, chosen) for view in VIEWS for chosen in kinds]
    single = [one for one in filters if not (one.states and one.kinds)]
    by_time: Pages = {one: partial(page, one) for one in filters}
    others: Pages = {
        (one, order, descending): partial(page, one, order, descending=descending)
        for one, order, descending in itertools.product(single, OutboxOrder, (True, False))
    }
    searches: Pages = {typed: partial(page, OutboxFilter(patient=typed)) for typed in ("müller anna", "nirgends", "vorname", "4711")}
    yield from _compared("outbox", kind, by_time[OutboxFilter()], by_time, others, searches)


def _compared(
    what: str, kind: str, first: Callable[[], Any], by_time: Pages, others: Pages, searches: Pages | None = None
) -> Iterator[Row]:
    floor = _best(first)
    for told, pages, goal in (("by time under any filter", by_time, BY_TIME), ("in any other order", others, BY_OTHER)):
        seconds, _key = _worst(f"{kind} {what}, {told}", pages, floor)
        yield Row(
            f"{what}, {ROWS:,} rows, {kind}: the worst of {len(pages)} first pages {told}", show_seconds(seconds), "the first page by time",
            show_seconds(floor), seconds / floor, f"≤ {goal}×", seconds / floor <= goal,
        )  # fmt: skip
    if searches:
        seconds, key = _worst(f"{kind} {what}, searches", searches, floor)
        name = f"{what}, {ROWS:,} rows, {kind}: the worst search for a text ({key})"
        yield Row(name, show_seconds(seconds), "the first page by time", show_seconds(floor), seconds / floor)


def _worst(name: str, pages: Pages, floor: float) -> tuple[float, object]:
    times = sorted(((_best(page), key) for key, page in pages.items()), key=lambda found: found[0], reverse=True)
    for seconds, key in times[:4]:
        print(f"  {name}: {show_seconds(seconds)}, {seconds / floor:.1f}×, {key}")
    return times[0]


def _best(page: Callable[[], Any]) -> float:
    times = []
    for _round in range(ROUNDS):
        began = time.perf_counter()
        page()
        times.append(time.perf_counter() - began)
    return min(times)


def _fill(database: Database, table: Table, row: Any) -> None:
    dice = random.Random(1)
    for first in range(0, ROWS, BATCH):
        rows: Sequence[dict[str, object]] = [row(dice, number) for number in range(first, first + BATCH)]
        with database.begin() as connection:
            connection.execute(insert(table), rows)


def _run_row(dice: random.Random, number: int) -> dict[str, object]:
    states = [RunState.SUCCEEDED] * 90 + [RunState.SKIPPED] * 8 + [RunState.FAILED, RunState.CANCELLED]
    state = RunState.DIED if number % 50_000 == 7 else dice.choice(states)
    trigger = RunTrigger.BY_HAND if number % 10_000 == 3 else dice.choice([RunTrigger.SCHEDULE] * 20 + [RunTrigger.CATCH_UP])
    due_at = START + timedelta(seconds=5 * EVERY * (number // 5))
    return {
        "job": list(JobKey)[number % 5].value, "due_at": due_at, "trigger": trigger.value, "state": state.value, "token": number,
        "attempt": 1, "takeovers": 0, "folded": int(number % 10 == 4),
        "workstation": STATIONS[min(11, int(dice.expovariate(0.4)))], **_times(dice, due_at, state),
        "result": '{"counts":{},"skipped":{}}', "problems": 0, "reason": "",
        "sentence": "12 Erinnerungen gesendet, 1 nicht gesendet: keine Mobilnummer.",
    }  # fmt: skip


def _times(dice: random.Random, due_at: datetime, state: RunState) -> dict[str, object]:
    """Draws start and end: mostly within minutes, one in a thousand runs was caught up days later, skipped ones have none."""
    if state is RunState.SKIPPED:
        return {"started_at": None, "finished_at": None}
    started = due_at + (timedelta(days=3) if dice.random() < 0.001 else timedelta(seconds=dice.randrange(20)))
    return {"started_at": started, "finished_at": started + timedelta(seconds=dice.randrange(1, 300))}


def _activity_row(dice: random.Random, number: int) -> dict[str, object]:
    item, sentence = str(dice.randrange(300_000)), f"{_name(number)}: Erinnerung an den Termin vom 24.11.2026 10:00 gesendet."
    return {
        "at": START + timedelta(seconds=EVERY * number), "service": dice.choice([Service.SMS] * 30 + [Service.DOWNLOADS]).value,
        "level": dice.choice([Level.INFO] * 95 + [Level.WARNING] * 4 + [Level.ERROR]).value, "reason": dice.choice(REASONS),
        "sentence": sentence, "sentence_source": f'["text","{{patient}}: …",{{"patient":"{_name(number)}"}}]', "item": item,
        "patient_id": "4711", "appointment_at": None, "workstation": dice.choice(STATIONS), "run_id": number // 40,
        "hidden": int(number < ROWS // 5), "hidden_at": None, "find_text": find_key(f"{sentence} {item}"),
    }  # fmt: skip


def _message_row(dice: random.Random, number: int) -> dict[str, object]:
    at, name = START + timedelta(seconds=EVERY * number), _name(number)
    states = [MessageState.DELIVERED] * 180 + [MessageState.FAILED, MessageState.ERROR] * 6 + [MessageState.UNKNOWN] * 5
    state = MessageState.PREPARED if number > ROWS - 300 else dice.choice([*states, MessageState.CANCELLED])
    greeting = number % 30 == 0
    return {
        "reference": f"R{number:020}", "unique_key": f"{'birthday' if greeting else 'reminder'}/{number}", "state": state.value,
        "kind": (MessageKind.BIRTHDAY if greeting else MessageKind.REMINDER).value, "channel": "email" if number % 10 == 0 else "sms",
        "patient_id": str(number % 20_000), "patient_name": name, "patient_sort": sort_key(name), "patient_find": find_key(name),
        "mandant_id": "M1", "appointment_id": None if greeting else str(number), "recipient": "+41790000000", "language": "de",
        "subject": "", "text": "Guten Tag, gerne erinnern wir Sie an Ihren Termin am 24.11.2026 um 10:00. Praxis am Bellevue, 044 262 11",
        "segments": 1, "cost": Decimal(1), "reason": "", "sentence": "Zugestellt am 24.11.2026 10:00.",
        "sentence_source": '["text","Zugestellt am {time}.",{"time":"24.11.2026 10:00"}]',
        "appointment_at": None if greeting else at + timedelta(days=1), "next_at": at, "expires_at": at + timedelta(days=1), "run_id": 1,
        "token": 1, "version": 4, "attempts": 1, "prepared_at": at, "sending_at": at, "submitted_at": at, "final_at": at,
        "times_asked": 0, "status_checks": 2, "notified_at": at, "reason_code": "",
    }  # fmt: skip


def _name(number: int) -> str:
    return "Anna Müller" if number % 5000 == 0 else f"Vorname{number % 977} Nachname{number % 4999}"


def _analyze(database: Database) -> None:
    """Does at once what PostgreSQL does by itself within minutes of so many new rows: counts them, and notes which pages all may see."""
    if database.dialect == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
