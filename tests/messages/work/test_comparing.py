"""What patients were told is compared with the agenda at every run: whoever was told something wrong gets a notice or a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.messages.world import ANNA, TOMORROW_NINE, World, treatment
from tray_agent.config import settings as switches
from tray_agent.messages.gateways.contract import DeliveryReport, DeliveryStatus, InDoubt
from tray_agent.messages.guards.questions import Answer, QuestionKind, QuestionService, questions_of
from tray_agent.messages.model import MessageKind, MessageState, Standing
from tray_agent.messages.outbox.entries import Draft
from tray_agent.messages.outbox.model import DoubtDecision
from tray_agent.messages.work import deciding, prepare
from tray_agent.practice.model import Appointment, AppointmentStatus
from tray_agent.protocol.model import Level

FAR = TOMORROW_NINE + timedelta(days=20)


def told(world: World, start: datetime = TOMORROW_NINE, **values: Any) -> World:
    """Reminds Anna of an appointment."""
    world.book_appointment("A1", start, **values)
    world.prepare()
    world.send()
    assert [message.state for message in world.messages()] == [MessageState.SUBMITTED]
    return world


def texts(world: World) -> list[str]:
    return [sms.text for sms in world.gateway.taken]


def later(world: World, **span: float) -> None:
    world.clock.advance(timedelta(**span))


def run(world: World) -> None:
    world.prepare()
    world.send()


# Moved, wherever to


def test_who_was_told_gets_a_notice_also_where_the_new_time_lies_far_beyond_the_days_searched(every_world: World) -> None:
    world = told(every_world)
    later(world, hours=3)
    world.change_appointment(starts_at=FAR)
    run(world)
    assert "nicht mehr am 24.11.2026, 09:00 Uhr" in texts(world)[1]
    assert "14.12.2026, 09:00 Uhr" in texts(world)[1]
    assert [message.kind for message in world.messages()] == [MessageKind.REMINDER, MessageKind.MOVED]
    run(world)
    assert len(texts(world)) == 2  # once

    world.clock.set(world.parts.instant(FAR - timedelta(days=1)))
    run(world)
    assert [message.kind for message in world.messages()][-1] is MessageKind.REMINDER  # the new start still goes at its time
    assert len(texts(world)) == 3


def test_a_notice_of_a_start_that_is_searched_is_its_reminder_too(world: World) -> None:
    told(world)
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=2))
    for _run in range(3):  # also a further run of the day
        run(world)
        later(world, hours=1)
    assert [message.kind for message in world.messages()] == [MessageKind.REMINDER, MessageKind.MOVED]


def test_what_was_moved_after_its_former_time_is_reminded_at_its_own(world: World) -> None:
    told(world)
    world.clock.set(world.parts.instant(TOMORROW_NINE + timedelta(hours=1)))
    world.change_appointment(starts_at=FAR)
    run(world)
    assert len(texts(world)) == 1
    world.clock.set(world.parts.instant(FAR - timedelta(days=1)))
    run(world)
    assert len(texts(world)) == 2
    assert "nicht mehr am 24.11.2026" in texts(world)[1]


@pytest.mark.parametrize(
    ("starts", "told_last", "kinds"),
    [
        ([1], "10:00", "rm"),
        ([1, 2], "11:00", "rmm"),
        ([1, 0], "09:00", "rmm"),
        ([1, 0, 2], "11:00", "rmmm"),
    ],
)
def test_the_last_word_is_true_however_often_it_was_moved(world: World, starts: list[int], told_last: str, kinds: str) -> None:
    told(world)
    for hours in starts:
        later(world, minutes=20)
        world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=hours))
        run(world)
    assert f"{told_last} Uhr" in texts(world)[-1].partition("nicht mehr")[0]
    assert "".join(message.kind.value[0] for message in world.messages()) == kinds
    assert world.service.call_list() == []


def test_a_move_that_nobody_saw_before_it_was_moved_back_says_nothing(world: World) -> None:
    told(world)
    world.change_appointment(starts_at=FAR)
    world.prepare()
    world.change_appointment(starts_at=TOMORROW_NINE)
    run(world)
    assert (world.states(), world.messages()[-1].reason, len(texts(world))) == (["submitted", "cancelled"], "moved_back", 1)


def test_a_notice_that_waited_too_long_puts_the_patient_on_the_call_list(world: World) -> None:
    told(world)
    world.change_appointment(starts_at=FAR)
    world.prepare()
    world.clock.set(world.parts.instant(TOMORROW_NINE + timedelta(minutes=1)))
    world.send()
    (entry,) = world.service.call_list()
    assert (entry.message.reason, len(texts(world))) == ("not_in_time", 1)
    assert "bisherige Zeit" in entry.sentence


def test_the_switch_says_that_moved_ones_are_told_nothing_and_the_log_says_so(world: World) -> None:
    told(world)
    world.values[switches.REPEAT_MOVED] = False
    world.change_appointment(starts_at=FAR)
    run(world)
    run(world)
    rows = [row for row in world.activities if row.reason == "cancelled_after"]
    assert (len(texts(world)), [row.level for row in rows], world.service.call_list()) == (1, [Level.WARNING], [])


# Told, and not true any more


@pytest.mark.parametrize(
    ("happens", "standing", "calls"),
    [
        (lambda world: world.change_appointment(status=AppointmentStatus.CANCELLED), Standing.CANCELLED, 0),
        (lambda world: world.change_appointment(patient_id="P2"), Standing.REASSIGNED, 1),
        (lambda world: world.change_appointment(patient_id="P2", starts_at=FAR), Standing.REASSIGNED, 0),
    ],
    ids=["cancelled", "another patient", "another patient and moved"],
)
def test_a_reminder_that_is_not_true_any_more_is_told_once_and_sends_nothing(
    every_world: World, happens: Callable[[World], None], standing: Standing, calls: int
) -> None:
    world = told(every_world)
    world.practice.put(replace(ANNA, id="P2", first_name="Beat", mobile="078 111 22 33"), treatment("P2"))
    happens(world)
    for _run in range(2):
        run(world)
        later(world, hours=1)
    assert (len(texts(world)), world.messages()[0].standing) == (1, standing)
    assert [row.reason for row in world.activities].count("cancelled_after") == 1
    assert len(world.service.call_list()) == calls


def test_another_doctor_than_was_told_asks_to_call_and_one_that_no_text_names_does_not(world: World) -> None:
    told(world, doctor="Dr. Meier")
    world.change_appointment(doctor="Dr. Keller")
    run(world)
    (entry,) = world.service.call_list()
    assert entry.message.reason == "told_another_doctor"
    world.service.tick_off([entry.message.id], "anna")
    run(world)
    assert (world.service.call_list(), len(texts(world))) == ([], 1)


# The call list, between two runs


def test_who_was_told_wrong_is_on_the_call_list_before_the_next_run_would_tell_too_late(world: World) -> None:
    told(world)
    world.next_telling = world.parts.instant(TOMORROW_NINE + timedelta(hours=1))
    world.change_appointment(starts_at=TOMORROW_NINE - timedelta(minutes=30))
    (entry,) = world.service.call_list()
    assert entry.message.appointment_at == world.parts.instant(TOMORROW_NINE - timedelta(minutes=30))
    assert "Mitgeteilt war 24.11.2026 09:00, jetzt ist der Termin 24.11.2026 08:30." in entry.sentence
    assert world.service.tick_off([entry.message.id], "anna") == 1
    assert world.service.call_list() == []
    run(world)
    assert len(texts(world)) == 1  # told by telephone: no notice says it again

    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=3))
    run(world)
    assert "24.11.2026, 08:30 Uhr" in texts(world)[1]  # what was told last is what the telephone said


def test_who_was_given_an_appointment_stays_on_the_call_list_when_it_moves_beyond_the_time_that_was_told(world: World) -> None:
    told(world)
    world.practice.put(replace(ANNA, id="P2", first_name="Beat", mobile="078 111 22 33"), treatment("P2"))
    world.next_telling = world.parts.instant(TOMORROW_NINE + timedelta(days=1))
    world.clock.set(world.parts.instant(TOMORROW_NINE - timedelta(minutes=25)))
    world.change_appointment(patient_id="P2")
    (entry,) = world.service.call_list()
    assert entry.message.patient_id == "P2"
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=1))
    for minutes in (0, 30, 80):
        world.clock.set(world.parts.instant(TOMORROW_NINE + timedelta(minutes=minutes - 24)))
        (entry,) = world.service.call_list()
        assert (entry.message.patient_id, entry.message.appointment_at) == ("P2", world.parts.instant(TOMORROW_NINE + timedelta(hours=1)))
    world.service.tick_off([entry.message.id], "anna")
    assert world.service.call_list() == []


def test_who_came_at_the_time_that_was_told_is_not_called_because_of_a_later_one(world: World) -> None:
    told(world)
    world.next_telling = world.parts.instant(TOMORROW_NINE + timedelta(days=1))
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=1))
    world.clock.set(world.parts.instant(TOMORROW_NINE - timedelta(minutes=1)))
    assert len(world.service.call_list()) == 1
    world.clock.set(world.parts.instant(TOMORROW_NINE + timedelta(minutes=1)))
    assert world.service.call_list() == []


def test_who_is_told_in_time_by_the_next_run_is_not_on_the_call_list(world: World) -> None:
    told(world)
    world.next_telling = world.clock.now() + timedelta(hours=1)
    world.change_appointment(starts_at=TOMORROW_NINE - timedelta(minutes=30))
    assert world.service.call_list() == []


def test_who_stands_on_the_call_list_stays_there_when_the_appointment_moves_within_the_day(world: World) -> None:
    world.change_patient(mobile=None)
    world.book_appointment()
    world.prepare()
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=2))
    (entry,) = world.service.call_list()
    assert entry.message.appointment_at == world.parts.instant(TOMORROW_NINE + timedelta(hours=2))
    assert "neu um 24.11.2026 11:00" in entry.sentence
    world.prepare()
    assert len(world.service.call_list()) == 1
    world.clock.set(world.parts.instant(TOMORROW_NINE - timedelta(hours=1)))
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=3))  # its day lies in no window any more
    assert len(world.service.call_list()) == 1
    world.prepare()
    assert len(world.service.call_list()) == 1


# Decided anew


def test_what_was_cancelled_by_the_agenda_is_prepared_again_when_the_agenda_says_so_though_its_day_is_over_for_searching(
    world: World,
) -> None:
    world.book_appointment()
    world.prepare()
    world.change_appointment(status=AppointmentStatus.CANCELLED)
    world.send()
    world.clock.set(world.parts.instant(TOMORROW_NINE - timedelta(hours=1)))
    world.change_appointment(status=AppointmentStatus.DEFINITE)
    run(world)
    assert (world.states(), len(texts(world))) == (["submitted"], 1)


def test_a_person_who_cancelled_a_reminder_is_obeyed_by_every_comparison(world: World) -> None:
    world.book_appointment()
    world.prepare()
    world.service.cancel([world.only().id], "anna")
    world.clock.set(world.parts.instant(TOMORROW_NINE - timedelta(hours=2)))
    run(world)
    assert (world.states(), texts(world)) == (["cancelled"], [])


@pytest.mark.parametrize("sent", [False, True], ids=["before its reminder", "after its reminder"])
@pytest.mark.parametrize(
    "gone",
    [
        lambda world: world.practice.put(replace(world.practice.appointments(["A1"])["A1"], status=AppointmentStatus.CANCELLED)),
        lambda world: world.practice.put(replace(world.practice.appointments(["A1"])["A1"], starts_at=FAR)),
        lambda world: world.practice.put(replace(world.practice.appointments(["A1"])["A1"], patient_id="P2")),
    ],
    ids=["cancelled", "moved away", "another's"],
)
@pytest.mark.parametrize("searched", [True, False], ids=["its day is searched", "its day was searched"])
def test_the_second_of_the_day_is_reminded_when_the_first_is_gone(
    world: World, gone: Callable[[World], None], sent: bool, searched: bool
) -> None:
    world.practice.put(replace(ANNA, id="P2", first_name="Beat", mobile="078 111 22 33"), treatment("P2"))
    world.values[switches.ONE_PER_DAY] = True
    world.book_appointment("A1")
    world.book_appointment("A2", TOMORROW_NINE + timedelta(hours=6))
    world.prepare()
    assert len(world.messages()) == 1
    if sent:
        world.send()
    gone(world)
    if not searched and (sent or world.practice.appointments(["A1"])["A1"].patient_id == "P1"):
        world.clock.set(world.parts.instant(TOMORROW_NINE - timedelta(hours=1)))
    result = world.send()
    assert ("prepare_reminders" in result.makes_due) is (not sent)
    run(world)
    assert [one for one in texts(world) if "15:00 Uhr" in one]


def test_the_second_of_the_day_is_reminded_though_the_hour_of_the_first_that_is_gone_has_come(world: World) -> None:
    world.values[switches.ONE_PER_DAY] = True
    told(world)
    world.book_appointment("A2", TOMORROW_NINE + timedelta(hours=6))
    world.change_appointment("A1", status=AppointmentStatus.CANCELLED)
    world.clock.set(world.parts.instant(TOMORROW_NINE + timedelta(hours=1)))
    run(world)
    assert [one for one in texts(world) if "15:00 Uhr" in one]
    assert "cancelled_after" not in world.reasons()  # nobody comes at nine any more


# The agenda forgets


def vanish(world: World, number: int) -> dict[str, Appointment]:
    """Takes appointments out of the agenda and returns them."""
    names = [f"a-Q{index}" for index in range(number)]
    gone = dict(world.practice.appointments(names))
    for name in names:
        world.practice.remove_appointment(name)
    return gone


def ask(world: World) -> list[str]:
    with world.database.read() as connection:
        return [question.sentence for question in questions_of(connection, QuestionKind.ABSENT, unanswered=True)]


def answer(world: World, said: Answer) -> None:
    service = QuestionService(world.database, lambda rows, _connection: world.activities.extend(rows))
    (question,) = service.open()
    service.answer(question.id, said, "anna")


@pytest.mark.parametrize("number", [1, 2])
def test_one_or_two_that_are_gone_are_believed_after_half_an_hour_and_told(every_world: World, number: int) -> None:
    world = every_world
    world.add_patients(5)
    world.prepare()
    vanish(world, number)
    world.send()
    assert (len(texts(world)), world.states().count("prepared"), ask(world)) == (5 - number, number, [])
    later(world, minutes=29)
    world.send()
    assert world.states().count("prepared") == number
    later(world, minutes=2)
    world.send()
    assert (world.states().count("cancelled"), len(texts(world))) == (number, 5 - number)
    assert [row.reason for row in world.activities].count("appointment_deleted") == number
    assert world.service.call_list() == []


@pytest.mark.parametrize("said", [Answer.DELETED, Answer.FAULT, None])
def test_of_more_that_are_gone_a_person_is_asked_once_for_all(every_world: World, said: Answer | None) -> None:
    world = every_world
    world.add_patients(20)
    world.prepare()
    gone = vanish(world, 19)
    for _round in range(3):
        world.send()
        later(world, minutes=31)
    (sentence,) = ask(world)
    assert sentence.startswith("19 Termine")
    assert [row.reason for row in world.activities].count("question") == 1
    assert (len(texts(world)), world.states().count("prepared")) == (1, 19)
    world.outlook = replace(world.outlook, held_up=True)
    world.clock.set(world.parts.instant(TOMORROW_NINE - timedelta(hours=1)))
    assert len(world.service.call_list()) == 19  # undecided: in time
    if said is None:
        return
    answer(world, said)
    world.send()
    assert world.states().count("cancelled") == (19 if said is Answer.DELETED else 0)
    assert len(world.service.call_list()) == (0 if said is Answer.DELETED else 19)
    for appointment in gone.values():
        world.practice.put(appointment)
    run(world)
    assert (len(texts(world)), ask(world)) == (20, [])  # nobody is forgotten when they are there again


def test_a_view_that_forgets_for_a_minute_costs_nobody_anything(every_world: World) -> None:
    world = every_world
    world.add_patients(20)
    world.prepare()
    gone = vanish(world, 20)
    world.send()
    world.prepare()
    for appointment in gone.values():
        world.practice.put(appointment)
    later(world, minutes=15)
    world.send()
    assert (len(texts(world)), ask(world), world.service.call_list()) == (20, [], [])
    assert {message.standing for message in world.messages()} == {Standing.AS_TOLD}


def test_who_was_told_and_whose_appointment_is_gone_gets_a_row_and_the_run_looks_again(world: World) -> None:
    told(world)
    world.practice.remove_appointment("A1")
    result = world.prepare()
    assert result.rest is not None
    assert (result.rest.ordinary, result.rest.not_before) == (True, world.clock.now() + timedelta(minutes=30))
    later(world, minutes=31)
    assert world.prepare().rest is None
    assert (world.only().standing, [row.reason for row in world.activities].count("cancelled_after")) == (Standing.DELETED, 1)
    world.book_appointment("A1")
    world.prepare()
    assert (world.only().standing, len(world.messages())) == (Standing.AS_TOLD, 1)


# The same words once


def test_one_person_recorded_twice_and_two_rows_of_one_booking_get_one_message(every_world: World) -> None:
    world = every_world
    world.practice.put(replace(ANNA, id="P2"), treatment("P2"))
    for number, patient in enumerate(["P1", "P1", "P2"]):
        world.book_appointment(f"A{number}", patient_id=patient)
    world.book_appointment("A9", TOMORROW_NINE + timedelta(hours=1))
    run(world)
    assert len(texts(world)) == 2  # two different times are two messages
    first, *others = world.messages()
    assert {one.said_by for one in others if one.state is MessageState.CANCELLED} == {first.unique_key}
    assert [one.reason for one in others if one.state is MessageState.CANCELLED] == ["same_words"] * 2
    for _run in range(2):
        later(world, hours=1)
        run(world)
    assert (len(texts(world)), len(world.messages())) == (2, 4)


@pytest.mark.parametrize("certain", [True, False])
def test_the_same_words_go_once_where_they_were_written_long_before(
    every_world: World, monkeypatch: pytest.MonkeyPatch, certain: bool
) -> None:
    world = every_world
    monkeypatch.setattr(deciding, "CHUNK", 1)
    if not certain:  # whatever was said, it is looked up
        monkeypatch.setattr(deciding._Heard, "add", lambda _self, _words: True)
    world.practice.put(replace(ANNA, id="P2"), treatment("P2"))
    for number, patient in enumerate(["P1", "P2", "P1"]):
        world.book_appointment(f"A{number}", patient_id=patient)
    world.book_appointment("A9", TOMORROW_NINE + timedelta(hours=1))
    result = world.prepare()
    assert (result.counts, result.skipped["same_words"]) == ({"prepared": 2}, 2)
    first, *others, _another_time = world.messages()
    assert [one.said_by for one in others] == [first.unique_key] * 2
    world.send()
    assert len(texts(world)) == 2


def test_the_words_of_a_day_are_not_kept_one_by_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day of 100,000 appointments takes no more room than one of forty."""
    most = 0

    class Noticing(deciding.SaidWords):
        def by(self, draft: Draft) -> str | None:
            nonlocal most
            said_by = super().by(draft)
            most = max(most, len(self._unwritten))
            return said_by

    monkeypatch.setattr(deciding, "CHUNK", 2)
    monkeypatch.setattr(prepare, "SaidWords", Noticing)
    for number in range(9):
        world.book_appointment(f"A{number}", TOMORROW_NINE + timedelta(minutes=number))
    assert world.prepare().counts == {"prepared": 9}
    assert most == 2


def test_who_shares_the_words_is_reminded_when_the_one_who_says_them_is_cancelled(world: World) -> None:
    world.practice.put(replace(ANNA, id="P2"), treatment("P2"))
    world.book_appointment("A1")
    world.book_appointment("A2", patient_id="P2")
    world.prepare()
    world.practice.put(replace(world.practice.appointments(["A1"])["A1"], status=AppointmentStatus.CANCELLED))
    assert "prepare_reminders" in world.send().makes_due
    run(world)
    assert (sorted(world.states()), len(texts(world))) == (["cancelled", "submitted"], 1)


def test_one_person_recorded_twice_is_greeted_once(world: World) -> None:
    born = date(1980, 11, 23)
    world.practice.put(replace(ANNA, birth_date=born), replace(ANNA, id="P2", birth_date=born), treatment("P2"))
    for _run in range(2):
        world.greet()
        world.send()
    assert len(texts(world)) == 1


def test_a_notice_that_names_no_doctor_lets_the_doctor_stand_that_was_told_before(world: World) -> None:
    told(world, doctor="Dr. Meier")
    later(world, minutes=20)
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=1))
    run(world)
    assert (world.messages()[-1].doctor, world.service.call_list()) == (None, [])
    world.change_appointment(doctor="Dr. Keller")
    assert len(world.service.call_list()) == 1
    run(world)
    (entry,) = world.service.call_list()
    assert entry.message.reason == "told_another_doctor"


# What a person said, and of whom


def test_a_missing_appointment_of_somebody_who_was_told_can_be_ticked_off_and_is_asked_about_anew(world: World) -> None:
    told(world)
    world.clock.set(world.parts.instant(TOMORROW_NINE - timedelta(minutes=50)))
    world.practice.remove_appointment("A1")
    (entry,) = world.service.call_list()
    assert entry.message.reason == ""
    assert world.service.tick_off([entry.message.id], "anna") == 1
    assert world.service.call_list() == []
    world.prepare()
    assert world.service.call_list() == []
    world.book_appointment("A1")
    world.prepare()
    later(world, minutes=1)
    world.practice.remove_appointment("A1")
    world.prepare()
    assert len(world.service.call_list()) == 1


@pytest.mark.parametrize("failed", [(0, 1), (0,), (1,), ()])
def test_of_an_appointment_that_is_not_found_the_last_word_alone_is_on_the_call_list(world: World, failed: Sequence[int]) -> None:
    told(world)
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(minutes=30))
    run(world)
    for number in failed:
        world.gateway.report(DeliveryReport(world.messages()[number].reference, DeliveryStatus.FAILED))
    later(world, minutes=6)
    world.follow_up()
    world.practice.remove_appointment("A1")
    world.prepare()
    world.clock.set(world.parts.instant(TOMORROW_NINE - timedelta(minutes=50)))
    (entry,) = world.service.call_list()
    assert entry.message.id == world.messages()[-1].id
    assert world.service.tick_off([entry.message.id], "anna") == 1
    assert world.service.call_list() == []


@pytest.mark.parametrize(
    ("offset", "days", "telling", "stays"),
    [(1, 1, 22, True), (1, 2, 22, False), (3, 2, 22, True), (1, 1, 1, False), (1, 1, None, True)],
    ids=["searched before", "searched later", "searched before that", "compared before it began", "no run is planned"],
)
def test_whom_no_run_decides_about_any_more_stays_on_the_call_list_when_moved_to_another_day(
    world: World, offset: int, days: int, telling: int | None, stays: bool
) -> None:
    told(world)
    world.gateway.report(DeliveryReport(world.only().reference, DeliveryStatus.FAILED))
    later(world, minutes=6)
    world.follow_up()
    world.clock.set(world.parts.instant(TOMORROW_NINE - timedelta(hours=2)))
    world.values[switches.OFFSET_START] = offset
    world.next_telling = None if telling is None else world.clock.now() + timedelta(hours=telling)
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(days=days))
    assert bool(world.service.call_list()) is stays


@pytest.mark.parametrize(("later_by", "listed"), [(0, True), (1, True), (24, True), (48, False)])
def test_who_gets_a_moved_appointment_of_which_another_was_told_is_on_the_list_where_no_message_comes_in_time(
    world: World, later_by: int, listed: bool
) -> None:
    world.practice.put(replace(ANNA, id="P2", first_name="Beat", mobile="078 111 22 33"), treatment("P2"))
    told(world)
    world.clock.set(world.parts.instant(TOMORROW_NINE - timedelta(hours=2)))
    world.next_telling = world.clock.now() + timedelta(hours=22)
    world.change_appointment(patient_id="P2", starts_at=TOMORROW_NINE + timedelta(hours=later_by))
    assert [entry.message.patient_id for entry in world.service.call_list()] == ["P2"] * listed
    for entry in world.service.call_list():
        assert world.service.tick_off([entry.message.id], "anna") == 1
    assert world.service.call_list() == []


def test_who_decided_a_doubt_did_not_say_that_nothing_is_to_be_prepared_any_more(world: World) -> None:
    world.gateway.answer = lambda _sms: InDoubt("weg")
    world.book_appointment()
    run(world)
    later(world, minutes=20)
    world.force(world.only().id, state="in_doubt")
    world.service.decide(world.only().id, DoubtDecision.AGAIN, "anna")
    world.gateway.answer = None
    world.change_appointment(status=AppointmentStatus.CANCELLED)
    world.send()
    assert world.states() == ["cancelled"]
    world.change_appointment(status=AppointmentStatus.DEFINITE)
    run(world)
    assert (world.states(), len(texts(world))) == (["submitted"], 1)


def test_who_was_told_by_telephone_the_time_that_the_list_showed_gets_no_notice(world: World) -> None:
    world.change_patient(mobile=None)
    world.book_appointment()
    world.prepare()
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=2))
    (entry,) = world.service.call_list()
    assert world.service.tick_off([entry.message.id], "anna") == 1
    assert world.service.call_list() == []
    world.change_patient(mobile="079 123 45 67")
    run(world)
    assert (texts(world), world.service.call_list()) == ([], [])


@pytest.mark.parametrize(
    "spoiled",
    [
        lambda world: world.gateway.report(DeliveryReport(world.only().reference, DeliveryStatus.FAILED)),
        lambda world: None,
    ],
    ids=["not delivered", "told"],
)
def test_who_gets_an_appointment_whose_key_is_used_up_is_on_the_call_list(world: World, spoiled: Callable[[World], None]) -> None:
    world.practice.put(replace(ANNA, id="P2", first_name="Beat", mobile="078 111 22 33"), treatment("P2"))
    told(world)
    spoiled(world)
    later(world, minutes=6)
    world.follow_up()
    world.change_appointment(patient_id="P2")
    run(world)
    assert [entry.message.patient_id for entry in world.service.call_list()] == ["P2"]
    assert len(texts(world)) == 1


def test_who_was_told_by_telephone_is_not_asked_about_again_because_the_message_of_another_failed(world: World) -> None:
    world.practice.put(replace(ANNA, id="P2", first_name="Beat", mobile="078 111 22 33"), treatment("P2"))
    told(world)
    world.change_appointment(patient_id="P2")
    world.prepare()
    (entry,) = world.service.call_list()
    world.service.tick_off([entry.message.id], "anna")
    world.gateway.report(DeliveryReport(world.messages()[0].reference, DeliveryStatus.FAILED))
    later(world, minutes=6)
    world.follow_up()
    run(world)
    assert world.service.call_list() == []


def test_what_a_person_cancelled_for_one_patient_is_prepared_for_the_next(world: World) -> None:
    world.practice.put(replace(ANNA, id="P2", first_name="Beat", mobile="078 111 22 33"), treatment("P2"))
    world.book_appointment()
    world.prepare()
    world.service.cancel([world.only().id], "anna")
    world.change_appointment(patient_id="P2")
    run(world)
    assert [sms.recipient for sms in world.gateway.taken] == ["+41781112233"]


def test_an_entry_on_the_list_goes_over_to_the_patient_who_has_the_appointment_now(world: World) -> None:
    world.practice.put(replace(ANNA, id="P2", first_name="Beat", mobile=None), treatment("P2"))
    world.change_patient(mobile=None)
    world.book_appointment()
    for patient in ("P1", "P2", "P1"):
        world.change_appointment(patient_id=patient)
        world.prepare()
        assert [entry.message.patient_id for entry in world.service.call_list()] == [patient]


def test_an_entry_that_was_ticked_off_asks_again_when_the_doctor_changes_again(world: World) -> None:
    told(world, doctor="Dr. Meier")
    for doctor in ("Dr. Keller", "Dr. Huber"):
        world.change_appointment(doctor=doctor)
        for _run in range(2):
            run(world)
        (entry,) = world.service.call_list()
        world.service.tick_off([entry.message.id], "anna")
        run(world)
        assert world.service.call_list() == []
    assert len(texts(world)) == 1


def test_the_second_of_the_day_is_reminded_when_the_first_was_deleted(world: World) -> None:
    world.values[switches.ONE_PER_DAY] = True
    told(world)
    world.book_appointment("A2", TOMORROW_NINE + timedelta(hours=6))
    world.practice.remove_appointment("A1")
    run(world)
    assert len(texts(world)) == 1
    later(world, minutes=31)
    run(world)  # now it is believed
    run(world)
    assert [one for one in texts(world) if "15:00 Uhr" in one]


def test_who_was_moved_after_his_former_time_to_a_day_that_was_searched_is_counted(world: World) -> None:
    told(world)
    world.clock.set(world.parts.instant(TOMORROW_NINE + timedelta(hours=1)))
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=5))
    assert "1 Termin wurde erst gebucht" in world.prepare().sentence


@pytest.mark.parametrize("believes", ["prepare", "send"])
def test_who_shares_the_words_is_prepared_at_once_when_the_one_who_says_them_is_believed_to_be_deleted(world: World, believes: str) -> None:
    world.practice.put(replace(ANNA, id="P2"), treatment("P2"))
    world.book_appointment("A1")
    world.book_appointment("A2", patient_id="P2")
    world.prepare()
    world.practice.remove_appointment("A1")
    world.send()
    later(world, minutes=31)
    if believes == "send":
        assert "prepare_reminders" in world.send().makes_due
    else:
        rest = world.prepare().rest
        assert rest is not None
        assert rest.not_before == world.clock.now()
    run(world)
    assert (sorted(world.states()), len(texts(world))) == (["cancelled", "submitted"], 1)
    assert world.prepare().rest is None


def test_who_shared_the_words_is_prepared_when_they_go_to_another_number(world: World) -> None:
    world.practice.put(replace(ANNA, id="P2"), treatment("P2"))
    world.book_appointment("A1")
    world.book_appointment("A2", patient_id="P2")
    world.prepare()
    world.change_patient(mobile="078 555 55 55")
    assert "prepare_reminders" in world.send().makes_due
    for _run in range(2):
        run(world)
    assert sorted(sms.recipient for sms in world.gateway.taken) == ["+41785555555", "+41791234567"]


def test_a_notice_that_does_not_arrive_is_one_entry_on_the_call_list(world: World) -> None:
    told(world)
    world.change_appointment(starts_at=FAR)
    run(world)
    world.gateway.report(DeliveryReport(world.messages()[1].reference, DeliveryStatus.FAILED))
    later(world, minutes=6)
    world.follow_up()
    run(world)
    (entry,) = world.service.call_list()
    assert entry.message.kind is MessageKind.MOVED
    world.service.tick_off([entry.message.id], "anna")
    assert world.service.call_list() == []


def test_who_gets_an_appointment_of_which_another_was_told_by_telephone_is_reminded(world: World) -> None:
    world.practice.put(replace(ANNA, id="P2", first_name="Beat", mobile="078 111 22 33"), treatment("P2"))
    told(world)
    world.next_telling = None
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=2))
    (entry,) = world.service.call_list()
    world.service.tick_off([entry.message.id], "anna")
    world.change_appointment(patient_id="P2")
    for _run in range(2):
        world.prepare()
        assert world.states().count("error") == 1  # that of the telephone, ticked off
        assert world.service.call_list() == [] or world.messages()[-1].state is MessageState.PREPARED
    for _run in range(2):
        run(world)
    assert [sms.recipient for sms in world.gateway.taken] == ["+41791234567", "+41781112233"]
    assert world.service.call_list() == []


def test_whose_call_stands_for_what_was_told_can_be_called_again_for_the_next_patient(world: World) -> None:
    world.practice.put(replace(ANNA, id="P2", first_name="Beat", mobile="078 111 22 33"), treatment("P2"))
    world.book_appointment()
    world.prepare()
    world.service.tick_off([world.only().id], "anna")
    assert world.states() == ["cancelled"]
    world.change_appointment(patient_id="P2")
    run(world)
    for entry in world.service.call_list():
        world.service.tick_off([entry.message.id], "anna")
    assert world.service.call_list() == []
    world.practice.remove_appointment("A1")
    world.clock.set(world.parts.instant(TOMORROW_NINE - timedelta(hours=1)))
    for entry in world.service.call_list():
        assert world.service.tick_off([entry.message.id], "anna")
    assert world.service.call_list() == []


def test_an_entry_of_what_was_missing_leaves_the_list_when_a_notice_tells_the_same(world: World) -> None:
    told(world)
    patient = world.practice.patients(["P1"])["P1"]
    world.practice.remove_patient("P1")
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=1))
    run(world)
    assert [entry.message.reason for entry in world.service.call_list()] == ["patient_missing"]
    world.practice.put(patient)
    run(world)
    assert (len(texts(world)), world.service.call_list()) == (2, [])


@pytest.mark.parametrize("one_per_day", [False, True])
def test_an_appointment_whose_words_another_said_is_reminded_anew_when_it_is_another_patients(world: World, one_per_day: bool) -> None:
    world.values[switches.ONE_PER_DAY] = one_per_day
    world.practice.put(
        replace(ANNA, id="P2"), treatment("P2"), replace(ANNA, id="P3", first_name="Beat", mobile="078 111 22 33"), treatment("P3")
    )
    world.book_appointment("A1")
    world.book_appointment("A2", patient_id="P2")
    run(world)
    assert sorted(world.states()) == ["cancelled", "submitted"]
    later(world, minutes=30)
    world.practice.put(replace(world.practice.appointments(["A1"])["A1"], starts_at=FAR))
    world.practice.put(replace(world.practice.appointments(["A2"])["A2"], patient_id="P3"))
    run(world)
    assert [sms.recipient for sms in world.gateway.taken].count("+41781112233") == 1


def test_an_appointment_without_a_doctor_contradicts_nobody_who_was_told_one(world: World) -> None:
    told(world, doctor="Dr. Meier")
    later(world, minutes=20)
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=1), doctor=None)
    run(world)
    assert (len(texts(world)), world.service.call_list()) == (2, [])
