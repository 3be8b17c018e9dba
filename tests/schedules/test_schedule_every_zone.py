"""A daily schedule has exactly one run on every local day, in every zone of the time-zone database."""

from __future__ import annotations

import os
import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from tray_agent.schedules.codes import Frequency
from tray_agent.schedules.planned_times import between
from tray_agent.schedules.schedule import Schedule

SOAK = os.environ.get("VITOCLIENT_SOAK") == "1"
FIRST_DAY, LAST_DAY = date(2024, 1, 1), date(2030, 12, 31)
TIMES = (time(0), time(0, 15), time(2, 30), time(12))
GROUPS = 8


def zones_of_group(group: int) -> list[str]:
    return sorted(available_timezones() - {"localtime", "Factory"})[group::GROUPS]


def local_days_of_runs(schedule: Schedule, zone: ZoneInfo, first: date, last: date) -> list[date]:
    begin = datetime.combine(first, time(), UTC) - timedelta(days=2)
    end = datetime.combine(last, time(), UTC) + timedelta(days=2)
    days = [at.astimezone(zone).date() for at in between(schedule, zone, begin, end)]
    return [day for day in days if first <= day <= last]


@pytest.mark.soak
@pytest.mark.timeout(3600 if SOAK else 120)
@pytest.mark.parametrize("group", range(GROUPS))
def test_exactly_one_run_on_every_local_day(group: int) -> None:
    """Whole: four times, seven years. Short: in every zone one of the times, over one of the years, both by chance."""
    for zone_name in zones_of_group(group):
        year = random.randint(FIRST_DAY.year, LAST_DAY.year)
        first, last = (FIRST_DAY, LAST_DAY) if SOAK else (date(year, 1, 1), date(year, 12, 31))
        expected = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        for at in TIMES if SOAK else random.sample(TIMES, 1):
            schedule = Schedule(Frequency.DAILY, 1, FIRST_DAY - timedelta(days=9), at)
            assert local_days_of_runs(schedule, ZoneInfo(zone_name), first, last) == expected, (zone_name, at, first)


def test_the_database_has_all_zones() -> None:
    assert sum(len(zones_of_group(group)) for group in range(GROUPS)) > 400


@pytest.mark.parametrize(
    ("zone_name", "at", "day", "expected"),
    [
        ("Europe/Paris", time(0), date(2026, 3, 30), "2026-03-30T00:00:00+02:00"),
        ("Europe/Zurich", time(2, 30), date(2026, 3, 29), "2026-03-29T03:00:00+02:00"),
        ("Europe/Zurich", time(2, 30), date(2026, 10, 25), "2026-10-25T02:30:00+02:00"),
        ("Australia/Lord_Howe", time(2, 15), date(2026, 10, 4), "2026-10-04T02:30:00+11:00"),
        ("America/Sao_Paulo", time(0), date(2017, 10, 15), "2017-10-15T01:00:00-02:00"),
        ("Africa/Cairo", time(0, 15), date(2026, 4, 24), "2026-04-24T01:00:00+03:00"),
        ("America/St_Johns", time(0, 30), date(2010, 3, 14), "2010-03-14T01:01:00-02:30"),
        ("Africa/El_Aaiun", time(2, 30), date(2026, 3, 22), "2026-03-22T03:00:00+01:00"),
        ("Pacific/Apia", time(10), date(2011, 12, 30), "2011-12-31T00:00:00+14:00"),
    ],
)
def test_the_run_of_a_day(zone_name: str, at: time, day: date, expected: str) -> None:
    schedule = Schedule(Frequency.ONCE, 0, day, at)
    zone = ZoneInfo(zone_name)
    everything = between(schedule, zone, datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    assert [run.astimezone(zone).isoformat() for run in everything] == [expected]


def test_a_skipped_day_adds_its_run_to_the_first_instant_after_it() -> None:
    """Apia had no 30 December 2011: its midnight falls on that of the 31st (one run), its noon on the same instant as well."""
    zone = ZoneInfo("Pacific/Apia")
    begin, end = datetime(2011, 12, 29, 11, tzinfo=UTC), datetime(2011, 12, 31, 9, tzinfo=UTC)
    midnights = list(between(Schedule(Frequency.DAILY, 1, date(2011, 12, 1), time(0)), zone, begin, end))
    noons = list(between(Schedule(Frequency.DAILY, 1, date(2011, 12, 1), time(12)), zone, begin, end))
    assert [at.astimezone(zone).isoformat() for at in midnights] == ["2011-12-31T00:00:00+14:00"]
    assert [at.astimezone(zone).isoformat() for at in noons] == [
        "2011-12-29T12:00:00-10:00",
        "2011-12-31T00:00:00+14:00",
        "2011-12-31T12:00:00+14:00",
    ]
