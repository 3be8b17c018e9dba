"""All that the scheduler, the command line and the dialogs ask of jobs; put together once for a process."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from tray_agent.errors import BugError, ConfigurationError
from tray_agent.i18n import join_texts
from tray_agent.job_kinds import JobKey, Service, job_kind, job_title
from tray_agent.jobs.claims import LEASE, Claim, ClaimRefusal, Claims
from tray_agent.jobs.contract import Surroundings
from tray_agent.jobs.errors import JobBusyError, JobNotOfferedError, JobsPausedError, JobSwitchedOffError, JobUnableError
from tray_agent.jobs.events import Listener, PauseChanged
from tray_agent.jobs.model import JobChange, JobOverview, Pause, PauseScope
from tray_agent.jobs.outlook import as_expected
from tray_agent.jobs.owed import OWED_UNTIL_ON, Owed, has_time_left, is_same_day
from tray_agent.jobs.plan import Plan, PlannedJob, PlanStore, owe_today
from tray_agent.jobs.presence import Presences
from tray_agent.jobs.runner import Runner
from tray_agent.jobs.settlement import Settlement
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.protocol.history import History
from tray_agent.protocol.model import Activity, Level, Run, RunReason, RunTrigger
from tray_agent.protocol.sentences import abandoned_sentence, clock_sentence
from tray_agent.schedules.order_check import OrderFinding, check_order
from tray_agent.schedules.planned_times import next_after
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.store.database import Database
from tray_agent.store.wrong_clock import is_wrong, put_right

_SECONDS_BACK = 60
"""A run by hand takes the second in which it was asked for; where that has a row, an earlier one."""

logger = logging.getLogger(__name__)


class Jobs:
    """The jobs of the practice: what they are, when they run; what they did is in ``history`` and ``log``.

    All methods, and those of the parts, read or write the database and may take as long as it does; call them from a worker, never
    from a window's thread. All raise ``DatabaseUnavailableError`` where there is no connection.

    Args:
        database: the agent's own database, its tables checked.
        around: what the engine is given.
        lease: how long a claim holds without a heartbeat.
        nudge: makes the scheduler of this process look at the plan at once.

    Attributes:
        owner: this process; new with every start.
        history: the runs.
        log: the activities.
        presences: the agents that are on.
    """

    def __init__(
        self, database: Database, around: Surroundings, lease: timedelta = LEASE, nudge: Callable[[], None] = lambda: None
    ) -> None:
        self.around = around
        self.owner = uuid.uuid4().hex
        workstation = around.workstation[:120]
        self.plans = PlanStore(database)
        self.claims = Claims(database, self.owner, workstation, lease, around.zone_now, around.retries)
        self.log = ActivityLog(database, workstation)
        self.history = History(database)
        self.presences = Presences(database, self.owner, workstation, around.clock, around.seen, around.report)
        self.settlement = Settlement(self.plans, self.claims, self.log, self.presences, around)
        self.runner = Runner(self.claims, self.log, self.history, around, workstation, self.is_held_back, self.settlement.turn_of)
        self._database = database
        self._nudge = nudge

    def overview(self) -> tuple[JobOverview, ...]:
        """Returns the five jobs in the order of a day."""
        plan = self.plans.load()
        last, offered = self.history.last_runs(), self.around.works()
        return tuple(self._overview(plan, planned, key in offered, last.get(key)) for key, planned in plan.jobs.items())

    def check(self, changes: Sequence[JobChange] = ()) -> tuple[OrderFinding, ...]:
        """Returns what would be wrong with the set of schedules if ``changes`` were saved, and what it leaves out; changes nothing."""
        plan = self.plans.load()
        schedules = {key: planned.schedule for key, planned in plan.jobs.items()} | {change.key: change.schedule for change in changes}
        zone = self.around.zone
        order = check_order(schedules, zone, self.around.quiet(), plan.now.astimezone(zone).date())
        return (*order, *self.around.gaps(schedules))

    def save(self, changes: Sequence[JobChange], changed_by: str) -> None:
        """Saves all changes or none; planned times count from now on.

        Args:
            changes: the jobs that were changed, each with the version of the overview it was made from.
            changed_by: the person and workstation, for the record.

        Raises:
            ChangedElsewhereError: somebody saved one of these jobs in between; nothing was saved.
            OutcomeUnknownError: the connection was lost while saving; read the overview again.
        """
        plan = self.plans.load()
        real = [change for change in changes if (before := plan.jobs[change.key]).mistake or before.schedule != change.schedule]
        if not real:
            return
        saved_at = self.plans.save(real, changed_by)
        for change in real:
            self.settlement.record_changed(plan.jobs[change.key], change.schedule, saved_at)
        self._nudge()

    def run_now(self, key: JobKey, *, dry_run: bool = False, listener: Listener | None = None) -> Run:
        """Runs a job now, in the caller's thread, and returns its row of the history when it has ended, well or not.

        A dry run changes nothing and leaves no row; the returned ``Run`` then has the number 0.

        Args:
            key: which job; it need not be enabled.
            dry_run: only tell what would be done.
            listener: hears the events of this run only (its progress).

        Raises:
            JobBusyError: it runs already, here or on another computer.
            JobSwitchedOffError: its switch stands on Nein.
            JobsPausedError: the practice paused it.
            JobNotOfferedError: there is no work for it in this program.
            JobUnableError: this workstation lacks something for it.
        """
        self._check_allowed(key)
        if dry_run:
            return self.runner.run_dry(key, self._server_second(), listener)
        claim = self._claim_now(key)
        run = self.runner.run(claim, listener) or self.history.run(claim.run_id)  # lost to another: its row as it stands now
        if run is None:
            raise BugError(f"run {claim.run_id} has no row")
        return run

    def start_now(self, key: JobKey) -> int:
        """Begins a run in a thread of its own and returns its number; its events go to the subscribers.

        Raises:
            JobBusyError, JobSwitchedOffError, JobsPausedError, JobNotOfferedError, JobUnableError: as ``run_now``.
        """
        self._check_allowed(key)
        claim = self._claim_now(key)
        self.launch(claim)
        return claim.run_id

    def launch(self, claim: Claim) -> None:
        """Begins a claimed run in a thread of its own, which does not hold the end of the process up."""
        threading.Thread(target=self.runner.run, args=(claim,), name=f"run-{claim.job}", daemon=True).start()

    def cancel(self, run_id: int) -> bool:
        """Asks a run to stop at its next safe point, on whatever computer it goes (there within half a minute).

        Returns:
            False where the run has ended already.
        """
        here = self.runner.cancel(run_id)
        return self.claims.ask_to_stop(run_id) or here

    def pause(self, scope: PauseScope, until: datetime | None, paused_by: str) -> Pause:
        """Holds jobs back on all computers of the practice, until an instant (aware) or until ``resume``.

        Runs that go on stop at their next safe point (on another computer within half a minute); planned ones go on after the pause.
        """
        pause = self.plans.pause(scope, until, paused_by)
        self._stop_held_back()
        self.around.events.tell(PauseChanged(pause))
        self._nudge()
        return pause

    def resume(self) -> None:
        """Ends the pause; the latest missed time of each job is caught up where window and quiet hours allow."""
        self.plans.resume()
        self.around.events.tell(PauseChanged(None))
        self._nudge()

    def used(self) -> frozenset[JobKey]:
        """Returns the jobs that are switched on."""
        return frozenset(key for key in JobKey if self.around.switched_on(key))

    def owed(self) -> dict[JobKey, Owed]:
        """Returns what is owed, of each job that is enabled and switched on and owes something."""
        planned = self.plans.load().jobs.values()
        return {job.key: job.owed for job in planned if job.owed and job.schedule.enabled and self.around.switched_on(job.key)}

    def try_again(self, jobs: Collection[JobKey] = tuple(JobKey), *, changed: bool = False) -> None:
        """Lets what is owed be tried now, because what was in its way may be gone (a gateway answers, somebody asks).

        Args:
            jobs: of which jobs.
            changed: also what waits for a change: a password was entered anew, a switch was turned.
        """
        if self.claims.hasten(jobs, changed=changed):
            self._nudge()

    def abandon(self, job: JobKey, who: str) -> bool:
        """Ends what a job owes, by a person's word: it is not tried again before its next planned time.

        Args:
            job: which job.
            who: the person and workstation, for the record.

        Returns:
            False where it owes nothing (any more), or is being tried just now.
        """
        if not self.claims.abandon(job):
            return False
        self.log.write([Activity(job_kind(job).service, Level.INFO, "abandoned", abandoned_sentence(job_title(job), who))])
        self._nudge()
        return True

    def adopt_store(self) -> None:
        """Notes a person's word that this embedded store is used by no other computer any more; what was held back is tried now."""
        self.presences.adopt()
        self.try_again([JobKey.SEND_MESSAGES])

    def make_due(self, job: JobKey, reason: str) -> None:
        """Notes that a person's decision made something due: a job without a planned time left today is tried now."""
        self.claims.make_due([job], reason)
        self._nudge()

    def rests_today(self, job: JobKey) -> bool:
        """Returns whether a job that may run does not run any more today unless somebody begins it.

        No planned time of today is left or waits to be caught up, nothing is owed, and no run goes on.
        """
        plan, zone = self.plans.load(), self.around.zone
        planned, owed = plan.jobs[job], plan.jobs[job].owed
        may_run = planned.schedule.enabled and self.around.switched_on(job) and not plan.holds_back(job)
        missed = next_after(planned.schedule, zone, planned.settled_until)
        is_tried = owed is not None and (
            owed.next_at is not None or (owed.reason in OWED_UNTIL_ON and is_same_day(owed.since, plan.now, zone))
        )
        goes_on = planned.holder is not None or is_tried or (missed is not None and missed <= plan.now)
        return may_run and not goes_on and not has_time_left(planned.schedule, zone, plan.now)

    def put_clock_right(self) -> bool:
        """Puts right what a clock that was ahead once has left, tells it, and returns whether there was something.

        What should have run today and did not is owed; the plan goes on at its next time.
        """

        def work(connection: Connection) -> timedelta | None:
            ahead = put_right(self._database, connection, self.claims.lease)
            if ahead is None:
                return None
            owe_today(connection, self._database.now(connection), self.around.zone)
            told = Activity(Service.SMS, Level.WARNING, "clock_was_ahead", clock_sentence(ahead))
            self.log.write([told], connection=connection)
            return ahead

        ahead = self._database.transact(work)
        if ahead is not None:
            logger.warning("the clock was ahead by %s; what it left is put right", ahead)
        return ahead is not None

    def paused(self) -> Pause | None:
        """Returns the pause in force, or None."""
        return self.plans.load().pause

    def is_held_back(self, job: JobKey) -> bool:
        """Returns whether a pause of the practice holds this job back now."""
        return self.plans.load().holds_back(job)

    def prune(self) -> int:
        """Deletes what is older than the practice keeps logs, in small batches, and returns how many rows."""
        with self._database.read() as connection:
            before = self._database.now(connection) - timedelta(days=self.around.keep_days())
        self.plans.prune_pauses(before)
        if pruned := self.log.prune(before) + self.history.prune(before):
            logger.info("%d old rows of the logs were pruned", pruned)
        return pruned

    def _overview(self, plan: Plan, planned: PlannedJob, offered: bool, last: Run | None) -> JobOverview:
        holder, switched_on = planned.holder, offered and self.around.switched_on(planned.key)
        run = self.history.run(holder.run_id) if holder else None
        owed = as_expected(plan, planned.key, self.around.zone, self._quiet_for(planned))
        return JobOverview(
            key=planned.key,
            title=job_title(planned.key),
            schedule=planned.schedule,
            version=planned.version,
            switched_on=switched_on,
            switch_name=job_kind(planned.key).switch_names,
            next_at=next_after(planned.schedule, self.around.zone, plan.now),
            last_run=run if holder and holder.expired else last,  # interrupted in the middle: it goes on, or is tried again
            running=run if holder and not holder.expired else None,
            owed=owed if planned.schedule.enabled and switched_on else None,
            changed_at=planned.changed_at,
            changed_by=planned.changed_by,
            mistake=planned.mistake,
            why=self.settlement.why_unable(planned.key) if owed and owed.reason == RunReason.NOT_ABLE else "",
        )

    def _quiet_for(self, planned: PlannedJob) -> QuietHours | None:
        """Returns the quiet hours where they hold back what a job owes; None: they don't, or can't be used (the job itself says so)."""
        if planned.owed is None or not job_kind(planned.key).wakes_people:
            return None
        try:
            return self.around.quiet()
        except ConfigurationError:
            return None

    def _check_allowed(self, key: JobKey) -> None:
        """Raises why a job may not run now by hand, if it may not."""
        if key not in self.around.works():
            raise JobNotOfferedError(key)
        if not self.around.switched_on(key):
            raise JobSwitchedOffError(key, switch=job_kind(key).switch_names)
        if self.is_held_back(key):
            raise JobsPausedError(key)
        if lacks := [lack.sentence for lack in self.around.lacks(key) if not lack.tried_anyway]:
            raise JobUnableError(key, lacks=join_texts(*lacks, separator=", "))

    def _stop_held_back(self) -> None:
        plan = self.plans.load()
        for key, planned in plan.jobs.items():
            if planned.holder is not None and not planned.holder.expired and plan.holds_back(key):
                self.cancel(planned.holder.run_id)

    def _claim_now(self, key: JobKey) -> Claim:
        plan = self.plans.load()
        if is_wrong(plan.latest, plan.now):
            self.put_clock_right()
        self.settlement.end_vanished(key)
        now = self._server_second()
        # Two runs of a job never have the same planned time; a person who clicks twice in a second still gets a run.
        for back in range(_SECONDS_BACK):
            claim = self.claims.claim(key, now - timedelta(seconds=back), RunTrigger.BY_HAND)
            if isinstance(claim, Claim):
                return claim
            if claim is ClaimRefusal.BUSY or self.plans.load().jobs[key].holder is not None:
                break
        holder = self.plans.load().jobs[key].holder
        raise JobBusyError(key, workstation=holder.workstation if holder else "?")

    def _server_second(self) -> datetime:
        return self.plans.load().now.replace(microsecond=0)
