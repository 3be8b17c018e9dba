"""``vitoclient messages questions|answer``, on a terminal with somebody before it and without."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest

from tests.cli.test_frame import said
from tray_agent.messages.guards.questions import QuestionKind, ask, questions_of
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade

SENTENCE = "1234 Terminerinnerungen wären jetzt zu senden, üblich sind 40."


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Returns a store in which two things are to be decided, named in the configuration."""
    url = f"sqlite:///{(tmp_path / 'store.db').as_posix()}"
    monkeypatch.setenv("VITOCLIENT_STORE__URL", url)
    database = open_database(url)
    upgrade(database)
    with database.begin() as connection:
        ask(connection, QuestionKind.VOLUME, "reminder/2026-11-23", SENTENCE, {}, datetime.now(UTC))
        ask(connection, QuestionKind.VIEW, "vitoclient_patients", "Die Sicht ist leer.", {}, datetime.now(UTC))
    return database


def answers(store: Database) -> list[str]:
    with store.read() as connection:
        return [one.answer.value if one.answer else "" for one in reversed(questions_of(connection))]


@pytest.mark.usefixtures("store")
def test_the_list_says_what_each_answer_leads_to_and_how_to_give_it(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = said(capsys, "messages", "questions")
    assert code == 0
    assert SENTENCE in out
    assert "Senden (vitoclient messages answer 1 send): Alle diese Mitteilungen werden in den nächsten Minuten gesendet" in out
    assert "Stimmt so (vitoclient messages answer 2 right): " in out
    found = json.loads(said(capsys, "messages", "questions", "--json")[1])
    assert [(one["number"], one["kind"], [answer["answer"] for answer in one["answers"]]) for one in found] == [
        (2, "view", ["right"]),
        (1, "volume", ["send", "cancel"]),
    ]


def test_what_can_be_undone_is_answered_at_once(store: Database, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = said(capsys, "messages", "answer", "2", "right")
    assert (code, out) == (0, "Stimmt so: Dass die Sicht leer ist, gilt als richtig: aufbereiten und senden gehen weiter.\n")
    assert answers(store) == ["", "right"]


@pytest.mark.parametrize(("typed", "options", "code", "answered"), [
    ("y\n", (), 0, "send"), ("j\n", (), 0, "send"), (" Oui \n", (), 0, "send"), ("x\n", (), 1, ""),
    ("n\n", (), 1, ""), ("\n", (), 1, ""), ("", (), 1, ""), ("", ("--yes",), 0, "send"),
])  # fmt: skip
def test_what_cant_be_undone_is_asked_once_more(
    store: Database, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, typed: str, options: tuple[str, ...],
    code: int, answered: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "stdin", StringIO(typed))
    ended, _out, err = said(capsys, "messages", "answer", "1", "send", *options)
    assert (ended, answers(store)[0]) == (code, answered)
    assert (SENTENCE in err) is not bool(options)


@pytest.mark.parametrize(("arguments", "code", "told"), [
    (("9", "send"), 2, "Frage nicht gefunden"), (("1", "right"), 2, "Frage nicht gefunden"), (("1", "perhaps"), 2, "Frage nicht gefunden"),
    (("one", "send"), 2, "NUMMER"),
])  # fmt: skip
def test_wrong_answers_change_nothing_and_are_one_line(
    store: Database, capsys: pytest.CaptureFixture[str], arguments: tuple[str, str], code: int, told: str
) -> None:
    ended, _out, err = said(capsys, "messages", "answer", *arguments, "--yes")
    assert (ended, err.count("\n")) == (code, 1)
    assert told in err
    assert answers(store) == ["", ""]


def test_an_answer_lets_what_waited_be_tried_and_nothing_is_left(store: Database, capsys: pytest.CaptureFixture[str]) -> None:
    for number, word in (("1", "cancel"), ("2", "right")):
        assert said(capsys, "messages", "answer", number, word, "--yes")[0] == 0
    assert said(capsys, "messages", "answer", "1", "send", "--yes")[0] == 1
    assert said(capsys, "messages", "questions")[1] == "Es ist nichts zu entscheiden.\n"
    assert answers(store) == ["cancel", "right"]
