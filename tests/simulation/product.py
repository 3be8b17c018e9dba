"""All that the simulation knows of the product, in one place: what is renamed there is mended here.

Real: jobs, claims, settlement, runner, outbox, texts, rules, the store (SQLite), the gateway's client over loopback. Ours: the clock,
the wires, the practice's data, and when the plan is looked at (the product's scheduler looks every half minute; here a computer looks
when something is due or has changed, because nothing else could make a difference).
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from random import Random
from typing import TypeVar

from sqlalchemy import Connection, Engine, delete, event, select
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection

from tests.practice.memory_source import MemoryPracticeSource
from tests.simulation.agenda import ZURICH, Person, Visit
from tests.simulation.strands import KilledError, Place, PlaceClock, Timetable, strands_for_threads
from tests.support.gateway import FaultyGateway, GatewayFault
from tests.support.plain_texts import plain_texts
from tray_agent.abilities import Abilities
from tray_agent.agent import Agent
from tray_agent.config import settings as switches
from tray_agent.config.machine import GatewayAccount, GatewaySection, Machine, MachineSection, MailSection, PracticeSection
from tray_agent.config.secrets import MemorySecrets, Secrets
from tray_agent.demo.gateway_server import AcceptedSms, DeliveryRule
from tray_agent.errors import KnownError, OutcomeUnknownError
from tray_agent.job_kinds import JobKey
from tray_agent.jobs import runner, service
from tray_agent.jobs.abilities import Lack, LackKind
from tray_agent.jobs.claims import Claim
from tray_agent.jobs.contract import JobWorks
from tray_agent.jobs.errors import is_temporary
from tray_agent.jobs.events import Event, RunFinished, RunLost, RunStarted
from tray_agent.jobs.model import JobChange, PauseScope
from tray_agent.jobs.presence import BEAT
from tray_agent.messages.gateways.aspsms import AspsmsGateway
from tray_agent.messages.gateways.contract import (
    Accepted,
    AccountFault,
    AccountStopped,
    DeliveryReport,
    GatewayAccess,
    GatewayTime,
    InDoubt,
    MailGateway,
    NotNow,
    Outcome,
    OutgoingMail,
    OutgoingSms,
    SmsGateway,
    too_late,
)
from tray_agent.messages.gateways.registry import SmsGateways
from tray_agent.messages.gateways.smtp import SmtpGateway
from tray_agent.messages.guards.questions import Answer, Question, QuestionAnsweredError, QuestionMissingError, QuestionService
from tray_agent.messages.outbox.keys import start_in
from tray_agent.messages.outbox.model import DoubtDecision, OutboxReason
from tray_agent.messages.rules.licence import with_check_digits
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.service import MessageService
from tray_agent.messages.work import prepare, send, status
from tray_agent.practice.model import (
    Appointment,
    AppointmentStatus,
    Mandant,
    Patient,
    PracticeSource,
    Treatment,
    VisitReason,
)
from tray_agent.practice.views import APPOINTMENTS, PATIENTS, TREATMENTS, VIEWS, VISIT_REASONS, PracticeView
from tray_agent.practice.views import MANDANTS as MANDANTS_VIEW
from tray_agent.protocol.model import RunReason, RunState
from tray_agent.schedules.planned_times import next_after
from tray_agent.schedules.schedule import Schedule
from tray_agent.store import migrate, schema_version
from tray_agent.store.database import Database, open_database, unavailable
from tray_agent.store.migrate import upgrade
from tray_agent.store.schema_version import REVISIONS, SchemaOutdatedError
from tray_agent.store.tables import activity, agent_presence

LOADED_ONCE: tuple[object, ...] = (runner, service, prepare, send, status)
"""What the product loads late is loaded here: strands take the place of threads in modules that are there."""

JOBS = (JobKey.PREPARE_BIRTHDAYS, JobKey.PREPARE_REMINDERS, JobKey.SEND_MESSAGES, JobKey.UPDATE_STATUS)
PLAN = {
    JobKey.PREPARE_BIRTHDAYS: time(9, 50),
    JobKey.PREPARE_REMINDERS: time(10, 0),
    JobKey.SEND_MESSAGES: time(10, 10),
    JobKey.UPDATE_STATUS: time(10, 20),
}
"""What the specification recommends."""

PREPARED_AT, SENT_AT = PLAN[JobKey.PREPARE_REMINDERS], PLAN[JobKey.SEND_MESSAGES]
PREPARING, SENDING = JobKey.PREPARE_REMINDERS.value, JobKey.SEND_MESSAGES.value
BOOKED_AFTERWARDS = Reason.BOOKED_AFTERWARDS.value
GONE = frozenset({OutboxReason.CANCELLED_AFTER.value})
"""The rows of the activity log that say that a message which left is not true any more."""

QUIET = (time(20, 0), time(8, 0))
"""The practice's quiet hours, as its switches say."""

LEASE = timedelta(seconds=90)
LONGEST_LOOK = timedelta(hours=4)
STEPS = {
    "checked": 1,
    "before_commit": 3,
    "after_commit": 3,
    "before_leaving": 8,
    "after_leaving": 8,
    "before_settling_commit": 1,
    "committed": 25,
}
"""Where a computer can be switched off: what sending tells of its steps, and any COMMIT; and at the how-manieth time at the most."""

ACCOUNTS = {"M1": "meier", "M2": "huber"}
MANDANTS = (
    Mandant("M1", "Dr. Meier", phone="044 262 11 22", licence_number=with_check_digits("7601000")),
    Mandant("M2", "Dr. Huber", phone="044 262 11 33", licence_number=with_check_digits("7602000")),
)
_WAITING_SLICE = 15.0
"""A waiting run looks so often (in seconds) whether it shall stop; every second would cost much and show nothing."""

T = TypeVar("T")

Reminder = tuple[str, datetime]
"""A visit's id and its start, as the practice's wall clock says it."""


@contextmanager
def product_in_strands(timetable: Timetable, wires: Wires) -> Iterator[None]:
    """Runs the product's threads as strands, each with the version of the program that its computer has."""
    level = logging.root.manager.disable
    sliced = [module for name, module in sys.modules.items() if name.startswith("tray_agent.messages.work") and hasattr(module, "SLICE")]
    with ExitStack() as undone:
        for module in sliced:
            undone.callback(setattr, module, "SLICE", vars(module)["SLICE"])
            vars(module)["SLICE"] = _WAITING_SLICE
        undone.callback(setattr, schema_version, "_read", schema_version._read)
        vars(schema_version)["_read"] = _as_seen(timetable, wires, schema_version._read)
        undone.callback(logging.disable, level)
        logging.disable(logging.CRITICAL)
        undone.enter_context(strands_for_threads(timetable, ("tray_agent.jobs", "tray_agent.messages")))
        yield


def _as_seen(timetable: Timetable, wires: Wires, read: Callable[[Connection], str | None]) -> Callable[[Connection], str | None]:
    """Returns the reading of the tables' version as the computer sees it that reads: only one version of the program is here."""

    def seen(connection: Connection) -> str | None:
        found = read(connection)
        return wires.versions.get(timetable.current.place.computer, found) if timetable.current else found

    return seen


@dataclass(slots=True)
class Wires:
    """What lies between the computers and the world, and how it is now.

    Attributes:
        gateway_away, mail_away: nothing answers there.
        refused: accounts whose password the gateway refuses.
        mail_refused: the mail server refuses the login.
        answers: seconds after which the gateway answers, from and to.
        mail_breaks: the share of e-mails after whose text the connection breaks off.
        store_away, practice_away: the databases do not answer.
        empty_views: the practice's views that hold nothing for a while.
        missing: appointments that the view of appointments lacks for a while.
        lacking: the computers that have no passwords for a while.
        versions: the computers whose program is older or newer than the tables for a while: as which version it sees them.
        lose_commits: so many of the next COMMITs get no answer.
        requests: how often each account's gateway was asked, by instant.
        inquiries: of these what asked about deliveries.
    """

    gateway_away: bool = False
    mail_away: bool = False
    refused: set[str] = field(default_factory=set)
    mail_refused: bool = False
    answers: tuple[float, float] = (0.1, 0.8)
    mail_breaks: float = 0.0
    store_away: bool = False
    practice_away: bool = False
    empty_views: frozenset[PracticeView] = frozenset()
    missing: frozenset[str] = frozenset()
    lacking: set[str] = field(default_factory=set)
    versions: dict[str, str] = field(default_factory=dict)
    lose_commits: int = 0
    requests: list[tuple[datetime, str]] = field(default_factory=list)
    inquiries: list[tuple[datetime, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the world took.

    Attributes:
        recipient: number or address, as the networks write it.
        text: for e-mail with its subject.
        failed_at: when it is known that it will never arrive, or None.
    """

    channel: str
    reference: str
    recipient: str
    text: str
    at: datetime
    failed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A row of the activity log about somebody's appointment.

    Attributes:
        start: as the row names it, in the practice's wall clock.
    """

    at: datetime
    reason: str
    person: str
    start: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that somebody saw.

    Attributes:
        about: the visits that it is about, where it is about some.
    """

    at: datetime
    kind: str
    subject: str
    about: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that ended.

    Attributes:
        skipped: by reason, how many it left out.
        waits: whether it waits for a person's answer.
    """

    at: datetime
    job: str
    succeeded: bool
    skipped: Mapping[str, int]
    waits: bool = False


class World:
    """The gateway's and the mail server's side of the wires: what they really took."""

    def __init__(self, timetable: Timetable, seed: int, buffered_for: timedelta) -> None:
        self._rule = DeliveryRule(seed, timedelta(seconds=20), buffered_for)
        self.mails: list[Taken] = []
        accounts = {user: f"secret-{user}" for user in ACCOUNTS.values()}
        self.server = FaultyGateway(accounts, balance=Decimal(100_000), rule=self._rule, clock=PlaceClock(timetable))

    def taken(self) -> list[Taken]:
        """Returns everything that was taken so far, in order."""
        sms = [
            Taken("sms", one.reference, one.recipient, one.text, one.accepted_at, self._failed_at(one)) for one in self.server.accepted()
        ]
        return sorted([*sms, *self.mails], key=lambda one: one.at)

    def _failed_at(self, sms: AcceptedSms) -> datetime | None:
        """Returns when a number's fate is known to be "never", by the gateway's own rule."""
        told = self._rule.notifications(sms, self._rule.delivery_of(sms.recipient), sms.accepted_at + timedelta(days=30))
        return told[-1].notified_at if told and told[-1].status == 2 else None

    def fail_at_random(self, share: float, seed: int) -> None:
        """Lets a share of the submissions go wrong in all ways that are quick, or none."""
        ways = (
            GatewayFault.DROP_AFTER_ACCEPT, GatewayFault.DROP_BEFORE_ACCEPT, GatewayFault.ERROR_500, GatewayFault.ERROR_500_ACCEPTED,
            GatewayFault.GARBAGE, GatewayFault.CUT_OFF, GatewayFault.BUSY_429, GatewayFault.BUSY_503,
        )  # fmt: skip
        self.server.fail_at_random({way: share / len(ways) for way in ways} if share else {}, seed)

    def set_credits(self, mandant: str, balance: int) -> None:
        self.server.set_credits(ACCOUNTS[mandant], Decimal(balance))


class SurgeryData(MemoryPracticeSource):
    """The practice's data as the product reads them, where its database answers and its views hold what is true."""

    def __init__(self, wires: Wires) -> None:
        super().__init__(MANDANTS)
        self._wires = wires

    def show(self, *changed: Person | Visit) -> None:
        """Writes into the practice software."""
        for one in changed:
            if isinstance(one, Person):
                self.put(_patient(one), Treatment(f"t-{one.id}", one.id, one.mandant, one.born))
            elif one.deleted:
                self.remove_appointment(one.id)
            else:
                self.put(Appointment(one.id, one.person, one.start, _status_of(one), doctor=one.doctor))

    def empty_views(self) -> frozenset[str]:
        return super().empty_views() | {view.name for view in VIEWS if not self._holds(view)}

    def mandants(self) -> Mapping[str, Mandant]:
        return super().mandants() if self._holds(MANDANTS_VIEW) else {}

    def visit_reasons(self) -> Mapping[str, VisitReason]:
        return super().visit_reasons() if self._holds(VISIT_REASONS) else {}

    def appointments_between(self, first: datetime, end: datetime) -> Iterator[list[Appointment]]:
        if not self._holds(APPOINTMENTS):
            return iter(())
        missing = self._wires.missing
        parts = super().appointments_between(first, end)
        return ([one for one in part if one.id not in missing] for part in parts)

    def appointments(self, ids: Collection[str]) -> Mapping[str, Appointment]:
        return super().appointments(set(ids) - self._wires.missing) if self._holds(APPOINTMENTS) else {}

    def patients(self, ids: Collection[str]) -> Mapping[str, Patient]:
        return super().patients(ids) if self._holds(PATIENTS) else {}

    def patients_born_on(self, month_days: Collection[tuple[int, int]]) -> Iterator[list[Patient]]:
        return super().patients_born_on(month_days) if self._holds(PATIENTS) else iter(())

    def last_mandants(self, patient_ids: Collection[str]) -> Mapping[str, str]:
        return super().last_mandants(patient_ids) if self._holds(TREATMENTS) else {}

    def _holds(self, view: PracticeView) -> bool:
        if self._wires.practice_away:
            raise _database_away()
        return view not in self._wires.empty_views


class StoreConnection(Database):
    """The store as one computer reaches it: it may be away, an answer to COMMIT may be lost, and others may come in between."""

    def __init__(
        self, engine: Engine, timetable: Timetable, place: Place, wires: Wires, random: Random, reached: Callable[[str], None]
    ) -> None:
        super().__init__(engine, None, PlaceClock(timetable))
        self._timetable, self._place, self._wires, self._seeded, self._reached = timetable, place, wires, random, reached

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        self._timetable.wait(self._seeded.uniform(0.0, 0.02))
        self._ask()
        with super().begin() as connection:
            yield connection
        if self._timetable.current:
            self._reached("committed")
        if self._wires.lose_commits and self._timetable.current:
            self._wires.lose_commits -= 1
            raise OutcomeUnknownError("Verbindung beim Speichern verloren", "")
        self._timetable.wait(self._seeded.uniform(0.0, 0.02))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self._ask()
        with super().read() as connection:
            yield connection

    def _ask(self) -> None:
        self._place.alive()
        if self._wires.store_away or self._place.offline:
            raise _database_away()


class SmsWire:
    """The gateway's real client, behind a wire: one speaks to the server, one to where nobody listens, one with a wrong password."""

    capabilities = AspsmsGateway.capabilities

    def __init__(
        self, account: str, address: str, wires: Wires, clock: PlaceClock, place: Place, timetable: Timetable, random: Random
    ) -> None:
        def client(password: str, where: str) -> AspsmsGateway:
            return AspsmsGateway(GatewayAccess(account, password, where, Path(), clock))

        self._account, self._wires, self._place, self._timetable, self._random = account, wires, place, timetable, random
        self._right = client(f"secret-{account}", address)
        self._wrong = client("wrong", address)
        self._nobody = client("", "http://127.0.0.1:1/")

    @property
    def told_time(self) -> GatewayTime | None:
        return self._right.told_time

    def balance(self) -> Decimal:
        return self._asked(lambda gateway: gateway.balance())

    def submit(self, message: OutgoingSms) -> Outcome:
        return self._asked(lambda gateway: gateway.submit(message))

    def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
        self._wires.inquiries.append((self._timetable.now, self._account))
        return self._asked(lambda gateway: gateway.inquire(references))

    def close(self) -> None:
        for client in (self._right, self._wrong, self._nobody):
            client.close()

    def _asked(self, ask: Callable[[SmsGateway], T]) -> T:
        self._timetable.wait(self._random.uniform(0.02, 0.2))
        self._wires.requests.append((self._timetable.now, self._account))
        answer = ask(self._client())
        if not self._is_away():
            self._timetable.wait(self._random.uniform(*self._wires.answers))
        return answer

    def _client(self) -> SmsGateway:
        if self._is_away():
            return self._nobody
        return self._wrong if self._account in self._wires.refused else self._right

    def _is_away(self) -> bool:
        return self._wires.gateway_away or self._place.offline


class MailWire:
    """The way for e-mail, with its server in it."""

    capabilities = SmtpGateway.capabilities

    def __init__(self, world: World, wires: Wires, place: Place, timetable: Timetable, random: Random) -> None:
        self._world, self._wires, self._place, self._timetable, self._random = world, wires, place, timetable, random

    def submit(self, message: OutgoingMail) -> Outcome:
        self._timetable.wait(self._random.uniform(0.05, 0.5))
        if self._wires.mail_away or self._place.offline:
            return NotNow("unreachable", "Der Mailserver ist zur Zeit nicht erreichbar.")
        if self._wires.mail_refused:
            return AccountStopped(AccountFault.AUTHORISATION, "Der Mailserver weist Benutzer oder Passwort ab.")
        if not message.may_leave():
            return too_late()
        text = f"{message.subject}\n{message.text}"
        if self._random.random() < self._wires.mail_breaks:
            if self._random.random() < 0.5:
                self._take(message, text)
            return InDoubt("Die Verbindung zum Mailserver brach nach der Übergabe ab.")
        self._take(message, text)
        self._timetable.wait(self._random.uniform(0.05, 0.5))
        return Accepted()

    def check(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _take(self, message: OutgoingMail, text: str) -> None:
        self._world.mails.append(Taken("email", message.reference, message.recipient, text, self._timetable.now))


class Keyring(MemorySecrets):
    """The passwords on one computer; lost as long as the world says so."""

    def __init__(self, name: str, wires: Wires) -> None:
        super().__init__(mail="geheim", **{f"gateway/{mandant}": "geheim" for mandant in ACCOUNTS})
        self._name, self._wires = name, wires

    def get(self, name: str) -> str | None:
        """Returns a password, or None."""
        return None if self._name in self._wires.lacking else super().get(name)


class OfficeAbilities(Abilities):
    """What a computer lacks; the practice's data are no database here."""

    def __init__(self, office: Office, wires: Wires) -> None:
        super().__init__(office.in_force, office.clock, lambda: office.store, lambda: office.practice_database)
        self._wires = wires

    def _practice(self) -> Iterator[Lack]:
        if self._wires.practice_away:
            yield Lack(LackKind.PRACTICE, "die Daten der Praxis sind nicht lesbar", tried_anyway=True)


class WiredGateways(SmsGateways):
    """The product's gateways by Mandant, with wires to them."""

    def __init__(self, section: GatewaySection, secrets: Secrets, clock: PlaceClock, wires: Mapping[str, SmsWire]) -> None:
        super().__init__(section, secrets, clock, Path())
        self._wires = wires

    def __getitem__(self, mandant_id: str) -> SmsGateway:
        account = self.account(mandant_id)
        self._password(mandant_id)
        return self._wires[account]

    def close(self) -> None:
        for wire in self._wires.values():
            wire.close()


@dataclass(frozen=True)
class Surroundings:
    """What all computers of the practice share.

    Attributes:
        folder: each computer has its own below it.
        told: hears what happens, for the story: who, and what.
        changed: hears that something in the store is new, so that every computer looks at the plan.
        ran: hears how runs ended.
        began: hears which computer began a run of which job.
        stopped: hears which computer said that its program is of another version than the tables.
    """

    timetable: Timetable
    engine: Engine
    world: World
    surgery: SurgeryData
    wires: Wires
    seed: int
    folder: Path
    told: Callable[[str, str], None]
    changed: Callable[[], None]
    ran: Callable[[Ran], None]
    began: Callable[[str, JobKey], None]
    stopped: Callable[[str], None]


class Office(Agent):
    """The product's composition root on one computer, with our wires, clock and data."""

    def __init__(self, name: str, place: Place, around: Surroundings, reached: Callable[[str], None]) -> None:
        accounts = {mandant: GatewayAccount(user=user, originator="Praxis") for mandant, user in ACCOUNTS.items()}
        machine = Machine(
            machine=MachineSection(data_folder=str(around.folder / name)),
            practice=PracticeSection(name="Praxis am Bellevue", phone="044 262 11 22", timezone=str(ZURICH)),
            gateway=GatewaySection(address=around.world.server.address, originator="Praxis", accounts=accounts),
            mail=MailSection(host="mail.example", user="praxis", sender="praxis@bellevue.example", sender_name="Praxis am Bellevue"),
        )
        self._place_clock = PlaceClock(around.timetable, place)
        super().__init__(machine, secrets=Keyring(name, around.wires), clock=self._place_clock, workstation=name)
        self._around, self._place, self._reached = around, place, reached
        self._random = Random(f"{around.seed} {place.name}")

    @cached_property
    def store(self) -> Database:
        around = self._around
        return StoreConnection(around.engine, around.timetable, self._place, around.wires, self._random, self._reached)

    @cached_property
    def practice(self) -> PracticeSource:
        return self._around.surgery

    @cached_property
    def abilities(self) -> Abilities:
        return OfficeAbilities(self, self._around.wires)

    @cached_property
    def sms_gateways(self) -> SmsGateways:
        around, address = self._around, self._around.world.server.address
        clock, place, timetable = self._place_clock, self._place, around.timetable
        wires = {user: SmsWire(user, address, around.wires, clock, place, timetable, self._random) for user in ACCOUNTS.values()}
        gateways = WiredGateways(self.machine.gateway, self.secrets, self._place_clock, wires)
        self._closing.callback(gateways.close)
        return gateways

    @cached_property
    def mail_gateway(self) -> MailGateway:
        around = self._around
        return MailWire(around.world, around.wires, self._place, around.timetable, self._random)

    @cached_property
    def messages(self) -> MessageService:
        made = super().messages
        return MessageService(replace(made.parts, reached=self._reached, templates=plain_texts), made._write)

    @property
    def job_works(self) -> JobWorks:
        return {key: self._work_of(key) for key in JOBS}


class Programme:
    """One start of the product on one computer: from switching on to its end, whatever ends it.

    Attributes:
        doomed: at the n-th time of this step the computer is switched off.
    """

    def __init__(self, name: str, number: int, around: Surroundings, *, counts_sleep: bool) -> None:
        self.name = name
        self.place = Place(around.timetable, name, number, counts_sleep=counts_sleep)
        self.doomed: tuple[str, int] | None = None
        self.on_doom: Callable[[], None] = self.place.kill
        self._around = around
        self._office = Office(name, self.place, around, self._at_step)
        self._quitting = self._nudged = self._waits = False
        self._away_since: datetime | None = None
        self._missed: tuple[datetime, datetime] | None = None
        self._retry = 5.0
        self._is_good_again = False
        self._office.job_events.subscribe(self._hear)
        self._watch_strand = around.timetable.spawn(self.place, f"{self.place.name} watch", self._watch)

    @property
    def is_on(self) -> bool:
        """Returns whether somebody could work on it."""
        has_other_version = self.name in self._around.wires.versions
        return not (self.place.dead or self.place.asleep or self.place.offline or self._quitting or has_other_version)

    @property
    def running(self) -> bool:
        return bool(self._office.jobs.runner.running)

    def nudge(self) -> None:
        """Has the plan looked at now."""
        self._nudged = True
        if self._waits:
            self._watch_strand.go_on(self._watch_strand.turn)

    def find_passwords(self) -> None:
        """Notices that somebody entered them anew."""
        self._office.abilities.forget()

    def log_off(self) -> None:
        """Ends the program as a log-off does: runs give back at their next safe point, if they reach one soon."""
        self._quitting = True
        self._office.jobs.runner.quit(0)

    def close(self) -> None:
        self._office.close()

    # What people do on it

    def switch(self, name: str, *, on: bool) -> None:
        """Turns a switch (*Schalter*)."""
        self._office.save_switches({switches.find_setting(name): on})

    def pause(self, *, everything: bool, until: datetime) -> None:
        self._office.jobs.pause(PauseScope.EVERYTHING if everything else PauseScope.SENDING, until, "Praxis")

    def resume(self) -> None:
        self._office.jobs.resume()

    def plan_sending(self, at: time) -> None:
        """Saves another time of day for sending."""
        self._save({JobKey.SEND_MESSAGES: at})

    def plan_everything(self) -> None:
        """Enables the jobs at the recommended times."""
        self._save(PLAN)

    def send_by_hand(self) -> None:
        """Runs sending by hand.

        Raises:
            KnownError: it runs already, or is paused; somebody tries again later.
        """
        running = any(row.running for row in self._office.jobs.overview() if row.key is JobKey.SEND_MESSAGES)
        if running or self._office.jobs.paused():
            raise KnownError("Auftrag läuft bereits oder ist angehalten", "")

        def run() -> None:
            try:
                self._office.jobs.run_now(JobKey.SEND_MESSAGES)
            except KnownError:
                return
            self._around.changed()

        self._around.timetable.spawn(self.place, f"{self.place.name} by hand", run)

    def ask_credits(self) -> None:
        """Looks at *Credits*, which asks the gateway."""
        self._office.messages.refresh_credits()

    def call_list(self) -> frozenset[Reminder]:
        """Returns who stands on the list of patients to be called."""
        rows = self._office.messages.call_list()
        return frozenset((row.message.appointment_id or "", start_in(row.message.unique_key)) for row in rows)

    def questions(self) -> list[tuple[Question, frozenset[str]]]:
        """Returns what somebody has to decide, and about which visits."""
        return [(question, self._visits_of(question)) for question in self._questions.open()]

    def _visits_of(self, question: Question) -> frozenset[str]:
        numbers = question.about.get("messages", ())
        return frozenset(self._office.messages.message(number).appointment_id or "" for number in numbers)

    def answer(self, number: int, answer: Answer) -> None:
        """Decides; somebody else may have done so before."""
        with suppress(QuestionAnsweredError, QuestionMissingError):
            self._questions.answer(number, answer, "Praxis")

    @cached_property
    def _questions(self) -> QuestionService:
        office = self._office
        return QuestionService(office.store, office.messages._write, lambda _question: office.jobs.try_again(changed=True))

    def decide_doubts(self) -> int:
        """Decides about e-mails in doubt as somebody does who asked the patients: rightly; returns how many."""
        arrived, decided = {mail.reference for mail in self._around.world.mails}, 0
        for message in self._office.messages.in_doubt():
            if message.channel == "email":
                try:
                    self._office.messages.decide(
                        message.id, DoubtDecision.SENT if message.reference in arrived else DoubtDecision.AGAIN, "Praxis"
                    )
                    decided += 1
                except KnownError:
                    continue  # it could still be under way
        return decided

    def _save(self, times: Mapping[JobKey, time]) -> None:
        rows = {row.key: row for row in self._office.jobs.overview()}
        changes = [JobChange(key, _at(rows[key].schedule, at), rows[key].version) for key, at in times.items()]
        self._office.jobs.save(changes, "Praxis")

    # The product's own life

    def _watch(self) -> None:
        while not self._quitting:
            self._nudged = False
            pause = self._look()
            if not (self._quitting or self._nudged):
                self._waits = True
                self._around.timetable.wait(pause)
                self._waits = False

    def _look(self) -> float:
        """Looks at the plan, as the product's scheduler does, and returns the seconds until the next look."""
        now = self._around.timetable.now
        away = (self._away_since, now) if self._away_since else self._missed
        try:
            if self._is_good_again:
                self._office.jobs.claims.hasten(JobKey)
                self._is_good_again = False
            if self._around.wires.lacking:  # else nobody needs to know what the others can do
                self._office.jobs.presences.tell(timedelta(0))
            plan, waits_until = self._office.jobs.settlement.settle(self._launch, away)
        except KnownError as error:
            if isinstance(error, SchemaOutdatedError):
                self._office.jobs.runner.give_back_all()
                self._around.stopped(self.name)
            self._away_since = self._away_since or now
            self._retry = min(2 * self._retry, 60.0)
            return self._retry
        except Exception as error:
            if not is_temporary(error):
                raise
            return 2.0
        if self._away_since:
            self._missed, self._away_since, self._retry = away, None, 5.0
            self._is_good_again = True
            return 0.2
        planned = [next_after(job.schedule, ZURICH, plan.now) for job in plan.jobs.values()]
        due = min((at for at in (waits_until, *planned) if at), default=now + LONGEST_LOOK)
        longest = BEAT if self._around.wires.lacking else LONGEST_LOOK
        return min(max((due - self._around.timetable.now).total_seconds(), 0.2), longest.total_seconds())

    def _launch(self, claim: Claim) -> None:
        def run() -> None:
            self._around.timetable.wait(self._around.timetable.random.uniform(0.0, 0.5))
            self._office.jobs.runner.run(claim)
            self._around.changed()

        self._around.timetable.spawn(self.place, f"{self.place.name} {claim.job.value}", run)

    def _hear(self, heard: Event) -> None:
        if isinstance(heard, RunFinished):
            run = heard.run
            planned = f"{run.trigger.value}, planned {run.due_at.astimezone(ZURICH):%d.%m. %H:%M}"
            came = f"{run.state.value} {run.reason}: {run.sentence} {dict(run.counts)} {dict(run.skipped)}"
            self._around.told(self.name, f"{run.job.value} ({planned}) {came}")
            succeeded, waits = run.state is RunState.SUCCEEDED, run.reason == OutboxReason.QUESTION
            self._around.ran(Ran(self._around.timetable.now, run.job.value, succeeded, dict(run.skipped), waits))
            self._around.changed()
        elif isinstance(heard, RunStarted):
            self._around.began(self.name, heard.job)
        elif isinstance(heard, RunLost):
            self._around.told(self.name, f"{heard.job.value}: lost or given back")
            self._around.changed()

    def _at_step(self, step: str) -> None:
        if self.doomed is None or self.doomed[0] != step:
            return
        if self.doomed[1] > 1:
            self.doomed = (step, self.doomed[1] - 1)
            return
        self.doomed = None
        self._around.told(self.name, f"switched off at the step {step}")
        self._around.timetable.at(self._around.timetable.now, self.on_doom, first=True)
        self._around.timetable.wait(60.0)  # never comes back from it
        raise KilledError


OLDER, NEWER = "9999", REVISIONS[0]
"""As which versions a program sees tables that a later one has made, and those that nobody has brought up to its own."""


def bring_up(engine: Engine) -> None:
    """Does with the store what bringing its tables up to another version does with all that goes on."""
    with engine.begin() as connection:
        migrate._end_what_goes_on(connection)


def forget_file(engine: Engine) -> None:
    """Lets the store forget in which file it lay: it stands for a server, whose restored tables are no file of another computer."""
    with engine.begin() as connection:
        connection.execute(delete(agent_presence))


def notices_since(engine: Engine, number: int) -> tuple[int, list[Notice]]:
    """Returns the rows of the activity log about appointments after the one with this number, and the last one's number."""
    columns = (activity.c.id, activity.c.at, activity.c.reason, activity.c.patient_id, activity.c.appointment_at)
    with engine.connect() as connection:
        rows = connection.execute(select(*columns).where(activity.c.id > number).order_by(activity.c.id)).all()
    notices = [
        Notice(row.at, row.reason, row.patient_id, row.appointment_at.astimezone(ZURICH).replace(tzinfo=None))
        for row in rows
        if row.patient_id and row.appointment_at
    ]
    return max([number, *(row.id for row in rows)]), notices


def unable_told(engine: Engine) -> list[datetime]:
    """Returns when the activity log said that no computer can do a job."""
    told = select(activity.c.at).where(activity.c.reason == RunReason.NOT_ABLE.value).order_by(activity.c.id)
    with engine.connect() as connection:
        return list(connection.execute(told).scalars())


@cache
def _empty_store() -> bytes:
    """Returns a store with its tables, made once."""
    with tempfile.TemporaryDirectory(prefix="vitoclient-simulation-") as folder:
        database = open_database(f"sqlite:///{(Path(folder) / 'store.db').as_posix()}")
        upgrade(database)
        database.dispose()
        return (Path(folder) / "store.db").read_bytes()


def new_store(file: Path) -> Engine:
    """Returns the engine of a new store with its tables; it lives as long as the simulation, so nothing is forced to a disk."""
    file.write_bytes(_empty_store())
    engine = open_database(f"sqlite:///{file.as_posix()}").engine
    event.listen(engine, "connect", _without_disk)
    return engine


def _without_disk(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


def _database_away() -> KnownError:
    return unavailable(make_url("sqlite:///praxis.db"))


def _at(schedule: Schedule, at: time) -> Schedule:
    return replace(schedule, start_date=date(2026, 1, 1), start_time=at, enabled=True)


def _patient(person: Person) -> Patient:
    return Patient(
        person.id, person.first, f"{person.last} {person.remark}".strip(), salutation="Frau", language="de",
        mobile=person.mobile or None, email=person.email or None,
        birth_date=person.born, death_date=person.born if person.dead and not person.remark else None, opted_out=person.opted_out,
    )  # fmt: skip


def _status_of(visit: Visit) -> AppointmentStatus:
    if visit.cancelled:
        return AppointmentStatus.CANCELLED
    return AppointmentStatus.PROVISIONAL if visit.provisional else AppointmentStatus.DEFINITE
