"""A million rows of history and a million of activity: the first page of every order under every filter.

The worst of all first pages is told, and what one row by its key takes as the floor. A search for a text looks through a part
of the log for each page; one that finds nothing takes as long as any. Memory is what the process gains
while it reads every page once.
"""

from __future__ import annotations

import itertools
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Table, insert, select, text

from tests.benchmarks.row import Row, seconds_each, show_seconds
from tests.conftest import make_database
from tray_agent.job_kinds import JobKey, Service
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.protocol.history import History
from tray_agent.protocol.model import ActivityFilter, ActivityOrder, Level, RunFilter, RunOrder, RunState, RunTrigger
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.tables import activity, job_run

ROWS = 1_000_000
BATCH = 20_000
PAGE = 200
START = datetime(2025, 10, 1, tzinfo=UTC)
STATIONS = [f"Arbeitsplatz {number}" for number in range(12)]
REASONS = ["sent", "prepared", "downloaded", "no_contact", "opted_out", "cancelled", "hash_mismatch", "credits", "moved", "death_date"]
GOAL = 0.05


def run() -> list[Row]:
    """Measures on SQLite and PostgreSQL."""
    return [row for kind in ("sqlite", "postgresql") for row in _measure(kind)]


def _measure(kind: str) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        for url in make_database(kind, Path(folder)):
            database = open_database(url)
            upgrade(database)
            _fill(database, job_run, _run_row)
            _fill(database, activity, _activity_row)
            _analyze(database)
            floor = _one_row(database)
            yield from _history(database, kind, floor)
            yield from _activities(database, kind, floor)
            database.dispose()


def _history(database: Database, kind: str, floor: float) -> Iterator[Row]:
    history = History(database)
    month = (START + timedelta(days=100), START + timedelta(days=130))
    filters = [
        RunFilter(period[0], period[1], key, state, workstation)
        for period in ((None, None), month)
        for key in (None, JobKey.SEND_MESSAGES)
        for state in (None, RunState.FAILED, RunState.SUCCEEDED, RunState.DIED)
        for workstation in (None, STATIONS[3])
    ]
    pages = {
        (order, filter_by, descending): partial(history.page, filter_by, order, descending=descending, size=PAGE)
        for order, filter_by, descending in itertools.product(RunOrder, filters, (True, False))
    }
    yield from _worst("history", kind, pages, floor)


def _activities(database: Database, kind: str, floor: float) -> Iterator[Row]:
    log = ActivityLog(database, "PC1")
    month = (START + timedelta(days=100), START + timedelta(days=130))
    day = (START + timedelta(days=100), START + timedelta(days=101))
    filters = [
        ActivityFilter(service=service, level=level, reason=reason, since=period[0], until=period[1], hidden=hidden)
        for service in (None, Service.SMS)
        for level in (None, Level.ERROR)
        for reason in (None, "no_contact", "sent")
        for period in ((None, None), month, day)
        for hidden in (False, True)
    ]
    filters += [
        ActivityFilter(service=service, level=level, since=period[0], until=period[1], text=text)
        for service in (None, Service.SMS)
        for level in (None, Level.ERROR)
        for period in ((None, None), month)
        for text in ("Termin", "nirgends")
    ]
    filters += [ActivityFilter(item="4711"), ActivityFilter(run_id=4711)]
    pages = {
        (order, wanted, descending): partial(log.page, wanted, order, descending=descending, size=PAGE)
        for order, wanted, descending in itertools.product(ActivityOrder, filters, (True, False))
    }
    yield from _worst("activity log", kind, pages, floor)
    yield Row(
        f"activity log, {ROWS:,} rows, {kind}: number of errors of each tab",
        show_seconds(counted := seconds_each(log.counts, rounds=2)), "one row by its key", show_seconds(floor), counted / floor,
    )  # fmt: skip


def _worst(what: str, kind: str, pages: dict[Any, Any], floor: float) -> Iterator[Row]:
    memory = psutil.Process().memory_info().rss
    times = sorted(((_best_of_three(page), key) for key, page in pages.items()), key=lambda found: found[0], reverse=True)
    gained = (psutil.Process().memory_info().rss - memory) / 1e6
    worst, middle = times[0][0], times[len(times) // 2][0]
    for seconds, key in times[:3]:
        print(f"  {kind} {what}: {show_seconds(seconds)} {key}")
    name = f"{what}, {ROWS:,} rows, {kind}"
    yield Row(
        f"{name}: worst first page of {len(pages)} orders and filters", show_seconds(worst), "one row by its key", show_seconds(floor),
        worst / floor, f"< {show_seconds(GOAL)}", worst < GOAL,
    )  # fmt: skip
    yield Row(f"{name}: first page in the middle", show_seconds(middle), "one row by its key", show_seconds(floor), middle / floor)
    yield Row(f"{name}: memory gained over all pages", f"{gained:.1f} MB", goal="< 50 MB", met=gained < 50)


def _best_of_three(page: Any) -> float:
    times = []
    for _round in range(3):
        began = time.perf_counter()
        page()
        times.append(time.perf_counter() - began)
    return min(times)


def _one_row(database: Database) -> float:
    def one() -> None:
        with database.read() as connection:
            connection.execute(select(job_run).where(job_run.c.id == ROWS // 2)).one()

    return seconds_each(one)


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
    due_at = START + timedelta(seconds=34 * (number // 5))
    return {
        "job": list(JobKey)[number % 5].value, "due_at": due_at, "trigger": trigger.value, "state": state.value, "token": number,
        "attempt": 1, "workstation": STATIONS[min(11, int(dice.expovariate(0.4)))], **_times(dice, due_at, state),
        "result": '{"counts":{},"skipped":{}}', "problems": 0, "reason": "",
        "sentence": "12 Erinnerungen gesendet, 1 nicht gesendet: keine Mobilnummer.",
    }  # fmt: skip


def _times(dice: random.Random, due_at: datetime, state: RunState) -> dict[str, object]:
    """Draws start and end: mostly within minutes, one in a thousand runs was caught up days later, skipped ones have none."""
    if state is RunState.SKIPPED:
        return {"started_at": None, "finished_at": None, "late": 0}
    late = dice.random() < 0.001
    started = due_at + (timedelta(days=3) if late else timedelta(seconds=dice.randrange(20)))
    return {"started_at": started, "finished_at": started + timedelta(seconds=dice.randrange(1, 300)), "late": int(late)}


def _activity_row(dice: random.Random, number: int) -> dict[str, object]:
    return {
        "at": START + timedelta(seconds=34 * number), "service": dice.choice([Service.SMS] * 30 + [Service.DOWNLOADS]).value,
        "level": dice.choice([Level.INFO] * 95 + [Level.WARNING] * 4 + [Level.ERROR]).value, "reason": dice.choice(REASONS),
        "sentence": "Erinnerung an den Termin vom 24.11.2026 10:00 gesendet.", "item": str(dice.randrange(300_000)), "patient_id": "4711",
        "appointment_at": None, "workstation": dice.choice(STATIONS), "run_id": number // 40, "hidden": int(number < 200_000),
        "hidden_at": None,
    }  # fmt: skip


def _analyze(database: Database) -> None:
    """Does at once what PostgreSQL does by itself within minutes of so many new rows: counts them, and notes which pages all may see."""
    if database.dialect == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
