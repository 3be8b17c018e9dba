"""Brings the agent's tables to the version of this program: one at a time, with a copy of an embedded store before.

Nobody who worked with the tables as they were goes on in the middle: with the migration every run is given back and every fence grows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from alembic import command, context, op
from alembic.config import Config
from sqlalchemy import Column, Connection, Constraint, PrimaryKeyConstraint, Table, inspect, select, text, types, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema

from tray_agent.errors import DatabaseBusyError, DatabaseFaultError, UnavailableError
from tray_agent.i18n import _
from tray_agent.store.backup import copy_whole, unwritten
from tray_agent.store.database import Database, damaged, wait_long
from tray_agent.store.faults import Fault, fault_of, said
from tray_agent.store.schema_version import NEWEST, check_not_newer, current_revision
from tray_agent.store.tables import agent_presence, job_lock, job_run
from tray_agent.store.types import Credits, UtcDateTime

_LOCK_NAME = "vitoclient_migration"
_LOCK_NUMBER = 0x76_69_74_6F
_SQL_SERVER_LOCK = """
SET NOCOUNT ON;
DECLARE @got INT;
EXEC @got = sp_getapplock @Resource = :name, @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = 60000;
SELECT @got;
SET NOCOUNT OFF;
"""
"""Gives 0 or 1 for the lock, a negative number where it was not had. Counts again afterwards: not every server ends the
setting with the batch, and migrations look at counts."""


def upgrade(database: Database, *, to: str = "head", copy_stamp: datetime | None = None) -> Path | None:
    """Brings the tables to revision ``to`` and returns the copy of the SQLite file made before, if one was made.

    Only one process at a time migrates; the others wait and then find nothing to do. Everything happens in one
    transaction where the database can (all three can). Of earlier copies ``MOST_COPIES`` are kept, none older than ``OLDEST_COPY``.

    Args:
        database: the agent's own database.
        to: a revision, ``head`` by default.
        copy_stamp: the time in the copy's name; without it no copy is made.

    Raises:
        ProgramOutdatedError: they are newer than this program; nothing was changed.
        BackupFailedError: the copy could not be written; nothing was changed.
        DatabaseBusyError: another process has been migrating for too long.
        RightsMissingError: the login may not make the schema or the tables; nothing was changed.
        RevisionMissingError: nobody knows of which version the tables are; nothing was changed.
        DatabaseUnavailableError: no connection.
    """
    found = current_revision(database)
    check_not_newer(found)
    if found == NEWEST and to == "head":
        return None
    copy = _copy_file(database, copy_stamp) if copy_stamp else None
    if copy and current_revision(database) == NEWEST:  # another process was faster: it may be a copy of what that one made
        copy.unlink()
        return None
    try:
        with database.begin() as connection, _only_one(connection):
            _make_schema(connection, database.schema)
            config = migration_config()
            config.attributes["connection"] = connection
            config.attributes["schema"] = database.schema
            command.upgrade(config, to)
            if to == "head":
                _end_what_goes_on(connection)
    except DBAPIError as error:
        if fault_of(error) is Fault.TRY_AGAIN:
            raise _migrating() from error
        raise
    except DatabaseFaultError as error:
        if error.code in _WITHOUT_RIGHTS:
            raise _may_not_make_tables(error) from error
        raise
    if copy and copy_stamp:
        _forget_copies(copy, copy_stamp)
    return copy


def _end_what_goes_on(connection: Connection) -> None:
    """Gives back the runs that go on: their programs are of another version, and may not even know it yet."""
    held = job_lock.c.run_id != 0
    given_back = job_run.c.id.in_(select(job_lock.c.run_id).where(held))
    connection.execute(update(job_run).where(given_back).values(reason=_GIVEN_BACK))
    connection.execute(update(job_lock).where(held).values(token=job_lock.c.token + 1, held_until_ms=1))  # 0 would mean a free lock
    connection.execute(update(agent_presence).values(scheduling=0))  # who can work with these tables tells anew that it is there


_GIVEN_BACK = "cancelled"
"""As the row of a run says it whose program was ended (``RunReason.CANCELLED``)."""


def migration_config() -> Config:
    """Returns Alembic's configuration of these migrations."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config


_TYPES: Mapping[str, Callable[..., types.TypeEngine[Any]]] = {
    "flag": types.Boolean, "small": types.SmallInteger, "whole": types.Integer, "big": types.BigInteger, "credits": Credits,
    "instant": UtcDateTime, "word": types.String, "name": types.Unicode, "text": types.UnicodeText,
}  # fmt: skip
"""What the columns of a migration can hold: words are the program's own, names and texts are people's."""

_COLUMN = re.compile(r"(\w+): ([a-z]+)(?:\((\d+)\))?(\??)")


def make_table(name: str, key: str, columns: str, *constraints: Constraint) -> Table:
    """Makes a table, in a migration, and returns it.

    The migrations stand for themselves: what a table looked like at a revision must not change with ``store.tables``.

    Args:
        name: of the table.
        key: the columns of its primary key.
        columns: written as ``id: whole, title: name(200), opened_at: instant?``, the question mark where NULL is allowed.
        constraints: beside the primary key.
    """
    declared = [
        Column(column, _TYPES[kind](*([int(length)] if length else [])), nullable=bool(nullable))
        for column, kind, length, nullable in _COLUMN.findall(columns)
    ]
    primary = PrimaryKeyConstraint(*key.split(), name=f"pk_{name}")
    return op.create_table(name, *declared, primary, *constraints, schema=context.config.attributes["schema"])


def make_indexes(table: str, indexes: Mapping[str, str]) -> None:
    """Makes indexes, in a migration: by their names without the beginning, the columns of each."""
    for name, columns in indexes.items():
        op.create_index(f"ix_{table}_{name}", table, columns.split(), schema=context.config.attributes["schema"])


def _make_schema(connection: Connection, schema: str | None) -> None:
    if schema is None:
        return
    ignores_case = connection.dialect.name == "mssql"  # as most databases there do: VitoClient and vitoclient are the same
    there = {name.lower() if ignores_case else name for name in inspect(connection).get_schema_names()}
    if (schema.lower() if ignores_case else schema) not in there:
        try:
            connection.execute(CreateSchema(schema))
        except DBAPIError as error:
            if fault_of(error) is not Fault.FORBIDDEN:
                raise
            raise _may_not_make_schema(schema) from error


@contextmanager
def _only_one(connection: Connection) -> Iterator[None]:
    """Serialises migrations; both locks end with the transaction. SQLite's write lock does it by itself.

    Raises:
        DatabaseBusyError: another process has been migrating for too long.
    """
    wait_long(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 60000"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
    elif connection.dialect.name == "mssql" and not _locked_on_sql_server(connection):
        raise _migrating()
    yield


def _locked_on_sql_server(connection: Connection) -> bool:
    try:
        # Begins the transaction that the lock belongs to, without waiting for the tables that another makes.
        connection.execute(text("SELECT COUNT(*) FROM sys.tables WITH (NOLOCK)")).scalar_one()
        return bool(connection.execute(text(_SQL_SERVER_LOCK), {"name": _LOCK_NAME}).scalar_one() >= 0)
    except DBAPIError as error:
        if fault_of(error) is Fault.TRY_AGAIN:
            return False
        raise


_WITHOUT_RIGHTS = frozenset(f"database_{fault.name.lower()}" for fault in (Fault.FORBIDDEN, Fault.NO_SCHEMA))


class RightsMissingError(UnavailableError):
    """The login may not make what is to be made."""

    code = "rights_missing_in_database"


def _may_not_make_schema(schema: str) -> RightsMissingError:
    return RightsMissingError(
        _("Schema kann nicht angelegt werden"),
        _(
            "Der Benutzer darf in der Datenbank kein Schema anlegen, und das Schema {schema} gibt es noch nicht. Verändert wurde nichts."
        ).format(schema=schema),
        _("Den Betreuer der Datenbank ausführen lassen, was «vitoclient db grants» ausgibt; dann «vitoclient db upgrade» wiederholen."),
    )


def _may_not_make_tables(error: DatabaseFaultError) -> RightsMissingError:
    words = said(error.__cause__) if isinstance(error.__cause__, DBAPIError) else error.message
    return RightsMissingError(
        _("Tabellen können nicht geändert werden"),
        _("Der Benutzer darf die Tabellen des Agenten nicht anlegen oder ändern ({words}); nichts wurde verändert.").format(
            words=words.removesuffix(".")
        ),
        _(
            "«vitoclient db upgrade» mit der Anmeldung ausführen, der die Tabellen gehören; welche Rechte sie braucht, gibt «vitoclient db "
            "grants» aus."
        ),
    )


def _migrating() -> DatabaseBusyError:
    return DatabaseBusyError(
        _("Datenbank wird gerade aktualisiert"),
        _("Ein anderer Arbeitsplatz aktualisiert die Tabellen noch; hier wurde nichts verändert."),
        _("Warten, bis er fertig ist, und es dann nochmals versuchen."),
    )


def _copy_file(database: Database, stamp: datetime) -> Path | None:
    name = database.engine.url.database
    if database.dialect != "sqlite" or not name or not Path(name).exists():
        return None
    source = Path(name)
    target = source.with_name(f"{source.stem}.{stamp:{_STAMP}}.copy{source.suffix}")
    with unwritten(target):
        if not copy_whole(source, target):
            raise damaged(database.engine.url)
    return target


def _forget_copies(newest: Path, stamp: datetime) -> None:
    """Deletes old copies beside the newest one, which always stays; one that can't be deleted is tried again with the next."""
    stem, suffix = newest.name.removesuffix(newest.suffix).removesuffix(".copy").rpartition(".")[0], newest.suffix
    named = re.compile(rf"{re.escape(stem)}\.(\d{{8}}-\d{{6}})\.copy{re.escape(suffix)}")
    stamps = {path: match[1] for path in newest.parent.iterdir() if path != newest and (match := named.fullmatch(path.name))}
    oldest = f"{stamp - OLDEST_COPY:{_STAMP}}"
    kept = [path for path in sorted(stamps, key=stamps.__getitem__, reverse=True) if stamps[path] >= oldest][: MOST_COPIES - 1]
    for path in stamps.keys() - set(kept):
        with suppress(OSError):
            path.unlink()


_STAMP = "%Y%m%d-%H%M%S"

MOST_COPIES = 5
OLDEST_COPY = timedelta(days=30)
"""So many copies of an embedded store are kept beside it, and for so long: they hold patients' names."""
