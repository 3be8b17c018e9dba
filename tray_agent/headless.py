"""The agent without a screen: the schedules run until the process is asked to end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tray_agent.platforms.this_system import stop_when_ending

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from tray_agent.jobs.events import Event
    from tray_agent.platforms.shutdown import ProgramEnd

SECONDS_FOR_RUNS = 3.0
"""How long the end waits for running jobs to reach a safe point; Windows gives the process 5 s in all."""

_log = logging.getLogger(__name__)


def run_headless(agent: Agent) -> int:
    """Runs the schedules until Ctrl-C, a stop signal, log-off or shutdown, and returns the exit code of the process.

    Writes the log ``agent.log``. Call it on the main thread; the caller closes the agent.
    """
    from tray_agent.logs import start_logging

    start_logging(agent.machine.data_folder, "agent")
    with stop_when_ending() as end:
        keep_running(agent, end)
    return 0


def keep_running(agent: Agent, end: ProgramEnd) -> None:
    """Runs the schedules until ``end.stop`` is set; a database that is away is waited for."""
    unsubscribe = agent.job_events.subscribe(_note)
    agent.scheduler.start()
    try:
        end.stop.wait()
        _log.info("asked to end: %s", end.reason)
    finally:
        agent.scheduler.stop(SECONDS_FOR_RUNS)
        unsubscribe()


def _note(event: Event) -> None:
    from tray_agent.jobs.events import (
        ConfigurationChanged,
        DatabaseAway,
        DatabaseBack,
        PauseChanged,
        RunFinished,
        RunLost,
        RunStarted,
        Woke,
    )

    match event:
        case RunStarted():
            _log.info("run %d of %s begins, due at %s", event.run_id, event.job.value, event.due_at)
        case RunFinished():
            _log.info(
                "run %d of %s ended: %s, %d problems", event.run.run_id, event.run.job.value, event.run.state.value, event.run.problems
            )
        case RunLost():
            _log.warning("run %d of %s lost its lease", event.run_id, event.job.value)
        case DatabaseAway():
            _log.warning("the database can't be used: %s", event.error.code)
        case DatabaseBack():
            _log.info("the database is back")
        case PauseChanged():
            _log.info("paused: %s", event.pause.scope.value if event.pause else "no")
        case ConfigurationChanged():
            _log.info("the practice's configuration was read")
        case Woke():
            _log.info("the computer slept from %s to %s", event.since, event.until)
        case _:
            pass
