"""What runs inside the service: the agent without a window, ended by the system's service control."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tray_agent.platforms.service import SERVICE_NAME
from tray_agent.platforms.shutdown import Ending, stop_when_ending

Work = Callable[[Ending], None]
"""Runs the agent until ``Ending.stop`` is set, and closes everything before it returns."""


def host(work: Work, name: str = SERVICE_NAME) -> None:
    """Runs the agent as the service that the system has started; returns when the service was stopped.

    On Linux systemd sends SIGTERM. On Windows the service control manager must have started this process.

    Raises:
        PlatformError: on Windows, when a person started it instead.
    """
    if sys.platform == "win32":
        from tray_agent.platforms.service_host_windows import host_on_windows

        host_on_windows(work, name)
        return
    with stop_when_ending() as ending:
        work(ending)
