"""One look at the whole plan: every planned time that has come gets its run or its row, on one computer of the practice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tray_agent.errors import ConfigurationError
from tray_agent.i18n import join_texts
from tray_agent.job_kinds import JobKey, job_kind, job_title, jobs_before
from tray_agent.jobs.abilities import Turn, whose_turn
from tray_agent.jobs.catch_up import (
    PUNCTUAL,
    Before,
    Decision,
    Fate,
    PlannedTimeFacts,
    Wait,
    decide,
    decide_owed,
    fate_of,
    is_on_again,
    without_run,
)
from tray_agent.jobs.claims import Claim, Claims, Ending
from tray_agent.jobs.contract import Surroundings
from tray_agent.jobs.events import TimesSkipped
from tray_agent.jobs.owed import Rest, has_time_left, is_same_day, last_time_today
from tray_agent.jobs.plan import Holder, Plan, PlannedJob, PlanStore
from tray_agent.jobs.presence import Presences
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.protocol.model import Activity, Level, RunReason, RunState, RunTrigger
from tray_agent.protocol.sentences import (
    died_sentence,
    folded_sentence,
    left_to_others_sentence,
    not_able_sentence,
    paused_sentence,
    quit_sentence,
    resumed_sentence,
    skipped_sentence,
    taken_over_sentence,
    unattended_sentence,
)
from tray_agent.schedules.planned_times import between, next_after
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.schedules.schedule import Schedule

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_ROWS = 1000
"""So many missed times of a job get a row each; of still more, the oldest are told in one row."""

UNATTENDED = "unattended"
"""The reason of the row in the activity log that says that no agent was on at a planned time."""

UNABLE_FOR = timedelta(minutes=2)
"""What no workstation can do is told after this time: until then each has told the others what it lacks."""

Launch = Callable[[Claim], None]
"""Begins a claimed run and returns at once."""

Away = tuple[datetime, datetime] | None


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
        presences: the agents that are there.
        around: what the engine is given.
    """

    def __init__(
        self, plans: PlanStore, claims: Claims, log: ActivityLog, presences: Presences, around: Surroundings
    ) -> None:  # fmt: skip
        self._plans = plans
        self._claims = claims
        self._log = log
        self._presences = presences
        self._around = around
        self._unable_since: dict[JobKey, datetime] = {}

    def settle(self, launch: Launch, away: Away = None) -> tuple[Plan, datetime | None]:
        """Looks at the plan once: takes over or ends vanished runs, records skipped times, begins what is due.

        Args:
            launch: begins a claimed run; called at most once a job.
            away: when this agent could not reach the database: from, until; or None.

        Returns:
            The plan as it was read, and when what waits may begin (aware, UTC, by the server's clock), or None where nothing waits, or
            until something changes.

        Raises:
            DatabaseUnavailableError: no connection; what was done until then stands.
        """
        plan = self._plans.load()
        offered = self._around.works()
        unsettled = {key: self._unsettled(plan.jobs[key], plan.now) for key in JobKey if key in offered}
        decided: dict[JobKey, Decision] = {}
        # In the order of a day: what is decided for the earlier jobs decides whether the later ones wait.
        for key, times in unsettled.items():
            planned = plan.jobs[key]
            if times.times or times.folded or planned.owed or (planned.holder and planned.holder.expired):
                facts = self._facts(plan, planned, _belongs_before(plan, key, decided), away)
                decided[key] = self._settle_job(planned, times, facts, launch)
        waits = [decision.wait.until for decision in decided.values() if decision.wait and decision.wait.until]
        return plan, min(waits, default=None)

    def record_changed(self, planned: PlannedJob, new: Schedule, now: datetime) -> None:
        """Records the planned times of a schedule that is no more, so that none stays unexplained and none of today is lost.

        Args:
            planned: the job as it was planned until now.
            new: its schedule from now on.
            now: when it was saved: aware, UTC.
        """
        if planned.owed and new.enabled and not planned.schedule.enabled and not is_same_day(planned.changed_at, now, self._around.zone):
            self._claims.abandon(planned.key)  # of the days before: nobody expects that enabling a job does at once what it owed then
        unsettled = self._unsettled(planned, now)
        if unsettled.times:
            skips = [(due_at, RunReason.SCHEDULE_CHANGED) for due_at in unsettled.times]
            is_owed = not has_time_left(new, self._around.zone, now)
            self._record(planned.key, unsettled, skips, owes_last=is_owed)
            if is_owed and new.enabled:
                self._claims.make_due([planned.key], RunReason.SCHEDULE_CHANGED)
        elif self._loses_today(planned, new, now):
            self._claims.make_due([planned.key], RunReason.SCHEDULE_CHANGED)

    def _loses_today(self, planned: PlannedJob, new: Schedule, now: datetime) -> bool:
        """Returns whether a job had a planned time today and, only because somebody saved just now, is not begun today."""
        zone = self._around.zone
        latest = last_time_today(new, zone, now)
        if latest is None or has_time_left(new, zone, now):
            return False
        if planned.schedule.enabled:
            return has_time_left(planned.schedule, zone, now)  # it was moved to an earlier time of the day
        # It was not enabled for a while, and its time fell into that; a job that is enabled for the first time begins with its next time.
        return planned.changed_at < latest and self._plans.newest_reason(planned.key) is not None

    def end_vanished(self, job: JobKey) -> None:
        """Ends a run of this job whose computer vanished, so that another can begin."""
        holder = self._plans.load().jobs[job].holder
        if holder is not None and holder.expired:
            self._sweep(job, holder)

    def turn_of(self, job: JobKey) -> Turn:
        """Returns whose turn it is to begin a run of a job that is due, by what this workstation and the others lack."""
        own = self._around.lacks(job)
        if not own:
            return Turn.OURS
        told = [presence.report.lacks for presence in self._presences.there() if presence.report and not presence.here]
        return whose_turn(own, [lacks.get(job, ()) for lacks in told])

    def _settle_job(self, planned: PlannedJob, unsettled: _Unsettled, facts: PlannedTimeFacts, launch: Launch) -> Decision:
        """Settles one job and returns what was decided."""
        owed = planned.owed
        if planned.holder is not None and planned.holder.expired:
            decision = self._settle_vanished(planned, planned.holder, unsettled, facts, launch)
            if decision is not None:
                return decision
            owed, facts = self._plans.owed(planned.key), without_run(facts)
        if owed and is_on_again(planned, owed, facts):
            self._claims.make_due([planned.key], owed.reason)  # kept: a pause that holds it back now may last beyond this day
            owed = self._plans.owed(planned.key)
        if unsettled.times or unsettled.folded:
            decision = decide(planned.schedule, unsettled.times, facts)
        else:
            decision = decide_owed(planned, owed, facts) if owed else Decision()
        self._record(planned.key, unsettled, decision.skips, owes_last=self._owes_last(planned.key, decision))
        left = self._left_to_others(planned.key, decision.run, facts) if decision.run else None
        self._tell_unattended(planned.key, unsettled, replace(decision, wait=left or decision.wait), facts)
        if left is not None:
            return replace(decision, run=None, wait=left)
        if decision.run is not None:
            claim = self._claims.claim(planned.key, decision.run, decision.trigger, owed=decision.trigger is RunTrigger.RETRY)
            if isinstance(claim, Claim):  # else another workstation was faster: it runs there
                launch(claim)
        return decision

    def _settle_vanished(
        self, planned: PlannedJob, holder: Holder, unsettled: _Unsettled, facts: PlannedTimeFacts, launch: Launch
    ) -> Decision | None:
        """Settles a run whose computer vanished or gave it back; returns what was decided, None where it has ended."""
        by_hand, given_back = holder.trigger is RunTrigger.BY_HAND, holder.given_back is not None
        fate = fate_of(planned.schedule, facts, holder.takeovers, by_hand=by_hand, unsettled=unsettled.times, given_back=given_back)
        if isinstance(fate, Wait):
            return Decision(wait=fate)
        if fate is Fate.GOES_ON:
            turn = self.turn_of(planned.key)
            if turn is Turn.OURS:
                self._take_over(planned, holder, launch)
                return Decision(run=holder.due_at)
            if turn is Turn.OTHERS:
                return Decision(wait=Wait(RunReason.OTHERS_ABLE))
            fate = Fate.ENDS_OWED
        self._sweep(planned.key, holder, self._rest_of(holder, facts) if fate is Fate.ENDS_OWED else None)
        return None

    def _tell_unattended(self, key: JobKey, unsettled: _Unsettled, decision: Decision, facts: PlannedTimeFacts) -> None:
        """Tells once, by whoever comes first, at which planned times no agent was on, and what becomes of the latest."""
        if not unsettled.times or facts.now - unsettled.times[0] <= PUNCTUAL:
            return
        skipped = dict(decision.skips)
        missed = [due_at for due_at in unsettled.times if skipped.get(due_at, RunReason.MISSED) is RunReason.MISSED]
        missed = [due_at for due_at in missed if facts.away is None or not facts.away[0] <= due_at <= facts.away[1]]
        seen = self._presences.last_seen()
        alone = [due_at for due_at in missed if facts.now - due_at > PUNCTUAL and (seen is None or due_at > seen)]
        if not alone:
            return
        first = unsettled.first_folded or alone[0]
        caught_up = decision.wait is None if alone[-1] == unsettled.times[-1] else None
        sentence = unattended_sentence(
            job_title(key), len(alone) + unsettled.folded, first, alone[-1], facts.now, self._around.zone, caught_up=caught_up
        )  # fmt: skip
        row = Activity(job_kind(key).service, Level.WARNING, UNATTENDED, sentence, job_title(key))

        def tell(connection: Connection) -> None:
            if not self._log.is_told(connection, row, since=seen):
                self._log.write([row], connection=connection)

        self._claims.alone(key, tell)

    def _left_to_others(self, key: JobKey, due_at: datetime, facts: PlannedTimeFacts) -> Wait | None:
        """Returns what a run waits for that this workstation may not begin, or None; what nobody can do for a while is told."""
        turn = self.turn_of(key)
        if turn is not Turn.NOBODYS:
            self._unable_since.pop(key, None)
            return None if turn is Turn.OURS else Wait(RunReason.OTHERS_ABLE)
        if facts.now - self._unable_since.setdefault(key, facts.now) >= UNABLE_FOR:
            self._tell_unable(key, due_at)
        return Wait(RunReason.NOT_ABLE)

    def why_unable(self, key: JobKey) -> str:
        """Returns why no workstation can do a job, with each one's name and what it lacks; "" where one can."""
        lacks = {presence.workstation: presence.report.lacks.get(key, ()) for presence in self._presences.there() if presence.report}
        lacks[self._around.workstation] = self._around.lacks(key)
        if not all(lacks.values()):
            return ""
        return not_able_sentence(job_title(key), {name: [lack.sentence for lack in theirs] for name, theirs in sorted(lacks.items())})

    def _tell_unable(self, key: JobKey, due_at: datetime) -> None:
        sentence = self.why_unable(key)
        activity = Activity(job_kind(key).service, Level.ERROR, RunReason.NOT_ABLE, sentence)
        if self._claims.leave_open(key, due_at, sentence, lambda connection: self._log.write([activity], connection=connection)):
            self._around.events.tell(TimesSkipped(key, 1))

    def _take_over(self, planned: PlannedJob, holder: Holder, launch: Launch) -> None:
        claim = self._claims.take_over(planned.key)
        if claim is not None:
            self._log.write([_taken_over(planned.key, holder)], run_id=claim.run_id)
            launch(claim)

    def _rest_of(self, holder: Holder, facts: PlannedTimeFacts) -> Rest:
        """Returns what a run owes whose computer vanished: everything, for all that is known."""
        if not facts.switched_on:
            return Rest(RunReason.SWITCH_OFF, after_change=True, ordinary=True)
        return Rest(holder.given_back or RunReason.DIED, not_before=facts.now, ordinary=True, untried=True)

    def _owes_last(self, key: JobKey, decision: Decision) -> bool:
        """Returns whether the latest planned time is owed though it is skipped: the switch was turned off for a moment only.

        Where it was off at the time before already, nobody expects that turning it on does at once what was planned before.
        """
        if not decision.skips or decision.skips[-1][1] is not RunReason.SWITCH_OFF:
            return False
        turned = self._plans.switches_changed_at(key)
        turned_today = turned is not None and is_same_day(turned, decision.skips[-1][0], self._around.zone)
        return turned_today or self._plans.newest_reason(key) not in (None, RunReason.SWITCH_OFF)

    def _sweep(self, job: JobKey, holder: Holder, rest: Rest | None = None) -> None:
        if holder.given_back:
            sentence = _GIVEN_BACK[holder.given_back](owed=rest is not None)
            self._claims.sweep(job, Ending(RunState.CANCELLED, holder.given_back, sentence, rest=rest))
            return
        sentence = died_sentence(holder.workstation, owed=rest is not None)
        if self._claims.sweep(job, Ending(RunState.DIED, RunReason.DIED, sentence, problems=1, rest=rest)) is not None:
            named = join_texts(job_title(job), sentence, separator=": ")
            self._log.write([Activity(job_kind(job).service, Level.ERROR, RunReason.DIED, named)], run_id=holder.run_id)

    def _record(
        self, key: JobKey, unsettled: _Unsettled, skips: Sequence[tuple[datetime, RunReason]], *, owes_last: bool = False
    ) -> None:  # fmt: skip
        switch = job_kind(key).switch_names
        rows = [(due_at, reason, skipped_sentence(reason, due_at, self._around.zone, switch)) for due_at, reason in skips]
        if unsettled.first_folded and unsettled.last_folded:
            sentence = folded_sentence(unsettled.folded, unsettled.first_folded, unsettled.last_folded, self._around.zone)
            rows.insert(0, (unsettled.last_folded, RunReason.MISSED, sentence))
        if rows and (written := self._claims.record_skipped(key, rows, owes_last=owes_last)):
            self._around.events.tell(TimesSkipped(key, written))

    def _unsettled(self, planned: PlannedJob, now: datetime) -> _Unsettled:
        """Returns the planned times that have come and have no row."""
        first = next_after(planned.schedule, self._around.zone, planned.settled_until)
        if first is None or first > now:
            return _Unsettled()
        times: deque[datetime] = deque(maxlen=MOST_ROWS)
        count, last_folded = 0, None
        for due_at in between(planned.schedule, self._around.zone, planned.settled_until, now):
            last_folded = times[0] if len(times) == MOST_ROWS else None
            times.append(due_at)
            count += 1
        there = self._plans.recorded(planned.key, planned.settled_until, now)
        folded = count - len(times)
        return _Unsettled([due_at for due_at in times if due_at not in there], folded, first if folded else None, last_folded)

    def _facts(self, plan: Plan, planned: PlannedJob, after: Before | None, away: Away) -> PlannedTimeFacts:
        return PlannedTimeFacts(
            now=plan.now,
            zone=self._around.zone,
            pauses=plan.pauses,
            quiet=self._quiet_hours(plan.now) if job_kind(planned.key).wakes_people else None,
            switched_on=self._around.switched_on(planned.key),
            running_since=planned.holder.started_at if planned.holder else None,
            after=after,
            away=away,
        )

    def _quiet_hours(self, now: datetime) -> QuietHours:
        """Returns the quiet hours; the strictest ordinary ones where the configuration's can't be used (the job itself then says so)."""
        try:
            quiet = self._around.quiet()
            quiet.is_quiet(now.astimezone(self._around.zone))
        except ConfigurationError:
            return QuietHours(sundays=True)
        return quiet


_GIVEN_BACK = {
    RunReason.PAUSED: paused_sentence, RunReason.CANCELLED: quit_sentence, RunReason.OTHERS_ABLE: left_to_others_sentence,
}  # fmt: skip


def _taken_over(job: JobKey, holder: Holder) -> Activity:
    """Returns what is told when this computer goes on with a run: that it was given back, or that its computer vanished."""
    if holder.given_back:
        return Activity(job_kind(job).service, Level.INFO, "resumed", resumed_sentence(job_title(job)))
    sentence = taken_over_sentence(job_title(job), holder.workstation)
    return Activity(job_kind(job).service, Level.WARNING, "taken_over", sentence)


def _belongs_before(plan: Plan, key: JobKey, decided: Mapping[JobKey, Decision]) -> Before | None:
    """Returns a job that belongs before this one and runs, was begun just now, or waits only for such a one."""
    for other in jobs_before(key):
        holder = plan.jobs[other].holder
        if holder and not holder.expired:
            return Before(other, holder.started_at)
        if _is_about_to_run(decided.get(other, Decision())):
            return Before(other)
    return None


def _is_about_to_run(decision: Decision) -> bool:
    """Returns whether a job was begun or will be in a moment; one that waits for its window or a pause holds nobody up."""
    soon = (RunReason.STILL_RUNNING, RunReason.OTHER_FIRST, RunReason.OTHERS_ABLE)
    waits = decision.wait is not None and decision.wait.reason in soon
    return decision.run is not None or waits
