"""Questions: asked once, brought up to date while nobody answered, answered once, taken back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tests.messages.world import World
from tray_agent.agent import Agent
from tray_agent.config.machine import Machine, StoreSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.job_kinds import JobKey
from tray_agent.messages.guards.questions import (
    _CONSEQUENCES,
    ANSWERS,
    Answer,
    Question,
    QuestionAnsweredError,
    QuestionKind,
    QuestionMissingError,
    QuestionService,
    ask,
    asked_activity,
    consequence_of,
    take_back,
)
from tray_agent.messages.outbox.model import OutboxReason
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.protocol.model import Activity, Level
from tray_agent.store.database import Database
from tray_agent.store.state import read_state


class Desk:
    """A person before the questions of a practice."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rows: list[Activity] = []
        self.heard: list[Question] = []
        self.service = QuestionService(world.database, lambda rows, _connection: self.rows.extend(rows), self.heard.append)

    def ask(self, kind: QuestionKind = QuestionKind.VIEW, subject: str = "vitoclient_patients", sentence: str = "Leer?") -> Question:
        def work(connection: Connection) -> Question:
            return ask(connection, kind, subject, sentence, {"number": 1}, self.world.database.now(connection))

        return self.world.database.transact(work)

    def generation(self) -> int:
        with self.world.database.read() as connection:
            return read_state(connection).generation


@pytest.fixture
def desk(every_world: World) -> Desk:
    return Desk(every_world)


def test_a_question_is_asked_once_and_says_what_is_so_now(desk: Desk) -> None:
    first = desk.ask()
    again = desk.ask(sentence="Immer noch leer?")
    assert (again.id, again.asked_at, again.sentence) == (first.id, first.asked_at, "Immer noch leer?")
    assert [one.sentence for one in desk.service.open()] == ["Immer noch leer?"]
    assert dict(again.about) == {"number": 1}


def test_an_answer_is_kept_told_and_heard_and_closes_the_question(desk: Desk) -> None:
    asked, before = desk.ask(), desk.generation()
    answered = desk.service.answer(asked.id, Answer.RIGHT, "anna@EMPFANG")
    assert (answered.answer, answered.answered_by) == (Answer.RIGHT, "anna@EMPFANG")
    assert desk.service.open() == []
    assert desk.heard == [answered]
    assert [(row.reason, row.sentence) for row in desk.rows] == [(OutboxReason.QUESTION, "anna@EMPFANG hat entschieden: Stimmt so. Leer?")]
    assert desk.generation() == before + 1
    assert desk.ask(sentence="Anders?").sentence == "Leer?"  # what was answered stays as it was answered


def test_the_second_of_two_is_told_that_it_was_decided(desk: Desk) -> None:
    asked = desk.ask()
    desk.service.answer(asked.id, Answer.RIGHT, "anna@EMPFANG")
    for late in (desk.service.answer, lambda number, answer, _who: desk.service.to_answer(number, answer)):
        with pytest.raises(QuestionAnsweredError, match="anna@EMPFANG hat das schon entschieden"):
            late(asked.id, Answer.RIGHT, "beat@PRAXIS2")
    assert len(desk.heard) == 1


@pytest.mark.parametrize("word", ["cancel", "send", "nothing", ""])
def test_an_answer_to_something_else_is_none(desk: Desk, word: str) -> None:
    asked = desk.ask()
    with pytest.raises(QuestionMissingError):
        desk.service.to_answer(asked.id, word)
    with pytest.raises(QuestionMissingError):
        desk.service.to_answer(asked.id + 1, "right")
    assert len(desk.service.open()) == 1
    assert desk.service.to_answer(asked.id, "right") == (asked, Answer.RIGHT)


def test_what_no_longer_matters_is_taken_back_and_what_was_answered_stays(desk: Desk) -> None:
    desk.service.answer(desk.ask(subject="one").id, Answer.RIGHT, "anna@EMPFANG")
    desk.ask(subject="two")
    desk.ask(subject="three")
    desk.ask(QuestionKind.PLACE, "here")
    desk.world.database.transact(lambda connection: take_back(connection, QuestionKind.VIEW, "two"))
    assert {one.subject for one in desk.service.open()} == {"three", "here"}
    desk.world.database.transact(lambda connection: take_back(connection, QuestionKind.VIEW))
    assert {one.subject for one in desk.service.open()} == {"here"}
    assert desk.ask(subject="one").answer is Answer.RIGHT


def test_every_answer_says_what_happens_then() -> None:
    pairs = {(kind, answer) for kind, answers in ANSWERS.items() for answer in answers}
    assert set(ANSWERS) == set(QuestionKind)
    assert set(_CONSEQUENCES) == pairs
    for kind, answer in pairs:
        assert consequence_of(kind, answer).endswith(".")


def test_the_row_that_asks_names_the_entry_of_the_menu(desk: Desk) -> None:
    from tray_agent.tray.model import AgentFacts, DialogName, OpenDialog, PendingQuestion, tray_state

    row = asked_activity(desk.ask())
    facts = AgentFacts(now=datetime(2026, 11, 23, 12, 0, tzinfo=UTC), questions=(PendingQuestion(1, "?"),))
    shown = [entry for item in tray_state(facts).menu for entry in (item, *item.children)]
    (entry,) = (item.label for item in shown if item.action == OpenDialog(DialogName.QUESTIONS))
    assert (row.level, row.item) == (Level.ERROR, "view")
    assert f"«{entry}»" in row.sentence


class HeardJobs:
    """Stands in for the engine's jobs: notes what is tried again and made due."""

    def __init__(self) -> None:
        self.tried: list[JobKey] = []
        self.due: list[JobKey] = []

    def try_again(self, jobs: Collection[JobKey], *, changed: bool = False) -> None:
        assert changed  # what waits for a person does not wait any more
        self.tried += jobs

    def make_due(self, job: JobKey, reason: str) -> None:
        assert reason == OutboxReason.QUESTION
        self.due.append(job)


PREPARING = [JobKey.PREPARE_REMINDERS, JobKey.PREPARE_BIRTHDAYS]


@pytest.mark.parametrize(("kind", "waits"), [
    (QuestionKind.ABSENT, [*PREPARING, JobKey.SEND_MESSAGES]), (QuestionKind.VIEW, [*PREPARING, JobKey.SEND_MESSAGES]),
    (QuestionKind.VOLUME, [JobKey.SEND_MESSAGES]), (QuestionKind.RESTORED, [JobKey.SEND_MESSAGES]),
    (QuestionKind.PLACE, [JobKey.SEND_MESSAGES]),
])  # fmt: skip
def test_an_answer_lets_what_waited_for_it_be_tried_now(
    sqlite_database: Database, tmp_path: Path, kind: QuestionKind, waits: list[JobKey]
) -> None:
    machine = Machine(store=StoreSection(url=f"sqlite:///{(tmp_path / 'vitoclient.db').as_posix()}"))
    with Agent(machine, secrets=MemorySecrets(), workstation="EMPFANG1") as agent:
        heard = agent.__dict__["jobs"] = HeardJobs()
        with agent.store.begin() as connection:
            asked = ask(connection, kind, "one", "Frage?", {}, agent.store.now(connection))
        agent.questions.answer(asked.id, asked.answers[0], agent.person)
        assert (heard.tried, heard.due) == (waits, waits)
        (row,) = ActivityLog(agent.store, "").page().rows
        assert (row.reason, row.workstation) == (OutboxReason.QUESTION, "EMPFANG1")
