"""The check over the set: order, distance, people's sleep; and the plan of a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tray_agent.job_kinds import JobKey, default_schedules
from tray_agent.schedules.codes import Frequency, Subday
from tray_agent.schedules.day_plan import plan_day
from tray_agent.schedules.order_check import LEAST_DISTANCE, OrderFinding, OrderFindingKind, check_order, close_pair
from tray_agent.schedules.planned_times import between
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.schedules.schedule import Schedule

ZURICH = ZoneInfo("Europe/Zurich")
MONDAY = date(2026, 11, 23)
PREPARE, BIRTHDAYS, SEND, UPDATE = JobKey.PREPARE_REMINDERS, JobKey.PREPARE_BIRTHDAYS, JobKey.SEND_MESSAGES, JobKey.UPDATE_STATUS


def good() -> dict[JobKey, Schedule]:
    return {job: replace(schedule, enabled=True) for job, schedule in default_schedules(MONDAY).items()}


def findings(quiet: QuietHours | None = None, **changed: Schedule) -> tuple[OrderFinding, ...]:
    schedules = good() | {JobKey(name): schedule for name, schedule in changed.items()}
    return check_order(schedules, ZURICH, quiet or QuietHours(), MONDAY)


def at(job: JobKey, hour: int, minute: int = 0) -> Schedule:
    return replace(good()[job], start_time=time(hour, minute))


def every(minutes: int, start: time, end: time) -> Schedule:
    return Schedule(Frequency.DAILY, 1, MONDAY, start, end, subday=Subday.MINUTES, subday_interval=minutes)


def test_the_seeds_example_is_right() -> None:
    assert findings() == ()


def test_both_jobs_that_prepare_may_start_together() -> None:
    assert findings(prepare_birthdays=at(BIRTHDAYS, 10, 0)) == ()


def test_exactly_five_minutes_are_enough() -> None:
    assert findings(send_messages=at(SEND, 10, 5)) == ()


def test_less_than_five_minutes_between_two_starts() -> None:
    (finding,) = findings(update_status=at(UPDATE, 10, 14))
    assert (finding.kind, finding.jobs) == (OrderFindingKind.TOO_CLOSE, (SEND, UPDATE))
    assert "23.11.2026 um 10:10" in finding.sentence
    assert "10:14" in finding.sentence
    assert [f"{moment:%H:%M}" for moment in finding.times] == ["10:10", "10:14"]


def test_sending_before_preparing() -> None:
    (reminders, birthdays) = findings(send_messages=at(SEND, 9, 0), update_status=at(UPDATE, 11))
    assert (reminders.kind, reminders.jobs) == (OrderFindingKind.WRONG_ORDER, (PREPARE, SEND))
    assert "10:00" in reminders.sentence
    assert "09:00" in reminders.sentence
    assert birthdays.jobs == (BIRTHDAYS, SEND)


def test_days_on_which_nothing_is_sent() -> None:
    weekdays = replace(good()[SEND], frequency=Frequency.WEEKLY, interval=62, recurrence=1)
    kinds = {(finding.kind, finding.jobs) for finding in findings(send_messages=weekdays)}
    assert kinds == {(OrderFindingKind.WRONG_ORDER, (PREPARE, SEND)), (OrderFindingKind.WRONG_ORDER, (BIRTHDAYS, SEND))}
    sentence = findings(send_messages=weekdays)[0].sentence
    assert "28.11.2026 um 10:00" in sentence
    assert "30.11.2026 um 10:10" in sentence


def test_a_job_that_must_follow_is_not_enabled() -> None:
    (finding,) = findings(update_status=replace(good()[UPDATE], enabled=False))
    assert (finding.kind, finding.jobs) == (OrderFindingKind.MISSING, (SEND, UPDATE))


def test_a_job_that_must_follow_ends_earlier() -> None:
    (finding,) = findings(update_status=replace(good()[UPDATE], end_date=date(2026, 12, 1)))
    assert finding.kind is OrderFindingKind.WRONG_ORDER
    assert "nie mehr" in finding.sentence
    assert finding.times[0].date() == date(2026, 12, 2)


def test_nothing_is_enabled() -> None:
    assert check_order(default_schedules(MONDAY), ZURICH, QuietHours(), MONDAY) == ()


def test_downloads_disturb_nobody() -> None:
    assert findings(download=at(JobKey.DOWNLOAD, 10, 10)) == ()


def test_sending_at_night_tells_both_times() -> None:
    (finding,) = findings(send_messages=at(SEND, 22, 30), update_status=at(UPDATE, 23))
    assert finding.kind is OrderFindingKind.QUIET_HOURS
    assert "23.11.2026 um 22:30" in finding.sentence
    assert "24.11.2026 um 08:00" in finding.sentence


def test_sundays_and_holidays_are_told_once_each() -> None:
    told = findings(QuietHours(sundays=True, canton="ZH"))
    assert [finding.kind for finding in told] == [OrderFindingKind.QUIET_HOURS] * 2
    assert [finding.times[0].date() for finding in told] == [date(2026, 11, 29), date(2026, 12, 25)]


def test_a_night_and_the_sunday_after_it_are_two_findings() -> None:
    often = every(120, time(9), time(22))
    told = findings(QuietHours(sundays=True), send_messages=often, update_status=at(UPDATE, 23))
    quiet = [finding for finding in told if finding.kind is OrderFindingKind.QUIET_HOURS]
    assert [f"{finding.times[0]:%d. %H:%M}" for finding in quiet] == ["23. 21:00", "29. 09:00"]


def test_the_last_of_many_runs_counts() -> None:
    often = every(30, time(8), time(18))
    told = findings(send_messages=often, update_status=every(60, time(8, 15), time(17, 15)))
    assert {(finding.kind, finding.jobs) for finding in told} == {
        (OrderFindingKind.TOO_CLOSE, (PREPARE, SEND)),
        (OrderFindingKind.WRONG_ORDER, (SEND, UPDATE)),
    }


@settings(deadline=None, max_examples=60)
@given(first=st.integers(1, 200), second=st.integers(1, 200), begin=st.integers(0, 59), end=st.integers(61, 600))
def test_close_pairs_are_those_of_a_comparison_of_all(first: int, second: int, begin: int, end: int) -> None:
    one = every(first, time(0, begin), time(22))
    other = every(second, time(1), time(1 + end // 60, end % 60))
    after, until = datetime(2027, 3, 27, tzinfo=UTC), datetime(2027, 3, 29, tzinfo=UTC)
    ones = list(between(one, ZURICH, after, until))
    others = list(between(other, ZURICH, after - timedelta(days=1), until + timedelta(days=1)))
    close = [mine for mine in ones if any(abs(mine - theirs) < LEAST_DISTANCE for theirs in others)]
    found = close_pair(one, other, ZURICH, after, until)
    assert (found[0] if found else None) == (close[0] if close else None)


def test_the_plan_of_a_day() -> None:
    schedules = good() | {UPDATE: at(UPDATE, 10, 12)}
    plan = plan_day(schedules, ZURICH, QuietHours(), MONDAY)
    assert [run.job for run in plan.runs] == [BIRTHDAYS, PREPARE, SEND, UPDATE, JobKey.DOWNLOAD]
    assert [(pair.first.job, pair.second.job) for pair in plan.too_close] == [(SEND, UPDATE)]
    assert [(f"{part.start:%H:%M}", f"{part.end:%d. %H:%M}") for part in plan.quiet] == [("00:00", "23. 08:00"), ("20:00", "24. 00:00")]
    assert not any(run.quiet for run in plan.runs)


def test_the_plan_of_a_night() -> None:
    plan = plan_day(
        good() | {SEND: at(SEND, 22), JobKey.DOWNLOAD: replace(good()[JobKey.DOWNLOAD], enabled=False)}, ZURICH, QuietHours(), MONDAY
    )
    assert [run.job for run in plan.runs if run.quiet] == [SEND]
    assert JobKey.DOWNLOAD not in [run.job for run in plan.runs]


@pytest.mark.parametrize(("day", "hours"), [(date(2027, 3, 28), 23), (date(2027, 10, 31), 25), (date(2027, 6, 1), 24)])
def test_days_on_which_the_clocks_are_changed(day: date, hours: int) -> None:
    plan = plan_day(good(), ZURICH, QuietHours(), day)
    assert plan.end.astimezone(UTC) - plan.start.astimezone(UTC) == timedelta(hours=hours)
    assert len(plan.runs) == 5
    assert plan.too_close == ()
