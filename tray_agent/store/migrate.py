"""Brings the agent's tables to the version of this program: on request, one at a time, with a copy before."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.schema import CreateSchema

from tray_agent.errors import KnownError
from tray_agent.i18n import _
from tray_agent.store.database import Database

_LOCK_NAME = "vitoclient_migration"
_LOCK_NUMBER = 0x76_69_74_6F


class SchemaOutdatedError(KnownError):
    """The tables are older or newer than this program."""

    code = "schema_outdated"


def current_revision(database: Database) -> str | None:
    """Returns the revision the database is at, or None for a database without the agent's tables.

    Raises:
        DatabaseUnavailableError: no connection.
    """
    with database.read() as connection:
        return _context(connection, database.schema).get_current_revision()


def newest_revision() -> str:
    """Returns the revision this program needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    return str(revision)


def check_schema(database: Database) -> None:
    """Checks that the tables are those of this program.

    Raises:
        SchemaOutdatedError: they are not there, older, or newer.
        DatabaseUnavailableError: no connection.
    """
    found = current_revision(database)
    if found == newest_revision():
        return
    known = {revision.revision for revision in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
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


def upgrade(database: Database, *, to: str = "head", copy_stamp: datetime | None = None) -> Path | None:
    """Brings the tables to revision ``to`` and returns the copy of the SQLite file made before, if one was made.

    Only one process at a time migrates; the others wait and then find nothing to do. Everything happens in one
    transaction where the database can (all three can).

    Args:
        database: the agent's own database.
        to: a revision, ``head`` by default.
        copy_stamp: the time in the copy's name; without it no copy is made.

    Raises:
        DatabaseUnavailableError: no connection.
    """
    if current_revision(database) == newest_revision() and to == "head":
        return None
    copy = _copy_file(database, copy_stamp) if copy_stamp else None
    with database.begin() as connection, _only_one(connection):
        _make_schema(connection, database.schema)
        config = _config()
        config.attributes["connection"] = connection
        config.attributes["schema"] = database.schema
        command.upgrade(config, to)
    return copy


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config


def _context(connection: Connection, schema: str | None) -> MigrationContext:
    return MigrationContext.configure(connection, opts={"version_table": "schema_version", "version_table_schema": schema})


def _make_schema(connection: Connection, schema: str | None) -> None:
    if schema and schema not in inspect(connection).get_schema_names():
        connection.execute(CreateSchema(schema))


@contextmanager
def _only_one(connection: Connection) -> Iterator[None]:
    """Serialises migrations; both locks end with the transaction. SQLite's write lock does it by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
    elif connection.dialect.name == "mssql":
        connection.execute(
            text("EXEC sp_getapplock @Resource = :name, @LockMode = 'Exclusive', @LockTimeout = 60000"), {"name": _LOCK_NAME}
        )
    yield


def _copy_file(database: Database, stamp: datetime) -> Path | None:
    name = database.engine.url.database
    if database.dialect != "sqlite" or not name or not Path(name).exists():
        return None
    source = Path(name)
    target = source.with_name(f"{source.stem}.{stamp:%Y%m%d-%H%M%S}.copy{source.suffix}")
    partial = target.with_suffix(".part")
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(partial)) as new:
        old.backup(new)
    shutil.move(partial, target)
    return target
