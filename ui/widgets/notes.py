"""Sentences within a window: a banner across its top, a note beside a field, a pane about a chosen row; never colour alone."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFrame, QLabel, QPlainTextEdit, QPushButton, QSizePolicy, QTextBrowser, QWidget

from tray_agent.errors import KnownError
from tray_agent.i18n import _
from tray_agent.logs import report
from tray_agent.tray.in_windows import in_windows
from ui.look.icons import Status, status_icon
from ui.widgets.layout import column, row


def plain_label(text: str = "", parent: QWidget | None = None, *, bold: bool = False) -> QLabel:
    """Returns a label for words from wherever they come: wrapped, to be copied by the mouse, never taken for mark-up."""
    label = QLabel(text, parent)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    font = label.font()
    font.setBold(bold)
    label.setFont(font)
    return label


class Note(QWidget):
    """A sentence with its icon; takes no room while it has nothing to say.

    Args:
        parent: the widget it stands in.
        status: which icon.
    """

    def __init__(self, parent: QWidget | None = None, status: Status = Status.ERROR) -> None:
        super().__init__(parent)
        self._icon = QLabel(self)
        self._text = plain_label(parent=self)
        self.setLayout(row((self._icon, Qt.AlignmentFlag.AlignTop), (self._text, 1), margins=(0, 0, 0, 0)))
        self.say("", status)

    def say(self, text: str, status: Status | None = None) -> None:
        """Shows a sentence, or nothing for ""; with another icon where one is given."""
        if status is not None:
            size = self._text.fontMetrics().height()
            self._icon.setPixmap(status_icon(status).pixmap(size, size))
        shown = in_windows(text)
        self._text.setText(shown)
        self.setAccessibleName(shown)
        self.setVisible(bool(shown))

    @property
    def text(self) -> str:
        """Returns the sentence shown, or ""."""
        return self._text.text()


_LINES = 8
"""So many lines of an error's details are seen at once."""


class Banner(QFrame):
    """A message across the top of a window: what happened, what it means, what to do now.

    Attributes:
        more: shows what lies behind an error, for the support; only where something does.
        details: that, redacted.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._icon = QLabel(self)
        # made before the button: a dialog in which a button takes the keyboard first begins at its main action
        self._title, self._text = plain_label(parent=self, bold=True), plain_label(parent=self)
        self._error: KnownError | None = None
        self.more = QPushButton(_("Einzelheiten"), self)
        self.more.setCheckable(True)
        self.more.setAutoDefault(False)
        self.more.toggled.connect(self._show_details)
        self.details = QPlainTextEdit(self)
        self.details.setReadOnly(True)
        self.details.setTabChangesFocus(True)
        self.details.setAccessibleName(_("Einzelheiten zum Fehler, für den Support"))
        self.details.setFixedHeight(_LINES * self.fontMetrics().lineSpacing())
        words = column(self._title, self._text, self.details, spacing=2)
        top = Qt.AlignmentFlag.AlignTop
        self.setLayout(row((self._icon, top), (words, 1), (self.more, top), spacing=12, margins=(12, 8, 12, 8)))
        self.hide()

    def show_error(self, error: KnownError) -> None:
        """Shows an error of the engine in its own words, and on demand what lies behind it."""
        self.say(error.title, " ".join(part for part in (error.message, error.advice) if part), Status.ERROR)
        self._error = error
        self.more.setVisible(error.__cause__ is not None)

    def _show_details(self, shown: bool) -> None:
        self.details.setPlainText(report(self._error) if shown else "")
        self.details.setVisible(shown)

    def say(self, title: str, text: str, status: Status = Status.INFO) -> None:
        """Shows a title and sentences with an icon."""
        self._error = None
        self.more.setChecked(False)
        self.more.hide()
        self.details.hide()
        self._icon.setPixmap(status_icon(status).pixmap(24, 24))
        self._title.setText(title)
        self._title.setVisible(bool(title))
        shown = in_windows(text)
        self._text.setText(shown)
        self._text.setVisible(bool(shown))
        self.setAccessibleName(_("Meldung: {title}").format(title=title or shown))
        self.setAccessibleDescription(shown)
        self.show()

    @property
    def text(self) -> str:
        """Returns what is shown, title and sentences, or "" while nothing is shown."""
        return "" if self.isHidden() else f"{self._title.text()} {self._text.text()}".strip()


class Details(QTextBrowser):
    """The pane below a table.

    Args:
        name: the accessible name.
        parent: the widget it stands in.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)

    def tell(self, title: str = "", paragraphs: Iterable[str] = ()) -> None:
        """Shows a title and paragraphs, or nothing; line breaks stay, nothing is taken for mark-up."""
        body = "".join(f"<p>{escape(in_windows(part)).replace(chr(10), '<br>')}</p>" for part in paragraphs)
        self.setHtml(f"<p><b>{escape(title)}</b></p>{body}" if title else "")
