"""The tree of the window *Online-Portal*: rows with air, a tick by the space bar, a menu by mouse or key."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QPoint, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QContextMenuEvent, QKeyEvent, QPaintEvent, QShowEvent
from PyQt6.QtWidgets import QStyleOptionViewItem, QTreeWidget, QTreeWidgetItem, QWidget

from ui.widgets.controls import menu_place
from ui.widgets.tables import AIR, NARROW, ROW_AIR, AirDelegate, Titles, paint_message, shared_widths


class PortalTree(QTreeWidget):
    """Areas, headings and rows.

    Attributes:
        menu_asked: a context menu is wanted; carries the item and the place on the screen.
        message: why the tree is empty, while it is.
    """

    menu_asked = pyqtSignal(QTreeWidgetItem, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.message = ""
        self._fit = False
        self._own_widths: list[int] | None = None
        titles = Titles(self)
        titles.setStretchLastSection(True)
        self.setHeader(titles)
        self.setItemDelegate(_Row(self))
        self.setAlternatingRowColors(True)
        self.setUniformRowHeights(True)

    # Widths

    def fit_when_filled(self) -> None:
        """Makes each column as wide as what it holds as soon as there are rows and the tree is seen; once."""
        self._fit = True

    @property
    def has_own_widths(self) -> bool:
        """Returns whether the columns are as wide as the tree chose: nobody dragged them."""
        return self._own_widths is not None and self._own_widths[:-1] == self._widths[:-1]

    @property
    def _widths(self) -> list[int]:
        return [self.columnWidth(column) for column in range(self.columnCount())]

    def fit_once(self) -> None:
        """Fits the columns where that was asked for; the owner calls it when the tree is filled."""
        titles, viewport = self.header(), self.viewport()
        if not self._fit or titles is None or viewport is None or not self.isVisible() or not self.topLevelItemCount():
            return
        held = [max(titles.sectionSizeHint(column), self.sizeHintForColumn(column)) + AIR for column in range(self.columnCount())]
        widths = shared_widths(held, [0] * len(held), viewport.width())
        for column, width in enumerate((*widths[:-1], NARROW)):  # the last takes the rest
            self.setColumnWidth(column, width)
        self._fit, self._own_widths = False, self._widths

    def showEvent(self, event: QShowEvent | None) -> None:
        """Fits the columns where the rows were there first."""
        super().showEvent(event)
        self.fit_once()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the tree, or why it is empty."""
        super().paintEvent(event)
        viewport = self.viewport()
        if viewport is not None and self.message and not self.topLevelItemCount():
            paint_message(viewport, self.message)

    # Mouse and keys

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:
        """Tells what a menu is asked for, by mouse or by key."""
        if event is None:
            return
        index, place = menu_place(self, event)
        item = self.itemFromIndex(index)
        if item is not None:
            self.menu_asked.emit(item, place)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Ticks the row's checkbox on the space bar wherever the cursor stands in the row; the rest as usual."""
        item = self.currentItem()
        if event is None or item is None or event.key() != Qt.Key.Key_Space or not self._toggle(item):
            super().keyPressEvent(event)
            return
        event.accept()

    def _toggle(self, item: QTreeWidgetItem) -> bool:
        """Turns an item's tick round; returns whether it has one."""
        for column in range(self.columnCount()):
            if item.data(column, Qt.ItemDataRole.CheckStateRole) is not None:
                ticked = item.checkState(column) is Qt.CheckState.Checked
                item.setCheckState(column, Qt.CheckState.Unchecked if ticked else Qt.CheckState.Checked)
                return True
        return False


class _Row(AirDelegate):
    """Gives the rows the height of those in tables."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Returns a cell's size."""
        hint = super().sizeHint(option, index)
        return QSize(hint.width(), max(hint.height(), option.fontMetrics.height() + ROW_AIR))
