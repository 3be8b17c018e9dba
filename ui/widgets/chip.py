"""A state as picture and word; on a tinted ground only where a person must act."""

from __future__ import annotations

from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from ui.look.drawing import BUTTON_RADIUS, rounded
from ui.look.icons import STATUS_GROUNDS, Status, paint_status
from ui.look.scale import font, u
from ui.look.tokens import tokens

HEIGHT, PICTURE, GAP, SIDE = 24, 16, 8, 6


def chip_width(words: str, written: QFont) -> int:
    """Returns how wide a chip is, with the room of its ground."""
    return 2 * u(SIDE) + u(PICTURE) + (u(GAP) + QFontMetrics(written).horizontalAdvance(words) if words else 0)


def paint_chip(painter: QPainter, area: QRect, status: Status, words: str, *, acts: bool, is_chosen: bool = False) -> None:
    """Paints a chip at the left of an area, its picture ``SIDE`` within; the painter's font and pen are those of the words.

    Args:
        painter: with the font and the colour of the words.
        area: where; what is too long is cut.
        status: the picture.
        words: beside it.
        acts: whether a person must act: then it has a ground.
        is_chosen: no ground on the ground of a chosen row.
    """
    metrics = QFontMetrics(painter.font())
    if acts and not is_chosen and status in STATUS_GROUNDS:
        ground = QRect(area.left(), area.center().y() - u(HEIGHT) // 2, min(chip_width(words, painter.font()), area.width()), u(HEIGHT))
        rounded(painter, ground, u(BUTTON_RADIUS), ground=tokens().of(STATUS_GROUNDS[status]))
    side = u(PICTURE)
    paint_status(painter, QRect(area.left() + u(SIDE), area.center().y() - side // 2 + 1, side, side), status)
    room = area.adjusted(u(SIDE) + side + u(GAP), 0, 0, 0)
    cut = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), cut)


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
        return QSize(chip_width(self._words, font()) + 1, u(HEIGHT))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the chip."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setFont(font())
        painter.setPen(tokens().text if self.isEnabled() else tokens().disabled)
        paint_chip(painter, self.rect(), self._status, self._words, acts=self._acts)
        painter.end()
