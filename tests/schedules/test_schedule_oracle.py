"""Planned times equal those that one finds by looking at every minute."""

from __future__ import annotations

import os
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.schedules import schedule_oracle as oracle
from tests.schedules.schedule_strategies import schedules
from tray_agent.schedules.codes import Subday
from tray_agent.schedules.planned_times import between, days_between, next_after, previous_at_or_before
from tray_agent.schedules.schedule import Schedule

SOAK = os.environ.get("VITOCLIENT_SOAK") == "1"
YEARS = 2
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without shrinking: a schedule is small as it is, and a long enumeration tried a thousand times takes for ever."""

ZONES = (
    ("Europe/Zurich", 2025),
    ("America/New_York", 2024),
    ("Australia/Lord_Howe", 2025),  # half an hour
    ("Africa/Casablanca", 2024),  # Ramadan
    ("Africa/El_Aaiun", 2026),
    ("America/Sao_Paulo", 2017),  # midnight is skipped
    ("Pacific/Apia", 2011),  # 30 December 2011 is skipped
    ("Asia/Beirut", 2024),  # midnight is skipped and repeated
    ("Africa/Cairo", 2024),
    ("Antarctica/Troll", 2024),  # two hours
    ("Pacific/Chatham", 2024),  # 12:45, changed at 02:45
    ("America/St_Johns", 2010),  # changed at 00:01
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, int, Schedule]:
    zone_name, first_year = draw(st.sampled_from(ZONES))
    return zone_name, first_year, draw(schedules(first_year, first_year + YEARS - 1))


def compared_period(schedule: Schedule, first_year: int, day: int) -> tuple[datetime, datetime]:
    """Returns what is compared: both years; in the short form a month of them where a schedule runs very often."""
    begin, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(first_year + YEARS, 1, 1, tzinfo=UTC)
    if SOAK or schedule.subday is not Subday.MINUTES or schedule.subday_interval >= 60:
        return begin, end
    begin += timedelta(days=day)
    return begin, min(end, begin + timedelta(days=30))


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600 if SOAK else 120)
@settings(max_examples=2000 if SOAK else 150, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases(), day=st.integers(0, 700))
def test_planned_times_are_those_of_a_look_at_every_minute(case: tuple[str, int, Schedule], day: int) -> None:
    zone_name, first_year, schedule = case
    after, until = compared_period(schedule, first_year, day)
    expected = oracle.planned(schedule, oracle.shown(zone_name, first_year, YEARS, 1 if SOAK else 60), after, until)
    assert list(between(schedule, ZoneInfo(zone_name), after, until)) == expected


@lru_cache
def changes(zone_name: str, first_year: int) -> tuple[datetime, ...]:
    """Returns the hours in which the clocks of a zone are changed."""
    zone = ZoneInfo(zone_name)
    hours = [datetime(first_year, 1, 20, tzinfo=UTC) + timedelta(hours=hour) for hour in range(24 * 690)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    return tuple(hour for hour, before, after in zip(hours, offsets, offsets[1:], strict=False) if before != after)


@st.composite
def instants(draw: st.DrawFn, zone_name: str, first_year: int) -> datetime:
    """Any instant, and as often one within some hours of a change of the clocks."""
    anywhere = datetime(first_year, 1, 20, tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 690 * 86400)))
    near = draw(st.sampled_from(changes(zone_name, first_year))) + timedelta(seconds=draw(st.integers(-2 * 3600, 4 * 3600)))
    return draw(st.sampled_from((anywhere, near))) + timedelta(microseconds=draw(st.sampled_from((0, 1, 999_999))))


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600 if SOAK else 120)
@settings(max_examples=2000 if SOAK else 200, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases(), data=st.data())
def test_the_times_before_and_after_any_instant_are_neighbours(case: tuple[str, int, Schedule], data: st.DataObject) -> None:
    zone_name, first_year, schedule = case
    zone = ZoneInfo(zone_name)
    instant = data.draw(instants(zone_name, first_year))
    begin, end = instant - timedelta(days=15), instant + timedelta(days=15)
    expected = oracle.planned(schedule, oracle.shown(zone_name, first_year, YEARS, 1 if SOAK else 60), begin, end)
    place = bisect_right(expected, instant)
    if place < len(expected):
        assert next_after(schedule, zone, instant) == expected[place]
    else:
        found = next_after(schedule, zone, instant)
        assert found is None or found > end
    if place > 0:
        assert previous_at_or_before(schedule, zone, instant) == expected[place - 1]
        assert previous_at_or_before(schedule, zone, expected[place - 1]) == expected[place - 1]
    else:
        earlier = previous_at_or_before(schedule, zone, instant)
        assert earlier is None or earlier <= begin


@pytest.mark.parametrize(("zone_name", "first_year"), ZONES)
def test_the_oracle_looks_at_a_clock_that_is_changed(zone_name: str, first_year: int) -> None:
    clock = oracle.shown(zone_name, first_year, YEARS, 60)
    skipped = sum(minute < 0 for minute in clock.first)
    assert skipped > 0


def test_every_minute_through_all_changes_of_a_year() -> None:
    """Every minute of the clock runs once: as many runs as there are minutes in UTC less the repeated ones."""
    columns = {"freq_type": 4, "freq_subday_type": 4, "freq_subday_interval": 1, "active_start_date": 20260101, "active_end_time": 235900}
    schedule = Schedule.from_columns(columns)
    zone = ZoneInfo("Europe/Zurich")
    for change in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)):
        runs = list(between(schedule, zone, change, change + timedelta(hours=4)))
        walls = [at.astimezone(zone).replace(tzinfo=None) for at in runs]
        assert walls == sorted(set(walls))
        assert len(runs) == (240 if change.month == 3 else 180)


def test_within_a_repeated_hour_all_its_times_lie_behind() -> None:
    columns = {"freq_type": 4, "freq_subday_type": 4, "freq_subday_interval": 1, "active_start_date": 20260101, "active_end_time": 235900}
    schedule = Schedule.from_columns(columns)
    zone = ZoneInfo("Europe/Zurich")
    for minute in range(60):
        second_time = datetime(2026, 10, 25, 1, minute, tzinfo=UTC)
        assert second_time.astimezone(zone).fold == 1
        assert next_after(schedule, zone, second_time) == datetime(2026, 10, 25, 2, 0, tzinfo=UTC)
        assert previous_at_or_before(schedule, zone, second_time) == datetime(2026, 10, 25, 0, 59, tzinfo=UTC)


@pytest.mark.timeout(120)
@settings(max_examples=150, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases(), day=st.integers(0, 700), hours=st.integers(0, 24 * 30))
def test_days_with_a_planned_time_are_those_of_the_planned_times(case: tuple[str, int, Schedule], day: int, hours: int) -> None:
    zone_name, first_year, schedule = case
    zone = ZoneInfo(zone_name)
    begin = datetime(first_year, 1, 1, tzinfo=UTC) + timedelta(days=day)
    until = begin + timedelta(hours=hours)
    expected = list(dict.fromkeys(at.astimezone(zone).date() for at in between(schedule, zone, begin, until)))
    assert list(days_between(schedule, zone, begin, until)) == expected
