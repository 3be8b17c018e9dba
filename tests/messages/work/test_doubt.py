"""Messages in doubt: asked about before anything else, believed slowly, never sent again blindly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.messages.memory_gateways import MemorySmsGateway
from tests.messages.world import TOMORROW_NINE, World
from tray_agent.jobs.outlook import Outlook
from tray_agent.messages.gateways.contract import (
    AccountFault,
    DeliveryReport,
    DeliveryStatus,
    GatewayAccountError,
    GatewayUnavailableError,
    InDoubt,
    Outcome,
    OutgoingMail,
    OutgoingSms,
)
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox.model import DoubtDecision
from tray_agent.messages.service import MessageMissingError, NotInDoubtError, StillUnderWayError
from tray_agent.protocol.model import Level

TIMED_OUT = InDoubt("Keine Antwort.")


class Watched(MemorySmsGateway):
    """Notes when it is asked about doubts, and may refuse to answer; before anything is handed over it knows of nothing."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.asked_at: list[datetime] = []
        self.error: Exception | None = None
        self._world = world

    def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
        if self.is_asked_before(references):
            return {}
        self.asked_at.append(self._world.clock.now())
        if self.error is not None:
            raise self.error
        return super().inquire(references)


@pytest.fixture
def gateway(world: World) -> Watched:
    """Returns the gateway of a world with one prepared reminder."""
    world.sms["M1"] = watched = Watched(world)
    world.book_appointment()
    world.prepare()
    return watched


def lose_answer(gateway: Watched, *, taken: bool) -> None:
    """Lets the next answer get lost, and only that one."""

    def answer(message: OutgoingSms) -> Outcome:
        gateway.answer = None
        if taken:
            gateway.take(message)
        return TIMED_OUT

    gateway.answer = answer


def interrupt(world: World) -> None:
    """Leaves the message as a killed run leaves it, of which nobody knows whether it left."""
    world.gateway.given.add(world.only().reference)
    world.force(
        world.only().id,
        state="sending",
        token=77,
        version=2,
        sending_at=world.clock.now(),
        next_at=world.clock.now() + world.rules.under_way,
    )


def test_a_message_that_was_taken_is_found_by_asking_and_not_sent_again(world: World, gateway: Watched) -> None:
    lose_answer(gateway, taken=True)
    world.send()
    assert (world.states(), len(gateway.taken)) == (["submitted"], 1)
    assert gateway.asked_at


def test_a_message_that_was_not_taken_is_sent_again_only_after_three_answers_within_15_minutes(world: World, gateway: Watched) -> None:
    began = world.clock.now()
    lose_answer(gateway, taken=False)
    world.send()
    assert (world.states(), len(gateway.taken)) == (["submitted"], 1)
    after = [asked - began for asked in gateway.asked_at]
    assert len(after) == 3
    assert after[0] >= world.rules.under_way
    assert timedelta(minutes=5) <= after[-1] - after[0]
    assert after[-1] <= timedelta(minutes=15)


def test_not_yet_submitted_is_no_proof_until_it_was_said_three_times(world: World, gateway: Watched) -> None:
    gateway.report(DeliveryReport(world.only().reference, DeliveryStatus.NOT_SUBMITTED))
    lose_answer(gateway, taken=False)
    world.send()
    assert len(gateway.asked_at) == 3
    assert world.only().attempts == 2


def test_not_yet_submitted_with_a_time_of_submission_means_that_the_gateway_has_it(world: World, gateway: Watched) -> None:
    gateway.report(DeliveryReport(world.only().reference, DeliveryStatus.NOT_SUBMITTED, world.clock.now()))
    lose_answer(gateway, taken=False)
    world.send()
    assert (world.states(), world.only().attempts) == (["submitted"], 1)


def test_an_unreadable_word_about_a_message_in_doubt_proves_nothing(world: World, gateway: Watched) -> None:
    world.rules = replace(world.rules, patience=timedelta(minutes=20))
    gateway.report(DeliveryReport(world.only().reference, DeliveryStatus.UNREADABLE))
    lose_answer(gateway, taken=True)
    world.send()
    assert (world.states(), world.only().times_asked, len(gateway.taken)) == (["in_doubt"], 0, 1)
    assert len(gateway.asked_at) > 3
    assert world.reasons().count("status_unreadable") == 1
    gateway.report(DeliveryReport(world.only().reference, DeliveryStatus.DELIVERED))
    world.clock.advance(timedelta(minutes=10))
    world.follow_up()
    assert (world.states(), len(gateway.taken)) == (["delivered"], 1)


def test_nobody_is_asked_while_the_request_could_be_under_way(world: World, gateway: Watched) -> None:
    interrupt(world)
    world.rules = replace(world.rules, patience=timedelta(0))
    world.send()
    world.follow_up()
    assert gateway.asked_at == []
    assert world.states() == ["sending"]


def test_what_a_killed_run_left_is_settled_by_the_next(world: World, gateway: Watched) -> None:
    began = world.clock.now()
    interrupt(world)
    world.send()
    assert (world.states(), len(gateway.taken)) == (["submitted"], 1)
    assert gateway.asked_at[0] - began >= world.rules.under_way


def test_what_a_killed_run_left_is_settled_by_updating_the_status_too(world: World, gateway: Watched) -> None:
    gateway.take(OutgoingSms(world.only().reference, "+41791234567", "Praxis", "Guten Tag"))
    interrupt(world)
    world.clock.advance(timedelta(minutes=10))
    world.follow_up()
    assert world.states() == ["delivered"]


def test_a_run_does_not_doubt_what_it_is_sending_itself(world: World, gateway: Watched) -> None:
    def slow(message: OutgoingSms) -> None:
        world.clock.advance(timedelta(minutes=10))

    world.add_patients(30)
    world.prepare()
    gateway.answer = slow
    world.send()
    assert len({sms.reference for sms in gateway.taken}) == len(gateway.taken)


@pytest.mark.parametrize("taken", [True, False])
def test_a_gateway_that_can_not_be_asked_leaves_the_message_in_doubt(world: World, gateway: Watched, taken: bool) -> None:
    gateway.error = GatewayUnavailableError("Keine Antwort", "Das Gateway antwortet nicht.")
    lose_answer(gateway, taken=taken)
    world.send()
    world.clock.advance(timedelta(hours=2))
    world.send()
    assert (world.states(), world.only().times_asked) == (["in_doubt"], 0)
    gateway.error = None
    world.clock.advance(timedelta(minutes=10))
    world.send()
    assert (world.states(), len(gateway.taken)) == (["submitted"], 1)


@pytest.mark.parametrize("taken", [True, False])
def test_another_account_is_not_believed_when_it_knows_nothing_and_a_person_decides(world: World, gateway: Watched, taken: bool) -> None:
    lose_answer(gateway, taken=taken)
    world.rules = replace(world.rules, patience=timedelta(0))
    world.send()
    world.sms.names["M1"], world.sms["M1"] = "new account", Watched(world)
    for _hour in range(3):
        world.clock.advance(timedelta(hours=1))
        world.send()
    assert (world.only().state, world.only().reason, world.gateway.taken) == (MessageState.IN_DOUBT, "other_account", [])
    assert world.reasons().count("other_account") == 1
    world.service.decide(world.only().id, DoubtDecision.AGAIN, "Frau Keller")
    world.send()
    assert (world.only().account, len(world.gateway.taken)) == ("new account", 1)


def test_a_refused_account_proves_nothing(world: World, gateway: Watched) -> None:
    gateway.error = GatewayAccountError("Abgelehnt", "Passwort falsch.", "", item="M1", fault=AccountFault.AUTHORISATION)
    lose_answer(gateway, taken=True)
    world.send()
    assert world.states() == ["in_doubt"]


def test_everything_that_changed_is_checked_before_a_message_is_sent_again(world: World, gateway: Watched) -> None:
    lose_answer(gateway, taken=False)
    world.rules = replace(world.rules, patience=timedelta(0))
    world.send()
    world.change_patient(opted_out=True)
    for _run in range(4):
        world.clock.advance(timedelta(minutes=6))
        world.send()
    assert (world.states(), gateway.taken) == (["cancelled"], [])


def test_after_seven_days_a_doubt_is_given_up_and_told(world: World, gateway: Watched) -> None:
    gateway.error = GatewayUnavailableError("Keine Antwort", "Das Gateway antwortet nicht.")
    lose_answer(gateway, taken=False)
    world.send()
    world.clock.advance(timedelta(days=8))
    world.send()
    assert world.states() == ["unknown"]
    assert world.activities[-1].level is Level.WARNING


# E-mail, and the person who decides


@pytest.fixture
def mail_in_doubt(world: World) -> World:
    """Returns a world with an e-mail of which nobody knows whether it left."""
    world.change_patient(mobile=None, email="anna@example.ch")
    world.book_appointment()
    world.prepare()

    def answer(_mail: OutgoingMail) -> Outcome:
        world.mails.answer = None
        return TIMED_OUT

    world.mails.answer = answer
    world.send()
    return world


def test_an_e_mail_in_doubt_waits_for_a_person_who_is_told(mail_in_doubt: World) -> None:
    world = mail_in_doubt
    world.clock.advance(timedelta(hours=3))
    world.send()
    world.follow_up()
    assert world.states() == ["in_doubt"]
    assert [message.id for message in world.service.in_doubt()] == [world.only().id]
    (activity,) = [activity for activity in world.activities if activity.level is Level.ERROR]
    assert "erneut senden" in activity.sentence
    assert not world.mails.taken


def test_a_slow_mail_server_is_no_doubt_while_its_exchange_can_still_go_on(world: World) -> None:
    world.change_patient(mobile=None, email="anna@example.ch")
    world.book_appointment()
    world.prepare()

    def slow(_mail: OutgoingMail) -> None:
        world.clock.advance(timedelta(minutes=10))
        world.follow_up()

    world.mails.answer = slow
    world.send()
    assert (world.states(), world.reasons()) == (["submitted"], ["sent"])


def test_was_sent_ends_the_doubt_and_names_who_said_so(mail_in_doubt: World) -> None:
    world = mail_in_doubt
    message = world.service.decide(world.only().id, DoubtDecision.SENT, "Frau Keller@EMPFANG")
    assert (message.state, message.handled_by) == (MessageState.SUBMITTED, "Frau Keller@EMPFANG")
    world.send()
    assert not world.mails.taken
    assert "Frau Keller@EMPFANG" in world.activities[-1].sentence


def test_send_again_is_refused_while_the_first_could_be_under_way_and_then_sends(mail_in_doubt: World) -> None:
    world = mail_in_doubt
    number = world.only().id
    world.force(number, sending_at=world.clock.now())
    with pytest.raises(StillUnderWayError):
        world.service.decide(number, DoubtDecision.AGAIN, "Frau Keller")
    world.clock.advance(timedelta(minutes=20))
    world.service.decide(number, DoubtDecision.AGAIN, "Frau Keller")
    world.send()
    assert (world.states(), len(world.mails.taken)) == (["submitted"], 1)
    assert world.activities[-2].reason == "decided_again"


def test_a_decided_message_is_checked_again_before_it_leaves(mail_in_doubt: World) -> None:
    world = mail_in_doubt
    world.clock.advance(timedelta(minutes=20))
    world.service.decide(world.only().id, DoubtDecision.AGAIN, "Frau Keller")
    world.change_patient(opted_out=True)
    world.send()
    assert (world.states(), world.mails.taken) == (["cancelled"], [])


def test_send_again_is_due_at_once_and_says_when_it_leaves(mail_in_doubt: World) -> None:
    world = mail_in_doubt
    number = world.only().id
    world.clock.advance(timedelta(minutes=20))
    message = world.service.decide(number, DoubtDecision.AGAIN, "Frau Keller")
    assert (world.decided, world.service.when_sent(message)) == (1, "Wird jetzt gesendet.")
    world.outlook = Outlook(world.parts.instant(TOMORROW_NINE - timedelta(minutes=10)))
    assert world.service.when_sent(message) == "Nächster Versuch 24.11.2026 08:50, zu spät für diesen Termin."
    world.outlook = Outlook()
    assert world.service.when_sent(message) == "Wird zur Zeit nicht von selbst gesendet."


def test_was_sent_makes_nothing_due(mail_in_doubt: World) -> None:
    world = mail_in_doubt
    message = world.service.decide(world.only().id, DoubtDecision.SENT, "Frau Keller")
    assert (world.decided, world.service.when_sent(message)) == (0, "")


def test_two_people_do_not_decide_twice(mail_in_doubt: World) -> None:
    world = mail_in_doubt
    world.clock.advance(timedelta(minutes=20))
    world.service.decide(world.only().id, DoubtDecision.SENT, "Frau Keller")
    with pytest.raises(NotInDoubtError):
        world.service.decide(world.only().id, DoubtDecision.AGAIN, "Herr Frei")
    with pytest.raises(MessageMissingError):
        world.service.decide(999, DoubtDecision.AGAIN, "Herr Frei")
