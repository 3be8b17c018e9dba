"""A whole copy of a store, and a store put back to it: as from a nightly backup, with the numbers that it gave out then."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, delete, func, insert, select

from tray_agent.store.tables import metadata

Rows: TypeAlias = dict[str, list[dict[str, Any]]]
Copy: TypeAlias = bytes | Rows
"""An embedded store's file, or what the tables on a server hold."""


def copy_of(engine: Engine) -> Copy:
    """Returns a whole copy of a store as it is at one moment, made while everything runs."""
    if engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(_file_of(engine))) as source, closing(sqlite3.connect(":memory:")) as copy:
            source.backup(copy)
            return copy.serialize()
    isolation = "SERIALIZABLE" if engine.dialect.name == "mssql" else "REPEATABLE READ"
    with engine.connect().execution_options(isolation_level=isolation) as connection:
        return {table.name: [dict(row._mapping) for row in connection.execute(select(table))] for table in metadata.sorted_tables}


def put_back(engine: Engine, copy: Copy) -> None:
    """Makes a store what it was; nobody else may be at work with it."""
    if isinstance(copy, bytes):
        engine.dispose()
        file = _file_of(engine)
        for old in (file, file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
            old.unlink(missing_ok=True)  # not written over: what a process that was killed had opened stays what it was
        file.write_bytes(copy)
        return
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
        for table in metadata.sorted_tables:
            if copy[table.name]:
                connection.execute(insert(table), copy[table.name])
        if engine.dialect.name == "postgresql":
            _count_on(connection)


def _count_on(connection: Connection) -> None:
    """Lets the numbers of new rows go on where the copy's ended; of rows that were lost they are given again."""
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None:
            of_table = func.pg_get_serial_sequence(table.name, column.name)
            last = func.max(column)
            connection.execute(select(func.setval(of_table, func.coalesce(last, 1), last.is_not(None))))


def _file_of(engine: Engine) -> Path:
    return Path(engine.url.database or "")
