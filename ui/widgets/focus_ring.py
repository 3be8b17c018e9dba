"""The ring of what has the keyboard: inside its frame, around the main button; only for who works by keyboard."""

from __future__ import annotations

from PyQt6 import sip
from PyQt6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QAbstractScrollArea, QApplication, QPushButton, QWidget

from ui.look.drawing import BUTTON_RADIUS, rounded
from ui.look.scale import u
from ui.look.tokens import tokens

WIDTH = 2
"""Pixels of the ring's line."""

_MOVES = frozenset({QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide})


class FocusRing(QWidget):
    """Lies over a window and follows the keyboard; the mouse goes through it.

    It appears when somebody moves by keys (Tab, a mnemonic) and stays until the window is left or the mouse is used instead.

    Args:
        window: the window it lies over.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._around: QWidget | None = None
        self._watched: list[QWidget] = []
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._changed)

    @property
    def around(self) -> QWidget | None:
        """Returns what the ring is drawn around, or None."""
        return self._around

    def _changed(self, _before: QWidget | None, now: QWidget | None) -> None:
        window = self.window()
        # Qt sets this on a window as long as keys move the keyboard's place, and takes it away with the mouse
        by_keys = window is not None and window.testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
        here = now is not None and now.window() is window and now is not window
        self._follow(now if by_keys and here else None)

    def _follow(self, widget: QWidget | None) -> None:
        for watched in self._watched:
            if not sip.isdeleted(watched):
                watched.removeEventFilter(self)
        self._around, self._watched = widget, []
        while widget is not None and widget is not self.window():
            widget.installEventFilter(self)
            self._watched.append(widget)
            widget = widget.parentWidget()
        self._place()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Keeps to what it is drawn around when that moves, or what holds it scrolls."""
        if event is not None and event.type() in _MOVES:
            self._place()
        return False

    def _place(self) -> None:
        around, window = self._around, self.window()
        if around is None or window is None or sip.isdeleted(around) or not around.isVisible():
            self.hide()
            return
        area = QRect(around.mapTo(window, QPoint()), around.size()).adjusted(-WIDTH, -WIDTH, WIDTH, WIDTH)
        self.setGeometry(area & _room(around, window))
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the ring."""
        now, area, around = tokens(), self.rect(), self._around
        painter = QPainter(self)
        if isinstance(around, QPushButton) and around.isDefault():
            rounded(painter, area, u(BUTTON_RADIUS) + WIDTH, frame=now.text, width=WIDTH)
            rounded(painter, area.adjusted(WIDTH, WIDTH, -WIDTH, -WIDTH), u(BUTTON_RADIUS), frame=now.base)
        else:
            rounded(painter, area.adjusted(WIDTH, WIDTH, -WIDTH, -WIDTH), u(BUTTON_RADIUS), frame=now.accent, width=WIDTH)
        painter.end()


def _room(widget: QWidget, window: QWidget) -> QRect:
    """Returns the part of a window in which a widget is seen: what scrolls is seen within its area only."""
    room = window.rect()
    parent = widget.parentWidget()
    while parent is not None and parent is not window:
        outer = parent.parentWidget()
        if isinstance(outer, QAbstractScrollArea) and outer.viewport() is parent:
            room &= QRect(parent.mapTo(window, QPoint()), parent.size())
        parent = outer
    return room
