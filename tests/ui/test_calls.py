"""The window *Anrufliste*: ticks and what takes them back, other workstations, what stays where it is, notes, printing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from tests.messages.world import ANNA, TOMORROW_NINE, World, treatment
from tests.support.accessibility import clashing_mnemonics, unnamed_widgets
from tests.ui.keyboard import press, type_text
from tests.ui.test_activity import pages_of
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.machine import PracticeSection
from tray_agent.errors import UnavailableError
from tray_agent.jobs.outlook import Outlook
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.tray.model import DialogName
from ui.dialogs.calls import CallsDialog
from ui.models.calls import CallSign, CallsModel, CallTab, finds
from ui.models.print_outs import PrintOut, letters
from ui.widgets.printing import write_pdf
from ui.windows import DialogContext, factory_of


@pytest.fixture
def practice(agent: Agent, clock: ManualClock) -> World:
    """Gives the agent a small practice in memory, whose outbox is the agent's own."""
    world = World(agent.store, clock)
    agent.__dict__["messages"] = world.service
    agent.__dict__["practice"] = world.practice
    agent.__dict__["person"] = "anna@EMPFANG1"
    return world


def missed(world: World, number: int = 3) -> None:
    """Lets the practice prepare reminders that can't be sent: no mobile number, no e-mail."""
    for place in range(number):
        born = date(1980 + place, 11, 23)
        patient = replace(
            ANNA, id=f"N{place}", last_name=f"Muster{place}", mobile=None, phone=f"044 262 11 2{place} (Tochter)", birth_date=born
        )
        world.practice.put(patient)
        world.book_appointment(f"A{place}", TOMORROW_NINE + timedelta(hours=place), patient.id, doctor="Dr. Meier")
    world.prepare()


@pytest.fixture
def dialog(qtbot: QtBot, context: DialogContext, practice: World) -> Iterator[CallsDialog]:
    """Gives the window with three who are to be called."""
    missed(practice)
    opened = open_window(qtbot, context)
    yield opened
    opened.model.notes.clear()


def open_window(qtbot: QtBot, context: DialogContext) -> CallsDialog:
    opened = CallsDialog(context)
    qtbot.addWidget(opened)
    opened.show()
    settle(qtbot, opened)
    return opened


def settle(qtbot: QtBot, dialog: CallsDialog) -> None:
    qtbot.waitUntil(lambda: dialog.context.background.idle and not dialog.is_busy)


def shown(dialog: CallsDialog) -> list[tuple[str, bool]]:
    return [(row.name, row.is_done) for row in dialog.list.rows]


def titles(dialog: CallsDialog) -> list[str]:
    return [dialog.tabs.tabText(place) for place in range(dialog.tabs.count())]


OPEN = [("Muster0 Anna", False), ("Muster1 Anna", False), ("Muster2 Anna", False)]


def test_it_is_found_by_its_name() -> None:
    assert factory_of(DialogName.CALLS) is CallsDialog


def test_it_shows_who_is_to_be_called_and_why(dialog: CallsDialog) -> None:
    assert shown(dialog) == OPEN
    assert titles(dialog) == ["Offen  3", "Heute erledigt  0", "Alle"]
    row = dialog.list.rows[0]
    assert (row.time, row.day, row.born) == ("09:00", "Di 24.11.", "geb. 23.11.1980 · 46 J.")
    assert (row.phone_words, row.why, row.sign) == (
        ("044 262 11 20", "Festnetz"), ("keine Mobilnummer", "Nur Festnetz hinterlegt"), CallSign.PLANNED,
    )  # fmt: skip
    card = dialog.card
    assert (card.name.text(), card.about.text(), card.number.text(), card.kind.text()) == (
        "Muster0 Anna", "geb. 23.11.1980 · 46 Jahre · Nr. N0", "044 262 11 20", "Festnetz",
    )  # fmt: skip
    assert row.facts == (("Termin", "Dienstag, 24. November, 09:00"), ("Bei", "Dr. Meier"), ("Sprache", "Deutsch"))
    assert "Tochter" not in str(row.phones)


def test_a_tick_saves_at_once_and_the_row_stays_in_its_place(qtbot: QtBot, dialog: CallsDialog, practice: World) -> None:
    dialog.table.selectRow(1)
    press(dialog.table, Qt.Key.Key_Space)
    settle(qtbot, dialog)
    assert [bool(message.handled_at) for message in practice.messages()] == [False, True, False]
    assert shown(dialog) == [OPEN[0], ("Muster1 Anna", True), OPEN[2]]
    assert dialog.list.rows[1].why == ("erledigt", "von anna, 10:00")
    assert titles(dialog) == ["Offen  2", "Heute erledigt  1", "Alle"]
    assert dialog.undo_bar.text == "Muster1 Anna: erledigt von anna, 10:00."
    assert dialog.heading.findChildren(type(dialog.card.name))[1].text().startswith("2 von 3 Patienten sind noch anzurufen.")
    dialog.tabs.setCurrentIndex(1)
    assert shown(dialog) == [("Muster1 Anna", True)]
    dialog.tabs.setCurrentIndex(0)
    assert shown(dialog) == [OPEN[0], OPEN[2]]


def test_a_click_on_the_box_ticks_and_leaves_the_card_as_it_is(qtbot: QtBot, dialog: CallsDialog) -> None:
    area, viewport = dialog.table.visualRect(dialog.list.index(2, 0)), dialog.table.viewport()
    place = QPoint(area.left() + 20, area.center().y())
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)  # type: ignore[call-overload]  # the stub takes the static method for one of an object
    settle(qtbot, dialog)
    assert shown(dialog)[2] == ("Muster2 Anna", True)
    assert dialog.card.name.text() == "Muster0 Anna"


def test_control_z_takes_the_last_act_back(qtbot: QtBot, dialog: CallsDialog, practice: World) -> None:
    before = practice.messages()
    press(dialog.table, Qt.Key.Key_Space)
    settle(qtbot, dialog)
    press(dialog, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, dialog)
    assert shown(dialog) == OPEN
    assert [(one.state, one.handled_at, one.ticked_at) for one in practice.messages()] == [(one.state, None, None) for one in before]
    assert (dialog.undo_bar.text, dialog.undo_bar.button.isVisible()) == ("", False)


def test_taking_a_tick_away_is_taken_back_too(qtbot: QtBot, dialog: CallsDialog) -> None:
    for done in (True, False):
        dialog.card.done_button.click()
        settle(qtbot, dialog)
        assert shown(dialog)[0] == ("Muster0 Anna", done)
    assert dialog.undo_bar.text == "Muster0 Anna: wieder offen."
    dialog.undo_bar.button.click()
    settle(qtbot, dialog)
    assert shown(dialog)[0] == ("Muster0 Anna", True)


def test_not_reached_is_counted_told_and_taken_back(qtbot: QtBot, dialog: CallsDialog, practice: World) -> None:
    for _time in range(2):
        dialog.card.unreached_button.click()
        settle(qtbot, dialog)
    assert dialog.undo_bar.text == "Muster0 Anna: 2-mal nicht erreicht, zuletzt von anna, 10:00."
    assert dialog.list.rows[0].why == ("keine Mobilnummer", "2-mal nicht erreicht, 10:00")
    assert "2-mal nicht erreicht" in dialog.card.noted.text()
    dialog.undo_bar.undo()
    settle(qtbot, dialog)
    assert practice.messages()[0].unreached == 1
    assert titles(dialog)[0] == "Offen  3"


def test_enter_ticks_and_goes_on_and_never_takes_a_tick_away(qtbot: QtBot, dialog: CallsDialog) -> None:
    dialog.table.setFocus()
    for place in (1, 2):
        press(dialog.table, Qt.Key.Key_Return)
        settle(qtbot, dialog)
        assert dialog.table.currentIndex().row() == place
    assert [done for _name, done in shown(dialog)] == [True, True, False]
    dialog.table.selectRow(0)
    press(dialog.table, Qt.Key.Key_Return)
    settle(qtbot, dialog)
    assert dialog.table.currentIndex().row() == 2
    assert [done for _name, done in shown(dialog)] == [True, True, False]


def test_enter_elsewhere_ticks_nobody_off(qtbot: QtBot, dialog: CallsDialog, practice: World) -> None:
    dialog.search.setFocus()
    type_text(dialog.search, "muster1")
    press(dialog.search, Qt.Key.Key_Return)
    assert shown(dialog) == [("Muster1 Anna", False)]
    assert dialog.table.hasFocus()
    dialog.tabs.setFocus()
    press(dialog.tabs, Qt.Key.Key_Return)
    dialog.card.unreached_button.setFocus()
    press(dialog.card.unreached_button, Qt.Key.Key_Return)
    settle(qtbot, dialog)
    assert [bool(message.handled_at) for message in practice.messages()] == [False] * 3
    assert [message.unreached for message in practice.messages()] == [0, 1, 0]


SEARCHES: list[tuple[str, list[int]]] = [
    ("muster2", [2]), ("ANNA muster", [0, 1, 2]), ("müster1", [1]), ("044 262", [0, 1, 2]), ("0442621121", [1]),
    ("+41 44 262 11 22", [2]), ("23.11.1981", [1]), ("23.11.81", [1]), ("23.11.", [0, 1, 2]), ("1982", [2]), ("24.11.", []),
    ("Tochter", []), ("xy", []),
]  # fmt: skip


def test_it_is_searched_by_name_day_of_birth_and_number(dialog: CallsDialog) -> None:
    for typed, found in SEARCHES:
        dialog.search.setText(typed)
        assert [row.name for row in dialog.list.rows] == [f"Muster{place} Anna" for place in found], typed
        if not found:
            assert dialog.table.message.startswith("Kein Name, kein Geburtsdatum")


# Other workstations


def test_what_another_workstation_does_comes_in_with_the_same_words(qtbot: QtBot, dialog: CallsDialog, practice: World) -> None:
    dialog.table.selectRow(2)
    service = practice.service
    service.tick(service.calls().open[0], "beat@PRAXIS2")
    dialog.context.windows.state.changed.emit(None)
    qtbot.waitUntil(lambda: shown(dialog)[0] == ("Muster0 Anna", True))
    assert dialog.list.rows[0].why == ("erledigt", "von beat, 10:00")
    assert dialog.table.currentIndex().row() == 2
    service.untick(service.calls().done[0])
    dialog.context.windows.state.changed.emit(None)
    qtbot.waitUntil(lambda: shown(dialog) == OPEN)


def test_who_is_second_is_told_by_whom_and_sees_it(qtbot: QtBot, dialog: CallsDialog, practice: World) -> None:
    service = practice.service
    service.tick(service.calls().open[0], "beat@PRAXIS2")
    dialog.card.done_button.click()
    qtbot.waitUntil(lambda: "erledigt von beat, 10:00" in dialog.banner.text)
    settle(qtbot, dialog)
    assert shown(dialog)[0] == ("Muster0 Anna", True)
    assert not dialog.undo_bar.button.isVisible()
    assert practice.messages()[0].handled_by == "beat@PRAXIS2"


def test_who_needs_no_call_any_more_stays_in_place_until_the_tab_is_opened_anew(qtbot: QtBot, dialog: CallsDialog, practice: World) -> None:
    practice.practice.remove_appointment("A1")
    practice.force(2, standing="deleted")
    dialog.refresh()
    settle(qtbot, dialog)
    assert shown(dialog) == [OPEN[0], ("Muster1 Anna", True), OPEN[2]]
    assert dialog.list.rows[1].why == ("nicht mehr nötig", "")
    dialog.table.selectRow(1)
    press(dialog.table, Qt.Key.Key_Space)
    settle(qtbot, dialog)
    assert not dialog.card.done_button.isEnabled()
    assert practice.messages()[1].handled_at is None
    dialog.tabs.setCurrentIndex(2)
    assert shown(dialog) == [OPEN[0], OPEN[2]]


def test_a_row_that_comes_above_moves_neither_choice_nor_half_typed_note(qtbot: QtBot, dialog: CallsDialog, practice: World) -> None:
    dialog.table.selectRow(1)
    dialog.card.note.setFocus()
    type_text(dialog.card.note, "ruft zur")
    practice.practice.put(replace(ANNA, id="N9", last_name="Früh", mobile=None, phone=None))
    practice.book_appointment("A9", TOMORROW_NINE - timedelta(hours=1), "N9")
    practice.prepare()
    dialog.refresh()
    settle(qtbot, dialog)
    assert [row.name for row in dialog.list.rows][:2] == ["Früh Anna", "Muster0 Anna"]
    assert (dialog.card.name.text(), dialog.card.note.text()) == ("Muster1 Anna", "ruft zur")
    assert dialog.table.current is not None
    assert dialog.table.current.name == "Muster1 Anna"
    assert dialog.list.rows[0].phone_words == ("keine Nummer", "Brief oder E-Mail")


# Notes


def test_a_note_is_saved_with_enter_and_when_another_row_is_chosen(qtbot: QtBot, dialog: CallsDialog, practice: World) -> None:
    note = dialog.card.note
    note.setFocus()
    type_text(note, "ruft an")
    press(note, Qt.Key.Key_Return)
    settle(qtbot, dialog)
    first = practice.messages()[0]
    assert (first.note, first.noted_by, first.handled_at) == ("ruft an", "anna@EMPFANG1", None)
    assert dialog.card.noted.text() == "Notiz von anna"
    type_text(note, " um 4")
    dialog.table.setFocus()
    settle(qtbot, dialog)
    dialog.table.selectRow(1)
    assert note.text() == ""
    assert practice.messages()[0].note == "ruft an um 4"
    assert dialog.list.rows[0].why[1] == "ruft an um 4"


def test_a_note_that_another_wrote_meanwhile_is_not_overwritten_and_the_typed_one_stays(
    qtbot: QtBot, dialog: CallsDialog, practice: World
) -> None:
    service = practice.service
    service.note(service.calls().open[0], "Band läuft", "beat@PRAXIS2")
    dialog.card.note.setFocus()
    type_text(dialog.card.note, "kommt")
    press(dialog.card.note, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "andere Notiz, von beat" in dialog.banner.text)
    assert (practice.messages()[0].note, dialog.card.note.text()) == ("Band läuft", "kommt")
    assert dialog.card.noted.text() == "Gespeichert von beat: Band läuft"


def test_closing_saves_what_is_half_typed(qtbot: QtBot, dialog: CallsDialog, practice: World) -> None:
    dialog.card.note.setFocus()
    type_text(dialog.card.note, "kommt")
    press(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert practice.messages()[0].note == "kommt"


def test_a_note_that_cant_be_saved_keeps_the_window_open_once(
    qtbot: QtBot, dialog: CallsDialog, practice: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_what: object) -> None:
        raise UnavailableError("Datenbank nicht erreichbar", "Der Server antwortet nicht.")

    monkeypatch.setattr(type(practice.service), "note", away)
    dialog.card.note.setFocus()
    type_text(dialog.card.note, "kommt")
    dialog.reject()
    qtbot.waitUntil(lambda: "Datenbank nicht erreichbar" in dialog.banner.text)
    assert dialog.isVisible()
    assert dialog.card.note.text() == "kommt"
    asked: list[int] = []

    def ask() -> QMessageBox.StandardButton:
        asked.append(1)
        return QMessageBox.StandardButton.Discard

    monkeypatch.setattr(dialog, "ask_unsaved", ask)
    dialog.reject()
    assert (asked, dialog.isVisible()) == ([1], False)


# The practice's data


def test_names_and_times_stand_there_while_the_practice_cant_be_read(
    qtbot: QtBot, dialog: CallsDialog, practice: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_ids: object) -> None:
        raise UnavailableError("Praxisdaten nicht erreichbar", "Die Datenbank der Praxissoftware antwortet nicht.")

    with monkeypatch.context() as patching:
        patching.setattr(practice.practice, "patients", away)
        dialog.refresh()
        settle(qtbot, dialog)
        assert "nur Namen und Zeiten" in dialog.banner.text
        assert shown(dialog) == OPEN
        assert (dialog.list.rows[0].phone_words[0], dialog.list.rows[0].born) == ("nicht lesbar", "")
        assert not dialog.card.copy_link.isVisible()
    dialog.reload()
    settle(qtbot, dialog)
    assert dialog.banner.text == ""
    assert dialog.list.rows[0].phone_words[0] == "044 262 11 20"


def test_the_list_that_cant_be_read_says_why(
    qtbot: QtBot, context: DialogContext, practice: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_service: object) -> None:
        raise UnavailableError("Datenbank nicht erreichbar", "Der Server antwortet nicht.")

    monkeypatch.setattr(type(practice.service), "calls", away)
    dialog = open_window(qtbot, context)
    assert "Der Server antwortet nicht." in dialog.banner.text
    assert "Der Server antwortet nicht." in dialog.table.message
    monkeypatch.undo()
    missed(practice, 1)
    dialog.context.windows.state.changed.emit(None)
    settle(qtbot, dialog)
    assert (shown(dialog), dialog.banner.text) == (OPEN[:1], "")


def test_nobody_is_to_be_called(qtbot: QtBot, context: DialogContext, practice: World) -> None:
    dialog = open_window(qtbot, context)
    assert dialog.table.message.startswith("Jede Erinnerung kam an")
    assert dialog.model.empty[0] == "Niemand ist anzurufen"
    assert not dialog.card.shown.isVisible()
    for tab in CallTab:
        dialog.model.open_tab(tab)
        assert all(dialog.model.empty)


def test_the_number_is_copied(dialog: CallsDialog) -> None:
    dialog.card.copy_link.click()
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    assert clipboard.text() == "044 262 11 20"


NUMBERS: list[tuple[str | None, str | None, list[tuple[str, str]]]] = [
    ("079 123 45 67", "044 262 11 22", [("079 123 45 67", "Mobil"), ("044 262 11 22", "Festnetz")]),
    ("Natel 079 123 45 67 (Tochter)", None, [("079 123 45 67", "Mobil")]),
    ("044 262 11 22", "+41 (0)79 123 45 67", [("044 262 11 22", "Festnetz"), ("+41 (0)79 123 45 67", "Mobil")]),
    ("alt: 079 123 45 67", "044 262 11 22", [("044 262 11 22", "Festnetz"), ("079 123 45 67", "als ungültig vermerkt")]),
    ("keine", "", []),
    ("079 123", None, [("079 123", "Nummer prüfen")]),
]


def test_numbers_stand_as_they_were_typed_without_the_words_beside(practice: World) -> None:
    practice.change_patient(mobile=None, phone="044 262 11 22")
    practice.book_appointment()
    practice.prepare()
    for mobile, phone, numbers in NUMBERS:
        practice.change_patient(mobile=mobile, phone=phone)
        model = CallsModel(practice.parts.zone)
        model.take(practice.service.calls(), practice.clock.now())
        (row,) = model.rows
        assert [(number.digits, number.kind) for number in row.phones] == numbers


def test_every_state_has_its_picture_and_words(practice: World) -> None:
    missed(practice, 1)
    for place in range(4):
        practice.practice.put(replace(ANNA, id=f"W{place}", last_name=f"Wartet{place}"), treatment(f"W{place}"))
        practice.book_appointment(f"B{place}", TOMORROW_NINE + timedelta(minutes=10 * place + 10), f"W{place}")
    practice.prepare()
    practice.force(2, state="in_doubt", sending_at=practice.clock.now(), reason="in_doubt", sentence="Keine Antwort.")
    practice.force(4, state="failed", reason="not_delivered", reason_code="107", sentence="Nicht zugestellt.")
    practice.force(5, state="unknown", reason="no_notification", sentence="Keine Meldung.")
    practice.outlook = Outlook(practice.parts.instant(TOMORROW_NINE + timedelta(hours=1)))
    model = CallsModel(practice.parts.zone)
    model.take(practice.service.calls(), practice.clock.now())
    assert [(row.sign, row.why[0]) for row in model.rows] == [
        (CallSign.PLANNED, "keine Mobilnummer"),
        (CallSign.DOUBT, "unklar, ob gesendet"),
        (CallSign.WAITS, "noch nicht gesendet"),
        (CallSign.TROUBLE, "nicht angekommen"),
        (CallSign.DOUBT, "unklar, ob angekommen"),
    ]
    assert all(row.reason[1] for row in model.rows)
    assert finds("wartet", model.rows[1])


# Printing


def test_the_open_ones_are_printed(qtbot: QtBot, dialog: CallsDialog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    press(dialog.table, Qt.Key.Key_Space)
    settle(qtbot, dialog)
    printed: list[PrintOut] = []
    monkeypatch.setattr("ui.widgets.printing.print_with_dialog", lambda document, _parent: printed.append(document))
    press(dialog, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(printed))
    html = printed[0].html
    assert "Muster0" not in html
    for words in ("24.11.2026 10:00", "Muster1 Anna, geb. 23.11.1981", "044 262 11 21", "keine Mobilnummer"):
        assert words in html
    assert "Tochter" not in html
    assert html.count("☐") == 3


def test_a_days_list_is_one_page(practice: World, context: DialogContext, qtbot: QtBot, tmp_path: Path) -> None:
    missed(practice, 8)
    dialog = open_window(qtbot, context)
    entries = [entry for entry in practice.service.calls().open for _time in range(2)]
    dialog.model.calls = replace(practice.service.calls(), open=entries)
    write_pdf(dialog._list_now()(), tmp_path / "liste.pdf")
    assert len(pages_of(tmp_path / "liste.pdf")) == 1


def test_letters_are_shown_before_they_are_printed(qtbot: QtBot, dialog: CallsDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[PrintOut] = []
    monkeypatch.setattr("ui.dialogs.calls.preview", lambda printed, _parent: seen.append(printed))
    menu = dialog.print_button.menu()
    assert menu is not None
    by_text = {action.text().replace("&", ""): action for action in menu.actions()}
    by_text["Briefe an alle offenen"].trigger()
    qtbot.waitUntil(lambda: len(seen) == 1)
    by_text["Brief an die gewählte Person"].trigger()
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert [printed.html.count("Gerne erinnern wir Sie") for printed in seen] == [3, 1]


def test_letters_say_place_and_time_and_no_more(qtbot: QtBot, context: DialogContext, practice: World, clock: ManualClock) -> None:
    missed(practice, 2)
    entries = practice.service.call_list()
    patients = practice.practice.patients({entry.message.patient_id for entry in entries})
    printed = letters(entries, patients, PracticeSection(name="Praxis am Bellevue", phone="044 262 11 22"), context.agent.zone, clock.now())
    assert printed.html.count("Gerne erinnern wir Sie an Ihren Termin am 24.11.2026 um") == 2
    assert printed.html.count("page-break-before") == 1
    assert "Frau Anna Muster0" in printed.html
    assert printed.html.count(". . . . . .") // 4 == 2 * 2  # two lines in each letter for street and town, which nobody knows here
    assert entries[0].sentence not in printed.html


def test_a_letter_of_a_notice_says_which_time_no_longer_holds(
    qtbot: QtBot, context: DialogContext, practice: World, clock: ManualClock
) -> None:
    missed(practice)
    entry = practice.service.call_list()[0]

    def letter(key: str, state: MessageState) -> str:
        message = replace(
            entry.message, kind=MessageKind.MOVED if key.startswith("moved") else MessageKind.REMINDER, unique_key=key, state=state
        )
        sender = PracticeSection(name="Praxis", phone="")
        return letters([replace(entry, message=message)], {}, sender, context.agent.zone, clock.now()).html

    told = "Er findet neu am 24.11.2026 um 09:00 Uhr statt; der bisherige am {day} um {time} Uhr gilt nicht mehr."
    notice, reminder = "moved/20261124t0900/20261123t1630/a1", "reminder/20261123t1630/a1"
    for key, state in ((notice, MessageState.ERROR), (notice, MessageState.UNKNOWN), (reminder, MessageState.DELIVERED)):
        printed = letter(key, state)
        assert told.format(day="23.11.2026", time="16:30") in printed
        assert "<b>Terminverschiebung</b>" in printed
        assert "erinnern" not in printed
    # The notice arrived, and the appointment was moved once more: what it told is what no longer holds.
    assert told.format(day="25.11.2026", time="11:00") in letter("moved/20261125t1100/20261123t1630/a1", MessageState.DELIVERED)
    # Who was told nothing is reminded; who was told what is true, too.
    for key, state in ((reminder, MessageState.ERROR), ("reminder/20261124t0900/a1", MessageState.UNKNOWN)):
        assert "Gerne erinnern wir Sie an Ihren Termin am 24.11.2026 um 09:00 Uhr." in letter(key, state)


@pytest.mark.parametrize(
    ("written", "greeting"),
    [("FR", "Bonjour"), ("it-CH", "Buongiorno"), ("de", "Guten Tag"), ("Rätoromanisch", "Guten Tag"), (None, "Guten Tag")],
)
def test_a_letter_is_in_the_language_of_its_patient(
    qtbot: QtBot, context: DialogContext, practice: World, clock: ManualClock, written: str | None, greeting: str
) -> None:
    missed(practice)
    entry = practice.service.call_list()[0]
    patient = replace(practice.practice.patients({entry.message.patient_id})[entry.message.patient_id], language=written)
    printed = letters([entry], {patient.id: patient}, PracticeSection(name="Praxis", phone=""), context.agent.zone, clock.now())
    assert f"<p>{greeting}</p>" in printed.html
    assert "24.11.2026" in printed.html


def test_a_letter_each_on_its_page(tmp_path: Path, practice: World, context: DialogContext, clock: ManualClock, qtbot: QtBot) -> None:
    missed(practice, 3)
    entries = practice.service.call_list()
    printed = letters(entries, {}, PracticeSection(name="Praxis am Bellevue", phone=""), context.agent.zone, clock.now())
    write_pdf(printed, tmp_path / "briefe.pdf")
    pages = pages_of(tmp_path / "briefe.pdf")
    assert len(pages) == 3
    assert all(page.startswith("Praxis am Bellevue") and page.count("Freundliche Grüsse") == 1 for page in pages)
    assert all(page.rstrip().endswith("Praxis am Bellevue") for page in pages)  # no number that would tell of other patients' letters


def test_everything_has_a_name_and_no_mnemonic_is_given_twice(dialog: CallsDialog) -> None:
    assert unnamed_widgets(dialog) == []
    assert clashing_mnemonics(dialog) == []


def test_a_row_says_itself_to_a_screen_reader(dialog: CallsDialog) -> None:
    said = [dialog.list.index(0, column).data(Qt.ItemDataRole.AccessibleTextRole) for column in range(1, 5)]
    assert said[:2] == ["09:00, Di 24.11.", "Muster0 Anna, geb. 23.11.1980 · 46 J."]
    assert said[2:] == ["044 262 11 20, Festnetz", "keine Mobilnummer, Nur Festnetz hinterlegt"]
