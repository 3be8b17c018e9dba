"""A state as picture and word; on a tinted ground only where a person must act."""

from __future__ import annotations

from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from ui.look.drawing import BUTTON_RADIUS, rounded
from ui.look.icons import STATUS_GROUNDS, Status, paint_status
from ui.look.scale import font, u
from ui.look.tokens import tokens

HEIGHT, PICTURE, GAP, SIDE = 24, 16, 8, 6


class Chip(QWidget):
    """A chip as a widget of its own.

    Args:
        status: the picture.
        words: beside it.
        acts: whether a person must act.
        parent: the widget it stands in.
    """

    def __init__(self, status: Status, words: str, *, acts: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._status, self._words, self._acts = status, words, acts
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(words)

    def tell(self, status: Status, words: str, *, acts: bool = False) -> None:
        """Tells another state."""
        self._status, self._words, self._acts = status, words, acts
        self.setAccessibleName(words)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Returns the room of picture and word."""
        return QSize(2 * u(SIDE) + u(PICTURE) + u(GAP) + QFontMetrics(font()).horizontalAdvance(self._words) + 1, u(HEIGHT))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the ground, the picture and the word."""
        super().paintEvent(event)
        now, area, side = tokens(), self.rect(), u(PICTURE)
        painter = QPainter(self)
        if self._acts and self._status in STATUS_GROUNDS:
            rounded(painter, area, u(BUTTON_RADIUS), ground=now.of(STATUS_GROUNDS[self._status]))
        paint_status(painter, QRect(u(SIDE), area.center().y() - side // 2 + 1, side, side), self._status)
        painter.setFont(font())
        painter.setPen(now.text if self.isEnabled() else now.disabled)
        room = area.adjusted(u(SIDE) + side + u(GAP), 0, 0, 0)
        words = painter.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), words)
        painter.end()
