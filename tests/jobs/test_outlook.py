"""When a job runs next by what is planned: its planned time or what it owes, and what holds them back."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from tests.jobs.engine import NO_QUIET, ZURICH, Engine, daily, every, job
from tray_agent.clock import ManualClock
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.jobs.model import PauseScope
from tray_agent.jobs.outlook import Outlook, as_expected, outlook_of
from tray_agent.jobs.owed import Rest
from tray_agent.jobs.runner import RunContext
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.store.database import Database

PREPARE, SEND = JobKey.PREPARE_REMINDERS, JobKey.SEND_MESSAGES


def local(hour: int, minute: int = 0, *, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZURICH)


def left_over(context: JobContext) -> JobResult:
    return JobResult(rest=Rest("gateway", number=3))


@pytest.fixture
def engine(sqlite_database: Database, clock: ManualClock) -> Engine:
    return Engine(sqlite_database, clock, offered=[job(PREPARE), job(SEND, left_over)])


def expected(engine: Engine, quiet: QuietHours = NO_QUIET) -> datetime | None:
    return outlook_of(engine.jobs.plans.load(), SEND, ZURICH, quiet).at


def test_a_job_that_is_not_enabled_never_runs(engine: Engine) -> None:
    assert expected(engine) is None


def test_it_is_the_next_planned_time_and_one_that_has_come_is_due_now(engine: Engine, clock: ManualClock) -> None:
    engine.plan(SEND, daily(time(10, 10)))
    assert expected(engine) == local(10, 10)
    clock.set(local(10, 10, day=23) + timedelta(seconds=5))
    assert expected(engine) == clock.now()  # not tomorrow: nobody has looked at the plan yet


def test_it_is_the_next_attempt_where_something_is_owed(engine: Engine, clock: ManualClock) -> None:
    engine.plan(SEND, daily(time(10, 10)))
    clock.set(local(10, 10))
    engine.settle()
    outlook = outlook_of(engine.jobs.plans.load(), SEND, ZURICH, NO_QUIET)
    assert (outlook.at, outlook.held_up) == (local(10, 12), False)
    for _attempt in range(6):
        clock.advance(timedelta(minutes=15))
        engine.settle()
    assert outlook_of(engine.jobs.plans.load(), SEND, ZURICH, NO_QUIET).held_up


def test_what_waits_for_a_change_is_held_up_though_nothing_is_tried(engine: Engine, clock: ManualClock) -> None:
    engine.offered = [job(SEND, lambda _context: JobResult(rest=Rest("account_refused", not_before=local(19), after_change=True)))]
    engine.plan(SEND, daily(time(10, 10)))
    clock.set(local(10, 10))
    engine.settle()
    assert outlook_of(engine.jobs.plans.load(), SEND, ZURICH, NO_QUIET) == Outlook(local(19), held_up=True)


def test_what_runs_or_is_about_to_be_made_due_is_now(engine: Engine, clock: ManualClock) -> None:
    engine.offered = [job(PREPARE), job(SEND)]
    engine.plan(SEND, daily(time(10, 10)))
    engine.plan(PREPARE, daily(time(11)))
    clock.set(local(10, 10))
    engine.settle(run=False)
    assert expected(engine) == clock.now()
    engine.jobs.runner.run(engine.launched[0])
    assert expected(engine) == local(10, 10, day=24)
    clock.set(local(11))
    engine.settle(run=False)
    assert expected(engine) == clock.now()


def test_what_is_about_to_be_made_due_is_held_back_as_well(engine: Engine, clock: ManualClock) -> None:
    engine.plan(SEND, daily(time(10, 10)))
    engine.plan(PREPARE, daily(time(11)))
    clock.set(local(10, 10))
    engine.settle()
    clock.set(local(11))
    engine.settle(run=False)
    assert expected(engine, QuietHours(start=time(10, 30), end=time(8))) == local(8, day=24)
    engine.jobs.pause(PauseScope.SENDING, None, "Anna")
    assert expected(engine) is None


def test_pause_quiet_hours_and_window_hold_it_back(engine: Engine, clock: ManualClock) -> None:
    engine.plan(SEND, daily(time(10, 10)))
    assert expected(engine, QuietHours(time(9), time(12))) == local(12)
    engine.jobs.pause(PauseScope.SENDING, local(11), "Anna")
    assert expected(engine) == local(11)
    assert expected(engine, QuietHours(time(11), time(11, 30))) == local(11, 30)
    engine.jobs.pause(PauseScope.EVERYTHING, None, "Anna")
    assert expected(engine) is None
    engine.jobs.resume()
    clock.set(local(10, 5))
    engine.plan(SEND, every(60, time(8, 10), time(18)))
    clock.set(local(17, 10))
    engine.settle()
    clock.set(local(17, 12))
    engine.settle()
    owed = engine.jobs.plans.load().jobs[SEND].owed
    assert owed is not None
    assert owed.next_at == local(17, 16)
    assert expected(engine) == local(17, 16)
    clock.set(local(18, 1))
    assert expected(engine) == local(8, 10, day=24)


def test_a_run_that_was_interrupted_goes_on_when_it_may_not_tomorrow(engine: Engine, clock: ManualClock) -> None:
    def pauses(context: JobContext) -> JobResult:
        engine.jobs.pause(PauseScope.SENDING, local(11), "Anna")
        assert isinstance(context, RunContext)
        context.heartbeat()
        context.checkpoint()
        return JobResult()

    engine.offered = [job(SEND, pauses)]
    engine.plan(SEND, daily(time(10, 10)))
    clock.set(local(10, 10))
    engine.settle()
    assert expected(engine) == local(11)
    engine.jobs.resume()
    assert expected(engine) == clock.now()


def test_what_is_owed_is_shown_as_late_as_a_pause_or_the_night_makes_it(engine: Engine, clock: ManualClock) -> None:
    def attempt(quiet: QuietHours = NO_QUIET) -> datetime | None:
        owed = as_expected(engine.jobs.plans.load(), SEND, ZURICH, quiet)
        assert owed is not None
        return owed.next_at

    engine.plan(SEND, daily(time(10, 10)))
    clock.set(local(10, 10))
    engine.settle()
    assert attempt() == local(10, 12)
    assert attempt(QuietHours(time(10, 11), time(11))) == local(11)
    engine.jobs.pause(PauseScope.SENDING, local(10, 30), "Anna")
    assert attempt() == local(10, 30)
    (shown,) = (one for one in engine.jobs.overview() if one.key is SEND)
    assert shown.waiting_text(ZURICH, clock.now()) == "wartet auf Versuch 2 um 10:30"
    engine.jobs.resume()
    engine.jobs.pause(PauseScope.SENDING, None, "Anna")
    (shown,) = (one for one in engine.jobs.overview() if one.key is SEND)
    assert shown.waiting_text(ZURICH, clock.now()) == "wartet auf Versuch 2"
