"""The activity log: one row per thing done or refused, read in pages, hidden but never lost by "Alle löschen"."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, insert, or_, select, update

from tray_agent.jobs import paging
from tray_agent.jobs.contract import Activity, JobKey, Level, Service
from tray_agent.jobs.model import ActivityFilter, ActivityOrder, ActivityRow, Page, ServiceCounts
from tray_agent.jobs.paging import Cursor, Stream, Value
from tray_agent.store.database import Database
from tray_agent.store.tables import activity as table

BATCH = 500
"""How many rows one transaction hides or deletes: others never wait long."""

_GRAVITY = (Level.INFO, Level.WARNING, Level.ERROR)
_CLOCK_LAG = 1000
"""Rows written at nearly the same time may stand a few numbers apart from the order of their times."""

_COLUMNS = {
    ActivityOrder.LEVEL: table.c.level, ActivityOrder.REASON: table.c.reason,
    ActivityOrder.ITEM: table.c.item, ActivityOrder.WORKSTATION: table.c.workstation,
}  # fmt: skip


def service_of(job: JobKey) -> Service:
    """Returns the tab of the activity log in which a job's rows stand."""
    return Service.DOWNLOADS if job is JobKey.DOWNLOAD else Service.SMS


class ActivityLog:
    """Writes and reads the activity log.

    Args:
        database: the agent's own database.
        workstation: this computer's name, for the rows it writes.
    """

    def __init__(self, database: Database, workstation: str) -> None:
        self._database = database
        self._workstation = workstation

    def write(self, activities: Sequence[Activity], *, run_id: int = 0, connection: Connection | None = None) -> None:
        """Writes rows, within the caller's transaction where one is given.

        Args:
            activities: what was done or refused.
            run_id: the run it belongs to, 0: none.
            connection: an open transaction, or None for one of its own.

        Raises:
            DatabaseUnavailableError: no connection; nothing was written.
        """
        if not activities:
            return
        if connection is None:
            self._database.transact(lambda own: self._insert(own, activities, run_id))
        else:
            self._insert(connection, activities, run_id)

    def page(
        self, filter_by: ActivityFilter, order: ActivityOrder, *, descending: bool = True, page: str | None = None, size: int = 200
    ) -> Page[ActivityRow]:
        """Returns a page; within equal values the newest is first, by item in the direction of the order."""
        with self._database.read() as connection:
            read = _Reader(connection, filter_by, descending=descending)
            cursor = Cursor.parse(page)
            rows = list(itertools.islice(read.rows(order, cursor, size + 1), size + 1))
        following = str(_cursor_of(rows[size - 1], order)) if len(rows) > size else None
        return Page(tuple(_activity_row(row) for row in rows[:size]), following)

    def all_rows(self, filter_by: ActivityFilter, order: ActivityOrder, *, descending: bool = True) -> Iterator[ActivityRow]:
        """Gives the whole list page by page; rows that come meanwhile may be missing."""
        page = self.page(filter_by, order, descending=descending, size=BATCH)
        yield from page.rows
        while page.next_page is not None:
            page = self.page(filter_by, order, descending=descending, page=page.next_page, size=BATCH)
            yield from page.rows

    def counts(self) -> Mapping[Service, ServiceCounts]:
        """Returns the errors and warnings on the list of each tab."""
        statement = (
            select(table.c.service, table.c.level, func.count())
            .where(table.c.hidden == 0, table.c.level.in_([Level.ERROR.value, Level.WARNING.value]))
            .where(table.c.service.in_([service.value for service in Service]))
            .group_by(table.c.service, table.c.level)
        )
        with self._database.read() as connection:
            found = {(row[0], row[1]): int(row[2]) for row in connection.execute(statement)}
        return {service: ServiceCounts(found.get((service, Level.ERROR), 0), found.get((service, Level.WARNING), 0)) for service in Service}

    def newest_id(self, service: Service) -> int:
        """Returns the greatest number among the rows of a tab's list, 0 where it is empty: what "Alle löschen" may reach up to."""
        page = self.page(ActivityFilter(service=service), ActivityOrder.TIME, size=1)
        return page.rows[0].activity_id if page.rows else 0

    def hide(self, service: Service, seen_id: int) -> int:
        """Takes the rows of a tab up to ``seen_id`` off the list, in small batches, and returns how many."""
        hidden = 0
        while step := self._database.transact(lambda connection: self._hide_some(connection, service, seen_id)):
            hidden += step
        return hidden

    def prune(self, before: datetime) -> int:
        """Deletes the rows written before ``before`` (aware), in small batches, and returns how many."""
        deleted = 0
        while step := self._database.transact(lambda connection: _delete_some(connection, before)):
            deleted += step
        return deleted

    def _insert(self, connection: Connection, activities: Sequence[Activity], run_id: int) -> None:
        now = self._database.now(connection)
        rows = [_values(one) | {"at": now, "workstation": self._workstation, "run_id": run_id} for one in activities]
        connection.execute(insert(table), rows)

    def _hide_some(self, connection: Connection, service: Service, seen_id: int) -> int:
        ids: list[int] = []
        for level in _GRAVITY:
            found = select(table.c.id).where(*_stream(0, service, level), table.c.id <= seen_id).order_by(table.c.id)
            ids += connection.execute(found.limit(BATCH - len(ids))).scalars() if len(ids) < BATCH else []
        if not ids:
            return 0
        now = self._database.now(connection)
        connection.execute(update(table).where(table.c.id.in_(ids)).values(hidden=1, hidden_at=now))
        return len(ids)


class _Reader:
    """Reads the rows of one filter through the streams of the indexes."""

    def __init__(self, connection: Connection, filter_by: ActivityFilter, *, descending: bool) -> None:
        self._connection = connection
        self._descending = descending
        self._reason = filter_by.reason
        services = [filter_by.service] if filter_by.service else list(Service)
        levels = [filter_by.level] if filter_by.level else list(_GRAVITY)
        self._levels = levels
        self._streams = [
            _stream(hidden, service, level) for hidden in ((0, 1) if filter_by.hidden else (0,)) for service in services for level in levels
        ]
        self._rest = list(_conditions(connection, filter_by))

    def rows(self, order: ActivityOrder, cursor: Cursor | None, size: int) -> Iterator[RowMapping]:
        """Gives rows after ``cursor``, at least ``size`` where there are so many."""
        if order is ActivityOrder.TIME:
            yield from self._by_time(self._streams, cursor, size, descending=self._descending)
        elif order is ActivityOrder.ITEM:
            yield from self._by_item(cursor, size)
        else:
            yield from self._by_value(order, cursor, size)

    def _by_time(self, streams: Sequence[Stream], cursor: Cursor | None, size: int, *, descending: bool) -> Sequence[RowMapping]:
        after = [] if cursor is None else [paging.beyond([table.c.id], cursor.ties, descending=descending)]
        narrowed = [[*stream, *self._rest, *after] for stream in streams]
        return paging.first_rows(self._connection, table, narrowed, [table.c.id], descending=descending, limit=size)

    def _by_item(self, cursor: Cursor | None, size: int) -> Sequence[RowMapping]:
        columns = [table.c.item, table.c.id]
        after = [] if cursor is None else [paging.beyond(columns, [cursor.value, *cursor.ties], descending=self._descending)]
        narrowed = [[*stream, *self._rest, *after] for stream in self._streams]
        return paging.first_rows(self._connection, table, narrowed, columns, descending=self._descending, limit=size)

    def _by_value(self, order: ActivityOrder, cursor: Cursor | None, size: int) -> Iterator[RowMapping]:
        """Gives the rows value by value; within one, the newest first."""
        given = 0
        for value in self._values(order, cursor):
            column = _COLUMNS[order]
            within = cursor if cursor and cursor.value == value else None
            found = self._by_time([[*stream, column == value] for stream in self._streams], within, size - given, descending=True)
            yield from found
            given += len(found)
            if given >= size:
                return

    def _values(self, order: ActivityOrder, cursor: Cursor | None) -> Iterator[Value]:
        """Gives the values of the order's column from the cursor's on, in the direction of the order."""
        if order is ActivityOrder.LEVEL:
            levels: Iterable[Value] = [level.value for level in _GRAVITY if level in self._levels]
            levels = reversed(list(levels)) if self._descending else levels
            yield from itertools.dropwhile(lambda level: cursor is not None and level != cursor.value, levels)
            return
        if order is ActivityOrder.REASON and self._reason is not None:
            yield self._reason
            return
        value = cursor.value if cursor else None
        if value is not None:
            yield value
        while (
            value := paging.next_value(self._connection, self._streams, _COLUMNS[order], value, descending=self._descending)
        ) is not None:
            yield value


def _stream(hidden: int, service: Service, level: Level) -> list[ColumnElement[bool]]:
    return [table.c.hidden == hidden, table.c.service == service.value, table.c.level == level.value]


def _conditions(connection: Connection, filter_by: ActivityFilter) -> Iterator[ColumnElement[bool]]:
    if filter_by.reason is not None:
        yield table.c.reason == filter_by.reason
    if filter_by.item is not None:
        yield table.c.item == filter_by.item
    if filter_by.run_id is not None:
        yield table.c.run_id == filter_by.run_id
    if filter_by.text:
        yield or_(*_containing(filter_by.text))
    if filter_by.since is not None:
        yield table.c.at >= filter_by.since
        yield table.c.id >= _first_id(connection, filter_by.since) - _CLOCK_LAG
    if filter_by.until is not None:
        yield table.c.at < filter_by.until
        yield table.c.id <= _first_id(connection, filter_by.until) + _CLOCK_LAG


def _containing(text: str) -> Iterator[ColumnElement[bool]]:
    """Gives the ways in which a row holds a text; SQLite knows the capitals of plain letters only, so it is also looked for as typed."""
    for column in (table.c.sentence, table.c.item):
        yield func.lower(column).contains(text.lower(), autoescape=True)
        yield column.contains(text, autoescape=True)


def _first_id(connection: Connection, instant: datetime) -> int:
    """Returns the number of the first row at or after an instant; past all numbers where there is none."""
    statement = select(table.c.id).where(table.c.at >= instant).order_by(table.c.at, table.c.id).limit(1)
    found = connection.execute(statement).scalar()
    return 2**31 - 1 - _CLOCK_LAG if found is None else int(found)


def _delete_some(connection: Connection, before: datetime) -> int:
    old = select(table.c.id).where(table.c.at < before).order_by(table.c.at, table.c.id).limit(BATCH)
    ids = list(connection.execute(old).scalars())
    if ids:
        connection.execute(delete(table).where(table.c.id.in_(ids)))
    return len(ids)


def _values(one: Activity) -> dict[str, object]:
    return {
        "service": one.service.value, "level": one.level.value, "reason": one.reason[:40], "sentence": one.sentence,
        "item": (one.item or "")[:200], "patient_id": one.patient_id, "appointment_at": one.appointment_at, "hidden": 0, "hidden_at": None,
    }  # fmt: skip


def _cursor_of(row: RowMapping, order: ActivityOrder) -> Cursor:
    value = None if order is ActivityOrder.TIME else row[_COLUMNS[order].name]
    return Cursor(value, (row["id"],))


def _activity_row(row: RowMapping) -> ActivityRow:
    return ActivityRow(
        row["id"], row["at"], Service(row["service"]), Level(row["level"]), row["reason"], row["sentence"], row["item"] or None,
        row["patient_id"], row["appointment_at"], row["workstation"], row["run_id"] or None, bool(row["hidden"]),
    )  # fmt: skip
