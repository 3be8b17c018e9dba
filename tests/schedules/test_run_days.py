"""The run days equal those of dateutil's ``rrule``, which reads the same plan by RFC 5545."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from dateutil.rrule import DAILY, FR, MO, MONTHLY, SA, SU, TH, TU, WE, WEEKLY, rrule
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.schedules.schedule_strategies import schedules
from tray_agent.schedules.codes import Frequency, Position, RelativeDay
from tray_agent.schedules.run_days import next_run_day, previous_run_day
from tray_agent.schedules.schedule import Schedule

UNTIL = datetime(2032, 1, 1)  # noqa: DTZ001 - rrule is asked for dates
WEEKDAYS = {2: MO, 4: TU, 8: WE, 16: TH, 32: FR, 64: SA, 1: SU}
KINDS = {
    RelativeDay.SUNDAY: (SU,), RelativeDay.MONDAY: (MO,), RelativeDay.TUESDAY: (TU,), RelativeDay.WEDNESDAY: (WE,),
    RelativeDay.THURSDAY: (TH,), RelativeDay.FRIDAY: (FR,), RelativeDay.SATURDAY: (SA,), RelativeDay.DAY: (MO, TU, WE, TH, FR, SA, SU),
    RelativeDay.WORKING_DAY: (MO, TU, WE, TH, FR), RelativeDay.WEEKEND_DAY: (SA, SU),
}  # fmt: skip
PLACES = {Position.FIRST: 1, Position.SECOND: 2, Position.THIRD: 3, Position.FOURTH: 4, Position.LAST: -1}


def rule_of(schedule: Schedule) -> rrule:
    start = datetime.combine(schedule.start_date, time())
    if schedule.frequency is Frequency.ONCE:
        return rrule(DAILY, dtstart=start, count=1)
    until = min(UNTIL, datetime.combine(schedule.end_date or UNTIL.date(), time()))
    if schedule.frequency is Frequency.DAILY:
        return rrule(DAILY, dtstart=start, interval=schedule.interval, until=until)
    if schedule.frequency is Frequency.WEEKLY:
        days = [day for bit, day in WEEKDAYS.items() if schedule.interval & bit]
        return rrule(WEEKLY, dtstart=start, interval=schedule.recurrence, byweekday=days, wkst=MO, until=until)
    if schedule.frequency is Frequency.MONTHLY:
        return rrule(MONTHLY, dtstart=start, interval=schedule.recurrence, bymonthday=schedule.interval, until=until)
    kind, place = KINDS[RelativeDay(schedule.interval)], PLACES[schedule.position]
    return rrule(MONTHLY, dtstart=start, interval=schedule.recurrence, byweekday=kind, bysetpos=place, until=until)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(schedules(2025, 2026))
def test_run_days_are_those_of_rrule(schedule: Schedule) -> None:
    expected = [at.date() for at in rule_of(schedule)]
    found = []
    day = next_run_day(schedule, date(2000, 1, 1))
    while day is not None and day < UNTIL.date():
        found.append(day)
        day = next_run_day(schedule, day + timedelta(days=1))
    assert found == [day for day in expected if day < UNTIL.date()]


@settings(deadline=None, max_examples=300)
@given(schedules(2025, 2026), st.dates(date(2020, 1, 1), date(2031, 1, 1)))
def test_previous_and_next_meet(schedule: Schedule, day: date) -> None:
    previous, following = previous_run_day(schedule, day), next_run_day(schedule, day)
    if previous is not None:
        assert previous <= day
        assert next_run_day(schedule, previous) == previous
        assert next_run_day(schedule, previous + timedelta(days=1)) == (
            following if previous < day else next_run_day(schedule, day + timedelta(days=1))
        )
    if following is not None:
        assert following >= day
        assert previous_run_day(schedule, following) == following
        assert previous_run_day(schedule, following - timedelta(days=1)) == (
            previous if following > day else previous_run_day(schedule, day - timedelta(days=1))
        )


def _monthly(day: int, every: int, start: date) -> Schedule:
    return Schedule(Frequency.MONTHLY, day, start, time(10), recurrence=every)


@pytest.mark.parametrize(
    ("schedule", "day", "expected"),
    [
        (_monthly(31, 1, date(2026, 1, 1)), date(2026, 2, 1), date(2026, 3, 31)),
        (_monthly(29, 12, date(2026, 2, 1)), date(2026, 2, 1), date(2028, 2, 29)),
        (_monthly(29, 12, date(2026, 2, 1)), date(2096, 3, 1), date(2104, 2, 29)),
        (_monthly(29, 300, date(2025, 2, 1)), date(2026, 2, 1), date(2400, 2, 29)),
        (_monthly(29, 24, date(2025, 2, 1)), date(2026, 2, 1), None),
        (_monthly(30, 12, date(2025, 2, 1)), date(2026, 2, 1), None),
        (_monthly(31, 12, date(2025, 4, 1)), date(2026, 2, 1), None),
    ],
)
def test_short_months(schedule: Schedule, day: date, expected: date | None) -> None:
    assert next_run_day(schedule, day) == expected


def test_weeks_are_counted_from_the_monday_of_the_start_date() -> None:
    """Every second week on Monday and Sunday, from a Wednesday: the Sunday of that week counts, the Monday of the next does not."""
    schedule = Schedule(Frequency.WEEKLY, 1 + 2, date(2026, 11, 25), time(10), recurrence=2)
    assert next_run_day(schedule, date(2026, 11, 1)) == date(2026, 11, 29)
    assert next_run_day(schedule, date(2026, 11, 30)) == date(2026, 12, 7)
    assert previous_run_day(schedule, date(2026, 12, 6)) == date(2026, 11, 29)
    assert previous_run_day(schedule, date(2026, 11, 28)) is None


def test_start_and_end_date_are_inclusive() -> None:
    schedule = Schedule(Frequency.DAILY, 3, date(2026, 11, 23), time(10), end_date=date(2026, 11, 29))
    assert next_run_day(schedule, date(2026, 1, 1)) == date(2026, 11, 23)
    assert next_run_day(schedule, date(2026, 11, 27)) == date(2026, 11, 29)
    assert next_run_day(schedule, date(2026, 11, 30)) is None
    assert previous_run_day(schedule, date(2027, 1, 1)) == date(2026, 11, 29)
