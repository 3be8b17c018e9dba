"""What every ``PracticeSource`` promises: the double in memory, and the views on every engine."""

# ruff: noqa: DTZ001 - times of appointments are wall-clock times of the practice, naive

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import ENGINES, make_database
from tests.practice import sources
from tray_agent.practice.model import Appointment, AppointmentStatus, PracticeSource
from tray_agent.practice.views import APPOINTMENTS, MANDANTS, PATIENTS, TREATMENTS, VIEWS, VISIT_REASONS, PracticeView
from tray_agent.store.database import open_database

DAY = datetime(2026, 11, 24)


@pytest.fixture(params=("memory", *ENGINES))
def practice(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PracticeSource]:
    if request.param == "memory":
        yield sources.memory_practice()
        return
    for url in make_database(request.param, tmp_path):
        database = open_database(url)
        yield sources.sql_practice(database)
        database.dispose()


def ids(chunks: Iterator[list[Appointment]]) -> list[str]:
    return [appointment.id for chunk in chunks for appointment in chunk]


def test_mandants_come_whole(practice: PracticeSource) -> None:
    assert practice.mandants() == {mandant.id: mandant for mandant in sources.MANDANTS}


def test_a_view_with_rows_is_not_empty(practice: PracticeSource) -> None:
    assert practice.empty_views() == frozenset()


@pytest.mark.parametrize("emptied", [(), (PATIENTS,), (TREATMENTS,), (APPOINTMENTS,), (MANDANTS, VISIT_REASONS), VIEWS])
def test_a_view_without_rows_is_empty(practice: PracticeSource, emptied: tuple[PracticeView, ...]) -> None:
    sources.empty(practice, *emptied)
    assert practice.empty_views() == {view.name for view in emptied}


def test_visit_reasons_come_whole(practice: PracticeSource) -> None:
    assert practice.visit_reasons() == {reason.id: reason for reason in sources.VISIT_REASONS}


def test_patients_come_whole_with_umlauts_apostrophes_and_emoji(practice: PracticeSource) -> None:
    found = practice.patients([patient.id for patient in sources.PATIENTS])
    assert found == {patient.id: patient for patient in sources.PATIENTS}


def test_unknown_and_impossible_ids_are_left_out(practice: PracticeSource) -> None:
    assert set(practice.patients({"1", "999", "no number", "", "1; DROP TABLE patient", "9" * 30, "-", "1.0", "²"})) == {"1"}
    assert practice.patients(()) == {}
    assert practice.appointments(()) == {}
    assert practice.last_mandants(()) == {}


def test_appointments_come_whole_by_id(practice: PracticeSource) -> None:
    found = practice.appointments([appointment.id for appointment in sources.APPOINTMENTS])
    assert found == {appointment.id: appointment for appointment in sources.APPOINTMENTS}


def test_the_window_holds_its_first_moment_and_not_its_end(practice: PracticeSource) -> None:
    assert ids(practice.appointments_between(DAY, DAY + timedelta(days=1))) == ["101", "102", "103", "104"]


def test_the_window_may_begin_and_end_at_any_minute(practice: PracticeSource) -> None:
    begin, end = DAY + timedelta(hours=8, minutes=30), DAY + timedelta(hours=23, minutes=55)
    assert ids(practice.appointments_between(begin, end)) == ["102", "103"]


def test_an_empty_window_gives_nothing(practice: PracticeSource) -> None:
    assert ids(practice.appointments_between(DAY, DAY)) == []


def test_birthdays_by_month_and_day_of_any_year(practice: PracticeSource) -> None:
    found = [patient.id for chunk in practice.patients_born_on({(11, 23)}) for patient in chunk]
    assert found == ["2", "3"]


def test_birthdays_of_several_days_at_once(practice: PracticeSource) -> None:
    found = [patient.id for chunk in practice.patients_born_on({(2, 28), (2, 29)}) for patient in chunk]
    assert found == ["1", "4"]


def test_no_days_give_nobody(practice: PracticeSource) -> None:
    assert [patient for chunk in practice.patients_born_on(()) for patient in chunk] == []


def test_the_treatment_opened_last_decides_and_ties_go_to_the_greater_id(practice: PracticeSource) -> None:
    assert practice.last_mandants({"1", "2", "3", "4", "999"}) == {"1": "M2", "2": "M1", "4": "M2"}


def test_more_ids_than_a_statement_takes(practice: PracticeSource) -> None:
    many = [str(number) for number in range(1, 5001)]
    assert set(practice.patients(many)) == {"1", "2", "3", "4", "5"}
    assert practice.last_mandants(many) == {"1": "M2", "2": "M1", "4": "M2"}


def test_status_words_are_read_as_states(practice: PracticeSource) -> None:
    found = practice.appointments({"101", "102", "103", "104", "105"})
    assert [found[key].status for key in sorted(found)] == [
        AppointmentStatus.DEFINITE,
        AppointmentStatus.CANCELLED,
        AppointmentStatus.PROVISIONAL,
        AppointmentStatus.MISSED,
        AppointmentStatus.DONE,
    ]
