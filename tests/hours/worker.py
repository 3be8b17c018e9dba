"""One workstation: a process with the real agent, whose pauses are short. Ends when its input ends."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from tests.jobs.fleet.clock import FastClock
from tray_agent.agent import Agent
from tray_agent.config.machine import GatewayAccount, GatewaySection, Machine, MachineSection, PracticeSection, StoreSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.jobs.owed import RetryPolicy
from tray_agent.jobs.scheduler import Rhythm, Scheduler
from tray_agent.jobs.service import Jobs
from tray_agent.messages.service import MessageService
from tray_agent.messages.work.parts import SendingRules
from tray_agent.store.database import Database, open_database

ACCOUNT, PASSWORD = "meier", "secret"  # of the loopback gateway

RULES = SendingRules(
    back_off=(timedelta(seconds=0.2), timedelta(seconds=0.5)),
    patience=timedelta(seconds=1),
    under_way=timedelta(seconds=3),
    ask_every=timedelta(seconds=0.5),
    unasked=100_000,
)
RETRIES = RetryPolicy(first=timedelta(seconds=0.4), longest=timedelta(seconds=1.5), told_after=timedelta(seconds=2))


@dataclass(frozen=True)
class Orders:
    """What a workstation is told: all in words that JSON knows.

    Attributes:
        begun, start: what the clock of the machine and that of the practice showed at the beginning.
    """

    name: str
    store: str
    practice: str
    gateway: str
    begun: str
    start: str
    folder: str

    def line(self) -> str:
        return json.dumps(asdict(self))


class Workstation(Agent):
    """The agent with the practice's clock and short pauses; nothing else is different."""

    def __init__(self, orders: Orders) -> None:
        accounts = {"M1": GatewayAccount(user=ACCOUNT, originator="Praxis")}
        machine = Machine(
            machine=MachineSection(data_folder=orders.folder),
            practice=PracticeSection(url=orders.practice, name="Praxis am Bellevue", phone="044 262 11 22"),
            store=StoreSection(url=orders.store, table_schema=None),
            gateway=GatewaySection(address=orders.gateway, originator="Praxis", accounts=accounts),
        )
        clock = FastClock(datetime.fromisoformat(orders.begun), datetime.fromisoformat(orders.start), 1.0)
        secrets = MemorySecrets(**{"gateway/M1": PASSWORD})
        super().__init__(machine, secrets=secrets, clock=clock, workstation=orders.name)

    @cached_property
    def store(self) -> Database:
        database = open_database(self.machine.store_url)
        self._closing.callback(database.dispose)
        return Database(database.engine, None, self.clock)

    @cached_property
    def messages(self) -> MessageService:
        made = super().messages
        made.parts = replace(made.parts, rules=RULES)
        return made

    @cached_property
    def jobs(self) -> Jobs:
        made = super().jobs
        return Jobs(self.store, replace(made.around, retries=RETRIES), timedelta(seconds=6), nudge=self._nudge_scheduler)

    @cached_property
    def scheduler(self) -> Scheduler:
        rhythm = Rhythm(look=timedelta(seconds=1), first_retry=timedelta(seconds=0.5), longest_retry=timedelta(seconds=2))
        return Scheduler(lambda: self.jobs, self.job_events, self.clock, rhythm=rhythm)


def main(line: str) -> None:
    with Workstation(Orders(**json.loads(line))) as agent:
        agent.scheduler.start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
        agent.scheduler.stop(5.0)


def folder_of(base: Path, name: str) -> str:
    made = base / name
    made.mkdir(exist_ok=True)
    return str(made)


if __name__ == "__main__":
    main(sys.argv[1])
