"""What windows are opened about where a test or picture opens them and no other window does."""

from __future__ import annotations

from tray_agent.agent import Agent
from tray_agent.job_kinds import JobKey
from tray_agent.tray.model import DialogName
from ui.models.schedule import ScheduleSubject


def subject_of(name: DialogName, agent: Agent) -> object:
    """Returns what a window is about: the job *Mitteilungen senden* for *Zeitplan* and *Auftragsverlauf*, else None."""
    if name is DialogName.SCHEDULE:
        schedule = next(row.schedule for row in agent.jobs.overview() if row.key is JobKey.SEND_MESSAGES)
        return ScheduleSubject(JobKey.SEND_MESSAGES, schedule, take=lambda _schedule: None, preview=lambda _schedule: None)
    return JobKey.SEND_MESSAGES if name is DialogName.JOB_HISTORY else None
