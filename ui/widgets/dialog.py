"""The base of all dialogs: one main action, Escape and Enter, a question before changes are lost, errors in the window.

A dialog is a thin window over a view model that knows no Qt. What it does with the engine goes through ``run``: never
on the GUI thread, with the window marked busy, an error shown in its banner, the result dropped when it is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from PyQt6 import sip
from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QCloseEvent, QKeySequence, QShowEvent
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTabWidget,
    QWidget,
)

from tray_agent.errors import KnownError
from tray_agent.i18n import _, ngettext
from ui.background import Task, assert_gui_thread
from ui.look.scale import Type, u
from ui.widgets.banner import Banner
from ui.widgets.controls import FocusedWheel, by_key
from ui.widgets.focus_ring import FocusRing
from ui.widgets.heading import Heading
from ui.widgets.icons import program_icon
from ui.widgets.layout import GRID, button, column, row, scrolling
from ui.widgets.message_box import answer_of
from ui.widgets.notes import plain_label, soft_label
from ui.widgets.tables import TableView
from ui.windows import DialogContext

if TYPE_CHECKING:
    from ui.dialogs.portal_tree import PortalTree

SMALL_SCREEN = (1280, 720)
"""The smallest screen on which every window shows all that it has: 1920 x 1080 at 150 % is as small."""

Result = TypeVar("Result")


class Dialog(QDialog):
    """A window of the program.

    A subclass puts its widgets into ``body``, sets its buttons with ``main_action``, ``close_action`` and
    ``side_action``, and, where it changes something, overrides ``has_unsaved_changes`` and ``save``.

    Attributes:
        NAME: a stable word under which size, column widths, order and open tab are kept; by itself the window's module.
        SIZE: width and height at the first opening, to go through ``u``.
        heading: its title, a sentence, its tools.
        body: the layout for the dialog's own widgets; it belongs to the widget ``content``.
        context: what the dialog was given.
        ring: around what has the keyboard.
    """

    NAME: ClassVar[str] = "dialog"
    SIZE: ClassVar[tuple[int, int]] = (640, 480)

    def __init_subclass__(cls) -> None:
        """Names the window after its module, which is how it is found, too."""
        if "NAME" not in vars(cls):
            cls.NAME = cls.__module__.rpartition(".")[2]

    def __init__(self, context: DialogContext, title: str) -> None:
        assert_gui_thread()
        super().__init__(None)
        self.context = context
        self._tasks: set[Task] = set()
        self._tables: dict[str, TableView[Any] | PortalTree] = {}
        self._tabs: dict[str, QTabWidget] = {}
        self._moved: dict[str, QSplitter] = {}
        self._was_shown = False
        self._busy = 0
        self._focused: QWidget | None = None
        self._settled = False
        self.setObjectName(self.NAME)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setWindowIcon(program_icon())
        self.setWindowFlags(Qt.WindowType.Window | Qt.WindowType.WindowMaximizeButtonHint | Qt.WindowType.WindowCloseButtonHint)
        self.heading = Heading(title, self)
        self.banner = Banner(self)
        self.content = QWidget(self)
        self.body = column(margins=(0, 0, 0, 0))
        self.content.setLayout(self.body)
        self.progress = _progress(self)
        self.buttons = QDialogButtonBox(self)
        self.ring = FocusRing(self)
        self._wheel = FocusedWheel(self)
        outer = column(self.heading, self.banner, (self.content, 1), self.progress, spacing=12, margins=(2 * GRID,) * 4)
        self._unsaved, self._not_yet = plain_label(bold=True), soft_label(_("noch nicht gespeichert"), size=Type.TEXT)
        self._unsaved.setWordWrap(False)
        self.tell_unsaved(0)
        outer.addLayout(row(self._unsaved, self._not_yet, (self.buttons, 1)))
        self.setLayout(outer)
        self.resize(*map(u, self.SIZE))
        context.remembered.restore_window(self.NAME, self)

    # Buttons

    def main_action(self, text: str, action: Callable[[], object], *, picture: str = "") -> QPushButton:
        """Adds the one main action; Enter does it. Its text has a mnemonic (``&Speichern``)."""
        made = self._button(text, QDialogButtonBox.ButtonRole.AcceptRole, action, picture)
        made.setDefault(True)
        return made

    def close_action(self, text: str | None = None) -> QPushButton:
        """Adds the button that closes the window like Escape: *Abbrechen*, or another text (*Schliessen*, *OK*)."""
        return self._button(text or _("Abbrechen"), QDialogButtonBox.ButtonRole.RejectRole, self.reject)

    def side_action(
        self, text: str, action: Callable[[], object], key: QKeySequence.StandardKey | None = None, *, picture: str = ""
    ) -> QPushButton:
        """Adds a further action, apart from the main one; with a key (``Refresh``) that does the same and that its tooltip tells."""
        made = self._button(text, QDialogButtonBox.ButtonRole.ResetRole, action, picture)
        if key is not None:
            made.setToolTip(by_key(self, key, made.click))
        return made

    def buttons_last(self) -> None:
        """Lets Tab go through the window's own widgets first and then through its buttons, as one reads."""
        inside = [widget for widget in reached_by_tab(self) if self.content.isAncestorOf(widget) or self.buttons.isAncestorOf(widget)]
        # Qt's chain follows the order in which widgets were made, and the box of buttons is made before the content
        ordered = sorted(inside, key=self.buttons.isAncestorOf)
        for before, after in pairwise(ordered):
            QWidget.setTabOrder(before, after)
        self.buttons.setFocusProxy(None)  # Tab would go from the last button by the box to the main one, and never round

    def tell_unsaved(self, number: int) -> None:
        """Tells beside the buttons how many changes are not saved yet; 0: nothing."""
        self._unsaved.setText(ngettext("{number} Änderung", "{number} Änderungen", number).format(number=number))
        for label in (self._unsaved, self._not_yet):
            label.setVisible(number > 0)

    def _button(self, text: str, role: QDialogButtonBox.ButtonRole, action: Callable[[], object], picture: str = "") -> QPushButton:
        made = button(text, action, self, picture=picture)
        made.setAutoDefault(role is QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(made, role)
        return made

    # Work in the background

    def run(
        self,
        work: Callable[[], Result],
        done: Callable[[Result], object],
        *,
        busy: str = "",
        failed: Callable[[KnownError], None] | None = None,
        then: Callable[[], object] = lambda: None,
    ) -> Task:
        """Runs an engine call in the background; its result arrives at ``done`` on the GUI thread.

        Args:
            work: engine calls only.
            done: gets the result, unless the window was closed meanwhile.
            busy: what is told meanwhile ("Wird gespeichert …"); with a text the window's own widgets are disabled until then.
            failed: gets the error instead of the window's banner.
            then: called at last, however the call ended: what the window shows may be another now.
        """

        def concluded() -> None:
            self._tasks.discard(task)
            if busy:
                self.set_busy("")

        def succeeded(result: Result) -> None:
            concluded()
            done(result)
            then()

        def went_wrong(error: KnownError) -> None:
            concluded()
            (failed or self.show_error)(error)
            then()

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
        for one in self.buttons.buttons():
            if self.buttons.buttonRole(one) is not QDialogButtonBox.ButtonRole.RejectRole:
                _hold(one, held=self._busy > 0)
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
        within = (widget for widget in reached_by_tab(self.content) if self.content.isAncestorOf(widget))
        first = next((widget for widget in within if widget.isVisibleTo(self) and widget.isEnabled()), None)
        if first is not None:
            first.setFocus()

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

    def remember_columns(self, view: TableView[Any] | PortalTree, name: str = "table", widths: tuple[int, ...] = ()) -> None:
        """Restores the column widths and the order of a table or tree and keeps them when the window closes.

        Args:
            view: which, its columns already set.
            name: a stable word within this window.
            widths: of the columns at the first opening, to go through ``u``, at the least; each is as wide as what it holds when the
                first rows are there, and the last column takes the rest. Widths are kept where a person changed them.
        """
        widths = tuple(u(width) for width in widths)
        titles = view.titles
        titles.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        titles.setStretchLastSection(True)
        for index, width in enumerate(widths):
            titles.resizeSection(index, width)
        if not self.context.remembered.restore_columns(f"{self.NAME}/{name}", titles):
            view.widths.fit_when_filled(widths)
        if isinstance(view, TableView) and (order := self.context.remembered.sort_of(f"{self.NAME}/{name}", titles)) is not None:
            view.sort_as_before(*order)
        self._tables[name] = view

    def remember_tab(self, tabs: QTabWidget, name: str = "tabs") -> None:
        """Opens the tab that was open last, and keeps which it is when the window closes; ``tabs`` has all its tabs already."""
        self.context.remembered.restore_tab(f"{self.NAME}/{name}", tabs)
        self._tabs[name] = tabs

    def _remember_splitters(self) -> None:
        """Restores how parts share their room, and notes which of them a person changes."""
        for place, parts in enumerate(self.findChildren(QSplitter)):
            name = f"{self.NAME}/parts{place}"
            self.context.remembered.restore_splitter(name, parts)
            parts.splitterMoved.connect(lambda _at, _index, name=name, parts=parts: self._moved.update({name: parts}))

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
        answers = (QMessageBox.StandardButton.Save, QMessageBox.StandardButton.Discard, QMessageBox.StandardButton.Cancel)
        words = (_("&Speichern"), _("&Nicht speichern"), _("Abbrechen"))
        question = _("Sollen die Änderungen gespeichert werden?")
        return answers[self._answer(QMessageBox.Icon.Question, question, _("Ohne Speichern gehen sie verloren."), words, default=0)]

    def ask(self, question: str, consequence: str, yes: str) -> bool:
        """Asks before something that can't be undone; *Abbrechen* is the default.

        Args:
            question: what shall be done ("Alle 12 Einträge löschen?").
            consequence: what that means.
            yes: the words of the button that does it ("&Löschen").
        """
        return self._answer(QMessageBox.Icon.Warning, question, consequence, (yes, _("Abbrechen")), default=1) == 0

    def _answer(self, icon: QMessageBox.Icon, question: str, consequence: str, words: Sequence[str], *, default: int) -> int:
        box = QMessageBox(icon, self.windowTitle(), question, parent=self)
        return answer_of(box, consequence, words, default=default)

    def done(self, result: int) -> None:
        """Ends the dialog: cancels what runs, keeps size, column widths, orders and open tabs."""
        for task in self._tasks:
            task.cancel()
        self.context.remembered.keep_window(self.NAME, self)
        self._keep_parts()
        super().done(result)

    def _keep_parts(self) -> None:
        remembered = self.context.remembered
        for name, table in self._tables.items():
            if not table.widths.are_own:
                remembered.keep_columns(f"{self.NAME}/{name}", table.titles)
            if table.isSortingEnabled():
                remembered.keep_sort(f"{self.NAME}/{name}", table.titles)
        for name, tabs in self._tabs.items():
            remembered.keep_tab(f"{self.NAME}/{name}", tabs)
        for name, parts in self._moved.items():
            remembered.keep_splitter(name, parts)

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
        self._wheel.install()
        self._fit_to_screen()
        if not self._was_shown:
            self._was_shown = True
            self._remember_splitters()
        self.buttons_last()
        # Qt has Enter press the button that has the keyboard: one among the content would take it from the main action
        for one in self.findChildren(QPushButton):
            if not one.isDefault():
                one.setAutoDefault(self.buttons.isAncestorOf(one))

    def _fit_to_screen(self) -> None:
        """Makes a window smaller that would not fit its screen; one that can't be so small lets its content scroll."""
        room = room_for(self)
        least = self.minimumSizeHint()
        if least.boundedTo(room) != least:
            self._let_content_scroll()
        if not self.isMaximized() and self.size().boundedTo(room) != self.size():
            self.resize(self.size().boundedTo(room))
        self._bring_onto_screen()

    def _bring_onto_screen(self) -> None:
        """Moves a window back whose remembered place would leave a part of it, or its title, off its screen."""
        screen = self.screen()
        if screen is None or self.isMaximized() or not self.testAttribute(Qt.WidgetAttribute.WA_Moved):
            return
        room = screen.availableGeometry().adjusted(GRID, 4 * GRID, -GRID, -GRID)
        area = self.geometry()
        left = max(room.left(), min(area.left(), room.right() + 1 - area.width()))
        top = max(room.top(), min(area.top(), room.bottom() + 1 - area.height()))
        if (left, top) != (area.left(), area.top()):
            self.setGeometry(left, top, area.width(), area.height())

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


def reached_by_tab(start: QWidget) -> Iterator[QWidget]:
    """Yields the widgets of a window that Tab leads to, beginning after one of them or after the window itself."""
    widget = start.nextInFocusChain()
    while widget is not None and widget is not start:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            yield widget
        widget = widget.nextInFocusChain()


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
