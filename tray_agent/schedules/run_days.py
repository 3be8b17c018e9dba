"""The days on which a schedule runs: *Ausgeführt* and *Wiederholt*. Dates only; plain arithmetic, never a walk over days."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from math import gcd

from tray_agent.schedules.codes import Frequency, Position, RelativeDay
from tray_agent.schedules.schedule import Schedule

HORIZON = date(9900, 1, 1)
"""No schedule runs later: far enough, and safe from the end of the calendar."""

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_BITS = (2, 4, 8, 16, 32, 64, 1)
"""The bits of ``Weekdays``, from Monday to Sunday as ``date.weekday`` counts."""

_KINDS = {kind: ((kind + 5) % 7,) for kind in RelativeDay if kind <= RelativeDay.SATURDAY} | {
    RelativeDay.DAY: tuple(range(7)),
    RelativeDay.WORKING_DAY: tuple(range(5)),
    RelativeDay.WEEKEND_DAY: (5, 6),
}
_INDEX = {Position.FIRST: 0, Position.SECOND: 1, Position.THIRD: 2, Position.FOURTH: 3, Position.LAST: -1}


def next_run_day(schedule: Schedule, day: date) -> date | None:
    """Returns the first day on or after ``day`` on which the schedule runs, or None where there is none any more."""
    last = schedule.end_date or HORIZON
    day = max(day, schedule.start_date)
    if day > last or day > HORIZON:
        return None
    found = _nearest(schedule, day, 1)
    return found if found is not None and found <= last else None


def previous_run_day(schedule: Schedule, day: date) -> date | None:
    """Returns the last day on or before ``day`` on which the schedule runs, or None where there was none."""
    day = min(day, schedule.end_date or HORIZON, HORIZON)
    if day < schedule.start_date:
        return None
    found = _nearest(schedule, day, -1)
    return found if found is not None and found >= schedule.start_date else None


def _nearest(schedule: Schedule, day: date, direction: int) -> date | None:
    """Returns the run day that is nearest to ``day`` (itself included), later (1) or earlier (-1); the end date does not count here."""
    match schedule.frequency:
        case Frequency.ONCE:
            return schedule.start_date if (schedule.start_date - day).days * direction >= 0 else None
        case Frequency.DAILY:
            return day + direction * _DAY * (direction * (schedule.start_date - day).days % schedule.interval)
        case Frequency.WEEKLY:
            return _nearest_weekly(schedule, day, direction)
        case Frequency.MONTHLY | Frequency.MONTHLY_RELATIVE:
            return _nearest_monthly(schedule, day, direction)


def _nearest_weekly(schedule: Schedule, day: date, direction: int) -> date:
    monday, late = _week_of(schedule, day)
    chosen = [weekday for weekday in range(7) if schedule.interval & _BITS[weekday]][::direction]
    if late == 0:
        for weekday in chosen:
            if (weekday - day.weekday()) * direction >= 0:
                return monday + _DAY * weekday
    weeks = schedule.recurrence - late if direction > 0 else -(late or schedule.recurrence)
    return monday + _WEEK * weeks + _DAY * chosen[0]


def _week_of(schedule: Schedule, day: date) -> tuple[date, int]:
    """Returns the Monday of a day's week, and how many weeks it lies after the last week that counts (0: it counts)."""
    monday = day - _DAY * day.weekday()
    first = schedule.start_date - _DAY * schedule.start_date.weekday()
    return monday, (monday - first).days // 7 % schedule.recurrence


def _nearest_monthly(schedule: Schedule, day: date, direction: int) -> date | None:
    month = _month_number(day)
    late = (month - _month_number(schedule.start_date)) % schedule.recurrence
    first = month - late + (schedule.recurrence if late and direction > 0 else 0)
    for found in _days_of_months(schedule, first, direction * schedule.recurrence):
        if (found - day).days * direction >= 0:
            return found
    return None


def _days_of_months(schedule: Schedule, first: int, step: int) -> Iterator[date]:
    """Gives the run days of every ``step``-th month from ``first`` on; ends where none can come any more."""
    for number in range(first, first + step * _most_months(schedule), step):
        year, month = divmod(number, 12)
        if not schedule.start_date.year <= year < HORIZON.year:
            return
        if found := _day_in_month(schedule, year, month + 1):
            yield found


def _most_months(schedule: Schedule) -> int:
    """Returns after how many of the months that count all cases have been seen.

    Every 12, 24 … months it is always the same month: only 29 February still comes and goes, in the calendar's cycle of
    400 years. Else 12 of them pass every length of a month.
    """
    if schedule.recurrence % 12:
        return 13
    if schedule.frequency is Frequency.MONTHLY and schedule.interval == 29:
        return 400 // gcd(400, schedule.recurrence // 12) + 1
    return 2


def _day_in_month(schedule: Schedule, year: int, month: int) -> date | None:
    """Returns the day of a month on which the schedule runs; None where the month is too short."""
    if schedule.frequency is Frequency.MONTHLY_RELATIVE:
        return _relative_day(year, month, RelativeDay(schedule.interval), schedule.position)
    return date(year, month, schedule.interval) if schedule.interval <= monthrange(year, month)[1] else None


@lru_cache(maxsize=4096)
def _relative_day(year: int, month: int, kind: RelativeDay, position: Position) -> date:
    first = date(year, month, 1)
    of_kind = [day for day in range(monthrange(year, month)[1]) if (first.weekday() + day) % 7 in _KINDS[kind]]
    return first + _DAY * of_kind[_INDEX[position]]


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1
