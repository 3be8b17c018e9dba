"""The scheduler keeps going: sleep, a database that is away, schedules saved elsewhere, wrong clocks."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import create_engine, event, text, update
from sqlalchemy.engine import make_url

from tests.conftest import make_database
from tests.jobs.engine import NOW, Engine, daily, every, job
from tests.jobs.fleet.clock import FastClock
from tests.support.refusing import Refusing
from tests.support.servers import postgresql_url
from tray_agent.clock import ManualClock
from tray_agent.errors import DatabaseBusyError, DatabaseUnavailableError
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.jobs.events import DatabaseAway, DatabaseBack, Event, PauseChanged, PlanChanged, RunFinished, Woke
from tray_agent.jobs.model import PauseScope
from tray_agent.jobs.scheduler import Rhythm, Scheduler, _JobStore
from tray_agent.jobs.service import Jobs
from tray_agent.protocol.model import RunState
from tray_agent.store.database import Database, open_database
from tray_agent.store.tables import job as job_table

DOWNLOAD = JobKey.DOWNLOAD
RHYTHM = Rhythm()


class Switch:
    """A database that can be taken away."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.away = False
        self.settle = engine.jobs.settlement.settle
        engine.jobs.settlement.settle = self._settle  # type: ignore[method-assign,assignment]  # to take it away

    def jobs(self) -> Jobs:
        self._ask()
        return self.engine.jobs

    def _settle(self, *arguments: object) -> object:
        self._ask()
        return self.settle(*arguments)  # type: ignore[arg-type]

    def _ask(self) -> None:
        if self.away:
            raise DatabaseUnavailableError("Datenbank nicht erreichbar", "")


def scheduler_of(engine: Engine, switch: Switch | None = None, *, network: bool = True) -> Scheduler:
    jobs = switch.jobs if switch else (lambda: engine.jobs)
    return Scheduler(jobs, engine.events, engine.clock, lambda: network)


def heard(engine: Engine, kind: type[Event]) -> list[Event]:
    return [event for event in engine.heard if isinstance(event, kind)]


def wait_for_runs(scheduler: Scheduler) -> None:
    """Waits until the runs that a look began have ended."""
    for thread in threading.enumerate():
        if thread.name.startswith("run-"):
            thread.join(30)


def test_it_looks_every_half_minute_and_sooner_when_something_is_due(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    scheduler = scheduler_of(engine)
    assert scheduler.look() == RHYTHM.look
    engine.plan(DOWNLOAD, daily(time(10, 0, 10)))
    assert scheduler.look() == timedelta(seconds=10)
    assert scheduler._next_times == {DOWNLOAD: NOW + timedelta(seconds=10)}
    clock.advance(timedelta(seconds=9))
    assert scheduler.look() == timedelta(seconds=1)  # it could come a moment too early


def test_what_a_workstation_does_for_itself_begins_with_the_first_look_that_succeeds(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock)
    switch = Switch(engine)
    switch.away = True
    asked, done = threading.Event(), threading.Event()

    def jobs() -> Jobs:
        asked.set()
        return switch.jobs()

    scheduler = Scheduler(jobs, engine.events, clock, chore=done.set)
    scheduler.start()
    try:
        assert asked.wait(60)
        assert not done.is_set()
        switch.away = False
        scheduler.look_soon()
        assert done.wait(60)
    finally:
        scheduler.stop()


def test_a_schedule_saved_on_another_computer_is_noticed(sqlite_database: Database, clock: ManualClock) -> None:
    here, elsewhere = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)]), Engine(sqlite_database, clock, "PC2")
    scheduler = scheduler_of(here)
    scheduler.look()
    elsewhere.plan(DOWNLOAD, daily(time(12)))
    scheduler.look()
    assert heard(here, PlanChanged) == [PlanChanged({DOWNLOAD: datetime(2026, 11, 23, 11, tzinfo=UTC)})]
    elsewhere.jobs.pause(PauseScope.EVERYTHING, None, "Anna")
    scheduler.look()
    scheduler.look()
    assert [event.pause.paused_by for event in heard(here, PauseChanged) if event.pause] == ["Anna"]  # type: ignore[attr-defined]


def test_a_schedule_written_past_the_program_stops_only_its_own_job(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD), job(JobKey.UPDATE_STATUS)])
    for key in (DOWNLOAD, JobKey.UPDATE_STATUS):
        engine.plan(key, daily(time(10, 30)))
    with sqlite_database.begin() as connection:
        connection.execute(update(job_table).where(job_table.c.key == DOWNLOAD.value).values(freq_type=2))
    scheduler = scheduler_of(engine)
    clock.set(NOW + timedelta(minutes=30))
    for _look in range(2):
        scheduler.look()
        wait_for_runs(scheduler)
    assert [row[2] for row in engine.told(JobKey.UPDATE_STATUS)] == ["succeeded"]
    assert (heard(engine, DatabaseAway), engine.told(DOWNLOAD)) == ([], [])
    (told,) = engine.jobs.log.page().rows
    assert told.reason == "schedule"
    assert "Download-Service" in told.sentence
    assert "Die Häufigkeit 2 gibt es nicht." in told.sentence
    broken = engine.jobs.overview()[0]
    assert (broken.mistake, broken.enabled) == ("Die Häufigkeit 2 gibt es nicht.", False)
    engine.plan(DOWNLOAD, broken.schedule)
    assert engine.jobs.overview()[0].mistake == ""


def test_a_database_that_is_away_is_told_once_and_tried_again_ever_later(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    switch = Switch(engine)
    switch.away = True
    scheduler = scheduler_of(engine, switch)
    pauses = []
    for _attempt in range(6):
        pauses.append(scheduler.look().total_seconds())
        clock.advance(timedelta(seconds=pauses[-1]))
    assert pauses == [5, 10, 20, 40, 60, 60]
    assert len(heard(engine, DatabaseAway)) == 1
    assert scheduler._away_since == NOW
    switch.away = False
    assert scheduler.look() == RHYTHM.look
    assert heard(engine, DatabaseBack) == [DatabaseBack(NOW)]
    assert scheduler._away_since is None
    switch.away = True
    assert scheduler.look().total_seconds() == 5
    assert len(heard(engine, DatabaseAway)) == 2


def test_a_store_that_is_read_and_takes_nothing_is_told_within_two_minutes_and_is_good_again_by_itself(
    sqlite_database: Database, clock: ManualClock
) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    scheduler = scheduler_of(engine)
    scheduler.look()
    refusing = Refusing(sqlite_database, Refusing.ONLY_READABLE)
    told_by = clock.now() + timedelta(minutes=2)
    while not heard(engine, DatabaseAway) and clock.now() < told_by:
        clock.advance(scheduler.look())
    (away,) = heard(engine, DatabaseAway)
    assert isinstance(away, DatabaseAway)
    assert (away.error.code, scheduler.trouble) == ("database_read_only", away.error)
    engine.jobs.plans.load()  # it can be read
    for _minute in range(5):
        clock.advance(scheduler.look())
    assert (len(heard(engine, DatabaseAway)), heard(engine, DatabaseBack)) == (1, [])
    assert scheduler.stop()
    refusing.pragma = ""
    scheduler.look()
    assert (len(heard(engine, DatabaseBack)), scheduler.trouble) == (1, None)


def test_at_rest_a_store_is_written_once_a_minute(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    scheduler = scheduler_of(engine)
    scheduler.look()
    written: list[str] = []

    @event.listens_for(sqlite_database.engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            written.append(statement.split()[1])

    until = clock.now() + timedelta(minutes=10)
    while clock.now() <= until:
        clock.advance(scheduler.look())
    assert written == ["agent_presence"] * 10


def test_a_statement_that_nobody_foresaw_is_told_and_does_not_end_the_looks(
    sqlite_database: Database, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    scheduler = scheduler_of(engine)
    with sqlite_database.begin() as connection:
        connection.execute(text("ALTER TABLE agent_presence RENAME TO away"))
    engine.plan(DOWNLOAD, daily(time(10, 1)))
    clock.advance(timedelta(minutes=1))
    assert scheduler.look() == RHYTHM.first_retry
    wait_for_runs(scheduler)
    assert [row[2] for row in engine.told(DOWNLOAD)] == ["succeeded"], "what can be done is done"
    (away,) = heard(engine, DatabaseAway)
    assert "no such table" in str(away.error)  # type: ignore[attr-defined]
    assert "OperationalError" in caplog.text
    caplog.clear()
    with sqlite_database.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO agent_presence"))
    scheduler.look()
    assert len(heard(engine, DatabaseBack)) == 1


def test_a_store_that_others_hold_for_long_is_told_as_busy(
    sqlite_database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(sqlite_database, clock)
    scheduler = scheduler_of(engine)
    scheduler.look()

    def busy(_difference: timedelta) -> None:
        clock.advance(timedelta(seconds=30))
        raise DatabaseBusyError("Datenbank beschäftigt", "Andere halten sie besetzt.")

    monkeypatch.setattr(engine.jobs.presences, "tell", busy)
    told_by = clock.now() + timedelta(minutes=3)
    while not heard(engine, DatabaseAway) and clock.now() < told_by:
        clock.advance(scheduler.look())
    assert scheduler.trouble is not None
    assert scheduler.trouble.code == "database_busy"
    monkeypatch.undo()
    scheduler.look()
    assert scheduler.trouble is None


def test_a_server_that_refuses_and_comes_back(clock: ManualClock, tmp_path: Path) -> None:
    """A real server: its connections are ended and new ones refused, as while it restarts."""
    server = postgresql_url()
    if server is None:
        pytest.skip("no postgresql server here")
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    for url in make_database("postgresql", tmp_path, migrated=True):
        engine = Engine(open_database(url, clock=clock), clock)
        name, scheduler = make_url(url).database, scheduler_of(engine)
        assert scheduler.look() == RHYTHM.look
        with admin.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"))
            connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name})
        assert scheduler.look() == RHYTHM.first_retry
        assert scheduler.look() == 2 * RHYTHM.first_retry
        with admin.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true"))
        assert scheduler.look() == RHYTHM.look
        assert [type(event) for event in engine.heard] == [DatabaseAway, DatabaseBack]
        engine.database.dispose()
    admin.dispose()


def test_what_was_missed_while_the_database_was_away_says_so(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    switch = Switch(engine)
    scheduler = scheduler_of(engine, switch)
    engine.plan(DOWNLOAD, every(10))
    scheduler.look()
    switch.away = True
    for _minute in range(35):
        clock.advance(timedelta(minutes=1))
        scheduler.look()
    switch.away = False
    scheduler.look()
    wait_for_runs(scheduler)
    assert engine.told(DOWNLOAD) == [
        ("23.11. 10:10", "schedule", "skipped", "database_away"), ("23.11. 10:20", "schedule", "skipped", "database_away"),
        ("23.11. 10:30", "catch_up", "succeeded", ""),
    ]  # fmt: skip


def test_a_fault_of_the_program_does_not_end_the_thread(
    sqlite_database: Database, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Engine(sqlite_database, clock)
    scheduler = Scheduler(lambda: 1 / 0, engine.events, clock)  # type: ignore[arg-type,return-value]  # a fault
    assert scheduler.look() == RHYTHM.look
    assert "ZeroDivisionError" in caplog.text
    caplog.clear()


def test_sleep_is_noticed_and_the_network_waited_for_but_not_for_ever(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    scheduler = scheduler_of(engine, network=False)
    engine.plan(DOWNLOAD, daily(time(11)))
    scheduler.look()
    clock.set(NOW + timedelta(hours=3))  # asleep: the wall clock went on, the monotonic one stood
    pauses: list[timedelta] = []
    while not engine.told(DOWNLOAD) and len(pauses) < 100:
        pauses.append(scheduler.look())
        wait_for_runs(scheduler)
        clock.advance(pauses[-1])
    assert heard(engine, Woke) == [Woke(NOW, NOW + timedelta(hours=3))]
    assert set(pauses[:-1]) == {RHYTHM.first_retry}
    assert sum(pauses[:-1], timedelta()) == RHYTHM.network
    assert engine.told(DOWNLOAD) == [("23.11. 11:00", "catch_up", "succeeded", "")]


def test_with_a_network_there_is_no_waiting_after_sleep(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock, offered=[job(DOWNLOAD)])
    scheduler = scheduler_of(engine)
    engine.plan(DOWNLOAD, daily(time(11)))
    scheduler.look()
    clock.advance(timedelta(hours=3))  # asleep: both clocks went on
    scheduler.look()
    wait_for_runs(scheduler)
    assert len(heard(engine, Woke)) == 1
    assert [row[2] for row in engine.told(DOWNLOAD)] == ["succeeded"]


@pytest.mark.parametrize("wrong", [timedelta(minutes=7), timedelta(minutes=-7)])
def test_a_wrong_clock_does_no_harm(sqlite_database: Database, clock: ManualClock, wrong: timedelta) -> None:
    workstation = ManualClock(NOW + wrong)
    engine = Engine(sqlite_database, workstation, offered=[job(DOWNLOAD)])
    scheduler = scheduler_of(engine)
    engine.plan(DOWNLOAD, daily(time(10, 5)))
    for _step in range(100):
        pause = min(scheduler.look(), scheduler._next_times[DOWNLOAD] - clock.now())
        wait_for_runs(scheduler)
        clock.advance(pause)
        workstation.advance(pause)
        if engine.told(DOWNLOAD):
            break
    (run,) = engine.jobs.history.page().rows
    assert run.started_at is not None
    assert timedelta(0) <= run.started_at - run.due_at < timedelta(seconds=1)
    assert scheduler._difference == wrong


def test_agents_that_are_there_are_listed(clocked_database: Database, clock: ManualClock) -> None:
    for name in ("PC1", "PC2"):
        second = Engine(clocked_database, clock, name)
        scheduler = scheduler_of(second)
        scheduler.look()
        clock.advance(timedelta(seconds=10))
    there = second.jobs.presences.there()
    assert [(one.workstation, one.scheduling, one.here) for one in there] == [("PC1", True, False), ("PC2", True, True)]
    clock.advance(timedelta(minutes=12))
    assert second.jobs.presences.there() == ()


def test_the_real_thing_runs_and_stops(database: Database) -> None:
    """APScheduler, threads and a clock 3000 times as fast: every planned time of two hours runs once and near its time."""
    fast = FastClock(datetime.now(UTC), NOW, 3000)
    ended = threading.Event()

    def work(context: JobContext) -> JobResult:
        return JobResult()

    engine = Engine(Database(database.engine, database.schema, fast), fast, offered=[job(DOWNLOAD, work)])
    engine.plan(DOWNLOAD, every(20))
    engine.events.subscribe(lambda event: ended.set() if len(heard(engine, RunFinished)) >= 6 else None)
    rhythm = Rhythm(gap=timedelta(hours=1), speed=3000)
    scheduler = Scheduler(lambda: engine.jobs, engine.events, fast, rhythm=rhythm)
    scheduler.start()
    assert ended.wait(60)
    assert scheduler.stop(10)
    runs = [run for run in engine.jobs.history.page(descending=False).rows if run.state is RunState.SUCCEEDED]
    assert len({run.due_at for run in runs}) == len(runs) >= 6
    assert engine.jobs.presences.there() == ()


def test_stopping_cancels_a_running_job_at_its_next_safe_point_within_two_seconds(sqlite_database: Database) -> None:
    fast = FastClock(datetime.now(UTC), NOW, 60)
    began = threading.Event()

    def work(context: JobContext) -> JobResult:
        began.set()
        while True:
            context.checkpoint()
            fast.wait(threading.Event(), 1)

    engine = Engine(Database(sqlite_database.engine, None, fast), fast, offered=[job(DOWNLOAD, work)])
    engine.plan(DOWNLOAD, every(1))
    scheduler = Scheduler(lambda: engine.jobs, engine.events, fast, rhythm=Rhythm(gap=timedelta(hours=1), speed=60))
    scheduler.start()
    assert began.wait(60)
    assert scheduler.stop(2.0)
    states = {run.state for run in engine.jobs.history.page().rows}
    assert RunState.RUNNING not in states
    assert RunState.CANCELLED in states


def test_starting_without_a_database_is_no_error_and_goes_on_by_itself(sqlite_database: Database) -> None:
    fast = FastClock(datetime.now(UTC), NOW, 60)
    engine = Engine(Database(sqlite_database.engine, None, fast), fast)
    switch = Switch(engine)
    switch.away = True
    away, back = threading.Event(), threading.Event()
    engine.events.subscribe(lambda event: away.set() if isinstance(event, DatabaseAway) else None)
    engine.events.subscribe(lambda event: back.set() if isinstance(event, DatabaseBack) else None)
    scheduler = Scheduler(switch.jobs, engine.events, fast, rhythm=Rhythm(gap=timedelta(hours=1), speed=60))
    scheduler.start()
    assert away.wait(30)
    switch.away = False
    assert back.wait(30)
    assert scheduler.stop(5)


def test_a_clock_that_is_set_back_does_not_let_apscheduler_sleep() -> None:
    scheduler = BackgroundScheduler(jobstores={"default": _JobStore()}, timezone=UTC)
    scheduler.start(paused=True)
    try:
        later = scheduler.add_job(print, IntervalTrigger(hours=1, timezone=UTC))
        (store,) = scheduler._jobstores.values()
        now = datetime.now(UTC)
        assert store.get_due_jobs(now) == []
        assert store.get_due_jobs(now - timedelta(hours=2)) == [later]
    finally:
        scheduler.shutdown(wait=False)


def test_a_clock_that_is_set_forward_by_years_does_not_list_every_half_minute_that_passed() -> None:
    scheduler = BackgroundScheduler(jobstores={"default": _JobStore()}, timezone=UTC)
    scheduler.start(paused=True)
    try:
        scheduler.add_job(print, IntervalTrigger(seconds=30, timezone=UTC))
        (store,) = scheduler._jobstores.values()
        later = datetime.now(UTC) + timedelta(days=17 * 365)
        (due,) = store.get_due_jobs(later)
        assert due._get_run_times(later) == [later]
    finally:
        scheduler.shutdown(wait=False)


def test_a_look_that_waited_for_its_turn_begins_nothing_after_the_end(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock)
    looks: list[int] = []
    scheduler = scheduler_of(engine)
    scheduler.look = lambda: looks.append(1) or timedelta(hours=1)  # type: ignore[method-assign, func-returns-value]
    scheduler._look_in_turn()
    assert looks == []


def test_a_nudge_during_a_look_is_not_lost(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock)
    looks: list[int] = []
    looked_again = threading.Event()
    scheduler = scheduler_of(engine)

    def look() -> timedelta:
        looks.append(len(looks))
        if len(looks) == 1:
            scheduler.look_soon()
        else:
            looked_again.set()
        return timedelta(hours=1)

    scheduler.look = look  # type: ignore[method-assign]
    scheduler.start()
    assert looked_again.wait(30)
    assert scheduler.stop(5)
    assert looks == [0, 1]
