"""A clock that was ahead once and is right again: the plan goes on at its next time, and nothing is sent twice."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert, select, update

from tests.jobs.engine import NOW, ZURICH, Engine, daily, job
from tests.jobs.test_scheduler import scheduler_of, wait_for_runs
from tray_agent.clock import ManualClock
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.jobs.errors import JobBusyError
from tray_agent.jobs.model import PauseScope
from tray_agent.jobs.owed import Rest
from tray_agent.jobs.scheduler import Scheduler
from tray_agent.protocol.model import RunState
from tray_agent.store.database import Database
from tray_agent.store.tables import agent_presence, covered_day, job_lock, message

PREPARE, SEND = JobKey.PREPARE_REMINDERS, JobKey.SEND_MESSAGES
MINUTE = timedelta(minutes=1)
AHEAD = [timedelta(minutes=30), timedelta(days=2), timedelta(days=400)]


def local(hour: int, minute: int = 0, *, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZURICH)


@pytest.fixture
def engine(clocked_database: Database, clock: ManualClock) -> Engine:
    return Engine(clocked_database, clock, offered=[job(PREPARE), job(SEND)])


def live(scheduler: Scheduler, clock: ManualClock, length: timedelta, *, step: timedelta = timedelta(seconds=30)) -> None:
    """Lets the clock go on by so much, with a look every half minute."""
    until = clock.now() + length
    while clock.now() < until:
        scheduler.look()
        wait_for_runs(scheduler)
        clock.advance(step)


def warnings(engine: Engine) -> list[str]:
    return [row.sentence for row in engine.jobs.log.page().rows if row.reason == "clock_was_ahead"]


def began_at(engine: Engine, key: JobKey) -> list[str]:
    runs = [run for run in engine.jobs.history.page(size=500).rows if run.job is key and run.state is RunState.SUCCEEDED]
    return sorted(f"{run.started_at.astimezone(ZURICH):%d.%m. %H:%M}" for run in runs if run.started_at)


@pytest.mark.parametrize("ahead", AHEAD)
def test_the_plan_goes_on_at_its_next_time_and_it_is_told_once(engine: Engine, clock: ManualClock, ahead: timedelta) -> None:
    scheduler = scheduler_of(engine)
    for key, at in ((PREPARE, time(10, 8)), (SEND, time(10, 12))):
        engine.plan(key, daily(at))
    live(scheduler, clock, MINUTE)
    clock.set(clock.now() + ahead)
    live(scheduler, clock, 3 * MINUTE)
    clock.set(clock.now() - ahead)
    live(scheduler, clock, 16 * MINUTE)
    assert clock.now() == local(10, 20)
    began = {key: began_at(engine, key) for key in (PREPARE, SEND)}
    assert began[PREPARE][-1] == "23.11. 10:08"
    assert began[SEND][-1] == "23.11. 10:12"
    assert len(warnings(engine)) == 1
    assert scheduler._next_times == {PREPARE: local(10, 8, day=24), SEND: local(10, 12, day=24)}
    live(scheduler, clock, timedelta(days=2), step=4 * MINUTE)
    assert began_at(engine, SEND)[-2:] == ["24.11. 10:12", "25.11. 10:12"]
    assert len(warnings(engine)) == 1


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(AHEAD[0], "um 30 Minuten vor"), (timedelta(hours=3), "um 3 Stunden vor"), (AHEAD[1], "um 2 Tage vor"), (AHEAD[2], "um 400 Tage vor")],
)
def test_how_far_it_was_ahead_is_said_by_whoever_comes_next(
    clocked_database: Database, clock: ManualClock, ahead: timedelta, words: str
) -> None:
    before = Engine(clocked_database, clock)
    scheduler = scheduler_of(before)
    clock.set(NOW + ahead)
    scheduler.look()
    clock.set(NOW + 10 * timedelta(seconds=1))
    scheduler_of(after := Engine(clocked_database, clock)).look()  # a program that has just started, the other was killed
    (told,) = warnings(after)
    assert words in told


def test_what_was_to_run_today_and_was_passed_over_is_run(engine: Engine, clock: ManualClock) -> None:
    """While the clock was ahead by two days, the time of today counted as missed long ago."""
    ran: list[str] = []

    def work(_context: JobContext) -> JobResult:
        ran.append(f"{clock.now().astimezone(ZURICH):%d.%m. %H:%M}")
        return JobResult()

    engine.offered = [job(SEND, work)]
    engine.plan(SEND, daily(time(10, 12)))
    scheduler = scheduler_of(engine)
    clock.set(NOW + timedelta(days=2))
    live(scheduler, clock, 20 * MINUTE)
    clock.set(NOW + 20 * MINUTE)
    live(scheduler, clock, 2 * MINUTE)
    assert ran == ["25.11. 10:00", "25.11. 10:12", "23.11. 10:20"]


def test_what_had_run_today_is_not_run_again(engine: Engine, clock: ManualClock) -> None:
    engine.plan(SEND, daily(time(10, 1)))
    scheduler = scheduler_of(engine)
    live(scheduler, clock, 3 * MINUTE)
    clock.set(NOW + timedelta(hours=3))
    live(scheduler, clock, 3 * MINUTE)
    clock.set(NOW + 6 * MINUTE)
    live(scheduler, clock, 30 * MINUTE)
    assert (began_at(engine, SEND), len(warnings(engine))) == (["23.11. 10:01"], 1)


@pytest.mark.parametrize("ahead", AHEAD)
@pytest.mark.parametrize("by_hand", [True, False])
def test_a_run_that_was_killed_meanwhile_can_be_run_and_stopped_again(
    engine: Engine, clock: ManualClock, ahead: timedelta, *, by_hand: bool
) -> None:
    engine.plan(SEND, daily(time(10, 1)))
    clock.set(NOW + ahead + 2 * MINUTE)
    if by_hand:
        engine.jobs._claim_now(SEND)
    else:
        engine.settle(run=False)
    assert engine.jobs.plans.load().jobs[SEND].holder is not None
    clock.set(NOW)
    with pytest.raises(JobBusyError):
        engine.jobs.run_now(SEND)  # for the rest of its lease it may still go on
    assert len(warnings(engine)) == 1
    clock.advance(timedelta(seconds=91))
    assert engine.jobs.run_now(SEND).state is RunState.SUCCEEDED


def test_a_pause_that_began_in_the_future_lasts_as_long_as_it_was_meant_to(engine: Engine, clock: ManualClock) -> None:
    clock.set(NOW + timedelta(days=2))
    engine.jobs.pause(PauseScope.SENDING, clock.now() + timedelta(hours=1), "Anna")
    clock.set(NOW)
    scheduler_of(engine).look()
    pause = engine.jobs.paused()
    assert pause is not None
    assert (pause.since, pause.until) == (NOW, NOW + timedelta(hours=1))


def test_an_attempt_that_is_put_off_into_the_future_is_made_now(engine: Engine, clock: ManualClock) -> None:
    engine.plan(SEND, daily(time(10, 1)))
    clock.advance(2 * MINUTE)
    wrong = clock.now() + timedelta(days=2)
    owed = {"settled_until": local(10, 1), "owed_at": local(10, 1), "owed_since": wrong, "next_attempt_at": wrong + 2 * MINUTE}
    with engine.database.begin() as connection:
        connection.execute(update(job_lock).where(job_lock.c.job == SEND.value).values(owed))
    live(scheduler_of(engine), clock, 2 * MINUTE)
    assert began_at(engine, SEND) == ["23.11. 10:02"]


def test_an_attempt_that_only_the_wrong_clock_put_off_is_made_now(engine: Engine, clock: ManualClock) -> None:
    engine.offered = [job(SEND, lambda _context: JobResult(rest=Rest("gateway", number=1)))]
    engine.plan(SEND, daily(time(10, 1)))
    scheduler = scheduler_of(engine)
    live(scheduler, clock, 20 * MINUTE)
    clock.set(clock.now() + timedelta(hours=3))
    live(scheduler, clock, 20 * MINUTE)
    clock.set(clock.now() - timedelta(hours=3))
    live(scheduler, clock, 20 * MINUTE)
    owed = engine.jobs.plans.load().jobs[SEND].owed
    assert owed is not None
    assert owed.next_at is not None
    assert owed.next_at - clock.now() <= 15 * MINUTE


def test_a_lease_that_a_run_renewed_by_the_wrong_clock_ends(engine: Engine, clock: ManualClock) -> None:
    engine.plan(SEND, daily(time(10, 1)))
    clock.set(NOW + timedelta(days=2) + 2 * MINUTE)
    engine.settle(run=False)
    clock.set(NOW)
    scheduler = scheduler_of(engine)
    scheduler.look()
    claim = engine.launched[-1]
    with engine.database.begin() as connection:  # before its next heartbeat; then its computer vanishes
        engine.jobs.claims.fence(connection, claim, claim.renewed_ms + 1000)
    live(scheduler, clock, 10 * MINUTE)
    assert engine.jobs.plans.load().jobs[SEND].holder is None


def test_messages_keep_their_states_and_are_looked_at_soon(engine: Engine, clock: ManualClock) -> None:
    wrong = NOW + timedelta(days=400)
    soon = {"prepared": NOW, "submitted": NOW, "sending": NOW + 15 * MINUTE, "in_doubt": NOW + 15 * MINUTE, "delivered": wrong}
    with engine.database.begin() as connection:
        connection.execute(insert(message), [_message(state, wrong) for state in soon])
        connection.execute(update(job_lock).values(settled_until=wrong))
    scheduler_of(engine).look()
    with engine.database.read() as connection:
        rows = connection.execute(select(message).order_by(message.c.id)).mappings().all()
    assert {row["state"]: row["next_at"] for row in rows} == soon
    assert {row[name] for row in rows for name in ("prepared_at", "sending_at")} == {NOW}
    assert {row["version"] for row in rows} == {3}


def test_days_that_were_searched_by_the_wrong_clock_are_searched_again(engine: Engine, clock: ManualClock) -> None:
    """What comes between the two would count as searched by a run that succeeded, and would not be made up for."""
    wrong = NOW + timedelta(days=2)
    rows = [{"job": PREPARE.value, "day": f"2026-11-2{day}", "searched_at": at} for day, at in ((4, NOW), (6, wrong))]
    with engine.database.begin() as connection:
        connection.execute(insert(covered_day), rows)
        connection.execute(update(job_lock).values(settled_until=wrong))
    scheduler_of(engine).look()
    with engine.database.read() as connection:
        assert connection.execute(select(covered_day.c.day)).scalars().all() == ["2026-11-24"]


def _message(state: str, at: datetime) -> dict[str, object]:
    texts = dict.fromkeys(("subject", "sentence", "reason", "reason_code", "patient_name", "patient_sort", "patient_find"), "")
    numbers = dict.fromkeys(("segments", "token", "attempts", "times_asked", "status_checks"), 0)
    return texts | numbers | {
        "cost": Decimal(1),
        "reference": state, "unique_key": state, "kind": "reminder", "channel": "sms", "state": state, "patient_id": "1", "text": "x",
        "next_at": at, "expires_at": at, "version": 3, "prepared_at": at, "sending_at": at,
    }  # fmt: skip


def test_a_clock_whose_battery_is_empty_judges_nothing(engine: Engine, clock: ManualClock) -> None:
    engine.plan(SEND, daily(time(10, 5)))
    scheduler = scheduler_of(engine)
    scheduler.look()
    clock.set(datetime(2015, 1, 1, tzinfo=UTC))
    live(scheduler, clock, 2 * MINUTE)
    clock.set(NOW)
    live(scheduler, clock, 10 * MINUTE)
    assert (began_at(engine, SEND), warnings(engine)) == (["23.11. 10:05"], [])


def test_a_clock_that_goes_a_little_otherwise_is_no_wrong_one(engine: Engine, clock: ManualClock) -> None:
    scheduler = scheduler_of(engine)
    scheduler.look()
    clock.set(NOW - timedelta(minutes=4))
    live(scheduler, clock, 2 * MINUTE)
    assert warnings(engine) == []
    with engine.database.read() as connection:
        assert connection.execute(select(agent_presence.c.seen_ms)).scalar() is not None
