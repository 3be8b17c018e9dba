"""How buttons, keys, the wheel and context menus behave alike in every window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PyQt6.QtCore import QEvent, QModelIndex, QObject, QPoint, QPointF, Qt, QTimer
from PyQt6.QtGui import QContextMenuEvent, QKeySequence, QShortcut, QWheelEvent
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QLineEdit,
    QMenu,
    QWidget,
)

from tray_agent.i18n import _
from tray_agent.tray.model import Action, MenuItem


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


def once_after(milliseconds: int, call: Callable[[], object], owner: QObject) -> QTimer:
    """Returns what calls ``call`` when so much time has gone by since it was started last."""
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(call)
    return timer


def yes_no_box(on: bool, changed: Callable[[bool], object]) -> QCheckBox:
    """Returns a checkbox as a field of a form; its word says how it stands: *Ja* or *Nein*."""
    box = QCheckBox(_("Nein"))
    widths = [box.sizeHint().width()]
    box.setText(_("Ja"))
    box.setFixedWidth(max(*widths, box.sizeHint().width()))  # so that boxes below each other stand at one line, and nothing moves
    box.setMinimumHeight(QLineEdit().sizeHint().height())  # so that its word stands on the line of its label

    def tell(checked: bool) -> None:
        box.setText(_("Ja") if checked else _("Nein"))

    box.toggled.connect(tell)
    box.setChecked(on)
    tell(on)
    box.toggled.connect(changed)
    return box


def file_to_write(parent: QWidget, title: str, suggested: str | Path, kinds: str) -> Path | None:
    """Asks for a file to write into; None: the person gave up."""
    name, _kind = QFileDialog.getSaveFileName(parent, title, str(suggested), kinds)
    return Path(name) if name else None


_OWN = "vitoclientToolTip"


def allow(button: QAbstractButton, *, possible: bool, reason: str) -> None:
    """Lets a button be pressed, or not.

    Args:
        button: which; its own tooltip comes back when it can be pressed again.
        possible: whether it can be pressed now.
        reason: a sentence that tells why not, and what to do.
    """
    if button.property(_OWN) is None:
        button.setProperty(_OWN, button.toolTip())
    button.setEnabled(possible)
    button.setToolTip(str(button.property(_OWN)) if possible else reason)
    button.setAccessibleDescription("" if possible else reason)


class FocusedWheel(QObject):
    """Keeps the wheel from fields without the keyboard: nobody shall change a value by scrolling past it. The page scrolls instead.

    It stands before the window, not before each field: so it holds for fields that come later, too.

    Args:
        window: the window whose fields are meant; keeps this object.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window

    def install(self) -> None:
        """Begins; to be called when the window is shown: Qt makes what it stands before no sooner, and anew when it likes."""
        handle = self._window.windowHandle()
        if handle is not None:
            handle.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Gives a turn of the wheel over a field without the keyboard to what the field stands in."""
        if not isinstance(event, QWheelEvent):
            return False
        field = self._field_at(event.position().toPoint())
        if field is None or field.hasFocus():
            return False
        holder, taken = field.parentWidget(), False
        while holder is not None and not taken:  # Qt hands on to parents only what comes from the system itself
            taken = self._turn(holder, event)
            holder = holder.parentWidget() if holder is not self._window else None
        event.setAccepted(taken)
        return True

    def _turn(self, widget: QWidget, event: QWheelEvent) -> bool:
        """Turns the wheel over a widget as it was turned over the window; returns whether the widget took it."""
        turned = QWheelEvent(
            QPointF(widget.mapFrom(self._window, event.position().toPoint())),
            event.globalPosition(),
            event.pixelDelta(),
            event.angleDelta(),
            event.buttons(),
            event.modifiers(),
            event.phase(),
            event.inverted(),
        )
        QApplication.sendEvent(widget, turned)
        return turned.isAccepted()

    def _field_at(self, place: QPoint) -> QWidget | None:
        """Returns the field that turns its value by the wheel there, or None."""
        widget = self._window.childAt(place)
        while widget is not None and widget is not self._window:
            if isinstance(widget, QAbstractSpinBox | QComboBox):
                return widget
            widget = widget.parentWidget()
        return None


def menu_place(view: QAbstractItemView, event: QContextMenuEvent) -> tuple[QModelIndex, QPoint]:
    """Returns the cell that a context menu is about (invalid: none) and the place on the screen where it opens.

    Args:
        view: a table or tree.
        event: what it was asked by; its position is the viewport's.
    """
    if event.reason() is QContextMenuEvent.Reason.Mouse:
        return view.indexAt(event.pos()), event.globalPos()
    viewport, current = view.viewport(), view.currentIndex()
    view.scrollTo(current)
    below = view.visualRect(current).bottomLeft()
    return current, viewport.mapToGlobal(below) if viewport is not None else QPoint()


def fill_menu(menu: QMenu, items: Sequence[MenuItem], choose: Callable[[Action], object]) -> None:
    """Adds the entries of the tray's menu, or of a part of it, to a menu; ``choose`` is called with what a person chose."""
    for item in items:
        if item.is_separator:
            menu.addSeparator()
        elif item.children:
            submenu = QMenu(item.label, menu)
            fill_menu(submenu, item.children, choose)
            menu.addMenu(submenu)
        elif (entry := menu.addAction(item.label)) is not None and (action := item.action) is not None:
            font = entry.font()
            font.setBold(item.default)
            entry.setFont(font)
            entry.triggered.connect(lambda _checked, action=action: choose(action))
