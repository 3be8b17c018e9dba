"""The five jobs (domain, section 3), each declared once: its name and the schedule it has at first."""

from __future__ import annotations

from datetime import date, time
from enum import StrEnum

from tray_agent.i18n import N_, _
from tray_agent.schedules.schedule import Frequency, Schedule


class JobKey(StrEnum):
    """The five jobs (domain, section 3), in the order in which they belong on a day."""

    DOWNLOAD = "download"
    PREPARE_REMINDERS = "prepare_reminders"
    PREPARE_BIRTHDAYS = "prepare_birthdays"
    SEND_MESSAGES = "send_messages"
    UPDATE_STATUS = "update_status"


_TITLES = {
    JobKey.DOWNLOAD: N_("Download-Service"),
    JobKey.PREPARE_REMINDERS: N_("Terminerinnerungen aufbereiten"),
    JobKey.PREPARE_BIRTHDAYS: N_("Geburtstagsglückwünsche aufbereiten"),
    JobKey.SEND_MESSAGES: N_("Mitteilungen senden"),
    JobKey.UPDATE_STATUS: N_("Status aktualisieren"),
}


def job_title(job: JobKey) -> str:
    """Returns a job's name in the language in force."""
    return _(_TITLES[job])


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
