"""The sending process of the crash matrix: claims the job, sends, and is killed at the step that its plan names."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import phonenumbers
from sqlalchemy import Connection, func, select, update

from tests.messages.world import ZURICH, Accounts, TrialContext
from tests.support.plain_texts import plain_texts
from tray_agent.clock import SystemClock
from tray_agent.config import settings as switches
from tray_agent.config.settings import Setting, Settings, Value
from tray_agent.errors import KnownError
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.claims import Claim, Claims, Ending
from tray_agent.jobs.contract import LeaseLostError
from tray_agent.messages.gateways.aspsms import AspsmsGateway
from tray_agent.messages.gateways.contract import Accepted, GatewayAccess, OutgoingSms
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.texts.rendering import PracticeWords
from tray_agent.messages.work.parts import MailIdentity, MessageParts, SendingRules
from tray_agent.messages.work.send import send_messages
from tray_agent.practice.sql_source import SqlPracticeSource
from tray_agent.protocol.model import RunState, RunTrigger
from tray_agent.store.database import Database, open_database
from tray_agent.store.state import SeenStores
from tray_agent.store.tables import message
from tray_agent.web import posting

LOADED_ONCE = (posting, phonenumbers, plain_texts())
"""What the product loads late is loaded here before the agents are forked, so that they live on what they do."""

STEPS = (
    "before_generation_commit", "before_generation_noted", "after_generation_noted", "checked", "before_commit", "after_commit",
    "before_leaving", "after_leaving", "before_settling_commit",
)  # fmt: skip
ACCOUNT, PASSWORD = "matrix", "secret"  # of the loopback gateway
LEASE = timedelta(seconds=0.3)
UNSETTLED = (MessageState.PREPARED, MessageState.SENDING, MessageState.IN_DOUBT)

RULES = SendingRules(
    chunk=40,
    leave_within=timedelta(seconds=0.5),
    under_way=timedelta(seconds=2.5),
    ask_every=timedelta(seconds=0.1),
    back_off=(timedelta(seconds=0.05), timedelta(seconds=0.2)),
    patience=timedelta(seconds=3),
    unasked=100_000,
)
"""The product's rules at a hundredth of their times; a request ends after ``REQUEST`` seconds, so none is under way longer."""

REQUEST = 0.6


@dataclass(frozen=True, slots=True)
class Plan:
    """Where an agent dies: at the n-th time that it reaches a step; an empty step lets it live."""

    step: str = ""
    nth: int = 0
    naive: bool = False


class Dying:
    """Ends this process without a word at the step of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._reached: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, step: str) -> None:
        with self._lock:
            self._reached[step] += 1
            if step == self._plan.step and self._reached[step] == self._plan.nth and sys.platform != "win32":
                os.kill(os.getpid(), signal.SIGKILL)


class LeasedContext(TrialContext):
    """A run with a real lease and a real fence."""

    def __init__(self, claims: Claims, claim: Claim, database: Database) -> None:
        super().__init__(JobKey.SEND_MESSAGES, claim.token)
        self.run_id = claim.run_id
        self._claims, self._claim, self._database = claims, claim, database

    def fence(self, connection: Connection) -> None:
        self._claims.fence(connection, self._claim, self._database.now_ms(connection))


@dataclass(frozen=True, slots=True)
class Site:
    """Where an agent works.

    Attributes:
        store: the URL of the agents' own database.
        practice: the file of the practice's data.
        gateway: the address of the SMS gateway.
        seen: the file in which its workstation notes how far it saw the store.
    """

    store: str
    practice: str
    gateway: str
    seen: str


def make_parts(database: Database, site: Site, plan: Plan) -> MessageParts:
    """Returns what an agent of the matrix works with: everything real."""
    clock = SystemClock()
    access = GatewayAccess(ACCOUNT, PASSWORD, site.gateway, Path(), clock)
    values: dict[Setting, Value] = {switches.REMINDERS_ON: True, switches.QUIET_FROM: "00:00", switches.QUIET_UNTIL: "00:00"}
    return MessageParts(
        database=database,
        settings=lambda: Settings(values),
        practice=SqlPracticeSource(open_database(f"sqlite:///{site.practice}", guest=True)),
        templates=plain_texts,
        sms=Accounts({"M1": AspsmsGateway(access, REQUEST)}),
        mail=None,
        mail_identity=lambda _mandant: MailIdentity("praxis@example.ch"),
        clock=clock,
        zone=ZURICH,
        words=PracticeWords(),
        rules=RULES,
        seen=SeenStores(Path(site.seen)),
        reached=Dying(plan),
    )


def run_agent(site: Site, plan: Plan, seed: int) -> None:
    """Sends until nothing is left to be sent or settled, or until the plan ends this process."""
    database = open_database(site.store)
    parts = make_parts(database, site, plan)
    claims = Claims(database, f"agent-{os.getpid()}-{seed}", "matrix", LEASE)
    pause, random = threading.Event(), Random(seed)
    while is_open(database):
        claim = claims.take_over(JobKey.SEND_MESSAGES) or claims.claim(JobKey.SEND_MESSAGES, _some_time(random), RunTrigger.BY_HAND)
        if not isinstance(claim, Claim):
            pause.wait(0.02)
            continue
        try:
            send = naive_send if plan.naive else send_messages
            send(parts, LeasedContext(claims, claim, database))
            claims.finish(claim, Ending(RunState.SUCCEEDED))
        except (LeaseLostError, KnownError):
            continue


def naive_send(parts: MessageParts, context: LeasedContext) -> None:
    """Sends the way one writes it first: hand over, then note it; what was not answered is tried again."""
    with parts.database.read() as connection:
        due = entries.due_messages(connection, [MessageState.PREPARED], parts.database.now(connection), 0, 1000)
    for found in due:
        parts.reached("before_leaving")
        outcome = parts.sms["M1"].submit(OutgoingSms(found.reference, found.recipient or "", "Praxis", found.text))
        parts.reached("after_leaving")
        if isinstance(outcome, Accepted):
            with parts.database.begin() as connection:
                context.fence(connection)
                connection.execute(update(message).where(message.c.id == found.id).values(state=MessageState.SUBMITTED.value))
        parts.reached("after_commit")


def is_open(database: Database) -> bool:
    """Returns whether anything is left to be sent or settled."""
    states = [state.value for state in UNSETTLED]
    with database.read() as connection:
        return bool(connection.execute(select(func.count()).select_from(message).where(message.c.state.in_(states))).scalar_one())


def _some_time(random: Random) -> datetime:
    """Returns a planned time that no other run has."""
    return datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=random.randrange(600_000_000))
