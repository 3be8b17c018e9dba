"""Lines to search in."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QLineEdit, QWidget

from tray_agent.i18n import _
from ui.widgets.controls import search_by_key


class SearchLine(QLineEdit):
    """A line in which Enter searches and does not do the window's main action."""

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Keeps Enter here."""
        super().keyPressEvent(event)
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()


def patient_line(parent: QWidget) -> QLineEdit:
    """Returns a line in which a person looks for a patient."""
    return searching(QLineEdit(parent), _("Name oder Nummer des Patienten"))


def searching(line: QLineEdit, hint: str) -> QLineEdit:
    """Makes a line one to search in: it can be cleared and is reached by a key; the hint stands in it while it is empty."""
    line.setPlaceholderText(hint)
    line.setClearButtonEnabled(True)
    search_by_key(line)
    return line
