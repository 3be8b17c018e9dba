"""The window *Textvorlagen*: checked while one types, shown for real patients, written only by *Speichern*."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import QMimeData, QPoint, Qt
from PyQt6.QtGui import QTextCursor
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QInputDialog, QListWidget, QMessageBox
from pytestqt.qtbot import QtBot

from tests.messages.world import ANNA, MEIER, TOMORROW_NINE, treatment
from tests.practice.memory_source import MemoryPracticeSource
from tests.ui.keyboard import press, type_text
from tray_agent.agent import Agent
from tray_agent.config.settings import MOST_SEGMENTS
from tray_agent.errors import DatabaseUnavailableError
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.texts.check import SAMPLE, FindingCode, TemplateField, TemplateSeverity, check_template
from tray_agent.messages.texts.examples import Example
from tray_agent.messages.texts.rendering import Placeholder, render_sms
from tray_agent.messages.texts.segments import Encoding
from tray_agent.messages.texts.templates import Origin, Template, TemplateEntry, TemplateKey, default_book, default_templates
from tray_agent.practice.model import Appointment, AppointmentStatus
from ui.dialogs.marked_edit import MarkedEdit
from ui.dialogs.templates import TemplatesDialog
from ui.models.templates import (
    Reader,
    TemplatesModel,
    changed_text,
    missing_text,
    origin_word,
    patient_reader,
    readers,
    utf16_length,
)
from ui.models.words import language_name
from ui.windows import DialogContext

ZURICH = ZoneInfo("Europe/Zurich")
SMS = TemplateKey(MessageKind.REMINDER, Channel.SMS, "de")
MAIL = TemplateKey(MessageKind.REMINDER, Channel.EMAIL, "de")
GREETING = TemplateKey(MessageKind.BIRTHDAY, Channel.SMS, "de")
SOMEONE = Reader("Beispiel", None)


def model(most: int = 3, own: dict[TemplateKey, str] | None = None) -> TemplatesModel:
    entries = [TemplateEntry(template, Origin.DEFAULT) for template in default_templates().values()]
    for key, text in (own or {}).items():
        place = next(place for place, entry in enumerate(entries) if entry.template.key == key)
        entries[place] = TemplateEntry(Template(key, text), Origin.OWN, datetime(2026, 11, 22, 9, 10, tzinfo=UTC), "anna@EMPFANG1")

    def check(template: Template):  # type: ignore[no-untyped-def]  # noqa: ANN202 - as TemplateService.check
        return check_template(template, most)

    return TemplatesModel(entries, check, lambda template, values: default_book().render(template, values or SAMPLE), most)


# The view model


def test_a_misspelt_placeholder_is_told_marked_and_replaced() -> None:
    edited = model()
    edited.edit(text="😀 {Vornamme}, {Datum} {Uhrzeit}")
    wrong = next(finding for finding in edited.findings if finding.code is FindingCode.UNKNOWN)
    assert edited.found_lines()[0].text == "{Vornamme} gibt es nicht. Gemeint ist wohl {Vorname}."
    assert [(mark.start, mark.length) for mark in edited.marks(TemplateField.TEXT) if mark.severity is TemplateSeverity.ERROR] == [(3, 10)]
    assert edited.replaced(wrong) == "😀 {Vorname}, {Datum} {Uhrzeit}"


def test_right_placeholders_are_marked_with_their_explanation() -> None:
    edited = model()
    edited.edit(text="{Datum} {Uhrzeit}")
    assert [(mark.start, mark.length, mark.severity, mark.sentence) for mark in edited.marks(TemplateField.TEXT)] == [
        (0, 7, None, "Datum des Termins: 24.12.2026"),
        (8, 9, None, "Uhrzeit des Termins: 10:15"),
    ]


def test_dear_characters_are_named_in_one_line_and_all_replaced() -> None:
    edited = model()
    edited.edit(text="{Datum} – {Uhrzeit} – „gut“ … 😀")
    assert [one.text for one in edited.found_lines()] == [
        "«–» «„» «“» «…» «😀» gibt es im SMS-Alphabet nicht: Die ganze SMS hat nur noch 70 statt 160 Zeichen."
    ]
    assert edited.can_simplify
    assert edited.simplified() == '{Datum} - {Uhrzeit} - "gut" ... '


def test_characters_that_count_double_are_named_too() -> None:
    edited = model()
    edited.edit(text="{Datum} {Uhrzeit} [a] {{b}}")
    assert [one.text for one in edited.found_lines()] == ["«[» «]» «{{» «}}» zählen in einer SMS doppelt."]
    assert edited.simplified() == "{Datum} {Uhrzeit} (a) (b)"


def test_the_same_mistake_twice_is_told_once() -> None:
    edited = model()
    edited.edit(text="{Xyzz} {Xyzz} {Datum} {Uhrzeit}")
    [told] = edited.found_lines()
    assert told.text.endswith("(2-mal)")


@given(st.text(st.sampled_from("aä–„“…😀[]€{}’ş \n"), max_size=60))
def test_plain_characters_never_make_a_text_dearer_nor_wrong(text: str) -> None:
    edited = model(most=10)
    edited.edit(text=text)
    wrong = {
        (one.code, one.sentence) for one in edited.findings if one.severity is TemplateSeverity.ERROR and one.code is not FindingCode.EMPTY
    }
    before = render_sms(text, "de", SAMPLE, plain_characters=False).segments
    edited.edit(text=edited.simplified())
    after = render_sms(edited.draft.text, "de", SAMPLE, plain_characters=False).segments
    assert before is not None
    assert after is not None
    assert after.count <= before.count or before.encoding is Encoding.GSM
    left = {
        (one.code, one.sentence) for one in edited.findings if one.severity is TemplateSeverity.ERROR and one.code is not FindingCode.EMPTY
    }
    assert left <= wrong


@given(st.text(max_size=30), st.text(max_size=30))
def test_places_are_counted_as_editors_count_them(before: str, after: str) -> None:
    assert utf16_length(before + after) == utf16_length(before) + utf16_length(after)
    assert utf16_length(before) == len(before.encode("utf-16-le", "surrogatepass")) // 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{Datum}", "1 SMS-Segment, 1 Credit. Noch 150 Zeichen frei. Mit langen Namen: 1 Segment (erlaubt: 3)."),
        ("x" * 161, "2 SMS-Segmente, 2 Credits. Noch 145 Zeichen frei. Mit langen Namen: 2 Segmente (erlaubt: 3)."),
        (
            "ş" * 71,
            (
                "2 SMS-Segmente, 2 Credits. Noch 63 Zeichen frei. Mit Sonderzeichen nur 70 statt 160 Zeichen. "
                "Mit langen Namen: 2 Segmente (erlaubt: 3)."
            ),
        ),
    ],
)
def test_segments_and_cost_are_counted(text: str, told: str) -> None:
    edited = model()
    edited.edit(text=text)
    assert edited.counted(edited.rendered(SOMEONE)) == told


def test_an_email_costs_nothing() -> None:
    edited = model()
    edited.choose(MAIL)
    assert edited.counted(edited.rendered(SOMEONE)) == "E-Mail: kostet keine Credits."


def test_changes_are_seen_and_lost_by_another_choice() -> None:
    edited = model()
    assert not edited.has_changes
    assert not edited.can_save
    edited.edit(text="{Datum} {Uhrzeit}")
    assert edited.has_changes
    edited.choose(MAIL)
    edited.choose(SMS)
    assert edited.draft == default_templates()[SMS]


def test_saving_puts_a_disabled_template_into_use_again() -> None:
    edited = model()
    edited.stored([replace(entry, origin=Origin.DISABLED) if entry.template.key == SMS else entry for entry in edited.entries])
    assert not edited.has_changes
    assert edited.can_save
    assert "nicht verwendet" in changed_text(edited.entry, ZURICH)


def test_origin_language_and_change_are_told() -> None:
    edited = model(own={SMS: "{Datum} {Uhrzeit}"})
    assert (origin_word(edited.entries[0]), origin_word(edited.entries[1])) == ("eigene", "Vorgabe")
    assert changed_text(edited.entries[0], ZURICH) == "Eigener Text, geändert am 22.11.2026 10:10 von anna@EMPFANG1."
    assert [language_name(entry.template.key.language) for entry in edited.entries[:4]] == [
        "Deutsch",
        "Französisch",
        "Italienisch",
        "Englisch",
    ]


def test_a_greeting_offers_no_placeholders_of_appointments() -> None:
    edited = model()
    edited.choose(GREETING)
    assert Placeholder.DATE not in edited.placeholders
    assert Placeholder.FIRST_NAME in edited.placeholders


def test_readers_are_the_invented_ones_and_those_of_the_practice() -> None:
    example = Example("P1", "Muster Anna", TOMORROW_NINE, SAMPLE)
    assert [reader.label for reader in readers(MessageKind.REMINDER, "de", [example])] == [
        "Beispiel: Elisabeth Zimmermann",
        "Lange Namen: Maria Magdalena Zimmermann-Oberholzer",
        "Muster Anna, 24.11.2026 09:00",
    ]
    assert patient_reader("P1", SAMPLE).label == "Zimmermann Elisabeth (Nr. P1)"


def test_placeholders_without_a_value_are_told() -> None:
    assert missing_text((Placeholder.LINK, Placeholder.DOCTOR)) == "Ohne Angabe, darum weggelassen: {Link} und {Arzt}."
    assert missing_text(()) == ""


# The editor


@pytest.fixture
def editor(qtbot: QtBot) -> MarkedEdit:
    editor = MarkedEdit()
    qtbot.addWidget(editor)
    return editor


def test_the_editor_gives_back_what_was_written(editor: MarkedEdit) -> None:
    text = "Zeile\n\n044\u00a0123 😀 «Ž»\n"
    editor.show_text(text)
    assert editor.text == text
    editor.replace_text("neu\nund anders")
    assert editor.text == "neu\nund anders"
    editor.undo()
    assert editor.text == text


def test_only_what_a_person_does_counts_as_edited(qtbot: QtBot, editor: MarkedEdit) -> None:
    with qtbot.assertNotEmitted(editor.edited):
        editor.show_text("Text")
    with qtbot.waitSignal(editor.edited):
        type_text(editor, "x")


def test_a_single_line_stays_one(qtbot: QtBot) -> None:
    line = MarkedEdit(one_line=True)
    qtbot.addWidget(line)
    pasted = QMimeData()
    pasted.setText("Ihr\r\nTermin\n")
    line.insertFromMimeData(pasted)
    press(line, Qt.Key.Key_Return)
    assert line.text == "Ihr Termin"


# The window


@pytest.fixture
def practice() -> MemoryPracticeSource:
    booked = Appointment("A1", "P1", TOMORROW_NINE, AppointmentStatus.DEFINITE, doctor="Dr. A. Meier")
    return MemoryPracticeSource([MEIER], [ANNA], [treatment("P1")], [booked])


@pytest.fixture
def dialog(qtbot: QtBot, context: DialogContext, practice: MemoryPracticeSource) -> TemplatesDialog:
    context.agent.__dict__["practice"] = practice
    dialog = TemplatesDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    settle(qtbot, dialog)
    return dialog


def settle(qtbot: QtBot, dialog: TemplatesDialog) -> None:
    qtbot.waitUntil(lambda: dialog.context.background.idle and not dialog._switching.isActive())


def choose(qtbot: QtBot, dialog: TemplatesDialog, key: TemplateKey) -> None:
    keys = [row.template.key for row in dialog.list.rows]
    dialog.table.selectRow(keys.index(key))
    settle(qtbot, dialog)


def write(dialog: TemplatesDialog, text: str) -> None:
    dialog.text.moveCursor(QTextCursor.MoveOperation.End)
    type_text(dialog.text, text)


def double_click(choices: QListWidget, row: int) -> None:
    """Double-clicks a line as a person does."""
    viewport, item = choices.viewport(), choices.item(row)
    choices.scrollToItem(item)
    place = choices.visualItemRect(item).center()
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)  # type: ignore[call-overload]  # the stub takes the static method for one of an object
    QTest.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)  # type: ignore[call-overload]  # likewise


def said(found: QListWidget) -> str:
    """Returns the first line of a list."""
    item = found.item(0)
    assert item is not None
    return item.text()


def edited_key(dialog: TemplatesDialog) -> TemplateKey:
    assert dialog.model is not None
    return dialog.model.key


def test_the_list_shows_all_templates_and_their_origin(dialog: TemplatesDialog) -> None:
    assert dialog.list.rowCount() == 24
    kinds = [dialog.list.index(row, 0).data() for row in range(24)]
    assert list(dict.fromkeys(kinds)) == ["Terminerinnerung", "Terminverschiebung", "Geburtstagsglückwunsch"]
    texts = [dialog.list.index(0, column).data() for column in range(4)]
    assert texts == ["Terminerinnerung", "SMS", "Deutsch", "Vorgabe"]
    assert dialog.text.text == default_templates()[SMS].text
    assert not dialog._save.isEnabled()


def test_the_preview_is_for_a_real_patient(dialog: TemplatesDialog) -> None:
    dialog.reader.setCurrentIndex(dialog.reader.findText("Muster Anna, 24.11.2026 09:00"))
    shown = dialog.preview.toPlainText()
    assert shown.startswith("Guten Tag Anna Muster, Ihr Termin: Dienstag, 24.11.2026, 09:00 Uhr.")
    assert "Dr. A. Meier" in shown


def test_a_notice_is_shown_for_a_real_patient_with_an_invented_former_time(qtbot: QtBot, dialog: TemplatesDialog) -> None:
    choose(qtbot, dialog, replace(SMS, kind=MessageKind.MOVED))
    dialog.reader.setCurrentIndex(dialog.reader.findText("Muster Anna, 24.11.2026 09:00"))
    shown = dialog.preview.toPlainText()
    assert "neu am Dienstag, 24.11.2026, 09:00 Uhr, nicht mehr am 23.11.2026, 10:00 Uhr." in shown
    assert dialog.placeholders.findItems("{DatumBisher}", Qt.MatchFlag.MatchStartsWith)
    dialog.text.replace_text("Neu {Datum}, {Uhrzeit}")
    assert said(dialog.found) == "Der Text nennt nicht die bisherige Zeit, die er ersetzt ({DatumBisher}, {UhrzeitBisher})."


def test_pasted_letters_are_composed_and_what_cannot_be_seen_stays_out(dialog: TemplatesDialog) -> None:
    pasted = QMimeData()
    pasted.setText("Gru\u0308ezi\u200b {Datum}\n{Uhrzeit}")
    dialog.text.selectAll()
    dialog.text.insertFromMimeData(pasted)
    assert dialog.model.draft.text == "Grüezi {Datum}\n{Uhrzeit}"
    assert said(dialog.found) == "Der Text ist in Ordnung."


def test_a_patient_is_found_by_number(qtbot: QtBot, dialog: TemplatesDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *_arguments: (" P1 ", True))
    dialog.ask_patient()
    settle(qtbot, dialog)
    assert dialog.reader.currentText() == "Muster Anna (Nr. P1)"
    dialog.show_patient("P99")
    settle(qtbot, dialog)
    assert "P99" in dialog.banner.text


def test_while_typing_everything_follows(dialog: TemplatesDialog) -> None:
    write(dialog, " {Vornamme}")
    assert "{Vorname}" in said(dialog.found)
    assert any(
        selection.format.underlineColor().isValid()
        for selection in dialog.text.extraSelections()
        if selection.cursor.selectedText() == "{Vornamme}"
    )
    assert dialog.preview.toPlainText().endswith("{Vornamme}")
    assert dialog._save.isEnabled()
    double_click(dialog.found, 0)
    assert dialog.text.text.endswith(" {Vorname}")
    assert said(dialog.found) == "Der Text ist in Ordnung."


def test_a_click_on_a_finding_shows_its_place(dialog: TemplatesDialog) -> None:
    dialog.text.show_text("")
    type_text(dialog.text, "")
    dialog.text.replace_text("😀 {Datumm} {Uhrzeit}")
    dialog.found.itemClicked.emit(dialog.found.item(0))
    assert dialog.text.textCursor().selectedText() == "{Datumm}"


def test_plain_characters_by_a_button(dialog: TemplatesDialog) -> None:
    assert not dialog._simplify.isEnabled()
    dialog.text.replace_text("{Datum} – {Uhrzeit} …")
    assert "70 statt 160" in dialog._counted.text()
    dialog._simplify.click()
    assert dialog.text.text == "{Datum} - {Uhrzeit} ..."
    assert not dialog._simplify.isEnabled()


def test_a_placeholder_is_inserted_where_one_wrote_last(qtbot: QtBot, dialog: TemplatesDialog) -> None:
    choose(qtbot, dialog, MAIL)
    dialog.subject.entered.emit()
    dialog.subject.moveCursor(QTextCursor.MoveOperation.End)
    [item] = dialog.placeholders.findItems("{Vorname}", Qt.MatchFlag.MatchStartsWith)
    assert item.text() == "{Vorname}\nVorname des Patienten"
    double_click(dialog.placeholders, dialog.placeholders.row(item))
    assert dialog.subject.text.endswith("Uhr{Vorname}")
    assert dialog.has_unsaved_changes()


def test_enter_takes_a_line_and_does_not_save(dialog: TemplatesDialog, agent: Agent) -> None:
    dialog.text.replace_text("{Datumm} {Uhrzeit}")
    dialog.found.setFocus()
    dialog.found.setCurrentRow(0)
    press(dialog.found, Qt.Key.Key_Return)
    assert dialog.text.text == "{Datum} {Uhrzeit}"
    dialog.placeholders.setCurrentRow(1)
    dialog.text.moveCursor(QTextCursor.MoveOperation.End)
    press(dialog.placeholders, Qt.Key.Key_Space)
    assert dialog.text.text == "{Datum} {Uhrzeit}{Vorname}"
    assert dialog.isVisible()
    assert not dialog.is_busy
    assert agent.templates.load(SMS).origin is Origin.DEFAULT


def test_a_patient_asked_for_stays_for_other_templates(qtbot: QtBot, dialog: TemplatesDialog) -> None:
    dialog.show_patient("P1")
    settle(qtbot, dialog)
    choose(qtbot, dialog, MAIL)
    assert dialog.reader.currentText() == "Muster Anna (Nr. P1)"
    assert dialog.reader.count() == 4


def test_the_menu_offers_suggestions_and_placeholders(dialog: TemplatesDialog) -> None:
    dialog.text.replace_text("{Datumm} {Uhrzeit}")
    place = dialog.text.cursorRect(dialog.text.cursorForPosition(QPoint(0, 0))).center() + QPoint(6, 0)
    menu = dialog._menu(dialog.text, place)
    first = menu.actions()[0]
    assert first.text() == "Durch «{Datum}» ersetzen"
    inserting = menu.actions()[-1].menu()
    assert inserting is not None
    assert inserting.actions()[6].text().startswith("{Uhrzeit}\t")
    first.trigger()
    assert dialog.text.text == "{Datum} {Uhrzeit}"


def test_saving_writes_and_closes(qtbot: QtBot, dialog: TemplatesDialog, agent: Agent) -> None:
    write(dialog, " Danke!")
    assert agent.templates.load(SMS).origin is Origin.DEFAULT
    dialog._save.click()
    qtbot.waitUntil(lambda: not dialog.isVisible())
    stored = agent.templates.load(SMS)
    assert stored.origin is Origin.OWN
    assert stored.template.text.endswith("{Telefon} Danke!")
    assert stored.changed_by.endswith("@EMPFANG1")


def test_a_text_that_is_too_long_is_refused_with_the_reason(qtbot: QtBot, dialog: TemplatesDialog, agent: Agent) -> None:
    agent.settings.save({MOST_SEGMENTS: 2}, changed_by="test")
    dialog.text.replace_text("{Datum} {Uhrzeit} " + "x" * 300)
    dialog._save.click()
    settle(qtbot, dialog)
    assert dialog.isVisible()
    assert "braucht die SMS 3 Segmente; erlaubt sind 2" in dialog.banner.text
    assert agent.templates.load(SMS).origin is Origin.DEFAULT


@pytest.mark.parametrize(
    ("answer", "key", "saved"),
    [
        (QMessageBox.StandardButton.Save, MAIL, True),
        (QMessageBox.StandardButton.Discard, MAIL, False),
        (QMessageBox.StandardButton.Cancel, SMS, False),
    ],
)
def test_another_row_asks_what_becomes_of_changes(
    qtbot: QtBot,
    dialog: TemplatesDialog,
    agent: Agent,
    monkeypatch: pytest.MonkeyPatch,
    answer: QMessageBox.StandardButton,
    key: TemplateKey,
    saved: bool,
) -> None:
    monkeypatch.setattr(dialog, "ask_unsaved", lambda: answer)
    write(dialog, " Danke!")
    choose(qtbot, dialog, MAIL)
    assert edited_key(dialog) == key
    assert dialog.list.rows[dialog.table.currentIndex().row()].template.key == key
    assert dialog.has_unsaved_changes() == (answer is QMessageBox.StandardButton.Cancel)
    assert (agent.templates.load(SMS).origin is Origin.OWN) == saved


def test_a_refused_text_keeps_its_row(qtbot: QtBot, dialog: TemplatesDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialog, "ask_unsaved", lambda: QMessageBox.StandardButton.Save)
    write(dialog, " {Vornamme}")
    choose(qtbot, dialog, MAIL)
    assert edited_key(dialog) == SMS
    assert dialog.text.text.endswith("{Vornamme}")
    assert "{Vorname}" in dialog.banner.text


def test_closing_asks_and_cancel_keeps_the_window(dialog: TemplatesDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    write(dialog, " Danke!")
    monkeypatch.setattr(dialog, "ask_unsaved", lambda: QMessageBox.StandardButton.Cancel)
    dialog.reject()
    assert dialog.isVisible()


def test_an_email_has_a_subject_and_an_sms_has_none(qtbot: QtBot, dialog: TemplatesDialog) -> None:
    assert not dialog.subject.isVisible()
    choose(qtbot, dialog, MAIL)
    assert dialog.subject.isVisible()
    assert not dialog._simplify.isVisible()
    assert not dialog.has_unsaved_changes()
    dialog.subject.replace_text("Ihr {Termn}")
    assert dialog.subject.extraSelections()
    assert dialog.has_unsaved_changes()


def test_back_to_the_default_after_a_question(qtbot: QtBot, dialog: TemplatesDialog, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not dialog._reset.isEnabled()
    agent.templates.save(Template(SMS, "Termin {Datum} {Uhrzeit}"), "anna")
    dialog._then_list(lambda: None, "…")
    settle(qtbot, dialog)
    assert dialog.text.text == "Termin {Datum} {Uhrzeit}"
    monkeypatch.setattr(dialog, "ask", lambda *_words: False)
    dialog._reset.click()
    assert agent.templates.load(SMS).origin is Origin.OWN
    monkeypatch.setattr(dialog, "ask", lambda *_words: True)
    dialog._reset.click()
    settle(qtbot, dialog)
    assert agent.templates.load(SMS).origin is Origin.DEFAULT
    assert dialog.text.text == default_templates()[SMS].text
    assert dialog.list.index(0, 3).data() == "Vorgabe"


def test_out_of_use_and_back(qtbot: QtBot, dialog: TemplatesDialog, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def agree(*words: str) -> bool:
        asked.append(words)
        return True

    monkeypatch.setattr(dialog, "ask", agree)
    dialog._disable.click()
    settle(qtbot, dialog)
    assert "Terminverschiebung" in asked[0][1]
    moved = [entry.template.key for entry in dialog.list.rows].index(replace(SMS, kind=MessageKind.MOVED))
    assert dialog.list.index(moved, 3).data() == "nicht verwendet"
    assert agent.templates.load(SMS).origin is Origin.DISABLED
    assert dialog.list.index(0, 3).data() == "nicht verwendet"
    assert not dialog.has_unsaved_changes()
    dialog._save.click()
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert agent.templates.load(SMS).origin is Origin.OWN
    assert agent.templates.load(replace(SMS, kind=MessageKind.MOVED)).origin is Origin.DEFAULT


def test_without_the_practice_the_preview_is_of_invented_patients(
    qtbot: QtBot, context: DialogContext, practice: MemoryPracticeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_arguments: object) -> None:
        raise DatabaseUnavailableError("Datenbank nicht erreichbar", "SRV1 antwortet nicht.", "Netzwerk prüfen.")

    monkeypatch.setattr(practice, "mandants", away)
    context.agent.__dict__["practice"] = practice
    dialog = TemplatesDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    settle(qtbot, dialog)
    assert dialog.reader.count() == 2
    assert dialog._away.text == "Datenbank nicht erreichbar: Die Vorschau zeigt nur erfundene Patienten."
    assert dialog.preview.toPlainText().startswith("Guten Tag Elisabeth")


def test_the_sentence_stands_at_its_place(dialog: TemplatesDialog) -> None:
    dialog.text.replace_text("{Datumm} {Uhrzeit}")
    assert dialog.text.sentence_at(3) == "{Datumm} gibt es nicht. Gemeint ist wohl {Datum}."
    assert dialog.text.sentence_at(9) == "Uhrzeit des Termins: 10:15"
    assert dialog.text.sentence_at(8) == ""
