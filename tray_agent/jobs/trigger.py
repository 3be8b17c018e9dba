"""The trigger that tells APScheduler the planned times of a schedule (its own cron trigger loses and doubles runs)."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from apscheduler.triggers.base import BaseTrigger

from tray_agent.schedules.planned_times import next_after
from tray_agent.schedules.schedule import Schedule


class PlannedTimesTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires at the planned times of a schedule in the practice's zone.

    The times are those of ``planned_times.next_after``, in UTC, and do not depend on the scheduler's own zone. A time at which
    the scheduler already fired is never given again, even if the machine's clock was set back.
    """

    def __init__(self, schedule: Schedule, zone: tzinfo) -> None:
        self.schedule = schedule
        self.zone = zone

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Returns the next planned time, or None where there is none any more.

        After a first firing every planned time is given in its turn (APScheduler's own misfire rules decide about late ones);
        before it, the first planned time at or after ``now``.
        """
        if previous_fire_time is not None:
            return next_after(self.schedule, self.zone, previous_fire_time)
        return next_after(self.schedule, self.zone, now - timedelta(microseconds=1))

    def __str__(self) -> str:
        """Returns the schedule's columns, for the scheduler's own log."""
        return f"planned times of {self.schedule.as_columns()} in {self.zone}"
