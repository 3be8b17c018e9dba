"""The planned times of a schedule: exactly one run per planned wall-clock time, through every change of the clocks.

Pure arithmetic on whole seconds, without a loop over days or times: decision record 0007. The rules (domain, section 3):

* a wall-clock time that the clocks skip runs at the first instant after the gap;
* a wall-clock time that the clocks repeat runs at its first occurrence only;
* times that fall on the same instant are one run.

All three are one rule: the run of a wall-clock time is the first instant at which the local clock has reached it.
So a later wall-clock time never runs before an earlier one, and the search can be done in wall-clock time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from tray_agent.schedules.codes import Subday
from tray_agent.schedules.run_days import next_run_day, previous_run_day
from tray_agent.schedules.schedule import Schedule
from tray_agent.schedules.wall_clock import first_instant, passed_wall, start_of_day

_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)
_MIDNIGHT = time()


def next_after(schedule: Schedule, zone: tzinfo, instant: datetime) -> datetime | None:
    """Returns the first planned time strictly after ``instant``.

    Args:
        schedule: the plan, in wall-clock time.
        zone: the practice's time zone.
        instant: aware, any zone.

    Returns:
        An instant in UTC without fractions of a second, or None where the schedule never runs again or is not enabled.
    """
    if not schedule.enabled:
        return None
    wall = _next_wall(schedule, passed_wall(instant, zone))
    return first_instant(wall, zone) if wall else None


def previous_at_or_before(schedule: Schedule, zone: tzinfo, instant: datetime) -> datetime | None:
    """Returns the last planned time at or before ``instant`` (aware): in UTC, or None where there was none."""
    if not schedule.enabled:
        return None
    wall = _previous_wall(schedule, passed_wall(instant, zone))
    return first_instant(wall, zone) if wall else None


def between(schedule: Schedule, zone: tzinfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """Gives the planned times after ``after`` up to and including ``until``, in order, one by one as they are asked for."""
    planned = next_after(schedule, zone, after)
    while planned is not None and planned <= until:
        yield planned
        planned = next_after(schedule, zone, planned)


def days_between(schedule: Schedule, zone: tzinfo, after: datetime, until: datetime) -> Iterator[date]:
    """Gives the local days with a planned time after ``after`` up to and including ``until`` (aware), in order, each once.

    It leaps from day to day: a schedule that runs every minute costs no more than one that runs once a day.
    """
    planned = next_after(schedule, zone, after)
    while planned is not None and planned <= until:
        day = planned.astimezone(zone).date()
        yield day
        planned = next_after(schedule, zone, start_of_day(day + _DAY, zone) - _TICK)


@dataclass(frozen=True, slots=True)
class _Window:
    """*Häufigkeit pro Tag* as durations: from midnight to the first time, from one time to the next, from the first to the last."""

    start: timedelta
    step: timedelta
    length: timedelta


@lru_cache(maxsize=256)
def _window(schedule: Schedule) -> _Window:
    start = _since_midnight(schedule.start_time)
    if schedule.subday is Subday.AT_TIME:
        return _Window(start, _DAY, timedelta())
    span = (_since_midnight(schedule.end_time) - start) % _DAY
    unit = timedelta(minutes=1) if schedule.subday is Subday.MINUTES else timedelta(hours=1)
    step = unit * schedule.subday_interval
    return _Window(start, step, span - span % step)


def _since_midnight(of_day: time) -> timedelta:
    return timedelta(hours=of_day.hour, minutes=of_day.minute, seconds=of_day.second)


def _next_wall(schedule: Schedule, passed: datetime) -> datetime | None:
    """Returns the first planned wall-clock time after ``passed``. Windows are shorter than a day and never overlap."""
    window = _window(schedule)
    began = passed - window.start
    day = began.date()
    run_day = next_run_day(schedule, day)
    if run_day == day:
        first = datetime.combine(day, _MIDNIGHT)
        into_window = ((began - first) // window.step + 1) * window.step
        if into_window <= window.length:
            return first + window.start + into_window
        run_day = next_run_day(schedule, day + _DAY)
    return datetime.combine(run_day, schedule.start_time) if run_day else None


def _previous_wall(schedule: Schedule, passed: datetime) -> datetime | None:
    """Returns the last planned wall-clock time at or before ``passed``."""
    window = _window(schedule)
    began = passed - window.start
    run_day = previous_run_day(schedule, began.date())
    if run_day is None:
        return None
    first = datetime.combine(run_day, _MIDNIGHT)
    into_window = (began - first) // window.step * window.step
    return first + window.start + min(into_window, window.length)
