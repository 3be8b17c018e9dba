"""A walk through every window there is, on the demo practice's data: names, mnemonics, keys, longer languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QSize, Qt
from PyQt6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.keyboard import press
from tests.ui.walk import SMALL_SCREEN, clipped_texts, longer, longer_language
from tray_agent.agent import Agent
from tray_agent.jobs.contract import JobKey
from tray_agent.tray.engine import AgentEngine
from tray_agent.tray.model import DialogName, tray_state
from ui.accessibility import clashing_mnemonics, unnamed_widgets
from ui.background import Background
from ui.dialog import Dialog
from ui.remembered import Remembered
from ui.windows import Windows, factory_of

pytestmark = pytest.mark.xdist_group("walk")

NAMES = [name.value for name in DialogName]
SUBJECTS = {"schedule": JobKey.SEND_MESSAGES, "job_history": JobKey.SEND_MESSAGES}


@pytest.fixture(scope="module")
def demo_agent() -> Iterator[Agent]:
    """Gives the demo practice's agent after one run of the five jobs."""
    from tools.screenshots import demo_agent

    with demo_agent() as agent:
        yield agent


@pytest.fixture
def demo_windows(demo_agent: Agent, background: Background, tmp_path: Path) -> Iterator[Windows]:
    windows = Windows(demo_agent, background, Remembered(tmp_path / "windows.ini"))
    windows.state.show(tray_state(AgentEngine(demo_agent, "test").facts()))
    yield windows
    windows.close_all()


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def opened(qtbot: QtBot, windows: Windows, name: str) -> QDialog:
    """Opens a window and waits until it has loaded what it shows."""
    dialog = windows.open(DialogName(name), SUBJECTS.get(name))
    qtbot.waitUntil(lambda: windows.background.idle, timeout=20_000)
    QApplication.processEvents()
    return dialog


def test_every_window_of_the_registry_has_its_module() -> None:
    for name in DialogName:
        assert callable(factory_of(name))


def test_everything_that_takes_the_keyboard_has_a_name(qtbot: QtBot, demo_windows: Windows, name: str) -> None:
    assert unnamed_widgets(opened(qtbot, demo_windows, name)) == []


def test_mnemonics_do_not_clash(qtbot: QtBot, demo_windows: Windows, name: str) -> None:
    assert clashing_mnemonics(opened(qtbot, demo_windows, name)) == []


def test_opened_window_loses_nothing_and_closes_by_escape(qtbot: QtBot, demo_windows: Windows, name: str) -> None:
    dialog = opened(qtbot, demo_windows, name)
    if isinstance(dialog, Dialog):
        assert not dialog.has_unsaved_changes()
        assert dialog.banner.text == ""
    press(dialog, Qt.Key.Key_Escape)
    assert dialog not in demo_windows.opened


def test_opening_twice_opens_once(qtbot: QtBot, demo_windows: Windows, name: str) -> None:
    dialog = opened(qtbot, demo_windows, name)
    assert opened(qtbot, demo_windows, name) is dialog
    assert len(demo_windows.opened) == 1


def test_tab_reaches_every_widget_that_takes_the_keyboard(qtbot: QtBot, demo_windows: Windows, name: str) -> None:
    dialog = opened(qtbot, demo_windows, name)
    reached: set[QWidget] = set()
    widget: QWidget | None = dialog
    while widget is not None and widget not in reached:
        reached.add(widget)
        widget = widget.nextInFocusChain()
    lost = [
        child
        for child in dialog.findChildren(QWidget)
        if child.isVisible() and child.focusPolicy() & Qt.FocusPolicy.TabFocus and child not in reached
    ]
    assert lost == []


def test_everything_fits_in_german(qtbot: QtBot, demo_windows: Windows, name: str) -> None:
    dialog = opened(qtbot, demo_windows, name)
    assert clipped_texts(dialog) == []
    assert dialog.size().boundedTo(QSize(*SMALL_SCREEN)) == dialog.size()


def test_everything_fits_in_a_longer_language(qtbot: QtBot, demo_windows: Windows, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with longer_language(monkeypatch):
        demo_windows.state.show(tray_state(AgentEngine(demo_windows.agent, "test").facts()))
        dialog = opened(qtbot, demo_windows, name)
        assert clipped_texts(dialog) == []
        assert dialog.minimumSizeHint().boundedTo(QSize(*SMALL_SCREEN)) == dialog.minimumSizeHint()


@pytest.mark.parametrize("text", ["Ja", "Speichern", "{count} Erinnerungen nicht versendet", "&Abbrechen"])
def test_longer_language_is_longer_and_keeps_places(text: str) -> None:
    grown = longer(text)
    assert grown.startswith(text)
    assert len(grown) >= len(text) * 1.3
    assert grown.count("{") == text.count("{")
