"""A planned time is owed until its work is done: further attempts, by whichever computer, until nothing is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import event

from tests.jobs.engine import ZURICH, Engine, Offered, daily, done, every, job
from tray_agent.clock import ManualClock
from tray_agent.errors import UnavailableError
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobContext, JobResult, RunCancelledError
from tray_agent.jobs.model import JobChange, PauseScope
from tray_agent.jobs.owed import Rest, RetryPolicy, Trouble
from tray_agent.protocol.model import RunFilter
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.store.database import Database

PREPARE, SEND, STATUS = JobKey.PREPARE_REMINDERS, JobKey.SEND_MESSAGES, JobKey.UPDATE_STATUS
MINUTE = timedelta(minutes=1)


def local(hour: int, minute: int = 0, *, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZURICH)


class Gateway:
    """Is away as long as a test says."""

    def __init__(self) -> None:
        self.away = True
        self.asked: list[datetime] = []

    def __call__(self, context: JobContext) -> JobResult:
        if self.away:
            return JobResult(sentence="Gateway nicht erreichbar.", rest=Rest("gateway", number=3))
        return JobResult(counts={"sent": 3}, sentence="3 gesendet.")


def live(engine: Engine, clock: ManualClock, until: datetime, *others: Engine) -> None:
    """Lets the clock go on from minute to minute; every engine looks at the plan in each."""
    while clock.now() < until:
        clock.advance(MINUTE)
        for one in (engine, *others):
            one.settle()


def tried_at(engine: Engine, key: JobKey) -> list[str]:
    begun = [run.started_at for run in engine.jobs.history.page(RunFilter(folded=True), size=500).rows if run.job is key and run.started_at]
    return [f"{began.astimezone(ZURICH):%d. %H:%M}" for began in sorted(begun)]


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def engine(clocked_database: Database, clock: ManualClock, gateway: Gateway) -> Engine:
    engine = Engine(clocked_database, clock, offered=[job(PREPARE), job(SEND, gateway), job(STATUS)])
    engine.plan(SEND, daily(time(10, 10)))
    return engine


def test_what_is_left_is_tried_again_the_same_day_until_it_is_done(engine: Engine, clock: ManualClock, gateway: Gateway) -> None:
    live(engine, clock, local(10, 44))
    assert tried_at(engine, SEND) == ["23. 10:10", "23. 10:12", "23. 10:16", "23. 10:24", "23. 10:39"]
    owed = engine.jobs.plans.load().jobs[SEND].owed
    assert owed is not None
    assert (owed.due_at, owed.attempts, owed.next_at, owed.trouble) == (local(10, 10), 5, local(10, 54), Trouble.TOLD)
    gateway.away = False
    live(engine, clock, local(12))
    assert tried_at(engine, SEND)[5:] == ["23. 10:54"]
    assert engine.jobs.plans.load().jobs[SEND].owed is None
    rows = [row.reason for row in reversed(engine.jobs.log.page().rows)]
    assert rows == ["gateway", "good_again"]


def test_an_attempt_that_got_on_makes_the_pauses_short_again(engine: Engine, clock: ManualClock) -> None:
    engine.offered = [job(SEND, lambda _context: JobResult(counts={"sent": 1}, rest=Rest("gateway", number=1, progressed=True)))]
    live(engine, clock, local(10, 17))
    assert tried_at(engine, SEND) == ["23. 10:10", "23. 10:12", "23. 10:14", "23. 10:16"]


def test_the_next_planned_time_stands_for_what_was_owed(engine: Engine, clock: ManualClock, gateway: Gateway) -> None:
    live(engine, clock, local(10, 12))
    clock.set(local(10, 10, day=24))
    engine.settle()
    owed = engine.jobs.plans.load().jobs[SEND].owed
    assert owed is not None
    assert (owed.due_at, owed.attempts, owed.in_vain) == (local(10, 10, day=24), 1, 1)


def test_another_computer_makes_the_next_attempt_where_one_is_off(
    engine: Engine, clocked_database: Database, clock: ManualClock, gateway: Gateway
) -> None:
    live(engine, clock, local(10, 11))
    gateway.away = False
    other = Engine(clocked_database, clock, "PC2", [job(SEND, gateway)])
    live(other, clock, local(10, 20))
    (last, first) = engine.jobs.history.page(RunFilter(folded=True)).rows
    assert [(run.workstation, run.attempt, run.trigger.value) for run in (first, last)] == [("PC1", 1, "schedule"), ("PC2", 2, "retry")]


def test_two_computers_never_make_the_same_attempt(
    engine: Engine, clocked_database: Database, clock: ManualClock, gateway: Gateway
) -> None:
    other = Engine(clocked_database, clock, "PC2", [job(SEND, gateway)])
    live(engine, clock, local(11), other)
    runs = engine.jobs.history.page(RunFilter(folded=True), size=100).rows
    assert sorted({run.attempt for run in runs}) == sorted(run.attempt for run in runs)


def failing(error: Exception) -> Callable[[JobContext], JobResult]:
    def work(context: JobContext) -> JobResult:
        raise error

    return work


def test_a_failure_that_passes_is_tried_again_and_a_fault_of_the_program_is_not(engine: Engine, clock: ManualClock) -> None:
    engine.offered = [
        job(SEND, failing(UnavailableError("Portal weg", "Das Portal antwortet nicht."))),
        job(STATUS, failing(KeyError("x"))),
    ]
    engine.plan(STATUS, daily(time(10, 20)))
    live(engine, clock, local(10, 50))
    assert len(tried_at(engine, SEND)) == 5
    assert len(tried_at(engine, STATUS)) == 1


def test_what_is_due_late_makes_the_next_job_try_the_same_day(engine: Engine, clock: ManualClock, gateway: Gateway) -> None:
    gateway.away = False
    makes = JobResult(counts={"prepared": 2}, makes_due={SEND: local(11)})
    engine.offered = [job(PREPARE, lambda _context: makes), job(SEND, gateway)]
    engine.plan(PREPARE, daily(time(11)))
    live(engine, clock, local(11, 5))
    assert tried_at(engine, SEND) == ["23. 10:10", "23. 11:01"]
    assert [run.attempt for run in engine.jobs.history.page().rows if run.job is SEND] == [2, 1]


def test_what_is_due_before_the_planned_time_waits_for_it(engine: Engine, clock: ManualClock, gateway: Gateway) -> None:
    gateway.away = False
    engine.jobs.make_due(SEND, "decided")
    live(engine, clock, local(10, 30))
    assert tried_at(engine, SEND) == ["23. 10:10"]


def test_a_job_that_is_not_enabled_owes_nothing(engine: Engine, clock: ManualClock) -> None:
    engine.plan(SEND, replace(daily(time(9)), enabled=False))
    engine.jobs.make_due(SEND, "decided")
    live(engine, clock, local(10, 30))
    assert tried_at(engine, SEND) == []


def test_quiet_hours_hold_an_attempt_back_until_they_end(engine: Engine, clock: ManualClock, gateway: Gateway) -> None:
    engine.quiet = QuietHours(time(20), time(8))
    engine.plan(SEND, daily(time(19, 55)))
    live(engine, clock, local(8, 30, day=24))
    assert tried_at(engine, SEND)[:5] == ["23. 19:55", "23. 19:57", "24. 08:00", "24. 08:08", "24. 08:23"]


def test_a_person_who_stops_a_run_ends_what_is_owed(engine: Engine, clock: ManualClock) -> None:
    def work(context: JobContext) -> JobResult:
        engine.jobs.cancel(context.run_id)
        context.checkpoint()
        return done(context)

    engine.offered = [job(SEND, work)]
    live(engine, clock, local(11))
    assert tried_at(engine, SEND) == ["23. 10:10"]


def test_a_person_who_ends_what_is_owed_is_obeyed_until_the_next_planned_time(engine: Engine, clock: ManualClock) -> None:
    assert not engine.jobs.abandon(SEND, "Anna")
    live(engine, clock, local(10, 13))
    assert engine.jobs.owed().keys() == {SEND}
    assert engine.jobs.abandon(SEND, "Anna")
    live(engine, clock, local(11))
    assert tried_at(engine, SEND) == ["23. 10:10", "23. 10:12"]
    (row,) = engine.jobs.log.page().rows
    assert (row.reason, row.sentence) == (
        "abandoned", "Mitteilungen senden: Anna hat entschieden, dass nicht weiter versucht wird.",
    )  # fmt: skip
    clock.set(local(10, 10, day=24))
    engine.settle()
    assert tried_at(engine, SEND)[2:] == ["24. 10:10"]


def test_a_run_that_goes_on_is_cancelled_not_abandoned(engine: Engine, clock: ManualClock) -> None:
    live(engine, clock, local(10, 11))
    clock.set(local(10, 12))
    engine.settle(run=False)
    assert not engine.jobs.abandon(SEND, "Anna")


def test_a_run_by_hand_does_what_is_owed(engine: Engine, clock: ManualClock, gateway: Gateway) -> None:
    live(engine, clock, local(10, 11))
    gateway.away = False
    engine.jobs.run_now(SEND)
    live(engine, clock, local(11))
    assert tried_at(engine, SEND) == ["23. 10:10", "23. 10:11"]


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        (Rest("gateway", number=3), "23. 10:24"),  # before the next attempt, at 10:39, it has lasted a quarter of an hour
        (Rest("gateway", number=3, at_risk=1), "23. 10:10"),
        (Rest("account_refused", after_change=True), "23. 10:10"),  # nothing comes of itself
    ],
)
def test_trouble_is_told_when_it_has_lasted_or_somebody_is_at_risk(engine: Engine, clock: ManualClock, rest: Rest, told: str) -> None:
    engine.offered = [job(SEND, lambda _context: JobResult(rest=rest))]
    live(engine, clock, local(11))
    (row,) = engine.jobs.log.page().rows
    assert f"{row.at.astimezone(ZURICH):%d. %H:%M}" == told


def test_trouble_that_outlives_a_planned_time_is_told_once_and_when_it_is_over(
    engine: Engine, clock: ManualClock, gateway: Gateway
) -> None:
    live(engine, clock, local(10, 40))
    clock.set(local(10, 10, day=24))
    engine.settle()
    owed = engine.jobs.owed()[SEND]
    assert (owed.due_at, owed.since, owed.trouble, owed.attempts) == (local(10, 10, day=24), local(10, 10), Trouble.TOLD, 1)
    live(engine, clock, local(10, 40, day=24))
    assert [row.reason for row in engine.jobs.log.page().rows] == ["gateway"]
    gateway.away = False
    clock.set(local(10, 10, day=25))
    engine.settle()
    told = engine.jobs.log.page().rows[0]
    assert (told.reason, told.sentence) == (
        "good_again", "Mitteilungen senden: geht wieder. Seit 23.11.2026 10:10 war es nicht möglich gewesen.",
    )  # fmt: skip
    assert engine.jobs.owed() == {}


def test_a_person_who_stops_a_run_by_hand_ends_what_is_owed_too(engine: Engine, clock: ManualClock) -> None:
    live(engine, clock, local(10, 11))

    def work(context: JobContext) -> JobResult:
        engine.jobs.cancel(context.run_id)
        context.checkpoint()
        return done(context)

    engine.offered = [job(SEND, work)]
    run = engine.jobs.run_now(SEND)
    assert run.sentence.endswith("Was übrig ist, wird vor dem nächsten geplanten Lauf nicht von selbst nachgeholt.")
    assert engine.jobs.owed() == {}


def test_what_a_run_by_hand_leaves_is_tried_again(engine: Engine, clock: ManualClock, gateway: Gateway) -> None:
    gateway.away = False
    live(engine, clock, local(11))
    gateway.away = True
    engine.jobs.run_now(SEND)
    live(engine, clock, local(11, 10))
    assert tried_at(engine, SEND) == ["23. 10:10", "23. 11:00", "23. 11:02", "23. 11:04", "23. 11:08"]


def test_a_switch_that_is_off_for_a_moment_costs_nothing(engine: Engine, clock: ManualClock, gateway: Gateway) -> None:
    gateway.away = False
    live(engine, clock, local(11))
    clock.set(local(10, 5, day=24))
    engine.offered = [job(SEND, gateway, switched_on=False)]
    live(engine, clock, local(10, 15, day=24))
    engine.offered = [job(SEND, gateway)]
    live(engine, clock, local(10, 30, day=24))
    assert tried_at(engine, SEND) == ["23. 10:10", "24. 10:16"]
    assert engine.told(SEND)[1:] == [("24.11. 10:10", "schedule", "skipped", "switch_off"), ("24.11. 10:10", "retry", "succeeded", "")]


def test_a_switch_that_was_off_for_days_sends_nothing_when_it_is_turned_on(engine: Engine, clock: ManualClock, gateway: Gateway) -> None:
    off: list[Offered] = [job(SEND, gateway, switched_on=False)]
    engine.offered = off
    live(engine, clock, local(10, 15))
    clock.set(local(10, 15, day=24))
    engine.settle()
    engine.offered = [job(SEND, gateway)]
    live(engine, clock, local(11, day=24))
    assert tried_at(engine, SEND) == []


@pytest.mark.parametrize("at", [time(10, 3), time(9, 0)])
def test_a_time_that_is_moved_into_the_past_is_not_lost_for_the_day(engine: Engine, clock: ManualClock, gateway: Gateway, at: time) -> None:
    gateway.away = False
    clock.set(local(10, 5))
    engine.plan(SEND, daily(at))
    live(engine, clock, local(11))
    assert tried_at(engine, SEND) == ["23. 10:06"]


def test_a_time_that_waits_for_a_pause_outlives_a_saved_schedule(engine: Engine, clock: ManualClock, gateway: Gateway) -> None:
    gateway.away = False
    engine.jobs.pause(PauseScope.SENDING, local(10, 30), "Test")
    live(engine, clock, local(10, 15))
    engine.plan(SEND, daily(time(10, 5)))
    live(engine, clock, local(11))
    assert tried_at(engine, SEND) == ["23. 10:30"]


def test_a_job_that_was_not_enabled_for_ten_minutes_goes_on(engine: Engine, clock: ManualClock, gateway: Gateway) -> None:
    gateway.away = False
    live(engine, clock, local(10, 20))
    clock.set(local(10, 5, day=24))
    engine.settle()
    version = engine.jobs.plans.load().jobs[SEND].version
    engine.jobs.save([JobChange(SEND, replace(daily(time(10, 10)), enabled=False), version)], "Test")
    live(engine, clock, local(10, 15, day=24))
    engine.plan(SEND, daily(time(10, 10)))
    live(engine, clock, local(11, day=24))
    assert tried_at(engine, SEND) == ["23. 10:10", "24. 10:16"]


def test_a_job_that_is_enabled_for_the_first_time_begins_with_its_next_time(
    clocked_database: Database, clock: ManualClock, gateway: Gateway
) -> None:
    engine = Engine(clocked_database, clock, offered=[job(SEND, gateway)])
    clock.set(local(14))
    engine.plan(SEND, daily(time(10, 10)))
    live(engine, clock, local(15))
    assert tried_at(engine, SEND) == []


def test_what_waits_for_a_change_is_tried_after_it_or_once_at_the_last_useful_time(engine: Engine, clock: ManualClock) -> None:
    refused = JobResult(rest=Rest("account_refused", number=2, after_change=True, not_before=local(16)))
    engine.offered = [job(SEND, lambda _context: refused)]
    live(engine, clock, local(11))
    engine.jobs.try_again()
    live(engine, clock, local(12))
    assert tried_at(engine, SEND) == ["23. 10:10"]
    engine.jobs.try_again(changed=True)
    live(engine, clock, local(17))
    assert tried_at(engine, SEND)[:3] == ["23. 10:10", "23. 12:01", "23. 16:00"]


def test_what_answers_again_is_tried_at_once(engine: Engine, clock: ManualClock, gateway: Gateway) -> None:
    live(engine, clock, local(10, 40))
    gateway.away = False
    engine.jobs.try_again([SEND])
    live(engine, clock, local(10, 42))
    assert tried_at(engine, SEND)[-1] == "23. 10:41"


def test_a_run_cut_off_in_the_evening_goes_on_in_the_morning(engine: Engine, clocked_database: Database, clock: ManualClock) -> None:
    engine.quiet = QuietHours(time(20), time(8))
    engine.plan(SEND, daily(time(19, 50)))
    clock.set(local(19, 50))
    engine.settle(run=False)  # its computer vanishes in the middle
    clock.set(local(7, 30, day=24))
    other = Engine(clocked_database, clock, "PC2", [job(SEND)], quiet=engine.quiet)
    live(other, clock, local(8, 5, day=24))
    (run,) = other.jobs.history.page().rows
    assert (run.workstation, run.takeovers, run.state.value, run.started_at) == ("PC2", 1, "succeeded", local(8, day=24))


def test_attempts_in_which_nothing_changed_are_folded_beneath_the_last(engine: Engine, clock: ManualClock) -> None:
    live(engine, clock, local(10, 30))
    assert [run.attempt for run in engine.jobs.history.page().rows] == [4]
    assert [run.attempt for run in engine.jobs.history.page(RunFilter(folded=True)).rows] == [4, 3, 2, 1]


def test_pauses_grow_to_a_quarter_of_an_hour() -> None:
    policy = RetryPolicy()
    assert [policy.pause(number) / MINUTE for number in range(7)] == [2, 2, 4, 8, 15, 15, 15]


def test_the_policy_is_told_by_its_own_values() -> None:
    assert RetryPolicy(first=MINUTE, longest=10 * MINUTE).in_words() == (
        "Was nicht fertig wird, wird nach 1 Minute wieder versucht, dann in wachsenden Abständen bis alle 10 Minuten, "
        "bis alles erledigt ist oder die nächste geplante Zeit kommt."
    )


def test_the_first_row_of_a_run_says_why_something_is_left(engine: Engine, clock: ManualClock) -> None:
    live(engine, clock, local(10, 11))
    (run,) = engine.jobs.history.page().rows
    assert (run.state.value, run.reason) == ("succeeded", "gateway")


@pytest.mark.parametrize("first", [True, False])
def test_a_time_that_waits_for_midnight_outlives_a_switch_and_a_saved_schedule(
    engine: Engine, clock: ManualClock, gateway: Gateway, first: bool
) -> None:
    gateway.away = False
    day = 23
    if not first:
        live(engine, clock, local(11))
        clock.set(local(10, day=24))
        day = 24
    engine.jobs.pause(PauseScope.EVERYTHING, local(0, day=day + 1), "Test")
    live(engine, clock, local(10, 15, day=day))
    engine.offered = [job(SEND, gateway, switched_on=False)]
    live(engine, clock, local(10, 20, day=day))
    engine.offered = [job(SEND, gateway)]
    engine.plan(SEND, daily(time(10, 12)))
    live(engine, clock, local(10, 25, day=day))
    clock.set(local(0, 5, day=day + 1))
    engine.settle()
    assert tried_at(engine, SEND)[-1] == f"{day + 1}. 00:05"


def test_a_switch_that_is_on_again_in_a_pause_is_not_forgotten_at_midnight(engine: Engine, clock: ManualClock, gateway: Gateway) -> None:
    gateway.away = False
    live(engine, clock, local(11))
    clock.set(local(10, 5, day=24))
    engine.offered = [job(SEND, gateway, switched_on=False)]
    live(engine, clock, local(10, 15, day=24))
    engine.jobs.pause(PauseScope.EVERYTHING, local(0, day=25), "Test")
    engine.offered = [job(SEND, gateway)]
    live(engine, clock, local(10, 20, day=24))
    clock.set(local(0, 5, day=25))
    engine.settle()
    engine.settle()
    assert tried_at(engine, SEND)[-1] == "25. 00:05"


def test_what_wakes_nobody_is_asked_before_its_planned_time(engine: Engine, clock: ManualClock) -> None:
    engine.offered = [job(PREPARE, lambda _context: JobResult(makes_due={STATUS: local(10, 6)})), job(STATUS)]
    engine.plan(STATUS, daily(time(12)))
    engine.plan(PREPARE, daily(time(10, 1)))
    live(engine, clock, local(12, 1))
    assert tried_at(engine, STATUS) == ["23. 10:06", "23. 12:00"]


def test_a_password_that_is_refused_by_hand_is_not_tried_again_by_itself(engine: Engine, clock: ManualClock, gateway: Gateway) -> None:
    gateway.away = False
    live(engine, clock, local(11))
    engine.offered = [job(SEND, lambda _context: JobResult(rest=Rest("account_refused", number=2, after_change=True)))]
    engine.jobs.run_now(SEND)
    live(engine, clock, local(12))
    assert tried_at(engine, SEND) == ["23. 10:10", "23. 11:00"]
    engine.jobs.try_again(changed=True)
    live(engine, clock, local(12, 2))
    assert tried_at(engine, SEND)[2:] == ["23. 12:01"]


def test_what_becomes_due_again_and_again_is_not_put_off_by_that(engine: Engine, clock: ManualClock) -> None:
    engine.offered = [job(PREPARE, lambda _context: JobResult(makes_due={STATUS: clock.now() + 5 * MINUTE})), job(STATUS)]
    engine.plan(STATUS, daily(time(12)))
    engine.plan(PREPARE, every(4, time(10, 1), time(10, 18)))
    live(engine, clock, local(10, 30))
    assert tried_at(engine, PREPARE) == ["23. 10:01", "23. 10:05", "23. 10:09", "23. 10:13", "23. 10:17"]
    assert tried_at(engine, STATUS) == ["23. 10:06", "23. 10:14", "23. 10:22"]


# What must not be lost, put off for ever, or told as it is not


def test_a_run_that_was_given_back_again_and_again_is_still_owed(engine: Engine, clock: ManualClock) -> None:
    begun: list[datetime] = []

    def work(context: JobContext) -> JobResult:
        begun.append(clock.now())
        if len(begun) > 4:
            return JobResult(sentence="Erledigt.")
        engine.jobs.pause(PauseScope.EVERYTHING, None, "Anna")
        raise RunCancelledError

    engine.offered = [job(SEND, work)]
    clock.set(local(10, 9))
    for _time in range(6):
        live(engine, clock, clock.now() + 2 * MINUTE)
        engine.jobs.resume()
    assert len(begun) == 5
    assert engine.told(SEND)[-1] == ("23.11. 10:10", "retry", "succeeded", "")


def test_who_makes_a_job_due_again_and_again_does_not_put_it_off(engine: Engine, clock: ManualClock) -> None:
    def send(context: JobContext) -> JobResult:
        return JobResult(rest=Rest("gateway", number=1, progressed=True), makes_due={STATUS: clock.now() + 5 * MINUTE})

    engine.offered = [job(SEND, send), job(STATUS)]
    engine.plan(STATUS, daily(time(9)))
    live(engine, clock, local(10, 18))
    assert tried_at(engine, STATUS) == ["23. 10:15"]


@pytest.mark.parametrize("untried", [True, False])
def test_trouble_is_not_over_because_nothing_was_tried(engine: Engine, clock: ManualClock, untried: bool) -> None:
    live(engine, clock, local(10, 45))
    waits = Rest("quiet_hours", number=3, ordinary=True, untried=untried, not_before=local(8, day=24))
    engine.offered = [job(SEND, lambda _context: JobResult(rest=waits))]
    live(engine, clock, local(11, 10))
    owed = engine.jobs.plans.load().jobs[SEND].owed
    assert owed is not None
    assert (owed.trouble, owed.next_at) == (Trouble.TOLD if untried else Trouble.NONE, local(8, day=24))
    assert ("good_again" in [row.reason for row in engine.jobs.log.page().rows]) is not untried


def test_trouble_is_told_once_though_an_attempt_of_it_is_stopped_by_a_pause(engine: Engine, clock: ManualClock, gateway: Gateway) -> None:
    def paused(context: JobContext) -> JobResult:
        engine.jobs.pause(PauseScope.EVERYTHING, None, "Anna")
        raise RunCancelledError

    live(engine, clock, local(11))
    engine.offered = [job(SEND, paused)]
    engine.jobs.run_now(SEND)
    engine.jobs.resume()
    engine.offered = [job(SEND, gateway)]
    live(engine, clock, local(12))
    assert [row.reason for row in engine.jobs.log.page().rows] == ["gateway"]


@pytest.mark.parametrize(("hour", "day", "done_for"), [(7, 24, [24, 23]), (11, 23, [23])])
def test_a_run_by_hand_leaves_what_is_owed_of_another_day(
    engine: Engine, clock: ManualClock, hour: int, day: int, done_for: list[int]
) -> None:
    prepared: list[int] = []

    def prepare(context: JobContext) -> JobResult:
        prepared.append(context.due_at.astimezone(ZURICH).day)
        return JobResult()

    engine.offered = [job(PREPARE, failing(UnavailableError("Weg", "Die Daten der Praxis sind nicht lesbar.")))]
    engine.plan(PREPARE, daily(time(10, 5)))
    live(engine, clock, local(10, 20))
    clock.set(local(hour, day=day))
    engine.offered = [job(PREPARE, prepare)]
    engine.jobs.run_now(PREPARE)
    live(engine, clock, local(hour + 2, day=day))
    assert prepared == done_for


def test_enabling_a_job_does_not_do_at_once_what_it_owed_days_ago(engine: Engine, clock: ManualClock) -> None:
    def enable(enabled: bool) -> None:
        planned = engine.jobs.plans.load().jobs[SEND]
        engine.jobs.save([JobChange(SEND, replace(planned.schedule, enabled=enabled), planned.version)], "Anna")

    live(engine, clock, local(10, 12))
    enable(False)
    clock.set(local(9, day=27))
    enable(True)
    live(engine, clock, local(10, 11, day=27))
    assert tried_at(engine, SEND) == ["23. 10:10", "23. 10:12", "27. 10:10"]


def test_what_waits_for_the_next_planned_time_of_the_day_writes_nothing_at_each_look(
    engine: Engine, clock: ManualClock, gateway: Gateway
) -> None:
    gateway.away = False
    engine.plan(SEND, every(60, time(10, 5), time(18)))
    live(engine, clock, local(10, 20))
    engine.offered = [job(SEND, gateway, switched_on=False)]
    live(engine, clock, local(11, 10))
    engine.offered = [job(SEND, gateway)]
    written: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("UPDATE"):
            written.append(statement)

    event.listen(engine.database.engine, "before_cursor_execute", note)
    live(engine, clock, local(12, 4))
    assert written == []
    live(engine, clock, local(12, 5))
    assert tried_at(engine, SEND) == ["23. 10:05", "23. 12:05"]
