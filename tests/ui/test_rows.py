"""How rows look: two lines, states, ticks, the row under the mouse, what is cut, what an empty table says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from PyQt6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PyQt6.QtGui import QColor, QImage, QMouseEvent
from PyQt6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from tests.ui.keyboard import press
from ui.look.icons import Status
from ui.look.scale import Type, u
from ui.look.tokens import DARK, LIGHT, tokens, use
from ui.widgets.table_models import Align, Column, ListModel
from ui.widgets.tables import TableView


@dataclass(frozen=True)
class Person:
    name: str
    day: str = "heute"
    state: Status = Status.ERROR
    done: bool = False


COLUMNS = (
    Column[Person]("", lambda _row: "", checked=lambda row: row.done),
    Column[Person]("Tag", lambda row: row.day, soft=True, once=True),
    Column[Person]("Name", lambda row: row.name, second=lambda _row: "geb. 12.03.1951", strong=True, struck=lambda row: row.done),
    Column[Person]("Stand", lambda _row: "nicht angekommen", status=lambda row: row.state, acts=True),
    Column[Person]("Nr.", lambda _row: "7", Align.RIGHT, size=Type.NUMBER),
)
TICK, DAY, NAME, STATE, NUMBER = range(5)
WIDTHS = (44, 90, 220, 260)
PEOPLE = (Person("Rochat"), Person("Stalder"), Person("Bianchi", "gestern"), Person("Nguyen", "gestern", Status.SUCCESS))


def table_of(qtbot: QtBot, people: Sequence[Person] = PEOPLE, columns: Sequence[Column[Person]] = COLUMNS) -> TableView[Any]:
    """Returns a table of its own size, its first row chosen, ticks kept."""
    table = TableView[Any]("Patienten", "Niemand.")
    qtbot.addWidget(table)
    held = list(people)

    def check(row: Person, on: bool) -> None:
        held[held.index(row)] = replace(row, done=on)
        model.show(held)

    model = ListModel(columns, on_check=check, key=lambda row: row.name)
    table.present(model, sort=None)
    for column, width in enumerate(WIDTHS):
        table.setColumnWidth(column, u(width))
    table.resize(u(760), u(400))
    table.show()
    model.show(held)
    QApplication.processEvents()
    return table


def area(table: TableView[Any], row: int, column: int) -> QRect:
    model = table.model()
    assert model is not None
    return table.visualRect(model.index(row, column))


def seen(table: TableView[Any]) -> QImage:
    viewport = table.viewport()
    assert viewport is not None
    return viewport.grab().toImage()


def ground(table: TableView[Any], row: int, column: int) -> QColor:
    """Returns the colour at the top right of a cell, where no words are."""
    return seen(table).pixelColor(area(table, row, column).topRight() + QPoint(-2, 2))


def mouse(table: TableView[Any], kind: QEvent.Type, place: QPoint, button: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    viewport = table.viewport()
    assert viewport is not None
    held = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseButtonRelease else button
    everywhere = QPointF(viewport.mapToGlobal(place))
    QApplication.sendEvent(viewport, QMouseEvent(kind, QPointF(place), everywhere, button, held, Qt.KeyboardModifier.NoModifier))


def click(table: TableView[Any], place: QPoint) -> None:
    for kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
        mouse(table, kind, place, Qt.MouseButton.LeftButton)


def colours(table: TableView[Any], cell: QRect) -> set[str]:
    image = seen(table)
    return {image.pixelColor(x, y).name() for x in range(cell.left(), cell.right()) for y in range(cell.top(), cell.bottom())}


@pytest.mark.parametrize(("columns", "height"), [(COLUMNS, 54), (COLUMNS[:2], 36)])
def test_rows_of_two_lines_are_higher(qtbot: QtBot, columns: Sequence[Column[Person]], height: int) -> None:
    assert table_of(qtbot, columns=columns).rowHeight(0) == u(height)


def test_rows_follow_the_size_of_the_text(qtbot: QtBot) -> None:
    table, before = table_of(qtbot), QApplication.font()
    larger = QApplication.font()
    larger.setPointSizeF(before.pointSizeF() * 2)
    usual = table.rowHeight(0)
    QApplication.setFont(larger)
    try:
        QApplication.processEvents()
        assert table.rowHeight(0) == u(54)
        assert table.rowHeight(0) > 1.5 * usual
    finally:
        QApplication.setFont(before)


def test_the_whole_row_under_the_mouse_is_marked_until_the_mouse_leaves(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    mouse(table, QEvent.Type.MouseMove, area(table, 2, NAME).center())
    assert [ground(table, 2, column) for column in range(5)] == [LIGHT.hover] * 5
    assert ground(table, 1, NAME) == LIGHT.base
    mouse(table, QEvent.Type.MouseMove, area(table, 1, NAME).center())
    assert (ground(table, 2, NAME), ground(table, 1, NAME)) == (LIGHT.base, LIGHT.hover)
    QApplication.sendEvent(table.viewport(), QEvent(QEvent.Type.Leave))
    assert ground(table, 1, NAME) == LIGHT.base


def test_a_chosen_row_is_told_by_a_bar_too(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    assert [ground(table, 0, column) for column in range(5)] == [LIGHT.chosen] * 5
    left = area(table, 0, TICK)
    assert seen(table).pixelColor(left.left() + 1, left.center().y()) == LIGHT.accent
    assert seen(table).pixelColor(area(table, 1, TICK).left() + 1, area(table, 1, TICK).center().y()) == LIGHT.base


def test_only_what_a_person_must_act_on_is_tinted_and_never_a_chosen_row(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    tint = LIGHT.error_ground.name()
    assert [tint in colours(table, area(table, row, STATE)) for row in range(4)] == [False, True, True, False]
    plain = table_of(qtbot, columns=(*COLUMNS[:STATE], replace(COLUMNS[STATE], acts=False)))
    assert tint not in colours(plain, area(plain, 1, STATE))


def test_there_is_a_line_between_rows_and_none_below_the_last(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    lines = [seen(table).pixelColor(area(table, row, NAME).bottomRight() - QPoint(3, 0)) for row in range(4)]
    assert lines == [LIGHT.line, LIGHT.line, LIGHT.line, LIGHT.base]


def test_a_row_that_is_done_is_quiet_and_its_name_struck_through(qtbot: QtBot) -> None:
    model = ListModel(COLUMNS, key=lambda row: row.name)
    model.show([Person("Rochat", done=True), Person("Stalder")])
    done, open_ = ([model.cell(row, column) for column in (NAME, NUMBER)] for row in (0, 1))
    assert [(cell.struck, cell.soft, cell.strong) for cell in done if cell] == [(True, True, False), (False, True, False)]
    assert [(cell.struck, cell.soft, cell.strong) for cell in open_ if cell] == [(False, False, True), (False, False, False)]


def test_a_day_is_written_once_and_again_at_the_top(qtbot: QtBot) -> None:
    people = [Person(str(number), "heute" if number < 20 else "gestern") for number in range(60)]
    table = table_of(qtbot, people)
    model, bar = table.model(), table.verticalScrollBar()
    assert model is not None
    assert bar is not None

    def written(row: int) -> bool:
        return len(colours(table, area(table, row, DAY).adjusted(2, 2, -2, -2))) > 1

    assert [written(row) for row in range(4)] == [True, False, False, False]
    bar.setValue(18 * table.rowHeight(0))
    QApplication.processEvents()
    assert [written(row) for row in (18, 19, 20, 21)] == [True, False, True, False]
    assert model.index(19, DAY).data() == "heute"  # it is read out, copied and sorted in every row


def test_a_click_on_the_box_ticks_and_one_beside_it_does_not(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    model = table.model()
    assert isinstance(model, ListModel)
    click(table, area(table, 1, NAME).center())
    assert [row.done for row in model.rows] == [False] * 4
    assert table.current == PEOPLE[1]
    click(table, area(table, 2, TICK).center())
    assert [row.done for row in model.rows] == [False, False, True, False]
    press(table, Qt.Key.Key_Space)
    assert [row.done for row in model.rows] == [False, True, True, False]


def test_words_that_are_cut_are_told(qtbot: QtBot) -> None:
    table = table_of(qtbot, (Person("Maximiliana <b>Katharina</b> von der Mühlen-Bächtold"),))
    model = table.model()
    assert model is not None
    cell = model.index(0, NAME)
    assert table.rows.tip_of(cell, u(2000)) == ""
    told = table.rows.tip_of(cell, u(180))
    assert "&lt;b&gt;Katharina" in told  # as it is written, not marked up
    assert "1951" not in told  # the second line has its room


def test_a_tooltip_of_the_column_is_not_said_twice(qtbot: QtBot) -> None:
    long = "Das Telefon war ausgeschaltet, und die Mitteilung ist verfallen."
    table = table_of(qtbot, columns=(Column[Person]("Grund", lambda _row: long, tooltip=lambda _row: long),))
    model = table.model()
    assert model is not None
    assert table.rows.tip_of(model.index(0, 0), u(60)) == long


def test_a_column_is_as_wide_as_its_longest_line(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    model = table.model()
    assert model is not None
    for column in range(5):
        needed = table.sizeHintForColumn(column)
        assert table.rows.tip_of(model.index(0, column), needed) == ""
        assert column == TICK or table.rows.tip_of(model.index(0, column), needed // 2) != ""


def test_an_empty_table_says_why_and_what_to_do(qtbot: QtBot) -> None:
    table, button = table_of(qtbot, ()), QPushButton("Jetzt einrichten")
    table.when_empty("Alle Erinnerungen von heute sind zugestellt.", "Niemand ist anzurufen", "circle-check", button)
    QApplication.processEvents()
    table.grab()
    model = table.model()
    assert isinstance(model, ListModel)
    assert table.message == "Alle Erinnerungen von heute sind zugestellt."
    assert table.accessibleDescription() == table.message
    assert button.isVisible()
    assert LIGHT.ok.name() in colours(table, QRect(0, 0, table.width() - 2, button.y()))
    model.show(PEOPLE)
    table.grab()
    assert not button.isVisible()
    assert table.accessibleDescription() == ""


def test_a_screen_reader_hears_both_lines(qtbot: QtBot) -> None:
    model = ListModel(COLUMNS, key=lambda row: row.name)
    model.show(PEOPLE)
    assert model.index(0, NAME).data(Qt.ItemDataRole.AccessibleTextRole) == "Rochat, geb. 12.03.1951"


def test_rows_follow_another_look_at_once(qtbot: QtBot) -> None:
    table = table_of(qtbot)
    assert tokens() is LIGHT
    use(DARK)
    try:
        assert ground(table, 0, NAME) == DARK.chosen
        assert DARK.error_ground.name() in colours(table, area(table, 1, STATE))
    finally:
        use(LIGHT)
