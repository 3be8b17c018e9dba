"""Which version the agent's tables have, asked with every look at the plan: without Alembic, whose import costs time and memory."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select
from sqlalchemy.exc import DBAPIError

from tray_agent.errors import UnavailableError
from tray_agent.i18n import _
from tray_agent.store.database import Database
from tray_agent.store.faults import Fault, fault_of

REVISIONS = tuple(sorted(script.stem[1:5] for script in (Path(__file__).parent / "migrations" / "versions").glob("r[0-9]*.py")))
"""The migrations of this program, the first to the last: each script is named after its revision."""

NEWEST = REVISIONS[-1]

VERSION_TABLE = "schema_version"
"""Alembic's table; it holds one row."""

version_table = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32)))


class SchemaOutdatedError(UnavailableError):
    """The tables are missing, or older than this program."""

    code = "schema_outdated"


class ProgramOutdatedError(SchemaOutdatedError):
    """The tables are newer than this program: it must not write into them any more."""

    code = "program_outdated"

    def __init__(self) -> None:
        super().__init__(
            _("Datenbank neuer als das Programm"),
            _("Die Tabellen wurden von einer neueren Programmversion angelegt; damit nichts beschädigt wird, läuft diese Version nicht."),
            _(
                "vitoclient-Services auf diesem Arbeitsplatz aktualisieren (das Update kommt wie jeder Download vom Online-Portal in den "
                "Download-Ordner); wurde es schon aktualisiert, neu starten."
            ),
        )


class RevisionMissingError(SchemaOutdatedError):
    """The tables are there, but the row is gone that says of which version they are: nothing is guessed."""

    code = "revision_missing"

    def __init__(self) -> None:
        super().__init__(
            _("Version der Tabellen unbekannt"),
            _("Die Tabelle {table} ist leer: Von welcher Version die Tabellen sind, ist nicht bekannt; es wird nichts verändert.").format(
                table=VERSION_TABLE
            ),
            _(
                "Die Datenbank aus der Sicherung zurückspielen, oder die Zeile aus der Sicherung wieder einfügen (Spalte version_num); die "
                "neueste Version, die dieses Programm kennt, ist {newest}."
            ).format(newest=NEWEST),
        )


def current_revision(database: Database) -> str | None:
    """Returns the revision the database is at, or None for a database without the agent's tables.

    Raises:
        RevisionMissingError: the tables are there, but not the row that says of which version.
        DatabaseFaultError: the login may not read it.
        DatabaseUnavailableError: no connection.
    """
    with database.read() as connection:
        if inspect(connection).has_table(VERSION_TABLE, schema=database.schema):
            return _read(connection)
        if connection.dialect.name == "mssql":
            return _read_hidden(connection)
        return None


def _read_hidden(connection: Connection) -> str | None:
    """Reads from a table that may be hidden: to a login without rights on it a SQL Server shows not even its name."""
    try:
        return _read(connection)
    except RevisionMissingError:  # who may read rows would see the name, too: there is no such table
        return None
    except DBAPIError as error:
        if fault_of(error) is not Fault.OTHER:
            raise
        return None


def check_schema(database: Database) -> None:
    """Checks that the tables are those of this program.

    Raises:
        SchemaOutdatedError: they are not there, or older.
        ProgramOutdatedError: they are newer.
        DatabaseUnavailableError: no connection.
    """
    _check(current_revision(database))


def check_still(connection: Connection) -> None:
    """Checks, in the caller's transaction, that the tables are still those of this program, as they were when it started: one SELECT.

    Raises:
        SchemaOutdatedError, ProgramOutdatedError: another program has changed them since.
    """
    _check(_read(connection))


def check_not_newer(found: str | None) -> None:
    """Checks that this program knows a revision.

    Raises:
        ProgramOutdatedError: it is of a later program.
    """
    if found is not None and found not in REVISIONS:
        raise ProgramOutdatedError


def _read(connection: Connection) -> str:
    found = connection.execute(select(version_table.c.version_num)).scalars().first()
    if found is None:
        raise RevisionMissingError
    return str(found)


def _check(found: str | None) -> None:
    if found == NEWEST:
        return
    check_not_newer(found)
    raise SchemaOutdatedError(
        _("Datenbank nicht eingerichtet") if found is None else _("Datenbank älter als das Programm"),
        _("Die Tabellen des Agenten fehlen oder gehören zu einer älteren Version; bis sie aktualisiert sind, läuft kein Auftrag."),
        _("«vitoclient db upgrade» mit einer Anmeldung ausführen, die Tabellen anlegen darf."),
    )
