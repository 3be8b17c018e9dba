"""Pages of long lists, each read through an index and never by counting off what came before (keyset paging).

A list under a filter is split into *streams*: conditions that fix all leading columns of an index, so that each stream's
first rows stand in the index in the order asked for. The database merges the streams. So the first page costs the same
whether ten rows match or a million.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, RowMapping, Select, and_, bindparam, or_, select, union_all

from tray_agent.store.database import from_ms, to_ms

Stream = Sequence[ColumnElement[bool]]
"""Conditions that hold together."""

Value = str | int


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: the value of the order's column (or None) and what breaks ties."""

    value: Value | None
    ties: tuple[int, ...]

    def __str__(self) -> str:
        """Returns the cursor as the opaque word of a page."""
        return json.dumps([self.value, *self.ties], ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def parse(cls, word: str | None) -> Cursor | None:
        """Returns the cursor of a page's word, or None for the first page.

        Raises:
            ValueError: the word is not one of ours.
        """
        if word is None:
            return None
        value, *ties = json.loads(word)
        return cls(value, tuple(int(tie) for tie in ties))

    @property
    def instant(self) -> datetime | None:
        """Returns the instant (aware, UTC) before which a page begins that ``page_at`` asked for, or None: no row is known there."""
        return from_ms(int(self.value)) if self.value is not None and not self.ties else None


def page_at(instant: datetime) -> str:
    """Returns the word of a page that begins at an instant, in a list ordered by time; a row of that very instant counts as later."""
    return str(Cursor(to_ms(instant), ()))


def first_rows(
    connection: Connection,
    table: FromClause,
    streams: Sequence[Stream],
    columns: Sequence[ColumnElement[Any]],
    *,
    descending: bool,
    limit: int,
) -> Sequence[RowMapping]:
    """Returns the first rows of several streams merged, ordered by ``columns``, all in the same direction."""
    return connection.execute(merged(table, streams, columns, descending=descending, limit=limit)).mappings().all()


def merged(
    table: FromClause, streams: Sequence[Stream], columns: Sequence[ColumnElement[Any]], *, descending: bool, limit: int
) -> Select[Any]:
    """Returns the statement of ``first_rows``: streams are merged by their keys alone, then the rows of those keys are fetched."""
    if len(streams) == 1:
        return _ordered(select(table).where(*streams[0]), columns, descending).limit(limit)
    return _rows_of(table, keys(table, streams, columns, descending=descending, limit=limit), columns, descending)


def keys(
    table: FromClause, streams: Sequence[Stream], columns: Sequence[ColumnElement[Any]], *, descending: bool, limit: int
) -> Select[Any]:
    """Returns the statement for the keys alone (``id`` and ``columns``) of the first rows of several streams merged."""
    wanted = list({column.name: column for column in (*columns, table.c.id)}.values())
    parts = [_ordered(select(*wanted).where(*stream), columns, descending).limit(limit) for stream in streams]
    if len(parts) == 1:
        return parts[0]
    union = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return _ordered(select(union), [union.c[column.name] for column in columns], descending).limit(limit)


def searched_rows(
    connection: Connection,
    table: FromClause,
    window: Select[Any],
    searched: Stream,
    columns: Sequence[ColumnElement[Any]],
    *,
    descending: bool,
    limit: int,
) -> Sequence[RowMapping]:
    """Returns the first rows among those of a window (see ``keys``) for which the conditions ``searched`` hold."""
    found = _rows_of(table, window, columns, descending).where(*searched).limit(limit)
    return connection.execute(found).mappings().all()


def last_of(connection: Connection, window: Select[Any], size: int) -> RowMapping | None:
    """Returns the last keys of a window that is full, or None where it ended before: then nothing follows it."""
    return connection.execute(window.offset(size - 1).limit(1)).mappings().first()


def values(
    connection: Connection, streams: Sequence[Stream], column: ColumnElement[Any], after: Value | None, *, descending: bool
) -> Iterator[str]:
    """Gives the values of ``column`` that follow ``after`` (None: all) in any of the streams, in the database's order.

    It jumps from value to value through the index and does not read the rows between; the statement is made once.
    """
    bound = bindparam("after", type_=column.type)
    following = _first_value(streams, column, [column < bound if descending else column > bound], descending=descending)
    statement = _first_value(streams, column, [], descending=descending) if after is None else following
    while (found := connection.execute(statement, {} if after is None else {"after": after}).first()) is not None:
        after = str(found[0])
        yield after
        statement = following


def _first_value(streams: Sequence[Stream], column: ColumnElement[Any], more: Stream, *, descending: bool) -> Select[Any]:
    parts = [_ordered(select(column).where(*stream, *more), [column], descending).limit(1) for stream in streams]
    if len(parts) == 1:
        return parts[0]
    union = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return _ordered(select(union), [union.c[column.name]], descending).limit(1)


def beyond(columns: Sequence[ColumnElement[Any]], values: Sequence[object], *, descending: bool) -> ColumnElement[bool]:
    """Returns the condition that a row comes after the one with these values; the first column bounds the index."""
    first, value = columns[0], values[0]
    after = first < value if descending else first > value
    if len(columns) == 1:
        return after
    not_before = first <= value if descending else first >= value
    return and_(not_before, or_(after, beyond(columns[1:], values[1:], descending=descending)))


def _rows_of(table: FromClause, window: Select[Any], columns: Sequence[ColumnElement[Any]], descending: bool) -> Select[Any]:
    """Returns the statement for the rows of a window of keys, in their order.

    The join is an outer one, though every key has its row, because that fixes which side comes first: some versions of SQLite
    else walk through the whole table and look for each row in the window.
    """
    within = window.subquery()
    joined = within.outerjoin(table, table.c.id == within.c.id)
    return _ordered(select(table).select_from(joined), [within.c[column.name] for column in columns], descending)


def _ordered(statement: Select[Any], columns: Iterable[ColumnElement[Any]], descending: bool) -> Select[Any]:
    return statement.order_by(*(column.desc() if descending else column.asc() for column in columns))
