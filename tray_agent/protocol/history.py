"""The history (Auftragsverlauf): one row per attempt of a planned time and per run by hand, read in pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from tray_agent.i18n import shown_text
from tray_agent.job_kinds import JobKey
from tray_agent.protocol.model import GIVEN_BACK, Run, RunFilter, RunOrder, RunReason, RunState, RunTrigger
from tray_agent.protocol.sentences import died_sentence
from tray_agent.store.database import Database
from tray_agent.store.pages import Page
from tray_agent.store.paging import Listing, Section, all_rows, delete_found, in_batches
from tray_agent.store.tables import job_lock
from tray_agent.store.tables import job_run as table

BATCH = 500
"""How many rows one transaction deletes."""

_IS_FOLDED = 1
"""The value of an attempt that a later one stands for (``jobs.claims`` writes it)."""

_LATEST = 10
"""Among so many of the newest planned times of a job is the run that ended last: an attempt ends later than a run by hand of meanwhile."""

_NEWEST = ((table.c.due_at, True), (table.c.id, True))
"""The order of what has equal values: the newest planned time first, of its attempts the newest."""

_NEWEST_OF_JOB = ((table.c.due_at, True), (table.c.attempt, True))
"""The same within one job, by its unique key: so the rows of a time are not sorted."""

_TIMES = {RunOrder.STARTED_AT: table.c.started_at, RunOrder.FINISHED_AT: table.c.finished_at}


class History:
    """Reads and prunes the history."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self,
        filter_by: RunFilter = RunFilter(),  # noqa: B008 - immutable
        order: RunOrder = RunOrder.DUE_AT,
        *,
        descending: bool = True,
        offset: int = 0,
        size: int = 200,
        at: int | datetime | None = None,
    ) -> Page[Run]:
        """Returns a page; within equal values the newest planned time is first.

        Args:
            filter_by: what the list holds.
            order: the column it is ordered by.
            descending: the direction.
            offset: the place of the page's first row; 0 is the first.
            size: how many at the most.
            at: instead of an offset the number of a run, or, in the order by planned time, an instant (aware): the page that holds that
                run, or the first behind the instant. A run of exactly that instant counts as later.

        Raises:
            ValueError: an instant in another order.
        """
        if isinstance(at, datetime) and order is not RunOrder.DUE_AT:
            raise ValueError(order)

        def work(connection: Connection) -> Page[Run]:
            expired = self._expired(connection)
            place = (table.c.due_at >= at if descending else table.c.due_at < at) if isinstance(at, datetime) else at
            listing = _listing(connection, filter_by, order, expired, descending=descending)
            return listing.page(connection, offset, size, place).each(lambda row: _run_of(row, expired))

        return self._database.query(work)

    def all_runs(
        self,
        filter_by: RunFilter = RunFilter(),  # noqa: B008 - immutable
        order: RunOrder = RunOrder.DUE_AT,
        *,
        descending: bool = True,
    ) -> Iterator[Run]:
        """Gives the whole list, for the export; holds no transaction open in between."""
        expired = self._database.query(self._expired)
        rows = all_rows(self._database, lambda connection: _listing(connection, filter_by, order, expired, descending=descending))
        return (_run_of(row, expired) for row in rows)

    def run(self, run_id: int) -> Run | None:
        """Returns one row, or None where it is not there."""
        with self._database.read() as connection:
            row = connection.execute(select(table).where(table.c.id == run_id)).one_or_none()
            return None if row is None else _run_of(row, self._expired(connection))

    def workstations(self) -> tuple[str, ...]:
        """Returns the computers on which anything ran or was skipped, in the database's order."""
        with self._database.read() as connection:
            return tuple(_workstations(connection, ()))

    def last_runs(self) -> dict[JobKey, Run]:
        """Returns the run of each job that ended last; skipped times are none."""
        with self._database.read() as connection:
            return self.read_last_runs(connection)

    def read_last_runs(self, connection: Connection) -> dict[JobKey, Run]:
        """Returns the same, within the caller's transaction."""
        expired = self._expired(connection)
        rows = {job: _last_ended(connection, job) for job in JobKey}
        return {job: _run_of(row, expired) for job, row in rows.items() if row is not None}

    def prune(self, before: datetime) -> int:
        """Deletes what was planned before ``before`` (aware), in small batches, and returns how many rows.

        The newest ended run of each job and the runs that go on stay, however old. (What is settled stands in the lock row.)
        """
        return in_batches(self._database, lambda connection: _delete_some(connection, before))

    def _expired(self, connection: Connection) -> Mapping[int, RunState]:
        """Returns the runs whose lease has ended though their row says that they go on, and how each is shown."""
        now = self._database.now_ms(connection)
        held = select(table.c.id, table.c.reason).join(job_lock, job_lock.c.run_id == table.c.id)
        ended = held.where(job_lock.c.run_id != 0, job_lock.c.held_until_ms <= now)
        # Given back, or died.
        return {row.id: RunState.CANCELLED if row.reason in GIVEN_BACK else RunState.DIED for row in connection.execute(ended)}


def last_success(connection: Connection, job: JobKey) -> datetime | None:
    """Returns the newest planned time (aware, UTC) of a job whose run succeeded, or None where none is known (any more)."""
    succeeded = select(table.c.due_at).where(table.c.job == job.value, table.c.state == RunState.SUCCEEDED.value)
    return connection.execute(succeeded.order_by(table.c.due_at.desc()).limit(1)).scalar()


def _listing(
    connection: Connection, filter_by: RunFilter, order: RunOrder, expired: Mapping[int, RunState], *, descending: bool
) -> Listing:
    conditions = _conditions(filter_by, expired)
    of_one_job = order is RunOrder.JOB or (filter_by.job is not None and filter_by.state is None and filter_by.workstation is None)
    newest = _NEWEST_OF_JOB if of_one_job else _NEWEST
    section = partial(Section, without=None if filter_by.folded else table.c.folded == _IS_FOLDED)
    if order is RunOrder.DUE_AT:
        return Listing(table, [section(conditions, tuple((column, descending) for column, _newest in newest))])
    if order in _TIMES:  # what did not start or end stands behind all others, whatever the direction
        at = _TIMES[order]
        timed = tuple((column, descending) for column in (at, table.c.due_at, table.c.id))
        return Listing(table, [section([*conditions, at.is_not(None)], timed, walked=True), section([*conditions, at.is_(None)], newest)])
    values = _values_of(connection, filter_by, order, expired, conditions)
    return Listing(table, [section([*conditions, value], newest) for value in (reversed(values) if descending else values)])


def _values_of(
    connection: Connection,
    filter_by: RunFilter,
    order: RunOrder,
    expired: Mapping[int, RunState],
    conditions: Sequence[ColumnElement[bool]],
) -> Sequence[ColumnElement[bool]]:
    """Returns what holds for the rows of each value of the order's column, in the order of the values."""
    if order is RunOrder.STATE:
        return [_in_state(state, expired) for state in RunState if filter_by.state in (None, state)]
    if order is RunOrder.JOB:
        return [table.c.job == job.value for job in JobKey if filter_by.job in (None, job)]
    if order is RunOrder.TRIGGER:
        return [table.c.trigger == trigger.value for trigger in RunTrigger]
    return [table.c.workstation == name for name in _workstations(connection, conditions)]


def _conditions(filter_by: RunFilter, expired: Mapping[int, RunState]) -> list[ColumnElement[bool]]:
    job: ColumnElement[Any] = table.c.job
    if filter_by.state is not None or filter_by.workstation is not None:
        # Without an index on this column SQLite takes that of the state or workstation, which tells the job without the row.
        job = func.coalesce(table.c.job, "")
    return [
        *([table.c.due_at >= filter_by.since] if filter_by.since else []),
        *([table.c.due_at < filter_by.until] if filter_by.until else []),
        *([_in_state(filter_by.state, expired)] if filter_by.state else []),
        *([table.c.workstation == filter_by.workstation] if filter_by.workstation is not None else []),
        *([job == filter_by.job.value] if filter_by.job else []),
    ]


def _in_state(state: RunState, expired: Mapping[int, RunState]) -> ColumnElement[bool]:
    """Returns the condition that a run is shown in a state: one whose lease has ended is not running."""
    stored = table.c.state == state.value
    if state is RunState.RUNNING and expired:
        return stored & table.c.id.not_in(list(expired))
    shown = [run_id for run_id, shown in expired.items() if shown is state]
    return or_(stored, (table.c.state == RunState.RUNNING.value) & table.c.id.in_(shown)) if shown else stored


def _workstations(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> list[str]:
    return list(connection.execute(select(table.c.workstation).where(*conditions).distinct().order_by(table.c.workstation)).scalars())


def _last_ended(connection: Connection, job: JobKey) -> Row[Any] | None:
    # "Not one of these" rather than the states themselves: no index of states is taken, and the newest of the job is read at once.
    ended = table.c.state.not_in([RunState.SKIPPED.value, RunState.RUNNING.value])
    newest = select(table).where(table.c.job == job.value, ended).order_by(table.c.due_at.desc(), table.c.attempt.desc()).limit(_LATEST)
    return max(connection.execute(newest), key=lambda row: (row.finished_at or row.due_at, row.due_at, row.attempt), default=None)


def _delete_some(connection: Connection, before: datetime) -> int:
    kept = {row.id for job in JobKey if (row := _last_ended(connection, job)) is not None}
    kept |= set(connection.execute(select(job_lock.c.run_id).where(job_lock.c.run_id != 0)).scalars())
    old = select(table.c.id).where(table.c.due_at < before, table.c.id.not_in(kept)).order_by(table.c.due_at, table.c.id).limit(BATCH)
    return delete_found(connection, table, old)


def _run_of(row: Row[Any], expired: Mapping[int, RunState]) -> Run:
    """Returns a row as the history shows it; ``expired`` are the runs whose lease has ended, and how each is shown."""
    state, reason, sentence = RunState(row.state), row.reason, shown_text(row.sentence, row.sentence_source)
    if state is RunState.RUNNING and row.id in expired:
        state = expired[row.id]
        if state is RunState.DIED:
            reason, sentence = RunReason.DIED.value, died_sentence(row.workstation)
    result = json.loads(row.result or "{}")
    return Run(
        row.id, JobKey(row.job), row.due_at, RunTrigger(row.trigger), state, row.workstation, row.started_at,
        row.finished_at, row.attempt, result.get("counts", {}), result.get("skipped", {}), row.problems, reason, sentence, row.takeovers,
        row.folded == _IS_FOLDED,
    )  # fmt: skip
