"""The words of the history and the activity log for people: states, triggers, tabs, levels."""

from __future__ import annotations

from tray_agent.i18n import N_, _
from tray_agent.job_kinds import Service
from tray_agent.protocol.model import Level, RunState, RunTrigger

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
