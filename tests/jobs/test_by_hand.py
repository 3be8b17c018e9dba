"""A job knows whether somebody waits for its result."""

from __future__ import annotations

from datetime import time, timedelta

from tests.jobs.engine import Engine, daily, job
from tray_agent.clock import ManualClock
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.store.database import Database

STATUS = JobKey.UPDATE_STATUS


def test_a_run_by_hand_is_told_from_a_planned_one_and_one_that_is_caught_up(clocked_database: Database, clock: ManualClock) -> None:
    seen: list[bool] = []

    def work(context: JobContext) -> JobResult:
        seen.append(context.by_hand)
        return JobResult()

    engine = Engine(clocked_database, clock, offered=[job(STATUS, work)])
    engine.plan(STATUS, daily(time(10, 5)))
    clock.advance(timedelta(minutes=5))
    engine.settle()
    clock.advance(timedelta(days=1, hours=1))
    engine.settle()
    assert [trigger for _at, trigger, _state, _reason in engine.told(STATUS)] == ["schedule", "catch_up"]
    engine.jobs.run_now(STATUS)
    engine.jobs.run_now(STATUS, dry_run=True)
    assert seen == [False, False, True, True]
