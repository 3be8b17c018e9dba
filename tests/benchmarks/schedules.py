"""Schedules: next and previous planned time, the check of a set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import partial
from statistics import median
from zoneinfo import ZoneInfo

from tests.benchmarks.row import Row, seconds_each, show_seconds
from tray_agent.job_kinds import JobKey, default_schedules
from tray_agent.schedules.codes import Frequency, Position, RelativeDay, Subday
from tray_agent.schedules.day_plan import plan_day
from tray_agent.schedules.order_check import check_order
from tray_agent.schedules.planned_times import next_after, previous_at_or_before
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.schedules.schedule import Schedule

ZURICH = ZoneInfo("Europe/Zurich")
APIA = ZoneInfo("Pacific/Apia")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LONG_AGO = date(2010, 1, 1)
MIDDLE_GOAL, WORST_GOAL = 20e-6, 200e-6
FLOOR = "instant to wall clock and back, zoneinfo"


@dataclass(frozen=True)
class _Case:
    name: str
    schedule: Schedule
    instant: datetime = NOW
    zone: ZoneInfo = ZURICH


def run() -> list[Row]:
    """Returns the time of one question for every kind of schedule, and of the whole check."""
    floor = seconds_each(_to_wall_clock_and_back)
    following = {case.name: seconds_each(partial(next_after, case.schedule, case.zone, case.instant)) for case in _cases()}
    before = {case.name: seconds_each(partial(previous_at_or_before, case.schedule, case.zone, case.instant)) for case in _cases()}
    rows = [
        _row("next time, in the middle of all cases", median(following.values()), floor, MIDDLE_GOAL),
        _row("next time, worst of all cases", max(following.values()), floor, WORST_GOAL),
        _row("previous time, in the middle of all cases", median(before.values()), floor, MIDDLE_GOAL),
        _row("previous time, worst of all cases", max(before.values()), floor, WORST_GOAL),
    ]
    rows += [_row(f"next time, {name}", took, floor, WORST_GOAL) for name, took in following.items()]
    return [*rows, *_checks()]


def _checks() -> list[Row]:
    schedules = {job: replace(schedule, enabled=True) for job, schedule in default_schedules(LONG_AGO).items()}
    often = schedules | {JobKey.SEND_MESSAGES: _window(1, time(8), time(19, 59)), JobKey.UPDATE_STATUS: _window(1, time(0), time(23, 59))}
    quiet, day = QuietHours(sundays=True), NOW.date()
    return [
        _plain("check of the seed's example over a year", seconds_each(lambda: check_order(schedules, ZURICH, quiet, day)), 0.5),
        _plain("check of schedules of every minute over a year", seconds_each(lambda: check_order(often, ZURICH, quiet, day)), 0.5),
        _plain("plan of a day", seconds_each(lambda: plan_day(schedules, ZURICH, quiet, day)), 0.02),
    ]


def _cases() -> list[_Case]:
    ten = time(10)
    return [
        _Case("once, ahead", Schedule(Frequency.ONCE, 0, date(2027, 1, 1), ten)),
        _Case("daily", Schedule(Frequency.DAILY, 1, LONG_AGO, ten)),
        _Case("every 997 days", Schedule(Frequency.DAILY, 997, LONG_AGO, ten)),
        _Case("start far ahead", Schedule(Frequency.DAILY, 1, date(2999, 1, 1), ten)),
        _Case("ended long ago", Schedule(Frequency.DAILY, 1, LONG_AGO, ten, end_date=date(2011, 1, 1))),
        _Case("every second week, three weekdays", Schedule(Frequency.WEEKLY, 42, LONG_AGO, ten, recurrence=2)),
        _Case("monthly on day 31", Schedule(Frequency.MONTHLY, 31, LONG_AGO, ten, recurrence=1)),
        _Case("29 February", Schedule(Frequency.MONTHLY, 29, date(2012, 2, 1), ten, recurrence=12)),
        _Case("29 February of years that never have one", Schedule(Frequency.MONTHLY, 29, date(2011, 2, 1), ten, recurrence=24)),
        _Case("29 February every 25 years", Schedule(Frequency.MONTHLY, 29, date(2025, 2, 1), ten, recurrence=300)),
        _Case("30 February", Schedule(Frequency.MONTHLY, 30, date(2011, 2, 1), ten, recurrence=12)),
        _Case(
            "last working day of the month",
            Schedule(Frequency.MONTHLY_RELATIVE, RelativeDay.WORKING_DAY, LONG_AGO, ten, position=Position.LAST, recurrence=1),
        ),
        _Case("every minute, all day", _window(1, time(0), time(23, 59))),
        _Case("every 7 minutes over midnight", _window(7, time(18), time(6))),
        _Case("before a gap", Schedule(Frequency.DAILY, 1, LONG_AGO, time(2, 30)), datetime(2026, 3, 29, 0, 59, tzinfo=UTC)),
        _Case("in the repeated hour, every minute", _window(1, time(0), time(23, 59)), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        _Case("before a gap of a day", Schedule(Frequency.DAILY, 1, LONG_AGO, ten), datetime(2011, 12, 30, 9, tzinfo=UTC), APIA),
    ]


def _window(minutes: int, start: time, end: time) -> Schedule:
    return Schedule(Frequency.DAILY, 1, LONG_AGO, start, end, subday=Subday.MINUTES, subday_interval=minutes)


def _to_wall_clock_and_back() -> datetime:
    wall = NOW.astimezone(ZURICH).replace(tzinfo=None)
    return wall.replace(tzinfo=ZURICH).astimezone(UTC)


def _row(name: str, took: float, floor: float, goal: float) -> Row:
    return Row(name, show_seconds(took), FLOOR, show_seconds(floor), took / floor, f"< {show_seconds(goal)}", took < goal)


def _plain(name: str, took: float, goal: float) -> Row:
    return Row(name, show_seconds(took), goal=f"< {show_seconds(goal)}", met=took < goal)
