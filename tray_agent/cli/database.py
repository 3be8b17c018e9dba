"""``vitoclient db``: where the agent's tables are, what they need, and their making."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tray_agent.cli.frame import agent_here
from tray_agent.i18n import N_, _
from tray_agent.practice.views import VIEWS, Dialect, views_template
from tray_agent.store.address import Encryption, ServerKind


def group() -> typer.Typer:
    """Returns the commands of ``vitoclient db``."""
    app = typer.Typer(help=_("Die Datenbank des Agenten."), no_args_is_help=True)
    app.command("upgrade", help=_("Tabellen anlegen oder auf den Stand dieser Version bringen."))(_upgrade)
    app.command("views", help=_("SQL-Vorlage der fünf Sichten ausgeben, über die die Praxisdaten gelesen werden."))(_views)
    app.command("grants", help=_("SQL der Rechte ausgeben, die der Agent in der Datenbank braucht, für ihren Betreuer."))(_grants)
    app.command("address", help=_("Adresse der Datenbank zeigen, oder mit --server und --database setzen; ohne Passwort."))(_address)
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


def _grants(
    login: Annotated[str | None, typer.Option(metavar=_("NAME"), help=_("Der Agent; ohne Angabe der Benutzer der Konfiguration."))] = None,
    upgrade_login: Annotated[
        str | None, typer.Option(metavar=_("NAME"), help=_("Wer die Tabellen anlegt und ändert; ohne Angabe vitoclient_upgrade."))
    ] = None,
    schema: Annotated[str | None, typer.Option(help=_("Schema der Tabellen; ohne Angabe das der Konfiguration."))] = None,
    dialect: Annotated[Dialect | None, typer.Option(help=_("Art der Datenbank; ohne Angabe die der Konfiguration."))] = None,
) -> None:
    from sqlalchemy.engine import make_url

    from tray_agent.config.machine import load_machine
    from tray_agent.store.grants import Grants, grants_script

    machine = load_machine()
    store, practice = make_url(machine.store_url), make_url(machine.practice_url)
    kind = dialect or Dialect(store.get_backend_name())
    if kind is Dialect.SQLITE:
        print(_("Die Datenbank des Agenten ist eine Datei: Rechte sind die der Datei und ihres Ordners, SQL braucht es keines."))
        return
    default = "dbo" if kind is Dialect.MSSQL else "public"
    run_login = login or store.username or "vitoclient_agent"
    database = (store.database if store.get_backend_name() == kind.value else None) or "vitoclient"
    wanted = Grants(
        kind.value,
        run_login,
        upgrade_login or "vitoclient_upgrade",
        database,
        schema or machine.store.table_schema or default,
        practice.database if practice.get_backend_name() == kind.value else None,
        (practice.username if machine.practice.url else None) or run_login,
        machine.practice.view_schema or default,
        tuple(view.name for view in VIEWS),
    )
    print(grants_script(wanted), end="")


def _address(
    *,
    server: Annotated[
        str | None,
        typer.Option(metavar=_("SERVER"), help=_("SRV01, SRV01\\INSTANZ, SRV01,14330 oder der Listener; PostgreSQL: SRV01:5432.")),
    ] = None,
    database: Annotated[str | None, typer.Option(metavar=_("NAME"), help=_("Name der Datenbank."))] = None,
    user: Annotated[str, typer.Option(metavar=_("NAME"), help=_("Benutzer; ohne Angabe die Windows-Anmeldung."))] = "",
    kind: Annotated[ServerKind, typer.Option(help=_("Art des Servers."))] = ServerKind.SQL_SERVER,
    encryption: Annotated[
        Encryption,
        typer.Option(
            help=_(
                "checked: verschlüsselt, Zertifikat geprüft; unchecked: verschlüsselt, aber es wird nicht geprüft, wer antwortet; "
                "strict: ab SQL Server 2022."
            )
        ),
    ] = Encryption.CHECKED,
    server_certificate: Annotated[
        str, typer.Option(metavar=_("DATEI"), help=_("Das Zertifikat, das der Server haben muss; braucht Treiber 18.1."))
    ] = "",
    certificate_host: Annotated[
        str, typer.Option(metavar=_("NAME"), help=_("Auf welchen Namen das Zertifikat lautet, wenn nicht auf den des Servers."))
    ] = "",
    listener: Annotated[
        bool, typer.Option("--listener", help=_("Der Server ist der Listener einer Verfügbarkeitsgruppe (MultiSubnetFailover)."))
    ] = False,
    practice: Annotated[
        bool, typer.Option("--practice", help=_("Die Datenbank der Praxissoftware statt der des Agenten; dort wird nur gelesen."))
    ] = False,
) -> None:
    from tray_agent.config.machine import config_file, load_machine
    from tray_agent.config.write import save_machine
    from tray_agent.store.address import DatabaseAddress, url_of

    if server is None and database is None:
        machine = load_machine()
        _show_address(machine.practice_url if practice else machine.store_url)
        return
    url = url_of(
        DatabaseAddress(kind, server or "", database or "", user.strip(), encryption, server_certificate, certificate_host, listener)
    )
    save_machine(config_file(), {("practice" if practice else "store", "url"): url})
    _show_address(url)
    if user:
        name = "practice" if practice else "store"
        print(_("Das Passwort unter «Einrichten» eingeben; für den Dienst mit «vitoclient service secret {name}».").format(name=name))
    print(_("Das gilt für diesen Computer, nach dem nächsten Start des Programms."))


def _show_address(url: str) -> None:
    from tray_agent.config.machine import without_password
    from tray_agent.store.address import address_of

    address = address_of(url)
    if address is None:
        print(without_password(url))
        return
    print(_("Server: {server}").format(server=address.server))
    print(_("Datenbank: {database}").format(database=address.database))
    print(_("Benutzer: {user}").format(user=address.user or _("Windows-Anmeldung")))
    if address.kind is ServerKind.POSTGRESQL:
        return
    print(_("Verschlüsselung: {how}").format(how=_(_ENCRYPTIONS[address.encryption])))
    if address.server_certificate:
        print(_("Zertifikat des Servers: {file}").format(file=address.server_certificate))
    if address.certificate_host:
        print(_("Name im Zertifikat: {name}").format(name=address.certificate_host))
    if address.listener:
        print(_("Listener einer Verfügbarkeitsgruppe: Alle seine Adressen werden zugleich versucht."))


_ENCRYPTIONS = {
    Encryption.CHECKED: N_("ja, das Zertifikat wird geprüft"),
    Encryption.UNCHECKED: N_("ja, aber es wird nicht geprüft, wer antwortet"),
    Encryption.STRICT: N_("streng (TDS 8.0), das Zertifikat wird geprüft"),
}
