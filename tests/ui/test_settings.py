"""The window *Schalter*: from the declaration, nothing written before *Speichern*."""

from __future__ import annotations

from datetime import date, time
from threading import Event
from typing import TypeVar

import pytest
from PyQt6.QtWidgets import QCheckBox, QMessageBox, QSpinBox, QTimeEdit, QWidget
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
from ui.models.settings import SettingsModel, default_text
from ui.windows import DialogContext

Widget = TypeVar("Widget", bound=QWidget)


def model(**values: declared.Value) -> SettingsModel:
    stored = Settings({declared.find_setting(f"SMSService.{name}"): value for name, value in values.items()})
    return SettingsModel(stored, PracticeIds({"M1": "Dr. Meier"}, {"K": "Kontrolle"}))


def test_every_switch_stands_in_one_section() -> None:
    assert [setting for _title, settings in model().sections() for setting in settings] == list(SETTINGS)


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


def test_the_default_is_told_with_its_unit() -> None:
    assert default_text(declared.OFFSET_START) == "Vorgabe:\u00a01\u00a0Tag"
    assert default_text(declared.DEFAULT_MANDANT) == "Vorgabe:\u00a0leer"
    assert default_text(declared.find_setting("SMSService.Ersatzsprache")) == "Vorgabe:\u00a0Deutsch"


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


def test_the_wheel_goes_to_the_page_and_changes_no_switch(dialog: SettingsDialog) -> None:
    days = _child(dialog, QSpinBox, "SMSService.OffsetSuchTage")
    assert not turn_wheel(days)
    assert not dialog.has_unsaved_changes()
    days.setFocus()
    before = days.value()
    assert turn_wheel(days)
    assert days.value() == max(days.minimum(), before - 1)


def test_all_fields_stand_below_each_other(dialog: SettingsDialog) -> None:
    editors = [_child(dialog, QWidget, setting.address) for setting in SETTINGS]
    assert len({editor.mapTo(dialog, editor.rect().topLeft()).x() for editor in editors}) == 1


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


def _child(dialog: SettingsDialog, kind: type[Widget], name: str) -> Widget:
    found = dialog.findChild(kind, name)
    assert found is not None
    return found
