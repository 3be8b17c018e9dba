"""The time line of a day in words: for tooltips and for those who hear it instead of seeing it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from tray_agent.i18n import _, format_date, format_time, join_words, ngettext
from tray_agent.job_kinds import JobKey, job_title
from tray_agent.schedules.day_plan import DayPlan, PlannedRun, TooClose
from ui.models.schedule import time_of_day, weekday_short

_MOST_TIMES = 6
"""So many times of one job are said one by one; more are told by their number."""


def describe_day(plan: DayPlan) -> str:
    """Returns the whole day in sentences: the runs of each job, the quiet hours, the distances that are too small."""
    return " ".join((*_job_sentences(plan), *_quiet_sentences(plan), *_distance_sentences(plan)))


def day_title(plan: DayPlan) -> str:
    """Returns the day as people read it: "Mo 23.11.2026"."""
    return f"{weekday_short(plan.day)} {format_date(plan.day)}"


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
    order = list(JobKey)
    for job, found in groupby(sorted(plan.runs, key=lambda run: order.index(run.job)), key=lambda run: run.job):
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
