"""A picture as a widget of its own: it is painted in the colours in force, and follows them."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, QSize
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from ui.look.icons import Status, paint_icon, paint_status
from ui.look.scale import u
from ui.look.tokens import tokens


class Picture(QWidget):
    """A state's picture, or a line picture in a token's colour. Words beside it tell the same.

    Args:
        what: the state, or the name of the line picture; "" shows nothing and takes no room.
        size: to go through ``u``.
        colour: the token of a line picture.
    """

    def __init__(self, what: Status | str = "", size: float = 18, colour: str = "soft") -> None:
        super().__init__()
        self._what, self._size, self._colour = what, size, colour
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_picture(what, colour)

    def show_picture(self, what: Status | str, colour: str = "soft") -> None:
        """Shows another picture."""
        self._what, self._colour = what, colour
        self.setVisible(bool(what))
        self.update()

    def sizeHint(self) -> QSize:
        """Returns its size."""
        return QSize(u(self._size), u(self._size))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the picture."""
        super().paintEvent(event)
        painter = QPainter(self)
        if isinstance(self._what, Status):
            paint_status(painter, QRectF(self.rect()), self._what)
        elif self._what:
            paint_icon(painter, QRectF(self.rect()), self._what, tokens().of(self._colour))
        painter.end()
