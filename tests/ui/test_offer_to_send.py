"""The question whether messages that wait shall be sent now: only where nothing else sends them today, and of the same ones once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from PyQt6.QtWidgets import QAbstractButton, QMessageBox
from pytestqt.qtbot import QtBot

from tests.ui.jobs_world import choose, click_checkbox, give_jobs, gone, open_jobs
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.settings import REMINDERS_ON
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.model import JobChange, PauseScope
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Draft
from tray_agent.messages.outbox.model import Waiting
from tray_agent.messages.words import waiting_words
from ui.dialogs.settings import SettingsDialog
from ui.models.jobs import send_question
from ui.widgets.message_box import offer_to_send
from ui.windows import DialogContext, Windows

SEND = JobKey.SEND_MESSAGES
ZURICH = ZoneInfo("Europe/Zurich")
AFTERNOON = datetime(2026, 11, 23, 14, 0, tzinfo=ZURICH)
NEXT = datetime(2026, 11, 24, 9, 10, tzinfo=UTC)


def prepare(agent: Agent, *begins: datetime) -> None:
    """Prepares reminders of appointments that begin then."""
    now = agent.clock.now()
    drafts = [
        Draft(MessageKind.REMINDER, f"reminder/{begin.isoformat()}/{now.isoformat()}", "P1", "Muster Anna", now, begin,
              channel=Channel.SMS, appointment_id=str(number), appointment_at=begin)
        for number, begin in enumerate(begins)
    ]  # fmt: skip
    with agent.store.begin() as connection:
        entries.insert_drafts(connection, drafts, now)


def plan(agent: Agent, at: time, *, enabled: bool = True) -> None:
    row = next(one for one in agent.jobs.overview() if one.key is SEND)
    agent.jobs.save([JobChange(SEND, replace(row.schedule, start_time=at, enabled=enabled), row.version)], "Test")


@pytest.fixture
def waiting(agent: Agent, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives three reminders in the afternoon, two of them for the next morning before sending."""
    give_jobs(agent, monkeypatch)
    clock.set(AFTERNOON)
    prepare(agent, *(AFTERNOON + timedelta(hours=hours) for hours in (18, 19, 40)))


def asked(qtbot: QtBot, windows: Windows) -> QMessageBox | None:
    """Returns the question that is on the screen."""
    qtbot.waitUntil(lambda: windows.background.idle)
    return windows.question if windows.question is not None and windows.question.isVisible() else None


def press(box: QMessageBox, words: str) -> None:
    button: QAbstractButton = next(one for one in box.buttons() if one.text() == words)
    button.click()


@pytest.mark.usefixtures("waiting")
def test_enabling_a_job_whose_time_is_over_asks_and_sends(qtbot: QtBot, windows: Windows, agent: Agent) -> None:
    dialog = open_jobs(qtbot, windows)
    choose(dialog, SEND)
    click_checkbox(dialog, SEND)
    dialog.save_and_close()
    qtbot.waitUntil(lambda: gone(dialog))
    box = asked(qtbot, windows)
    assert box is not None
    assert box.text() == "Mitteilungen jetzt senden?"
    assert box.informativeText() == (
        "3 Mitteilungen warten, 2 Termine liegen vor dem nächsten Senden. Das nächste Senden ist am 24.11.2026 10:10 geplant. "
        "Sonst bleibt alles vorbereitet; wer zu spät erinnert würde, steht auf der «Anrufliste»."
    )
    press(box, "Jetzt &senden")
    qtbot.waitUntil(lambda: agent.jobs.history.last_runs().get(SEND) is not None)
    assert agent.jobs.history.last_runs()[SEND].trigger.value == "by_hand"


@pytest.mark.usefixtures("waiting")
def test_it_is_asked_once_and_no_leaves_everything_as_it_is(qtbot: QtBot, windows: Windows, agent: Agent) -> None:
    plan(agent, time(10, 10))
    offer_to_send(windows)
    box = asked(qtbot, windows)
    assert box is not None
    press(box, "&Nein")
    offer_to_send(windows)
    assert asked(qtbot, windows) is None
    assert agent.jobs.history.page().rows == ()
    prepare(agent, AFTERNOON + timedelta(hours=20))
    offer_to_send(windows)
    assert asked(qtbot, windows) is not None


@pytest.mark.usefixtures("waiting")
def test_where_sending_comes_by_itself_nothing_is_asked(agent: Agent, clock: ManualClock) -> None:
    plan(agent, time(15))
    assert agent.waiting_to_send() is None
    plan(agent, time(13))  # moved into the past: the engine sends at once
    assert agent.waiting_to_send() is None
    plan(agent, time(13), enabled=False)
    assert agent.waiting_to_send() is None


@pytest.mark.usefixtures("waiting")
def test_a_time_missed_in_a_pause_is_caught_up_without_a_question(agent: Agent, clock: ManualClock) -> None:
    plan(agent, time(14, 10))
    agent.jobs.pause(PauseScope.SENDING, None, "Anna")
    clock.advance(timedelta(hours=1))
    assert agent.waiting_to_send() is None
    agent.jobs.resume()
    assert agent.waiting_to_send() is None


@pytest.mark.usefixtures("waiting")
def test_turning_the_switch_on_asks(qtbot: QtBot, context: DialogContext, agent: Agent) -> None:
    plan(agent, time(10, 10))
    dialog = SettingsDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.model is not None)
    assert dialog.model is not None
    dialog.model.edit(REMINDERS_ON, "1")
    dialog.save(lambda: None)
    qtbot.waitUntil(lambda: agent.settings.load().yes(REMINDERS_ON))
    assert asked(qtbot, context.windows) is not None


def test_the_words_of_what_waits() -> None:
    assert waiting_words(Waiting(1, 1, 7, NEXT)) == "1 Mitteilung wartet, 1 Termin liegt vor dem nächsten Senden"
    assert waiting_words(Waiting(8, 0, 7, NEXT)) == "8 Mitteilungen warten"
    assert send_question(Waiting(8, 8, 7, None), ZURICH)[1].startswith("8 Mitteilungen warten. Es ist kein weiteres Senden geplant.")
