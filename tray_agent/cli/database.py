"""``vitoclient db``: the agent's tables."""

from __future__ import annotations

from datetime import datetime

import typer

from tray_agent.cli.frame import agent_here
from tray_agent.i18n import _


def group() -> typer.Typer:
    """Returns the commands of ``vitoclient db``."""
    app = typer.Typer(help=_("Die Datenbank des Agenten."), no_args_is_help=True)
    app.command("upgrade", help=_("Tabellen anlegen oder auf den Stand dieser Version bringen."))(_upgrade)
    return app


def _upgrade() -> None:
    with agent_here() as agent:
        from tray_agent.store.migrate import upgrade

        copy = upgrade(agent.store_unchecked, copy_stamp=datetime.now(agent.machine.zone))
        if copy:
            print(_("Kopie der bisherigen Datenbank: {file}").format(file=copy))
        print(_("Die Tabellen sind auf dem Stand dieser Version."))
