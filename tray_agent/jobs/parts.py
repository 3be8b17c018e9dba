"""The parts of the engine of jobs over one database, put together once for a process."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from tray_agent.clock import Clock
from tray_agent.jobs.claims import LEASE, Claims
from tray_agent.jobs.contract import JobDefinition, JobSet
from tray_agent.jobs.events import Events
from tray_agent.jobs.plan import PlanStore
from tray_agent.jobs.presence import Presences
from tray_agent.jobs.runner import Runner
from tray_agent.jobs.settlement import Settlement
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.protocol.history import History
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.store.database import Database


@dataclass(frozen=True)
class Surroundings:
    """What the engine of jobs is given.

    Attributes:
        workstation: this computer's name in the history.
        zone: the practice's time zone.
        clock: this computer's clock.
        events: where everything is told.
        definitions: the jobs that this program offers; asked at every look.
        quiet: the quiet hours as the switches say now.
        keep_days: how many days the logs are kept, as the switch says now.
    """

    workstation: str
    zone: ZoneInfo
    clock: Clock
    events: Events
    definitions: Callable[[], JobSet]
    quiet: Callable[[], QuietHours]
    keep_days: Callable[[], int]


class JobParts:
    """The engine's parts: each speaks to the database for this process.

    Args:
        database: the agent's own database, its tables checked.
        around: what the engine is given.
        lease: how long a claim holds without a heartbeat.
    """

    def __init__(self, database: Database, around: Surroundings, lease: timedelta = LEASE) -> None:
        self.around = around
        self.database = database
        self.owner = uuid.uuid4().hex
        workstation = around.workstation[:120]
        self.plans = PlanStore(database)
        self.claims = Claims(database, self.owner, workstation, lease)
        self.log = ActivityLog(database, workstation)
        self.history = History(database)
        self.presences = Presences(database, self.owner, workstation, around.clock)
        self.runner = Runner(self.claims, self.log, self.history, around.events, around.clock, workstation, self._is_held_back)
        self.settlement = Settlement(self.plans, self.claims, self.log, around.events, around.definitions, around.quiet, around.zone)

    def _is_held_back(self, definition: JobDefinition) -> bool:
        return self.plans.load().holds_back(definition)

    def prune(self) -> int:
        """Deletes what is older than the practice keeps logs, in small batches, and returns how many rows."""
        with self.database.read() as connection:
            before = self.database.now(connection) - timedelta(days=self.around.keep_days())
        self.plans.prune_pauses(before)
        return self.log.prune(before) + self.history.prune(before)
