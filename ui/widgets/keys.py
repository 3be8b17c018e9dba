"""Keys that do something wherever the keyboard stands in a window, as long as what they belong to is seen."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QLineEdit, QWidget


def by_key(seen: QWidget, key: QKeySequence | QKeySequence.StandardKey, action: Callable[[], object], *, within: bool = False) -> str:
    """Lets a key do something in a window while the widget ``seen`` is visible and enabled; returns what the key is called here.

    Args:
        seen: a widget of the window, or the window.
        key: which.
        action: what it does.
        within: only while the keyboard is in ``seen``.
    """
    shortcut = QShortcut(QKeySequence(key), seen)
    if within:
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    shortcut.activated.connect(action)
    return shortcut.key().toString(QKeySequence.SequenceFormat.NativeText)


def search_by_key(field: QLineEdit) -> None:
    """Lets the key for searching (Ctrl+F) go to a field, its words chosen to be overwritten; the field's tooltip tells it."""

    def search() -> None:
        field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        field.selectAll()

    field.setToolTip(by_key(field, QKeySequence.StandardKey.Find, search))
