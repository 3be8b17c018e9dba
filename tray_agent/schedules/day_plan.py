"""What is planned on one local day, for the time line in the dialog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tray_agent.job_kinds import JobKey, job_kind
from tray_agent.schedules.order_check import LEAST_DISTANCE
from tray_agent.schedules.planned_times import between
from tray_agent.schedules.quiet_hours import QuietHours, QuietInterval
from tray_agent.schedules.schedule import Schedule
from tray_agent.schedules.wall_clock import start_of_day

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One planned run.

    Attributes:
        job: which job.
        at: its local time (aware, in the practice's zone).
        quiet: whether it would send within the quiet hours.
    """

    job: JobKey
    at: datetime
    quiet: bool


@dataclass(frozen=True, slots=True)
class TooClose:
    """Two runs of different stages whose starts lie less than 5 minutes apart, the earlier one first."""

    first: PlannedRun
    second: PlannedRun


@dataclass(frozen=True, slots=True)
class DayPlan:
    """The planned runs of one local day.

    Attributes:
        day: the local day.
        start: its first instant, local, aware.
        end: the first instant of the next day, local, aware; 23, 24 or 25 hours later.
        runs: in the order of their times; at the same time in the order of the jobs.
        quiet: the quiet times within the day.
        too_close: the pairs whose distance is too small.
    """

    day: date
    start: datetime
    end: datetime
    runs: tuple[PlannedRun, ...]
    quiet: tuple[QuietInterval, ...]
    too_close: tuple[TooClose, ...]


def plan_day(schedules: Mapping[JobKey, Schedule], zone: ZoneInfo, quiet: QuietHours, day: date) -> DayPlan:
    """Returns what the enabled schedules plan on a local day.

    Raises:
        ConfigurationError: the canton of the quiet hours is unknown.
    """
    start = start_of_day(day, zone)
    end = start_of_day(day + timedelta(days=1), zone)
    runs = tuple(sorted(_runs(schedules, zone, quiet, start, end), key=lambda run: (run.at.timestamp(), list(JobKey).index(run.job))))
    return DayPlan(
        day=day,
        start=start.astimezone(zone),
        end=end.astimezone(zone),
        runs=runs,
        quiet=tuple(quiet.intervals(start, end, zone)),
        too_close=tuple(_find_too_close(runs)),
    )


def _runs(schedules: Mapping[JobKey, Schedule], zone: ZoneInfo, quiet: QuietHours, start: datetime, end: datetime) -> Iterator[PlannedRun]:
    for job, schedule in schedules.items():
        for at in between(schedule, zone, start - _TICK, end - _TICK):
            local = at.astimezone(zone)
            yield PlannedRun(job, local, job_kind(job).wakes_people and quiet.is_quiet(local))


def _find_too_close(runs: tuple[PlannedRun, ...]) -> Iterator[TooClose]:
    for place, first in enumerate(runs):
        for second in runs[place + 1 :]:
            # Their real distance: local times of one zone subtract as wall clocks do.
            if second.at.timestamp() - first.at.timestamp() >= LEAST_DISTANCE.total_seconds():
                break
            stages = {job_kind(first.job).stage, job_kind(second.job).stage}
            if None not in stages and len(stages) == 2:
                yield TooClose(first, second)
