"""What ``doctor`` says of the store: that it can be read proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.support.refusing import Refusing
from tray_agent.agent import Agent
from tray_agent.config.machine import Machine, StoreSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.doctor import CheckVerdict, Subject, examine
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
