"""One run of a job at a time, for the whole practice: claim, lease, fence, takeover (decision record 0005).

A claim is a plain INSERT of the run's row under ``UNIQUE(job, due_at)`` together with the job's lock row, changed by
compare-and-set on its token, in a transaction of its own. The token grows with every claim, takeover and sweep; who holds
an older one changes nothing any more. All comparisons use the database server's clock, so that a workstation whose clock
is wrong does no harm.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.exc import DBAPIError

from tray_agent.errors import BugError, OutcomeUnknownError
from tray_agent.i18n import store_text
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import LeaseLostError
from tray_agent.protocol.model import RunReason, RunState, RunTrigger
from tray_agent.store.database import Database, from_ms, to_ms
from tray_agent.store.faults import is_duplicate_key
from tray_agent.store.tables import job_lock, job_run

LEASE = timedelta(seconds=90)
"""How long a run stays claimed after its last heartbeat."""

_LOOKS_AGAIN = 20
"""Others that record the same times make the INSERT fail; each attempt then sees theirs, so few are ever needed."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that this process holds.

    Attributes:
        run_id: its row in the history.
        due_at: the planned time: aware, UTC, whole seconds.
        token: the fence.
        attempt: 1; more after takeovers.
        renewed_ms: the server's clock when the lease was last renewed.
    """

    run_id: int
    job: JobKey
    due_at: datetime
    trigger: RunTrigger
    token: int
    attempt: int
    renewed_ms: int


class ClaimRefusal(Enum):
    """Why a claim was not given."""

    TAKEN = auto()
    """The planned time has its row already: another workstation runs it, ran it, or recorded it as skipped."""

    BUSY = auto()
    """The job runs, for another planned time; a job never overlaps itself."""

    TOO_EARLY = auto()
    """By the server's clock the planned time has not come: this workstation's clock is fast."""


class _BusyError(Exception):
    """Another claim of the same job was faster."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, as it is written into the history."""

    state: RunState
    reason: str = ""
    sentence: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    problems: int = 0


class Claims:
    """Claims runs for one process.

    Args:
        database: the agent's own database.
        owner: this process; new with every start, ASCII.
        workstation: this computer's name in the history.
        lease: how long a claim holds without a heartbeat.
    """

    def __init__(self, database: Database, owner: str, workstation: str, lease: timedelta = LEASE) -> None:
        self.owner = owner
        self.lease = lease
        self._database = database
        self._workstation = workstation
        self._lease_ms = lease // timedelta(milliseconds=1)

    def claim(self, job: JobKey, due_at: datetime, trigger: RunTrigger) -> Claim | ClaimRefusal:
        """Claims the run of a planned time, or tells why not. Of any number of processes that ask, one at the most gets it.

        Args:
            job: which job.
            due_at: the planned time (aware, whole seconds); it may not be later than the server's clock.
            trigger: why it is begun.

        Raises:
            DatabaseUnavailableError: no connection; nothing was claimed.
        """
        try:
            return self._database.transact(lambda connection: self._claim(connection, job, due_at, trigger))
        except _BusyError:
            return ClaimRefusal.BUSY
        except OutcomeUnknownError:
            return self._own_claim(job, due_at) or ClaimRefusal.TAKEN
        except DBAPIError as error:
            if is_duplicate_key(error):
                return ClaimRefusal.TAKEN
            raise

    def take_over(self, job: JobKey) -> Claim | None:
        """Takes over the run of a job whose lease has ended, with a token greater by one.

        Returns:
            The claim, or None where there is no such run (any more): it ended, its holder renewed, another was faster.

        Raises:
            DatabaseUnavailableError: no connection.
        """
        return self._database.transact(lambda connection: self._take_over(connection, job))

    def sweep(self, job: JobKey, ending: Ending) -> int | None:
        """Ends the run of a job whose lease has ended without running it again, and frees the job.

        Returns:
            The run's number, or None as for ``take_over``.

        Raises:
            DatabaseUnavailableError: no connection.
        """
        return self._database.transact(lambda connection: self._sweep(connection, job, ending))

    def renew(self, claim: Claim) -> tuple[int, bool]:
        """Renews the lease (the heartbeat).

        Returns:
            The server's clock in milliseconds, and whether somebody asked the run to stop.

        Raises:
            LeaseLostError: another took the run over, or it was swept.
            DatabaseUnavailableError: no connection; the lease runs on.
        """

        def work(connection: Connection) -> tuple[int, bool]:
            now = self._database.now_ms(connection)
            self.fence(connection, claim, now)
            asked = connection.execute(select(job_lock.c.cancel_run_id).where(job_lock.c.job == claim.job)).scalar_one()
            return now, asked == claim.run_id

        return self._database.transact(work)

    def fence(self, connection: Connection, claim: Claim, now_ms: int) -> None:
        """Renews the lease within the caller's transaction; what follows in it is committed only by who still holds it.

        Raises:
            LeaseLostError: the lease is another's; the transaction must be rolled back.
        """
        renewed = connection.execute(
            update(job_lock)
            .where(job_lock.c.job == claim.job, job_lock.c.token == claim.token, job_lock.c.run_id == claim.run_id)
            .values(lease_until_ms=now_ms + self._lease_ms)
        )
        if renewed.rowcount != 1:
            raise LeaseLostError

    def finish(self, claim: Claim, ending: Ending, also: Callable[[Connection], None] | None = None) -> None:
        """Writes how a run ended and frees the job. May be called again when its outcome is unknown.

        Args:
            claim: the run.
            ending: how it ended.
            also: what else belongs into the same transaction (rows of the activity log).

        Raises:
            LeaseLostError: another took the run over; nothing was written.
            DatabaseUnavailableError: no connection; nothing was written.
        """

        def work(connection: Connection) -> None:
            self._finish(connection, claim, ending)
            if also is not None:
                also(connection)

        try:
            self._database.transact(work)
        except OutcomeUnknownError:
            # Written a second time it would find the lock free, and a run that ended well would count as lost.
            if not self._is_finished(claim):
                self._database.transact(work)

    def hand_over(self, claim: Claim, sentence: str, reason: RunReason = RunReason.CANCELLED) -> None:
        """Gives a run back in the middle: its lease ends now, so that another workstation, or after a pause any, goes on at once.

        Args:
            claim: the run.
            sentence: what the history says of it until somebody goes on.
            reason: one of ``GIVEN_BACK``.

        Raises:
            LeaseLostError: another took it over already.
            DatabaseUnavailableError: no connection; the lease ends by itself.
        """

        def work(connection: Connection) -> None:
            self.fence(connection, claim, 1 - self._lease_ms)  # the lease ends at 1 ms after 1970; 0 would mean a free lock
            values = {"reason": reason.value} | _sentence_columns(sentence)
            connection.execute(update(job_run).where(job_run.c.id == claim.run_id).values(values))

        self._database.transact(work)

    def ask_to_stop(self, run_id: int) -> bool:
        """Asks a run to stop, wherever it goes; its holder hears it with the next heartbeat.

        Returns:
            False where no such run goes on.
        """

        def work(connection: Connection) -> bool:
            asked = connection.execute(update(job_lock).where(job_lock.c.run_id == run_id).values(cancel_run_id=run_id))
            return asked.rowcount == 1

        return self._database.transact(work)

    def record_skipped(self, job: JobKey, skips: Iterable[tuple[datetime, RunReason, str]]) -> int:
        """Records planned times as skipped, and that all up to the last of them is settled.

        Args:
            job: which job.
            skips: planned time, reason and sentence, the earliest first; times that have a row already are passed over.

        Returns:
            How many rows were written.
        """
        rows = list(skips)
        for _attempt in range(_LOOKS_AGAIN):
            try:
                return self._database.transact(lambda connection: self._record_skipped(connection, job, rows))
            except DBAPIError as error:
                if not is_duplicate_key(error):  # a duplicate: another workstation records the same; look again
                    raise
        raise BugError(f"{job}: the rows of skipped times are never seen")

    def _claim(self, connection: Connection, job: JobKey, due_at: datetime, trigger: RunTrigger) -> Claim | ClaimRefusal:
        now = self._database.now_ms(connection)
        if to_ms(due_at) > now:
            return ClaimRefusal.TOO_EARLY
        lock = _lock_of(connection, job)
        # A lock that is held says nothing of an expired lease here: taking over is another step, with its own rules.
        if lock["run_id"]:
            return ClaimRefusal.TAKEN if _has_row(connection, job, due_at) else ClaimRefusal.BUSY
        token = lock["token"] + 1
        run_id = _insert_run(connection, job, due_at, trigger, _begun(token, self._workstation, from_ms(now)))
        planned = trigger is not RunTrigger.BY_HAND
        settled = max(lock["settled_until"], due_at) if planned else lock["settled_until"]
        if not self._hold(connection, lock, run_id, now, settled_until=settled):
            raise _BusyError  # takes the row back with the transaction
        return Claim(run_id, job, due_at, trigger, token, 1, now)

    def _hold(self, connection: Connection, lock: RowMapping, run_id: int, now: int, **more: object) -> bool:
        """Changes the lock row to this process by compare-and-set; returns whether it was still as read."""
        changed = connection.execute(
            update(job_lock)
            .where(job_lock.c.job == lock["job"], job_lock.c.token == lock["token"])
            .values(token=lock["token"] + 1, run_id=run_id, owner=self.owner, lease_until_ms=now + self._lease_ms, cancel_run_id=0, **more)
        )
        return changed.rowcount == 1

    def _take_over(self, connection: Connection, job: JobKey) -> Claim | None:
        now = self._database.now_ms(connection)
        lock = _lock_of(connection, job)
        if not _has_ended(lock, now):
            return None
        if not self._hold(connection, lock, lock["run_id"], now):
            return None
        run = connection.execute(select(job_run).where(job_run.c.id == lock["run_id"])).mappings().one()
        token, attempt = lock["token"] + 1, run["attempt"] + 1
        begun = _begun(token, self._workstation, from_ms(now)) | {"attempt": attempt}
        connection.execute(update(job_run).where(job_run.c.id == run["id"]).values(begun))
        return Claim(run["id"], job, run["due_at"], RunTrigger(run["trigger"]), token, attempt, now)

    def _sweep(self, connection: Connection, job: JobKey, ending: Ending) -> int | None:
        now = self._database.now_ms(connection)
        lock = _lock_of(connection, job)
        if not _has_ended(lock, now) or not _free(connection, lock["job"], lock["token"], lock["run_id"]):
            return None
        run_id = int(lock["run_id"])
        connection.execute(update(job_run).where(job_run.c.id == run_id).values(_ended(ending, from_ms(now))))
        return run_id

    def _finish(self, connection: Connection, claim: Claim, ending: Ending) -> None:
        now = self._database.now(connection)
        if not _free(connection, claim.job, claim.token, claim.run_id):
            raise LeaseLostError
        connection.execute(update(job_run).where(job_run.c.id == claim.run_id).values(_ended(ending, now)))

    def _record_skipped(self, connection: Connection, job: JobKey, skips: list[tuple[datetime, RunReason, str]]) -> int:
        if not skips:
            return 0
        last = skips[-1][0]
        found = select(job_run.c.due_at).where(job_run.c.job == job, job_run.c.due_at >= skips[0][0], job_run.c.due_at <= last)
        there = set(connection.execute(found).scalars())
        rows = [_skipped(job, *skip, self._workstation) for skip in skips if skip[0] not in there]
        if rows:
            connection.execute(insert(job_run), rows)
        connection.execute(update(job_lock).where(job_lock.c.job == job, job_lock.c.settled_until < last).values(settled_until=last))
        return len(rows)

    def _own_claim(self, job: JobKey, due_at: datetime) -> Claim | None:
        """Returns the claim of this process for a planned time, read again after a COMMIT of unknown outcome."""
        with self._database.read() as connection:
            now = self._database.now_ms(connection)
            statement = (
                select(job_run, job_lock.c.token.label("held"))
                .join(job_lock, job_lock.c.run_id == job_run.c.id)
                .where(job_run.c.job == job, job_run.c.due_at == due_at, job_lock.c.owner == self.owner)
            )
            row = connection.execute(statement).mappings().one_or_none()
        if row is None:
            return None
        return Claim(row["id"], job, row["due_at"], RunTrigger(row["trigger"]), row["held"], row["attempt"], now)

    def _is_finished(self, claim: Claim) -> bool:
        with self._database.read() as connection:
            run = select(job_run.c.state, job_run.c.token).where(job_run.c.id == claim.run_id)
            state, token = connection.execute(run).one()
        return bool(token == claim.token and state != RunState.RUNNING)


def _lock_of(connection: Connection, job: str) -> RowMapping:
    return connection.execute(select(job_lock).where(job_lock.c.job == job)).mappings().one()


def _has_row(connection: Connection, job: str, due_at: datetime) -> bool:
    statement = select(job_run.c.id).where(job_run.c.job == job, job_run.c.due_at == due_at)
    return connection.execute(statement).first() is not None


def _has_ended(lock: RowMapping, now: int) -> bool:
    return bool(lock["run_id"] and lock["lease_until_ms"] <= now)


def _free(connection: Connection, job: str, token: int, run_id: int) -> bool:
    """Frees a job's lock by compare-and-set; the token grows, so that nothing of the run that held it gets through any more."""
    freed = connection.execute(
        update(job_lock)
        .where(job_lock.c.job == job, job_lock.c.token == token, job_lock.c.run_id == run_id)
        .values(token=token + 1, run_id=0, owner="", lease_until_ms=0, cancel_run_id=0)
    )
    return freed.rowcount == 1


def _insert_run(connection: Connection, job: str, due_at: datetime, trigger: RunTrigger, values: Mapping[str, object]) -> int:
    inserted = connection.execute(insert(job_run).values(job=job, due_at=due_at, trigger=trigger.value, **values))
    key = inserted.inserted_primary_key
    assert key is not None  # noqa: S101 - an INSERT of one row has one
    return int(key[0])


def _begun(token: int, workstation: str, now: datetime) -> dict[str, object]:
    values: dict[str, object] = {"state": RunState.RUNNING.value, "token": token, "attempt": 1, "workstation": workstation}
    values |= {"started_at": now, "finished_at": None, "result": "", "problems": 0, "reason": ""}
    return values | _sentence_columns("")


def _ended(ending: Ending, now: datetime) -> dict[str, object]:
    result = json.dumps({"counts": dict(ending.counts), "skipped": dict(ending.skipped)}, separators=(",", ":"))
    values: dict[str, object] = {"state": ending.state.value, "finished_at": now, "result": result, "problems": ending.problems}
    return values | {"reason": ending.reason[:40]} | _sentence_columns(ending.sentence)


def _skipped(job: str, due_at: datetime, reason: RunReason, sentence: str, workstation: str) -> dict[str, object]:
    return {
        "job": job, "due_at": due_at, "trigger": RunTrigger.SCHEDULE.value, "state": RunState.SKIPPED.value, "token": 0, "attempt": 0,
        "workstation": workstation, "started_at": None, "finished_at": None, "result": "", "problems": 0, "reason": reason.value,
        **_sentence_columns(sentence),
    }  # fmt: skip


def _sentence_columns(sentence: str) -> dict[str, object]:
    """Returns a sentence and how it was made, for readers of another language."""
    return {"sentence": sentence, "sentence_source": store_text(sentence)}
