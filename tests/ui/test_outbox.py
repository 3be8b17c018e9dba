"""The window *Versand-Queue* on the demo's messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot
from sqlalchemy import update

from tests.ui.keyboard import press
from tray_agent.demo.world import DemoWorld
from tray_agent.job_kinds import JobKey
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox.keys import moved_key
from tray_agent.messages.outbox.model import DoubtDecision, OutboxFilter
from tray_agent.store.tables import message
from ui.background import Background
from ui.dialogs.outbox import OutboxDialog
from ui.models.outbox import VIEWS, details_of, filter_of, not_sent, why_empty
from ui.windows import DialogContext, Remembered, Windows

ZONE = ZoneInfo("Europe/Zurich")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DemoWorld]:
    with DemoWorld(tmp_path / "demo") as world:
        world.agent.jobs.run_now(JobKey.PREPARE_REMINDERS)
        yield world


@pytest.fixture
def dialog(qtbot: QtBot, world: DemoWorld, background: Background, tmp_path: Path) -> OutboxDialog:
    windows = Windows(world.agent, background, Remembered(tmp_path / "windows.ini"))
    dialog = OutboxDialog(DialogContext(world.agent, background, windows, windows.remembered))
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.list.rowCount() > 0 and background.idle)
    return dialog


def test_every_state_is_in_one_view() -> None:
    shown = [state for view in VIEWS for state in view.states]
    assert sorted(shown) == sorted(MessageState)


def test_the_filter_is_what_was_chosen() -> None:
    assert filter_of(VIEWS[0], None, "  ") == OutboxFilter()
    assert filter_of(VIEWS[1], MessageKind.REMINDER, " Meier ").patient == "Meier"


def test_a_notice_says_what_its_patient_knew_before(dialog: OutboxDialog) -> None:
    assert [dialog.kind.itemText(row) for row in range(dialog.kind.count())][1:] == [kind.text for kind in MessageKind]
    message = dialog.table.current
    assert message is not None
    assert "mitgeteilt war" not in " ".join(details_of(message, ZONE)[1])
    assert "nicht erinnert" in not_sent(message, ZONE)
    notice = replace(message, kind=MessageKind.MOVED, unique_key=moved_key("A1", datetime(2026, 11, 24, 9), datetime(2026, 11, 23, 16, 30)))  # noqa: DTZ001
    title, paragraphs = details_of(notice, ZONE)
    assert title.startswith("Terminverschiebung an ")
    assert any("dem Patienten mitgeteilt war 23.11.2026 16:30" in part for part in paragraphs)
    assert "weiss nur von 23.11.2026 16:30" in not_sent(notice, ZONE)


def test_the_chosen_message_is_told_whole(dialog: OutboxDialog) -> None:
    message = dialog.table.current
    assert message is not None
    title, paragraphs = details_of(message, ZONE)
    assert message.patient_name in title
    told = dialog.details.toPlainText()
    assert all(part.splitlines()[0] in told for part in paragraphs)


def test_the_list_follows_the_filters(qtbot: QtBot, dialog: OutboxDialog, background: Background) -> None:
    everything = dialog.list.rowCount()
    dialog.view.setCurrentIndex(4)
    qtbot.waitUntil(lambda: background.idle and 0 < dialog.list.rowCount() < everything)
    dialog.patient.setText("gibt es nicht")
    qtbot.waitUntil(lambda: background.idle and dialog.list.rowCount() == 0)
    assert dialog.table.message


def test_what_another_window_counted_stands_in_a_tab_of_its_own(qtbot: QtBot, dialog: OutboxDialog, background: Background) -> None:
    everything = dialog.list.rowCount()
    dialog.patient.setText("gibt es nicht")
    dialog.show_only(OutboxFilter(states=frozenset({MessageState.ERROR})))
    qtbot.waitUntil(lambda: background.idle and 0 < dialog.list.rowCount() < everything)
    assert (dialog.view.count(), dialog.view.currentIndex(), dialog.patient.text()) == (len(VIEWS) + 1, 0, "")
    dialog.view.setCurrentIndex(1)
    qtbot.waitUntil(lambda: background.idle and dialog.list.rowCount() == everything)


@pytest.mark.parametrize(("verdict", "state"), [(DoubtDecision.SENT, MessageState.SUBMITTED), (DoubtDecision.AGAIN, MessageState.PREPARED)])
def test_what_is_in_doubt_is_decided_here_too(
    qtbot: QtBot, dialog: OutboxDialog, world: DemoWorld, monkeypatch: pytest.MonkeyPatch, verdict: DoubtDecision, state: MessageState
) -> None:
    background = dialog.context.background
    dialog.view.setCurrentIndex(1)
    qtbot.waitUntil(lambda: background.idle and dialog.table.current is not None and dialog.table.current.state is MessageState.PREPARED)
    assert dialog.sent_button.isHidden()
    assert dialog.again_button.isHidden()
    chosen = dialog.table.current
    assert chosen is not None
    put_in_doubt(world, chosen.id)
    dialog.view.setCurrentIndex(5)
    qtbot.waitUntil(lambda: background.idle and dialog.list.rowCount() == 1 and dialog.again_button.isVisible())
    button = dialog.sent_button if verdict is DoubtDecision.SENT else dialog.again_button
    monkeypatch.setattr(dialog, "ask", lambda *_words: False)
    button.click()
    assert background.idle
    assert world.agent.messages.message(chosen.id).state is MessageState.IN_DOUBT
    asked: list[str] = []

    def agree(*words: str) -> bool:
        asked.extend(words)
        return True

    monkeypatch.setattr(dialog, "ask", agree)
    button.click()
    qtbot.waitUntil(lambda: background.idle and not dialog.is_busy and dialog.list.rowCount() == 0)
    assert chosen.patient_name in asked[0]
    assert world.agent.messages.message(chosen.id).state is state
    assert "Entschieden" in dialog.banner.text
    assert ("Wird zur Zeit nicht von selbst gesendet." in dialog.banner.text) == (state is MessageState.PREPARED)
    assert button.isHidden()


def put_in_doubt(world: DemoWorld, number: int) -> None:
    """Leaves a message as a broken connection leaves it an hour after."""
    an_hour_ago = world.agent.clock.now() - timedelta(hours=1)
    with world.agent.store.begin() as connection:
        connection.execute(update(message).where(message.c.id == number).values(state="in_doubt", sending_at=an_hour_ago))


def test_an_empty_list_says_why(qtbot: QtBot, dialog: OutboxDialog) -> None:
    dialog.patient.setText("gibt es nicht")
    qtbot.waitUntil(lambda: dialog.context.background.idle and dialog.list.rowCount() == 0)
    assert dialog.table.message == why_empty(filter_of(VIEWS[0], None, "gibt es nicht"))
    assert why_empty(OutboxFilter()) != dialog.table.message


def test_cancelling_says_who_is_not_reminded(
    qtbot: QtBot, dialog: OutboxDialog, background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog.view.setCurrentIndex(1)
    qtbot.waitUntil(lambda: background.idle and dialog.table.current is not None and dialog.table.current.state is MessageState.PREPARED)
    chosen = dialog.table.current
    assert chosen is not None
    monkeypatch.setattr(dialog, "ask", lambda *_words: True)
    dialog.cancel_chosen()
    qtbot.waitUntil(lambda: background.idle and not dialog.is_busy and "Storniert" in dialog.banner.text)
    assert chosen.patient_name in dialog.banner.text


def test_the_delete_key_asks_before_it_cancels(
    qtbot: QtBot, dialog: OutboxDialog, background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog.view.setCurrentIndex(1)
    qtbot.waitUntil(lambda: background.idle and dialog.table.current is not None and dialog.table.current.state is MessageState.PREPARED)
    asked: list[str] = []

    def refuse(question: str, *_words: str) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr(dialog, "ask", refuse)
    dialog.table.setFocus()
    press(dialog.table, Qt.Key.Key_Delete)
    assert asked == ["1 Mitteilung stornieren?"]
    dialog.patient.setFocus()
    press(dialog.patient, Qt.Key.Key_Delete)
    assert len(asked) == 1
    assert [action.text() for action in dialog.table.context_menu().actions()][:1] == ["&Stornieren …"]


def test_cancelling_asks_and_then_the_message_is_never_sent(
    qtbot: QtBot, dialog: OutboxDialog, background: Background, world: DemoWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog.view.setCurrentIndex(1)
    qtbot.waitUntil(lambda: background.idle and dialog.table.current is not None and dialog.table.current.state is MessageState.PREPARED)
    message = dialog.table.current
    assert message is not None
    monkeypatch.setattr(dialog, "ask", lambda *_words: False)
    dialog.cancel_chosen()
    assert world.agent.messages.message(message.id).state is MessageState.PREPARED
    monkeypatch.setattr(dialog, "ask", lambda *_words: True)
    dialog.cancel_chosen()
    qtbot.waitUntil(lambda: background.idle)
    assert world.agent.messages.message(message.id).state is MessageState.CANCELLED
    world.agent.jobs.run_now(JobKey.PREPARE_REMINDERS)
    world.agent.jobs.run_now(JobKey.SEND_MESSAGES)
    assert message.reference not in {taken.reference for taken in world.gateway.accepted()}
