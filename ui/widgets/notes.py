"""Sentences within a window: labels for words from anywhere, a note beside a field; never colour alone."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtWidgets import QLabel, QWidget

from tray_agent.tray.in_windows import in_windows
from ui.look.icons import Status
from ui.look.scale import Type, font
from ui.widgets.layout import row
from ui.widgets.picture import Picture


def plain_label(text: str = "", parent: QWidget | None = None, *, bold: bool = False, size: Type = Type.TEXT) -> QLabel:
    """Returns a label for words from wherever they come: wrapped, to be copied by the mouse, never taken for mark-up."""
    label = plain_words(text, parent, size=size, strong=bold, wrap=True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def plain_words(text: str, parent: QWidget | None = None, *, size: Type = Type.TEXT, strong: bool = False, wrap: bool = False) -> QLabel:
    """Returns words that are read and not copied, never taken for mark-up."""
    label = QLabel(text, parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    label.setFont(font(size, strong=strong))
    return label


def soft_label(text: str = "", *, size: Type = Type.SECOND, wrap: bool = False) -> QLabel:
    """Returns quiet words: a hint, a second line."""
    label = plain_words(text, size=size, wrap=wrap)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label


class Note(QWidget):
    """A sentence with its icon; takes no room while it has nothing to say.

    Args:
        parent: the widget it stands in.
        status: which icon.
    """

    def __init__(self, parent: QWidget | None = None, status: Status = Status.ERROR) -> None:
        super().__init__(parent)
        self._icon = Picture(Status.INFO, parent=self)
        self._text = plain_label(parent=self)
        self.setLayout(row((self._icon, Qt.AlignmentFlag.AlignTop), (self._text, 1), margins=(0, 0, 0, 0)))
        self.say("", status)

    def say(self, text: str, status: Status | None = None) -> None:
        """Shows a sentence, or nothing for ""; with another icon where one is given."""
        if status is not None:
            self._icon.show_picture(status)
        shown = in_windows(text)
        self._text.setText(shown)
        self.setAccessibleName(shown)
        self.setVisible(bool(shown))

    @property
    def text(self) -> str:
        """Returns the sentence shown, or ""."""
        return self._text.text()
