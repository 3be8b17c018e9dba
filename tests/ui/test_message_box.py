"""Small messages and questions: bold where they say what it is about, in lines that are easy to read, without icons on buttons."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QMessageBox
from pytestqt.qtbot import QtBot

from tray_agent.errors import KnownError
from ui.widgets.message_box import CHARACTERS, error_window, make_readable

LONG = "Die Datenbank SRV1 antwortet nicht. Bis sie wieder da ist, wird nichts gesendet und nichts heruntergeladen."


def label(box: QMessageBox, name: str) -> QLabel:
    found = box.findChild(QLabel, name)
    assert found is not None
    return found


def test_a_long_message_has_lines_of_a_good_width(qtbot: QtBot) -> None:
    box = error_window(KnownError("Datenbank nicht erreichbar", LONG, "Netzwerk prüfen."))
    qtbot.addWidget(box)
    title, told = label(box, "qt_msgbox_label"), label(box, "qt_msgbox_informativelabel")
    assert title.font().bold()
    assert not told.font().bold()
    assert told.minimumWidth() == CHARACTERS * told.fontMetrics().averageCharWidth()
    assert told.text() == f"{LONG}\n\nNetzwerk prüfen."


def test_a_short_message_stays_small(qtbot: QtBot) -> None:
    box = QMessageBox(QMessageBox.Icon.Question, "", "Löschen?")
    qtbot.addWidget(box)
    make_readable(box)
    title = label(box, "qt_msgbox_label")
    assert title.minimumWidth() < 20 * title.fontMetrics().averageCharWidth()


@pytest.mark.parametrize("length", [40, 57, 70, 90, 200])
def test_no_first_text_is_cut_off(qtbot: QtBot, length: int) -> None:
    box = QMessageBox(QMessageBox.Icon.Question, "", ("Ausführen und andere aussperren? " * 7)[:length])
    qtbot.addWidget(box)
    box.setInformativeText("Sie arbeiten erst wieder, wenn sie folgen.")
    make_readable(box)
    box.show()
    first = label(box, "qt_msgbox_label")
    assert first.wordWrap() or first.fontMetrics().horizontalAdvance(first.text()) <= first.width()
    flags = int(Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap)
    assert first.fontMetrics().boundingRect(first.contentsRect(), flags, first.text()).height() <= first.height()


def test_no_button_has_an_icon(qtbot: QtBot) -> None:
    box = error_window(KnownError("Nicht gespeichert", "Der Wert ist zu gross."))
    qtbot.addWidget(box)
    box.show()
    assert [button.icon().isNull() for button in box.buttons()] == [True]
    assert box.button(QMessageBox.StandardButton.Ok) is not None
