"""The bar that says what was just done and takes it back: until the next act, not for a time that somebody has to be quick in."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QRect, QSize
from PyQt6.QtGui import QKeySequence, QPainter, QPaintEvent, QPalette
from PyQt6.QtWidgets import QSizePolicy, QWidget

from tray_agent.i18n import _
from ui.look.drawing import CARD_RADIUS, rounded
from ui.look.icons import Status, paint_status
from ui.look.scale import Type, u
from ui.look.style import QUIET
from ui.look.tokens import tokens
from ui.widgets.controls import by_key
from ui.widgets.layout import button, row
from ui.widgets.notes import soft_label

_Role = QPalette.ColorRole
_HEIGHT, _PICTURE = 40, 18


class UndoBar(QWidget):
    """Says what was done, with a button (Ctrl+Z) that takes it back. While there is nothing to take back it keeps its room: nothing moves.

    Args:
        hint: what stands there meanwhile, quietly.
        parent: the widget it stands in.

    Attributes:
        button: takes the act back.
    """

    def __init__(self, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._undo: Callable[[], object] | None = None
        self._hint = hint
        self.words = soft_label(hint, size=Type.TEXT, wrap=True)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.button = button(_("&Rückgängig"), self.undo, picture="arrow-back-up")
        self.button.setProperty(QUIET, True)
        self.button.setAutoDefault(False)
        key = by_key(self.button, QKeySequence.StandardKey.Undo, self.undo)
        self.button.setToolTip(key)
        self.setLayout(row((self.words, 1), self.button, margins=(12, 0, 4, 0)))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.clear()

    def offer(self, said: str, undo: Callable[[], object]) -> None:
        """Says that something was done, and offers to take it back; what was offered before is over."""
        self._undo = undo
        self._show(said)
        self.setAccessibleName(said)

    def clear(self) -> None:
        """Takes the offer away."""
        self._undo = None
        self._show(self._hint)
        self.setAccessibleName(self._hint)

    def undo(self) -> None:
        """Takes the act back, once."""
        undo, self._undo = self._undo, None
        if undo is not None:
            self.clear()
            undo()

    @property
    def text(self) -> str:
        """Returns what was done, or "" where nothing is offered."""
        return self.words.text() if self._undo is not None else ""

    def _show(self, words: str) -> None:
        offers = self._undo is not None
        self.words.setText(words)
        self.words.setToolTip(words)
        self.words.setForegroundRole(_Role.WindowText if offers else _Role.PlaceholderText)
        layout = self.layout()
        if layout is not None:
            layout.setContentsMargins(u(12 + _PICTURE + 8) if offers else u(4), 0, u(4), 0)
        self.button.setVisible(offers)
        self.update()

    def sizeHint(self) -> QSize:
        """Returns room for one line, for two where the letters are large; always the same, so that nothing moves."""
        return QSize(self.button.sizeHint().width() + u(240), max(u(_HEIGHT), 2 * self.words.fontMetrics().lineSpacing()))

    def hasHeightForWidth(self) -> bool:
        """Returns that its height is its own, however its words wrap."""
        return False

    def minimumSizeHint(self) -> QSize:
        """Returns the same height; words wrap rather than make the window wider."""
        return QSize(self.button.sizeHint().width() + u(120), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the ground and the picture, while there is something to take back."""
        super().paintEvent(event)
        if self._undo is None:
            return
        now, painter = tokens(), QPainter(self)
        rounded(painter, self.rect(), u(CARD_RADIUS), ground=now.ok_ground, frame=now.line)
        side = u(_PICTURE)
        paint_status(painter, QRect(u(12), (self.height() - side) // 2, side, side), Status.SUCCESS)
        painter.end()
