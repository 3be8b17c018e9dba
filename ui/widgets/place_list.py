"""The list at a window's left in which one chooses a place of it: a picture and a word each, and what was found out about it."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QFontMetrics, QPainter
from PyQt6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ui.look.drawing import BUTTON_RADIUS, rounded
from ui.look.icons import Status, paint_icon, paint_status
from ui.look.scale import font, u
from ui.look.tokens import tokens

WIDTH = 196
"""At the least; wider where a word needs it."""

_HEIGHT, _GAP, _SIDE, _PICTURE, _BETWEEN, _BAR, _STATUS = 30, 2, 12, 18, 10, 3, 16
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
        return QSize(u(_SIDE + _PICTURE + _BETWEEN + _STATUS + _BETWEEN) + words, u(_HEIGHT + _GAP))

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        if painter is None:
            return
        now, side = tokens(), u(_PICTURE)
        area = option.rect.adjusted(0, 0, 0, -u(_GAP))
        chosen, over = (bool(option.state & state) for state in (QStyle.StateFlag.State_Selected, QStyle.StateFlag.State_MouseOver))
        usable = bool(option.state & QStyle.StateFlag.State_Enabled)
        if usable and (chosen or over):
            rounded(painter, area, u(BUTTON_RADIUS), ground=now.pressed if chosen else now.hover)
        if chosen:
            bar = QRectF(area.left(), area.top() + area.height() * 0.2, u(_BAR), area.height() * 0.6)
            rounded(painter, bar, u(_BAR) / 2, ground=now.accent)
        words = now.text if usable else now.disabled
        picture = QRect(area.left() + u(_SIDE), area.center().y() - side // 2, side, side)
        paint_icon(painter, picture, str(index.data(_PICTURE_ROLE)), words if chosen or not usable else now.soft)
        painter.save()
        painter.setFont(font(strong=chosen))
        painter.setPen(words)
        room = area.adjusted(u(_SIDE + _PICTURE + _BETWEEN), 0, -u(_STATUS + _BETWEEN), 0)
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), str(index.data()))
        painter.restore()
        status = index.data(_STATUS_ROLE)
        if isinstance(status, Status):
            mark = u(_STATUS)
            paint_status(painter, QRect(area.right() - mark - u(6), area.center().y() - mark // 2, mark, mark), status)
