"""The base of the dialogs: keys, unsaved changes, busy state, errors, what is remembered."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.support.accessibility import clashing_mnemonics, unnamed_widgets
from tests.ui.keyboard import press, type_text
from tray_agent.errors import KnownError
from ui.widgets.dialog import Dialog
from ui.widgets.fields import Fields
from ui.widgets.message_box import error_window
from ui.windows import DialogContext


class Example(Dialog):
    """A dialog that edits one word."""

    NAME = "example"

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, "Beispiel")
        self.saved: list[str] = []
        self.failure: KnownError | None = None
        form = Fields()
        self.word = QLineEdit()
        self.note = form.add("&Wort", self.word, "Ein Wort zum Ändern.")
        self.body.addLayout(form)
        self.speichern = self.main_action("&Speichern", self.save_and_close)
        self.close_action()

    def has_unsaved_changes(self) -> bool:
        return bool(self.word.text())

    def save(self, then: Callable[[], None]) -> None:
        def work() -> str:
            if self.failure:
                raise self.failure
            return "ok"

        def done(_result: str) -> None:
            self.saved.append(self.word.text())
            then()

        self.run(work, done, busy="Wird gespeichert …")


@pytest.fixture
def dialog(qtbot: QtBot, context: DialogContext) -> Example:
    dialog = Example(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    return dialog


def test_enter_saves_and_closes(qtbot: QtBot, dialog: Example) -> None:
    type_text(dialog.word, "neu")
    press(dialog.word, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert dialog.saved == ["neu"]


def test_escape_closes_without_a_question_when_nothing_changed(qtbot: QtBot, dialog: Example) -> None:
    press(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert dialog.saved == []


@pytest.mark.parametrize(
    ("answer", "visible", "saved"),
    [
        (QMessageBox.StandardButton.Cancel, True, []),
        (QMessageBox.StandardButton.Discard, False, []),
        (QMessageBox.StandardButton.Save, False, ["x"]),
    ],
)
def test_unsaved_changes_are_asked_for(
    qtbot: QtBot, dialog: Example, monkeypatch: pytest.MonkeyPatch, answer: QMessageBox.StandardButton, visible: bool, saved: list[str]
) -> None:
    monkeypatch.setattr(dialog, "ask_unsaved", lambda: answer)
    dialog.word.setText("x")

    dialog.close()

    qtbot.waitUntil(lambda: dialog.context.background.idle)
    assert dialog.isVisible() is visible
    assert dialog.saved == saved


def test_failed_saving_keeps_the_window_and_says_why(qtbot: QtBot, dialog: Example) -> None:
    dialog.failure = KnownError("Datenbank nicht erreichbar", "Nichts wurde gespeichert.", "Später noch einmal.")
    dialog.word.setText("x")

    dialog.speichern.click()

    qtbot.waitUntil(lambda: not dialog.is_busy)
    assert dialog.isVisible()
    assert dialog.banner.text == "Datenbank nicht erreichbar Nichts wurde gespeichert. Später noch einmal."


def test_busy_window_can_still_be_closed_and_gives_the_focus_back(qtbot: QtBot, dialog: Example) -> None:
    go_on = threading.Event()
    dialog.word.setFocus()
    dialog.run(lambda: go_on.wait(10), lambda _result: None, busy="Wird geprüft …")

    assert not dialog.word.isEnabled()
    assert not dialog.speichern.isEnabled()
    assert next(button for button in dialog.findChildren(QPushButton) if button.text() == "Abbrechen").isEnabled()

    go_on.set()
    qtbot.waitUntil(lambda: not dialog.is_busy)
    assert dialog.word.isEnabled()
    assert dialog.focusWidget() is dialog.word


def test_window_that_reads_while_it_opens_begins_at_its_first_field(qtbot: QtBot, context: DialogContext) -> None:
    go_on = threading.Event()
    dialog = Example(context)
    qtbot.addWidget(dialog)
    dialog.run(lambda: go_on.wait(60), lambda _result: None, busy="Wird gelesen …")
    dialog.show()
    qtbot.waitExposed(dialog)
    assert dialog.focusWidget() is not dialog.word
    go_on.set()
    qtbot.waitUntil(lambda: not dialog.is_busy, timeout=20_000)
    assert dialog.focusWidget() is dialog.word


def test_what_was_disabled_before_stays_disabled_after_work(qtbot: QtBot, dialog: Example) -> None:
    dialog.speichern.setEnabled(False)
    dialog.run(lambda: None, lambda _result: None, busy="Wird geprüft …")

    qtbot.waitUntil(lambda: not dialog.is_busy)
    assert not dialog.speichern.isEnabled()


def test_size_is_remembered(qtbot: QtBot, dialog: Example, context: DialogContext) -> None:
    dialog.resize(700, 333)
    dialog.done(0)

    again = Example(context)
    qtbot.addWidget(again)
    assert (again.width(), again.height()) == (700, 333)


def test_note_beside_a_field(dialog: Example) -> None:
    assert dialog.note.isHidden()
    dialog.note.say("Das Wort fehlt.")
    assert not dialog.note.isHidden()
    assert dialog.note.accessibleName() == "Das Wort fehlt."


def test_walk_finds_a_widget_without_a_name(qtbot: QtBot, dialog: Example) -> None:
    assert unnamed_widgets(dialog) == []
    QLineEdit(dialog)
    assert len(unnamed_widgets(dialog)) == 1


def test_walk_finds_clashing_mnemonics(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    QCheckBox("&Eins", window)
    assert clashing_mnemonics(window) == []
    QCheckBox("Zw&ei", window)
    assert clashing_mnemonics(window) == ["e: 2 widgets"]


def test_a_mnemonic_reaches_a_field_within_a_holder(qtbot: QtBot) -> None:
    window, holder, line = QWidget(), QWidget(), QLineEdit()
    row = QHBoxLayout(holder)
    row.addWidget(line)
    row.addWidget(QPushButton("Wählen …"))
    holder.setFocusProxy(line)
    form = Fields()
    window.setLayout(form)
    form.add("&Zuerst", QLineEdit())
    form.add("&Adresse", holder, "Wo er ist.")
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    press(window, Qt.Key.Key_A, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(line.hasFocus)
    assert (line.accessibleName(), line.accessibleDescription()) == ("Adresse", "Wo er ist.")


def away() -> KnownError:
    """Returns an error behind which something technical stands."""
    error = KnownError("Datenbank nicht erreichbar", "Die Datenbank antwortet nicht.", "Netzwerk prüfen.")
    error.__cause__ = OSError("connection to 10.0.0.7 refused, password=Sommer2026")
    return error


def test_what_lies_behind_an_error_is_told_on_demand_and_without_secrets(qtbot: QtBot, dialog: Example) -> None:
    dialog.show_error(away())
    banner = dialog.banner
    assert banner.more.isVisibleTo(dialog)
    assert not banner.details.isVisibleTo(dialog)
    banner.more.click()
    assert banner.details.isVisibleTo(dialog)
    assert "OSError: connection to" in banner.details.toPlainText()
    assert "Sommer2026" not in banner.details.toPlainText()
    assert unnamed_widgets(dialog) == []
    dialog.show_error(KnownError("Nicht gespeichert", "Der Wert ist zu gross.", "Kleineren wählen."))
    assert not banner.details.isVisibleTo(dialog)
    assert not banner.more.isVisibleTo(dialog)


def test_an_error_without_a_window_has_its_details_too(qtbot: QtBot) -> None:
    box = error_window(away())
    qtbot.addWidget(box)
    assert "OSError: connection to" in box.detailedText()
    assert "Sommer2026" not in box.detailedText()
    plain = error_window(KnownError("Nicht gespeichert", "Der Wert ist zu gross."))
    qtbot.addWidget(plain)
    assert plain.detailedText() == ""
