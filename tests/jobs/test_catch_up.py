"""What becomes of planned times that nobody ran in time: the rules alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.jobs.engine import NOW, ZURICH, daily, every
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.catch_up import MOST_COMPUTERS, PUNCTUAL, Before, Fate, PlannedTimeFacts, Wait, decide, fate_of
from tray_agent.jobs.model import Pause, PauseScope
from tray_agent.protocol.model import RunReason, RunTrigger
from tray_agent.schedules.planned_times import between
from tray_agent.schedules.quiet_hours import QuietHours

MINUTE = timedelta(minutes=1)
TEN = daily(time(10))
FACTS = PlannedTimeFacts(NOW, ZURICH)
NIGHT = QuietHours(time(20), time(8))


def at(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZURICH).astimezone(UTC)


def test_nothing_planned_nothing_done() -> None:
    assert decide(TEN, [], FACTS).run is None


def test_the_time_that_has_come_runs() -> None:
    decision = decide(TEN, [NOW], FACTS)
    assert (decision.run, decision.trigger, decision.skips) == (NOW, RunTrigger.SCHEDULE, ())


@pytest.mark.parametrize(("late", "trigger"), [(PUNCTUAL, RunTrigger.SCHEDULE), (PUNCTUAL + MINUTE, RunTrigger.CATCH_UP)])
def test_what_is_late_is_a_catch_up(late: timedelta, trigger: RunTrigger) -> None:
    assert decide(TEN, [NOW - late], FACTS).trigger is trigger


def test_only_the_latest_is_caught_up() -> None:
    decision = decide(TEN, [at(10, day=20), at(10, day=21), at(10, day=22)], FACTS)
    assert decision.run == at(10, day=22)
    assert decision.skips == ((at(10, day=20), RunReason.MISSED), (at(10, day=21), RunReason.MISSED))


def test_a_switch_that_is_off_skips_every_time() -> None:
    decision = decide(TEN, [at(10, day=22), NOW], replace(FACTS, switched_on=False))
    assert decision.run is None
    assert [reason for _at, reason in decision.skips] == [RunReason.MISSED, RunReason.SWITCH_OFF]


def test_a_catch_up_that_would_wake_people_waits_for_the_morning() -> None:
    decision = decide(TEN, [at(10)], replace(FACTS, now=at(21), quiet=NIGHT))
    assert decision.run is None
    assert decision.skips == ()
    assert decision.wait is not None
    assert (decision.wait.reason, decision.wait.until) == (RunReason.QUIET_HOURS, at(8, day=24))
    assert decide(TEN, [at(10)], replace(FACTS, now=at(8, day=24), quiet=NIGHT)).run == at(10)


def test_what_wakes_nobody_is_caught_up_at_night() -> None:
    assert decide(TEN, [at(10)], replace(FACTS, now=at(21))).run == at(10)


def test_what_the_practice_planned_for_the_night_runs_at_night() -> None:
    assert decide(daily(time(21)), [at(21)], replace(FACTS, now=at(21), quiet=NIGHT)).run == at(21)


def test_a_catch_up_waits_for_its_window() -> None:
    schedule = every(60, time(8), time(18))
    decision = decide(schedule, [at(18)], replace(FACTS, now=at(19)))
    assert decision.wait is not None
    assert (decision.wait.reason, decision.wait.until) == (RunReason.OUTSIDE_WINDOW, at(8, day=24))
    assert decide(schedule, [at(17)], replace(FACTS, now=at(17, 30))).run == at(17)


def test_a_window_across_midnight_is_open_on_both_sides() -> None:
    schedule = every(60, time(22), time(4))
    assert decide(schedule, [at(23)], replace(FACTS, now=at(23, 30))).run == at(23)
    assert decide(schedule, [at(3)], replace(FACTS, now=at(3, 30))).run == at(3)
    waiting = decide(schedule, [at(4)], replace(FACTS, now=at(12))).wait
    assert waiting is not None
    assert waiting.until == at(22)


def test_a_window_opens_at_its_wall_clock_time_after_the_clocks_changed() -> None:
    night = datetime(2026, 10, 24, 19, tzinfo=ZURICH).astimezone(UTC)
    waiting = decide(every(60, time(8), time(18)), [night - timedelta(hours=1)], replace(FACTS, now=night)).wait
    assert waiting is not None
    assert waiting.until == datetime(2026, 10, 25, 8, tzinfo=ZURICH).astimezone(UTC)


def test_a_run_that_goes_on_holds_the_next_one_back() -> None:
    facts = replace(FACTS, running_since=at(9, 55))
    decision = decide(TEN, [at(9, 58), NOW], facts)
    assert decision.run is None
    assert decision.skips == ((at(9, 58), RunReason.STILL_RUNNING),)
    assert decision.wait is not None
    assert decision.wait.reason is RunReason.STILL_RUNNING


def test_the_order_of_the_day_holds_for_every_run() -> None:
    waiting = decide(TEN, [NOW], replace(FACTS, after=Before(JobKey.PREPARE_REMINDERS))).wait
    assert waiting is not None
    assert waiting.reason is RunReason.OTHER_FIRST


def test_a_time_that_waited_for_the_job_before_it_until_the_next_one_says_so() -> None:
    preparing = replace(FACTS, after=Before(JobKey.PREPARE_REMINDERS, at(9, 50)))
    assert decide(TEN, [at(9, 45), at(9, 55), NOW], preparing).skips == (
        (at(9, 45), RunReason.MISSED), (at(9, 55), RunReason.OTHER_FIRST),
    )  # fmt: skip


@pytest.mark.parametrize(("scope", "sends", "held"), [
    (PauseScope.EVERYTHING, False, True), (PauseScope.EVERYTHING, True, True),
    (PauseScope.SENDING, True, True), (PauseScope.SENDING, False, False),
])  # fmt: skip
def test_a_pause_holds_back_what_it_names(scope: PauseScope, sends: bool, held: bool) -> None:
    facts = replace(FACTS, pauses=[Pause(scope, at(9), None, "Anna")], quiet=NIGHT if sends else None)
    decision = decide(TEN, [NOW], facts)
    assert (decision.run is None) is held


def test_a_time_within_a_pause_says_so() -> None:
    facts = replace(FACTS, pauses=[Pause(PauseScope.EVERYTHING, at(9, day=21), at(11, day=21), "Anna")])
    decision = decide(TEN, [at(10, day=20), at(10, day=21), at(10, day=22)], facts)
    assert [reason for _at, reason in decision.skips] == [RunReason.MISSED, RunReason.PAUSED]
    assert decision.run == at(10, day=22)


def test_a_time_at_which_the_database_was_away_says_so() -> None:
    facts = replace(FACTS, now=at(12, day=22), away=(at(9, day=20), at(11, day=21)))
    assert [reason for _at, reason in decide(TEN, [at(10, day=20), at(10, day=21), at(10, day=22)], facts).skips] == [
        RunReason.DATABASE_AWAY, RunReason.DATABASE_AWAY,
    ]  # fmt: skip


def test_a_vanished_run_goes_on_elsewhere_but_not_for_ever() -> None:
    facts = replace(FACTS, running_since=at(9, 55))
    assert fate_of(TEN, facts, 0, by_hand=False, unsettled=[]) is Fate.GOES_ON
    assert fate_of(TEN, facts, MOST_COMPUTERS - 1, by_hand=False, unsettled=[]) is Fate.ENDS
    assert fate_of(TEN, facts, MOST_COMPUTERS - 1, by_hand=False, unsettled=[], given_back=True) is Fate.ENDS_OWED
    assert fate_of(TEN, facts, 0, by_hand=True, unsettled=[]) is Fate.ENDS_OWED
    assert fate_of(TEN, facts, 0, by_hand=False, unsettled=[NOW]) is Fate.ENDS
    assert fate_of(TEN, replace(facts, switched_on=False), 0, by_hand=False, unsettled=[]) is Fate.ENDS_OWED
    waits = fate_of(TEN, replace(facts, now=at(22), quiet=NIGHT), 0, by_hand=False, unsettled=[])
    assert isinstance(waits, Wait)
    assert waits.reason is RunReason.QUIET_HOURS


@given(
    hours=st.integers(0, 24 * 40),
    minutes=st.sampled_from([15, 60, 240]),
    night=st.booleans(),
    switched_on=st.booleans(),
    paused=st.booleans(),
    running=st.booleans(),
)
def test_every_time_is_run_skipped_or_waiting_and_no_catch_up_wakes_anybody(
    hours: int, minutes: int, night: bool, switched_on: bool, paused: bool, running: bool
) -> None:
    schedule = every(minutes, time(7), time(21))
    now = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(hours=hours)
    times = list(between(schedule, ZURICH, now - timedelta(days=2), now))
    pauses = [Pause(PauseScope.SENDING, now - timedelta(hours=1), None, "Anna")] if paused else []
    facts = PlannedTimeFacts(now, ZURICH, pauses, NIGHT if night else None, switched_on, now - MINUTE if running else None)
    decision = decide(schedule, times, facts)
    left = [decision.run] if decision.run else times[-1:] if decision.wait else []
    assert [due_at for due_at, _reason in decision.skips] + left == times
    if decision.run:
        assert switched_on
        assert not running
        assert not (paused and night)
        if decision.trigger is RunTrigger.CATCH_UP and night:
            assert not NIGHT.is_quiet(now.astimezone(ZURICH))
        assert decision.run == times[-1]


def test_dates_are_those_of_the_test() -> None:
    assert NOW.astimezone(ZURICH) == datetime.combine(date(2026, 11, 23), time(10), ZURICH)
