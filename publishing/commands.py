"""The commands of ``vitoclient-publish``, which publish a portal, keep its signatures fresh, and look at what is served."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from publishing.check import check
from publishing.description import read_description
from publishing.errors import PublishError, refused
from publishing.installers import read_installer
from publishing.live import LivePortal
from publishing.publish import Publication, live_address, newest_root, publish, recall, refresh, restored, rotate
from publishing.signed_metadata import ROLES, Numbers, Role
from publishing.signing_keys import SigningKeys
from tray_agent.clock import SystemClock
from tray_agent.config.secrets import SystemSecrets
from tray_agent.downloads.model import Version
from tray_agent.downloads.portal import is_root
from tray_agent.file_faults import why_of
from tray_agent.i18n import _, format_datetime, ngettext
from tray_agent.platforms.locks import LockedError, locked
from tray_agent.web.client import Web

PASSPHRASE = "portal-keys"  # noqa: S105 - the name of a secret
"""The secret that encrypts signing keys: keyring, or ``VITOCLIENT_SECRET_PORTAL_KEYS``."""

ENDING = 3
"""The exit code when all was done, or is as it should be, but a role ends in less than half of its lifetime, or files are missing."""

LOCK = "publishing.lock"
"""The file in the published folder that is held while its portal is signed; it stays there, and nobody asks for it."""


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
    commands: tuple[tuple[str, str, Callable[..., None]], ...] = (
        ("publish", _("Veröffentlicht einen Ordner mit portal.toml als unterschriebenes Portal."), _publish),
        ("refresh", _("Unterschreibt den Zeitstempel eines veröffentlichten Portals neu."), _refresh),
        ("check", _("Prüft ein veröffentlichtes Portal an seiner Adresse wie eine Praxis."), _check),
        ("recall", _("Ruft eine veröffentlichte Version zurück; die Praxen installieren sie nicht mehr."), _recall),
        ("rotate", _("Ersetzt die Schlüssel einer Rolle; die Praxen folgen von selbst."), _rotate),
        ("keys", _("Zeigt, welche Schlüssel gelten und welche davon hier sind."), _keys),
        ("restored", _("Nach dem Zurückspielen einer Sicherung: unterschreibt so, dass die Praxen den Stand annehmen."), _restored),
        ("describe", _("Schreibt den Abschnitt für portal.toml, mit dem, was in den Dateien steht."), _describe),
    )
    for name, text, command in commands:
        app.command(name, help=text)(command)
    return app


_Keys = Annotated[Path, typer.Option("--keys", help=_("Ordner mit den Signaturschlüsseln; nie im veröffentlichten Ordner."))]
_Live = Annotated[
    str | None,
    typer.Option("--live", metavar="URL", help=_("Adresse, unter der die Praxen das Portal finden; sonst «live» in portal.toml.")),
]
_WithoutLive = Annotated[
    bool, typer.Option("--without-live", help=_("Das Portal an seiner Adresse nicht ansehen: Dieser Ordner ist sicher der neueste Stand."))
]
_Repository = Annotated[Path, typer.Argument(metavar="REPOSITORY", help=_("Der veröffentlichte Ordner."))]


def _publish(
    source: Annotated[Path, typer.Argument(metavar="DIR", help=_("Ordner mit portal.toml und den Dateien."))],
    keys: _Keys,
    to: Annotated[Path | None, typer.Option("--to", help=_("Zu veröffentlichender Ordner; sonst DIR/repository."))] = None,
    replace: Annotated[bool, typer.Option("--replace", help=_("Den Inhalt veröffentlichter Versionen ändern."))] = False,
    new: Annotated[bool, typer.Option("--new", help=_("Mit vorhandenen Schlüsseln ein neues Portal beginnen."))] = False,
    live: _Live = None,
    without_live: _WithoutLive = False,
) -> None:
    repository = to or source / "repository"
    signing = _signing(keys, repository)
    address = read_description(source).live if live is None else live
    with _alone(repository):
        known = _known(repository, address, without_live=without_live)
        publication = publish(source, repository, signing, datetime.now(UTC), replace=replace, first=new, known=known)
    _print_publication(publication)
    print(_("Ordner für den Webserver: {folder}").format(folder=repository))
    _warn_of_ending(publication.ending)


def _refresh(repository: _Repository, keys: _Keys, live: _Live = None, without_live: _WithoutLive = False) -> None:
    with _alone(repository):
        known = _known(repository, _live_of(repository, live), without_live=without_live)
        publication = refresh(repository, _signing(keys, repository), datetime.now(UTC), known=known)
    _print_publication(publication)
    _warn_of_ending(publication.ending)


def _check(
    address: Annotated[str, typer.Argument(metavar="URL", help=_("Die Adresse des Portals (portal.address der Praxen)."))],
    root: Annotated[Path, typer.Option("--root", help=_("Der Vertrauensanker der Praxen: 1.root.json."))],
    whole: Annotated[bool, typer.Option("--files", help=_("Alle Dateien ganz laden und vergleichen."))] = False,
) -> None:
    _check_address(address, "URL")
    with _web() as web:
        health = check(address, _root_file(root), web, SystemClock(), whole=whole)
    print(
        ngettext("Stand {number}, {count} Datei.", "Stand {number}, {count} Dateien.", health.versions).format(
            number=health.number, count=health.versions
        )
    )
    _print_expiries(health.expiries)
    for fault in health.faults:
        print(_("Fehlt oder falsch: {fault}").format(fault=fault), file=sys.stderr)
    _warn_of_ending(health.ending)
    if health.faults:
        raise typer.Exit(ENDING)


def _recall(
    repository: _Repository,
    element: Annotated[str, typer.Argument(metavar="ELEMENT", help=_("Schlüssel des Elements."))],
    version: Annotated[str, typer.Argument(metavar="VERSION", help=_("Die Version."))],
    keys: _Keys,
    reason: Annotated[str | None, typer.Option("--reason", help=_("Warum; die Praxen zeigen diesen Satz."))] = None,
    undo: Annotated[bool, typer.Option("--undo", help=_("Die Version gilt wieder."))] = False,
    live: _Live = None,
    without_live: _WithoutLive = False,
) -> None:
    if (reason is None) is not undo:
        raise typer.BadParameter(_("Entweder --reason mit dem Grund oder --undo angeben."), param_hint="--reason")
    try:
        key = element, Version.parse(version)
    except ValueError as error:
        raise typer.BadParameter(_("«{version}» ist keine Version.").format(version=version), param_hint="VERSION") from error
    with _alone(repository):
        known = _known(repository, _live_of(repository, live), without_live=without_live)
        publication = recall(repository, _signing(keys, repository), key, reason, datetime.now(UTC), known=known)
    _print_publication(publication)
    said = (
        _("{element} {version} gilt wieder.")
        if undo
        else _("{element} {version} ist zurückgerufen; die Praxen erfahren es, wenn sie das Portal das nächste Mal ansehen.")
    )
    print(said.format(element=element, version=version))


def _rotate(
    repository: _Repository,
    role: Annotated[Role, typer.Argument(metavar=_("ROLLE"), help=_("Wessen Schlüssel ersetzt werden."))],
    keys: _Keys,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help=_("So viele Schlüssel hat die Rolle danach; sonst wie bisher."))
    ] = None,
    threshold: Annotated[
        int | None, typer.Option("--threshold", min=1, help=_("So viele müssen unterschreiben; sonst wie bisher."))
    ] = None,
    live: _Live = None,
    without_live: _WithoutLive = False,
) -> None:
    with _alone(repository):
        known = _known(repository, _live_of(repository, live), without_live=without_live)
        publication = rotate(
            repository, _signing(keys, repository), role.value, datetime.now(UTC), count=count, threshold=threshold, known=known
        )
    print(
        _("Die Schlüssel «{role}» sind ersetzt; die neuen liegen in {folder} und gehören sofort gesichert.").format(role=role, folder=keys)
    )
    _print_publication(publication)


def _keys(repository: _Repository, keys: _Keys) -> None:
    signing = _signing(keys, repository)
    root = newest_root(repository)
    for role in ROLES:
        here = list(signing.listed(role))
        live = [keyid for _file, keyid in here if keyid in root.roles[role].keyids]
        print(
            _("{role}: {here} von {all} Schlüsseln hier, {needed} müssen unterschreiben").format(
                role=role, here=len(live), all=len(root.roles[role].keyids), needed=root.roles[role].threshold
            )
        )
        for file, keyid in here:
            state = _("gilt") if keyid in live else _("gehört nicht zu diesem Portal oder wurde ersetzt")
            print(f"  {file.name}  {keyid[:8]}  {state}")


def _restored(
    repository: _Repository,
    keys: _Keys,
    ahead: Annotated[
        int,
        typer.Option("--ahead", min=1, help=_("Nummern, die ausgelassen werden: mehr, als seit der Sicherung unterschrieben wurde.")),
    ] = 1000,
    live: _Live = None,
    without_live: _WithoutLive = False,
) -> None:
    with _alone(repository):
        known = _known(repository, _live_of(repository, live), without_live=without_live)
        publication = restored(repository, _signing(keys, repository), datetime.now(UTC), ahead, known=known)
    _print_publication(publication)


def _describe(files: Annotated[list[Path], typer.Argument(metavar=_("DATEI …"), help=_("Installationsdateien und andere."))]) -> None:
    import tomlkit

    for file in files:
        installer = read_installer(file)
        table = tomlkit.table()
        said = {"version": installer.version, "file": file.name, "released": datetime.now(UTC).date(), "needs": installer.needs}
        for name, value in said.items():
            if value is not None:
                table.add(name, value)
        if installer.publisher:
            print(_("# Unterschrieben von: {publisher} (publisher des Elements)").format(publisher=installer.publisher))
        print("[[element.version]]")
        print(tomlkit.dumps(table))


def _root_file(file: Path) -> bytes:
    try:
        root = file.read_bytes()
    except OSError as error:
        raise refused(str(file), _("{file} kann nicht gelesen werden: {why}.").format(file=file, why=why_of(error))) from error
    if not is_root(root):
        raise typer.BadParameter(_("{file} ist kein unterschriebener Vertrauensanker.").format(file=file), param_hint="--root")
    return root


@contextmanager
def _alone(repository: Path) -> Iterator[None]:
    """Keeps others from signing this portal within the block: a timer's refresh would take back the release that ends meanwhile.

    Raises:
        PublishError: somebody does so now, or the folder can't be written to; nothing was changed.
    """
    with ExitStack() as holding:
        if repository.is_dir():  # one that a typing error names is not made, and nobody refreshes one that is not there yet
            try:
                holding.enter_context(locked(repository / LOCK))
            except LockedError as error:
                raise PublishError(
                    _("Portal in Arbeit"),
                    _("In {folder} arbeitet gerade ein anderer Befehl, vielleicht der Timer; nichts wurde unterschrieben.").format(
                        folder=repository
                    ),
                    _("Warten, bis er zu Ende ist, und den Befehl wiederholen."),
                    item=str(repository),
                ) from error
            except OSError as error:
                raise refused(
                    str(repository), _("In {folder} kann nicht geschrieben werden: {why}.").format(folder=repository, why=why_of(error))
                ) from error
        yield


def _live_of(repository: Path, live: str | None) -> str | None:
    return live_address(repository) if live is None else live


def _check_address(address: str, option: str) -> None:
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise typer.BadParameter(
            _("«{address}» ist keine Adresse eines Portals; sie beginnt mit https://.").format(address=address), param_hint=option
        )


def _known(repository: Path, address: str | None, *, without_live: bool) -> Numbers | None:
    """Takes over what practices see, where that is known, and returns its numbers."""
    if address is None or without_live:
        return None
    _check_address(address, "--live")
    with _web() as web:
        portal = LivePortal(address, web)
        known = portal.take_over(repository / "metadata")
    if portal.dropped is not None:
        print(
            _("WARNUNG: Stand {number} wurde hier unterschrieben und nie auf den Webserver kopiert; inzwischen wurde anderswo"
              " veröffentlicht. Er ist verworfen; Rückrufe daraus mit «recall» wiederholen.").format(number=portal.dropped),
            file=sys.stderr,
        )  # fmt: skip
    if known:
        print(_("Die Praxen sehen unter {address} den Stand {number}.").format(address=address, number=known["targets"]))
    elif (repository / "metadata" / "timestamp.json").exists():
        print(
            _("WARNUNG: Unter {address} steht kein Portal; gezählt wird von {folder} aus. War es schon auf dem Webserver, stimmt die"
              " Adresse nicht, und die Praxen könnten den neuen Stand ablehnen.").format(address=address, folder=repository),
            file=sys.stderr,
        )  # fmt: skip
    else:
        print(_("Unter {address} steht noch kein Portal.").format(address=address))
    return known


@contextmanager
def _web() -> Iterator[Web]:
    web = Web()
    try:
        yield web
    finally:
        web.close()


def _print_publication(publication: Publication) -> None:
    published = ngettext(
        "{count} Datei veröffentlicht, Stand {number}.", "{count} Dateien veröffentlicht, Stand {number}.", publication.versions
    )
    print(published.format(count=publication.versions, number=publication.number))
    for role in publication.renewed:
        print(_("Kein geltender Schlüssel «{role}» war hier; er ist ersetzt. Den neuen sofort sichern.").format(role=role))
    print(_("Vertrauensanker für die Praxen (portal.root): {file}").format(file=publication.root_file))
    _print_expiries(publication.expiries)
    print(_("Vorher «vitoclient-publish refresh» mit den Schlüsseln ausführen; sonst lehnen die Praxen das Portal ab."))


def _print_expiries(expiries: tuple[tuple[str, datetime], ...]) -> None:
    for role, expires in expiries:
        print(_("Gültig bis {time}: {role}").format(time=format_datetime(expires.astimezone()), role=role))


def _warn_of_ending(ending: tuple[str, ...]) -> None:
    """Says loudly, from half of a lifetime on, what nobody prolongs; a timer's system sees it by the exit code.

    Raises:
        typer.Exit: with ``ENDING``, if anything ends.
    """
    for role in ending:
        print(
            _("WARNUNG: «{role}» läuft ab und wurde nicht verlängert. Mit seinem Schlüssel «refresh» ausführen, sonst lehnen die Praxen"
              " das Portal ab.").format(role=role),
            file=sys.stderr,
        )  # fmt: skip
    if ending:
        raise typer.Exit(ENDING)


def _signing(keys: Path, repository: Path) -> SigningKeys:
    """Returns the signing keys; refuses a folder that a web server would serve."""
    if keys.resolve().is_relative_to(repository.resolve()):
        raise typer.BadParameter(_("Die Schlüssel dürfen nicht im veröffentlichten Ordner liegen."), param_hint="--keys")
    return SigningKeys(keys, SystemSecrets().get(PASSPHRASE))
