"""A picture as a widget of its own: painted whenever the window is, so that it follows the look. Words beside it tell the same."""

from __future__ import annotations

from PyQt6.QtCore import QSize
from PyQt6.QtGui import QIcon, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from ui.look.icons import Status, icon, status_icon
from ui.look.scale import u


class Picture(QWidget):
    """The picture of a state, a line picture, or any other.

    Args:
        what: the state, the name of the line picture, or the picture; "" shows nothing and takes no room.
        size: its width and height, before ``u``.
        colour: the token of a line picture.
        parent: the widget it stands in.
    """

    def __init__(self, what: Status | str | QIcon = "", size: int = 16, colour: str = "soft", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._size = size
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_picture(what, colour)

    def show_picture(self, what: Status | str | QIcon, colour: str = "soft") -> None:
        """Shows another picture."""
        if isinstance(what, QIcon):
            self._icon = what
        elif isinstance(what, Status):
            self._icon = status_icon(what)
        else:
            self._icon = icon(what, colour) if what else QIcon()
        self.setVisible(bool(what))
        self.update()

    def sizeHint(self) -> QSize:
        """Returns the picture's size."""
        return QSize(u(self._size), u(self._size))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the picture."""
        super().paintEvent(event)
        painter = QPainter(self)
        self._icon.paint(painter, self.rect(), mode=QIcon.Mode.Normal if self.isEnabled() else QIcon.Mode.Disabled)
        painter.end()
