"""A list of any length whose source can only be read on from where one stands (keyset paging): it grows from several places.

First its beginning is read, then its end; between them stands one row for all that is not loaded yet, the *gap*. Whoever
scrolls towards a gap, from above or from below, has the rows beside it loaded, until the parts meet. Somebody who wants to
be in the middle, at a day, has a part loaded there, between two gaps. So the middle and the end of a million rows are as
near as their beginning, and no row is ever counted off.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from PyQt6.QtCore import QModelIndex, QObject, pyqtSignal

from tray_agent.errors import KnownError
from ui.background import Background, Task
from ui.widgets.fetched_list import FetchedModel
from ui.widgets.tables import NOTHING, Column, Row, TableState

Result = TypeVar("Result")

AHEAD = 50
"""So many rows before a gap comes into view, the rows beside it are asked for."""


@dataclass(frozen=True, slots=True)
class MoreRequest:
    """Which rows are wanted of a list that can only be read on from where one stands.

    Attributes:
        page: where to go on: the ``next_page`` of the result before, or a place in the list that the fetch function knows; None:
            from the start, or from the end.
        sort: the ``Column.sort`` to order by, or "" for the list's own order.
        descending: the order turned round.
        filter: what the dialog filters by; any value that only the dialog and its fetch function know.
        backwards: the rows before are wanted, not those that follow; they stand in the list's order all the same.
    """

    page: Hashable
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


@dataclass(eq=False)
class _Part(Generic[Row]):
    """Rows that are loaded and stand side by side.

    Attributes:
        rows: in the list's order; none yet in the last part until the end is read.
        before, after: where the rows above and below are read on; None: from the list's end, from its start.
    """

    rows: list[Row] = field(default_factory=list)
    before: Hashable = None
    after: Hashable = None


@dataclass(frozen=True)
class _There(Generic[Row]):
    """What is loaded for somebody who wants to be at a place: a part, the wanted row in it, and whether the list ends with it."""

    part: _Part[Row]
    wanted: int
    is_end: bool


class GrowingModel(FetchedModel[Row]):
    """A list that grows towards its gaps while a person scrolls there.

    Attributes:
        went: the place is loaded that ``go_to`` asked for; carries the row to be shown, -1 where the list is empty.

    Args:
        columns: the columns; those with a ``sort`` can be sorted.
        fetch: fetches rows in a worker thread; it sorts and filters.
        background: runs it.
        parent: who owns the model.
        first_filter: what the list is filtered by from the beginning.
        identity: what tells a row from all others, however it changes.
    """

    went = pyqtSignal(int)

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
        super().__init__(columns, background, parent, first_filter)
        self._fetch = fetch
        self._identity = identity
        self._parts: list[_Part[Row]] = []
        self._tasks: dict[tuple[_Part[Row] | None, bool], Task] = {}
        self._asked = 0

    @property
    def request(self) -> MoreRequest:
        """Returns the request for the start of the list as things stand; for an export of the whole list."""
        return self._wanted(None)

    @property
    def gaps(self) -> tuple[int, ...]:
        """Returns the rows that stand for what is not loaded yet, from above; none where nothing is missing."""
        return tuple(self._start_of(place) - 1 for place in range(1, len(self._parts)))

    def reload(self) -> None:
        """Loads the list anew; the rows shown stay until the new ones are there."""
        self._load(None)

    def go_to(self, place: Hashable) -> None:
        """Loads the list anew and at a place in it, then tells ``went``: the row behind the place, else the list's last one.

        Args:
            place: what the fetch function knows as a ``MoreRequest.page`` under the order and filter as they are.
        """
        self._load(place)

    def row_at(self, index: int) -> Row | None:
        """Returns a row's value, or None at a gap and beyond the end; near a gap the rows beside it are asked for."""
        if not 0 <= index < self.rowCount():
            return None
        self._come_near(index)
        for part in self._parts:
            if index < len(part.rows):
                return part.rows[index] if index >= 0 else None
            index -= len(part.rows) + 1
        return None

    def rowCount(self, parent: QModelIndex = NOTHING) -> int:
        """Returns how many rows are shown: those that are loaded, and the gaps."""
        if parent.isValid() or not self._parts:
            return 0
        return sum(len(part.rows) for part in self._parts) + len(self._parts) - 1

    # Places

    def _wanted(self, page: Hashable, *, backwards: bool = False) -> MoreRequest:
        return MoreRequest(page, self._sort, self._descending, self._filter, backwards)

    def _start_of(self, place: int) -> int:
        """Returns the row with which a part begins."""
        return sum(len(part.rows) + 1 for part in self._parts[:place])

    def _known(self, rows: Sequence[Row]) -> dict[Hashable, int]:
        return {self._identity(row): place for place, row in enumerate(rows)}

    # Loading

    def _load(self, place: Hashable) -> None:
        start, there, end = self.request, self._wanted(place), self._wanted(None, backwards=True)

        def work() -> tuple[MoreResult[Row], _There[Row] | None]:
            first = self._fetch(start)
            return first, None if place is None else self._look(there, end)

        self._forget_tasks()
        self.state = TableState.LOADING
        self._run((None, False), work, lambda loaded: self._begin(*loaded), self._nothing)

    def _look(self, there: MoreRequest, end: MoreRequest) -> _There[Row]:
        """Fetches the rows behind a place, or the last ones; in a worker."""
        found = self._fetch(there)
        if found.rows:
            return _There(_Part(list(found.rows), before=there.page, after=found.next_page), 0, is_end=found.next_page is None)
        last = self._fetch(end)
        return _There(_Part(list(last.rows), before=last.next_page), len(last.rows) - 1, is_end=True)

    def _begin(self, first: MoreResult[Row], there: _There[Row] | None) -> None:
        head = _Part(list(first.rows), after=first.next_page)
        parts, target, complete = [head], len(head.rows) - 1, first.next_page is None
        if there is not None and there.part.rows:
            target, complete = self._place(parts, there, complete=complete)
        self.state, self.error = TableState.READY, None
        self.beginResetModel()
        self._parts, self._asked = parts if complete else [*parts, _Part()], max(0, target) if there is not None else 0
        self.endResetModel()
        if not complete:
            self._grow(parts[-1], self._parts[-1], upwards=True)
        if there is not None:
            self.went.emit(target)

    def _place(self, parts: list[_Part[Row]], there: _There[Row], *, complete: bool) -> tuple[int, bool]:
        """Puts the rows of a place behind those of the list's start, as one part where they meet.

        Returns:
            The row wanted, and whether the list is loaded to its end.
        """
        head, found = parts[0], there.part
        known = self._known(head.rows)
        met = [place for place, row in enumerate(found.rows) if self._identity(row) in known]
        if not met and not complete:
            parts.append(found)
            return len(head.rows) + 1 + there.wanted, there.is_end
        beyond = found.rows[met[-1] + 1 :] if met else []
        if beyond:
            head.rows.extend(beyond)
            head.after, complete = found.after, there.is_end
        return self._known(head.rows).get(self._identity(found.rows[there.wanted]), len(head.rows) - 1), complete

    def _come_near(self, index: int) -> None:
        """Asks for the rows on that side of a gap from which somebody comes."""
        if self.state is not TableState.READY:
            return
        gaps = self.gaps
        for place, gap in enumerate(gaps):
            if abs(index - gap) <= AHEAD:
                above, below = self._parts[place : place + 2]
                self._grow(above, below, upwards=(self._asked if index == gap else index) > gap)
        if index not in gaps:
            self._asked = index

    def _grow(self, above: _Part[Row], below: _Part[Row], *, upwards: bool) -> None:
        """Asks for the rows between two parts that follow the one above, or, upwards, those before the one below."""
        part = below if upwards else above
        if (part, upwards) in self._tasks:
            return
        request = self._wanted(part.before if upwards else part.after, backwards=upwards)
        join = self._join_upwards if upwards else self._join
        self._run((part, upwards), lambda: self._fetch(request), lambda result: join(above, below, result), self.failed.emit)

    def _run(
        self,
        key: tuple[_Part[Row] | None, bool],
        work: Callable[[], Result],
        came: Callable[[Result], None],
        failed: Callable[[KnownError], None],
    ) -> None:
        def arrived(result: Result) -> None:
            self._tasks.pop(key, None)
            came(result)

        def went_wrong(error: KnownError) -> None:
            self._tasks.pop(key, None)
            failed(error)

        self._tasks[key] = self._background.run(work, arrived, failed=went_wrong, owner=self)

    def _join(self, above: _Part[Row], below: _Part[Row], result: MoreResult[Row]) -> None:
        """Puts rows before a gap, up to those that stand below it."""
        known = self._known(below.rows[: 2 * len(result.rows)])
        met = next((place for place, row in enumerate(result.rows) if self._identity(row) in known), None)
        self._insert(above, len(above.rows), result.rows[:met])
        above.after = result.next_page
        if met is not None:
            self._close_gap(above, below)
        elif result.next_page is None:  # the end has become another one meanwhile
            self._end_with(above)

    def _join_upwards(self, above: _Part[Row], below: _Part[Row], result: MoreResult[Row]) -> None:
        """Puts rows behind a gap, down from those that stand above it."""
        known = self._known(above.rows[-2 * len(result.rows) :] if result.rows else [])
        met = max((place for place, row in enumerate(result.rows, start=1) if self._identity(row) in known), default=0)
        self._insert(below, 0, result.rows[met:])
        below.before = result.next_page
        if met or result.next_page is None:
            self._close_gap(above, below)

    def _insert(self, part: _Part[Row], place: int, rows: Sequence[Row]) -> None:
        if rows:
            index = self._start_of(self._parts.index(part)) + place
            self.beginInsertRows(NOTHING, index, index + len(rows) - 1)
            part.rows[place:place] = rows
            self.endInsertRows()

    def _close_gap(self, above: _Part[Row], below: _Part[Row]) -> None:
        """Takes the gap between two parts away: they have met and are one from now on."""
        self._forget_tasks()
        gap = self._start_of(self._parts.index(below)) - 1
        self.beginRemoveRows(NOTHING, gap, gap)
        above.rows.extend(below.rows)
        above.after = below.after
        self._parts.remove(below)
        self.endRemoveRows()

    def _end_with(self, part: _Part[Row]) -> None:
        """Takes away what stands below a part, and the gap between."""
        self._forget_tasks()
        kept = self._parts.index(part) + 1
        self.beginRemoveRows(NOTHING, self._start_of(kept) - 1, self.rowCount() - 1)
        del self._parts[kept:]
        self.endRemoveRows()

    def _forget_tasks(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def _nothing(self, error: KnownError) -> None:
        self.state, self.error = TableState.FAILED, error
        self.beginResetModel()
        self._parts = []
        self.endResetModel()
