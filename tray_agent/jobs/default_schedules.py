"""The schedules that the five jobs have until the practice sets its own; none of them is enabled."""

from __future__ import annotations

from datetime import date

from tray_agent.jobs.contract import JobKey
from tray_agent.jobs.schedule import Schedule


def default_schedules(start: date) -> dict[JobKey, Schedule]:
    """Returns a schedule for each job, not enabled, beginning on ``start`` (local): the seed's 10.00, 10.10, 10.20."""
    raise NotImplementedError
