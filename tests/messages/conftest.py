"""The world of the outbox's tests, on SQLite or on every engine."""

from __future__ import annotations

import pytest

from tests.messages.world import World
from tray_agent.clock import ManualClock
from tray_agent.store.database import Database


@pytest.fixture
def world(sqlite_database: Database, clock: ManualClock) -> World:
    """Returns a small practice on SQLite."""
    return World(sqlite_database, clock)


@pytest.fixture
def every_world(clocked_database: Database, clock: ManualClock) -> World:
    """Returns a small practice on every engine."""
    return World(clocked_database, clock)
