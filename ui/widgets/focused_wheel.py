"""The mouse wheel over a field scrolls the page, unless the field has the keyboard: nobody changes a value by scrolling past it."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject, Qt
from PyQt6.QtWidgets import QAbstractSpinBox, QComboBox, QWidget


class FocusedWheel(QObject):
    """Keeps the wheel from fields without the keyboard; their page gets it instead.

    Args:
        page: the widget whose fields are meant, those it has now; keeps this object.
    """

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        for field in page.findChildren(QWidget):
            if isinstance(field, QAbstractSpinBox | QComboBox):
                field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # without the wheel, which would give it the keyboard
                field.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Leaves a wheel event to the page where its field has not the keyboard."""
        if event is None or event.type() != QEvent.Type.Wheel or not isinstance(watched, QWidget) or watched.hasFocus():
            return False
        event.ignore()
        return True
