"""Two versions of the program on one store: whoever is older writes nothing any more, and nothing stands still after the last followed."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from datetime import time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from tests.jobs.engine import NOW, Engine, daily, done, job
from tests.jobs.test_scheduler import heard, scheduler_of, wait_for_runs
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock, SystemClock
from tray_agent.config.machine import Machine, StoreSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobContext, JobResult, LeaseLostError, RunCancelledError
from tray_agent.jobs.events import DatabaseAway, DatabaseBack
from tray_agent.protocol.model import RunTrigger
from tray_agent.store import migrate
from tray_agent.store.backup import BackupFailedError, copy_whole
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.schema_version import NEWEST, ProgramOutdatedError, SchemaOutdatedError, current_revision
from tray_agent.store.tables import job_run

SENDING = JobKey.SEND_MESSAGES
ROOT = Path(__file__).parents[2]
LANDED = "9f8d9c5"
"""The program of revision 0007, which reads the version of the tables once, when it starts."""


def set_version(database: Database, revision: str) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE schema_version SET version_num = :revision"), {"revision": revision})


# A program that notices


def test_a_running_agent_notices_newer_tables_ends_its_runs_and_goes_on_by_itself(clocked_database: Database, clock: ManualClock) -> None:
    ended: list[str] = []
    looked = threading.Event()
    engine = Engine(clocked_database, clock, offered=[])

    def work(context: JobContext) -> JobResult:
        looked.wait()
        set_version(clocked_database, "9999")
        scheduler.look()
        try:
            context.checkpoint()
        except RunCancelledError:
            ended.append("at its safe point")
            raise
        return JobResult()

    engine.offered = [job(SENDING, work)]
    scheduler = scheduler_of(engine)
    engine.plan(SENDING, daily(time(10, 1)))
    clock.advance(timedelta(minutes=1))
    scheduler.look()
    looked.set()
    wait_for_runs(scheduler)
    assert ended == ["at its safe point"]
    pauses = []
    for _look in range(8):
        clock.advance(timedelta(seconds=30))
        pauses.append(scheduler.look())
    assert max(pauses) <= timedelta(minutes=1)
    (told,) = heard(engine, DatabaseAway)
    assert isinstance(told, DatabaseAway)
    assert isinstance(told.error, ProgramOutdatedError)
    assert isinstance(scheduler.trouble, ProgramOutdatedError)
    set_version(clocked_database, NEWEST)
    engine.offered = [job(SENDING)]
    scheduler.look()
    wait_for_runs(scheduler)
    assert len(heard(engine, DatabaseBack)) == 1
    assert [row[2] for row in engine.told(SENDING)] == ["succeeded"]


def test_who_has_not_looked_yet_claims_nothing(clocked_database: Database, clock: ManualClock) -> None:
    claims = Engine(clocked_database, clock).jobs.claims
    set_version(clocked_database, "9999")
    with pytest.raises(ProgramOutdatedError):
        claims.claim(SENDING, NOW, RunTrigger.SCHEDULE)
    with pytest.raises(ProgramOutdatedError):
        claims.take_over(SENDING)


def test_a_program_that_came_before_its_server_goes_on_when_the_tables_follow(
    database_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("an embedded store is brought up by the program itself")
    machine = Machine(store=StoreSection(url=database_url))
    with Agent(machine, secrets=MemorySecrets(), clock=clock, workstation="PC1") as agent:
        upgrade(agent.store_unchecked, to="0007")
        assert agent.scheduler.look() <= timedelta(minutes=1)
        assert isinstance(agent.scheduler.trouble, SchemaOutdatedError)
        assert "«vitoclient db upgrade»" in agent.scheduler.trouble.advice
        upgrade(agent.store_unchecked)
        agent.scheduler.look()
        assert agent.scheduler.trouble is None


# What a migration ends


def test_with_a_migration_every_run_is_given_back_and_may_go_on_at_once(clocked_database: Database, clock: ManualClock) -> None:
    old, new = Engine(clocked_database, clock, "PC1", [job(SENDING)]), Engine(clocked_database, clock, "PC2", [job(SENDING)])
    old.plan(SENDING, daily(time(10, 1)))
    clock.advance(timedelta(minutes=1))
    old.settle(run=False)
    (claim,) = old.launched
    old.jobs.presences.tell(timedelta(0))
    with clocked_database.begin() as connection:
        migrate._end_what_goes_on(connection)
    with pytest.raises(LeaseLostError):
        old.jobs.claims.renew(claim)
    with pytest.raises(LeaseLostError), clocked_database.begin() as connection:
        old.jobs.claims.fence(connection, claim, 0)
    assert new.jobs.presences.there() == ()
    new.settle()
    assert [(row[2], row[3]) for row in new.told(SENDING)] == [("succeeded", "")]
    assert [row.reason for row in new.jobs.log.page().rows] == ["resumed"], "it was given back: no computer vanished"


# The version before


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives the program of the version before."""
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
    git = subprocess.run(["git", "archive", LANDED, "tray_agent"], cwd=ROOT, capture_output=True, check=False)
    if git.returncode:
        pytest.skip("the history is not here")
    folder = tmp_path_factory.mktemp("landed")
    with tarfile.open(fileobj=io.BytesIO(git.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def test_the_version_before_writes_nothing_any_more_and_its_run_goes_on_elsewhere(database_url: str, landed: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(landed)}
    script = [sys.executable, str(ROOT / "tests" / "store" / "landed_program.py"), database_url]
    with subprocess.Popen(script, cwd=landed, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        try:
            assert program.stdout.readline() == "ready\n"
            database = open_database(database_url)
            assert current_revision(database) == "0007"
            upgrade(database)
            new = Engine(database, SystemClock(), "PC2", [job(SENDING, done)])
            new.settle()
            out, _err = program.communicate("migrated\n", timeout=60)
        finally:
            program.kill()
    found = json.loads(out.splitlines()[-1])
    assert found.keys() == {"intent", "claim", "take over", "by hand", "look"}
    assert not [what for what, became in found.items() if became == "done"], found
    assert [(row[2], row[3]) for row in new.told(SENDING)] == [("succeeded", "")], "PC2 went on with it at once"
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(job_run)).scalar() == 1
    database.dispose()


# Copies of an embedded store


def agent_on(file: Path, clock: ManualClock) -> Agent:
    machine = Machine(store=StoreSection(url=f"sqlite:///{file.as_posix()}"))
    return Agent(machine, secrets=MemorySecrets(), clock=clock, workstation="PC1")


def older_store(file: Path) -> None:
    database = open_database(f"sqlite:///{file.as_posix()}")
    upgrade(database, to="0007")
    database.dispose()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.copy*"))


def test_an_embedded_store_is_brought_up_with_the_start_and_five_copies_are_kept_for_thirty_days(
    tmp_path: Path, clock: ManualClock
) -> None:
    file = tmp_path / "praxis.2.db"
    older_store(file)
    at = clock.now().astimezone()
    for days in (0.1, 1, 2, 3, 4, 5, 31):
        (tmp_path / f"praxis.2.{at - timedelta(days=days):%Y%m%d-%H%M%S}.copy.db").write_text("")
    others = ["praxis.3.20200101-000000.copy.db", "praxis.2.mine.copy.db"]
    for other in others:
        (tmp_path / other).write_text("")
    with agent_on(file, clock) as agent:
        assert current_revision(agent.store) == NEWEST
    kept = [f"praxis.2.{at - timedelta(days=days):%Y%m%d-%H%M%S}.copy.db" for days in (3, 2, 1, 0.1, 0)]
    assert names(tmp_path) == sorted([*kept, *others])
    with agent_on(file, clock) as agent:
        assert agent.store
    assert len(names(tmp_path)) == 7, "nothing to do: no copy"


def test_a_new_embedded_store_makes_no_copy(tmp_path: Path, clock: ManualClock) -> None:
    with agent_on(tmp_path / "new.db", clock) as agent:
        assert current_revision(agent.store) == NEWEST
    assert names(tmp_path) == []


def test_a_failed_upgrade_deletes_no_copy_and_leaves_the_store_as_it_was(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "vitoclient.db"
    older_store(file)
    old = tmp_path / "vitoclient.20200101-000000.copy.db"
    old.write_text("")

    def fail(*_arguments: object) -> None:
        raise OSError("in the middle")

    monkeypatch.setattr(migrate, "_end_what_goes_on", fail)
    with agent_on(file, clock) as agent, pytest.raises(OSError, match="in the middle"):
        assert agent.store
    assert current_revision(open_database(f"sqlite:///{file.as_posix()}")) == "0007"
    assert old.exists()
    assert len(names(tmp_path)) == 2


def test_without_its_copy_a_store_is_not_touched(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "vitoclient.db"
    older_store(file)

    def full(*_arguments: object) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(migrate, "copy_whole", full)
    with agent_on(file, clock) as agent, pytest.raises(BackupFailedError):
        assert agent.store
    assert current_revision(open_database(f"sqlite:///{file.as_posix()}")) == "0007"


def test_a_copy_of_what_another_process_has_brought_up_meanwhile_is_none(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "vitoclient.db"
    older_store(file)

    def meanwhile(source: Path, target: Path) -> bool:
        database = open_database(f"sqlite:///{file.as_posix()}")
        upgrade(database)
        database.dispose()
        return copy_whole(source, target)

    monkeypatch.setattr(migrate, "copy_whole", meanwhile)
    with agent_on(file, clock) as agent:
        assert current_revision(agent.store) == NEWEST
    assert names(tmp_path) == []
