"""How a row looks, in tables and trees alike: its ground, the bar of a chosen one, two lines, state, box to tick, what is cut.

Everything is read while it is painted, so that an open window follows another look at once; only fonts and sizes are kept, until
the text's size changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from PyQt6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QRect, QSize, Qt
from PyQt6.QtGui import QFont, QFontMetrics, QHelpEvent, QIcon, QMouseEvent, QPainter
from PyQt6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip, QWidget

from ui.look.drawing import BUTTON_RADIUS, horizontal_line, rounded
from ui.look.icons import STATUS_GROUNDS, Status, paint_icon, paint_status
from ui.look.scale import Type, font, u
from ui.look.style import as_kind
from ui.look.tokens import tokens
from ui.widgets.chip import GAP, HEIGHT, PICTURE, SIDE

if TYPE_CHECKING:
    from PyQt6.QtGui import QColor

ACTS = frozenset({Status.ERROR, Status.WARNING, Status.DOUBT})
"""The states in which a person must act, in a column that says so."""

ROW, TWO_LINE_ROW = 36, 54
"""Heights of rows; to go through ``u``."""

_PAD, _BOX, _CHIP_RIGHT = 12, 18, 8
_BAR, _BAR_INSET = 3, 5
_EMPTY_PICTURE = 36

_WORDS = int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine | Qt.TextFlag.TextDontClip)
_LEFT, _RIGHT = _WORDS | int(Qt.AlignmentFlag.AlignLeft), _WORDS | int(Qt.AlignmentFlag.AlignRight)
_SELECTED, _ENABLED = QStyle.StateFlag.State_Selected.value, QStyle.StateFlag.State_Enabled.value
_TICK_STATES = {
    (ticked, enabled): (QStyle.StateFlag.State_On if ticked else QStyle.StateFlag.State_Off)
    | (QStyle.StateFlag.State_Enabled if enabled else QStyle.StateFlag.State_None)
    for ticked in (True, False)
    for enabled in (True, False)
}
_CUT_KEPT = 4000
"""So many cut words are kept; a view shows some hundreds."""


@dataclass(slots=True)
class Cell:
    """What a cell shows.

    Attributes:
        text: its words, one line; cut where there is no room.
        second: a second line, smaller and quiet; "": none.
        status: the state whose picture stands before the words.
        icon: another picture that stands there.
        acts: whether a person must act if the state says so: then it has a tinted ground.
        checked: whether the box to tick is ticked; None: there is none.
        strong: whether the first line names the row.
        soft: whether the words are quiet.
        struck: whether the first line is struck through.
        size: of the first line.
        right: whether the words stand at the right.
    """

    text: str
    second: str = ""
    status: Status | None = None
    icon: QIcon | None = None
    acts: bool = False
    checked: bool | None = None
    strong: bool = False
    soft: bool = False
    struck: bool = False
    size: Type = Type.TEXT
    right: bool = False


def cell_of_roles(index: QModelIndex) -> Cell:
    """Returns what a cell of any model shows, by Qt's roles: words, picture, tick, and a bold font for what names a row."""
    icon, own = index.data(Qt.ItemDataRole.DecorationRole), index.data(Qt.ItemDataRole.FontRole)
    aligned = index.data(Qt.ItemDataRole.TextAlignmentRole)
    return Cell(
        str(index.data() or ""),
        icon=icon if isinstance(icon, QIcon) and not icon.isNull() else None,
        checked=_checked(index),
        strong=isinstance(own, QFont) and own.bold(),
        right=aligned is not None and bool(Qt.AlignmentFlag(aligned) & Qt.AlignmentFlag.AlignRight),
    )


def _checked(index: QModelIndex) -> bool | None:
    state = index.data(Qt.ItemDataRole.CheckStateRole)
    return None if state is None else Qt.CheckState(state) is Qt.CheckState.Checked


class _Sizes:
    """Sizes and fonts as long as the text's size stays."""

    def __init__(self) -> None:
        self.pad, self.box, self.picture, self.gap = u(_PAD), u(_BOX), u(PICTURE), u(GAP)
        self.chip, self.chip_left, self.chip_right = u(HEIGHT), u(SIDE), u(_CHIP_RIGHT)
        self.bar, self.inset, self.radius = u(_BAR), u(_BAR_INSET), u(BUTTON_RADIUS)
        self.row, self.two_line_row = u(ROW), u(TWO_LINE_ROW)
        self._fonts: dict[tuple[Type, bool, bool], tuple[QFont, QFontMetrics]] = {}
        self._cut: dict[tuple[str, int, int], str] = {}

    def font(self, size: Type, *, strong: bool = False, struck: bool = False) -> tuple[QFont, QFontMetrics]:
        key = (size, strong, struck)
        found = self._fonts.get(key)
        if found is None:
            made = font(size, strong=strong)
            made.setStrikeOut(struck)
            found = self._fonts[key] = (made, QFontMetrics(made))
        return found

    def cut(self, words: str, metrics: QFontMetrics, width: int) -> str:
        """Returns as much of a line as there is room for; the metrics are those that ``font`` gave."""
        key = (words, id(metrics), width)
        found = self._cut.get(key)
        if found is None:
            if len(self._cut) >= _CUT_KEPT:
                self._cut.clear()
            found = self._cut[key] = metrics.elidedText(words, Qt.TextElideMode.ElideRight, width)
        return found


class RowDelegate(QStyledItemDelegate):
    """Draws the cells of a table or tree, and tells the words of a cell that is cut.

    Args:
        view: the table or tree; it tells ``hover`` the row under the mouse.
        cell_of: what a cell shows.
    """

    def __init__(self, view: QAbstractItemView, cell_of: Callable[[QModelIndex], Cell | None] = cell_of_roles) -> None:
        super().__init__(view)
        self._view = view
        self._cell_of = cell_of
        self._sizes: _Sizes | None = None
        self._row = -1
        self._parent = QModelIndex()
        self._box = QStyleOptionViewItem()  # one for all cells

    # The row under the mouse

    def hover(self, index: QModelIndex) -> None:
        """Marks the row under the mouse, an invalid index: none; paints the row that was marked and the one that is."""
        row, parent = index.row(), index.parent()
        if row == self._row and parent == self._parent:
            return
        before, self._row, self._parent = self._marked(), row, parent
        for one in (before, index):
            if one.isValid():
                self._update_row(one)

    def is_hovered(self, index: QModelIndex) -> bool:
        """Returns whether the mouse is over the row of a cell."""
        return index.row() == self._row and index.parent() == self._parent

    def _marked(self) -> QModelIndex:
        model = self._view.model()
        return model.index(self._row, 0, self._parent) if model is not None and self._row >= 0 else QModelIndex()

    def _update_row(self, index: QModelIndex) -> None:
        viewport, area = self._view.viewport(), self._view.visualRect(index)
        if viewport is not None and not area.isEmpty():
            viewport.update(0, area.top(), viewport.width(), area.height())

    # Sizes

    def forget_sizes(self) -> None:
        """Measures anew; the text's size is another now."""
        self._sizes = None

    @property
    def _now(self) -> _Sizes:
        if self._sizes is None:
            self._sizes = _Sizes()
        return self._sizes

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Returns the room in which nothing of a cell is cut."""
        sizes, cell = self._now, self._cell_of(index)
        if cell is None:
            return QSize(2 * sizes.pad, sizes.row)
        width = max(self._widths(cell))
        if width and cell.status is not None:
            width += sizes.chip_right
        return QSize(2 * sizes.pad + self._before_words(cell) + width, sizes.two_line_row if cell.second else sizes.row)

    def _widths(self, cell: Cell) -> tuple[int, int]:
        first = self._now.font(cell.size, strong=cell.strong)[1].horizontalAdvance(cell.text)
        return first, self._now.font(Type.SECOND)[1].horizontalAdvance(cell.second) if cell.second else 0

    def _before_words(self, cell: Cell) -> int:
        sizes = self._now
        before = sizes.box + sizes.gap if cell.checked is not None else 0
        return before + (sizes.picture + sizes.gap if cell.status is not None or cell.icon is not None else 0)

    # Painting

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paints a cell and its part of the row's ground."""
        if painter is None:
            return
        option = as_kind(option, QStyleOptionViewItem)
        area, state = option.rect, option.state.value
        chosen = bool(state & _SELECTED)
        self.paint_cell_ground(painter, area, index, chosen=chosen)
        cell = self._cell_of(index)
        if cell is not None:
            self._paint_cell(painter, area, cell, chosen=chosen, enabled=bool(state & _ENABLED))

    def paint_cell_ground(self, painter: QPainter, area: QRect, index: QModelIndex, *, chosen: bool) -> None:
        """Paints a cell's part of the row's ground; where a row is more than its cells, in a tree, the view paints it."""
        model = index.model()
        last = model is not None and index.row() == model.rowCount(index.parent()) - 1
        self.paint_ground(painter, area, index, chosen=chosen, last=last)

    def paint_ground(self, painter: QPainter, area: QRect, index: QModelIndex, *, chosen: bool, last: bool) -> None:
        """Paints a part of a row's ground: chosen, under the mouse or neither; the bar in the first column, the line below.

        Args:
            painter: of the viewport.
            area: the part.
            index: a cell of the row.
            chosen: whether the row is chosen.
            last: whether no row follows: then there is no line.
        """
        now, sizes = tokens(), self._now
        if chosen:
            painter.fillRect(area, now.chosen)
        elif index.row() == self._row and self.is_hovered(index):
            painter.fillRect(area, now.hover)
        if not last:
            horizontal_line(painter, area.left(), area.bottom(), area.width(), now.line)
        if chosen and index.column() == 0:
            bar = now.on_chosen if now.high_contrast else now.accent
            painter.fillRect(area.left(), area.top() + sizes.inset, sizes.bar, area.height() - 2 * sizes.inset, bar)

    def _paint_cell(self, painter: QPainter, area: QRect, cell: Cell, *, chosen: bool, enabled: bool) -> None:
        now, sizes = tokens(), self._now
        left, right, middle = area.left() + sizes.pad, area.right() + 1 - sizes.pad, area.top() + area.height() // 2
        if cell.checked is not None:
            self._paint_box(painter, QRect(left, middle - sizes.box // 2, sizes.box, sizes.box), cell.checked, enabled=enabled)
            left += sizes.box + sizes.gap
        if cell.status is not None or cell.icon is not None:
            if cell.acts and cell.status in ACTS and not chosen:
                self._paint_chip(painter, QRect(left, area.top(), right - left, area.height()), cell)
            self._paint_picture(painter, QRect(left, middle - sizes.picture // 2, sizes.picture, sizes.picture), cell, chosen=chosen)
            left += sizes.picture + sizes.gap
        if not enabled:
            first, second = now.disabled, now.disabled
        elif chosen:
            first, second = now.on_chosen, now.on_chosen
        else:
            first, second = now.soft if cell.soft else now.text, now.soft
        self._paint_words(painter, QRect(left, area.top(), max(0, right - left), area.height()), cell, first, second)

    def _paint_words(self, painter: QPainter, area: QRect, cell: Cell, first: QColor, second: QColor) -> None:
        flags, width = _RIGHT if cell.right else _LEFT, area.width()
        written, metrics = self._now.font(cell.size, strong=cell.strong, struck=cell.struck)
        height, top = area.height(), area.top()
        if cell.second:
            below, small = self._now.font(Type.SECOND)
            above, room = metrics.height(), small.height()
            top += (height - above - room) // 2
            height = above
            painter.setFont(below)
            painter.setPen(second)
            words = self._now.cut(cell.second, small, width)
            painter.drawText(area.left(), top + above, width, room, flags, words)
        painter.setFont(written)
        painter.setPen(first)
        painter.drawText(area.left(), top, width, height, flags, self._now.cut(cell.text, metrics, width))

    def _paint_box(self, painter: QPainter, area: QRect, ticked: bool, *, enabled: bool) -> None:
        style, box = self._view.style(), self._box
        if style is None:
            return
        box.rect = area
        box.palette = self._view.palette()
        box.state = _TICK_STATES[ticked, enabled]
        style.drawPrimitive(QStyle.PrimitiveElement.PE_IndicatorItemViewItemCheck, box, painter, self._view)

    def _paint_chip(self, painter: QPainter, area: QRect, cell: Cell) -> None:
        sizes, status = self._now, cell.status
        if status is None:
            return
        width = sizes.chip_left + sizes.picture + sizes.gap + max(self._widths(cell)) + sizes.chip_right
        height = area.height() - 2 * sizes.inset if cell.second else sizes.chip
        room = min(width, sizes.chip_left + area.width() + sizes.pad)
        chip = QRect(area.left() - sizes.chip_left, area.top() + (area.height() - height) // 2, room, height)
        rounded(painter, chip, sizes.radius, ground=tokens().of(STATUS_GROUNDS[status]))

    def _paint_picture(self, painter: QPainter, area: QRect, cell: Cell, *, chosen: bool) -> None:
        now = tokens()
        if chosen and now.high_contrast:  # the picture is drawn for the window's ground, not for the system's chosen rows
            painter.fillRect(area, now.base)
        if cell.status is not None:
            paint_status(painter, area, cell.status)
        elif cell.icon is not None:
            cell.icon.paint(painter, area)

    # Mouse

    def editorEvent(self, event: QEvent | None, model: QAbstractItemModel | None, option: QStyleOptionViewItem, index: QModelIndex) -> bool:
        """Turns a tick round by a click on its box or close to it; the rest of the row only chooses."""
        if not isinstance(event, QMouseEvent) or event.button() is not Qt.MouseButton.LeftButton or model is None:
            return False
        ticked, can = _checked(index), Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled
        reach = 2 * self._now.pad + self._now.box  # the box, and as much room beyond it as before it
        x = event.position().x() - option.rect.left()
        if ticked is None or index.flags() & can != can or not 0 <= x < reach:
            return False
        if event.type() == QEvent.Type.MouseButtonRelease:
            return model.setData(index, Qt.CheckState.Unchecked if ticked else Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
        return event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick)

    def helpEvent(self, event: QHelpEvent | None, view: QAbstractItemView | None, option: QStyleOptionViewItem, index: QModelIndex) -> bool:
        """Tells, where the mouse rests, the words of a cell that are cut, and what the column tells of it."""
        if event is None or view is None or event.type() != QEvent.Type.ToolTip:
            return super().helpEvent(event, view, option, index)
        told = self.tip_of(index, option.rect.width())
        QToolTip.showText(event.globalPos(), told, view.viewport())
        return bool(told)

    def tip_of(self, index: QModelIndex, width: int) -> str:
        """Returns the tooltip of a cell that is so many pixels wide, or ""."""
        cell = self._cell_of(index) if index.isValid() else None
        if cell is None:
            return ""
        room, more = width - 2 * self._now.pad - self._before_words(cell), str(index.data(Qt.ItemDataRole.ToolTipRole) or "")
        lines = zip((cell.text, cell.second), self._widths(cell), strict=True)
        cut = [line for line, needed in lines if needed > room and line not in more]
        return as_plain("\n".join((*cut, *((more,) if more else ()))))


def as_plain(text: str) -> str:
    """Returns a text for a tooltip that Qt takes as it is written, even if it looks like marked-up text."""
    return f"<p>{escape(text)}</p>".replace("\n", "<br>") if "<" in text else text


def paint_empty(viewport: QWidget, picture: str | Status, title: str, sentence: str) -> int:
    """Paints into an empty table or tree why it is empty, to be called while it is painted.

    Args:
        viewport: where.
        picture: a line picture or a state, 36 pixels large, one with a tick green; "": none.
        title: a few words, or "".
        sentence: a sentence, or "".

    Returns:
        the first free pixel below, for a button.
    """
    now, area = tokens(), viewport.rect()
    side, width = u(_EMPTY_PICTURE), max(0, min(area.width() - 2 * u(24), u(560)))
    left = (area.width() - width) // 2
    heads, words = QFontMetrics(font(Type.CARD, strong=True)), QFontMetrics(font())
    flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)
    lines = [(text, metrics, metrics.boundingRect(0, 0, width, 10_000, flags, text).height() if text else 0)
             for text, metrics in ((title, heads), (sentence, words))]  # fmt: skip
    high = sum(height + u(8) for _text, _metrics, height in lines if height) + (side + u(8) if picture else 0)
    top = max(u(12), (area.height() - high) // 3)
    painter = QPainter(viewport)
    if picture:
        square = QRect((area.width() - side) // 2, top, side, side)
        if isinstance(picture, Status):
            paint_status(painter, square, picture)
        else:
            paint_icon(painter, square, picture, now.ok if picture.endswith("check") else now.soft)
        top += side + u(8)
    for (text, _metrics, height), written, colour in zip(lines, (font(Type.CARD, strong=True), font()), (now.text, now.soft), strict=True):
        if text:
            painter.setFont(written)
            painter.setPen(colour)
            painter.drawText(left, top, width, height, flags, text)
            top += height + u(8)
    painter.end()
    return top
