"""A list that grows from both ends: its end is as near as its beginning, and nothing is shown twice or left out."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PyQt6.QtCore import QObject, Qt
from pytestqt.qtbot import QtBot

from tests.ui.keyboard import press
from tray_agent.errors import KnownError
from ui.background import Background
from ui.growing_list import AHEAD, GrowingModel, MoreRequest, MoreResult
from ui.tables import Column, TableView

PAGE = 100


@dataclass(frozen=True)
class Entry:
    number: int


COLUMNS = (Column[Entry]("Nummer", lambda entry: str(entry.number), sort="number"),)


class Source:
    """A list of numbers that is read on from where one stands, from either end; notes what was asked of it."""

    def __init__(self, total: int) -> None:
        self.numbers = list(range(total))
        self.requests: list[MoreRequest] = []
        self.error: KnownError | None = None

    def fetch(self, request: MoreRequest) -> MoreResult[Entry]:
        self.requests.append(request)
        if self.error:
            raise self.error
        numbers = self.numbers[::-1] if request.descending else self.numbers
        if request.backwards:
            end = numbers.index(int(request.page)) if request.page else len(numbers)
            found = numbers[max(0, end - PAGE) : end]
            return MoreResult([Entry(number) for number in found], str(found[0]) if end > PAGE else None)
        start = numbers.index(int(request.page)) + 1 if request.page else 0
        found = numbers[start : start + PAGE]
        return MoreResult([Entry(number) for number in found], str(found[-1]) if start + PAGE < len(numbers) else None)


class Loaded:
    """A model on a source, and the table that shows it."""

    def __init__(self, qtbot: QtBot, background: Background, total: int) -> None:
        self.qtbot = qtbot
        self.background = background
        self.source = Source(total)
        self.model = GrowingModel(COLUMNS, self.source.fetch, background, identity=lambda entry: entry.number)
        self.view = TableView("Liste", "Leer.")
        qtbot.addWidget(self.view)
        self.view.setModel(self.model)
        self.view.resize(300, 300)
        self.view.show()
        self.model.reload()
        self.settle()

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.background.idle, timeout=20_000)

    @property
    def shown(self) -> list[int | None]:
        """Returns all rows, None for the gap; without asking for any."""
        rows = [*self.model._head, *([None] if self.model.gap is not None else []), *self.model._tail]
        return [row.number if row else None for row in rows]

    def first_in_view(self) -> int | None:
        row = self.model.row_at(self.view.rowAt(0))
        return row.number if row else None


@pytest.fixture
def million(qtbot: QtBot, background: Background) -> Loaded:
    return Loaded(qtbot, background, 1_000_000)


def test_beginning_and_end_are_there_at_once(million: Loaded) -> None:
    assert million.shown == [*range(PAGE), None, *range(1_000_000 - PAGE, 1_000_000)]
    assert million.model.gap == PAGE
    assert len(million.source.requests) == 2


def test_end_key_shows_the_last_of_a_million_rows(million: Loaded) -> None:
    press(million.view, Qt.Key.Key_End)
    million.view.viewport().repaint()  # type: ignore[union-attr]  # a table has one
    assert million.model.row_at(million.view.currentIndex().row()) == Entry(999_999)
    press(million.view, Qt.Key.Key_Home)
    assert million.model.row_at(million.view.currentIndex().row()) == Entry(0)
    assert len(million.source.requests) == 2


def test_scroll_bar_at_its_bottom_shows_the_end(million: Loaded) -> None:
    bar = million.view.verticalScrollBar()
    assert bar is not None
    bar.setValue(bar.maximum())
    million.view.viewport().repaint()  # type: ignore[union-attr]  # a table has one
    bottom = million.view.rowAt(million.view.viewport().height() - 1)  # type: ignore[union-attr]  # a table has one
    assert million.model.row_at(bottom) == Entry(999_999)


def test_list_reads_on_downwards_before_the_gap_is_seen(million: Loaded) -> None:
    million.model.row_at(PAGE - AHEAD - 1)
    assert len(million.source.requests) == 2
    million.model.row_at(PAGE - AHEAD)
    million.settle()
    assert million.shown[: 2 * PAGE + 1] == [*range(2 * PAGE), None]


def test_list_reads_on_upwards_and_leaves_in_view_what_was_there(million: Loaded) -> None:
    press(million.view, Qt.Key.Key_End)
    gap = million.model.gap
    assert gap is not None
    million.view.scrollTo(million.model.index(gap + 10, 0), TableView.ScrollHint.PositionAtTop)
    before = million.first_in_view()
    million.view.viewport().repaint()  # type: ignore[union-attr]  # a table has one
    million.settle()
    assert million.model.gap == gap
    assert million.shown[gap + 1] == 1_000_000 - 2 * PAGE
    assert million.first_in_view() == before
    million.view.scrollTo(million.model.index(million.model.gap, 0), TableView.ScrollHint.PositionAtTop)
    million.view.viewport().repaint()  # type: ignore[union-attr]  # a table has one
    million.settle()
    million.qtbot.waitUntil(lambda: million.first_in_view() is not None, timeout=20_000)
    tail = million.shown[million.model.gap + 1 :]
    assert tail == list(range(1_000_000 - len(tail), 1_000_000))
    assert len(tail) >= 3 * PAGE


def test_who_waits_on_the_gap_goes_on_with_the_rows_that_come(million: Loaded) -> None:
    million.model.row_at(PAGE - 1)
    million.view.setCurrentIndex(million.model.index(PAGE, 0))
    million.settle()
    assert million.model.row_at(million.view.currentIndex().row()) == Entry(PAGE)


@pytest.mark.parametrize("total", [0, 1, PAGE - 1, PAGE])
def test_short_list_has_no_gap(qtbot: QtBot, background: Background, total: int) -> None:
    loaded = Loaded(qtbot, background, total)
    assert loaded.shown == list(range(total))
    assert len(loaded.source.requests) == 1


@pytest.mark.parametrize("total", [PAGE + 1, 2 * PAGE - 1, 2 * PAGE])
def test_parts_that_meet_at_once_are_one_list(qtbot: QtBot, background: Background, total: int) -> None:
    loaded = Loaded(qtbot, background, total)
    for index in range(total):
        loaded.model.row_at(index)
        loaded.settle()
    assert loaded.shown == list(range(total))


def test_failure_beside_the_gap_keeps_what_is_there_and_is_told(million: Loaded) -> None:
    told: list[KnownError] = []
    million.model.failed.connect(told.append)
    before = million.shown
    million.source.error = KnownError("Datenbank nicht erreichbar", "Sie antwortet nicht.")
    million.model.row_at(PAGE - 1)
    million.settle()
    assert (million.shown, [error.title for error in told]) == (before, ["Datenbank nicht erreichbar"])

    million.source.error = None
    million.model.row_at(PAGE - 1)
    million.settle()
    assert million.shown[: 2 * PAGE] == list(range(2 * PAGE))


def test_failure_of_the_whole_list_is_told_in_it(million: Loaded) -> None:
    million.source.error = KnownError("Datenbank nicht erreichbar", "Sie antwortet nicht.")
    million.model.reload()
    million.settle()
    assert million.shown == []
    assert million.view.message == "Datenbank nicht erreichbar: Sie antwortet nicht."


def test_another_order_begins_anew(million: Loaded) -> None:
    million.model.row_at(PAGE - 1)
    million.settle()
    million.model.sort(0, Qt.SortOrder.DescendingOrder)
    million.settle()
    assert million.source.requests[-2] == MoreRequest(None, "number", descending=True, filter=None)
    assert million.shown[0] == 999_999
    assert million.shown[-1] == 0


def test_an_end_that_changed_meanwhile_is_shown_as_it_is_now(qtbot: QtBot, background: Background) -> None:
    loaded = Loaded(qtbot, background, 3 * PAGE)
    del loaded.source.numbers[PAGE + 10 :]
    loaded.model.row_at(PAGE - 1)
    loaded.settle()
    assert loaded.shown == list(range(PAGE + 10))
    assert loaded.model.gap is None


def test_model_keeps_qts_rules(million: Loaded, qtmodeltester: QObject) -> None:
    qtmodeltester.check(million.model)  # type: ignore[attr-defined]  # the fixture's class has no public name


class Immediate:
    """Stands in for the background: does each call when it is told to, in the order a test draws."""

    def __init__(self) -> None:
        self.waiting: list[object] = []

    def run(self, work, done, *, failed=None, owner=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - as Background.run
        from ui.background import Task

        task = Task(owner)
        self.waiting.append(lambda: None if task.cancelled.is_set() else done(work()))
        return task

    def one(self, place: int) -> None:
        self.waiting.pop(place % len(self.waiting))()  # type: ignore[operator]  # a call


@settings(max_examples=60, deadline=None)
@given(total=st.integers(0, 9 * PAGE), looked=st.lists(st.tuples(st.integers(0, 20 * PAGE), st.integers(0, 3)), max_size=40))
def test_wherever_one_looks_every_row_stands_once_and_in_order(total: int, looked: list[tuple[int, int]]) -> None:
    background, source = Immediate(), Source(total)
    model = GrowingModel(COLUMNS, source.fetch, background, identity=lambda entry: entry.number)  # type: ignore[arg-type]  # as Background
    model.reload()
    background.one(0)
    for index, answers in looked:
        model.row_at(index % max(1, model.rowCount()))
        for _number in range(min(answers, len(background.waiting))):
            background.one(index)
        shown = [entry.number for entry in (*model._head, *model._tail)]
        assert shown == sorted(set(shown))
        assert shown[:1] == source.numbers[:1]
    while model.gap is not None:
        model.row_at(model.gap)
        background.one(0)
    assert [entry.number for entry in (*model._head, *model._tail)] == source.numbers
