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
from ui.widgets.growing_list import AHEAD, GrowingModel, MoreRequest, MoreResult
from ui.widgets.tables import Column, TableView

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
        assert request.page is None or isinstance(request.page, str)
        if request.page and request.page.startswith("@"):  # a place between two rows
            start = sum(number < int(request.page[1:]) for number in numbers)
            found = numbers[max(0, start - PAGE) : start] if request.backwards else numbers[start : start + PAGE]
            more = start > PAGE if request.backwards else start + PAGE < len(numbers)
            return MoreResult([Entry(number) for number in found], str(found[0 if request.backwards else -1]) if more else None)
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
        self.model.went.connect(self.view.show_row)
        self.model.reload()
        self.settle()

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.background.idle, timeout=20_000)

    @property
    def shown(self) -> list[int | None]:
        """Returns all rows, None for a gap; without asking for any."""
        return numbers_of(self.model)

    @property
    def gap(self) -> int:
        """Returns the first gap."""
        return self.model.gaps[0]

    def go_to(self, place: str) -> Entry | None:
        """Goes to a place and returns the row to be shown, as the windows show it."""
        self.model.go_to(place)
        self.settle()
        return self.model.row_at(self.view.currentIndex().row())

    def first_in_view(self) -> int | None:
        row = self.model.row_at(self.view.rowAt(0))
        return row.number if row else None


def numbers_of(model: GrowingModel[Entry]) -> list[int | None]:
    """Returns all rows of a model, None for a gap; without asking for any."""
    rows: list[int | None] = []
    for place, part in enumerate(model._parts):
        rows += [*([None] if place else []), *(row.number for row in part.rows)]
    return rows


@pytest.fixture
def million(qtbot: QtBot, background: Background) -> Loaded:
    return Loaded(qtbot, background, 1_000_000)


def test_beginning_and_end_are_there_at_once(million: Loaded) -> None:
    assert million.shown == [*range(PAGE), None, *range(1_000_000 - PAGE, 1_000_000)]
    assert million.model.gaps == (PAGE,)
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
    gap = million.gap
    million.view.scrollTo(million.model.index(gap + 10, 0), TableView.ScrollHint.PositionAtTop)
    before = million.first_in_view()
    million.view.viewport().repaint()  # type: ignore[union-attr]  # a table has one
    million.settle()
    assert million.gap == gap
    assert million.shown[gap + 1] == 1_000_000 - 2 * PAGE
    assert million.first_in_view() == before
    million.view.scrollTo(million.model.index(million.gap, 0), TableView.ScrollHint.PositionAtTop)
    million.view.viewport().repaint()  # type: ignore[union-attr]  # a table has one
    million.settle()
    million.qtbot.waitUntil(lambda: million.first_in_view() is not None, timeout=20_000)
    tail = million.shown[million.gap + 1 :]
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
    assert loaded.model.gaps == ()


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
@given(
    total=st.integers(0, 9 * PAGE),
    place=st.none() | st.integers(-1, 10 * PAGE),
    looked=st.lists(st.tuples(st.integers(0, 20 * PAGE), st.integers(0, 3)), max_size=40),
)
def test_wherever_one_looks_every_row_stands_once_and_in_order(total: int, place: int | None, looked: list[tuple[int, int]]) -> None:
    background, source = Immediate(), Source(total)
    model = GrowingModel(COLUMNS, source.fetch, background, identity=lambda entry: entry.number)  # type: ignore[arg-type]  # as Background
    model.reload() if place is None else model.go_to(f"@{place}")
    background.one(0)
    for index, answers in looked:
        model.row_at(index % max(1, model.rowCount()))
        for _number in range(min(answers, len(background.waiting))):
            background.one(index)
        shown = [number for number in numbers_of(model) if number is not None]
        assert shown == sorted(set(shown))
        assert shown[:1] == source.numbers[:1]
        assert len(numbers_of(model)) == model.rowCount()
        assert [row for row, number in enumerate(numbers_of(model)) if number is None] == list(model.gaps)
    while model.gaps:
        model.row_at(model.gaps[0])
        background.one(0)
    assert numbers_of(model) == source.numbers


# Going to a place


def test_middle_of_a_million_rows_is_there_at_once(million: Loaded) -> None:
    million.source.requests.clear()
    assert million.go_to("@500000") == Entry(500_000)
    assert million.first_in_view() == 500_000
    million.view.viewport().repaint()  # type: ignore[union-attr]  # a table has one
    million.settle()
    assert million.first_in_view() == 500_000  # the rows before it, read meanwhile, have not pushed it away
    assert million.shown == [
        *range(PAGE), None, *range(500_000 - PAGE, 500_000 + PAGE), None, *range(1_000_000 - PAGE, 1_000_000),
    ]  # fmt: skip
    assert len(million.source.requests) == 4


def test_one_scrolls_on_from_the_middle_both_ways(million: Loaded) -> None:
    million.go_to("@500000")
    million.view.viewport().repaint()  # type: ignore[union-attr]  # a table has one
    million.settle()
    below = million.model.gaps[1]
    million.model.row_at(below - 1)
    million.settle()
    assert million.shown[below] == 500_000 + PAGE
    above = million.model.gaps[0]
    million.model.row_at(above + 1)
    million.settle()
    assert million.shown[above + 1] == 500_000 - 2 * PAGE


@pytest.mark.parametrize(("place", "shown"), [(0, 0), (-5, 0), (PAGE // 2, PAGE // 2), (PAGE - 1, PAGE - 1), (PAGE, PAGE)])
def test_place_near_the_start_has_no_gap_before_it(million: Loaded, place: int, shown: int) -> None:
    assert million.go_to(f"@{place}") == Entry(shown)
    gaps = [gap for gap in million.model.gaps if gap < million.view.currentIndex().row()]
    for gap in gaps:
        million.model.row_at(gap)
        million.settle()
    assert million.shown[: shown + 1] == list(range(shown + 1))


@pytest.mark.parametrize(("place", "shown"), [(999_999, 999_999), (1_000_000 - PAGE, 1_000_000 - PAGE), (2_000_000, 999_999)])
def test_place_near_or_behind_the_end_shows_the_last_rows(million: Loaded, place: int, shown: int) -> None:
    assert million.go_to(f"@{place}") == Entry(shown)
    assert million.shown[-1] == 999_999
    assert len(million.model.gaps) == 1


@pytest.mark.parametrize("total", [0, 1, PAGE, PAGE + 1, 2 * PAGE])
def test_place_in_a_short_list(qtbot: QtBot, background: Background, total: int) -> None:
    loaded = Loaded(qtbot, background, total)
    for place in (0, total // 2, total):
        wanted = min(place, total - 1)
        assert loaded.go_to(f"@{place}") == (Entry(wanted) if total else None)


def test_place_that_cannot_be_had_is_told_in_the_list(million: Loaded) -> None:
    million.source.error = KnownError("Datenbank nicht erreichbar", "Sie antwortet nicht.")
    million.model.go_to("@500000")
    million.settle()
    assert million.view.message == "Datenbank nicht erreichbar: Sie antwortet nicht."


def test_model_with_two_gaps_keeps_qts_rules(million: Loaded, qtmodeltester: QObject) -> None:
    million.go_to("@500000")
    qtmodeltester.check(million.model)  # type: ignore[attr-defined]  # the fixture's class has no public name
