"""The schedules that the five jobs have until the practice sets its own; none of them is enabled."""

from __future__ import annotations

from datetime import date, time

from tray_agent.jobs.contract import JobKey
from tray_agent.jobs.schedule import Frequency, Schedule

_TIMES = {
    JobKey.DOWNLOAD: time(12, 30),
    JobKey.PREPARE_REMINDERS: time(10, 0),
    JobKey.PREPARE_BIRTHDAYS: time(9, 50),
    JobKey.SEND_MESSAGES: time(10, 10),
    JobKey.UPDATE_STATUS: time(10, 20),
}
"""The seed's example (10.00, 10.10, 10.20); birthdays before it; downloads at lunch, when the workstations are on and idle."""


def default_schedules(start: date) -> dict[JobKey, Schedule]:
    """Returns a daily schedule for each job, not enabled, beginning on ``start`` (local)."""
    return {job: Schedule(Frequency.DAILY, 1, start, _TIMES[job], enabled=False) for job in JobKey}
