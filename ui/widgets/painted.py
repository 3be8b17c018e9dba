"""What the widgets share that paint by hand: their colours, their tooltip, the frame of what has the keyboard."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtCore import QEvent, QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QHelpEvent, QPainter, QPalette, QPen
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ui.widgets.contrast import is_dark, mixed


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours of a palette; shapes tell the same as they do."""

    text: QColor
    faint: QColor
    line: QColor
    warning: QColor

    @classmethod
    def of(cls, palette: QPalette) -> Colours:
        """Returns the colours that stand out from a palette's ground."""
        text, ground = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Base)
        dark = is_dark(palette)
        return cls(text, mixed(text, ground, 0.45), QColor("#6fb1ff" if dark else "#1d5fa8"), QColor("#ffb74d" if dark else "#b34700"))


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
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
