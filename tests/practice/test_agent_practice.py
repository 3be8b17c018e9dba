"""The agent opens the practice's data from the machine's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.practice import sources
from tray_agent.agent import Agent
from tray_agent.config.machine import Machine, PracticeSection, StoreSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.practice.sql_source import PracticeDataError
from tray_agent.store.database import open_database


def _machine(practice: str, store: Path) -> Machine:
    return Machine(practice=PracticeSection(url=practice), store=StoreSection(url=f"sqlite:///{store.as_posix()}"))


def test_practice_and_store_may_be_different_databases(tmp_path: Path) -> None:
    url = f"sqlite:///{(tmp_path / 'practice.db').as_posix()}"
    database = open_database(url)
    sources.sql_practice(database)
    database.dispose()
    with Agent(_machine(url, tmp_path / "store.db"), secrets=MemorySecrets()) as agent:
        assert set(agent.practice.patients({"1", "2"})) == {"1", "2"}
        assert agent.practice_database.engine.url != agent.store.engine.url


def test_without_an_own_address_the_practice_is_looked_for_in_the_store(tmp_path: Path) -> None:
    with Agent(_machine("", tmp_path / "store.db"), secrets=MemorySecrets()) as agent:
        assert agent.practice_database.engine.url == agent.store.engine.url
        with pytest.raises(PracticeDataError, match="vitoclient_mandants"):
            agent.practice.mandants()


@pytest.mark.parametrize(("address", "secret"), [("postgresql+psycopg://reader@127.0.0.1/praxis", "practice"), ("", "store")])
def test_the_password_is_a_secret_of_its_own(tmp_path: Path, address: str, secret: str) -> None:
    machine = Machine(practice=PracticeSection(url=address), store=StoreSection(url="postgresql+psycopg://agent@127.0.0.1/vitoclient"))
    with Agent(machine, secrets=MemorySecrets(**{secret: "geheim"})) as agent:
        assert agent.practice_database.engine.url.password == "geheim"  # noqa: S105 - invented for this test
        assert "geheim" not in str(agent.practice_database.engine.url)
