"""A walk through every window there is, on the demo practice's data: names, mnemonics, keys, longer languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QFont
from PyQt6.QtWidgets import QAbstractButton, QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from tests.support.accessibility import clashing_mnemonics, unnamed_widgets
from tests.support.subjects import subject_of
from tests.ui.keyboard import press
from tests.ui.walk import backward_steps, clipped_texts, longer, longer_language, out_of_reach, unreadable_texts
from tray_agent.agent import Agent
from tray_agent.i18n import set_language
from tray_agent.start_page import preview_tomorrow, read_start
from tray_agent.tray.engine import AgentEngine
from tray_agent.tray.model import AgentFacts, DialogName, OpenDialog, tray_state
from ui.background import Background
from ui.dialogs.preview import PreviewDialog
from ui.look.apply import show
from ui.look.tokens import DARK, LIGHT
from ui.models.preview import PreviewShows
from ui.models.start import start_view
from ui.widgets.dialog import SMALL_SCREEN, Dialog
from ui.windows import Remembered, Windows, factory_of

pytestmark = pytest.mark.xdist_group("walk")

NAMES = [name.value for name in DialogName]


@pytest.fixture
def demo_windows(demo_agent: Agent, background: Background, tmp_path: Path) -> Iterator[Windows]:
    windows = Windows(demo_agent, background, Remembered(tmp_path / "windows.ini"))
    windows.state.show(tray_state(AgentEngine(demo_agent).facts()))
    yield windows
    windows.close_all()


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def opened(qtbot: QtBot, windows: Windows, name: str) -> QDialog:
    """Opens a window and waits until it has loaded what it shows."""
    dialog = windows.open(DialogName(name), subject_of(DialogName(name), windows.agent))
    qtbot.waitUntil(lambda: windows.background.idle, timeout=20_000)
    QApplication.processEvents()
    return dialog


def assert_nothing_clipped(qtbot: QtBot, dialog: QDialog) -> None:
    """Makes sure that every text has its room as soon as the window has laid out what came last."""

    def all_have_room() -> None:
        assert clipped_texts(dialog) == []

    qtbot.waitUntil(all_have_room, timeout=10_000)


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


def test_tab_key_comes_to_all_that_one_works_with(qtbot: QtBot, demo_windows: Windows, name: str) -> None:
    dialog = opened(qtbot, demo_windows, name)
    assert out_of_reach(dialog) == []


def test_tab_key_goes_through_a_window_as_one_reads(qtbot: QtBot, demo_windows: Windows, name: str) -> None:
    steps = backward_steps(opened(qtbot, demo_windows, name))
    assert steps[1:] == []  # one leads from the end back to the start


def test_the_keyboard_begins_in_the_window_not_at_its_end(qtbot: QtBot, demo_windows: Windows, name: str) -> None:
    """Escape closes; who presses Enter or types at once must not have closed the window by that."""
    focused = opened(qtbot, demo_windows, name).focusWidget()
    assert focused is not None
    assert not (isinstance(focused, QAbstractButton) and focused.text().replace("&", "") in ("Schliessen", "Abbrechen"))


def test_ring_follows_the_keyboard(qtbot: QtBot, demo_windows: Windows, name: str) -> None:
    dialog = opened(qtbot, demo_windows, name)
    if not isinstance(dialog, Dialog):
        pytest.skip("not a window of the common base")
    assert dialog.ring.isHidden()
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow, timeout=20_000)
    before = dialog.focusWidget()
    assert before is not None
    press(before, Qt.Key.Key_Tab)
    focused = dialog.focusWidget()
    assert focused is not None
    assert dialog.ring.around is focused
    middle = focused.mapTo(dialog, focused.visibleRegion().boundingRect().center())
    assert dialog.ring.isVisible()
    assert dialog.ring.geometry().contains(middle)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_can_be_read(qtbot: QtBot, demo_windows: Windows, name: str, dark: bool) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    colours = DARK if dark else LIGHT
    show(application, colours)
    try:
        dialog = opened(qtbot, demo_windows, name)
        assert dialog.palette().window().color() == colours.window
        assert unreadable_texts(dialog) == []
    finally:
        show(application, LIGHT)


@pytest.mark.parametrize("language", ["en", "fr", "it"])
def test_mnemonics_do_not_clash_in_other_languages(qtbot: QtBot, demo_windows: Windows, name: str, language: str) -> None:
    set_language(language)
    try:
        dialog = opened(qtbot, demo_windows, name)
        assert clashing_mnemonics(dialog) == []
        assert_nothing_clipped(qtbot, dialog)
    finally:
        set_language("de")


def test_everything_fits_in_german(qtbot: QtBot, demo_windows: Windows, name: str) -> None:
    dialog = opened(qtbot, demo_windows, name)
    assert_nothing_clipped(qtbot, dialog)
    assert dialog.size().boundedTo(QSize(*SMALL_SCREEN)) == dialog.size()


def test_window_fits_a_screen_that_is_smaller_than_its_least_size(
    qtbot: QtBot, demo_windows: Windows, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1366 x 768 at 150 %: the content scrolls, the buttons stay in sight."""
    room = QSize(894, 432)
    monkeypatch.setattr("ui.widgets.dialog.room_for", lambda _window: room)
    dialog = opened(qtbot, demo_windows, name)
    assert dialog.size().boundedTo(room) == dialog.size()
    if isinstance(dialog, Dialog):
        for button in dialog.buttons.buttons():
            assert dialog.rect().contains(button.geometry().translated(dialog.buttons.pos()))


def test_larger_letters_fit(qtbot: QtBot, demo_windows: Windows, name: str) -> None:
    """Twice the letters in the same pixels, as where a person has only the text enlarged."""
    before = QApplication.font()
    larger = QFont(before)
    larger.setPointSizeF(before.pointSizeF() * 2)
    QApplication.setFont(larger)
    try:
        assert_nothing_clipped(qtbot, opened(qtbot, demo_windows, name))
    finally:
        QApplication.setFont(before)


def test_everything_fits_in_a_longer_language(qtbot: QtBot, demo_windows: Windows, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with longer_language(monkeypatch):
        demo_windows.state.show(tray_state(AgentEngine(demo_windows.agent).facts()))
        dialog = opened(qtbot, demo_windows, name)
        assert_nothing_clipped(qtbot, dialog)
        assert dialog.minimumSizeHint().boundedTo(QSize(*SMALL_SCREEN)) == dialog.minimumSizeHint()


@pytest.mark.parametrize("text", ["Ja", "Speichern", "{count} Erinnerungen nicht versendet", "&Abbrechen"])
def test_longer_language_is_longer_and_keeps_places(text: str) -> None:
    grown = longer(text)
    assert grown.startswith(text)
    assert len(grown) >= len(text) * 1.3
    assert grown.count("{") == text.count("{")


def test_tomorrow_before_preparing_is_the_preview_and_opens_exactly_its_lines(
    qtbot: QtBot, demo_windows: Windows, background: Background
) -> None:
    agent = demo_windows.agent
    facts = read_start(agent)
    found = preview_tomorrow(agent, facts.tomorrow.when.since.date())
    tomorrow = start_view(tray_state(AgentFacts(now=facts.now)), replace(facts, is_prepared=False), found, "", agent.zone).content
    assert tomorrow is not None
    ways = tomorrow.tomorrow.reasons
    assert sum(int(way.text.split()[0]) for way in ways) == sum(found.reasons.values()) > 0
    for way in ways:
        assert isinstance(way.action, OpenDialog)
        assert isinstance(way.action.shows, PreviewShows)
        preview = demo_windows.open(way.action.dialog, shows=way.action.shows)
        assert isinstance(preview, PreviewDialog)
        qtbot.waitUntil(lambda: background.idle, timeout=20_000)
        assert len(preview.list.rows) == int(way.text.split()[0])
        assert all(way.action.shows.holds(line) for line in preview.list.rows)
