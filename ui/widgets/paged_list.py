"""A list of any length whose source counts its rows: loaded by pages in the background, sorted and filtered by the database.

A million rows open, scroll, sort and end as fast as a hundred.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol

from PyQt6.QtCore import QModelIndex, QObject

from tray_agent.errors import KnownError
from ui.background import Background, Task
from ui.widgets.fetched_list import FetchedModel
from ui.widgets.tables import NOTHING, Column, Row, TableState

PAGE = 200
"""Rows of a page."""

PAGES_KEPT = 50
"""Pages held in memory; the least recently used are forgotten."""

PAGES_UNDER_WAY = 4
"""Pages asked for at once; a view shows two at the most."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which rows are wanted.

    Attributes:
        offset, limit: the first row (0 is the first) and how many.
        sort: the ``Column.sort`` to order by, or "" for the list's own order.
        descending: the order turned round.
        filter: what the dialog filters by; any value that only the dialog and its fetch function know.
    """

    offset: int
    limit: int
    sort: str
    descending: bool
    filter: Hashable


@dataclass(frozen=True)
class PageResult(Generic[Row]):
    """What was found.

    Attributes:
        rows: at the most ``limit``, fewer only at the end.
        total: how many rows the whole list has under this filter.
    """

    rows: Sequence[Row]
    total: int


class Fetch(Protocol[Row]):
    """Fetches a page; called in a worker thread."""

    def __call__(self, request: PageRequest, /) -> PageResult[Row]:
        """Returns a page.

        Raises:
            KnownError: it can't be had; the table says so.
        """
        ...


class PagedModel(FetchedModel[Row]):
    """A list of any length, loaded by pages in the background; the fetch function sorts and filters.

    Args:
        columns: the columns; those with a ``sort`` can be sorted.
        fetch: fetches a page in a worker thread.
        background: runs it.
        parent: who owns the model.
    """

    def __init__(self, columns: Sequence[Column[Row]], fetch: Fetch[Row], background: Background, parent: QObject | None = None) -> None:
        super().__init__(columns, background, parent)
        self._fetch = fetch
        self._pages: OrderedDict[int, Sequence[Row]] = OrderedDict()
        self._wanted: dict[int, Task] = {}
        self._total = 0

    @property
    def request(self) -> PageRequest:
        """Returns the request for the first page as things stand; for an export of the whole list."""
        return PageRequest(0, PAGE, self._sort, self._descending, self._filter)

    def reload(self) -> None:
        """Loads the list anew; the rows shown stay until the new ones are there."""
        for task in self._wanted.values():
            task.cancel()
        self._wanted.clear()
        self.state = TableState.LOADING
        self._want(0, anew=True)

    def row_at(self, index: int) -> Row | None:
        """Returns a row's value, or None where it is not loaded; then its page is asked for."""
        number, within = divmod(index, PAGE)
        page = self._pages.get(number)
        if page is None:
            if 0 <= index < self._total:
                self._want(number)
            return None
        self._pages.move_to_end(number)
        return page[within] if within < len(page) else None

    def rowCount(self, parent: QModelIndex = NOTHING) -> int:
        """Returns the length of the whole list."""
        return 0 if parent.isValid() else self._total

    def _want(self, number: int, *, anew: bool = False) -> None:
        if number in self._wanted:
            return
        if len(self._wanted) >= PAGES_UNDER_WAY:  # somebody scrolls fast: what has left the view need not come
            oldest = next(iter(self._wanted))
            self._wanted.pop(oldest).cancel()
        request = PageRequest(number * PAGE, PAGE, self._sort, self._descending, self._filter)
        self._wanted[number] = self._background.run(
            lambda: self._fetch(request),
            lambda result: self._came(number, result, anew=anew),
            failed=lambda error: self._missed(number, error, anew=anew),
            owner=self,
        )

    def _came(self, number: int, result: PageResult[Row], *, anew: bool) -> None:
        self._wanted.pop(number, None)
        self.state, self.error = TableState.READY, None
        if anew or result.total != self._total:
            self.beginResetModel()
            self._pages.clear()
            self._total = result.total
            self._keep(number, result.rows)
            self.endResetModel()
            return
        self._keep(number, result.rows)
        first = number * PAGE
        last = min(first + PAGE, self._total) - 1
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.columns) - 1))

    def _keep(self, number: int, rows: Sequence[Row]) -> None:
        self._pages[number] = rows
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)

    def _missed(self, number: int, error: KnownError, *, anew: bool) -> None:
        self._wanted.pop(number, None)
        if not anew:
            self.failed.emit(error)
            return
        self.state, self.error = TableState.FAILED, error
        self.beginResetModel()
        self._pages.clear()
        self._total = 0
        self.endResetModel()
