"""The tabs over a table and the card below it: what is shown of a list, and what is told of the chosen row."""

from __future__ import annotations

from PyQt6.QtGui import QTextCursor
from PyQt6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from ui.look.apply import show
from ui.look.icons import Status
from ui.look.tokens import DARK, LIGHT
from ui.widgets.details import Details
from ui.widgets.view_tabs import ViewTabs


def told(qtbot: QtBot) -> Details:
    card = Details("Einzelheiten", QPushButton("Stornieren"))
    qtbot.addWidget(card)
    card.resize(600, 160)
    card.tell("Müller Anna", ["Der Termin ist <abgesagt>.", "Sie\nruft an."], Status.WARNING)
    card.show()
    return card


def test_what_is_told_is_never_taken_for_mark_up(qtbot: QtBot) -> None:
    card = told(qtbot)
    assert card.toPlainText() == "Müller Anna\nDer Termin ist <abgesagt>.\nSie\nruft an."
    card.tell()
    assert card.toPlainText() == ""


def test_the_card_looks_in_dark_as_if_it_had_been_opened_in_dark(qtbot: QtBot) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    card = told(qtbot)
    in_light = card.grab().toImage()
    try:
        show(application, DARK)
        QApplication.processEvents()
        switched, fresh = card.grab().toImage(), told(qtbot).grab().toImage()
        assert switched == fresh
        assert switched != in_light
    finally:
        show(application, LIGHT)


def test_what_says_the_same_stays_where_it_is_read(qtbot: QtBot) -> None:
    card = told(qtbot)
    card.tell("Müller Anna", ["Zeile\n" * 60])
    card.words.moveCursor(QTextCursor.MoveOperation.End)
    bar = card.words.verticalScrollBar()
    assert bar is not None
    place = bar.value()
    assert place > 0
    card.tell("Müller Anna", ["Zeile\n" * 60])
    assert bar.value() == place
    card.tell("Müller Anna", ["Zeile\n" * 61])
    assert bar.value() == 0


def test_tabs_tell_their_numbers_and_what_they_stand_for(qtbot: QtBot) -> None:
    chosen: list[int] = []
    tabs = ViewTabs("Anzeigen")
    qtbot.addWidget(tabs)
    tabs.fill((("Alle", 1), ("Offen", 2)), lambda: chosen.append(tabs.chosen))
    assert chosen == []
    tabs.tell_numbers(lambda value: value * 1000)
    assert [tabs.tabText(place) for place in range(2)] == ["Alle\N{EN SPACE}1’000", "Offen\N{EN SPACE}2’000"]
    tabs.forget_numbers()
    assert tabs.tabText(0) == "Alle"
    tabs.setCurrentIndex(1)
    assert chosen == [2]


def test_what_another_window_asks_for_stands_first_and_only_once(qtbot: QtBot) -> None:
    tabs = ViewTabs("Anzeigen")
    qtbot.addWidget(tabs)
    tabs.fill((("Alle", 1), ("Offen", 2)), lambda: None)
    tabs.offer_first("Von heute", 3)
    tabs.setCurrentIndex(2)
    tabs.offer_first("Von gestern", 4)
    assert [tabs.tabText(place) for place in range(tabs.count())] == ["Von gestern", "Alle", "Offen"]
    assert tabs.chosen == 4
