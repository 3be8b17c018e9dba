"""What people press without thinking: copying, searching, reading anew, printing, the menu key; and why a button is grey."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QMenu, QPushButton
from pytestqt.qtbot import QtBot

from tests.support.accessibility import clashing_mnemonics
from tests.support.subjects import subject_of
from tests.ui.keyboard import ask_for_menu, press
from tray_agent.agent import Agent
from tray_agent.i18n import set_language
from tray_agent.job_kinds import Service
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.protocol.model import Activity, Level
from tray_agent.tray.model import AgentFacts, DialogName, tray_state
from ui.dialogs.activity import ActivityDialog
from ui.dialogs.outbox import OutboxDialog
from ui.dialogs.preview import PreviewDialog
from ui.dialogs.start import StartDialog
from ui.widgets.controls import allow
from ui.widgets.mnemonics import mnemonic_of, with_mnemonics
from ui.widgets.table_models import Column, ListModel
from ui.widgets.tables import TableView
from ui.windows import DialogContext, Windows

CONTROL = Qt.KeyboardModifier.ControlModifier


@dataclass(frozen=True)
class Patient:
    name: str
    phone: str


@pytest.fixture
def table(qtbot: QtBot) -> TableView[Any]:
    """Gives a table with two patients, the second chosen."""
    view = TableView[Any]("Patienten", "Leer.")
    qtbot.addWidget(view)
    columns = (
        Column[Patient]("Erledigt", lambda _row: "", checked=lambda _row: False),
        Column[Patient]("Patient", lambda row: row.name),
        Column[Patient]("Telefon", lambda row: row.phone),
    )
    model = ListModel(columns, parent=view)
    model.show([Patient("Muster Anna", "044 262 11 20"), Patient("Rossi Beat", "079 123 45 67")])
    view.setModel(model)
    view.show()
    view.selectRow(1)
    return view


def clipboard() -> str:
    board = QGuiApplication.clipboard()
    assert board is not None
    return board.text()


def test_control_c_copies_the_chosen_row(table: TableView[Any]) -> None:
    press(table, Qt.Key.Key_C, CONTROL)
    assert clipboard() == "\tRossi Beat\t079 123 45 67"
    table.setColumnHidden(0, True)
    press(table, Qt.Key.Key_C, CONTROL)
    assert clipboard() == "Rossi Beat\t079 123 45 67"


def test_the_menu_of_a_row_offers_what_the_buttons_do_and_copying(qtbot: QtBot, table: TableView[Any]) -> None:
    pressed: list[str] = []
    buttons = {name: QPushButton(name, table) for name in ("Stornieren", "Nicht jetzt", "Versteckt")}
    for name, button in buttons.items():
        button.clicked.connect(lambda _checked, name=name: pressed.append(name))
        button.show()
    buttons["Nicht jetzt"].setEnabled(False)
    buttons["Versteckt"].hide()
    table.offer(*buttons.values())
    menu = table.context_menu()
    offered = [(action.text(), action.isEnabled()) for action in menu.actions() if not action.isSeparator()]
    assert offered == [("Stornieren", True), ("Nicht jetzt", False), ("Zeile &kopieren", True)]
    menu.actions()[0].trigger()
    assert pressed == ["Stornieren"]
    menu.actions()[-1].trigger()
    assert clipboard() == "\tRossi Beat\t079 123 45 67"


def test_the_menu_key_opens_the_menu_of_the_chosen_row_and_a_click_that_of_the_row_under_it(qtbot: QtBot, table: TableView[Any]) -> None:
    ask_for_menu(table)
    menu = table.findChild(QMenu)
    assert menu is not None
    qtbot.waitUntil(menu.isVisible)
    menu.close()
    ask_for_menu(table, table.model().index(0, 1))  # type: ignore[union-attr]  # it has a model
    assert table.currentIndex().row() == 0


def test_a_button_that_cant_be_pressed_says_why_and_has_its_own_tooltip_back_afterwards(qtbot: QtBot) -> None:
    button = QPushButton("Drucken")
    qtbot.addWidget(button)
    button.setToolTip("Ctrl+P")
    allow(button, possible=False, reason="Die Liste ist leer.")
    assert (button.isEnabled(), button.toolTip(), button.accessibleDescription()) == (False, "Die Liste ist leer.", "Die Liste ist leer.")
    allow(button, possible=False, reason="Zuerst ankreuzen.")
    allow(button, possible=True, reason="Zuerst ankreuzen.")
    assert (button.isEnabled(), button.toolTip(), button.accessibleDescription()) == (True, "Ctrl+P", "")


@pytest.mark.parametrize("name", sorted(DialogName))
def test_no_button_is_grey_without_saying_why(qtbot: QtBot, windows: Windows, name: DialogName) -> None:
    window = windows.open(name, subject_of(name, windows.agent))
    qtbot.waitUntil(lambda: windows.background.idle, timeout=20_000)
    grey = [button for button in window.findChildren(QPushButton) if button.isVisibleTo(window) and not button.isEnabled()]
    assert [button.text() for button in grey if not button.toolTip()] == []


def opened(qtbot: QtBot, context: DialogContext, kind: type) -> object:
    dialog = kind(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: context.background.idle, timeout=20_000)
    return dialog


@pytest.mark.parametrize("kind", [OutboxDialog, PreviewDialog])
def test_control_f_searches_for_a_patient(qtbot: QtBot, context: DialogContext, kind: type) -> None:
    dialog = opened(qtbot, context, kind)
    assert isinstance(dialog, OutboxDialog | PreviewDialog)
    dialog.patient.setText("Mei")
    dialog.table.setFocus()
    press(dialog.table, Qt.Key.Key_F, CONTROL)
    qtbot.waitUntil(dialog.patient.hasFocus)
    assert dialog.patient.selectedText() == "Mei"
    assert dialog.patient.toolTip() == "Ctrl+F"


def test_the_log_is_searched_read_anew_and_printed_by_keys(
    qtbot: QtBot, context: DialogContext, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = opened(qtbot, context, ActivityDialog)
    assert isinstance(dialog, ActivityDialog)
    page = dialog.logs[Service.SMS]
    dialog.tabs.setCurrentWidget(page)
    qtbot.waitUntil(lambda: context.background.idle)
    ActivityLog(agent.store, "EMPFANG1").write([Activity(Service.SMS, Level.ERROR, "no_contact", "Müller Anna: keine Mobilnummer.")])
    page.table.setFocus()
    press(page.table, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: page.list.rowCount() == 1 and dialog.tabs.tabText(1) == "SMS (1)")
    press(page.table, Qt.Key.Key_F, CONTROL)
    qtbot.waitUntil(page.text.hasFocus)
    printed: list[str] = []
    monkeypatch.setattr("ui.widgets.printing.print_with_dialog", lambda print_out, _parent: printed.append(print_out.html))
    press(dialog, Qt.Key.Key_P, CONTROL)
    qtbot.waitUntil(lambda: len(printed) == 1)
    assert "Müller Anna: keine Mobilnummer." in printed[0]


@pytest.fixture(params=["de", "en", "fr", "it"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    """Gives each language in turn."""
    set_language(request.param)
    yield request.param
    set_language("de")


@pytest.mark.usefixtures("language")
def test_every_entry_of_the_rail_has_a_letter_of_its_own(qtbot: QtBot, context: DialogContext) -> None:
    dialog = StartDialog(context)
    qtbot.addWidget(dialog)
    dialog.show_state(tray_state(AgentFacts(now=datetime(2026, 11, 23, 9, 0, tzinfo=UTC))))
    buttons = [*dialog.rail.entries, dialog.head.check]
    assert len(buttons) > 10
    assert [button.text() for button in buttons if not mnemonic_of(button.text())] == []
    assert clashing_mnemonics(dialog) == []


def test_letters_go_to_the_starts_of_words_first() -> None:
    assert with_mnemonics(["Schalter…", "Online-Portal…", "Ordner", "OD"], taken="d") == ("&Schalter…", "Online-&Portal…", "O&rdner", "&OD")
    assert with_mnemonics(["OD", "DO"], taken="od") == ("OD", "DO")
