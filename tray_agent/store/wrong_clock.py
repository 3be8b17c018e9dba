"""What a clock that was ahead once has left behind, put right when it is right again.

The server's clock decides everything about runs; that of an embedded store is this computer's. While it is ahead, planned times count as
settled that have not come, leases and pauses reach into the future, and with the right clock nothing would happen until that future is
there. What no right clock can have written is an instant that lies ahead although it tells of something that has happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Column, Connection, Table, func, select, update
from sqlalchemy.engine import RowMapping

from tray_agent.store.database import Database, from_ms, to_ms
from tray_agent.store.tables import activity, agent_presence, covered_day, credit_balance, job, job_lock, job_pause, job_run, message

TOLERANCE = timedelta(minutes=5)
"""Clocks are set by a little, and a server's stand-in may go a little otherwise: what is so close comes by itself."""

_MADE = datetime(2026, 1, 1, tzinfo=UTC)
"""Before this nobody had this program: a clock that shows an earlier time is wrong itself (its battery is empty), and judges nothing."""

_UNDER_WAY = timedelta(minutes=15)
"""A message that was on its way is asked about after so long at the latest: longer than any of them can be under way."""

_WITNESSES: tuple[Column[datetime], ...] = (
    job_lock.c.settled_until, job_lock.c.owed_since, job_run.c.due_at, job_run.c.started_at, job_pause.c.from_at,
)  # fmt: skip
"""Instants that have passed when they are written, by the server's clock."""

_HAPPENED: tuple[Column[datetime], ...] = (
    job.c.effective_from, job.c.changed_at, job_lock.c.settled_until, job_run.c.started_at, job_run.c.finished_at,
    agent_presence.c.started_at, activity.c.at, credit_balance.c.measured_at, message.c.prepared_at, message.c.sending_at,
    message.c.submitted_at, message.c.first_asked_at, message.c.last_asked_at, message.c.final_at, message.c.handled_at,
    message.c.ticked_at, message.c.unreached_at, message.c.noted_at,
)  # fmt: skip
"""All instants that tell of something that has happened: none of them may lie ahead."""


def is_wrong(instant: datetime, now: datetime) -> bool:
    """Returns whether an instant that must have passed can only come from a clock that was ahead, seen from a clock that may be right."""
    return instant > now + TOLERANCE and now >= _MADE


def put_right(database: Database, connection: Connection, lease: timedelta) -> timedelta | None:
    """Puts right what a clock that was ahead has left, and returns how far ahead it was at the least; None: there is nothing of that kind.

    Nothing that was sent is sent again: states stay as they are. Planned times count from now on, what waits for a time that was reckoned
    by the wrong clock is looked at soon, a lease ends by what is left of it.

    Args:
        database: the agent's own.
        connection: the transaction in which it happens.
        lease: how long a run is claimed at the most.
    """
    now = database.now(connection)
    latest = _latest(connection, lease)
    if latest is None or not is_wrong(latest, now):
        return None
    _move_runs(connection, now)
    for column in _HAPPENED:
        _change(connection, column, now, now)
    connection.execute(covered_day.delete().where(covered_day.c.searched_at > now))  # a day that is searched once more harms nobody
    _shorten(connection, now, lease)
    _shorten_pauses(connection, now)
    _look_at_messages(connection, now)
    return latest - now


def _latest(connection: Connection, lease: timedelta) -> datetime | None:
    # Schedules that nobody has saved yet come from the program that made the tables, with its computer's clock.
    saved = select(func.max(job.c.effective_from)).where(job.c.version > 1)
    found = [connection.execute(one).scalar() for one in (saved, *(select(func.max(column)) for column in _WITNESSES))]
    seen = connection.execute(select(func.max(agent_presence.c.seen_ms))).scalar()
    held = connection.execute(select(func.max(job_lock.c.held_until_ms))).scalar()  # also renewed by a run that still reckons wrongly
    return max((*filter(None, found), *([from_ms(seen)] if seen else []), *([from_ms(held) - lease] if held else [])), default=None)


def _change(connection: Connection, column: Column[datetime], beyond: datetime, instant: datetime) -> None:
    table = column.table
    assert isinstance(table, Table)  # noqa: S101 - it is a column of one
    connection.execute(update(table).where(column > beyond).values({column: instant}))


def _move_runs(connection: Connection, now: datetime) -> None:
    """Takes the runs out of the way of the planned times that they would keep from being run when they really come.

    Skipped times that have not come were not skipped. A run that has happened, of whatever planned time, happened before now.
    """
    ahead = job_run.c.due_at > now
    connection.execute(job_run.delete().where(ahead, job_run.c.state == "skipped"))
    runs = connection.execute(select(job_run.c.id, job_run.c.job).where(ahead).order_by(job_run.c.due_at.desc())).mappings().all()
    for name in sorted({run["job"] for run in runs}):
        _move(connection, name, [run for run in runs if run["job"] == name], now)


def _move(connection: Connection, name: str, runs: Iterable[RowMapping], now: datetime) -> None:
    lately = (job_run.c.job == name, job_run.c.due_at > now - timedelta(days=1), job_run.c.due_at <= now)
    taken = set(connection.execute(select(job_run.c.due_at).where(*lately)).scalars())
    free = now.replace(microsecond=0)
    for run in runs:
        while free in taken:
            free -= timedelta(seconds=1)
        connection.execute(update(job_run).where(job_run.c.id == run["id"]).values(due_at=free, attempt=1))
        taken.add(free)


def _shorten(connection: Connection, now: datetime, lease: timedelta) -> None:
    """Ends leases and waiting that were reckoned by the wrong clock; who was there in the future was there just now."""
    ends = to_ms(now + lease)
    connection.execute(update(job_lock).where(job_lock.c.held_until_ms > ends).values(held_until_ms=ends))
    owed_ahead = update(job_lock).where(job_lock.c.owed_at > now)
    connection.execute(owed_ahead.values(owed_at=None, next_attempt_at=None, owed_since=None, owed_reason="", in_vain=0, trouble=0))
    # A moment ago, so that it does not look as if it became due in the middle of the attempt that begins now.
    since_ahead = update(job_lock).where(job_lock.c.owed_since > now)
    connection.execute(since_ahead.values(owed_since=now - timedelta(seconds=1)))
    # Which clock reckoned an attempt nobody knows any more; one that comes too early only asks once more.
    connection.execute(update(job_lock).where(job_lock.c.next_attempt_at > now).values(next_attempt_at=now))
    connection.execute(update(agent_presence).where(agent_presence.c.seen_ms > to_ms(now)).values(seen_ms=to_ms(now)))


def _shorten_pauses(connection: Connection, now: datetime) -> None:
    """Lets pauses that began in the future begin now, and last as long as they were meant to."""
    for pause in connection.execute(select(job_pause).where(job_pause.c.from_at > now)).mappings().all():
        until = pause["until_at"] and pause["until_at"] - (pause["from_at"] - now)
        connection.execute(update(job_pause).where(job_pause.c.id == pause["id"]).values(from_at=now, until_at=until))


def _look_at_messages(connection: Connection, now: datetime) -> None:
    """Lets all that waits be looked at soon; what must still wait (quiet hours, a pause of the gateway) is then put off anew.

    Their versions stay: whoever has one in hand now writes what became of it, and that counts more.
    """
    for states, at in ((("prepared", "submitted", "buffered"), now), (("sending", "in_doubt"), now + _UNDER_WAY)):
        connection.execute(update(message).where(message.c.state.in_(states), message.c.next_at > at).values(next_at=at))
