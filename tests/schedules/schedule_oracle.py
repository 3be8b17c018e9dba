"""An independent answer to "when does this schedule run": by looking at every day and at every minute.

Nothing here is shared with the arithmetic under test but the values. Run days are found by walking from the start date day
by day with counters; wall-clock times by looking at what the clock shows at every minute of UTC.
"""

from __future__ import annotations

from array import array
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tray_agent.schedules.codes import Frequency, Position, RelativeDay, Subday
from tray_agent.schedules.schedule import Schedule

MARGIN_DAYS = 6
_NEVER = -1


@dataclass(frozen=True)
class Shown:
    """What the clock of a zone shows: for every wall-clock minute the minute of UTC at which it is first there.

    Attributes:
        begin: the wall-clock time (naive) of minute 0, which is also the instant (UTC) of minute 0.
        first: for each wall-clock minute its first minute of UTC, or -1 where the clock skips it.
    """

    begin: datetime
    first: array[int]

    def instant(self, wall: datetime) -> datetime:
        """Returns when a wall-clock time is first shown, or when the clock first shows a later one."""
        minute = (wall - self.begin) // timedelta(minutes=1)
        if self.first[minute] != _NEVER:
            return self._utc(self.first[minute]) + timedelta(seconds=wall.second)
        while self.first[minute] == _NEVER:
            minute += 1
        return self._utc(self.first[minute])

    def _utc(self, minute: int) -> datetime:
        return self.begin.replace(tzinfo=UTC) + timedelta(minutes=minute)


@lru_cache(maxsize=16)
def shown(zone_name: str, first_year: int, years: int, block: int) -> Shown:
    """Looks at the clock of a zone at every minute of some years and a few days around them.

    Args:
        zone_name: the zone.
        first_year: the first year.
        years: how many years.
        block: so many minutes are filled at once where the clock runs evenly over them; 1 looks at each one.
    """
    zone = ZoneInfo(zone_name)
    begin = datetime(first_year, 1, 1) - timedelta(days=MARGIN_DAYS)  # noqa: DTZ001 - a wall-clock time
    minutes = (datetime(first_year + years, 1, 1) + timedelta(days=MARGIN_DAYS) - begin) // timedelta(minutes=1)  # noqa: DTZ001
    first = array("i", [_NEVER]) * minutes
    for utc, wall in _what_the_clock_shows(zone, begin, minutes, block):
        if 0 <= wall < minutes and first[wall] == _NEVER:
            first[wall] = utc
    return Shown(begin, first)


def _what_the_clock_shows(zone: ZoneInfo, begin: datetime, minutes: int, block: int) -> Iterator[tuple[int, int]]:
    """Gives minute of UTC and minute of wall-clock time, in the order of UTC, a day more on both sides."""

    def wall_at(utc: int) -> int:
        there = (begin.replace(tzinfo=UTC) + timedelta(minutes=utc)).astimezone(zone)
        return (there.replace(tzinfo=None) - begin) // timedelta(minutes=1)

    for start in range(-1440, minutes + 1440, block):
        wall, wall_after = wall_at(start), wall_at(start + block)
        if wall_after - wall == block:
            yield from zip(range(start, start + block), range(wall, wall + block), strict=True)
        else:
            yield from ((utc, wall_at(utc)) for utc in range(start, start + block))


def planned(schedule: Schedule, clock: Shown, after: datetime, until: datetime) -> list[datetime]:
    """Returns all planned times after ``after`` up to and including ``until``, in UTC."""
    if not schedule.enabled:
        return []
    last_day = until.date() + timedelta(days=2)
    first_day = after.date() - timedelta(days=2)
    times = {
        clock.instant(wall)
        for day in run_days(schedule, last_day)
        if day >= first_day
        for wall in walls_of_day(schedule, day)
    }  # fmt: skip
    return sorted(at for at in times if after < at <= until)


def walls_of_day(schedule: Schedule, day: date) -> Iterator[datetime]:
    """Gives the wall-clock times that belong to a run day, second by second of the minutes in its window."""
    at = datetime.combine(day, schedule.start_time)
    if schedule.subday is Subday.AT_TIME:
        yield at
        return
    end = datetime.combine(day, schedule.end_time)
    if schedule.end_time < schedule.start_time:
        end = datetime.combine(day + timedelta(days=1), schedule.end_time)
    every = schedule.subday_interval * (60 if schedule.subday is Subday.HOURS else 1)
    since = 0
    while at <= end:
        if since % every == 0:
            yield at
        at, since = at + timedelta(minutes=1), since + 1


def run_days(schedule: Schedule, last_day: date) -> Iterator[date]:
    """Gives the run days up to ``last_day`` by walking over all days since the start date."""
    if schedule.frequency is Frequency.ONCE:
        yield schedule.start_date
        return
    last_day = min(last_day, schedule.end_date or last_day)
    days = weeks = months = 0
    day = schedule.start_date
    while day <= last_day:
        if _runs_on(schedule, day, days, weeks, months):
            yield day
        day += timedelta(days=1)
        days += 1
        weeks += day.isoweekday() == 1
        months += day.day == 1


def _runs_on(schedule: Schedule, day: date, days: int, weeks: int, months: int) -> bool:
    if schedule.frequency is Frequency.DAILY:
        return days % schedule.interval == 0
    if schedule.frequency is Frequency.WEEKLY:
        return weeks % schedule.recurrence == 0 and bool(schedule.interval & 2 ** (day.isoweekday() % 7))
    if months % schedule.recurrence:
        return False
    if schedule.frequency is Frequency.MONTHLY:
        return day.day == schedule.interval
    return _is_relative(day, RelativeDay(schedule.interval), schedule.position)


def _is_relative(day: date, kind: RelativeDay, position: Position) -> bool:
    in_month = [day.replace(day=number) for number in range(1, monthrange(day.year, day.month)[1] + 1)]
    of_kind = [candidate for candidate in in_month if _is_of_kind(candidate, kind)]
    wanted = {Position.FIRST: 1, Position.SECOND: 2, Position.THIRD: 3, Position.FOURTH: 4, Position.LAST: len(of_kind)}[position]
    return of_kind[wanted - 1] == day


def _is_of_kind(day: date, kind: RelativeDay) -> bool:
    name = day.strftime("%w")  # 0 is Sunday
    if kind is RelativeDay.DAY:
        return True
    if kind is RelativeDay.WORKING_DAY:
        return name in "12345"
    if kind is RelativeDay.WEEKEND_DAY:
        return name in "06"
    return int(name) + 1 == kind
