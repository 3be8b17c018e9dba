"""Every condition that can change between preparing and sending, on the way through outbox and gateway.

The decision itself has its tests in ``test_eligibility_recheck``; here it is seen what becomes of the message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.messages.world import ANNA, MEIER, TOMORROW_NINE, World, treatment
from tray_agent.config import settings as switches
from tray_agent.practice.model import AppointmentStatus

Happening = Callable[[World], object]


def _given_to_beat(world: World) -> None:
    world.practice.put(replace(ANNA, id="P2", first_name="Beat", mobile="079 999 88 77"), treatment("P2"))
    world.change_appointment(patient_id="P2")


ANNAS, GREETED = "+41791234567", "Guten Tag Anna Muster, Ihr Termin: Dienstag, 24.11.2026"

SENT_AFTER_ALL: list[tuple[str, Happening, str, str]] = [
    ("nothing", lambda _world: None, ANNAS, f"{GREETED}, 09:00 Uhr."),
    ("another language", lambda w: w.change_patient(language="F"), ANNAS, "Bonjour Anna Muster, votre rendez-vous"),
    ("another name", lambda w: w.change_patient(last_name="{Link}"), ANNAS, "Guten Tag Anna {Link}, Ihr Termin"),
    ("another number", lambda w: w.change_patient(mobile="078 765 43 21"), "+41787654321", GREETED),
    ("an hour later", lambda w: w.change_appointment(starts_at=TOMORROW_NINE.replace(hour=10)), ANNAS, f"{GREETED}, 10:00 Uhr."),
    ("another patient", _given_to_beat, "+41799998877", "Guten Tag Beat Muster, Ihr Termin: Dienstag, 24.11.2026, 09:00 Uhr."),
    ("the licence's last day", lambda w: w.practice.put(replace(MEIER, licence_valid_until=date(2026, 11, 23))), ANNAS, GREETED),
    ("a second before it begins", lambda w: w.clock.set(datetime(2026, 11, 24, 7, 59, 59, tzinfo=UTC)), ANNAS, GREETED),
]


@pytest.mark.parametrize(
    ("happening", "recipient", "text"), [case[1:] for case in SENT_AFTER_ALL], ids=[case[0] for case in SENT_AFTER_ALL]
)
def test_what_still_applies_is_sent_as_it_is_now_and_once(world: World, happening: Happening, recipient: str, text: str) -> None:
    _prepare_then(world, happening)
    world.send()
    world.send()
    (taken,) = world.gateway.taken
    assert taken.recipient == recipient
    assert taken.text.startswith(text)
    assert [message.patient_name for message in world.messages() if message.state.value == "submitted"]


NOT_ANY_MORE: list[tuple[Happening, str, str]] = [
    (lambda w: w.change_patient(opted_out=True), "cancelled", "opted_out"),
    (lambda w: w.change_patient(death_date=date(2099, 1, 1)), "cancelled", "deceased"),
    (lambda w: w.change_patient(unreadable=frozenset({"death_date"})), "cancelled", "deceased"),
    (lambda w: w.practice.remove_patient("P1"), "prepared", "patient_missing"),
    (lambda w: w.practice.remove_appointment("A1"), "prepared", "appointment_missing"),
    (lambda w: w.change_appointment(status=AppointmentStatus.PROVISIONAL), "cancelled", "provisional"),
    (lambda w: w.change_appointment(status=AppointmentStatus.CANCELLED), "cancelled", "appointment_cancelled"),
    (lambda w: w.change_appointment(status=AppointmentStatus.UNKNOWN), "cancelled", "status_unknown"),
    (lambda w: w.change_appointment(unreadable=frozenset({"visit_reason_id"})), "error", "data_unreadable"),
    (lambda w: w.change_appointment(starts_at=TOMORROW_NINE + timedelta(days=10)), "cancelled", "moved_away"),
    (lambda w: w.change_appointment(starts_at=TOMORROW_NINE - timedelta(days=10)), "cancelled", "appointment_begun"),
    (lambda w: w.values.update({switches.VISIT_REASONS: "9"}), "cancelled", "visit_reason"),
    (lambda w: w.change_patient(mobile=None), "error", "no_contact"),
    (lambda w: w.change_patient(mobile="044 262 11 22"), "error", "landline_only"),
    (lambda w: w.change_patient(mobile="079 123 45 67 (veraltet)"), "error", "contact_invalid"),
    (lambda w: w.practice.put(replace(MEIER, licence_valid_until=date(2026, 11, 22))), "error", "licence_expired"),
    (lambda w: w.practice.put(replace(MEIER, licence_number=None)), "error", "licence_missing"),
    (lambda w: w.practice.put(treatment("P1", "M9", date(2026, 11, 20))), "error", "mandant_unknown"),
    (lambda w: w.clock.set(datetime(2026, 11, 24, 8, 0, tzinfo=UTC)), "error", "not_in_time"),
    (lambda w: w.values.update({switches.REMINDERS_ON: False}), "prepared", "switched_off"),
    (lambda w: w.clock.set(datetime(2026, 11, 23, 19, 0, 1, tzinfo=UTC)), "prepared", "quiet_hours"),
]


@pytest.mark.parametrize(
    ("happening", "state", "reason"), NOT_ANY_MORE, ids=[f"{case[2]}-{number}" for number, case in enumerate(NOT_ANY_MORE)]
)
def test_what_no_longer_applies_is_not_sent_and_says_why(world: World, happening: Happening, state: str, reason: str) -> None:
    _prepare_then(world, happening)
    world.send()
    message = world.only()
    assert (message.state.value, message.reason) == (state, reason)
    assert message.sentence or state == "prepared"
    assert world.gateway.taken == []
    assert world.mails.taken == []


def _prepare_then(world: World, happening: Happening) -> None:
    world.book_appointment()
    world.prepare()
    world.clock.advance(timedelta(minutes=10))
    happening(world)


@pytest.mark.parametrize("starts_at", [datetime.min, datetime.max])  # noqa: DTZ901 - as the practice's views give what can't be read
def test_a_start_that_cant_be_read_ends_no_run_with_one_reminder_per_day(world: World, starts_at: datetime) -> None:
    world.values[switches.ONE_PER_DAY] = True
    _prepare_then(world, lambda w: w.change_appointment(starts_at=starts_at, unreadable=frozenset({"starts_at"})))
    world.send()
    assert world.gateway.taken == []
    assert world.messages()[0].state.value != "submitted"


def test_a_message_whose_way_is_not_set_up_any_more_stays_prepared_and_is_owed(world: World) -> None:
    world.book_appointment()
    world.prepare()
    accounts = dict(world.sms.gateways)
    world.sms.gateways.clear()
    result = world.send()
    assert (world.only().state.value, world.only().reason) == ("prepared", "channel_not_set_up")
    assert result.rest is not None
    assert result.rest.number == 1
    world.sms.gateways.update(accounts)
    world.send()
    assert world.only().state.value == "submitted"


def test_what_is_prepared_before_anything_is_set_up_waits_and_is_no_error(world: World) -> None:
    accounts, mail = dict(world.sms.gateways), world.mail
    world.sms.gateways.clear()
    world.mail = None
    world.book_appointment()
    world.prepare()
    assert world.only().state.value == "prepared"
    world.send()
    assert world.only().state.value == "prepared"
    world.sms.gateways.update(accounts)
    world.mail = mail
    world.send()
    assert world.only().state.value == "submitted"
