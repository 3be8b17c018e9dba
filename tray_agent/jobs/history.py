"""The history (Auftragsverlauf): one row per planned time and per run by hand, read in pages."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, select

from tray_agent.jobs import paging
from tray_agent.jobs.contract import JobKey
from tray_agent.jobs.model import Page, Reason, Run, RunFilter, RunOrder, RunState, RunTrigger
from tray_agent.jobs.paging import Cursor, Stream, Value
from tray_agent.jobs.sentences import died_sentence
from tray_agent.store.database import Database, from_ms, to_ms
from tray_agent.store.tables import job_lock
from tray_agent.store.tables import job_run as table

BATCH = 500
"""How many rows one transaction deletes."""

_RANKS: dict[RunOrder, Sequence[Value]] = {
    RunOrder.JOB: [job.value for job in JobKey],
    RunOrder.STATE: [state.value for state in RunState],
    RunOrder.TRIGGER: [trigger.value for trigger in RunTrigger],
}
_COLUMNS = {
    RunOrder.JOB: table.c.job, RunOrder.STATE: table.c.state, RunOrder.TRIGGER: table.c.trigger, RunOrder.WORKSTATION: table.c.workstation,
}  # fmt: skip
_NEWEST = (table.c.due_at, table.c.id)


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
        with self._database.read() as connection:
            read = _Reader(connection, filter_by, self._expired(connection), descending=descending, backwards=backwards)
            rows = list(itertools.islice(read.rows(order, Cursor.parse(page), size + 1), size + 1))
            following = str(_cursor_of(rows[size - 1], order, read.expired)) if len(rows) > size else None
            shown = reversed(rows[:size]) if backwards else rows[:size]
            return Page(tuple(_run(row, read.expired) for row in shown), following)

    def run(self, run_id: int) -> Run | None:
        """Returns one row, or None where it is not there."""
        with self._database.read() as connection:
            row = connection.execute(select(table).where(table.c.id == run_id)).mappings().one_or_none()
            return None if row is None else _run(row, self._expired(connection))

    def workstations(self) -> tuple[str, ...]:
        """Returns the computers on which anything ran or was skipped, in the database's order."""
        names: list[str] = []
        with self._database.read() as connection:
            while (name := _next_workstation(connection, names[-1] if names else None)) is not None:
                names.append(name)
        return tuple(names)

    def last_runs(self) -> dict[JobKey, Run]:
        """Returns the newest run of each job that was not skipped and has ended."""
        with self._database.read() as connection:
            expired = self._expired(connection)
            rows = {job: _last_ended(connection, job) for job in JobKey}
        return {job: _run(row, expired) for job, row in rows.items() if row is not None}

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


class _Reader:
    """Reads the rows of one filter through the streams of the indexes; backwards gives the same rows from the last to the first."""

    def __init__(
        self, connection: Connection, filter_by: RunFilter, expired: Mapping[int, RunState], *, descending: bool, backwards: bool
    ) -> None:
        self.expired = expired
        self._connection = connection
        self._filter = filter_by
        self._descending = descending is not backwards
        self._newest_first = not backwards
        self._jobs = [filter_by.job] if filter_by.job else list(JobKey)
        self._period = [
            *([table.c.due_at >= filter_by.since] if filter_by.since else []),
            *([table.c.due_at < filter_by.until] if filter_by.until else []),
            *([table.c.workstation == filter_by.workstation] if filter_by.workstation is not None else []),
        ]

    def rows(self, order: RunOrder, cursor: Cursor | None, size: int) -> Iterator[RowMapping]:
        """Gives rows after ``cursor``, at least ``size`` where there are so many."""
        if order is RunOrder.DUE_AT:
            yield from self._newest(self._streams(), cursor, size, descending=self._descending)
            return
        given = 0
        for value in self._values(order, cursor):
            within = cursor if cursor and cursor.value == value else None
            found = self._newest(self._streams(order, value), within, size - given, descending=self._newest_first)
            yield from found
            given += len(found)
            if given >= size:
                return

    def _streams(self, order: RunOrder = RunOrder.DUE_AT, value: Value | None = None) -> list[list[ColumnElement[bool]]]:
        """Returns the streams of the filter, narrowed to one value of the order's column where one is given."""
        job: Value | None = self._filter.job.value if self._filter.job else None
        state = self._filter.state
        rest = []
        if order is RunOrder.JOB and value is not None:
            job = value
        elif order is RunOrder.STATE and value is not None:
            state = RunState(str(value))
        elif value is not None:
            rest = [_COLUMNS[order] == value]
        fixed = [*([table.c.job == job] if job is not None else []), *rest]
        return [[*fixed, *stands] for stands in ([[]] if state is None else self._in_state(state))]

    def _in_state(self, state: RunState) -> list[list[ColumnElement[bool]]]:
        """Returns the streams of a state as it is shown: a run whose lease has ended is not running."""
        stands: list[ColumnElement[bool]] = [table.c.state == state.value]
        if state is RunState.RUNNING:
            return [[*stands, table.c.id.not_in(list(self.expired))]] if self.expired else [stands]
        shown = [run_id for run_id, shown in self.expired.items() if shown is state]
        return [stands, [table.c.state == RunState.RUNNING.value, table.c.id.in_(shown)]] if shown else [stands]

    def _newest(self, streams: Sequence[Stream], cursor: Cursor | None, size: int, *, descending: bool) -> Sequence[RowMapping]:
        after = []
        if cursor is not None:
            due_ms, run_id = cursor.ties
            after = [paging.beyond(_NEWEST, [from_ms(due_ms), run_id], descending=descending)]
        narrowed = [[*stream, *self._period, *after] for stream in streams]
        return paging.first_rows(self._connection, table, narrowed, _NEWEST, descending=descending, limit=size)

    def _values(self, order: RunOrder, cursor: Cursor | None) -> Iterator[Value]:
        """Gives the values of the order's column from the cursor's on, in the direction of the order."""
        if order is RunOrder.WORKSTATION and self._filter.workstation is not None:
            yield self._filter.workstation
            return
        if order is RunOrder.WORKSTATION:
            yield from self._workstations(cursor.value if cursor else None)
            return
        chosen: Iterable[Value] = _RANKS[order]
        if order is RunOrder.JOB:
            chosen = [job.value for job in self._jobs]
        elif order is RunOrder.STATE and self._filter.state is not None:
            chosen = [self._filter.state.value]
        ordered = reversed(list(chosen)) if self._descending else chosen
        yield from itertools.dropwhile(lambda value: cursor is not None and value != cursor.value, ordered)

    def _workstations(self, value: Value | None) -> Iterator[Value]:
        if value is not None:
            yield value
        while (value := paging.next_value(self._connection, [[]], table.c.workstation, value, descending=self._descending)) is not None:
            yield value


def _next_workstation(connection: Connection, after: str | None) -> str | None:
    return paging.next_value(connection, [[]], table.c.workstation, after, descending=False)


def _last_ended(connection: Connection, job: JobKey) -> RowMapping | None:
    ended = [state for state in RunState if state not in (RunState.SKIPPED, RunState.RUNNING)]
    streams = [[table.c.job == job.value, table.c.state == state.value] for state in ended]
    rows = paging.first_rows(connection, table, streams, _NEWEST, descending=True, limit=1)
    return rows[0] if rows else None


def _delete_some(connection: Connection, before: datetime) -> int:
    kept = {row["id"] for job in JobKey if (row := _last_ended(connection, job)) is not None}
    kept |= set(connection.execute(select(job_lock.c.run_id).where(job_lock.c.run_id != 0)).scalars())
    old = select(table.c.id).where(table.c.due_at < before, table.c.id.not_in(kept)).order_by(table.c.due_at, table.c.id).limit(BATCH)
    ids = list(connection.execute(old).scalars())
    if ids:
        connection.execute(delete(table).where(table.c.id.in_(ids)))
    return len(ids)


def _cursor_of(row: RowMapping, order: RunOrder, expired: Mapping[int, RunState]) -> Cursor:
    value = None if order is RunOrder.DUE_AT else row[_COLUMNS[order].name]
    if order is RunOrder.STATE and row["id"] in expired:
        value = expired[row["id"]].value
    return Cursor(value, (to_ms(row["due_at"]), row["id"]))


def _run(row: RowMapping, expired: Mapping[int, RunState]) -> Run:
    state, reason, sentence = RunState(row["state"]), row["reason"], row["sentence"]
    if state is RunState.RUNNING and row["id"] in expired:
        state = expired[row["id"]]
        if state is RunState.DIED:
            reason, sentence = Reason.DIED.value, died_sentence(row["workstation"])
    result = json.loads(row["result"] or "{}")
    return Run(
        row["id"], JobKey(row["job"]), row["due_at"], RunTrigger(row["trigger"]), state, row["workstation"], row["started_at"],
        row["finished_at"], row["attempt"], result.get("counts", {}), result.get("skipped", {}), row["problems"], reason, sentence,
    )  # fmt: skip


def _shown_state(reason: str) -> RunState:
    """Returns how a run is shown whose lease has ended: given back on quitting, or died."""
    return RunState.CANCELLED if reason == Reason.CANCELLED else RunState.DIED
