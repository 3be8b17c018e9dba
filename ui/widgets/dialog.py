"""The base of all dialogs: one main action, Escape and Enter, a question before changes are lost, errors in the window.

A dialog is a thin window over a view model that knows no Qt. What it does with the engine goes through ``run``: never
on the GUI thread, with the window marked busy, an error shown in its banner, the result dropped when it is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, TypeVar

from PyQt6 import sip
from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QCloseEvent, QKeySequence, QShowEvent
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from tray_agent.errors import KnownError
from tray_agent.i18n import _
from ui.background import Task, assert_gui_thread
from ui.widgets.controls import by_key
from ui.widgets.focus_ring import FocusRing
from ui.widgets.icons import program_icon
from ui.widgets.message_box import make_readable
from ui.widgets.notes import Banner, Note
from ui.widgets.tables import TableView
from ui.windows import DialogContext

if TYPE_CHECKING:
    from ui.dialogs.portal_tree import PortalTree

GRID = 8
"""All distances are multiples of this many pixels."""

SMALL_SCREEN = (1280, 720)
"""The smallest screen on which every window shows all that it has: 1920 x 1080 at 150 % is as small."""

Result = TypeVar("Result")


class Dialog(QDialog):
    """A window of the program.

    A subclass puts its widgets into ``body``, sets its buttons with ``main_action``, ``close_action`` and
    ``side_action``, and, where it changes something, overrides ``has_unsaved_changes`` and ``save``.

    Attributes:
        NAME: a stable word under which size and column widths are kept; a class attribute.
        SIZE: width and height at the first opening, in pixels.
        body: the layout for the dialog's own widgets; it belongs to the widget ``content``.
        context: what the dialog was given.
        ring: around what has the keyboard.
    """

    NAME: ClassVar[str] = "dialog"
    SIZE: ClassVar[tuple[int, int]] = (640, 480)

    def __init__(self, context: DialogContext, title: str) -> None:
        assert_gui_thread()
        super().__init__(None)
        self.context = context
        self._tasks: set[Task] = set()
        self._headers: list[tuple[str, QHeaderView, Callable[[], bool]]] = []
        self._busy = 0
        self._focused: QWidget | None = None
        self._settled = False
        self.setObjectName(self.NAME)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setWindowIcon(program_icon())
        self.setWindowFlags(Qt.WindowType.Window | Qt.WindowType.WindowMaximizeButtonHint | Qt.WindowType.WindowCloseButtonHint)
        self.banner = Banner(self)
        self.content = QWidget(self)
        self.body = QVBoxLayout(self.content)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(GRID)
        self.progress = _progress(self)
        self.buttons = QDialogButtonBox(self)
        self.ring = FocusRing(self)
        self._lay_out()
        self.resize(*self.SIZE)
        context.remembered.restore_window(self.NAME, self)

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(2 * GRID, 2 * GRID, 2 * GRID, 2 * GRID)
        outer.setSpacing(GRID)
        outer.addWidget(self.banner)
        outer.addWidget(self.content, 1)
        outer.addWidget(self.progress)
        outer.addSpacing(GRID // 2)
        outer.addWidget(self.buttons)

    # Buttons

    def main_action(self, text: str, action: Callable[[], object]) -> QPushButton:
        """Adds the one main action; Enter does it. Its text has a mnemonic (``&Speichern``)."""
        button = self._button(text, QDialogButtonBox.ButtonRole.AcceptRole, action)
        button.setDefault(True)
        return button

    def close_action(self, text: str | None = None) -> QPushButton:
        """Adds the button that closes the window like Escape: *Abbrechen*, or another text (*Schliessen*, *OK*)."""
        return self._button(text or _("Abbrechen"), QDialogButtonBox.ButtonRole.RejectRole, self.reject)

    def side_action(self, text: str, action: Callable[[], object], key: QKeySequence.StandardKey | None = None) -> QPushButton:
        """Adds a further action, apart from the main one; with a key (``Refresh``) that does the same and that its tooltip tells."""
        button = self._button(text, QDialogButtonBox.ButtonRole.ResetRole, action)
        if key is not None:
            button.setToolTip(by_key(self, key, button.click))
        return button

    def buttons_last(self) -> None:
        """Lets Tab go through the window's own widgets first and then through its buttons, as one reads."""
        widget, inside = self.nextInFocusChain(), list[QWidget]()
        while widget is not None and widget is not self:
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and (self.content.isAncestorOf(widget) or self.buttons.isAncestorOf(widget)):
                inside.append(widget)
            widget = widget.nextInFocusChain()
        # Qt's chain follows the order in which widgets were made, and the box of buttons is made before the content
        ordered = sorted(inside, key=self.buttons.isAncestorOf)
        for before, after in pairwise(ordered):
            QWidget.setTabOrder(before, after)

    def _button(self, text: str, role: QDialogButtonBox.ButtonRole, action: Callable[[], object]) -> QPushButton:
        button = QPushButton(text, self)
        button.setAutoDefault(role is QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(button, role)
        button.clicked.connect(lambda _checked: action())
        return button

    # Work in the background

    def run(
        self,
        work: Callable[[], Result],
        done: Callable[[Result], object],
        *,
        busy: str = "",
        failed: Callable[[KnownError], None] | None = None,
    ) -> Task:
        """Runs an engine call in the background; its result arrives at ``done`` on the GUI thread.

        Args:
            work: engine calls only.
            done: gets the result, unless the window was closed meanwhile.
            busy: what is told meanwhile ("Wird gespeichert …"); with a text the window's own widgets are disabled until then.
            failed: gets the error instead of the window's banner.
        """

        def concluded() -> None:
            self._tasks.discard(task)
            if busy:
                self.set_busy("")

        def succeeded(result: Result) -> None:
            concluded()
            done(result)

        def went_wrong(error: KnownError) -> None:
            concluded()
            (failed or self.show_error)(error)

        if busy:
            self.clear_error()
            self.set_busy(busy)
        task = self.context.background.run(work, succeeded, failed=went_wrong, owner=self)
        self._tasks.add(task)
        return task

    def set_busy(self, text: str) -> None:
        """Marks the window busy with a text, or ready again with ""; calls may be nested."""
        self._busy = max(0, self._busy + (1 if text else -1))
        focused = self.focusWidget() if self._busy == 1 and text else self._focused
        self._focused = focused if self._busy else None
        self.content.setEnabled(self._busy == 0)
        for button in self.buttons.buttons():
            if self.buttons.buttonRole(button) is not QDialogButtonBox.ButtonRole.RejectRole:
                _hold(button, held=self._busy > 0)
        self.progress.setFormat(text)
        self.progress.setAccessibleDescription(text)
        self.progress.setVisible(self._busy > 0)
        if not self._busy and not text:
            self._give_keyboard_back(focused)

    def _give_keyboard_back(self, before: QWidget | None) -> None:
        """Gives the keyboard to what had it; where nothing had it yet, to the first of the window's own widgets.

        A window that reads while it opens has its widgets disabled then, and Qt gives the keyboard to the button that closes it.
        """
        if before is not None and not sip.isdeleted(before):
            before.setFocus()
            return
        now = self.focusWidget()
        if now is not None and not self.buttons.isAncestorOf(now):
            return
        widget = self.content.nextInFocusChain()
        while widget is not None and widget is not self.content:
            by_tab = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            if by_tab and self.content.isAncestorOf(widget) and widget.isVisibleTo(self) and widget.isEnabled():
                widget.setFocus()
                return
            widget = widget.nextInFocusChain()

    @property
    def is_busy(self) -> bool:
        """Returns whether a call with a busy text is under way."""
        return self._busy > 0

    # Errors and notes

    def show_error(self, error: KnownError) -> None:
        """Shows an error of the engine across the top of the window."""
        self.banner.show_error(error)

    def clear_error(self) -> None:
        """Takes the message across the top away."""
        self.banner.hide()

    # Tables

    def remember_columns(self, view: QTableView, name: str = "table", widths: tuple[int, ...] = ()) -> None:
        """Restores a table's column widths and keeps them when the window closes.

        Args:
            view: the table, its model already set.
            name: a stable word within this window.
            widths: of the columns at the first opening, in pixels, at the least; each is as wide as what it holds when the first
                rows are there, and the last column takes the rest. Widths are kept where a person changed them.
        """
        header = view.horizontalHeader()
        if header is None:
            return
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        for index, width in enumerate(widths):
            header.resizeSection(index, width)
        if not self.context.remembered.restore_columns(f"{self.NAME}/{name}", header) and isinstance(view, TableView):
            view.fit_when_filled(widths)
        self._headers.append((name, header, lambda: not (isinstance(view, TableView) and view.has_own_widths)))

    def remember_tree(self, tree: PortalTree) -> None:
        """Restores a tree's column widths and keeps them when the window closes, as ``remember_columns`` does."""
        header = tree.header()
        if header is None:
            return
        if not self.context.remembered.restore_columns(f"{self.NAME}/tree", header):
            tree.fit_when_filled()
        self._headers.append(("tree", header, lambda: not tree.has_own_widths))

    # Closing

    def has_unsaved_changes(self) -> bool:
        """Returns whether closing would lose what the person did; a dialog that edits overrides this."""
        return False

    def save(self, then: Callable[[], None]) -> None:
        """Saves, and calls ``then`` when that succeeded; a dialog that edits overrides this."""
        then()

    def save_and_close(self) -> None:
        """Saves and closes the window; for the main action *Speichern*. With an error the window stays."""
        self.save(self._close_saved)

    def _close_saved(self) -> None:
        self._settled = True
        self.accept()

    def reject(self) -> None:
        """Closes the window like Escape; asks first where changes would be lost."""
        if self._settled or not self.has_unsaved_changes():
            super().reject()
            return
        match self.ask_unsaved():
            case QMessageBox.StandardButton.Save:
                self.save_and_close()
            case QMessageBox.StandardButton.Discard:
                self._settled = True
                super().reject()
            case _:
                return

    def ask_unsaved(self) -> QMessageBox.StandardButton:
        """Asks what becomes of unsaved changes: ``Save``, ``Discard`` or ``Cancel``."""
        box = self._question(
            QMessageBox.Icon.Question, _("Sollen die Änderungen gespeichert werden?"), _("Ohne Speichern gehen sie verloren.")
        )
        save = box.addButton(_("&Speichern"), QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton(_("&Nicht speichern"), QMessageBox.ButtonRole.DestructiveRole)
        box.setEscapeButton(box.addButton(_("Abbrechen"), QMessageBox.ButtonRole.RejectRole))
        box.setDefaultButton(save)
        make_readable(box)
        box.exec()
        clicked = box.clickedButton()
        if clicked is save:
            return QMessageBox.StandardButton.Save
        return QMessageBox.StandardButton.Discard if clicked is discard else QMessageBox.StandardButton.Cancel

    def ask(self, question: str, consequence: str, yes: str) -> bool:
        """Asks before something that can't be undone; *Abbrechen* is the default.

        Args:
            question: what shall be done ("Alle 12 Einträge löschen?").
            consequence: what that means.
            yes: the words of the button that does it ("&Löschen").
        """
        box = self._question(QMessageBox.Icon.Warning, question, consequence)
        agreed = box.addButton(yes, QMessageBox.ButtonRole.DestructiveRole)
        cancel = box.addButton(_("Abbrechen"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(cancel)
        box.setEscapeButton(cancel)
        make_readable(box)
        box.exec()
        return box.clickedButton() is agreed

    def _question(self, icon: QMessageBox.Icon, question: str, consequence: str) -> QMessageBox:
        box = QMessageBox(self)
        box.setIcon(icon)
        box.setWindowTitle(self.windowTitle())
        box.setText(question)
        box.setInformativeText(consequence)
        return box

    def done(self, result: int) -> None:
        """Ends the dialog: cancels what runs, keeps size and column widths."""
        for task in self._tasks:
            task.cancel()
        self.context.remembered.keep_window(self.NAME, self)
        for name, header, changed in self._headers:
            if changed():
                self.context.remembered.keep_columns(f"{self.NAME}/{name}", header)
        super().done(result)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Treats the window's cross like Escape."""
        if event is None:
            return
        if self.isVisible():
            self.reject()
            if self.isVisible():  # somebody wants to keep changes
                event.ignore()
                return
        super().closeEvent(event)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Fits the window to the screen, and keeps Enter from doing anything but the main action or the button that has the keyboard."""
        super().showEvent(event)
        self._fit_to_screen()
        self.buttons_last()
        # Qt has Enter press the button that has the keyboard: one among the content would take it from the main action
        for button in self.findChildren(QPushButton):
            if not button.isDefault():
                button.setAutoDefault(self.buttons.isAncestorOf(button))

    def _fit_to_screen(self) -> None:
        """Makes a window smaller that would not fit its screen; one that can't be so small lets its content scroll."""
        room = room_for(self)
        least = self.minimumSizeHint()
        if least.boundedTo(room) != least:
            self._let_content_scroll()
        if not self.isMaximized() and self.size().boundedTo(room) != self.size():
            self.resize(self.size().boundedTo(room))

    def _let_content_scroll(self) -> None:
        outer = self.layout()
        if outer is None or self.content.parentWidget() is not self:
            return
        focused = self.focusWidget()
        area = scrolling()
        outer.replaceWidget(self.content, area)  # before the area takes the content over: the layout must still know it
        area.setWidget(self.content)
        # the layout has set the least size of the whole content as the window's
        self.setMinimumSize(0, 0)
        if focused is not None:
            focused.setFocus()


def room_for(window: QWidget) -> QSize:
    """Returns the greatest size of a window on its screen, its title and frame left out."""
    screen = window.screen()
    available = screen.availableGeometry().size() if screen is not None else QSize(*SMALL_SCREEN)
    return available - QSize(2 * GRID, 5 * GRID)


class Form(QFormLayout):
    """A form with labels left and fields aligned; below each field room for an explanation and a note."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHorizontalSpacing(2 * GRID)
        self.setVerticalSpacing(GRID)
        self.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)

    def add(self, label: str, field: QWidget, explanation: str = "") -> Note:
        """Adds a field with its label and returns its note, in which one tells what is wrong with the input.

        Args:
            label: with a mnemonic, without a colon ("&Startdatum").
            field: the widget, or what holds it and hands the focus on to it; gets the label as its accessible name where it has none.
            explanation: a sentence below the field, or "".
        """
        title = QLabel(with_colon(label))
        reached = field.focusProxy() or field  # a holder takes no focus itself: a mnemonic would lead nowhere
        title.setBuddy(reached)
        if not reached.accessibleName():
            reached.setAccessibleName(label.replace("&", ""))
        note = Note()
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(field)
        if explanation:
            column.addWidget(quiet_label(explanation))
            reached.setAccessibleDescription(explanation)
        column.addWidget(note)
        self.addRow(title, column)
        return note


def with_colon(label: str) -> str:
    """Returns a label with its colon, as the language sets it."""
    return _("{label}:").format(label=label)


def quiet_label(text: str) -> QLabel:
    """Returns a wrapped label in the colour of secondary text, readable in light and dark."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setForegroundRole(label.foregroundRole())
    font = label.font()
    font.setPointSizeF(max(8.0, font.pointSizeF() - 0.5))
    label.setFont(font)
    return label


def field_label(text: str, field: QWidget) -> QLabel:
    """Returns a label whose mnemonic leads to a field; the field gets its words as its accessible name."""
    label = QLabel(text)
    label.setBuddy(field)
    field.setAccessibleName(text.replace("&", "").rstrip(":"))
    return label


def side_by_side(*parts: QWidget | tuple[str, QWidget], spacing: int = GRID) -> QHBoxLayout:
    """Returns widgets, or fields with their labels, in a row."""
    row = QHBoxLayout()
    row.setSpacing(spacing)
    for part in parts:
        if isinstance(part, tuple):
            row.addWidget(field_label(*part))
        row.addWidget(part[1] if isinstance(part, tuple) else part)
    return row


def splitter(orientation: Qt.Orientation, first: QWidget, second: QWidget, sizes: tuple[int, int]) -> QSplitter:
    """Returns two widgets that share a room; a person may move the border between them, but close neither."""
    parts = QSplitter(orientation)
    parts.setChildrenCollapsible(False)
    parts.addWidget(first)
    parts.addWidget(second)
    parts.setSizes(sizes)
    return parts


def scrolling(page: QWidget | None = None) -> QScrollArea:
    """Returns what lets a page scroll in a window; it takes no keyboard itself."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if page is not None:
        area.setWidget(page)
    return area


def on_choice(table: QTableView, call: Callable[[], object]) -> None:
    """Calls ``call`` when another row of a table, whose model is set, is chosen."""
    chosen = table.selectionModel()
    if chosen is not None:
        chosen.currentRowChanged.connect(lambda _now, _before: call())


def _progress(parent: QWidget) -> QProgressBar:
    bar = QProgressBar(parent)
    bar.setRange(0, 0)
    bar.setTextVisible(True)
    bar.setAccessibleName(_("Fortschritt"))
    bar.hide()
    return bar


_HELD = "vitoclientHeld"


def _hold(widget: QWidget, *, held: bool) -> None:
    """Disables a button while the window is busy and gives it back as it was: what was disabled before stays so."""
    # isEnabled() is False within a disabled parent too; WA_ForceDisabled says that the button was disabled by itself
    if held and widget.property(_HELD) is None:
        widget.setProperty(_HELD, not widget.testAttribute(Qt.WidgetAttribute.WA_ForceDisabled))
        widget.setEnabled(False)
    elif not held and widget.property(_HELD) is not None:
        was_enabled = bool(widget.property(_HELD))
        widget.setProperty(_HELD, None)
        widget.setEnabled(was_enabled)
