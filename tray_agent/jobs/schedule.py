"""The schedule of a job: a value with the codes of SQL Server Agent (``sysschedules``), checked when it is made.

Semantics: domain, section 3, and decision record 0007. When it runs is told by ``planned_times``, in words by ``summary``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import IntEnum, IntFlag

from tray_agent.errors import InputError
from tray_agent.i18n import _

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


class ScheduleError(InputError):
    """A schedule can't be what it says. ``item`` is the column (``freq_interval``) beside which a dialog shows it."""

    code = "schedule"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with a schedule.

    Attributes:
        column: the column of ``sysschedules`` it is about.
        message: what is wrong; a whole sentence in the language in force.
        advice: what is allowed; a whole sentence.
    """

    column: str
    message: str
    advice: str

    def as_error(self) -> ScheduleError:
        """Returns the mistake as an error that can be raised."""
        return ScheduleError(_("Zeitplan nicht möglich"), self.message, self.advice, item=self.column)


@dataclass(frozen=True)
class Schedule:
    """When a job runs, in wall-clock time of the practice's zone.

    What a kind of schedule does not use is brought to one form when the value is made (``position`` of a daily schedule is
    ``UNUSED``), so that two schedules with the same meaning are equal.

    Attributes:
        frequency: *Ausgeführt*.
        interval: every N days (daily); ``Weekdays`` (weekly); the day of the month (monthly); ``RelativeDay`` (monthly relative).
        start_date: the first day on which it may run; every N days, weeks and months are counted from this day, from its
            Monday-to-Sunday week, from its month.
        start_time: the time of the run, or the start of the window.
        end_time: the end of the window, inclusive; before ``start_time``: on the next day. The runs after midnight belong to
            the day on which the window began.
        end_date: the last day on which a run or a window may begin; None: no end.
        position: which of the days (monthly relative).
        recurrence: every N weeks or months.
        subday: *Häufigkeit pro Tag*.
        subday_interval: every N minutes or hours.
        enabled: *Aktiviert*; a schedule that is not enabled has no planned times at all.

    Raises:
        ScheduleError: a value is out of its range or two contradict each other; the first mistake is told.
    """

    frequency: Frequency
    interval: int
    start_date: date
    start_time: time
    end_time: time = LAST_SECOND
    end_date: date | None = None
    position: Position = Position.UNUSED
    recurrence: int = 0
    subday: Subday = Subday.AT_TIME
    subday_interval: int = 0
    enabled: bool = True

    def __post_init__(self) -> None:
        for mistake in find_mistakes(self.as_columns()):
            raise mistake.as_error()
        self._forget_unused()

    @classmethod
    def from_columns(cls, columns: Mapping[str, object], *, default_start: date | None = None) -> Schedule:
        """Returns the schedule of a row of ``sysschedules`` (or its JSON form): dates YYYYMMDD, times HHMMSS, all integers.

        Columns that name a schedule but do not say when it runs (``name``, ``schedule_id`` …) are ignored.

        Args:
            columns: ``freq_type`` and what it needs; the others default as in ``sp_add_schedule``: at the time, from
                00:00:00 to 23:59:59, no end date, enabled.
            default_start: stands in for a missing ``active_start_date`` of a recurring schedule.

        Raises:
            ScheduleError: a column is missing, unknown, or wrong; the first mistake is told.
        """
        given = _with_defaults(columns, default_start)
        for mistake in find_mistakes(given):
            raise mistake.as_error()
        return _schedule_of({name: int(str(value)) for name, value in given.items() if name in COLUMNS})

    def as_columns(self) -> dict[str, int]:
        """Returns the row of ``sysschedules`` (also the JSON form): the ten columns and ``enabled``, all integers."""
        return {
            "enabled": int(self.enabled),
            "freq_type": int(self.frequency),
            "freq_interval": int(self.interval),
            "freq_subday_type": int(self.subday),
            "freq_subday_interval": self.subday_interval,
            "freq_relative_interval": int(self.position),
            "freq_recurrence_factor": self.recurrence,
            "active_start_date": _date_number(self.start_date),
            "active_end_date": _date_number(self.end_date) if self.end_date else NO_END_DATE,
            "active_start_time": _time_number(self.start_time),
            "active_end_time": _time_number(self.end_time),
        }

    def _forget_unused(self) -> None:
        """Brings what this kind of schedule does not use to one form."""
        unused: dict[str, object] = {}
        if self.frequency is Frequency.ONCE:
            unused |= {"interval": 0, "end_date": None}
        if self.frequency in (Frequency.ONCE, Frequency.DAILY):
            unused |= {"recurrence": 0}
        if self.frequency is not Frequency.MONTHLY_RELATIVE:
            unused |= {"position": Position.UNUSED}
        if self.subday is Subday.AT_TIME:
            unused |= {"subday_interval": 0, "end_time": LAST_SECOND}
        for name, value in unused.items():
            object.__setattr__(self, name, value)


COLUMNS = (
    "enabled", "freq_type", "freq_interval", "freq_subday_type", "freq_subday_interval", "freq_relative_interval",
    "freq_recurrence_factor", "active_start_date", "active_end_date", "active_start_time", "active_end_time",
)  # fmt: skip
"""The columns of ``sysschedules`` that say when a schedule runs, in the table's order."""


def find_mistakes(columns: Mapping[str, object]) -> tuple[Mistake, ...]:
    """Returns everything that is wrong with a schedule given as columns, one mistake per column at most; empty: it is right.

    A dialog calls it with what its fields hold now and shows each mistake beside the field of its column.
    """
    raise NotImplementedError


def _with_defaults(columns: Mapping[str, object], default_start: date | None) -> Mapping[str, object]:
    raise NotImplementedError


def _schedule_of(columns: Mapping[str, int]) -> Schedule:
    raise NotImplementedError


def _date_number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _time_number(of_day: time) -> int:
    return of_day.hour * 10_000 + of_day.minute * 100 + of_day.second
