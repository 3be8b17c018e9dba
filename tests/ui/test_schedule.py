"""The window *Zeitplan*: what the fields mean, mistakes beside their field, summary and next runs while editing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from PyQt6.QtCore import QDate, QTime
from PyQt6.QtWidgets import QMessageBox, QScrollArea
from pytestqt.qtbot import QtBot

from tests.schedules.schedule_strategies import schedules
from tests.support.accessibility import clashing_mnemonics, unnamed_widgets
from tray_agent.agent import Agent
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.owed import RetryPolicy
from tray_agent.schedules.codes import Frequency, Position, RelativeDay, Subday, Weekdays
from tray_agent.schedules.schedule import Schedule
from ui.dialogs.schedule import ScheduleDialog
from ui.look.style import WRONG
from ui.models.schedule import NotePlace, Repeat, ScheduleModel, ScheduleSubject
from ui.windows import DialogContext

ZURICH = ZoneInfo("Europe/Zurich")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAILY = Schedule(Frequency.DAILY, 1, date(2026, 1, 1), time(10))


def model(schedule: Schedule = DAILY) -> ScheduleModel:
    return ScheduleModel(schedule, ZURICH, NOW)


@given(schedules(2020, 2030))
@settings(max_examples=200)
def test_every_schedule_comes_through_the_fields_as_it_was(schedule: Schedule) -> None:
    edited = model(schedule)
    assert edited.mistakes == {}
    assert edited.schedule == schedule
    assert not edited.has_changes


def test_summary_and_next_runs_follow_every_edit() -> None:
    edited = model()
    edited.edit(repeat=Repeat.WEEKLY, weekdays=int(Weekdays.MONDAY | Weekdays.FRIDAY), at=time(10, 10))
    assert edited.summary == "Wöchentlich am Montag und Freitag um 10:10, ab 01.01.2026."
    assert edited.next_lines == (
        "Mo 23.11.2026 10:10", "Fr 27.11.2026 10:10", "Mo 30.11.2026 10:10", "Fr 04.12.2026 10:10", "Mo 07.12.2026 10:10",
    )  # fmt: skip


def test_a_job_that_is_not_enabled_shows_its_next_runs_all_the_same() -> None:
    assert len(model(replace(DAILY, enabled=False)).next_runs()) == 5


def test_several_times_a_day_within_a_window() -> None:
    edited = model()
    edited.edit(several=True, every=30, unit=Subday.MINUTES, window_start=time(8), window_end=time(18))
    assert edited.schedule == Schedule(Frequency.DAILY, 1, date(2026, 1, 1), time(8), time(18), subday=Subday.MINUTES, subday_interval=30)


def test_the_last_working_day_of_every_second_month() -> None:
    edited = model()
    edited.edit(repeat=Repeat.MONTHLY, by_position=True, position=Position.LAST, relative_day=RelativeDay.WORKING_DAY, months=2)
    assert edited.summary == "Alle 2 Monate am letzten Arbeitstag um 10:00, ab 01.01.2026."


@pytest.mark.parametrize(
    ("values", "place", "told"),
    [
        ({"repeat": Repeat.WEEKLY, "weekdays": 0}, NotePlace.WEEKDAYS, "Mindestens einen Wochentag ankreuzen."),
        ({"days": 0}, NotePlace.REPEATED, "Erlaubt ist eine ganze Zahl von 1 bis 999."),
        ({"repeat": Repeat.MONTHLY, "day_of_month": 32}, NotePlace.MONTHLY, "Erlaubt ist eine ganze Zahl von 1 bis 31."),
        ({"several": True, "every": 24, "unit": Subday.HOURS}, NotePlace.EVERY, "Erlaubt ist eine ganze Zahl von 1 bis 23."),
        (
            {"several": True, "window_start": time(8), "window_end": time(8)},
            NotePlace.WINDOW,
            "Beginn und Ende der Zeitspanne sind gleich.",
        ),
        ({"endless": False, "end": date(2025, 1, 1)}, NotePlace.END, "Ein späteres Enddatum wählen, oder «Kein Enddatum»."),
        ({"start": date(1980, 1, 1)}, NotePlace.START, "Das Startdatum liegt ausserhalb"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field(values: dict[str, Any], place: NotePlace, told: str) -> None:
    edited = model()
    edited.edit(**values)
    assert list(edited.mistakes) == [place]
    assert told in edited.mistakes[place]
    assert edited.schedule is None
    assert edited.has_changes
    assert edited.next_lines == ()
    assert edited.never == ""
    assert "noch nicht vollständig" in edited.summary


def test_a_time_that_has_passed_is_told() -> None:
    edited = model()
    edited.edit(repeat=Repeat.ONCE, start=date(2026, 11, 1))
    assert edited.next_lines == ()
    assert edited.never == "Nach diesem Zeitplan läuft der Auftrag nie mehr: Die Zeit liegt schon zurück."


def test_a_choice_taken_back_is_no_change() -> None:
    edited = model(Schedule(Frequency.WEEKLY, 2, date(2026, 1, 1), time(10), recurrence=3))
    edited.edit(repeat=Repeat.ONCE)
    assert edited.has_changes
    edited.edit(repeat=Repeat.WEEKLY)
    assert not edited.has_changes


class Taken:
    """What *Aufträge verwalten* hears of this window."""

    def __init__(self) -> None:
        self.schedules: list[Schedule] = []
        self.previews: list[Schedule | None] = []

    def subject(self, schedule: Schedule = DAILY) -> ScheduleSubject:
        return ScheduleSubject(JobKey.SEND_MESSAGES, schedule, self.schedules.append, self.previews.append)


@pytest.fixture
def taken() -> Taken:
    return Taken()


def opened(qtbot: QtBot, context: DialogContext, subject: ScheduleSubject) -> ScheduleDialog:
    dialog = ScheduleDialog(replace(context, subject=subject))
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_saving_hands_the_schedule_over_and_writes_nothing(qtbot: QtBot, context: DialogContext, taken: Taken, agent: Agent) -> None:
    before = agent.jobs.overview()
    dialog = opened(qtbot, context, taken.subject())
    dialog.at.setTime(QTime(10, 10))
    assert taken.previews[-1] == replace(DAILY, start_time=time(10, 10))
    dialog.save_and_close()
    assert taken.schedules == [replace(DAILY, start_time=time(10, 10))]
    assert not dialog.isVisible()
    assert taken.previews[-1] is None
    assert agent.jobs.overview() == before


def test_the_window_says_how_what_is_not_done_is_tried_again(qtbot: QtBot, context: DialogContext, taken: Taken) -> None:
    dialog = opened(qtbot, context, taken.subject())
    assert dialog.retries.isVisible()
    assert dialog.retries.text() == RetryPolicy().in_words()


def test_a_mistake_stands_in_the_window_and_keeps_it_from_being_saved(qtbot: QtBot, context: DialogContext, taken: Taken) -> None:
    dialog = opened(qtbot, context, taken.subject())
    dialog.several.click()
    dialog.window_end.setTime(dialog.window_start.time())
    assert "Beginn und Ende" in dialog._notes[NotePlace.WINDOW].text
    assert not dialog._save.isEnabled()
    assert taken.previews[-1] is None
    dialog.save_and_close()
    assert taken.schedules == []


def test_only_the_fields_of_the_chosen_kind_are_there(qtbot: QtBot, context: DialogContext, taken: Taken) -> None:
    dialog = opened(qtbot, context, taken.subject())
    for repeat, weekdays, monthly, end in (
        (Repeat.WEEKLY, True, False, True),
        (Repeat.MONTHLY, False, True, True),
        (Repeat.ONCE, False, False, False),
        (Repeat.DAILY, False, False, True),
    ):
        dialog.repeat.setCurrentIndex(dialog.repeat.findData(repeat))
        seen = (dialog.weekdays[Weekdays.MONDAY].isVisible(), dialog.day_of_month.isVisible(), dialog.end.isVisible())
        assert seen == (weekdays, monthly, end), repeat


def test_once_does_not_forget_several_times(qtbot: QtBot, context: DialogContext, taken: Taken) -> None:
    hourly = Schedule(Frequency.DAILY, 1, date(2026, 1, 1), time(8), time(18), subday=Subday.HOURS, subday_interval=1)
    dialog = opened(qtbot, context, taken.subject(hourly))
    dialog.repeat.setCurrentIndex(dialog.repeat.findData(Repeat.ONCE))
    assert dialog.once.isChecked()
    assert not dialog.several.isEnabled()
    dialog.repeat.setCurrentIndex(dialog.repeat.findData(Repeat.DAILY))
    assert dialog.several.isChecked()
    assert not dialog.has_unsaved_changes()


def test_repeated_reads_as_a_sentence(qtbot: QtBot, context: DialogContext, taken: Taken) -> None:
    dialog = opened(qtbot, context, taken.subject())
    assert dialog.repeated.text() == "jeden Tag"
    dialog.repeat.setCurrentIndex(dialog.repeat.findData(Repeat.WEEKLY))
    dialog.repeated.setValue(2)
    assert dialog.repeated.text() == "alle 2 Wochen"
    assert dialog.summary.text().startswith("Alle 2 Wochen von Montag bis Freitag")


def test_every_field_reaches_the_schedule(qtbot: QtBot, context: DialogContext, taken: Taken) -> None:
    dialog = opened(qtbot, context, taken.subject())
    dialog.repeat.setCurrentIndex(dialog.repeat.findData(Repeat.MONTHLY))
    dialog.by_position.click()
    dialog.position.setCurrentIndex(4)
    dialog.relative_day.setCurrentIndex(8)
    dialog.several.click()
    dialog.every.setValue(2)
    dialog.window_start.setTime(QTime(9, 0))
    dialog.window_end.setTime(QTime(17, 0))
    dialog.start.setDate(QDate(2026, 12, 1))
    dialog.endless.click()
    dialog.end.setDate(QDate(2027, 12, 31))
    dialog.save_and_close()
    assert taken.schedules == [
        Schedule(
            Frequency.MONTHLY_RELATIVE, RelativeDay.WORKING_DAY, date(2026, 12, 1), time(9), time(17), date(2027, 12, 31),
            Position.LAST, 1, Subday.HOURS, 2,
        )
    ]  # fmt: skip


def test_leaving_asks_only_where_something_changed(
    qtbot: QtBot, context: DialogContext, taken: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = opened(qtbot, context, taken.subject())
    dialog.at.setTime(QTime(11, 0))
    monkeypatch.setattr(dialog, "ask_unsaved", lambda: QMessageBox.StandardButton.Cancel)
    dialog.reject()
    assert dialog.isVisible()
    dialog.at.setTime(QTime(10, 0))
    dialog.reject()
    assert not dialog.isVisible()
    assert taken.schedules == []


def test_a_mistake_frames_its_fields(qtbot: QtBot, context: DialogContext, taken: Taken) -> None:
    dialog = opened(qtbot, context, taken.subject())
    dialog.several.click()
    dialog.window_end.setTime(dialog.window_start.time())
    assert [bool(field.property(WRONG)) for field in (dialog.window_start, dialog.window_end, dialog.at)] == [True, True, False]
    dialog.window_end.setTime(QTime(18, 0))
    assert not dialog.window_end.property(WRONG)


@pytest.mark.parametrize("repeat", list(Repeat))
def test_all_is_seen_without_scrolling(qtbot: QtBot, context: DialogContext, taken: Taken, repeat: Repeat) -> None:
    dialog = opened(qtbot, context, taken.subject())
    dialog.repeat.setCurrentIndex(dialog.repeat.findData(repeat))
    bars = [area.verticalScrollBar() for area in dialog.findChildren(QScrollArea)]
    qtbot.waitUntil(lambda: [bar.maximum() for bar in bars if bar is not None] == [0] * len(bars))


@pytest.mark.parametrize("repeat", list(Repeat))
def test_the_window_can_be_heard_and_worked_by_keys(qtbot: QtBot, context: DialogContext, taken: Taken, repeat: Repeat) -> None:
    dialog = opened(qtbot, context, taken.subject())
    dialog.repeat.setCurrentIndex(dialog.repeat.findData(repeat))
    assert unnamed_widgets(dialog) == []
    assert clashing_mnemonics(dialog) == []
