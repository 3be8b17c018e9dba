"""The engine behind the tray on a real store: what it says of runs, pauses and concerns is true, also after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from tests.jobs.engine import as_another_file
from tests.support.refusing import Refusing
from tray_agent.abilities import Abilities
from tray_agent.agent import Agent
from tray_agent.clock import Clock, ManualClock, SystemClock
from tray_agent.config.machine import Machine, StoreSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.config.settings import BIRTHDAYS_ON, DOWNLOAD_ACTIVE, REMINDERS_ON
from tray_agent.demo.practice_tables import create_practice
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.abilities import Lack, LackKind, Lacks
from tray_agent.jobs.claims import Claim
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.jobs.model import JobChange, PauseScope
from tray_agent.jobs.owed import Rest
from tray_agent.jobs.presence import Presences
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.outbox.entries import Draft, insert_drafts
from tray_agent.messages.outbox.keys import reminder_key
from tray_agent.protocol.model import RunState
from tray_agent.schedules.schedule import Schedule
from tray_agent.store.database import Database
from tray_agent.store.schema_version import ProgramOutdatedError
from tray_agent.store.tables import message
from tray_agent.tray.engine import AgentEngine, Check
from tray_agent.tray.model import AgentFacts, DialogName, Idle, Look, PauseLength, tray_state
from tray_agent.tray.notices import lasting_trouble, outdated

ZONE = ZoneInfo("Europe/Zurich")


class Practice:
    """A practice's store, in a folder that has its tables already, and clock; programs on it come and go."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.clock = clock
        self.lacks: dict[JobKey, Lacks] = {}
        machine = Machine(store=StoreSection(url=f"sqlite:///{(folder / 'vitoclient.db').as_posix()}"))
        self.agent = Agent(machine, secrets=MemorySecrets(), clock=clock, workstation="EMPFANG1")
        self.agent.store._server_clock = clock  # the server's clock is the test's

    def engine(self) -> AgentEngine:
        """Returns the engine of a program that has just started."""
        return AgentEngine(self.agent)

    def facts(self) -> AgentFacts:
        return self.engine().facts()

    def plan(self, job: JobKey, at: time) -> None:
        """Enables a job every day at a time."""
        known = next(one for one in self.agent.jobs.overview() if one.key is job)
        schedule: Schedule = replace(known.schedule, enabled=True, start_time=at, start_date=self.clock.now().date())
        self.agent.jobs.save([JobChange(job, schedule, known.version)], "test")

    def switch_on(self) -> None:
        self.agent.settings.save({DOWNLOAD_ACTIVE: True, REMINDERS_ON: True}, changed_by="test")

    def move_to(self, moment: datetime) -> None:
        assert isinstance(self.clock, ManualClock)
        self.clock.advance(moment - self.clock.now())


@pytest.fixture
def practice(sqlite_database: Database, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Practice]:
    practice = Practice(tmp_path, clock)  # what a bare machine lacks is no concern of these tests
    monkeypatch.setattr(Abilities, "lacks", lambda _abilities, job: practice.lacks.get(job, ()))
    yield practice
    practice.agent.close()


def test_who_enabled_nothing_is_told_so(practice: Practice) -> None:
    facts = practice.facts()
    assert (facts.next_run, facts.idle) == (None, Idle.NONE_ENABLED)


def test_enabled_job_whose_switch_is_off_is_not_called_disabled(practice: Practice) -> None:
    practice.plan(JobKey.DOWNLOAD, time(12, 30))
    assert (practice.facts().next_run, practice.facts().idle) == (None, Idle.SWITCHED_OFF)
    practice.switch_on()
    following = practice.facts().next_run
    assert following is not None
    assert (following.title, following.at) == ("Download-Service", datetime(2026, 11, 23, 12, 30, tzinfo=ZONE))


@pytest.mark.parametrize(
    ("scope", "expected"),
    [(PauseScope.SENDING, "Download-Service"), (PauseScope.EVERYTHING, None)],
)
def test_next_run_is_one_that_the_pause_does_not_hold_back(practice: Practice, scope: PauseScope, expected: str | None) -> None:
    practice.switch_on()
    practice.plan(JobKey.SEND_MESSAGES, time(11, 0))
    practice.plan(JobKey.DOWNLOAD, time(12, 0))
    practice.engine().pause(scope, PauseLength.UNTIL_RESUMED)
    facts = practice.facts()
    assert (facts.next_run.title if facts.next_run else None) == expected
    assert facts.idle is Idle.NOTHING_LEFT or facts.next_run is not None


def test_run_after_the_end_of_the_pause_is_told(practice: Practice) -> None:
    practice.switch_on()
    practice.plan(JobKey.SEND_MESSAGES, time(11, 30))
    practice.engine().pause(PauseScope.EVERYTHING, PauseLength.HOUR)
    following = practice.facts().next_run
    assert following is not None
    assert following.at == datetime(2026, 11, 23, 11, 30, tzinfo=ZONE)


@pytest.mark.parametrize("scope", list(PauseScope))
@pytest.mark.parametrize(
    ("begun", "length", "ends"),
    [
        (datetime(2026, 11, 23, 9, 0, tzinfo=UTC), PauseLength.HOUR, datetime(2026, 11, 23, 11, 0, tzinfo=ZONE)),
        (datetime(2026, 11, 23, 22, 45, tzinfo=UTC), PauseLength.HOUR, datetime(2026, 11, 24, 0, 45, tzinfo=ZONE)),
        (datetime(2026, 11, 23, 22, 45, tzinfo=UTC), PauseLength.TODAY, datetime(2026, 11, 24, 0, 0, tzinfo=ZONE)),
        (datetime(2027, 3, 28, 0, 30, tzinfo=UTC), PauseLength.HOUR, datetime(2027, 3, 28, 3, 30, tzinfo=ZONE)),
        (datetime(2027, 3, 28, 0, 30, tzinfo=UTC), PauseLength.TODAY, datetime(2027, 3, 29, 0, 0, tzinfo=ZONE)),
        (datetime(2027, 10, 31, 0, 30, tzinfo=UTC), PauseLength.HOUR, datetime(2027, 10, 31, 2, 30, fold=1, tzinfo=ZONE)),
        (datetime(2027, 10, 31, 1, 30, tzinfo=UTC), PauseLength.TODAY, datetime(2027, 11, 1, 0, 0, tzinfo=ZONE)),
    ],
)
def test_pause_outlives_a_restart_and_ends_at_its_time(
    practice: Practice, scope: PauseScope, begun: datetime, length: PauseLength, ends: datetime
) -> None:
    practice.move_to(begun)
    practice.engine().pause(scope, length)
    facts = practice.facts()  # of a program that was started anew
    assert facts.pause is not None
    assert facts.pause.scope is scope
    assert facts.pause.until is not None
    assert facts.pause.until.astimezone(UTC) == ends.astimezone(UTC)
    assert tray_state(facts).look is Look.PAUSED
    practice.move_to(ends.astimezone(UTC) - timedelta(seconds=1))
    assert practice.facts().pause is not None
    practice.move_to(ends.astimezone(UTC))
    assert practice.facts().pause is None


def test_pause_until_resumed_ends_only_then_and_a_longer_one_takes_its_place(practice: Practice) -> None:
    engine = practice.engine()
    engine.pause(PauseScope.SENDING, PauseLength.HOUR)
    engine.pause(PauseScope.EVERYTHING, PauseLength.UNTIL_RESUMED)
    practice.move_to(practice.clock.now() + timedelta(days=40))
    pause = practice.facts().pause
    assert pause is not None
    assert (pause.scope, pause.until) == (PauseScope.EVERYTHING, None)
    practice.engine().resume()
    assert practice.facts().pause is None


def test_practice_data_that_nobody_needs_are_no_concern(practice: Practice) -> None:
    assert tray_state(practice.facts()).look is Look.OK  # a practice may use the Download-Service alone
    practice.agent.settings.save({BIRTHDAYS_ON: True}, changed_by="test")
    assert [concern.opens for concern in practice.facts().concerns] == [DialogName.SETUP]


def test_store_of_another_computer_is_asked_about_before_anything_is_sent(practice: Practice) -> None:
    agent, other = practice.agent, Presences(practice.agent.store, "x", "ALT", practice.clock)
    other.tell(timedelta(0))
    as_another_file(practice.agent.store)
    assert practice.facts().concerns == (), "who sends nothing is not asked"
    agent.settings.save({REMINDERS_ON: True}, changed_by="test")
    concern = practice.facts().concerns[0]
    assert (concern.sentence, concern.opens) == ("Datenbank eines anderen Computers.", DialogName.INFO)
    run = agent.jobs.run_now(JobKey.SEND_MESSAGES)
    assert (run.state, run.reason) == (RunState.FAILED, "store_copied")
    agent.jobs.adopt_store()
    assert "Datenbank eines anderen Computers." not in [concern.sentence for concern in practice.facts().concerns]
    assert agent.jobs.run_now(JobKey.SEND_MESSAGES).reason != "store_copied"


def test_what_is_not_checked_now_is_said_with_the_switch(practice: Practice) -> None:
    check = practice.engine().check_now()
    assert check.runs == ()
    assert len(check.refused) == 2
    assert any("DownloadService" in sentence for sentence in check.refused)


class Gateway:
    """Is away as long as a test says; with it the patients' reminders."""

    def __init__(self) -> None:
        self.rest: Rest | None = Rest("gateway", number=3)

    def __call__(self, context: JobContext) -> JobResult:
        return JobResult(sentence="Der Gateway antwortet nicht." if self.rest else "3 gesendet.", rest=self.rest)


@pytest.fixture
def gateway(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    gateway = Gateway()
    monkeypatch.setattr(Agent, "job_works", property(lambda _agent: dict.fromkeys(JobKey, gateway)))
    monkeypatch.setattr(Agent, "is_switched_on", lambda _agent, _key: True)
    practice.plan(JobKey.SEND_MESSAGES, time(10, 10))
    practice.agent.jobs.runner._beating = False
    return gateway


def live(practice: Practice, until: time) -> None:
    """Lets the clock go on from minute to minute."""
    claims: list[Claim] = []
    while practice.clock.now().astimezone(ZONE).time() < until:
        practice.move_to(practice.clock.now() + timedelta(minutes=1))
        practice.agent.jobs.settlement.settle(claims.append)
        while claims:
            practice.agent.jobs.runner.run(claims.pop())


def test_trouble_is_a_concern_when_it_has_lasted_and_is_told_when_it_is_over(practice: Practice, gateway: Gateway) -> None:
    engine = practice.engine()
    live(practice, time(10, 13))
    facts = engine.facts()
    assert (facts.lasting, facts.waiting) == ((), "Mitteilungen senden: wartet auf Versuch 3 um 10:16.")
    assert facts.waiting in tray_state(facts).lines
    live(practice, time(10, 30))
    facts = engine.facts()
    told = "Mitteilungen senden: seit 10:10 nicht möglich, nächster Versuch 10:39."
    assert (facts.concerns[0].sentence, facts.concerns[0].opens, facts.concerns[0].detail) == (
        told, DialogName.JOBS, "Der Gateway antwortet nicht.",
    )  # fmt: skip
    assert (facts.waiting, engine.facts().good_again) == ("", ())
    assert [one.sentence for one in engine.notice_facts().lasting] == [told]
    gateway.rest = None
    live(practice, time(10, 40))
    assert engine.facts().good_again == ("Mitteilungen senden: geht wieder. Seit 23.11.2026 10:10 war es nicht möglich gewesen.",)
    assert (engine.facts().good_again, engine.facts().lasting) == ((), ())


def test_what_nobody_can_do_is_a_concern_with_its_reason_and_is_over_once(practice: Practice, gateway: Gateway) -> None:
    gateway.rest = None
    lack = Lack(LackKind.PASSWORD, "das SMS-Passwort von M1 fehlt")
    practice.lacks[JobKey.SEND_MESSAGES] = (lack,)
    engine = practice.engine()
    live(practice, time(10, 15))
    sentence = "«Mitteilungen senden» ist noch nicht ausgeführt, weil kein Arbeitsplatz es kann. EMPFANG1: das SMS-Passwort von M1 fehlt."
    (lasting,) = engine.facts().lasting
    assert lasting.why == sentence
    assert next(one.detail for one in engine.facts().concerns if one.opens is DialogName.JOBS) == sentence
    (notice,) = lasting_trouble(engine.notice_facts().lasting)
    assert notice.sentences == (f"{lasting.sentence} {sentence}",)
    practice.lacks.clear()
    live(practice, time(10, 17))
    after = engine.facts()
    assert (after.lasting, len(after.good_again)) == ((), 1)
    assert engine.facts().good_again == ()


def test_a_program_older_than_the_store_says_so_and_asks_nothing_else(practice: Practice) -> None:
    engine = practice.engine()
    engine.facts()
    with practice.agent.store.begin() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version_num = '9999'")
    facts = engine.facts()
    assert isinstance(facts.database_fault, ProgramOutdatedError)
    state = tray_state(facts)
    assert (state.look, state.word) == (Look.DATABASE_AWAY, "Datenbank neuer als das Programm")
    assert "aktualisieren" in state.details[1]
    (notice,) = outdated(facts.database_fault)
    assert (notice.title, notice.opens) == ("Datenbank neuer als das Programm", DialogName.INFO)
    with pytest.raises(ProgramOutdatedError):
        engine.notice_facts()


def test_patients_at_risk_are_a_concern_at_once(practice: Practice, gateway: Gateway) -> None:
    gateway.rest = Rest("gateway", number=3, at_risk=1)
    live(practice, time(10, 11))
    assert practice.facts().concerns[0].sentence == "Mitteilungen senden: seit 10:10 nicht möglich, nächster Versuch 10:12."


def test_trouble_that_a_person_ended_is_not_called_over(practice: Practice, gateway: Gateway) -> None:
    engine = practice.engine()
    live(practice, time(10, 30))
    engine.facts()
    practice.agent.jobs.abandon(JobKey.SEND_MESSAGES, "Anna")
    assert (engine.facts().good_again, engine.facts().lasting) == ((), ())


def test_what_waits_is_tried_when_a_person_asks_for_a_check(practice: Practice, gateway: Gateway) -> None:
    live(practice, time(10, 30))
    practice.engine().check_now()
    assert practice.agent.jobs.owed()[JobKey.SEND_MESSAGES].next_at == practice.clock.now()


@pytest.mark.parametrize(("changed", "waits"), [(False, True), (True, False)])
def test_a_refused_password_is_tried_again_at_the_end_of_the_program_that_saved_a_new_one(
    practice: Practice, gateway: Gateway, changed: bool, waits: bool
) -> None:
    gateway.rest = Rest("account_refused", number=3, after_change=True)
    live(practice, time(10, 13))
    practice.engine().stop(changed=changed)
    assert (practice.agent.jobs.owed()[JobKey.SEND_MESSAGES].next_at is None) is waits


@pytest.fixture
def engine(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AgentEngine]:
    """Gives a started engine whose jobs do nothing but say so."""

    def work(context: JobContext) -> JobResult:
        return JobResult(sentence=f"{context.job.value} fertig.")

    monkeypatch.setattr(Agent, "job_works", property(lambda _agent: dict.fromkeys(JobKey, work)))
    monkeypatch.setattr(Agent, "is_switched_on", lambda _agent, _key: True)
    monkeypatch.setattr(Abilities, "lacks", lambda _abilities, _job: ())
    practice = Practice(tmp_path, SystemClock())  # its threads wait, and a clock of the tests would run on meanwhile
    engine = practice.engine()
    engine.start(lambda: None)
    yield engine
    engine.stop()
    practice.agent.close()


def test_check_says_what_its_runs_came_to(engine: AgentEngine) -> None:
    check = engine.check_now()
    assert (len(check.runs), check.refused) == (2, ())
    assert engine.results_of(check) == ("download fertig.", "update_status fertig.")


def test_check_is_not_waited_for_after_the_end(engine: AgentEngine) -> None:
    engine.stop()
    assert engine.results_of(Check((4711,))) == ()


def test_store_that_takes_nothing_is_told_with_its_cause_until_it_does(practice: Practice) -> None:
    engine = practice.engine()
    scheduler = practice.agent.scheduler
    scheduler.look()
    assert tray_state(engine.facts()).look is Look.OK
    refusing = Refusing(practice.agent.store, Refusing.ONLY_READABLE)
    practice.move_to(practice.clock.now() + timedelta(minutes=1))
    scheduler.look()
    state = tray_state(engine.facts())
    assert (state.look, state.word) == (Look.DATABASE_AWAY, "Datenbank nur lesbar")
    assert state.lines[1] == "Datenbank nur lesbar: nichts wird gesendet."
    assert state.details[0].startswith("Die Datenbank ist nur lesbar; sie nimmt keine Änderungen an.")
    assert "von selbst wieder" in state.details[1]
    refusing.pragma = ""
    scheduler.look()
    assert tray_state(engine.facts()).look is Look.OK


def test_database_that_is_away_is_a_fact(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    from tray_agent.errors import DatabaseUnavailableError

    def away(_database: Database) -> None:
        raise DatabaseUnavailableError("Datenbank nicht erreichbar", "Sie antwortet nicht.")

    practice.facts()
    monkeypatch.setattr(Database, "_connect", away)
    assert tray_state(practice.facts()).look is Look.DATABASE_AWAY
    monkeypatch.undo()
    assert not practice.facts().database_away


def put_reminder(practice: Practice, starts_at: datetime, number: int = 1) -> None:
    """Prepares a reminder of an appointment that the practice's data do not know any more."""
    draft = Draft(
        kind=MessageKind.REMINDER, unique_key=reminder_key(f"A{number}", starts_at.replace(tzinfo=None)), patient_id=f"P{number}",
        patient_name="Muster Anna", next_at=practice.clock.now(), expires_at=starts_at, channel=Channel.SMS, mandant_id="M1",
        appointment_id=f"A{number}", appointment_at=starts_at,
    )  # fmt: skip
    with practice.agent.store.begin() as connection:
        insert_drafts(connection, [draft], practice.clock.now())


def test_a_reminder_that_leaves_too_late_is_a_concern_now(practice: Practice) -> None:
    create_practice(practice.agent.store)
    practice.switch_on()
    practice.plan(JobKey.SEND_MESSAGES, time(9, 30))  # for the first time: tomorrow
    put_reminder(practice, datetime(2026, 11, 24, 8, 30, tzinfo=ZONE))
    assert [concern.sentence for concern in practice.facts().concerns] == ["1 Patient anders zu erinnern."]
    assert tray_state(practice.facts()).look is Look.ATTENTION
    assert practice.engine().notice_facts().failed_reminders == ("1",)
    practice.plan(JobKey.SEND_MESSAGES, time(10, 10))
    assert practice.facts().concerns == ()
    assert practice.engine().notice_facts().failed_reminders == ()


def test_a_doubt_that_the_program_settles_asks_nobody_to_decide(practice: Practice) -> None:
    create_practice(practice.agent.store)
    practice.switch_on()
    practice.plan(JobKey.SEND_MESSAGES, time(10, 10))
    put_reminder(practice, datetime(2026, 11, 25, 8, 30, tzinfo=ZONE))
    with practice.agent.store.begin() as connection:
        connection.execute(update(message).values(state="in_doubt", sending_at=practice.clock.now(), reason="in_doubt"))
    assert practice.facts().concerns == ()
    with practice.agent.store.begin() as connection:
        connection.execute(update(message).values(reason="other_account"))
    assert [concern.sentence for concern in practice.facts().concerns] == ["1 Mitteilung in der Schwebe: bitte entscheiden."]
