"""The card below a table: what is told of the chosen row, its picture, and the buttons that do something with it."""

from __future__ import annotations

from collections.abc import Iterable

from PyQt6.QtCore import QEvent, QSize, Qt
from PyQt6.QtGui import QBrush, QTextBlockFormat, QTextCharFormat, QTextCursor
from PyQt6.QtWidgets import QFrame, QPushButton, QSizePolicy, QTextBrowser, QWidget

from tray_agent.tray.in_windows import in_windows
from ui.look.icons import Status
from ui.look.scale import Type, font, u
from ui.look.tokens import tokens
from ui.widgets.card import Card
from ui.widgets.layout import column, row
from ui.widgets.picture import Picture

_PICTURE, _BETWEEN = 20, 4

_LINES = 2
"""So many lines of text are always seen; more scroll."""


class Details(Card):
    """What is told of the chosen row.

    Args:
        name: the accessible name of the words.
        buttons: what can be done with the chosen row; they stand at the right.
        lines: of text for which there is room at first.
        narrow: whether the card stands beside another: then the buttons stand below the words.
        parent: the widget it stands in.
    """

    def __init__(self, name: str, *buttons: QPushButton, lines: int = 5, narrow: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._picture = Picture(size=_PICTURE)
        self.words = _Words(name, lines)
        self.setFocusProxy(self.words)
        tools = row(*buttons, None) if narrow else column(*buttons, None)
        top = Qt.AlignmentFlag.AlignTop
        beside = (tools,) if buttons and not narrow else ()
        words = row((self._picture, top), (self.words, 1), *beside, spacing=12)
        self.body.addLayout(column((words, 1), tools) if buttons and narrow else words)

    def tell(self, title: str = "", paragraphs: Iterable[str] = (), status: Status | None = None) -> None:
        """Shows a title, a sentence, quieter ones below it, and a state's picture; or nothing.

        Line breaks stay, nothing is taken for mark-up. What is told stays where it is scrolled to while it says the same.
        """
        self._picture.show_picture(status if status and title else "")
        self.words.tell((title, *map(in_windows, paragraphs)) if title else ())

    def toPlainText(self) -> str:
        """Returns the words shown."""
        return self.words.toPlainText()


class _Words(QTextBrowser):
    """Words that can be read, scrolled and copied by keys; written anew where the look becomes another."""

    def __init__(self, name: str, lines: int) -> None:
        super().__init__()
        self._parts: tuple[str, ...] = ()
        self._lines = lines
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._write()

    def sizeHint(self) -> QSize:
        """Returns room for a title and some lines."""
        return QSize(u(320), self._high(self._lines))

    def minimumSizeHint(self) -> QSize:
        """Returns the least room."""
        return QSize(u(160), self._high(_LINES))

    def _high(self, lines: int) -> int:
        return lines * self.fontMetrics().lineSpacing() + (lines - 1) * u(_BETWEEN)

    def tell(self, parts: tuple[str, ...]) -> None:
        """Shows a title and sentences."""
        if parts != self._parts:
            self._parts = parts
            self._write()

    def changeEvent(self, event: QEvent | None) -> None:
        """Writes the words in the colours and sizes that are in force now."""
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._write()

    def _write(self) -> None:
        now, document = tokens(), self.document()
        if document is None:
            return
        document.clear()
        document.setDocumentMargin(0)
        cursor, block = QTextCursor(document), QTextBlockFormat()
        for place, part in enumerate(self._parts):
            written = QTextCharFormat()
            written.setFont(font(Type.CARD, strong=True) if not place else font())
            written.setForeground(QBrush(now.soft if place > 1 else now.text))
            block.setTopMargin(u(_BETWEEN) if place else 0)
            if place:
                cursor.insertBlock(block, written)
            cursor.insertText(part, written)
        self.moveCursor(QTextCursor.MoveOperation.Start)
