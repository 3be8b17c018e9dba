"""The parts of the engine of jobs over one database, put together once for a process."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta

from tray_agent.job_kinds import JobKey
from tray_agent.jobs.claims import LEASE, Claim, Claims
from tray_agent.jobs.contract import Surroundings
from tray_agent.jobs.plan import PlanStore
from tray_agent.jobs.presence import Presences
from tray_agent.jobs.runner import Runner
from tray_agent.jobs.settlement import Settlement
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.protocol.history import History
from tray_agent.store.database import Database

logger = logging.getLogger(__name__)


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
        self.runner = Runner(self.claims, self.log, self.history, around.events, around.clock, workstation, around.works, self.is_held_back)
        self.settlement = Settlement(self.plans, self.claims, self.log, around)

    def is_held_back(self, job: JobKey) -> bool:
        """Returns whether a pause of the practice holds this job back now."""
        return self.plans.load().holds_back(job)

    def launch(self, claim: Claim) -> None:
        """Begins a claimed run in a thread of its own."""
        self.in_thread(claim.job, lambda: self.runner.run(claim))

    @staticmethod
    def in_thread(job: JobKey, work: Callable[[], object]) -> None:
        """Begins what belongs to a job in a thread of its own; it does not hold the end of the process up."""
        threading.Thread(target=work, name=f"run-{job}", daemon=True).start()

    def prune(self) -> int:
        """Deletes what is older than the practice keeps logs, in small batches, and returns how many rows."""
        with self.database.read() as connection:
            before = self.database.now(connection) - timedelta(days=self.around.keep_days())
        self.plans.prune_pauses(before)
        if pruned := self.log.prune(before) + self.history.prune(before):
            logger.info("%d old rows of the logs were pruned", pruned)
        return pruned
