"""The activity log: one row per thing done or refused, read in pages, hidden but never lost by "Alle löschen"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from tray_agent.i18n import shown_text, store_text
from tray_agent.job_kinds import Service
from tray_agent.protocol.model import Activity, ActivityFilter, ActivityOrder, ActivityRow, Level, ServiceCounts
from tray_agent.search_keys import find_key
from tray_agent.store.database import Database
from tray_agent.store.pages import Page
from tray_agent.store.paging import Listing, Section, all_rows, delete_found, in_batches
from tray_agent.store.search import holding
from tray_agent.store.tables import activity as table

BATCH = 500
"""How many rows one transaction hides or deletes: others never wait long."""


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
        self,
        filter_by: ActivityFilter = ActivityFilter(),  # noqa: B008 - immutable
        order: ActivityOrder = ActivityOrder.TIME,
        *,
        descending: bool = True,
        offset: int = 0,
        size: int = 200,
        at: int | datetime | None = None,
    ) -> Page[ActivityRow]:
        """Returns a page; within equal values the newest is first, by item in the direction of the order.

        Args:
            filter_by: what the list holds.
            order: the column it is ordered by.
            descending: the direction.
            offset: the place of the page's first row; 0 is the first.
            size: how many at the most.
            at: instead of an offset the number of a row, or, in the order by time, an instant (aware): the page that holds that row, or
                the first behind the instant. A row of exactly that instant counts as later.

        Raises:
            ValueError: an instant in another order.
        """
        if isinstance(at, datetime) and order is not ActivityOrder.TIME:
            raise ValueError(order)

        def work(connection: Connection) -> Page[ActivityRow]:
            place: int | ColumnElement[bool] | None = at if not isinstance(at, datetime) else None
            if isinstance(at, datetime):
                first = _first_id(connection, at)
                place = table.c.id >= first if descending else table.c.id < first
            listing = _listing(connection, filter_by, order, descending=descending)
            return listing.page(connection, offset, size, place).each(_activity_row)

        return self._database.query(work)

    def all_rows(self, filter_by: ActivityFilter, order: ActivityOrder, *, descending: bool = True) -> Iterator[ActivityRow]:
        """Gives the whole list; holds no transaction open in between."""
        rows = all_rows(self._database, lambda connection: _listing(connection, filter_by, order, descending=descending))
        return map(_activity_row, rows)

    def counts(self) -> Mapping[Service, ServiceCounts]:
        """Returns the errors and warnings on the list of each tab."""
        statement = (
            select(table.c.service, table.c.level, func.count())
            .where(table.c.hidden == 0, table.c.level.in_([Level.ERROR.value, Level.WARNING.value]))
            .where(table.c.service.in_([service.value for service in Service]))
            .group_by(table.c.service, table.c.level)
        )
        rows = self._database.query(lambda connection: connection.execute(statement).all())
        found = {(row[0], row[1]): int(row[2]) for row in rows}
        return {service: ServiceCounts(found.get((service, Level.ERROR), 0), found.get((service, Level.WARNING), 0)) for service in Service}

    def is_told(self, connection: Connection, row: Activity, since: datetime | None) -> bool:
        """Returns whether a row of the same reason and item was written since an instant (aware), by any workstation; None: ever."""
        same = [table.c.service == row.service.value, table.c.reason == row.reason, table.c.item == (row.item or "")]
        found = select(table.c.id).where(*same, *([table.c.at > since] if since else [])).limit(1)
        return connection.execute(found).first() is not None

    def newest_id(self, service: Service) -> int:
        """Returns the greatest number among the rows of a tab's list, 0 where it is empty: what "Alle löschen" may reach up to."""
        newest = select(table.c.id).where(table.c.hidden == 0, table.c.service == service.value).order_by(table.c.id.desc()).limit(1)
        return int(self._database.query(lambda connection: connection.execute(newest).scalar()) or 0)

    def hide(self, service: Service, seen_id: int) -> int:
        """Takes the rows of a tab up to ``seen_id`` off the list, in small batches, and returns how many."""
        return in_batches(self._database, lambda connection: self._hide_some(connection, service, seen_id))

    def prune(self, before: datetime) -> int:
        """Deletes the rows written before ``before`` (aware), in small batches, and returns how many."""
        old = select(table.c.id).where(table.c.at < before).order_by(table.c.at, table.c.id).limit(BATCH)
        return in_batches(self._database, lambda connection: delete_found(connection, table, old))

    def _insert(self, connection: Connection, activities: Sequence[Activity], run_id: int) -> None:
        now = self._database.now(connection)
        rows = [_values(one) | {"at": now, "workstation": self._workstation, "run_id": run_id} for one in activities]
        connection.execute(insert(table), rows)

    def _hide_some(self, connection: Connection, service: Service, seen_id: int) -> int:
        found = select(table.c.id).where(table.c.hidden == 0, table.c.service == service.value, table.c.id <= seen_id)
        ids = list(connection.execute(found.order_by(table.c.id).limit(BATCH)).scalars())
        if not ids:
            return 0
        now = self._database.now(connection)
        connection.execute(update(table).where(table.c.id.in_(ids)).values(hidden=1, hidden_at=now))
        return len(ids)


def _values(one: Activity) -> dict[str, object]:
    return {
        "service": one.service.value, "level": one.level.value, "reason": one.reason[:40], "sentence": one.sentence,
        "sentence_source": store_text(one.sentence), "find_text": find_key(f"{one.sentence} {one.item or ''}"),
        "item": (one.item or "")[:200], "patient_id": one.patient_id, "appointment_at": one.appointment_at, "hidden": 0, "hidden_at": None,
    }  # fmt: skip


def _listing(connection: Connection, filter_by: ActivityFilter, order: ActivityOrder, *, descending: bool) -> Listing:
    conditions, number = _conditions(connection, filter_by), table.c.id
    if order is ActivityOrder.TIME:  # rows are numbered as they are written
        return Listing(table, [Section(conditions, [(number, descending)])])
    if order is ActivityOrder.LEVEL:
        levels = [level for level in Level if filter_by.level in (None, level)]
        ranked = reversed(levels) if descending else levels
        return Listing(table, [Section([*conditions, table.c.level == level.value], [(number, True)]) for level in ranked])
    within = descending if order is ActivityOrder.ITEM else True
    return Listing(table, [Section(conditions, [(table.c[order.value], descending), (number, within)])])


def _conditions(connection: Connection, filter_by: ActivityFilter) -> list[ColumnElement[bool]]:
    # Of all tabs together SQLite would take the rows by the index of tabs and sort them; so it reads them by number, as they are asked for.
    hidden: ColumnElement[Any] = table.c.hidden if filter_by.service else func.coalesce(table.c.hidden, 0)
    fixed: list[tuple[ColumnElement[Any], object]] = [
        (hidden, None if filter_by.hidden else 0),
        (table.c.service, filter_by.service and filter_by.service.value),
        (table.c.level, filter_by.level and filter_by.level.value),
        (table.c.reason, filter_by.reason),
        (table.c.item, filter_by.item),
        (table.c.run_id, filter_by.run_id),
    ]
    # Numbers stand for times, because they are in every index and the times are not. (Of rows that two computers write in the same
    # moment, one may so fall on the other side of a bound.)
    return [
        *(column == value for column, value in fixed if value is not None),
        *([table.c.id >= _first_id(connection, filter_by.since)] if filter_by.since else []),
        *([table.c.id < _first_id(connection, filter_by.until)] if filter_by.until else []),
        *holding(table.c.find_text, filter_by.text),
    ]


def _first_id(connection: Connection, instant: datetime) -> int:
    """Returns the number of the first row at or after an instant, or one that no row has yet."""
    found = connection.execute(select(table.c.id).where(table.c.at >= instant).order_by(table.c.at, table.c.id).limit(1)).scalar()
    return 2**31 - 1 if found is None else int(found)


def _activity_row(row: Row[Any]) -> ActivityRow:
    return ActivityRow(
        row.id, row.at, Service(row.service), Level(row.level), row.reason,
        shown_text(row.sentence, row.sentence_source), row.item or None, row.patient_id, row.appointment_at,
        row.workstation, row.run_id or None, bool(row.hidden),
    )  # fmt: skip
