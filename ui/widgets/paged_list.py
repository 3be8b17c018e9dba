"""A list of any length: loaded by pages in the background, counted, sorted and filtered by its source.

Its scroll bar spans the whole list, so its middle and its end are as near as its beginning.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from PyQt6.QtCore import QModelIndex, QObject, Qt, pyqtSignal

from tray_agent.errors import KnownError
from tray_agent.store.pages import Page
from ui.background import Background, Task
from ui.widgets.table_models import NOTHING, Column, Row, TableModel

PAGE = 200
"""Rows of a page."""

PAGES_KEPT = 50
"""Pages held in memory; the least recently used are forgotten."""

PAGES_UNDER_WAY = 4
"""Pages asked for at once; a view shows two at the most."""


Order = TypeVar("Order", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which rows are wanted.

    Attributes:
        offset, limit: the first row (0 is the first) and how many.
        sort: the ``Column.sort`` to order by, or "" for the list's own order.
        descending: the order turned round.
        filter: what the dialog filters by; any value that only the dialog and its fetch function know.
        at: instead of an offset the key of a row, or a place that the fetch function knows: the page that holds it.
    """

    offset: int
    limit: int
    sort: str
    descending: bool
    filter: Hashable
    at: Hashable = None

    def order(self, own: Order) -> tuple[Order, bool]:
        """Returns by what the source sorts, and whether the greatest comes first; ``own`` is the list's own order, the newest first."""
        return (type(own)(self.sort), self.descending) if self.sort else (own, True)


class PagedModel(TableModel[Row]):
    """A list of any length, loaded by pages in the background.

    Attributes:
        failed: further rows could not be had; carries the ``KnownError``. What is loaded stays, and the rows are asked for
            again when somebody scrolls there. (That nothing at all could be had stands in the table.)
        went: the place is loaded that ``go_to`` asked for; carries its row, -1 where the list is empty.

    Args:
        columns: the columns; those with a ``sort`` can be sorted.
        fetch: fetches a page in a worker thread; it sorts and filters, and may raise a ``KnownError``.
        background: runs it.
        parent: who owns the model.
        first_filter: what the list is filtered by from the beginning.
        key: what tells a row from all others, however it changes; ``fetch`` gets it as ``PageRequest.at``.
    """

    failed = pyqtSignal(object)
    went = pyqtSignal(int)

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        fetch: Callable[[PageRequest], Page[Row]],
        background: Background,
        parent: QObject | None = None,
        first_filter: Hashable = None,
        *,
        key: Callable[[Row], Hashable] | None = None,
    ) -> None:
        super().__init__(columns, parent, key)
        self._fetch = fetch
        self._background = background
        self._sort = ""
        self._descending = False
        self._filter = first_filter
        self._pages: OrderedDict[int, Sequence[Row]] = OrderedDict()
        self._under_way: dict[int, Task] = {}
        self._total = 0
        self.is_loading = True

    @property
    def request(self) -> PageRequest:
        """Returns the request for the first page as things stand; for an export of the whole list."""
        return self._request(0)

    def set_filter(self, value: Hashable) -> None:
        """Loads the list under another filter; the row that a person chose stays chosen if it is there. The same filter: ``reload``."""
        if value == self._filter:
            self.reload()
            return
        self._filter = value
        self._load(self._key_of_choice(by_person=True))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Has the list sorted by a column; one that can't be sorted changes nothing. What a person chose stays chosen."""
        name = self.columns[column].sort if 0 <= column < len(self.columns) else ""
        if not name and column >= 0:
            return
        self._sort, self._descending = name, order is Qt.SortOrder.DescendingOrder
        self._load(self._key_of_choice(by_person=True))

    def can_sort(self, column: int) -> bool:
        """Returns whether the source sorts by a column; -1, the list's own order, is always possible."""
        return column < 0 or (column < len(self.columns) and bool(self.columns[column].sort))

    def reload(self) -> None:
        """Loads the list anew; the rows shown stay until the new ones are there, and what is chosen and in view stays where it is."""
        seen = self.in_view()
        keys = (self._key_of_choice(), *(self._key_at(place) for place in (seen.start, seen.stop - 1) if seen))
        first = self.chosen if self.chosen >= 0 else seen.start
        self._load(*(key for key in keys if key is not None), offset=first - first % PAGE, same=True)

    def go_to(self, place: Hashable) -> None:
        """Loads the list anew where a place is, then tells ``went``: the row behind the place, else the list's last one.

        Args:
            place: what the fetch function knows as ``PageRequest.at`` under the order and filter as they are.
        """
        self._load(place, tell=True)

    def row_at(self, index: int) -> Row | None:
        """Returns a row's value, or None where it is not loaded; then its page is asked for."""
        number = index // PAGE
        if number not in self._pages:
            if 0 <= index < self._total:
                self._ask_for(number)
            return None
        self._pages.move_to_end(number)
        return self.loaded_at(index)

    def loaded_at(self, index: int) -> Row | None:
        """Returns a row's value, or None where it is not loaded; asks for nothing."""
        number, within = divmod(index, PAGE)
        page = self._pages.get(number, ())
        return page[within] if within < len(page) else None

    def place_of(self, key: Hashable) -> int:
        """Returns where the row with a key stands, -1 where it is not among those that are loaded."""
        found = (number * PAGE + within for number, page in self._pages.items() for within, row in enumerate(page) if self.key(row) == key)
        return next(found, -1)

    def rowCount(self, parent: QModelIndex = NOTHING) -> int:
        """Returns the length of the whole list."""
        return 0 if parent.isValid() else self._total

    def _request(self, offset: int, at: Hashable = None) -> PageRequest:
        return PageRequest(offset, PAGE, self._sort, self._descending, self._filter, at)

    def _key_at(self, place: int) -> Hashable:
        row = self.loaded_at(place) if place >= 0 else None
        return None if row is None else self.key(row)

    def _key_of_choice(self, *, by_person: bool = False) -> Hashable:
        """Returns the key of the chosen row, or None; ``by_person``: not of one that the window chose by itself."""
        return self._key_at(self.chosen) if self.chosen_by_person or not by_person else None

    def _load(self, *places: Hashable, offset: int = 0, tell: bool = False, same: bool = False) -> None:
        """Loads the list anew, where each of ``places`` is, else at ``offset``; ``same``: under the order and filter it had."""
        for task in self._under_way.values():
            task.cancel()
        self._under_way.clear()
        self.is_loading = True
        request = self._request(offset, places[0] if places else None)
        others = [self._request(0, place) for place in places[1:]]
        self._under_way[0] = self._background.run(
            lambda: self._read(request, others),
            lambda pages: self._begin(pages, tell=tell, same=same),
            failed=self._nothing,
            owner=self,
        )

    def _read(self, request: PageRequest, others: Sequence[PageRequest]) -> list[Page[Row]]:
        """Reads the page of the first place, and of each other one that is not on a page read already; in a worker thread."""
        pages = [self._fetch(request)]
        for other in others:
            if not any(self.key(row) == other.at for page in pages for row in page.rows):
                pages.append(self._fetch(other))
        return pages

    def _begin(self, pages: Sequence[Page[Row]], *, tell: bool, same: bool) -> None:
        self._under_way.clear()
        self.is_loading, self.error, self.keeps_place = False, None, same
        self.beginResetModel()
        self._pages.clear()
        self._total = pages[0].total
        for page in pages:
            if page.total == self._total:  # else rows came or went between two reads: it is asked for again when it is seen
                self._pages[page.offset // PAGE] = page.rows
        self.endResetModel()
        if tell:
            self.went.emit(-1 if pages[0].place is None else pages[0].place)

    def _nothing(self, error: KnownError) -> None:
        self._under_way.clear()
        self.is_loading, self.error = False, error
        self.beginResetModel()
        self._pages.clear()
        self._total = 0
        self.endResetModel()

    def _ask_for(self, number: int) -> None:
        if number in self._under_way or self.is_loading or self.error is not None:
            return
        if len(self._under_way) >= PAGES_UNDER_WAY:  # somebody scrolls fast: what has left the view need not come
            oldest = next(iter(self._under_way))
            self._under_way.pop(oldest).cancel()
        request = self._request(number * PAGE)
        self._under_way[number] = self._background.run(
            lambda: self._fetch(request),
            lambda page: self._came(number, page),
            failed=lambda error: self._missed(number, error),
            owner=self,
        )

    def _came(self, number: int, page: Page[Row]) -> None:
        self._under_way.pop(number, None)
        if page.total != self._total:  # rows came or went meanwhile: what is loaded may stand elsewhere now
            self.reload()
            return
        self._pages[number] = page.rows
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)
        first = number * PAGE
        self.dataChanged.emit(self.index(first, 0), self.index(min(first + PAGE, self._total) - 1, len(self.columns) - 1))

    def _missed(self, number: int, error: KnownError) -> None:
        self._under_way.pop(number, None)
        self.failed.emit(error)
