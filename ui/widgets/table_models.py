"""What tables show: columns declared as data, and a model for short lists that are held whole and sorted here.

Lists of any length have a model of their own (``ui.widgets.paged_list``).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import Enum
from typing import Any, Generic, TypeVar

from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from tray_agent.errors import KnownError
from tray_agent.search_keys import sort_key
from tray_agent.tray.in_windows import in_windows
from ui.look.icons import Status, status_icon
from ui.look.scale import Type
from ui.models.words import local_text
from ui.widgets.row_delegate import Cell

Row = TypeVar("Row")

NOTHING = QModelIndex()

_PLAIN = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
_CHECKABLE = _PLAIN | Qt.ItemFlag.ItemIsUserCheckable  # made once: a painted cell asks for them


class Align(Enum):
    """Where a column's words stand."""

    LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    """Numbers."""

    CENTRE = Qt.AlignmentFlag.AlignCenter


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column of a table.

    Attributes:
        title: its title, translated.
        text: what a row says in it.
        align: numbers stand right.
        sort: for a paged table the name by which the fetch function sorts, or "" where it can't; for a short list not used.
        key: for a short list the value to sort by; the text by default.
        status: the state whose picture stands before the text, or None.
        tooltip: more about the cell, or ""; words that are cut are told anyway.
        checked: whether the checkbox in this column is ticked; None: no checkbox in this row.
        second: a second line below the text, smaller and quiet, or ""; a table with such a column has rows of two lines.
        strong: whether the text stands out: in the column that names the row, or in some rows only.
        soft: whether the text is quiet, in all rows or in some.
        struck: whether the row is done: its text here is struck through, and all of the row is quiet.
        acts: whether a person must act where ``status`` is an error, a warning or a doubt: only then it has a tinted ground.
        size: of the text, in all rows or in some: for a number that is to be dialled.
        once: whether what says the same as the row above is not written again, except at the top of what is in view (a day).
    """

    title: str
    text: Callable[[Row], str]
    align: Align = Align.LEFT
    sort: str = ""
    key: Callable[[Row], Any] | None = None
    status: Callable[[Row], Status | None] | None = None
    tooltip: Callable[[Row], str] | None = None
    checked: Callable[[Row], bool | None] | None = None
    second: Callable[[Row], str] | None = None
    strong: bool | Callable[[Row], bool] = False
    soft: bool | Callable[[Row], bool] = False
    struck: Callable[[Row], bool] | None = None
    acts: bool = False
    size: Type | Callable[[Row], Type] = Type.TEXT
    once: bool = False

    def cell(self, row: Row, *, done: bool = False) -> Cell:
        """Returns what a row shows in it; ``done``: the row is struck through in this column or another."""
        return Cell(
            str(in_windows(self.text(row))),
            str(in_windows(self.second(row))) if self.second is not None else "",
            status=self.status(row) if self.status is not None else None,
            acts=self.acts,
            checked=self.checked(row) if self.checked is not None else None,
            strong=not done and (self.strong if isinstance(self.strong, bool) else self.strong(row)),
            soft=done or (self.soft if isinstance(self.soft, bool) else self.soft(row)),
            struck=done and self.struck is not None and self.struck(row),
            size=self.size if isinstance(self.size, Type) else self.size(row),
            right=self.align is Align.RIGHT,
        )


def time_column(title: str, at: Callable[[Row], datetime | None], zone: tzinfo, sort: str = "", nothing: str = "") -> Column[Row]:
    """Returns a column of instants (aware), as the practice reads them; ``nothing`` stands where there is none."""
    return Column(title, lambda row: local_text(at(row), zone, nothing), sort=sort, key=lambda row: str(at(row) or ""))


class TableModel(QAbstractTableModel, Generic[Row]):
    """What both models share: how a cell looks and what a screen reader hears, and how the chosen row is found again.

    Attributes:
        is_loading: whether its rows are being read.
        error: why they could not be had, or None.
        chosen: the row that is chosen in the view, which tells it; -1: none.
        chosen_by_person: whether a person chose it, not the window by itself.
        in_view: tells which rows are in view; the view sets it.
        keeps_place: whether the rows that come now are the same list read anew, so that nothing moves, not another order or filter.

    Args:
        columns: the columns.
        parent: who owns the model.
        key: what tells a row from all others, however it changes; by default the row itself.
    """

    def __init__(self, columns: Sequence[Column[Row]], parent: QObject | None = None, key: Callable[[Row], Hashable] | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.is_loading = False
        self.error: KnownError | None = None
        self.chosen = -1
        self.chosen_by_person = False
        self.keeps_place = True
        self.in_view: Callable[[], range] = lambda: range(0)
        self.has_keys = key is not None
        self.key: Callable[[Row], Hashable] = key or (lambda row: row)
        self._struck = tuple(column.struck for column in self.columns if column.struck is not None)

    def cell(self, place: int, column: int) -> Cell | None:
        """Returns what a cell shows, None where it is not loaded."""
        row = self.row_at(place)
        if row is None:
            return Cell("…") if column == 0 else None
        return self.columns[column].cell(row, done=any(struck(row) for struck in self._struck))

    def can_sort(self, column: int) -> bool:
        """Returns whether a click on a column's title sorts."""
        return column < len(self.columns)

    def row_at(self, index: int) -> Row | None:
        """Returns a row's value, or None where it is not loaded yet."""
        raise NotImplementedError

    def loaded_at(self, index: int) -> Row | None:
        """Returns a row's value, or None where it is not loaded yet; unlike ``row_at`` it asks for nothing."""
        return self.row_at(index)

    def place_of(self, key: Hashable) -> int:
        """Returns where the row with a key stands among those that are loaded, -1 where it does not."""
        raise NotImplementedError

    def columnCount(self, parent: QModelIndex = NOTHING) -> int:
        """Returns the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401 - Qt's signature
        """Returns a column's title and alignment."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return str(self.columns[section].title)  # a variant holds a str, but not a Text
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.columns[section].align.value
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401 - Qt's signature
        """Returns what a cell shows in a role."""
        if not index.isValid():
            return None
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return column.align.value
        row = self.row_at(index.row())
        if row is None:
            return "…" if role == Qt.ItemDataRole.DisplayRole and index.column() == 0 else None
        return _cell(column, row, role)

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Returns what a person can do with a cell."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        checked = self.columns[index.column()].checked
        row = self.row_at(index.row()) if checked is not None else None
        return _CHECKABLE if checked is not None and row is not None and checked(row) is not None else _PLAIN


def _cell(column: Column[Row], row: Row, role: int) -> Any:  # noqa: ANN401 - whatever the role asks for
    match role:
        case Qt.ItemDataRole.DisplayRole:
            return str(in_windows(column.text(row)))  # a variant holds a str, but not a Text
        case Qt.ItemDataRole.AccessibleTextRole:
            lines = (column.text(row), column.second(row) if column.second else "")
            return ", ".join(str(in_windows(line)) for line in lines if line)
        case Qt.ItemDataRole.DecorationRole:
            status = column.status(row) if column.status else None
            return status_icon(status) if status else None
        case Qt.ItemDataRole.ToolTipRole:
            return str(in_windows(column.tooltip(row) if column.tooltip else "")) or None
        case Qt.ItemDataRole.CheckStateRole:
            checked = column.checked(row) if column.checked else None
            return None if checked is None else (Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)
    return None


class ListModel(TableModel[Row]):
    """A short list, held whole, sorted by a click on a title.

    Args:
        columns: the columns.
        on_check: called with a row and whether it is to be ticked; the owner changes its view model and calls ``show``.
        parent: who owns the model.
        key: what tells a row from all others, however it changes.
    """

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        *,
        on_check: Callable[[Row, bool], None] | None = None,
        parent: QObject | None = None,
        key: Callable[[Row], Hashable] | None = None,
    ) -> None:
        super().__init__(columns, parent, key)
        self._rows: list[Row] = []
        self._given: tuple[Row, ...] = ()
        self._on_check = on_check
        self._sorted: tuple[int, Qt.SortOrder] | None = None

    @property
    def rows(self) -> tuple[Row, ...]:
        """Returns the rows in the order shown."""
        return tuple(self._rows)

    def show(self, rows: Sequence[Row]) -> None:
        """Shows the list read anew. The chosen row stays chosen by its key; without keys by its place while there are as many rows."""
        ordered = self._ordered(rows)
        self._given = tuple(rows)
        self.is_loading, self.error, self.keeps_place = False, None, True
        same = not self.has_keys or [self.key(row) for row in ordered] == [self.key(row) for row in self._rows]
        if same and len(ordered) == len(self._rows):
            self._rows = ordered
            if ordered:
                self.dataChanged.emit(self.index(0, 0), self.index(len(ordered) - 1, len(self.columns) - 1))
            return
        self.beginResetModel()
        self._rows = ordered
        self.endResetModel()

    def wait(self) -> None:
        """Says in the table, while it is empty, that its rows are being read."""
        self.is_loading = True

    def fail(self, error: KnownError) -> None:
        """Says in the empty table why there is nothing."""
        self.beginResetModel()
        self._rows, self.is_loading, self.error = [], False, error
        self.endResetModel()

    def row_at(self, index: int) -> Row | None:
        """Returns a row's value, or None beyond the end."""
        return self._rows[index] if 0 <= index < len(self._rows) else None

    def place_of(self, key: Hashable) -> int:
        """Returns where the row with a key stands, -1 where it does not."""
        return next((place for place, row in enumerate(self._rows) if self.key(row) == key), -1)

    def rowCount(self, parent: QModelIndex = NOTHING) -> int:
        """Returns the number of rows."""
        return 0 if parent.isValid() else len(self._rows)

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: ANN401 - Qt's signature
        """Ticks or unticks a row."""
        row = self.row_at(index.row())
        if role != Qt.ItemDataRole.CheckStateRole or self._on_check is None or row is None:
            return False
        if not self.flags(index) & Qt.ItemFlag.ItemIsUserCheckable:
            return False
        self._on_check(row, Qt.CheckState(value) is Qt.CheckState.Checked)
        return True

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sorts by a column; -1 restores the order given."""
        self._sorted = (column, order) if column >= 0 else None
        self.keeps_place = False
        self.layoutAboutToBeChanged.emit()
        before = self._rows
        self._rows = self._ordered(self._given)
        places = {id(row): place for place, row in enumerate(self._rows)}
        for old in self.persistentIndexList():
            self.changePersistentIndex(old, self.index(places[id(before[old.row()])], old.column()))
        self.layoutChanged.emit()

    def _ordered(self, rows: Sequence[Row]) -> list[Row]:
        if self._sorted is None:
            return list(rows)
        column, order = self._sorted
        declared = self.columns[column]
        key = declared.key or (lambda row: sort_key(declared.text(row)))
        return sorted(rows, key=key, reverse=order is Qt.SortOrder.DescendingOrder)
