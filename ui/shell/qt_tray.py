"""Qt's own tray: works on every Linux desktop that has a tray host, one that comes later or restarts included."""

from __future__ import annotations

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QMenu, QSystemTrayIcon

from tray_agent.tray.contract import OnAction
from tray_agent.tray.model import TrayState
from ui.widgets.controls import fill_menu
from ui.widgets.icons import tray_icon


class QtTray(QObject):
    """A tray icon by Qt.

    Args:
        on_action: called on the GUI thread with what a person chose.
    """

    def __init__(self, on_action: OnAction) -> None:
        super().__init__()
        self._on_action = on_action
        self._icon = QSystemTrayIcon(self)
        self._menu = QMenu()
        self._state: TrayState | None = None
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._activated)

    def show(self, state: TrayState) -> None:
        """Shows a state; the first call makes the icon appear, now or when the desktop's tray is there."""
        before, self._state = self._state, state
        if before is None or (before.look, before.number) != (state.look, state.number):
            self._icon.setIcon(tray_icon(state.look, state.number))
        if before is None or before.tooltip != state.tooltip:
            self._icon.setToolTip(state.tooltip)
        if before is None or before.menu != state.menu:
            self._menu.clear()
            fill_menu(self._menu, state.menu, self._on_action)
        if before is None:
            self._icon.show()

    def stop(self) -> None:
        """Takes the icon away."""
        self._icon.hide()

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        """Does the default action on a click and on a double click: opening twice opens once."""
        clicks = (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick)
        if reason in clicks and self._state is not None:
            self._on_action(self._state.default_action)
