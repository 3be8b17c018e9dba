"""A card: what belongs together, on a ground of its own with a fine frame."""

from __future__ import annotations

from PyQt6.QtGui import QPainter, QPaintEvent, QPalette
from PyQt6.QtWidgets import QLayout, QVBoxLayout, QWidget

from ui.look.drawing import CARD_RADIUS, rounded
from ui.look.scale import Type, u
from ui.look.tokens import tokens
from ui.widgets.layout import column, row
from ui.widgets.notes import plain_label, soft_label

SIDE, TOP, GAP = 16, 12, 12
"""The room at a card's sides, at its top and bottom, and between its parts."""


class Card(QWidget):
    """A card with or without a title.

    Args:
        title: in words, or "".
        hint: a few quiet words beside the title.
        parent: the widget it stands in.

    Attributes:
        body: the layout for what stands in it.
        head: the row of the title, to whose right end tools may be added; None without a title.
    """

    def __init__(self, title: str = "", hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.body: QVBoxLayout = column(spacing=GAP, margins=(SIDE, TOP, SIDE, TOP))
        self.setLayout(self.body)
        self.title = plain_label(title, size=Type.CARD, bold=True)
        self.title.setWordWrap(False)
        self.hint = soft_label(hint)
        self.head = row(self.title, self.hint, None, spacing=10)
        self.title.setVisible(bool(title))
        self.hint.setVisible(bool(hint))
        if title:
            self.setAccessibleName(title)
            self.body.addLayout(self.head)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the ground and the frame."""
        super().paintEvent(event)
        now = tokens()
        painter = QPainter(self)
        rounded(painter, self.rect(), u(CARD_RADIUS), ground=now.base, frame=now.line)
        painter.end()


def card_around(*parts: QWidget | QLayout) -> Card:
    """Returns a card that holds lists and tables, whose square corners stay clear of its round ones."""
    card = Card()
    card.body.setContentsMargins(1, u(6), 1, u(6))
    card.body.setSpacing(0)
    for part in parts:
        if isinstance(part, QLayout):
            card.body.addLayout(part)
        else:
            card.body.addWidget(part, 1)
    return card


def line() -> QWidget:
    """Returns a fine line between parts of a card."""
    return _Line()


class _Line(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(1)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.fillRect(self.rect(), tokens().line)
        painter.end()
