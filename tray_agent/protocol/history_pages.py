"""Pages of the history under every order and filter, each read through an index."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Column, ColumnElement, Connection, RowMapping, func

from tray_agent.job_kinds import JobKey
from tray_agent.jobs.claims import NEAR
from tray_agent.protocol.model import Page, Run, RunFilter, RunOrder, RunReason, RunState, RunTrigger
from tray_agent.protocol.sentences import died_sentence
from tray_agent.store import paging
from tray_agent.store.database import from_ms, to_ms
from tray_agent.store.paging import Cursor, Stream, Value
from tray_agent.store.tables import job_run as table

_RANKS: dict[RunOrder, Sequence[Value]] = {
    RunOrder.JOB: [job.value for job in JobKey],
    RunOrder.STATE: [state.value for state in RunState],
    RunOrder.TRIGGER: [trigger.value for trigger in RunTrigger],
}
_COLUMNS = {
    RunOrder.JOB: table.c.job, RunOrder.STATE: table.c.state, RunOrder.TRIGGER: table.c.trigger, RunOrder.WORKSTATION: table.c.workstation,
}  # fmt: skip
_TIMES = {RunOrder.STARTED_AT: table.c.started_at, RunOrder.FINISHED_AT: table.c.finished_at}

_BEFORE_ALL = 0
"""Below all numbers of runs."""

NEWEST = (table.c.due_at, table.c.id)
"""What orders runs by their planned time."""


def history_page(
    connection: Connection,
    filter_by: RunFilter,
    order: RunOrder,
    expired: Mapping[int, RunState],
    *,
    descending: bool,
    page: str | None,
    size: int,
    backwards: bool,
) -> Page[Run]:
    """Returns a page; ``expired`` are the runs whose lease has ended, and how each is shown. See ``Page`` for ``backwards``.

    Raises:
        ValueError: ``page`` is not of this list; one that begins at an instant is of the order by planned time alone.
    """
    cursor = Cursor.parse(page)
    if cursor is not None and cursor.instant is not None and order is not RunOrder.DUE_AT:
        raise ValueError(order)
    reader = _Reader(connection, filter_by, expired, descending=descending, backwards=backwards)
    rows = list(itertools.islice(reader.rows(order, cursor, size + 1), size + 1))
    following = str(_cursor_of(rows[size - 1], order, expired)) if len(rows) > size else None
    shown = reversed(rows[:size]) if backwards else rows[:size]
    return Page(tuple(run_of(row, expired) for row in shown), following)


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
        self._period = self._conditions(table.c.due_at)

    def rows(self, order: RunOrder, cursor: Cursor | None, size: int) -> Iterator[RowMapping]:
        """Gives rows after ``cursor``, at least ``size`` where there are so many."""
        if order is RunOrder.DUE_AT:
            yield from self._newest(self._streams(), cursor, size, descending=self._descending)
            return
        if order in _TIMES:
            yield from self._by_time(_TIMES[order], cursor, size)
            return
        given = 0
        for value in self._values(order, cursor):
            within = cursor if cursor and cursor.value == value else None
            found = self._newest(self._streams(order, value), within, size - given, descending=self._newest_first)
            yield from found
            given += len(found)
            if given >= size:
                return

    def _conditions(self, due_at: ColumnElement[datetime]) -> list[ColumnElement[bool]]:
        """Returns what holds in every stream: the period of planned times, and the workstation."""
        wanted = self._filter
        return [
            *([due_at >= wanted.since] if wanted.since else []),
            *([due_at < wanted.until] if wanted.until else []),
            *([table.c.workstation == wanted.workstation] if wanted.workstation is not None else []),
        ]

    def _by_time(self, column: Column[datetime], cursor: Cursor | None, size: int) -> Iterator[RowMapping]:
        """Gives the rows by start or end, and behind them those without, the newest planned time first."""
        parts = [self._with_time, self._without_time] if self._newest_first else [self._without_time, self._with_time]
        if cursor is not None and (cursor.value is None) is (parts[1] == self._without_time):
            parts = parts[1:]  # it ended in the second one
        for read in parts:
            found = read(column, cursor, size)
            yield from found
            cursor, size = None, size - len(found)
            if size <= 0:
                return

    def _with_time(self, column: Column[datetime], cursor: Cursor | None, size: int) -> Sequence[RowMapping]:
        columns = (column, *NEWEST)
        after = []
        if cursor is not None:
            after = [paging.beyond(columns, [datetime.fromisoformat(str(cursor.value)), *_ties(cursor)], descending=self._descending)]
        narrowed = [[column.is_not(None), *stream, *after] for stream in self._near_and_late(column)]
        return paging.first_rows(self._connection, table, narrowed, columns, descending=self._descending, limit=size)

    def _without_time(self, column: Column[datetime], cursor: Cursor | None, size: int) -> Sequence[RowMapping]:
        streams = [[column.is_(None), *stream] for stream in self._of_each_job_and_state()]
        return self._newest(streams, cursor, size, descending=self._newest_first)

    def _near_and_late(self, column: Column[datetime]) -> Iterator[Stream]:
        """Gives the streams for an order by ``column``, which a period of planned times bounds for all rows but the late ones.

        The expressions around ``late`` and ``due_at`` change no value. Without them SQLite reads by the indexes of those columns,
        all rows of the period, and sorts them.
        """
        since, until = self._filter.since, self._filter.until
        if since is None and until is None:
            yield from ([*stream, *self._period] for stream in self._of_each_job_and_state())
            return
        bounds = [table.c.late + 0 == 0, *([column >= since] if since else []), *([column < until + NEAR] if until else [])]
        period = self._conditions(func.coalesce(table.c.due_at, column))
        for stream in self._of_each_job_and_state():
            yield [*stream, *bounds, *period]
        for stream in self._streams():
            yield [table.c.late == 1, *stream, *self._period]

    def _of_each_job_and_state(self) -> Iterator[Stream]:
        """Gives the streams that fix job and state, or nothing where the filter leaves both open: an index serves either."""
        state = self._filter.state
        if self._filter.job is None and state is None:
            yield []
            return
        for job in self._jobs:
            stands = [[table.c.state == each.value] for each in RunState] if state is None else self._in_state(state)
            yield from ([table.c.job == job.value, *each] for each in stands)

    def _streams(self, order: RunOrder = RunOrder.DUE_AT, value: Value | None = None) -> list[Stream]:
        """Returns the streams of the filter, narrowed to one value of the order's column where one is given."""
        if order is RunOrder.TRIGGER and self._filter.workstation is not None:
            return [[*stream, table.c.trigger == value] for stream in self._of_each_job_and_state()]
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
            after = [paging.beyond(NEWEST, _ties(cursor), descending=descending)]
        narrowed = [[*stream, *self._period, *after] for stream in streams]
        return paging.first_rows(self._connection, table, narrowed, NEWEST, descending=descending, limit=size)

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
        yield from paging.values(self._connection, [[]], table.c.workstation, value, descending=self._descending)


def _ties(cursor: Cursor) -> list[object]:
    if cursor.instant is not None:
        return [cursor.instant, _BEFORE_ALL]
    due_ms, run_id = cursor.ties
    return [from_ms(due_ms), run_id]


def _cursor_of(row: RowMapping, order: RunOrder, expired: Mapping[int, RunState]) -> Cursor:
    value = None if order is RunOrder.DUE_AT else row[order.value]
    if isinstance(value, datetime):
        value = value.isoformat()
    if order is RunOrder.STATE and row["id"] in expired:
        value = expired[row["id"]].value
    return Cursor(value, (to_ms(row["due_at"]), row["id"]))


def run_of(row: RowMapping, expired: Mapping[int, RunState]) -> Run:
    """Returns a row as the history shows it; ``expired`` are the runs whose lease has ended, and how each is shown."""
    state, reason, sentence = RunState(row["state"]), row["reason"], row["sentence"]
    if state is RunState.RUNNING and row["id"] in expired:
        state = expired[row["id"]]
        if state is RunState.DIED:
            reason, sentence = RunReason.DIED.value, died_sentence(row["workstation"])
    result = json.loads(row["result"] or "{}")
    return Run(
        row["id"], JobKey(row["job"]), row["due_at"], RunTrigger(row["trigger"]), state, row["workstation"], row["started_at"],
        row["finished_at"], row["attempt"], result.get("counts", {}), result.get("skipped", {}), row["problems"], reason, sentence,
    )  # fmt: skip
