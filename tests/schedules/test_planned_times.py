"""Planned times: windows, their ends, midnight, and schedules that run no more."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from tray_agent.schedules.codes import Frequency, Subday
from tray_agent.schedules.planned_times import between, days_between, next_after, previous_at_or_before
from tray_agent.schedules.schedule import Schedule

ZURICH = ZoneInfo("Europe/Zurich")
START = date(2026, 11, 23)


def window(start: time, end: time, minutes: int = 0, hours: int = 0, end_date: date | None = None) -> Schedule:
    subday = Subday.MINUTES if minutes else Subday.HOURS
    return Schedule(Frequency.DAILY, 1, START, start, end, end_date, subday=subday, subday_interval=minutes or hours)


def walls(schedule: Schedule, begin: datetime, hours: int) -> list[str]:
    after = begin.replace(tzinfo=ZURICH).astimezone(UTC)
    return [f"{at.astimezone(ZURICH):%d. %H:%M:%S}" for at in between(schedule, ZURICH, after, after + timedelta(hours=hours))]


def test_the_end_of_a_window_is_inclusive() -> None:
    day = datetime(2026, 11, 23)  # noqa: DTZ001
    assert walls(window(time(8), time(9), minutes=30), day, 24) == ["23. 08:00:00", "23. 08:30:00", "23. 09:00:00"]
    assert walls(window(time(8), time(8, 59, 59), minutes=30), day, 24) == ["23. 08:00:00", "23. 08:30:00"]
    assert walls(window(time(8, 0, 7), time(10), hours=1), day, 24) == ["23. 08:00:07", "23. 09:00:07"]


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_began() -> None:
    last_night = window(time(23), time(1), minutes=60, end_date=START)
    assert walls(last_night, datetime(2026, 11, 22), 96) == ["23. 23:00:00", "24. 00:00:00", "24. 01:00:00"]  # noqa: DTZ001


def test_a_step_longer_than_the_window_runs_at_its_start() -> None:
    assert walls(window(time(8), time(9), hours=5), datetime(2026, 11, 23), 24) == ["23. 08:00:00"]  # noqa: DTZ001


def test_after_is_strict_and_before_includes() -> None:
    schedule = Schedule(Frequency.DAILY, 1, START, time(10))
    ten = datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert next_after(schedule, ZURICH, ten) == ten + timedelta(days=1)
    assert next_after(schedule, ZURICH, ten - timedelta(microseconds=1)) == ten
    assert previous_at_or_before(schedule, ZURICH, ten) == ten
    assert previous_at_or_before(schedule, ZURICH, ten - timedelta(microseconds=1)) == ten - timedelta(days=1)


def test_the_zone_in_which_the_instant_is_given_does_not_matter() -> None:
    schedule = Schedule(Frequency.DAILY, 1, START, time(10))
    tokyo = datetime(2026, 11, 25, 2, tzinfo=timezone(timedelta(hours=9)))
    assert next_after(schedule, ZURICH, tokyo) == datetime(2026, 11, 25, 9, tzinfo=UTC)


def test_once_runs_once() -> None:
    schedule = Schedule(Frequency.ONCE, 0, date(2026, 3, 29), time(2, 30))
    everything = between(schedule, ZURICH, datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    assert list(everything) == [datetime(2026, 3, 29, 1, tzinfo=UTC)]


def test_a_schedule_that_is_not_enabled_never_runs() -> None:
    schedule = Schedule(Frequency.DAILY, 1, START, time(10), enabled=False)
    assert next_after(schedule, ZURICH, datetime(2026, 1, 1, tzinfo=UTC)) is None
    assert previous_at_or_before(schedule, ZURICH, datetime(2027, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize("instant", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_the_ends_of_the_calendar_do_no_harm(instant: datetime) -> None:
    schedule = window(time(22), time(4), minutes=1)
    for zone in (ZURICH, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("America/Los_Angeles")):
        following, previous = next_after(schedule, zone, instant), previous_at_or_before(schedule, zone, instant)
        assert (following is None) == (instant.year == 9999)
        assert (previous is None) == (instant.year == 1)


def test_times_are_given_one_by_one() -> None:
    endless = between(window(time(0), time(23, 59), minutes=1), ZURICH, datetime(2026, 12, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    assert len(list(islice(endless, 3))) == 3


def test_times_that_fall_on_the_same_instant_are_one_run() -> None:
    """02:00 to 02:45 are skipped and 03:00 follows: five wall-clock times, one instant."""
    schedule = Schedule(Frequency.ONCE, 0, date(2026, 3, 29), time(2))
    assert next_after(schedule, ZURICH, datetime(2026, 3, 28, tzinfo=UTC)) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    quarters = Schedule(Frequency.DAILY, 1, date(2026, 1, 1), time(1, 45), time(3, 15), subday=Subday.MINUTES, subday_interval=15)
    assert walls(quarters, datetime(2026, 3, 29), 12) == ["29. 01:45:00", "29. 03:00:00", "29. 03:15:00"]  # noqa: DTZ001


def test_days_with_a_planned_time_at_midnight_are_told_each_once() -> None:
    """The first instant of the next day is a planned time, too."""
    midnights = Schedule(Frequency.DAILY, 1, START, time(0))
    through = window(time(0), time(23, 59, 59), minutes=1)
    begin, end = (datetime(2026, 11, day, 12, tzinfo=ZURICH).astimezone(UTC) for day in (23, 26))
    assert list(days_between(midnights, ZURICH, begin, end)) == [date(2026, 11, day) for day in (24, 25, 26)]
    assert list(days_between(through, ZURICH, begin, end)) == [date(2026, 11, day) for day in (23, 24, 25, 26)]
    assert list(days_between(midnights, ZURICH, end, begin)) == []
