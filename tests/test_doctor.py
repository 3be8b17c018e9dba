"""What ``doctor`` says of the store: that it can be read proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.support.refusing import Refusing
from tray_agent.agent import Agent
from tray_agent.config.machine import Machine, StoreSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.config.settings import REMINDERS_ON
from tray_agent.doctor import CheckVerdict, Subject, examine
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.model import JobChange
from tray_agent.schedules.codes import Frequency
from tray_agent.schedules.schedule import Schedule
from tray_agent.store.database import Database
from tray_agent.store.tables import agent_presence


@pytest.fixture
def agent(sqlite_database: Database, tmp_path: Path) -> Iterator[Agent]:
    machine = Machine(store=StoreSection(url=f"sqlite:///{(tmp_path / 'vitoclient.db').as_posix()}"))
    with Agent(machine, secrets=MemorySecrets()) as agent:
        yield agent


def test_a_store_is_good_that_takes_a_row_and_gives_it_back(agent: Agent) -> None:
    (found,) = examine(agent, Subject.STORE)
    assert found.verdict is CheckVerdict.GOOD
    with agent.store.read() as connection:
        assert connection.execute(select(func.count()).select_from(agent_presence)).scalar() == 0


def test_a_store_that_can_only_be_read_is_a_fault(agent: Agent) -> None:
    Refusing(agent.store, Refusing.ONLY_READABLE)
    (found,) = examine(agent, Subject.STORE)
    assert found.verdict is CheckVerdict.FAULT
    assert found.sentence.startswith("Die Datenbank ist nur lesbar; sie nimmt keine Änderungen an.")


def test_the_plan_is_good_where_its_jobs_fit_and_told_where_none_is_enabled_or_days_are_left_out(agent: Agent) -> None:
    (nothing,) = examine(agent, Subject.PLAN)
    assert (nothing.verdict, "Kein Auftrag ist aktiviert" in nothing.sentence) == (CheckVerdict.NOTICE, True)
    _plan(agent, DAILY)
    (good,) = examine(agent, Subject.PLAN)
    assert (good.verdict, good.sentence) == (CheckVerdict.GOOD, "Die Zeitpläne passen zusammen.")
    agent.save_switches({REMINDERS_ON: True})
    _plan(agent, replace(DAILY, frequency=Frequency.WEEKLY, interval=62, recurrence=1))
    (told,) = examine(agent, Subject.PLAN)
    assert (told.verdict, "an diesen Tagen: Montag." in told.sentence) == (CheckVerdict.NOTICE, True)


DAILY = Schedule(Frequency.DAILY, 1, date(2026, 1, 1), time(10))


def _plan(agent: Agent, schedule: Schedule) -> None:
    """Plans what belongs to the reminders, ten minutes after each other."""
    jobs = (JobKey.PREPARE_REMINDERS, JobKey.SEND_MESSAGES, JobKey.UPDATE_STATUS)
    plan = agent.jobs.plans.load().jobs
    times = {job: replace(schedule, start_time=time(10, 10 * place)) for place, job in enumerate(jobs)}
    agent.jobs.save([JobChange(job, at, plan[job].version) for job, at in times.items()], "Test")
