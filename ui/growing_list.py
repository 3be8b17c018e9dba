"""A list of any length whose source can only be read on from where one stands (keyset paging): it grows from both ends.

First its beginning is read, then its end; between them stands one row for all that is not loaded yet, the *gap*. Whoever
scrolls towards the gap, from above or from below, has the rows beside it loaded, until the two parts meet. So the end of a
million rows is as near as their beginning, and no row is ever counted off.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Generic, Protocol

from PyQt6.QtCore import QModelIndex, QObject, Qt, pyqtSignal

from tray_agent.errors import KnownError
from ui.background import Background, Task
from ui.tables import NOTHING, Column, Row, TableModel, TableState

AHEAD = 50
"""So many rows before the gap comes into view, the rows beside it are asked for."""


@dataclass(frozen=True, slots=True)
class MoreRequest:
    """Which rows are wanted of a list that can only be read on from where one stands.

    Attributes:
        page: where to go on: the ``next_page`` of the result before; None: from the start, or from the end.
        sort: the ``Column.sort`` to order by, or "" for the list's own order.
        descending: the order turned round.
        filter: what the dialog filters by; any value that only the dialog and its fetch function know.
        backwards: the rows before are wanted, not those that follow; they stand in the list's order all the same.
    """

    page: str | None
    sort: str
    descending: bool
    filter: Hashable
    backwards: bool = False


@dataclass(frozen=True)
class MoreResult(Generic[Row]):
    """What was found, and where to go on; ``next_page`` None: that was the end (backwards: the start)."""

    rows: Sequence[Row]
    next_page: str | None


class FetchMore(Protocol[Row]):
    """Fetches the rows that follow or come before; called in a worker thread."""

    def __call__(self, request: MoreRequest, /) -> MoreResult[Row]:
        """Returns rows.

        Raises:
            KnownError: they can't be had.
        """
        ...


class _Part(Enum):
    """The two parts of the list that are loaded."""

    HEAD = auto()
    TAIL = auto()


class GrowingModel(TableModel[Row]):
    """A list that grows towards its gap while a person scrolls there.

    Attributes:
        failed: rows beside the gap could not be had; carries the ``KnownError``. What is loaded stays, and is asked for
            again when somebody scrolls there. (That nothing at all could be had stands in the table.)

    Args:
        columns: the columns; those with a ``sort`` can be sorted.
        fetch: fetches rows in a worker thread; it sorts and filters.
        background: runs it.
        parent: who owns the model.
        first_filter: what the list is filtered by from the beginning.
        identity: what tells a row from all others, however it changes.
    """

    failed = pyqtSignal(object)

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        fetch: FetchMore[Row],
        background: Background,
        parent: QObject | None = None,
        first_filter: Hashable = None,
        *,
        identity: Callable[[Row], Hashable],
    ) -> None:
        super().__init__(columns, parent)
        self._fetch = fetch
        self._background = background
        self._identity = identity
        self._head: list[Row] = []
        self._tail: list[Row] = []
        self._next: dict[_Part, str | None] = {}
        self._tasks: dict[_Part, Task] = {}
        self._gap = False
        self._asked = 0
        self._sort = ""
        self._descending = False
        self._filter: Hashable = first_filter
        self.state = TableState.LOADING

    @property
    def request(self) -> MoreRequest:
        """Returns the request for the start of the list as things stand; for an export of the whole list."""
        return MoreRequest(None, self._sort, self._descending, self._filter)

    @property
    def gap(self) -> int | None:
        """Returns the row that stands for all that is not loaded yet, or None where nothing is missing."""
        return len(self._head) if self._gap else None

    def set_filter(self, value: Hashable) -> None:
        """Loads the list under another filter."""
        self._filter = value
        self.reload()

    def reload(self) -> None:
        """Loads the list anew; the rows shown stay until the new ones are there."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self.state = TableState.LOADING
        self._ask(_Part.HEAD, None, self._begin, self._nothing)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Has the list sorted by a column; one that can't be sorted changes nothing."""
        name = self.columns[column].sort if 0 <= column < len(self.columns) else ""
        if not name and column >= 0:
            return
        self._sort, self._descending = name, order is Qt.SortOrder.DescendingOrder
        self.reload()

    def row_at(self, index: int) -> Row | None:
        """Returns a row's value, or None at the gap and beyond the end; near the gap the rows beside it are asked for."""
        if not 0 <= index < self.rowCount():
            return None
        if self.gap is not None:
            self._come_near(index, self.gap)
        if index == self.gap:
            return None
        self._asked = index
        return self._head[index] if index < len(self._head) else self._tail[index - len(self._head) - self._gap]

    def rowCount(self, parent: QModelIndex = NOTHING) -> int:
        """Returns how many rows are shown: those that are loaded, and the gap."""
        return 0 if parent.isValid() else len(self._head) + self._gap + len(self._tail)

    # Loading

    def _come_near(self, index: int, gap: int) -> None:
        """Asks for the rows on that side of the gap from which somebody comes."""
        if abs(index - gap) > AHEAD or self.state is not TableState.READY:
            return
        part = _Part.HEAD if (self._asked if index == gap else index) < gap else _Part.TAIL
        if part not in self._tasks and part in self._next:
            self._ask(part, self._next[part], self._join_head if part is _Part.HEAD else self._join_tail, self._missed)

    def _ask(self, part: _Part, page: str | None, came: Callable[[MoreResult[Row]], None], failed: Callable[[KnownError], None]) -> None:
        request = MoreRequest(page, self._sort, self._descending, self._filter, backwards=part is _Part.TAIL)

        def arrived(result: MoreResult[Row]) -> None:
            self._tasks.pop(part, None)
            came(result)

        def went_wrong(error: KnownError) -> None:
            self._tasks.pop(part, None)
            failed(error)

        self._tasks[part] = self._background.run(lambda: self._fetch(request), arrived, failed=went_wrong, owner=self)

    def _begin(self, result: MoreResult[Row]) -> None:
        self.state, self.error = TableState.READY, None
        self.beginResetModel()
        self._head, self._tail, self._asked = list(result.rows), [], 0
        self._gap = result.next_page is not None
        self._next = {_Part.HEAD: result.next_page}
        self.endResetModel()
        if self._gap:
            self._ask(_Part.TAIL, None, self._join_tail, self._missed)

    def _join_head(self, result: MoreResult[Row]) -> None:
        """Puts rows before the gap, up to those that were loaded from the end."""
        known = {self._identity(row) for row in self._tail[: 2 * len(result.rows)]}
        met = next((place for place, row in enumerate(result.rows) if self._identity(row) in known), None)
        self._insert(len(self._head), self._head, len(self._head), result.rows[:met])
        self._next[_Part.HEAD] = result.next_page
        if met is None and result.next_page is None:  # the end has become another one meanwhile
            self._close_gap(forgotten=len(self._tail))
        elif met is not None:
            self._close_gap()

    def _join_tail(self, result: MoreResult[Row]) -> None:
        """Puts rows behind the gap, down from those that were loaded from the start."""
        known = {self._identity(row) for row in self._head[-2 * len(result.rows) :]} if result.rows else set()
        met = max((place for place, row in enumerate(result.rows, start=1) if self._identity(row) in known), default=0)
        self._insert(len(self._head) + 1, self._tail, 0, result.rows[met:])
        self._next[_Part.TAIL] = result.next_page
        if met or result.next_page is None:
            self._close_gap()

    def _insert(self, index: int, part: list[Row], place: int, rows: Sequence[Row]) -> None:
        if rows:
            self.beginInsertRows(NOTHING, index, index + len(rows) - 1)
            part[place:place] = rows
            self.endInsertRows()

    def _close_gap(self, *, forgotten: int = 0) -> None:
        """Takes the gap away, and so many rows behind it."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self.beginRemoveRows(NOTHING, len(self._head), len(self._head) + forgotten)
        self._gap = False
        del self._tail[:forgotten]
        self.endRemoveRows()

    def _missed(self, error: KnownError) -> None:
        self.failed.emit(error)

    def _nothing(self, error: KnownError) -> None:
        self.state, self.error = TableState.FAILED, error
        self.beginResetModel()
        self._head, self._tail, self._gap, self._next = [], [], False, {}
        self.endResetModel()
