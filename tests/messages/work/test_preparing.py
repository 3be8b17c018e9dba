"""Preparing: who gets an entry in the outbox, once, and what becomes of the others (seed; domain, section 4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.messages.world import ANNA, MEIER, TOMORROW_NINE, World, begin_again, treatment
from tray_agent.clock import ManualClock
from tray_agent.config import settings as switches
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import LeaseLostError
from tray_agent.messages.model import Channel, MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.work import deciding
from tray_agent.messages.work.prepare import prepare_reminders
from tray_agent.practice.model import AppointmentStatus, Patient
from tray_agent.protocol.model import Level
from tray_agent.store.database import Database


def test_an_eligible_appointment_gets_one_message_on_every_engine(every_world: World) -> None:
    world = every_world
    world.book_appointment()
    assert world.prepare().counts == {"prepared": 1}
    assert world.prepare().counts == {}
    message = world.only()
    assert (message.state, message.channel, message.recipient) == (MessageState.PREPARED, Channel.SMS, "+41791234567")
    assert (message.mandant_id, message.patient_name, message.segments, message.cost) == ("M1", "Muster Anna", 1, Decimal(1))
    assert message.expires_at == message.appointment_at == world.parts.instant(TOMORROW_NINE)
    assert "09:00" in message.text


def test_a_name_on_two_lines_is_one_in_every_list(world: World) -> None:
    world.change_patient(first_name="Anna\nMaria", last_name="Muster\r\n-Meier")
    world.book_appointment()
    world.prepare()
    assert world.only().patient_name == "Muster -Meier Anna Maria"


# What was said before


def _remind(world: World, start: datetime) -> None:
    world.change_appointment(starts_at=start)
    world.prepare()
    world.send()
    world.clock.advance(timedelta(minutes=1))


def test_an_appointment_that_was_moved_and_moved_back_asks_to_call_once_and_sends_nothing_twice(every_world: World) -> None:
    world = every_world
    world.book_appointment()
    ten = TOMORROW_NINE + timedelta(hours=1)
    for start in (TOMORROW_NINE, ten, TOMORROW_NINE):
        _remind(world, start)
    assert [message.unique_key[:32] for message in world.messages()] == [
        "reminder/20261124t0900/~16a36e86",
        "moved/20261124t1000/20261124t090",
        "moved/20261124t0900/20261124t100",
    ]
    assert world.service.call_list() == []
    world.change_appointment(starts_at=ten)  # a second time: the notice of that left already
    result = world.prepare()
    assert (result.counts, result.skipped, result.problems) == ({"errors": 1}, {"told_another_time": 1}, 1)
    assert (world.activities[-1].level, world.activities[-1].reason) == (Level.ERROR, "told_another_time")
    (entry,) = world.service.call_list()
    assert (entry.message.appointment_at, entry.sent) == (world.parts.instant(ten), False)
    again = world.prepare()
    world.send()
    assert (again.counts, again.problems, len(world.gateway.taken)) == ({}, 0, 3)
    world.service.tick_off([entry.message.id], "anna")
    world.prepare()
    assert world.service.call_list() == []


def test_a_moved_appointment_whose_new_reminder_still_waits_needs_no_call(world: World) -> None:
    world.book_appointment()
    _remind(world, TOMORROW_NINE)
    world.change_appointment(starts_at=TOMORROW_NINE - timedelta(hours=1))
    world.prepare()
    assert world.prepare().skipped == {"already_reminded": 1}
    assert world.states() == ["submitted", "prepared"]


def test_an_appointment_moved_back_before_the_second_reminder_left_needs_nothing(world: World) -> None:
    world.book_appointment()
    _remind(world, TOMORROW_NINE)
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=1))
    world.prepare()
    _remind(world, TOMORROW_NINE)
    assert (world.states(), world.service.call_list(), len(world.gateway.taken)) == (["submitted", "cancelled"], [], 1)


def test_an_appointment_moved_on_from_where_it_was_moved_back_is_told_and_called_about_no_more(world: World) -> None:
    world.book_appointment()
    for hours in (0, 1, 0, 1):
        _remind(world, TOMORROW_NINE + timedelta(hours=hours))
    assert len(world.service.call_list()) == 1
    _remind(world, TOMORROW_NINE + timedelta(hours=2))
    assert (len(world.gateway.taken), world.service.call_list()) == (4, [])


def test_a_prepared_notice_of_what_was_moved_again_is_cancelled_for_one_of_the_new_time(world: World) -> None:
    world.book_appointment()
    for hours in (0, 1):
        _remind(world, TOMORROW_NINE + timedelta(hours=hours))
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=2))
    world.prepare()
    world.change_appointment(starts_at=TOMORROW_NINE)
    world.send()
    assert (world.states(), len(world.gateway.taken)) == (["submitted", "submitted", "cancelled", "submitted"], 3)
    assert world.messages()[-1].unique_key.startswith("moved/20261124t0900/20261124t1000/")
    world.prepare()
    assert world.service.call_list() == []


def test_an_appointment_given_to_another_patient_after_its_reminder_asks_to_call_them(world: World) -> None:
    world.book_appointment()
    _remind(world, TOMORROW_NINE)
    world.practice.put(replace(ANNA, id="P2", first_name="Beat", mobile="078 111 22 33"), treatment("P2"))
    world.change_appointment(patient_id="P2")
    assert world.prepare().skipped == {"told_another_patient": 1}
    (entry,) = world.service.call_list()
    assert (entry.message.patient_id, entry.phones) == ("P2", ("078 111 22 33",))


def test_a_reminder_that_was_not_delivered_told_nobody_another_time(world: World) -> None:
    world.book_appointment()
    for hours in (0, 1):
        _remind(world, TOMORROW_NINE + timedelta(hours=hours))
    world.force(world.messages()[1].id, state="failed")
    world.change_appointment(starts_at=TOMORROW_NINE)
    assert world.prepare().skipped == {"already_reminded": 1}
    assert world.service.call_list() == []


# Conditions of the seed


def test_the_mandant_of_the_treatment_opened_last_is_charged(world: World) -> None:
    world.practice.put(replace(MEIER, id="M2"), treatment("P1", "M2", date(2026, 11, 1)), treatment("P1", "M1", date(2026, 10, 1)))
    world.book_appointment()
    world.prepare()
    assert world.only().mandant_id == "M2"


def test_without_a_treatment_the_default_mandant_is_charged(world: World) -> None:
    world.practice.put(replace(ANNA, id="P2"))
    world.values[switches.DEFAULT_MANDANT] = "M1"
    world.book_appointment(patient_id="P2")
    world.prepare()
    assert world.only().mandant_id == "M1"


def test_without_treatment_and_default_mandant_the_entry_is_an_error(world: World) -> None:
    world.practice.put(replace(ANNA, id="P2"))
    world.book_appointment(patient_id="P2")
    result = world.prepare()
    assert (world.only().state, world.only().reason, result.problems) == (MessageState.ERROR, "no_mandant", 1)


def test_a_mandant_without_a_valid_licence_number_is_told_once_for_all_patients(world: World) -> None:
    world.practice.put(replace(MEIER, licence_number="1234"))
    world.add_patients(30)
    result = world.prepare()
    assert {message.reason for message in world.messages()} == {"licence_malformed"}
    assert result.problems == 30
    (activity,) = world.activities
    assert (activity.level, activity.reason) == (Level.ERROR, "licence_malformed")
    assert "30" in activity.sentence
    assert "Dr. Meier" in activity.sentence


def test_what_was_mended_is_prepared_at_the_next_run(world: World) -> None:
    world.practice.put(replace(MEIER, licence_number=None))
    world.book_appointment()
    world.prepare()
    assert world.states() == ["error"]
    world.practice.put(MEIER)
    assert world.prepare().counts == {"prepared": 1}
    message = world.only()
    assert (message.state, message.reason, message.sentence, message.final_at) == (MessageState.PREPARED, "", "", None)


def test_a_patient_with_a_death_date_gets_nothing(world: World) -> None:
    world.change_patient(death_date=date(2026, 11, 20))
    world.book_appointment()
    assert world.prepare().skipped == {"deceased": 1}
    assert world.greet().skipped == {"deceased": 1}
    assert world.messages() == []


def test_a_reminder_without_a_contact_is_an_entry_with_an_error(world: World) -> None:
    world.change_patient(mobile=None)
    world.book_appointment()
    result = world.prepare()
    message = world.only()
    assert (message.state, message.reason, result.problems) == (MessageState.ERROR, "no_contact", 1)
    assert message.patient_name in world.activities[0].sentence
    assert world.activities[0].appointment_at == message.appointment_at


def test_a_greeting_without_a_contact_is_no_entry(world: World) -> None:
    world.change_patient(mobile=None)
    world.greet()
    assert world.messages() == []


def test_an_error_is_told_once_and_ends_when_the_patient_has_a_number(world: World) -> None:
    world.change_patient(mobile=None)
    world.book_appointment()
    world.prepare()
    assert world.prepare().skipped == {"already_failed": 1}
    assert len(world.activities) == 1
    world.change_patient(mobile="079 123 45 67")
    world.prepare()
    world.send()
    assert (world.states(), len(world.gateway.taken)) == (["submitted"], 1)


def test_without_a_text_there_is_an_error(world: World) -> None:
    world.book = replace(world.book, templates={})
    world.book_appointment()
    world.prepare()
    assert world.only().reason == "no_template"


@pytest.mark.parametrize("status", [status for status in AppointmentStatus if status is not AppointmentStatus.DEFINITE])
def test_only_a_definite_appointment_is_prepared(world: World, status: AppointmentStatus) -> None:
    world.book_appointment()
    world.change_appointment(status=status)
    world.prepare()
    assert world.messages() == []


@pytest.mark.parametrize(
    ("start", "days", "found"), [(0, 1, []), (1, 1, ["A1"]), (1, 2, ["A1", "A2"]), (2, 1, ["A2"]), (2, 2, ["A2", "A3"])]
)
def test_only_appointments_of_the_search_window(world: World, start: int, days: int, found: list[str]) -> None:
    world.values |= {switches.OFFSET_START: start, switches.OFFSET_SEARCH: days}
    for number in range(1, 4):
        world.book_appointment(f"A{number}", TOMORROW_NINE + timedelta(days=number - 1))
    world.prepare()
    assert [message.appointment_id for message in world.messages()] == found


def test_nothing_is_prepared_while_the_switch_is_off(world: World) -> None:
    world.values = {}
    world.book_appointment()
    assert world.prepare().skipped == {"switched_off": 1}
    assert world.messages() == []


# Details that real practices need


def test_one_reminder_per_patient_and_day_reminds_the_first(world: World) -> None:
    world.values[switches.ONE_PER_DAY] = True
    world.book_appointment("late", TOMORROW_NINE + timedelta(hours=3))
    world.book_appointment("early", TOMORROW_NINE)
    assert world.prepare().skipped == {"another_that_day": 1}
    assert world.only().appointment_id == "early"
    world.book_appointment("another", TOMORROW_NINE + timedelta(hours=5))
    assert world.prepare().skipped == {"already_reminded": 1, "another_that_day": 2}


def test_children_who_share_a_number_get_a_message_each(world: World) -> None:
    for number in range(3):
        world.practice.put(replace(ANNA, id=f"C{number}", first_name=f"Kind{number}"), treatment(f"C{number}"))
        world.book_appointment(f"K{number}", TOMORROW_NINE, f"C{number}")
    world.prepare()
    world.send()
    assert len({message.text for message in world.gateway.taken}) == 3


def test_a_birthday_on_29_february_is_greeted_on_the_28th_in_other_years(world: World) -> None:
    world.change_patient(birth_date=date(2000, 2, 29))
    world.clock.set(datetime(2027, 2, 28, 11, 0, tzinfo=world.clock.now().tzinfo))
    assert world.greet().counts == {"prepared": 1}
    world.clock.set(datetime(2028, 2, 28, 11, 0, tzinfo=world.clock.now().tzinfo))
    assert world.greet().counts == {}
    world.clock.set(datetime(2028, 2, 29, 11, 0, tzinfo=world.clock.now().tzinfo))
    assert world.greet().counts == {"prepared": 1}


def test_a_greeting_expires_with_the_day(world: World) -> None:
    world.greet()
    assert world.only().expires_at == world.parts.instant(datetime(2026, 11, 24))  # noqa: DTZ001 - local


def test_ids_of_any_kind_are_kept_apart(world: World) -> None:
    for appointment_id in ("a", "A", "a ", "ä", "x" * 90, "ID-🦷"):
        world.book_appointment(appointment_id)
    world.prepare()
    assert len({message.unique_key for message in world.messages()}) == 6


# Runs that meet others


def test_who_finds_a_key_written_meanwhile_leaves_it_and_writes_the_others(every_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = every_world
    world.add_patients(20)
    world.practice.remove_appointment("a-Q7")
    world.prepare()
    world.book_appointment("a-Q7", TOMORROW_NINE + timedelta(minutes=7), "Q7")
    monkeypatch.setattr(entries, "known_of_appointments", lambda _connection, _ids: [])
    result = world.prepare()
    assert len(world.messages()) == 20
    assert result.counts["prepared"] == 1
    assert result.skipped == {"already_reminded": 19}


def test_a_run_that_lost_its_lease_writes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.book_appointment()
    context = world.context(JobKey.PREPARE_REMINDERS)
    context.lost = True
    monkeypatch.setattr(context, "checkpoint", lambda: None)  # only the fence in the database tells
    with pytest.raises(LeaseLostError):
        prepare_reminders(world.parts, context)
    assert world.messages() == []


def test_a_dry_run_counts_and_writes_nothing(world: World) -> None:
    world.book_appointment()
    world.practice.put(Patient("P2", "Ohne", "Nummer"))
    world.book_appointment("A2", patient_id="P2")
    result = world.prepare(dry_run=True)
    assert result.counts == {"prepared": 1, "errors": 1}
    assert world.messages() == []
    assert world.activities == []


def test_a_source_that_gives_few_at_a_time_is_written_in_large_chunks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add_patients(25)
    monkeypatch.setattr(deciding, "CHUNK", 10)
    context = world.context(JobKey.PREPARE_REMINDERS)
    prepare_reminders(world.parts, context)
    assert (len(world.messages()), context.fenced) == (25, 6)  # the views, three chunks, what is absent, the days that were searched


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["prepare", "send", "move", "back", "cancel", "confirm", "opt out", "opt in", "hour"]), max_size=14))
def test_whatever_happens_a_start_is_reminded_once_at_the_most_and_only_when_right(
    sqlite_database: Database, clock: ManualClock, steps: list[str]
) -> None:
    world = begin_again(sqlite_database, clock)
    world.book_appointment()
    told_at: list[tuple[str, bool, bool]] = []
    for step in steps:
        _do(world, step, "A1", "P1")
        for sent in world.gateway.taken[len(told_at) :]:
            appointment = world.practice.appointments(["A1"])["A1"]
            wanted = not world.practice.patients(["P1"])["P1"].opted_out
            right = f"{appointment.starts_at:%d.%m.%Y, %H:%M}" in sent.text and appointment.status is AppointmentStatus.DEFINITE
            told_at.append((sent.reference, wanted, right))
    assert all(wanted and right for _reference, wanted, right in told_at)
    assert len({reference for reference, _wanted, _right in told_at}) == len(told_at)


def _do(world: World, step: str, appointment_id: str, patient_id: str) -> None:
    patient = world.practice.patients([patient_id])[patient_id]
    match step:
        case "prepare":
            world.prepare()
        case "send":
            world.send()
        case "move":
            world.change_appointment(appointment_id, starts_at=TOMORROW_NINE + timedelta(hours=1))
        case "back":
            world.change_appointment(appointment_id, starts_at=TOMORROW_NINE)
        case "cancel":
            world.change_appointment(appointment_id, status=AppointmentStatus.CANCELLED)
        case "confirm":
            world.change_appointment(appointment_id, status=AppointmentStatus.DEFINITE)
        case "opt out" | "opt in":
            world.practice.put(replace(patient, opted_out=step == "opt out"))
        case "hour":
            world.clock.advance(timedelta(hours=1))
            world.prepare()
            world.send()
