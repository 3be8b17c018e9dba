"""Which days the jobs that prepare have searched, and which they still have to: a missed planned time is made up for whole.

What was searched is remembered, never derived from "today" (decision record 0019): a run searches its own window and, beyond it, the days
of the planned times since the last run that succeeded which no successful run has searched. Why these times were missed (computer off,
paused, switched off, skipped) does not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select, update

from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_date, join_texts, join_words, ngettext
from tray_agent.job_kinds import JobKey
from tray_agent.messages.rules.eligibility import Circumstances, Eligible, RuleSettings, SearchWindow
from tray_agent.messages.rules.gaps import ReminderPlan, find_gaps
from tray_agent.messages.work.deciding import Deciding, Drafting
from tray_agent.messages.work.parts import MessageParts
from tray_agent.practice.model import AppointmentStatus, PracticeSource
from tray_agent.protocol.history import last_success
from tray_agent.schedules.order_check import OrderFinding
from tray_agent.schedules.schedule import Schedule
from tray_agent.store.database import Database
from tray_agent.store.tables import covered_day as table

KEPT = timedelta(days=60)
"""So long it is remembered that a day was searched; no run looks back as far."""

FURTHEST_BACK = timedelta(days=31)
"""So far back it is counted who was not greeted: for each day the practice's data are read."""


@dataclass(frozen=True, slots=True)
class MissedGreetings:
    """Those whose birthday no run greeted, and none will.

    Attributes:
        days: the practice's dates of planned times that were missed, in order.
        patients: how many would have been greeted on them.
        already_since: the first missed day of those that lie too far back for counting who was missed, or None.
    """

    days: Sequence[date] = ()
    patients: int = 0
    already_since: date | None = None

    @property
    def sentence(self) -> str:
        """Returns what is told of them, once; "" where nobody was missed."""
        counted, before = "", ""
        if self.patients:
            text = ngettext(
                "{when} wurde nicht gratuliert ({number} Patient): Nachträglich wird nicht gratuliert.",
                "{when} wurde nicht gratuliert ({number} Patienten): Nachträglich wird nicht gratuliert.",
                self.patients,
            )
            counted = text.format(when=_when(self.days), number=self.patients)
        if self.already_since:
            text = _("Schon seit dem {day} wurde nicht gratuliert; wen das vor mehr als {number} Tagen betraf, wurde nicht gezählt.")
            before = text.format(day=format_date(self.already_since), number=FURTHEST_BACK.days)
        return join_texts(counted, before)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a job has covered so far.

    Attributes:
        days: the days that a successful run searched, of the last months and ahead.
        since: the newest planned time (aware) whose run succeeded; None where no run is known to have.
    """

    job: JobKey
    days: frozenset[date]
    since: datetime | None

    @classmethod
    def read(cls, database: Database, job: JobKey) -> Coverage:
        """Reads it. Where nothing was ever noted (a new store, or one of an older version), the history tells which run succeeded last.

        Raises:
            DatabaseUnavailableError: no connection.
        """
        with database.read() as connection:
            rows = connection.execute(select(table.c.day, table.c.searched_at).where(table.c.job == job.value)).all()
            since = max((row.searched_at for row in rows), default=None) or last_success(connection, job)
        return cls(job, frozenset(date.fromisoformat(row.day) for row in rows), since)

    def widened(self, parts: MessageParts, around: Circumstances, due_at: datetime) -> Circumstances:
        """Returns the circumstances of a run that prepares reminders, with the days that it makes up for, and those searched before.

        Args:
            parts: what to work with.
            around: of the run; its window is the run's own.
            due_at: the planned time of the run (aware): up to here planned times may have been missed.
        """
        own = frozenset(around.window.days)
        made_up = frozenset(day for day in self._of_missed(parts, around, due_at) - self.days - own if day >= around.today)
        passed = frozenset(day for day in self.days - made_up if around.today <= day < around.window.first)
        return replace(around, made_up=made_up, passed=passed)

    def _of_missed(self, parts: MessageParts, around: Circumstances, due_at: datetime) -> frozenset[date]:
        """Returns the days in the windows of the planned times since the last success, as far as these can still lie ahead."""
        if self.since is None:
            return frozenset()
        reach = timedelta(days=around.settings.offset_start_days + around.settings.search_days)
        after = max(self.since, _start_of(parts, around.today - reach))
        windows = (around.settings.window(day) for day in parts.planned_days(self.job, after, due_at))
        return frozenset(day for window in windows for day in window.days)

    def missed_greetings(self, drafting: Drafting, due_at: datetime) -> MissedGreetings:
        """Returns who would have been greeted at the planned times that were missed since the last success, on days that are over."""
        parts, around = drafting.parts, drafting.around
        if self.since is None:
            return MissedGreetings()
        planned = parts.planned_days(self.job, self.since, due_at)
        missed = [day for day in planned if day < around.today and day not in self.days]
        days = [day for day in missed if day >= around.today - FURTHEST_BACK]
        return MissedGreetings(days, sum(_to_greet_on(day, drafting) for day in days), next(iter(missed[: len(missed) - len(days)]), None))


def cover(connection: Connection, job: JobKey, days: Iterable[date], searched_at: datetime, today: date) -> None:
    """Notes in the caller's transaction that a run of a planned time (aware) has searched these days; those long gone are forgotten.

    Only one run of a job goes on at a time, which the fence of that transaction proves: nobody else notes anything meanwhile.
    """
    named = sorted({day.isoformat() for day in days})
    of_job, of_days = table.c.job == job.value, table.c.day.in_(named)
    connection.execute(delete(table).where(of_job, table.c.day < (today - KEPT).isoformat()))
    connection.execute(update(table).where(of_job, of_days, table.c.searched_at < searched_at).values(searched_at=searched_at))
    there = set(connection.execute(select(table.c.day).where(of_job, of_days)).scalars())
    if new := [{"job": job.value, "day": day, "searched_at": searched_at} for day in named if day not in there]:
        connection.execute(insert(table), new)


def gaps_of(
    database: Database, practice: Callable[[], PracticeSource], schedule: Schedule, settings: RuleSettings, zone: ZoneInfo
) -> tuple[OrderFinding, ...]:
    """Returns what is to be told of the days of the coming weeks on which nobody is reminded.

    Args:
        database: the agent's own.
        practice: gives the practice's data, which are asked for weekends that the plan leaves out; where they can't be read nobody is
            taken to work on these.
        schedule: of the job that prepares reminders.
        settings: the switches.
        zone: the practice's time zone.

    Raises:
        DatabaseUnavailableError: no connection to the agent's own database.
    """
    covered = Coverage.read(database, JobKey.PREPARE_REMINDERS)
    with database.read() as connection:
        now = database.now(connection)
    plan = ReminderPlan(schedule, settings, zone, now, covered.since, covered.days)

    def has_appointments(day: date) -> bool:
        of_day = SearchWindow(day, day)
        chunks = practice().appointments_between(of_day.begin, of_day.end)
        return any(one.status is not AppointmentStatus.CANCELLED for chunk in chunks for one in chunk)

    try:
        return find_gaps(plan, has_appointments)
    except KnownError:
        return find_gaps(plan, lambda _day: False)


def _to_greet_on(day: date, drafting: Drafting) -> int:
    """Returns how many would have been greeted on a day."""
    then = replace(drafting, around=replace(drafting.around, now=datetime.combine(day, time.min)))
    decided = (one for chunk in Deciding(then, writes=False).greetings() for one in chunk)
    return sum(isinstance(one.decision, Eligible) for one in decided)


def _start_of(parts: MessageParts, day: date) -> datetime:
    return parts.instant(datetime.combine(day, time.min))


def _when(days: Sequence[date]) -> str:
    if len(days) > 2:
        return _("Vom {first} bis {last}").format(first=format_date(days[0]), last=format_date(days[-1]))
    return _("Am {days}").format(days=join_words([format_date(day) for day in days]))
