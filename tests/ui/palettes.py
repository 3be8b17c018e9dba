"""The palettes that *Fusion* brings in light and in dark, as values: a test's screen may know only one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PyQt6.QtGui import QColor, QPalette

_ROLES = QPalette.ColorRole


def _palette(values: Mapping[QPalette.ColorRole, str]) -> QPalette:
    palette = QPalette()
    for role, colour in values.items():
        palette.setColor(role, QColor(colour))
    return palette


def light_palette() -> QPalette:
    """Returns the light palette."""
    return _palette({
        _ROLES.WindowText: "#000000", _ROLES.Window: "#efefef", _ROLES.Text: "#000000", _ROLES.Base: "#ffffff",
        _ROLES.AlternateBase: "#f7f7f7", _ROLES.ButtonText: "#000000", _ROLES.Button: "#efefef", _ROLES.HighlightedText: "#ffffff",
        _ROLES.Highlight: "#308cc6", _ROLES.Link: "#0000ff", _ROLES.LinkVisited: "#ff00ff", _ROLES.PlaceholderText: "#80000000",
        _ROLES.ToolTipText: "#000000", _ROLES.ToolTipBase: "#ffffdc",
    })  # fmt: skip


def dark_palette() -> QPalette:
    """Returns the dark palette."""
    return _palette({
        _ROLES.WindowText: "#f0f0f0", _ROLES.Window: "#323232", _ROLES.Text: "#f0f0f0", _ROLES.Base: "#242424",
        _ROLES.AlternateBase: "#2b2b2b", _ROLES.ButtonText: "#f0f0f0", _ROLES.Button: "#323232", _ROLES.HighlightedText: "#f0f0f0",
        _ROLES.Highlight: "#308cc6", _ROLES.Link: "#308cc6", _ROLES.LinkVisited: "#ff00ff", _ROLES.PlaceholderText: "#80f0f0f0",
        _ROLES.ToolTipText: "#000000", _ROLES.ToolTipBase: "#ffffdc",
    })  # fmt: skip


PALETTES: Mapping[str, Callable[[], QPalette]] = {"light": light_palette, "dark": dark_palette}
