"""What nobody was on for is told once when an agent comes back; what nobody can do reaches every workstation, and its end once."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from tests.jobs.engine import ZURICH, Engine, daily, every, job
from tests.jobs.test_scheduler import scheduler_of, wait_for_runs
from tray_agent.clock import ManualClock
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.abilities import AgentKind, Lack, LackKind, Report, lacks_lines
from tray_agent.jobs.model import PauseScope
from tray_agent.jobs.runner import GOOD_AGAIN
from tray_agent.jobs.settlement import UNATTENDED
from tray_agent.protocol.model import ActivityFilter, Level, RunReason
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.store.database import Database

SENDING, DOWNLOAD = JobKey.SEND_MESSAGES, JobKey.DOWNLOAD


def look(engine: Engine) -> None:
    scheduler = scheduler_of(engine)
    scheduler.look()
    wait_for_runs(scheduler)


def told(engine: Engine, reason: str = UNATTENDED) -> list[str]:
    return [row.sentence for row in engine.jobs.log.page(ActivityFilter(reason=reason)).rows]


def at(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZURICH)


def test_a_time_at_which_nobody_was_on_is_told_once_by_who_comes_first(clocked_database: Database, clock: ManualClock) -> None:
    first, second = (Engine(clocked_database, clock, name, [job(SENDING)]) for name in ("PC1", "PC2"))
    first.plan(SENDING, daily(time(11)))
    look(first)
    first.jobs.presences.leave()
    clock.set(at(13, 5))
    look(second)
    look(first)
    look(second)
    assert told(second) == ["Mitteilungen senden: um 11:00 war kein Arbeitsplatz eingeschaltet; um 13:05 nachgeholt."]
    (row,) = second.jobs.log.page(ActivityFilter(reason=UNATTENDED)).rows
    assert (row.level, row.item) == (Level.WARNING, "Mitteilungen senden")
    assert [entry[1] for entry in second.told(SENDING)] == ["catch_up"]
    clock.set(at(13, 5, day=25))
    look(second)
    assert told(second)[0] == (
        "Mitteilungen senden: Zu 2 geplanten Zeiten, die erste am 24.11.2026 11:00, die letzte um 11:00, war kein Arbeitsplatz "
        "eingeschaltet; um 13:05 nachgeholt."
    )
    assert len(told(second)) == 2


def test_what_waits_says_so_and_who_was_on_is_not_told(clocked_database: Database, clock: ManualClock) -> None:
    engine = Engine(clocked_database, clock, offered=[job(SENDING)], quiet=QuietHours(time(20), time(8)))
    engine.plan(SENDING, daily(time(11)))
    look(engine)
    clock.set(at(21))
    look(engine)
    look(engine)
    assert told(engine) == ["Mitteilungen senden: um 11:00 war kein Arbeitsplatz eingeschaltet; es wird nachgeholt, sobald es möglich ist."]
    clock.set(at(8, 0, day=24))
    look(engine)
    assert len(told(engine)) == 1


def test_a_run_that_was_late_for_another_reason_is_not_told(clocked_database: Database, clock: ManualClock) -> None:
    engine = Engine(clocked_database, clock, offered=[job(DOWNLOAD)])
    engine.plan(DOWNLOAD, every(1))
    for _minute in range(5):
        look(engine)
        clock.advance(timedelta(minutes=1))
    engine.jobs.pause(PauseScope.EVERYTHING, None, "Anna")
    for _minute in range(10):
        clock.advance(timedelta(minutes=1))
        look(engine)
    engine.jobs.resume()
    look(engine)
    assert told(engine) == []


def test_the_last_agent_of_each_workstation_stays_known_for_thirty_days(clocked_database: Database, clock: ManualClock) -> None:
    def on(workstation: str) -> Engine:
        engine = Engine(clocked_database, clock, workstation)
        engine.jobs.presences.tell(timedelta(seconds=90))
        return engine

    on("ALT").jobs.presences.leave()
    clock.advance(timedelta(days=20))
    on("pc2")  # it is killed
    clock.advance(timedelta(hours=1))
    on("PC2").jobs.presences.leave()
    here = on("PC1")
    known = [(one.workstation, one.is_there, one.here) for one in here.jobs.presences.known()]
    assert known == [("ALT", False, False), ("PC1", True, True), ("PC2", False, False)]
    assert here.jobs.presences.known()[0].clock_difference == timedelta(seconds=90)
    clock.advance(timedelta(days=11))
    assert [one.workstation for one in on("PC1").jobs.presences.known()] == ["PC1", "PC2"]


def lacking(engine: Engine, *lacks: Lack) -> None:
    """Lets an engine lack something for sending, and tell it."""
    around = engine.jobs.around
    object.__setattr__(around, "lacks", lambda key: lacks if key is SENDING else ())
    engine.jobs.presences._report = lambda: Report("anna", AgentKind.TRAY, {SENDING: lacks} if lacks else {})
    engine.jobs.presences.tell(timedelta(0))


def test_what_nobody_can_do_is_said_with_each_workstation_and_is_over_once(clocked_database: Database, clock: ManualClock) -> None:
    engines = [Engine(clocked_database, clock, name, [job(SENDING)]) for name in ("PC1", "PC2")]
    for engine, lack in zip(engines, ("das SMS-Passwort von M1 fehlt", "die Daten der Praxis sind nicht lesbar"), strict=True):
        lacking(engine, Lack(LackKind.PASSWORD, lack))
    first, second = engines
    first.plan(SENDING, daily(time(10, 1)))
    for _minute in range(4):
        clock.advance(timedelta(minutes=1))
        for engine in engines:
            engine.settle()
    sentence = (
        "«Mitteilungen senden» ist noch nicht ausgeführt, weil kein Arbeitsplatz es kann. PC1: das SMS-Passwort von M1 fehlt; "
        "PC2: die Daten der Praxis sind nicht lesbar."
    )
    for engine in engines:
        (overview,) = [one for one in engine.jobs.overview() if one.key is SENDING]
        assert overview.why == sentence
        assert told(engine, RunReason.NOT_ABLE) == [sentence]
    lacking(second)
    clock.advance(timedelta(minutes=1))
    for _look in range(3):
        for engine in engines:
            engine.settle()
    assert [one.why for one in first.jobs.overview()] == [""] * 5
    assert len(told(first, GOOD_AGAIN)) == 1
    assert [entry[2] for entry in first.told(SENDING)] == ["skipped", "succeeded"]


def test_lines_of_what_is_lacking_name_the_jobs_of_each_thing() -> None:
    practice, password = Lack(LackKind.PRACTICE, "die Daten fehlen"), Lack(LackKind.PASSWORD, "das Passwort fehlt")
    lacks = {JobKey.PREPARE_REMINDERS: [practice], SENDING: [practice, password], DOWNLOAD: [Lack(LackKind.PORTAL, "kein Portal")]}
    assert lacks_lines(lacks, [JobKey.PREPARE_REMINDERS, SENDING]) == (
        "Terminerinnerungen aufbereiten, Mitteilungen senden: die Daten fehlen",
        "Mitteilungen senden: das Passwort fehlt",
    )
    assert len(lacks_lines(lacks)) == 3
