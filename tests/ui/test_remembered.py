"""What a window remembers, for each screen apart, and what the wheel does in it."""

from __future__ import annotations

from typing import Any

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QLabel, QSpinBox, QSplitter, QTabWidget, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.keyboard import turn_wheel
from ui import windows
from ui.widgets.dialog import Dialog
from ui.widgets.layout import column, held, scrolling, splitter
from ui.widgets.table_models import Column, ListModel
from ui.widgets.tables import TableView
from ui.windows import DialogContext


class Lists(Dialog):
    """A window with tabs, a table and parts that share a room.

    Args:
        late: whether the table can be sorted only after its columns were restored.
    """

    NAME = "lists"
    SIZE = (500, 400)

    def __init__(self, context: DialogContext, *, late: bool = False) -> None:
        super().__init__(context, "Listen")
        self.tabs = QTabWidget()
        for title in ("Eins", "Zwei"):
            self.tabs.addTab(QLabel(title), title)
        self.table = TableView[str]("Liste", "")
        self.list = ListModel([Column[str]("Name", lambda name: name), Column[str]("Länge", lambda name: str(len(name)))], key=hash)
        self.parts = splitter(Qt.Orientation.Vertical, self.tabs, self.table, stretch=(1, 1))
        self.body.addWidget(self.parts)
        self.table.present(self.list, sort=None if late else -1)
        self.remember_columns(self.table)
        self.remember_tab(self.tabs)
        if late:
            self.table.enable_sorting()
        self.list.show(["b", "aaa", "cc"])


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Gives the name of the screen on which windows are; another one can be put in its place."""
    now = ["one"]
    monkeypatch.setattr(windows, "_name_of_screen", lambda _screen: now[0])
    return now


def opened(qtbot: QtBot, context: DialogContext, *, late: bool = False) -> Lists:
    dialog = Lists(context, late=late)
    qtbot.addWidget(dialog)
    dialog.show()
    QApplication.processEvents()
    return dialog


@pytest.mark.parametrize("late", [False, True])
def test_order_and_tab_are_remembered(qtbot: QtBot, context: DialogContext, late: bool) -> None:
    first = opened(qtbot, context)
    first.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    first.tabs.setCurrentIndex(1)
    first.done(0)
    again = opened(qtbot, context, late=late)
    assert again.list.rows == ("cc", "b", "aaa")
    assert (again.table.titles.sortIndicatorSection(), again.tabs.currentIndex()) == (0, 1)
    again.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    again.done(0)
    assert opened(qtbot, context).list.rows == ("b", "aaa", "cc")


def test_what_another_program_wrote_there_does_no_harm(qtbot: QtBot, context: DialogContext) -> None:
    opened(qtbot, context).done(0)
    kept: Any = context.remembered._settings
    for key in kept.allKeys():
        kept.setValue(key, ["7", "x"])
    assert opened(qtbot, context).list.rows == ("b", "aaa", "cc")


def test_shares_are_remembered_if_a_person_moved_the_border(qtbot: QtBot, context: DialogContext) -> None:
    first = opened(qtbot, context)
    usual = first.parts.sizes()
    first.done(0)
    second = opened(qtbot, context)
    assert second.parts.sizes() == usual
    moved = [usual[0] + 40, usual[1] - 40]
    second.parts.setSizes(moved)
    second.parts.splitterMoved.emit(moved[0], 1)
    second.done(0)
    assert opened(qtbot, context).parts.sizes() == moved


def test_each_screen_has_sizes_widths_and_order_of_its_own(qtbot: QtBot, context: DialogContext, screen: list[str]) -> None:
    first = opened(qtbot, context)
    usual = first.size()
    first.resize(700, 333)
    first.table.setColumnWidth(0, 177)
    first.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    first.done(0)
    screen[0] = "two"
    other = opened(qtbot, context)
    assert other.size() == usual
    assert other.table.titles.sortIndicatorSection() == -1
    other.done(0)
    screen[0] = "one"
    again = opened(qtbot, context)
    assert (again.width(), again.height()) == (700, 333)
    assert (again.table.columnWidth(0), again.table.titles.sortIndicatorSection()) == (177, 0)


def test_another_size_of_text_makes_another_screen(qtbot: QtBot) -> None:
    screen, before = QApplication.primaryScreen(), QApplication.font()
    usual = windows._name_of_screen(screen)
    larger = QApplication.font()
    larger.setPointSizeF(before.pointSizeF() * 1.33)
    QApplication.setFont(larger)
    try:
        assert windows._name_of_screen(screen) != usual
    finally:
        QApplication.setFont(before)
    assert windows._name_of_screen(screen) == usual


@pytest.mark.parametrize(("left", "top"), [(5000, 5000), (-3000, 10), (10, -400), (10, 780)])
def test_no_window_opens_off_the_screen(qtbot: QtBot, context: DialogContext, left: int, top: int) -> None:
    dialog = Lists(context)
    qtbot.addWidget(dialog)
    dialog.move(left, top)
    dialog.show()
    QApplication.processEvents()
    screen = dialog.screen()
    assert screen is not None
    assert screen.availableGeometry().contains(dialog.geometry().adjusted(0, -24, 0, 0))  # its title, too


def test_the_wheel_over_a_field_that_came_later_scrolls_the_page(qtbot: QtBot, context: DialogContext) -> None:
    dialog = Dialog(context, "Felder")
    qtbot.addWidget(dialog)
    page = column(*(QLabel(str(number)) for number in range(60)))
    area = scrolling(held(page))
    dialog.body.addWidget(area)
    dialog.resize(300, 300)
    dialog.show()
    late = QSpinBox()
    page.insertWidget(0, late)
    QApplication.processEvents()
    dialog.setFocus()
    bar = area.verticalScrollBar()
    assert bar is not None
    late.setValue(50)
    turn_wheel(late)
    assert (late.value(), bar.value() > 0, late.hasFocus()) == (50, True, False)
    bar.setValue(0)
    late.setFocus()
    turn_wheel(late)
    assert (late.value(), bar.value()) == (49, 0)


def test_a_window_without_tables_remembers_nothing_of_them(qtbot: QtBot, context: DialogContext) -> None:
    dialog = Dialog(context, "Leer")
    qtbot.addWidget(dialog)
    dialog.body.addWidget(QWidget())
    dialog.show()
    dialog.done(0)
    keys = [key for key in context.remembered._settings.allKeys() if "columns" in key or "sort" in key]
    assert keys == []
    assert not dialog.findChildren(QSplitter)
