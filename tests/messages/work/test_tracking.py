"""What became of submitted messages: the last seven days, in batches, the newest notification counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.messages.memory_gateways import MemorySmsGateway
from tests.messages.world import ANNA, MEIER, NOW, TOMORROW_NINE, World, treatment
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobResult
from tray_agent.messages.gateways.contract import (
    AccountFault,
    DeliveryReport,
    DeliveryStatus,
    GatewayAccountError,
    GatewayUnavailableError,
    InDoubt,
)
from tray_agent.messages.model import MessageState
from tray_agent.protocol.model import Level


def today_at(hour: int, minute: int) -> datetime:
    return TOMORROW_NINE.replace(day=23, hour=hour, minute=minute)


class Counting(MemorySmsGateway):
    """Notes how much it is asked about what it was given, and when."""

    def __init__(self, world: World | None = None) -> None:
        super().__init__(Decimal(100_000))
        self.sizes: list[int] = []
        self.at: list[datetime] = []
        self._world = world

    def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
        if self.is_asked_before(references):
            return {}
        self.sizes.append(len(references))
        if self._world:
            self.at.append(self._world.clock.now())
        return super().inquire(references)


class Silent(Counting):
    """Gives no answer as long as a test says."""

    error: Exception | None = GatewayUnavailableError("Keine Antwort", "Das Gateway antwortet nicht.", item="M2")

    def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
        answer = super().inquire(references)
        if self.error is not None and not self.is_asked_before(references):
            raise self.error
        return answer


@pytest.fixture
def sent(every_world: World) -> World:
    """Returns a world with one reminder sent, on every engine."""
    return _sent(every_world)


def _sent(world: World) -> World:
    world.book_appointment("A1", TOMORROW_NINE)
    world.prepare()
    world.send()
    assert world.states() == ["submitted"]
    return world


def tell(world: World, status: DeliveryStatus, code: str = "", reason: str = "") -> None:
    world.gateway.report(DeliveryReport(world.only().reference, status, world.clock.now(), code, reason))


def test_a_delivered_message_is_final(sent: World) -> None:
    assert sent.follow_up().counts == {"delivered": 1}
    assert (sent.only().state, sent.only().final_at) == (MessageState.DELIVERED, sent.clock.now())
    assert sent.follow_up().counts == {}


def test_a_failed_reminder_is_told_and_stands_on_the_call_list_with_patient_time_and_reason(sent: World) -> None:
    tell(sent, DeliveryStatus.FAILED, "107", "Absent subscriber")
    result = sent.follow_up()
    assert (result.counts, result.problems) == ({"failed": 1}, 1)
    message = sent.only()
    assert (message.state, message.reason_code) == (MessageState.FAILED, "107")
    activity = sent.activities[-1]
    assert (activity.level, activity.patient_id, activity.appointment_at) == (Level.ERROR, "P1", message.appointment_at)
    assert "Absent subscriber" in activity.sentence
    (entry,) = sent.service.call_list()
    assert (entry.message.patient_name, entry.phones, entry.sent) == ("Muster Anna", ("079 123 45 67",), True)
    assert sent.service.tick_off([message.id], "Frau Keller") == 1
    assert sent.service.tick_off([message.id], "Frau Keller") == 0
    assert sent.service.call_list() == []


def test_a_buffered_message_stays_open_and_can_still_be_delivered(sent: World) -> None:
    tell(sent, DeliveryStatus.BUFFERED, "107")
    assert sent.follow_up().counts == {"buffered": 1}
    assert sent.states() == ["buffered"]
    tell(sent, DeliveryStatus.DELIVERED)
    sent.clock.advance(timedelta(hours=1))
    sent.follow_up()
    assert sent.states() == ["delivered"]


def followed_at(world: World, most: int = 60) -> list[str]:
    """Lets the job go on as its rests ask for; returns the local times of its runs."""
    times = []
    for _run in range(most):
        times.append(f"{world.parts.local(world.clock.now()):%d. %H:%M}")
        rest = world.follow_up().rest
        if rest is None:
            return times
        assert rest.ordinary
        assert not rest.after_change
        assert rest.not_before is not None
        world.clock.set(rest.not_before)
    raise AssertionError(times)


QUARTERS_PAST = [f"23. {hour}:15" for hour in range(11, 18)]


def test_a_message_is_followed_until_its_appointment_so_that_a_person_can_still_call(sent: World) -> None:
    tell(sent, DeliveryStatus.NOT_SUBMITTED)
    assert followed_at(sent) == [
        "23. 10:00", "23. 10:06", "23. 10:15", "23. 10:45", *QUARTERS_PAST, "24. 08:00", "24. 08:15"
    ]  # fmt: skip
    assert sent.states() == ["submitted"]
    assert sent.parts.local(sent.only().next_at) == TOMORROW_NINE.replace(hour=20, minute=15)  # the next planned run asks


def test_nothing_is_asked_at_night_nor_after_the_last_question_that_is_of_use(world: World) -> None:
    world.book_appointment("A1", TOMORROW_NINE.replace(hour=7, minute=30))
    world.prepare()
    world.clock.set(world.parts.instant(today_at(16, 50)))
    world.send()
    tell(world, DeliveryStatus.BUFFERED)
    assert followed_at(world) == ["23. 16:50", "23. 16:56", "23. 17:05", "23. 17:35"]


def test_a_greeting_is_followed_for_two_days(world: World) -> None:
    world.greet()
    world.send()
    tell(world, DeliveryStatus.BUFFERED)
    times = followed_at(world)
    assert (times[-1], len(times)) == ("25. 09:15", 4 + 7 + 11 + 3)


def test_what_is_settled_is_not_asked_again_and_nothing_is_asked_when_nothing_is_open(world: World) -> None:
    world.sms["M1"] = asked = Counting()
    world.add_patients(3)
    world.prepare()
    world.send()
    open_one = world.messages()[2]
    asked.report(DeliveryReport(open_one.reference, DeliveryStatus.BUFFERED))
    rest = world.follow_up().rest
    assert rest is not None
    assert (rest.number, rest.progressed, rest.reason) == (1, True, "open")
    world.clock.advance(timedelta(minutes=5))
    again = world.follow_up().rest
    assert again is not None
    assert not again.progressed
    asked.report(DeliveryReport(open_one.reference, DeliveryStatus.DELIVERED))
    world.clock.advance(timedelta(minutes=10))
    assert world.follow_up().rest is None
    assert asked.sizes == [3, 1, 1]
    world.clock.advance(timedelta(hours=1))
    world.follow_up()
    assert len(asked.sizes) == 3


def test_never_more_than_twelve_requests_an_hour_and_account(world: World) -> None:
    world.sms["M1"] = asked = Counting(world)
    world.add_patients(1500)
    world.prepare()
    world.send()
    for message in world.messages():
        asked.report(DeliveryReport(message.reference, DeliveryStatus.BUFFERED))
    began = world.clock.now()
    while world.clock.now() < began + timedelta(hours=7):
        rest = world.follow_up().rest
        assert rest is not None
        assert rest.not_before is not None
        world.clock.set(rest.not_before)
    hours = [sum(at <= other < at + timedelta(hours=1) for other in asked.at) for at in asked.at]
    assert max(hours) == 12
    assert {message.status_checks > 4 for message in world.messages()} == {True}  # and each has its turn


def test_an_account_that_does_not_answer_lets_no_other_be_asked_more_often(world: World) -> None:
    world.practice.put(replace(MEIER, id="M2"))
    world.sms["M1"], world.sms["M2"] = asked, _silent = Counting(world), Silent(world)
    world.add_patients(1300)
    world.add_patients(1, mandant="M2", prefix="R")
    world.prepare()
    world.send()
    rest = world.follow_up().rest
    assert rest is not None
    assert (len(asked.at), rest.reason, rest.progressed) == (3, "status_unavailable", True)
    assert rest.not_before == world.clock.now() + timedelta(minutes=18)


def test_by_hand_everything_is_asked_but_not_every_second(world: World) -> None:
    world.sms["M1"] = asked = Counting()
    world.book_appointment()
    world.prepare()
    world.send()
    tell(world, DeliveryStatus.BUFFERED)
    world.clock.advance(timedelta(minutes=46))
    for _click in range(5):
        world.follow_up(by_hand=True)
        world.clock.advance(timedelta(minutes=1))
    assert asked.sizes == [1]
    world.clock.advance(timedelta(minutes=5))
    world.follow_up()
    assert asked.sizes == [1]
    world.follow_up(by_hand=True)
    assert asked.sizes == [1, 1]


def test_the_sentence_says_what_is_open(world: World) -> None:
    world.add_patients(10)
    world.prepare()
    world.send()
    for message in world.messages()[:8]:
        status = DeliveryStatus.BUFFERED if message.id < 4 else DeliveryStatus.NOT_SUBMITTED
        world.gateway.report(DeliveryReport(message.reference, status))
    sentence = world.follow_up().sentence
    assert sentence == "2 Mitteilungen zugestellt. 8 noch unterwegs, davon 3 beim Anbieter gepuffert (Telefon aus)."


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "Keine neue Zustellung. 1 noch unterwegs, beim Anbieter gepuffert (Telefon aus)."),
        (3, "Keine neue Zustellung. 3 noch unterwegs, alle beim Anbieter gepuffert (Telefon aus)."),
    ],
)
def test_the_sentence_counts_no_part_that_is_the_whole_and_no_zero(world: World, number: int, said: str) -> None:
    world.add_patients(number)
    world.prepare()
    world.send()
    for message in world.messages():
        world.gateway.report(DeliveryReport(message.reference, DeliveryStatus.BUFFERED))
    assert world.follow_up().sentence == said


def test_one_that_failed_is_told_in_the_singular(world: World) -> None:
    world.add_patients(1)
    world.prepare()
    world.send()
    world.gateway.report(DeliveryReport(world.messages()[0].reference, DeliveryStatus.FAILED))
    assert world.follow_up().sentence == "Keine neue Zustellung. 1 nicht zugestellt: Patienten anderweitig benachrichtigen."


def test_a_gateway_that_does_not_answer_is_trouble_that_the_sentence_tells(world: World) -> None:
    world.sms["M1"] = silent = Silent()
    world.book_appointment()
    world.prepare()
    world.send()
    before = world.only()
    result = world.follow_up()
    assert result.rest is not None
    assert (result.rest.reason, result.rest.ordinary, result.rest.after_change) == ("status_unavailable", False, False)
    assert result.rest.not_before is not None
    assert result.rest.not_before - world.clock.now() < timedelta(seconds=2)  # the engine's pauses hold
    assert "Das Gateway antwortet nicht." in result.sentence
    assert (world.only().next_at, world.only().version) == (before.next_at, before.version)
    silent.error = None
    assert world.follow_up().counts == {"delivered": 1}


def test_a_refused_account_is_asked_again_after_a_change_or_once_before_the_day_ends(world: World) -> None:
    world.sms["M1"] = silent = Silent()
    silent.error = GatewayAccountError("Abgelehnt", "Passwort falsch.", "", item="M1", fault=AccountFault.AUTHORISATION)
    world.book_appointment()
    world.prepare()
    world.send()
    result = world.follow_up()
    assert result.rest is not None
    assert (result.rest.after_change, result.rest.not_before) == (True, world.parts.instant(today_at(17, 15)))
    assert [told.reason for told in world.activities if told.level is Level.WARNING] == ["status_unavailable"]
    silent.error = None
    assert world.follow_up().counts == {"delivered": 1}


def test_an_account_that_answers_again_is_asked_though_another_is_all_the_time(world: World) -> None:
    world.practice.put(replace(MEIER, id="M2"))
    world.sms["M2"] = refused = Silent()
    refused.error = GatewayAccountError("Abgelehnt", "Passwort falsch.", "", item="M2", fault=AccountFault.AUTHORISATION)
    world.add_patients(1)
    world.add_patients(1, mandant="M2", prefix="R")
    world.prepare()
    world.send()
    of_m1, of_m2 = (one for mandant in ("M1", "M2") for one in world.messages() if one.mandant_id == mandant)
    world.gateway.report(DeliveryReport(of_m1.reference, DeliveryStatus.BUFFERED))
    world.clock.advance(timedelta(minutes=15))
    world.follow_up()
    refused.error = None
    world.force(of_m1.id, next_at=world.clock.now())
    assert "delivered" not in world.follow_up().counts
    world.service.refresh_credits()
    world.force(of_m1.id, next_at=world.clock.now())
    assert world.follow_up().counts["delivered"] == 1
    assert next(one.state for one in world.messages() if one.id == of_m2.id) is MessageState.DELIVERED


def test_a_refused_account_is_not_asked_each_time_another_is(world: World) -> None:
    world.practice.put(replace(MEIER, id="M2"))
    world.sms["M1"], world.sms["M2"] = asked, refused = Counting(world), Silent(world)
    refused.error = GatewayAccountError("Abgelehnt", "Passwort falsch.", "", item="M2", fault=AccountFault.AUTHORISATION)
    world.add_patients(3)
    world.add_patients(2, mandant="M2", prefix="R")
    world.prepare()
    world.send()
    for message in world.messages():
        asked.report(DeliveryReport(message.reference, DeliveryStatus.BUFFERED))
    followed_at(world)
    assert (len(asked.at) > 8, len(refused.at)) == (True, 2)
    refused.error = None
    assert world.follow_up().counts == {"delivered": 2}


def test_an_answer_lets_sending_go_on_that_waits_for_the_gateway(world: World) -> None:
    world.book_appointment()
    world.prepare()
    world.send()
    tell(world, DeliveryStatus.BUFFERED)
    world.follow_up()
    assert world.hastened == 0  # nothing waits to be sent
    world.practice.put(replace(ANNA, id="P2", first_name="Beat"), treatment("P2"))
    world.book_appointment("A2", TOMORROW_NINE, "P2")
    world.prepare()
    world.clock.advance(timedelta(minutes=5))
    world.follow_up()
    assert world.hastened == 1
    world.sms["M1"], given = (silent := Silent()), world.gateway.given
    silent.given = given
    world.clock.advance(timedelta(minutes=10))
    world.follow_up()
    assert world.hastened == 1


def test_a_doubt_is_followed_until_it_is_settled_and_what_was_never_taken_is_sent_the_same_day(world: World) -> None:
    world.rules = replace(world.rules, patience=timedelta(0))
    world.gateway.answer = lambda _message: InDoubt("Keine Antwort.")
    world.book_appointment()
    world.prepare()
    world.send()
    world.gateway.answer = None
    assert world.states() == ["in_doubt"]
    results: list[JobResult] = []
    while world.states() == ["in_doubt"] and len(results) < 9:
        results.append(world.follow_up())
        rest = results[-1].rest
        if rest is not None and rest.not_before is not None:
            world.clock.set(rest.not_before)
    assert [bool(result.makes_due) for result in results] == [False, False, False, True]
    assert list(results[-1].makes_due) == [JobKey.SEND_MESSAGES]
    assert "noch einmal gesendet" in results[-1].sentence
    assert world.clock.now() - NOW <= timedelta(minutes=16)
    world.send()
    assert (world.states(), len(world.gateway.taken)) == (["submitted"], 1)


def test_after_seven_days_without_a_final_notification_the_outcome_is_unknown(sent: World) -> None:
    tell(sent, DeliveryStatus.BUFFERED)
    sent.follow_up()
    sent.clock.advance(timedelta(days=7))
    assert sent.follow_up().counts == {"unknown": 1}
    assert sent.states() == ["unknown"]
    assert sent.activities[-1].level is Level.WARNING
    assert sent.follow_up().counts == {}


def test_a_final_notification_counts_even_on_the_last_day(sent: World) -> None:
    sent.clock.advance(timedelta(days=7))
    sent.follow_up()
    assert sent.states() == ["delivered"]


def test_what_the_gateway_says_unreadably_about_one_message_changes_nothing_and_is_told_once(world: World) -> None:
    world.add_patients(3)
    world.prepare()
    world.send()
    unclear = world.messages()[1]
    world.gateway.report(DeliveryReport(unclear.reference, DeliveryStatus.UNREADABLE))
    result = world.follow_up()
    assert (result.counts, result.problems) == ({"delivered": 2, "unreadable": 1}, 1)
    assert world.states() == ["delivered", "submitted", "delivered"]
    assert [(told.reason, told.item) for told in world.activities if told.level is Level.WARNING] == [
        ("status_unreadable", str(unclear.id))
    ]
    world.clock.advance(timedelta(hours=1))
    assert (world.follow_up().problems, world.reasons().count("status_unreadable")) == (0, 1)
    world.clock.advance(timedelta(days=7))
    assert world.follow_up().counts == {"unknown": 1}


def test_many_messages_are_asked_about_in_batches(world: World) -> None:
    world.sms["M1"] = asked = Counting()
    world.add_patients(450)
    world.prepare()
    world.send()
    assert world.follow_up().counts == {"delivered": 450}
    assert asked.sizes == [200, 200, 50]


def test_an_account_that_can_not_be_asked_holds_no_other_up(world: World) -> None:
    world.practice.put(replace(MEIER, id="M2"))
    world.sms["M2"] = Silent()
    world.add_patients(5)
    world.add_patients(5, mandant="M2", prefix="R")
    world.prepare()
    world.send()
    result = world.follow_up()
    assert (result.counts, result.problems) == ({"delivered": 5, "not_asked": 5}, 1)
    assert sorted(set(world.states())) == ["delivered", "submitted"]


def test_an_account_that_can_not_be_asked_is_not_asked_again_for_each_batch(world: World) -> None:
    world.sms["M1"] = silent = Silent()
    world.add_patients(450)
    world.prepare()
    world.send()
    assert world.follow_up().counts == {"not_asked": 450}
    assert silent.sizes == [200]


def test_an_account_that_did_not_answer_about_a_doubt_is_not_asked_about_deliveries(world: World) -> None:
    world.sms["M1"] = silent = Silent()
    world.add_patients(2)
    world.prepare()
    world.send()
    world.force(world.messages()[0].id, state="in_doubt", next_at=world.clock.now())
    result = world.follow_up()
    assert (silent.sizes, result.counts) == ([1], {"asked": 1, "not_asked": 1})


def test_e_mails_are_not_asked_about_and_do_not_become_unknown(world: World) -> None:
    world.change_patient(mobile=None, email="anna@example.ch")
    world.book_appointment()
    world.prepare()
    world.send()
    world.clock.advance(timedelta(days=30))
    assert world.follow_up().counts == {}
    assert world.states() == ["submitted"]
