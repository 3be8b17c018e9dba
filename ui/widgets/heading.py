"""The head of a window: its title, what it is about in one quiet sentence, and its tools at the right."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QHBoxLayout, QWidget

from ui.look.scale import Type
from ui.widgets.layout import column, row
from ui.widgets.notes import plain_label, soft_label


class Heading(QWidget):
    """The head of a window.

    Args:
        title: the window's.
        parent: the window.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = plain_label(title, size=Type.TITLE, bold=True)
        self._sentence = soft_label(size=Type.TEXT, wrap=True)
        self._sentence.hide()
        self._tools: QHBoxLayout = row(spacing=8)
        words = column(self.title, self._sentence, spacing=0)
        self.setLayout(row((words, 1), self._tools, spacing=16, margins=(0, 0, 0, 0)))

    def say(self, sentence: str) -> None:
        """Tells in one sentence what the window is about; "": nothing."""
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))

    @property
    def sentence(self) -> str:
        """Returns what was said last."""
        return self._sentence.text()

    def add(self, *tools: QWidget) -> None:
        """Adds tools at the right: a search, a filter, a button."""
        for tool in tools:
            self._tools.addWidget(tool, 0, Qt.AlignmentFlag.AlignVCenter)
