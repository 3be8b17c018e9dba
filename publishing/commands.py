"""The commands of ``vitoclient-publish``, which publish a portal and keep its signatures fresh."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from publishing.publish import Publication, publish, refresh, rotate
from publishing.signed_metadata import Role
from publishing.signing_keys import SigningKeys
from tray_agent.config.secrets import SystemSecrets
from tray_agent.i18n import _, format_datetime, ngettext

PASSPHRASE = "portal-keys"  # noqa: S105 - the name of a secret
"""The secret that encrypts signing keys: keyring, or ``VITOCLIENT_SECRET_PORTAL_KEYS``."""


def build() -> typer.Typer:
    """Returns the commands, their help in the language in force."""
    app = typer.Typer(
        name="vitoclient-publish",
        help=_("Ein Online-Portal als Hersteller veröffentlichen."),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.command("publish", help=_("Veröffentlicht einen Ordner mit portal.toml als unterschriebenes Portal."))(_publish)
    app.command("refresh", help=_("Unterschreibt den Zeitstempel eines veröffentlichten Portals neu."))(_refresh)
    app.command("rotate", help=_("Ersetzt die Schlüssel einer Rolle; die Praxen folgen von selbst."))(_rotate)
    return app


_Keys = Annotated[Path, typer.Option("--keys", help=_("Ordner mit den Signaturschlüsseln; nie im veröffentlichten Ordner."))]


def _publish(
    source: Annotated[Path, typer.Argument(metavar="DIR", help=_("Ordner mit portal.toml und den Dateien."))],
    keys: _Keys,
    to: Annotated[Path | None, typer.Option("--to", help=_("Zu veröffentlichender Ordner; sonst DIR/repository."))] = None,
    replace: Annotated[bool, typer.Option("--replace", help=_("Den Inhalt veröffentlichter Versionen ändern."))] = False,
) -> None:
    repository = to or source / "repository"
    _print_publication(publish(source, repository, _signing(keys, repository), datetime.now(UTC), replace=replace))
    print(_("Ordner für den Webserver: {folder}").format(folder=repository))


def _refresh(
    repository: Annotated[Path, typer.Argument(metavar="REPOSITORY", help=_("Der veröffentlichte Ordner."))],
    keys: _Keys,
) -> None:
    _print_publication(refresh(repository, _signing(keys, repository), datetime.now(UTC)))


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
    publication = rotate(repository, _signing(keys, repository), role.value, datetime.now(UTC), count=count, threshold=threshold)
    print(
        _("Die Schlüssel «{role}» sind ersetzt; die neuen liegen in {folder} und gehören sofort gesichert.").format(role=role, folder=keys)
    )
    _print_publication(publication)


def _print_publication(publication: Publication) -> None:
    published = ngettext(
        "{count} Datei veröffentlicht, Stand {number}.", "{count} Dateien veröffentlicht, Stand {number}.", publication.versions
    )
    print(published.format(count=publication.versions, number=publication.number))
    print(_("Vertrauensanker für die Praxen (portal.root): {file}").format(file=publication.root_file))
    for role, expires in publication.expiries:
        print(_("Gültig bis {time}: {role}").format(time=format_datetime(expires.astimezone()), role=role))
    print(_("Vorher «vitoclient-publish refresh» mit den Schlüsseln ausführen; sonst lehnen die Praxen das Portal ab."))


def _signing(keys: Path, repository: Path) -> SigningKeys:
    """Returns the signing keys; refuses a folder that a web server would serve."""
    if keys.resolve().is_relative_to(repository.resolve()):
        raise typer.BadParameter(_("Die Schlüssel dürfen nicht im veröffentlichten Ordner liegen."), param_hint="--keys")
    return SigningKeys(keys, SystemSecrets().get(PASSPHRASE))
