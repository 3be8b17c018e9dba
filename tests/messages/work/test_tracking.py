"""What became of submitted messages: the last seven days, in batches, the newest notification counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.messages.memory_gateways import MemorySmsGateway
from tests.messages.world import MEIER, TOMORROW_NINE, World
from tray_agent.messages.gateways.contract import DeliveryReport, DeliveryStatus, GatewayUnavailableError
from tray_agent.messages.model import MessageState
from tray_agent.protocol.model import Level


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


def test_a_message_is_asked_about_more_and_more_rarely(sent: World) -> None:
    tell(sent, DeliveryStatus.NOT_SUBMITTED)
    pauses = []
    for _inquiry in range(5):
        sent.follow_up()
        pauses.append(sent.only().next_at - sent.clock.now())
        assert sent.follow_up().counts == {}
        sent.clock.advance(pauses[-1])
    assert pauses == [timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=12)]


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
    asked: list[int] = []

    class Counting(MemorySmsGateway):
        def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
            asked.append(len(references))
            return super().inquire(references)

    world.sms["M1"] = Counting()
    world.add_patients(450)
    world.prepare()
    world.send()
    assert world.follow_up().counts == {"delivered": 450}
    assert asked == [200, 200, 50]


def test_an_account_that_can_not_be_asked_holds_no_other_up(world: World) -> None:
    class Silent(MemorySmsGateway):
        def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
            raise GatewayUnavailableError("Keine Antwort", "Das Gateway antwortet nicht.", item="M2")

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
    asked: list[int] = []

    class Silent(MemorySmsGateway):
        def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
            asked.append(len(references))
            raise GatewayUnavailableError("Keine Antwort", "Das Gateway antwortet nicht.", item="M1")

    world.sms["M1"] = Silent()
    world.add_patients(450)
    world.prepare()
    world.send()
    assert world.follow_up().counts == {"not_asked": 450}
    assert asked == [200]


def test_e_mails_are_not_asked_about_and_do_not_become_unknown(world: World) -> None:
    world.change_patient(mobile=None, email="anna@example.ch")
    world.book_appointment()
    world.prepare()
    world.send()
    world.clock.advance(timedelta(days=30))
    assert world.follow_up().counts == {}
    assert world.states() == ["submitted"]
