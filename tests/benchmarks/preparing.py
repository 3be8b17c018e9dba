"""Preparing reminders on SQLite, from the practice's views to committed messages."""

from __future__ import annotations

import gc
import os
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import insert, select

from tests.benchmarks.outbox_practice import context, in_batches, make_parts, make_practice
from tests.benchmarks.row import Row
from tray_agent.demo import practice_tables as tables
from tray_agent.job_kinds import JobKey
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.prepare import prepare_reminders
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.tables import message

SIZES = (1_000, 10_000, 100_000)
LARGEST = 1_000_000
"""Measured too where ``VITOCLIENT_BENCH_LARGE`` is set: making its practice takes longer than the preparing."""

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
            seconds, floor = _prepare(parts, size), _bare(practice, parts.database, Path(name))
            rates.append(size / seconds)
            rows.append(_row(size, seconds, floor))
    rows.append(_linear(sizes, rates))
    return [*rows, *_memory()]


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


def _bare(practice: Database, store: Database, folder: Path) -> float:
    """Returns how long it takes to read the same rows of the practice in chunks, and to insert the same messages in chunks."""
    with store.read() as connection:
        written = [dict(row) for row in connection.execute(select(message)).mappings()]
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


def _memory() -> Iterator[Row]:
    """Measures what Python holds at the most beyond what it held before: it must not grow with the number of appointments."""
    few, many = (_peak(size) for size in (5_000, 40_000))
    yield Row("memory at the most, 40,000 appointments", f"{many:.0f} MiB", goal=f"< {MOST_MEMORY} MiB", met=many < MOST_MEMORY)
    yield Row("the same against 5,000", f"{many / few:.2f}×", goal="≤ 1.2×", met=many / few <= 1.2)


def _peak(size: int) -> float:
    with tempfile.TemporaryDirectory() as name:
        parts = make_parts(Path(name), make_practice(Path(name), size))
        gc.collect()
        tracemalloc.start()
        _prepare(parts, size)
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
    return peak
