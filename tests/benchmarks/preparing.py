"""Preparing reminders on SQLite, from the practice's views to committed messages."""

from __future__ import annotations

import gc
import os
import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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

MOST_TIMES = 3.0
GOAL = f"within {MOST_TIMES:g}× (10,000/s where the floor does 30,000/s)"
MOST_MEMORY = 150
FLOOR = "the same rows read and inserted by SQLAlchemy Core, nothing decided"
TURNS, ONCE = 3, 100_000
"""The best of so many turns counts, of so many appointments and more there is one."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How long preparing took, and the floor beside it: seconds of the processor, which others on the machine disturb least.

    Attributes:
        handled: how many appointments were prepared or compared.
    """

    handled: int
    seconds: float
    floor: float

    @property
    def ratio(self) -> float:
        """Returns how many times longer than the floor it took."""
        return self.seconds / self.floor

    def row(self, name: str, floor: str) -> Row:
        """Returns it as a row with its goal."""
        rate, bare = (f"{self.handled / seconds:,.0f}/s" for seconds in (self.seconds, self.floor))
        return Row(name, rate, floor, bare, self.ratio, GOAL, self.ratio <= MOST_TIMES)


def run() -> list[Row]:
    """Returns a row for each size, and one for the memory."""
    sizes = (*SIZES, LARGEST) if os.environ.get("VITOCLIENT_BENCH_LARGE") else SIZES
    _warm_up()
    alone = {size: _measured(size) for size in sizes}
    rows = [each.row(f"{size:,} appointments", FLOOR) for size, each in alone.items()]
    del alone[sizes[0]]  # a second of anything else would count a tenth
    rows.append(_linear(alone, 1.3))
    return [*rows, *_memory(), *_with_open_keys()]


def _measured(size: int, told: int = 0) -> Measured:
    turns = [_turn(size, told) for _turn_number in range(TURNS if size < ONCE else 1)]
    seconds, floor = (min(each) for each in zip(*turns, strict=True))
    return Measured(size + told, seconds, floor)


def _turn(size: int, told: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        practice, parts = _told(folder, size, told)
        return _prepare(parts, size), _bare(practice, parts.database, folder, size)


def _warm_up() -> None:
    """Loads what a process loads once: an agent runs for weeks."""
    with tempfile.TemporaryDirectory() as name:
        _prepare(make_parts(Path(name), make_practice(Path(name), 200)), 200)


def _prepare(parts: MessageParts, size: int) -> float:
    gc.collect()
    began = time.process_time()
    result = prepare_reminders(parts, context(JobKey.PREPARE_REMINDERS))
    seconds = time.process_time() - began
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
    gc.freeze()  # what is to be written is not looked through again and again
    began = time.process_time()
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
    seconds = time.process_time() - began
    gc.unfreeze()
    copy.dispose()
    return seconds


def _linear(sizes: Mapping[int, Measured], goal: float) -> Row:
    """Compares the slowest with the fastest of some sizes: the floor gets slower, too, with a larger table."""
    each, bare = ([found.seconds / found.handled for found in sizes.values()], [found.floor / found.handled for found in sizes.values()])
    grown, floor = max(each) / min(each), max(bare) / min(bare)
    ratios = [found.ratio for found in sizes.values()]
    ratio = max(ratios) / min(ratios)
    named = f"time each, {min(sizes):,} to {max(sizes):,} appointments"
    return Row(
        named, f"{grown:.2f}×", "the floor's", f"{floor:.2f}×", ratio, f"grows at most {goal:g}× as much as the floor", ratio <= goal
    )


def _with_open_keys() -> Iterator[Row]:
    """Measures preparing where many were told already of what lies ahead: each of them is compared with the agenda, too."""
    found = {size: _measured(size, OPEN) for size in SIZES}
    for size, each in found.items():
        yield each.row(f"{size:,} appointments, and {OPEN:,} who were told", f"{FLOOR}; those who were told read with theirs")
    yield _linear(found, 2)  # to compare one costs less than to prepare one
    few, many = (_peak(5_000, told) for told in (OPEN // 4, OPEN))
    named = f"memory at the most, 5,000 appointments, {OPEN:,} against {OPEN // 4:,} who were told"
    yield Row(named, f"{many / few:.2f}×", goal="≤ 1.2×", met=many / few <= 1.2)


def _told(folder: Path, size: int, told: int) -> tuple[Database, MessageParts]:
    """Makes a practice in which so many were told of appointments after tomorrow."""
    practice = make_practice(folder, size, told)
    parts = make_parts(folder, practice)
    if not told:
        return practice, parts
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
        _practice, parts = _told(Path(name), size, told)
        gc.collect()
        tracemalloc.start()
        _prepare(parts, size)
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
    return peak
