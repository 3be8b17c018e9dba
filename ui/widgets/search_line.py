"""Lines to search in."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QLineEdit, QWidget

from tray_agent.i18n import _
from ui.look.icons import icon
from ui.look.scale import u
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
    return among_tools(searching(QLineEdit(parent), _("Name oder Nummer des Patienten")))


def searching(line: QLineEdit, hint: str) -> QLineEdit:
    """Makes a line one to search in: it can be cleared and is reached by a key; the hint stands in it while it is empty."""
    line.setPlaceholderText(hint)
    line.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
    line.setClearButtonEnabled(True)
    search_by_key(line)
    return line


def among_tools(line: QLineEdit) -> QLineEdit:
    """Makes a line as wide as its hint, so that it can stand among the tools at a window's head."""
    words = line.fontMetrics().horizontalAdvance(line.placeholderText())
    line.setMinimumWidth(max(u(220), words + u(64)))
    return line
