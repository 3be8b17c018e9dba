"""What the tests of windows share: an agent on a database of their own, work in the background, places to remember."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtGui import QFont
from PyQt6.QtPrintSupport import QPrintDialog, QPrintPreviewDialog
from PyQt6.QtWidgets import QApplication, QDialog, QFileDialog, QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot

from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.machine import Machine, StoreSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.errors import KnownError
from tray_agent.store.migrate import upgrade
from ui.background import Background
from ui.look.apply import Look, Theme
from ui.widgets.dialog import Dialog
from ui.windows import DialogContext, Remembered, Windows


@pytest.fixture(autouse=True, scope="session")
def look(qapp: QApplication) -> Look:
    """Puts the program's look in force, in light; for windows without a screen with the font that Windows has, or what stands in for it."""
    if sys.platform == "win32" and qapp.platformName() == "offscreen":
        font = QFont(["Segoe UI", "Open Sans"])
        font.setPointSize(9)
        qapp.setFont(font)
    return Look(qapp, Theme.LIGHT)


@pytest.fixture(autouse=True)
def nobody_at_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets no modal question wait for ever: unsaved changes are discarded, any other question is a failure."""

    def refuse(box: QDialog) -> int:
        asked = box.text() if isinstance(box, QMessageBox) else box.windowTitle()
        raise AssertionError(f"a question nobody answers: {asked}")

    for kind in (QMessageBox, QDialog, QFileDialog, QInputDialog, QPrintDialog, QPrintPreviewDialog):
        monkeypatch.setattr(kind, "exec", refuse)
    monkeypatch.setattr(Dialog, "ask_unsaved", lambda _dialog: QMessageBox.StandardButton.Discard)


@pytest.fixture
def agent(tmp_path: Path, clock: ManualClock) -> Iterator[Agent]:
    """Gives an agent with an empty store of its own."""
    machine = Machine(store=StoreSection(url=f"sqlite:///{(tmp_path / 'vitoclient.db').as_posix()}"))
    with Agent(machine, secrets=MemorySecrets(), clock=clock, workstation="EMPFANG1") as agent:
        upgrade(agent.store_unchecked)
        yield agent


@pytest.fixture
def errors() -> list[KnownError]:
    """Returns the errors that would have been shown in a dialog."""
    return []


@pytest.fixture
def background(qtbot: QtBot, errors: list[KnownError]) -> Iterator[Background]:
    """Gives workers whose results arrive in the test's event loop."""
    background = Background(errors.append, workers=2)
    yield background
    background.stop()


@pytest.fixture
def windows(agent: Agent, background: Background, tmp_path: Path) -> Iterator[Windows]:
    """Gives the registry of windows."""
    windows = Windows(agent, background, Remembered(tmp_path / "windows.ini"))
    yield windows
    windows.close_all()


@pytest.fixture
def context(windows: Windows) -> DialogContext:
    """Returns what a dialog is given."""
    return DialogContext(windows.agent, windows.background, windows, windows.remembered)


@pytest.fixture(scope="session")
def demo_agent() -> Iterator[Agent]:
    """Gives the demo practice's agent after one run of the five jobs; for tests that only look, in the group ``walk``."""
    from tools.screenshots import demo_agent

    with demo_agent() as agent:
        yield agent
