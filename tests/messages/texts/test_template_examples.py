"""Real patients for the preview of a template: who is shown, and who never is."""

# ruff: noqa: DTZ001 - times of appointments are wall-clock times of the practice, naive

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from tests.messages.world import ANNA, MEIER, TOMORROW_NINE, World, treatment
from tests.practice.memory_source import MemoryPracticeSource
from tray_agent.config.settings import DEFAULT_MANDANT, Settings
from tray_agent.messages.model import MessageKind
from tray_agent.messages.texts.rendering import PracticeWords
from tray_agent.messages.texts.service import TemplateService
from tray_agent.practice.model import AppointmentStatus, Mandant
from tray_agent.store.database import Database

NOW = datetime(2026, 11, 23, 10, 0)
REMINDER, MOVED, BIRTHDAY = MessageKind.REMINDER, MessageKind.MOVED, MessageKind.BIRTHDAY


def service(world: World) -> TemplateService:
    words = PracticeWords("Praxis am Bellevue", "044 262 11 22")
    return TemplateService(world.database, lambda: Settings(world.values), lambda: world.practice, words)


def test_a_reminder_is_shown_for_the_next_definite_appointments(world: World) -> None:
    world.book_appointment(doctor="Dr. A. Meier")
    world.book_appointment("A0", datetime(2026, 11, 23, 9, 59))
    world.book_appointment("A2", datetime(2026, 11, 25, 8, 0))
    world.change_appointment("A2", status=AppointmentStatus.CANCELLED)
    [example] = service(world).examples(REMINDER, NOW)
    assert (example.patient_id, example.patient, example.starts_at) == ("P1", "Muster Anna", TOMORROW_NINE)
    assert (example.values.doctor, example.values.mandant, example.values.practice) == ("Dr. A. Meier", "Dr. Meier", "Praxis am Bellevue")


@pytest.mark.parametrize(
    ("starts_at", "former"),
    [
        (datetime(2026, 11, 24, 9, 0), datetime(2026, 11, 23, 10, 0)),  # a Tuesday
        (datetime(2026, 11, 30, 16, 30), datetime(2026, 11, 27, 15, 30)),  # a Monday: it was not moved from a Sunday
        (datetime(2026, 11, 29, 12, 0), datetime(2026, 11, 27, 11, 0)),
        (datetime(2026, 11, 28, 0, 15), datetime(2026, 11, 27, 1, 15)),
        (datetime(2026, 11, 28, 23, 45), datetime(2026, 11, 27, 22, 45)),
    ],
)
def test_a_notice_is_shown_for_the_same_appointments_with_a_former_time(world: World, starts_at: datetime, former: datetime) -> None:
    world.book_appointment("A1", starts_at)
    [example] = service(world).examples(MOVED, NOW)
    assert (example.starts_at, example.values.starts_at, example.values.former_at) == (starts_at, starts_at, former)
    [reminder] = service(world).examples(REMINDER, NOW)
    assert reminder.values == replace(example.values, former_at=None)


def test_a_greeting_is_shown_for_the_next_birthdays(world: World) -> None:
    world.practice.put(replace(ANNA, id="P2", birth_date=date(1970, 12, 6)), replace(ANNA, id="P3", birth_date=date(1970, 12, 7)))
    found = service(world).examples(BIRTHDAY, NOW)
    assert [(example.patient_id, example.starts_at, example.values.starts_at) for example in found] == [
        ("P1", None, None),
        ("P2", None, None),
    ]


@pytest.mark.parametrize("kind", MessageKind)
def test_nobody_who_died_is_ever_shown(world: World, kind: MessageKind) -> None:
    world.book_appointment()
    world.change_patient(death_date=date(2026, 11, 1))
    assert service(world).examples(kind, NOW) == ()


def test_there_are_no_more_than_asked_for(world: World) -> None:
    for number in range(5):
        world.book_appointment(f"B{number}")
    assert len(service(world).examples(REMINDER, NOW, most=3)) == 3


def test_without_a_treatment_the_default_mandant_stands_in(world: World) -> None:
    world.practice = MemoryPracticeSource([MEIER, Mandant("M2", "Dr. Huber")], [ANNA])
    world.book_appointment()
    world.values[DEFAULT_MANDANT] = "M2"
    assert service(world).examples(REMINDER, NOW)[0].values.mandant == "Dr. Huber"
    world.practice.put(treatment("P1"))
    assert service(world).examples(REMINDER, NOW)[0].values.mandant == "Dr. Meier"


def test_without_the_practices_data_there_are_none(sqlite_database: Database) -> None:
    assert TemplateService(sqlite_database, lambda: Settings({})).examples(REMINDER, NOW) == ()
