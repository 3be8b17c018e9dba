"""Planned times become runs and rows: one look at the plan, on every engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import delete, select

from tests.jobs.engine import NO_QUIET, NOW, ZURICH, Engine, daily, done, every, job
from tray_agent.clock import ManualClock
from tray_agent.job_kinds import JobKey, default_schedules
from tray_agent.jobs.claims import Claim, ClaimRefusal
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.jobs.events import TimesSkipped
from tray_agent.jobs.model import JobChange, PauseScope
from tray_agent.jobs.settlement import MOST_ROWS
from tray_agent.protocol.model import ActivityFilter, Level, RunFilter, RunState, RunTrigger
from tray_agent.schedules.codes import Frequency
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.schedules.schedule import Schedule
from tray_agent.store.database import Database
from tray_agent.store.tables import job as job_table
from tray_agent.store.tables import job_lock

SEND, PREPARE, STATUS, DOWNLOAD = JobKey.SEND_MESSAGES, JobKey.PREPARE_REMINDERS, JobKey.UPDATE_STATUS, JobKey.DOWNLOAD
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NIGHT = QuietHours(time(20), time(8))


def local(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZURICH).astimezone(UTC)


def test_two_agents_run_a_planned_time_once(clocked_database: Database, clock: ManualClock) -> None:
    first, second = (Engine(clocked_database, clock, name, [job(DOWNLOAD)]) for name in ("PC1", "PC2"))
    first.plan(DOWNLOAD, daily(time(10, 30)))
    for engine in (first, second):
        engine.settle()
    assert first.told(DOWNLOAD) == []
    clock.set(local(23, 10, 30))
    for engine in (second, first):
        engine.settle()
    assert first.told(DOWNLOAD) == [("23.11. 10:30", "schedule", "succeeded", "")]
    assert (len(first.launched), len(second.launched)) == (0, 1)


def test_of_five_missed_days_the_last_is_caught_up_and_four_are_explained(clocked_database: Database, clock: ManualClock) -> None:
    engine = Engine(clocked_database, clock, offered=[job(DOWNLOAD)])
    engine.plan(DOWNLOAD, daily(time(10, 30)))
    clock.set(local(27, 15))
    engine.settle()
    engine.settle()
    assert engine.told(DOWNLOAD) == [
        *((f"{day}.11. 10:30", "schedule", "skipped", "missed") for day in (23, 24, 25, 26)),
        ("27.11. 10:30", "catch_up", "succeeded", ""),
    ]
    assert TimesSkipped(DOWNLOAD, 4) in engine.heard


def test_both_changes_of_the_clocks_give_one_run_a_day(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    clock.set(local(24, 12, month=10))
    engine.plan(DOWNLOAD, daily(time(2, 30)))
    for _quarter in range(4 * 60):
        clock.advance(timedelta(minutes=15))
        engine.settle()
    assert [row[0] for row in engine.told(DOWNLOAD)] == ["25.10. 02:30", "26.10. 02:30"]
    clock.set(datetime(2027, 3, 27, 12, tzinfo=UTC))
    engine.plan(DOWNLOAD, daily(time(2, 30), start=date(2027, 1, 1)))
    for _quarter in range(4 * 40):
        clock.advance(timedelta(minutes=15))
        engine.settle()
    assert [row[0] for row in engine.told(DOWNLOAD) if row[2] == "succeeded"][2:] == ["27.03. 02:30", "28.03. 03:00", "29.03. 02:30"]


def test_a_switch_that_is_off_is_told_once_for_every_planned_time(sqlite_database: Database, clock: ManualClock) -> None:
    off = [job(DOWNLOAD, switched_on=False)]
    first, second = Engine(sqlite_database, clock, "PC1", off), Engine(sqlite_database, clock, "PC2", off)
    first.plan(DOWNLOAD, daily(time(10, 30)))
    clock.set(local(23, 10, 30))
    for engine in (first, second, first):
        engine.settle()
    (run,) = first.jobs.history.page().rows
    assert (run.state, run.reason) == (RunState.SKIPPED, "switch_off")
    assert run.sentence == "Nicht ausgeführt: Am 23.11.2026 10:30 stand der Schalter DownloadService.Aktiv auf Nein."


def test_a_disabled_job_plans_nothing(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    clock.advance(3 * DAY)
    engine.settle()
    assert engine.told(DOWNLOAD) == []


def test_an_enabled_schedule_says_nothing_of_the_time_before(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    engine.plan(DOWNLOAD, daily(time(9)))
    engine.settle()
    assert engine.told(DOWNLOAD) == []


def test_a_time_not_caught_up_before_the_schedule_changed_is_explained(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    engine.plan(DOWNLOAD, daily(time(10, 30)))
    clock.advance(HOUR)
    engine.plan(DOWNLOAD, daily(time(12)))
    clock.advance(HOUR)
    engine.settle()
    assert engine.told(DOWNLOAD) == [
        ("23.11. 10:30", "schedule", "skipped", "schedule_changed"), ("23.11. 12:00", "schedule", "succeeded", ""),
    ]  # fmt: skip


def test_sending_is_not_caught_up_at_night(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(SEND)], quiet=NIGHT)
    engine.plan(SEND, daily(time(19)))
    clock.set(local(23, 22))
    engine.settle()
    assert engine.told(SEND) == []
    clock.set(local(24, 8))
    engine.settle()
    assert engine.told(SEND) == [("23.11. 19:00", "catch_up", "succeeded", "")]


def test_what_is_caught_up_keeps_the_order_of_the_day(clocked_database: Database, clock: ManualClock) -> None:
    order: list[JobKey] = []

    def note(context: JobContext) -> JobResult:
        order.append(context.job)
        return JobResult()

    jobs = [job(STATUS, note), job(SEND, note), job(PREPARE, note)]
    engine = Engine(clocked_database, clock, offered=jobs)
    for key, minute in ((PREPARE, 0), (SEND, 10), (STATUS, 20)):
        engine.plan(key, daily(time(11, minute)))
    clock.set(local(23, 15))
    for _look in range(3):
        engine.settle()
    assert order == [PREPARE, SEND, STATUS]


def test_sending_waits_while_another_computer_prepares(sqlite_database: Database, clock: ManualClock) -> None:
    jobs = [job(SEND), job(PREPARE)]
    first, second = Engine(sqlite_database, clock, "PC1", jobs), Engine(sqlite_database, clock, "PC2", jobs)
    first.plan(PREPARE, daily(time(10, 30)))
    first.plan(SEND, daily(time(10, 31)))
    clock.set(local(23, 10, 30))
    first.settle(run=False)
    clock.set(local(23, 10, 31))
    second.settle()
    assert second.launched == []
    first.jobs.runner.run(first.launched[0])
    second.settle()
    assert [claim.job for claim in second.launched] == [SEND]


def test_sending_that_waited_until_its_next_time_says_what_it_waited_for(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(SEND), job(PREPARE)], lease=3 * HOUR)
    engine.plan(PREPARE, daily(time(10, 30)))
    engine.plan(SEND, every(15))
    for minute in (15, 30, 45, 60):
        clock.set(local(23, 10) + timedelta(minutes=minute))
        engine.settle(run=minute == 15)
    engine.jobs.runner.run(engine.launched[-1])
    engine.settle()
    assert engine.told(SEND) == [
        ("23.11. 10:15", "schedule", "succeeded", ""), ("23.11. 10:30", "schedule", "skipped", "other_first"),
        ("23.11. 10:45", "schedule", "skipped", "other_first"), ("23.11. 11:00", "schedule", "succeeded", ""),
    ]  # fmt: skip
    skipped = engine.jobs.history.page(RunFilter(state=RunState.SKIPPED)).rows
    assert skipped[-1].sentence == "Nicht ausgeführt: Am 23.11.2026 10:30 lief noch ein Auftrag, der vorher an der Reihe ist."


def test_a_job_that_still_runs_skips_and_then_catches_up(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)], lease=timedelta(hours=3))
    engine.plan(DOWNLOAD, every(10))
    clock.set(local(23, 10, 10))
    engine.settle(run=False)
    for minute in (20, 30, 40):
        clock.set(local(23, 10, minute))
        engine.settle()
    clock.set(local(23, 10, 45))
    engine.jobs.runner.run(engine.launched[0])
    engine.settle()
    assert engine.told(DOWNLOAD) == [
        ("23.11. 10:10", "schedule", "succeeded", ""), ("23.11. 10:20", "schedule", "skipped", "still_running"),
        ("23.11. 10:30", "schedule", "skipped", "still_running"), ("23.11. 10:40", "catch_up", "succeeded", ""),
    ]  # fmt: skip


def test_a_vanished_run_is_taken_over_by_another_computer(clocked_database: Database, clock: ManualClock) -> None:
    first, second = (Engine(clocked_database, clock, name, [job(DOWNLOAD)]) for name in ("PC1", "PC2"))
    first.plan(DOWNLOAD, daily(time(10, 30)))
    clock.set(local(23, 10, 30))
    first.settle(run=False)
    clock.advance(timedelta(seconds=60))
    second.settle()
    assert second.launched == []
    clock.advance(timedelta(seconds=60))
    second.settle()
    (run,) = second.jobs.history.page().rows
    assert (run.state, run.workstation, run.takeovers) == (RunState.SUCCEEDED, "PC2", 1)
    (told,) = second.jobs.log.page(ActivityFilter(level=Level.WARNING)).rows
    assert (told.reason, told.run_id) == ("taken_over", run.run_id)
    assert "PC1" in told.sentence


def test_a_vanished_run_by_hand_ends_as_died(clocked_database: Database, clock: ManualClock) -> None:
    first, second = (Engine(clocked_database, clock, name, [job(DOWNLOAD)]) for name in ("PC1", "PC2"))
    first.jobs._claim_now(DOWNLOAD)
    clock.advance(timedelta(seconds=120))
    second.settle()
    (run,) = second.jobs.history.page().rows
    assert (run.state, run.reason) == (RunState.DIED, "died")
    assert [row.reason for row in second.jobs.log.page(ActivityFilter(level=Level.ERROR)).rows] == ["died"]


def test_a_run_that_brings_down_every_computer_ends(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    engine.plan(DOWNLOAD, daily(time(10, 30)))
    clock.set(local(23, 10, 30))
    for _look in range(5):
        engine.settle(run=False)
        clock.advance(timedelta(seconds=100))
    (run,) = engine.jobs.history.page().rows
    assert (run.state, run.takeovers) == (RunState.DIED, 2)


def test_a_pause_ends_with_a_catch_up(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(SEND), job(DOWNLOAD)])
    engine.plan(SEND, every(60))
    engine.plan(DOWNLOAD, every(60))
    engine.jobs.pause(PauseScope.SENDING, None, "Anna@PC1")
    for hour in (11, 12, 13):
        clock.set(local(23, hour))
        engine.settle()
    assert [row[2] for row in engine.told(SEND)] == ["skipped", "skipped"]
    assert [row[2] for row in engine.told(DOWNLOAD)] == ["succeeded"] * 3
    clock.advance(timedelta(minutes=10))
    engine.jobs.resume()
    engine.settle()
    assert engine.told(SEND) == [
        ("23.11. 11:00", "schedule", "skipped", "paused"), ("23.11. 12:00", "schedule", "skipped", "paused"),
        ("23.11. 13:00", "catch_up", "succeeded", ""),
    ]  # fmt: skip


def test_a_pause_with_an_end_ends_by_itself(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    engine.plan(DOWNLOAD, daily(time(10, 30)))
    engine.jobs.pause(PauseScope.EVERYTHING, local(23, 12), "Anna@PC1")
    clock.set(local(23, 11))
    engine.settle()
    assert engine.told(DOWNLOAD) == []
    clock.set(local(23, 12))
    assert engine.jobs.paused() is None
    engine.settle()
    assert engine.told(DOWNLOAD) == [("23.11. 10:30", "catch_up", "succeeded", "")]


def test_a_run_by_hand_takes_the_second_and_no_planned_time_is_lost(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    engine.plan(DOWNLOAD, daily(time(11)))
    by_hand = [engine.jobs.run_now(DOWNLOAD) for _time in range(3)]
    assert [run.due_at for run in by_hand] == [NOW, NOW - timedelta(seconds=1), NOW - timedelta(seconds=2)]
    clock.set(local(23, 11))
    engine.jobs.run_now(DOWNLOAD)
    engine.settle()
    assert [row[1] for row in engine.told(DOWNLOAD)] == ["by_hand"] * 4


def test_a_schedule_of_minutes_after_a_long_absence_fills_no_history(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    engine.plan(DOWNLOAD, every(1))
    clock.advance(timedelta(minutes=MOST_ROWS + 500))
    engine.settle()
    rows = engine.told(DOWNLOAD)
    assert len(rows) == MOST_ROWS + 1
    oldest = engine.jobs.history.page(descending=False, size=1).rows[0]
    assert (
        oldest.sentence == "500 geplante Zeiten vom 23.11.2026 10:01 bis 23.11.2026 18:20 nicht ausgeführt: Kein Arbeitsplatz war bereit."
    )
    clock.advance(timedelta(minutes=1))
    engine.settle()
    assert len(engine.told(DOWNLOAD)) == MOST_ROWS + 2


def test_a_schedule_once_runs_once(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    engine.plan(DOWNLOAD, Schedule(Frequency.ONCE, 0, date(2026, 11, 25), time(9)))
    for _day in range(6):
        clock.advance(DAY)
        engine.settle()
    assert engine.told(DOWNLOAD) == [("25.11. 09:00", "catch_up", "succeeded", "")]


def test_saving_is_all_or_nothing(clocked_database: Database, clock: ManualClock) -> None:
    from tray_agent.jobs.errors import ChangedElsewhereError

    engine = Engine(clocked_database, clock)
    stale = JobChange(SEND, daily(time(14)), version=0)
    good = JobChange(DOWNLOAD, daily(time(14)), version=1)
    with pytest.raises(ChangedElsewhereError):
        engine.jobs.save([good, stale], "Anna")
    assert not any(one.enabled for one in engine.jobs.overview())
    engine.jobs.save([good], "Anna")
    (download, *_others) = engine.jobs.overview()
    assert (download.enabled, download.version, download.changed_by) == (True, 2, "Anna")
    assert download.next_at == local(23, 14)


def test_a_definition_that_is_missing_here_is_left_to_others(sqlite_database: Database, clock: ManualClock) -> None:
    without, having = Engine(sqlite_database, clock, "PC1"), Engine(sqlite_database, clock, "PC2", [job(DOWNLOAD, done)], NO_QUIET)
    having.plan(DOWNLOAD, daily(time(10, 30)))
    clock.set(local(23, 12))
    without.settle()
    assert having.told(DOWNLOAD) == []
    having.settle()
    assert len(having.told(DOWNLOAD)) == 1


def test_a_job_that_waits_for_its_window_holds_nobody_up(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(PREPARE), job(SEND)])
    engine.plan(PREPARE, every(60, time(8), time(18)))
    engine.plan(SEND, daily(time(19, 30)))
    clock.set(local(23, 19, 30))
    engine.settle()
    assert [row[2] for row in engine.told(SEND)] == ["succeeded"]
    assert engine.told(PREPARE)[-1] == ("23.11. 17:00", "schedule", "skipped", "missed")


def test_a_vanished_run_goes_on_although_a_job_before_it_runs(sqlite_database: Database, clock: ManualClock) -> None:
    jobs = [job(PREPARE), job(SEND)]
    first, second = Engine(sqlite_database, clock, "PC1", jobs), Engine(sqlite_database, clock, "PC2", jobs)
    first.plan(SEND, daily(time(10, 30)))
    clock.set(local(23, 10, 30))
    first.settle(run=False)
    clock.advance(timedelta(seconds=100))
    second.jobs._claim_now(PREPARE)
    second.settle()
    assert [row[2] for row in second.told(SEND)] == ["succeeded"]


def test_a_refused_claim_starts_nothing(clocked_database: Database, clock: ManualClock) -> None:
    """Both computers decide to run the same planned time; the first claims it between the decision and the claim of the second."""
    first, second = (Engine(clocked_database, clock, name, [job(DOWNLOAD)]) for name in ("PC1", "PC2"))
    first.plan(DOWNLOAD, daily(time(10, 30)))
    clock.set(local(23, 10, 30))
    claim = second.jobs.claims.claim

    def claim_too_late(key: JobKey, due_at: datetime, trigger: RunTrigger, *, owed: bool) -> Claim | ClaimRefusal:
        first.settle(run=False)
        return claim(key, due_at, trigger, owed=owed)

    second.jobs.claims.claim = claim_too_late  # type: ignore[method-assign,assignment]
    second.settle()
    assert second.launched == []
    assert second.jobs.runner.running == frozenset()
    assert [taken.due_at for taken in first.launched] == [local(23, 10, 30)]
    assert [row[2] for row in second.told(DOWNLOAD)] == ["running"]


def test_a_job_without_a_row_gets_its_default_schedule_on_whatever_computer_comes_first(
    clocked_database: Database, clock: ManualClock
) -> None:
    """As after an update that brings a sixth job: the rows of the table were made for the others."""
    first, second = (Engine(clocked_database, clock, name, [job(STATUS)]) for name in ("PC1", "PC2"))
    with clocked_database.begin() as connection:
        connection.execute(delete(job_table).where(job_table.c.key == STATUS.value))
        connection.execute(delete(job_lock).where(job_lock.c.job == STATUS.value))
    first.jobs.plans._add([STATUS])
    second.jobs.plans._add([STATUS])  # decided before it saw the first one's rows
    planned = second.jobs.plans.load().jobs[STATUS]
    assert planned.schedule == default_schedules(NOW.date())[STATUS]
    assert (planned.version, planned.holder, planned.settled_until) == (1, None, NOW)
    first.plan(STATUS, daily(time(10, 30)))
    clock.set(local(23, 10, 30))
    second.settle()
    assert [row[2] for row in first.told(STATUS)] == ["succeeded"]


def test_rows_that_two_computers_make_at_the_same_moment_are_made_once(clocked_database: Database, clock: ManualClock) -> None:
    engines = [Engine(clocked_database, clock, name) for name in ("PC1", "PC2", "PC3")]
    with clocked_database.begin() as connection:
        connection.execute(delete(job_table).where(job_table.c.key == STATUS.value))
        connection.execute(delete(job_lock).where(job_lock.c.job == STATUS.value))
    with ThreadPoolExecutor(len(engines)) as pool:
        plans = list(pool.map(lambda engine: engine.jobs.plans.load(), engines))
    assert [set(plan.jobs) for plan in plans] == [set(JobKey)] * len(engines)
    with clocked_database.read() as connection:
        assert len(connection.execute(select(job_table.c.key)).all()) == len(JobKey)
        assert len(connection.execute(select(job_lock.c.job)).all()) == len(JobKey)
