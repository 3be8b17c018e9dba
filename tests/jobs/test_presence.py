"""Who is there, and who was: an embedded store that comes from another computer asks before anything is sent from it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.jobs.engine import Engine
from tests.jobs.test_scheduler import scheduler_of
from tray_agent.clock import ManualClock
from tray_agent.jobs.errors import StoreCopiedError
from tray_agent.store.database import Database


def used_by(database: Database, clock: ManualClock, workstation: str, *, killed: bool = False) -> None:
    """Lets another computer's agent use a store for a moment; it quits, or is killed."""
    presences = Engine(database, clock, workstation).jobs.presences
    presences.tell(timedelta(0))
    if not killed:
        presences.leave()


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


def test_the_workstations_of_a_server_are_no_strangers(clocked_database: Database, clock: ManualClock) -> None:
    used_by(clocked_database, clock, "PC1", killed=True)
    strangers = Engine(clocked_database, clock, "PC2").jobs.presences.strangers()
    assert len(strangers) == (clocked_database.dialect == "sqlite")


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
