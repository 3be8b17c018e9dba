"""Pages of the activity log under every order and filter, each bounded by an index, whatever the length of the log.

Few rows (of one run, of one item, of a short period) are found by their own index and sorted by the database. All others are
read through the *streams* of the list's indexes (see ``paging``). What no index can answer among those (a text in a
sentence; a period in the order of the items) is searched for: a page then looks through ``SEARCHED`` rows in the order asked
for, gives what it found, and says where to go on.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    and_,
    bindparam,
    case,
    or_,
    select,
)

from tray_agent.job_kinds import Service
from tray_agent.protocol.model import ActivityFilter, ActivityOrder, ActivityRow, Level, Page
from tray_agent.store import paging
from tray_agent.store.paging import Cursor, Stream, Value
from tray_agent.store.search import holding
from tray_agent.store.tables import activity as table

GRAVITY = (Level.INFO, Level.WARNING, Level.ERROR)
"""The levels, the gravest last."""

FEW = 5000
"""The rows of a period that has no more numbers than this are sorted by the database."""

SEARCHED = 2500
"""So many rows a page looks through at the most for what no index can answer."""

VALUES_SEARCHED = 4
"""In an order by value, a page searches so many values at the most."""

_BEFORE_ALL, _PAST_ALL = 0, 2**31 - 1
"""Below and above all numbers of rows."""

_MOST_OF_ONE = 1_000_000
"""More rows than a run or an element ever has; as a bound it keeps databases from choosing another index than theirs."""


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
    """Returns a page; within equal values the newest is first, by item in the direction of the order. See ``Page`` for ``backwards``.

    Raises:
        ValueError: ``page`` is not of this list; one that begins at an instant is of the order by time alone.
    """
    direction = _Direction(descending is not backwards, not backwards)
    cursor = _numbered(connection, Cursor.parse(page), order, direction)
    numbers = _Numbers.of_period(connection, filter_by.since, filter_by.until)
    source = _few_rows(filter_by, numbers)
    reader = (
        _StreamReader(connection, filter_by, numbers, direction) if source is None else _Sorter(connection, filter_by, source, direction)
    )
    rows = list(itertools.islice(reader.rows(order, cursor, size + 1), size + 1))
    following = _cursor_of(rows[size - 1], order) if len(rows) > size else reader.stopped
    shown = reversed(rows[:size]) if backwards else rows[:size]
    return Page(tuple(_activity_row(row) for row in shown), str(following) if following else None)


def stream_of(hidden: int, service: Service, level: Level) -> list[ColumnElement[bool]]:
    """Returns the conditions that fix the leading columns of the list's indexes."""
    return [table.c.hidden == hidden, table.c.service == service.value, table.c.level == level.value]


@dataclass(frozen=True, slots=True)
class _Direction:
    """Which way a list is read: its order, and its rows within equal values."""

    descending: bool
    newest_first: bool


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The rows of a period, by their numbers: from the first to before the second; None: no bound.

    Numbers stand for times, because they are in every index and the times are not. Rows that two computers write in the same
    moment may so fall on either side of a bound.
    """

    first: int | None
    beyond: int | None
    most: int | None
    """How many rows there are in it at the most; None: nobody knows."""

    @classmethod
    def of_period(cls, connection: Connection, since: datetime | None, until: datetime | None) -> _Numbers:
        """Looks the numbers of a period up."""
        if since is None and until is None:
            return cls(None, None, None)
        newest = connection.execute(select(table.c.id).order_by(table.c.id.desc()).limit(1)).scalar() or 0
        first = 0 if since is None else _first_id(connection, since, newest + 1)
        beyond = newest + 1 if until is None else _first_id(connection, until, newest + 1)
        return cls(first, beyond, beyond - first)

    def conditions(self, source: FromClause) -> list[ColumnElement[bool]]:
        """Returns what bounds the rows of ``source`` to the period."""
        return [] if self.first is None else [source.c.id >= self.first, source.c.id < self.beyond]


class _Sorter:
    """Reads rows that are few: the database sorts them."""

    stopped: Cursor | None = None

    def __init__(self, connection: Connection, filter_by: ActivityFilter, source: FromClause, direction: _Direction) -> None:
        self._connection = connection
        self._source = source
        self._direction = direction
        self._conditions = [*_fixed(filter_by, source), *_containing(filter_by.text, source)]

    def rows(self, order: ActivityOrder, cursor: Cursor | None, size: int) -> Sequence[RowMapping]:
        """Returns the first rows after ``cursor``."""
        key, number, descending = self._key(order), self._source.c.id, self._direction.descending
        newest_first = descending if order in (ActivityOrder.TIME, ActivityOrder.ITEM) else self._direction.newest_first
        after = [] if cursor is None else [self._after(order, cursor, newest_first=newest_first)]
        by = [number.desc() if newest_first else number.asc()]
        if key is not None:
            by.insert(0, key.desc() if descending else key.asc())
        statement = select(self._source).where(*self._conditions, *after).order_by(*by).limit(size)
        return self._connection.execute(statement).mappings().all()

    def _after(self, order: ActivityOrder, cursor: Cursor, *, newest_first: bool) -> ColumnElement[bool]:
        number, key = self._source.c.id, self._key(order)
        later = number < cursor.ties[0] if newest_first else number > cursor.ties[0]
        if key is None:
            return later
        value = GRAVITY.index(Level(str(cursor.value))) if order is ActivityOrder.LEVEL else cursor.value
        return or_(key < value if self._direction.descending else key > value, and_(key == value, later))

    def _key(self, order: ActivityOrder) -> ColumnElement[Any] | None:
        """Returns what orders before the number, or None."""
        if order is ActivityOrder.TIME:
            return None
        if order is ActivityOrder.LEVEL:
            return case({level.value: rank for rank, level in enumerate(GRAVITY)}, value=self._source.c.level)
        return self._source.c[order.value]


class _StreamReader:
    """Reads the rows of a filter through the streams of the list's indexes.

    Attributes:
        stopped: where a search goes on that has looked through enough for one page, or None.
    """

    def __init__(self, connection: Connection, filter_by: ActivityFilter, numbers: _Numbers, direction: _Direction) -> None:
        self._connection = connection
        self._filter = filter_by
        self._direction = direction
        self._period = numbers.conditions(table)
        self._text = _containing(filter_by.text, table)
        self.stopped: Cursor | None = None

    def rows(self, order: ActivityOrder, cursor: Cursor | None, size: int) -> Iterator[RowMapping]:
        """Gives rows after ``cursor``, at least ``size`` where there are so many, or as many as one search finds."""
        if order is ActivityOrder.TIME:
            yield from self._newest(self._in_a_row(), cursor, size, descending=self._direction.descending)
        elif order is ActivityOrder.ITEM:
            yield from self._by_item(cursor, size)
        else:
            yield from self._by_value(order, cursor, size)

    def _streams(self, level: Level | None = None) -> list[Stream]:
        """Returns the streams of the filter, of one level alone where one is given."""
        wanted, one = self._filter, level or self._filter.level
        reason = [] if wanted.reason is None else [table.c.reason == wanted.reason]
        return [
            [*stream_of(hidden, service, each), *reason]
            for hidden in ((0, 1) if wanted.hidden else (0,))
            for service in ([wanted.service] if wanted.service else list(Service))
            for each in ([one] if one else list(GRAVITY))
        ]

    def _in_a_row(self) -> list[Stream]:
        """Returns the streams for an order by number or item, which have an index of their own where nothing is left out."""
        chosen = (self._filter.service, self._filter.level, self._filter.reason)
        everything = self._filter.hidden and chosen == (None, None, None)
        return [[]] if everything else self._streams()

    def _streams_with(self, order: ActivityOrder, value: Value | BindParameter[str]) -> list[Stream]:
        if order is ActivityOrder.LEVEL:
            return self._streams(Level(str(value)))
        return [[*stream, table.c[order.value] == value] for stream in self._streams()]

    def _newest(
        self, streams: Sequence[Stream], cursor: Cursor | None, size: int, *, descending: bool, value: Value | None = None
    ) -> Sequence[RowMapping]:
        columns = [table.c.id]
        after = [] if cursor is None else [paging.beyond(columns, cursor.ties, descending=descending)]
        narrowed = [[*stream, *self._period, *after] for stream in streams]
        if not self._text:
            return paging.first_rows(self._connection, table, narrowed, columns, descending=descending, limit=size)
        return self._search(narrowed, columns, self._text, size, descending=descending, value=value)

    def _by_item(self, cursor: Cursor | None, size: int) -> Sequence[RowMapping]:
        columns, descending = [table.c.item, table.c.id], self._direction.descending
        after = [] if cursor is None else [paging.beyond(columns, [cursor.value, *cursor.ties], descending=descending)]
        narrowed = [[*stream, *after] for stream in self._in_a_row()]
        searched = [*self._period, *self._text]
        if not searched:
            return paging.first_rows(self._connection, table, narrowed, columns, descending=descending, limit=size)
        return self._search(narrowed, columns, searched, size, descending=descending)

    def _search(
        self,
        streams: Sequence[Stream],
        columns: Sequence[ColumnElement[Any]],
        searched: Stream,
        size: int,
        *,
        descending: bool,
        value: Value | None = None,
    ) -> Sequence[RowMapping]:
        """Returns the first rows of the streams for which ``searched`` holds, and notes where the search stopped."""
        window = paging.keys(table, streams, columns, descending=descending, limit=SEARCHED)
        rows = paging.searched_rows(self._connection, table, window, searched, columns, descending=descending, limit=size)
        if len(rows) < size and (last := paging.last_of(self._connection, window, SEARCHED)) is not None:
            self.stopped = Cursor(value if len(columns) == 1 else last["item"], (last["id"],))
        return rows

    def _by_value(self, order: ActivityOrder, cursor: Cursor | None, size: int) -> Iterator[RowMapping]:
        """Gives the rows value by value; within one, the newest first."""
        given, read = 0, self._reader_of(order, size)
        for number, value in enumerate(self._values(order, cursor), start=1):
            found = read(value, cursor if cursor and cursor.value == value else None)
            yield from found
            given += len(found)
            if self._text and number == VALUES_SEARCHED and self.stopped is None:
                self.stopped = Cursor(value, (_BEFORE_ALL if self._direction.newest_first else _PAST_ALL,))
            if given >= size or self.stopped:
                return

    def _reader_of(self, order: ActivityOrder, size: int) -> Callable[[Value, Cursor | None], Sequence[RowMapping]]:
        """Returns what reads the rows of one value: by a statement made once, because a page may need it for every value there is."""
        newest_first = self._direction.newest_first

        def read(value: Value, cursor: Cursor | None) -> Sequence[RowMapping]:
            return self._newest(self._streams_with(order, value), cursor, size, descending=newest_first, value=value)

        def read_again(value: Value, cursor: Cursor | None) -> Sequence[RowMapping]:
            return read(value, cursor) if cursor else self._connection.execute(statement, {"value": value}).mappings().all()

        if order is ActivityOrder.LEVEL or self._text:
            return read
        narrowed = [[*stream, *self._period] for stream in self._streams_with(order, bindparam("value", type_=table.c[order.value].type))]
        statement = paging.merged(table, narrowed, [table.c.id], descending=newest_first, limit=size)
        return read_again

    def _values(self, order: ActivityOrder, cursor: Cursor | None) -> Iterator[Value]:
        """Gives the values of the order's column from the cursor's on, in the direction of the order."""
        value, descending = cursor.value if cursor else None, self._direction.descending
        if order is ActivityOrder.LEVEL:
            levels = [level.value for level in GRAVITY if self._filter.level in (None, level)]
            ordered = reversed(levels) if descending else iter(levels)
            yield from itertools.dropwhile(lambda level: cursor is not None and level != value, ordered)
        elif order is ActivityOrder.REASON and self._filter.reason is not None:
            yield self._filter.reason
        else:
            if value is not None:
                yield value
            yield from paging.values(self._connection, self._streams(), table.c[order.value], value, descending=descending)


def _few_rows(filter_by: ActivityFilter, numbers: _Numbers) -> FromClause | None:
    """Returns the rows of one run, one item or a short period, or None where the filter asks for more."""
    if filter_by.run_id is not None or filter_by.item is not None:
        one = [
            *([table.c.run_id == filter_by.run_id] if filter_by.run_id is not None else []),
            *([table.c.item == filter_by.item] if filter_by.item is not None else []),
        ]
        first = table.c.run_id if filter_by.run_id is not None else table.c.item
        rows = select(table).where(*one, *numbers.conditions(table)).order_by(first, table.c.id)
    elif numbers.most is not None and numbers.most <= FEW:
        rows = select(table).where(*numbers.conditions(table)).order_by(table.c.id)
    else:
        return None
    return rows.limit(_MOST_OF_ONE).subquery()


def _fixed(filter_by: ActivityFilter, source: FromClause) -> Stream:
    return [
        *([] if filter_by.hidden else [source.c.hidden == 0]),
        *([source.c.service == filter_by.service.value] if filter_by.service else []),
        *([source.c.level == filter_by.level.value] if filter_by.level else []),
        *([source.c.reason == filter_by.reason] if filter_by.reason is not None else []),
    ]


def _containing(text: str, source: FromClause) -> Stream:
    """Returns the condition that a row holds a text in its sentence or item, none for ""."""
    return [or_(holding(source.c.sentence, text), holding(source.c.item, text))] if text else []


def _first_id(connection: Connection, instant: datetime, otherwise: int) -> int:
    """Returns the number of the first row at or after an instant, or ``otherwise`` where there is none."""
    statement = select(table.c.id).where(table.c.at >= instant).order_by(table.c.at, table.c.id).limit(1)
    found = connection.execute(statement).scalar()
    return otherwise if found is None else int(found)


def _numbered(connection: Connection, cursor: Cursor | None, order: ActivityOrder, direction: _Direction) -> Cursor | None:
    """Returns a cursor by numbers, which order the rows by time, for one that names an instant; any other as it is."""
    if cursor is None or cursor.instant is None:
        return cursor
    if order is not ActivityOrder.TIME:
        raise ValueError(order)
    first = _first_id(connection, cursor.instant, _PAST_ALL)
    return Cursor(None, (first if direction.descending else first - 1,))


def _cursor_of(row: RowMapping, order: ActivityOrder) -> Cursor:
    value = None if order is ActivityOrder.TIME else row[order.value]
    return Cursor(value, (row["id"],))


def _activity_row(row: RowMapping) -> ActivityRow:
    return ActivityRow(
        row["id"], row["at"], Service(row["service"]), Level(row["level"]), row["reason"], row["sentence"], row["item"] or None,
        row["patient_id"], row["appointment_at"], row["workstation"], row["run_id"] or None, bool(row["hidden"]),
    )  # fmt: skip
