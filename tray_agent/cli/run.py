"""``vitoclient run`` and ``vitoclient agent``: the program with a tray, and without a screen."""

from __future__ import annotations

import typer

from tray_agent.i18n import _


def add_commands(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command("run", help=_("Das Tray-Programm starten; ein zweiter Start zeigt das laufende."))(_run)
    app.command("agent", help=_("Ohne Bildschirm laufen: die Aufträge zu ihren Zeiten ausführen, bis zum Beenden."))(_agent)


def _run() -> None:
    from tray_agent.desktop import main

    raise typer.Exit(main())


def _agent() -> None:
    from tray_agent.cli.agent import run_agent_here

    raise typer.Exit(run_agent_here())
