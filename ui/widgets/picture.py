"""A picture in a window: painted whenever the window is, so that it follows the look."""

from __future__ import annotations

from PyQt6.QtCore import QSize
from PyQt6.QtGui import QIcon, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from ui.look.scale import u


class Picture(QWidget):
    """A picture of ``ui.look.icons`` in a fixed size.

    Args:
        icon: which.
        size: its width and height, before ``u``.
        parent: the widget it stands in.
    """

    def __init__(self, icon: QIcon | None = None, size: int = 16, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = icon or QIcon()
        self._size = size
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_icon(self, icon: QIcon) -> None:
        """Shows another picture."""
        self._icon = icon
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
