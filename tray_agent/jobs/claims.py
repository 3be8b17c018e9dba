"""One run of a job at a time, for the whole practice: claim, lease, fence, takeover (decision record 0005).

A claim is a plain INSERT of the run's row under ``UNIQUE(job, due_at, attempt)`` together with the job's lock row, changed by
compare-and-set on its token, in a transaction of its own. The token grows with every claim, takeover and sweep; who holds
an older one changes nothing any more. All comparisons use the database server's clock, so that a workstation whose clock
is wrong does no harm.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum, auto

from sqlalchemy import Connection, RowMapping, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from tray_agent.errors import BugError, OutcomeUnknownError
from tray_agent.i18n import store_text
from tray_agent.job_kinds import JobKey, job_kind
from tray_agent.jobs.contract import LeaseLostError
from tray_agent.jobs.owed import Attempt, Owed, Rest, RetryPolicy, Trouble, is_same_day, owed_after
from tray_agent.jobs.plan import lock_job, owe, owed_columns, read_owed
from tray_agent.protocol.model import RunReason, RunState, RunTrigger
from tray_agent.store.database import Database, from_ms, to_ms
from tray_agent.store.faults import is_duplicate_key
from tray_agent.store.schema_version import check_still
from tray_agent.store.tables import job_lock, job_run

LEASE = timedelta(seconds=90)
"""How long a run stays claimed after its last heartbeat."""

_SHOWN, _FOLDED, _FOLDS = 0, 1, 2
"""Whether the history shows an attempt; ``_FOLDS``: as long as none came after it."""

_LOOKS_AGAIN = 20
"""Others that record the same times make the INSERT fail; each attempt then sees theirs, so few are ever needed."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that this process holds.

    Attributes:
        run_id: its row in the history.
        due_at: the planned time: aware, UTC, whole seconds.
        token: the fence.
        attempt: which attempt of the planned time it is, from 1 on.
        renewed_ms: the server's clock when the lease was last renewed.
    """

    run_id: int
    job: JobKey
    due_at: datetime
    trigger: RunTrigger
    token: int
    attempt: int
    renewed_ms: int


Also = Callable[[Connection, Owed | None, Owed | None], None]
"""What is done in the transaction that ends a run; it is told what was owed before and what is owed now."""


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
    rest: Rest | None = None
    makes_due: Mapping[JobKey, datetime] = field(default_factory=dict)
    by_person: bool = False
    """Whether a person ended it: then nothing is owed."""


class Claims:
    """Claims runs for one process.

    Args:
        database: the agent's own database.
        owner: this process; new with every start, ASCII.
        workstation: this computer's name in the history.
        lease: how long a claim holds without a heartbeat.
        zone: gives the practice's time zone, whose days planned times belong to.
        retries: how what is owed is tried again.
    """

    def __init__(
        self, database: Database, owner: str, workstation: str, lease: timedelta = LEASE,
        zone: Callable[[], tzinfo] = lambda: UTC, retries: RetryPolicy = RetryPolicy(),  # noqa: B008 - immutable
    ) -> None:  # fmt: skip
        self._zone_now = zone
        self._retries = retries
        self.owner = owner
        self.lease = lease
        self._database = database
        self._workstation = workstation
        self._lease_ms = lease // timedelta(milliseconds=1)

    def claim(self, job: JobKey, due_at: datetime, trigger: RunTrigger, *, owed: bool = False) -> Claim | ClaimRefusal:
        """Claims the run of a planned time, or tells why not. Of any number of processes that ask, one at the most gets it.

        Args:
            job: which job.
            due_at: the planned time (aware, whole seconds); it may not be later than the server's clock.
            trigger: why it is begun.
            owed: whether it is owed and the next attempt is meant; it is given as long as it is.

        Raises:
            ProgramOutdatedError: the tables are newer than this program by now; nothing was claimed.
            DatabaseUnavailableError: no connection; nothing was claimed.
        """
        try:
            return self._database.transact(lambda connection: self._claim(connection, job, due_at, trigger, owed=owed))
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
            .values(held_until_ms=now_ms + self._lease_ms)
        )
        if renewed.rowcount != 1:
            raise LeaseLostError

    def finish(self, claim: Claim, ending: Ending, also: Also | None = None) -> None:
        """Writes how a run ended and what is owed now, and frees the job. May be called again when its outcome is unknown.

        Args:
            claim: the run.
            ending: how it ended.
            also: what else belongs into the same transaction (rows of the activity log).

        Raises:
            LeaseLostError: another took the run over; nothing was written.
            DatabaseUnavailableError: no connection; nothing was written.
        """

        def work(connection: Connection) -> None:
            owed = self._finish(connection, claim, ending)
            if also is not None:
                also(connection, *owed)

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

    def record_skipped(self, job: JobKey, skips: Iterable[tuple[datetime, RunReason, str]], *, owes_last: bool = False) -> int:
        """Records planned times as skipped, and that all up to the last of them is settled.

        Args:
            job: which job.
            skips: planned time, reason and sentence, the earliest first; times that have a row already are passed over.
            owes_last: whether the last of them is owed from now on, as soon as what was in its way changed.

        Returns:
            How many rows were written.
        """
        rows = list(skips)
        for _attempt in range(_LOOKS_AGAIN):
            try:
                return self._database.transact(lambda connection: self._record_skipped(connection, job, rows, owes_last=owes_last))
            except DBAPIError as error:
                if not is_duplicate_key(error):  # a duplicate: another workstation records the same; look again
                    raise
        raise BugError(f"{job}: the rows of skipped times are never seen")

    def leave_open(self, job: JobKey, due_at: datetime, sentence: str, also: Callable[[Connection], None]) -> bool:
        """Records that no workstation can do what is due, and that it is owed from now on: whoever can, makes the next attempt.

        Args:
            job: which job.
            due_at: the planned time: aware, UTC.
            sentence: why, for the history.
            also: what else belongs into the same transaction.

        Returns:
            False where that is recorded already, or a run goes on.
        """

        def work(connection: Connection) -> bool:
            lock_job(connection, job)
            lock, before = _lock_of(connection, job), read_owed(connection, job)
            known = before if before and before.due_at == due_at else None
            if lock["run_id"] or (known and known.reason == RunReason.NOT_ABLE and known.trouble is Trouble.TOLD):
                return False
            if not _attempts(connection, job, due_at):
                connection.execute(insert(job_run).values(_skipped(job, due_at, RunReason.NOT_ABLE, sentence, self._workstation)))
            now = self._database.now(connection)
            owed = Owed(due_at, now, RunReason.NOT_ABLE, known.since if known else now, trouble=Trouble.TOLD)
            changed = owed_columns(owed) | {"settled_until": max(lock["settled_until"], due_at)}
            connection.execute(update(job_lock).where(job_lock.c.job == job.value).values(changed))
            also(connection)
            return True

        try:
            return self._database.transact(work)
        except DBAPIError as error:
            if is_duplicate_key(error):  # another workstation records the same
                return False
            raise

    def alone(self, job: JobKey, work: Callable[[Connection], None]) -> None:
        """Does what is to be done once for the practice, in a transaction in which nobody else does such a thing for this job."""

        def locked(connection: Connection) -> None:
            lock_job(connection, job)
            work(connection)

        self._database.transact(locked)

    def hasten(self, jobs: Iterable[JobKey], *, changed: bool = False) -> int:
        """Lets the attempts that something is in the way of begin now, because it may be out of the way.

        Args:
            jobs: of which jobs.
            changed: also those that wait for a change (a refused password, a switch).

        Returns:
            How many jobs that concerns.
        """
        names = [job.value for job in jobs]

        def work(connection: Connection) -> int:
            now = self._database.now(connection)
            waits = (job_lock.c.job.in_(names), job_lock.c.owed_at.is_not(None), job_lock.c.run_id == 0)
            later = job_lock.c.next_attempt_at > now
            soon = later & (job_lock.c.next_attempt_at <= now + self._retries.longest) & (job_lock.c.trouble > 0)
            which = later | job_lock.c.next_attempt_at.is_(None) if changed else soon
            return connection.execute(update(job_lock).where(*waits, which).values(next_attempt_at=now)).rowcount

        return self._database.transact(work)

    def abandon(self, job: JobKey) -> bool:
        """Ends what a job owes; nothing of it is tried again by itself. Returns whether it owed anything; a run that goes on is left."""

        def work(connection: Connection) -> bool:
            owes = (job_lock.c.job == job.value, job_lock.c.owed_at.is_not(None), job_lock.c.run_id == 0)
            return connection.execute(update(job_lock).where(*owes).values(owed_columns(None))).rowcount == 1

        return self._database.transact(work)

    def make_due(self, jobs: Iterable[JobKey], reason: str) -> None:
        """Notes that something became due: a job that has no planned time left today owes an attempt of its last one, now."""

        def work(connection: Connection) -> None:
            now = self._database.now(connection)
            for job in jobs:
                owe(connection, job, now, now, reason, self._zone_now())

        self._database.transact(work)

    def _claim(
        self, connection: Connection, job: JobKey, due_at: datetime, trigger: RunTrigger, *, owed: bool
    ) -> Claim | ClaimRefusal:  # fmt: skip
        now = self._database.now_ms(connection)
        if to_ms(due_at) > now:
            return ClaimRefusal.TOO_EARLY
        lock = _lock_of(connection, job)
        check_still(connection)  # after the lock was read: a migration since then lets the token grow
        # A lock that is held says nothing of an expired lease here: taking over is another step, with its own rules.
        if lock["run_id"]:
            return ClaimRefusal.TAKEN if _attempts(connection, job, due_at) else ClaimRefusal.BUSY
        if owed and lock["owed_at"] != due_at:
            return ClaimRefusal.TAKEN  # somebody made this attempt, or a later planned time stands for it
        attempt = _attempts(connection, job, due_at) + 1 if owed else 1
        token = lock["token"] + 1
        begun = _begun(token, self._workstation, from_ms(now)) | {"attempt": attempt, "takeovers": 0, "folded": _SHOWN}
        run_id = _insert_run(connection, job, due_at, trigger, begun)
        changed: dict[str, object] = {}
        if trigger is not RunTrigger.BY_HAND:
            changed["settled_until"] = max(lock["settled_until"], due_at)
            changed |= {} if owed else _stands_for(lock, due_at)
        if not self._hold(connection, lock, run_id, now, **changed):
            raise _BusyError  # takes the row back with the transaction
        _fold(connection, job, due_at)
        return Claim(run_id, job, due_at, trigger, token, attempt, now)

    def _hold(self, connection: Connection, lock: RowMapping, run_id: int, now: int, **more: object) -> bool:
        """Changes the lock row to this process by compare-and-set; returns whether it was still as read."""
        changed = connection.execute(
            update(job_lock)
            .where(job_lock.c.job == lock["job"], job_lock.c.token == lock["token"])
            .values(token=lock["token"] + 1, run_id=run_id, owner=self.owner, held_until_ms=now + self._lease_ms, cancel_run_id=0, **more)
        )
        return changed.rowcount == 1

    def _take_over(self, connection: Connection, job: JobKey) -> Claim | None:
        now = self._database.now_ms(connection)
        lock = _lock_of(connection, job)
        check_still(connection)
        if not _has_ended(lock, now):
            return None
        if not self._hold(connection, lock, lock["run_id"], now):
            return None
        run = connection.execute(select(job_run).where(job_run.c.id == lock["run_id"])).mappings().one()
        token = lock["token"] + 1
        begun = _begun(token, self._workstation, from_ms(now)) | {"takeovers": run["takeovers"] + 1}
        connection.execute(update(job_run).where(job_run.c.id == run["id"]).values(begun))
        return Claim(run["id"], job, run["due_at"], RunTrigger(run["trigger"]), token, run["attempt"], now)

    def _sweep(self, connection: Connection, job: JobKey, ending: Ending) -> int | None:
        now = self._database.now_ms(connection)
        lock = _lock_of(connection, job)
        if not _has_ended(lock, now):
            return None
        run_id = int(lock["run_id"])
        run = connection.execute(select(job_run).where(job_run.c.id == run_id)).mappings().one()
        began, by_hand = run["started_at"] or run["due_at"], run["trigger"] == RunTrigger.BY_HAND
        made = Attempt(run["due_at"], began, by_hand, succeeded=False, by_person=ending.by_person)
        if not _free(connection, job, lock["token"], run_id):
            return None
        self._end(connection, job, run_id, made, ending, from_ms(now))
        return run_id

    def _finish(self, connection: Connection, claim: Claim, ending: Ending) -> tuple[Owed | None, Owed | None]:
        now = self._database.now(connection)
        by_hand, succeeded = claim.trigger is RunTrigger.BY_HAND, ending.state is RunState.SUCCEEDED
        made = Attempt(claim.due_at, from_ms(claim.renewed_ms), by_hand, succeeded, ending.by_person)
        if not _free(connection, claim.job, claim.token, claim.run_id):
            raise LeaseLostError
        return self._end(connection, claim.job, claim.run_id, made, ending, now)

    def _end(
        self, connection: Connection, job: JobKey, run_id: int, made: Attempt, ending: Ending, now: datetime
    ) -> tuple[Owed | None, Owed | None]:
        """Writes how a run ended whose lock was freed just now, and returns what was owed before and what is owed now."""
        before = read_owed(connection, job)  # after the lock was freed: nobody can change it any more in this transaction
        if before and made.by_hand and job_kind(job).is_of_its_day:
            made = replace(made, of_other_day=not is_same_day(before.due_at, made.due_at, self._zone_now()))
        after = owed_after(before, made, ending.rest, now, self._retries)
        if after != before:
            connection.execute(update(job_lock).where(job_lock.c.job == job).values(owed_columns(after)))
        ended = _ended(ending, now) | {"folded": _SHOWN if ending.rest is None or ending.rest.progressed else _FOLDS}
        connection.execute(update(job_run).where(job_run.c.id == run_id).values(ended))
        rest = ending.rest
        if rest is not None and after is None:  # by hand: of which planned time it is owed, the schedule says
            at = rest.not_before if rest.after_change else (rest.not_before or now + self._retries.first)
            owe(connection, job, now, at, rest.reason, self._zone_now(), Trouble.NONE if rest.ordinary else Trouble.UNTOLD)
        for other, at in ending.makes_due.items():
            owe(connection, other, now, at, job.value, self._zone_now())
        return before, after

    def _record_skipped(
        self, connection: Connection, job: JobKey, skips: list[tuple[datetime, RunReason, str]], *, owes_last: bool
    ) -> int:  # fmt: skip
        if not skips:
            return 0
        last = skips[-1][0]
        found = select(job_run.c.due_at).where(job_run.c.job == job, job_run.c.due_at >= skips[0][0], job_run.c.due_at <= last)
        there = set(connection.execute(found).scalars())
        rows = [_skipped(job, *skip, self._workstation) for skip in skips if skip[0] not in there]
        if rows:
            connection.execute(insert(job_run), rows)
        settles = update(job_lock).where(job_lock.c.job == job, job_lock.c.settled_until < last)
        owed = Owed(last, None, skips[-1][1].value, self._database.now(connection)) if owes_last else None
        # A later planned time, run or not, stands for what was owed of an earlier one; not in the middle of its attempt.
        connection.execute(settles.where(job_lock.c.run_id == 0).values(owed_columns(owed)))
        connection.execute(settles.values(settled_until=last))
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


def _attempts(connection: Connection, job: str, due_at: datetime) -> int:
    """Returns how many attempts of a planned time have a row, its skipped one included."""
    made = select(func.max(job_run.c.attempt)).where(job_run.c.job == job, job_run.c.due_at == due_at)
    return connection.execute(made).scalar() or 0


def _stands_for(lock: RowMapping, due_at: datetime) -> dict[str, object]:
    """Returns the columns of a lock whose next planned time begins: it stands for all that was owed of earlier ones.

    Trouble goes on until the run says otherwise, so that it is not told anew, and that it is told when it is over.
    """
    return {"owed_at": due_at, "in_vain": 0} if lock["owed_at"] and lock["trouble"] else owed_columns(None)


def _has_ended(lock: RowMapping, now: int) -> bool:
    return bool(lock["run_id"] and lock["held_until_ms"] <= now)


def _fold(connection: Connection, job: str, due_at: datetime) -> None:
    """Lets the attempt that begins stand for the earlier ones in which nothing changed."""
    earlier = (job_run.c.job == job, job_run.c.due_at == due_at, job_run.c.folded == _FOLDS)
    connection.execute(update(job_run).where(*earlier).values(folded=_FOLDED))


def _free(connection: Connection, job: str, token: int, run_id: int) -> bool:
    """Frees a job's lock by compare-and-set; the token grows, so that nothing of the run that held it gets through any more."""
    freed = connection.execute(
        update(job_lock)
        .where(job_lock.c.job == job, job_lock.c.token == token, job_lock.c.run_id == run_id)
        .values(token=token + 1, run_id=0, owner="", held_until_ms=0, cancel_run_id=0)
    )
    return freed.rowcount == 1


def _insert_run(connection: Connection, job: str, due_at: datetime, trigger: RunTrigger, values: Mapping[str, object]) -> int:
    inserted = connection.execute(insert(job_run).values(job=job, due_at=due_at, trigger=trigger.value, **values))
    key = inserted.inserted_primary_key
    assert key is not None  # noqa: S101 - an INSERT of one row has one
    return int(key[0])


def _begun(token: int, workstation: str, now: datetime) -> dict[str, object]:
    values: dict[str, object] = {"state": RunState.RUNNING.value, "token": token, "workstation": workstation}
    values |= {"started_at": now, "finished_at": None, "result": "", "problems": 0, "reason": ""}
    return values | _sentence_columns("")


def _ended(ending: Ending, now: datetime) -> dict[str, object]:
    result = json.dumps({"counts": dict(ending.counts), "skipped": dict(ending.skipped)}, separators=(",", ":"))
    values: dict[str, object] = {"state": ending.state.value, "finished_at": now, "result": result, "problems": ending.problems}
    return values | {"reason": ending.reason[:40]} | _sentence_columns(ending.sentence)


def _skipped(job: str, due_at: datetime, reason: RunReason, sentence: str, workstation: str) -> dict[str, object]:
    return {
        "job": job, "due_at": due_at, "trigger": RunTrigger.SCHEDULE.value, "state": RunState.SKIPPED.value, "token": 0, "attempt": 1,
        "takeovers": 0, "folded": _SHOWN,
        "workstation": workstation, "started_at": None, "finished_at": None, "result": "", "problems": 0, "reason": reason.value,
        **_sentence_columns(sentence),
    }  # fmt: skip


def _sentence_columns(sentence: str) -> dict[str, object]:
    """Returns a sentence and how it was made, for readers of another language."""
    return {"sentence": sentence, "sentence_source": store_text(sentence)}
