"""The judge's rules, one by one, on records made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from tests.simulation.agenda import DOCTORS, Person, Visit
from tests.simulation.judge import RULES, Evidence, judge
from tests.simulation.product import BOOKED_AFTERWARDS, GONE, PREPARING, Asked, Notice, Ran, Taken
from tests.simulation.record import Glance, Outage, PutBack, Record
from tests.simulation.troubles import at

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
ANNA = Person("p1", "Anna", "Muster", "079 200 00 01", "", "M1", date(1980, 5, 5))
BEAT = replace(ANNA, id="p2", first="Beat", mobile="079 200 00 02")
VISIT = Visit("v1", "p1", datetime(2026, 11, 24, 9, 0))  # noqa: DTZ001 - the practice's wall clock
TEXT = "Termin 24.11.2026, 09:00 Uhr bei Dr. Meier."
NOTICE = "Statt 24.11.2026, 09:00 Uhr: Termin 24.11.2026, 12:00 Uhr bei Dr. Meier."
LATER = replace(VISIT, start=VISIT.start + timedelta(hours=3))


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
    made.runs = [Ran(at(MONDAY, time(10)), PREPARING, True, {}), Ran(at(MONDAY, time(16)), PREPARING, True, {})]
    return made


def changed(record: Record, *changes: object, hour: int = 14) -> None:
    """Notes something in the agenda after the reminder of the usual time."""
    record.taken = [an_sms(10, 10)]
    record.agenda.note(at(MONDAY, time(hour)), *changes)  # type: ignore[arg-type]


def look(record: Record, hour: int, *listed: Visit, day: date = MONDAY) -> None:
    """Has somebody look at the call list once more."""
    record.glances.append(Glance(at(day, time(hour)), frozenset((visit.id, visit.start) for visit in listed)))


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
    record.agenda.note(at(MONDAY, time(17)), Visit("v2", "p1", datetime(2026, 11, 24, 16, 0)))  # noqa: DTZ001 - the practice's wall clock
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
    assert found(record) == ["never of nothing", "nobody comes in vain"]


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


@pytest.mark.parametrize(
    ("visit", "rules"),
    [
        (LATER, ["nobody comes in vain"]),
        (replace(VISIT, start=VISIT.start - timedelta(minutes=30)), ["last word is true"]),
        (replace(VISIT, start=VISIT.start + timedelta(days=9)), ["nobody comes in vain"]),
        (replace(VISIT, doctor=DOCTORS[1]), ["last word is true"]),
        (replace(VISIT, cancelled=True), ["nobody comes in vain"]),
        (replace(VISIT, deleted=True), ["nobody comes in vain"]),
        (replace(VISIT, provisional=True), ["nobody comes in vain"]),
        (replace(VISIT, person="p2"), ["nobody comes in vain", "last word is true"]),
    ],
)
def test_what_is_not_true_any_more_is_found(record: Record, visit: Visit, rules: list[str]) -> None:
    record.agenda.note(record.starts, BEAT)
    changed(record, visit)
    assert found(record) == rules


@pytest.mark.parametrize("listed", [True, False])
def test_who_was_seen_on_the_call_list_after_the_change_is_no_matter(record: Record, listed: bool) -> None:
    changed(record, LATER)
    look(record, 15 if listed else 13, VISIT)
    assert (found(record) == []) is listed


def test_a_question_that_was_seen_is_no_silence(record: Record) -> None:
    changed(record, replace(VISIT, deleted=True))
    record.asked = [Asked(at(MONDAY, time(16, 30)), "absent", "20 of Monday", frozenset({VISIT.id}))]
    assert found(record) == []


def test_a_row_of_the_log_is_enough_for_what_is_gone_not_for_what_was_moved(record: Record) -> None:
    row = Notice(at(MONDAY, time(16)), next(iter(GONE)), ANNA.id, VISIT.start)
    record.notices = [row]
    changed(record, replace(VISIT, cancelled=True))
    assert found(record) == []
    record.notices = [replace(row, at=at(MONDAY, time(12)))]
    assert found(record) == ["nobody comes in vain"]
    record.notices = [row]
    record.agenda.note(at(MONDAY, time(15)), LATER)
    assert "nobody comes in vain" in found(record)


@pytest.mark.parametrize(("minute", "rules"), [(15, []), (30, ["nobody comes in vain"])])
def test_what_is_missing_shortly_before_is_owed_where_somebody_could_look_only(record: Record, minute: int, rules: list[str]) -> None:
    record.taken = [an_sms(10, 10)]
    record.agenda.note(at(TUESDAY, time(8, 20)), replace(VISIT, deleted=True))
    record.runs.append(Ran(at(TUESDAY, time(8, 45)), PREPARING, True, {}))
    record.glances.append(Glance(at(TUESDAY, time(8, minute)), frozenset()))
    assert found(record) == rules


@pytest.mark.parametrize("forgotten", [False, True])
def test_what_the_store_forgot_that_it_told_before_is_a_reminder(record: Record, forgotten: bool) -> None:
    record.taken = [an_sms(6, 30)]
    record.put_back = [PutBack(at(MONDAY, time(6)), at(MONDAY, time(7)))] * forgotten
    assert ("no silence" in found(record)) is not forgotten


def test_what_no_run_could_see_any_more_is_no_matter(record: Record) -> None:
    changed(record, replace(VISIT, cancelled=True), hour=17)
    assert found(record) == []


def test_a_notice_makes_it_right_and_is_no_double(record: Record) -> None:
    changed(record, LATER)
    record.taken.append(an_sms(16, 10, text=NOTICE))
    assert found(record) == []
    record.taken.append(an_sms(8, day=TUESDAY, text=TEXT.replace("09:00", "12:00")))
    assert found(record) == []


def test_a_notice_again_and_a_notice_with_the_reminder_are_doubles(record: Record) -> None:
    changed(record, LATER)
    record.taken += [an_sms(16, 10, text=NOTICE), an_sms(18, 10, text=NOTICE)]
    assert found(record) == ["never twice"]
    record.taken[-1] = an_sms(16, 11, text=TEXT.replace("09:00", "12:00"))
    assert found(record) == ["never twice"]


def test_a_notice_that_names_the_wrong_new_time_is_found(record: Record) -> None:
    changed(record, LATER)
    record.taken.append(an_sms(16, 10, text=NOTICE.replace("12:00", "13:00")))
    assert found(record) == ["never of nothing", "nobody comes in vain"]


@pytest.mark.parametrize("counted", [0, 1])
def test_who_was_booked_after_preparing_is_counted_by_the_next_run(record: Record, counted: int) -> None:
    changed(record, Visit("v2", "p1", datetime(2026, 11, 24, 16, 0)))  # noqa: DTZ001 - the practice's wall clock
    record.runs.append(Ran(at(TUESDAY, time(10)), PREPARING, True, {BOOKED_AFTERWARDS: counted}))
    assert (found(record) == []) is bool(counted)


def test_with_one_reminder_a_day_the_second_is_owed_from_when_the_first_is_gone(record: Record) -> None:
    second = Visit("v2", "p1", datetime(2026, 11, 24, 16, 0))  # noqa: DTZ001 - the practice's wall clock
    record.one_per_day = True
    record.agenda.note(record.starts, second)
    record.taken = [an_sms(10, 10)]
    assert found(record) == []
    record.notices = [Notice(at(MONDAY, time(16)), next(iter(GONE)), ANNA.id, VISIT.start)]
    record.agenda.note(at(MONDAY, time(14)), replace(VISIT, cancelled=True))
    look(record, 11, day=TUESDAY)
    assert found(record) == ["no silence"]
    look(record, 11, second, day=TUESDAY)
    assert found(record) == []


def test_what_a_view_did_not_show_is_owed_by_nobody(record: Record) -> None:
    record.outages = [Outage(at(MONDAY, time(9, 59)), at(MONDAY, time(11)), frozenset({VISIT.id}))]
    assert found(record) == []


def test_what_a_store_forgot_that_was_put_back_is_not_told_of(record: Record) -> None:
    changed(record, replace(VISIT, cancelled=True))
    record.put_back = [PutBack(at(MONDAY, time(8)), at(MONDAY, time(13)))]
    assert found(record) == []


@pytest.mark.parametrize("forgotten", [True, False])
def test_to_whom_went_what_the_store_forgot_nobody_knows(record: Record, forgotten: bool) -> None:
    record.agenda.note(record.starts, BEAT)
    changed(record, replace(VISIT, person="p2"))
    record.put_back = [PutBack(at(MONDAY, time(8)), at(MONDAY, time(15)))] * forgotten
    assert ("last word is true" in found(record)) is not forgotten


def test_every_violation_names_the_rule_the_seed_and_the_simulated_time(record: Record) -> None:
    assert str(judge(record)[0]).startswith("[no silence] seed 1, Tue 24.11.2026 09:00:00: Anna Muster (p1), 24.11. 09:00 (sms)")


def test_rules_change_nothing(record: Record) -> None:
    evidence = Evidence(record)
    assert [list(rule(evidence)) for rule in RULES.values()] == [list(rule(Evidence(record))) for rule in RULES.values()]
    assert record.starts.tzinfo is UTC
