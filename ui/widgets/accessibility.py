"""What a screen reader needs of a window: a name for everything that takes the keyboard, mnemonics that do not clash."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

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


def mnemonic_of(text: str) -> list[str]:
    """Returns the mnemonic of a text as a list of one small letter, or none."""
    found = re.search(r"&(\w)", text.replace("&&", ""))
    return [found.group(1).lower()] if found else []


def with_mnemonics(labels: Sequence[str], taken: str = "") -> tuple[str, ...]:
    """Returns labels with a mnemonic each, as far as there are letters: the first letter of a word where it is free, else any.

    Args:
        labels: without mnemonics.
        taken: letters that others of the window use.
    """
    used, marked = set(taken.lower()), dict[str, str]()
    for label in sorted(labels, key=lambda label: len(set(label.lower()))):  # those with little to choose from first
        starts = [place for place, letter in enumerate(label) if letter.isalpha() and not label[max(0, place - 1) : place].isalpha()]
        others = [place for place, letter in enumerate(label) if letter.isalpha()]
        place = next((place for place in (*starts, *others) if label[place].lower() not in used), None)
        if place is not None:
            used.add(label[place].lower())
        marked[label] = label if place is None else f"{label[:place]}&{label[place:]}"
    return tuple(marked[label] for label in labels)


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
