"""What the windows remember of themselves: size, place, column widths; in a file of the user's own."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QByteArray, QSettings
from PyQt6.QtWidgets import QHeaderView, QWidget


class Remembered:
    """Keeps and restores window geometries and column widths.

    Args:
        file: an INI file; it need not exist.
    """

    def __init__(self, file: Path) -> None:
        self._settings = QSettings(str(file), QSettings.Format.IniFormat)

    def keep_window(self, name: str, window: QWidget) -> None:
        """Keeps a window's size and place under a stable name."""
        self._settings.setValue(f"{name}/geometry", window.saveGeometry())

    def restore_window(self, name: str, window: QWidget) -> bool:
        """Restores a window's size and place, on a screen that is there; returns whether anything was remembered."""
        state = self._settings.value(f"{name}/geometry")
        return isinstance(state, QByteArray) and window.restoreGeometry(state)

    def keep_columns(self, name: str, header: QHeaderView) -> None:
        """Keeps the widths of columns; the order of sorting is not kept."""
        self._settings.setValue(f"{name}/columns", [header.sectionSize(index) for index in range(header.count())])

    def restore_columns(self, name: str, header: QHeaderView) -> bool:
        """Restores the widths of columns; nothing where the number of columns is another now."""
        widths = self._settings.value(f"{name}/columns")
        if not isinstance(widths, list) or len(widths) != header.count():
            return False
        for index, width in enumerate(widths):
            header.resizeSection(index, max(24, int(width)))
        return True
