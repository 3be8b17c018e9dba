"""Reads any part of a long list, with its length, and finds where in it a row stands.

A list is made of *sections* that stand one below the other. Most lists are one; an order by state is one for each state, so
that each is read through the index by time and nothing is sorted. Rows are counted and skipped by narrow indexes
(``store.tables`` says which serves what), and only those of the page are fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, delete, func, not_, or_, select

from tray_agent.store.database import IN_CHUNK, Database
from tray_agent.store.pages import Page

Conditions = Sequence[ColumnElement[bool]]
"""What holds together."""

Order = Sequence[tuple[ColumnElement[Any], bool]]
"""Columns without NULL, each with whether it descends; no two rows of a list are equal in all of them."""


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of a list for which the conditions hold, in their order.

    Attributes:
        walked: whether the index of the order is to be walked, and the conditions tested on the way: it holds their columns, too.
        without: what holds for rows that are left out. They have an index of their own and are counted apart: that is quicker than to
            test every row of a long list.
    """

    conditions: Conditions
    order: Order
    walked: bool = False
    without: ColumnElement[bool] | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: the rows of a table, section by section."""

    table: Table
    sections: Sequence[Section]

    def page(self, connection: Connection, offset: int, limit: int, at: int | ColumnElement[bool] | None = None) -> Page[Row[Any]]:
        """Returns a page.

        Args:
            connection: of the caller's transaction.
            offset: the place of its first row; 0 is the first.
            limit: how many at the most.
            at: instead of an offset the number of a row, or what holds for all rows before a place (in the first section): the page
                that holds that row, or the first behind that place, else the last of the list. Pages begin at multiples of ``limit``.
        """
        if offset == 0 and at is None and len(self.sections) == 1:
            ids = self._ids(connection, self.sections[0], 0, limit)
            if len(ids) < limit:  # the list ends here: a search that finds little need not look through the table a second time
                return Page(self._rows(connection, ids), 0, len(ids))
        counts = [self._count(connection, section) for section in self.sections]
        total = sum(counts)
        place = None if at is None else self._place(connection, at, counts)
        first = offset if place is None else place - place % limit
        return Page(self._rows(connection, self._ids_of(connection, counts, first, limit)), first, total, place)

    def all_ids(self, connection: Connection) -> list[int]:
        """Returns the numbers of all rows, in their order."""
        return [number for section in self.sections for number in self._ids(connection, section)]

    def _count(self, connection: Connection, section: Section, *also: ColumnElement[bool]) -> int:
        counted = select(func.count()).select_from(self.table).where(*_conditions(connection, section), *also)
        number = int(connection.execute(counted).scalar_one())
        if section.without is None or not number:
            return number
        left_out = select(func.count()).select_from(self.table).where(section.without, *section.conditions, *also)
        return number - int(connection.execute(left_out).scalar_one())

    def _ids_of(self, connection: Connection, counts: Sequence[int], offset: int, limit: int) -> list[int]:
        found: list[int] = []
        for section, count in zip(self.sections, counts, strict=True):
            wanted = min(limit - len(found), count - offset)
            if wanted > 0 and offset > count // 2:  # near the end it is counted off from there
                found += self._ids(connection, section, count - offset - wanted, wanted, backwards=True)[::-1]
            elif wanted > 0:
                found += self._ids(connection, section, offset, wanted)
            offset = max(0, offset - count)
        return found

    def _ids(
        self, connection: Connection, section: Section, offset: int = 0, limit: int | None = None, *, backwards: bool = False
    ) -> list[int]:
        by = [column.desc() if descending is not backwards else column.asc() for column, descending in section.order]
        numbers = select(self.table.c.id).where(*_shown(connection, section)).order_by(*by)
        if limit is not None:
            numbers = numbers.limit(limit).offset(offset) if offset else numbers.limit(limit)
        return list(connection.execute(numbers).scalars())

    def _rows(self, connection: Connection, ids: Sequence[int]) -> tuple[Row[Any], ...]:
        return tuple(rows_of(connection, self.table, ids))

    def _place(self, connection: Connection, at: int | ColumnElement[bool], counts: Sequence[int]) -> int | None:
        total = sum(counts)
        if not isinstance(at, int):
            return min(self._count(connection, self.sections[0], at), total - 1) if total else None
        before = 0
        for section, count in zip(self.sections, counts, strict=True):
            columns = [column for column, _descending in section.order]
            found = select(*columns).where(self.table.c.id == at, *_shown(connection, section))
            values = connection.execute(found).one_or_none()
            if values is not None:
                return before + self._count(connection, section, _stands_before(section.order, values))
            before += count
        return None


def tested_on_the_way(connection: Connection, conditions: Conditions) -> Conditions:
    """Returns conditions that choose no index, so that the one of the order or of a span is walked and they are tested on the way."""
    if connection.dialect.name == "sqlite":
        # Without statistics SQLite takes any index of a condition for a narrow one, and reads and sorts nearly the whole table by it.
        return [func.likely(condition) for condition in conditions]
    return conditions


def _conditions(connection: Connection, section: Section) -> Conditions:
    return tested_on_the_way(connection, section.conditions) if section.walked else section.conditions


def _shown(connection: Connection, section: Section) -> Conditions:
    conditions = _conditions(connection, section)
    return conditions if section.without is None else [*conditions, not_(section.without)]


def rows_of(connection: Connection, table: Table, ids: Sequence[int]) -> Iterator[Row[Any]]:
    """Gives the rows of these numbers that exist, in the order of the numbers."""
    for begin in range(0, len(ids), IN_CHUNK):
        chunk = ids[begin : begin + IN_CHUNK]
        rows = {row.id: row for row in connection.execute(select(table).where(table.c.id.in_(chunk))).all()}
        yield from (rows[number] for number in chunk if number in rows)


def all_rows(database: Database, listing: Callable[[Connection], Listing]) -> Iterator[Row[Any]]:
    """Gives a whole list as it is now, for print and export; rows deleted meanwhile are missing. No transaction is open in between."""

    def numbers(connection: Connection) -> tuple[Table, list[int]]:
        found = listing(connection)
        return found.table, found.all_ids(connection)

    table, ids = database.query(numbers)
    for begin in range(0, len(ids), IN_CHUNK):
        chunk = ids[begin : begin + IN_CHUNK]
        yield from database.query(lambda connection, chunk=chunk: list(rows_of(connection, table, chunk)))  # type: ignore[misc]


def in_batches(database: Database, batch: Callable[[Connection], int]) -> int:
    """Runs a small transaction until it changes nothing more, so that others never wait long; returns how many rows it changed."""
    changed = 0
    while number := database.transact(batch):
        changed += number
    return changed


def delete_found(connection: Connection, table: Table, found: Select[tuple[int]]) -> int:
    """Deletes the rows of a table whose numbers are found, and returns how many."""
    ids = list(connection.execute(found).scalars())
    if ids:
        connection.execute(delete(table).where(table.c.id.in_(ids)))
    return len(ids)


def _stands_before(order: Order, values: Sequence[Any]) -> ColumnElement[bool]:
    """Returns the condition that a row comes before the one with these values; the first column bounds the index."""
    (column, descending), value = order[0], values[0]
    before: ColumnElement[bool] = column > value if descending else column < value
    if len(order) == 1:
        return before
    not_behind = column >= value if descending else column <= value
    return and_(not_behind, or_(before, _stands_before(order[1:], values[1:])))
