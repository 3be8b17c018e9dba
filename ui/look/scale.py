"""Sizes: the unit that grows with the system's text, and the few sizes of type."""

from __future__ import annotations

from enum import Enum

from PyQt6.QtGui import QFont, QFontMetrics
from PyQt6.QtWidgets import QApplication

_LINE = 18
"""The height of a line of text, in pixels, for which all sizes are written down."""

_BODY = 10 / 9
"""Our text against the system's: Segoe UI 9 becomes 10 points."""


class Type(Enum):
    """The sizes of type, each as a factor of the text's."""

    DIAL = 2.6
    """A number to dial."""

    BIG = 2.1
    """A number of the start page."""

    QUESTION = 1.7
    """The one question of an assistant's page."""

    TITLE = 1.55
    """A window's title."""

    NUMBER = 1.3
    """A telephone number in a list."""

    CARD = 1.12
    """A card's title."""

    TEXT = 1.0
    HINT = 0.95
    """Titles of columns, hints."""

    SECOND = 0.92
    """The second line of a row."""

    SMALL = 0.9
    """Pills and charts; nothing is smaller."""


def u(pixels: float) -> int:
    """Returns a size that is written down for a line of 18 pixels, in pixels of the text that is in force."""
    return round(pixels * QFontMetrics(QApplication.font()).height() / _LINE)


def font(size: Type = Type.TEXT, *, strong: bool = False) -> QFont:
    """Returns the program's font in a size; ``strong`` is *DemiBold*, and there is no third weight."""
    made = QApplication.font()
    made.setPointSizeF(made.pointSizeF() * size.value)
    made.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
    return made


def body_font(system: QFont) -> QFont:
    """Returns the program's font for the system's."""
    made = QFont(system)
    made.setPointSizeF(system.pointSizeF() * _BODY)
    return made
