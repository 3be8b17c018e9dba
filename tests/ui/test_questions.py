"""The window *Fragen*: every kind of question can be read, reached by keys and answered; what can't be undone is asked once more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.support.accessibility import clashing_mnemonics, unnamed_widgets
from tests.ui.jobs_world import Yes
from tests.ui.keyboard import press
from tests.ui.walk import backward_steps, clipped_texts, out_of_reach
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.i18n import set_language
from tray_agent.job_kinds import Service
from tray_agent.messages.guards.questions import FINAL_ANSWERS, Answer, QuestionKind, ask, consequence_of
from tray_agent.messages.outbox.model import OutboxReason
from tray_agent.protocol.model import Activity, Level
from tray_agent.tray.engine import AgentEngine
from tray_agent.tray.model import DialogName, Look, OpenDialog, tray_state
from ui.dialogs.activity import ActivityDialog
from ui.dialogs.questions import QuestionsDialog
from ui.models.questions import confirmation, number_line, shown
from ui.windows import DialogContext

SENTENCE = "20 Termine von Dr. Meier am 24.11.2026 fehlen in der Agenda: wurden sie gelöscht, oder stimmen die Praxisdaten nicht?"


def put(agent: Agent, kind: QuestionKind, sentence: str = SENTENCE) -> int:
    with agent.store.begin() as connection:
        return ask(connection, kind, f"about {kind.value}", sentence, {}, agent.store.now(connection)).id


@pytest.fixture
def dialog(qtbot: QtBot, context: DialogContext, clock: ManualClock) -> QuestionsDialog:
    for kind in QuestionKind:
        put(context.agent, kind)
        clock.advance(timedelta(minutes=1))
    return opened(qtbot, context)


def opened(qtbot: QtBot, context: DialogContext) -> QuestionsDialog:
    dialog = QuestionsDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: context.background.idle)
    QApplication.processEvents()
    return dialog


def test_every_question_has_its_sentence_since_when_and_a_button_for_each_answer(context: DialogContext, dialog: QuestionsDialog) -> None:
    asked = shown(context.agent.questions.open(), context.agent.zone)
    assert [one.title for one in asked] == [kind.text for kind in reversed(QuestionKind)]
    assert {one.sentence for one in asked} == {SENTENCE}
    assert all(one.since.startswith("Offen seit 23.11.2026 ") for one in asked)
    offered = [f"{one.title}: {choice.title}" for one in asked for choice in one.choices]
    assert [made.accessibleName() for made in dialog.answers] == offered
    assert dialog._number.text == number_line(6) == "6 Fragen sind zu entscheiden."


@pytest.mark.parametrize("language", ["de", "fr", "it", "en"])
def test_all_of_it_can_be_read_and_reached(qtbot: QtBot, context: DialogContext, language: str) -> None:
    for kind in QuestionKind:
        put(context.agent, kind)
    set_language(language)
    try:
        window = opened(qtbot, context)
        assert clashing_mnemonics(window) == []
        assert unnamed_widgets(window) == []
        assert out_of_reach(window) == []
        assert backward_steps(window)[1:] == []
        assert clipped_texts(window) == []
    finally:
        set_language("de")


def test_the_keyboard_begins_at_the_first_answer_and_escape_answers_nothing(context: DialogContext, dialog: QuestionsDialog) -> None:
    assert dialog.focusWidget() is dialog.answers[0]
    press(dialog, Qt.Key.Key_Escape)
    assert len(context.agent.questions.open()) == len(QuestionKind)


@pytest.mark.parametrize("agrees", [True, False])
@pytest.mark.parametrize("kind", list(QuestionKind))
def test_what_cant_be_undone_is_asked_once_more(
    qtbot: QtBot, context: DialogContext, monkeypatch: pytest.MonkeyPatch, kind: QuestionKind, agrees: bool
) -> None:
    number = put(context.agent, kind)
    dialog, yes = opened(qtbot, context), Yes()
    monkeypatch.setattr(dialog, "ask", lambda *words: yes(*words) and agrees)
    (asked,) = shown(context.agent.questions.open(), context.agent.zone)
    choice = asked.choices[-1]
    dialog.answers[-1].click()
    qtbot.waitUntil(lambda: context.background.idle and not dialog.is_busy)
    is_final = choice.answer in FINAL_ANSWERS
    assert yes.questions == ([f"Mit «{choice.title}» antworten?"] if is_final else [])
    assert confirmation(choice)[1].startswith(consequence_of(kind, choice.answer))
    answered = agrees or not is_final
    assert [one.id for one in context.agent.questions.open()] == ([] if answered else [number])
    assert len(dialog.answers) == (0 if answered else len(asked.choices))
    assert (dialog.banner.text != "") is answered


def test_what_another_decided_meanwhile_is_told_and_goes(qtbot: QtBot, context: DialogContext) -> None:
    number = put(context.agent, QuestionKind.VIEW)
    dialog = opened(qtbot, context)
    context.agent.questions.answer(number, Answer.RIGHT, "beat@PRAXIS2")
    dialog.answers[0].click()
    qtbot.waitUntil(lambda: not dialog.answers)
    assert "beat@PRAXIS2 hat das schon entschieden (Stimmt so)" in dialog.banner.text
    assert dialog._number.text == "Es ist nichts zu entscheiden."


@pytest.mark.parametrize(("reason", "opens"), [(OutboxReason.QUESTION, True), (OutboxReason.SENT, False)])
def test_the_row_that_asks_leads_to_the_window(qtbot: QtBot, context: DialogContext, reason: OutboxReason, opens: bool) -> None:
    context.agent.jobs.log.write([Activity(Service.SMS, Level.ERROR, reason, "Bitte entscheiden.")])
    log = context.windows.open(DialogName.ACTIVITY)
    assert isinstance(log, ActivityDialog)
    page = log.logs[Service.SMS]
    qtbot.waitUntil(lambda: page.list.rowCount() == 1)
    page.table.selectRow(0)
    page.table.doubleClicked.emit(page.list.index(0, 0))
    assert any(isinstance(window, QuestionsDialog) for window in context.windows.opened) is opens
    qtbot.waitUntil(lambda: context.background.idle)


def test_the_tray_asks_while_a_question_is_open_and_only_then(agent: Agent) -> None:
    engine = AgentEngine(agent)
    assert "Fragen…" not in [item.label for item in tray_state(engine.facts()).menu]
    number = put(agent, QuestionKind.VIEW)
    state = tray_state(engine.facts())
    assert (state.look, state.default_action) == (Look.ATTENTION, OpenDialog(DialogName.START))
    assert "Fragen…" in [item.label for item in state.menu]
    assert "1 Frage wartet auf eine Antwort." in state.tooltip
    assert SENTENCE in " ".join(state.details)
    assert [(one.number, one.sentence) for one in engine.notice_facts().questions] == [(number, SENTENCE)]
    agent.questions.answer(number, Answer.RIGHT, "anna@EMPFANG1")
    assert engine.facts().questions == ()
