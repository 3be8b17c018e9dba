"""What the walks through all windows look for: text that does not fit, windows that do not fit a small screen."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PyQt6.QtCore import QPoint, QRect, Qt
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QGroupBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QScrollBar,
    QTabBar,
    QTabWidget,
    QTextEdit,
    QWidget,
)

from tests.ui.keyboard import press
from tray_agent import i18n
from ui.look.contrast import AA_TEXT, contrast, shown

GROWTH = 0.4
"""How much longer other languages may be than German."""


class LongerWords(gettext.NullTranslations):
    """A language that says everything with 40 % more letters; places for values and mnemonics stay."""

    def gettext(self, message: str) -> str:
        return longer(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return longer(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return longer(message)


def longer(text: str) -> str:
    """Returns a text with 40 % more letters, in words as long as German ones."""
    letters = len(re.sub(r"\{[^}]*\}|&", "", text))
    more = max(1, round(letters * GROWTH))
    words = "äöüäöüä öüäöüäöüä " * (more // 18 + 1)
    return text + words[:more].rstrip() if more < 4 else f"{text} {words[: more - 1].strip()}"


@contextmanager
def longer_language(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lets all texts grow within the block."""
    with monkeypatch.context() as patch:
        patch.setattr(i18n._Current, "translations", LongerWords())
        yield


INPUTS = (QAbstractButton, QAbstractItemView, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit)
"""What a person works with: each must be reached by keys."""


def reached_by_tab(window: QWidget) -> list[QWidget]:
    """Returns what has the keyboard one after the other, when somebody presses Tab until he is back."""
    reached: list[QWidget] = []
    for _number in range(200):
        focused = window.focusWidget()
        if focused is None or focused in reached[:-1]:
            break
        if focused not in reached:  # a field of date or time goes from part to part first
            reached.append(focused)
        press(focused, Qt.Key.Key_Tab)
        QApplication.processEvents()
    return reached


def backward_steps(window: QWidget) -> list[str]:
    """Returns the steps of Tab that lead backwards in a window, against the way one reads; the one back to the start is none."""
    reached = [widget for widget in reached_by_tab(window) if widget.isVisible()]
    areas = [QRect(widget.mapTo(window, QPoint()), widget.size()) for widget in reached]
    steps = [
        (reached[place], reached[(place + 1) % len(reached)])
        for place, area in enumerate(areas)
        if _is_before(areas[(place + 1) % len(areas)], area)
    ]
    return [f"{before.accessibleName() or _text(before)} > {after.accessibleName() or _text(after)}" for before, after in steps]


def _is_before(other: QRect, area: QRect) -> bool:
    """Returns whether one reads ``other`` before ``area``: it stands above it, or in the same line to the left."""
    if other.bottom() < area.top():
        return other.left() <= area.right() and other.right() >= area.left()
    return other.top() <= area.bottom() and other.right() < area.left()


def out_of_reach(window: QWidget) -> list[str]:
    """Returns what a person works with in a window and can't reach by Tab; of radio buttons that belong together one is enough."""
    reached = reached_by_tab(window)
    groups = {button.group() for button in reached if isinstance(button, QAbstractButton) and button.group() is not None}
    return [
        f"{type(widget).__name__} {widget.accessibleName() or _text(widget)!r}"
        for widget in window.findChildren(QWidget)
        if isinstance(widget, INPUTS)
        and widget.isVisible()
        and widget.isEnabled()
        and widget not in reached
        and not _is_inside(widget)
        and not (isinstance(widget, QRadioButton) and widget.group() in groups)
    ]


def _is_inside(widget: QWidget) -> bool:
    """Returns whether a widget is a part of another that has the keyboard for it: the line of a spin box, the arrow of a tab bar."""
    parents = (QComboBox, QAbstractSpinBox, QAbstractItemView, QLineEdit, QTabBar, QTabWidget, QScrollBar)
    return widget.objectName().startswith("qt_") or isinstance(widget.parentWidget(), parents)


def unreadable_texts(window: QWidget) -> list[str]:
    """Returns the visible texts of a window that stand on their ground with less contrast than level AA asks for."""
    return [
        f"{type(widget).__name__} {_text(widget)!r}: {text.name()} on {ground.name()}"
        for widget in window.findChildren(QWidget)
        if widget.isVisible() and widget.isEnabled() and _text(widget)
        for text, ground in [_colours(widget)]
        if contrast(shown(text, ground), ground) < AA_TEXT
    ]


def _colours(widget: QWidget) -> tuple[QColor, QColor]:
    palette = widget.palette()
    return palette.color(widget.foregroundRole()), palette.color(widget.backgroundRole())


def clipped_texts(window: QWidget) -> list[str]:
    """Returns the visible texts of labels, buttons and group titles that have less room than they need."""
    return [
        f"{type(widget).__name__} {_text(widget)!r}: {widget.width()}x{widget.height()}"
        for widget in window.findChildren(QWidget)
        if widget.isVisible() and _text(widget) and _is_clipped(widget)
    ]


def _text(widget: QWidget) -> str:
    if isinstance(widget, QGroupBox):
        return widget.title()
    return widget.text() if isinstance(widget, QLabel | QAbstractButton) else ""


def _is_clipped(widget: QWidget) -> bool:
    if isinstance(widget, QLabel) and widget.wordWrap():
        return widget.heightForWidth(widget.width()) > widget.height() + 1
    if isinstance(widget, QGroupBox):
        return widget.fontMetrics().horizontalAdvance(widget.title()) > widget.width()
    hint = widget.sizeHint()
    return hint.width() > widget.width() + 1 or hint.height() > widget.height() + 1
