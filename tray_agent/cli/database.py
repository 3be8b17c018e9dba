"""``vitoclient db``: the agent's tables."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tray_agent.cli.frame import agent_here
from tray_agent.i18n import _
from tray_agent.practice.views import Dialect, views_template


def group() -> typer.Typer:
    """Returns the commands of ``vitoclient db``."""
    app = typer.Typer(help=_("Die Datenbank des Agenten."), no_args_is_help=True)
    app.command("upgrade", help=_("Tabellen anlegen oder auf den Stand dieser Version bringen."))(_upgrade)
    app.command("views", help=_("SQL-Vorlage der fünf Sichten ausgeben, über die die Praxisdaten gelesen werden."))(_views)
    app.command("adopt", help=_("Bestätigen, dass nur noch dieser Computer mit dieser Datenbank arbeitet; dann sendet er wieder."))(_adopt)
    app.command("backup", help=_("Eine vollständige Kopie der eingebetteten Datenbank schreiben, während alles läuft."))(_backup)
    return app


def _backup(
    file: Annotated[Path, typer.Argument(metavar=_("DATEI"), help=_("Die Kopie; ihr Ordner muss da sein."))],
    overwrite: Annotated[bool, typer.Option("--overwrite", help=_("Eine Datei ersetzen, die schon da ist."))] = False,
) -> None:
    with agent_here(with_store=False) as agent:
        from tray_agent.store.backup import back_up

        back_up(agent.store_unchecked, file, overwrite=overwrite)
        print(_("Gesichert: {file}").format(file=file.absolute()))


def _adopt() -> None:
    with agent_here() as agent:
        others = agent.jobs.presences.strangers()
        agent.jobs.adopt_store()
        if others:
            names = ", ".join(sorted({other.workstation for other in others}))
            print(_("Bestätigt: {names} arbeitet nicht mehr mit dieser Datenbank. Dieser Computer sendet.").format(names=names))
        else:
            print(_("Kein anderer Computer hat in letzter Zeit mit dieser Datenbank gearbeitet."))


def _upgrade() -> None:
    with agent_here(with_store=False) as agent:
        from tray_agent.store.migrate import upgrade

        copy = upgrade(agent.store_unchecked, copy_stamp=datetime.now(agent.zone))
        if copy:
            print(_("Kopie der bisherigen Datenbank: {file}").format(file=copy))
        print(_("Die Tabellen sind auf dem Stand dieser Version."))


def _views(
    dialect: Annotated[Dialect | None, typer.Option(help=_("Datenbank der Praxis; ohne Angabe die der Konfiguration."))] = None,
    schema: Annotated[str | None, typer.Option(help=_("Schema der Sichten; ohne Angabe das der Konfiguration."))] = None,
) -> None:
    if dialect is None or schema is None:
        with agent_here(with_store=False) as agent:
            dialect = dialect or Dialect(agent.practice_database.dialect)
            schema = agent.machine.practice.view_schema if schema is None else schema
    print(views_template(dialect, schema or None), end="")
