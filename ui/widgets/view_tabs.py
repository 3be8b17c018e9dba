"""Tabs over one table, in its card: each shows other rows of the same list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QTabBar, QWidget

from tray_agent.i18n import format_number
from ui.look.scale import u
from ui.widgets.card import Card, card_around, line
from ui.widgets.layout import column, row


class ViewTabs(QTabBar):
    """What is shown of a list, to choose from.

    Args:
        name: the accessible name.
        parent: the widget it stands in.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._usual = 0
        self.setAccessibleName(name)
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setUsesScrollButtons(True)
        self.setElideMode(Qt.TextElideMode.ElideNone)

    def fill(self, choices: Iterable[tuple[str, object]], changed: Callable[[], object]) -> None:
        """Fills in what is read and what it stands for; ``changed`` is called when a person chooses another."""
        for title, value in choices:
            self._insert(self.count(), title, value)
        self._usual = self.count()
        self.currentChanged.connect(lambda _place: changed())

    def offer_first(self, title: str, value: object) -> None:
        """Puts a choice that another window asks for before the usual ones and chooses it; one that was put there before goes."""
        if self.count() > self._usual:
            self.removeTab(0)
        self._insert(0, title, value)
        self.setCurrentIndex(0)

    def tell_numbers(self, number_of: Callable[[Any], int]) -> None:
        """Writes beside each tab's words how many rows it shows."""
        for place in range(self.count()):
            title, value = self.tabData(place)
            self.setTabText(place, f"{title}\N{EN SPACE}{format_number(number_of(value))}")

    def forget_numbers(self) -> None:
        """Takes the numbers away while nobody knows them."""
        for place in range(self.count()):
            self.setTabText(place, self.tabData(place)[0])

    def _insert(self, place: int, title: str, value: object) -> None:
        self.setTabData(self.insertTab(place, title), (title, value))

    @property
    def chosen(self) -> Any:  # noqa: ANN401 - whatever it was filled with
        """Returns what the chosen tab stands for."""
        return self.tabData(self.currentIndex())[1]


def tabbed_card(tabs: QTabBar, table: QWidget, *beside: QWidget) -> Card:
    """Returns a card with tabs over a table; what stands ``beside`` the tabs is at the right."""
    head = row((tabs, 1), *beside, spacing=12, margins=(8, 0, 16, 0))
    card = card_around(column(head, line(), (table, 1), spacing=0))
    card.body.setContentsMargins(1, u(2), 1, u(6))
    return card
