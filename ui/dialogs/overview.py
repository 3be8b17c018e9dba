"""The window *Übersicht*: the state in words and every way into the program; for desktops without a tray the main window."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QGridLayout, QGroupBox, QLabel, QMenu, QPushButton

from tray_agent.i18n import _
from tray_agent.tray.model import DialogName, MenuItem, OpenDialog, TrayState
from ui.widgets.controls import fill_menu
from ui.widgets.dialog import Dialog
from ui.widgets.icons import tray_icon
from ui.widgets.layout import GRID, button, clear, column, row
from ui.widgets.notes import plain_label
from ui.windows import DialogContext

_BUTTON_COLUMNS = 2


class OverviewDialog(Dialog):
    """The state, and the tray's menu as buttons."""

    SIZE = (520, 560)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Übersicht"))
        self._picture = QLabel()
        self._picture.setFixedSize(56, 56)
        self._word = QLabel()
        font = self._word.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.25)
        self._word.setFont(font)
        self._state = plain_label()
        self._groups = column()
        words = column(self._word, self._state, spacing=-1)
        self.body.addLayout(row((self._picture, Qt.AlignmentFlag.AlignTop), (words, 1), spacing=2 * GRID))
        self.body.addLayout(self._groups)
        self.body.addStretch(1)
        self._menu: tuple[MenuItem, ...] = ()
        self._close = self.close_action(_("&Schliessen"))
        context.windows.state.changed.connect(self.show_state)
        if context.windows.state.current is not None:
            self.show_state(context.windows.state.current)

    def show_state(self, state: TrayState) -> None:
        """Shows the state of the tray; the window follows every change."""
        self._picture.setPixmap(tray_icon(state.look, state.number).pixmap(48, 48))
        self._picture.setAccessibleName(state.word)
        self._word.setText(state.word)
        self._state.setText("\n".join(state.details))
        if state.menu != self._menu:
            self._menu = state.menu
            self._fill(state.menu)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Makes room for what there is to say already."""
        super().showEvent(event)
        self._grow()

    def event(self, event: QEvent | None) -> bool:
        """Makes room when what the window shows needs another height."""
        done = super().event(event)
        if event is not None and event.type() == QEvent.Type.LayoutRequest and self.isVisible():
            self._grow()
        return done

    def _grow(self) -> None:
        """Makes room for a longer state: Qt would squeeze the buttons, because a text that wraps tells no height of its own."""
        layout, screen = self.layout(), self.screen()
        if layout is None or screen is None:
            return
        needed = min(layout.totalHeightForWidth(self.width()), screen.availableGeometry().height())
        if needed > self.height():
            self.resize(self.width(), needed)

    def _fill(self, menu: tuple[MenuItem, ...]) -> None:
        clear(self._groups)
        groups = _split(menu)
        labels = [item.label for items in groups for item in items]
        marked = dict(zip(labels, with_mnemonics(labels, "".join(mnemonic_of(self._close.text()))), strict=True))
        for title, items in zip((_("Arbeiten"), _("Einstellungen"), _("Agent"), _("Programm")), groups, strict=False):
            self._groups.addWidget(self._group(title, items, marked))

        first = self._groups.itemAt(0)
        group = first.widget() if first is not None else None
        entry = group.findChild(QPushButton) if group is not None else None
        if entry is not None and not self.isVisible():
            entry.setFocus()

    def _group(self, title: str, items: list[MenuItem], marked: Mapping[str, str]) -> QGroupBox:
        group = QGroupBox(title, self)
        grid = QGridLayout(group)
        grid.setSpacing(GRID)
        for place, item in enumerate(items):
            grid.addWidget(self._entry_button(item, marked[item.label]), place // _BUTTON_COLUMNS, place % _BUTTON_COLUMNS)
        for place in range(_BUTTON_COLUMNS):
            grid.setColumnStretch(place, 1)
        return group

    def _entry_button(self, item: MenuItem, label: str) -> QPushButton:
        entry = button(label, lambda: None if item.action is None else self.context.windows.state.chosen.emit(item.action), self)
        entry.setAccessibleName(item.label)
        entry.setAutoDefault(False)
        if item.children:
            menu = QMenu(item.label, entry)
            fill_menu(menu, item.children, self.context.windows.state.chosen.emit)
            entry.setMenu(menu)
        return entry


def _split(menu: tuple[MenuItem, ...]) -> list[list[MenuItem]]:
    """Returns the menu's groups without the entry of this window itself."""
    groups: list[list[MenuItem]] = [[]]
    for item in menu:
        if item.is_separator:
            groups.append([])
        elif item.action != OpenDialog(DialogName.OVERVIEW):
            groups[-1].append(item)
    return groups


def mnemonic_of(text: str) -> list[str]:
    """Returns the mnemonic of a text as a list of one small letter, or none."""
    found = re.search(r"&(\w)", text.replace("&&", ""))
    return [found.group(1).lower()] if found else []


def with_mnemonics(labels: Sequence[str], taken: str = "") -> tuple[str, ...]:
    """Returns labels with a mnemonic each, as far as there are letters: the first letter of a word where it is free, else any.

    Args:
        labels: without mnemonics.
        taken: letters that others of the window use.
    """
    used, marked = set(taken.lower()), dict[str, str]()
    for label in sorted(labels, key=lambda label: len(set(label.lower()))):  # those with little to choose from first
        starts = [place for place, letter in enumerate(label) if letter.isalpha() and not label[max(0, place - 1) : place].isalpha()]
        others = [place for place, letter in enumerate(label) if letter.isalpha()]
        place = next((place for place in (*starts, *others) if label[place].lower() not in used), None)
        if place is not None:
            used.add(label[place].lower())
        marked[label] = label if place is None else f"{label[:place]}&{label[place:]}"
    return tuple(marked[label] for label in labels)
