"""The command line ``vitoclient``: thin commands over the agent; one line for every known error."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs ``vitoclient`` with the process's arguments and ends the process with its exit code."""
    if sys.argv[1:] == ["run"]:
        run_tray()
    if sys.argv[1:] == ["agent"]:
        run_agent()
    from tray_agent.cli.frame import run

    sys.exit(run(sys.argv[1:]))


def run_tray() -> None:
    """Runs the tray program (``vitoclient-tray``, ``vitoclient run``) and ends the process with its exit code.

    It goes around the command line's frame: the icon shall be there before the configuration is read.
    """
    from tray_agent.desktop import main as run_desktop_program

    sys.exit(run_desktop_program())


def run_agent() -> None:
    """Runs the agent without a screen (``vitoclient agent``) and ends the process with its exit code.

    It goes around the parser of the command line, which would stay in memory for as long as the agent runs.
    """
    from tray_agent.cli.agent import run_agent_here
    from tray_agent.cli.ending import ended

    sys.exit(ended(run_agent_here))
