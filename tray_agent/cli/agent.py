"""The agent of ``vitoclient agent`` and of the service, without the parser of the command line: it runs for weeks and would hold it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tray_agent.cli.ending import one_line
from tray_agent.config.machine import CONFIG_FILE_VARIABLE, load_machine, shared_config_file
from tray_agent.i18n import _

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from tray_agent.jobs.events import Event
    from tray_agent.platforms.shutdown import ProgramEnd


def run_agent_here() -> int:
    """Runs this machine's agent without a screen until it is asked to end, and returns the exit code of the process.

    Raises:
        ConfigurationError: the configuration can't be read.
    """
    from tray_agent.agent import Agent
    from tray_agent.headless import run_headless
    from tray_agent.logs import log_file

    with Agent(load_machine()) as agent:
        print(
            _("Der Agent läuft; Ctrl+C beendet ihn. Protokoll: {file}").format(file=log_file(agent.machine.data_folder, "agent")),
            flush=True,
        )
        agent.job_events.subscribe(lambda event: _tell(agent, event))
        return run_headless(agent)


def _tell(agent: Agent, event: Event) -> None:
    """Tells at the terminal, or in the journal of the system, what keeps the agent from working."""
    from tray_agent.jobs.events import ConfigurationChanged, DatabaseAway, DatabaseBack

    if isinstance(event, DatabaseAway):
        print(f"vitoclient: {one_line(str(event.error))}", file=sys.stderr, flush=True)
    elif isinstance(event, DatabaseBack):
        print(_("Die Datenbank kann wieder gelesen und geschrieben werden."), flush=True)
    elif isinstance(event, ConfigurationChanged) and agent.in_force.taken_over:
        print(agent.in_force.taken_over, flush=True)
        agent.in_force.taken_over = ""


def run_service_here(config: Path | None = None) -> int:
    """Runs this machine's agent as the service that the system has started until it is stopped, and returns the exit code.

    Args:
        config: the service's configuration; None: this machine's.

    Raises:
        ConfigurationError: the configuration can't be read.
        PlatformError: on Windows, when a person started it instead.
    """
    from tray_agent.platforms.this_system import run_as_service, service_secrets

    file = (config or shared_config_file()).absolute()
    os.environ[CONFIG_FILE_VARIABLE] = str(file)  # read anew wherever the configuration is asked for

    def work(end: ProgramEnd) -> None:
        from tray_agent.agent import Agent
        from tray_agent.headless import keep_running
        from tray_agent.jobs.abilities import AgentKind
        from tray_agent.logs import start_logging

        service_secrets(file).into_environment()  # before the configuration is used: its databases need their passwords
        with Agent(load_machine()) as agent:
            start_logging(agent.machine.data_folder, "service")  # a service has no screen: what it meets is in its log
            agent.abilities.kind = AgentKind.SERVICE
            keep_running(agent, end)

    run_as_service(work)
    return 0
