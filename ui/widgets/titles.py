"""The titles of columns, and how columns share the room there is."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QWidget

from ui.look.scale import u

AIR = 8
"""Pixels by which a column is wider than what it holds."""

NARROW = 64
"""A column is not made narrower than this for others, in pixels."""

_TITLE, _STEP = 34, 4


class Titles(QHeaderView):
    """The titles of columns; they stand over the words of their cells."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setMinimumHeight(u(_TITLE))

    def changeEvent(self, event: QEvent | None) -> None:
        """Follows the text's size."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.FontChange:
            self.setMinimumHeight(u(_TITLE))


def shared_widths(held: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Returns the widths of columns within ``room`` pixels.

    Each is as wide as what it holds and not below its least. Where the room is too small, first what goes beyond what is held
    is given back, then the widest columns are cut, step by step, down to a width in which something can still be read. The
    last one counts with no more than a third of the room: it takes what is left, and long sentences are cut anyway.

    Args:
        held: what each column holds, in pixels.
        least: the least width of each, in pixels.
        room: the width of all together.
    """
    held = [*held[:-1], min(held[-1], room // 3)] if held else []
    widths = [max(pair) for pair in zip(held, least, strict=True)]
    while sum(widths) > room and (slack := [width - needed for width, needed in zip(widths, held, strict=True)]) and max(slack) > 0:
        widths[slack.index(max(slack))] -= min(_STEP, max(slack))
    while sum(widths) > room and max(widths) > NARROW:
        widths[widths.index(max(widths))] -= _STEP
    return widths


class ColumnWidths:
    """Makes the columns of a table or tree, once, as wide as what they hold: as soon as there are rows and it is seen.

    Args:
        view: the table or tree.
        titles: its titles.
    """

    def __init__(self, view: QAbstractItemView, titles: QHeaderView) -> None:
        self._view = view
        self._titles = titles
        self._least: tuple[int, ...] | None = None
        self._own: list[int] | None = None

    def fit_when_filled(self, least: Sequence[int] = ()) -> None:
        """Has the columns fitted.

        Args:
            least: widths below which a column goes only where there is no room, in pixels.
        """
        self._least = tuple(least)
        self._own = self._now

    @property
    def are_own(self) -> bool:
        """Returns whether the columns are as wide as was chosen here: nobody dragged them."""
        return self._own is not None and self._own[:-1] == self._now[:-1]

    @property
    def _now(self) -> list[int]:
        return [self._titles.sectionSize(column) for column in range(self._titles.count())]

    def fit(self) -> None:
        """Fits the columns if that was asked for and can be done now; to be called when there are other rows, or they are seen."""
        model, viewport, titles = self._view.model(), self._view.viewport(), self._titles
        if self._least is None or model is None or viewport is None or not self._view.isVisible() or not model.rowCount():
            return
        if self.are_own:
            held = [max(titles.sectionSizeHint(at), self._view.sizeHintForColumn(at)) + AIR for at in range(titles.count())]
            least = (*self._least, *(0,) * len(held))[: len(held)]
            widths = shared_widths(held, least, viewport.width())
            for column, width in enumerate((*widths[:-1], NARROW)):  # the last takes the rest, less a scroll bar that comes only now
                titles.resizeSection(column, width)
            self._own = self._now
        self._least = None
