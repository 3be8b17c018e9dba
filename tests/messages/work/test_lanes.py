"""A lane hands over only while it is open and while the intent holds; what stays back certainly did not leave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from queue import SimpleQueue

import pytest

from tests.messages.world import ANNA, MEIER, TOMORROW_NINE, Accounts, World, treatment
from tray_agent.config import settings as switches
from tray_agent.messages.gateways.contract import (
    Accepted,
    AccountFault,
    AccountStopped,
    GatewayMissingError,
    KeptBack,
    Outcome,
    OutgoingMail,
)
from tray_agent.messages.model import MessageState
from tray_agent.messages.work.lane import Departure, Event, Lane, Opened, Returned, Stop, Way
from tray_agent.messages.work.recheck import Ready


class Gate:
    """A way with one connection that hands over only when it is let."""

    def __init__(self) -> None:
        self.handing_over = threading.Event()
        self.let = threading.Event()
        self.handed_over = 0

    def pack(self, ready: Ready, may_leave: Callable[[], bool]) -> Callable[[], Outcome]:
        return self._hand_over

    def balance(self) -> Decimal | None:
        return None

    def _hand_over(self) -> Outcome:
        self.handing_over.set()
        assert self.let.wait(30)
        self.handed_over += 1
        return Accepted()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def events() -> SimpleQueue[Event]:
    return SimpleQueue()


@pytest.fixture
def lane(world: World, gate: Gate, events: SimpleQueue[Event]) -> Iterator[Lane]:
    """Gives a lane with one message on its way and two waiting behind it."""
    world.book_appointment()
    world.prepare()
    opened = Lane(world.parts, "account", Way(gate.pack, gate.balance, at_once=1), events)
    opened.was_opened(Opened(opened))
    message = world.only()
    until, within = world.clock.now() + timedelta(seconds=10), world.clock.monotonic() + 10
    for _place in range(3):
        opened.depart(Departure(Ready(message, None), until, within))
    assert gate.handing_over.wait(30)
    yield opened
    gate.let.set()
    opened.close()


def outcomes(lane: Lane, events: SimpleQueue[Event], gate: Gate) -> list[bool]:
    """Lets the first message go and returns which of the three left."""
    gate.let.set()
    returned = [events.get(timeout=30) for _place in range(3)]
    assert gate.handed_over == sum(left(event) for event in returned)
    return [left(event) for event in returned]


def left(event: Event) -> bool:
    return isinstance(event, Returned) and not isinstance(event.outcome, KeptBack)


def test_an_open_lane_lets_all_leave(lane: Lane, events: SimpleQueue[Event], gate: Gate) -> None:
    assert outcomes(lane, events, gate) == [True, True, True]


def test_a_refused_account_keeps_back_what_waits(lane: Lane, events: SimpleQueue[Event], gate: Gate) -> None:
    lane.stop = Stop("account_refused", "Das Konto wurde abgelehnt.")
    assert outcomes(lane, events, gate) == [True, False, False]


def test_credits_that_were_set_aside_may_be_used(lane: Lane, events: SimpleQueue[Event], gate: Gate) -> None:
    lane.stop = Stop("no_credits", "Das Guthaben ist aufgebraucht.", finishes=True)
    assert outcomes(lane, events, gate) == [True, True, True]


def test_a_run_that_ends_keeps_back_what_waits(lane: Lane, events: SimpleQueue[Event], gate: Gate) -> None:
    lane.keep_back()
    gate.let.set()
    returned = [events.get(timeout=30) for _place in range(3)]
    kept = [event.outcome for event in returned if isinstance(event, Returned) and isinstance(event.outcome, KeptBack)]
    assert [outcome.reason for outcome in kept] == ["run_ended", "run_ended"]


def test_an_intent_that_is_too_old_does_not_leave(world: World, lane: Lane, events: SimpleQueue[Event], gate: Gate) -> None:
    world.clock.advance(timedelta(seconds=10))
    assert outcomes(lane, events, gate) == [True, False, False]


def test_a_clock_set_back_does_not_prolong_an_intent(world: World, lane: Lane, events: SimpleQueue[Event], gate: Gate) -> None:
    world.clock.advance(timedelta(seconds=10))
    world.clock.set(world.clock.now() - timedelta(hours=1))
    assert outcomes(lane, events, gate) == [True, False, False]


def test_a_machine_that_slept_lets_nothing_leave(world: World, lane: Lane, events: SimpleQueue[Event], gate: Gate) -> None:
    world.clock.set(world.clock.now() + timedelta(hours=1))  # the monotonic clock stands while a machine sleeps
    assert outcomes(lane, events, gate) == [True, False, False]


def refusing(sender: str, tried: list[str]) -> Callable[[OutgoingMail], Outcome | None]:
    def answer(mail: OutgoingMail) -> Outcome | None:
        tried.append(mail.sender)
        return AccountStopped(AccountFault.ORIGINATOR, f"Absender {mail.sender} nicht zugelassen.") if mail.sender == sender else None

    return answer


def two_mandants(world: World, number: int) -> None:
    """Books appointments of patients with e-mail addresses, of Dr. Meier's and of Dr. Keller's by turns."""
    world.practice.put(replace(MEIER, id="M2", name="Dr. Keller"))
    world.senders = {"M1": "meier@example.ch", "M2": "keller@example.ch"}
    for index in range(number):
        patient_id = f"Q{index}"
        world.practice.put(
            replace(ANNA, id=patient_id, mobile=None, email=f"q{index}@example.ch"), treatment(patient_id, f"M{index % 2 + 1}")
        )
        world.book_appointment(f"a{index}", TOMORROW_NINE + timedelta(minutes=index), patient_id)


def test_one_mandants_refused_sender_holds_no_other_mandant_up(world: World) -> None:
    tried: list[str] = []
    world.mails.answer = refusing("meier@example.ch", tried)
    two_mandants(world, 40)
    world.prepare()
    result = world.send()
    assert [mail.sender for mail in world.mails.taken] == 20 * ["keller@example.ch"]
    assert tried.count("meier@example.ch") <= world.mails.capabilities.most_at_once * world.rules.ahead
    kept = [message for message in world.messages() if message.mandant_id == "M1"]
    assert {(message.state, message.reason) for message in kept} == {(MessageState.PREPARED, "originator_refused")}
    assert all("Dr. Meier" in message.sentence and "meier@example.ch" in message.sentence for message in kept)
    (told,) = [activity for activity in world.activities if activity.reason == "originator_refused"]
    assert "20 Mitteilungen" in told.sentence
    assert "Dr. Meier" in told.sentence
    assert (result.counts["sent"], result.skipped, result.problems) == (20, {"originator_refused": 20}, 1)


def test_a_sender_that_is_released_sends_what_stayed(world: World) -> None:
    world.mails.answer = refusing("meier@example.ch", [])
    two_mandants(world, 10)
    world.prepare()
    world.send()
    world.mails.answer = None
    assert world.send().counts["sent"] == 5
    assert {message.state for message in world.messages()} == {MessageState.SUBMITTED}


def test_one_mandants_refused_originator_holds_no_other_of_the_account_up(world: World) -> None:
    world.sms["M2"] = world.sms["M1"]
    world.sms.names = {"M1": "shared", "M2": "shared"}
    world.practice.put(replace(MEIER, id="M2", name="Dr. Keller"))
    world.add_patients(10)
    world.add_patients(10, mandant="M2", prefix="R")
    world.sms.originators["M1"] = "Meier"
    world.gateway.set_balance(Decimal(40))
    world.gateway.answer = lambda sms: AccountStopped(AccountFault.ORIGINATOR, "Absender?") if sms.originator == "Meier" else None
    world.prepare()
    result = world.send()
    assert (result.counts["sent"], result.skipped) == (10, {"originator_refused": 10})
    assert [message.mandant_id for message in world.messages() if message.state is MessageState.PREPARED] == 10 * ["M1"]


@pytest.mark.parametrize("first", ["M1", "M2"])
def test_an_account_that_is_called_like_a_mandant_without_one_is_another(world: World, first: str) -> None:
    world.practice.put(replace(MEIER, id="M2", name="Dr. Keller"))
    world.sms["M2"] = world.sms.gateways.pop("M1")
    world.sms.names = {"M2": "M1"}
    for mandant in sorted(["M1", "M2"], reverse=first == "M2"):
        world.add_patients(3, mandant=mandant, prefix=f"{mandant}-")
    world.prepare()
    result = world.send()
    assert (result.counts["sent"], result.skipped) == (3, {"gateway_missing": 3})
    assert {message.mandant_id for message in world.messages() if message.state is MessageState.SUBMITTED} == {"M2"}


def test_an_account_that_is_called_like_the_lane_of_e_mails_keeps_quiet_hours(world: World) -> None:
    world.sms.names = {"M1": "e-mail"}
    world.values |= {switches.MAIL_AT_ONCE: True, switches.QUIET_FROM: "09:00", switches.QUIET_UNTIL: "08:00"}
    world.add_patients(1)
    world.prepare()
    assert world.send().skipped == {"quiet_hours": 1}


class WithoutOriginator(Accounts):
    def originator(self, mandant_id: str) -> str:
        raise GatewayMissingError("Kein Absender", "Es ist kein Absender eingetragen.", "Absender eintragen.", item=mandant_id)


def test_without_an_originator_the_account_stops_and_no_message_is_spent(world: World) -> None:
    world.sms = WithoutOriginator(world.sms)
    world.book_appointment()
    world.prepare()
    world.send()
    message = world.only()
    assert (message.state, message.reason) == (MessageState.PREPARED, "originator_refused")
    assert "kein Absender" in message.sentence
    assert world.reasons().count("originator_refused") == 1
