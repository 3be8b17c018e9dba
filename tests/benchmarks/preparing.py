"""Preparing reminders on SQLite, from the practice's views to committed messages."""

from __future__ import annotations

import gc
import os
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sqlalchemy import delete, insert, select, update

from tests.benchmarks.outbox_practice import LATER_DAYS, NOON, VALUES, context, in_batches, make_parts, make_practice
from tests.benchmarks.row import Row
from tray_agent.config import settings as switches
from tray_agent.config.settings import Settings
from tray_agent.demo import practice_tables as tables
from tray_agent.job_kinds import JobKey
from tray_agent.messages.model import MessageState
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.prepare import prepare_reminders
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.tables import covered_day, message

SIZES = (1_000, 10_000, 100_000)
LARGEST = 1_000_000
"""Measured too where ``VITOCLIENT_BENCH_LARGE`` is set: making its practice takes longer than the preparing."""

OPEN = 20_000
"""So many were told of an appointment that lies ahead."""

GOAL = 10_000
MOST_TIMES = 3.0
MOST_MEMORY = 150
FLOOR = "the same rows read and inserted by SQLAlchemy Core, nothing decided"


def run() -> list[Row]:
    """Returns a row for each size, and one for the memory."""
    sizes = (*SIZES, LARGEST) if os.environ.get("VITOCLIENT_BENCH_LARGE") else SIZES
    _warm_up()
    rates = []
    rows = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            practice = make_practice(Path(name), size)
            parts = make_parts(Path(name), practice)
            seconds, floor = _prepare(parts, size), _bare(practice, parts.database, Path(name), size)
            rates.append(size / seconds)
            rows.append(_row(size, seconds, floor))
    rows.append(_linear(sizes, rates))
    return [*rows, *_memory(), *_with_open_keys()]


def _warm_up() -> None:
    """Loads what a process loads once: an agent runs for weeks."""
    with tempfile.TemporaryDirectory() as name:
        _prepare(make_parts(Path(name), make_practice(Path(name), 200)), 200)


def _prepare(parts: MessageParts, size: int) -> float:
    gc.collect()
    began = time.perf_counter()
    result = prepare_reminders(parts, context(JobKey.PREPARE_REMINDERS))
    seconds = time.perf_counter() - began
    if result.counts != {"prepared": size}:
        raise AssertionError(result)
    return seconds


def _bare(practice: Database, store: Database, folder: Path, size: int) -> float:
    """Returns how long it takes to read the same rows in chunks, and to insert the same messages in chunks.

    Those who were told are read, and their appointments; nothing is written about them.
    """
    with store.read() as connection:
        is_new = message.c.state == MessageState.PREPARED.value
        written = [dict(row) for row in connection.execute(select(message).where(is_new)).mappings()]
        told = connection.execute(select(message.c.id).where(~is_new).order_by(message.c.appointment_at, message.c.id)).scalars().all()
    copy = open_database(f"sqlite:///{(folder / 'copy.db').as_posix()}")
    upgrade(copy)
    gc.collect()
    began = time.perf_counter()
    for numbers in in_batches(len(written)):
        with practice.read() as connection:
            for table, key in ((tables.termin, "termin_nr"), (tables.patient, "patient_nr"), (tables.behandlung, "behandlung_nr")):
                connection.execute(select(table).where(table.c[key].in_(list(numbers)))).all()
        with copy.begin() as connection:
            connection.execute(insert(message), written[numbers.start : numbers.stop])
    for numbers in in_batches(len(told)):
        with store.read() as connection:
            connection.execute(select(message).where(message.c.id.in_(told[numbers.start : numbers.stop]))).all()
        with practice.read() as connection:
            connection.execute(select(tables.termin).where(tables.termin.c.termin_nr.in_([size + number for number in numbers]))).all()
    seconds = time.perf_counter() - began
    copy.dispose()
    return seconds


def _row(size: int, seconds: float, floor: float) -> Row:
    rate, ratio = size / seconds, seconds / floor
    met = rate >= GOAL and ratio <= MOST_TIMES
    goal = f"≥ {GOAL:,}/s, within {MOST_TIMES:g}×"
    return Row(f"{size:,} appointments", f"{rate:,.0f}/s", FLOOR, f"{size / floor:,.0f}/s", ratio, goal, met)


def _linear(sizes: tuple[int, ...], rates: list[float]) -> Row:
    """Compares the slowest with the fastest of all sizes but the first, in which a second of anything else counts a tenth."""
    ratio = max(rates[1:]) / min(rates[1:])
    named = f"time each, {sizes[1]:,} to {sizes[-1]:,} appointments"
    return Row(named, f"{ratio:.2f}×", goal="≤ 1.3×", met=ratio <= 1.3)


def _with_open_keys() -> Iterator[Row]:
    """Measures preparing where many were told already of what lies ahead: each of them is compared with the agenda, too."""
    each = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as name:
            practice, parts = _told(Path(name), size)
            seconds = _prepare(parts, size)
            floor = _bare(practice, parts.database, Path(name), size)
            handled = size + OPEN
            each.append(seconds / handled)
            rate, ratio = handled / seconds, seconds / floor
            met = rate >= GOAL and ratio <= MOST_TIMES
            goal = f"≥ {GOAL:,}/s, within {MOST_TIMES:g}×"
            named = f"{size:,} appointments, and {OPEN:,} who were told"
            yield Row(
                named, f"{rate:,.0f}/s", f"{FLOOR}; those who were told read with theirs", f"{handled / floor:,.0f}/s", ratio, goal, met
            )
    ratio = max(each) / min(each)
    yield Row(f"time each, {SIZES[0]:,} to {SIZES[-1]:,} appointments", f"{ratio:.2f}×", goal="≤ 3×", met=ratio <= 3)
    few, many = (_peak(5_000, told) for told in (OPEN // 4, OPEN))
    named = f"memory at the most, 5,000 appointments, {OPEN:,} against {OPEN // 4:,} who were told"
    yield Row(named, f"{many / few:.2f}×", goal="≤ 1.2×", met=many / few <= 1.2)


def _told(folder: Path, size: int, told: int = OPEN) -> tuple[Database, MessageParts]:
    """Makes a practice in which so many were told of appointments after tomorrow."""
    practice = make_practice(folder, size, told)
    parts = make_parts(folder, practice)
    ahead = Settings(VALUES | {switches.OFFSET_START: 2, switches.OFFSET_SEARCH: LATER_DAYS})
    _prepare(replace(parts, settings=lambda: ahead), told)
    left = {"state": MessageState.DELIVERED.value, "sending_at": NOON, "submitted_at": NOON, "final_at": NOON, "attempts": 1}
    with parts.database.begin() as connection:
        connection.execute(update(message).values(left))
        connection.execute(delete(covered_day))
    return practice, parts


def _memory() -> Iterator[Row]:
    """Measures what Python holds at the most beyond what it held before: it must not grow with the number of appointments."""
    few, many = (_peak(size) for size in (10_000, 100_000))
    yield Row("memory at the most, 100,000 appointments", f"{many:.0f} MiB", goal=f"< {MOST_MEMORY} MiB", met=many < MOST_MEMORY)
    yield Row("the same against 10,000", f"{many / few:.2f}×", goal="≤ 1.2×", met=many / few <= 1.2)


def _peak(size: int, told: int = 0) -> float:
    with tempfile.TemporaryDirectory() as name:
        parts = _told(Path(name), size, told)[1] if told else make_parts(Path(name), make_practice(Path(name), size))
        gc.collect()
        tracemalloc.start()
        _prepare(parts, size)
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
    return peak
