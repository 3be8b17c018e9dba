"""An ordinary bad hour costs nobody a reminder: real agents, the real scheduler, a gateway and data that are really away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.conftest import ENGINES, make_database
from tests.hours.practice_day import PATIENTS, PracticeDay
from tests.hours.worker import ACCOUNT, PASSWORD
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.model import PauseScope
from tray_agent.messages.model import MessageState
from tray_agent.protocol.model import RunState

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("hours")]
PREPARE, SEND = JobKey.PREPARE_REMINDERS, JobKey.SEND_MESSAGES


@pytest.fixture(params=ENGINES)
def day(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PracticeDay]:
    for url in make_database(request.param, tmp_path, migrated=True):
        with PracticeDay(url, tmp_path) as practice:
            yield practice


def attempts(day: PracticeDay, job: JobKey = SEND) -> int:
    return max((run.attempt for run in day.runs(job)), default=0)


def test_a_gateway_that_is_away_for_a_while_costs_nobody_a_reminder(day: PracticeDay) -> None:
    day.gateway.stop()
    day.start("EMPFANG")
    day.wait(lambda: attempts(day) >= 2, "the second attempt")
    owed = next(row.owed for row in day.office.jobs.overview() if row.key is SEND)
    assert owed is not None
    day.gateway.start()
    day.wait(day.everybody_was_told_once, "that everybody is told")
    day.wait(lambda: all(row.owed is None for row in day.office.jobs.overview() if row.key is SEND), "that nothing is owed")
    assert [run.attempt for run in day.runs(SEND)] == list(range(1, len(day.runs(SEND)) + 1))
    assert len({run.due_at for run in day.runs(SEND)}) == 1


def test_an_account_without_credits_sends_as_soon_as_it_has_some(day: PracticeDay) -> None:
    day.gateway.set_credits(ACCOUNT, Decimal(5))
    day.start("EMPFANG")
    day.wait(lambda: attempts(day) >= 2, "the second attempt")
    assert len(day.told()) == 5
    day.gateway.set_credits(ACCOUNT, Decimal(500))
    day.wait(day.everybody_was_told_once, "that everybody is told")


def test_an_account_that_is_locked_sends_when_somebody_has_seen_that_it_answers(day: PracticeDay) -> None:
    day.gateway._accounts[ACCOUNT] = "another password"
    day.start("EMPFANG")
    day.wait(lambda: bool(day.runs(SEND)) and day.runs(SEND)[-1].state is not RunState.RUNNING, "the first attempt")
    asked = len(day.runs(SEND))
    day.gateway._accounts[ACCOUNT] = PASSWORD
    assert (len(day.told()), asked) == (0, 1)  # nobody tries a refused password again and again
    day.office.messages.refresh_credits()
    day.wait(day.everybody_was_told_once, "that everybody is told")


def test_a_switch_that_is_off_for_a_moment_costs_nobody_a_reminder(day: PracticeDay) -> None:
    day.start("EMPFANG")
    day.wait(lambda: len(day.messages()) == PATIENTS, "that all is prepared")
    day.switch(on=False)
    day.wait(lambda: bool(day.runs(SEND)), "the planned time of sending")
    day.switch(on=True)
    day.wait(day.everybody_was_told_once, "that everybody is told")


def test_a_pause_holds_what_is_owed_back_until_it_ends(day: PracticeDay) -> None:
    day.gateway.stop()
    day.start("EMPFANG")
    day.wait(lambda: attempts(day) >= 1, "the first attempt")
    day.office.jobs.pause(PauseScope.EVERYTHING, None, "Praxis")
    day.wait(lambda: all(row.running is None for row in day.office.jobs.overview()), "that nothing runs")
    day.gateway.start()
    day.office.jobs.try_again()
    assert day.told() == {}
    day.office.jobs.resume()
    day.wait(day.everybody_was_told_once, "that everybody is told")


def test_practice_data_that_are_away_cost_nobody_a_reminder(day: PracticeDay) -> None:
    day.hide_data(away=True)
    day.start("EMPFANG")
    day.wait(lambda: attempts(day, PREPARE) >= 2, "the second attempt of preparing")
    day.wait(lambda: bool(day.runs(SEND)), "the planned time of sending")
    day.hide_data(away=False)
    day.wait(day.everybody_was_told_once, "that everybody is told")
    assert attempts(day) >= 2  # what was prepared late made sending due once more


def test_another_workstation_goes_on_where_one_is_killed_between_two_attempts(day: PracticeDay) -> None:
    day.gateway.stop()
    day.start("EMPFANG")
    day.start("SPRECH1")
    day.wait(lambda: attempts(day) >= 2, "the second attempt")
    day.end(day.runs(SEND)[-1].workstation, hard=True)
    day.gateway.start()
    day.wait(day.everybody_was_told_once, "that everybody is told")


def test_a_workstation_that_is_killed_in_the_middle_leaves_nobody_out(day: PracticeDay) -> None:
    day.gateway._latency = 0.4
    day.start("EMPFANG")
    day.wait(lambda: 0 < len(day.told()) < PATIENTS, "the first messages")
    day.end("EMPFANG", hard=True)
    day.start("SPRECH1")
    day.wait(day.everybody_was_told_once, "that everybody is told")


def test_a_time_that_is_saved_into_the_past_sends_today(day: PracticeDay) -> None:
    day.plan({SEND: time(10, 5)})
    day.start("EMPFANG")
    day.wait(lambda: len(day.messages(MessageState.PREPARED)) == PATIENTS, "that all is prepared")
    day.plan({SEND: time(9, 0)})
    day.wait(day.everybody_was_told_once, "that everybody is told")


def test_a_store_whose_connections_are_cut_loses_nobody(day: PracticeDay) -> None:
    if day.office.store.dialect != "postgresql":
        pytest.skip("connections of an embedded store can't be cut")
    day.gateway._latency = 0.2
    day.start("EMPFANG")
    day.wait(lambda: 0 < len(day.told()) < PATIENTS, "the first messages")
    with day.office.store.begin() as connection:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
        connection.execute(text(cut))
    day.wait(day.everybody_was_told_once, "that everybody is told")
