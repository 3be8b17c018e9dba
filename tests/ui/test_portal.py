"""The window *Online-Portal*: menus as in the specification, search, ticks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QMenu, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from tests.ui.keyboard import ask_for_menu, press, type_text
from tray_agent.agent import Agent
from tray_agent.downloads.model import DownloadState, ElementVersion, FileKind, Version
from tray_agent.downloads.portal_view import PortalArea, PortalHeading, PortalRow, PortalView
from tray_agent.downloads.words import state_word
from ui.dialogs.portal import AUTOMATIC, PortalDialog
from ui.models.portal import PortalModel, details_of
from ui.windows import DialogContext

SIGNED = ElementVersion(
    element="vitomed-update",
    title="Update vitomed",
    version=Version(2, 69, 1),
    released=date(2026, 11, 20),
    size=31_000_000,
    notes="Neue Suche.",
    kind=FileKind.MSI,
    restart=True,
    needs=Version(2, 68, 0),
    target="",
    file_name="",
    hashes=(),
)
TARIFF_SIGNED = replace(SIGNED, element="tarif", title="Tarif TARDOC", version=Version(1, 4, 2), restart=False, needs=None)
UPDATE = PortalRow(SIGNED, subscribed=False, state=None)
TARIFF = PortalRow(TARIFF_SIGNED, subscribed=True, state=None)
OLD = PortalRow(replace(TARIFF_SIGNED, version=Version(1, 4, 1)), subscribed=True, state=DownloadState.SUPERSEDED)
NEW_AREA = PortalArea("Neue Downloads", (PortalHeading("Programm", (UPDATE,)), PortalHeading("Tarife", (TARIFF,))))
HISTORY = PortalArea("Download-History", (PortalHeading("Tarife", (OLD,)),))
VIEW = PortalView((NEW_AREA, HISTORY), active=False, offline=False, checked_at=datetime(2026, 11, 23, 9, tzinfo=UTC), refused=0)


class Service:
    """The engine's side, as the window sees it."""

    def __init__(self) -> None:
        self.view = VIEW

    def portal(self, *, refresh: bool = True) -> PortalView:
        return self.view

    def subscribe(self, element: str, by: str) -> None:
        self._mark(element, subscribed=True)

    def unsubscribe(self, element: str) -> bool:
        self._mark(element, subscribed=False)
        return True

    def set_active(self, active: bool, by: str) -> None:
        self.view = replace(self.view, active=active)

    def _mark(self, element: str, *, subscribed: bool) -> None:
        def rows(heading: PortalHeading) -> PortalHeading:
            marked = tuple(replace(row, subscribed=subscribed) if row.signed.element == element else row for row in heading.rows)
            return replace(heading, rows=marked)

        areas = tuple(replace(area, headings=tuple(rows(heading) for heading in area.headings)) for area in self.view.areas)
        self.view = replace(self.view, areas=areas)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    service = Service()
    monkeypatch.setattr(Agent, "downloads", property(lambda _agent: service))
    return service


@pytest.fixture
def dialog(qtbot: QtBot, context: DialogContext, service: Service) -> PortalDialog:
    dialog = PortalDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.model is not None and not dialog.is_busy)
    return dialog


def item(dialog: PortalDialog, text: str) -> QTreeWidgetItem:
    return dialog.tree.findItems(text, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)[0]


def test_only_the_area_of_new_downloads_activates_the_service() -> None:
    model = PortalModel(VIEW)
    assert model.can_activate(NEW_AREA) is True
    assert model.can_activate(HISTORY) is None
    assert PortalModel(replace(VIEW, active=True)).can_activate(NEW_AREA) is False


def test_the_search_finds_words_in_title_version_and_notes() -> None:
    model = PortalModel(VIEW)
    model.search("tarif 1.4.001")
    assert [area.title for area in model.areas] == ["Download-History"]
    model.search("neue SUCHE update")
    assert model.found == 1
    model.search("nichts davon")
    assert model.found == 0


def test_rows_are_told_in_words() -> None:
    assert state_word(OLD.state) == "ersetzt"
    title, paragraphs = details_of(UPDATE)
    assert title == "Update vitomed, Version 2.69.001"
    assert "Nötig ist vitomed 2.68.000 oder neuer." in paragraphs
    assert PortalModel(VIEW).status == "Der Download-Service ist nicht aktiv. 1 Element ist abonniert."


def test_a_heading_can_not_be_chosen_and_has_no_menu(dialog: PortalDialog) -> None:
    heading = item(dialog, "Programm")
    assert not heading.flags() & Qt.ItemFlag.ItemIsSelectable
    assert dialog.menu_for(heading) is None


def test_activating_the_service_greys_the_menu(qtbot: QtBot, dialog: PortalDialog, service: Service) -> None:
    menu = dialog.menu_for(item(dialog, "Neue Downloads"))
    assert menu is not None
    menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: service.view.active and not dialog.is_busy)
    again = dialog.menu_for(item(dialog, "Neue Downloads"))
    assert again is not None
    assert not again.actions()[0].isEnabled()
    assert "Aufträge verwalten" in dialog.banner.text


def test_the_tick_in_the_row_and_the_menu_are_one(qtbot: QtBot, dialog: PortalDialog) -> None:
    item(dialog, "Update vitomed").setCheckState(AUTOMATIC, Qt.CheckState.Checked)
    qtbot.waitUntil(lambda: not dialog.is_busy and "2 Elemente" in dialog.heading.sentence)
    menu = dialog.menu_for(item(dialog, "Update vitomed"))
    assert menu is not None
    assert menu.actions()[0].isChecked()
    menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: not dialog.is_busy and "1 Element ist" in dialog.heading.sentence)
    assert item(dialog, "Update vitomed").checkState(AUTOMATIC) is Qt.CheckState.Unchecked


def test_offline_the_last_state_is_shown_and_told(qtbot: QtBot, dialog: PortalDialog, service: Service) -> None:
    service.view = replace(VIEW, offline=True)
    dialog.load()
    qtbot.waitUntil(lambda: "Stand vom 23.11.2026 10:00" in dialog.banner.text)
    assert dialog.model is not None
    assert dialog.model.found == 3


def test_the_choice_stays_when_the_list_is_filled_anew(qtbot: QtBot, dialog: PortalDialog) -> None:
    dialog.tree.setCurrentItem(item(dialog, "Tarif TARDOC"))
    dialog.search.setText("tarif")
    assert dialog.current_row == TARIFF
    dialog.search.clear()
    assert dialog.current_row == TARIFF


def test_enter_in_the_search_goes_to_what_was_found_and_opens_no_window(dialog: PortalDialog) -> None:
    press(dialog, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert dialog.focusWidget() is dialog.search
    type_text(dialog.search, "tardoc 1.4.002")
    press(dialog.search, Qt.Key.Key_Return)
    assert dialog.focusWidget() is dialog.tree
    assert dialog.current_row == TARIFF
    assert dialog.context.windows.opened == ()


def test_space_ticks_the_chosen_row_and_no_heading(qtbot: QtBot, dialog: PortalDialog, service: Service) -> None:
    dialog.tree.setCurrentItem(item(dialog, "Update vitomed"))
    press(dialog.tree, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not dialog.is_busy and "2 Elemente" in dialog.heading.sentence)
    assert dialog.current_row is not None
    assert dialog.current_row.subscribed
    before = service.view
    dialog.tree.setCurrentItem(item(dialog, "Neue Downloads"))
    press(dialog.tree, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not dialog.is_busy)
    assert service.view == before


@pytest.mark.parametrize(
    ("title", "entry"), [("Update vitomed", "Automatisch herunterladen"), ("Neue Downloads", "Download-Service aktivieren")]
)
def test_menu_key_opens_the_menu_of_what_is_chosen(dialog: PortalDialog, title: str, entry: str) -> None:
    dialog.tree.setCurrentItem(item(dialog, title))
    ask_for_menu(dialog.tree)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert [action.text() for action in menu.actions()] == [entry]
    menu.close()


def test_right_click_on_a_heading_opens_nothing(dialog: PortalDialog) -> None:
    ask_for_menu(dialog.tree, dialog.tree.indexFromItem(item(dialog, "Programm")))
    assert QApplication.activePopupWidget() is None


def test_columns_are_as_wide_as_what_they_hold(dialog: PortalDialog) -> None:
    for column in range(dialog.tree.columnCount() - 1):
        assert dialog.tree.columnWidth(column) >= dialog.tree.sizeHintForColumn(column)


def test_f5_asks_the_portal_again(qtbot: QtBot, dialog: PortalDialog, service: Service) -> None:
    service.view = replace(VIEW, active=True)
    press(dialog, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: not dialog.is_busy and "ist aktiv." in dialog.heading.sentence)


def test_a_portal_that_offers_nothing_says_so(qtbot: QtBot, dialog: PortalDialog, service: Service) -> None:
    service.view = replace(VIEW, areas=())
    dialog.load()
    qtbot.waitUntil(lambda: dialog.tree.message == "Das Online-Portal bietet zurzeit nichts an.")
    assert dialog.details.toPlainText() == ""


def test_a_search_in_vain_says_so_and_tells_of_nothing_else(dialog: PortalDialog) -> None:
    assert dialog.details.toPlainText()
    dialog.search.setText("nichts davon")
    assert dialog.tree.message == "Die Suche findet kein Element."
    assert dialog.details.toPlainText() == ""
    dialog.search.clear()
    assert dialog.tree.message == ""
    assert dialog.details.toPlainText()
