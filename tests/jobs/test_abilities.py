"""A workstation claims only what it can do; what nobody can do is told once, and done by the first that becomes able."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from tests.jobs.engine import ZURICH, Engine, daily, done, job
from tray_agent.clock import ManualClock
from tray_agent.errors import UnavailableError
from tray_agent.i18n import _, set_language
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.abilities import AgentKind, Lack, LackKind, Lacks, Report, Turn, read_report, stored_report, whose_turn
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.jobs.errors import JobUnableError
from tray_agent.jobs.owed import Trouble
from tray_agent.protocol.model import ActivityFilter, RunFilter
from tray_agent.protocol.sentences import not_able_sentence
from tray_agent.store.database import Database

SEND, PREPARE = JobKey.SEND_MESSAGES, JobKey.PREPARE_REMINDERS
NO_PASSWORD = Lack(LackKind.PASSWORD, "das SMS-Passwort fehlt")
ONE_PASSWORD = Lack(LackKind.PASSWORD, "das SMS-Passwort von M2 fehlt", tried_anyway=True)
HALF_MINUTE = timedelta(seconds=30)


def local(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 23, hour, minute, tzinfo=ZURICH)


@pytest.mark.parametrize(
    ("own", "others", "turn"),
    [
        ([], [], Turn.OURS),
        ([], [[]], Turn.OURS),
        ([NO_PASSWORD], [[]], Turn.OTHERS),
        ([NO_PASSWORD], [], Turn.NOBODYS),
        ([NO_PASSWORD], [[NO_PASSWORD]], Turn.NOBODYS),
        ([NO_PASSWORD], [[ONE_PASSWORD]], Turn.OTHERS),
        ([NO_PASSWORD], [[NO_PASSWORD], [ONE_PASSWORD]], Turn.OTHERS),
        ([ONE_PASSWORD], [], Turn.OURS),
        ([ONE_PASSWORD], [[NO_PASSWORD]], Turn.OURS),
        ([ONE_PASSWORD], [[ONE_PASSWORD]], Turn.OURS),
        ([ONE_PASSWORD], [[]], Turn.OTHERS),
        ([ONE_PASSWORD, NO_PASSWORD], [[ONE_PASSWORD]], Turn.OTHERS),
        ([ONE_PASSWORD, NO_PASSWORD], [], Turn.NOBODYS),
    ],
)
def test_whose_turn_it_is(own: Lacks, others: list[Lacks], turn: Turn) -> None:
    assert whose_turn(own, others) is turn


def test_a_report_comes_back_as_it_was_told_and_in_the_readers_language() -> None:
    missing = _("Kein Mailserver eingerichtet; E-Mails werden nicht gesendet.")
    report = Report("anna", AgentKind.SERVICE, {SEND: [Lack(LackKind.PASSWORD, missing, tried_anyway=True)]}, {"mail": False}, "2.68.003")
    stored = stored_report(report)
    assert read_report(stored) == report
    set_language("fr")
    found = read_report(stored)
    assert found is not None
    assert found.lacks[SEND][0].sentence == _("Kein Mailserver eingerichtet; E-Mails werden nicht gesendet.") != missing


@pytest.mark.parametrize("stored", [None, "", "{", "[]", "{}", '{"user":"a","kind":"robot","lacks":{},"secrets":{},"software":""}'])
def test_a_report_of_another_program_tells_nothing(stored: str | None) -> None:
    assert read_report(stored) is None


@pytest.fixture
def able(clocked_database: Database, clock: ManualClock) -> Engine:
    able = Engine(clocked_database, clock, "PC1", [job(SEND)])
    able.plan(SEND, daily(time(10, 10)))
    return able


@pytest.fixture
def unable(able: Engine, clock: ManualClock) -> Engine:
    return Engine(able.database, clock, "PC2", [job(SEND)], lacks={SEND: [NO_PASSWORD]})


def live(clock: ManualClock, until: datetime, *engines: Engine) -> None:
    while clock.now() < until:
        clock.advance(HALF_MINUTE)
        for engine in engines:
            engine.beat()
            engine.settle()


def ran(engine: Engine) -> list[tuple[str, str]]:
    return [(run.workstation, run.state.value) for run in reversed(engine.jobs.history.page(RunFilter(folded=True), size=50).rows)]


def rows_told(engine: Engine) -> list[str]:
    return [row.reason for row in engine.jobs.log.page(ActivityFilter(), size=50).rows]


def test_who_lacks_something_leaves_the_run_to_who_does_not(able: Engine, unable: Engine, clock: ManualClock) -> None:
    live(clock, local(10, 9), unable, able)
    live(clock, local(10, 13), unable)
    assert ran(unable) == []
    live(clock, local(10, 14), unable, able)
    assert ran(unable) == [("PC1", "succeeded")]
    assert rows_told(unable) == []


def test_what_nobody_can_do_is_told_once_with_workstation_and_lack_and_done_by_who_becomes_able(
    able: Engine, unable: Engine, clock: ManualClock
) -> None:
    able.lacks = {SEND: [Lack(LackKind.CHANNEL, "nichts ist eingerichtet")]}
    live(clock, local(10, 11), unable, able)
    assert ran(able) == []
    live(clock, local(10, 30), unable, able)
    (run,) = able.jobs.history.page(RunFilter(folded=True), size=50).rows
    assert (run.state.value, run.reason) == ("skipped", "not_able")
    assert "PC2: das SMS-Passwort fehlt" in run.sentence
    assert "PC1: nichts ist eingerichtet" in run.sentence
    assert rows_told(able) == ["not_able"]
    owed = able.jobs.owed()[SEND]
    assert owed.trouble is Trouble.TOLD
    assert owed.since < local(10, 15)
    unable.lacks = {}
    live(clock, local(10, 31), unable, able)
    assert ran(able)[-1] == ("PC2", "succeeded")
    assert rows_told(able) == ["good_again", "not_able"]
    assert able.jobs.owed() == {}


def test_workstations_that_lack_the_same_are_named_together() -> None:
    said = not_able_sentence("Mitteilungen senden", {"A": ["x fehlt", "y fehlt"], "B": ["x fehlt"], "C": ["x fehlt", "y fehlt"]})
    assert said.endswith("weil kein Arbeitsplatz es kann. A, C: x fehlt, y fehlt; B: x fehlt.")


def test_a_workstation_that_vanished_counts_as_able_only_as_long_as_it_counts_as_there(
    able: Engine, unable: Engine, clock: ManualClock
) -> None:
    live(clock, local(10, 9), able, unable)  # then somebody pulls the plug of the only one that can
    live(clock, local(10, 13), unable)
    assert ran(unable) == []
    live(clock, local(10, 20), unable)
    assert [state for _pc, state in ran(unable)] == ["skipped"]
    assert rows_told(unable) == ["not_able"]


def test_a_run_that_fails_for_what_its_workstation_lacks_goes_on_where_it_can(clocked_database: Database, clock: ManualClock) -> None:
    def work(_context: JobContext) -> JobResult:
        weak.lacks = {SEND: [NO_PASSWORD]}
        raise UnavailableError("Treiber fehlt", "Hier nicht.")

    weak = Engine(clocked_database, clock, "PC2", [job(SEND, work)])
    weak.plan(SEND, daily(time(10, 10)))
    able = Engine(clocked_database, clock, "PC1", [job(SEND, done)])
    live(clock, local(10, 9), weak, able)
    live(clock, local(10, 12), weak)
    live(clock, local(10, 13), weak, able)
    assert ran(able) == [("PC1", "succeeded")]
    (run,) = able.jobs.history.page(RunFilter(folded=True), size=50).rows
    assert run.attempt == 1
    assert "resumed" in rows_told(able)


def test_a_run_that_fails_where_nobody_is_better_fails_as_ever(clocked_database: Database, clock: ManualClock) -> None:
    def work(_context: JobContext) -> JobResult:
        raise UnavailableError("Treiber fehlt", "Nirgends.")

    tried = Lack(LackKind.PRACTICE, "die Daten der Praxis sind nicht lesbar", tried_anyway=True)
    engines = [Engine(clocked_database, clock, name, [job(SEND, work)], lacks={SEND: [tried]}) for name in ("PC1", "PC2")]
    engines[0].plan(SEND, daily(time(10, 10)))
    live(clock, local(10, 11), *engines)
    assert [state for _pc, state in ran(engines[0])] == ["failed"]


def test_a_vanished_run_that_nobody_here_can_go_on_with_is_owed(able: Engine, unable: Engine, clock: ManualClock) -> None:
    clock.set(local(10, 10))
    able.settle(run=False)  # it is claimed, and its computer is switched off
    live(clock, local(10, 20), unable)
    assert [state for _pc, state in ran(unable)] == ["died"]
    assert rows_told(unable) == ["not_able", "died"]
    able.beat()
    able.settle()
    assert ran(able)[-1] == ("PC1", "succeeded")


def test_by_hand_it_says_what_is_missing_here(unable: Engine) -> None:
    with pytest.raises(JobUnableError) as raised:
        unable.jobs.run_now(SEND)
    assert "das SMS-Passwort fehlt" in str(raised.value)
    unable.lacks = {SEND: [ONE_PASSWORD]}
    assert unable.jobs.run_now(SEND).state.value == "succeeded"
