"""Banners: what is wrong or new, why, what happens by itself, and one button that cures; never a code, never colour alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QPainter, QPainterPath, QPaintEvent
from PyQt6.QtWidgets import QPlainTextEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from tray_agent.errors import KnownError
from tray_agent.i18n import _
from tray_agent.logs import report
from tray_agent.tray.in_windows import in_windows
from ui.look.drawing import CARD_RADIUS, horizontal_line, kept, rounded
from ui.look.icons import STATUS_COLOURS, STATUS_GROUNDS, Status
from ui.look.scale import u
from ui.look.tokens import tokens
from ui.widgets.layout import button, clear, column, row
from ui.widgets.notes import plain_label, soft_label
from ui.widgets.picture import Picture

BAR, PICTURE = 4, 20
"""The bar in a state's colour at the left of its row, and the picture."""

_LINES = 8
"""So many lines of an error's details are seen at once."""


class BannerRow(QWidget):
    """One message: picture, what, why, and at the right the button that cures.

    Args:
        status: its state.
        title: what, or "".
        text: why, and what happens by itself.
        remedy: the button, or None.
    """

    def __init__(self, status: Status = Status.INFO, title: str = "", text: str = "", remedy: QPushButton | None = None) -> None:
        super().__init__()
        self.status = status
        self._picture = Picture(Status.INFO, PICTURE)
        # made before the button: a dialog in which a button takes the keyboard first begins at its main action
        self._title, self._text = plain_label(bold=True), soft_label(wrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words: QVBoxLayout = column(self._title, self._text, spacing=2)
        self.tools = row(*((remedy,) if remedy else ()))
        top = Qt.AlignmentFlag.AlignTop
        self.setLayout(row((self._picture, top), (self.words, 1), self.tools, spacing=12, margins=(16, 8, 12, 8)))
        self.say(status, title, text)

    def say(self, status: Status, title: str, text: str) -> None:
        """Shows another state, title and text."""
        self.status = status
        self._picture.show_picture(status)
        shown = in_windows(text)
        self._title.setText(title)
        self._title.setVisible(bool(title))
        self._text.setText(shown)
        self._text.setVisible(bool(shown))
        self.setAccessibleName(_("Meldung: {title}").format(title=title or shown))
        self.setAccessibleDescription(shown)

    @property
    def message(self) -> str:
        """Returns what is shown."""
        return f"{self._title.text()} {self._text.text()}".strip()


class Banners(QWidget):
    """Messages below each other in one frame."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._rows = column(spacing=0, margins=(0, 0, 0, 0))
        self.setLayout(self._rows)
        self.hide()

    @property
    def rows(self) -> list[BannerRow]:
        """Returns the messages that are shown, the first on top."""
        found = (self._rows.itemAt(place) for place in range(self._rows.count()))
        widgets = (item.widget() for item in found if item is not None)
        return [widget for widget in widgets if isinstance(widget, BannerRow)]

    def show_rows(self, rows: Sequence[BannerRow]) -> None:
        """Shows other messages; none: takes no room."""
        clear(self._rows)
        for one in rows:
            self._rows.addWidget(one)
        self.setVisible(bool(rows))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints each message's ground and bar, within one round frame."""
        super().paintEvent(event)
        now, radius = tokens(), u(CARD_RADIUS)
        painter = QPainter(self)
        with kept(painter):
            within = QPainterPath()
            within.addRoundedRect(QRectF(self.rect()), radius, radius)
            painter.setClipPath(within)
            for place, one in enumerate(self.rows):
                area = one.geometry()
                painter.fillRect(area, now.of(STATUS_GROUNDS.get(one.status, "quiet_ground")))
                if place:
                    horizontal_line(painter, area.left(), area.top(), area.width(), now.line)
                painter.fillRect(area.left(), area.top(), u(BAR), area.height(), now.of(STATUS_COLOURS[one.status]))
        rounded(painter, self.rect(), radius, frame=now.line)
        painter.end()


class Banner(Banners):
    """The message across the top of a window: what happened, what it means, what to do now.

    Attributes:
        more: shows what lies behind an error, for the support; only where something does.
        details: that, redacted.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._error: KnownError | None = None
        self._row = BannerRow()
        self._remedy: QPushButton | None = None
        self.more = QPushButton(_("Einzelheiten"), self)
        self.more.setCheckable(True)
        self.more.setAutoDefault(False)
        self.more.toggled.connect(self._show_details)
        self.details = QPlainTextEdit(self)
        self.details.setReadOnly(True)
        self.details.setTabChangesFocus(True)
        self.details.setAccessibleName(_("Einzelheiten zum Fehler, für den Support"))
        self.details.setFixedHeight(_LINES * self.fontMetrics().lineSpacing())
        self._row.words.addWidget(self.details)
        self._row.tools.addWidget(self.more, 0, Qt.AlignmentFlag.AlignTop)
        self.show_rows([self._row])
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
        """Shows a title and sentences with a picture."""
        self._error = None
        self.more.setChecked(False)
        self.more.hide()
        self.details.hide()
        self.offer("", lambda: None)
        self._row.say(status, title, text)
        self.setAccessibleName(self._row.accessibleName())
        self.setAccessibleDescription(self._row.accessibleDescription())
        self.show()

    def offer(self, words: str, action: Callable[[], object]) -> None:
        """Puts the one button that cures beside what was said last; "": none."""
        if self._remedy is not None:
            self._remedy.hide()
            self._remedy.deleteLater()
            self._remedy = None
        if words:
            self._remedy = button(words, action)
            self._remedy.setAutoDefault(False)
            self._row.tools.insertWidget(0, self._remedy, 0, Qt.AlignmentFlag.AlignVCenter)

    @property
    def text(self) -> str:
        """Returns what is shown, title and sentences, or "" while nothing is shown."""
        return "" if self.isHidden() else self._row.message
