"""Puts the look in force: font, style and colours; light, dark or as the system has it, at run time; in high contrast the system's own."""

from __future__ import annotations

from enum import StrEnum

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtGui import QGuiApplication, QPalette
from PyQt6.QtWidgets import QApplication, QStyleFactory, QToolTip

from ui.look.contrast import is_dark
from ui.look.scale import body_font
from ui.look.style import CalmStyle
from ui.look.tokens import DARK, LIGHT, Tokens, of_system, palette_of, use


class Theme(StrEnum):
    """What a person chose."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Look(QObject):
    """Keeps the look of an application as it was chosen, and follows the system.

    Args:
        application: whose.
        theme: what a person chose.
    """

    def __init__(self, application: QApplication, theme: Theme = Theme.SYSTEM) -> None:
        super().__init__(application)
        self._application = application
        self._theme = theme
        self._high_contrast: bool | None = None
        application.setFont(body_font(application.font()))
        hints = QGuiApplication.styleHints()
        if hints is not None:
            hints.colorSchemeChanged.connect(lambda _scheme: self.put_in_force())
        self.choose(theme)

    def choose(self, theme: Theme) -> None:
        """Puts another choice in force, in all windows that are open, too; the title bars follow where the system allows it."""
        self._theme = theme
        hints = QGuiApplication.styleHints()
        if hints is not None:
            schemes = {Theme.LIGHT: Qt.ColorScheme.Light, Theme.DARK: Qt.ColorScheme.Dark, Theme.SYSTEM: Qt.ColorScheme.Unknown}
            hints.setColorScheme(schemes[theme])
        self.put_in_force()

    def put_in_force(self) -> None:
        """Sets style and colours by what holds now."""
        system = is_high_contrast()
        if system != self._high_contrast:
            self._high_contrast = system
            self._application.setStyle(_system_style() if system else CalmStyle())
        if system:
            self._application.setPalette(QPalette())  # the system's own, never ours
            use(of_system(self._application.palette()))
            return
        show(self._application, DARK if self._is_dark() else LIGHT)

    def _is_dark(self) -> bool:
        if self._theme is not Theme.SYSTEM:
            return self._theme is Theme.DARK
        hints = QGuiApplication.styleHints()
        if hints is not None and hints.colorScheme() is not Qt.ColorScheme.Unknown:
            return hints.colorScheme() is Qt.ColorScheme.Dark
        return is_dark(self._application.palette())


def current_look() -> Look | None:
    """Returns the look of the running application; None where it has none, as before its start."""
    application = QApplication.instance()
    return application.findChild(Look) if application is not None else None


def show(application: QApplication, colours: Tokens) -> None:
    """Shows a set of colours in all windows."""
    use(colours)
    palette = palette_of(colours)
    application.setPalette(palette)
    QToolTip.setPalette(palette)
    for window in application.topLevelWidgets():
        window.update()


def is_high_contrast() -> bool:
    """Returns whether the system is in high contrast."""
    hints = QGuiApplication.styleHints()
    asked = hints.accessibility() if hints is not None else None
    return asked is not None and asked.contrastPreference() is Qt.ContrastPreference.HighContrast


def _system_style() -> str:
    names = {name.lower() for name in QStyleFactory.keys()}  # noqa: SIM118 - no dictionary
    return "windowsvista" if "windowsvista" in names else "Fusion"
