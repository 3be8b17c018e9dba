"""One agent of a trial: a process of its own with the real scheduler, on a fast clock. Ends when its input ends."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import func, insert, select

from tests.jobs.fleet.clock import FastClock
from tests.jobs.fleet.effects import AT_ONCE, ITEMS, JOBS, counter
from tests.jobs.fleet.naive import NaiveClaims
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.abilities import Lack, LackKind, Report
from tray_agent.jobs.contract import JobContext, JobResult, Surroundings
from tray_agent.jobs.events import Events
from tray_agent.jobs.owed import Rest, RetryPolicy
from tray_agent.jobs.scheduler import Rhythm, Scheduler
from tray_agent.jobs.service import Jobs
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.store.database import Database, open_database, to_ms


@dataclass(frozen=True)
class Orders:
    """What a worker is told: all in words that JSON knows.

    Attributes:
        unable: the jobs that it lacks something for: it does nothing of them, and believes that all went well.
        blind: whether it does not look at what it lacks.
    """

    url: str
    name: str
    begun: str
    start: str
    speed: float
    wrong_seconds: float
    zone: str
    pause: float
    naive: bool
    unable: tuple[str, ...] = ()
    blind: bool = False

    def line(self) -> str:
        return json.dumps(asdict(self))


def main(line: str) -> None:
    from zoneinfo import ZoneInfo

    orders = Orders(**json.loads(line))
    right = FastClock(datetime.fromisoformat(orders.begun), datetime.fromisoformat(orders.start), orders.speed)
    own = FastClock(right.begun, right.start, right.speed, timedelta(seconds=orders.wrong_seconds))
    opened = open_database(orders.url)
    database = Database(opened.engine, None, right)
    works = dict.fromkeys(JOBS, lambda context: work(context, database, orders))
    quiet = QuietHours(time(0), time(0))
    zone, events = ZoneInfo(orders.zone), Events()
    retries = RetryPolicy(first=timedelta(seconds=5), longest=timedelta(seconds=10))
    missing = {JobKey(name): [Lack(LackKind.PASSWORD, "das Passwort fehlt")] for name in orders.unable if not orders.blind}
    around = Surroundings(
        orders.name, lambda: zone, own, events, lambda: works, lambda _key: True, lambda: quiet, lambda: 400, retries,
        lacks=lambda key: missing.get(key, ()), report=lambda: Report(lacks=missing),
    )  # fmt: skip
    jobs = Jobs(database, around)
    if orders.naive:
        naive = NaiveClaims(database, jobs.owner, orders.name)
        jobs.runner._claims = naive
        jobs.settlement._claims = naive
    scheduler = Scheduler(lambda: jobs, events, own, rhythm=Rhythm(gap=timedelta(days=1), speed=orders.speed))
    scheduler.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    scheduler.stop(2.0)


def work(context: JobContext, database: Database, orders: Orders) -> JobResult:
    """Does half of what a planned time asks for, each effect once: looks what is done, takes its time, and acts behind the fence."""
    if context.job.value in orders.unable:
        return JobResult(sentence="Nichts zu tun.")
    acted, left = 0, 0
    for item in range(ITEMS):
        context.checkpoint()
        same = (counter.c.job == context.job.value, counter.c.due_ms == to_ms(context.due_at), counter.c.item == item)
        with database.read() as connection:
            done = connection.execute(select(func.count()).select_from(counter).where(*same)).scalar_one()
        threading.Event().wait(orders.pause)
        if not done and acted == AT_ONCE and not orders.naive:
            left += 1
        elif not done:
            with database.begin() as connection:
                context.fence(connection)
                row = {"job": context.job.value, "due_ms": to_ms(context.due_at), "item": item}
                connection.execute(insert(counter).values(row | {"token": context.token, "worker": orders.name}))
            acted += 1
    return JobResult({"acted": acted}, rest=Rest("left", left, progressed=acted > 0) if left else None)


if __name__ == "__main__":
    main(sys.argv[1])
