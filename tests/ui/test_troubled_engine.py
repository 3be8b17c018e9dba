"""Every window while no engine call can be answered, while none is, when all are answered late, and when the database is back.

It says so, never waits, never asks on the GUI thread, loses nothing, and can always be closed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from PyQt6 import sip
from PyQt6.QtCore import QEvent, Qt, QThread
from PyQt6.QtWidgets import QApplication, QLabel, QTextBrowser, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.keyboard import press
from tray_agent.agent import Agent
from tray_agent.errors import DatabaseUnavailableError, KnownError
from tray_agent.job_kinds import JobKey
from tray_agent.store.database import Database
from tray_agent.tray.model import DialogName
from ui.background import Background
from ui.dialogs.jobs import JobsDialog
from ui.widgets.dialog import Dialog
from ui.widgets.tables import TableView
from ui.windows import Remembered, Windows

SUBJECTS = {"job_history": JobKey.SEND_MESSAGES}
WITHOUT_ENGINE = ("schedule",)
"""Windows that ask the engine nothing by themselves."""

HARMLESS = frozenset({"machine", "configuration", "zone", "clock", "workstation", "person", "secrets", "job_events"})
"""What may be asked anywhere: it opens nothing."""


class TroubledAgent:
    """An agent all of whose parts are in trouble; to touch one on the GUI thread is a fault of the window."""

    def __init__(self, agent: Agent, trouble: Callable[[], None]) -> None:
        self._agent = agent
        self._trouble = trouble
        self.touched: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name not in HARMLESS:
            application = QApplication.instance()
            assert application is not None
            assert QThread.currentThread() is not application.thread(), f"agent.{name} on the GUI thread"
            self.touched.append(name)
            self._trouble()
        return getattr(self._agent, name)


def away() -> None:
    raise DatabaseUnavailableError("Datenbank nicht erreichbar", "Die Datenbank SRV1 antwortet nicht.", "Netzwerk prüfen.")


@pytest.fixture(params=[name.value for name in DialogName if name.value not in WITHOUT_ENGINE])
def name(request: pytest.FixtureRequest) -> DialogName:
    return DialogName(request.param)


@pytest.fixture
def answer() -> Iterator[Event]:
    """Gives what lets a slow database answer; at the end it does."""
    answer = Event()
    yield answer
    answer.set()


def opened(agent: Any, background: Background, folder: Path, name: DialogName) -> Dialog:
    windows = Windows(agent, background, Remembered(folder / "windows.ini"))
    dialog = windows.open(name, SUBJECTS.get(name.value))
    assert isinstance(dialog, Dialog)
    return dialog


def words_of(dialog: QWidget) -> str:
    """Returns all that a window says."""
    labels = [label.text() for label in dialog.findChildren(QLabel) if label.isVisible()]
    told = [browser.toPlainText() for browser in dialog.findChildren(QTextBrowser) if browser.isVisible()]
    return "\n".join([*labels, *told, *(table.message for table in dialog.findChildren(TableView))])


def test_a_database_that_is_away_is_told_and_the_window_can_be_closed(
    qtbot: QtBot, agent: Agent, background: Background, tmp_path: Path, name: DialogName, errors: list[KnownError]
) -> None:
    troubled = TroubledAgent(agent, away)
    dialog = opened(troubled, background, tmp_path, name)
    qtbot.waitUntil(lambda: background.idle, timeout=20_000)
    assert troubled.touched
    if name is not DialogName.SETUP:  # there it is what one came to mend
        qtbot.waitUntil(lambda: "nicht erreichbar" in words_of(dialog), timeout=20_000)
    assert not dialog.is_busy
    assert not dialog.has_unsaved_changes()
    assert errors == []
    press(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_a_window_answers_while_the_database_does_not_closes_at_once_and_forgets_the_answer(
    qtbot: QtBot,
    agent: Agent,
    background: Background,
    tmp_path: Path,
    name: DialogName,
    errors: list[KnownError],
    answer: Event,
    caplog: pytest.LogCaptureFixture,
) -> None:
    troubled = TroubledAgent(agent, lambda: _wait(answer))
    dialog = opened(troubled, background, tmp_path, name)
    qtbot.waitUntil(lambda: bool(troubled.touched), timeout=20_000)
    QApplication.processEvents()
    assert dialog.isVisible()
    press(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    answer.set()
    qtbot.waitUntil(lambda: background.idle, timeout=20_000)
    QApplication.processEvents()
    assert sip.isdeleted(dialog) or not dialog.isVisible()
    assert errors == []
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_what_comes_late_is_shown(
    qtbot: QtBot, agent: Agent, background: Background, tmp_path: Path, name: DialogName, errors: list[KnownError], answer: Event
) -> None:
    troubled = TroubledAgent(agent, lambda: _wait(answer))
    dialog = opened(troubled, background, tmp_path, name)
    qtbot.waitUntil(lambda: bool(troubled.touched), timeout=20_000)
    answer.set()
    qtbot.waitUntil(lambda: background.idle, timeout=20_000)
    assert not dialog.is_busy
    assert errors == []


@pytest.fixture
def database_away(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Gives what takes the database away from an engine that knew it, and brings it back."""
    for part in (agent.jobs, agent.messages, agent.downloads, agent.templates, agent.settings):
        assert part is not None
    connect, gone = Database._connect, Event()

    def maybe(database: Database) -> object:
        if gone.is_set():
            away()
        return connect(database)

    monkeypatch.setattr(Database, "_connect", maybe)
    return lambda on: gone.set() if on else gone.clear()


@pytest.mark.parametrize("reading", [DialogName.JOBS, DialogName.JOB_HISTORY])
def test_f5_reads_anew_when_the_database_is_back(
    qtbot: QtBot, agent: Agent, background: Background, tmp_path: Path, reading: DialogName, database_away: Callable[[bool], None]
) -> None:
    database_away(True)
    dialog = opened(agent, background, tmp_path, reading)
    qtbot.waitUntil(lambda: background.idle, timeout=20_000)
    qtbot.waitUntil(lambda: "nicht erreichbar" in words_of(dialog), timeout=20_000)
    database_away(False)
    press(dialog, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: background.idle and "nicht erreichbar" not in words_of(dialog), timeout=20_000)
    dialog.reject()


def test_edits_outlive_a_database_that_goes_away(
    qtbot: QtBot, agent: Agent, background: Background, tmp_path: Path, database_away: Callable[[bool], None]
) -> None:
    window = opened(agent, background, tmp_path, DialogName.JOBS)
    assert isinstance(window, JobsDialog)
    qtbot.waitUntil(lambda: background.idle, timeout=20_000)
    window.model.enable(JobKey.SEND_MESSAGES, on=True)
    database_away(True)
    window.save_and_close()
    qtbot.waitUntil(lambda: "nicht erreichbar" in window.banner.text, timeout=20_000)
    assert window.isVisible()
    assert window.has_unsaved_changes()
    database_away(False)
    window.save_and_close()
    qtbot.waitUntil(lambda: sip.isdeleted(window) or not window.isVisible(), timeout=20_000)
    assert next(job for job in agent.jobs.overview() if job.key is JobKey.SEND_MESSAGES).schedule.enabled


def test_nothing_can_be_done_with_jobs_that_could_not_be_read(qtbot: QtBot, agent: Agent, background: Background, tmp_path: Path) -> None:
    window = opened(TroubledAgent(agent, away), background, tmp_path, DialogName.JOBS)
    assert isinstance(window, JobsDialog)
    qtbot.waitUntil(lambda: background.idle, timeout=20_000)
    for button in (window.schedule_button, window.history_button, window.run_button):
        assert not button.isEnabled()
        assert "noch nicht gelesen" in button.toolTip()
    window.reject()


def _wait(answer: Event) -> None:
    assert answer.wait(60), "nobody let the database answer"
