"""A schedule is right, or tells each of its mistakes; its codes go out and come back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.schedules.schedule_strategies import schedules
from tray_agent.job_kinds import JobKey, default_schedules
from tray_agent.schedules.codes import Frequency, Position, RelativeDay, Subday, Weekdays
from tray_agent.schedules.mistakes import ScheduleError, find_mistakes
from tray_agent.schedules.schedule import Schedule

DAILY: dict[str, object] = {"freq_type": 4, "freq_interval": 1, "active_start_date": 20260101, "active_start_time": 100000}
WINDOW: dict[str, object] = {**DAILY, "freq_subday_type": 4, "freq_subday_interval": 15, "active_end_time": 180000}
WEEKLY: dict[str, object] = {**DAILY, "freq_type": 8, "freq_interval": 62, "freq_recurrence_factor": 1}
MONTHLY: dict[str, object] = {**DAILY, "freq_type": 16, "freq_interval": 31, "freq_recurrence_factor": 1}
RELATIVE: dict[str, object] = {**MONTHLY, "freq_type": 32, "freq_interval": 9, "freq_relative_interval": 16}


@given(schedules(2025, 2026))
def test_columns_go_out_and_come_back(schedule: Schedule) -> None:
    columns = json.loads(json.dumps(schedule.as_columns()))
    assert all(type(value) is int for value in columns.values())
    assert Schedule.from_columns(columns) == schedule
    assert find_mistakes(columns) == ()


def test_the_codes_are_those_of_sysschedules() -> None:
    schedule = Schedule(
        Frequency.MONTHLY_RELATIVE,
        RelativeDay.WORKING_DAY,
        date(2026, 11, 23),
        time(8, 0, 5),
        time(18),
        end_date=date(2027, 1, 31),
        position=Position.LAST,
        recurrence=2,
        subday=Subday.MINUTES,
        subday_interval=15,
    )
    assert schedule.as_columns() == {
        "enabled": 1,
        "freq_type": 32,
        "freq_interval": 9,
        "freq_subday_type": 4,
        "freq_subday_interval": 15,
        "freq_relative_interval": 16,
        "freq_recurrence_factor": 2,
        "active_start_date": 20261123,
        "active_end_date": 20270131,
        "active_start_time": 80005,
        "active_end_time": 180000,
    }


def test_defaults_are_those_of_sp_add_schedule() -> None:
    schedule = Schedule.from_columns({"freq_type": 4}, default_start=date(2026, 11, 23))
    assert schedule == Schedule(Frequency.DAILY, 1, date(2026, 11, 23), time(0))
    assert schedule.as_columns()["active_end_date"] == 99991231
    assert schedule.as_columns()["active_end_time"] == 235959


def test_what_names_a_schedule_is_ignored() -> None:
    exported = {**DAILY, "name": "Täglich", "schedule_id": 7, "owner_sid": "0x01", "version_number": 3, "date_created": "2026-01-01"}
    assert Schedule.from_columns(exported) == Schedule.from_columns(DAILY)


def test_what_is_not_used_does_not_matter() -> None:
    noise = {**DAILY, "freq_relative_interval": 99, "freq_recurrence_factor": 77, "freq_subday_interval": 5, "active_end_time": 100000}
    assert Schedule.from_columns(noise) == Schedule.from_columns(DAILY)


def test_a_schedule_that_runs_once_may_have_the_codes_of_the_server() -> None:
    once = Schedule.from_columns({"freq_type": 1, "freq_interval": 0, "freq_subday_type": 0, "active_start_date": 20260329})
    assert once.subday is Subday.AT_TIME


@pytest.mark.parametrize(
    ("wrong", "column", "words"),
    [
        ({**DAILY, "enabled": 2}, "enabled", "0 und 1"),
        ({**DAILY, "freq_type": 3}, "freq_type", "Häufigkeit 3"),
        ({**DAILY, "freq_type": 64}, "freq_type", "SQL-Server-Agent"),
        ({**DAILY, "freq_type": 128}, "freq_type", "Leerlauf"),
        ({**DAILY, "freq_interval": 0}, "freq_interval", "Alle 0 Tage"),
        ({**DAILY, "freq_interval": 1000}, "freq_interval", "Alle 1000 Tage"),
        ({**WEEKLY, "freq_interval": 0}, "freq_interval", "kein Wochentag"),
        ({**WEEKLY, "freq_interval": 128}, "freq_interval", "Wochentage 128"),
        ({**WEEKLY, "freq_recurrence_factor": 0}, "freq_recurrence_factor", "Alle 0 Wochen"),
        ({**MONTHLY, "freq_interval": 0}, "freq_interval", "Tag 0"),
        ({**MONTHLY, "freq_interval": 32}, "freq_interval", "Tag 32"),
        ({**MONTHLY, "freq_recurrence_factor": -1}, "freq_recurrence_factor", "Alle -1 Monate"),
        ({**RELATIVE, "freq_interval": 11}, "freq_interval", "Art des Tages 11"),
        ({**RELATIVE, "freq_relative_interval": 0}, "freq_relative_interval", "der wievielte"),
        ({**RELATIVE, "freq_relative_interval": 3}, "freq_relative_interval", "der wievielte"),
        ({**DAILY, "freq_subday_type": 2}, "freq_subday_type", "pro Tag 2"),
        ({**DAILY, "freq_subday_type": 0}, "freq_subday_type", "pro Tag 0"),
        ({**WINDOW, "freq_type": 1}, "freq_subday_type", "einmalig"),
        ({**WINDOW, "freq_subday_interval": 0}, "freq_subday_interval", "Alle 0 Minuten"),
        ({**WINDOW, "freq_subday_interval": 1440}, "freq_subday_interval", "Alle 1440 Minuten"),
        ({**WINDOW, "freq_subday_type": 8, "freq_subday_interval": 24}, "freq_subday_interval", "Alle 24 Stunden"),
        ({**WINDOW, "active_end_time": 100000}, "active_end_time", "gleich"),
        ({**WINDOW, "active_end_time": 186000}, "active_end_time", "keine Uhrzeit"),
        ({**DAILY, "active_start_time": 240000}, "active_start_time", "keine Uhrzeit"),
        ({**DAILY, "active_start_time": 10**30}, "active_start_time", "keine Uhrzeit"),
        ({**DAILY, "active_start_time": -1}, "active_start_time", "keine Uhrzeit"),
        ({**DAILY, "active_start_date": 20260229}, "active_start_date", "kein Datum"),
        ({**DAILY, "active_start_date": 10**30}, "active_start_date", "kein Datum"),
        ({**DAILY, "active_start_date": 19891231}, "active_start_date", "1990"),
        ({**DAILY, "active_end_date": 20251231}, "active_end_date", "vor dem Startdatum"),
        ({**DAILY, "active_end_date": 0}, "active_end_date", "kein Datum"),
        ({**DAILY, "active_start_time": 1.5}, "active_start_time", "ganze Zahl"),
        ({**DAILY, "active_start_time": "100000"}, "active_start_time", "ganze Zahl"),
        ({**DAILY, "freq_interval": True}, "freq_interval", "ganze Zahl"),
        ({"freq_interval": 1, "active_start_date": 20260101}, "freq_type", "fehlt"),
        ({"freq_type": 8, "active_start_date": 20260101}, "freq_interval", "fehlt"),
        ({"freq_type": 1}, "active_start_date", "fehlt"),
        ({**DAILY, "freq_subday": 4}, "freq_subday", "gibt es bei einem Zeitplan nicht"),
    ],
)
def test_each_mistake_is_one_clear_sentence_beside_its_field(wrong: dict[str, object], column: str, words: str) -> None:
    mistakes = find_mistakes(wrong)
    assert [mistake.column for mistake in mistakes] == [column]
    assert words in mistakes[0].message + mistakes[0].advice
    assert mistakes[0].advice.endswith(".")
    with pytest.raises(ScheduleError) as caught:
        Schedule.from_columns(wrong, default_start=None)
    assert caught.value.item == column
    assert caught.value.exit_code == 2


def test_all_mistakes_are_told_at_once() -> None:
    wrong = {**WINDOW, "freq_interval": 0, "active_end_time": 100000, "active_end_date": 20250101}
    assert [mistake.column for mistake in find_mistakes(wrong)] == ["freq_interval", "active_end_date", "active_end_time"]


def test_a_wrong_value_can_not_be_made() -> None:
    with pytest.raises(ScheduleError, match="kein Wochentag"):
        Schedule(Frequency.WEEKLY, Weekdays(0), date(2026, 1, 1), time(10), recurrence=1)
    right = Schedule(Frequency.MONTHLY, 31, date(2026, 1, 1), time(10), recurrence=1)
    with pytest.raises(ScheduleError, match="Tag 32"):
        replace(right, interval=32)


@given(st.dictionaries(st.sampled_from([*sorted(DAILY), "freq_subday_type", "active_end_time"]), st.integers() | st.text() | st.none()))
def test_any_columns_are_a_schedule_or_a_mistake(columns: dict[str, object]) -> None:
    mistakes = find_mistakes(columns)
    if mistakes:
        with pytest.raises(ScheduleError):
            Schedule.from_columns(columns)
    else:
        assert Schedule.from_columns(columns).as_columns()["freq_type"] == columns["freq_type"]


def test_the_default_schedules_stand_in_order_and_run_nothing() -> None:
    defaults = default_schedules(date(2026, 11, 23))
    assert set(defaults) == set(JobKey)
    assert not any(schedule.enabled for schedule in defaults.values())
    times = [defaults[job].start_time for job in (JobKey.PREPARE_REMINDERS, JobKey.SEND_MESSAGES, JobKey.UPDATE_STATUS)]
    assert times == [time(10, 0), time(10, 10), time(10, 20)]
    assert defaults[JobKey.PREPARE_BIRTHDAYS].start_time < time(10, 5)
