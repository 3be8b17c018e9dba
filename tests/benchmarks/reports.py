"""Fifty agents tell what they lack.

Each tells it every 45 seconds. Counted is the time that the database's own processes computed for it (PostgreSQL), and for the embedded
store that of the one process, as a share of one core. The floor is one UPDATE by key in a transaction of its own on the same database.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import psutil
from sqlalchemy import Connection, text, update

from tests.benchmarks.row import Row
from tests.conftest import make_database
from tray_agent.clock import SystemClock
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.abilities import Lack, LackKind, Report
from tray_agent.jobs.presence import BEAT, Presences
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.tables import agent_presence

AGENTS = 50
ROUNDS = 40
MOST_SHARE = 0.01
TOLD = Report("anna", lacks={JobKey.SEND_MESSAGES: [Lack(LackKind.PASSWORD, "das SMS-Passwort von Mandant M1 fehlt")]})


def run() -> list[Row]:
    """Measures on SQLite and PostgreSQL."""
    return [row for kind in ("sqlite", "postgresql") for row in _measure(kind)]


def _measure(kind: str) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        for url in make_database(kind, Path(folder)):
            database = open_database(url)
            upgrade(database)
            agents = [Presences(database, f"owner{number}", f"PC{number}", SystemClock(), report=lambda: TOLD) for number in range(AGENTS)]
            _tell_all(agents)
            told = _computed(database, partial(_tell_all, agents))
            floor = _computed(database, partial(_update_all, database))
            database.dispose()
    share, least = (seconds / BEAT.total_seconds() for seconds in (told, floor))
    return [
        Row(
            f"{AGENTS} agents' reports, {kind}: share of one core", f"{share:.3%}", "one UPDATE each", f"{least:.3%}",
            told / floor if floor else None, f"< {MOST_SHARE:.0%}", share < MOST_SHARE,
        )
    ]  # fmt: skip


def _tell_all(agents: list[Presences]) -> None:
    for agent in agents:
        agent.tell(timedelta(0))


def _update_all(database: Database) -> None:
    for number in range(AGENTS):
        database.transact(partial(_update, f"owner{number}"))


def _update(owner: str, connection: Connection) -> None:
    connection.execute(update(agent_presence).where(agent_presence.c.owner == owner).values(seen_ms=agent_presence.c.seen_ms + 1))


def _computed(database: Database, work: Callable[[], None]) -> float:
    """Returns the seconds that the database computed for one call of ``work``."""
    processes = _processes(database)
    before = sum(map(_seconds, processes))
    for _round in range(ROUNDS):
        work()
    return (sum(map(_seconds, processes)) - before) / ROUNDS


def _processes(database: Database) -> list[psutil.Process]:
    if database.dialect == "sqlite":
        return [psutil.Process()]
    with database.read() as connection:
        backend = psutil.Process(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
    postmaster = backend.parent()
    return [backend] if postmaster is None else [postmaster, *postmaster.children(recursive=True)]


def _seconds(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)
