"""The window *Schalter*: from the declaration, nothing written before *Speichern*."""

from __future__ import annotations

from datetime import date, time
from threading import Event
from typing import TypeVar

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QCheckBox, QLabel, QMessageBox, QPushButton, QSpinBox, QTimeEdit, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.keyboard import turn_wheel
from tray_agent.agent import Agent
from tray_agent.config import settings as declared
from tray_agent.config.settings import SETTINGS, PracticeIds, Settings
from tray_agent.errors import DatabaseUnavailableError, KnownError
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.model import JobChange
from tray_agent.schedules.codes import Frequency, Weekdays
from tray_agent.schedules.schedule import Schedule
from ui.dialogs.settings import SettingsDialog
from ui.dialogs.switch_rows import ReasonsDialog, SwitchRow
from ui.models.settings import PLACES, SettingsModel, SwitchEntry, default_text, fold_text, is_found
from ui.windows import DialogContext

Widget = TypeVar("Widget", bound=QWidget)


def model(**values: declared.Value) -> SettingsModel:
    stored = Settings({declared.find_setting(f"SMSService.{name}"): value for name, value in values.items()})
    return SettingsModel(stored, PracticeIds({"M1": "Dr. Meier"}, {"K": "Kontrolle"}))


def test_every_switch_stands_in_one_place() -> None:
    shown = [setting.address for place in PLACES for entry in place.entries for setting in entry.switches]
    assert sorted(shown) == sorted(setting.address for setting in SETTINGS)


def test_what_does_not_fit_is_told_and_not_kept() -> None:
    edited = model()
    assert edited.edit(declared.OFFSET_SEARCH, "0") == "Erlaubt ist eine ganze Zahl von 1 bis 365."
    assert edited.changes == {}
    assert edited.has_changes
    assert edited.edit(declared.OFFSET_SEARCH, "2") == ""
    assert edited.changes == {declared.OFFSET_SEARCH: 2}


def test_a_value_put_back_is_no_change() -> None:
    edited = model()
    edited.edit(declared.LEAST_CREDITS, "60")
    edited.edit(declared.LEAST_CREDITS, str(declared.LEAST_CREDITS.default))
    assert not edited.has_changes


def test_a_mandant_that_is_not_known_any_more_is_kept_in_the_list() -> None:
    labels = [choice.label for choice in model(DefaultSMSMandant="M9").choices(declared.DEFAULT_MANDANT)]
    assert labels == ["– keiner –", "Dr. Meier (M1)", "M9 (unbekannt)"]


def test_what_the_practice_does_not_know_is_refused_but_may_stay_where_it_is_stored() -> None:
    edited = model(Besuchsgründe="X")
    assert edited.edit(declared.VISIT_REASONS, "K,X") == ""
    assert "Kontrolle" in [choice.label for choice in edited.choices(declared.VISIT_REASONS)]
    assert edited.edit(declared.VISIT_REASONS, "K,Y") == "Erlaubt sind Besuchsgründe der Praxis, durch Kommas getrennt: K, X."
    assert edited.edit(declared.DEFAULT_MANDANT, "M9") == "Erlaubt ist ein Mandant der Praxis: M1."
    assert edited.edit(declared.DEFAULT_MANDANT, "") == ""


def test_that_the_practice_can_not_be_read_is_told() -> None:
    unread = SettingsModel(Settings({declared.DEFAULT_MANDANT: "M9"}), None)
    assert [choice.value for choice in unread.choices(declared.DEFAULT_MANDANT)] == ["", "M9"]
    assert any("nicht lesbar" in hint for hint in unread.hints())
    assert not any("nicht lesbar" in hint for hint in model().hints())


def test_languages_are_chosen_by_name() -> None:
    assert [choice.label for choice in model().choices(declared.FALLBACK_LANGUAGE)] == ["Deutsch", "Englisch", "Französisch", "Italienisch"]


def entry_of(setting: declared.Setting) -> SwitchEntry:
    return next(entry for place in PLACES for entry in place.entries if setting in entry.switches)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (declared.OFFSET_START, "Vorgabe: 1 Tag"),
        (declared.DEFAULT_MANDANT, "Vorgabe: leer"),
        (declared.FALLBACK_LANGUAGE, "Vorgabe: Deutsch"),
        (declared.QUIET_UNTIL, "Vorgabe: 20:00 bis 08:00"),
    ],
)
def test_the_default_is_told_with_its_unit(setting: declared.Setting, told: str) -> None:
    assert default_text(entry_of(setting)) == told.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("offsetstartstage", {declared.OFFSET_START}),  # as the manual spells it
        ("smsservice ruhezeitbis", {declared.QUIET_UNTIL}),
        ("KANTONS", {declared.QUIET_HOLIDAYS}),
        ("ab wann", {declared.LEAST_CREDITS}),
        ("offset segment", set()),
    ],
)
def test_a_search_looks_into_question_explanation_and_key(words: str, found: set[declared.Setting]) -> None:
    entries = [entry for place in PLACES for entry in place.entries if is_found(entry, words)]
    assert {entry.switches[-1] for entry in entries} == found


def test_what_is_seldom_used_is_named_where_it_is_folded() -> None:
    downloads = next(place for place in PLACES if place.title == "Downloads")
    assert fold_text(downloads) == "3 selten gebrauchte: alte Versionen, Bandbreite, Dateigrösse"
    assert fold_text(PLACES[-1]) == ""


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"RuhezeitVon": "08:00"}, "auch nachts"),
        ({"TerminerinnerungSenden": True}, "ohne Behandlung"),
        ({}, "ausgeschaltet"),
    ],
)
def test_hints_tell_what_the_values_mean(values: dict[str, declared.Value], told: str) -> None:
    assert any(told in hint for hint in model(**values).hints())


@pytest.fixture
def dialog(qtbot: QtBot, context: DialogContext) -> SettingsDialog:
    dialog = SettingsDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.model is not None)
    return dialog


def test_saving_writes_the_changed_switches(qtbot: QtBot, dialog: SettingsDialog, agent: Agent) -> None:
    _child(dialog, QCheckBox, "SMSService.TerminerinnerungSenden").click()
    _child(dialog, QSpinBox, "SMSService.OffsetSuchTage").setValue(3)
    assert not agent.settings.load().yes(declared.REMINDERS_ON)
    dialog.save_and_close()
    qtbot.waitUntil(lambda: not dialog.isVisible())
    stored = agent.settings.load()
    assert stored.yes(declared.REMINDERS_ON)
    assert stored.number(declared.OFFSET_SEARCH) == 3


def test_leaving_without_saving_asks_and_then_writes_nothing(dialog: SettingsDialog, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    _child(dialog, QTimeEdit, "SMSService.RuhezeitVon").setTime(_child(dialog, QTimeEdit, "SMSService.RuhezeitBis").time())
    monkeypatch.setattr(dialog, "ask_unsaved", lambda: QMessageBox.StandardButton.Cancel)
    dialog.reject()
    assert dialog.isVisible()
    monkeypatch.setattr(dialog, "ask_unsaved", lambda: QMessageBox.StandardButton.Discard)
    dialog.reject()
    assert not dialog.isVisible()
    assert agent.settings.load().text(declared.QUIET_FROM) == "20:00"


def test_the_wheel_goes_to_the_page_and_changes_no_switch(qtbot: QtBot, dialog: SettingsDialog) -> None:
    days, bar = _child(dialog, QSpinBox, "SMSService.OffsetStartTage"), dialog._area.verticalScrollBar()
    assert bar is not None
    qtbot.waitUntil(lambda: bar.maximum() > 0 and dialog.isActiveWindow() and not dialog.is_busy)
    QApplication.processEvents()
    turn_wheel(days)
    assert bar.value() > 0
    assert not dialog.has_unsaved_changes()


def test_all_fields_end_at_one_line_and_all_boxes_begin_at_one(dialog: SettingsDialog) -> None:
    for section in dialog.sections:
        if section.fold is not None:
            section.fold.setChecked(True)
    QApplication.processEvents()
    rows = [row for section in dialog.sections for row in section.rows]
    last = [list(row.editors.values())[-1].widget for row in rows]
    assert len({widget.mapTo(dialog, widget.rect().topRight()).x() for widget in last}) == 1
    boxes = [widget for widget in last if isinstance(widget, QCheckBox)]
    assert len({widget.mapTo(dialog, widget.rect().topLeft()).x() for widget in boxes}) == 1
    assert {box.text() for box in boxes} == {"Ja", "Nein"}


def test_section_and_key_stand_below_each_question(dialog: SettingsDialog) -> None:
    texts = {label.text() for label in dialog.findChildren(QLabel)}
    assert {"SMSService › OffsetStartTage", "SMSService › RuhezeitVon, RuhezeitBis", "DownloadService › Aktiv"} <= texts


def test_what_differs_tells_the_default_and_goes_back_to_it(dialog: SettingsDialog) -> None:
    days, row = _child(dialog, QSpinBox, "SMSService.OffsetStartTage"), _row(dialog, declared.OFFSET_START)
    assert (row.told.isHidden(), row.undo.isHidden(), dialog._leave.text()) == (True, True, "Schliessen")
    days.setValue(2)
    assert (row.told.isHidden(), row.undo.isHidden(), dialog._leave.text()) == (False, False, "&Verwerfen")
    assert any("Vorgabe:\u00a01\u00a0Tag." in label.text() for label in row.findChildren(QLabel))
    row.undo.click()
    assert days.value() == 1
    assert dialog.focusWidget() is days
    assert not dialog.has_unsaved_changes()
    assert (row.told.isHidden(), row.undo.isHidden()) == (True, True)


def test_what_is_stored_and_no_default_can_go_back_but_is_not_told_as_a_change(qtbot: QtBot, context: DialogContext, agent: Agent) -> None:
    agent.save_switches({declared.OFFSET_SEARCH: 5, declared.VISIT_REASONS: "K"})
    dialog = SettingsDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.model is not None)
    row = _row(dialog, declared.OFFSET_SEARCH)
    assert row.isVisible()  # what somebody has set is not folded away
    assert (row.told.isHidden(), row.undo.isHidden()) == (True, False)
    reasons = _row(dialog, declared.VISIT_REASONS)
    reasons.undo.click()
    assert dialog.model is not None
    assert dialog.model.changes == {declared.VISIT_REASONS: ""}
    assert _child(dialog, QPushButton, "SMSService.Besuchsgründe").text() == "Alle …"


def test_a_search_unfolds_and_leaves_only_what_it_finds(dialog: SettingsDialog) -> None:
    search_days = _row(dialog, declared.OFFSET_SEARCH)
    assert not search_days.isVisible()
    dialog.search.setText("OffsetSuch")
    assert [row.entry.switches for section in dialog.sections for row in section.rows if row.isVisible()] == [(declared.OFFSET_SEARCH,)]
    dialog.search.setText("xyz")
    assert dialog._nothing.isVisible()
    dialog.search.clear()
    assert not search_days.isVisible()
    assert not dialog._nothing.isVisible()
    assert _row(dialog, declared.OFFSET_START).isVisible()


def test_a_chosen_place_is_shown_and_scrolling_marks_what_is_read(dialog: SettingsDialog) -> None:
    bar = dialog._area.verticalScrollBar()
    assert bar is not None
    top = dialog.sections[2].y()
    dialog.places.setCurrentRow(2)
    assert bar.value() == top
    bar.setValue(0)
    assert dialog.places.currentRow() == 0
    dialog.places.setCurrentRow(len(dialog.sections) - 1)  # can't come to the top, and stays chosen
    assert dialog.places.currentRow() == len(dialog.sections) - 1


def test_visit_reasons_are_ticked_in_a_list_of_their_own(qtbot: QtBot, context: DialogContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.dialogs.settings._load", lambda _agent: model())
    dialog = SettingsDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.model is not None)
    button = _child(dialog, QPushButton, "SMSService.Besuchsgründe")
    assert button.text() == "Alle …"
    button.click()
    listed = dialog.findChild(ReasonsDialog)
    assert listed is not None
    item = listed.items.item(0)
    assert item is not None
    item.setCheckState(Qt.CheckState.Checked)
    listed.accept()
    assert dialog.model is not None
    assert dialog.model.changes == {declared.VISIT_REASONS: "K"}
    assert (button.text(), button.toolTip()) == ("1 gewählt …", "Kontrolle")


def test_discarding_leaves_without_a_question_and_writes_nothing(
    dialog: SettingsDialog, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialog, "ask_unsaved", lambda: pytest.fail("asked"))
    _child(dialog, QCheckBox, "SMSService.TerminerinnerungSenden").click()
    dialog._leave.click()
    assert not dialog.isVisible()
    assert not agent.settings.load().yes(declared.REMINDERS_ON)


def test_a_refused_save_keeps_the_window_and_what_was_changed(
    qtbot: QtBot, dialog: SettingsDialog, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_values: object, **_names: object) -> None:
        raise DatabaseUnavailableError("Datenbank nicht erreichbar", "Der Server antwortet nicht.", "Netzwerk prüfen.")

    _child(dialog, QCheckBox, "SMSService.TerminerinnerungSenden").click()
    monkeypatch.setattr(type(agent.settings), "save", refuse)
    dialog.save_and_close()
    qtbot.waitUntil(lambda: "Datenbank nicht erreichbar" in dialog.banner.text)
    assert dialog.isVisible()
    assert dialog.has_unsaved_changes()
    assert _child(dialog, QCheckBox, "SMSService.TerminerinnerungSenden").isChecked()


def test_closing_while_the_switches_are_read_is_quiet(
    qtbot: QtBot, context: DialogContext, errors: list[KnownError], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Event()
    monkeypatch.setattr("ui.dialogs.settings._load", lambda _agent: answer.wait(30) and model())
    dialog = SettingsDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.is_busy
    dialog.reject()
    answer.set()
    qtbot.waitUntil(lambda: context.background.idle)
    assert not dialog.isVisible()
    assert errors == []


def _remind_on_workdays(agent: Agent) -> None:
    planned = agent.jobs.plans.load().jobs[JobKey.PREPARE_REMINDERS]
    schedule = Schedule(Frequency.WEEKLY, Weekdays(62), date(2026, 1, 5), time(10), recurrence=1)
    agent.jobs.save([JobChange(planned.key, schedule, planned.version)], "Test")


def test_that_no_run_reminds_of_mondays_is_told_while_the_switches_are_edited(qtbot: QtBot, context: DialogContext, agent: Agent) -> None:
    _remind_on_workdays(agent)
    dialog = SettingsDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.model is not None and context.background.idle)
    assert dialog.model is not None
    assert not any("Montag" in hint for hint in dialog.model.hints())  # nobody is reminded at all
    _child(dialog, QCheckBox, "SMSService.TerminerinnerungSenden").click()
    qtbot.waitUntil(lambda: "an diesen Tagen: Montag." in dialog._hints.text)
    days = _child(dialog, QSpinBox, "SMSService.OffsetSuchTage")
    for number in (2, 3):
        days.setValue(number)
    qtbot.waitUntil(lambda: "Montag" not in dialog._hints.text and context.background.idle)
    days.setValue(1)
    qtbot.waitUntil(lambda: "OffsetSuchTage auf 3 stellen" in dialog._hints.text)


def test_switches_can_be_edited_though_the_plan_can_not_be_looked_at(
    qtbot: QtBot, dialog: SettingsDialog, context: DialogContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_values: object, **_names: object) -> None:
        raise DatabaseUnavailableError("Datenbank nicht erreichbar", "Der Server antwortet nicht.", "Netzwerk prüfen.")

    monkeypatch.setattr(Agent, "gaps", refuse)
    _child(dialog, QSpinBox, "SMSService.OffsetSuchTage").setValue(2)
    qtbot.waitUntil(lambda: context.background.idle)
    assert dialog.banner.text == ""
    assert dialog.has_unsaved_changes()


def _row(dialog: SettingsDialog, setting: declared.Setting) -> SwitchRow:
    return next(row for section in dialog.sections for row in section.rows if setting in row.editors)


def _child(dialog: SettingsDialog, kind: type[Widget], name: str) -> Widget:
    found = dialog.findChild(kind, name)
    assert found is not None
    return found
