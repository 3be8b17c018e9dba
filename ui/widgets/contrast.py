"""Colours that can be read: contrast by WCAG 2.1, and a palette whose pairs of text and ground all have enough of it."""

from __future__ import annotations

from PyQt6.QtGui import QColor, QPalette

AA_TEXT = 4.5
"""The least contrast of text on its ground (WCAG 2.1, 1.4.3, level AA)."""

LINK_ON_LIGHT = QColor("#0b57a4")
LINK_ON_DARK = QColor("#7ab8f5")
HIGHLIGHT = QColor("#2473b3")
"""The ground of a chosen row, on light and dark; the words on it are white."""

TEXT_PAIRS = (
    (QPalette.ColorRole.WindowText, QPalette.ColorRole.Window),
    (QPalette.ColorRole.Text, QPalette.ColorRole.Base),
    (QPalette.ColorRole.Text, QPalette.ColorRole.AlternateBase),
    (QPalette.ColorRole.ButtonText, QPalette.ColorRole.Button),
    (QPalette.ColorRole.HighlightedText, QPalette.ColorRole.Highlight),
    (QPalette.ColorRole.PlaceholderText, QPalette.ColorRole.Base),
    (QPalette.ColorRole.ToolTipText, QPalette.ColorRole.ToolTipBase),
    (QPalette.ColorRole.Link, QPalette.ColorRole.Window),
    (QPalette.ColorRole.Link, QPalette.ColorRole.Base),
    (QPalette.ColorRole.LinkVisited, QPalette.ColorRole.Window),
    (QPalette.ColorRole.LinkVisited, QPalette.ColorRole.Base),
)
"""Every pair of a text and the ground it stands on."""

_FAINT = 0.62
"""The share of the text's colour in what is written faintly."""

_MIDDLE = 128


def contrast(one: QColor, other: QColor) -> float:
    """Returns the contrast of two opaque colours: 1 (none) to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: QColor, ground: QColor, share: float) -> QColor:
    """Returns what ``share`` of a colour makes of a ground, as a half transparent layer would."""
    parts = zip(colour.getRgb()[:3], ground.getRgb()[:3], strict=True)
    return QColor(*(round(above * share + below * (1 - share)) for above, below in parts))


def shown(colour: QColor, ground: QColor) -> QColor:
    """Returns how a colour looks on its ground: one that is half transparent lets it through."""
    return mixed(colour, ground, colour.alphaF())


def is_dark(palette: QPalette) -> bool:
    """Returns whether a palette is one of light words on dark grounds."""
    return palette.color(QPalette.ColorRole.Window).lightness() < _MIDDLE


def focus_colour(palette: QPalette) -> QColor:
    """Returns the colour of the ring around what has the keyboard."""
    return LINK_ON_DARK if is_dark(palette) else LINK_ON_LIGHT


def make_readable(palette: QPalette) -> QPalette:
    """Returns a palette with what can't be read replaced; what can, a high-contrast theme above all, stays as it is."""
    better = QPalette(palette)
    link = LINK_ON_DARK if is_dark(palette) else LINK_ON_LIGHT
    for role in (QPalette.ColorRole.Link, QPalette.ColorRole.LinkVisited):
        if not _can_be_read(better, role):
            better.setColor(role, link)
    if not _can_be_read(better, QPalette.ColorRole.HighlightedText):
        better.setColor(QPalette.ColorRole.Highlight, HIGHLIGHT)
        better.setColor(QPalette.ColorRole.HighlightedText, QColor("white"))
    if not _can_be_read(better, QPalette.ColorRole.PlaceholderText):
        text, ground = better.color(QPalette.ColorRole.Text), better.color(QPalette.ColorRole.Base)
        better.setColor(QPalette.ColorRole.PlaceholderText, mixed(text, ground, _FAINT))
    return better


def _can_be_read(palette: QPalette, role: QPalette.ColorRole) -> bool:
    grounds = [palette.color(ground) for text, ground in TEXT_PAIRS if text is role]
    return all(contrast(shown(palette.color(role), ground), ground) >= AA_TEXT for ground in grounds)


def _luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
