"""Tabs over one table, in its card: each shows other rows of the same list."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QTabBar, QWidget

from ui.widgets.card import Card, card_around, line
from ui.widgets.layout import column, row


class ViewTabs(QTabBar):
    """What is shown of a list, to choose from; asked as a list to choose from is asked.

    Args:
        name: the accessible name.
        parent: the widget it stands in.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setUsesScrollButtons(True)
        self.setElideMode(Qt.TextElideMode.ElideNone)

    def fill(self, choices: Iterable[tuple[str, object]], changed: Callable[[], object]) -> None:
        """Fills in what is read and what it stands for; ``changed`` is called when a person chooses another."""
        for title, value in choices:
            self.insertItem(self.count(), title, value)
        self.currentChanged.connect(lambda _place: changed())

    def insertItem(self, place: int, title: str, value: object) -> None:
        """Adds a choice."""
        self.setTabData(self.insertTab(place, title.replace("&", "&&")), value)

    def removeItem(self, place: int) -> None:
        """Takes a choice away."""
        self.removeTab(place)

    def currentData(self) -> object:
        """Returns what the chosen tab stands for."""
        return self.tabData(self.currentIndex())


def tabbed_card(tabs: QTabBar, table: QWidget, *beside: QWidget) -> Card:
    """Returns a card with tabs over a table; what stands ``beside`` the tabs is at the right."""
    head = row((tabs, 1), *beside, spacing=12, margins=(8, 0, 16, 0))
    return card_around(column(head, line(), (table, 1), spacing=0))
