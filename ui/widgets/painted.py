"""What the widgets share that paint by hand: their tooltip, the frame of what has the keyboard."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QPointF, QRectF, Qt
from PyQt6.QtGui import QHelpEvent, QPainter, QPen
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

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
