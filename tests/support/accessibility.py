"""Looks for what a window lacks for screen readers and keyboards: names, and mnemonics that do not clash."""

from __future__ import annotations

from collections import Counter

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QComboBox,
    QDialogButtonBox,
    QGroupBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenuBar,
    QScrollBar,
    QTabBar,
    QWidget,
)

from ui.widgets.mnemonics import mnemonic_of


def unnamed_widgets(window: QWidget) -> list[str]:
    """Returns the widgets of a window that take the keyboard and have no name for a screen reader."""
    buddies = {label.buddy() for label in window.findChildren(QLabel) if label.buddy() is not None}
    return [
        f"{type(widget).__name__} {widget.objectName()!r} in {_place(widget)}"
        for widget in window.findChildren(QWidget)
        if _needs_name(widget) and widget not in buddies and not _name_of(widget)
    ]


def clashing_mnemonics(window: QWidget) -> list[str]:
    """Returns the letters that two widgets of a window, outside tabs, or its menus use as their mnemonic."""
    letters: Counter[str] = Counter()
    for widget in window.findChildren(QWidget):
        if widget.isVisibleTo(window) and isinstance(widget, QAbstractButton | QLabel | QGroupBox):
            text = widget.title() if isinstance(widget, QGroupBox) else widget.text()
            if isinstance(widget, QLabel) and widget.buddy() is None:
                continue
            letters.update(mnemonic_of(text))
    for bar in window.findChildren(QMenuBar):
        for action in bar.actions():
            letters.update(mnemonic_of(action.text()))
    return [f"{letter}: {count} widgets" for letter, count in letters.items() if count > 1]


def _needs_name(widget: QWidget) -> bool:
    if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or widget.isWindow():
        return False
    if isinstance(widget, QScrollBar | QHeaderView | QTabBar | QDialogButtonBox | QLabel):
        return False
    return not (widget.objectName().startswith("qt_") or _is_part(widget))


def _is_part(widget: QWidget) -> bool:
    """Returns whether a widget is the inside of another one that has the name (the line of a combo box, a viewport)."""
    parent = widget.parentWidget()
    if isinstance(parent, QComboBox) or (parent is not None and parent.inherits("QComboBoxPrivateContainer")):
        return True
    if isinstance(parent, QAbstractScrollArea) and parent.viewport() is widget:
        return True
    if isinstance(widget, QLineEdit) and parent is not None and parent.inherits("QAbstractSpinBox"):
        return True
    return isinstance(widget, QAbstractButton) and isinstance(parent, QAbstractItemView | QLineEdit | QTabBar)


def _name_of(widget: QWidget) -> str:
    if widget.accessibleName():
        return widget.accessibleName()
    if isinstance(widget, QAbstractButton):
        return widget.text()
    return widget.title() if isinstance(widget, QGroupBox) else ""


def _place(widget: QWidget) -> str:
    parent = widget.parentWidget()
    return type(parent).__name__ if parent is not None else "nothing"
