"""A plan that never covers a day is told, with what would mend it (domain, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tray_agent.job_kinds import JobKey
from tray_agent.messages.rules.eligibility import RuleSettings
from tray_agent.messages.rules.gaps import ReminderPlan, find_gaps, find_greeting_gaps
from tray_agent.schedules.codes import Frequency, Position, RelativeDay, Subday, Weekdays
from tray_agent.schedules.order_check import OrderFindingKind
from tray_agent.schedules.schedule import Schedule

ZURICH = ZoneInfo("Europe/Zurich")
SETTINGS = RuleSettings(reminders_on=True)
FRIDAY, MONDAY = date(2026, 11, 27), date(2026, 11, 30)
DAILY = Schedule(Frequency.DAILY, 1, date(2026, 1, 1), time(10))


def weekly(days: Weekdays, weeks: int = 1) -> Schedule:
    return Schedule(Frequency.WEEKLY, days, date(2026, 1, 5), time(10), recurrence=weeks)


WORKDAYS = weekly(Weekdays(62))
EVERY_DAY = weekly(Weekdays(127))


def told(
    schedule: Schedule,
    *,
    at: datetime = datetime(2026, 11, 27, 11, tzinfo=ZURICH),
    start: int = 1,
    search: int = 1,
    covered: Collection[date] = (),
    since: datetime | None = None,
    practice: Callable[[date], bool] = lambda _day: False,
) -> str:
    settings = replace(SETTINGS, offset_start_days=start, search_days=search)
    plan = ReminderPlan(schedule, settings, ZURICH, at.astimezone(UTC), since and since.astimezone(UTC), covered)
    findings = find_gaps(plan, practice)
    assert all((finding.kind, finding.jobs) == (OrderFindingKind.NOT_COVERED, (JobKey.PREPARE_REMINDERS,)) for finding in findings)
    return " ".join(finding.sentence for finding in findings)


def no_run(days: str, advice: str = "") -> str:
    text = (
        f"Kein geplanter Lauf von «Terminerinnerungen aufbereiten» sucht nach Terminen an diesen Tagen: {days}. An sie wird nicht erinnert."
    )
    return f"{text} Abhilfe: {advice}." if advice else text


TO_DAILY = "«Terminerinnerungen aufbereiten» täglich ausführen"


@pytest.mark.parametrize("schedule", [DAILY, EVERY_DAY, replace(DAILY, subday=Subday.HOURS, subday_interval=2, end_time=time(18))])
@pytest.mark.parametrize("start", [0, 1, 3, 7])
def test_what_runs_every_day_leaves_nothing_out(schedule: Schedule, start: int) -> None:
    assert told(schedule, start=start, practice=lambda _day: True) == ""


FIRST_MONDAYS = Schedule(Frequency.MONTHLY_RELATIVE, RelativeDay.MONDAY, date(2026, 1, 1), time(10), position=Position.FIRST, recurrence=1)
EVERY_OTHER = "01.12.2026, 03.12.2026, 07.12.2026, 09.12.2026, 11.12.2026 und 15 weitere"
EVERY_OTHER_WEEK = "01.12.2026, 02.12.2026, 03.12.2026, 04.12.2026, 07.12.2026 und 15 weitere"


@pytest.mark.parametrize(
    ("schedule", "start", "search", "days", "better"),
    [
        (WORKDAYS, 1, 1, "Montag", 3),
        (WORKDAYS, 1, 2, "Montag", 3),
        (WORKDAYS, 1, 3, "", 0),
        (WORKDAYS, 0, 1, "", 0),
        (WORKDAYS, 2, 1, "Montag und Dienstag", 3),
        (WORKDAYS, 3, 1, "Dienstag und Mittwoch", 3),
        (weekly(Weekdays.MONDAY | Weekdays.THURSDAY), 1, 1, "Montag, Mittwoch und Donnerstag", 4),
        (weekly(Weekdays.MONDAY), 1, 7, "", 0),
        (weekly(Weekdays(127), 2), 1, 1, EVERY_OTHER_WEEK, 8),
        (replace(DAILY, interval=2), 1, 1, EVERY_OTHER, 2),
        (FIRST_MONDAYS, 1, 1, "Montag, Dienstag, Mittwoch, Donnerstag und Freitag", 0),
    ],
)
def test_weekdays_that_no_run_searches_and_what_would_mend_it(schedule: Schedule, start: int, search: int, days: str, better: int) -> None:
    advice = f"OffsetSuchTage auf {better} stellen oder {TO_DAILY}" if better else TO_DAILY
    assert told(schedule, start=start, search=search) == (no_run(days, advice) if days else "")
    if better:
        assert told(schedule, start=start, search=better) == ""
        assert told(schedule, start=start, search=better - 1) != ""


@pytest.mark.parametrize(
    ("worked", "days", "search"),
    [
        ({5}, "Montag", 3),  # Friday's run looks for Saturday
        ({6}, "Montag und Sonntag", 3),
        ({5, 6}, "Montag und Sonntag", 3),
    ],
)
def test_weekends_count_where_the_practice_has_appointments_on_them(worked: set[int], days: str, search: int) -> None:
    found = told(WORKDAYS, practice=lambda day: day.weekday() in worked)
    assert found == no_run(days, f"OffsetSuchTage auf {search} stellen oder {TO_DAILY}")


def test_the_practice_is_asked_about_weekends_that_are_left_out_only() -> None:
    asked: list[date] = []

    def note(day: date) -> bool:
        asked.append(day)
        return False

    told(DAILY, practice=note)
    assert asked == []
    told(WORKDAYS, practice=note)
    assert {day.weekday() for day in asked} == {6}


@pytest.mark.parametrize("plan", [{"enabled": False}, {"reminders_on": False}])
def test_who_reminds_of_nothing_on_purpose_is_told_nothing(plan: dict[str, bool]) -> None:
    schedule = replace(WORKDAYS, enabled=plan.get("enabled", True))
    settings = replace(SETTINGS, reminders_on=plan.get("reminders_on", True))
    assert find_gaps(ReminderPlan(schedule, settings, ZURICH, datetime(2026, 11, 27, tzinfo=UTC)), lambda _day: True) == ()


def test_what_was_searched_already_is_not_told() -> None:
    """By hand on Friday, with another offset: the coming Monday is done, those after it are not."""
    friday = datetime(2026, 11, 27, 10, tzinfo=ZURICH)
    covered = {date(2026, 11, 28), MONDAY, *(MONDAY + timedelta(weeks=week) for week in range(2, 9))}
    assert told(WORKDAYS, covered=covered, since=friday) == no_run("07.12.2026", f"OffsetSuchTage auf 3 stellen oder {TO_DAILY}")


@pytest.mark.parametrize("at", [datetime(2026, 11, 27, 11, tzinfo=ZURICH), datetime(2026, 11, 29, 20, tzinfo=ZURICH)])
def test_what_no_run_to_come_can_search_any_more_spoils_no_advice(at: datetime) -> None:
    """In use for long, after Friday's run: nothing brings the coming Monday back, but those after it."""
    friday = datetime(2026, 11, 27, 10, tzinfo=ZURICH)
    found = told(WORKDAYS, at=at, covered={date(2026, 11, 28)}, since=friday)
    assert found == no_run("Montag", f"OffsetSuchTage auf 3 stellen oder {TO_DAILY}")


def test_what_was_missed_and_is_made_up_for_is_not_told() -> None:
    """Monday 07:59 after a weekend off: the next run searches Monday, too."""
    monday = datetime(2026, 11, 30, 7, 59, tzinfo=ZURICH)
    friday = datetime(2026, 11, 27, 10, tzinfo=ZURICH)
    assert told(DAILY, at=monday, covered={date(2026, 11, 28)}, since=friday) == ""
    assert told(DAILY, at=monday, start=2, covered={date(2026, 11, 29)}, since=friday) == ""


def test_a_first_offset_that_grew_leaves_days_out_once() -> None:
    """On Wednesday, after its run, from 1 to 3: Thursday is done, Friday lies in no run's window any more."""
    wednesday = datetime(2026, 12, 2, 11, tzinfo=ZURICH)
    since = datetime(2026, 12, 2, 10, tzinfo=ZURICH)
    found = told(DAILY, at=wednesday, start=3, covered={date(2026, 12, 2), date(2026, 12, 3)}, since=since)
    assert found == no_run("04.12.2026", "OffsetStartTage auf 1 und OffsetSuchTage auf 3 stellen")


def test_a_schedule_that_ends_soon_is_told() -> None:
    found = told(replace(DAILY, end_date=date(2027, 1, 18)))
    assert found == no_run("20.01.2027, 21.01.2027 und 22.01.2027", f"OffsetSuchTage auf 4 stellen oder {TO_DAILY}")


def test_a_schedule_that_begins_later_is_told_from_its_first_day_on_only() -> None:
    assert told(replace(DAILY, start_date=date(2026, 12, 10))) == ""


def test_a_schedule_that_never_runs_again_is_told() -> None:
    over = Schedule(Frequency.ONCE, 0, date(2026, 1, 5), time(10))
    assert told(over) == no_run("Montag, Dienstag, Mittwoch, Donnerstag und Freitag", TO_DAILY)


def test_days_around_the_change_of_the_clocks_are_days_like_others() -> None:
    assert told(replace(DAILY, start_time=time(2, 30)), at=datetime(2027, 3, 20, 11, tzinfo=ZURICH), practice=lambda _day: True) == ""
    assert told(replace(DAILY, start_time=time(2, 30)), at=datetime(2026, 10, 20, 11, tzinfo=ZURICH), practice=lambda _day: True) == ""


# Greetings


def greeted_not(schedule: Schedule, at: datetime = datetime(2026, 11, 27, 11, tzinfo=ZURICH), *, on: bool = True) -> str:
    findings = find_greeting_gaps(schedule, RuleSettings(birthdays_on=on), ZURICH, at.astimezone(UTC))
    assert all((finding.kind, finding.jobs) == (OrderFindingKind.NOT_COVERED, (JobKey.PREPARE_BIRTHDAYS,)) for finding in findings)
    return " ".join(finding.sentence for finding in findings)


@pytest.mark.parametrize(("schedule", "days"), [
    (WORKDAYS, "Samstag und Sonntag"),
    (weekly(Weekdays(2)), "Dienstag, Mittwoch, Donnerstag, Freitag, Samstag und Sonntag"),
    (replace(DAILY, end_date=date(2027, 1, 19)), "20.01.2027, 21.01.2027 und 22.01.2027"),
    (replace(DAILY, end_date=date(2026, 11, 1)), "Montag, Dienstag, Mittwoch, Donnerstag, Freitag, Samstag und Sonntag"),
])  # fmt: skip
def test_days_on_which_nobody_is_greeted_are_told(schedule: Schedule, days: str) -> None:
    job = "«Geburtstagsglückwünsche aufbereiten»"
    what = f"Kein geplanter Lauf von {job} ist an diesen Tagen: {days}. Wer dann Geburtstag hat, erhält keinen Glückwunsch."
    assert greeted_not(schedule) == f"{what} Abhilfe: {job} täglich ausführen."


@pytest.mark.parametrize("schedule", [
    DAILY, EVERY_DAY, replace(DAILY, start_date=date(2026, 12, 14)), replace(WORKDAYS, enabled=False),
    replace(DAILY, subday=Subday.HOURS, subday_interval=2, end_time=time(18)),
])  # fmt: skip
def test_who_greets_every_day_or_nobody_on_purpose_is_told_nothing(schedule: Schedule) -> None:
    assert greeted_not(schedule) == ""
    assert greeted_not(WORKDAYS, on=False) == ""


def test_of_the_day_on_which_the_clock_changes_nothing_is_told() -> None:
    assert greeted_not(replace(DAILY, start_time=time(2, 30)), datetime(2027, 3, 20, 11, tzinfo=ZURICH)) == ""
