"""Where a context menu opens and what it is about: by the mouse what lies under it, by the keyboard what is chosen."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QPoint
from PyQt6.QtGui import QContextMenuEvent
from PyQt6.QtWidgets import QAbstractItemView


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
