"""One look at the whole plan: every planned time that has come gets its run or its row, on one computer of the practice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from tray_agent.errors import ConfigurationError
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.catch_up import Before, Decision, PlannedTimeFacts, decide, goes_on, still_paused, without_run
from tray_agent.jobs.claims import Claim, Claims, Ending
from tray_agent.jobs.contract import JobDefinition, JobSet
from tray_agent.jobs.events import Events, TimesSkipped
from tray_agent.jobs.plan import Holder, Plan, PlannedJob, PlanStore
from tray_agent.protocol.activity_log import ActivityLog, service_of
from tray_agent.protocol.model import Activity, Level, RunReason, RunState, RunTrigger
from tray_agent.protocol.sentences import (
    died_sentence,
    folded_sentence,
    paused_sentence,
    quit_sentence,
    resumed_sentence,
    skipped_sentence,
    taken_over_sentence,
)
from tray_agent.schedules.planned_times import between, next_after
from tray_agent.schedules.quiet_hours import QuietHours

MOST_ROWS = 1000
"""So many missed times of a job get a row each; of still more, the oldest are told in one row."""

_BEFORE: Mapping[JobKey, tuple[JobKey, ...]] = {
    JobKey.SEND_MESSAGES: (JobKey.PREPARE_REMINDERS, JobKey.PREPARE_BIRTHDAYS),
    JobKey.UPDATE_STATUS: (JobKey.PREPARE_REMINDERS, JobKey.PREPARE_BIRTHDAYS, JobKey.SEND_MESSAGES),
}
"""The order on a day (seed): what is caught up waits for the jobs that belong before it."""

Launch = Callable[[JobDefinition, Claim], None]
"""Begins a claimed run and returns at once."""

Away = tuple[datetime, datetime] | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What a look found.

    Attributes:
        plan: the plan as it was read.
        look_again: when something is due next, or what waits may begin: aware, UTC, by the server's clock; None: nothing known.
    """

    plan: Plan
    look_again: datetime | None


@dataclass(frozen=True, slots=True)
class _Unsettled:
    """The planned times of a job without a row: the latest ones, and how many older ones are told in one row."""

    times: Sequence[datetime] = ()
    folded: int = 0
    first_folded: datetime | None = None
    last_folded: datetime | None = None


class Settlement:
    """Settles the planned times of the jobs that this program offers.

    Args:
        plans: the plan in the database.
        claims: of this process.
        log: the activity log.
        events: where skipped times are told.
        definitions: the jobs that this program offers.
        quiet: the quiet hours as the switches say now.
        zone: the practice's time zone.
    """

    def __init__(
        self, plans: PlanStore, claims: Claims, log: ActivityLog, events: Events, definitions: Callable[[], JobSet],
        quiet: Callable[[], QuietHours], zone: tzinfo,
    ) -> None:  # fmt: skip
        self._plans = plans
        self._claims = claims
        self._log = log
        self._events = events
        self._definitions = definitions
        self._quiet = quiet
        self._zone = zone

    def settle(self, launch: Launch, away: Away = None) -> Settled:
        """Looks at the plan once: takes over or ends vanished runs, records skipped times, begins what is due.

        Args:
            launch: begins a claimed run; called at most once a job.
            away: when this agent could not reach the database: from, until; or None.

        Raises:
            DatabaseUnavailableError: no connection; what was done until then stands.
        """
        plan = self._plans.load()
        offered = {definition.key: definition for definition in self._definitions()}
        unsettled = {key: self._unsettled(plan.jobs[key], plan.now) for key in offered if key in plan.jobs}
        decided: dict[JobKey, Decision] = {}
        for key in (key for key in JobKey if key in unsettled):
            planned, times = plan.jobs[key], unsettled[key]
            if times.times or times.folded or (planned.holder and planned.holder.expired):
                facts = self._facts(plan, planned, offered[key], _belongs_before(plan, key, decided), away)
                decided[key] = self._settle_job(offered[key], planned, times, facts, launch)
        waits = [decision.wait.until for decision in decided.values() if decision.wait and decision.wait.until]
        waits += [due_at for key in unsettled if (due_at := next_after(plan.jobs[key].schedule, self._zone, plan.now))]
        return Settled(plan, min(waits, default=None))

    def record_changed(self, planned: PlannedJob, now: datetime) -> None:
        """Records the planned times of a schedule that is about to be no more, so that none stays unexplained."""
        unsettled = self._unsettled(planned, now)
        self._record(planned.key, unsettled, [(due_at, RunReason.SCHEDULE_CHANGED) for due_at in unsettled.times], "")

    def end_vanished(self, definition: JobDefinition) -> None:
        """Ends a run of this job whose computer vanished, so that another can begin."""
        holder = self._plans.load().jobs[definition.key].holder
        if holder is not None and holder.expired:
            self._sweep(definition, holder)

    def _settle_job(
        self, definition: JobDefinition, planned: PlannedJob, unsettled: _Unsettled, facts: PlannedTimeFacts, launch: Launch
    ) -> Decision:
        """Settles one job and returns what was decided."""
        holder = planned.holder
        if holder is not None and holder.expired:
            wait = still_paused(holder.given_back, facts, unsettled.times)
            if wait is not None:
                return Decision(wait=wait)
            if self._resume_or_sweep(definition, planned, holder, unsettled, facts, launch):
                return Decision(run=holder.due_at)
            facts = without_run(facts)
        decision = decide(planned.schedule, unsettled.times, facts)
        self._record(definition.key, unsettled, decision.skips, definition.switch_name)
        if decision.run is not None:
            claim = self._claims.claim(definition.key, decision.run, decision.trigger)
            if isinstance(claim, Claim):
                launch(definition, claim)
        return decision

    def _resume_or_sweep(
        self, definition: JobDefinition, planned: PlannedJob, holder: Holder, unsettled: _Unsettled, facts: PlannedTimeFacts, launch: Launch
    ) -> bool:
        """Takes a vanished run over (returns True), or ends it (returns False)."""
        by_hand = holder.trigger is RunTrigger.BY_HAND
        if not goes_on(planned.schedule, facts, holder.attempt, by_hand=by_hand, unsettled=unsettled.times):
            self._sweep(definition, holder)
            return False
        claim = self._claims.take_over(definition.key)
        if claim is not None:
            self._log.write([_taken_over(definition, holder)], run_id=claim.run_id)
            launch(definition, claim)
        return True

    def _sweep(self, definition: JobDefinition, holder: Holder) -> None:
        if holder.given_back:
            told = paused_sentence() if holder.given_back is RunReason.PAUSED else quit_sentence()
            self._claims.sweep(definition.key, Ending(RunState.CANCELLED, holder.given_back, told))
            return
        told = died_sentence(holder.workstation)
        if self._claims.sweep(definition.key, Ending(RunState.DIED, RunReason.DIED, told, problems=1)) is not None:
            said = f"{definition.title}: {told}"
            self._log.write([Activity(service_of(definition.key), Level.ERROR, RunReason.DIED, said)], run_id=holder.run_id)

    def _record(self, key: JobKey, unsettled: _Unsettled, skips: Sequence[tuple[datetime, RunReason]], switch: str) -> None:
        rows = [(due_at, reason, skipped_sentence(reason, due_at, self._zone, switch)) for due_at, reason in skips]
        if unsettled.first_folded and unsettled.last_folded:
            said = folded_sentence(unsettled.folded, unsettled.first_folded, unsettled.last_folded, self._zone)
            rows.insert(0, (unsettled.last_folded, RunReason.MISSED, said))
        if rows and (written := self._claims.record_skipped(key, rows)):
            self._events.tell(TimesSkipped(key, written))

    def _unsettled(self, planned: PlannedJob, now: datetime) -> _Unsettled:
        """Returns the planned times that have come and have no row."""
        first = next_after(planned.schedule, self._zone, planned.settled_until)
        if first is None or first > now:
            return _Unsettled()
        times: deque[datetime] = deque(maxlen=MOST_ROWS)
        count, last_folded = 0, None
        for due_at in between(planned.schedule, self._zone, planned.settled_until, now):
            last_folded = times[0] if len(times) == MOST_ROWS else None
            times.append(due_at)
            count += 1
        there = self._plans.recorded(planned.key, planned.settled_until, now)
        folded = count - len(times)
        return _Unsettled([due_at for due_at in times if due_at not in there], folded, first if folded else None, last_folded)

    def _facts(self, plan: Plan, planned: PlannedJob, definition: JobDefinition, after: Before | None, away: Away) -> PlannedTimeFacts:
        return PlannedTimeFacts(
            now=plan.now,
            zone=self._zone,
            pauses=plan.pauses,
            quiet=self._quiet_hours(plan.now) if definition.wakes_people else None,
            switched_on=definition.switched_on(),
            running_since=planned.holder.started_at if planned.holder else None,
            after=after,
            away=away,
        )

    def _quiet_hours(self, now: datetime) -> QuietHours:
        """Returns the quiet hours; the strictest ordinary ones where the configuration's can't be used (the job itself then says so)."""
        try:
            quiet = self._quiet()
            quiet.is_quiet(now.astimezone(self._zone))
        except ConfigurationError:
            return QuietHours(sundays=True)
        return quiet


def _taken_over(definition: JobDefinition, holder: Holder) -> Activity:
    """Returns what is told when this computer goes on with a run: that it was given back, or that its computer vanished."""
    if holder.given_back:
        return Activity(service_of(definition.key), Level.INFO, "resumed", resumed_sentence(definition.title))
    told = taken_over_sentence(definition.title, holder.workstation)
    return Activity(service_of(definition.key), Level.WARNING, "taken_over", told)


def _belongs_before(plan: Plan, key: JobKey, decided: Mapping[JobKey, Decision]) -> Before | None:
    """Returns a job that belongs before this one and runs, was begun just now, or waits only for such a one."""
    for other in _BEFORE.get(key, ()):
        holder = plan.jobs[other].holder if other in plan.jobs else None
        if holder and not holder.expired:
            return Before(other, holder.started_at)
        if _is_about_to_run(decided.get(other, Decision())):
            return Before(other)
    return None


def _is_about_to_run(decision: Decision) -> bool:
    """Returns whether a job was begun or will be in a moment; one that waits for its window or a pause holds nobody up."""
    waits = decision.wait is not None and decision.wait.reason in (RunReason.STILL_RUNNING, RunReason.OTHER_FIRST)
    return decision.run is not None or waits
