"""What the tests of the windows about jobs share: an engine whose jobs do what a test says, rows by their job."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from PyQt6 import sip
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from tray_agent.abilities import Abilities
from tray_agent.agent import Agent
from tray_agent.job_kinds import JobKey, job_title
from tray_agent.jobs.contract import JobContext, JobResult
from ui.dialogs.jobs import JobsDialog
from ui.windows import Windows


def well(context: JobContext) -> JobResult:
    """Does what a good run does."""
    return JobResult(counts={"done": 1}, sentence=f"{job_title(context.job)}: erledigt.")


def give_jobs(
    agent: Agent,
    monkeypatch: pytest.MonkeyPatch,
    *,
    work: Callable[[JobContext], JobResult] = well,
    off: Sequence[JobKey] = (),
) -> None:
    """Has an agent offer jobs that do what a test says instead of the real ones; claims, history and log are real."""

    works = dict.fromkeys(JobKey, work)
    monkeypatch.setattr(Agent, "job_works", property(lambda _agent: works))
    monkeypatch.setattr(Agent, "is_switched_on", lambda _agent, key: key not in off)
    monkeypatch.setattr(Abilities, "lacks", lambda _abilities, _job: ())
    agent.jobs.runner._beating = False  # the clock of the tests moves when it is waited for


def open_jobs(qtbot: QtBot, windows: Windows) -> JobsDialog:
    """Opens *Aufträge verwalten* as the tray's menu does and waits until it is there."""
    from tray_agent.tray.model import DialogName

    dialog = windows.open(DialogName.JOBS)
    assert isinstance(dialog, JobsDialog)
    qtbot.waitUntil(lambda: settled(dialog))
    return dialog


def settled(dialog: JobsDialog) -> bool:
    """Returns whether a window has shown all that it asked for."""
    return bool(dialog.model.rows) and dialog.timeline.plan is not None and dialog.context.background.idle


def gone(window: QWidget) -> bool:
    """Returns whether a window is closed; one that was opened by the registry is deleted then."""
    return sip.isdeleted(window) or not window.isVisible()


def choose(dialog: JobsDialog, key: JobKey) -> None:
    """Chooses a job's row."""
    dialog.table.selectRow(list(JobKey).index(key))


def click_checkbox(dialog: JobsDialog, key: JobKey) -> None:
    """Clicks a job's checkbox with the mouse, within its square."""
    index = dialog.list.index(list(JobKey).index(key), 0)
    square = dialog.table.visualRect(index)
    viewport = dialog.table.viewport()
    assert viewport is not None
    point = square.center()
    point.setX(square.left() + 10)
    click(viewport, point)


def click(widget: QWidget, point: QPoint | None = None) -> None:
    """Clicks a widget with the left button, in its middle unless a point is given."""
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point or widget.rect().center())  # type: ignore[call-overload]  # the stub takes the static method for one of an object


class Yes:
    """Answers questions with yes and notes them: stands in for ``Dialog.ask``."""

    def __init__(self) -> None:
        self.questions: list[str] = []
        self.consequences: list[str] = []

    def __call__(self, question: str, consequence: str, yes: str) -> bool:
        self.questions.append(question)
        self.consequences.append(consequence)
        return True


def menu_titles(menu: QMenu) -> list[str]:
    """Returns a menu's entries as one reads them."""
    return [action.text() for action in menu.actions()]


def choose_from_menu(menu: QMenu, title: str) -> None:
    """Chooses an entry of a menu and closes it."""
    action = next(action for action in menu.actions() if action.text() == title)
    assert action.isEnabled(), title
    action.trigger()
    menu.close()
