"""The agent inside the service (``vitoclient service run``), without the parser of the command line, as ``vitoclient agent`` is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tray_agent.config.machine import APPLICATION, CONFIG_FILE_VARIABLE, load_machine

if TYPE_CHECKING:
    from tray_agent.platforms.shutdown import Ending


def shared_config_file() -> Path:
    """Returns the configuration file of this machine, which a service can read."""
    import platformdirs

    return Path(platformdirs.site_config_dir(APPLICATION, appauthor=False)) / "config.toml"


def run_service_here(config: Path | None = None) -> int:
    """Runs this machine's agent as the service that the system has started until it is stopped, and returns the exit code.

    Args:
        config: the service's configuration; None: this machine's.

    Raises:
        ConfigurationError: the configuration can't be read.
        PlatformError: on Windows, when a person started it instead.
    """
    from tray_agent.platforms.service_host import host
    from tray_agent.platforms.service_secrets import service_secrets

    file = (config or shared_config_file()).absolute()
    os.environ[CONFIG_FILE_VARIABLE] = str(file)

    def work(ending: Ending) -> None:
        service_secrets(file).into_environment()
        _work(ending)

    host(work)
    return 0


def _work(ending: Ending) -> None:
    """Runs the agent until it is asked to end; what it meets is in its log, for a service has no screen."""
    from tray_agent.agent import Agent
    from tray_agent.headless import keep_running
    from tray_agent.logs import start_logging

    with Agent(load_machine()) as agent:
        start_logging(agent.machine.data_folder, "service")
        keep_running(agent, ending)
