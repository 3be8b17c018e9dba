"""Nothing moves under the mouse: in every list of every window, found by looking for them, whatever comes, goes or is read anew.

The windows show the demo practice's data. Where a list has few rows, more are made of one of them, so that it scrolls.
"""

from __future__ import annotations

import ast
import pkgutil
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PyQt6.QtCore import QRect, Qt
from PyQt6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

import ui.dialogs
from tests.support.subjects import subject_of
from tests.ui.keyboard import press, turn_wheel
from tray_agent.agent import Agent
from tray_agent.store.pages import Page
from tray_agent.tray.engine import AgentEngine
from tray_agent.tray.model import DialogName, tray_state
from ui.background import Background
from ui.widgets.dialog import Dialog
from ui.widgets.paged_list import PAGE, PagedModel, PageRequest
from ui.widgets.table_models import ListModel, TableModel
from ui.widgets.tables import TableView
from ui.windows import Remembered, Windows

pytestmark = pytest.mark.xdist_group("walk")

ROWS = 60
"""So many rows a list is given: more than it shows at once."""

_DIALOGS = Path(ui.dialogs.__file__).parent


def _makes_tables(module: str) -> int:
    """Returns how many tables a module of the windows makes."""
    tree = ast.parse((_DIALOGS / f"{module}.py").read_text("utf-8"))
    made = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return sum(getattr(one.value if isinstance(one, ast.Subscript) else one, "id", "") == "TableView" for one in made)


NUMBER_OF_TABLES = {module.name: made for module in pkgutil.iter_modules([str(_DIALOGS)]) if (made := _makes_tables(module.name))}
WINDOWS = [name.value for name in DialogName if name.value in NUMBER_OF_TABLES or f"{name.value}_pages" in NUMBER_OF_TABLES]


@pytest.fixture
def demo_windows(demo_agent: Agent, background: Background, tmp_path: Path) -> Iterator[Windows]:
    windows = Windows(demo_agent, background, Remembered(tmp_path / "windows.ini"))
    windows.state.show(tray_state(AgentEngine(demo_agent).facts()))
    yield windows
    windows.close_all()


def _settle(qtbot: QtBot, windows: Windows) -> None:
    qtbot.waitUntil(lambda: windows.background.idle, timeout=20_000)
    QApplication.processEvents()


def _opened(qtbot: QtBot, windows: Windows, name: str) -> Dialog:
    dialog = windows.open(DialogName(name), subject_of(DialogName(name), windows.agent))
    assert isinstance(dialog, Dialog)
    _settle(qtbot, windows)
    return dialog


# More rows of one


class _Asked:
    """Notes which of a row's attributes its key is made of."""

    def __init__(self, found: list[tuple[str, ...]], path: tuple[str, ...] = ()) -> None:
        self._found = found
        self._path = path

    def __getattr__(self, name: str) -> _Asked:
        path = (*self._path, name)
        self._found[:] = [one for one in self._found if one != self._path] + [path]
        return _Asked(self._found, path)

    def __hash__(self) -> int:
        return 0


def _copy(row: Any, path: Sequence[str], number: int) -> Any:
    old = getattr(row, path[0])
    if len(path) > 1:
        return replace(row, **{path[0]: _copy(old, path[1:], number)})
    return replace(row, **{path[0]: f"{old}{number:03}" if isinstance(old, str) else type(old)(old + 1000 + number)})


def _more(model: TableModel[Any]) -> list[Any]:
    """Returns a list's rows, and copies of its first one that have other keys where such can be made."""
    many = 2 * PAGE + ROWS if isinstance(model, PagedModel) else ROWS
    rows = [row for place in range(min(model.rowCount(), ROWS)) if (row := model.row_at(place)) is not None]
    paths: list[tuple[str, ...]] = []
    model.key(_Asked(paths))
    if rows and is_dataclass(rows[0]) and paths:
        with suppress(TypeError):  # the key is no field, or its values are a fixed few: the list is as short as it is
            rows += [_copy(rows[0], paths[-1], number) for number in range(many - len(rows))]
    return rows


class _Source:
    """What a long list is read from, in place of the store."""

    def __init__(self, model: PagedModel[Any]) -> None:
        self.rows: list[Any] = []
        self._key = model.key
        model._fetch = self.fetch

    def fetch(self, request: PageRequest) -> Page[Any]:
        rows = self.rows[::-1] if request.descending else self.rows
        place = next((place for place, row in enumerate(rows) if self._key(row) == request.at), None)
        offset = request.offset if place is None else place - place % request.limit
        return Page(tuple(rows[offset : offset + request.limit]), offset, len(rows), place)


# What a person sees


class _Seen:
    """What a person sees of a table: the chosen row, and where rows are."""

    def __init__(self, table: TableView[Any]) -> None:
        self._table = table
        model = table.model()
        assert isinstance(model, TableModel)
        self.model: TableModel[Any] = model

    @property
    def chosen(self) -> Hashable:
        return self.key(self._table.currentIndex().row())

    def key(self, row: int) -> Hashable:
        value = self.model.loaded_at(row) if row >= 0 else None
        return None if value is None else self.model.key(value)

    def top_of(self, key: Hashable) -> int:
        return self._table.rowViewportPosition(self.model.place_of(key))

    @property
    def state(self) -> tuple[Hashable, int, int]:
        """Returns the chosen row, its place in pixels, and the column that the table is sorted by."""
        return self.chosen, self.top_of(self.chosen), self._table.titles.sortIndicatorSection()

    @property
    def in_view(self) -> range:
        return self.model.in_view()

    @property
    def first_in_view(self) -> Hashable:
        return self.key(self._table.rowAt(0))

    @property
    def can_not_scroll_further(self) -> bool:
        bar = self._table.verticalScrollBar()
        assert bar is not None
        return bar.value() in (bar.minimum(), bar.maximum())


@pytest.fixture(params=WINDOWS)
def dialog(request: pytest.FixtureRequest, qtbot: QtBot, demo_windows: Windows) -> Dialog:
    return _opened(qtbot, demo_windows, str(request.param))


def test_every_list_is_found(qtbot: QtBot, demo_windows: Windows) -> None:
    """What is made in the windows' modules is what the other tests walk through."""
    seen = sum(len(_opened(qtbot, demo_windows, name).findChildren(TableView)) for name in WINDOWS)
    in_loops = 2  # the log of a service is made once in the source, three times in the window
    assert seen == sum(NUMBER_OF_TABLES.values()) + in_loops


def test_what_is_chosen_and_in_view_stays(qtbot: QtBot, demo_windows: Windows, dialog: Dialog) -> None:
    for table in dialog.findChildren(TableView):
        model = table.model()
        assert isinstance(model, TableModel)
        assert model.has_keys, f"{table.accessibleName()}: rows without a key"
        rows = _more(model)
        if len(rows) > 2:
            _assert_nothing_moves(qtbot, demo_windows, table, rows)


def _assert_nothing_moves(qtbot: QtBot, windows: Windows, table: TableView[Any], rows: list[Any]) -> None:
    seen, name = _Seen(table), table.accessibleName()
    source = _Source(seen.model) if isinstance(seen.model, PagedModel) else None

    def show(now: list[Any]) -> None:
        if source is not None and isinstance(seen.model, PagedModel):
            source.rows = now
            seen.model.reload()
            _settle(qtbot, windows)
        elif isinstance(seen.model, ListModel):
            seen.model.show(now)

    show(rows[1:])
    table.show()
    table.setCurrentIndex(seen.model.index((len(rows) - 2) // 2, 0))
    table.scrollTo(table.currentIndex(), TableView.ScrollHint.PositionAtCenter)
    _load_what_is_seen(qtbot, windows, seen)
    chosen = seen.chosen
    assert chosen is not None
    _assert_stays(seen, chosen, f"{name}: a row above", lambda: show(rows))
    _assert_stays(seen, chosen, f"{name}: read anew", lambda: show(list(rows)))
    _assert_stays(seen, chosen, f"{name}: rows gone above and below", lambda: show(rows[1:-1]))
    bar = table.verticalScrollBar()
    assert bar is not None
    if bar.maximum() > table.rowHeight(0):
        show(rows[1:])
        bar.setValue(table.rowHeight(0) // 2)
        _load_what_is_seen(qtbot, windows, seen)
        first = seen.first_in_view
        top = seen.top_of(first)
        unread: list[int] = []
        seen.model.modelReset.connect(lambda: unread.extend(row for row in seen.in_view if seen.model.loaded_at(row) is None))
        show(rows)
        assert unread == [], f"{name}: empty rows in view for a moment"
        assert (seen.first_in_view, seen.top_of(first)) == (first, top), f"{name}: scrolled away from the chosen row"
        assert seen.chosen == chosen
    for column in range(seen.model.columnCount()) if table.isSortingEnabled() else ():
        if seen.model.can_sort(column):
            _sort(qtbot, windows, table, seen, chosen, column)


def _load_what_is_seen(qtbot: QtBot, windows: Windows, seen: _Seen) -> None:
    """Has the rows in view read, as painting does; a table behind another tab is not painted."""
    for row in seen.in_view:
        seen.model.row_at(row)
    _settle(qtbot, windows)


def _assert_stays(seen: _Seen, chosen: Hashable, what: str, change: Callable[[], object]) -> None:
    top = seen.top_of(chosen)
    change()
    assert seen.chosen == chosen, what
    assert seen.top_of(chosen) == top or seen.can_not_scroll_further, what


def _sort(qtbot: QtBot, windows: Windows, table: TableView[Any], seen: _Seen, chosen: Hashable, column: int) -> None:
    table.scrollTo(table.currentIndex(), TableView.ScrollHint.PositionAtCenter)
    for order in (Qt.SortOrder.DescendingOrder, Qt.SortOrder.AscendingOrder):

        def turn(order: Qt.SortOrder = order) -> None:
            table.sortByColumn(column, order)
            _settle(qtbot, windows)

        _assert_stays(seen, chosen, f"{table.accessibleName()}: sorted by {column}, {order.name}", turn)
        assert (table.titles.sortIndicatorSection(), table.titles.sortIndicatorOrder()) == (column, order)


def test_key_for_reading_anew_keeps_the_chosen_row_order_and_typed_words(qtbot: QtBot, demo_windows: Windows, dialog: Dialog) -> None:
    tables = [table for table in dialog.findChildren(TableView) if table.isVisible() and _Seen(table).model.rowCount() > 1]
    for table in tables:
        table.setCurrentIndex(_Seen(table).model.index(1, 0))
        _settle(qtbot, demo_windows)
    lines = [line for line in dialog.findChildren(QLineEdit) if line.isVisible() and line.parentWidget() is dialog.content]
    for line in lines:
        line.setText(line.text() + "a")
    _settle(qtbot, demo_windows)
    before = [_Seen(table).state for table in tables]
    press(dialog, Qt.Key.Key_F5)
    _settle(qtbot, demo_windows)
    assert [_Seen(table).state for table in tables] == before
    assert [line.text()[-1:] for line in lines] == ["a"] * len(lines)


# The wheel


def _is_in_sight(field: QWidget) -> bool:
    window = field.window()
    middle = field.rect().center()
    return window is not None and field.isVisible() and field.visibleRegion().contains(QRect(middle, middle))


def test_the_wheel_changes_no_field_without_the_keyboard(qtbot: QtBot, demo_windows: Windows, dialog: Dialog) -> None:
    dialog.setFocus()
    for field in dialog.findChildren(QWidget):
        if isinstance(field, QComboBox | QAbstractSpinBox) and _is_in_sight(field) and not field.hasFocus():
            before = field.currentText() if isinstance(field, QComboBox) else field.text()
            turn_wheel(field)
            after = field.currentText() if isinstance(field, QComboBox) else field.text()
            assert after == before, field.accessibleName()
            assert not field.hasFocus()


def test_the_wheel_turns_a_field_that_has_the_keyboard(qtbot: QtBot, demo_windows: Windows) -> None:
    dialog = _opened(qtbot, demo_windows, "job_history")
    field = next(box for box in dialog.findChildren(QComboBox) if box.count() > 1 and _is_in_sight(box))
    field.setCurrentIndex(0)
    field.setFocus()
    turn_wheel(field)
    assert field.currentIndex() == 1
