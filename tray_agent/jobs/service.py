"""All that the command line and the dialogs ask of jobs, in one place; plain values in and out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tray_agent.errors import BugError
from tray_agent.i18n import _
from tray_agent.job_kinds import JobKey, Service, job_kind, job_title
from tray_agent.jobs.claims import Claim, ClaimRefusal
from tray_agent.jobs.errors import JobBusyError, JobNotOfferedError, JobsPausedError, JobSwitchedOffError
from tray_agent.jobs.events import Listener, PauseChanged
from tray_agent.jobs.model import JobChange, JobOverview, Pause, PauseScope, Presence
from tray_agent.jobs.parts import JobParts
from tray_agent.jobs.plan import Plan, PlannedJob
from tray_agent.protocol.model import (
    ActivityFilter,
    ActivityOrder,
    ActivityRow,
    Run,
    RunFilter,
    RunOrder,
    RunTrigger,
    ServiceCounts,
)
from tray_agent.schedules.order_check import OrderFinding, check_order
from tray_agent.schedules.planned_times import next_after
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.store.pages import Page

PAGE = 200
"""How many rows a page has unless told otherwise."""

_SECONDS_BACK = 60
"""A run by hand takes the second in which it was asked for; where that has a row, an earlier one."""


class Jobs:
    """The jobs of the practice: what they are, when they run, what they did.

    All methods read or write the database and may take as long as it does; call them from a worker, never from a
    window's thread. All raise ``DatabaseUnavailableError`` where there is no connection.

    Args:
        parts: the engine of jobs.
        nudge: makes the scheduler of this process look at the plan at once.
    """

    def __init__(self, parts: JobParts, nudge: Callable[[], None] = lambda: None) -> None:
        self._parts = parts
        self._nudge = nudge

    def overview(self) -> tuple[JobOverview, ...]:
        """Returns the five jobs in the order of a day."""
        plan = self._parts.plans.load()
        last, offered = self._parts.history.last_runs(), self._parts.around.works()
        return tuple(self._overview(plan, planned, key in offered, last.get(key)) for key, planned in plan.jobs.items())

    def check(self, changes: Sequence[JobChange] = ()) -> tuple[OrderFinding, ...]:
        """Returns what would be wrong with the set of schedules if ``changes`` were saved; changes nothing."""
        plan = self._parts.plans.load()
        schedules = {key: planned.schedule for key, planned in plan.jobs.items()} | {change.key: change.schedule for change in changes}
        zone = self._parts.around.zone
        return check_order(schedules, zone, self._parts.around.quiet(), plan.now.astimezone(zone).date())

    def quiet_hours(self) -> QuietHours:
        """Returns the quiet hours as the switches say now; for the time line of a day.

        Raises:
            ConfigurationError: the canton is unknown (only when they are asked about a time).
        """
        return self._parts.around.quiet()

    def save(self, changes: Sequence[JobChange], changed_by: str) -> None:
        """Saves all changes or none; planned times count from now on.

        Args:
            changes: the jobs that were changed, each with the version of the overview it was made from.
            changed_by: the person and workstation, for the record.

        Raises:
            ChangedElsewhereError: somebody saved one of these jobs in between; nothing was saved.
            OutcomeUnknownError: the connection was lost while saving; read the overview again.
        """
        plan = self._parts.plans.load()
        real = [change for change in changes if not _is_unchanged(change, plan)]
        if not real:
            return
        saved_at = self._parts.plans.save(real, changed_by)
        for change in real:
            self._parts.settlement.record_changed(plan.jobs[change.key], saved_at)
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
        """
        self._check_allowed(key)
        if dry_run:
            return self._parts.runner.run_dry(key, self._server_second(), listener)
        claim = self._claim_now(key)
        run = self._parts.runner.run(claim, listener)
        return run or self._lost(claim)

    def start_now(self, key: JobKey, *, dry_run: bool = False) -> int:
        """Begins a run in a thread of its own and returns its number (0 for a dry run); its events go to the subscribers.

        Raises:
            JobBusyError, JobSwitchedOffError, JobsPausedError, JobNotOfferedError: as ``run_now``.
        """
        self._check_allowed(key)
        if dry_run:
            due_at = self._server_second()
            self._parts.in_thread(key, lambda: self._parts.runner.run_dry(key, due_at))
            return 0
        claim = self._claim_now(key)
        self._parts.launch(claim)
        return claim.run_id

    def cancel(self, run_id: int) -> bool:
        """Asks a run to stop at its next safe point, on whatever computer it goes (there within half a minute).

        Returns:
            False where the run has ended already.
        """
        here = self._parts.runner.cancel(run_id)
        return self._parts.claims.ask_to_stop(run_id) or here

    def run(self, run_id: int) -> Run | None:
        """Returns a row of the history, or None where it is not there (any more)."""
        return self._parts.history.run(run_id)

    def history(
        self,
        filter_by: RunFilter = RunFilter(),  # noqa: B008 - immutable
        order: RunOrder = RunOrder.DUE_AT,
        *,
        descending: bool = True,
        offset: int = 0,
        size: int = PAGE,
        at: int | datetime | None = None,
    ) -> Page[Run]:
        """Returns a page of the history: from ``offset`` on, or the one that holds the run or, by planned time, the instant ``at``.

        ``at`` is a run's number, or an instant (aware) in the order by planned time: then the first run behind it, else the last of
        all. A run of exactly that instant counts as later: it follows in a rising order, and comes before in a falling one.
        """
        return self._parts.history.page(filter_by, order, descending=descending, offset=offset, size=size, at=at)

    def all_runs(
        self,
        filter_by: RunFilter = RunFilter(),  # noqa: B008 - immutable
        order: RunOrder = RunOrder.DUE_AT,
        *,
        descending: bool = True,
    ) -> Iterator[Run]:
        """Gives the whole history, for the export; holds no transaction open in between."""
        return self._parts.history.all_runs(filter_by, order, descending=descending)

    def workstations(self) -> tuple[str, ...]:
        """Returns the computers that the history knows, for a filter."""
        return self._parts.history.workstations()

    def activities(
        self,
        filter_by: ActivityFilter = ActivityFilter(),  # noqa: B008 - immutable
        order: ActivityOrder = ActivityOrder.TIME,
        *,
        descending: bool = True,
        offset: int = 0,
        size: int = PAGE,
        at: int | datetime | None = None,
    ) -> Page[ActivityRow]:
        """Returns a page of the activity log; ``offset`` and ``at`` as for ``history``."""
        return self._parts.log.page(filter_by, order, descending=descending, offset=offset, size=size, at=at)

    def all_activities(
        self,
        filter_by: ActivityFilter = ActivityFilter(),  # noqa: B008 - immutable
        order: ActivityOrder = ActivityOrder.TIME,
        *,
        descending: bool = True,
    ) -> Iterator[ActivityRow]:
        """Gives the whole list, for printing and export; holds no transaction open in between."""
        return self._parts.log.all_rows(filter_by, order, descending=descending)

    def activity_counts(self) -> Mapping[Service, ServiceCounts]:
        """Returns the errors and warnings on the list of each tab (the number in brackets)."""
        return self._parts.log.counts()

    def newest_activity(self, service: Service) -> int:
        """Returns the greatest number among the rows of a tab, 0 where it is empty; to be asked before its rows are shown."""
        return self._parts.log.newest_id(service)

    def hide_activities(self, service: Service, seen_id: int) -> int:
        """Takes the rows of a tab up to ``seen_id`` off the list ("Alle löschen") and returns how many; they stay stored.

        Args:
            service: the tab.
            seen_id: the greatest number among the rows that the person saw; what came later stays on the list.
        """
        return self._parts.log.hide(service, seen_id)

    def pause(self, scope: PauseScope, until: datetime | None, paused_by: str) -> Pause:
        """Holds jobs back on all computers of the practice, until an instant (aware) or until ``resume``.

        Runs that go on stop at their next safe point (on another computer within half a minute); planned ones go on after the pause.
        """
        pause = self._parts.plans.pause(scope, until, paused_by)
        self._stop_held_back()
        self._parts.around.events.tell(PauseChanged(pause))
        self._nudge()
        return pause

    def resume(self) -> None:
        """Ends the pause; the latest missed time of each job is caught up where window and quiet hours allow."""
        self._parts.plans.resume()
        self._parts.around.events.tell(PauseChanged(None))
        self._nudge()

    def paused(self) -> Pause | None:
        """Returns the pause in force, or None."""
        return self._parts.plans.load().pause

    def presences(self) -> tuple[Presence, ...]:
        """Returns the agents that are on, the longest-running first."""
        return self._parts.presences.there()

    def clock_difference(self) -> timedelta:
        """Returns this computer's clock minus the server's, to about the time of a round trip (for ``doctor``)."""
        return self._parts.presences.clock_difference()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls ``listener`` with every event of this process from now on (see ``events``); returns what ends that."""
        return self._parts.around.events.subscribe(listener)

    def _overview(self, plan: Plan, planned: PlannedJob, offered: bool, last: Run | None) -> JobOverview:
        holder = planned.holder
        return JobOverview(
            key=planned.key,
            title=job_title(planned.key),
            schedule=planned.schedule,
            version=planned.version,
            switched_on=offered and self._parts.around.switched_on(planned.key),
            switch_name=job_kind(planned.key).switch_names,
            next_at=next_after(planned.schedule, self._parts.around.zone, plan.now),
            last_run=last,
            running=self.run(holder.run_id) if holder and not holder.expired else None,
            changed_at=planned.changed_at,
            changed_by=planned.changed_by,
            mistake=planned.mistake,
        )

    def _check_allowed(self, key: JobKey) -> None:
        """Raises why a job may not run now by hand, if it may not."""
        if key not in self._parts.around.works():
            raise _not_offered(key)
        if not self._parts.around.switched_on(key):
            raise _switched_off(key)
        if self._parts.is_held_back(key):
            raise _paused(key)

    def _stop_held_back(self) -> None:
        plan = self._parts.plans.load()
        for key, planned in plan.jobs.items():
            if planned.holder is not None and not planned.holder.expired and plan.holds_back(key):
                self.cancel(planned.holder.run_id)

    def _claim_now(self, key: JobKey) -> Claim:
        self._parts.settlement.end_vanished(key)
        now = self._server_second()
        # Two runs of a job never have the same planned time; a person who clicks twice in a second still gets a run.
        for back in range(_SECONDS_BACK):
            claim = self._parts.claims.claim(key, now - timedelta(seconds=back), RunTrigger.BY_HAND)
            if isinstance(claim, Claim):
                return claim
            if claim is ClaimRefusal.BUSY or self._parts.plans.load().jobs[key].holder is not None:
                break
        raise _busy(key, self._parts.plans.load().jobs[key])

    def _server_second(self) -> datetime:
        return self._parts.plans.load().now.replace(microsecond=0)

    def _lost(self, claim: Claim) -> Run:
        """Returns the row of a run that this process lost, as it stands now."""
        run = self.run(claim.run_id)
        if run is None:
            raise BugError(f"run {claim.run_id} has no row")
        return run


def _is_unchanged(change: JobChange, plan: Plan) -> bool:
    planned = plan.jobs[change.key]
    return not planned.mistake and planned.schedule == change.schedule


def _not_offered(key: JobKey) -> JobNotOfferedError:
    return JobNotOfferedError(
        _("Auftrag hier nicht eingerichtet"),
        _("«{job}» kann auf diesem Arbeitsplatz nicht ausgeführt werden, weil die Angaben dazu fehlen.").format(job=job_title(key)),
        _("Die Konfiguration prüfen: «vitoclient doctor»."),
        item=key.value,
    )


def _switched_off(key: JobKey) -> JobSwitchedOffError:
    return JobSwitchedOffError(
        _("Auftrag ausgeschaltet"),
        _("«{job}» wurde nicht ausgeführt, weil der Schalter {switch} auf Nein steht.").format(
            job=job_title(key), switch=job_kind(key).switch_names
        ),
        _("Den Schalter auf Ja stellen, wenn der Auftrag laufen soll."),
        item=key.value,
    )


def _paused(key: JobKey) -> JobsPausedError:
    return JobsPausedError(
        _("Aufträge angehalten"),
        _("«{job}» wurde nicht ausgeführt, weil die Praxis diese Aufträge angehalten hat.").format(job=job_title(key)),
        _("Im Menü des Symbols «Fortsetzen» wählen, wenn wieder gesendet werden soll."),
        item=key.value,
    )


def _busy(key: JobKey, planned: PlannedJob) -> JobBusyError:
    where = planned.holder.workstation if planned.holder else "?"
    return JobBusyError(
        _("Auftrag läuft bereits"),
        _("«{job}» läuft gerade auf dem Arbeitsplatz {workstation}; ein Auftrag läuft nie zweimal gleichzeitig.").format(
            job=job_title(key), workstation=where
        ),
        _("Warten, bis der Lauf beendet ist."),
        item=key.value,
    )
