"""A claimed job runs to an ending in the history, whatever it does."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from datetime import time, timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.jobs.engine import NOW, Engine, Work, daily, done, job
from tray_agent.clock import ManualClock
from tray_agent.errors import DatabaseFaultError, DatabaseUnavailableError, UnavailableError
from tray_agent.job_kinds import JobKey, Service
from tray_agent.jobs.claims import Claim, Claims
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.jobs.errors import JobBusyError, JobNotOfferedError, JobSwitchedOffError
from tray_agent.jobs.events import RunFinished, RunLogged, RunLost, RunProgressed, RunStarted
from tray_agent.jobs.model import PauseScope
from tray_agent.jobs.runner import RunContext
from tray_agent.practice.sql_source import PracticeDataError
from tray_agent.protocol.model import Activity, Level, Run, RunState, RunTrigger
from tray_agent.store.database import Database
from tray_agent.store.tables import setting

SEND = JobKey.SEND_MESSAGES
NOTE = Activity(Service.SMS, Level.INFO, "sent", "Erinnerung an Zoë Ämisegger gesendet.", "42")


def engine_of(database: Database, clock: ManualClock, work: Work, name: str = "PC1") -> Engine:
    return Engine(database, clock, name, [job(SEND, work)])


def claim_of(engine: Engine, trigger: RunTrigger = RunTrigger.SCHEDULE) -> Claim:
    claim = engine.jobs.claims.claim(SEND, NOW, trigger)
    assert isinstance(claim, Claim)
    return claim


def heartbeat(context: JobContext) -> None:
    """Renews the lease, as the runner's own thread does between two safe points."""
    assert isinstance(context, RunContext)
    context.heartbeat()


def test_a_result_stands_in_the_history(clocked_database: Database, clock: ManualClock) -> None:
    def work(context: JobContext) -> JobResult:
        context.log(NOTE)
        clock.advance(timedelta(seconds=3))
        return JobResult({"sent": 3}, {"death_date": 1}, 2, "3 Erinnerungen gesendet.")

    engine = engine_of(clocked_database, clock, work)
    run = engine.jobs.run_now(SEND)
    assert engine.jobs.history.run(run.run_id) == run
    assert (run.state, run.trigger, run.counts, run.skipped, run.problems) == (
        RunState.SUCCEEDED, RunTrigger.BY_HAND, {"sent": 3}, {"death_date": 1}, 2,
    )  # fmt: skip
    assert run.duration == timedelta(seconds=3)
    (row,) = engine.jobs.log.page().rows
    assert (row.sentence, row.item, row.run_id, row.workstation) == (NOTE.sentence, "42", run.run_id, "PC1")
    assert [type(event) for event in engine.heard] == [RunStarted, RunLogged, RunFinished]


def test_a_known_error_ends_the_run_with_its_words(clocked_database: Database, clock: ManualClock) -> None:
    def work(context: JobContext) -> JobResult:
        raise UnavailableError("Gateway stumm", "Das SMS-Gateway antwortet nicht.", "Später noch einmal.", item="ASPSMS")

    engine = engine_of(clocked_database, clock, work)
    run = engine.jobs.run_now(SEND)
    assert (run.state, run.reason) == (RunState.FAILED, "unavailable")
    assert run.sentence == "Gateway stumm: Das SMS-Gateway antwortet nicht. Später noch einmal."
    (row,) = engine.jobs.log.page().rows
    assert (row.level, row.reason, row.item, row.sentence) == (Level.WARNING, "unavailable", "ASPSMS", run.sentence)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyError("Zoë Ämisegger"), "fault"),
        (IntegrityError("INSERT", {"patient": "Zoë Ämisegger"}, ValueError("Zoë Ämisegger")), "database_other"),
    ],
)
def test_a_fault_of_the_program_leaves_its_trace_in_the_log_and_no_name(
    sqlite_database: Database, clock: ManualClock, caplog: pytest.LogCaptureFixture, error: Exception, reason: str
) -> None:
    def work(context: JobContext) -> JobResult:
        raise error

    engine = engine_of(sqlite_database, clock, work)
    with caplog.at_level(logging.ERROR):
        run = engine.jobs.run_now(SEND)
    assert (run.state, run.reason) == (RunState.FAILED, reason)
    assert "Ämisegger" not in run.sentence
    assert type(error).__name__ in caplog.text
    assert "test_runner.py" in caplog.text
    assert "Ämisegger" not in caplog.text
    caplog.clear()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OperationalError("SELECT", {}, sqlite3.OperationalError("no such column: x")), "database_other"),
        (DatabaseFaultError("Datenbank nur lesbar", "Sie nimmt nichts an.", "", code="database_read_only"), "database_read_only"),
        (PracticeDataError("Praxisdaten nicht lesbar", "Die Sicht kann nicht gelesen werden."), "practice_data"),
    ],
)
def test_what_a_database_refuses_is_tried_again_whatever_it_is(
    sqlite_database: Database, clock: ManualClock, caplog: pytest.LogCaptureFixture, error: Exception, reason: str
) -> None:
    def work(context: JobContext) -> JobResult:
        raise error

    engine = engine_of(sqlite_database, clock, work)
    engine.plan(SEND, daily(time(10, 10)))
    clock.advance(timedelta(minutes=10))
    engine.settle()
    owed = engine.jobs.plans.load().jobs[SEND].owed
    assert owed is not None
    assert (owed.reason, owed.next_at) == (reason, clock.now() + timedelta(minutes=2))
    caplog.clear()


def test_a_run_that_is_asked_to_stop_stops_at_a_safe_point(clocked_database: Database, clock: ManualClock) -> None:
    steps: list[int] = []

    def work(context: JobContext) -> JobResult:
        for step in range(10):
            context.checkpoint()
            steps.append(step)
            if step == 3:
                engine.jobs.cancel(context.run_id)
        return JobResult()

    engine = engine_of(clocked_database, clock, work)
    run = engine.jobs.run_now(SEND)
    assert (run.state, steps) == (RunState.CANCELLED, [0, 1, 2, 3])


def test_a_run_is_stopped_from_another_computer_with_the_heartbeat(clocked_database: Database, clock: ManualClock) -> None:
    other = Engine(clocked_database, clock, "PC2")

    def work(context: JobContext) -> JobResult:
        assert other.jobs.cancel(context.run_id)
        heartbeat(context)
        context.checkpoint()
        return JobResult()

    engine = engine_of(clocked_database, clock, work)
    assert engine.jobs.run_now(SEND).state is RunState.CANCELLED


def effect(context: JobContext, engine: Engine, name: str) -> None:
    """Does something once, guarded by the fence, as sending does."""
    with engine.database.begin() as connection:
        context.fence(connection)
        connection.execute(insert(setting).values(section="effect", name=name, value="", changed_at=NOW, changed_by=""))


def test_a_run_that_was_taken_over_changes_nothing_more(clocked_database: Database, clock: ManualClock) -> None:
    other = engine_of(clocked_database, clock, done, "PC2")

    def work(context: JobContext) -> JobResult:
        effect(context, engine, "before")
        clock.advance(timedelta(seconds=91))
        assert other.jobs.claims.take_over(SEND) is not None
        effect(context, engine, "after")
        return JobResult()

    engine = engine_of(clocked_database, clock, work)
    assert engine.jobs.runner.run(claim_of(engine)) is None
    assert isinstance(engine.heard[-1], RunLost)
    with clocked_database.read() as connection:
        assert list(connection.execute(select(setting.c.name)).scalars()) == ["before"]
    (run,) = engine.jobs.history.page().rows
    assert (run.state, run.workstation) == (RunState.RUNNING, "PC2")


def test_a_run_that_this_computer_took_over_from_itself_ends_twice_without_a_fault(sqlite_database: Database, clock: ManualClock) -> None:
    """A computer that slept finds its own run given up, begins it again, and the old one then notices that it lost."""
    again: list[Run | None] = []

    def work(context: JobContext) -> JobResult:
        if not again:
            again.append(None)
            clock.advance(timedelta(seconds=91))
            claim = engine.jobs.claims.take_over(SEND)
            assert claim is not None
            again.append(engine.jobs.runner.run(claim))
            assert engine.jobs.runner.running == {SEND}
        return JobResult({"sent": 1})

    engine = engine_of(sqlite_database, clock, work)
    assert engine.jobs.runner.run(claim_of(engine)) is None
    assert engine.jobs.runner.running == frozenset()
    (run,) = engine.jobs.history.page().rows
    assert (run.state, run.run_id) == (RunState.SUCCEEDED, again[1].run_id if again[1] else None)


def test_a_lease_that_ran_out_unrenewed_stops_the_run_even_if_nobody_took_it(sqlite_database: Database, clock: ManualClock) -> None:
    def work(context: JobContext) -> JobResult:
        clock.advance(timedelta(seconds=91))
        context.checkpoint()
        return JobResult()

    engine = engine_of(sqlite_database, clock, work)
    assert engine.jobs.runner.run(claim_of(engine)) is None


def test_heartbeats_keep_a_long_run(sqlite_database: Database, clock: ManualClock) -> None:
    other = engine_of(sqlite_database, clock, done, "PC2")

    def work(context: JobContext) -> JobResult:
        for _half_minute in range(20):
            clock.advance(timedelta(seconds=30))
            heartbeat(context)
            context.checkpoint()
            assert other.jobs.claims.take_over(SEND) is None
        return JobResult()

    engine = engine_of(sqlite_database, clock, work)
    assert engine.jobs.run_now(SEND).state is RunState.SUCCEEDED


def test_the_heart_beats_by_itself(database: Database) -> None:
    """A run three leases long, with the machine's clock and a thread of its own for the heartbeat."""
    from tray_agent.clock import SystemClock

    engine = Engine(database, SystemClock(), offered=[], lease=timedelta(seconds=0.6))
    engine.jobs.runner._beating = True
    beats = threading.Event()
    renew, count = engine.jobs.claims.renew, iter(range(100))

    def renew_and_count(claim: Claim) -> tuple[int, bool]:
        if next(count) == 8:
            beats.set()
        return renew(claim)

    engine.jobs.claims.renew = renew_and_count  # type: ignore[method-assign]  # to hear the heart

    def work(context: JobContext) -> JobResult:
        assert beats.wait(30)
        context.checkpoint()
        return JobResult()

    engine.offered = [job(SEND, work)]
    assert engine.jobs.run_now(SEND).state is RunState.SUCCEEDED


def test_quitting_gives_a_planned_run_back_and_ends_one_by_hand(clocked_database: Database, clock: ManualClock) -> None:
    def work(context: JobContext) -> JobResult:
        assert not engine.jobs.runner.quit(0)
        context.checkpoint()
        return JobResult()

    engine = engine_of(clocked_database, clock, work)
    engine.jobs.runner.run(claim_of(engine))
    other = engine_of(clocked_database, clock, done, "PC2")
    taken = other.jobs.claims.take_over(SEND)
    assert taken is not None
    other.jobs.runner.run(taken)
    by_hand = engine_of(clocked_database, clock, work)
    engine = by_hand
    run = by_hand.jobs.run_now(SEND)
    assert run.state is RunState.CANCELLED
    assert other.jobs.claims.take_over(SEND) is None


def interrupted(engine: Engine, pausing: Engine, steps: list[int]) -> Work:
    """Returns work of three steps: while the first is done, somebody pauses the sending; the others find what is done already."""

    def work(context: JobContext) -> JobResult:
        for step in range(len(steps), 3):
            context.checkpoint()
            steps.append(step)
            if step == 0:
                pausing.jobs.pause(PauseScope.SENDING, None, "Anna")
                heartbeat(context)
        return JobResult(sentence="Erledigt.")

    return work


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_pause_interrupts_a_planned_run_which_goes_on_afterwards(clocked_database: Database, clock: ManualClock, elsewhere: bool) -> None:
    steps: list[int] = []
    engine = engine_of(clocked_database, clock, done)
    engine.offered = [job(SEND, interrupted(engine, engine_of(clocked_database, clock, done, "PC2") if elsewhere else engine, steps))]
    engine.plan(SEND, daily(time(10, 30)))
    clock.set(NOW + timedelta(minutes=30))
    engine.settle()
    (run,) = engine.jobs.history.page().rows
    assert (steps, run.state, run.reason) == ([0], RunState.CANCELLED, "paused")
    assert run.sentence == "Unterbrochen, weil die Aufträge angehalten wurden. Nach dem Fortsetzen geht der Lauf weiter."
    (shown,) = (one.last_run for one in engine.jobs.overview() if one.key is SEND)
    assert shown == run
    clock.advance(timedelta(hours=1))
    engine.settle()
    assert steps == [0]
    engine.jobs.resume()
    engine.settle()
    (run,) = engine.jobs.history.page().rows
    assert (steps, run.state, run.takeovers, run.sentence) == ([0, 1, 2], RunState.SUCCEEDED, 1, "Erledigt.")
    assert [row.reason for row in engine.jobs.log.page().rows] == ["resumed"]


def test_the_next_planned_time_takes_the_place_of_an_interrupted_run(sqlite_database: Database, clock: ManualClock) -> None:
    steps: list[int] = []
    engine = engine_of(sqlite_database, clock, done)
    engine.offered = [job(SEND, interrupted(engine, engine, steps))]
    engine.plan(SEND, daily(time(10, 30)))
    clock.set(NOW + timedelta(minutes=30))
    engine.settle()
    clock.advance(timedelta(days=1))
    engine.settle()
    engine.jobs.resume()
    engine.settle()
    assert engine.told(SEND) == [("23.11. 10:30", "schedule", "cancelled", "paused"), ("24.11. 10:30", "schedule", "succeeded", "")]
    assert engine.jobs.history.page().rows[-1].sentence == (
        "Abgebrochen, weil die Aufträge angehalten wurden. Der Rest kommt beim nächsten geplanten Lauf an die Reihe."
    )


def test_a_pause_ends_a_run_by_hand(sqlite_database: Database, clock: ManualClock) -> None:
    steps: list[int] = []
    engine = engine_of(sqlite_database, clock, done)
    engine.offered = [job(SEND, interrupted(engine, engine, steps))]
    run = engine.jobs.run_now(SEND)
    assert (steps, run.state, run.reason) == ([0], RunState.CANCELLED, "paused")
    assert run.finished_at is not None


def test_a_run_decided_on_before_a_pause_does_not_begin_in_it(sqlite_database: Database, clock: ManualClock) -> None:
    engine = engine_of(sqlite_database, clock, lambda _context: pytest.fail("it ran"))
    engine.jobs.pause(PauseScope.SENDING, None, "Anna")
    claim = claim_of(engine)
    engine.jobs.runner.run(claim)
    (run,) = engine.jobs.history.page().rows
    assert (run.state, run.reason) == (RunState.CANCELLED, "paused")


def test_quitting_waits_for_the_runs(sqlite_database: Database, clock: ManualClock) -> None:
    began, go_on = threading.Event(), threading.Event()

    def work(context: JobContext) -> JobResult:
        began.set()
        go_on.wait(30)
        context.checkpoint()
        return JobResult()

    engine = engine_of(sqlite_database, clock, work)
    engine.jobs.start_now(SEND)
    assert began.wait(30)
    assert engine.jobs.runner.running == {SEND}
    assert not engine.jobs.runner.quit(0)
    go_on.set()
    assert engine.jobs.runner.quit(30)
    assert engine.jobs.runner.running == frozenset()


class _Away(Claims):
    """Claims whose database is away for the first endings."""

    failures = 2

    def finish(self, *arguments: object) -> None:
        if self.failures:
            self.failures -= 1
            raise DatabaseUnavailableError("weg", "")
        super().finish(*arguments)  # type: ignore[arg-type]


def test_an_ending_waits_for_a_database_that_is_away(sqlite_database: Database, clock: ManualClock) -> None:
    engine = engine_of(sqlite_database, clock, done)
    engine.jobs.runner._claims = _Away(sqlite_database, engine.jobs.owner, "PC1")
    assert engine.jobs.run_now(SEND).state is RunState.SUCCEEDED


def test_a_dry_run_leaves_nothing(sqlite_database: Database, clock: ManualClock) -> None:
    def work(context: JobContext) -> JobResult:
        assert context.dry_run
        context.checkpoint()
        context.log(NOTE)
        context.progress(1, 1)
        return JobResult({"would_send": 1}, sentence="1 Erinnerung ginge hinaus.")

    heard: list[object] = []
    engine = engine_of(sqlite_database, clock, work)
    run = engine.jobs.run_now(SEND, dry_run=True, listener=heard.append)
    assert (run.run_id, run.counts) == (0, {"would_send": 1})
    assert RunLogged(0, SEND, (NOTE,)) in heard
    assert engine.jobs.history.page().rows == ()
    assert engine.jobs.log.page().rows == ()


def test_progress_is_told_at_most_four_times_a_second_and_at_the_end(sqlite_database: Database, clock: ManualClock) -> None:
    def work(context: JobContext) -> JobResult:
        for number in range(1, 1001):
            clock.advance(timedelta(milliseconds=1))
            context.progress(number, 1000, "Erinnerungen")
        return JobResult()

    engine = engine_of(sqlite_database, clock, work)
    engine.jobs.run_now(SEND)
    told = [event.done for event in engine.heard if isinstance(event, RunProgressed)]
    assert told == [1, 251, 501, 751, 1000]


def test_a_listener_that_fails_disturbs_nobody(sqlite_database: Database, clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    engine = engine_of(sqlite_database, clock, done)
    unsubscribe = engine.events.subscribe(lambda event: 1 / 0)  # type: ignore[arg-type]  # a faulty listener
    assert engine.jobs.run_now(SEND).state is RunState.SUCCEEDED
    assert "ZeroDivisionError" in caplog.text
    caplog.clear()
    unsubscribe()
    engine.jobs.run_now(SEND)
    assert caplog.text == ""


@pytest.mark.parametrize(("prepare", "error"), [
    (lambda engine: setattr(engine, "offered", []), JobNotOfferedError),
    (lambda engine: setattr(engine, "offered", [job(SEND, switched_on=False)]), JobSwitchedOffError),
    (claim_of, JobBusyError),
])  # fmt: skip
def test_what_may_not_run_by_hand_says_why(
    sqlite_database: Database, clock: ManualClock, prepare: Callable[[Engine], object], error: type[Exception]
) -> None:
    engine = engine_of(sqlite_database, clock, done)
    prepare(engine)
    with pytest.raises(error):
        engine.jobs.run_now(SEND)
