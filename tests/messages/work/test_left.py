"""What a run leaves undone: told to the engine as what is owed, with the time from which another attempt is of use."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.messages.memory_gateways import MemorySmsGateway
from tests.messages.world import ANNA, MEIER, TOMORROW_NINE, ZURICH, World, treatment
from tray_agent.config import settings as switches
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.outlook import Outlook
from tray_agent.jobs.owed import Rest
from tray_agent.messages.gateways.contract import (
    AccountFault,
    AccountStopped,
    Capabilities,
    InDoubt,
    KeptBack,
    NotNow,
    Outcome,
    OutgoingSms,
    Refused,
    too_late,
)
from tray_agent.messages.model import MessageState
from tray_agent.messages.work.answers import step_after
from tray_agent.messages.work.lane import Lane
from tray_agent.messages.work.left import last_useful_time
from tray_agent.schedules.quiet_hours import QuietHours

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def local(hour: int, minute: int = 0, *, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZURICH)


@pytest.fixture
def three(world: World) -> World:
    """Returns the world with three reminders prepared for tomorrow: two before the next planned sending (10:10), one after it."""
    world.add_patients(3)
    world.change_appointment("a-Q0", starts_at=datetime(2026, 11, 24, 8, 30))  # noqa: DTZ001 - local, as the practice writes it
    world.change_appointment("a-Q2", starts_at=datetime(2026, 11, 24, 14, 0))  # noqa: DTZ001 - local
    world.prepare()
    world.rules = replace(world.rules, patience=timedelta(0))
    return world


def rest_of(world: World, *, by_hand: bool = False) -> Rest:
    rest = world.send(by_hand=by_hand).rest
    assert rest is not None
    return rest


def test_a_run_that_did_all_leaves_nothing(three: World) -> None:
    assert three.send().rest is None


def test_a_gateway_that_is_away_leaves_all_to_the_next_attempt_soon(three: World) -> None:
    three.gateway.answer = lambda _message: NotNow("busy", "Überlastet.")
    rest = rest_of(three)
    assert (rest.number, rest.at_risk, rest.after_change, rest.ordinary, rest.progressed) == (3, 2, False, False, False)
    assert rest.not_before is not None
    assert rest.not_before - three.clock.now() <= MINUTE


def test_without_a_planned_time_all_are_at_risk(three: World) -> None:
    three.next_sending = None
    three.gateway.answer = lambda _message: NotNow("busy", "Überlastet.")
    assert rest_of(three).at_risk == 3


def test_what_one_patient_alone_is_the_reason_for_is_no_rest(three: World) -> None:
    three.gateway.answer = lambda _message: Refused("bad_number", "Die Nummer ist ungültig.")
    assert three.send().rest is None


def test_a_run_that_sent_something_got_on(three: World) -> None:
    three.gateway.set_balance(Decimal(1))
    rest = rest_of(three)
    assert (rest.reason, rest.number, rest.at_risk, rest.progressed) == ("no_credits", 2, 1, True)
    assert (rest.not_before, rest.after_change) == (None, False)
    assert rest_of(three).progressed is False


def test_used_up_credits_are_sent_as_soon_as_they_are_there_and_the_sentence_says_so(three: World) -> None:
    three.gateway.set_balance(Decimal(1))
    assert "Guthaben aufladen; gesendet wird, sobald es da ist. Der nächste Versuch folgt in wenigen Minuten." in three.send().sentence
    three.gateway.set_balance(Decimal(100))
    assert three.send().counts == {"sent": 2}


def test_quiet_hours_are_ordinary_and_end(three: World) -> None:
    three.clock.set(local(21))
    result = three.send()
    rest = result.rest
    assert rest is not None
    assert (rest.reason, rest.ordinary, rest.not_before) == ("quiet_hours", True, local(8, day=24))
    assert (rest.number, rest.at_risk) == (3, 0)
    assert result.sentence.endswith("Nächster Versuch: 24.11.2026 08:00.")


def test_what_begins_before_the_quiet_hours_end_is_at_risk(three: World) -> None:
    three.values[switches.QUIET_UNTIL] = "08:30"
    three.clock.set(local(21))
    result = three.send()
    assert result.rest is not None
    assert result.rest.at_risk == 1
    assert result.sentence.endswith("Nächster Versuch: 24.11.2026 08:30. Für 1 Termin ist das zu spät.")


# Refused


def refuse(world: World, fault: AccountFault = AccountFault.AUTHORISATION) -> list[OutgoingSms]:
    tried: list[OutgoingSms] = []

    def answer(message: OutgoingSms) -> Outcome:
        tried.append(message)
        return AccountStopped(fault, "Das Konto wurde abgelehnt.")

    world.gateway.answer = answer
    return tried


@pytest.mark.parametrize("fault", [AccountFault.AUTHORISATION, AccountFault.ORIGINATOR])
def test_a_refused_account_waits_for_a_change_or_the_last_useful_time(three: World, fault: AccountFault) -> None:
    refuse(three, fault)
    result = three.send()
    rest = result.rest
    assert rest is not None
    assert (rest.after_change, rest.not_before, rest.number, rest.at_risk) == (True, local(19), 3, 2)
    assert {message.next_at for message in three.messages()} == {local(19)}
    assert "sobald etwas geändert wurde, spätestens 23.11.2026 19:00." in result.sentence


def test_an_attempt_for_something_else_leaves_a_refused_account_alone(three: World) -> None:
    tried = refuse(three)
    three.send()
    before, sms = len(tried), three.gateway
    three.practice.put(replace(MEIER, id="M2"))
    three.sms["M2"] = MemorySmsGateway()
    three.add_patients(1, mandant="M2", prefix="R")
    three.add_patients(1, prefix="S")  # another one of the refused account
    three.prepare()
    three.clock.advance(15 * MINUTE)
    result = three.send()
    assert (result.counts, len(tried)) == ({"sent": 1}, before)
    assert result.rest is not None
    assert (result.rest.after_change, result.rest.not_before, result.rest.number) == (True, local(19), 4)
    assert "Das Konto wurde abgelehnt." in result.sentence
    sms.answer = None
    assert three.send().counts == {"sent": 4}  # nothing else is due: this attempt was made for it


def test_a_changed_password_is_tried_whatever_else_is_due(three: World) -> None:
    tried = refuse(three)
    three.send()
    before, sms = len(tried), three.gateway
    three.practice.put(replace(MEIER, id="M2"))
    three.sms["M2"] = MemorySmsGateway()
    three.add_patients(1, mandant="M2", prefix="R")
    three.prepare()
    three.clock.advance(15 * MINUTE)
    three.service.try_refused()
    sms.answer = None
    assert (three.send().counts, three.hastened, len(tried)) == ({"sent": 4}, 1, before)


def test_a_refused_account_is_told_once(three: World) -> None:
    refuse(three)
    three.send()
    three.send()
    assert three.reasons().count("account_refused") == 1


def test_an_attempt_that_found_nothing_new_writes_nothing_into_the_activity_log_again(three: World) -> None:
    three.gateway.answer = lambda _message: NotNow("busy", "Überlastet.")
    three.send()
    told = list(three.activities)
    three.clock.advance(15 * MINUTE)
    assert three.send().problems == 1
    assert three.activities == told
    assert three.reasons() == ["put_off"]


def test_credits_that_stay_used_up_are_told_once(three: World) -> None:
    three.gateway.set_balance(Decimal(0))
    three.send()
    assert sorted(three.reasons()) == ["credits_low", "no_credits"]
    three.clock.advance(15 * MINUTE)
    assert three.send().problems == 1
    assert sorted(three.reasons()) == ["credits_low", "no_credits"]


def test_a_run_by_hand_tries_a_refused_account(three: World) -> None:
    tried = refuse(three)
    three.send()
    before = len(tried)
    three.add_patients(1, prefix="R")
    three.prepare()
    three.send(by_hand=True)
    assert len(tried) > before


@pytest.mark.parametrize(
    ("quiet_from", "now", "starts", "expected"),
    [
        (20, local(10), local(8, 30, day=24), local(19)),
        (20, local(10), local(14), local(13, 15)),
        (20, local(10), None, local(19)),
        (20, local(13, 30), local(14), None),
        (20, local(19, 30), local(8, 30, day=24), None),
        (8, local(10), local(8, 30, day=24), local(7, 45, day=24)),  # no quiet hours at all
    ],
)
def test_the_last_useful_time(quiet_from: int, now: datetime, starts: datetime | None, expected: datetime | None) -> None:
    quiet = replace(QuietHours(), start=local(quiet_from).time())
    assert last_useful_time(quiet, ZURICH, now, starts) == expected


def test_what_is_refused_after_the_last_useful_time_rests_until_a_change(three: World) -> None:
    refuse(three)
    three.clock.set(local(19, 30))
    rest = rest_of(three)
    assert (rest.after_change, rest.not_before) == (True, None)
    assert {message.next_at for message in three.messages()} == {local(0, day=24)}


def test_a_switch_that_is_off_does_not_let_a_refused_password_be_tried_again_and_again(three: World) -> None:
    three.greet()
    three.values[switches.BIRTHDAYS_ON] = False
    refuse(three)
    rest = rest_of(three)
    assert (rest.reason, rest.after_change, rest.not_before, rest.number) == ("account_refused", True, local(19), 3)


def test_an_appointment_that_is_lost_does_not_take_the_last_useful_time_from_the_others(three: World) -> None:
    three.clock.set(local(8, 5, day=24))
    refuse(three)
    starts = sorted(at for message in three.messages() if (at := message.appointment_at))
    assert starts[0] == local(8, 30, day=24)
    assert rest_of(three).not_before == starts[1] - 45 * MINUTE


# Doubts


def test_a_doubt_is_owed_until_the_next_question(three: World) -> None:
    three.gateway.answer = lambda _message: InDoubt("Keine Antwort.")
    rest = rest_of(three)
    assert (rest.reason, rest.number, rest.at_risk) == ("in_doubt", 3, 2)
    assert rest.not_before == min(message.next_at for message in three.messages())


def test_a_doubt_that_waits_for_a_person_is_no_rest(world: World) -> None:
    world.change_patient(mobile=None, email="anna@example.ch")
    world.book_appointment()
    world.prepare()
    world.mails.answer = lambda _mail: InDoubt("Keine Antwort.")
    result = world.send()
    assert (world.states(), result.rest) == (["in_doubt"], None)
    assert "In der Schwebe» entscheiden" in result.sentence


def test_a_switch_that_is_off_is_no_trouble(three: World) -> None:
    three.values[switches.REMINDERS_ON] = False
    result = three.send()
    assert result.rest is not None
    assert (result.rest.after_change, result.rest.ordinary, result.rest.number) == (False, True, 3)
    assert result.rest.not_before == three.clock.now() + 15 * MINUTE  # whether it is on again
    assert result.sentence.endswith("Der Schalter für diese Mitteilungen steht auf Nein. Schalter unter «Schalter…» auf Ja stellen.")


def test_what_is_left_without_a_reason_is_a_problem_of_the_run(three: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lane, "take", lambda *_arguments: None)  # a fault of ours: forgotten on the way
    result = three.send()
    assert result.problems == 1
    assert "3 Mitteilungen blieben ohne Grund liegen." in result.sentence
    assert result.rest is not None
    assert (result.rest.reason, result.rest.not_before) == ("unexplained", None)
    assert three.reasons() == ["unexplained"]


# What follows


def test_a_run_that_handed_over_sms_asks_for_their_state_soon(three: World) -> None:
    assert three.send().makes_due == {JobKey.UPDATE_STATUS: three.clock.now() + 5 * MINUTE}
    three.follow_up()
    assert three.send().makes_due == {}


def test_e_mails_have_no_state_to_ask_for(world: World) -> None:
    world.change_patient(mobile=None, email="anna@example.ch")
    world.book_appointment()
    world.prepare()
    result = world.send()
    assert (result.counts, result.makes_due) == ({"sent": 1}, {})


def test_a_gateway_that_can_not_be_asked_is_not(three: World) -> None:
    three.gateway.capabilities = Capabilities(most_at_once=1, can_be_asked=False)
    assert three.send().makes_due == {}


# Patience


class OneConnection(MemorySmsGateway):
    capabilities = Capabilities(most_at_once=1)


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_lid_that_is_closed_in_the_middle_costs_nobody_a_message(world: World, goes_on: bool) -> None:
    """On some machines the monotonic clock goes on meanwhile, on others it stands."""
    world.sms["M1"] = gateway = OneConnection()
    world.add_patients(24)
    world.prepare()

    def close(_message: OutgoingSms) -> None:
        gateway.answer = None
        if goes_on:
            world.clock.advance(25 * MINUTE)
        else:
            world.clock.set(world.clock.now() + 25 * MINUTE)

    gateway.answer = close  # at the first message, behind which others wait whose intents are committed
    result = world.send()
    assert (len(gateway.taken), result.rest, result.counts) == (24, None, {"sent": 24, "kept_back": 2})


def test_a_machine_that_sleeps_while_a_run_waits_keeps_its_patience(world: World) -> None:
    world.add_patients(3)
    world.prepare()
    world.gateway.answer = lambda _message: NotNow("busy", "Überlastet.")
    wait, tried = world.clock.wait, 0

    def sleep(event: threading.Event, seconds: float) -> bool:
        nonlocal tried
        if world.messages()[0].attempts > tried:  # a new pause
            tried += 1
            world.clock.set(world.clock.now() + 40 * MINUTE)
            world.gateway.answer = world.gateway.answer if tried < 3 else None
        return wait(event, seconds)

    world.clock.wait = sleep  # type: ignore[method-assign]
    assert world.send().rest is None
    assert set(world.states()) == {"submitted"}


def test_patience_ends_also_where_every_look_takes_long(world: World) -> None:
    world.add_patients(1)
    world.prepare()
    began = world.clock.now()

    def slow(_message: OutgoingSms) -> Outcome:
        world.clock.advance(2 * MINUTE)
        return NotNow("busy", "Überlastet.")

    world.gateway.answer = slow
    assert world.send().rest is not None
    assert world.clock.now() - began < HOUR


# Preparing


def test_preparing_makes_sending_due(world: World) -> None:
    world.book_appointment()
    assert world.prepare(dry_run=True).makes_due == {}
    assert world.prepare().makes_due == {JobKey.SEND_MESSAGES: world.clock.now()}
    assert world.prepare().makes_due == {}
    assert world.greet().makes_due == {JobKey.SEND_MESSAGES: world.clock.now()}


def test_a_planned_time_that_is_caught_up_after_midnight_prepares_what_it_would_have(world: World) -> None:
    world.add_patients(1)  # tomorrow, the 24th
    world.practice.put(replace(ANNA, id="later"), treatment("later"))
    world.book_appointment("later", TOMORROW_NINE + timedelta(days=1), "later")
    world.practice.put(replace(ANNA, id="begun"), treatment("begun"))
    world.book_appointment("begun", datetime(2026, 11, 24, 0, 1), "begun")  # noqa: DTZ001 - local
    planned = world.clock.now()
    world.clock.set(local(0, 5, day=24))
    world.prepare(due_at=planned)
    assert [message.appointment_id for message in world.messages()] == ["a-Q0"]
    world.clock.set(local(10, day=24))
    world.prepare()
    assert [message.appointment_id for message in world.messages()] == ["a-Q0", "later"]


@pytest.mark.parametrize(
    ("now", "planned", "expected", "told"),
    [
        (local(11), local(10, 10, day=24), local(11), "Gesendet wird gleich."),
        (local(9, 50), local(10, 10), local(9, 50), "Gesendet wird am 23.11.2026 10:10."),
        (local(21), local(10, 10, day=24), local(8, day=24), "Gesendet wird am 24.11.2026 08:00."),
        (local(11), local(10, 10, day=24), None, "Von selbst wird nichts gesendet: «Mitteilungen senden» ist angehalten"),
        (local(11), None, None, "«Mitteilungen senden» hat keinen Zeitplan, der noch läuft"),
    ],
)
def test_preparing_says_when_it_is_sent(
    world: World, now: datetime, planned: datetime | None, expected: datetime | None, told: str
) -> None:
    world.clock.set(now)
    world.next_sending, world.outlook = planned, Outlook(expected)
    world.book_appointment()
    assert f"1 Mitteilung aufbereitet. {told}" in world.prepare().sentence


def test_preparing_says_for_how_many_that_is_too_late(world: World) -> None:
    world.values[switches.OFFSET_START] = 0
    world.next_sending = local(14)
    world.add_patients(2)
    world.change_appointment("a-Q0", starts_at=datetime(2026, 11, 23, 13, 0))  # noqa: DTZ001 - local
    world.change_appointment("a-Q1", starts_at=datetime(2026, 11, 23, 16, 0))  # noqa: DTZ001 - local
    assert "Gesendet wird am 23.11.2026 14:00. Für 1 Termin ist das zu spät." in world.prepare().sentence


# Why a message waits is what holds now


def test_a_reason_of_yesterday_is_taken_back(three: World) -> None:
    three.clock.set(local(21))
    three.send()
    assert {message.reason for message in three.messages()} == {"quiet_hours"}
    three.clock.set(local(8, day=24))
    seen: list[str] = []

    def look(_message: OutgoingSms) -> Outcome | None:
        seen.extend(message.reason for message in three.messages())
        return None

    three.gateway.answer = look
    three.send()
    assert set(seen) == {""}


def test_a_message_that_a_run_did_not_come_to_says_so(three: World) -> None:
    message = replace(three.messages()[0], state=MessageState.SENDING)
    for kept_back in (KeptBack("run_ended", "Das Senden wurde beendet."), too_late()):
        step = step_after(three.parts, message, kept_back, three.clock.now())
        assert (step.change.values["reason"], step.change.values["sentence"]) == (kept_back.reason, kept_back.sentence)
