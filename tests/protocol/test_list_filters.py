"""The filters of history and activity log that the protocols offer beyond the order of their indexes."""

from __future__ import annotations

from datetime import time

import pytest

from tests.jobs.engine import Engine, daily, job
from tray_agent.clock import ManualClock
from tray_agent.job_kinds import JobKey, Service
from tray_agent.protocol.model import Activity, ActivityFilter, Level, RunFilter, RunOrder, RunState
from tray_agent.store.database import Database

JOBS = (job(JobKey.DOWNLOAD), job(JobKey.SEND_MESSAGES))


@pytest.fixture
def engine(clocked_database: Database, clock: ManualClock) -> Engine:
    """Gives an engine on whose history two computers stand, one of them with two runs."""
    first = Engine(clocked_database, clock, "EMPFANG1", JOBS)
    second = Engine(clocked_database, clock, "LABOR", JOBS)
    for each, key in ((first, JobKey.DOWNLOAD), (second, JobKey.DOWNLOAD), (first, JobKey.SEND_MESSAGES)):
        each.plan(key, daily(time(9)))
        each.jobs.run_now(key)
    return first


def test_the_history_names_its_computers(engine: Engine) -> None:
    assert engine.jobs.history.workstations() == ("EMPFANG1", "LABOR")


@pytest.mark.parametrize("order", list(RunOrder))
@pytest.mark.parametrize("descending", [True, False])
def test_the_history_of_one_computer_in_every_order(engine: Engine, order: RunOrder, *, descending: bool) -> None:
    first = engine.jobs.history.page(RunFilter(workstation="EMPFANG1"), order, descending=descending, size=1)
    second = engine.jobs.history.page(RunFilter(workstation="EMPFANG1"), order, descending=descending, offset=1, size=1)
    assert {run.job for run in (*first.rows, *second.rows)} == {JobKey.DOWNLOAD, JobKey.SEND_MESSAGES}
    assert {run.workstation for run in (*first.rows, *second.rows)} == {"EMPFANG1"}
    assert (first.total, second.total) == (2, 2)


def test_the_filters_of_the_history_hold_together(engine: Engine) -> None:
    wanted = RunFilter(workstation="LABOR", job=JobKey.SEND_MESSAGES, state=RunState.SUCCEEDED)
    assert engine.jobs.history.page(wanted).rows == ()
    assert len(engine.jobs.history.page(RunFilter(workstation="LABOR", state=RunState.SUCCEEDED)).rows) == 1


@pytest.mark.parametrize("text", ["MÜLLER", "muller", "Müller Anna", "anna mull", "vitomed-update", "100%", "[1]", "a/b_c"])
def test_the_activity_log_is_searched_by_text(engine: Engine, text: str) -> None:
    said = Activity(Service.SMS, Level.ERROR, "no_contact", "Müller Anna: 100% unklar [1] a/b_c", item="vitomed-update")
    other = Activity(Service.SMS, Level.ERROR, "no_contact", "Meier Hans: 100 Mal unklar 1 a/bxc")
    engine.jobs.log.write([said, other])
    assert [row.sentence for row in engine.jobs.log.page(ActivityFilter(text=text)).rows] == [said.sentence]


def test_what_may_be_hidden_ends_at_the_newest_row_of_the_tab(engine: Engine) -> None:
    assert engine.jobs.log.newest_id(Service.AGENT) == 0
    engine.jobs.log.write([Activity(Service.AGENT, Level.INFO, "seen", "gesehen")])
    seen = engine.jobs.log.newest_id(Service.AGENT)
    engine.jobs.log.write([Activity(Service.AGENT, Level.ERROR, "later", "später")])
    engine.jobs.log.hide(Service.AGENT, seen)
    assert [row.sentence for row in engine.jobs.log.page(ActivityFilter(service=Service.AGENT)).rows] == ["später"]


def test_the_quiet_hours_are_told(engine: Engine) -> None:
    assert engine.jobs.around.quiet() == engine.quiet
