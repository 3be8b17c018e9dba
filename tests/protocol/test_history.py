"""The history and the activity log: every order and filter, page by page, against a plain sort in memory."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, select

from tests.jobs.engine import NOW, Engine
from tray_agent.clock import ManualClock
from tray_agent.job_kinds import JobKey, Service
from tray_agent.jobs.claims import Claim, Ending
from tray_agent.jobs.owed import Rest
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.protocol.history import History
from tray_agent.protocol.model import (
    Activity,
    ActivityFilter,
    ActivityOrder,
    ActivityRow,
    Level,
    Run,
    RunFilter,
    RunOrder,
    RunReason,
    RunState,
    RunTrigger,
    ServiceCounts,
)
from tray_agent.store.database import Database
from tray_agent.store.tables import activity, job_lock, job_run

STATIONS = ["Anmeldung", "Büro", "Labor", "Sprechzimmer 1"]
REASONS = ["sent", "no_contact", "opted_out", "hash_mismatch"]


def _times(dice: random.Random, due_at: datetime) -> dict[str, object]:
    """Draws when a run started and ended: soon, after days, not yet, or not at all; rarely before its time (a clock set back)."""
    lateness = dice.choice([timedelta(seconds=3)] * 6 + [timedelta(days=3), timedelta(minutes=40), timedelta(seconds=-90)])
    started = dice.choice([due_at + lateness] * 5 + [None])
    finished = started + timedelta(seconds=dice.choice([1, 1, 600, 2 * 86400])) if started and dice.random() < 0.8 else None
    return {"started_at": started, "finished_at": finished}


def _run_row(dice: random.Random, number: int) -> dict[str, object]:
    ended = [state for state in RunState if state is not RunState.RUNNING]
    return _times(dice, NOW - timedelta(minutes=number)) | {
        "job": dice.choice(list(JobKey)).value, "due_at": NOW - timedelta(minutes=number), "trigger": dice.choice(list(RunTrigger)).value,
        "state": dice.choice(ended).value, "token": 1, "attempt": 1, "takeovers": 0, "folded": dice.choice([0, 0, 0, 1, 2]),
        "workstation": dice.choice(STATIONS), "result": "",
        "problems": 0, "reason": "", "sentence": f"Zeile {number}",
    }  # fmt: skip


def fill_runs(database: Database, count: int = 400) -> None:
    dice = random.Random(7)
    rows = [_run_row(dice, number) for number in range(count)]
    for first, second in zip(rows[::10], rows[1::10], strict=False):
        second |= {"job": first["job"], "due_at": first["due_at"], "attempt": 2}
    dice.shuffle(rows)
    rows.sort(key=lambda row: str(row["attempt"]))  # further attempts are written later
    with database.begin() as connection:
        connection.execute(insert(job_run), rows)


def all_runs(history: History, filter_by: RunFilter, order: RunOrder, *, descending: bool, size: int = 37) -> list[Run]:
    """Returns the list read page by page; each page stands where it says, and every row is found by its number."""
    runs: list[Run] = []
    page = history.page(filter_by, order, descending=descending, size=size)
    while page.rows:
        assert (page.offset, len(page.rows)) == (len(runs), min(size, page.total - len(runs)))
        runs += page.rows
        page = history.page(filter_by, order, descending=descending, offset=len(runs), size=size)
    assert page.total == len(runs)
    for place, run in enumerate(runs[::50]):
        there = history.page(filter_by, order, descending=descending, size=size, at=run.run_id)
        assert there.place == 50 * place
        assert there.rows[50 * place - there.offset] == run
    assert list(history.all_runs(filter_by, order, descending=descending)) == runs
    return runs


RANKS: dict[RunOrder, list[Any]] = {
    RunOrder.JOB: list(JobKey), RunOrder.STATE: list(RunState), RunOrder.TRIGGER: list(RunTrigger), RunOrder.WORKSTATION: STATIONS,
}  # fmt: skip


def expected_runs(runs: list[Run], filter_by: RunFilter, order: RunOrder, *, descending: bool) -> list[Run]:
    chosen = [
        run for run in runs
        if (filter_by.job in (None, run.job)) and (filter_by.state in (None, run.state))
        and (filter_by.since is None or run.due_at >= filter_by.since) and (filter_by.until is None or run.due_at < filter_by.until)
        and filter_by.workstation in (None, run.workstation) and (filter_by.folded or not run.folded)
    ]  # fmt: skip
    if order is RunOrder.DUE_AT:
        return sorted(chosen, key=lambda run: (run.due_at, run.run_id), reverse=descending)
    newest = sorted(chosen, key=lambda run: (run.due_at, run.run_id), reverse=True)
    if order in (RunOrder.STARTED_AT, RunOrder.FINISHED_AT):
        there = [run for run in newest if getattr(run, order.value)]
        there.sort(key=lambda run: (getattr(run, order.value), run.due_at, run.run_id), reverse=descending)
        return [*there, *(run for run in newest if not getattr(run, order.value))]
    return sorted(newest, key=lambda run: RANKS[order].index(getattr(run, order.value)) * (-1 if descending else 1))


RUN_FILTERS = [
    RunFilter(),
    RunFilter(job=JobKey.SEND_MESSAGES),
    RunFilter(state=RunState.FAILED),
    RunFilter(since=NOW - timedelta(minutes=250), until=NOW - timedelta(minutes=40)),
    RunFilter(NOW - timedelta(minutes=300), None, JobKey.DOWNLOAD, RunState.SKIPPED),
    RunFilter(None, NOW - timedelta(minutes=100), workstation="Labor"),
    RunFilter(NOW - timedelta(minutes=300), NOW, state=RunState.SUCCEEDED, workstation="Büro"),
    RunFilter(workstation="Nirgends"),
    RunFilter(folded=True),
    RunFilter(job=JobKey.DOWNLOAD, folded=True),
    RunFilter(NOW - timedelta(minutes=300), NOW, state=RunState.FAILED, folded=True),
]


def test_every_order_and_filter_of_the_history(clocked_database: Database) -> None:
    fill_runs(clocked_database)
    history = History(clocked_database)
    everything = list(history.page(RunFilter(folded=True), RunOrder.DUE_AT, size=1000).rows)
    assert len(everything) == 400
    assert 50 < sum(run.folded for run in everything) < 150
    for filter_by, order, descending in itertools.product(RUN_FILTERS, RunOrder, (True, False)):
        wanted = [run.run_id for run in expected_runs(everything, filter_by, order, descending=descending)]
        found = all_runs(history, filter_by, order, descending=descending)
        assert [run.run_id for run in found] == wanted, (filter_by, order, descending)


def test_history_is_shown_where_an_instant_is(clocked_database: Database) -> None:
    fill_runs(clocked_database)
    history = History(clocked_database)
    filters = (RunFilter(), RunFilter(folded=True))
    for wanted, minutes, descending in itertools.product(filters, (-10_000, -200, -3, 0, 10_000), (True, False)):
        instant = NOW + timedelta(minutes=minutes)
        everything = list(history.page(wanted, RunOrder.DUE_AT, descending=descending, size=1000).rows)
        before = sum((run.due_at >= instant) is descending for run in everything)
        page = history.page(wanted, RunOrder.DUE_AT, descending=descending, at=instant, size=97)
        assert page.place == min(before, len(everything) - 1)
        assert list(page.rows) == everything[page.offset : page.offset + 97]
        assert page.offset <= page.place < page.offset + 97


def test_activity_log_is_shown_where_an_instant_is(clocked_database: Database, clock: ManualClock) -> None:
    fill_activities(clocked_database, clock)
    log, filters = ActivityLog(clocked_database, "PC1"), (ActivityFilter(), ActivityFilter(service=Service.SMS, since=NOW, text="1"))
    for wanted, minutes, descending in itertools.product(filters, (-5, 0, 71, 300), (True, False)):
        instant = NOW + timedelta(minutes=minutes)
        everything = list(log.page(wanted, ActivityOrder.TIME, descending=descending, size=1000).rows)
        before = sum((row.at >= instant) is descending for row in everything)
        page = log.page(wanted, ActivityOrder.TIME, descending=descending, at=instant, size=41)
        assert page.place == min(before, len(everything) - 1)
        assert list(page.rows) == everything[page.offset : page.offset + 41]


def test_an_empty_list_has_no_place(clocked_database: Database) -> None:
    for at in (NOW, 7):
        assert History(clocked_database).page(RunFilter(), RunOrder.DUE_AT, at=at).place is None
        assert ActivityLog(clocked_database, "PC1").page(ActivityFilter(), ActivityOrder.TIME, at=at).place is None


def test_a_later_attempt_stands_for_those_in_which_nothing_changed(clocked_database: Database, clock: ManualClock) -> None:
    """Each attempt has its entry; shown are, of one planned time, those in which something changed, and the newest."""
    engine = Engine(clocked_database, clock)
    rests = [Rest("gateway", number=8), Rest("gateway", number=6, progressed=True), Rest("gateway", number=6), None]
    claims, history = engine.jobs.claims, engine.jobs.history
    shown = []
    for number, rest in enumerate(rests):
        clock.advance(timedelta(minutes=2))
        claim = claims.claim(JobKey.SEND_MESSAGES, NOW, RunTrigger.RETRY if number else RunTrigger.SCHEDULE, owed=bool(number))
        assert isinstance(claim, Claim)
        claims.finish(claim, Ending(RunState.SUCCEEDED, rest=rest))
        shown.append([run.attempt for run in history.page(RunFilter(job=JobKey.SEND_MESSAGES)).rows])
    assert shown == [[1], [2], [3, 2], [4, 2]]
    every = RunFilter(folded=True)
    assert [(run.attempt, run.folded) for run in history.page(every).rows] == [(4, False), (3, True), (2, False), (1, True)]
    assert len(list(history.all_runs(every))) == 4


def test_the_last_run_of_a_job_is_the_one_that_ended_last(clocked_database: Database, clock: ManualClock) -> None:
    """An attempt has an earlier planned time than a run by hand that ended before it."""
    engine = Engine(clocked_database, clock)
    claims = engine.jobs.claims
    for due_at, trigger in ((NOW, RunTrigger.SCHEDULE), (NOW + timedelta(minutes=1), RunTrigger.BY_HAND), (NOW, RunTrigger.RETRY)):
        clock.advance(timedelta(minutes=1))
        claim = claims.claim(JobKey.SEND_MESSAGES, due_at, trigger, owed=trigger is RunTrigger.RETRY)
        assert isinstance(claim, Claim)
        claims.finish(claim, Ending(RunState.SUCCEEDED, rest=Rest("gateway")))
    assert engine.jobs.history.last_runs()[JobKey.SEND_MESSAGES].trigger is RunTrigger.RETRY


def test_a_row_that_the_filter_hides_has_no_place(clocked_database: Database) -> None:
    fill_runs(clocked_database, 30)
    history = History(clocked_database)
    failed = history.page(RunFilter(state=RunState.FAILED), RunOrder.DUE_AT).rows[0]
    page = history.page(RunFilter(state=RunState.SUCCEEDED), RunOrder.STATE, at=failed.run_id, size=5)
    assert (page.place, page.offset) == (None, 0)
    assert len(page.rows) == min(5, page.total)


def test_only_a_list_by_time_begins_at_an_instant(sqlite_database: Database) -> None:
    with pytest.raises(ValueError, match="state"):
        History(sqlite_database).page(RunFilter(), RunOrder.STATE, at=NOW)
    with pytest.raises(ValueError, match="item"):
        ActivityLog(sqlite_database, "PC1").page(ActivityFilter(), ActivityOrder.ITEM, at=NOW)


def test_a_period_finds_every_run_wherever_it_started(clocked_database: Database, clock: ManualClock) -> None:
    """What the engine writes itself: on time, begun after days, ended after days, skipped."""
    engine = Engine(clocked_database, clock)
    claims, history = engine.jobs.claims, engine.jobs.history
    at_once = claims.claim(JobKey.DOWNLOAD, NOW, RunTrigger.SCHEDULE)
    after_days = claims.claim(JobKey.SEND_MESSAGES, NOW - timedelta(days=4), RunTrigger.CATCH_UP)
    assert isinstance(at_once, Claim)
    assert isinstance(after_days, Claim)
    claims.finish(at_once, Ending(RunState.SUCCEEDED))
    claims.record_skipped(JobKey.UPDATE_STATUS, [(NOW - timedelta(days=4, minutes=1), RunReason.MISSED, "verpasst")])
    clock.advance(timedelta(days=2))
    claims.sweep(JobKey.SEND_MESSAGES, Ending(RunState.DIED))
    past = RunFilter(until=NOW - timedelta(days=3))
    for order, descending in itertools.product(RunOrder, (True, False)):
        assert len(history.page(RunFilter(), order, descending=descending).rows) == 3
        assert {run.state for run in history.page(past, order, descending=descending).rows} == {RunState.DIED, RunState.SKIPPED}


def test_a_run_whose_lease_ended_stands_among_the_died(clocked_database: Database, clock: ManualClock) -> None:
    engine = Engine(clocked_database, clock)
    engine.jobs.claims.claim(JobKey.DOWNLOAD, NOW, RunTrigger.SCHEDULE)
    history = engine.jobs.history
    for filter_state, order in itertools.product((RunState.RUNNING, RunState.DIED), RunOrder):
        expected = [RunState.RUNNING] if filter_state is RunState.RUNNING else []
        assert [run.state for run in history.page(RunFilter(state=filter_state), order).rows] == expected
    clock.advance(timedelta(minutes=5))
    for filter_state, order in itertools.product((RunState.RUNNING, RunState.DIED), RunOrder):
        expected = [RunState.DIED] if filter_state is RunState.DIED else []
        assert [run.state for run in history.page(RunFilter(state=filter_state), order).rows] == expected
    (run,) = history.page(RunFilter(), RunOrder.STATE).rows
    assert "PC1 mittendrin ausfiel" in run.sentence


def test_old_runs_are_pruned_but_never_the_last_of_a_job_nor_one_that_goes_on(clocked_database: Database, clock: ManualClock) -> None:
    fill_runs(clocked_database, 1200)
    engine = Engine(clocked_database, clock)
    engine.jobs.claims.claim(JobKey.UPDATE_STATUS, NOW - timedelta(days=3), RunTrigger.SCHEDULE)
    history = engine.jobs.history
    last = history.last_runs()
    assert history.prune(NOW + timedelta(days=1)) == 1200 + 1 - len(last) - 1
    left = history.page(RunFilter(folded=True), RunOrder.DUE_AT).rows
    assert {run.run_id for run in left if run.state is not RunState.RUNNING} == {run.run_id for run in last.values()}
    assert [run.job for run in left if run.state is RunState.RUNNING] == [JobKey.UPDATE_STATUS]


def test_what_is_settled_survives_pruning(sqlite_database: Database, clock: ManualClock) -> None:
    from datetime import time

    from tests.jobs.engine import every, job

    engine = Engine(sqlite_database, clock, offered=[job(JobKey.DOWNLOAD)])
    engine.plan(JobKey.DOWNLOAD, every(10, time(0)))
    clock.advance(timedelta(hours=2))
    engine.settle()
    engine.jobs.history.prune(clock.now() + timedelta(days=1))
    engine.settle()
    assert len(engine.jobs.history.page().rows) == 1


def fill_activities(database: Database, clock: ManualClock, count: int = 160) -> None:
    dice = random.Random(3)
    logs = [ActivityLog(database, station) for station in STATIONS]
    for number in range(count):
        one = Activity(
            dice.choice(list(Service)), dice.choice(list(Level)), dice.choice(REASONS), f"Zeile {number}", f"{dice.randint(0, 40)}"
        )
        dice.choice(logs).write([one], run_id=dice.randint(0, 5))
        clock.advance(timedelta(minutes=1))


def all_activities(log: ActivityLog, filter_by: ActivityFilter, order: ActivityOrder, *, descending: bool) -> list[ActivityRow]:
    rows: list[ActivityRow] = []
    page = log.page(filter_by, order, descending=descending, size=41)
    while page.rows:
        assert (page.offset, len(page.rows)) == (len(rows), min(41, page.total - len(rows)))
        rows += page.rows
        page = log.page(filter_by, order, descending=descending, offset=len(rows), size=41)
    assert page.total == len(rows)
    for place, row in enumerate(rows[::30]):
        assert log.page(filter_by, order, descending=descending, size=41, at=row.activity_id).place == 30 * place
    assert list(log.all_rows(filter_by, order, descending=descending)) == rows
    return rows


def matches(row: ActivityRow, wanted: ActivityFilter) -> bool:
    return (
        wanted.service in (None, row.service) and wanted.level in (None, row.level) and wanted.reason in (None, row.reason)
        and wanted.item in (None, row.item) and wanted.run_id in (None, row.run_id or 0)
        and (wanted.since is None or row.at >= wanted.since) and (wanted.until is None or row.at < wanted.until)
        and (wanted.hidden or not row.hidden) and all(word in f"{row.sentence} {row.item}".lower() for word in wanted.text.lower().split())
    )  # fmt: skip


def expected_activities(rows: list[ActivityRow], wanted: ActivityFilter, order: ActivityOrder, *, descending: bool) -> list[ActivityRow]:
    chosen = [row for row in rows if matches(row, wanted)]
    if order is ActivityOrder.TIME:
        return sorted(chosen, key=lambda row: row.activity_id, reverse=descending)
    if order is ActivityOrder.ITEM:
        return sorted(chosen, key=lambda row: (row.item or "", row.activity_id), reverse=descending)
    newest = sorted(chosen, key=lambda row: row.activity_id, reverse=True)
    return [row for value in _values(order, descending=descending) for row in newest if getattr(row, order.value) == value]


def _values(order: ActivityOrder, *, descending: bool) -> list[str]:
    values: dict[ActivityOrder, list[str]] = {
        ActivityOrder.LEVEL: list(Level), ActivityOrder.REASON: sorted(REASONS), ActivityOrder.WORKSTATION: sorted(STATIONS)
    }  # fmt: skip
    return list(reversed(values[order])) if descending else values[order]


ACTIVITY_FILTERS = [
    ActivityFilter(),
    ActivityFilter(service=Service.SMS),
    ActivityFilter(level=Level.ERROR, reason="no_contact"),
    ActivityFilter(service=Service.DOWNLOADS, reason="hash_mismatch"),
    ActivityFilter(item="17"),
    ActivityFilter(run_id=3, service=Service.SMS),
    ActivityFilter(since=NOW + timedelta(minutes=50), until=NOW + timedelta(minutes=120)),
    ActivityFilter(hidden=True),
    ActivityFilter(text="zeile 1"),
    ActivityFilter(service=Service.SMS, level=Level.ERROR, text="ZEILE"),
    ActivityFilter(since=NOW + timedelta(minutes=30), until=NOW + timedelta(minutes=150), text="9", hidden=True),
    ActivityFilter(since=NOW + timedelta(minutes=90), level=Level.WARNING, reason="sent"),
    ActivityFilter(run_id=2, text="7"),
    ActivityFilter(text="nirgends"),
]


def test_every_order_and_filter_of_the_activity_log(clocked_database: Database, clock: ManualClock) -> None:
    fill_activities(clocked_database, clock)
    log = ActivityLog(clocked_database, "PC1")
    log.hide(Service.SMS, seen_id=80)
    everything = list(log.page(ActivityFilter(hidden=True), ActivityOrder.TIME, size=1000).rows)
    assert len(everything) == 160
    for wanted, order, descending in itertools.product(ACTIVITY_FILTERS, ActivityOrder, (True, False)):
        right = [row.activity_id for row in expected_activities(everything, wanted, order, descending=descending)]
        found = all_activities(log, wanted, order, descending=descending)
        assert [row.activity_id for row in found] == right, (wanted, order, descending)


def test_deleting_all_hides_what_was_seen_and_keeps_it(clocked_database: Database, clock: ManualClock) -> None:
    log = ActivityLog(clocked_database, "PC1")
    for level in (Level.ERROR, Level.ERROR, Level.WARNING, Level.INFO):
        log.write([Activity(Service.SMS, level, "x", "Zeile")])
    log.write([Activity(Service.DOWNLOADS, Level.ERROR, "x", "Zeile")])
    assert log.counts() == {Service.SMS: ServiceCounts(2, 1), Service.DOWNLOADS: ServiceCounts(1, 0), Service.AGENT: ServiceCounts()}
    seen = log.page(ActivityFilter(service=Service.SMS), ActivityOrder.TIME).rows[0].activity_id
    log.write([Activity(Service.SMS, Level.ERROR, "later", "Kam, während jemand las.")])
    assert log.hide(Service.SMS, seen) == 4
    assert [row.reason for row in log.page(ActivityFilter(service=Service.SMS), ActivityOrder.TIME).rows] == ["later"]
    assert log.counts()[Service.SMS] == ServiceCounts(1, 0)
    assert log.counts()[Service.DOWNLOADS] == ServiceCounts(1, 0)
    assert len(log.page(ActivityFilter(service=Service.SMS, hidden=True), ActivityOrder.TIME).rows) == 5


def test_hiding_and_pruning_go_in_small_batches(sqlite_database: Database, clock: ManualClock) -> None:
    log = ActivityLog(sqlite_database, "PC1")
    log.write([Activity(Service.SMS, Level.INFO, "x", "Zeile")] * 1200)
    assert log.hide(Service.SMS, 10_000) == 1200
    clock.advance(timedelta(days=400))
    log.write([Activity(Service.SMS, Level.INFO, "y", "Zeile")] * 3)
    assert log.prune(clock.now() - timedelta(days=1)) == 1200
    assert {row.reason for row in log.all_rows(ActivityFilter(hidden=True), ActivityOrder.TIME)} == {"y"}


@pytest.mark.parametrize("what", ["runs", "activities"])
def test_no_transaction_prunes_more_than_a_batch(what: str, sqlite_database: Database, clock: ManualClock) -> None:
    """Others, who want to claim or to write meanwhile, wait for one batch at the most."""
    fill_runs(sqlite_database, 1300)
    log = ActivityLog(sqlite_database, "PC1")
    log.write([Activity(Service.SMS, Level.INFO, "x", "Zeile")] * 1300)
    deleted: list[int] = []
    event.listen(
        sqlite_database.engine, "after_cursor_execute", lambda *heard: deleted.append(heard[1].rowcount) if "DELETE" in heard[2] else None
    )
    before = clock.now() + timedelta(days=1)
    pruned = History(sqlite_database).prune(before) if what == "runs" else log.prune(before)
    assert pruned == sum(deleted) >= 1295
    assert max(deleted) <= 500
    assert len(deleted) == 3


def test_keeping_days_come_from_the_switch(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock)
    engine.jobs.log.write([Activity(Service.SMS, Level.INFO, "old", "Zeile")])
    clock.advance(timedelta(days=399))
    assert engine.jobs.prune() == 0
    clock.advance(timedelta(days=2))
    assert engine.jobs.prune() == 1


def test_what_is_too_long_for_its_column_is_cut(clocked_database: Database) -> None:
    log = ActivityLog(clocked_database, "PC1")
    log.write([Activity(Service.SMS, Level.INFO, "r" * 90, "Ä" * 9000, "ü" * 900)])
    (row,) = log.page(ActivityFilter(), ActivityOrder.TIME).rows
    assert (len(row.reason), len(row.sentence), len(row.item or "")) == (40, 9000, 200)


def test_a_row_belongs_to_the_callers_transaction(clocked_database: Database) -> None:
    log = ActivityLog(clocked_database, "PC1")
    with pytest.raises(RuntimeError), clocked_database.begin() as connection:
        log.write([Activity(Service.SMS, Level.INFO, "x", "Zeile")], connection=connection)
        raise RuntimeError
    with clocked_database.read() as connection:
        assert connection.execute(select(activity)).all() == []


def test_the_five_jobs_and_their_locks_are_there_and_agree_with_the_defaults(database: Database, clock: ManualClock) -> None:
    from datetime import date

    from tray_agent.job_kinds import default_schedules

    engine = Engine(database, clock)
    plan = engine.jobs.plans.load()
    assert {key: planned.schedule for key, planned in plan.jobs.items()} == default_schedules(date(2026, 1, 1))
    with database.read() as connection:
        assert set(connection.execute(select(job_lock.c.job)).scalars()) == {key.value for key in JobKey}
    assert datetime(2026, 1, 1, tzinfo=UTC) < plan.now
