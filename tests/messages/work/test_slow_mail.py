"""A mail server that takes its time gets its mail: what it made ready is kept, and the time that counts ends where the text begins."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.messages.memory_gateways import MemoryMailGateway
from tests.messages.world import ANNA, TOMORROW_NINE, ZURICH, World, treatment
from tests.support.mail import FaultyMailServer
from tray_agent.clock import ManualClock
from tray_agent.config.machine import MailSection
from tray_agent.messages.gateways.contract import (
    Accepted,
    AccountFault,
    Capabilities,
    GatewayAccountError,
    GatewayUnavailableError,
    Outcome,
    OutgoingMail,
    too_late,
)
from tray_agent.messages.gateways.smtp import SmtpGateway
from tray_agent.messages.work.parts import SendingRules

AN_ANSWER = timedelta(seconds=6)


@pytest.fixture
def server(clock: ManualClock) -> Iterator[FaultyMailServer]:
    """Gives a mail server that needs six seconds for each answer, by the clock that stands."""
    with FaultyMailServer(before_answer=lambda: clock.advance(AN_ANSWER), clock=clock) as running:
        yield running


@pytest.fixture
def gateway(world: World, server: FaultyMailServer, clock: ManualClock) -> Iterator[SmtpGateway]:
    gateway = SmtpGateway(MailSection(host="127.0.0.1", port=server.port, security="none"), "", clock, 20.0)
    world.mail = gateway
    yield gateway
    gateway.close()


def write_to(world: World, number: int) -> None:
    """Prepares reminders for patients with e-mail addresses."""
    for index in range(number):
        patient_id = f"Q{index}"
        world.practice.put(replace(ANNA, id=patient_id, mobile=None, email=f"q{index}@example.ch"), treatment(patient_id))
        world.book_appointment(f"a{index}", TOMORROW_NINE + timedelta(minutes=index), patient_id)
    world.prepare()


def test_a_server_with_six_seconds_an_answer_gets_every_e_mail_once(world: World, server: FaultyMailServer, gateway: SmtpGateway) -> None:
    write_to(world, 12)
    result = world.send()
    assert (result.counts["sent"], result.rest) == (12, None)
    assert len({mail.message_id for mail in server.accepted()}) == len(server.accepted()) == 12
    assert server.conversations < 12  # all connections move one clock, so some are idle for too long


def test_what_took_too_long_finds_its_connection_ready_at_the_next_try(
    world: World, server: FaultyMailServer, gateway: SmtpGateway, clock: ManualClock
) -> None:
    mail = OutgoingMail("m-1", "anna@example.ch", "praxis@example.ch", "Praxis", "Ihr Termin", "Guten Tag")
    for answers in (1, 2):  # too late after the greeting, and after the recipient
        ends = clock.now() + answers * AN_ANSWER
        gateway.submit(replace(mail, may_leave=lambda ends=ends: clock.now() < ends))  # type: ignore[misc]
        clock.advance(timedelta(seconds=36))  # the longest first pause
    assert server.accepted() == []
    gateway.submit(mail)
    assert (len(server.accepted()), server.conversations) == (1, 1)


class TooSlow(MemoryMailGateway):
    """Is not ready while an intent holds."""

    capabilities = Capabilities(most_at_once=1, can_be_asked=False, has_balance=False)

    def __init__(self, world: World) -> None:
        super().__init__()
        self.tried: list[datetime] = []
        self._world = world

    def submit(self, message: OutgoingMail) -> Outcome:
        self.tried.append(self._world.clock.now())
        self._world.clock.advance(self._world.rules.mail_leave_within)
        return super().submit(message)


def test_a_server_that_is_never_ready_in_time_is_in_trouble_with_a_reason_and_pauses(world: World) -> None:
    world.mail = mails = TooSlow(world)
    world.rules = replace(world.rules, mail_leave_within=timedelta(seconds=30))
    write_to(world, 40)
    result = world.send()
    assert (mails.taken, set(world.states())) == ([], {"prepared"})
    assert len(mails.tried) <= 12  # two before each pause of the lane
    assert result.rest is not None
    assert (result.rest.reason, result.rest.number) == ("gateway_trouble", 40)
    assert "antwortet zu langsam" in result.sentence
    assert {message.reason for message in world.messages()} <= {"too_slow", "gateway_trouble"}
    assert result.problems >= 1


def test_an_e_mails_intent_ends_long_before_anybody_believes_that_it_did_not_leave() -> None:
    rules = SendingRules()
    longest_exchange = timedelta(seconds=2 * 30)  # the text, and its answer
    assert 2 * (rules.mail_leave_within + longest_exchange) < rules.mail_under_way


@pytest.mark.parametrize("away", [True, False])
def test_no_intent_is_written_before_the_server_was_reached(world: World, away: bool) -> None:
    class Closed(MemoryMailGateway):
        def check(self) -> None:
            if away:
                raise GatewayUnavailableError("Mailserver nicht erreichbar", "Keine Verbindung.", item="mail.example.ch")
            raise GatewayAccountError(
                "Mailserver lehnt ab", "Passwort falsch.", "Prüfen.", item="mail.example.ch", fault=AccountFault.AUTHORISATION
            )

    world.mail = Closed()
    write_to(world, 5)
    result = world.send()
    assert [message.attempts for message in world.messages()] == [0] * 5
    assert result.rest is not None
    assert (result.rest.number, result.rest.after_change) == (5, not away)


def test_what_waits_for_a_slow_server_when_the_quiet_hours_begin_does_not_leave(world: World) -> None:
    def answer(mail: OutgoingMail) -> Outcome:
        world.clock.advance(timedelta(seconds=30))  # far less than an e-mail may take until it leaves
        for _look in range(50):
            if not mail.may_leave():
                return too_late()
            time.sleep(0.1)  # the run looks once a second
        return Accepted()

    world.change_patient(mobile=None, email="anna@example.ch")
    world.book_appointment()
    world.prepare()
    world.clock.set(datetime(2026, 11, 23, 19, 59, 45, tzinfo=ZURICH))
    world.mails.answer = answer
    rest = world.send().rest
    assert rest is not None
    assert (world.states(), rest.reason, rest.ordinary) == (["prepared"], "quiet_hours", True)
