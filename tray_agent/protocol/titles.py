"""The words of the history and the activity log for people: states, triggers, tabs, levels."""

from __future__ import annotations

from tray_agent.i18n import N_, _
from tray_agent.job_kinds import Service
from tray_agent.protocol.model import Level, Run, RunState, RunTrigger


def state_title(state: RunState) -> str:
    """Returns the word of the column *Status* in the language in force."""
    return state.text


def trigger_title(trigger: RunTrigger) -> str:
    """Returns why a run was begun, in a word or two, in the language in force."""
    return trigger.text


def cause_of(run: Run) -> str:
    """Returns why a run was begun; of a further attempt which one it is: "3. Versuch"."""
    return _("{number}. Versuch").format(number=run.attempt) if run.trigger is RunTrigger.RETRY else trigger_title(run.trigger)


_SERVICES = {Service.DOWNLOADS: N_("Downloads"), Service.SMS: N_("SMS"), Service.AGENT: N_("Agent")}


def service_title(service: Service) -> str:
    """Returns the name of a tab of the activity log in the language in force."""
    return _(_SERVICES[service])


def level_title(level: Level) -> str:
    """Returns how grave an activity is, in a word, in the language in force."""
    return level.text
