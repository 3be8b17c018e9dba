"""A small practice with everything in memory but the outbox, for tests of preparing, sending and tracking."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select, update

from tests.messages.memory_gateways import MemoryMailGateway, MemorySmsGateway
from tests.practice.memory_source import MemoryPracticeSource
from tray_agent.clock import ManualClock
from tray_agent.config import settings as switches
from tray_agent.config.settings import Setting, Settings, Value
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobContext, JobResult, LeaseLostError, RunCancelledError
from tray_agent.jobs.outlook import Outlook
from tray_agent.messages.gateways.contract import GatewayMissingError, MailGateway, SmsGateway
from tray_agent.messages.gateways.registry import SmsGateways
from tray_agent.messages.outbox import entries, listing
from tray_agent.messages.outbox.model import OutboxMessage
from tray_agent.messages.rules.licence import with_check_digits
from tray_agent.messages.service import MessageService
from tray_agent.messages.texts.rendering import PracticeWords
from tray_agent.messages.texts.templates import TemplateBook, default_book
from tray_agent.messages.work.parts import MailIdentity, MessageParts, SendingRules
from tray_agent.messages.work.prepare import prepare_birthdays, prepare_reminders
from tray_agent.messages.work.send import send_messages
from tray_agent.messages.work.status import update_status
from tray_agent.practice.model import Appointment, AppointmentStatus, Mandant, Patient, Treatment
from tray_agent.protocol.model import Activity
from tray_agent.schedules.planned_times import days_between
from tray_agent.schedules.schedule import Schedule
from tray_agent.store.database import Database
from tray_agent.store.private import PrivateStore
from tray_agent.store.state import SeenStores
from tray_agent.store.tables import message

ZURICH = ZoneInfo("Europe/Zurich")
TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TOMORROW_NINE = datetime(2026, 11, 24, 9, 0)  # noqa: DTZ001 - local, as the practice writes it

MEIER = Mandant("M1", "Dr. Meier", phone="044 262 11 22", licence_number=with_check_digits("7601000"))
ANNA = Patient("P1", "Anna", "Muster", salutation="Frau", language="de", mobile="079 123 45 67", birth_date=date(1980, 11, 23))

OTHER = Patient("P0", "Otto", "Andres", opted_out=True)
LONG_AGO = Appointment("A0", "P0", datetime(2025, 3, 4, 9, 0), AppointmentStatus.DONE)  # noqa: DTZ001 - local
"""So that a view still holds somebody, as in every practice, when a test deletes whom it is about."""


class Accounts(SmsGateways):
    """SMS gateways by Mandant, each an account of its own, whose name a test may change."""

    def __init__(self, gateways: Mapping[str, SmsGateway]) -> None:
        self.gateways = dict(gateways)
        self.names: dict[str, str] = {}
        self.originators: dict[str, str] = {}

    def __getitem__(self, mandant_id: str) -> SmsGateway:
        if mandant_id in self.gateways:
            return self.gateways[mandant_id]
        raise GatewayMissingError(
            "Kein Konto", f"Der Mandant {mandant_id} hat kein Konto beim Gateway.", "Konto eintragen.", item=mandant_id
        )

    def __setitem__(self, mandant_id: str, gateway: SmsGateway) -> None:
        self.gateways[mandant_id] = gateway

    def __iter__(self) -> Iterator[str]:
        return iter(self.gateways)

    def __len__(self) -> int:
        return len(self.gateways)

    def __contains__(self, mandant_id: object) -> bool:
        return mandant_id in self.gateways

    def account(self, mandant_id: str) -> str:
        """Returns the account of a Mandant."""
        self[mandant_id]
        return self.names.get(mandant_id, f"account-{mandant_id}")

    def originator(self, mandant_id: str) -> str:
        """Returns the originator of a Mandant."""
        return self.originators.get(mandant_id, "Praxis")


class TrialContext(JobContext):
    """A run of a job in a test; ``lose`` takes the lease away, ``cancel`` asks it to stop."""

    def __init__(self, job: JobKey = JobKey.SEND_MESSAGES, token: int = 1, *, dry_run: bool = False, by_hand: bool = False) -> None:
        self.run_id = token
        self.job = job
        self.due_at = datetime(2026, 11, 23, 9, 0, tzinfo=ZURICH)
        self.by_hand = by_hand
        self.dry_run = dry_run
        self.attempt = 1
        self.token = token
        self.lost = False
        self.cancelled = False
        self.fenced = 0
        self.activities: list[Activity] = []

    def checkpoint(self) -> None:
        if self.lost:
            raise LeaseLostError
        if self.cancelled:
            raise RunCancelledError

    def fence(self, connection: Connection) -> None:
        self.fenced += 1
        if self.lost:
            raise LeaseLostError

    def log(self, *activities: Activity, connection: Connection | None = None) -> None:
        self.activities += activities

    def progress(self, done: int, total: int | None, what: str = "") -> None:
        pass


@dataclass
class World:
    """The practice, the gateways and the outbox of one test."""

    database: Database
    clock: ManualClock
    practice: MemoryPracticeSource = field(
        default_factory=lambda: MemoryPracticeSource([MEIER], [ANNA, OTHER], [treatment("P1"), treatment("P0")], [LONG_AGO])
    )
    sms: Accounts = field(default_factory=lambda: Accounts({"M1": MemorySmsGateway()}))
    mail: MailGateway | None = field(default_factory=MemoryMailGateway)
    values: dict[Setting, Value] = field(default_factory=lambda: {switches.REMINDERS_ON: True, switches.BIRTHDAYS_ON: True})
    book: TemplateBook = field(default_factory=default_book)
    rules: SendingRules = field(default_factory=lambda: SendingRules(unasked=100_000))
    tokens: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000_000)))
    activities: list[Activity] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    next_sending: datetime | None = datetime(2026, 11, 24, 9, 10, tzinfo=UTC)
    next_telling: datetime | None = None
    senders: dict[str, str] = field(default_factory=dict)
    hastened: int = 0
    decided: int = 0
    schedules: dict[JobKey, Schedule] = field(default_factory=dict)
    seen: SeenStores = field(default_factory=SeenStores)
    private: PrivateStore | None = None
    outlook: Outlook = field(default_factory=lambda: Outlook(NOW + timedelta(minutes=10)))

    @property
    def parts(self) -> MessageParts:
        return MessageParts(
            database=self.database,
            settings=lambda: Settings(dict(self.values)),
            practice=self.practice,
            templates=lambda: self.book,
            sms=self.sms,
            mail=self.mail,
            mail_identity=lambda mandant: MailIdentity(self.senders.get(mandant, "praxis@example.ch"), "Praxis am Bellevue"),
            clock=self.clock,
            zone=ZURICH,
            words=PracticeWords("Praxis am Bellevue", "044 262 11 22"),
            rules=self.rules,
            next_sending=lambda: self.next_sending,
            next_telling=lambda: self.next_telling,
            outlook=lambda: self.outlook,
            planned_days=self._planned_days,
            make_sending_due=self._decide,
            try_sending=self._hasten,
            seen=self.seen,
            private=self.private,
            reached=self.steps.append,
        )

    @property
    def service(self) -> MessageService:
        return MessageService(self.parts, lambda rows, _connection: self.activities.extend(rows))

    @property
    def gateway(self) -> MemorySmsGateway:
        """Returns the gateway of Dr. Meier."""
        gateway = self.sms["M1"]
        assert isinstance(gateway, MemorySmsGateway)
        return gateway

    @property
    def mails(self) -> MemoryMailGateway:
        assert isinstance(self.mail, MemoryMailGateway)
        return self.mail

    def context(self, job: JobKey = JobKey.SEND_MESSAGES, *, dry_run: bool = False, by_hand: bool = False) -> TrialContext:
        context = TrialContext(job, next(self.tokens), dry_run=dry_run, by_hand=by_hand)
        context.due_at = self.clock.now().replace(microsecond=0)
        return context

    def prepare(self, *, dry_run: bool = False, due_at: datetime | None = None) -> JobResult:
        return self._run(prepare_reminders, JobKey.PREPARE_REMINDERS, dry_run=dry_run, due_at=due_at)

    def greet(self, *, dry_run: bool = False, due_at: datetime | None = None) -> JobResult:
        return self._run(prepare_birthdays, JobKey.PREPARE_BIRTHDAYS, dry_run=dry_run, due_at=due_at)

    def send(self, *, dry_run: bool = False, by_hand: bool = False) -> JobResult:
        return self._run(send_messages, JobKey.SEND_MESSAGES, dry_run=dry_run, by_hand=by_hand)

    def follow_up(self, *, by_hand: bool = False) -> JobResult:
        return self._run(update_status, JobKey.UPDATE_STATUS, by_hand=by_hand)

    def _planned_days(self, job: JobKey, after: datetime, until: datetime) -> Iterator[date]:
        return days_between(self.schedules[job], ZURICH, after, until) if job in self.schedules else iter(())

    def _decide(self) -> None:
        self.decided += 1
        self.outlook = Outlook(self.clock.now())

    def _hasten(self, changed: bool) -> None:
        self.hastened += 1

    def _run(self, job: Any, key: JobKey, *, dry_run: bool = False, by_hand: bool = False, due_at: datetime | None = None) -> JobResult:
        context = self.context(key, dry_run=dry_run, by_hand=by_hand)
        context.due_at = due_at or context.due_at
        try:
            result: JobResult = job(self.parts, context)
            return result
        finally:
            self.activities += context.activities

    def book_appointment(
        self, appointment_id: str = "A1", starts_at: datetime = TOMORROW_NINE, patient_id: str = "P1", **values: Any
    ) -> Appointment:
        appointment = Appointment(appointment_id, patient_id, starts_at, AppointmentStatus.DEFINITE, **values)
        self.practice.put(appointment)
        return appointment

    def change_patient(self, **values: Any) -> None:
        self.practice.put(replace(self.practice.patients(["P1"])["P1"], **values))

    def change_appointment(self, appointment_id: str = "A1", **values: Any) -> None:
        self.practice.put(replace(self.practice.appointments([appointment_id])[appointment_id], **values))

    def add_patients(self, number: int, *, mandant: str = "M1", prefix: str = "Q") -> None:
        """Adds patients with a definite appointment each, tomorrow."""
        apart = 0 if prefix == "Q" else 1 + zlib.crc32(prefix.encode()) % 50  # nobody shares a number with another prefix
        for index in range(number):
            patient_id, digits = f"{prefix}{index}", f"{2_000_000 + apart * 100_000 + index}"
            self.practice.put(replace(ANNA, id=patient_id, mobile=f"079 {digits[:3]} {digits[3:5]} {digits[5:]}"))
            self.practice.put(treatment(patient_id, mandant))
            self.book_appointment(f"a-{prefix}{index}", TOMORROW_NINE + timedelta(minutes=index % 500), patient_id)

    def messages(self) -> list[OutboxMessage]:
        with self.database.read() as connection:
            return [entries.read_row(row) for row in connection.execute(select(message).order_by(message.c.id))]

    def only(self) -> OutboxMessage:
        (found,) = self.messages()
        return found

    def states(self) -> list[str]:
        return [found.state.value for found in self.messages()]

    def force(self, message_id: int, **values: Any) -> None:
        """Writes columns past the state machine, as a test's starting point."""
        with self.database.begin() as connection:
            connection.execute(update(message).where(message.c.id == message_id).values(**values))

    def force_empty(self) -> None:
        """Empties the outbox."""
        with self.database.begin() as connection:
            connection.execute(delete(message))

    def reasons(self) -> list[str]:
        return [activity.reason for activity in self.activities]


def begin_again(database: Database, clock: ManualClock) -> World:
    """Returns a new world with an empty outbox on a clock set to its start: for each of many drawn cases."""
    clock.set(NOW)
    world = World(database, clock)
    world.force_empty()
    return world


def treatment(patient_id: str, mandant: str = "M1", opened_on: date = date(2026, 1, 5)) -> Treatment:
    """Returns a treatment with its own id."""
    return Treatment(f"T-{patient_id}-{mandant}-{opened_on}", patient_id, mandant, opened_on)


__all__ = [
    "ANNA",
    "MEIER",
    "TODAY",
    "TOMORROW_NINE",
    "ZURICH",
    "Accounts",
    "Mapping",
    "TrialContext",
    "World",
    "begin_again",
    "insert",
    "listing",
    "treatment",
]
