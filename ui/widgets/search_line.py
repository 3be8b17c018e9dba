"""A line to search in."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QLineEdit


class SearchLine(QLineEdit):
    """A line in which Enter searches and does not do the window's main action."""

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Keeps Enter here."""
        super().keyPressEvent(event)
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
