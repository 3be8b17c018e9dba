"""A short list whose lines can be taken: by a double click, by Enter or the space bar, never by accident."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QListWidget, QListWidgetItem, QWidget

VALUE = Qt.ItemDataRole.UserRole
"""Where a line keeps what it stands for."""


class ChoiceList(QListWidget):
    """A list in a dialog; unlike Qt's own it keeps Enter to itself, so that taking a line does not also do the main action.

    Attributes:
        taken: the value of a line that was taken.
    """

    taken = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.itemDoubleClicked.connect(self._take)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Takes the line on Enter and on the space bar."""
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._take(self.currentItem())
            event.accept()
            return
        super().keyPressEvent(event)

    def _take(self, item: QListWidgetItem | None) -> None:
        value = item.data(VALUE) if item is not None else None
        if value is not None:
            self.taken.emit(value)
