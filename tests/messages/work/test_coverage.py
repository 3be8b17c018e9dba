"""A missed run is made up for whole: which days a run searches, which it remembers, who is told (domain, sections 3 and 4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from tests.messages.world import ANNA, ZURICH, World, treatment
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config import settings as switches
from tray_agent.config.machine import Machine, StoreSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.config.settings import Setting, Value
from tray_agent.errors import KnownError
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.model import JobChange
from tray_agent.messages.model import MessageKind
from tray_agent.messages.rules.eligibility import RuleSettings
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.work.coverage import gaps_of
from tray_agent.messages.work.preview import Preview, PreviewService
from tray_agent.practice.model import AppointmentStatus
from tray_agent.protocol.model import Level
from tray_agent.schedules.codes import Frequency, Subday, Weekdays
from tray_agent.schedules.schedule import Schedule
from tray_agent.store.database import Database
from tray_agent.store.tables import covered_day, job_run

REMINDERS, BIRTHDAYS = JobKey.PREPARE_REMINDERS, JobKey.PREPARE_BIRTHDAYS
DAILY = Schedule(Frequency.DAILY, 1, date(2026, 1, 1), time(10))
WORKDAYS = Schedule(Frequency.WEEKLY, Weekdays(62), date(2026, 1, 1), time(10), recurrence=1)
FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2026, 11, day) for day in (27, 28, 29, 30))


def at(day: date, hour: int = 10, minute: int = 0) -> datetime:
    """Returns an instant of the practice's wall clock."""
    return datetime.combine(day, time(hour, minute), ZURICH).astimezone(UTC)


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def book_each(world: World, *at_days: date, hour: int = 14) -> None:
    """Books an appointment of another patient on each of these days; its id is the day."""
    for day in at_days:
        world.practice.put(replace(ANNA, id=f"P{day}"), treatment(f"P{day}"))
        world.book_appointment(day.isoformat(), datetime.combine(day, time(hour)), f"P{day}")


def run_on(world: World, day: date, hour: int = 10, minute: int = 0, *, due_at: datetime | None = None) -> list[date]:
    """Prepares at a time, of this or another planned time, and returns the days that got a new reminder."""
    before = {message.appointment_id for message in world.messages()}
    world.clock.set(at(day, hour, minute))
    world.prepare(due_at=due_at)
    return sorted(date.fromisoformat(str(message.appointment_id)) for message in world.messages() if message.appointment_id not in before)


def covered(world: World, job: JobKey = REMINDERS) -> list[date]:
    with world.database.read() as connection:
        rows = connection.execute(select(covered_day.c.day).where(covered_day.c.job == job.value)).scalars()
        return sorted(map(date.fromisoformat, rows))


def preview(world: World, day: date | None = None, kind: MessageKind = MessageKind.REMINDER) -> Preview:
    return PreviewService(world.parts).preview(kind, day)


def reminding(world: World, *, schedule: Schedule = DAILY, **offsets: int) -> World:
    named: dict[str, Setting] = {"start": switches.OFFSET_START, "search": switches.OFFSET_SEARCH}
    values: dict[Setting, Value] = {named[name]: value for name, value in offsets.items()}
    world.values |= values
    world.schedules[REMINDERS] = schedule
    world.schedules[BIRTHDAYS] = schedule
    return world


# What is made up for


def test_a_weekend_off_costs_monday_afternoon_nothing_on_every_engine(every_world: World) -> None:
    """The case of the practice: daily at 10:00, switches at their defaults, off from Friday evening to Monday 07:59."""
    world = reminding(every_world)
    book_each(world, *days(FRIDAY, date(2026, 12, 4)))
    assert run_on(world, FRIDAY) == [SATURDAY]
    assert run_on(world, MONDAY, 7, 59, due_at=at(SUNDAY)) == [MONDAY]  # the latest missed time is caught up
    assert run_on(world, MONDAY) == [date(2026, 12, 1)]
    assert covered(world) == [SATURDAY, MONDAY, date(2026, 12, 1)]


def test_a_first_run_of_monday_that_is_not_caught_up_makes_up_for_the_weekend(every_world: World) -> None:
    """By hand, or after a failed catch-up: what the times of Saturday and Sunday would have looked for is not lost."""
    world = reminding(every_world)
    book_each(world, *days(FRIDAY, date(2026, 12, 4)))
    run_on(world, FRIDAY)
    world.clock.set(at(MONDAY, 8, 30))
    result = world.prepare()
    assert result.counts == {"prepared": 2}
    assert "30.11.2026" in result.sentence
    assert covered(world) == [SATURDAY, MONDAY, date(2026, 12, 1)]
    assert "30.11.2026" not in world.prepare().sentence  # once


def test_what_has_begun_is_not_made_up_for(world: World) -> None:
    world = reminding(world)
    book_each(world, MONDAY, hour=8)
    run_on(world, FRIDAY)
    assert run_on(world, MONDAY, 8, 30) == []


def test_a_caught_up_run_makes_up_for_the_times_before_it(world: World) -> None:
    """Reminding three days ahead: Sunday's run is caught up, Saturday's and Friday's would be lost."""
    world = reminding(world, start=3)
    book_each(world, *days(FRIDAY, date(2026, 12, 6)))
    assert run_on(world, date(2026, 11, 26)) == [SUNDAY]
    assert run_on(world, MONDAY, 7, 59, due_at=at(SUNDAY)) == [MONDAY, date(2026, 12, 1), date(2026, 12, 2)]
    assert run_on(world, MONDAY) == [date(2026, 12, 3)]


def test_with_three_days_searched_only_what_nobody_searched_is_made_up_for(world: World) -> None:
    world = reminding(world, search=3)
    book_each(world, MONDAY)
    assert run_on(world, FRIDAY) == [MONDAY]  # searches Saturday to Monday
    book_each(world, *days(MONDAY, date(2026, 12, 6)))
    world.book_appointment("late", datetime.combine(MONDAY, time(16)))
    assert run_on(world, MONDAY, 8, 30) == days(date(2026, 12, 1), date(2026, 12, 3))
    assert preview(world).reasons[Reason.BOOKED_AFTERWARDS] == 1


def test_several_runs_a_day_find_what_was_booked_since(every_world: World) -> None:
    hourly = Schedule(Frequency.DAILY, 1, date(2026, 1, 1), time(8), time(18), subday=Subday.HOURS, subday_interval=1)
    world = reminding(every_world, schedule=hourly)
    book_each(world, SATURDAY)
    assert run_on(world, FRIDAY, 8) == [SATURDAY]
    world.book_appointment(f"{SATURDAY}", datetime.combine(SATURDAY, time(14)), f"P{SATURDAY}")
    book_each(world, MONDAY)
    world.practice.put(replace(ANNA, id="P2", mobile="078 111 22 33"), treatment("P2"))
    world.book_appointment("late", datetime.combine(SATURDAY, time(15)), "P2")
    world.clock.set(at(FRIDAY, 9))
    assert world.prepare().counts == {"prepared": 1}
    assert run_on(world, MONDAY, 7, 59, due_at=at(SUNDAY, 18)) == [MONDAY]


def test_a_run_that_failed_covered_nothing(every_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = reminding(every_world)
    book_each(world, *days(FRIDAY, MONDAY))
    run_on(world, FRIDAY)
    with monkeypatch.context() as broken:
        broken.setattr(world.practice, "patients", _away)
        with pytest.raises(KnownError):
            run_on(world, MONDAY, 7, 59, due_at=at(SUNDAY))
    assert covered(world) == [SATURDAY]
    assert run_on(world, MONDAY, 10) == [MONDAY]


def _away(*_values: object) -> None:
    raise KnownError("Praxisdaten nicht erreichbar", "Die Praxisdaten sind nicht erreichbar.", "Warten.")


def test_the_next_attempt_of_the_same_time_does_what_the_first_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = reminding(world)
    book_each(world, *days(SATURDAY, date(2026, 12, 1)))
    run_on(world, FRIDAY)
    with monkeypatch.context() as broken:
        broken.setattr(world.practice, "patients", _away)
        with pytest.raises(KnownError):
            run_on(world, MONDAY, 10)
    assert run_on(world, MONDAY, 10, 2, due_at=at(MONDAY)) == [MONDAY, date(2026, 12, 1)]
    assert run_on(world, MONDAY, 10, 3, due_at=at(MONDAY)) == []


def test_a_dry_run_makes_up_and_remembers_nothing(world: World) -> None:
    world = reminding(world)
    book_each(world, MONDAY)
    run_on(world, FRIDAY)
    world.clock.set(at(MONDAY, 8, 30))
    assert world.prepare(dry_run=True).counts == {"prepared": 1}
    assert covered(world) == [SATURDAY]
    assert run_on(world, MONDAY, 8, 31) == [MONDAY]


def test_a_plan_of_workdays_makes_up_for_its_own_times_only(world: World) -> None:
    """Mondays are never planned with it (the check of the plan says so): no run has missed them."""
    world = reminding(world, schedule=WORKDAYS)
    book_each(world, *days(FRIDAY, date(2026, 12, 2)))
    assert run_on(world, date(2026, 11, 26)) == [FRIDAY]
    assert run_on(world, MONDAY, 10) == [date(2026, 12, 1)]  # Friday's time was missed: it would have looked for Saturday


def test_a_weekly_time_that_was_missed_is_made_up_for_days_later(world: World) -> None:
    """Mondays, for the seven days that follow: by hand on Thursday, when only Thursday is left of them."""
    world = reminding(world, schedule=replace(WORKDAYS, interval=Weekdays.MONDAY), search=7)
    book_each(world, *days(FRIDAY, date(2026, 12, 10)))
    run_on(world, date(2026, 11, 23))
    assert run_on(world, date(2026, 12, 3), 9) == days(date(2026, 12, 3), date(2026, 12, 10))


def test_an_offset_that_grew_leaves_a_gap_that_no_time_was_planned_for(world: World) -> None:
    world = reminding(world)
    book_each(world, *days(SATURDAY, date(2026, 12, 4)))
    assert run_on(world, FRIDAY) == [SATURDAY]
    world.values[switches.OFFSET_START] = 3
    assert run_on(world, MONDAY, 9) == [date(2026, 12, day) for day in (1, 2, 3)]  # of Saturday, Sunday, and its own


def test_an_offset_that_shrank_searches_nothing_twice_in_vain(world: World) -> None:
    world = reminding(world, start=3)
    book_each(world, *days(SATURDAY, date(2026, 12, 4)))
    assert run_on(world, FRIDAY) == [MONDAY]
    world.values[switches.OFFSET_START] = 1
    assert run_on(world, SATURDAY) == [SUNDAY]
    assert run_on(world, MONDAY, 9) == [date(2026, 12, 1)]  # Monday was searched on Friday


def test_off_over_christmas(world: World) -> None:
    """Off from the 24th, 10:00 done, to the 28th: who comes that Monday is reminded in the morning."""
    world = reminding(world)
    book_each(world, *days(date(2026, 12, 24), date(2026, 12, 30)))
    assert run_on(world, date(2026, 12, 24)) == [date(2026, 12, 25)]
    assert run_on(world, date(2026, 12, 28), 8, due_at=at(date(2026, 12, 27))) == [date(2026, 12, 28)]
    assert run_on(world, date(2026, 12, 28)) == [date(2026, 12, 29)]


@pytest.mark.parametrize(("due", "searched"), [(date(2027, 3, 28), date(2027, 3, 29)), (date(2026, 10, 25), date(2026, 10, 26))])
def test_a_planned_time_in_the_change_of_the_clocks_is_missed_like_any_other(world: World, due: date, searched: date) -> None:
    """02:30 does not exist on one of these Sundays, and exists twice on the other."""
    world = reminding(world, schedule=replace(DAILY, start_time=time(2, 30)))
    book_each(world, *days(due - timedelta(days=1), searched + timedelta(days=1)))
    assert run_on(world, due - timedelta(days=2), 2, 30) == [due - timedelta(days=1)]
    assert run_on(world, searched, 1) == [searched, searched + timedelta(days=1)]


def test_where_nothing_was_noted_yet_the_history_tells_which_run_succeeded_last(every_world: World) -> None:
    """A store of an older version; what was skipped or went wrong after it covered nothing."""
    world = reminding(every_world)
    book_each(world, *days(FRIDAY, date(2026, 12, 2)))
    for day, state in ((date(2026, 11, 26), "succeeded"), (FRIDAY, "succeeded"), (SATURDAY, "failed"), (SUNDAY, "skipped")):
        _record(world, at(day), state)
    assert run_on(world, MONDAY, 9) == [MONDAY, date(2026, 12, 1)]


def _record(world: World, due_at: datetime, state: str) -> None:
    values = {
        "job": REMINDERS.value, "due_at": due_at, "attempt": 1, "trigger": "planned", "state": state, "workstation": "EMPFANG",
        "token": 1, "started_at": due_at, "finished_at": due_at, "result": "{}", "problems": 0, "reason": "", "sentence": "",
    }  # fmt: skip
    with world.database.begin() as connection:
        connection.execute(insert(job_run).values(values))


def test_a_job_that_never_ran_begins_with_its_own_window(every_world: World) -> None:
    world = reminding(every_world)
    book_each(world, *days(FRIDAY, date(2026, 12, 2)))
    assert run_on(world, MONDAY) == [date(2026, 12, 1)]


def test_a_job_that_is_not_enabled_has_missed_nothing(world: World) -> None:
    """Who runs it by hand on some days only gets what he asked for."""
    world = reminding(world, schedule=replace(DAILY, enabled=False))
    book_each(world, *days(FRIDAY, date(2026, 12, 2)))
    run_on(world, FRIDAY)
    assert run_on(world, MONDAY, 9) == [date(2026, 12, 1)]


def test_a_window_of_a_year_after_a_year_looks_at_no_more_times_than_can_lie_ahead(world: World) -> None:
    every_minute = Schedule(Frequency.DAILY, 1, date(2015, 1, 1), time(0), time(23, 59, 59), subday=Subday.MINUTES, subday_interval=1)
    world = reminding(world, schedule=every_minute, start=365, search=365)
    run_on(world, date(2022, 1, 1))
    world.clock.set(at(date(2028, 1, 1)))
    asked: list[date] = []
    planned = world._planned_days

    def count(job: JobKey, after: datetime, until: datetime) -> list[date]:
        asked.extend(planned(job, after, until))
        return asked

    parts = replace(world.parts, planned_days=count)
    assert PreviewService(parts).preview(MessageKind.REMINDER).made_up
    assert len(asked) <= 732


def test_the_agent_asks_its_own_plan(sqlite_database: Database, tmp_path: Path, clock: ManualClock) -> None:
    """By the schedule as it is now, from whenever on it counts."""
    clock.set(at(MONDAY))
    machine = Machine(store=StoreSection(url=f"sqlite:///{(tmp_path / 'vitoclient.db').as_posix()}"))
    with Agent(machine, secrets=MemorySecrets(), clock=clock) as agent:
        asked = (at(FRIDAY), at(MONDAY, 9))
        assert list(agent.messages.parts.planned_days(REMINDERS, *asked)) == []  # not enabled
        agent.jobs.save([JobChange(REMINDERS, DAILY, agent.jobs.plans.load().jobs[REMINDERS].version)], "Test")
        assert list(agent.messages.parts.planned_days(REMINDERS, *asked)) == [SATURDAY, SUNDAY]


# What is remembered


def test_days_long_gone_are_forgotten(every_world: World) -> None:
    world = reminding(every_world)
    run_on(world, FRIDAY)
    run_on(world, FRIDAY + timedelta(days=60))
    assert covered(world)[0] == SATURDAY
    run_on(world, FRIDAY + timedelta(days=62))
    assert SATURDAY not in covered(world)


def test_a_run_whose_switch_was_turned_off_meanwhile_has_searched_nothing(world: World) -> None:
    world = reminding(world)
    world.values[switches.REMINDERS_ON] = False
    run_on(world, FRIDAY)
    assert covered(world) == []


def test_each_job_remembers_its_own_days(world: World) -> None:
    world = reminding(world)
    run_on(world, FRIDAY)
    assert covered(world, BIRTHDAYS) == []
    world.greet()
    assert (covered(world, BIRTHDAYS), covered(world)) == ([FRIDAY], [SATURDAY])
    world.clock.set(at(SATURDAY))
    world.greet()
    assert (covered(world, BIRTHDAYS), covered(world)) == ([FRIDAY, SATURDAY], [SATURDAY])


def test_an_older_time_that_is_caught_up_does_not_take_back_what_a_newer_one_searched(every_world: World) -> None:
    world = reminding(every_world, search=3)
    run_on(world, MONDAY)
    run_on(world, MONDAY, 11, due_at=at(SUNDAY))
    with world.database.read() as connection:
        newest = connection.execute(select(covered_day.c.searched_at).where(covered_day.c.day == "2026-12-01")).scalar()
    assert newest == at(MONDAY)


# Booked afterwards


def test_who_was_booked_for_a_day_that_is_not_searched_any_more_is_counted_and_shown(every_world: World) -> None:
    world = reminding(every_world)
    run_on(world, FRIDAY)
    book_each(world, SATURDAY)
    world.book_appointment("provisional", datetime.combine(SATURDAY, time(15)))
    world.change_appointment("provisional", status=AppointmentStatus.PROVISIONAL)
    world.clock.set(at(SATURDAY))
    [line] = preview(world).lines
    assert (line.appointment_id, line.reason, line.entry) == (f"{SATURDAY}", Reason.BOOKED_AFTERWARDS, False)
    result = world.prepare()
    assert (result.counts, result.skipped, result.problems) == ({}, {"booked_afterwards": 1}, 0)
    assert "1 Termin wurde erst gebucht oder definitiv" in result.sentence
    world.change_appointment("provisional", status=AppointmentStatus.DEFINITE)
    assert "2 Termine wurden erst gebucht oder definitiv" in world.prepare().sentence


def test_who_was_reminded_or_decided_about_is_not_booked_afterwards(world: World) -> None:
    world = reminding(world)
    book_each(world, SATURDAY)
    run_on(world, FRIDAY)
    world.clock.set(at(SATURDAY))
    assert world.prepare().skipped == {}
    assert preview(world).lines == ()


def test_who_could_not_be_reached_when_the_day_was_searched_was_not_booked_afterwards(world: World) -> None:
    """The entry stands on the call list; a number that is there by now changes nothing of that."""
    world = reminding(world)
    book_each(world, SATURDAY)
    patient = world.practice.patients([f"P{SATURDAY}"])[f"P{SATURDAY}"]
    world.practice.put(replace(patient, mobile=None))
    run_on(world, FRIDAY)
    world.practice.put(patient)
    world.clock.set(at(SATURDAY))
    assert (world.states(), world.prepare().skipped) == (["error"], {})


def test_of_the_days_that_are_not_searched_any_more_nothing_else_is_told(world: World) -> None:
    world = reminding(world)
    run_on(world, FRIDAY)
    book_each(world, SATURDAY, hour=9)  # begun
    world.practice.put(replace(ANNA, id="dead", death_date=FRIDAY), treatment("dead"))
    world.book_appointment("dead", datetime.combine(SATURDAY, time(15)), "dead")
    world.clock.set(at(SATURDAY))
    assert world.prepare().skipped == {}


def test_a_day_that_nobody_searched_is_not_told(world: World) -> None:
    world = reminding(world)
    book_each(world, FRIDAY)
    assert run_on(world, FRIDAY) == []
    assert preview(world).reasons == {}


def test_an_appointment_twice_in_the_view_is_one_booked_afterwards(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = reminding(world)
    run_on(world, FRIDAY)
    book_each(world, SATURDAY)
    world.clock.set(at(SATURDAY))
    there = world.practice.appointments_between
    monkeypatch.setattr(world.practice, "appointments_between", lambda *span: (list(chunk) * 2 for chunk in there(*span)))
    assert world.prepare().skipped == {"booked_afterwards": 1}


# Preview


def test_the_preview_of_today_shows_what_is_made_up_for_and_that_of_later_days_the_plan(world: World) -> None:
    world = reminding(world)
    book_each(world, *days(MONDAY, date(2026, 12, 3)))
    run_on(world, FRIDAY)
    world.clock.set(at(MONDAY, 7, 59))
    today = preview(world)
    assert [str(line.appointment_id) for line in today.messages] == ["2026-11-30", "2026-12-01"]
    assert list(today.made_up) == [MONDAY]
    tomorrow = preview(world, date(2026, 12, 1))
    assert [str(line.appointment_id) for line in tomorrow.messages] == ["2026-12-02"]
    assert list(tomorrow.made_up) == []


def test_the_preview_of_a_later_day_tells_nobody_booked_afterwards_whom_a_run_until_then_finds(world: World) -> None:
    world = reminding(world, search=3)
    run_on(world, FRIDAY)
    book_each(world, MONDAY)
    assert preview(world, MONDAY).lines == ()
    assert run_on(world, SATURDAY) == [MONDAY]


def test_the_day_of_the_preview_is_that_of_the_database(world: World) -> None:
    """This computer's clock is a day ahead: its tomorrow is no day of the practice yet."""
    world = reminding(world)
    world.clock.set(at(FRIDAY))
    wrong = type(world.clock)(at(SATURDAY))
    assert PreviewService(replace(world.parts, clock=wrong)).preview(MessageKind.REMINDER).day == FRIDAY


# Birthdays


def _born(world: World, *birthdays: date) -> None:
    for number, day in enumerate(birthdays):
        world.practice.put(replace(ANNA, id=f"B{number}", birth_date=date(1980, day.month, day.day)), treatment(f"B{number}"))


def test_a_birthday_of_a_missed_day_is_told_once_and_not_greeted_late(every_world: World) -> None:
    world = reminding(every_world)
    _born(world, SATURDAY, SUNDAY, SUNDAY, MONDAY)
    world.practice.put(replace(ANNA, id="dead", birth_date=date(1980, 11, 28), death_date=FRIDAY), treatment("dead"))
    world.clock.set(at(FRIDAY))
    world.greet()
    world.clock.set(at(MONDAY, 7, 59))
    result = world.greet(due_at=at(SUNDAY))
    assert result.counts == {"prepared": 1}
    assert "Am 28.11.2026 und 29.11.2026 wurde nicht gratuliert (3 Patienten)" in result.sentence
    [told] = [row for row in world.activities if row.reason == "birthday_over"]
    assert (told.level, told.sentence in result.sentence) == (Level.WARNING, True)
    world.clock.set(at(MONDAY))
    again = world.greet()
    assert "gratuliert" not in again.sentence
    assert [row.reason for row in world.activities].count("birthday_over") == 1


def test_three_missed_days_are_told_as_a_span(world: World) -> None:
    world = reminding(world)
    _born(world, SATURDAY)
    world.clock.set(at(date(2026, 11, 26)))
    world.greet()
    world.clock.set(at(MONDAY))
    assert "Vom 27.11.2026 bis 29.11.2026 wurde nicht gratuliert (1 Patient)" in world.greet().sentence


@pytest.mark.parametrize(("away", "since"), [(31, None), (32, None), (33, date(2026, 11, 28)), (400, date(2026, 11, 28))])
def test_who_was_away_for_long_is_told_also_of_days_of_which_nobody_is_counted(world: World, away: int, since: date | None) -> None:
    world = reminding(world)
    back = FRIDAY + timedelta(days=away)
    _born(world, back - timedelta(days=1), SATURDAY)
    world.clock.set(at(FRIDAY))
    world.greet()
    world.clock.set(at(back))
    said = world.greet().sentence
    counted = 1 if since else 2
    assert f"({counted} Patient" in said
    assert (f"Schon seit dem {since:%d.%m.%Y} wurde nicht gratuliert" in said) if since else ("Schon seit" not in said)
    assert [row.reason for row in world.activities].count("birthday_over") == 1
    world.clock.advance(timedelta(minutes=1))
    assert "gratuliert" not in world.greet().sentence


def test_a_day_that_a_run_of_another_planned_time_greeted_is_not_missed(world: World) -> None:
    """Sunday's run is caught up on Monday, and greets those of Monday; on Tuesday nobody is on."""
    world = reminding(world)
    _born(world, MONDAY, date(2026, 12, 1))
    world.clock.set(at(SATURDAY))
    world.greet()
    world.clock.set(at(MONDAY, 7, 59))
    world.greet(due_at=at(SUNDAY))
    world.clock.set(at(date(2026, 12, 2)))
    assert "Am 01.12.2026 wurde nicht gratuliert (1 Patient)" in world.greet().sentence


def test_missed_days_without_a_birthday_are_not_told(world: World) -> None:
    world = reminding(world)
    world.clock.set(at(FRIDAY))
    world.greet()
    world.clock.set(at(MONDAY))
    assert "gratuliert" not in world.greet().sentence
    assert world.activities == []


def test_who_was_greeted_already_was_not_missed(world: World) -> None:
    world = reminding(world)
    _born(world, SATURDAY)
    world.clock.set(at(FRIDAY))
    world.greet()
    world.clock.set(at(SATURDAY))
    world.greet()
    with world.database.begin() as connection:  # as if the run that greeted them had ended badly
        connection.execute(update(covered_day).where(covered_day.c.day == f"{SATURDAY}").values(day="2026-11-20"))
        connection.execute(update(covered_day).values(searched_at=at(FRIDAY)))
    world.clock.set(at(MONDAY))
    assert "gratuliert" not in world.greet().sentence


def test_a_dry_run_tells_who_was_missed_and_notes_nothing(world: World) -> None:
    world = reminding(world)
    _born(world, SATURDAY)
    world.clock.set(at(FRIDAY))
    world.greet()
    world.clock.set(at(MONDAY))
    assert "(1 Patient)" in world.greet(dry_run=True).sentence
    assert world.activities == []
    assert "(1 Patient)" in world.greet().sentence


# A plan that never covers a day


def gaps(world: World, schedule: Schedule = WORKDAYS) -> str:
    settings = RuleSettings.of(world.parts.settings())
    return " ".join(found.sentence for found in gaps_of(world.database, lambda: world.practice, schedule, settings, ZURICH))


def test_weekends_on_which_the_practice_has_appointments_are_told(world: World) -> None:
    world.clock.set(at(FRIDAY, 11))
    assert "Tagen: Montag." in gaps(world)
    book_each(world, date(2026, 12, 6))
    assert "Tagen: Montag und Sonntag." in gaps(world)
    world.change_appointment("2026-12-06", status=AppointmentStatus.CANCELLED)
    assert "Tagen: Montag." in gaps(world)


def test_where_the_practice_can_not_be_read_the_workdays_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.clock.set(at(FRIDAY, 11))
    monkeypatch.setattr(world.practice, "appointments_between", _away)
    assert "Tagen: Montag." in gaps(world)


def test_days_that_a_run_searched_are_not_told(every_world: World) -> None:
    """By hand, with three days searched: the coming Monday is done."""
    world = reminding(every_world, schedule=WORKDAYS, search=3)
    run_on(world, FRIDAY)
    world.values[switches.OFFSET_SEARCH] = 1
    found = gaps(world)
    assert "Tagen: Montag." in found
    for week in range(1, 8):
        with world.database.begin() as connection:
            day = (MONDAY + timedelta(weeks=week)).isoformat()
            connection.execute(insert(covered_day).values(job=REMINDERS.value, day=day, searched_at=at(FRIDAY)))
    assert gaps(world) == ""
