"""Keys as a person presses them."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QWidget


def press(widget: QWidget, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Presses and releases a key in a widget."""
    QTest.keyClick(widget, key, modifier)  # type: ignore[call-overload]  # the stub takes the static method for one of an object


def type_text(widget: QWidget, text: str) -> None:
    """Types a text into a widget."""
    QTest.keyClicks(widget, text)  # type: ignore[call-arg, arg-type]  # the stub takes the static method for one of an object
