"""The jobs by the names that a practice knows (domain, section 3)."""

from __future__ import annotations

from tray_agent.i18n import N_, _
from tray_agent.jobs.contract import JobKey, Level, Service
from tray_agent.jobs.model import RunState, RunTrigger

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


_STATES = {
    RunState.RUNNING: N_("läuft"),
    RunState.SUCCEEDED: N_("Erfolg"),
    RunState.FAILED: N_("Fehler"),
    RunState.SKIPPED: N_("übersprungen"),
    RunState.CANCELLED: N_("abgebrochen"),
    RunState.DIED: N_("abgestürzt"),
}

_TRIGGERS = {
    RunTrigger.SCHEDULE: N_("Zeitplan"),
    RunTrigger.CATCH_UP: N_("nachgeholt"),
    RunTrigger.BY_HAND: N_("von Hand"),
}


def state_title(state: RunState) -> str:
    """Returns the word of the column *Status* in the language in force."""
    return _(_STATES[state])


def trigger_title(trigger: RunTrigger) -> str:
    """Returns why a run was begun, in a word or two, in the language in force."""
    return _(_TRIGGERS[trigger])


_SERVICES = {Service.DOWNLOADS: N_("Downloads"), Service.SMS: N_("SMS"), Service.AGENT: N_("Agent")}

_LEVELS = {Level.INFO: N_("Information"), Level.WARNING: N_("Warnung"), Level.ERROR: N_("Fehler")}


def service_title(service: Service) -> str:
    """Returns the name of a tab of the activity log in the language in force."""
    return _(_SERVICES[service])


def level_title(level: Level) -> str:
    """Returns how grave an activity is, in a word, in the language in force."""
    return _(_LEVELS[level])
