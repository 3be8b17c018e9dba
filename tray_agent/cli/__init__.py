"""The command line ``vitoclient``: thin commands over the agent; one line for every known error."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs ``vitoclient`` with the process's arguments and ends the process with its exit code."""
    from tray_agent.cli.frame import run

    sys.exit(run(sys.argv[1:]))


def run_tray() -> None:
    """Runs the tray program without a console (``vitoclient-tray``) and ends the process with its exit code."""
    from tray_agent.cli.frame import run

    sys.exit(run(["run", *sys.argv[1:]]))
