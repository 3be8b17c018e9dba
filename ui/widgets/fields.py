"""Fields with their labels above and a hint below, in two columns that are read line by line."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QGridLayout, QLabel, QWidget

from ui.look.scale import Type, font, u
from ui.widgets.layout import column
from ui.widgets.notes import Note, soft_label

COLUMNS = 2
_BESIDE, _BELOW = 24, 16


class Fields(QGridLayout):
    """Fields of a card."""

    def __init__(self) -> None:
        super().__init__()
        self._next = 0
        self.setHorizontalSpacing(u(_BESIDE))
        self.setVerticalSpacing(u(_BELOW))
        for place in range(COLUMNS):
            self.setColumnStretch(place, 1)

    def add(self, label: str, field: QWidget, hint: str = "", *, group: str = "", wide: bool = False) -> Note:
        """Adds a field, and returns its note, in which one tells what is wrong with what was entered.

        Args:
            label: with a mnemonic, without a colon ("&Startdatum").
            field: the widget, or what holds it and hands the focus on to it.
            hint: a sentence below it, or "".
            group: whose field it is, for who hears its label without seeing what stands around it.
            wide: whether it takes both columns.
        """
        title = QLabel(label)
        title.setFont(font(strong=True))
        reached = field.focusProxy() or field  # a holder takes no focus itself: a mnemonic would lead nowhere
        title.setBuddy(reached)
        name = label.replace("&", "")
        reached.setAccessibleName(f"{group}: {name}" if group else name)
        reached.setAccessibleDescription(hint)
        note = Note()
        parts = column(title, field, *([soft_label(hint, size=Type.HINT, wrap=True)] if hint else ()), note, None, spacing=4)
        if wide and self._next % COLUMNS:
            self._next += 1
        self.addLayout(parts, self._next // COLUMNS, self._next % COLUMNS, 1, COLUMNS if wide else 1, Qt.AlignmentFlag(0))
        self._next += COLUMNS if wide else 1
        return note
