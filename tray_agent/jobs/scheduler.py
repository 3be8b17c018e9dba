"""Keeps the jobs running: wakes at the planned times, looks at the plan, survives sleep and a database that is away.

APScheduler is the one engine of all that happens by itself (memory job store, a trigger and an executor of our own): it wakes at the
planned times of each job, has the plan looked at every half minute, prunes the logs, and does what each workstation does for itself.
Its rules
for late wake-ups are chosen on purpose: ``misfire_grace_time`` None, so that none is dropped for being late, and ``coalesce``,
because one is enough for many; what becomes of a late planned time is decided by ``catch_up`` alone. All that a wake-up does is to
have the plan looked at. The looks in between notice schedules saved on another computer, runs that vanished, and a computer that
slept, and so a wrong or corrected clock does no harm. Tables that another program has brought to a newer version end all runs here, until
this program was updated, too. Once a minute a look tells that this agent is there: only a store that takes it
is one that runs can begin in.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.executors.base import BaseExecutor, run_job
from apscheduler.job import Job
from apscheduler.jobstores.base import JobLookupError
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import DBAPIError

from tray_agent.clock import Clock
from tray_agent.errors import ConfigurationError, DatabaseBusyError, KnownError
from tray_agent.job_kinds import JobKey, job_kind, job_title
from tray_agent.jobs.errors import is_fault, trace_of
from tray_agent.jobs.events import DatabaseAway, DatabaseBack, Event, Events, PauseChanged, PlanChanged, RunFinished, RunLost, Woke
from tray_agent.jobs.model import Pause
from tray_agent.jobs.plan import Plan
from tray_agent.jobs.presence import BEAT
from tray_agent.jobs.service import Jobs
from tray_agent.protocol.model import Activity, Level
from tray_agent.protocol.sentences import unusable_schedule_sentence
from tray_agent.schedules.mistakes import ScheduleError
from tray_agent.schedules.planned_times import next_after
from tray_agent.store.faults import explained
from tray_agent.store.schema_version import SchemaOutdatedError
from tray_agent.store.wrong_clock import is_wrong

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often the scheduler does what: by the injected clock.

    Attributes:
        look: between two looks at the plan.
        first_retry, longest_retry: pauses while the database is away, doubled each time.
        gap: a computer that was silent for so long beyond a look has slept.
        network: how long a network is waited for after sleep.
        prune: between two prunings of the logs.
        chore: between two looks at what this workstation does for itself.
        speed: how many seconds of the injected clock pass in one of the machine's (tests).
    """

    look: timedelta = timedelta(seconds=30)
    first_retry: timedelta = timedelta(seconds=5)
    longest_retry: timedelta = timedelta(seconds=60)
    gap: timedelta = timedelta(seconds=60)
    network: timedelta = timedelta(minutes=2)
    prune: timedelta = timedelta(hours=6)
    chore: timedelta = timedelta(minutes=2)
    speed: float = 1.0


_SOONEST = timedelta(milliseconds=200)
_STEP = timedelta(seconds=2)
"""A difference between the clocks of this size is told anew; also the pause after a deadlock."""
_BUSY = timedelta(seconds=90)
"""A store that others hold for so long is told as one that can't be used."""


class Scheduler:
    """Runs the jobs of the practice on this computer, together with the schedulers of the others.

    Args:
        jobs: gives the engine of jobs; asked until it succeeds (the database may come later than this program).
        events: where everything is told.
        clock: this computer's clock.
        has_network: whether this computer has a network; asked after it slept.
        rhythm: how often what is done.
        chore: what this workstation does for itself, without a claim; in a thread of its own, however long it lasts. While it goes on, it
            is called again and must return.
    """

    def __init__(
        self,
        jobs: Callable[[], Jobs],
        events: Events,
        clock: Clock,
        has_network: Callable[[], bool] = lambda: True,
        rhythm: Rhythm = Rhythm(),
        chore: Callable[[], object] = lambda: None,
    ) -> None:
        self._chore = chore
        self._make_jobs = jobs
        self._jobs: Jobs | None = None
        self._events = events
        self._clock = clock
        self._has_network = has_network
        self._rhythm = rhythm
        self._engine = BackgroundScheduler(
            jobstores={"default": _JobStore()},
            executors={"default": _DaemonExecutor()},
            # Two, because a look that was nudged is begun again in the moment in which it ends; they take turns.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 2},
            timezone=UTC,
        )
        self._changing = threading.Lock()
        """Guards the two below, and the time of the next look that follows from them."""
        self._looking = False
        self._nudged = False
        self._turn = threading.Lock()
        """Held by the look that goes on."""
        self._trouble: KnownError | None = None
        self._away_since: datetime | None = None
        self._proved: float | None = None
        """When this agent last told that it is there, by the monotonic clock; at first, when it first looked."""
        self._is_told = False
        self._has_looked = False
        self._is_judged = False
        """Whether it was looked for what only a wrong clock can have written; later the looks meet it."""
        self._missed: tuple[datetime, datetime] | None = None
        self._retry = rhythm.first_retry
        self._looked: tuple[datetime, float] | None = None
        self._waiting_since: float | None = None
        self._is_good_again = False
        """Whether database or network came back, so that what is owed may be tried at once."""
        self._difference = timedelta(0)
        self._told_difference: timedelta | None = None
        self._next_times: dict[JobKey, datetime] = {}
        self._pause: Pause | None = None
        self._mistakes: dict[JobKey, str] = {}
        self._unsubscribe: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begins to run the jobs; returns at once, also when the database is away."""
        self._unsubscribe = self._events.subscribe(self._hear)
        regular = ((self._look_in_turn, self._rhythm.look), (self._prune, self._rhythm.prune), (self._do_chore, self._rhythm.chore))
        for work, every in regular:
            trigger = IntervalTrigger(seconds=every.total_seconds() / self._rhythm.speed, timezone=UTC)
            self._engine.add_job(work, trigger, id=work.__name__)
        self._engine.start()
        self.look_soon()

    def stop(self, seconds: float = 2.0) -> bool:
        """Stops planning, asks the running jobs to stop at their next safe point and gives them back. Before ``start`` it does nothing.

        Args:
            seconds: how long to wait for them at the most, by the machine's clock.

        Returns:
            Whether all ended in time. A run that did not keeps its claim until its lease ends.
        """
        if not self._engine.running:
            return True
        self._unsubscribe()
        self._engine.shutdown(wait=False)
        ended = self._jobs.runner.quit(seconds) if self._jobs else True
        if not ended:
            logger.warning("a run did not reach a safe point in time; it is settled at the next start")
        self._turn.acquire(timeout=seconds)  # a look that goes on could still say that this agent is there
        self._try("this agent could not say that it goes", lambda jobs: jobs.presences.leave())
        return ended

    def look_soon(self) -> None:
        """Has the plan looked at now: after a change, when the computer woke, when the network came. Returns at once."""
        with self._changing:
            self._nudged = True
            if not self._looking:  # else it looks once more when it has ended
                self._move(self._look_in_turn, datetime.now(UTC))

    @property
    def trouble(self) -> KnownError | None:
        """Why the store can't be used, as ``DatabaseAway`` told it; None: it can, it can be read and written."""
        return self._trouble

    def look(self) -> timedelta:
        """Looks at the plan once and returns when to look again: at the next planned time, or after a while. Never raises."""
        try:
            if self._must_wait_for_network():
                return self._rhythm.first_retry
            pause = self._settle()
            self._prove_writable()
        except Exception as error:  # noqa: BLE001 - what plans must never end
            return self._failed(error)
        self._come_back()
        if not self._has_looked:  # what this workstation does for itself, it does when it starts, too
            self._has_looked = True
            self._move(self._do_chore, datetime.now(UTC))
        return pause

    def _failed(self, error: Exception) -> timedelta:
        """Notes why a look failed, and returns the pause before the next one."""
        told = explained(error) if isinstance(error, DBAPIError) else error
        if not isinstance(told, KnownError):
            logger.error("the plan could not be looked at\n%s", trace_of(error))
            return self._rhythm.look
        if isinstance(told, DatabaseBusyError) and not self._lacks_proof(_BUSY):
            return _STEP
        if isinstance(told, SchemaOutdatedError) and self._jobs is not None:
            self._jobs.runner.give_back_all()
        if isinstance(error, DBAPIError) and is_fault(error) and self._trouble is None:
            logger.error("the database refuses a look at the plan\n%s", trace_of(error))
        return self._lost(told)

    def _look_in_turn(self) -> None:
        """Looks at the plan and places the next look; after the end no more, though one waited for its turn."""
        with self._turn:
            if not self._engine.running:
                return
            with self._changing:
                self._looking, self._nudged = True, False
                self._move(self._look_in_turn, None)  # however long this one lasts, no other begins beside it
            pause = self.look()
            with self._changing:
                self._looking = False
                self._move(self._look_in_turn, datetime.now(UTC) + (timedelta() if self._nudged else pause) / self._rhythm.speed)

    def _move(self, work: Callable[[], None], instant: datetime | None) -> None:
        """Moves when regular work is done next, by this machine's clock; None: not until it is moved again."""
        with suppress(JobLookupError):  # before the start and after the end there is none
            self._engine.modify_job(work.__name__, next_run_time=instant)

    def _settle(self) -> timedelta:
        if self._jobs is None:
            self._jobs = self._make_jobs()
        with suppress(ConfigurationError):  # a lack of this workstation, as others are: told where nobody can do what is planned
            self._jobs.around.look_at_configuration()
        if self._is_good_again:
            self._jobs.claims.hasten(JobKey)
            self._is_good_again = False
        plan, waits_until = self._jobs.settlement.settle(self._jobs.launch, self._away() or self._missed)
        if (not self._is_judged or is_wrong(plan.latest, plan.now)) and self._jobs.put_clock_right():
            return _SOONEST
        self._is_judged = True
        self._found(plan, self._jobs.around.zone)
        # Both are instants of the server's clock. A look that comes a moment too early by it finds nothing and looks once more.
        instants = [*self._next_times.values(), *([waits_until] if waits_until else [])]
        pauses = [max(at + self._difference - self._clock.now(), _SOONEST) for at in instants]
        return min([*pauses, self._rhythm.look])

    def _found(self, plan: Plan, zone: tzinfo) -> None:
        """Takes over what a look found: the server's clock, the next times, the pause; tells what is new."""
        self._difference = self._clock.now() - plan.now
        if self._told_difference is None or abs(self._told_difference - self._difference) >= _STEP:
            self._told_difference, self._is_told = self._difference, False
        times = {key: at for key, planned in plan.jobs.items() if (at := next_after(planned.schedule, zone, plan.now))}
        if times != self._next_times:
            self._next_times = times
            self._events.tell(PlanChanged(dict(times)))
        if plan.pause != self._pause:
            self._pause = plan.pause
            self._events.tell(PauseChanged(plan.pause))
        self._tell_mistakes(plan)

    def _tell_mistakes(self, plan: Plan) -> None:
        """Writes into the activity log, once, which schedules in the database can't be used."""
        assert self._jobs is not None  # noqa: S101 - it was they that read the plan
        found = {key: planned.mistake for key, planned in plan.jobs.items() if planned.mistake}
        new = {key: mistake for key, mistake in found.items() if self._mistakes.get(key) != mistake}
        self._jobs.log.write(
            [
                Activity(job_kind(key).service, Level.ERROR, ScheduleError.code, unusable_schedule_sentence(job_title(key), mistake))
                for key, mistake in new.items()
            ]
        )
        self._mistakes = found

    def _hear(self, event: Event) -> None:
        """Looks again when a run ended: what waited for it may begin."""
        if isinstance(event, RunFinished | RunLost):
            self.look_soon()

    def _lost(self, error: KnownError) -> timedelta:
        """Notes that the database can't be used, tells each cause once, and returns the pause before the next attempt."""
        if self._away_since is None:
            self._away_since = self._clock.now()
        if self._trouble is None or self._trouble.code != error.code:
            logger.warning("the database can't be used: %s", error.code)
            self._trouble = error
            self._events.tell(DatabaseAway(self._away_since, error))
        pause = self._retry
        self._retry = min(2 * self._retry, self._rhythm.longest_retry)
        return pause

    def _prove_writable(self) -> None:
        """Tells about once a minute that this agent is there; a store that does not take it is as good as away."""
        assert self._jobs is not None  # noqa: S101 - it was they that read the plan
        if self._is_told and self._away_since is None and not self._lacks_proof(BEAT):
            return
        if self._jobs.presences.tell(self._difference):
            self._jobs.put_clock_right()
            self._jobs.presences.tell(self._difference)
            self.look_soon()
        self._proved, self._is_told = self._clock.monotonic(), True

    def _lacks_proof(self, least: timedelta) -> bool:
        """Returns whether it is so long since this agent last told that it is there, or began to try."""
        if self._proved is None:
            self._proved = self._clock.monotonic()
        return self._clock.monotonic() - self._proved >= least.total_seconds()

    def _come_back(self) -> None:
        """Tells that the database can be used again, if it could not."""
        if self._away_since is None:
            return
        self._missed = self._away()
        self._trouble = None
        self._events.tell(DatabaseBack(self._away_since))
        self._is_good_again = True
        self.look_soon()
        self._away_since, self._retry = None, self._rhythm.first_retry

    def _away(self) -> tuple[datetime, datetime] | None:
        """Returns from when until when the database was away, by the server's clock as far as it is known."""
        if self._away_since is None:
            return None
        return self._away_since - self._difference, self._clock.now() - self._difference

    def _must_wait_for_network(self) -> bool:
        """Notices that the computer slept, and returns whether its network is still to be waited for."""
        now, elapsed = self._clock.now(), self._clock.monotonic()
        if self._looked is not None and self._slept(now, elapsed):
            self._told_difference = None
            self._waiting_since = elapsed
            self._events.tell(Woke(self._looked[0], now))
        self._looked = (now, elapsed)
        if self._waiting_since is None:
            return False
        patient = elapsed - self._waiting_since < self._rhythm.network.total_seconds()
        if patient and not self._has_network():
            return True
        self._waiting_since, self._is_good_again = None, True
        return False

    def _slept(self, now: datetime, elapsed: float) -> bool:
        """Returns whether the clock ran on without this program, or was set."""
        assert self._looked is not None  # noqa: S101 - the caller looked
        passed = now - self._looked[0]
        silent = passed > max(self._rhythm.look, self._rhythm.longest_retry) + self._rhythm.gap
        stepped = abs(passed.total_seconds() - (elapsed - self._looked[1])) > self._rhythm.gap.total_seconds()
        return silent or stepped

    def _do_chore(self) -> None:
        self._try("what this workstation does for itself failed", lambda _jobs: self._chore())

    def _prune(self) -> None:
        self._try("the logs could not be pruned", Jobs.prune)

    def _try(self, failed: str, work: Callable[[Jobs], object]) -> None:
        """Does what is no harm if it fails now; a database that is away is no fault."""
        if self._jobs is None or self._away_since is not None:
            return
        try:
            work(self._jobs)
        except Exception as error:  # noqa: BLE001 - nothing here may end the engine
            if is_fault(error):
                logger.error("%s\n%s", failed, trace_of(error))  # noqa: TRY400 - without values
            else:
                logger.warning("the database is away; %s", failed)


class _JobStore(MemoryJobStore):  # type: ignore[misc]  # APScheduler has no types
    """APScheduler's job store in memory, safe from a clock that is set back."""

    _seen: datetime | None = None

    def get_due_jobs(self, now: datetime) -> list[Job]:
        """Returns what is due at ``now``; all of it where the clock was set back."""
        # APScheduler waits for instants of the wall clock. Set back by an hour, it would sleep until the old time comes again; set
        # forward by years, it would first list every half minute that passed.
        was_set_back = self._seen is not None and now < self._seen - _STEP
        for job in self.get_all_jobs():
            if was_set_back or (job.next_run_time is not None and job.next_run_time < now - _STEP):
                job.modify(next_run_time=now)
        self._seen = now
        return super().get_due_jobs(now)  # type: ignore[no-any-return]


class _DaemonExecutor(BaseExecutor):  # type: ignore[misc]  # APScheduler has no types
    """Does each piece of work in a thread of its own that doesn't hold the end of the process up.

    The pool of APScheduler would: Python waits for its threads, also for one that waits for a database that is away.
    """

    def _do_submit_job(self, job: Job, run_times: list[datetime]) -> None:
        def work() -> None:
            self._run_job_success(job.id, run_job(job, "default", run_times, self._logger.name))

        threading.Thread(target=work, name=f"scheduler-{job.id}", daemon=True).start()


def network_ready() -> bool:
    """Returns whether any interface besides the loopback is up and has an address that reaches beyond its own cable."""
    import psutil

    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    return any(_reaches_out(address.address) for name, found in psutil.net_if_addrs().items() if name in up for address in found)


def _reaches_out(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:  # the address of the network card itself
        return False
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)
