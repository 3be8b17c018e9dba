"""The command line ``vitoclient``: thin commands over the agent; one line for every known error."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Runs ``vitoclient`` with the process's arguments and ends the process with its exit code."""
    if sys.argv[1:] == ["run"]:
        run_tray()
    if sys.argv[1:] == ["agent"]:
        run_agent()
    if sys.argv[1:3] == ["service", "run"] and len(sys.argv) in (3, 5) and sys.argv[3:4] in ([], ["--config"]):
        run_service(*sys.argv[4:])
    from tray_agent.cli.frame import run

    sys.exit(run(sys.argv[1:]))


def run_tray() -> None:
    """Runs the tray program (``vitoclient-tray``, ``vitoclient run``) and ends the process with its exit code.

    It goes around the command line's frame: the icon shall be there before the configuration is read.
    """
    if not _has_screen():
        from tray_agent.cli.ending import ended

        sys.exit(ended(_refuse_without_screen))
    from tray_agent.desktop import main as run_desktop_program

    sys.exit(run_desktop_program())


def _has_screen() -> bool:
    return not sys.platform.startswith("linux") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")))


def _refuse_without_screen() -> int:
    from tray_agent.errors import KnownError
    from tray_agent.i18n import _

    raise KnownError(
        _("Kein Bildschirm"),
        _("Hier gibt es keinen Bildschirm für das Tray-Programm."),
        _("An einem Bildschirm starten, oder «vitoclient agent»: derselbe Agent ohne Fenster."),
    )


def run_service(config: str | None = None) -> None:
    """Runs the agent as a service (``vitoclient service run``) and ends the process with its exit code.

    It goes around the parser of the command line as ``run_agent`` does.

    Args:
        config: the service's configuration file; None: this machine's.
    """
    from pathlib import Path

    from tray_agent.cli.ending import ended
    from tray_agent.cli.service_run import run_service_here

    sys.exit(ended(lambda: run_service_here(Path(config) if config else None)))


def run_agent() -> None:
    """Runs the agent without a screen (``vitoclient agent``) and ends the process with its exit code.

    It goes around the parser of the command line, which would stay in memory for as long as the agent runs.
    """
    from tray_agent.cli.agent import run_agent_here
    from tray_agent.cli.ending import ended

    sys.exit(ended(run_agent_here))
