"""Pages of the activity log under every order and filter, each read through an index."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, FromClause, RowMapping, func, or_, select

from tray_agent.jobs import paging
from tray_agent.jobs.contract import Level, Service
from tray_agent.jobs.model import ActivityFilter, ActivityOrder, ActivityRow, Page
from tray_agent.jobs.paging import Cursor, Stream, Value
from tray_agent.store.tables import activity as table

GRAVITY = (Level.INFO, Level.WARNING, Level.ERROR)
"""The levels, the gravest last."""

_MOST_OF_ONE = 1_000_000
"""More rows than a run or an element ever has; as a bound it keeps databases from choosing another index than theirs."""

_PAST_ALL = 2**31 - 1


def activity_page(
    connection: Connection,
    filter_by: ActivityFilter,
    order: ActivityOrder,
    *,
    descending: bool,
    page: str | None,
    size: int,
    backwards: bool = False,
) -> Page[ActivityRow]:
    """Returns a page; within equal values the newest is first, by item in the direction of the order. See ``Page`` for ``backwards``."""
    cursor = Cursor.parse(page)
    reader = _Reader(connection, filter_by, descending=descending, backwards=backwards)
    rows = list(itertools.islice(reader.rows(order, cursor, size + 1), size + 1))
    following = str(_cursor_of(rows[size - 1], order)) if len(rows) > size else None
    shown = reversed(rows[:size]) if backwards else rows[:size]
    return Page(tuple(_activity_row(row) for row in shown), following)


def stream_of(hidden: int, service: Service, level: Level) -> list[ColumnElement[bool]]:
    """Returns the conditions that fix the leading columns of the list's indexes."""
    return [table.c.hidden == hidden, table.c.service == service.value, table.c.level == level.value]


@dataclass(frozen=True)
class _LevelStream:
    """Rows of one level, or of all."""

    level: Level | None
    conditions: Stream


class _Reader:
    """Reads the rows of one filter; backwards gives the same rows from the last to the first.

    The rows of one run or one item are few: they are found by their own index and sorted by the database. All others are
    read through the streams of the list's indexes.
    """

    def __init__(self, connection: Connection, filter_by: ActivityFilter, *, descending: bool, backwards: bool) -> None:
        self._connection = connection
        self._descending = descending is not backwards
        self._newest_first = not backwards
        self._filter = filter_by
        self._source = _source(filter_by)
        self._streams = _list_streams(filter_by) if self._source is table else [_LevelStream(None, _fixed(filter_by, self._source))]
        self._rest = list(_conditions(connection, filter_by, self._source))

    def rows(self, order: ActivityOrder, cursor: Cursor | None, size: int) -> Iterator[RowMapping]:
        """Gives rows after ``cursor``, at least ``size`` where there are so many."""
        if order is ActivityOrder.TIME:
            yield from self._newest(self._in_a_row(), cursor, size, descending=self._descending)
        elif order is ActivityOrder.ITEM:
            yield from self._by_item(cursor, size)
        else:
            yield from self._by_value(order, cursor, size)

    def _all_streams(self) -> list[Stream]:
        return [stream.conditions for stream in self._streams]

    def _in_a_row(self) -> list[Stream]:
        """Returns the streams for an order by number or item, which have an index of their own where nothing is left out."""
        chosen = (self._filter.service, self._filter.level, self._filter.reason)
        everything = self._filter.hidden and chosen == (None, None, None)
        return [[]] if everything else self._all_streams()

    def _streams_with(self, order: ActivityOrder, value: Value) -> list[Stream]:
        if order is ActivityOrder.LEVEL:
            levels = [stream for stream in self._streams if stream.level in (None, value)]
            return [[*stream.conditions, self._source.c.level == value] for stream in levels]
        return [[*stream.conditions, self._source.c[order.value] == value] for stream in self._streams]

    def _newest(self, streams: Sequence[Stream], cursor: Cursor | None, size: int, *, descending: bool) -> Sequence[RowMapping]:
        columns = [self._source.c.id]
        after = [] if cursor is None else [paging.beyond(columns, cursor.ties, descending=descending)]
        narrowed = [[*stream, *self._rest, *after] for stream in streams]
        return paging.first_rows(self._connection, self._source, narrowed, columns, descending=descending, limit=size)

    def _by_item(self, cursor: Cursor | None, size: int) -> Sequence[RowMapping]:
        columns = [self._source.c.item, self._source.c.id]
        after = [] if cursor is None else [paging.beyond(columns, [cursor.value, *cursor.ties], descending=self._descending)]
        narrowed = [[*stream, *self._rest, *after] for stream in self._in_a_row()]
        return paging.first_rows(self._connection, self._source, narrowed, columns, descending=self._descending, limit=size)

    def _by_value(self, order: ActivityOrder, cursor: Cursor | None, size: int) -> Iterator[RowMapping]:
        """Gives the rows value by value; within one, the newest first."""
        given = 0
        for value in self._values(order, cursor):
            within = cursor if cursor and cursor.value == value else None
            found = self._newest(self._streams_with(order, value), within, size - given, descending=self._newest_first)
            yield from found
            given += len(found)
            if given >= size:
                return

    def _values(self, order: ActivityOrder, cursor: Cursor | None) -> Iterator[Value]:
        """Gives the values of the order's column from the cursor's on, in the direction of the order."""
        if order is ActivityOrder.LEVEL:
            levels: Iterable[Value] = [level.value for level in GRAVITY if self._filter.level in (None, level)]
            levels = reversed(list(levels)) if self._descending else levels
            yield from itertools.dropwhile(lambda level: cursor is not None and level != cursor.value, levels)
            return
        if order is ActivityOrder.REASON and self._filter.reason is not None:
            yield self._filter.reason
            return
        value = cursor.value if cursor else None
        if value is not None:
            yield value
        column, streams = self._source.c[order.value], self._all_streams()
        while (value := paging.next_value(self._connection, streams, column, value, descending=self._descending)) is not None:
            yield value


def _list_streams(filter_by: ActivityFilter) -> list[_LevelStream]:
    """Returns the streams of the list's indexes, whose leading columns they fix."""
    return [
        _LevelStream(level, stream_of(hidden, service, level))
        for hidden in ((0, 1) if filter_by.hidden else (0,))
        for service in ([filter_by.service] if filter_by.service else list(Service))
        for level in ([filter_by.level] if filter_by.level else list(GRAVITY))
    ]


def _fixed(filter_by: ActivityFilter, source: FromClause) -> Stream:
    """Returns the same conditions for rows that are few anyway."""
    return [
        *([] if filter_by.hidden else [source.c.hidden == 0]),
        *([source.c.service == filter_by.service.value] if filter_by.service else []),
        *([source.c.level == filter_by.level.value] if filter_by.level else []),
    ]


def _source(filter_by: ActivityFilter) -> FromClause:
    """Returns what is read: the log, or of one run or one item its rows alone."""
    one = [
        *([table.c.run_id == filter_by.run_id] if filter_by.run_id is not None else []),
        *([table.c.item == filter_by.item] if filter_by.item is not None else []),
    ]
    if not one:
        return table
    first = table.c.run_id if filter_by.run_id is not None else table.c.item
    return select(table).where(*one).order_by(first, table.c.id).limit(_MOST_OF_ONE).subquery()


def _conditions(connection: Connection, filter_by: ActivityFilter, source: FromClause) -> Iterator[ColumnElement[bool]]:
    if filter_by.reason is not None:
        yield source.c.reason == filter_by.reason
    if filter_by.text:
        yield or_(*_containing(filter_by.text, source))
    if filter_by.since is not None:
        yield source.c.id >= _first_id(connection, filter_by.since)
    if filter_by.until is not None:
        yield source.c.id < _first_id(connection, filter_by.until)


def _containing(text: str, source: FromClause) -> Iterator[ColumnElement[bool]]:
    """Gives the ways in which a row holds a text; SQLite knows the capitals of plain letters only, so it is also looked for as typed."""
    for column in (source.c.sentence, source.c.item):
        yield func.lower(column).contains(text.lower(), autoescape=True)
        yield column.contains(text, autoescape=True)


def _first_id(connection: Connection, instant: datetime) -> int:
    """Returns the number of the first row at or after an instant; past all numbers where there is none.

    Numbers stand for times, because they are in every index and the times are not. Rows that two computers write in the same
    moment may so fall on either side of the bound.
    """
    statement = select(table.c.id).where(table.c.at >= instant).order_by(table.c.at, table.c.id).limit(1)
    found = connection.execute(statement).scalar()
    return _PAST_ALL if found is None else int(found)


def _cursor_of(row: RowMapping, order: ActivityOrder) -> Cursor:
    value = None if order is ActivityOrder.TIME else row[order.value]
    return Cursor(value, (row["id"],))


def _activity_row(row: RowMapping) -> ActivityRow:
    return ActivityRow(
        row["id"], row["at"], Service(row["service"]), Level(row["level"]), row["reason"], row["sentence"], row["item"] or None,
        row["patient_id"], row["appointment_at"], row["workstation"], row["run_id"] or None, bool(row["hidden"]),
    )  # fmt: skip
