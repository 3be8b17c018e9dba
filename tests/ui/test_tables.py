"""Tables: pages in the background, sorting, checkboxes, the words of an empty table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import QModelIndex, Qt
from pytestqt.qtbot import QtBot

from tests.ui.keyboard import ask_for_menu, press
from tray_agent.errors import KnownError
from tray_agent.store.pages import Page
from ui.background import Background
from ui.look.icons import Status
from ui.look.scale import u
from ui.widgets.dialog import Dialog
from ui.widgets.paged_list import PAGE, PAGES_KEPT, PagedModel, PageRequest
from ui.widgets.table_models import Align, Column, ListModel
from ui.widgets.tables import TableView
from ui.widgets.titles import shared_widths
from ui.windows import DialogContext


@dataclass(frozen=True)
class Entry:
    number: int
    ticked: bool = False


COLUMNS = (
    Column[Entry]("Nummer", lambda entry: str(entry.number), Align.RIGHT, sort="number", key=lambda entry: entry.number),
    Column[Entry]("Art", lambda entry: "Fehler", status=lambda _entry: Status.ERROR),
    Column[Entry]("Gewählt", lambda _entry: "", checked=lambda entry: None if entry.number == 0 else entry.ticked),
)


class Store:
    """A list of a million numbers that notes what was asked of it."""

    def __init__(self, total: int = 1_000_000) -> None:
        self.numbers: Sequence[int] = range(total)
        self.requests: list[PageRequest] = []
        self.error: KnownError | None = None

    def fetch(self, request: PageRequest) -> Page[Entry]:
        self.requests.append(request)
        if self.error:
            raise self.error
        numbers = self.numbers[::-1] if request.descending else self.numbers
        place = numbers.index(request.at) if isinstance(request.at, int) and request.at in numbers else None
        offset = request.offset if place is None else place - place % request.limit
        return Page(tuple(Entry(number) for number in numbers[offset : offset + request.limit]), offset, len(numbers), place)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def paged(qtbot: QtBot, store: Store, background: Background) -> PagedModel[Entry]:
    model = PagedModel(COLUMNS, store.fetch, background, key=lambda entry: entry.number)
    model.reload()
    qtbot.waitUntil(lambda: background.idle)
    return model


@pytest.fixture
def view(qtbot: QtBot, paged: PagedModel[Entry]) -> TableView[Any]:
    """Gives a table that shows the list."""
    table = TableView[Any]("Liste", "Noch nichts.")
    qtbot.addWidget(table)
    table.setModel(paged)
    paged.went.connect(table.show_row)
    table.resize(300, 300)
    table.show()
    return table


def shown(model: PagedModel[Entry] | ListModel[Entry], row: int, column: int = 0) -> object:
    return model.index(row, column).data()


def test_only_the_first_page_is_fetched(paged: PagedModel[Entry], store: Store) -> None:
    assert paged.rowCount() == 1_000_000
    assert [(request.offset, request.limit) for request in store.requests] == [(0, PAGE)]
    assert shown(paged, 0) == "0"


def test_a_row_far_down_comes_with_its_page(qtbot: QtBot, paged: PagedModel[Entry], background: Background) -> None:
    assert shown(paged, 700_123) == "…"
    with qtbot.waitSignal(paged.dataChanged) as changed:
        pass
    first: QModelIndex = (changed.args or [])[0]
    assert first.row() <= 700_123
    assert shown(paged, 700_123) == "700123"


def test_sorting_is_the_fetch_functions_business(qtbot: QtBot, paged: PagedModel[Entry], store: Store, background: Background) -> None:
    paged.sort(0, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: background.idle)
    assert store.requests[-1].sort == "number"
    assert shown(paged, 0) == "999999"


def test_a_column_without_a_sort_changes_nothing(paged: PagedModel[Entry], store: Store) -> None:
    paged.sort(1)
    assert len(store.requests) == 1


def test_filter_reaches_the_fetch_function(qtbot: QtBot, paged: PagedModel[Entry], store: Store, background: Background) -> None:
    paged.set_filter(("error", 7))
    qtbot.waitUntil(lambda: background.idle)
    assert store.requests[-1].filter == ("error", 7)


def test_pages_are_forgotten(qtbot: QtBot, paged: PagedModel[Entry], background: Background) -> None:
    for page in range(PAGES_KEPT + 5):
        shown(paged, page * PAGE)
        qtbot.waitUntil(lambda: background.idle)
    assert len(paged._pages) == PAGES_KEPT


def chosen(view: TableView[Any]) -> object:
    return view.currentIndex().data()


def test_the_end_of_a_million_rows_is_one_key_away(qtbot: QtBot, view: TableView[Any], store: Store, background: Background) -> None:
    press(view, Qt.Key.Key_End)
    view.viewport().repaint()  # type: ignore[union-attr]  # a table has one
    qtbot.waitUntil(lambda: background.idle and chosen(view) == "999999")
    assert len(store.requests) <= 3


def test_a_place_in_the_middle_is_shown_first(qtbot: QtBot, view: TableView[Any], paged: PagedModel[Entry], background: Background) -> None:
    paged.go_to(500_123)
    qtbot.waitUntil(lambda: background.idle and chosen(view) == "500123")
    assert view.rowAt(0) == 500_123


def test_the_chosen_row_stays_chosen_wherever_it_stands_now(
    qtbot: QtBot, view: TableView[Any], paged: PagedModel[Entry], store: Store, background: Background
) -> None:
    view.setCurrentIndex(paged.index(150, 0))
    view.scrollTo(paged.index(150, 0), TableView.ScrollHint.PositionAtCenter)
    top = view.visualRect(view.currentIndex()).top()
    store.numbers = range(-1000, 1_000_000)  # others have come above it
    paged.reload()
    qtbot.waitUntil(lambda: background.idle and view.currentIndex().row() == 1150)
    assert chosen(view) == "150"
    assert view.visualRect(view.currentIndex()).top() == top
    paged.sort(0, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: background.idle and view.currentIndex().row() == 1_000_000 - 151)
    assert chosen(view) == "150"
    assert view.visualRect(view.currentIndex()).top() == top
    store.numbers = range(200, 300)
    paged.set_filter("others")
    qtbot.waitUntil(lambda: background.idle and paged.rowCount() == 100)
    assert not view.currentIndex().isValid()


def test_a_row_that_the_window_chose_by_itself_is_held_on_to_only_when_the_list_is_read_anew(
    qtbot: QtBot, view: TableView[Any], paged: PagedModel[Entry], store: Store, background: Background
) -> None:
    view.choose_first()
    paged.sort(0, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: background.idle)
    assert not view.currentIndex().isValid()
    view.choose_first()
    assert chosen(view) == "999999"
    store.numbers = range(1_000_010)
    paged.reload()
    qtbot.waitUntil(lambda: background.idle and view.currentIndex().row() == 10)
    assert chosen(view) == "999999"


def test_rows_that_come_while_somebody_scrolls_are_noticed(
    qtbot: QtBot, view: TableView[Any], paged: PagedModel[Entry], store: Store, background: Background
) -> None:
    view.setCurrentIndex(paged.index(3, 0))
    store.numbers = range(-5, 1_000_000)
    shown(paged, 700_000)
    qtbot.waitUntil(lambda: background.idle and paged.rowCount() == 1_000_005)
    assert (chosen(view), view.currentIndex().row()) == ("3", 8)


def test_a_short_list_keeps_the_chosen_row_by_its_key(qtbot: QtBot) -> None:
    model = ListModel(COLUMNS, key=lambda entry: entry.number)
    table = TableView[Any]("Liste", "")
    qtbot.addWidget(table)
    table.setModel(model)
    model.show([Entry(1), Entry(2), Entry(3)])
    table.setCurrentIndex(model.index(1, 0))
    model.show([Entry(9), Entry(1), Entry(2, ticked=True)])
    assert (chosen(table), table.currentIndex().row()) == ("2", 2)
    model.sort(0)
    assert (chosen(table), table.currentIndex().row()) == ("2", 1)
    model.show([Entry(1), Entry(3), Entry(4)])
    assert not table.currentIndex().isValid()


def test_names_are_sorted_as_people_write_them(qtbot: QtBot) -> None:
    model = ListModel([Column[str]("Name", lambda name: name)])
    model.show(["Zoë", "von Arx", "Ärni", "Bär", "d'Arcy", "Arnold"])
    model.sort(0)
    assert list(model.rows) == ["d'Arcy", "Ärni", "Arnold", "von Arx", "Bär", "Zoë"]


def test_failure_is_told_in_the_table(qtbot: QtBot, paged: PagedModel[Entry], store: Store, background: Background) -> None:
    view = TableView[Any]("Liste", "Noch nichts.")
    qtbot.addWidget(view)
    view.setModel(paged)
    assert view.message == ""
    store.error = KnownError("Datenbank nicht erreichbar", "Sie antwortet nicht.")

    paged.reload()
    qtbot.waitUntil(lambda: background.idle)

    assert paged.rowCount() == 0
    assert view.message == "Datenbank nicht erreichbar: Sie antwortet nicht."


def test_empty_table_says_why(qtbot: QtBot, background: Background) -> None:
    go_on = Event()

    def fetch(_request: PageRequest) -> Page[Entry]:
        go_on.wait(10)
        return Page((), 0, 0)

    model = PagedModel(COLUMNS, fetch, background)
    view = TableView[Any]("Liste", "Noch kein Lauf.")
    qtbot.addWidget(view)
    view.setModel(model)
    model.reload()
    assert view.message == "Wird geladen …"

    go_on.set()
    qtbot.waitUntil(lambda: background.idle)
    assert view.message == "Noch kein Lauf."


def test_list_sorts_by_value_not_by_words(qtbot: QtBot) -> None:
    model = ListModel(COLUMNS)
    model.show([Entry(10), Entry(9), Entry(100)])
    model.sort(0)
    assert [entry.number for entry in model.rows] == [9, 10, 100]
    model.sort(0, Qt.SortOrder.DescendingOrder)
    assert [entry.number for entry in model.rows] == [100, 10, 9]
    model.sort(-1)
    assert [entry.number for entry in model.rows] == [10, 9, 100]


def test_space_ticks_the_row_wherever_the_cursor_stands(qtbot: QtBot) -> None:
    rows = [Entry(0), Entry(1)]

    def check(row: Entry, ticked: bool) -> None:
        rows[rows.index(row)] = replace(row, ticked=ticked)
        model.show(rows)

    model = ListModel(COLUMNS, on_check=check)
    model.show(rows)
    view = TableView[Any]("Liste", "")
    qtbot.addWidget(view)
    view.setModel(model)
    view.setCurrentIndex(model.index(1, 0))
    press(view, Qt.Key.Key_Space)
    assert rows[1].ticked
    press(view, Qt.Key.Key_Space)
    assert not rows[1].ticked


def test_row_without_a_checkbox_can_not_be_ticked(qtbot: QtBot) -> None:
    model = ListModel(COLUMNS, on_check=lambda _row, _ticked: pytest.fail("no checkbox here"))
    model.show([Entry(0)])
    assert not model.setData(model.index(0, 2), Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)


def test_state_is_icon_and_word(qtbot: QtBot) -> None:
    model = ListModel(COLUMNS)
    model.show([Entry(1)])
    assert model.index(0, 1).data() == "Fehler"
    assert not model.index(0, 1).data(Qt.ItemDataRole.DecorationRole).isNull()
    assert model.index(0, 0).data(Qt.ItemDataRole.TextAlignmentRole) == Align.RIGHT.value


def test_models_keep_qts_rules(qtbot: QtBot, qtmodeltester: object, paged: PagedModel[Entry]) -> None:
    short = ListModel(COLUMNS)
    short.show([Entry(1), Entry(2)])
    qtmodeltester.check(short)  # type: ignore[attr-defined]  # the fixture's class has no public name


@pytest.mark.parametrize(
    ("held", "least", "room", "widths"),
    [
        ([100, 200, 50], [0, 0, 0], 400, [100, 200, 50]),
        ([100, 200, 50], [150, 0, 0], 400, [150, 200, 50]),
        ([100, 200, 50], [150, 0, 0], 350, [100, 200, 50]),
        ([100, 300, 50], [0, 0, 0], 350, [100, 200, 50]),
        ([100, 100, 900], [0, 0, 0], 600, [100, 100, 200]),
        ([], [], 100, []),
    ],
)
def test_columns_share_the_room(held: list[int], least: list[int], room: int, widths: list[int]) -> None:
    assert shared_widths(held, least, room) == widths


@given(held=st.lists(st.integers(1, 2000), max_size=9), least=st.integers(0, 400), room=st.integers(1, 3000))
def test_no_column_is_given_away_and_the_room_is_kept_where_it_can_be(held: list[int], least: int, room: int) -> None:
    widths = shared_widths(held, [least] * len(held), room)
    assert len(widths) == len(held)
    assert all(width >= min(needed, 64, room // 3) - 4 for width, needed in zip(widths, held, strict=True))
    assert sum(widths) <= room or max(widths) <= max(64, *(min(one, 64) for one in held))


def test_columns_are_as_wide_as_what_they_hold_until_somebody_drags_them(qtbot: QtBot, context: DialogContext) -> None:
    names = Column[Entry]("Name", lambda entry: "Geburtstagsglückwünsche aufbereiten" * entry.number)
    for dragged in (False, True):
        dialog = Dialog(context, "Liste")
        qtbot.addWidget(dialog)
        view = TableView[Any]("Liste", "")
        model = ListModel((names, *COLUMNS))
        view.setModel(model)
        dialog.body.addWidget(view)
        dialog.remember_columns(view, widths=(40, 40))
        dialog.resize(760, 300)
        dialog.show()
        model.show([Entry(1)])
        assert view.columnWidth(0) >= view.sizeHintForColumn(0)
        assert view.columnWidth(1) == 64 or view.columnWidth(1) >= view.sizeHintForColumn(1)
        assert view.widths.are_own
        if dragged:
            view.setColumnWidth(0, 123)
        dialog.done(0)
    again = Dialog(context, "Liste")
    qtbot.addWidget(again)
    view = TableView[Any]("Liste", "")
    view.setModel(ListModel((names, *COLUMNS)))
    again.remember_columns(view, widths=(40, 40))
    assert view.columnWidth(0) == 123
    again.done(0)


@pytest.mark.parametrize("key", [Qt.Key.Key_End, Qt.Key.Key_Home])
def test_home_and_end_go_to_the_first_and_last_row(qtbot: QtBot, key: Qt.Key) -> None:
    view = TableView[Any]("Liste", "")
    qtbot.addWidget(view)
    model = ListModel(COLUMNS)
    view.setModel(model)
    press(view, key)  # an empty list has none
    model.show([Entry(number) for number in range(5)])
    view.setCurrentIndex(model.index(2, 1))
    press(view, key)
    assert view.currentIndex().row() == (4 if key is Qt.Key.Key_End else 0)
    assert view.currentIndex().column() == 1


def test_menu_is_asked_for_the_row_under_the_mouse_or_the_chosen_one(qtbot: QtBot) -> None:
    view = TableView[Any]("Liste", "")
    qtbot.addWidget(view)
    model = ListModel(COLUMNS)
    view.setModel(model)
    view.show()
    rows: list[int] = []
    view.menu_asked.connect(lambda _place: rows.append(view.currentIndex().row()))
    ask_for_menu(view)  # nothing is there yet
    model.show([Entry(number) for number in range(3)])
    ask_for_menu(view, model.index(2, 0))
    ask_for_menu(view)
    assert rows == [2, 2]


def test_widths_are_remembered(qtbot: QtBot, context: DialogContext) -> None:
    for expected in (None, 177):
        dialog = Dialog(context, "Liste")
        qtbot.addWidget(dialog)
        view = TableView[Any]("Liste", "")
        view.setModel(ListModel(COLUMNS))
        dialog.body.addWidget(view)
        dialog.remember_columns(view, widths=(90, 120))
        header = view.horizontalHeader()
        assert header is not None
        assert header.sectionSize(0) == (expected or u(90))
        header.resizeSection(0, 177)
        dialog.done(0)
