"""``vitoclient portal``, ``downloads``, ``subscribe``, ``unsubscribe``, ``download-service``: the Download-Service on the command line."""

from __future__ import annotations

import dataclasses
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tray_agent.cli.frame import agent_here, confirm, console, local_text, print_json, print_table
from tray_agent.i18n import _, format_date, format_datetime

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from tray_agent.downloads.model import DownloadRow, ElementVersion
    from tray_agent.downloads.portal_view import PortalArea
    from tray_agent.downloads.progress import DownloadProgress
    from tray_agent.downloads.workstations import Place

_Element = Annotated[str, typer.Argument(metavar="ELEMENT", help=_("Der Name, den «vitoclient portal list» zeigt."))]
_Json = Annotated[bool, typer.Option("--json", help=_("Als JSON ausgeben."))]

_SHOW_AFTER = 1.0
"""Seconds after which the bar appears."""

_BEAT = 0.2


class Switch(StrEnum):
    """The two positions of the Download-Service."""

    ON = "on"
    OFF = "off"


def add_commands(app: typer.Typer) -> None:
    """Adds the commands of the Download-Service to the application."""
    downloads = typer.Typer(help=_("Heruntergeladene Elemente: anzeigen, holen, installieren."), no_args_is_help=True)
    downloads.command("list", help=_("Zeigt, was heruntergeladen ist."))(_list)
    downloads.command("fetch", help=_("Holt die Datei einer bekannten Version noch einmal auf diesen Arbeitsplatz."))(_fetch)
    downloads.command("run", help=_("Führt den Auftrag Download-Service jetzt aus."))(_run)
    downloads.command("install", help=_("Prüft einen Download noch einmal und startet seine Installation."))(_install)
    app.add_typer(downloads, name="downloads")
    app.command("subscribe", help=_("Ein Element automatisch herunterladen."))(_subscribe)
    app.command("unsubscribe", help=_("Ein Element nicht mehr automatisch herunterladen."))(_unsubscribe)
    app.command("download-service", help=_("Den Download-Service ein- oder ausschalten (on, off)."))(_switch)


def _subscribe(element: _Element) -> None:
    with agent_here() as agent:
        agent.downloads.subscribe(element, agent.person)
        active = agent.downloads.is_active()
    print(_("{element} wird automatisch heruntergeladen.").format(element=element))
    if not active:
        print(_("Der Download-Service ist ausgeschaltet («vitoclient download-service on» schaltet ihn ein)."))


def _unsubscribe(element: _Element) -> None:
    with agent_here() as agent:
        had = agent.downloads.unsubscribe(element)
    text = _("{element} wird nicht mehr automatisch heruntergeladen.") if had else _("{element} war nicht abonniert.")
    print(text.format(element=element))


def _switch(position: Annotated[Switch, typer.Argument(metavar=_("STELLUNG"))]) -> None:
    with agent_here() as agent:
        agent.downloads.set_active(position is Switch.ON, agent.person)
    print(_("Der Download-Service ist eingeschaltet.") if position is Switch.ON else _("Der Download-Service ist ausgeschaltet."))


def _list(
    workstations: Annotated[bool, typer.Option("--workstations", help=_("Zeigt, auf welchem Arbeitsplatz was ist."))] = False,
    as_json: _Json = False,
) -> None:
    with agent_here() as agent:
        rows, zone = agent.downloads.downloads(), agent.zone
        names = agent.downloads.workstations() if workstations else ()
        own = agent.workstation
    if workstations:
        _list_places(rows, names, own, zone, as_json=as_json)
    elif as_json:
        print_json([_row_as_json(row) for row in rows])
    elif rows:
        _print_rows(rows, zone)
    else:
        print(_("Noch nichts heruntergeladen. «vitoclient subscribe ELEMENT» abonniert ein Element."))


def _print_rows(rows: tuple[DownloadRow, ...], zone: ZoneInfo) -> None:
    from rich.markup import escape
    from rich.table import Table

    from tray_agent.downloads.words import format_size, word_of

    table = Table(_("Element"), _("Titel"), _("Version"), _("Grösse"), _("Status"), _("Geprüft"), box=None)
    for row in rows:
        signed, verified_at = row.signed, row.download.verified_at
        checked = format_datetime(verified_at.astimezone(zone)) if verified_at else ""
        table.add_row(signed.element, escape(signed.title), str(signed.version), format_size(signed.size), word_of(row), checked)
    print_table(table)


def _list_places(rows: tuple[DownloadRow, ...], names: tuple[str, ...], own: str, zone: ZoneInfo, *, as_json: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

    from tray_agent.downloads.workstations import places_of

    known = [row.download for row in rows]
    found = [(row.signed, place) for row in rows for place in places_of(row.download, known, names, own)]
    if as_json:
        print_json([_place_as_json(signed, place) for signed, place in found])
        return
    table = Table(_("Element"), _("Version"), _("Arbeitsplatz"), _("Datei"), _("Installation"), _("Wann"), _("Durch"), box=None)
    for signed, place in found:
        name = _("{name} (hier)").format(name=place.workstation) if place.is_here else place.workstation
        when = local_text(place.installed.changed_at, zone) if place.installed else ""
        who = place.installed.changed_by if place.installed else ""
        file = _("da") if place.has_file else ""
        table.add_row(signed.element, str(signed.version), escape(name), file, place.result, when, escape(who))
    print_table(table)


def _place_as_json(signed: ElementVersion, place: Place) -> dict[str, object]:
    installed, file = place.installed, place.file
    return {
        "element": signed.element,
        "version": signed.version,
        "workstation": place.workstation,
        "here": place.is_here,
        "file": place.has_file,
        "verified_at": file.verified_at if file else None,
        "installed": installed.installed if installed else None,
        "installed_version": place.version,
        "exit_code": installed.exit_code if installed else None,
        "changed_at": installed.changed_at if installed else None,
        "changed_by": installed.changed_by if installed else None,
    }


def _fetch(
    element: _Element,
    version: Annotated[str | None, typer.Argument(metavar="VERSION", help=_("Diese Version; sonst die, die bereitliegt."))] = None,
    as_json: _Json = False,
) -> None:
    with agent_here() as agent, nullcontext() if as_json else _transfer_bar(agent.downloads.progress):
        sentence = agent.downloads.fetch(element, version)
    if as_json:
        print_json({"element": element, "sentence": sentence})
    else:
        print(sentence)


def _signed_as_json(signed: ElementVersion) -> dict[str, object]:
    """Returns what the vendor signed of a version, as ``--json`` shows it (``docs/commands.md``)."""
    names = ("element", "title", "version", "released", "size", "notes", "kind", "restart", "scope")
    return {name: getattr(signed, name) for name in names} | {"needs": signed.needs or "", "software": signed.software or ""}


def _row_as_json(row: DownloadRow) -> dict[str, object]:
    known = {name: getattr(row.download, name) for name in ("verified_at", "changed_at", "changed_by", "exit_code")}
    here = {"file_name": row.signed.file_name, "state": row.state, "present": row.present}
    recalled = row.recall.reason if row.recall else None
    return _signed_as_json(row.signed) | here | known | {"kept": row.kept, "recalled": recalled, "critical": row.critical}


def _run(as_json: _Json = False) -> None:
    from tray_agent.job_kinds import JobKey
    from tray_agent.protocol.model import RunState

    with agent_here() as agent:
        with nullcontext() if as_json else _transfer_bar(agent.downloads.progress):
            run = agent.jobs.run_now(JobKey.DOWNLOAD)
        rows = agent.downloads.waiting()
    if as_json:
        waiting = [_row_as_json(row) for row in rows]
        print_json({"status": run.state, "counts": run.counts, "skipped": run.skipped, "sentence": run.sentence, "waiting": waiting})
    else:
        print(run.sentence)
        for row in rows:
            print(_("Bereit zur Installation: {title} {version}").format(title=row.signed.title, version=row.signed.version))
    if run.state is not RunState.SUCCEEDED or run.problems:
        raise typer.Exit(1)


@contextmanager
def _transfer_bar(progress: DownloadProgress) -> Iterator[None]:
    """Shows how far the transfers are until the end of the block, where the error stream is a terminal."""
    ended = threading.Event()
    shower = threading.Thread(target=_show, args=(progress, ended), name="progress-bar", daemon=True)
    if sys.stderr.isatty():
        shower.start()
    try:
        yield
    finally:
        ended.set()
        if shower.is_alive():
            shower.join()


def _show(progress: DownloadProgress, ended: threading.Event) -> None:
    if ended.wait(_SHOW_AFTER):
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn

    from tray_agent.downloads.words import progress_text

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[amount]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("", total=None, amount="")
        while not ended.wait(_BEAT):
            now = progress.snapshot()
            bars.update(bar, completed=now.done, total=now.total or None, description=escape(now.titles), amount=progress_text(now))


def _install(
    element: _Element,
    version: Annotated[str | None, typer.Option("--version", help=_("Diese Version; sonst die, die bereitliegt."))] = None,
    yes: Annotated[bool, typer.Option("--yes", help=_("Nicht nachfragen, auch wo andere Arbeitsplätze ausgesperrt werden."))] = False,
    recalled: Annotated[bool, typer.Option("--recalled", help=_("Auch wenn der Hersteller diese Version zurückgerufen hat."))] = False,
    as_json: _Json = False,
) -> None:
    with agent_here() as agent:
        if locked_out := agent.downloads.locked_out(element, version):
            print(locked_out.sentence, locked_out.names, sep="\n", file=sys.stderr)
            if not yes:
                confirm(_("Trotzdem installieren? [j/N]"))
        result = agent.downloads.install(element, version, by=agent.person, despite_recall=recalled)
    if as_json:
        print_json(dataclasses.asdict(result))
    else:
        print(result.sentence)
    if not result.outcome.went_well:
        raise typer.Exit(1)


def portal_group() -> typer.Typer:
    """Returns the commands of ``vitoclient portal``."""
    app = typer.Typer(help=_("Das Online-Portal anzeigen."), no_args_is_help=True)
    app.callback()(lambda: None)  # without it, a group of a single command would be that command
    app.command("list", help=_("Zeigt, was das Portal anbietet."))(_list_portal)
    return app


def _list_portal(
    area: Annotated[str | None, typer.Option("--area", help=_("Nur dieser Bereich."))] = None,
    as_json: _Json = False,
) -> None:
    with agent_here() as agent:
        view = agent.downloads.portal()
        zone = agent.zone
    areas = [shown for shown in view.areas if area is None or shown.title.casefold() == area.casefold()]
    if area is not None and not areas:
        raise typer.BadParameter(_("Diesen Bereich gibt es nicht: {area}").format(area=area), param_hint="--area")
    if as_json:
        head = {"active": view.active, "offline": view.offline, "checked_at": view.checked_at, "refused": view.refused}
        print_json(head | {"areas": [_area_as_json(shown) for shown in areas]})
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


def _area_as_json(area: PortalArea) -> object:
    headings = [
        {
            "title": heading.title,
            "rows": [_signed_as_json(row.signed) | {"subscribed": row.subscribed, "state": row.state} for row in heading.rows],
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
