"""What the tests of runs share: an engine over a database, jobs that note what they do, schedules in few words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import update

from tray_agent.clock import Clock
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.abilities import Lacks, Report
from tray_agent.jobs.claims import Claim
from tray_agent.jobs.contract import JobContext, JobResult, Surroundings
from tray_agent.jobs.events import Event, Events
from tray_agent.jobs.model import JobChange
from tray_agent.jobs.service import Jobs
from tray_agent.protocol.model import RunFilter
from tray_agent.schedules.codes import Frequency, Subday
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.schedules.schedule import Schedule
from tray_agent.store.database import Database
from tray_agent.store.tables import agent_presence

ZURICH = ZoneInfo("Europe/Zurich")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""What the clock of the tests shows: Monday, 10:00 in Zurich."""

NO_QUIET = QuietHours(time(0), time(0))

Work = Callable[[JobContext], JobResult]


def as_another_file(database: Database) -> None:
    """Lets all that is known of agents have happened in another file, of which this store is a copy."""
    with database.begin() as connection:
        connection.execute(update(agent_presence).values(store_file="801/4d2"))


def done(context: JobContext) -> JobResult:
    """Does nothing, well."""
    return JobResult(counts={"done": 1}, sentence="Erledigt.")


def daily(at: time, *, start: date = date(2026, 1, 1)) -> Schedule:
    return Schedule(Frequency.DAILY, 1, start, at)


def every(minutes: int, first: time = time(0), last: time = time(23, 59, 59)) -> Schedule:
    return Schedule(Frequency.DAILY, 1, date(2026, 1, 1), first, last, subday=Subday.MINUTES, subday_interval=minutes)


@dataclass(frozen=True)
class Offered:
    """A job as a test offers it."""

    key: JobKey
    work: Work
    switched_on: bool


def job(key: JobKey, work: Work = done, *, switched_on: bool = True) -> Offered:
    return Offered(key, work, switched_on)


@dataclass
class Engine:
    """One agent's engine of jobs over a database; runs are begun where the test says."""

    database: Database
    clock: Clock
    workstation: str = "PC1"
    offered: Sequence[Offered] = ()
    quiet: QuietHours = NO_QUIET
    lease: timedelta = timedelta(seconds=90)
    lacks: dict[JobKey, Lacks] = field(default_factory=dict)
    heard: list[Event] = field(default_factory=list)
    launched: list[Claim] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.events = Events()
        self.events.subscribe(self.heard.append)
        around = Surroundings(
            self.workstation, lambda: ZURICH, self.clock, self.events, lambda: {one.key: one.work for one in self.offered},
            lambda key: any(one.switched_on for one in self.offered if one.key is key), lambda: self.quiet, lambda: 400,
            lacks=lambda key: self.lacks.get(key, ()), report=lambda: Report(lacks=self.lacks),
        )  # fmt: skip
        self.jobs = Jobs(self.database, around, self.lease)
        self.jobs.runner._beating = False  # the clock of the tests moves when it is waited for

    def plan(self, key: JobKey, schedule: Schedule) -> None:
        """Saves a schedule; it counts from the present instant of the clock."""
        version = self.jobs.plans.load().jobs[key].version
        self.jobs.save([JobChange(key, schedule, version)], "Test")

    def settle(self, *, run: bool = True) -> None:
        """Looks at the plan once and runs what is due to its end."""
        self.jobs.settlement.settle(self._launch if run else self._keep)

    def beat(self) -> None:
        """Tells the others that this agent is there and what it lacks."""
        self.jobs.presences.tell(timedelta(0))

    def told(self, job: JobKey) -> list[tuple[str, str, str, str]]:
        """Returns the history of a job, the oldest first: local time, trigger, state, reason."""
        runs = list(reversed(self.jobs.history.page(RunFilter(folded=True), size=5000).rows))
        return [
            (f"{run.due_at.astimezone(ZURICH):%d.%m. %H:%M}", run.trigger.value, run.state.value, run.reason)
            for run in runs
            if run.job is job
        ]

    def _launch(self, claim: Claim) -> None:
        self.launched.append(claim)
        self.jobs.runner.run(claim)

    def _keep(self, claim: Claim) -> None:
        self.launched.append(claim)
