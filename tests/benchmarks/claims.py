"""Fifty agents claim one planned time.

Each agent has an engine and a connection of its own; all begin at once. Counted are the winners, the time until all have
their answer, and the statements of an agent. The floor is one INSERT in a transaction of its own on the same database.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import event, insert

from tests.benchmarks.row import Row, seconds_each, show_seconds
from tests.conftest import make_database
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.claims import Claim, ClaimRefusal, Claims, Ending
from tray_agent.protocol.model import RunState, RunTrigger
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.tables import setting

AGENTS = 50
ROUNDS = 20
DUE = datetime(2026, 1, 5, 9, tzinfo=UTC)


def run() -> list[Row]:
    """Measures on SQLite and PostgreSQL."""
    return [row for kind in ("sqlite", "postgresql") for row in _measure(kind)]


def _measure(kind: str) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        for url in make_database(kind, Path(folder)):
            database = open_database(url)
            upgrade(database)
            floor = _one_insert(database)
            winners, seconds, statements = _claims(url)
            database.dispose()
    return [
        Row(f"{AGENTS} agents, one slot, {kind}: winners in {ROUNDS} rounds", f"{winners}", goal=f"{ROUNDS}", met=winners == ROUNDS),
        Row(
            f"{AGENTS} agents, one slot, {kind}: until all have their answer", show_seconds(seconds),
            "one INSERT in a transaction", show_seconds(floor), seconds / floor,
        ),
        Row(f"{AGENTS} agents, one slot, {kind}: statements per agent with BEGIN", f"{statements:.2f}", goal="≤ 5", met=statements <= 5),
    ]  # fmt: skip


def _claims(url: str) -> tuple[int, float, float]:
    """Returns the winners, the middle time of a round, and the statements per agent."""
    databases = [open_database(url) for _agent in range(AGENTS)]
    agents = [Claims(own, f"owner{number}", f"PC{number}") for number, own in enumerate(databases)]
    for own in databases:
        with own.read():
            pass
    winners, times, counted = 0, [], 0
    for number in range(ROUNDS):
        with _counting(databases) as count, ThreadPoolExecutor(AGENTS) as pool:
            barrier = threading.Barrier(AGENTS + 1)
            asked = [pool.submit(_ask, agent, barrier, DUE + timedelta(hours=number)) for agent in agents]
            barrier.wait()
            began = time.perf_counter()
            answers = [future.result() for future in asked]
            times.append(time.perf_counter() - began)
        won = [answer for answer in answers if isinstance(answer, Claim)]
        winners += len(won)
        counted += count[0]
        for claim in won:
            agents[0].finish(claim, Ending(RunState.SUCCEEDED))
    for own in databases:
        own.dispose()
    return winners, sorted(times)[ROUNDS // 2], counted / ROUNDS / AGENTS


def _ask(agent: Claims, barrier: threading.Barrier, due_at: datetime) -> Claim | ClaimRefusal:
    barrier.wait()
    return agent.claim(JobKey.DOWNLOAD, due_at, RunTrigger.SCHEDULE)


@contextmanager
def _counting(databases: list[Database]) -> Iterator[list[int]]:
    count = [0]

    def listen(*_arguments: object) -> None:
        count[0] += 1

    for own in databases:
        event.listen(own.engine, "before_cursor_execute", listen)
    yield count
    for own in databases:
        event.remove(own.engine, "before_cursor_execute", listen)


def _one_insert(database: Database) -> float:
    numbers = iter(range(10**9))

    def one() -> None:
        row = {"section": "floor", "name": str(next(numbers)), "value": "", "changed_at": DUE, "changed_by": ""}
        with database.begin() as connection:
            connection.execute(insert(setting).values(row))

    return seconds_each(one)
