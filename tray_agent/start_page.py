"""What the start page tells of the practice: the store's part, read in one transaction; what tomorrow brings, from the preview."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from tray_agent.errors import DatabaseUnavailableError, KnownError
from tray_agent.job_kinds import JobKey, Service, job_kind
from tray_agent.messages.model import MessageKind
from tray_agent.messages.outbox.model import Fate, Span
from tray_agent.messages.outbox.tally import HandedOver, OfAppointments, handed_over_by_day, of_appointments
from tray_agent.messages.rules.eligibility import RuleSettings
from tray_agent.messages.work.credits import accounts_of, kept_credits
from tray_agent.schedules.planned_times import next_after
from tray_agent.store.settings import read_settings
from tray_agent.store.tables import (
    activity,
    agent_presence,
    covered_day,
    credit_balance,
    download,
    job,
    job_lock,
    job_pause,
    job_run,
    message,
    question,
    setting,
    store_state,
    workstation_download,
)

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from tray_agent.config.settings import Settings
    from tray_agent.jobs.model import Presence
    from tray_agent.jobs.plan import Plan
    from tray_agent.messages.outbox.model import AccountCredits
    from tray_agent.messages.rules.reasons import Reason
    from tray_agent.practice.model import Mandant
    from tray_agent.protocol.model import Run

DAYS = 30
"""So many days, today among them, are told back."""

MOST_TIMES = 12
"""So many planned times of a job are told of a day, at the most."""


@dataclass(frozen=True, slots=True)
class PlannedTime:
    """A planned time that is still to come today (aware), and whose."""

    at: datetime
    job: JobKey


@dataclass(frozen=True, slots=True)
class StartFacts:
    """What the store tells.

    Attributes:
        now: by the store's clock, in the practice's time zone.
        days: what was handed over on each of the last days, today last.
        tomorrow: what is in the outbox of tomorrow's appointments.
        is_prepared: whether a successful run has searched tomorrow already.
        sends_at: when messages are sent next, by plan (aware); None: not by itself.
        accounts: the credits as last told.
        presences: the agents of the practice.
        used: the jobs that the practice uses.
        runs: of each job the last run, where it ended today; the newest first.
        planned: the planned times that are still to come today, by time.
    """

    now: datetime
    days: Sequence[HandedOver]
    tomorrow: OfAppointments
    is_prepared: bool = False
    sends_at: datetime | None = None
    accounts: Sequence[AccountCredits] = ()
    presences: Sequence[Presence] = ()
    used: frozenset[JobKey] = frozenset()
    runs: Sequence[Run] = ()
    planned: Sequence[PlannedTime] = ()

    @property
    def today(self) -> HandedOver:
        """Returns what was handed over today."""
        return self.days[-1]

    def sum_of(self, fate: Fate) -> int:
        """Returns of how many this became in all these days."""
        return sum(day.of(fate) for day in self.days)


@dataclass(frozen=True, slots=True)
class Previewed:
    """What preparing would find of tomorrow's appointments.

    Attributes:
        run_on: the practice's date of the run that would find it.
        day: tomorrow.
        number: how many would be reminded.
        sent_at: when (aware); None: nothing is planned.
        reasons: of how many others which reason is given, the most frequent first.
    """

    run_on: date
    day: date
    number: int
    sent_at: datetime | None = None
    reasons: Mapping[Reason, int] = field(default_factory=dict)


def day_span(day: date, zone: ZoneInfo) -> Span:
    """Returns a day of the practice's calendar, from midnight to midnight there."""
    return Span(datetime.combine(day, time.min, zone), datetime.combine(day + timedelta(days=1), time.min, zone))


def read_start(agent: Agent) -> StartFacts:
    """Returns what the store tells, as it is at one moment; asks no gateway.

    Raises:
        SchemaOutdatedError, DatabaseUnavailableError, ConfigurationError: as ``Agent.messages``.
    """
    names = _names(agent)
    with agent.store.read() as connection:
        return _read(agent, connection, names)


def _read(agent: Agent, connection: Connection, names: Mapping[str, Mandant]) -> StartFacts:
    zone, settings = agent.zone, read_settings(connection)
    instant, plan = agent.store.now(connection), agent.jobs.plans.read(connection)
    now = instant.astimezone(zone)
    today, tomorrow = now.date(), day_span(now.date() + timedelta(days=1), zone)
    days = [day_span(today - timedelta(days=back), zone) for back in reversed(range(DAYS))]
    used = frozenset(key for key in JobKey if job_kind(key).is_switched_on(settings))
    return StartFacts(
        now=now,
        days=handed_over_by_day(connection, days),
        tomorrow=of_appointments(connection, tomorrow),
        is_prepared=_is_covered(connection, tomorrow.since.date()),
        sends_at=next_after(plan.jobs[JobKey.SEND_MESSAGES].schedule, zone, plan.now) if JobKey.SEND_MESSAGES in plan.jobs else None,
        accounts=kept_credits(connection, accounts_of(agent.messages.parts.sms), names, settings, instant),
        presences=agent.jobs.presences.read_known(connection),
        used=used,
        runs=_ended_today(agent.jobs.history.read_last_runs(connection), days[-1].since),
        planned=sorted(_planned_today(plan, used, days[-1].until, zone), key=lambda one: one.at),
    )


def _ended_today(last: Mapping[JobKey, Run], since: datetime) -> list[Run]:
    """Returns the runs that ended today, the newest first."""
    runs = [run for run in last.values() if (run.finished_at or run.due_at) >= since]
    return sorted(runs, key=lambda run: run.finished_at or run.due_at, reverse=True)


def _planned_today(plan: Plan, used: Collection[JobKey], until: datetime, zone: ZoneInfo) -> Iterator[PlannedTime]:
    """Gives what is still planned today: the next times of each job that is used and that no pause holds back then."""
    pause = plan.pause
    for key in filter(used.__contains__, plan.jobs):
        at = next_after(plan.jobs[key].schedule, zone, plan.now)
        for _number in range(MOST_TIMES):
            if at is None or at >= until:
                break
            if not (plan.holds_back(key) and pause and (pause.until is None or at < pause.until)):
                yield PlannedTime(at.astimezone(zone), key)
            at = next_after(plan.jobs[key].schedule, zone, at)


def _is_covered(connection: Connection, day: date) -> bool:
    which = (covered_day.c.job == JobKey.PREPARE_REMINDERS.value, covered_day.c.day == day.isoformat())
    return connection.execute(select(covered_day.c.day).where(*which)).first() is not None


def _names(agent: Agent) -> Mapping[str, Mandant]:
    """Returns who is charged, where several accounts are to be told apart; the practice's data are not within the store's transaction."""
    if len(accounts_of(agent.messages.parts.sms)) < 2:
        return {}
    try:
        return agent.messages.parts.practice.mandants()
    except DatabaseUnavailableError:
        raise
    except KnownError:
        return {}


def preview_tomorrow(agent: Agent, day: date) -> Previewed:
    """Returns what the next preparing would find of the appointments of a day, tomorrow; takes as long as a run of preparing.

    Raises:
        DatabaseUnavailableError, PracticeDataError: the practice or the outbox can't be read.
    """
    today = day - timedelta(days=1)
    run_on = run_for(agent.settings.load(), day, today)
    found = agent.preview.preview(MessageKind.REMINDER, None if run_on == today else run_on)
    lines = [line for line in found.lines if line.starts_at is not None and line.starts_at.date() == day]
    reasons: dict[Reason, int] = {}
    for line in lines:
        if line.reason is not None:
            reasons[line.reason] = reasons.get(line.reason, 0) + 1
    ordered = dict(sorted(reasons.items(), key=lambda one: -one[1]))
    return Previewed(run_on, day, sum(line.is_sent for line in lines), found.sent_at, ordered)


def run_for(settings: Settings, day: date, today: date) -> date:
    """Returns on which date a run searches a day: today, where it can, for it also makes up for what was missed; else that day."""
    return today if RuleSettings.of(settings).window(today).first <= day else day


ChangeNumber = tuple[object, ...]
"""Compared as a whole."""


def change_number(agent: Agent) -> ChangeNumber:
    """Returns what is another whenever anybody of the practice did something that windows show: some reads by keys in one statement.

    It is composed of what grows anyway; nothing is written for it.

    Raises:
        SchemaOutdatedError, DatabaseUnavailableError: as ``Agent.store``.
    """
    newest = [func.max(table.c.id) for table in (message, job_run, credit_balance, question, job_pause)]
    changed = [func.max(table.c.changed_at) for table in (job, setting, download, workstation_download)]
    listed = [
        select(func.max(activity.c.id)).where(activity.c.hidden == 0, activity.c.service == service.value) for service in Service
    ]  # what was taken off a list is none of its rows any more
    states = (
        select(func.count()).select_from(job_lock).where(job_lock.c.run_id != 0),
        select(func.count()).select_from(agent_presence).where(agent_presence.c.scheduling == 1),
        select(func.max(job_pause.c.until_at)),
    )
    read = [*(select(one) for one in (*newest, *changed)), *listed, *states]
    with agent.store.read() as connection:
        return tuple(connection.execute(select(store_state.c.generation, *(one.scalar_subquery() for one in read))).one())
