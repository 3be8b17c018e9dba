"""An editor whose findings are underlined while one types, with their sentence as a tooltip; of one line or of many."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QEvent, QMimeData, Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QTextCharFormat, QTextCursor
from PyQt6.QtWidgets import QPlainTextEdit, QTextEdit, QToolTip, QWidget

from tray_agent.messages.texts.check import TemplateSeverity
from tray_agent.messages.texts.rendering import without_unseen
from ui.look.icons import STATUS_COLOURS, STATUS_GROUNDS, Status
from ui.look.scale import u
from ui.look.tokens import tokens
from ui.models.templates import Mark, utf16_length

_FIELD, _INSIDE = 32, 2
_PARAGRAPH, _LINE = "\u2029", "\u2028"
_STATES = {TemplateSeverity.ERROR: Status.ERROR, TemplateSeverity.WARNING: Status.WARNING}


class MarkedEdit(QPlainTextEdit):
    """Plain text with marked places.

    Args:
        parent: the widget it stands in.
        one_line: a single line, in which Enter and Tab do what they do in a field.

    Attributes:
        edited: the text changed by a person, not by ``show_text``.
        entered: it got the keyboard.
    """

    edited = pyqtSignal(str)
    entered = pyqtSignal()

    def __init__(self, parent: QWidget | None = None, *, one_line: bool = False) -> None:
        super().__init__(parent)
        self._one_line = one_line
        self._marks: tuple[Mark, ...] = ()
        self._showing = False
        self.setTabChangesFocus(True)
        self.setViewportMargins(*(u(_INSIDE),) * 4)
        if one_line:
            self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self._keep_one_line_high()
        self.textChanged.connect(self._tell)

    @property
    def text(self) -> str:
        """Returns the text as it was written, hard blanks included."""
        # toPlainText() would turn hard blanks into ordinary ones
        document = self.document()
        return "" if document is None else document.toRawText().replace(_PARAGRAPH, "\n").replace(_LINE, "\n")

    def show_text(self, text: str) -> None:
        """Shows another text; nobody is told that it was edited."""
        self._showing = True
        self.setPlainText(text)
        self._showing = False

    def replace_text(self, text: str) -> None:
        """Replaces the whole text as a person would: it can be undone."""
        cursor = self.textCursor()
        place = cursor.position()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        cursor.setPosition(min(place, utf16_length(text)))
        self.setTextCursor(cursor)

    def show_marks(self, marks: Sequence[Mark]) -> None:
        """Marks places: right placeholders in the colour of links, findings with a wavy line."""
        self._marks = tuple(marks)
        self.setExtraSelections([self._selection(mark) for mark in marks])

    def go_to(self, start: int, length: int) -> None:
        """Selects a place (UTF-16 units) and gives the editor the keyboard."""
        cursor = self.textCursor()
        cursor.setPosition(start)
        cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)
        self.setFocus()

    def sentence_at(self, position: int) -> str:
        """Returns what is told of a place (UTF-16 units), findings before explanations; "" where there is nothing."""
        here = [mark for mark in self._marks if mark.start <= position < mark.start + mark.length]
        return next((mark.sentence for mark in sorted(here, key=lambda one: one.severity is None)), "")

    def _tell(self) -> None:
        if not self._showing:
            self.edited.emit(self.text)

    def _selection(self, mark: Mark) -> QTextEdit.ExtraSelection:
        selection = QTextEdit.ExtraSelection()
        form = QTextCharFormat()
        if mark.severity is None:
            form.setForeground(self.palette().link())
        else:
            state = _STATES[mark.severity]
            form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            form.setUnderlineColor(tokens().of(STATUS_COLOURS[state]))
            form.setBackground(tokens().of(STATUS_GROUNDS[state]))
        cursor = self.textCursor()
        cursor.setPosition(mark.start)
        cursor.setPosition(mark.start + mark.length, QTextCursor.MoveMode.KeepAnchor)
        selection.cursor = cursor
        selection.format = form
        return selection

    def _keep_one_line_high(self) -> None:
        document = self.document()
        margin = document.documentMargin() if document else 4.0
        needed = self.fontMetrics().lineSpacing() + 2 * (margin + self.frameWidth() + u(_INSIDE))
        self.setFixedHeight(max(u(_FIELD), round(needed)))

    def changeEvent(self, event: QEvent | None) -> None:
        """Marks anew in the colours of another scheme."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and self._marks:
            self.show_marks(self._marks)

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Tells that the keyboard is here."""
        super().focusInEvent(event)
        self.update()  # the frame, too
        self.entered.emit()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Takes the frame of the keyboard away."""
        super().focusOutEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Leaves Enter in a single line to the window."""
        if self._one_line and event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.ignore()
            return
        super().keyPressEvent(event)

    def insertFromMimeData(self, source: QMimeData | None) -> None:
        """Pastes text as it will be kept: composed letters, nothing that can't be seen; into a single line without its line ends."""
        if source is not None and source.hasText():
            text = without_unseen(source.text())
            self.insertPlainText(" ".join(text.split()) if self._one_line else text)
            self.ensureCursorVisible()

    def event(self, event: QEvent | None) -> bool:
        """Shows the sentence of the place under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self.cursorForPosition(event.pos()).position()
            sentence = self.sentence_at(place) or self.sentence_at(place - 1)
            QToolTip.showText(event.globalPos(), sentence, self)
            return True
        return super().event(event)
