"""The start page's part of the store, with 200,000 rows each in outbox, history and activity log.

All of it is read in one transaction; so is the change number, which every open window asks for every ten seconds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from tests.benchmarks.logs import EVERY, ROWS, START, _activity_row, _analyze, _fill, _message_row, _run_row
from tests.benchmarks.row import Row, seconds_each, show_seconds
from tests.conftest import make_database
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.machine import GatewayAccount, GatewaySection, Machine, StoreSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.start_page import change_number, read_start
from tray_agent.store.migrate import upgrade
from tray_agent.store.tables import activity, job_run, message

MOST = 0.050
"""Seconds for the whole page."""

MOST_LOOK = 0.005
"""Seconds for the change number."""


def run() -> list[Row]:
    """Measures on SQLite and PostgreSQL."""
    return [row for kind in ("sqlite", "postgresql") for row in _measure(kind)]


def _measure(kind: str) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        for url in make_database(kind, Path(folder)):
            machine = Machine(
                store=StoreSection(url=url), gateway=GatewaySection(accounts={"M1": GatewayAccount(user="praxis")}, originator="Praxis")
            )
            clock = ManualClock(START + timedelta(seconds=EVERY * ROWS))
            with Agent(machine, secrets=MemorySecrets(), clock=clock, workstation="PC1") as agent:
                upgrade(agent.store_unchecked)
                database = agent.store
                database._server_clock = clock
                for table, row in ((job_run, _run_row), (activity, _activity_row), (message, _message_row)):
                    _fill(database, table, row)
                _analyze(database)
                page = read_start(agent)
                floor = seconds_each(lambda: _one_row(agent))
                read = seconds_each(lambda: read_start(agent), rounds=10)
                look = seconds_each(lambda: change_number(agent), rounds=10)
    sent = sum(day.number for day in page.days)
    yield Row(
        f"the page, {kind}: {sent:,} messages of 30 days counted", show_seconds(read), "one row in a transaction", show_seconds(floor),
        read / floor, f"≤ {MOST * 1000:.0f} ms", read <= MOST,
    )  # fmt: skip
    yield Row(
        f"the change number, {kind}", show_seconds(look), "one row in a transaction", show_seconds(floor), look / floor,
        f"≤ {MOST_LOOK * 1000:.0f} ms", look <= MOST_LOOK,
    )  # fmt: skip


def _one_row(agent: Agent) -> object:
    with agent.store.read() as connection:
        return connection.execute(select(message.c.id).where(message.c.id == ROWS // 2)).scalar()
