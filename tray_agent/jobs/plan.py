"""The plan of the practice as it stands in the database: schedules, locks, pauses, and the server's clock, read together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache

from sqlalchemy import Connection, RowMapping, and_, func, insert, or_, select, update
from sqlalchemy.exc import DBAPIError

from tray_agent.errors import InputError
from tray_agent.i18n import _
from tray_agent.job_kinds import JobKey, default_schedules, job_kind
from tray_agent.jobs.errors import ChangedElsewhereError
from tray_agent.jobs.model import JobChange, Pause, PauseScope
from tray_agent.jobs.owed import Owed, Trouble, has_time_left, last_time_today
from tray_agent.protocol.model import GIVEN_BACK, RunReason, RunState, RunTrigger
from tray_agent.schedules.codes import COLUMNS
from tray_agent.schedules.mistakes import ScheduleError
from tray_agent.schedules.schedule import Schedule
from tray_agent.store.database import Database, from_ms
from tray_agent.store.faults import is_duplicate_key
from tray_agent.store.schema_version import check_still
from tray_agent.store.tables import job, job_lock, job_pause, job_run, setting


@dataclass(frozen=True, slots=True)
class Holder:
    """The run that holds a job's lock.

    Attributes:
        attempt: which attempt of its planned time it is.
        takeovers: how often another computer went on with it.
        started_at: when it began where it is now: aware, UTC.
        expired: whether its lease has ended, so that it can be taken over.
        given_back: why its program gave it back: it quit (``CANCELLED``), the practice paused the job (``PAUSED``); None: it did not.
    """

    run_id: int
    due_at: datetime
    trigger: RunTrigger
    attempt: int
    takeovers: int
    workstation: str
    started_at: datetime
    expired: bool
    given_back: RunReason | None = None


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """One job as it is planned.

    Attributes:
        settled_until: every planned time up to here has its row, or does not count: aware, UTC.
        holder: the run that goes on, or None.
        owed: the planned time whose work is not done, or None.
        mistake: why the schedule in the database can't be one, as a sentence; "": it can. Somebody wrote it past this program, the job
            then counts as not enabled.
    """

    key: JobKey
    schedule: Schedule
    version: int
    settled_until: datetime
    holder: Holder | None
    owed: Owed | None
    changed_at: datetime
    changed_by: str
    mistake: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All jobs at one moment.

    Attributes:
        now: that moment by the server's clock: aware, UTC.
        pauses: those that have not ended, and those that ended not long ago, in the order in which they began.
        latest: the latest instant in it that must have passed: aware, UTC; one that lies ahead was written by a wrong clock.
    """

    now: datetime
    jobs: Mapping[JobKey, PlannedJob]
    pauses: Sequence[Pause]
    latest: datetime

    @property
    def pause(self) -> Pause | None:
        """Returns the pause in force, the wider one of two, or None."""
        in_force = [pause for pause in self.pauses if pause.since <= self.now and (pause.until is None or self.now < pause.until)]
        return min(in_force, key=lambda pause: pause.scope is not PauseScope.EVERYTHING, default=None)

    def holds_back(self, job: JobKey) -> bool:
        """Returns whether a pause in force holds this job back."""
        return self.pause is not None and (self.pause.scope is PauseScope.EVERYTHING or job_kind(job).wakes_people)


class PlanStore:
    """Reads and writes the plan."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> Plan:
        """Returns the plan as it is now; a job without a row gets its default schedule first.

        Raises:
            ProgramOutdatedError: the tables are newer than this program by now.
            DatabaseUnavailableError: no connection.
        """
        while True:
            with self._database.read() as connection:
                check_still(connection)
                plan = self.read(connection)
            missing = [key for key in JobKey if key not in plan.jobs]
            if not missing:
                return plan
            self._add(missing)

    def read(self, connection: Connection) -> Plan:
        """Returns the plan within the caller's transaction; a job without a row is missing in it."""
        now = self._database.now(connection)
        rows = {row["key"]: row for row in connection.execute(_JOBS).mappings()}
        pauses = [_pause(row) for row in connection.execute(_PAUSES).mappings()]
        passed = [instant for row in rows.values() for name in _PASSED if (instant := row[name])]
        passed += [from_ms(row["held_until_ms"]) for row in rows.values()]  # it lasts for less than clocks may differ
        # Schedules that nobody has saved yet come from the program that made the tables, with its computer's clock.
        passed += [row["effective_from"] for row in rows.values() if row["version"] > 1]
        latest = max([*passed, *(pause.since for pause in pauses)], default=now)
        jobs = {key: _planned_job(rows[key.value], now) for key in JobKey if key.value in rows}
        return Plan(now, jobs, pauses, latest)

    def _add(self, keys: Sequence[JobKey]) -> None:
        """Makes the rows of jobs that came with a newer version of this program; they are planned, but not enabled."""
        try:
            self._database.transact(lambda connection: _insert_jobs(connection, keys, self._database.now(connection)))
        except DBAPIError as error:
            if not is_duplicate_key(error):  # a duplicate: another workstation made them in this moment
                raise

    def recorded(self, key: JobKey, since: datetime, until: datetime) -> frozenset[datetime]:
        """Returns the planned times that have a row in the history, after ``since`` up to ``until`` (aware)."""
        with self._database.read() as connection:
            found = select(job_run.c.due_at).where(job_run.c.job == key.value, job_run.c.due_at > since, job_run.c.due_at <= until)
            return frozenset(connection.execute(found).scalars())

    def owed(self, key: JobKey) -> Owed | None:
        """Returns what a job owes."""
        with self._database.read() as connection:
            return read_owed(connection, key)

    def switches_changed_at(self, key: JobKey) -> datetime | None:
        """Returns when a switch of a job was turned last (aware, UTC); None: never."""
        turned = select(func.max(setting.c.changed_at)).where(
            or_(*(and_(setting.c.section == one.section.lower(), setting.c.name == one.name.lower()) for one in job_kind(key).switches))
        )
        with self._database.read() as connection:
            found: datetime | None = connection.execute(turned).scalar()
            return found

    def newest_reason(self, key: JobKey) -> str | None:
        """Returns the reason of a job's newest row in the history; None: it has none."""
        newest = (
            select(job_run.c.reason).where(job_run.c.job == key.value).order_by(job_run.c.due_at.desc(), job_run.c.attempt.desc()).limit(1)
        )
        with self._database.read() as connection:
            return connection.execute(newest).scalar()

    def save(self, changes: Sequence[JobChange], changed_by: str) -> datetime:
        """Saves all changes or none; planned times count from now on: the instant that is returned, by the server's clock.

        Raises:
            ChangedElsewhereError: somebody saved one of these jobs in between; nothing was saved.
            DatabaseUnavailableError, OutcomeUnknownError: nothing, or perhaps everything, was saved.
        """

        def work(connection: Connection) -> datetime:
            now = self._database.now(connection)
            for change in changes:
                _save(connection, change, now, changed_by)
            return now

        return self._database.transact(work)

    def pause(self, scope: PauseScope, until: datetime | None, paused_by: str) -> Pause:
        """Begins a pause of the whole practice in place of any other.

        Raises:
            InputError: ``until`` (aware) lies behind; nothing was changed.
        """

        def work(connection: Connection) -> Pause:
            now = self._database.now(connection)
            if until is not None and until <= now:
                raise InputError(
                    _("Pause nicht möglich"),
                    _("Das Ende der Pause liegt schon hinter uns; es ist nichts angehalten."),
                    _("Ein späteres Ende wählen, oder keines."),
                )
            _end_pauses(connection, now)
            connection.execute(insert(job_pause).values(scope=scope.value, from_at=now, until_at=until, paused_by=paused_by))
            return Pause(scope, now, until, paused_by)

        return self._database.transact(work)

    def resume(self) -> None:
        """Ends the pause in force; without one nothing changes."""
        self._database.transact(lambda connection: _end_pauses(connection, self._database.now(connection)))

    def prune_pauses(self, before: datetime) -> None:
        """Forgets the pauses that ended before ``before`` (aware)."""
        self._database.transact(lambda connection: connection.execute(job_pause.delete().where(job_pause.c.until_at < before)))


_attempt = job_run.alias()
_ATTEMPTS = (
    select(func.coalesce(func.max(_attempt.c.attempt), 0))
    .where(_attempt.c.job == job_lock.c.job, _attempt.c.due_at == job_lock.c.owed_at)
    .scalar_subquery()
)
"""How often what is owed was tried: so many attempts of its planned time have a row."""

_OWED = tuple(job_lock.c[name] for name in ("owed_at", "next_attempt_at", "owed_reason", "owed_since", "in_vain", "trouble"))

_JOBS = select(
    job, job_lock.c.settled_until, job_lock.c.held_until_ms, *_OWED, _ATTEMPTS.label("attempts"),
    job_run.c.id.label("run_id"), job_run.c.due_at, job_run.c.trigger,
    job_run.c.attempt, job_run.c.takeovers, job_run.c.workstation, job_run.c.started_at, job_run.c.reason,
).select_from(job.join(job_lock, job_lock.c.job == job.c.key).outerjoin(job_run, job_run.c.id == job_lock.c.run_id))  # fmt: skip

_PASSED = ("settled_until", "owed_since", "started_at")
"""What of a row of the plan must have passed."""

_PAUSES = select(job_pause).order_by(job_pause.c.from_at, job_pause.c.id)


@lru_cache(maxsize=64)
def _schedule_of(columns: tuple[int, ...]) -> Schedule:
    """Returns the schedule of a row; the plan is read every half minute, and its schedules hardly ever change."""
    return Schedule.from_columns(dict(zip(COLUMNS, columns, strict=True)))


def _planned_job(row: RowMapping, now: datetime) -> PlannedJob:
    key, mistake = JobKey(row["key"]), ""
    try:
        schedule = _schedule_of(tuple(int(row[name]) for name in COLUMNS))
    except ScheduleError as error:
        schedule, mistake = default_schedules(row["changed_at"].date())[key], error.message
    settled = max(row["settled_until"], row["effective_from"])
    holder, owed = _holder(row, now), _owed(row)
    return PlannedJob(key, schedule, row["version"], settled, holder, owed, row["changed_at"], row["changed_by"], mistake)


def read_owed(connection: Connection, key: JobKey) -> Owed | None:
    """Returns what a job owes."""
    statement = select(*_OWED, _ATTEMPTS.label("attempts")).where(job_lock.c.job == key.value)
    return _owed(connection.execute(statement).mappings().one())


def _owed(row: RowMapping) -> Owed | None:
    if row["owed_at"] is None:
        return None
    trouble, since = Trouble(row["trouble"]), row["owed_since"] or row["owed_at"]
    return Owed(row["owed_at"], row["next_attempt_at"], row["owed_reason"], since, row["in_vain"], trouble, row["attempts"])


def owed_columns(owed: Owed | None) -> dict[str, object]:
    """Returns the columns of a lock that say what is owed."""
    if owed is None:
        nothing: dict[str, object] = dict.fromkeys(("owed_at", "next_attempt_at", "owed_since"))
        return nothing | {"owed_reason": "", "in_vain": 0, "trouble": int(Trouble.NONE)}
    return {
        "owed_at": owed.due_at, "next_attempt_at": owed.next_at, "owed_reason": owed.reason[:40], "owed_since": owed.since,
        "in_vain": owed.in_vain, "trouble": int(owed.trouble),
    }  # fmt: skip


def lock_job(connection: Connection, key: JobKey) -> None:
    """Locks a job's row until the transaction ends, by a change that changes nothing: whoever ends a run just now has written, or waits."""
    connection.execute(update(job_lock).where(job_lock.c.job == key.value).values(token=job_lock.c.token))


def owe(
    connection: Connection, key: JobKey, now: datetime, at: datetime | None, reason: str, zone: tzinfo, trouble: Trouble = Trouble.NONE
) -> None:
    """Notes that a job owes an attempt from ``at`` on (aware; None: after a change), unless it is not enabled.

    One that sends something to people and has a planned time left today waits for that: the practice relies on nothing leaving before it.
    It is owed of the job's last planned time today; where it had none, of this second.
    """
    lock_job(connection, key)
    planned = _planned_job(connection.execute(_JOBS.where(job.c.key == key.value)).mappings().one(), now)
    waits_for_plan = job_kind(key).wakes_people and has_time_left(planned.schedule, zone, now)
    if not planned.schedule.enabled or planned.mistake or waits_for_plan:
        return
    owed = planned.owed
    if owed is not None:
        # Never later, or who makes it due again and again would put it off for ever; the attempt that goes on is none that is to come.
        is_to_come = owed.next_at is not None and (owed.next_at > now or planned.holder is None)
        sooner = min((one for one in (at, owed.next_at if is_to_come else None) if one is not None), default=None)
        values: dict[str, object] = {"next_attempt_at": sooner, "owed_since": now if planned.holder else owed.since}
    else:
        due_at = last_time_today(planned.schedule, zone, now) or now.replace(microsecond=0)
        values = owed_columns(Owed(due_at, at, reason, now, trouble=trouble))
    connection.execute(update(job_lock).where(job_lock.c.job == key.value).values(values))


def owe_today(connection: Connection, now: datetime, zone: tzinfo) -> None:
    """Notes that what should have run today by the plan, and did not, is owed; where a time of today is still to come, that is enough."""
    for row in connection.execute(_JOBS).mappings().all():
        planned = _planned_job(row, now)
        latest = last_time_today(planned.schedule, zone, now)
        if latest is None or planned.changed_at >= latest:
            continue
        succeeded = (job_run.c.job == planned.key.value, job_run.c.due_at == latest, job_run.c.state == RunState.SUCCEEDED.value)
        if not connection.execute(select(func.count()).select_from(job_run).where(*succeeded)).scalar_one():
            owe(connection, planned.key, now, now, RunReason.MISSED, zone)


def _holder(row: RowMapping, now: datetime) -> Holder | None:
    if row["run_id"] is None:
        return None
    given_back = next((reason for reason in GIVEN_BACK if row["reason"] == reason), None)
    return Holder(
        row["run_id"], row["due_at"], RunTrigger(row["trigger"]), row["attempt"], row["takeovers"], row["workstation"],
        row["started_at"], from_ms(row["held_until_ms"]) <= now, given_back,
    )  # fmt: skip


def _insert_jobs(connection: Connection, keys: Sequence[JobKey], now: datetime) -> None:
    schedules = default_schedules(now.date())
    with_lock = set(connection.execute(select(job_lock.c.job)).scalars())
    with_plan = set(connection.execute(select(job.c.key)).scalars())
    for key in keys:
        if key.value not in with_plan:
            values: dict[str, object] = {**schedules[key].as_columns(), "enabled": False, "effective_from": now}
            connection.execute(insert(job).values(key=key.value, **values, version=1, changed_at=now, changed_by=""))
        if key.value not in with_lock:
            free: dict[str, object] = {"token": 0, "run_id": 0, "owner": "", "held_until_ms": 0, "cancel_run_id": 0, "settled_until": now}
            free |= owed_columns(None)
            connection.execute(insert(job_lock).values(job=key.value, **free))


def _save(connection: Connection, change: JobChange, now: datetime, changed_by: str) -> None:
    values: dict[str, object] = dict(change.schedule.as_columns())
    values |= {"enabled": change.schedule.enabled, "effective_from": now, "version": change.version + 1}
    values |= {"changed_at": now, "changed_by": changed_by[:120]}
    saved = connection.execute(update(job).where(job.c.key == change.key.value, job.c.version == change.version).values(values))
    if saved.rowcount != 1:
        raise ChangedElsewhereError(
            _("Auftrag inzwischen geändert"),
            _("Jemand anders hat den Auftrag in der Zwischenzeit gespeichert; Ihre Änderungen wurden nicht gespeichert."),
            _("Die Liste neu laden und die Änderung noch einmal eingeben."),
            item=change.key.value,
        )


def _end_pauses(connection: Connection, now: datetime) -> None:
    lasting = or_(job_pause.c.until_at.is_(None), job_pause.c.until_at > now)
    connection.execute(update(job_pause).where(lasting).values(until_at=now))


def _pause(row: RowMapping) -> Pause:
    return Pause(PauseScope(row["scope"]), row["from_at"], row["until_at"], row["paused_by"])
