"""A store in a file though the practice's data lie on a server: nothing leaves before a person has said that it is the only one."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

from tests.cli.test_frame import said
from tests.messages.guards.test_old_store import answer, questions
from tests.messages.world import World
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.machine import Machine, PracticeSection, StoreSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.doctor import CheckVerdict, Subject, examine
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.model import JobChange
from tray_agent.messages.guards.questions import Answer, QuestionKind, ask
from tray_agent.messages.outbox.model import OutboxReason
from tray_agent.schedules.codes import Frequency
from tray_agent.schedules.order_check import OrderFindingKind
from tray_agent.schedules.schedule import Schedule
from tray_agent.store.private import PrivateStore, private_store

SERVER = "mssql+pyodbc://SRV1/vitomed?trusted_connection=yes"
HOME = Path("/home/anna")
PRIVATE = PrivateStore("empfang", "Die Datenbank ist eine Datei.")


ELSEWHERE = pytest.mark.skipif(sys.platform == "win32", reason="a path of Linux")
WINDOWS = pytest.mark.skipif(sys.platform != "win32", reason="a path of Windows")


@pytest.mark.parametrize(
    ("store", "practice", "told"),
    [
        pytest.param("sqlite:////srv/vitoclient.db", SERVER, "Datei /srv/vitoclient.db", marks=ELSEWHERE),
        pytest.param("sqlite:////srv/vitoclient.db", "postgresql+psycopg://SRV1/praxis", "Datei /srv/vitoclient.db", marks=ELSEWHERE),
        pytest.param("sqlite:///C:/data/vitoclient.db", SERVER, "vitoclient.db", marks=WINDOWS),
        ("sqlite:///vitoclient.db", SERVER, "Der Pfad ist zudem unvollständig"),
        pytest.param("sqlite:////home/anna/vitoclient.db", SERVER, "im Profil des angemeldeten Benutzers", marks=ELSEWHERE),
        ("sqlite:////srv/vitoclient.db", "sqlite:////srv/practice.db", None),
        ("sqlite:////srv/vitoclient.db", "sqlite:////srv/vitoclient.db", None),
        (SERVER, SERVER, None),
        ("postgresql+psycopg://SRV1/agent", SERVER, None),
        ("what is this", SERVER, None),
    ],
)
def test_a_file_beside_data_on_a_server_may_be_one_of_several(store: str, practice: str, told: str | None) -> None:
    found = private_store(store, practice, "EMPFANG", HOME)
    assert (found is None) is (told is None)
    if found and told:
        assert told in found.sentence
        assert found.subject == "empfang"


def test_nothing_is_sent_before_a_person_has_decided_and_preparing_goes_on(every_world: World) -> None:
    every_world.add_patients(3)
    every_world.book_appointment()
    every_world.private = PRIVATE
    every_world.prepare()
    (asked,) = questions(every_world)
    assert (asked.kind, asked.subject, asked.sentence) == (QuestionKind.PRIVATE, "empfang", PRIVATE.sentence)
    result = every_world.send()
    assert (result.rest.reason if result.rest else None) == OutboxReason.QUESTION
    assert set(every_world.states()) == {"prepared"}
    assert len(questions(every_world)) == 1, "it is asked once"
    answer(every_world)
    every_world.send()
    assert set(every_world.states()) == {"submitted"}
    assert questions(every_world) == []
    every_world.private = replace(PRIVATE, subject="labor")  # what one workstation's person said does not hold for a copy elsewhere
    every_world.send()
    assert len(questions(every_world)) == 1
    every_world.private = None  # the data of the practice are here, or the store was moved to the server
    every_world.send()
    assert questions(every_world) == []


def test_doctor_and_the_plan_say_so_until_it_is_decided(tmp_path: Path, clock: ManualClock) -> None:
    url = f"sqlite:///{(tmp_path / 'vitoclient.db').as_posix()}"
    machine = Machine(store=StoreSection(url=url), practice=PracticeSection(url=SERVER))
    with Agent(machine, secrets=MemorySecrets(), clock=clock, workstation="EMPFANG") as agent:
        assert agent.store
        assert [one.verdict for one in examine(agent, Subject.STORE)] == [CheckVerdict.GOOD, CheckVerdict.FAULT]
        assert OrderFindingKind.PRIVATE_STORE not in [finding.kind for finding in agent.jobs.check()], "nothing is enabled"
        known = agent.jobs.plans.load().jobs[JobKey.SEND_MESSAGES]
        enabled = replace(Schedule(Frequency.DAILY, 1, date(2026, 1, 1), time(10)), enabled=True)
        change = JobChange(JobKey.SEND_MESSAGES, enabled, known.version)
        (finding,) = [one for one in agent.jobs.check([change]) if one.kind is OrderFindingKind.PRIVATE_STORE]
        assert "Die Praxisdaten liegen auf einem Server" in finding.sentence
        assert "«Fragen»" in finding.sentence
        private = agent.private_store
        assert private is not None
        with agent.store.begin() as connection:
            asked = ask(connection, QuestionKind.PRIVATE, private.subject, private.sentence, {}, clock.now())
        agent.questions.answer(asked.id, Answer.GO_ON, "anna@EMPFANG")
        told = list(examine(agent, Subject.STORE))
        assert [one.verdict for one in told] == [CheckVerdict.GOOD, CheckVerdict.NOTICE]
        assert "anna@EMPFANG hat entschieden" in told[1].sentence
        assert OrderFindingKind.PRIVATE_STORE not in [finding.kind for finding in agent.jobs.check([change])]


def test_enabling_by_command_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITOCLIENT_STORE__URL", f"sqlite:///{(tmp_path / 'vitoclient.db').as_posix()}")
    monkeypatch.setenv("VITOCLIENT_PRACTICE__URL", "postgresql+psycopg://127.0.0.1:9/praxis")
    code, out, err = said(capsys, "jobs", "enable", "send_messages")
    assert code == 0
    assert "Die Praxisdaten liegen auf einem Server" in out + err
