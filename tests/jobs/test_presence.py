"""Who is there, and who was: an embedded store that comes from another computer asks before anything is sent from it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.jobs.engine import Engine, as_another_file
from tests.jobs.test_scheduler import scheduler_of
from tray_agent.clock import ManualClock
from tray_agent.jobs.errors import StoreCopiedError
from tray_agent.jobs.presence import _PROOF
from tray_agent.store.database import Database, open_database
from tray_agent.store.tables import agent_presence


def used_by(database: Database, clock: ManualClock, workstation: str, *, killed: bool = False) -> None:
    """Lets another computer's agent use a store for a moment; it quits, or is killed."""
    presences = Engine(database, clock, workstation).jobs.presences
    presences.tell(timedelta(0))
    if not killed:
        presences.leave()
    as_another_file(database)


@pytest.mark.parametrize("killed", [True, False])
def test_an_embedded_store_that_another_computer_used_lately_is_a_strangers_until_a_person_answers(
    sqlite_database: Database, clock: ManualClock, *, killed: bool
) -> None:
    used_by(sqlite_database, clock, "ALT", killed=killed)
    clock.advance(timedelta(days=3))
    here = Engine(sqlite_database, clock, "NEU").jobs
    here.presences.tell(timedelta(0))
    assert [one.workstation for one in here.presences.strangers()] == ["ALT"]
    with pytest.raises(StoreCopiedError) as raised:
        here.presences.check_own()
    assert "Mit dieser Datenbank arbeitete bis 23.11.2026 der Agent auf ALT." in raised.value.message
    here.adopt_store()
    here.presences.check_own()
    assert [one.workstation for one in here.presences.there()] == ["NEU"]


def test_ones_own_computer_is_no_stranger_however_it_is_written_and_nor_is_one_of_long_ago(
    sqlite_database: Database, clock: ManualClock
) -> None:
    used_by(sqlite_database, clock, "ALT")
    clock.advance(timedelta(days=15))
    used_by(sqlite_database, clock, "neu", killed=True)
    Engine(sqlite_database, clock, "NEU").jobs.presences.check_own()


def test_the_workstations_of_one_server_or_one_file_are_no_strangers(clocked_database: Database, clock: ManualClock) -> None:
    Engine(clocked_database, clock, "PC1").jobs.presences.tell(timedelta(0))
    assert Engine(clocked_database, clock, "PC2").jobs.presences.strangers() == ()


def test_a_file_that_was_copied_is_a_strangers(sqlite_database: Database, clock: ManualClock, tmp_path: Path) -> None:
    Engine(sqlite_database, clock, "ALT").jobs.presences.tell(timedelta(0))
    with closing(sqlite3.connect(tmp_path / "vitoclient.db")) as old, closing(sqlite3.connect(tmp_path / "copy.db")) as new:
        old.backup(new)
    copy = open_database(f"sqlite:///{(tmp_path / 'copy.db').as_posix()}", clock=clock)
    assert [one.workstation for one in Engine(copy, clock, "NEU").jobs.presences.strangers()] == ["ALT"]
    assert Engine(copy, clock, "ALT").jobs.presences.strangers() == ()
    copy.dispose()


def test_who_quit_is_not_there_and_its_rows_do_not_pile_up(sqlite_database: Database, clock: ManualClock) -> None:
    for _start in range(3):
        engine = Engine(sqlite_database, clock)
        scheduler = scheduler_of(engine)
        scheduler.look()
        assert len(engine.jobs.presences.there()) == 1
        engine.jobs.presences.leave()
    assert engine.jobs.presences.there() == ()
    with sqlite_database.read() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM agent_presence").scalar() == 1


def test_a_clock_that_was_ahead_does_not_hide_a_stranger(sqlite_database: Database, clock: ManualClock) -> None:
    used_by(sqlite_database, clock, "ALT")
    clock.advance(timedelta(days=-2))
    engine = Engine(sqlite_database, clock, "NEU")
    scheduler_of(engine).look()
    assert [one.workstation for one in engine.jobs.presences.strangers()] == ["ALT"]


def test_a_row_that_only_proves_that_the_store_can_be_written_is_nobody(clocked_database: Database, clock: ManualClock) -> None:
    presences = Engine(clocked_database, clock).jobs.presences
    presences.tell(timedelta(0))
    assert len(presences.known()) == 1
    with clocked_database.begin() as connection:  # as it stands for a moment
        connection.execute(update(agent_presence).values(owner=f"{_PROOF}1", scheduling=0))
    assert presences.known() == ()
