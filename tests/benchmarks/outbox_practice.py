"""A large practice for the benchmarks of messages: one appointment tomorrow for each of as many patients as wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from tests.messages.memory_gateways import MemorySmsGateway
from tests.messages.world import Accounts, TrialContext
from tray_agent.clock import Clock, ManualClock
from tray_agent.config import settings as switches
from tray_agent.config.settings import Setting, Settings, Value
from tray_agent.demo import practice_tables as tables
from tray_agent.job_kinds import JobKey
from tray_agent.messages.gateways.contract import SmsGateway
from tray_agent.messages.rules.licence import with_check_digits
from tray_agent.messages.texts.rendering import PracticeWords
from tray_agent.messages.texts.templates import default_book
from tray_agent.messages.work.parts import MailIdentity, MessageParts, SendingRules
from tray_agent.practice.sql_source import SqlPracticeSource
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade

NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
TOMORROW = date(2026, 11, 24)
ZURICH = ZoneInfo("Europe/Zurich")
BATCH = 10_000
LATER_DAYS = 20
VALUES: dict[Setting, Value] = {switches.REMINDERS_ON: True, switches.QUIET_FROM: "00:00", switches.QUIET_UNTIL: "00:00"}


def make_practice(folder: Path, size: int, later: int = 0) -> Database:
    """Makes the practice on SQLite.

    Args:
        folder: for its file.
        size: how many come tomorrow.
        later: how many come on the twenty days after that.
    """
    database = open_database(f"sqlite:///{(folder / 'practice.db').as_posix()}", clock=ManualClock(NOON))
    tables.create_practice(database)
    with database.begin() as connection:
        connection.execute(
            insert(tables.mandant), [{"mandant_nr": "M1", "name": "Dr. Meier", "lizenznummer": with_check_digits("7601000")}]
        )
    for begin in range(0, size + later, BATCH):
        numbers = range(begin, min(begin + BATCH, size + later))
        with database.begin() as connection:
            connection.execute(insert(tables.patient), [_patient(number) for number in numbers])
            connection.execute(insert(tables.behandlung), [_treatment(number) for number in numbers])
            connection.execute(insert(tables.termin), [_appointment(number, size) for number in numbers])
    return database


def make_parts(
    folder: Path, practice: Database, clock: Clock | None = None, gateway: Callable[[], SmsGateway] = MemorySmsGateway
) -> MessageParts:
    """Returns what the jobs work with: an empty outbox on SQLite beside the practice."""
    used = clock or ManualClock(NOON)
    store = open_database(f"sqlite:///{(folder / 'store.db').as_posix()}", clock=used)
    upgrade(store)
    return MessageParts(
        database=store,
        settings=lambda: Settings(VALUES),
        practice=SqlPracticeSource(practice),
        templates=default_book,
        sms=Accounts({"M1": gateway()}),
        mail=None,
        mail_identity=lambda _mandant: MailIdentity("praxis@example.ch"),
        clock=used,
        zone=ZURICH,
        words=PracticeWords("Praxis am Bellevue", "044 262 11 22"),
        rules=SendingRules(unasked=10_000_000),
    )


def context(job: JobKey) -> TrialContext:
    """Returns a run whose fence costs nothing."""
    return TrialContext(job)


def _patient(number: int) -> Mapping[str, Any]:
    prefix = (76, 77, 78, 79)[number % 4]
    natel = f"0{prefix} {200 + number // 40_000 % 700} {number // 400 % 100:02} {number // 4 % 100:02}"
    return {
        "patient_nr": number, "anrede": ("Frau", "Herr")[number % 2], "vorname": f"Vorname{number % 977}",
        "nachname": f"Nachname{number % 4999}", "geburtsdatum": date(1930 + number % 80, 1 + number % 12, 1 + number % 28),
        "sprache": ("de", "fr", "it", "de", "de")[number % 5], "natel": natel, "keine_mitteilungen": 0,
    }  # fmt: skip


def _treatment(number: int) -> Mapping[str, Any]:
    return {"behandlung_nr": number, "patient_nr": number, "mandant_nr": "M1", "eroeffnet_am": date(2026, 1, 5)}


def _appointment(number: int, tomorrow: int) -> Mapping[str, Any]:
    day = TOMORROW if number < tomorrow else TOMORROW + timedelta(days=1 + number % LATER_DAYS)
    begins = datetime.combine(day, time(7)) + timedelta(minutes=number % 720)
    return {"termin_nr": number, "patient_nr": number, "beginn": begins, "status": "definitiv", "arzt": "Dr. Meier"}


def in_batches(size: int, step: int = 1000) -> Iterator[range]:
    """Gives the numbers up to ``size`` in pieces."""
    for begin in range(0, size, step):
        yield range(begin, min(begin + step, size))
