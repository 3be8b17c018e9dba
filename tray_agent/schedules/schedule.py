"""The schedule of a job: a value with the codes of SQL Server Agent (``sysschedules``), checked when it is made.

Semantics: domain, section 3, and decision record 0007. When it runs is told by ``planned_times``, in words by ``summary``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from tray_agent.schedules.codes import (
    LAST_SECOND,
    NO_END_DATE,
    Frequency,
    Position,
    Subday,
    date_number,
    date_of,
    time_number,
    time_of,
)
from tray_agent.schedules.mistakes import as_numbers, complete, find_mistakes

_FIELDS: Mapping[str, tuple[str, Callable[[Any], int], Callable[[int], Any]]] = {
    "enabled": ("enabled", int, bool),
    "freq_type": ("frequency", int, Frequency),
    "freq_interval": ("interval", int, int),
    "freq_subday_type": ("subday", int, Subday),
    "freq_subday_interval": ("subday_interval", int, int),
    "freq_relative_interval": ("position", int, Position),
    "freq_recurrence_factor": ("recurrence", int, int),
    "active_start_date": ("start_date", date_number, date_of),
    "active_end_date": (
        "end_date", lambda day: date_number(day) if day else NO_END_DATE, lambda number: None if number == NO_END_DATE else date_of(number),
    ),
    "active_start_time": ("start_time", time_number, time_of),
    "active_end_time": ("end_time", time_number, time_of),
}  # fmt: skip
"""The columns of ``sysschedules``: the field of each, how it is written and how it is read."""


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

        Columns that name a schedule but do not say when it runs (``name``, ``schedule_id`` …) are ignored, and so are the further
        attempts of a step (``retry_attempts``, ``retry_interval``).

        Args:
            columns: ``freq_type`` and what it needs; the others default as in ``sp_add_schedule``: at the time, from
                00:00:00 to 23:59:59, no end date, enabled.
            default_start: stands in for a missing ``active_start_date`` of a recurring schedule.

        Raises:
            ScheduleError: a column is missing, unknown, or wrong; the first mistake is told.
        """
        given = dict(columns)
        if default_start is not None and given.get("freq_type") != Frequency.ONCE:
            given.setdefault("active_start_date", date_number(default_start))
        for mistake in find_mistakes(given):
            raise mistake.as_error()
        numbers = as_numbers(complete(given))
        unused: set[str] = set()  # what a kind of schedule does not use may hold anything: it was not checked
        if numbers["freq_subday_type"] not in (Subday.MINUTES, Subday.HOURS):
            unused |= {"freq_subday_type", "active_end_time"}
        if numbers["freq_type"] != Frequency.MONTHLY_RELATIVE:
            unused.add("freq_relative_interval")
        return cls(**{name: read(numbers[column]) for column, (name, _write, read) in _FIELDS.items() if column not in unused})

    def as_columns(self) -> dict[str, int]:
        """Returns the row of ``sysschedules`` (also the JSON form): the ten columns and ``enabled``, all integers."""
        return {column: write(getattr(self, name)) for column, (name, write, _read) in _FIELDS.items()}

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
