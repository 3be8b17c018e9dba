"""How widgets stand beside and below each other: rows and columns written as they are seen, and the fields and buttons in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPaintEvent
from PyQt6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSplitter,
    QSplitterHandle,
    QVBoxLayout,
    QWidget,
)

from ui.look.icons import icon
from ui.look.scale import u

GRID = 8
"""All distances are multiples of this; rows and columns put them through ``u``."""

BETWEEN_CARDS = 12
"""The room between two cards, before ``u``."""

Part = QWidget | QLayout | tuple[QWidget | QLayout, int | Qt.AlignmentFlag] | tuple[str, QWidget] | None
"""What stands in a row or column: a widget or layout, alone or with its stretch or alignment; a label with its field; None: room."""

Margins = tuple[int, int, int, int]
"""Left, top, right, bottom, before ``u``."""

AnyBox = TypeVar("AnyBox", bound=QBoxLayout)


def row(*parts: Part, spacing: int = GRID, margins: Margins | None = None) -> QHBoxLayout:
    """Returns parts beside each other; without ``margins`` a widget's layout has those of the style."""
    return _filled(QHBoxLayout(), parts, spacing, margins)


def column(*parts: Part, spacing: int = GRID, margins: Margins | None = None) -> QVBoxLayout:
    """Returns parts below each other; without ``margins`` a widget's layout has those of the style."""
    return _filled(QVBoxLayout(), parts, spacing, margins)


def held(layout: QLayout, margins: Margins = (0, 0, 0, 0)) -> QWidget:
    """Returns a widget that holds a layout, so that it can be hidden, disabled or scrolled as one."""
    holder = QWidget()
    layout.setContentsMargins(*map(u, margins))
    holder.setLayout(layout)
    return holder


def _filled(box: AnyBox, parts: Iterable[Part], spacing: int, margins: Margins | None) -> AnyBox:
    box.setSpacing(u(spacing))
    if margins is not None:
        box.setContentsMargins(*map(u, margins))
    for part in parts:
        match part:
            case None:
                box.addStretch(1)
            case (str() as words, QWidget() as field):
                box.addWidget(field_label(words, field))
                box.addWidget(field)
            case (inner, Qt.AlignmentFlag() as alignment):
                _add(box, inner, 0, alignment)
            case (inner, int() as stretch):
                _add(box, inner, stretch)
            case _:
                _add(box, part)
    return box


def _add(box: QBoxLayout, part: object, stretch: int = 0, alignment: Qt.AlignmentFlag | None = None) -> None:
    if isinstance(part, QLayout):
        box.addLayout(part, stretch)
    elif isinstance(part, QWidget):
        box.addWidget(part, stretch, alignment or Qt.AlignmentFlag(0))


def clear(layout: QLayout) -> None:
    """Takes all widgets out of a layout; they are not seen, heard or found any more."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()


def field_label(text: str, field: QWidget) -> QLabel:
    """Returns a label whose mnemonic leads to a field; the field gets its words as its accessible name."""
    label = QLabel(text)
    label.setBuddy(field)
    field.setAccessibleName(text.replace("&", "").rstrip(":"))
    return label


def button(text: str, action: Callable[[], object], parent: QWidget | None = None, *, picture: str = "") -> QPushButton:
    """Returns a button and what it does; its text has a mnemonic, and a line picture of ``ui.look.icons`` stands before it."""
    made = QPushButton(text, parent)
    if picture:
        made.setIcon(icon(picture))
    made.clicked.connect(lambda _checked: action())
    return made


def fill_choice(
    box: QComboBox, choices: Iterable[tuple[str, object]], changed: Callable[[], object] = lambda: None, chosen: object = None
) -> QComboBox:
    """Fills a list to choose from and returns it.

    Args:
        box: the list.
        choices: what is read, and what it stands for.
        changed: called when a person chooses another.
        chosen: what is chosen at first, where it is one of them; else the first is.
    """
    for title, value in choices:
        box.addItem(title, value)
    choose(box, chosen)
    box.currentIndexChanged.connect(lambda _index: changed())
    return box


def choose(box: QComboBox, value: object) -> None:
    """Chooses what stands for a value, or the first."""
    # findData() compares as Qt does: values of Python's own are only found where they are the same object
    box.setCurrentIndex(next((place for place in range(box.count()) if box.itemData(place) == value), 0))


class _Splitter(QSplitter):
    """Two cards with nothing drawn between them."""

    def createHandle(self) -> QSplitterHandle:
        """Returns the border that can be moved."""
        return _Border(self.orientation(), self)


class _Border(QSplitterHandle):
    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draws nothing: the room between two cards is seen, and the mouse tells that it can be moved."""


def splitter(
    orientation: Qt.Orientation, first: QWidget, second: QWidget, *, stretch: tuple[int, int], sizes: tuple[int, int] | None = None
) -> QSplitter:
    """Returns two widgets that share a room; a person may move the border between them, but close neither."""
    parts = _Splitter(orientation)
    parts.setHandleWidth(u(BETWEEN_CARDS))
    parts.setChildrenCollapsible(False)
    for place, widget in enumerate((first, second)):
        parts.addWidget(widget)
        parts.setStretchFactor(place, stretch[place])
    if sizes is not None:
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
