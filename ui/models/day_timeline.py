"""The time line of a day: what stands on it, and the same in words, for tooltips and for those who hear it instead of seeing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from itertools import groupby

from tray_agent.i18n import _, format_date, format_time, join_words, ngettext
from tray_agent.job_kinds import JobKey, job_title
from tray_agent.jobs.owed import Owed, Trouble
from tray_agent.protocol.model import Run
from tray_agent.protocol.titles import state_title
from tray_agent.schedules.day_plan import DayPlan, PlannedRun, TooClose
from ui.models.schedule import time_of_day, weekday_short

_MOST_TIMES = 6
"""So many times of one job are said one by one; more are told by their number."""

_ORDER = {job: place for place, job in enumerate(JobKey)}


class MarkKind(Enum):
    """What stands at a time of the day."""

    PLANNED = auto()
    HAPPENED = auto()
    OFF = auto()
    """Would be planned if the job were enabled."""

    NEXT_TRY = auto()


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands at one time in the lane of one job.

    Attributes:
        job: whose lane.
        at: the time: local, aware; of what happened the planned one.
        kind: what it is.
        planned: the planned run, where it is one.
        run: what happened, where something did.
        trouble: whether something is in the way of what is tried again of that run.
    """

    job: JobKey
    at: datetime
    kind: MarkKind
    planned: PlannedRun | None = None
    run: Run | None = None
    trouble: Trouble = Trouble.NONE


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What is known of a day besides its plan.

    Attributes:
        runs: what happened of that day's planned times, and by hand.
        off: when the jobs that are not enabled would run.
        owed: what is tried again.
    """

    runs: Sequence[Run] = ()
    off: Sequence[PlannedRun] = ()
    owed: Mapping[JobKey, Owed] = field(default_factory=dict)


def marks_of(plan: DayPlan, facts: DayFacts, now: datetime | None) -> tuple[Mark, ...]:
    """Returns what stands on a day, by job and time. What happened stands in the place of what was planned for that time.

    Args:
        plan: the day as planned.
        facts: what is known besides.
        now: the present (local, aware); a next try that is over is none. None: not known.
    """
    found = [*_happened(plan, facts), *_next_tries(plan, facts, now)]
    there = {(mark.job, mark.at.timestamp()) for mark in found}
    for kind, runs in ((MarkKind.PLANNED, plan.runs), (MarkKind.OFF, facts.off)):
        found += [Mark(run.job, run.at, kind, planned=run) for run in runs if (run.job, run.at.timestamp()) not in there]
    return tuple(sorted(found, key=lambda mark: (_ORDER[mark.job], mark.at.timestamp())))


def _happened(plan: DayPlan, facts: DayFacts) -> Iterator[Mark]:
    planned = {(run.job, run.at.timestamp()): run for run in plan.runs}
    for run in facts.runs:
        owed = facts.owed.get(run.job)
        trouble = owed.trouble if owed is not None and owed.due_at == run.due_at else Trouble.NONE
        at = run.due_at.astimezone(plan.start.tzinfo)
        yield Mark(run.job, at, MarkKind.HAPPENED, planned.get((run.job, at.timestamp())), run, trouble)


def _next_tries(plan: DayPlan, facts: DayFacts, now: datetime | None) -> Iterator[Mark]:
    for job, owed in facts.owed.items():
        if owed.next_at is not None and plan.start <= owed.next_at < plan.end and (now is None or owed.next_at > now):
            yield Mark(job, owed.next_at.astimezone(plan.start.tzinfo), MarkKind.NEXT_TRY)


def describe_day(plan: DayPlan, marks: Sequence[Mark] = ()) -> str:
    """Returns the whole day in sentences: the runs of each job, the quiet hours, too small distances, what happened and comes again."""
    return " ".join((*_job_sentences(plan), *_quiet_sentences(plan), *_distance_sentences(plan), *_mark_sentences(marks)))


def day_title(plan: DayPlan) -> str:
    """Returns the day as people read it: "Mo 23.11.2026"."""
    return f"{weekday_short(plan.day)} {format_date(plan.day)}"


def mark_tooltip(mark: Mark, too_close: tuple[TooClose, ...]) -> str:
    """Returns what is told of a mark: time and job, what it is, and what is wrong with it."""
    match mark.kind:
        case MarkKind.NEXT_TRY:
            return _("{time} {job}: nächster Versuch").format(time=time_of_day(mark.at), job=job_title(mark.job))
        case MarkKind.OFF:
            return _("{time} {job}: nicht aktiviert").format(time=time_of_day(mark.at), job=job_title(mark.job))
        case MarkKind.HAPPENED if mark.run is not None:
            head = _("{time} {job}: {status}")
            said = head.format(time=time_of_day(mark.at), job=job_title(mark.job), status=state_title(mark.run.state))
            return "\n".join((said, *([mark.run.sentence] if mark.run.sentence else [])))
    return run_tooltip(mark.planned, too_close) if mark.planned is not None else ""


def run_tooltip(run: PlannedRun, too_close: tuple[TooClose, ...]) -> str:
    """Returns what is told of one run: time and job, and what is wrong with it."""
    lines = [f"{time_of_day(run.at)} {job_title(run.job)}"]
    if run.quiet:
        lines.append(_("In der Ruhezeit: es wird erst danach gesendet."))
    for pair in too_close:
        if run in (pair.first, pair.second):
            other = pair.second if run == pair.first else pair.first
            lines.append(
                _("Weniger als 5 Minuten Abstand zu «{job}» um {time}.").format(job=job_title(other.job), time=time_of_day(other.at))
            )
    return "\n".join(lines)


def _job_sentences(plan: DayPlan) -> Iterator[str]:
    if not plan.runs:
        yield _("Am {date} ist kein Auftrag geplant.").format(date=day_title(plan))
    for job, found in groupby(sorted(plan.runs, key=lambda run: _ORDER[run.job]), key=lambda run: run.job):
        runs = list(found)
        if len(runs) <= _MOST_TIMES:
            yield _("{job}: {times}.").format(job=job_title(job), times=join_words([time_of_day(run.at) for run in runs]))
        else:
            sentence = ngettext("{job}: {number} Lauf von {first} bis {last}.", "{job}: {number} Läufe von {first} bis {last}.", len(runs))
            yield sentence.format(job=job_title(job), number=len(runs), first=time_of_day(runs[0].at), last=time_of_day(runs[-1].at))


def _quiet_sentences(plan: DayPlan) -> Iterator[str]:
    for interval in plan.quiet:
        end = _("24:00") if interval.end >= plan.end else format_time(interval.end)
        yield _("Ruhezeit von {start} bis {end}.").format(start=format_time(interval.start), end=end)
    loud = sum(run.quiet for run in plan.runs)
    if loud:
        yield ngettext("{number} Lauf liegt in der Ruhezeit.", "{number} Läufe liegen in der Ruhezeit.", loud).format(number=loud)


def _distance_sentences(plan: DayPlan) -> Iterator[str]:
    if plan.too_close:
        number = len(plan.too_close)
        sentence = ngettext("{number} Abstand ist kleiner als 5 Minuten.", "{number} Abstände sind kleiner als 5 Minuten.", number)
        yield sentence.format(number=number)


def _mark_sentences(marks: Sequence[Mark]) -> Iterator[str]:
    for (job, kind), found in groupby(sorted(marks, key=_by_job_and_kind), key=lambda mark: (mark.job, mark.kind)):
        shown, title = list(found), job_title(job)
        if kind is MarkKind.HAPPENED:
            yield from _happened_sentences(title, shown)
        elif kind is MarkKind.OFF:
            yield _("{job} ist nicht aktiviert.").format(job=title)
        elif kind is MarkKind.NEXT_TRY:
            yield _("{job}: nächster Versuch um {time}.").format(job=title, time=time_of_day(shown[0].at))


def _by_job_and_kind(mark: Mark) -> tuple[int, int, float]:
    return _ORDER[mark.job], mark.kind.value, mark.at.timestamp()


def _happened_sentences(title: str, marks: Sequence[Mark]) -> Iterator[str]:
    ran = [(time_of_day(mark.at), state_title(mark.run.state)) for mark in marks if mark.run is not None]
    if len(ran) <= _MOST_TIMES:
        for at, status in ran:
            yield _("{job} um {time}: {status}.").format(job=title, time=at, status=status)
        return
    at, status = ran[-1]
    sentence = ngettext("{job}: {number} Lauf, zuletzt {time}: {status}.", "{job}: {number} Läufe, zuletzt {time}: {status}.", len(ran))
    yield sentence.format(job=title, number=len(ran), time=at, status=status)
