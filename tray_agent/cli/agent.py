"""The agent of ``vitoclient agent``, without the parser of the command line: it runs for weeks and would hold it all the time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tray_agent.cli.ending import one_line
from tray_agent.i18n import _

if TYPE_CHECKING:
    from tray_agent.jobs.events import Event


def run_agent_here() -> int:
    """Runs this machine's agent without a screen until it is asked to end, and returns the exit code of the process.

    Raises:
        ConfigurationError: the configuration can't be read.
    """
    from tray_agent.agent import Agent
    from tray_agent.config.machine import load_machine
    from tray_agent.headless import run_headless
    from tray_agent.logs import log_file

    with Agent(load_machine()) as agent:
        print(
            _("Der Agent läuft; Ctrl+C beendet ihn. Protokoll: {file}").format(file=log_file(agent.machine.data_folder, "agent")),
            flush=True,
        )
        agent.job_events.subscribe(_tell)
        return run_headless(agent)


def _tell(event: Event) -> None:
    """Tells at the terminal, or in the journal of the system, what keeps the agent from working."""
    from tray_agent.jobs.events import DatabaseAway, DatabaseBack

    match event:
        case DatabaseAway():
            print(f"vitoclient: {one_line(str(event.error))}", file=sys.stderr, flush=True)
        case DatabaseBack():
            print(_("Die Datenbank antwortet wieder."), flush=True)
        case _:
            pass
