"""The codes of SQL Server Agent (``sysschedules``) that a schedule is stored with, so that a DBA recognises them."""

from __future__ import annotations

from datetime import date, time
from enum import IntEnum, IntFlag

NO_END_DATE = 99991231
"""What ``active_end_date`` holds for "no end date" (sysschedules)."""

LAST_SECOND = time(23, 59, 59)
"""What ``active_end_time`` holds where there is no window (sysschedules)."""


class Frequency(IntEnum):
    """``freq_type``: *Ausgeführt*. The codes 64 (start of the server's agent) and 128 (idle) mean nothing here and are refused."""

    ONCE = 1
    DAILY = 4
    WEEKLY = 8
    MONTHLY = 16
    MONTHLY_RELATIVE = 32


class Weekdays(IntFlag):
    """``freq_interval`` of a weekly schedule: the chosen weekdays."""

    SUNDAY = 1
    MONDAY = 2
    TUESDAY = 4
    WEDNESDAY = 8
    THURSDAY = 16
    FRIDAY = 32
    SATURDAY = 64


class RelativeDay(IntEnum):
    """``freq_interval`` of a monthly relative schedule: which kind of day is counted."""

    SUNDAY = 1
    MONDAY = 2
    TUESDAY = 3
    WEDNESDAY = 4
    THURSDAY = 5
    FRIDAY = 6
    SATURDAY = 7
    DAY = 8
    WORKING_DAY = 9
    WEEKEND_DAY = 10


class Position(IntEnum):
    """``freq_relative_interval``: which of the days of that kind in the month; ``UNUSED`` for all other schedules."""

    UNUSED = 0
    FIRST = 1
    SECOND = 2
    THIRD = 4
    FOURTH = 8
    LAST = 16


class Subday(IntEnum):
    """``freq_subday_type``: *Häufigkeit pro Tag*. Code 2 (seconds) is refused."""

    AT_TIME = 1
    MINUTES = 4
    HOURS = 8


COLUMNS = (
    "enabled", "freq_type", "freq_interval", "freq_subday_type", "freq_subday_interval", "freq_relative_interval",
    "freq_recurrence_factor", "active_start_date", "active_end_date", "active_start_time", "active_end_time",
)  # fmt: skip
"""The columns of ``sysschedules`` that say when a schedule runs, in the table's order."""

IDENTITY_COLUMNS = frozenset({
    "schedule_id", "schedule_uid", "originating_server_id", "originating_server", "name", "owner_sid", "owner_login_name",
    "date_created", "date_modified", "version_number", "job_count",
})  # fmt: skip
"""The columns that name a schedule and do not say when it runs."""

RETRY_COLUMNS = frozenset({"retry_attempts", "retry_interval"})
"""What SQL Server Agent holds of a step's further attempts. They are read and not used: one policy holds for all jobs."""


def date_number(day: date) -> int:
    """Returns a date as sysschedules holds it: YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day


def time_number(of_day: time) -> int:
    """Returns a time of day as sysschedules holds it: HHMMSS."""
    return of_day.hour * 10_000 + of_day.minute * 100 + of_day.second


def date_of(number: int) -> date:
    """Returns the date of a number YYYYMMDD.

    Raises:
        ValueError: there is no such date.
    """
    return date(number // 10_000, number // 100 % 100, number % 100)


def time_of(number: int) -> time:
    """Returns the time of day of a number HHMMSS.

    Raises:
        ValueError: there is no such time.
    """
    return time(number // 10_000, number // 100 % 100, number % 100)
