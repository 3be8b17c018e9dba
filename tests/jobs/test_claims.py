"""Claim, lease, fence and takeover, on every engine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlalchemy import Connection, insert, select

from tests.jobs.engine import NOW
from tray_agent.clock import ManualClock
from tray_agent.errors import OutcomeUnknownError
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.claims import Claim, ClaimRefusal, Claims, Ending
from tray_agent.jobs.contract import LeaseLostError
from tray_agent.protocol.history import History
from tray_agent.protocol.model import RunReason, RunState, RunTrigger
from tray_agent.store.database import Database
from tray_agent.store.tables import job_lock, job_run, setting

Result = TypeVar("Result")
SEND = JobKey.SEND_MESSAGES
LEASE = timedelta(seconds=90)
SUCCESS = Ending(RunState.SUCCEEDED, sentence="Gut.")


def claims(database: Database, name: str = "PC1") -> Claims:
    return Claims(database, f"owner-{name}", name, LEASE)


def claimed(database: Database, name: str = "PC1") -> Claim:
    claim = claims(database, name).claim(SEND, NOW, RunTrigger.SCHEDULE)
    assert isinstance(claim, Claim)
    return claim


def state_of(database: Database, run_id: int) -> RunState:
    run = History(database).run(run_id)
    assert run is not None
    return run.state


def test_of_twelve_that_ask_at_once_one_gets_it(database: Database) -> None:
    barrier = threading.Barrier(12)
    due_at = NOW.replace(year=2020)

    def ask(number: int) -> Claim | ClaimRefusal:
        own = claims(database, f"PC{number}")
        barrier.wait()
        return own.claim(SEND, due_at, RunTrigger.SCHEDULE)

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(12)))
    assert sum(isinstance(answer, Claim) for answer in answers) == 1
    assert {answer for answer in answers if not isinstance(answer, Claim)} <= {ClaimRefusal.TAKEN, ClaimRefusal.BUSY}
    with database.read() as connection:
        assert len(connection.execute(select(job_run.c.id)).all()) == 1


def test_a_job_never_overlaps_itself(clocked_database: Database) -> None:
    claimed(clocked_database)
    assert claims(clocked_database, "PC2").claim(SEND, NOW - timedelta(minutes=5), RunTrigger.SCHEDULE) is ClaimRefusal.BUSY
    assert claims(clocked_database, "PC2").claim(SEND, NOW, RunTrigger.SCHEDULE) is ClaimRefusal.TAKEN
    assert isinstance(claims(clocked_database, "PC2").claim(JobKey.DOWNLOAD, NOW, RunTrigger.SCHEDULE), Claim)


def test_of_two_times_of_one_job_asked_for_at_once_one_is_busy(database: Database) -> None:
    barrier = threading.Barrier(8)
    past = NOW.replace(year=2020)

    def ask(number: int) -> Claim | ClaimRefusal:
        own = claims(database, f"PC{number}")
        barrier.wait()
        return own.claim(SEND, past + timedelta(minutes=number), RunTrigger.SCHEDULE)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert sum(isinstance(answer, Claim) for answer in answers) == 1
    assert answers.count(ClaimRefusal.BUSY) == 7
    with database.read() as connection:
        assert len(connection.execute(select(job_run.c.id)).all()) == 1  # who was refused left no row


def test_a_fast_clock_claims_nothing_before_its_time(clocked_database: Database) -> None:
    early = claims(clocked_database).claim(SEND, NOW + timedelta(minutes=5), RunTrigger.SCHEDULE)
    assert early is ClaimRefusal.TOO_EARLY
    with clocked_database.read() as connection:
        assert connection.execute(select(job_run.c.id)).all() == []


def test_an_ended_run_frees_the_job_and_the_token_grows(clocked_database: Database) -> None:
    first = claimed(clocked_database)
    claims(clocked_database).finish(first, SUCCESS)
    assert state_of(clocked_database, first.run_id) is RunState.SUCCEEDED
    second = claims(clocked_database, "PC2").claim(SEND, NOW - timedelta(hours=1), RunTrigger.CATCH_UP)
    assert isinstance(second, Claim)
    assert second.token > first.token


def test_who_ended_can_fence_no_more(clocked_database: Database) -> None:
    claim = claimed(clocked_database)
    claims(clocked_database).finish(claim, SUCCESS)
    with pytest.raises(LeaseLostError), clocked_database.begin() as connection:
        claims(clocked_database).fence(connection, claim, 0)


def test_a_lease_in_force_is_not_taken_over(clocked_database: Database, clock: ManualClock) -> None:
    claimed(clocked_database)
    clock.advance(LEASE - timedelta(seconds=1))
    assert claims(clocked_database, "PC2").take_over(SEND) is None


def test_an_ended_lease_is_taken_over_and_its_holder_loses_everything(clocked_database: Database, clock: ManualClock) -> None:
    old = claimed(clocked_database)
    clock.advance(LEASE)
    new = claims(clocked_database, "PC2").take_over(SEND)
    assert new is not None
    assert (new.run_id, new.attempt) == (old.run_id, 1)
    assert new.token > old.token
    mine = claims(clocked_database)
    with pytest.raises(LeaseLostError):
        mine.renew(old)
    with pytest.raises(LeaseLostError):
        mine.finish(old, SUCCESS)
    with pytest.raises(LeaseLostError):
        mine.hand_over(old, "")
    claims(clocked_database, "PC2").finish(new, SUCCESS)
    run = History(clocked_database).run(new.run_id)
    assert run is not None
    assert (run.state, run.workstation, run.takeovers) == (RunState.SUCCEEDED, "PC2", 1)


def test_what_a_fence_refuses_is_not_written(clocked_database: Database, clock: ManualClock) -> None:
    old = claimed(clocked_database)
    clock.advance(LEASE)
    claims(clocked_database, "PC2").take_over(SEND)
    effect = {"section": "effect", "name": "x", "value": "", "changed_at": NOW, "changed_by": ""}
    with pytest.raises(LeaseLostError), clocked_database.begin() as connection:
        connection.execute(insert(setting).values(effect))
        claims(clocked_database).fence(connection, old, 0)
    with clocked_database.read() as connection:
        assert connection.execute(select(setting)).all() == []


def test_one_of_eight_takes_over(database: Database) -> None:
    short = Claims(database, "gone", "PC0", timedelta(0))
    assert isinstance(short.claim(SEND, NOW.replace(year=2020), RunTrigger.SCHEDULE), Claim)
    barrier = threading.Barrier(8)

    def take(number: int) -> Claim | None:
        own = claims(database, f"PC{number}")
        barrier.wait()
        return own.take_over(SEND)

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(8)))
    assert sum(claim is not None for claim in taken) == 1


def test_a_renewed_lease_holds_on(clocked_database: Database, clock: ManualClock) -> None:
    claim = claimed(clocked_database)
    clock.advance(LEASE - timedelta(seconds=1))
    claims(clocked_database).renew(claim)
    clock.advance(LEASE - timedelta(seconds=1))
    assert claims(clocked_database, "PC2").take_over(SEND) is None


def test_a_lease_that_ran_out_and_nobody_took_is_renewed(clocked_database: Database, clock: ManualClock) -> None:
    claim = claimed(clocked_database)
    clock.advance(2 * LEASE)
    claims(clocked_database).renew(claim)
    assert claims(clocked_database, "PC2").take_over(SEND) is None


def test_a_run_that_died_is_shown_as_died_even_before_anybody_sweeps(clocked_database: Database, clock: ManualClock) -> None:
    claim = claimed(clocked_database)
    assert state_of(clocked_database, claim.run_id) is RunState.RUNNING
    clock.advance(LEASE)
    assert state_of(clocked_database, claim.run_id) is RunState.DIED


def test_a_swept_run_stays_died_and_its_holder_loses_it(clocked_database: Database, clock: ManualClock) -> None:
    claim = claimed(clocked_database)
    assert claims(clocked_database, "PC2").sweep(SEND, Ending(RunState.DIED, RunReason.DIED)) is None
    clock.advance(LEASE)
    assert claims(clocked_database, "PC2").sweep(SEND, Ending(RunState.DIED, RunReason.DIED)) == claim.run_id
    with pytest.raises(LeaseLostError):
        claims(clocked_database).finish(claim, SUCCESS)
    assert state_of(clocked_database, claim.run_id) is RunState.DIED


def test_a_run_given_back_can_be_taken_over_at_once(clocked_database: Database) -> None:
    claim = claimed(clocked_database)
    claims(clocked_database).hand_over(claim, "Programm beendet.")
    assert state_of(clocked_database, claim.run_id) is RunState.CANCELLED
    taken = claims(clocked_database, "PC2").take_over(SEND)
    assert taken is not None
    assert state_of(clocked_database, claim.run_id) is RunState.RUNNING


def test_a_wish_to_stop_reaches_the_holder_with_its_heartbeat(clocked_database: Database) -> None:
    claim = claimed(clocked_database)
    assert claims(clocked_database).renew(claim)[1] is False
    assert claims(clocked_database, "PC2").ask_to_stop(claim.run_id)
    assert claims(clocked_database).renew(claim)[1] is True
    assert not claims(clocked_database, "PC2").ask_to_stop(claim.run_id + 1)


def test_skipped_times_get_one_row_each_however_often_they_are_recorded(clocked_database: Database) -> None:
    skips = [(NOW - timedelta(hours=hours), RunReason.MISSED, "Nichts.") for hours in (3, 2, 1)]
    assert claims(clocked_database).record_skipped(SEND, skips[:2]) == 2
    assert claims(clocked_database, "PC2").record_skipped(SEND, skips) == 1
    with clocked_database.read() as connection:
        settled = connection.execute(select(job_lock.c.settled_until).where(job_lock.c.job == SEND)).scalar_one()
    assert settled == skips[2][0]


def test_twelve_that_record_the_same_times_at_once_write_each_once(database: Database) -> None:
    skips = [(NOW - timedelta(minutes=minutes), RunReason.MISSED, "Nichts.") for minutes in range(40, 0, -1)]
    barrier = threading.Barrier(6)

    def record(number: int) -> int:
        own = claims(database, f"PC{number}")
        barrier.wait()
        return own.record_skipped(SEND, skips)

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(record, range(6))) == 40


class _CommitLost(Database):
    """A database whose next COMMIT gets through, but whose answer is lost."""

    lose = True

    def transact(self, work: Callable[[Connection], Result], *, again_on_duplicate: bool = False) -> Result:
        result = super().transact(work, again_on_duplicate=again_on_duplicate)
        if self.lose:
            self.lose = False
            raise OutcomeUnknownError("verloren", "")
        return result


def test_a_claim_whose_commit_was_not_answered_is_read_again(clocked_database: Database, clock: ManualClock) -> None:
    losing = _CommitLost(clocked_database.engine, clocked_database.schema, clock)
    claim = claims(losing).claim(SEND, NOW, RunTrigger.SCHEDULE)
    assert isinstance(claim, Claim)
    claims(clocked_database).renew(claim)


def test_an_ending_whose_commit_was_not_answered_counts_once(clocked_database: Database, clock: ManualClock) -> None:
    claim = claimed(clocked_database)
    losing = _CommitLost(clocked_database.engine, clocked_database.schema, clock)
    claims(losing).finish(claim, SUCCESS)
    assert state_of(clocked_database, claim.run_id) is RunState.SUCCEEDED
