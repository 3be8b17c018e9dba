"""Keys as a person presses them, what opens by them, and the wheel of the mouse."""

from __future__ import annotations

from datetime import date

from PyQt6.QtCore import QDate, QModelIndex, QPoint, QPointF, Qt
from PyQt6.QtGui import QContextMenuEvent, QWheelEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QAbstractItemView, QAbstractSpinBox, QApplication, QWidget

from ui.models.period import Preset
from ui.widgets.period_fields import PeriodFields


def press(widget: QWidget, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Presses and releases a key in a widget."""
    QTest.keyClick(widget, key, modifier)  # type: ignore[call-overload]  # the stub takes the static method for one of an object


def type_text(widget: QWidget, text: str) -> None:
    """Types a text into a widget."""
    QTest.keyClicks(widget, text)  # type: ignore[call-arg, arg-type]  # the stub takes the static method for one of an object


def ask_for_menu(view: QAbstractItemView, index: QModelIndex | None = None) -> None:
    """Asks for a context menu: by a right click on a cell, or, without one, by the menu key."""
    viewport = view.viewport()
    assert viewport is not None
    if index is not None:
        reason, place = QContextMenuEvent.Reason.Mouse, view.visualRect(index).center()
    else:
        reason, place = QContextMenuEvent.Reason.Keyboard, viewport.rect().bottomRight()  # anywhere: a key has no place
    QApplication.sendEvent(viewport, QContextMenuEvent(reason, place, viewport.mapToGlobal(place)))


def turn_wheel(widget: QWidget) -> None:
    """Turns the wheel of the mouse towards oneself over a widget, by one notch, as the system tells it: to the window."""
    window = widget.window()
    handle = window.windowHandle() if window is not None else None
    assert window is not None
    assert handle is not None, "not shown"
    QApplication.sendEvent(handle, _notch(QPointF(widget.mapTo(window, widget.rect().center())), window))
    if isinstance(widget, QAbstractSpinBox) and widget.hasFocus():
        # what comes from the system Qt hands on from the line to its spin box; what a program sends it does not
        QApplication.sendEvent(widget, _notch(QPointF(widget.rect().center()), widget))


def _notch(place: QPointF, widget: QWidget) -> QWheelEvent:
    notch, nothing = QPoint(0, -120), Qt.KeyboardModifier.NoModifier
    button, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    return QWheelEvent(place, widget.mapToGlobal(place), QPoint(), notch, button, nothing, phase, False)


def choose_days(period: PeriodFields, first: date, last: date) -> None:
    """Chooses days of one's own."""
    period.choose(Preset.OWN)
    period.first.setDate(QDate(first.year, first.month, first.day))
    period.last.setDate(QDate(last.year, last.month, last.day))
