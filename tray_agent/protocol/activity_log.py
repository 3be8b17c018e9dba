"""The activity log: one row per thing done or refused, read in pages, hidden but never lost by "Alle löschen"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from tray_agent.job_kinds import Service
from tray_agent.protocol.activity_pages import GRAVITY, activity_page, stream_of
from tray_agent.protocol.model import Activity, ActivityFilter, ActivityOrder, ActivityRow, Level, Page, ServiceCounts
from tray_agent.store.database import Database
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
        filter_by: ActivityFilter,
        order: ActivityOrder,
        *,
        descending: bool = True,
        page: str | None = None,
        size: int = 200,
        backwards: bool = False,
    ) -> Page[ActivityRow]:
        """Returns a page; within equal values the newest is first, by item in the direction of the order. ``backwards``: see ``Page``."""
        return self._database.query(
            lambda connection: activity_page(connection, filter_by, order, descending=descending, page=page, size=size, backwards=backwards)
        )

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
        rows = self._database.query(lambda connection: connection.execute(statement).all())
        found = {(row[0], row[1]): int(row[2]) for row in rows}
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
        for level in GRAVITY:
            found = select(table.c.id).where(*stream_of(0, service, level), table.c.id <= seen_id).order_by(table.c.id)
            ids += connection.execute(found.limit(BATCH - len(ids))).scalars() if len(ids) < BATCH else []
        if not ids:
            return 0
        now = self._database.now(connection)
        connection.execute(update(table).where(table.c.id.in_(ids)).values(hidden=1, hidden_at=now))
        return len(ids)


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
