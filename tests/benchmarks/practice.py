"""The practice: reading its views, deciding who gets a message, telephone numbers, the demo practice."""

# ruff: noqa: DTZ001 - times of appointments are wall-clock times of the practice, naive

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import phonenumbers
from sqlalchemy import select

from tests.benchmarks.outbox_practice import make_practice
from tests.benchmarks.row import Row, seconds_each, show_seconds
from tray_agent.demo import practice_tables as tables
from tray_agent.demo.practice import make_demo_practice
from tray_agent.messages.rules.contacts import read_phone
from tray_agent.messages.rules.eligibility import Candidate, Circumstances, Decision, Eligible, PreparingBatch, RuleSettings
from tray_agent.messages.texts.templates import default_book
from tray_agent.practice.sql_source import SqlPracticeSource
from tray_agent.store.database import Database, open_database

FIRST, END = datetime(2026, 11, 24), datetime(2026, 11, 25)
SIZE = 100_000


@dataclass(frozen=True)
class _Practice:
    database: Database
    source: SqlPracticeSource
    size: int


def run() -> list[Row]:
    """Returns how quickly a practice of 100,000 appointments is read and decided, against bare statements and the library."""
    with _practice(SIZE // 10) as small, _practice(SIZE) as large:
        rows = [*_reading(small, large), _memory(large), *_deciding(small, large)]
    return [*rows, *_phones(), _demo()]


@contextmanager
def _practice(size: int) -> Iterator[_Practice]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        database = make_practice(Path(folder), size)
        yield _Practice(database, SqlPracticeSource(database), size)
        database.dispose()


def _reading(small: _Practice, large: _Practice) -> list[Row]:
    each_small, each_large = (_best(partial(_stream, one)) / one.size for one in (small, large))
    floor = _best(partial(_bare, large)) / large.size
    return [
        Row(
            "appointments streamed through the view, each of 100,000", show_seconds(each_large), "SELECT of the same rows, fetched at once",
            show_seconds(floor), each_large / floor, "≤ 6×", each_large / floor <= 6,
        ),
        Row(
            "the same, each of 10,000: linear", show_seconds(each_small), "each of 100,000", show_seconds(each_large),
            each_large / each_small, "≤ 1.5×", each_large / each_small <= 1.5,
        ),
    ]  # fmt: skip


def _memory(practice: _Practice) -> Row:
    tracemalloc.start()
    _stream(practice)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return Row("memory of streaming 100,000 appointments, peak", f"{peak:.1f} MiB", goal="< 10 MiB", met=peak < 10)


def _deciding(small: _Practice, large: _Practice) -> list[Row]:
    each_small, each_large = (_best(partial(_decide_all, one)) / one.size for one in (small, large))
    return [
        Row(
            "read with patient and Mandant, and decided, each of 100,000", show_seconds(each_large), "each of 10,000",
            show_seconds(each_small), each_large / each_small, "≥ 10,000 a second, ≤ 1.5×",
            each_large <= 1e-4 and each_large / each_small <= 1.5,
        ),
    ]  # fmt: skip


def _phones() -> list[Row]:
    def library() -> object:
        number = phonenumbers.parse("079 123 45 67", "CH")
        return phonenumbers.number_type(number), phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    quick = seconds_each(lambda: read_phone.__wrapped__("079 123 45 67", "CH"))
    whole = seconds_each(lambda: read_phone.__wrapped__("Natel 079 123 45 67 (Tochter)", "CH"))
    floor = seconds_each(library)
    name = "parse, type and format by phonenumbers"
    return [
        Row(
            "telephone number as mostly typed",
            show_seconds(quick),
            name,
            show_seconds(floor),
            quick / floor,
            "≤ 0.5×",
            quick / floor <= 0.5,
        ),
        Row("telephone number among words", show_seconds(whole), name, show_seconds(floor), whole / floor),
    ]


def _demo() -> Row:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        database = open_database(f"sqlite:///{(Path(folder) / 'practice.db').as_posix()}")
        took = _timed(lambda: make_demo_practice(database, date(2026, 11, 23)))
        database.dispose()
    return Row("demo practice with 2,000 patients", show_seconds(took), goal="< 1 s", met=took < 1)


def _stream(practice: _Practice) -> None:
    seen = sum(len(chunk) for chunk in practice.source.appointments_between(FIRST, END))
    _require(seen, practice.size)


def _bare(practice: _Practice) -> None:
    with practice.database.read() as connection:
        _require(
            len(connection.execute(select(tables.termin).order_by(tables.termin.c.beginn, tables.termin.c.termin_nr)).all()), practice.size
        )


def _decide_all(practice: _Practice) -> None:
    source = practice.source
    settings = RuleSettings(reminders_on=True)
    batch = PreparingBatch(Circumstances(FIRST - timedelta(hours=14), settings, source.mandants(), default_book(), source.visit_reasons()))
    due = 0
    for chunk in source.appointments_between(FIRST, END):
        ids = {appointment.patient_id for appointment in chunk}
        patients, charged = source.patients(ids), source.last_mandants(ids)
        decisions: list[Decision] = [
            batch.reminder(Candidate(one, patients.get(one.patient_id), charged.get(one.patient_id))) for one in chunk
        ]
        due += sum(isinstance(decision, Eligible) for decision in decisions)
    _require(due, practice.size)


def _require(found: int, wanted: int) -> None:
    if found != wanted:
        raise RuntimeError(f"{found} of {wanted}: the benchmark measures something else")


def _best(work: Callable[[], object]) -> float:
    return min(_timed(work) for _round in range(3))


def _timed(work: Callable[[], object]) -> float:
    """Returns the processor's time: SQLite works within this process, and other processes do not disturb the figure."""
    began = time.process_time()
    work()
    return time.process_time() - began
