"""What can't be read is on the list: an entry with an error and a name, counted and told; never sent, never silent (domain, section 4)."""

# ruff: noqa: DTZ001, DTZ901 - times of appointments are wall-clock times of the practice, naive

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.messages.world import ANNA, NOW, TOMORROW_NINE, World
from tests.practice import sources
from tray_agent.config.settings import Settings
from tray_agent.demo import practice_tables as tables
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.rules.licence import with_check_digits
from tray_agent.messages.work.deciding import Deciding, Drafting
from tray_agent.messages.work.prepare import NAMED, prepare_reminders
from tray_agent.messages.work.preview import PreviewService
from tray_agent.messages.work.send import send_messages
from tray_agent.practice.model import Appointment, AppointmentStatus, Mandant, Patient, Treatment, VisitReason
from tray_agent.practice.sql_source import SqlPracticeSource
from tray_agent.protocol.model import Level
from tray_agent.store.database import Database, open_database

Happening = Callable[[World], object]
MIDNIGHT = TOMORROW_NINE.replace(hour=0)


def _give_reason(world: World, reason: str) -> None:
    world.practice.put(VisitReason("1", "Kontrolle"))
    world.change_appointment(visit_reason_id=reason)


ON_THE_LIST: list[tuple[Happening, str]] = [
    (lambda w: w.change_patient(preferred_channel="Brief", unreadable=frozenset({"preferred_channel"})), "wish_unknown"),
    (lambda w: w.change_patient(unreadable=frozenset({"opted_out"})), "data_unreadable"),
    (lambda w: w.change_patient(unreadable=frozenset({"mobile"})), "data_unreadable"),
    (lambda w: w.change_patient(mobile="079 123 45 67 SMS unerwünscht"), "contact_invalid"),
    (lambda w: w.change_patient(mobile="079 123 45 67 ?"), "contact_invalid"),
    (lambda w: w.change_patient(mobile="Fax 079 123 45 67"), "contact_invalid"),
    (lambda w: w.change_appointment(unreadable=frozenset({"starts_at"})), "start_unreadable"),
    (lambda w: w.change_appointment(unreadable=frozenset({"id"})), "data_unreadable"),
    (lambda w: w.change_appointment(starts_at=MIDNIGHT), "no_time_of_day"),
    (lambda w: _give_reason(w, "9"), "visit_reason_unknown"),
]


@pytest.mark.parametrize(("happening", "reason"), ON_THE_LIST)
def test_what_cant_be_read_is_an_entry_with_a_name_that_is_told_and_on_the_call_list(
    world: World, happening: Happening, reason: str
) -> None:
    world.book_appointment()
    happening(world)
    result = world.prepare()
    assert (result.counts, result.skipped, result.problems) == ({"errors": 1}, {reason: 1}, 1)
    entry = world.only()
    assert (entry.state, entry.reason, entry.patient_name, entry.text) == (MessageState.ERROR, reason, "Muster Anna", "")
    assert [(row.level, row.reason) for row in world.activities] == [(Level.ERROR, reason)]
    assert [one.message.id for one in world.service.call_list()] == [entry.id]
    world.send()
    again = world.prepare()
    assert (again.counts, again.problems, world.gateway.taken, len(world.messages())) == ({}, 0, [], 1)


@pytest.mark.parametrize(("happening", "reason"), ON_THE_LIST)
def test_what_is_put_right_is_reminded(world: World, happening: Happening, reason: str) -> None:
    world.book_appointment()
    happening(world)
    world.prepare()
    world.practice.put(ANNA)
    world.change_appointment(starts_at=TOMORROW_NINE, unreadable=frozenset(), visit_reason_id=None)
    assert world.prepare().counts == {"prepared": 1}
    world.send()
    assert len(world.gateway.taken) == 1
    assert reason


UNKNOWN: tuple[Happening, str] = (
    lambda w: w.change_appointment(starts_at=datetime.min, unreadable=frozenset({"starts_at"})),
    "start_unknown",
)


@pytest.mark.parametrize(("happening", "reason"), [*ON_THE_LIST, UNKNOWN])
def test_what_becomes_unreadable_before_sending_is_not_sent_and_on_the_list(world: World, happening: Happening, reason: str) -> None:
    world.book_appointment()
    world.prepare()
    happening(world)
    world.send()
    world.prepare()
    assert world.gateway.taken == []
    assert [one.message.patient_name for one in world.service.call_list()] == ["Muster Anna"]
    assert [one.message.reason for one in world.service.call_list()] == [reason]


@pytest.mark.parametrize(("happening", "reason"), ON_THE_LIST)
def test_the_preview_says_the_same(world: World, happening: Happening, reason: str) -> None:
    world.book_appointment()
    happening(world)
    (line,) = PreviewService(world.parts).preview(MessageKind.REMINDER).lines
    assert (line.reason, line.entry, line.starts_at is not None) == (reason, True, True)


def test_a_patient_who_is_missing_is_on_the_list_by_the_id(world: World) -> None:
    world.book_appointment(patient_id="P9")
    assert world.prepare().counts == {"errors": 1}
    entry = world.only()
    assert (entry.reason, entry.patient_name, entry.patient_id) == ("patient_missing", "P9", "P9")
    assert [one.message.id for one in world.service.call_list()] == [entry.id]
    world.practice.put(replace(ANNA, id="P9"))
    world.practice.put(Treatment("T9", "P9", "M1", datetime(2026, 1, 1).date()))
    assert world.prepare().counts == {"prepared": 1}


def test_an_appointment_of_nobody_is_told_and_no_entry(world: World) -> None:
    """An agenda's own blocks ("Sitzung") have no patient."""
    world.book_appointment(patient_id="", unreadable=frozenset({"patient_id"}))
    result = world.prepare()
    assert (result.counts, result.problems, world.messages()) == ({}, 1, [])


def test_a_start_of_which_no_day_is_known_is_told_once_a_run_with_a_count_and_names(world: World) -> None:
    world.add_patients(NAMED + 2)
    for index in range(NAMED + 2):
        world.change_appointment(f"a-Q{index}", starts_at=datetime.min, unreadable=frozenset({"starts_at"}))
    for _run in range(2):
        world.activities.clear()
        result = world.prepare()
        assert (result.counts, result.skipped, result.problems) == ({}, {"start_unknown": NAMED + 2}, NAMED + 2)
        (row,) = world.activities
        assert (row.level, row.reason) == (Level.ERROR, "start_unknown")
        assert "12 Mitteilungen nicht aufbereitet" in row.sentence
        assert row.sentence.count("Muster Anna") == NAMED
        assert "und 2 weitere." in row.sentence
    assert world.messages() == []
    assert {line.starts_at for line in PreviewService(world.parts).preview(MessageKind.REMINDER).lines} == {None}


def test_a_start_of_which_no_day_is_known_is_counted_once_however_many_spans_of_days_are_searched(world: World) -> None:
    world.book_appointment(starts_at=datetime.min, unreadable=frozenset({"starts_at"}))
    around = replace(
        world.parts.circumstances(NOW, Settings(dict(world.values))), made_up=frozenset({date(2026, 11, 27), date(2026, 11, 30)})
    )
    chunks = list(Deciding(Drafting(world.parts, around, NOW), writes=True).reminders())
    assert [one.patient_id for decided in chunks for one in decided] == ["P1"]


@pytest.mark.parametrize("values", [{"last_name": "Muster †"}, {"first_name": "Anna (verstorben)"}, {"last_name": "Muster, décédée"}])
def test_a_death_beside_the_name_is_to_be_checked_and_nobody_is_to_be_called(world: World, values: dict[str, str]) -> None:
    world.book_appointment()
    world.change_patient(**values)
    result = world.prepare()
    assert (result.counts, result.skipped, result.problems) == ({}, {"deceased_by_name": 1}, 1)
    (row,) = world.activities
    assert (row.level, row.reason) == (Level.ERROR, "deceased_by_name")
    assert "prüfen" in row.sentence
    assert "Betroffen: Muster" in row.sentence
    assert world.greet().counts == {}
    assert (world.messages(), world.service.call_list()) == ([], [])


def test_a_death_noted_after_preparing_stops_the_message_and_takes_the_patient_off_the_call_list(world: World) -> None:
    world.book_appointment()
    world.prepare()
    world.book_appointment("A2", TOMORROW_NINE + timedelta(hours=1))
    world.change_patient(mobile=None)
    world.prepare()
    assert len(world.service.call_list()) == 1
    world.change_patient(mobile="079 123 45 67", last_name="Muster (verstorben)")
    world.send()
    assert (world.gateway.taken, world.service.call_list()) == ([], [])
    assert "deceased_by_name" in world.reasons()


def test_a_time_that_the_clocks_leave_out_is_told_and_one_that_comes_twice_is_reminded(world: World) -> None:
    world.clock.set(datetime(2027, 3, 27, 9, tzinfo=UTC))
    world.book_appointment("A1", datetime(2027, 3, 28, 2, 30))
    assert world.prepare().skipped == {"no_such_time": 1}
    world.clock.set(datetime(2027, 10, 30, 8, tzinfo=UTC))
    world.book_appointment("A2", datetime(2027, 10, 31, 2, 30))
    assert world.prepare().counts == {"prepared": 1}


def test_a_name_that_is_a_whole_memo_makes_no_long_text(world: World) -> None:
    world.book_appointment()
    world.change_patient(last_name="Muster, " + "bitte immer zuerst die Tochter anrufen, da sie dement ist; " * 20)
    world.prepare()
    message = world.only()
    assert message.segments == 1
    assert "dement" not in message.text
    assert len(message.patient_name) <= 200


PATIENTS = [
    Patient(str(number), "Anna", f"Muster{number}", birth_date=None, mobile=f"079 123 45 {number:02}", language="de")
    for number in range(1, 10)
]


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Database]:
    """The tables of a practice software on SQLite, with an appointment for each patient tomorrow at nine and later."""
    database = open_database(f"sqlite:///{(tmp_path / 'praxis.db').as_posix()}")
    tables.create_practice(database)
    sources.fill(
        database,
        [Mandant("M1", "Dr. Meier", licence_number=with_check_digits("7601000"))],
        PATIENTS,
        [Treatment(one.id, one.id, "M1", datetime(2026, 1, 1).date()) for one in PATIENTS],
        [Appointment(one.id, one.id, TOMORROW_NINE + timedelta(hours=int(one.id)), AppointmentStatus.DEFINITE) for one in PATIENTS],
        (),
    )
    yield database
    database.dispose()


def test_starts_as_practices_write_them_from_the_view_to_the_list(world: World, practice: Database) -> None:
    written = {
        "2": "24.11.2026 10:15", "3": "2026-11-24T10:15:00Z", "4": "2026-11-24", "5": "morgen", "6": "2026-11-24 10:14:59.997",
        "7": "25.11.2026 10:15", "8": "2026-11-23 23:59:59.997", "9": "2026-11-24 10.15",
    }  # fmt: skip
    with practice.begin() as connection:
        for key, start in written.items():
            connection.execute(text("UPDATE termin SET beginn = :start WHERE termin_nr = :key"), {"start": start, "key": int(key)})
    parts = replace(world.parts, practice=SqlPracticeSource(practice))
    result = prepare_reminders(parts, world.context())
    assert (result.counts, result.skipped) == (
        {"prepared": 2, "errors": 5},
        {"start_unreadable": 4, "no_time_of_day": 1, "start_unknown": 1},
    )
    found = {one.patient_id: (one.state.value, one.reason) for one in world.messages()}
    unreadable = ("error", "start_unreadable")
    assert found == {
        "1": ("prepared", ""), "6": ("prepared", ""), "2": unreadable, "3": unreadable, "4": unreadable, "9": unreadable,
        "8": ("error", "no_time_of_day"),
    }  # fmt: skip
    assert "10:15" in next(one.text for one in world.messages() if one.patient_id == "6")
    with practice.begin() as connection:
        connection.execute(text("UPDATE termin SET beginn = '2026-11-24 10:15:00' WHERE termin_nr = 6"))
    world.clock.advance(timedelta(minutes=10))
    send_messages(parts, world.context())
    assert len(world.gateway.taken) == 2
    again = prepare_reminders(parts, world.context())
    assert again.counts == {}, "10:14:59.997 and 10:15 are one start of one appointment"
