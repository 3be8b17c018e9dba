"""The whole chain on the demo practice: prepared, sent through the loopback gateway, followed up, on every engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.messages.world import World
from tests.support import practice as staff
from tests.support.gateway import FaultyGateway
from tray_agent.clock import ManualClock
from tray_agent.config import settings as switches
from tray_agent.demo.practice import DEFAULT_MANDANT, AwkwardCase, DemoPractice, Planted, make_demo_practice
from tray_agent.messages.gateways.aspsms import AspsmsGateway
from tray_agent.messages.gateways.contract import GatewayAccess
from tray_agent.messages.model import Channel, MessageKind, MessageState
from tray_agent.messages.outbox.keys import birthday_key
from tray_agent.messages.outbox.model import OutboxMessage
from tray_agent.messages.work.parts import MessageParts
from tray_agent.practice.sql_source import SqlPracticeSource
from tray_agent.store.database import Database, open_database

TODAY = date(2026, 11, 23)
REACHED = {MessageState.SUBMITTED, MessageState.DELIVERED, MessageState.BUFFERED, MessageState.FAILED}


class Chain(World):
    """The demo practice with real gateways on loopback."""

    server: FaultyGateway
    demo: DemoPractice
    practice_database: Database

    @property
    def parts(self) -> MessageParts:
        return replace(super().parts, practice=SqlPracticeSource(self.practice_database))

    def of(self, planted: Planted) -> OutboxMessage | None:
        """Returns the message of a planted case, or None."""
        for message in self.messages():
            if planted.kind is MessageKind.BIRTHDAY and message.unique_key == birthday_key(planted.patient_id, TODAY.year):
                return message
            if planted.appointment_id is not None and message.appointment_id == planted.appointment_id:
                return message
        return None

    def run_the_day(self) -> None:
        """Runs the four jobs in their order."""
        for job in (self.prepare, self.greet, self.send):
            job()
        self.clock.advance(timedelta(minutes=10))
        self.follow_up()


@pytest.fixture
def chain(clocked_database: Database, clock: ManualClock, tmp_path: Path) -> Iterator[Chain]:
    """Gives the demo practice with an outbox on every engine and the loopback gateway."""
    practice = open_database(f"sqlite:///{(tmp_path / 'practice.db').as_posix()}")
    accounts = {"M1": "meier", "M2": "huber"}
    with FaultyGateway(dict.fromkeys(accounts.values(), "secret"), balance=Decimal(5000), clock=clock) as server:
        world = Chain(clocked_database, clock)
        world.server, world.practice_database = server, practice
        world.demo = make_demo_practice(practice, TODAY, patients=300)
        world.values[switches.DEFAULT_MANDANT] = DEFAULT_MANDANT
        world.sms.gateways.clear()
        for mandant, account in accounts.items():
            world.sms[mandant] = AspsmsGateway(GatewayAccess(account, "secret", server.address, tmp_path, clock), 10)
        yield world
        for gateway in world.sms.values():
            gateway.close()
    practice.dispose()


def test_every_awkward_case_ends_as_it_must(chain: Chain) -> None:
    chain.run_the_day()
    for planted in chain.demo.planted:
        message = chain.of(planted)
        if planted.reason is None:
            assert message is not None, planted
            assert message.state in REACHED, (planted, message)
            assert (message.channel, message.mandant_id) == (planted.channel, planted.mandant_id), (planted, message)
        else:
            assert message is None or (message.state, message.reason) == (MessageState.ERROR, planted.reason.value), (planted, message)


def test_every_sms_of_the_outbox_was_taken_once_and_none_beside(chain: Chain) -> None:
    chain.run_the_day()
    chain.run_the_day()
    taken = Counter(sms.reference for sms in chain.server.accepted())
    sent = {message.reference for message in chain.messages() if message.channel is Channel.SMS and message.state in REACHED}
    assert set(taken) == sent
    assert set(taken.values()) == {1}
    spent = Decimal(10_000) - chain.server.credits("meier") - chain.server.credits("huber")
    assert spent == sum(message.cost for message in chain.messages() if message.reference in sent)


def test_what_changes_between_preparing_and_sending_counts(chain: Chain) -> None:
    died, moved, *_others = [planted for planted in chain.demo.planted if planted.case is AwkwardCase.FAMILY_NUMBER]
    chain.prepare()
    staff.change_patient(chain.practice_database, died.patient_id, sterbedatum=TODAY)
    staff.change_appointment(chain.practice_database, moved.appointment_id or "", status="abgesagt")
    chain.send()
    found = [chain.of(planted) for planted in (died, moved)]
    assert [message.reason for message in found if message] == ["deceased", "appointment_cancelled"]
    taken = {sms.reference for sms in chain.server.accepted()}
    assert not taken & {message.reference for message in chain.messages() if message.state is MessageState.CANCELLED}
