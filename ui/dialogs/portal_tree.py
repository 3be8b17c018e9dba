"""The tree of the window *Online-Portal*: rows as in tables, a tick by the space bar, a menu by mouse or key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PyQt6.QtCore import QEvent, QModelIndex, QPoint, QRect, Qt, pyqtSignal
from PyQt6.QtGui import QContextMenuEvent, QKeyEvent, QPainter, QPaintEvent, QShowEvent
from PyQt6.QtWidgets import (
    QFrame,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QTreeWidgetItemIterator,
    QWidget,
)

from ui.widgets.controls import menu_place
from ui.widgets.row_delegate import RowDelegate, paint_empty
from ui.widgets.table_models import NOTHING
from ui.widgets.tables import toggle_row
from ui.widgets.titles import ColumnWidths, Titles


class PortalTree(QTreeWidget):
    """Areas, headings and rows.

    Attributes:
        menu_asked: a context menu is wanted; carries the item and the place on the screen.
        message: why the tree is empty, while it is.
        titles: its columns' titles.
        widths: how its columns share the room.
        rows: how its rows look.
    """

    menu_asked = pyqtSignal(QTreeWidgetItem, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.message = ""
        self.titles = Titles(self)
        self.titles.setStretchLastSection(True)
        self.setHeader(self.titles)
        self.widths = ColumnWidths(self, self.titles)
        self.rows = _Cells(self)
        self.setItemDelegate(self.rows)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformRowHeights(True)
        self.setVerticalScrollMode(QTreeWidget.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.entered.connect(self.rows.hover)
        self.viewportEntered.connect(lambda: self.rows.hover(NOTHING))

    def showEvent(self, event: QShowEvent | None) -> None:
        """Fits the columns where the rows were there first."""
        super().showEvent(event)
        self.widths.fit()

    def changeEvent(self, event: QEvent | None) -> None:
        """Follows the text's size."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.FontChange:
            self.rows.forget_sizes()
            self.scheduleDelayedItemsLayout()

    def viewportEvent(self, event: QEvent | None) -> bool:
        """Forgets the row under the mouse when the mouse leaves."""
        if event is not None and event.type() == QEvent.Type.Leave:
            self.rows.hover(NOTHING)
        return super().viewportEvent(event)

    # Painting

    def drawRow(self, painter: QPainter | None, options: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paints the ground of a whole row, from edge to edge, then what stands on it."""
        viewport, chosen = self.viewport(), self.selectionModel()
        if painter is not None and viewport is not None and chosen is not None:
            place = self.visualRect(index)
            area = QRect(0, place.top(), viewport.width(), place.height())
            last = not self.indexBelow(index).isValid()
            self.rows.paint_ground(painter, area, index, chosen=chosen.isSelected(index), last=last)
        super().drawRow(painter, options, index)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the tree, or why it is empty."""
        super().paintEvent(event)
        viewport = self.viewport()
        if viewport is not None and self.message and not self.topLevelItemCount():
            paint_empty(viewport, "circle-dashed", "", self.message)

    # Where a person is

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keeps what is open and in view while the tree is filled with what was read anew; the chosen row is the caller's."""
        opened = {_path(item): item.isExpanded() for item in self._items()}
        bar, before = self.verticalScrollBar(), self.currentItem()
        scroll = bar.value() if bar is not None else 0
        top = self.visualItemRect(before).top() if before is not None else None
        yield
        for item in self._items():
            item.setExpanded(opened.get(_path(item), item.isExpanded()))
        self.updateGeometries()
        now = self.currentItem()
        if bar is None:
            return
        bar.setValue(scroll)
        if now is not None and top is not None and 0 <= top < self.height():
            bar.setValue(scroll + self.visualItemRect(now).top() - top)

    def _items(self) -> Iterator[QTreeWidgetItem]:
        walk = QTreeWidgetItemIterator(self)
        while (item := walk.value()) is not None:
            yield item
            walk += 1

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
        if event is None or event.key() != Qt.Key.Key_Space or not toggle_row(self):
            super().keyPressEvent(event)
            return
        event.accept()


class _Cells(RowDelegate):
    """Draws the cells; the tree draws the ground, which goes beyond them."""

    def paint_cell_ground(self, painter: QPainter, area: QRect, index: QModelIndex, *, chosen: bool) -> None:
        """Paints nothing."""


def _path(item: QTreeWidgetItem) -> tuple[str, ...]:
    """Returns the words of an item and of those that it stands under."""
    parent = item.parent()
    return (*(_path(parent) if parent is not None else ()), item.text(0))
