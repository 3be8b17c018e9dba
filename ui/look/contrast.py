"""How well one colour stands out from another, by WCAG 2.1."""

from __future__ import annotations

from PyQt6.QtGui import QColor, QPalette

AA_TEXT = 4.5
"""The least contrast of text on its ground (WCAG 2.1, 1.4.3, level AA)."""

AA_SHAPE = 3.0
"""The least contrast of a shape that tells something (WCAG 2.1, 1.4.11)."""

_MIDDLE = 128


def contrast(one: QColor, other: QColor) -> float:
    """Returns the contrast of two opaque colours: 1 (none) to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def shown(colour: QColor, ground: QColor) -> QColor:
    """Returns how a colour looks on its ground: one that is half transparent lets it through."""
    share = colour.alphaF()
    parts = zip(colour.getRgb()[:3], ground.getRgb()[:3], strict=True)
    return QColor(*(round(above * share + below * (1 - share)) for above, below in parts))


def is_dark(palette: QPalette) -> bool:
    """Returns whether a palette is one of light words on dark grounds."""
    return palette.color(QPalette.ColorRole.Window).lightness() < _MIDDLE


def _luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
