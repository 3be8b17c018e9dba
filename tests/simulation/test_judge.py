"""The judge's rules, one by one, on records made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from tests.simulation.agenda import Person, Visit
from tests.simulation.judge import RULES, Evidence, judge
from tests.simulation.product import Taken
from tests.simulation.record import Glance, Record
from tests.simulation.troubles import at

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
ANNA = Person("p1", "Anna", "Muster", "079 200 00 01", "", "M1", date(1980, 5, 5))
VISIT = Visit("v1", "p1", datetime(2026, 11, 24, 9, 0))  # noqa: DTZ001 - the practice's wall clock
TEXT = "Guten Tag Anna Muster, Ihr Termin: Dienstag, 24.11.2026, 09:00 Uhr. Verhindert?"


def an_sms(hour: int, minute: int = 0, *, day: date = MONDAY, text: str = TEXT, failed_at: datetime | None = None) -> Taken:
    return Taken("sms", "r", ANNA.address, text, at(day, time(hour, minute)), failed_at)


@pytest.fixture
def record() -> Record:
    """Returns a day of one visit, of which nobody was told anything."""
    begins = at(MONDAY, time(6))
    made = Record(1, begins, at(TUESDAY, time(20)))
    made.agenda.note(begins, ANNA, VISIT)
    made.hindrances.begin(begins, "night")
    made.hindrances.end(at(MONDAY, time(8)), "night")
    made.glances = [Glance(at(MONDAY, time(hour)), frozenset()) for hour in (9, 11, 14, 17)]
    return made


def found(record: Record) -> list[str]:
    return [violation.rule for violation in judge(record)]


def test_who_was_told_in_time_is_no_matter(record: Record) -> None:
    record.taken = [an_sms(10, 10)]
    assert found(record) == []


def test_silence_is_found(record: Record) -> None:
    assert found(record) == ["no silence"]


def test_told_the_next_morning_is_told_too_late_where_nothing_stood_in_the_way(record: Record) -> None:
    record.taken = [an_sms(8, day=TUESDAY)]
    assert found(record) == ["no silence"]


def test_told_the_next_morning_is_soon_enough_where_the_gateway_was_away_all_day(record: Record) -> None:
    record.hindrances.begin(at(MONDAY, time(10, 5)), "sms: gateway away")
    record.hindrances.end(at(TUESDAY, time(7, 55)), "sms: gateway away")
    record.taken = [an_sms(8, day=TUESDAY)]
    assert found(record) == []


def test_anothers_account_is_no_excuse(record: Record) -> None:
    record.hindrances.begin(at(MONDAY, time(10, 5)), "sms M2: refused")
    record.taken = [an_sms(8, day=TUESDAY)]
    assert found(record) == ["no silence"]


def test_the_call_list_in_time_is_not_silence(record: Record) -> None:
    record.glances.append(Glance(at(MONDAY, time(17, 30)), frozenset({(VISIT.id, VISIT.start)})))
    assert found(record) == []


def test_the_call_list_too_late_is_silence(record: Record) -> None:
    record.glances.append(Glance(VISIT.at - timedelta(minutes=5), frozenset({(VISIT.id, VISIT.start)})))
    assert found(record) == ["no silence"]


def test_a_visit_that_was_booked_after_its_day_was_prepared_is_not_owed(record: Record) -> None:
    record.taken = [an_sms(10, 10)]
    record.agenda.note(at(MONDAY, time(15)), Visit("v2", "p1", datetime(2026, 11, 24, 16, 0)))  # noqa: DTZ001 - the practice's wall clock
    assert found(record) == []


def test_twice_is_found(record: Record) -> None:
    record.taken = [an_sms(10, 10), an_sms(10, 40)]
    assert found(record) == ["never twice"]


def test_greeted_twice_in_a_year_is_found(record: Record) -> None:
    record.taken = [an_sms(10, 10), *(an_sms(hour, text="wir gratulieren") for hour in (10, 11))]
    assert found(record) == ["never twice"]


def test_night_is_found(record: Record) -> None:
    record.taken = [an_sms(20, 0)]
    assert "never at night" in found(record)


@pytest.mark.parametrize("change", [{"dead": True}, {"opted_out": True}])
def test_what_nobody_wants_is_found(record: Record, change: dict[str, bool]) -> None:
    record.agenda.note(at(MONDAY, time(10, 5)), replace(ANNA, **change))  # type: ignore[arg-type]
    record.taken = [an_sms(10, 10)]
    assert found(record) == ["never unwanted"]


def test_what_changed_in_the_last_minute_may_be_unknown(record: Record) -> None:
    record.agenda.note(at(MONDAY, time(10, 9, 30)), replace(ANNA, opted_out=True))
    record.taken = [an_sms(10, 10)]
    assert found(record) == []


def test_a_cancelled_appointment_is_found(record: Record) -> None:
    record.agenda.note(at(MONDAY, time(10, 5)), replace(VISIT, cancelled=True))
    record.taken = [an_sms(10, 10)]
    assert found(record) == ["never of nothing"]


def test_an_appointment_that_has_begun_is_found(record: Record) -> None:
    record.taken = [an_sms(10, 10), an_sms(9, 30, day=TUESDAY)]
    assert "never of nothing" in found(record)


def test_a_failure_that_nobody_hears_of_is_found(record: Record) -> None:
    record.taken = [an_sms(10, 10, failed_at=at(MONDAY, time(12)))]
    assert found(record) == ["failures are known"]


def test_a_failure_on_the_call_list_is_known(record: Record) -> None:
    record.taken = [an_sms(10, 10, failed_at=at(MONDAY, time(12)))]
    record.glances.append(Glance(at(MONDAY, time(17, 30)), frozenset({(VISIT.id, VISIT.start)})))
    assert found(record) == []


def test_a_wrong_last_word_is_found(record: Record) -> None:
    record.taken = [an_sms(10, 10)]
    record.agenda.note(at(MONDAY, time(14)), replace(VISIT, start=VISIT.start + timedelta(hours=3)))
    assert found(record) == ["last word is true"]


def test_every_violation_names_the_rule_the_seed_and_the_simulated_time(record: Record) -> None:
    assert str(judge(record)[0]).startswith("[no silence] seed 1, Tue 24.11.2026 09:00:00: Anna Muster (p1), 24.11. 09:00 (sms)")


def test_rules_change_nothing(record: Record) -> None:
    evidence = Evidence(record)
    assert [list(rule(evidence)) for rule in RULES.values()] == [list(rule(Evidence(record))) for rule in RULES.values()]
    assert record.starts.tzinfo is UTC
