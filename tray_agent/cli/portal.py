"""``vitoclient portal``: what the online portal offers; and the vendor's side, which publishes one."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tray_agent.cli.frame import agent_here, console, print_json, print_table
from tray_agent.i18n import _, format_date, format_datetime, ngettext

if TYPE_CHECKING:
    from publishing.publish import Publication
    from tray_agent.downloads.service import PortalArea, PortalView

PASSPHRASE = "portal-keys"  # noqa: S105 - the name of a secret
"""The secret that encrypts signing keys: keyring, or ``VITOCLIENT_SECRET_PORTAL_KEYS``."""


class Role(StrEnum):
    """Whose keys can be replaced."""

    ROOT = "root"
    TARGETS = "targets"
    SNAPSHOT = "snapshot"
    TIMESTAMP = "timestamp"


_Keys = Annotated[Path, typer.Option("--keys", help=_("Ordner mit den Signaturschlüsseln; nie im veröffentlichten Ordner."))]


def group() -> typer.Typer:
    """Returns the commands of ``vitoclient portal``."""
    app = typer.Typer(help=_("Das Online-Portal: anzeigen, und als Hersteller veröffentlichen."), no_args_is_help=True)
    app.command("list", help=_("Zeigt, was das Portal anbietet."))(_list)
    app.command("publish", help=_("Veröffentlicht einen Ordner mit portal.toml als unterschriebenes Portal."))(_publish)
    app.command("refresh", help=_("Unterschreibt den Zeitstempel eines veröffentlichten Portals neu."))(_refresh)
    app.command("rotate", help=_("Ersetzt die Schlüssel einer Rolle; die Praxen folgen von selbst."))(_rotate)
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
    return head | {"areas": [dataclasses.asdict(area) for area in areas]}


def _print_area(area: PortalArea) -> None:
    from rich.markup import escape
    from rich.table import Table

    from tray_agent.downloads.sizes import format_size

    columns = (_("Element"), _("Titel"), _("Version"), _("Vom"), _("Grösse"), _("Abonniert"))
    table = Table(*columns, title=escape(area.title), title_justify="left", box=None)
    for heading in area.headings:
        table.add_row("", f"[bold]{escape(heading.title)}[/bold]")
        for row in heading.rows:
            ticked = _("ja") if row.subscribed else ""
            table.add_row(row.element, escape(row.title), row.version, format_date(row.released), format_size(row.size), ticked)
    print_table(table)
    console().print()


def _publish(
    source: Annotated[Path, typer.Argument(metavar="DIR", help=_("Ordner mit portal.toml und den Dateien."))],
    keys: _Keys,
    to: Annotated[Path | None, typer.Option("--to", help=_("Zu veröffentlichender Ordner; sonst DIR/repository."))] = None,
    replace: Annotated[bool, typer.Option("--replace", help=_("Den Inhalt veröffentlichter Versionen ändern."))] = False,
) -> None:
    from publishing.publish import publish
    from publishing.signing_keys import SigningKeys

    repository = to or source / "repository"
    _tell(publish(source, repository, SigningKeys(_apart(keys, repository), _passphrase()), datetime.now(UTC), replace=replace))
    print(_("Ordner für den Webserver: {folder}").format(folder=repository))


def _refresh(
    repository: Annotated[Path, typer.Argument(metavar="REPOSITORY", help=_("Der veröffentlichte Ordner."))],
    keys: _Keys,
) -> None:
    from publishing.publish import refresh
    from publishing.signing_keys import SigningKeys

    _tell(refresh(repository, SigningKeys(_apart(keys, repository), _passphrase()), datetime.now(UTC)))


def _rotate(
    repository: Annotated[Path, typer.Argument(metavar="REPOSITORY", help=_("Der veröffentlichte Ordner."))],
    role: Annotated[Role, typer.Argument(metavar=_("ROLLE"), help=_("Wessen Schlüssel ersetzt werden."))],
    keys: _Keys,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help=_("So viele Schlüssel hat die Rolle danach; sonst wie bisher."))
    ] = None,
    threshold: Annotated[
        int | None, typer.Option("--threshold", min=1, help=_("So viele müssen unterschreiben; sonst wie bisher."))
    ] = None,
) -> None:
    from publishing.publish import rotate
    from publishing.signing_keys import SigningKeys

    signing = SigningKeys(_apart(keys, repository), _passphrase())
    publication = rotate(repository, signing, role.value, datetime.now(UTC), count=count, threshold=threshold)
    print(
        _("Die Schlüssel «{role}» sind ersetzt; die neuen liegen in {folder} und gehören sofort gesichert.").format(role=role, folder=keys)
    )
    _tell(publication)


def _tell(publication: Publication) -> None:
    said = ngettext(
        "{count} Datei veröffentlicht, Stand {number}.", "{count} Dateien veröffentlicht, Stand {number}.", publication.versions
    )
    print(said.format(count=publication.versions, number=publication.number))
    print(_("Vertrauensanker für die Praxen (portal.root): {file}").format(file=publication.root_file))
    for role, expires in publication.expiries:
        print(_("Gültig bis {time}: {role}").format(time=format_datetime(expires.astimezone()), role=role))
    print(_("Vorher «vitoclient portal refresh» mit den Schlüsseln ausführen; sonst lehnen die Praxen das Portal ab."))


def _apart(keys: Path, repository: Path) -> Path:
    """Returns the key folder; refuses one that a web server would serve."""
    if keys.resolve().is_relative_to(repository.resolve()):
        raise typer.BadParameter(_("Die Schlüssel dürfen nicht im veröffentlichten Ordner liegen."), param_hint="--keys")
    return keys


def _passphrase() -> str | None:
    from tray_agent.config.secrets import SystemSecrets

    return SystemSecrets().get(PASSPHRASE)
