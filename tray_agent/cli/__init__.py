"""The command line ``vitoclient``: thin commands over the agent; one line for every known error."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main() -> None:
    """Runs ``vitoclient`` with the process's arguments and ends the process with its exit code."""
    arguments = sys.argv[1:]
    # What runs for weeks goes around the parser of the command line, which would stay in memory all the time.
    if arguments == ["run"]:
        run_tray()
    if arguments == ["agent"]:
        run_agent()
    if arguments[:2] == ["service", "run"] and len(arguments) in (2, 4) and arguments[2:3] in ([], ["--config"]):
        run_service(*arguments[3:])
    sys.exit(run(arguments))


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code; never raises, never shows a traceback for a known error."""
    from tray_agent.cli.ending import ended

    def work() -> int:
        # Imported only now that the language is set: the helps of options are translated while the commands are imported.
        from tray_agent.cli.commands import build
        from tray_agent.cli.parsing import run_command

        return run_command("vitoclient", build(), arguments)

    return ended(work)


def run_tray() -> None:
    """Runs the tray program (``vitoclient-tray``, ``vitoclient run``) and ends the process with its exit code.

    The icon shall be there before the configuration is read.
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

    Args:
        config: the service's configuration file; None: this machine's.
    """
    from pathlib import Path

    from tray_agent.cli.agent import run_service_here
    from tray_agent.cli.ending import ended

    sys.exit(ended(lambda: run_service_here(Path(config) if config else None)))


def run_agent() -> None:
    """Runs the agent without a screen (``vitoclient agent``) and ends the process with its exit code."""
    from tray_agent.cli.agent import run_agent_here
    from tray_agent.cli.ending import ended

    sys.exit(ended(run_agent_here))
