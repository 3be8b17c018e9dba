"""The tree of the window *Online-Portal*: rows with air, a tick by the space bar, a menu by mouse or key."""

from __future__ import annotations

from PyQt6.QtCore import QPoint, Qt, pyqtSignal
from PyQt6.QtGui import QContextMenuEvent, QKeyEvent, QPaintEvent, QShowEvent
from PyQt6.QtWidgets import QTreeWidget, QTreeWidgetItem, QWidget

from ui.widgets.controls import menu_place
from ui.widgets.row_delegate import RowDelegate, paint_empty
from ui.widgets.tables import toggle_row
from ui.widgets.titles import ColumnWidths, Titles


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
        self.titles = Titles(self)
        self.titles.setStretchLastSection(True)
        self.setHeader(self.titles)
        self.widths = ColumnWidths(self, self.titles)
        self.rows = RowDelegate(self)
        self.setItemDelegate(self.rows)
        self.setUniformRowHeights(True)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Fits the columns where the rows were there first."""
        super().showEvent(event)
        self.widths.fit()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the tree, or why it is empty."""
        super().paintEvent(event)
        viewport = self.viewport()
        if viewport is not None and self.message and not self.topLevelItemCount():
            paint_empty(viewport, "circle-dashed", "", self.message)

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
