"""The wall clock of a time zone: when it first shows a time, through gaps and repeated hours of any size.

``zoneinfo`` tells by ``fold`` (PEP 495) that a wall-clock time is skipped or repeated, but not where the change lies; that
is searched for to the second. Gaps may have half an hour (Lord Howe) or a whole day (Apia, 30 December 2011).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
_LATEST = datetime(9990, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_TICK = timedelta(microseconds=1)


def first_instant(wall: datetime, zone: tzinfo) -> datetime:
    """Returns the first instant at which the clocks of ``zone`` have reached ``wall``.

    Args:
        wall: naive; whole seconds.
        zone: the time zone.

    Returns:
        In UTC. For a time that the clocks skip: the first instant after the gap; for one that they repeat: its first occurrence.
    """
    there = wall.replace(tzinfo=zone)
    before, after = _offset(there), _offset(there.replace(fold=1))
    latest = (wall - before).replace(tzinfo=UTC)
    if after <= before:
        return latest
    return _first_second(latest - (after - before), latest, lambda instant: instant.astimezone(zone).replace(tzinfo=None, fold=0) >= wall)


def start_of_day(day: date, zone: tzinfo) -> datetime:
    """Returns the first instant of a local day, in UTC."""
    return first_instant(datetime.combine(day, time()), zone)


def passed_wall(instant: datetime, zone: tzinfo) -> datetime:
    """Returns up to which wall-clock time (naive, inclusive) the clocks of ``zone`` have been at ``instant`` (aware).

    While the clocks repeat an hour, that is the end of the hour: all its times were there before.
    """
    instant = min(max(instant, _EARLIEST), _LATEST)
    there = instant.astimezone(zone)
    wall = there.replace(tzinfo=None, fold=0)
    if not there.fold:
        return wall
    now, first = _offset(there), _offset(there.replace(fold=0))
    whole = instant.astimezone(UTC).replace(microsecond=0)
    change = _first_second(whole - (first - now), whole, lambda moment: _offset(moment.astimezone(zone)) == now)
    return (change + first).replace(tzinfo=None) - _TICK


def first_change(low: datetime, high: datetime, zone: tzinfo) -> datetime | None:
    """Returns the first instant after ``low`` up to ``high`` (aware, some days apart) at which the clocks of ``zone`` are changed."""
    low, high = low.astimezone(UTC).replace(microsecond=0), high.astimezone(UTC)
    now = _offset(low.astimezone(zone))
    if _offset(high.astimezone(zone)) == now:
        return None
    return _first_second(low, high, lambda moment: _offset(moment.astimezone(zone)) != now)


def _first_second(low: datetime, high: datetime, holds: Callable[[datetime], bool]) -> datetime:
    """Returns the first whole second after ``low`` for which ``holds`` is true; it is at ``high``, and stays so from there on."""
    seconds = range(1, int((high - low).total_seconds()) + 1)
    return low + _SECOND * (1 + bisect_left(seconds, True, key=lambda second: holds(low + _SECOND * second)))


def _offset(there: datetime) -> timedelta:
    return there.utcoffset() or timedelta()
