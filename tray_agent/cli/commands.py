"""The tree of commands. Groups are modules of their own; their slow imports stand within the commands."""

from __future__ import annotations

from typing import Annotated

import typer

from tray_agent import __version__
from tray_agent.cli import (
    database,
    demo,
    doctor,
    downloads,
    history,
    jobs,
    messages,
    outbox,
    portal,
    run,
    schedule,
    service,
    settings,
    templates,
)
from tray_agent.i18n import _


def build() -> typer.Typer:
    """Returns the application with all groups, its help in the language in force."""
    app = typer.Typer(
        name="vitoclient",
        help=_("Automatisiert Abläufe der Praxis: Downloads, Terminerinnerungen, Geburtstagsglückwünsche."),
        no_args_is_help=False,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback(invoke_without_command=True)(_start)
    app.command("demo", help=_("Die ganze Kette auf einer Demopraxis laufen lassen."))(demo.demo)
    app.command("doctor", help=_("Dieses Gerät prüfen: Konfiguration, Datenbank, Praxisdaten, Portal, SMS, E-Mail."))(doctor.doctor)
    run.add_commands(app)
    app.add_typer(database.group(), name="db")
    app.add_typer(settings.group(), name="settings")
    app.add_typer(templates.group(), name="templates")
    message_commands = messages.group()
    outbox.add_commands(message_commands)
    app.add_typer(message_commands, name="messages")
    app.add_typer(jobs.group(), name="jobs")
    app.add_typer(schedule.group(), name="schedule")
    history.add_commands(app)
    app.add_typer(portal.group(), name="portal")
    downloads.add_commands(app)
    app.add_typer(service.group(), name="service")
    return app


def _start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help=_("Version anzeigen."))] = False,
) -> None:
    if version:
        print(f"vitoclient-Services {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())
