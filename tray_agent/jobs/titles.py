"""The jobs by the names that a practice knows (domain, section 3)."""

from __future__ import annotations

from tray_agent.i18n import N_, _
from tray_agent.jobs.contract import JobKey

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
