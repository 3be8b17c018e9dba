"""A trial: eight agents on one database, killed, stalled and ended at random; afterwards the books are checked."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psutil
from sqlalchemy import Row, select

from tests.jobs.engine import Engine, job
from tests.jobs.fleet.clock import FastClock
from tests.jobs.fleet.effects import ITEMS, JOBS, counter
from tests.jobs.fleet.worker import Orders
from tray_agent.job_kinds import JobKey
from tray_agent.protocol.model import RunState
from tray_agent.schedules.codes import Frequency, Subday
from tray_agent.schedules.planned_times import between
from tray_agent.schedules.schedule import Schedule
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.tables import job_run

START = datetime(2026, 3, 29, 0, 40, tzinfo=UTC)
"""The night in which the clocks change in Zurich."""

MINUTES = {JobKey.DOWNLOAD: 2, JobKey.PREPARE_REMINDERS: 4, JobKey.SEND_MESSAGES: 3}
"""How often each job is planned; rarely enough that a run that is taken over can go on before its next time comes."""

LONG = 60.0
"""A trial of so many seconds must have seen further attempts, too."""

MOST = 5
"""So many times as long a trial lasts at the most, where a busy machine lets nothing happen in it."""

ENDED = {state.value for state in RunState} - {RunState.RUNNING.value}


@dataclass
class Book:
    """What a trial found.

    Attributes:
        planned: how many planned times there were.
        twice: effects that were done more than once.
        stale: effects written under an older token after a newer one.
        unexplained: planned times whose attempts are not one after the other, each of them ended; none at all is none.
        repeated: planned times that were tried again though nothing was left of them.
        attempts: how many further attempts there were.
        missing: effects of successful runs that were not done.
    """

    planned: int = 0
    kills: int = 0
    stalls: int = 0
    quits: int = 0
    effects: int = 0
    takeovers: int = 0
    states: Counter[str] = field(default_factory=Counter)
    twice: list[tuple[str, int, int]] = field(default_factory=list)
    stale: list[tuple[str, int, int]] = field(default_factory=list)
    unexplained: list[tuple[str, datetime]] = field(default_factory=list)
    missing: list[tuple[str, int, int]] = field(default_factory=list)
    repeated: list[tuple[str, datetime]] = field(default_factory=list)
    attempts: int = 0

    @property
    def clean(self) -> bool:
        return not (self.twice or self.stale or self.unexplained or self.missing or self.repeated)


@dataclass
class Worker:
    process: subprocess.Popen[str]
    wakes_at: float = 0.0


class Trial:
    """Eight agents on one database.

    Args:
        url: an empty database.
        seconds: how long, by the machine's clock; longer where nothing was seen in it.
        seed: of the misfortunes.
        workers: how many agents.
        naive: whether they use the naive lease.
        speed: how much faster than the machine's their clock runs.
        unable: how likely each of them lacks something for each job.
        blind: whether they don't look at what they lack.
    """

    def __init__(
        self, url: str, seconds: float, seed: int, workers: int = 8, *, naive: bool = False, speed: float = 120, unable: float = 0.0,
        blind: bool = False,
    ) -> None:  # fmt: skip
        self.unable = unable
        self.blind = blind
        self.url = url
        self.seconds = seconds
        self.naive = naive
        self.random = random.Random(seed)
        self.count = workers
        self.clock = FastClock(datetime.now(UTC), START, speed)
        self.database = Database(open_database(url).engine, None, self.clock)
        self.engine = Engine(self.database, self.clock, "Aufsicht")
        self.book = Book()
        self.workers: dict[str, Worker] = {}
        self.leaving: list[Worker] = []
        self.names = iter(f"PC{number}" for number in range(10_000))

    def run(self) -> Book:
        """Runs the trial and returns its book."""
        upgrade(self.database)
        counter.metadata.create_all(self.database.engine)
        with self._fleet():
            self._plan()
            begun = time.monotonic()
            while not self._is_over(time.monotonic() - begun) and not (self.naive and self._twice()):
                self._misfortune()
                threading.Event().wait(self.random.uniform(0.1, 0.3) if self.naive else self.random.uniform(0.1, 0.8))
        self._close()
        self.database.dispose()
        return self.book

    def _is_over(self, lasted: float) -> bool:
        return lasted >= self.seconds and (self.naive or lasted >= MOST * self.seconds or self._has_seen_enough())

    def _has_seen_enough(self) -> bool:
        with self.database.read() as connection:
            acted = connection.execute(select(counter.c.id).limit(1)).first()
            again = connection.execute(select(job_run.c.id).where(job_run.c.attempt > 1).limit(1)).first()
        return acted is not None and (again is not None or self.unable > 0 or self.seconds < LONG)

    def _plan(self) -> None:
        for key in JOBS:
            minutes = 6 if self.naive else MINUTES[key]
            midnight = datetime.min.time()
            self.engine.plan(key, Schedule(Frequency.DAILY, 1, date(2026, 1, 1), midnight, subday=Subday.MINUTES, subday_interval=minutes))
        self.begun = {key: self.engine.jobs.plans.load().jobs[key].settled_until for key in JOBS}

    @contextmanager
    def _fleet(self) -> Iterator[None]:
        try:
            for _number in range(self.count):
                self._start()
            for worker in self.workers.values():
                assert worker.process.stdout is not None
                assert worker.process.stdout.readline() == "ready\n"
            yield
        finally:
            for worker in (*self.workers.values(), *self.leaving):
                worker.process.kill()
                worker.process.wait()
                for pipe in (worker.process.stdin, worker.process.stdout):
                    if pipe is not None:
                        pipe.close()

    def _start(self) -> None:
        name = next(self.names)
        wrong = self.random.choice([0.0, self.random.uniform(-300, 300)])
        orders = Orders(
            self.url, name, self.clock.begun.isoformat(), START.isoformat(), self.clock.speed, wrong, "Europe/Zurich",
            0.1 if self.naive else 0.03, self.naive, tuple(key.value for key in JOBS if self.random.random() < self.unable), self.blind,
        )  # fmt: skip
        command = [sys.executable, "-m", "tests.jobs.fleet.worker", orders.line()]
        self.workers[name] = Worker(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    def _misfortune(self) -> None:
        """Wakes who slept long enough, then lets something happen to an agent, mostly to one that is at work."""
        self._wake(time.monotonic())
        awake = [name for name, worker in self.workers.items() if not worker.wakes_at]
        at_work = [name for name in self._at_work() if name in awake]
        idle = self.naive and not at_work
        if not awake or idle or self.random.random() < (0 if self.naive else 0.3):
            return
        name = self.random.choice(at_work or awake)
        kind = self.random.choices(["stall", "kill", "quit"], [3, 0 if self.naive else 2, 0 if self.naive else 0.5])[0]
        if kind == "stall" and len(awake) > self.count // 2:
            self._stall(name)
        elif kind != "stall":
            self._end(name, hard=kind == "kill")

    def _at_work(self) -> list[str]:
        running = select(job_run.c.workstation).where(job_run.c.state == RunState.RUNNING.value)
        with self.database.read() as connection:
            return list(connection.execute(running).scalars())

    def _stall(self, name: str) -> None:
        lease = self.engine.jobs.claims.lease.total_seconds() / self.clock.speed
        psutil.Process(self.workers[name].process.pid).suspend()
        self.workers[name].wakes_at = time.monotonic() + lease * self.random.uniform(2.5 if self.naive else 0.3, 3.0)
        self.book.stalls += 1

    def _wake(self, now: float) -> None:
        for worker in self.workers.values():
            if worker.wakes_at and worker.wakes_at <= now:
                worker.wakes_at = 0.0
                psutil.Process(worker.process.pid).resume()

    def _end(self, name: str, *, hard: bool) -> None:
        worker = self.workers.pop(name)
        if hard:
            worker.process.kill()
            self.book.kills += 1
        else:
            assert worker.process.stdin is not None
            worker.process.stdin.close()
            self.book.quits += 1
        self.leaving.append(worker)  # not waited for: what it waits for may be stalled
        self._start()

    def _close(self) -> None:
        """Lets one calm agent settle what is left, then reads the books."""
        self.engine.offered = [job(key) for key in JOBS]
        end = self.clock.now() + self.engine.jobs.claims.lease + timedelta(seconds=1)
        while self.clock.now() < end:
            self.clock.wait(threading.Event(), 10)
        last = self.clock.now()
        rows: dict[tuple[str, datetime], list[Row[Any]]] = {}
        for _look in range(2 * len(JOBS)):
            self.engine.settle()
        with self.database.read() as connection:
            for row in connection.execute(select(job_run).order_by(job_run.c.attempt)):
                rows.setdefault((row.job, row.due_at), []).append(row)
                self.book.states[row.state] += 1
                self.book.takeovers += row.takeovers
                self.book.attempts += row.attempt > 1
            done = (job_run.c.state == "succeeded", job_run.c.reason == "", job_run.c.workstation != "Aufsicht")
            succeeded = {(row.job, row.due_at) for row in connection.execute(select(job_run).where(*done))}
            effects = connection.execute(select(counter).order_by(counter.c.id)).all()
        self._check_times(rows, last)
        self._check_effects([(row.job, row.due_ms, row.item, row.token) for row in effects], succeeded)

    def _check_times(self, rows: dict[tuple[str, datetime], list[Row[Any]]], last: datetime) -> None:
        for key in JOBS:
            schedule = self.engine.jobs.plans.load().jobs[key].schedule
            for due_at in between(schedule, self.engine.jobs.around.zone, self.begun[key], last):
                self.book.planned += 1
                attempts = rows.get((key.value, due_at), [])
                in_order = [row.attempt for row in attempts] == list(range(1, len(attempts) + 1))
                if not attempts or not in_order or any(row.state not in ENDED for row in attempts):
                    self.book.unexplained.append((key.value, due_at))
                if any(row.state == "succeeded" and not row.reason for row in attempts[:-1]):
                    self.book.repeated.append((key.value, due_at))

    def _check_effects(self, effects: list[tuple[str, int, int, int]], succeeded: set[tuple[str, datetime]]) -> None:
        times = Counter((job, due_ms, item) for job, due_ms, item, _token in effects)
        self.book.effects = len(effects)
        self.book.twice = [effect for effect, number in times.items() if number > 1]
        newest: dict[str, int] = {}
        for job_key, due_ms, item, token in effects:
            if token < newest.get(job_key, 0):
                self.book.stale.append((job_key, due_ms, item))
            newest[job_key] = max(token, newest.get(job_key, 0))
        for job_key, due_at in succeeded:
            due_ms = int(due_at.timestamp() * 1000)
            self.book.missing += [(job_key, due_ms, item) for item in range(ITEMS) if not times[job_key, due_ms, item]]

    def _twice(self) -> bool:
        with self.database.read() as connection:
            done = Counter(connection.execute(select(counter.c.job, counter.c.due_ms, counter.c.item)).all())
        return any(number > 1 for number in done.values())
