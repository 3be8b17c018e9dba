"""Where a person is in a table: kept when its rows are read anew, so that nothing moves under the mouse."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PyQt6.QtWidgets import QTableView

    from ui.widgets.table_models import TableModel


@dataclass(frozen=True, slots=True)
class _Place:
    """What is noted before the rows change: the chosen row, and the rows in view with their place in pixels from the top."""

    key: Hashable
    row: int
    column: int
    by_person: bool
    tops: tuple[tuple[Hashable, int], ...]
    scroll: int

    @property
    def top(self) -> int | None:
        """Returns where in view the chosen row was; None: out of view, or none was chosen."""
        return dict(self.tops).get(self.key) if self.key is not None else None


class KeptPlace:
    """Notes where a person is in a table before its rows change, and goes back there: by keys, wherever the rows stand now.

    Args:
        view: the table.
        choose: chooses a row by its place and column; whether a person chose it.
    """

    def __init__(self, view: QTableView, choose: Callable[[int, int, bool], object]) -> None:
        self._view = view
        self._choose = choose
        self._noted: _Place | None = None
        self.always_one = False
        """Whether a row is to be chosen whenever there are rows."""

    def rows_in_view(self) -> range:
        """Returns which rows are seen, at least in part."""
        viewport, model = self._view.viewport(), self._view.model()
        if viewport is None or model is None or not model.rowCount():
            return range(0)
        first, last = self._view.rowAt(0), self._view.rowAt(viewport.height() - 1)
        return range(max(0, first), (last if last >= 0 else model.rowCount() - 1) + 1)

    def note(self, model: TableModel[object]) -> None:
        """Notes where the person is. While a list is empty, what was noted before it was emptied stays."""
        bar, current = self._view.verticalScrollBar(), self._view.currentIndex()
        if bar is None or not model.rowCount():
            return
        row = model.loaded_at(current.row()) if current.isValid() else None
        rows = ((place, model.loaded_at(place)) for place in self.rows_in_view())
        tops = tuple((model.key(one), self._view.rowViewportPosition(place)) for place, one in rows if one is not None)
        key = None if row is None else model.key(row)
        self._noted = _Place(key, current.row(), current.column(), model.chosen_by_person, tops, bar.value())

    def find(self, model: TableModel[object]) -> None:
        """Chooses the row again that was chosen, wherever it stands now, and leaves what is in view where it was."""
        noted, bar = self._noted, self._view.verticalScrollBar()
        if noted is None or bar is None or not model.rowCount():
            return
        self._view.updateGeometries()  # the bar must know of the new rows before it can go beyond the old end
        place = model.place_of(noted.key) if noted.key is not None else -1
        with _unmoved(self._view):
            if place >= 0:
                self._choose(place, noted.column, noted.by_person)
            elif self.always_one and noted.key is not None and model.keeps_place:  # it is gone: what stands there now
                self._choose(min(noted.row, model.rowCount() - 1), noted.column, False)
        bar.setValue(self._scroll(model, noted, place))

    def _scroll(self, model: TableModel[object], noted: _Place, place: int) -> int:
        """Returns how far the table is to be scrolled; ``place``: where the chosen row is now, -1: nowhere."""
        height = self._view.rowHeight(0)
        if noted.top is not None and place >= 0:
            return place * height - noted.top
        if not model.keeps_place:
            return 0 if place < 0 else (place - len(self.rows_in_view()) // 2) * height
        found = ((model.place_of(key), top) for key, top in noted.tops)
        at, top = next(((at, top) for at, top in found if at >= 0), (-1, 0))
        if at >= 0:
            return at * height - top
        return noted.scroll + (place - noted.row) * height if place >= 0 else noted.scroll


@contextmanager
def _unmoved(view: QTableView) -> Iterator[None]:
    """Keeps a table from scrolling to what is chosen."""
    before = view.hasAutoScroll()
    view.setAutoScroll(False)
    try:
        yield
    finally:
        view.setAutoScroll(before)
