"""Opens each window once; one that is open comes to the front. What windows remember of themselves, and the agent's state for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from PyQt6 import sip
from PyQt6.QtCore import QByteArray, QObject, QSettings, Qt, pyqtSignal
from PyQt6.QtGui import QGuiApplication, QScreen
from PyQt6.QtWidgets import QDialog, QHeaderView, QMessageBox, QSplitter, QTabWidget, QWidget

from tray_agent.platforms.foreground import Foreground
from tray_agent.tray.model import DialogName, TrayState
from ui.background import Background, assert_gui_thread
from ui.look.scale import u

if TYPE_CHECKING:
    from tray_agent.agent import Agent


class AgentState(QObject):
    """The agent's state as windows see it, and what they ask for in turn.

    Attributes:
        changed: tells a new ``TrayState``.
        chosen: carries an ``Action`` that a person chose in a window, as if in the tray's menu.
        current: the state now, or None before the first.
        can_restart: whether ``Restart`` may be chosen: the program can start itself anew.
        account_changed: whether passwords or accounts were saved that are in force at the next start.
    """

    changed = pyqtSignal(object)
    chosen = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.current: TrayState | None = None
        self.can_restart = False
        self.account_changed = False

    def show(self, state: TrayState) -> None:
        """Takes a new state and tells it."""
        self.current = state
        self.changed.emit(state)


@dataclass(frozen=True, slots=True)
class DialogContext:
    """What a dialog is given.

    Attributes:
        agent: the engine's parts. Touch its properties only within ``background``: the first touch may open a database.
        background: runs engine calls outside the GUI thread.
        windows: opens other windows.
        remembered: sizes, column widths, orders and open tabs.
        subject: what the window is about where it is about one thing (the ``JobKey`` of a schedule or history), else None.
    """

    agent: Agent
    background: Background
    windows: Windows
    remembered: Remembered
    subject: object = None


@runtime_checkable
class ShowsRows(Protocol):
    """A window with a list that can be asked for certain rows."""

    def show_only(self, which: object) -> None:
        """Shows exactly these rows, and says so where one chooses what is shown; anything else than it knows changes nothing."""
        ...


DialogFactory = Callable[[DialogContext], QDialog]


def factory_of(name: DialogName) -> DialogFactory:
    """Returns what makes a window: the class of its name in its module, for *job_history* ``ui.dialogs.job_history.JobHistoryDialog``.

    Raises:
        ModuleNotFoundError: there is no such dialog.
    """
    factory: DialogFactory = getattr(import_module(f"ui.dialogs.{name.value}"), f"{name.value.title().replace('_', '')}Dialog")
    return factory


@dataclass
class Windows:
    """The open windows.

    Args:
        agent, background, remembered: what every dialog is given.
        factories: where windows come from; by default their modules.
        state: the agent's state, for windows that show it.

    Attributes:
        offered: the greatest number of a message of which it was asked whether it shall be sent now.
        question: the question that was asked last, about no window.
    """

    agent: Agent
    background: Background
    remembered: Remembered
    factories: Callable[[DialogName], DialogFactory] = factory_of
    state: AgentState = field(default_factory=AgentState)
    offered: int = 0
    question: QMessageBox | None = None
    _open: dict[tuple[DialogName, object], QDialog] = field(default_factory=dict)

    def open(self, name: DialogName, subject: object = None, shows: object = None) -> QDialog:
        """Opens a window, or brings it to the front; may be called as often as people click.

        Args:
            name: which window.
            subject: what it is about; windows about different things stand side by side. Must be hashable.
            shows: the rows that its list shall show, as ``OpenDialog.shows``; None: what it shows already, or by itself.
        """
        assert_gui_thread()
        key = (name, subject)
        dialog = self._open.get(key)
        # Qt deletes a closed window; what Python still holds of it must not be touched
        if dialog is None or sip.isdeleted(dialog):
            context = DialogContext(self.agent, self.background, self, self.remembered, subject)
            dialog = self._open[key] = self.factories(name)(context)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.finished.connect(lambda _result, key=key: self._open.pop(key, None))
        if shows is not None and isinstance(dialog, ShowsRows):
            dialog.show_only(shows)
        to_front(dialog)
        return dialog

    @property
    def opened(self) -> tuple[QDialog, ...]:
        """Returns the windows that are open."""
        return tuple(dialog for dialog in self._open.values() if not sip.isdeleted(dialog))

    def close_asking(self) -> bool:
        """Closes all windows as if by Escape; returns whether all are closed: one with unsaved changes may stay."""
        for dialog in self.opened:
            to_front(dialog)
            dialog.reject()
            if not sip.isdeleted(dialog) and dialog.isVisible():
                return False
        return True

    def close_all(self) -> None:
        """Closes all windows without asking; for the end of the program."""
        for dialog in self.opened:
            dialog.done(QDialog.DialogCode.Rejected)
        self._open.clear()


def to_front(window: QDialog) -> None:
    """Shows a window in front of the others and gives it the keyboard."""
    window.show()
    if window.isMinimized():
        window.showNormal()
    window.raise_()
    window.activateWindow()
    # Windows puts no window of a background program in front because Qt asks for it
    Foreground().take(int(window.winId()))


class Remembered:
    """Keeps and restores what a person made of a window, for each screen apart: on another one other sizes are right.

    Args:
        file: an INI file; it need not exist.
    """

    def __init__(self, file: Path) -> None:
        self._settings = QSettings(str(file), QSettings.Format.IniFormat)

    def keep_window(self, name: str, window: QWidget) -> None:
        """Keeps a window's size and place under a stable name, and its screen."""
        screen = _name_of_screen(window.screen())
        self._settings.setValue(f"screen/{name}", screen)
        self._settings.setValue(f"{screen}/{name}/geometry", window.saveGeometry())

    def restore_window(self, name: str, window: QWidget) -> bool:
        """Restores a window's size and place on the screen where it was last, if that is there; returns whether any was remembered."""
        last = self._settings.value(f"screen/{name}")
        there = [_name_of_screen(screen) for screen in QGuiApplication.screens()]
        screen = last if last in there else _name_of_screen(window.screen())
        state = self._settings.value(f"{screen}/{name}/geometry")
        return isinstance(state, QByteArray) and window.restoreGeometry(state)

    def keep_columns(self, name: str, header: QHeaderView) -> None:
        """Keeps the widths of columns."""
        self._keep(name, "columns", header, [header.sectionSize(index) for index in range(header.count())])

    def restore_columns(self, name: str, header: QHeaderView) -> bool:
        """Restores the widths of columns; nothing where the number of columns is another now."""
        widths = self._numbers(name, "columns", header)
        if len(widths) != header.count() or not widths:
            return False
        for index, width in enumerate(widths):
            header.resizeSection(index, max(24, width))
        return True

    def keep_sort(self, name: str, header: QHeaderView) -> None:
        """Keeps by which column a table is sorted, and how."""
        order = header.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder
        self._keep(name, "sort", header, [header.count(), header.sortIndicatorSection(), int(order)])

    def sort_of(self, name: str, header: QHeaderView) -> tuple[int, Qt.SortOrder] | None:
        """Returns by which column a table was sorted, -1: in the list's own order, and how; None where the columns are others now."""
        match self._numbers(name, "sort", header):
            case [count, column, order] if count == header.count() and column < count:
                return column, Qt.SortOrder.DescendingOrder if order else Qt.SortOrder.AscendingOrder
        return None

    def keep_splitter(self, name: str, parts: QSplitter) -> None:
        """Keeps how two parts share their room."""
        self._keep(name, "parts", parts, parts.sizes())

    def restore_splitter(self, name: str, parts: QSplitter) -> None:
        """Lets two parts share their room again as they did."""
        sizes = self._numbers(name, "parts", parts)
        if len(sizes) == parts.count() and sum(sizes) > 0:
            parts.setSizes(sizes)

    def keep_tab(self, name: str, tabs: QTabWidget) -> None:
        """Keeps which tab is open."""
        self._keep(name, "tab", tabs, [tabs.count(), tabs.currentIndex()])

    def restore_tab(self, name: str, tabs: QTabWidget) -> None:
        """Opens a tab again; nothing where the number of tabs is another now."""
        match self._numbers(name, "tab", tabs):
            case [count, index] if count == tabs.count():
                tabs.setCurrentIndex(index)

    def _keep(self, name: str, what: str, widget: QWidget, numbers: list[int]) -> None:
        self._settings.setValue(f"{_name_of_screen(widget.screen())}/{name}/{what}", [str(number) for number in numbers])

    def _numbers(self, name: str, what: str, widget: QWidget) -> list[int]:
        found = self._settings.value(f"{_name_of_screen(widget.screen())}/{name}/{what}")
        texts = [str(one) for one in found] if isinstance(found, list) else []
        return [int(text) for text in texts] if all(re.fullmatch(r"-?\d{1,6}", text) for text in texts) else []


def _name_of_screen(screen: QScreen | None) -> str:
    """Returns a name for a screen as it is used now: with another resolution, scale or size of text it is another one."""
    if screen is None:
        return "none"
    size = screen.geometry().size()
    name = f"{screen.name()} {size.width()}x{size.height()} {screen.devicePixelRatio():g} {u(100)}"
    return re.sub(r"[^\w. -]", "_", name)
