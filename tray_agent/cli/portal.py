"""``vitoclient portal``: what the online portal offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tray_agent.cli.downloads import signed_as_json
from tray_agent.cli.frame import agent_here, console, print_json, print_table
from tray_agent.i18n import _, format_date, format_datetime

if TYPE_CHECKING:
    from tray_agent.downloads.portal_view import PortalArea, PortalView


def group() -> typer.Typer:
    """Returns the commands of ``vitoclient portal``."""
    app = typer.Typer(help=_("Das Online-Portal anzeigen."), no_args_is_help=True)
    app.callback()(lambda: None)  # without it, a group of a single command would be that command
    app.command("list", help=_("Zeigt, was das Portal anbietet."))(_list)
    return app


def _list(
    area: Annotated[str | None, typer.Option("--area", help=_("Nur dieser Bereich."))] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_("Als JSON ausgeben."))] = False,
) -> None:
    with agent_here() as agent:
        view = agent.downloads.portal()
        zone = agent.machine.zone
    areas = [shown for shown in view.areas if area is None or shown.title.casefold() == area.casefold()]
    if area is not None and not areas:
        raise typer.BadParameter(_("Diesen Bereich gibt es nicht: {area}").format(area=area), param_hint="--area")
    if as_json:
        print_json(_as_json(view, areas))
        return
    for shown in areas:
        _print_area(shown)
    if view.offline:
        since = format_datetime(view.checked_at.astimezone(zone)) if view.checked_at else "?"
        print(_("Das Portal antwortet nicht; dies ist der Stand vom {time}.").format(time=since))
    if view.refused:
        print(_("{count} Einträge sind fehlerhaft beschrieben und werden nicht angeboten.").format(count=view.refused))
    if not view.active:
        print(_("Der Download-Service ist ausgeschaltet («vitoclient download-service on» schaltet ihn ein)."))


def _as_json(view: PortalView, areas: list[PortalArea]) -> object:
    head = {"active": view.active, "offline": view.offline, "checked_at": view.checked_at, "refused": view.refused}
    return head | {"areas": [_area_as_json(area) for area in areas]}


def _area_as_json(area: PortalArea) -> object:
    headings = [
        {
            "title": heading.title,
            "rows": [signed_as_json(row.signed) | {"subscribed": row.subscribed, "state": row.state} for row in heading.rows],
        }
        for heading in area.headings
    ]
    return {"title": area.title, "is_new": area.is_new, "headings": headings}


def _print_area(area: PortalArea) -> None:
    from rich.markup import escape
    from rich.table import Table

    from tray_agent.downloads.words import format_size

    columns = (_("Element"), _("Titel"), _("Version"), _("Vom"), _("Grösse"), _("Abonniert"))
    table = Table(*columns, title=escape(area.title), title_justify="left", box=None)
    for heading in area.headings:
        table.add_row("", f"[bold]{escape(heading.title)}[/bold]")
        for row in heading.rows:
            signed, ticked = row.signed, _("ja") if row.subscribed else ""
            cells = (str(signed.version), format_date(signed.released), format_size(signed.size), ticked)
            table.add_row(signed.element, escape(signed.title), *cells)
    print_table(table)
    console().print()
