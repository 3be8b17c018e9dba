"""Which version the agent's tables have, asked at every start: without Alembic, whose import costs time and memory."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import column, inspect, select, table

from tray_agent.errors import KnownError
from tray_agent.i18n import _
from tray_agent.store.database import Database

REVISIONS = tuple(sorted(script.stem[1:5] for script in (Path(__file__).parent / "migrations" / "versions").glob("r[0-9]*.py")))
"""The migrations of this program, the first to the last: each script is named after its revision."""

NEWEST = REVISIONS[-1]

VERSION_TABLE = "schema_version"
"""Alembic's table; it holds one row."""


class SchemaOutdatedError(KnownError):
    """The tables are older or newer than this program."""

    code = "schema_outdated"


def current_revision(database: Database) -> str | None:
    """Returns the revision the database is at, or None for a database without the agent's tables.

    Raises:
        DatabaseUnavailableError: no connection.
    """
    version = table(VERSION_TABLE, column("version_num"), schema=database.schema)
    with database.read() as connection:
        if not inspect(connection).has_table(VERSION_TABLE, schema=database.schema):
            return None
        found = connection.execute(select(version.c.version_num)).scalars().first()
    return None if found is None else str(found)


def check_schema(database: Database) -> None:
    """Checks that the tables are those of this program.

    Raises:
        SchemaOutdatedError: they are not there, older, or newer.
        DatabaseUnavailableError: no connection.
    """
    found = current_revision(database)
    if found == NEWEST:
        return
    if found is not None and found not in REVISIONS:
        raise SchemaOutdatedError(
            _("Datenbank neuer als das Programm"),
            _("Die Tabellen wurden von einer neueren Programmversion angelegt; damit nichts beschädigt wird, läuft diese Version nicht."),
            _("vitoclient-Services auf diesem Arbeitsplatz aktualisieren."),
        )
    raise SchemaOutdatedError(
        _("Datenbank nicht eingerichtet") if found is None else _("Datenbank älter als das Programm"),
        _("Die Tabellen des Agenten fehlen oder gehören zu einer älteren Version; bis sie aktualisiert sind, läuft kein Auftrag."),
        _("«vitoclient db upgrade» mit einer Anmeldung ausführen, die Tabellen anlegen darf."),
    )
