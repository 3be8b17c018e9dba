"""Every window while the database is away, slow, or back again: it says so, never waits, and can always be closed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from PyQt6 import sip
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QDialog, QLabel, QPlainTextEdit, QTextEdit
from pytestqt.qtbot import QtBot

from tests.ui.keyboard import press
from tray_agent.errors import DatabaseUnavailableError
from tray_agent.jobs.contract import JobKey
from tray_agent.store.database import Database
from tray_agent.tray.model import DialogName
from ui.dialog import Dialog
from ui.notes import Banner
from ui.tables import TableView
from ui.windows import Windows

pytestmark = pytest.mark.usefixtures("known_once")

AWAY = DatabaseUnavailableError("Datenbank nicht erreichbar", "Die Datenbank antwortet nicht.", "Netzwerk prüfen.")
SUBJECTS = {DialogName.SCHEDULE: JobKey.SEND_MESSAGES, DialogName.JOB_HISTORY: JobKey.SEND_MESSAGES}
READS = [name for name in DialogName if name not in (DialogName.OVERVIEW, DialogName.SETUP, DialogName.PORTAL)]
"""The windows that read from the database: not those that are told what they show, ask only when one wants it, or ask the portal."""

READ_AGAIN = [DialogName.JOBS, DialogName.JOB_HISTORY]
"""Windows that F5 reads anew from the database alone."""


@pytest.fixture
def known_once(windows: Windows) -> None:
    """Lets the engine make its parts while all is well, as it does when the program starts."""
    agent = windows.agent
    for part in (agent.jobs, agent.messages, agent.downloads, agent.templates, agent.settings):
        assert part is not None


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Gives what takes the database away, and brings it back."""
    connect = Database._connect
    gone = threading.Event()

    def maybe(database: Database) -> object:
        if gone.is_set():
            raise AWAY
        return connect(database)

    monkeypatch.setattr(Database, "_connect", maybe)
    return lambda on: gone.set() if on else gone.clear()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Gives a database that answers only when the event is set; it is set at the end."""
    connect = Database._connect
    goes_on = threading.Event()

    def late(database: Database) -> object:
        goes_on.wait(60)
        return connect(database)

    monkeypatch.setattr(Database, "_connect", late)
    yield goes_on
    goes_on.set()


def said(window: QDialog) -> str:
    """Returns all that a window says."""
    parts = [label.text() for label in window.findChildren(QLabel) if label.isVisible()]
    parts += [banner.text for banner in window.findChildren(Banner)]
    parts += [table.message for table in window.findChildren(TableView)]
    parts += [text.toPlainText() for text in window.findChildren(QTextEdit)] + [
        text.toPlainText() for text in window.findChildren(QPlainTextEdit)
    ]
    return "\n".join(parts)


def settle(qtbot: QtBot, windows: Windows) -> None:
    qtbot.waitUntil(lambda: windows.background.idle, timeout=60_000)
    QApplication.processEvents()


@pytest.mark.parametrize("name", READS)
def test_a_database_that_is_away_is_told_in_the_window(
    qtbot: QtBot, windows: Windows, away: Callable[[bool], None], name: DialogName
) -> None:
    away(True)
    window = windows.open(name, SUBJECTS.get(name))
    settle(qtbot, windows)
    assert "Datenbank" in said(window)
    assert "nicht" in said(window)
    assert not (isinstance(window, Dialog) and window.is_busy)
    press(window, Qt.Key.Key_Escape)
    assert windows.opened == ()


@pytest.mark.parametrize("name", list(DialogName))
def test_a_window_closed_while_it_waits_forgets_its_answer(
    qtbot: QtBot, windows: Windows, held: threading.Event, caplog: pytest.LogCaptureFixture, name: DialogName
) -> None:
    window = windows.open(name, SUBJECTS.get(name))
    QApplication.processEvents()
    assert window.isVisible()
    press(window, Qt.Key.Key_Escape)
    assert windows.opened == ()
    QApplication.sendPostedEvents(None, 52)  # deferred deletions: QEvent.DeferredDelete
    held.set()
    settle(qtbot, windows)
    assert sip.isdeleted(window) or not window.isVisible()
    assert [record.message for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


@pytest.mark.parametrize("name", READ_AGAIN)
def test_f5_reads_anew_when_the_database_is_back(qtbot: QtBot, windows: Windows, away: Callable[[bool], None], name: DialogName) -> None:
    away(True)
    window = windows.open(name, SUBJECTS.get(name))
    settle(qtbot, windows)
    away(False)
    press(window, Qt.Key.Key_F5)
    settle(qtbot, windows)
    assert isinstance(window, Dialog)
    assert "Netzwerk prüfen" not in said(window)


def test_edits_outlive_a_database_that_goes_away(qtbot: QtBot, windows: Windows, away: Callable[[bool], None]) -> None:
    from ui.dialogs.jobs import JobsDialog

    window = windows.open(DialogName.JOBS)
    settle(qtbot, windows)
    assert isinstance(window, JobsDialog)
    window.model.enable(JobKey.SEND_MESSAGES, on=True)
    away(True)
    window.save_and_close()
    settle(qtbot, windows)
    assert window.isVisible()
    assert "Datenbank nicht erreichbar" in window.banner.text
    assert window.has_unsaved_changes()
    away(False)
    window.save_and_close()
    settle(qtbot, windows)
    assert next(job for job in windows.agent.jobs.overview() if job.key is JobKey.SEND_MESSAGES).schedule.enabled
