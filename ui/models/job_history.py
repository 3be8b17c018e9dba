"""The window *Protokoll Auftragsverlauf*: what is asked for, what a row says, what is told of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

from tray_agent.i18n import _, format_datetime, format_number, format_time, ngettext
from tray_agent.job_kinds import JobKey, job_title
from tray_agent.jobs.owed import Owed
from tray_agent.protocol.model import Run, RunFilter, RunReason, RunState, RunTrigger
from tray_agent.protocol.titles import cause_of, state_title
from tray_agent.tray.model import DialogName
from ui.models.period import ALL_DAYS, Period
from ui.models.words import local_text


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """What a person chose; None: everything."""

    period: Period = ALL_DAYS
    job: JobKey | None = None
    state: RunState | None = None
    workstation: str | None = None
    folded: bool = False
    """Also the attempts in which nothing changed."""

    def asked(self, zone: tzinfo) -> RunFilter:
        """Returns the filter of the engine."""
        return RunFilter(self.period.since(zone), self.period.until(zone), self.job, self.state, self.workstation, self.folded)


def success_sentence() -> str:
    """Returns what *Erfolg* means (seed)."""
    return _(
        "«Erfolg» heisst, dass der Auftrag ausgeführt werden konnte, nicht, dass z. B. jede SMS auch zugestellt wurde. "
        "Aufschluss gibt das Protokoll Aktivitäten/Fehler."
    )


def nothing_logged_sentence(*, chosen: bool) -> str:
    """Returns why no activities stand below the list."""
    if not chosen:
        return _("Kein Lauf ist gewählt.")
    return _("Dieser Lauf hat nichts ins Protokoll Aktivitäten/Fehler geschrieben.")


def duration_text(run: Run) -> str:
    """Returns how long a run took: "3.2 s", "4 Min. 5 s"; "" where it did not run or still does."""
    duration = run.duration
    if duration is None:
        return ""
    if duration < timedelta(minutes=1):
        return _("{seconds} s").format(seconds=format_number(Decimal(f"{duration.total_seconds():.1f}")))
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    return _("{minutes} Min. {seconds} s").format(minutes=minutes, seconds=seconds)


def details(run: Run, zone: tzinfo, owed: Owed | None = None) -> str:
    """Returns what is told of a run below the list, line by line.

    Args:
        run: the run.
        zone: the practice's time zone.
        owed: what its job owes now.
    """
    return "\n".join(_detail_lines(run, zone, owed))


def attempts_text(run: Run, zone: tzinfo, owed: Owed | None = None) -> str:
    """Returns how often a planned time was tried up to this run: "3 Versuche, zuletzt 10:47, nächster 11:02"; "" for one try."""
    goes_on = owed is not None and (owed.due_at, owed.attempts) == (run.due_at, run.attempt)
    if run.folded or run.trigger is RunTrigger.BY_HAND or not (goes_on or run.attempt > 1):
        return ""
    parts = [ngettext("{number} Versuch", "{number} Versuche", run.attempt).format(number=run.attempt)]
    if run.started_at:
        parts.append(_("zuletzt {time}").format(time=_time_of_day(run.started_at, run, zone)))
    if goes_on and owed and owed.next_at:
        parts.append(_("nächster {time}").format(time=_time_of_day(owed.next_at, run, zone)))
    return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Remedy:
    """What can be done about a run, or where more is told of it.

    Attributes:
        words: of the button.
        opens: the window.
    """

    words: str
    opens: DialogName


def remedy_of(run: Run) -> Remedy:
    """Returns where to go from a run."""
    match run.reason:
        case RunReason.SWITCH_OFF:
            return Remedy(_("Schalter"), DialogName.SETTINGS)
        case RunReason.SCHEDULE_CHANGED | RunReason.OUTSIDE_WINDOW:
            return Remedy(_("Aufträge verwalten"), DialogName.JOBS)
        case RunReason.NOT_ABLE:
            return Remedy(_("Einrichten"), DialogName.SETUP)
    return Remedy(_("Aktivitäten/Fehler"), DialogName.ACTIVITY)


def short_text(at: datetime | None, run: Run, zone: tzinfo) -> str:
    """Returns when a run began or ended; its day only where that is not the planned one; "" for None."""
    return _time_of_day(at, run, zone) if at is not None else ""


def _time_of_day(at: datetime, run: Run, zone: tzinfo) -> str:
    """Returns a time; with its day where that is not the planned one."""
    local = at.astimezone(zone)
    return format_time(local) if local.date() == run.due_at.astimezone(zone).date() else format_datetime(local)


def _detail_lines(run: Run, zone: tzinfo, owed: Owed | None) -> Iterator[str]:
    head = _("{job}, geplant {time}: {status} ({trigger})")
    yield head.format(job=job_title(run.job), time=local_text(run.due_at, zone), status=state_title(run.state), trigger=cause_of(run))
    if run.sentence:
        yield run.sentence
    if run.started_at:
        begun = _("Begonnen {start} auf {workstation}").format(start=local_text(run.started_at, zone), workstation=run.workstation)
        ended = _(", beendet {end}, Dauer {duration}").format(end=local_text(run.finished_at, zone), duration=duration_text(run))
        yield f"{begun}{ended if run.finished_at else ''}."
    if attempts := attempts_text(run, zone, owed):
        yield f"{attempts}."
    if run.takeovers:
        yield _("Im {number}. Anlauf: Ein anderer Arbeitsplatz fiel vorher mittendrin aus.").format(number=run.takeovers + 1)
    if run.problems:
        yield ngettext("{number} Problem braucht einen Blick.", "{number} Probleme brauchen einen Blick.", run.problems).format(
            number=run.problems
        )


def csv_titles() -> tuple[str, ...]:
    """Returns the titles of the exported file."""
    return (
        _("Geplant"), _("Auftrag"), _("Status"), _("Auslöser"), _("Arbeitsplatz"), _("Begonnen"), _("Beendet"), _("Dauer (Sekunden)"),
        _("Probleme"), _("Was geschah"),
    )  # fmt: skip


def csv_row(run: Run, zone: tzinfo) -> tuple[str, ...]:
    """Returns a run as a row of the exported file."""
    duration = run.duration
    return (
        local_text(run.due_at, zone), job_title(run.job), state_title(run.state), cause_of(run), run.workstation,
        local_text(run.started_at, zone), local_text(run.finished_at, zone), f"{duration.total_seconds():.1f}" if duration else "",
        str(run.problems), run.sentence,
    )  # fmt: skip


def state_choices() -> Mapping[RunState, str]:
    """Returns the states to filter by with their words, the seed's two first."""
    first = (RunState.SUCCEEDED, RunState.FAILED)
    return {state: state_title(state) for state in (*first, *(state for state in RunState if state not in first))}
