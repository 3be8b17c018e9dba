"""Tables: pages in the background, sorting, checkboxes, the words of an empty table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Event

import pytest
from PyQt6.QtCore import QModelIndex, Qt
from pytestqt.qtbot import QtBot

from tests.ui.keyboard import press
from tray_agent.errors import KnownError
from ui.background import Background
from ui.icons import Status
from ui.paged_list import PAGE, PAGES_KEPT, PagedModel, PageRequest, PageResult
from ui.tables import Align, Column, ListModel, TableView


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
        self.total = total
        self.requests: list[PageRequest] = []
        self.error: KnownError | None = None

    def fetch(self, request: PageRequest) -> PageResult[Entry]:
        self.requests.append(request)
        if self.error:
            raise self.error
        numbers = range(request.offset, min(request.offset + request.limit, self.total))
        return PageResult([Entry(self.total - 1 - n if request.descending else n) for n in numbers], self.total)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def paged(qtbot: QtBot, store: Store, background: Background) -> PagedModel[Entry]:
    model = PagedModel(COLUMNS, store.fetch, background)
    model.reload()
    qtbot.waitUntil(lambda: background.idle)
    return model


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


def test_failure_is_told_in_the_table(qtbot: QtBot, paged: PagedModel[Entry], store: Store, background: Background) -> None:
    view = TableView("Liste", "Noch nichts.")
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

    def fetch(_request: PageRequest) -> PageResult[Entry]:
        go_on.wait(10)
        return PageResult([], 0)

    model = PagedModel(COLUMNS, fetch, background)
    view = TableView("Liste", "Noch kein Lauf.")
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
    view = TableView("Liste", "")
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


def test_widths_are_remembered(qtbot: QtBot, context: object) -> None:
    from ui.dialog import Dialog
    from ui.windows import DialogContext

    assert isinstance(context, DialogContext)
    for expected in (None, 177):
        dialog = Dialog(context, "Liste")
        qtbot.addWidget(dialog)
        view = TableView("Liste", "")
        view.setModel(ListModel(COLUMNS))
        dialog.body.addWidget(view)
        dialog.remember_columns(view, widths=(90, 120))
        header = view.horizontalHeader()
        assert header is not None
        assert header.sectionSize(0) == (expected or 90)
        header.resizeSection(0, 177)
        dialog.done(0)
