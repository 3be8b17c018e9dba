"""The check over the whole set of schedules: the order on a day, the distance between starts, people's sleep.

Source: seed, "die Zeitpläne müssen in folgender Reihenfolge ausgeführt werden" (aufbereiten, senden, Status aktualisieren),
"mindestens 5 Minuten", "nicht zur Unzeit". The check leaps from one interesting time to the next, so that a schedule that
runs every minute costs no more than one that runs once a day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import combinations, pairwise, product
from zoneinfo import ZoneInfo

from tray_agent.i18n import _, format_date, format_time
from tray_agent.job_kinds import JobKey, Stage, job_kind, job_title
from tray_agent.schedules.planned_times import next_after, previous_at_or_before
from tray_agent.schedules.quiet_hours import QuietHours, QuietKind
from tray_agent.schedules.schedule import Schedule
from tray_agent.schedules.wall_clock import start_of_day

LEAST_DISTANCE = timedelta(minutes=5)
"""Between the starts of two of the jobs that follow each other (seed)."""

Schedules = Mapping[JobKey, Schedule]
_TICK = timedelta(microseconds=1)


class OrderFindingKind(StrEnum):
    """What is wrong with a set of schedules."""

    TOO_CLOSE = "too_close"
    WRONG_ORDER = "wrong_order"
    MISSING = "missing"
    QUIET_HOURS = "quiet_hours"
    NOT_COVERED = "not_covered"
    PRIVATE_STORE = "private_store"
    """Nothing is sent from here by any schedule: the store may be one of several."""


@dataclass(frozen=True, slots=True)
class OrderFinding:
    """One thing that breaks the order or could wake people.

    Attributes:
        kind: what kind of thing.
        jobs: whom it concerns, in the order in which the sentence names them.
        times: the local times in the sentence (aware, in the practice's zone), in the same order; none where it names days.
        sentence: what it is and what to do, in the language in force, with the times in it.
    """

    kind: OrderFindingKind
    jobs: tuple[JobKey, ...]
    times: tuple[datetime, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class _Period:
    """The instants that are looked at, and the zone in which people read them."""

    zone: ZoneInfo
    after: datetime
    until: datetime

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(self.zone)


def check_order(schedules: Schedules, zone: ZoneInfo, quiet: QuietHours, first_day: date, days: int = 366) -> tuple[OrderFinding, ...]:
    """Returns what is wrong with a set of schedules, looking at the planned times of ``days`` local days from ``first_day`` on.

    Schedules that are not enabled do not count. What is wrong on several days is told once, with the first times. The
    findings stand in the order of the jobs on a day.

    Raises:
        ConfigurationError: the canton of the quiet hours is unknown.
    """
    period = _Period(zone, start_of_day(first_day, zone) - _TICK, start_of_day(first_day + timedelta(days=days), zone) - _TICK)
    enabled = {job: schedule for job, schedule in schedules.items() if schedule.enabled}
    close = tuple(_find_too_close(enabled, period))
    return (*close, *_find_wrong_order(enabled, period), *_find_quiet(enabled, period, quiet))


def close_pair(first: Schedule, second: Schedule, zone: ZoneInfo, after: datetime, until: datetime) -> tuple[datetime, datetime] | None:
    """Returns the first planned times of two schedules that lie less than 5 minutes apart, or None.

    Args:
        first: one schedule.
        second: the other; neither needs to run before the other.
        zone: the practice's time zone.
        after: times of ``first`` after this instant (aware) are looked at.
        until: up to and including this one.

    Returns:
        The time of ``first`` and the time of ``second``, in UTC.
    """
    at = next_after(first, zone, after)
    while at is not None and at <= until:
        ahead = next_after(second, zone, at)
        for other in (previous_at_or_before(second, zone, at), ahead):
            if other is not None and abs(other - at) < LEAST_DISTANCE:
                return at, other
        if ahead is None:
            return None
        at = next_after(first, zone, max(at, ahead - LEAST_DISTANCE))  # what lies further before ``ahead`` is close to nothing
    return None


def _find_too_close(enabled: Schedules, period: _Period) -> Iterator[OrderFinding]:
    # Stages that follow each other come first: where they lie far enough apart, the first and the last do, too.
    for stages in sorted(combinations(Stage, 2), key=lambda pair: pair[1] - pair[0]):
        for earlier, later in product(*map(_jobs_of, stages)):
            if earlier in enabled and later in enabled:
                pair = close_pair(enabled[earlier], enabled[later], period.zone, period.after, period.until)
                if pair is not None:
                    yield _too_close((earlier, later), (period.local(pair[0]), period.local(pair[1])))


def _jobs_of(stage: Stage) -> list[JobKey]:
    return [job for job in JobKey if job_kind(job).stage is stage]


def _too_close(jobs: tuple[JobKey, JobKey], times: tuple[datetime, datetime]) -> OrderFinding:
    text = _(
        "«{first}» beginnt {first_time} und «{second}» um {second_time}: Dazwischen liegen weniger als 5 Minuten. "
        "Die Startzeiten mindestens 5 Minuten auseinander legen."
    )
    sentence = text.format(
        first=job_title(jobs[0]), first_time=_when(times[0]), second=job_title(jobs[1]), second_time=format_time(times[1])
    )
    return OrderFinding(OrderFindingKind.TOO_CLOSE, jobs, times, sentence)


def _find_wrong_order(enabled: Schedules, period: _Period) -> Iterator[OrderFinding]:
    """Gives, for each job and the one that must follow it, the first day on which nothing follows its last run of the day."""
    for stages in pairwise(Stage):
        for job, follower in product(*map(_jobs_of, stages)):
            if job in enabled:
                finding = _not_followed(job, follower, enabled, period)
                if finding is not None:
                    yield finding


def _not_followed(job: JobKey, follower: JobKey, enabled: Schedules, period: _Period) -> OrderFinding | None:
    for last in _last_runs_of_days(enabled[job], period):
        if follower not in enabled:
            return _missing(job, follower, period.local(last))
        following = next_after(enabled[follower], period.zone, last - _TICK)
        if following is None or period.local(following).date() != period.local(last).date():
            return _wrong_order(job, follower, last, enabled[follower], period)
    return None


def _last_runs_of_days(schedule: Schedule, period: _Period) -> Iterator[datetime]:
    """Gives the last planned time of each local day that has one."""
    planned = next_after(schedule, period.zone, period.after)
    while planned is not None and planned <= period.until:
        end_of_day = start_of_day(period.local(planned).date() + timedelta(days=1), period.zone) - _TICK
        yield previous_at_or_before(schedule, period.zone, end_of_day) or planned
        planned = next_after(schedule, period.zone, end_of_day)


def _missing(job: JobKey, follower: JobKey, at: datetime) -> OrderFinding:
    text = _("«{first}» läuft {first_time}, aber «{second}» ist nicht aktiviert. Auch diesen Auftrag aktivieren.")
    sentence = text.format(first=job_title(job), first_time=_when(at), second=job_title(follower))
    return OrderFinding(OrderFindingKind.MISSING, (job, follower), (at,), sentence)


def _wrong_order(job: JobKey, follower: JobKey, at: datetime, schedule: Schedule, period: _Period) -> OrderFinding:
    """Returns the finding with the follower's run before it on that day, else its next run, else without one."""
    local = period.local(at)
    earlier = previous_at_or_before(schedule, period.zone, at)
    if earlier is not None and period.local(earlier).date() == local.date():
        text = _(
            "«{first}» läuft {first_time}, «{second}» am gleichen Tag zuletzt schon um {second_time}. "
            "«{second}» mindestens 5 Minuten nach «{first}» legen."
        )
        times: tuple[datetime, ...] = (local, period.local(earlier))
        shown = format_time(times[1])
    elif (later := next_after(schedule, period.zone, at)) is not None:
        text = _(
            "«{first}» läuft {first_time}, «{second}» erst {second_time}. "
            "«{second}» am gleichen Tag laufen lassen, mindestens 5 Minuten nach «{first}»."
        )
        times = (local, period.local(later))
        shown = _when(times[1])
    else:
        text = _("«{first}» läuft {first_time}, «{second}» danach nie mehr. Den Zeitplan von «{second}» verlängern.")
        times, shown = (local,), ""
    sentence = text.format(first=job_title(job), first_time=_when(local), second=job_title(follower), second_time=shown)
    return OrderFinding(OrderFindingKind.WRONG_ORDER, (job, follower), times, sentence)


def _find_quiet(enabled: Schedules, period: _Period, quiet: QuietHours) -> Iterator[OrderFinding]:
    """Gives the first run in the quiet hours for each job that sends and each reason (night, Sunday, holiday)."""
    sending = [job for job in enabled if job_kind(job).wakes_people]
    found: set[tuple[JobKey, QuietKind | None]] = set()
    for interval in quiet.intervals(period.after, period.until, period.zone) if sending else ():
        for job in sending:
            if (job, interval.kind) in found:
                continue
            at = next_after(enabled[job], period.zone, interval.start.astimezone(UTC) - _TICK)
            if at is not None and at < interval.end:
                found.add((job, interval.kind))
                yield _quiet_finding(job, at, period, quiet)


def _quiet_finding(job: JobKey, at: datetime, period: _Period, quiet: QuietHours) -> OrderFinding:
    local, allowed = period.local(at), period.local(quiet.next_allowed(at, period.zone))
    text = _("«{job}» läuft {time}. {reason} Erlaubt ist es erst wieder {allowed}; den Auftrag in eine erlaubte Zeit legen.")
    sentence = text.format(job=job_title(job), time=_when(local), reason=quiet.reason(local), allowed=_when(allowed))
    return OrderFinding(OrderFindingKind.QUIET_HOURS, (job,), (local, allowed), sentence)


def _when(local: datetime) -> str:
    return _("am {date} um {time}").format(date=format_date(local), time=format_time(local))
