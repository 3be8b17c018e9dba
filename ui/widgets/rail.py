"""The rail at a window's left: every way into the program, with what waits there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QEvent, QRect, QSize, Qt
from PyQt6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PyQt6.QtWidgets import QMenu, QPushButton, QSizePolicy, QWidget

from tray_agent.i18n import _
from tray_agent.tray.model import Action
from ui.look.drawing import PILL_RADIUS, chevron, rounded
from ui.look.scale import Type, font, u
from ui.look.tokens import tokens
from ui.models.rail import Entry, PillKind
from ui.widgets.card import line
from ui.widgets.controls import fill_menu
from ui.widgets.layout import clear, column
from ui.widgets.mnemonics import with_mnemonics
from ui.widgets.painted import ENTRY_GAP, ENTRY_HEIGHT, ENTRY_PICTURE, ENTRY_SIDE, paint_entry

WIDTH = 202
"""At the least; wider where an entry needs it."""

_PILL, _CHEVRON = 20, 8

_PILLS = {PillKind.WAITS: "error", PillKind.NEW: "info", PillKind.LOW: "warning"}
"""The token of a pill's words; its ground is of the same name."""


class RailEntry(QPushButton):
    """One entry. Its letter is underlined for who works by keys alone."""

    def __init__(self, entry: Entry, marked: str, choose: Callable[[Action], object]) -> None:
        super().__init__(marked)
        self.entry = entry
        self.setAutoDefault(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"{entry.label}, {entry.pill.words}" if entry.pill else entry.label)
        self.setEnabled(entry.enabled)
        if not entry.enabled:
            self.setToolTip(_("Solange nichts eingerichtet ist, gibt es hier nichts zu sehen. Zuerst «Einrichten» wählen."))
        if entry.children:
            menu = QMenu(entry.label, self)
            fill_menu(menu, entry.children, choose)
            self.setMenu(menu)
        elif entry.action is not None:
            action = entry.action
            self.clicked.connect(lambda _checked: choose(action))

    def sizeHint(self) -> QSize:
        """Returns the room of picture, words and pill."""
        words = QFontMetrics(font()).size(Qt.TextFlag.TextShowMnemonic, self.text()).width()
        pill = u(ENTRY_GAP) + self._pill_width() if self.entry.pill else 0
        arrow = u(ENTRY_GAP + _CHEVRON) if self.entry.children else 0
        return QSize(u(ENTRY_SIDE + ENTRY_PICTURE + ENTRY_GAP) + words + pill + arrow + u(8), u(ENTRY_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        """Returns the same: no entry is cut."""
        return self.sizeHint()

    def _pill_width(self) -> int:
        text = self.entry.pill.text if self.entry.pill else ""
        return max(u(_PILL), QFontMetrics(font(Type.SMALL, strong=True)).horizontalAdvance(text) + u(12))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the entry."""
        del event
        area, entry = self.rect(), self.entry
        painter = QPainter(self)
        held, over, usable = self.isDown(), self.underMouse(), self.isEnabled()
        room = paint_entry(painter, area, entry.icon, current=entry.current, over=over, pressed=held, usable=usable)
        window = self.window()
        by_keys = window is not None and window.testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
        letter = Qt.TextFlag.TextShowMnemonic if by_keys else Qt.TextFlag.TextHideMnemonic
        painter.drawText(
            room.adjusted(0, 0, -u(8), 0), int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | letter), self.text()
        )
        if entry.children:
            arrow = QRect(area.right() - u(_CHEVRON + 8), 0, u(_CHEVRON), area.height())
            chevron(painter, arrow, Qt.ArrowType.RightArrow, tokens().soft, u(_CHEVRON))
        if entry.pill:
            self._paint_pill(painter)
        painter.end()

    def _paint_pill(self, painter: QPainter) -> None:
        pill, now, height = self.entry.pill, tokens(), u(_PILL)
        if pill is None:
            return
        name, width = _PILLS[pill.kind], self._pill_width()
        place = QRect(self.width() - u(8) - width, (self.height() - height) // 2, width, height)
        rounded(painter, place, u(PILL_RADIUS), ground=now.of(f"{name}_ground"))
        painter.setFont(font(Type.SMALL, strong=True))
        painter.setPen(now.of(name))
        painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), pill.text)


class Rail(QWidget):
    """Groups of entries, the last at the foot.

    Args:
        choose: called with what a person chose.
        taken: letters that the rest of the window uses.
    """

    def __init__(self, choose: Callable[[Action], object], taken: str = "") -> None:
        super().__init__()
        self._choose, self._taken = choose, taken
        self._groups: tuple[tuple[Entry, ...], ...] = ()
        self._entries = column(spacing=2, margins=(8, 12, 4, 12))
        self.setLayout(self._entries)

    def show_groups(self, groups: tuple[tuple[Entry, ...], ...]) -> None:
        """Shows the entries; where only what waits is another, they stay where they are."""
        if groups == self._groups:
            return
        self._groups = groups
        focused = next((button.entry.icon for button in self.entries if button.hasFocus()), "")
        clear(self._entries)
        every = [entry for group in groups for entry in group]
        marked = iter(with_mnemonics([entry.label for entry in every], self._taken))
        *upper, foot = groups
        for place, group in enumerate(upper):
            if place:
                self._entries.addSpacing(u(6))
                self._entries.addWidget(line())
                self._entries.addSpacing(u(6))
            self._add(group, [next(marked) for _one in group])
        self._entries.addStretch(1)
        self._add(foot, [next(marked) for _one in foot])
        for button in self.entries:
            if button.entry.icon == focused:
                button.setFocus()
        self.setMinimumWidth(self._least())

    def _add(self, group: Sequence[Entry], marked: Sequence[str]) -> None:
        for entry, label in zip(group, marked, strict=True):
            self._entries.addWidget(RailEntry(entry, label, self._choose))

    @property
    def entries(self) -> list[RailEntry]:
        """Returns the entries that are shown, the first on top."""
        found = (self._entries.itemAt(place) for place in range(self._entries.count()))
        widgets = (item.widget() for item in found if item is not None)
        return [widget for widget in widgets if isinstance(widget, RailEntry)]

    def _least(self) -> int:
        widest = max((button.sizeHint().width() for button in self.entries), default=0)
        margins = self._entries.contentsMargins()
        return max(u(WIDTH), widest + margins.left() + margins.right())

    def changeEvent(self, event: QEvent | None) -> None:
        """Takes the width of another font."""
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.FontChange:
            self.setMinimumWidth(self._least())
