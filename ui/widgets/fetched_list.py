"""What the two models for lists of any length share: a source that sorts and filters, asked in the background."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from PyQt6.QtCore import QObject, Qt, pyqtSignal

from ui.background import Background
from ui.widgets.tables import Column, Row, TableModel, TableState


class FetchedModel(TableModel[Row]):
    """A list whose rows come from a source, under an order and a filter.

    Attributes:
        failed: further rows could not be had; carries the ``KnownError``. What is loaded stays, and the rows are asked for
            again when somebody scrolls there. (That nothing at all could be had stands in the table.)

    Args:
        columns: the columns; those with a ``sort`` can be sorted.
        background: runs the source's work.
        parent: who owns the model.
        first_filter: what the list is filtered by from the beginning.
    """

    failed = pyqtSignal(object)

    def __init__(
        self, columns: Sequence[Column[Row]], background: Background, parent: QObject | None = None, first_filter: Hashable = None
    ) -> None:
        super().__init__(columns, parent)
        self._background = background
        self._sort = ""
        self._descending = False
        self._filter = first_filter
        self.state = TableState.LOADING

    def set_filter(self, value: Hashable) -> None:
        """Loads the list under another filter."""
        self._filter = value
        self.reload()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Has the list sorted by a column; one that can't be sorted changes nothing."""
        name = self.columns[column].sort if 0 <= column < len(self.columns) else ""
        if not name and column >= 0:
            return
        self._sort, self._descending = name, order is Qt.SortOrder.DescendingOrder
        self.reload()

    def reload(self) -> None:
        """Loads the list anew; the rows shown stay until the new ones are there."""
        raise NotImplementedError
