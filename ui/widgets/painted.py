"""What the widgets share that paint by hand: their tooltip, the frame of what has the keyboard; entries at a window's left."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QPointF, QRect, QRectF, Qt
from PyQt6.QtGui import QHelpEvent, QPainter, QPen
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ui.look.drawing import BUTTON_RADIUS, rounded
from ui.look.icons import paint_icon
from ui.look.scale import font, u
from ui.look.tokens import tokens


class Painted(QWidget):
    """A widget that fills the room it gets and takes the keyboard, so that a screen reader comes to its description."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(name)

    @property
    def unit(self) -> int:
        """Returns the height of a line of text, by which all is measured."""
        return self.fontMetrics().height()

    def tooltip_at(self, point: QPointF) -> str:
        """Returns what is told of a point, or ""."""
        raise NotImplementedError

    def event(self, event: QEvent | None) -> bool:
        """Shows the tooltip of what the mouse rests on."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.tooltip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def paint_focus(self, painter: QPainter) -> None:
        """Paints the frame of what has the keyboard."""
        if self.hasFocus():
            painter.setPen(QPen(tokens().accent, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))


ENTRY_HEIGHT, ENTRY_SIDE, ENTRY_PICTURE, ENTRY_GAP = 30, 12, 18, 10
"""Of an entry at a window's left: its height, the room before its picture, the picture, the room before its words."""

_ENTRY_BAR = 3


def paint_entry(painter: QPainter, area: QRect, picture: str, *, current: bool, over: bool, pressed: bool, usable: bool) -> QRect:
    """Paints the ground of an entry, the bar of the one that is open, and its picture; returns the room of its words.

    Args:
        painter: gets the font and colour of the words.
        area: the entry's.
        picture: a line picture.
        current: whether it is the one that is open.
        over: whether the mouse is over it.
        pressed: whether the mouse holds it.
        usable: whether it can be chosen.
    """
    now, side = tokens(), u(ENTRY_PICTURE)
    if usable and (current or over or pressed):
        rounded(painter, area, u(BUTTON_RADIUS), ground=now.pressed if current or pressed else now.hover)
    if current:
        bar = QRectF(area.left(), area.top() + area.height() * 0.2, u(_ENTRY_BAR), area.height() * 0.6)
        rounded(painter, bar, u(_ENTRY_BAR) / 2, ground=now.accent)
    words = now.text if usable else now.disabled
    square = QRect(area.left() + u(ENTRY_SIDE), area.top() + (area.height() - side) // 2, side, side)
    paint_icon(painter, square, picture, words if current or not usable else now.soft)
    painter.setFont(font(strong=current))
    painter.setPen(words)
    return area.adjusted(u(ENTRY_SIDE + ENTRY_PICTURE + ENTRY_GAP), 0, 0, 0)
