"""The demo practice: every awkward case often enough, and what becomes of each is what was planted."""

# ruff: noqa: DTZ001 - times of appointments are wall-clock times of the practice, naive

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

import pytest

from tests.messages.scenes import templates
from tray_agent.demo.practice import DEFAULT_MANDANT, EACH, AwkwardCase, DemoPractice, find_demo_practice, make_demo_practice
from tray_agent.messages.model import MessageKind
from tray_agent.messages.rules.eligibility import (
    Candidate,
    Circumstances,
    Decision,
    Eligible,
    NotEligible,
    PreparingBatch,
    RuleSettings,
    birthdays_greeted_on,
)
from tray_agent.messages.rules.reasons import Reason
from tray_agent.practice.check import PracticeSeverity, check_practice
from tray_agent.practice.sql_source import SqlPracticeSource
from tray_agent.store.database import Database, open_database

TODAY = date(2026, 11, 23)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{(tmp_path / 'demo.db').as_posix()}")
    yield database
    database.dispose()


def decide_all(database: Database, today: date) -> Mapping[str, Decision]:
    """Decides the whole search window and all birthdays, as preparing does; by appointment or patient."""
    source = SqlPracticeSource(database)
    around = Circumstances(
        now=datetime(today.year, today.month, today.day, 10),
        settings=RuleSettings(reminders_on=True, birthdays_on=True, default_mandant=DEFAULT_MANDANT),
        mandants=source.mandants(),
        templates=templates(),
        visit_reasons=source.visit_reasons(),
    )
    batch, decisions = PreparingBatch(around), {}
    window = around.settings.window(today)
    for appointments in source.appointments_between(window.begin, window.end):
        patients = source.patients({appointment.patient_id for appointment in appointments})
        charged = source.last_mandants(patients)
        for appointment in appointments:
            candidate = Candidate(appointment, patients[appointment.patient_id], charged.get(appointment.patient_id))
            decisions[f"appointment {appointment.id}"] = batch.reminder(candidate)
    for greeted in source.patients_born_on(birthdays_greeted_on(today)):
        charged = source.last_mandants({patient.id for patient in greeted})
        for patient in greeted:
            decisions[f"patient {patient.id}"] = batch.birthday(Candidate(None, patient, charged.get(patient.id)))
    return decisions


def assert_as_planted(demo: DemoPractice, decisions: Mapping[str, Decision]) -> None:
    for planted in demo.planted:
        about = f"appointment {planted.appointment_id}" if planted.appointment_id else f"patient {planted.patient_id}"
        decision = decisions.get(about)
        if planted.reason is Reason.NO_BIRTHDAY:
            assert decision is None, "who has no birthday is not even a candidate"
        elif planted.reason is None:
            assert isinstance(decision, Eligible), (planted, decision)
            assert (decision.mandant_id, decision.channel) == (planted.mandant_id, planted.channel), planted
        else:
            assert isinstance(decision, NotEligible), (planted, decision)
            assert decision.reason is planted.reason, (planted, decision)


@pytest.mark.parametrize("today", [TODAY, date(2027, 2, 28), date(2028, 2, 28), date(2028, 2, 29), date(2026, 12, 31), date(2026, 11, 21)])
def test_every_planted_case_is_decided_as_it_must_be(empty: Database, today: date) -> None:
    demo = make_demo_practice(empty, today, patients=500)
    assert_as_planted(demo, decide_all(empty, today))


def test_every_awkward_case_is_there_at_least_three_times(empty: Database) -> None:
    demo = make_demo_practice(empty, TODAY)
    counts = Counter(planted.case for planted in demo.planted)
    assert set(counts) == set(AwkwardCase)
    assert min(counts.values()) >= 3
    birthdays = Counter(planted.reason for planted in demo.planted if planted.kind is MessageKind.BIRTHDAY)
    for reason in (Reason.DECEASED, Reason.OPTED_OUT, Reason.NO_CONTACT, Reason.LANDLINE_ONLY, Reason.LICENCE_EXPIRED):
        assert birthdays[reason] >= 3, reason
    assert birthdays[None] >= 12


def test_the_size_is_that_of_a_practice_and_it_is_quick(empty: Database) -> None:
    begin = time.perf_counter()
    demo = make_demo_practice(empty, TODAY)
    assert time.perf_counter() - begin < 5
    assert demo.patients == 2000
    assert demo.appointments > 1500
    assert len(demo.mandants) == 3


def test_the_same_day_and_seed_make_the_same_practice(empty: Database, tmp_path: Path) -> None:
    other = open_database(f"sqlite:///{(tmp_path / 'other.db').as_posix()}")
    assert make_demo_practice(empty, TODAY) == make_demo_practice(other, TODAY)
    one, two = SqlPracticeSource(empty), SqlPracticeSource(other)
    ids = [str(number) for number in range(10_000, 12_000)]
    assert one.patients(ids) == two.patients(ids)
    other.dispose()


def test_another_seed_makes_other_people(empty: Database, tmp_path: Path) -> None:
    other = open_database(f"sqlite:///{(tmp_path / 'other.db').as_posix()}")
    make_demo_practice(empty, TODAY, patients=300)
    make_demo_practice(other, TODAY, seed=7, patients=300)
    assert SqlPracticeSource(empty).patients({"10000"}) != SqlPracticeSource(other).patients({"10000"})
    other.dispose()


def test_a_practice_that_is_there_is_found_again(empty: Database) -> None:
    assert find_demo_practice(empty) is None
    made = make_demo_practice(empty, TODAY, patients=300)
    assert find_demo_practice(empty) == made


def test_it_works_on_every_engine(empty_database: Database) -> None:
    demo = make_demo_practice(empty_database, TODAY, patients=300)
    assert_as_planted(demo, decide_all(empty_database, TODAY))
    assert not [finding for finding in check_practice(empty_database) if finding.severity is PracticeSeverity.FAULT]


def test_families_share_a_number_and_each_appointment_has_its_own_message(empty: Database) -> None:
    demo = make_demo_practice(empty, TODAY, patients=300)
    decisions = decide_all(empty, TODAY)
    members = [planted for planted in demo.planted if planted.case is AwkwardCase.FAMILY_NUMBER]
    recipients = Counter(_recipient(decisions[f"appointment {member.appointment_id}"]) for member in members)
    assert sorted(recipients.values()) == [3] * EACH


def _recipient(decision: Decision) -> str:
    assert isinstance(decision, Eligible)
    return decision.recipient
