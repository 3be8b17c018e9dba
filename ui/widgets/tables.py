"""Tables: a view that is never silent, in which nothing moves under the mouse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from PyQt6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPoint, Qt, pyqtSignal
from PyQt6.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent, QPaintEvent, QShowEvent
from PyQt6.QtWidgets import QAbstractButton, QAbstractItemView, QFrame, QHeaderView, QMenu, QTableView, QWidget

from tray_agent.i18n import _
from tray_agent.tray.in_windows import in_windows
from ui.look.icons import Status
from ui.look.scale import u
from ui.widgets.controls import menu_place
from ui.widgets.kept_place import KeptPlace
from ui.widgets.row_delegate import ROW, TWO_LINE_ROW, Cell, RowDelegate, paint_empty
from ui.widgets.table_models import NOTHING, Row, TableModel
from ui.widgets.titles import ColumnWidths, Titles


def toggle_row(view: QAbstractItemView) -> bool:
    """Turns the tick of the chosen row round, in whatever column it is; returns whether the row has one."""
    model, current = view.model(), view.currentIndex()
    if model is None or not current.isValid():
        return False
    for column in range(model.columnCount(current.parent())):
        cell = current.siblingAtColumn(column)
        ticked = cell.data(Qt.ItemDataRole.CheckStateRole)
        if ticked is not None:
            wanted = Qt.CheckState.Unchecked if Qt.CheckState(ticked) is Qt.CheckState.Checked else Qt.CheckState.Checked
            return model.setData(cell, wanted, Qt.ItemDataRole.CheckStateRole)
    return False


def on_choice(table: QTableView, call: Callable[[], object]) -> None:
    """Calls ``call`` when another row of a table, whose model is set, is chosen."""
    chosen = table.selectionModel()
    if chosen is not None:
        chosen.currentRowChanged.connect(lambda _now, _before: call())


@dataclass(frozen=True, slots=True)
class _WhenEmpty:
    """What stands in an empty table beside its sentence."""

    picture: str | Status = ""
    title: str = ""
    button: QAbstractButton | None = None


class TableView(QTableView, Generic[Row]):
    """A table: whole rows chosen and shown under the mouse, sortable by title, that says why it is empty and keeps its place.

    Ctrl+C copies the chosen row. Its context menu offers what the buttons do that ``offer`` was given, and copying. It has no frame:
    it stands in a card.

    Attributes:
        menu_asked: a context menu is wanted for the row that is current now; carries the place on the screen. Whoever connects
            it shows a menu of their own.
        empty_text: why the table is empty and what fills it, whole sentences.
        titles: its columns' titles.
        widths: how its columns share the room.
        rows: how its rows look.

    Args:
        name: the accessible name.
        empty_text: as above.
        parent: the widget it stands in.
    """

    menu_asked = pyqtSignal(QPoint)

    def __init__(self, name: str, empty_text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.empty_text = empty_text
        self._when_empty = _WhenEmpty()
        self._offered: tuple[QAbstractButton, ...] = ()
        self._kept = KeptPlace(self, self._choose_place)
        self._order = (-1, Qt.SortOrder.AscendingOrder)
        self._as_before: tuple[int, Qt.SortOrder] | None = None
        self._top_row = 0
        self._once: tuple[int, ...] = ()
        self.rows = RowDelegate(self, self._cell)
        self.setAccessibleName(name)
        self.setItemDelegate(self.rows)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setMouseTracking(True)
        self.entered.connect(self.rows.hover)
        self.viewportEntered.connect(lambda: self.rows.hover(NOTHING))
        self._set_up_headers()

    def _set_up_headers(self) -> None:
        self.titles = Titles(self)
        self.setHorizontalHeader(self.titles)
        self.titles.setStretchLastSection(True)
        self.widths = ColumnWidths(self, self.titles)
        rows = self.verticalHeader()
        if rows is not None:
            rows.hide()
            rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            rows.setMinimumSectionSize(1)
        self._set_row_height()

    def _set_row_height(self) -> None:
        rows, model = self.verticalHeader(), self.model()
        two = isinstance(model, TableModel) and any(column.second is not None for column in model.columns)
        if rows is not None:
            rows.setDefaultSectionSize(u(TWO_LINE_ROW if two else ROW))

    def changeEvent(self, event: QEvent | None) -> None:
        """Follows the text's size."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.FontChange:
            self.rows.forget_sizes()
            self._set_row_height()

    def _cell(self, index: QModelIndex) -> Cell | None:
        model, row, column = self.model(), index.row(), index.column()
        if not isinstance(model, TableModel):
            return None
        cell = model.cell(row, column)
        if cell is not None and column in self._once and row > self._top_row:
            above = model.cell(row - 1, column)
            if above is not None and above.text == cell.text:
                cell.text = ""
        return cell

    def present(
        self,
        model: TableModel[Row],
        changed: Callable[[], object] = lambda: None,
        *,
        sort: int | None = -1,
        order: Qt.SortOrder = Qt.SortOrder.AscendingOrder,
    ) -> None:
        """Shows a model of ours, of which one row is always chosen.

        Args:
            model: which.
            changed: called when another row is chosen, or the rows are others or say something else.
            sort: by which column it is sorted at first, -1: in the list's own order; None: a click on a title does not sort.
            order: how.
        """
        self.setModel(model)
        self._kept.always_one = True

        def came() -> None:
            if model.rowCount() and not self.currentIndex().isValid():
                self.choose_first()
            changed()

        model.modelReset.connect(came)
        model.dataChanged.connect(lambda *_cells: changed())
        on_choice(self, changed)
        if sort is not None:
            self.enable_sorting(sort, order)

    def enable_sorting(self, column: int = -1, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Lets a click on a title sort; by ``column`` at first, or in the list's own order with -1. Call after ``setModel``.

        What ``sort_as_before`` told comes first.
        """
        column, order = self._as_before or (column, order)
        self.titles.setSortIndicator(column, order)
        self.titles.setSortIndicatorClearable(True)
        self._order = (column, order)
        self.titles.sortIndicatorChanged.connect(self._order_asked)
        self.setSortingEnabled(True)

    def sort_as_before(self, column: int, order: Qt.SortOrder) -> None:
        """Sorts as a person had it sorted when the window was closed, now or as soon as the table can be sorted."""
        self._as_before = (column, order)
        if self.isSortingEnabled():
            self.titles.setSortIndicator(column, order)

    def _order_asked(self, column: int, order: Qt.SortOrder) -> None:
        """Leaves the arrow where it was if the list can't be sorted by a column."""
        model = self.model()
        if isinstance(model, TableModel) and not model.can_sort(column):
            self.titles.blockSignals(True)
            self.titles.setSortIndicator(*self._order)
            self.titles.blockSignals(False)
            return
        self._order = (column, order)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Fits the columns where the rows were there first."""
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.widths.fit()

    # Mouse and keys

    def viewportEvent(self, event: QEvent | None) -> bool:
        """Forgets the row under the mouse when the mouse leaves."""
        if event is not None and event.type() == QEvent.Type.Leave:
            self.rows.hover(NOTHING)
        return super().viewportEvent(event)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Writes again, at the new top, what is written once."""
        super().scrollContentsBy(dx, dy)
        if (viewport := self.viewport()) is not None:
            for column in self._once if dy else ():
                viewport.update(self.columnViewportPosition(column), 0, self.columnWidth(column), viewport.height())

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:
        """Chooses the row that a menu is asked for, by mouse or by key, and opens the menu or tells where it opens."""
        if event is None:
            return
        index, place = menu_place(self, event)
        if index.isValid():
            self.setCurrentIndex(index)
            if self.receivers(self.menu_asked):
                self.menu_asked.emit(place)
            else:
                self.context_menu().popup(place)
        event.accept()

    def offer(self, *buttons: QAbstractButton) -> None:
        """Has the context menu of a row offer what these buttons of the window do, as far as they are seen."""
        self._offered = buttons

    def context_menu(self) -> QMenu:
        """Returns the menu of the chosen row."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for button in self._offered:
            if not button.isHidden() and (added := menu.addAction(button.text())) is not None:
                added.setEnabled(button.isEnabled())
                added.triggered.connect(lambda _checked, button=button: button.click())
        if menu.actions():
            menu.addSeparator()
        if (copying := menu.addAction(_("Zeile &kopieren"))) is not None:
            copying.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
            copying.triggered.connect(lambda _checked: self.copy_row())
        return menu

    def copy_row(self) -> None:
        """Copies the chosen row as it is read, its cells apart by tabs, as a spreadsheet takes them."""
        model, row, clipboard = self.model(), self.currentIndex().row(), QGuiApplication.clipboard()
        if model is None or clipboard is None or row < 0:
            return
        shown = (column for column in range(model.columnCount()) if not self.isColumnHidden(column))
        cells = (model.index(row, column).data(Qt.ItemDataRole.AccessibleTextRole) for column in shown)
        clipboard.setText("\t".join(str(cell or "") for cell in cells))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Ticks the row's checkbox on the space bar wherever the cursor stands in the row, copies the row; the rest as usual."""
        if event is not None and event.matches(QKeySequence.StandardKey.Copy):
            self.copy_row()
            event.accept()
            return
        if event is not None and event.key() == Qt.Key.Key_Space and toggle_row(self):
            event.accept()
            return
        super().keyPressEvent(event)

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """Lets Home and End go to the first and last row: whole rows are chosen here, not cells."""
        model, ends = self.model(), (QAbstractItemView.CursorAction.MoveHome, QAbstractItemView.CursorAction.MoveEnd)
        if model is None or not model.rowCount() or action not in ends:
            return super().moveCursor(action, modifiers)
        row = 0 if action is QAbstractItemView.CursorAction.MoveHome else model.rowCount() - 1
        return model.index(row, max(0, self.currentIndex().column()))

    # The chosen row

    def setModel(self, model: QAbstractItemModel | None) -> None:
        """Shows a model; one of ours has its chosen row found again by its key whenever its rows are others."""
        super().setModel(model)
        if isinstance(model, TableModel):
            model.in_view = self._kept.rows_in_view
            self._once = tuple(place for place, column in enumerate(model.columns) if column.once)
            model.modelAboutToBeReset.connect(self._note_place)
            model.modelReset.connect(self._find_place)
            model.modelReset.connect(self._fit)
            model.layoutAboutToBeChanged.connect(self._note_place)
            model.layoutChanged.connect(self._sorted)
        self._set_row_height()

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:
        """Tells the model which row is chosen."""
        super().currentChanged(current, previous)
        self._tell_choice(by_person=True)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Makes a row that the window chose by itself a person's choice who clicks on it."""
        super().mousePressEvent(event)
        self._tell_choice(by_person=True)

    def choose_first(self) -> None:
        """Chooses the first row by itself, so that the window tells something; it is not held on to under another order or filter."""
        self.selectRow(0)
        self._tell_choice(by_person=False)

    def _tell_choice(self, *, by_person: bool) -> None:
        model = self.model()
        if isinstance(model, TableModel):
            model.chosen, model.chosen_by_person = self.currentIndex().row(), by_person

    def _choose_place(self, row: int, column: int, by_person: bool) -> None:
        model = self.model()
        if model is not None:
            self.setCurrentIndex(model.index(row, column))
            self._tell_choice(by_person=by_person)

    def _note_place(self) -> None:
        model = self.model()
        if isinstance(model, TableModel):
            self._kept.note(model)

    def _find_place(self) -> None:
        model = self.model()
        if isinstance(model, TableModel):
            model.chosen = -1
            self._kept.find(model)

    def _sorted(self) -> None:
        model = self.model()
        if isinstance(model, TableModel) and self._kept.always_one and not model.chosen_by_person:
            self.choose_first()
        else:
            self._find_place()

    def show_row(self, row: int) -> None:
        """Chooses a row and scrolls so that it is the first in view."""
        model = self.model()
        if model is not None and 0 <= row < model.rowCount():
            self.setCurrentIndex(model.index(row, 0))
            self.scrollTo(model.index(row, 0), QAbstractItemView.ScrollHint.PositionAtTop)

    @property
    def current(self) -> Row | None:
        """Returns the chosen row's value, or None where none is chosen or it is not loaded."""
        model = self.model()
        return model.row_at(self.currentIndex().row()) if isinstance(model, TableModel) else None

    @property
    def message(self) -> str:
        """Returns what stands in the table while it has no rows, or ""."""
        model = self.model()
        if model is None or model.rowCount() > 0:
            return ""
        if isinstance(model, TableModel) and model.is_loading:
            return _("Wird geladen …")
        if isinstance(model, TableModel) and model.error:
            return in_windows(f"{model.error} {model.error.advice}".strip())
        return self.empty_text

    def when_empty(
        self, sentence: str, title: str = "", picture: str | Status = "circle-dashed", button: QAbstractButton | None = None
    ) -> None:
        """Sets what stands in the table while it is empty.

        Args:
            sentence: as ``empty_text``.
            title: a few words above it.
            picture: the name of a line picture, or a state.
            button: what a person can do then; the table shows it below the sentence.
        """
        self.empty_text = sentence
        self._when_empty = _WhenEmpty(picture, title, button)
        if button is not None:
            button.setParent(self.viewport())
            button.hide()
        if (viewport := self.viewport()) is not None:
            viewport.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the table, or why it is empty."""
        if self._once:
            self._top_row = self.rowAt(self.rowHeight(0) // 2)
        super().paintEvent(event)
        message, viewport, model = self.message, self.viewport(), self.model()
        if viewport is None:
            return
        if self.accessibleDescription() != message:  # a screen reader tells what is painted
            self.setAccessibleDescription(message)
        below = 0
        if message and isinstance(model, TableModel) and model.error is not None:
            error = model.error
            paint_empty(viewport, Status.ERROR, str(error.title), in_windows(f"{error.message} {error.advice}".strip()))
        elif message and isinstance(model, TableModel) and model.is_loading:
            paint_empty(viewport, "", "", message)
        elif message:
            below = paint_empty(viewport, self._when_empty.picture, self._when_empty.title, message)
        self._place_button(below)

    def _place_button(self, top: int) -> None:
        button, viewport = self._when_empty.button, self.viewport()
        if button is None or viewport is None or button.isVisible() == bool(top):
            return
        size = button.sizeHint()
        button.setGeometry((viewport.width() - size.width()) // 2, top + u(8), size.width(), size.height())
        button.setVisible(bool(top))
