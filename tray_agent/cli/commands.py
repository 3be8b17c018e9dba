"""The tree of commands. Groups are modules of their own; their slow imports stand within the commands."""

from __future__ import annotations

from typing import Annotated

import typer

from tray_agent import __version__
from tray_agent.cli.agent import run_agent_here
from tray_agent.cli.autostart import autostart
from tray_agent.cli.calls import add_commands as add_call_commands
from tray_agent.cli.config import group as config_group
from tray_agent.cli.database import group as database_group
from tray_agent.cli.demo import demo
from tray_agent.cli.doctor import doctor
from tray_agent.cli.downloads import add_commands as add_download_commands
from tray_agent.cli.downloads import portal_group
from tray_agent.cli.history import add_commands as add_history_commands
from tray_agent.cli.jobs import group as jobs_group
from tray_agent.cli.messages import group as messages_group
from tray_agent.cli.outbox import add_commands as add_outbox_commands
from tray_agent.cli.questions import add_commands as add_question_commands
from tray_agent.cli.schedule import group as schedule_group
from tray_agent.cli.service import group as service_group
from tray_agent.cli.settings import group as settings_group
from tray_agent.cli.templates import group as templates_group
from tray_agent.cli.workstations import workstations
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
    app.command("demo", help=_("Die ganze Kette auf einer Demopraxis laufen lassen."))(demo)
    app.command("doctor", help=_("Dieses Gerät prüfen: Konfiguration, Datenbank, Praxisdaten, Portal, SMS, E-Mail."))(doctor)
    app.command("workstations", help=_("Die Arbeitsplätze der Praxis: welche Version, was er nicht kann und warum."))(workstations)
    app.command("run", help=_("Das Tray-Programm starten; ein zweiter Start zeigt das laufende."))(_run)
    app.command("agent", help=_("Ohne Bildschirm laufen: die Aufträge zu ihren Zeiten ausführen, bis zum Beenden."))(_agent)
    app.command("autostart", help=_("Zeigen oder ändern, ob das Tray-Programm beim Anmelden startet."))(autostart)
    app.add_typer(database_group(), name="db")
    app.add_typer(settings_group(), name="settings")
    app.add_typer(templates_group(), name="templates")
    message_commands = messages_group()
    add_outbox_commands(message_commands)
    add_call_commands(message_commands)
    add_question_commands(message_commands)
    app.add_typer(message_commands, name="messages")
    app.add_typer(jobs_group(), name="jobs")
    app.add_typer(schedule_group(), name="schedule")
    add_history_commands(app)
    app.add_typer(config_group(), name="config")
    app.add_typer(portal_group(), name="portal")
    add_download_commands(app)
    app.add_typer(service_group(), name="service")
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


def _run() -> None:
    from tray_agent.desktop import main

    raise typer.Exit(main())


def _agent() -> None:
    raise typer.Exit(run_agent_here())
