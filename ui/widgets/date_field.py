"""A field for a date that can be typed as it is written: 05.05.2026."""

from __future__ import annotations

from datetime import date

from PyQt6.QtCore import QDate, QSize
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import QDateEdit, QWidget

from ui.look.scale import u

_SEPARATORS = frozenset(".,/- ")

_SIDES = 52
"""The room that a field with an arrow needs beside its words; Qt counts on the narrower arrows of a field to count up and down."""


class DateField(QDateEdit):
    """Day, month and year, typed or chosen in a calendar.

    Qt goes on to the month by itself when the day is typed; the dot that people type then would lead on to the year.
    """

    def __init__(self, day: date | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._went_on = False
        self.setDisplayFormat("dd.MM.yyyy")
        self.setCalendarPopup(True)
        if day is not None:
            self.setDate(QDate(day.year, day.month, day.day))

    def sizeHint(self) -> QSize:
        """Returns the room of a whole date beside the arrow."""
        hint = super().sizeHint()
        return QSize(max(hint.width(), self.fontMetrics().horizontalAdvance("00.00.0000") + u(_SIDES)), hint.height())

    def minimumSizeHint(self) -> QSize:
        """Returns the same: a date that is cut is another date."""
        return self.sizeHint()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Passes over a separator where the field went on to the next part by itself; any separator leads to the next part."""
        if event is None:
            return
        typed, before = event.text(), self.currentSectionIndex()
        if typed and typed in _SEPARATORS:
            if not self._went_on and before + 1 < self.sectionCount():
                self.setSelectedSection(self.sectionAt(before + 1))
            self._went_on = False
            event.accept()
            return
        super().keyPressEvent(event)
        self._went_on = typed.isdigit() and self.currentSectionIndex() != before
