"""The history (Auftragsverlauf): one row per planned time and per run by hand, read in pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, select

from tray_agent.job_kinds import JobKey
from tray_agent.protocol.history_pages import NEWEST, history_page, run_of
from tray_agent.protocol.model import GIVEN_BACK, Page, Run, RunFilter, RunOrder, RunState
from tray_agent.store import paging
from tray_agent.store.database import Database
from tray_agent.store.tables import job_lock
from tray_agent.store.tables import job_run as table

BATCH = 500
"""How many rows one transaction deletes."""


class History:
    """Reads and prunes the history."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        filter_by: RunFilter,
        order: RunOrder,
        *,
        descending: bool = True,
        page: str | None = None,
        size: int = 200,
        backwards: bool = False,
    ) -> Page[Run]:
        """Returns a page; within equal values the newest planned time is first. ``backwards`` reads from the end (see ``Page``)."""

        def work(connection: Connection) -> Page[Run]:
            expired = self._expired(connection)
            return history_page(connection, filter_by, order, expired, descending=descending, page=page, size=size, backwards=backwards)

        return self._database.query(work)

    def run(self, run_id: int) -> Run | None:
        """Returns one row, or None where it is not there."""
        with self._database.read() as connection:
            row = connection.execute(select(table).where(table.c.id == run_id)).mappings().one_or_none()
            return None if row is None else run_of(row, self._expired(connection))

    def workstations(self) -> tuple[str, ...]:
        """Returns the computers on which anything ran or was skipped, in the database's order."""
        with self._database.read() as connection:
            return tuple(paging.values(connection, [[]], table.c.workstation, None, descending=False))

    def last_runs(self) -> dict[JobKey, Run]:
        """Returns the newest run of each job that was not skipped and has ended."""
        with self._database.read() as connection:
            expired = self._expired(connection)
            rows = {job: _last_ended(connection, job) for job in JobKey}
        return {job: run_of(row, expired) for job, row in rows.items() if row is not None}

    def prune(self, before: datetime) -> int:
        """Deletes what was planned before ``before`` (aware), in small batches, and returns how many rows.

        The newest ended run of each job and the runs that go on stay, however old. (What is settled stands in the lock row.)
        """
        deleted = 0
        while step := self._database.transact(lambda connection: _delete_some(connection, before)):
            deleted += step
        return deleted

    def _expired(self, connection: Connection) -> Mapping[int, RunState]:
        """Returns the runs whose lease has ended though their row says that they go on, and how each is shown."""
        now = self._database.now_ms(connection)
        held = select(table.c.id, table.c.reason).join(job_lock, job_lock.c.run_id == table.c.id)
        ended = held.where(job_lock.c.run_id != 0, job_lock.c.lease_until_ms <= now)
        return {row.id: _shown_state(row.reason) for row in connection.execute(ended)}


def _last_ended(connection: Connection, job: JobKey) -> RowMapping | None:
    ended = [state for state in RunState if state not in (RunState.SKIPPED, RunState.RUNNING)]
    streams = [[table.c.job == job.value, table.c.state == state.value] for state in ended]
    rows = paging.first_rows(connection, table, streams, NEWEST, descending=True, limit=1)
    return rows[0] if rows else None


def _delete_some(connection: Connection, before: datetime) -> int:
    kept = {row["id"] for job in JobKey if (row := _last_ended(connection, job)) is not None}
    kept |= set(connection.execute(select(job_lock.c.run_id).where(job_lock.c.run_id != 0)).scalars())
    old = select(table.c.id).where(table.c.due_at < before, table.c.id.not_in(kept)).order_by(table.c.due_at, table.c.id).limit(BATCH)
    ids = list(connection.execute(old).scalars())
    if ids:
        connection.execute(delete(table).where(table.c.id.in_(ids)))
    return len(ids)


def _shown_state(reason: str) -> RunState:
    """Returns how a run is shown whose lease has ended: given back, or died."""
    return RunState.CANCELLED if reason in GIVEN_BACK else RunState.DIED
