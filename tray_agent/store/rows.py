"""Writing a row that may be there already, the same on SQLite, SQL Server and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, Table, insert, update


def put_row(connection: Connection, table: Table, key: Mapping[str, object], values: Mapping[str, object]) -> None:
    """Writes a row: changes the one of this key, or makes it.

    Two that make the same row at once do not see each other; one of them gets a duplicate key. So this belongs into
    ``Database.transact(work, again_on_duplicate=True)``: the second time the row is there.

    Args:
        connection: of the caller's transaction.
        table: which one.
        key: the columns of the primary key.
        values: all other columns.

    Raises:
        sqlalchemy.exc.IntegrityError: somebody else made the row meanwhile.
    """
    found = [table.c[name] == value for name, value in key.items()]
    if connection.execute(update(table).where(*found).values(values)).rowcount == 0:
        connection.execute(insert(table).values({**key, **values}))
