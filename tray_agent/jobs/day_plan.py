"""What is planned on one local day, for the time line in the dialog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tray_agent.jobs.contract import JobKey
from tray_agent.jobs.quiet_hours import QuietHours
from tray_agent.jobs.schedule import Schedule


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One planned run: the job and its local time (aware, in the practice's zone)."""

    job: JobKey
    at: datetime
    quiet: bool
    """Whether it would send within the quiet hours."""


@dataclass(frozen=True, slots=True)
class QuietInterval:
    """A time in which nothing is sent: local, aware; the end is exclusive."""

    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class TooClose:
    """Two runs whose starts lie less than 5 minutes apart, the earlier one first."""

    first: PlannedRun
    second: PlannedRun


@dataclass(frozen=True, slots=True)
class DayPlan:
    """The planned runs of one local day.

    Attributes:
        day: the local day.
        start, end: its first instant and that of the next day (23, 24 or 25 hours apart), local, aware.
        runs: in the order of their times.
        quiet: the quiet intervals within the day.
        too_close: the pairs whose distance is too small.
    """

    day: date
    start: datetime
    end: datetime
    runs: tuple[PlannedRun, ...]
    quiet: tuple[QuietInterval, ...]
    too_close: tuple[TooClose, ...]


def plan_day(schedules: Mapping[JobKey, Schedule], zone: ZoneInfo, quiet: QuietHours, day: date) -> DayPlan:
    """Returns what the enabled schedules plan on a local day."""
    raise NotImplementedError
