"""The list at a window's left in which one chooses a place of it: a picture and a word each, and what was found out about it."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QRect, QSize, Qt
from PyQt6.QtGui import QFontMetrics, QPainter
from PyQt6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ui.look.icons import Status, paint_status
from ui.look.scale import font, u
from ui.widgets.painted import ENTRY_GAP, ENTRY_HEIGHT, ENTRY_PICTURE, ENTRY_SIDE, paint_entry

WIDTH = 196
"""At the least; wider where a word needs it."""

_GAP, _STATUS = 2, 16
_STATES = (QStyle.StateFlag.State_Selected, QStyle.StateFlag.State_MouseOver, QStyle.StateFlag.State_Enabled)
_PICTURE_ROLE, _STATUS_ROLE = Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2


class PlaceList(QListWidget):
    """Places to choose from by mouse and keyboard; stands on the window's ground.

    Args:
        name: the accessible name.
        parent: the widget it stands in.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setItemDelegate(_Entries(self))
        viewport = self.viewport()
        if viewport is not None:
            viewport.setAutoFillBackground(False)

    def add(self, title: str, picture: str) -> None:
        """Adds a place with its line picture."""
        item = QListWidgetItem(title, self)
        item.setData(_PICTURE_ROLE, picture)
        widths = (self.sizeHintForIndex(self.indexFromItem(self.item(row))).width() for row in range(self.count()))
        self.setFixedWidth(max(u(WIDTH), *widths))

    def mark(self, place: int, status: Status | None, sentence: str = "") -> None:
        """Shows at a place's right how it stands there; the sentence is for who hears the window."""
        item = self.item(place)
        if item is not None:
            item.setData(_STATUS_ROLE, status)
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, sentence)

    def allow(self, place: int, *, possible: bool) -> None:
        """Lets a place be chosen, or not."""
        item = self.item(place)
        if item is not None:
            usable = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
            item.setFlags(item.flags() | usable if possible else item.flags() & ~usable)


class _Entries(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        words = QFontMetrics(font(strong=True)).horizontalAdvance(str(index.data()))
        return QSize(u(ENTRY_SIDE + ENTRY_PICTURE + ENTRY_GAP + _STATUS + ENTRY_GAP) + words, u(ENTRY_HEIGHT + _GAP))

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        if painter is None:
            return
        area = option.rect.adjusted(0, 0, 0, -u(_GAP))
        chosen, over, usable = (bool(option.state & state) for state in _STATES)
        painter.save()
        picture = str(index.data(_PICTURE_ROLE))
        room = paint_entry(painter, area, picture, current=chosen, over=over, pressed=False, usable=usable)
        words = room.adjusted(0, 0, -u(_STATUS + ENTRY_GAP), 0)
        painter.drawText(words, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), str(index.data()))
        painter.restore()
        status = index.data(_STATUS_ROLE)
        if isinstance(status, Status):
            mark = u(_STATUS)
            paint_status(painter, QRect(area.right() - mark - u(6), area.center().y() - mark // 2, mark, mark), status)
