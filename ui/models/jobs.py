"""The window *Aufträge verwalten*: rows as edited, what would be saved, what a person should know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from tray_agent.i18n import _, format_datetime, format_time, ngettext
from tray_agent.job_kinds import JobKey, job_kind
from tray_agent.jobs.model import JobChange, JobOverview, Pause, PauseScope
from tray_agent.jobs.owed import Trouble
from tray_agent.messages.outbox.model import Waiting
from tray_agent.messages.words import waiting_words
from tray_agent.protocol.model import Run, RunReason, RunState
from tray_agent.protocol.sentences import unusable_schedule_sentence
from tray_agent.protocol.titles import state_title
from tray_agent.schedules.order_check import OrderFinding
from tray_agent.schedules.planned_times import next_after
from tray_agent.schedules.schedule import Schedule
from tray_agent.schedules.summary import summarize, summarize_briefly
from tray_agent.tray.model import short_time


@dataclass(frozen=True, slots=True)
class JobRow:
    """One row as the window shows it.

    Attributes:
        stored: the job as it stands in the database.
        schedule: its schedule as edited, ``enabled`` included.
        next_at: the next planned time under that schedule: local, or None.
        changed: whether it was edited.
        warnings: what the check of the set says of this job.
    """

    stored: JobOverview
    schedule: Schedule
    next_at: datetime | None
    changed: bool
    warnings: tuple[str, ...]

    @property
    def key(self) -> JobKey:
        """Returns the job."""
        return self.stored.key

    @property
    def title(self) -> str:
        """Returns the job's name."""
        return self.stored.title

    @property
    def enabled(self) -> bool:
        """Returns the column *Aktiviert* as edited."""
        return self.schedule.enabled

    @property
    def needs_a_look(self) -> bool:
        """Returns whether something is wrong with its schedule, or it is enabled in vain."""
        return bool(self.warnings) or (self.enabled and not self.stored.switched_on)

    @property
    def waits(self) -> bool:
        """Returns whether the job waits for a further attempt, because something is in the way."""
        return self.stored.waits

    @property
    def trouble(self) -> Trouble:
        """Returns whether something is in the way of what is tried again, and whether the practice was told."""
        return self.stored.owed.trouble if self.waits and self.stored.owed else Trouble.NONE

    @property
    def shown_run(self) -> Run | None:
        """Returns the run that the last result speaks of: the one that goes on now, else the last that ended."""
        return self.stored.running or self.stored.last_run


class JobsModel:
    """The five jobs as a person edits them. Nothing is written before ``changes`` are saved.

    Args:
        zone: the practice's time zone.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._stored: dict[JobKey, JobOverview] = {}
        self._edited: dict[JobKey, JobChange] = {}
        self._tried: dict[JobKey, Schedule] = {}
        self._now: datetime | None = None
        self._pause: Pause | None = None
        self.findings: tuple[OrderFinding, ...] = ()

    def show(self, jobs: Sequence[JobOverview], now: datetime, pause: Pause | None = None) -> None:
        """Takes the jobs as they are stored now; what was edited stays, with the version it was made from."""
        self._stored = {job.key: job for job in jobs}
        self._now, self._pause = now, pause

    def enable(self, key: JobKey, on: bool) -> None:
        """Ticks or unticks *Aktiviert*."""
        self._edit(key, replace(self.schedule(key), enabled=on))

    def set_schedule(self, key: JobKey, schedule: Schedule) -> None:
        """Takes a schedule from the window *Zeitplan*; whether the job is enabled stays as ticked here."""
        self._tried.pop(key, None)
        self._edit(key, replace(schedule, enabled=self.schedule(key).enabled))

    def try_schedule(self, key: JobKey, schedule: Schedule | None) -> None:
        """Takes a schedule that is being edited, for check and time line only; None: no more."""
        if schedule is None:
            self._tried.pop(key, None)
        else:
            self._tried[key] = replace(schedule, enabled=self.schedule(key).enabled)

    def schedule(self, key: JobKey) -> Schedule:
        """Returns a job's schedule as edited."""
        return self._edited[key].schedule if key in self._edited else self._stored[key].schedule

    def forget_edits(self) -> None:
        """Drops what was edited: the jobs stand as they are stored."""
        self._edited.clear()

    def _edit(self, key: JobKey, schedule: Schedule) -> None:
        before = self._edited.get(key)
        # the version that the first edit began from: saving must notice what others saved since
        version = before.version if before else self._stored[key].version
        stored = self._stored[key]
        if schedule == stored.schedule and version == stored.version and not stored.mistake:
            self._edited.pop(key, None)
        else:
            self._edited[key] = JobChange(key, schedule, version)

    @property
    def rows(self) -> tuple[JobRow, ...]:
        """Returns the rows in the order of a day."""
        return tuple(self._row(job) for job in self._stored.values())

    def row(self, key: JobKey) -> JobRow:
        """Returns one row."""
        return self._row(self._stored[key])

    def _row(self, job: JobOverview) -> JobRow:
        schedule = self.schedule(job.key)
        at = next_after(schedule, self._zone, self._now) if self._now else None
        warnings = tuple(finding.sentence for finding in self.findings if job.key in finding.jobs)
        return JobRow(job, schedule, at.astimezone(self._zone) if at else None, job.key in self._edited, warnings)

    @property
    def changes(self) -> tuple[JobChange, ...]:
        """Returns what would be saved."""
        return tuple(self._edited.values())

    @property
    def tried_changes(self) -> tuple[JobChange, ...]:
        """Returns what would be saved together with what is only being edited in the window *Zeitplan*."""
        tried = {key: JobChange(key, schedule, self._stored[key].version) for key, schedule in self._tried.items()}
        return tuple((self._edited | tried).values())

    @property
    def tried_schedules(self) -> Mapping[JobKey, Schedule]:
        """Returns all schedules, those included that are only being edited."""
        return {key: self._tried.get(key) or self.schedule(key) for key in self._stored}

    @property
    def has_changes(self) -> bool:
        """Returns whether closing would lose something."""
        return bool(self._edited)

    @property
    def hints(self) -> tuple[str, ...]:
        """Returns what a person should know, a sentence each: pause, what nobody can do, unusable schedules, switches, check of the set."""
        findings = (finding.sentence for finding in self.findings)
        unable = tuple(row.stored.why for row in self.rows if row.stored.why)
        return (*self._pause_hint(), *unable, *_mistake_hints(self.rows), *_switch_hints(self.rows), *findings)

    @property
    def is_good(self) -> bool:
        """Returns whether something runs by itself and nothing is to be told of it."""
        return any(row.enabled for row in self.rows) and not self.hints

    @property
    def good_news(self) -> str:
        """Returns what is said where there is nothing to be told."""
        if not self._stored or self.hints:
            return ""
        if self.is_good:
            return _("Die Zeitpläne passen zusammen.")
        return _("Kein Auftrag ist aktiviert: Es läuft nichts von selbst. Die gewünschten Aufträge in der Spalte «Aktiviert» ankreuzen.")

    def _pause_hint(self) -> Iterator[str]:
        if self._pause is None:
            return
        held = _("das Senden") if self._pause.scope is PauseScope.SENDING else _("alle Aufträge")
        if self._pause.until is None:
            yield _("{who} hat {what} angehalten, bis jemand im Menü des Symbols «Fortsetzen» wählt.").format(
                who=self._pause.paused_by, what=held
            )
        else:
            until = format_datetime(self._pause.until.astimezone(self._zone))
            yield _("{who} hat {what} bis {until} angehalten.").format(who=self._pause.paused_by, what=held, until=until)

    def result_text(self, row: JobRow) -> str:
        """Returns the column *Letztes Ergebnis* in one line: when, what came of it, and what it waits for."""
        run, waiting = row.shown_run, self._waiting_text(row)
        if run is None:
            return waiting or _("noch nie gelaufen")
        result = self._outcome(run, waits=row.waits)
        return _("{result}, {waiting}").format(result=result, waiting=waiting) if waiting else result

    def _outcome(self, run: Run, *, waits: bool) -> str:
        """Returns when a run was and what came of it; the word of its state, unless its sentence is that of a success."""
        when, status, said = self._when(run.started_at or run.due_at), state_title(run.state), run.sentence.rstrip(".")
        if run.state is RunState.RUNNING:
            return _("läuft seit {time}").format(time=self._near_time(run.started_at or run.due_at))
        if not said:
            return _("{time}: {status}").format(time=when, status=status)
        if waits or run.state is RunState.SUCCEEDED:
            return _("{time}: {result}").format(time=when, result=said)
        return _("{time}, {status}: {result}").format(time=when, status=status, result=said)

    def result_details(self, row: JobRow) -> str:
        """Returns what is told of the last result besides: when the last run was, and its sentence."""
        run = row.shown_run
        if run is None:
            return ""
        at = format_datetime((run.started_at or run.due_at).astimezone(self._zone))
        last = _("{status}, {time} auf {workstation}").format(status=state_title(run.state), time=at, workstation=run.workstation)
        return "\n".join([last, *([run.sentence] if run.sentence else [])])

    def _waiting_text(self, row: JobRow) -> str:
        owed, now = row.stored.owed, self._now
        if now is None:
            return ""
        if row.waits and owed and owed.next_at and owed.next_at > now and owed.reason != RunReason.NOT_ABLE:
            return _("nächster Versuch {time}").format(time=self._near_time(owed.next_at))
        return row.stored.waiting_text(self._zone, now)

    def next_text(self, row: JobRow) -> str:
        """Returns the column *Nächster Lauf*."""
        if row.next_at is not None:
            return self._when(row.next_at)
        return _("nie mehr") if row.enabled else _("nicht aktiviert")

    def schedule_text(self, row: JobRow) -> str:
        """Returns a job's schedule in a few words, as it stands below its name."""
        return summarize_briefly(row.schedule, self._now.astimezone(self._zone).date()) if self._now else summarize(row.schedule)

    def _near_time(self, at: datetime) -> str:
        """Returns a time as one says it: 10:10, morgen 10:10, 24.11.2026 10:10."""
        local = at.astimezone(self._zone)
        return short_time(local, self._now.astimezone(self._zone)) if self._now else format_datetime(local)

    def _when(self, at: datetime) -> str:
        """Returns the same, with its day also where that is today."""
        local = at.astimezone(self._zone)
        is_today = self._now is not None and local.date() == self._now.astimezone(self._zone).date()
        return _("heute {time}").format(time=format_time(local)) if is_today else self._near_time(at)


def who_runs_them(workstations: Sequence[str]) -> str:
    """Returns who runs the jobs, as a sentence; "" while nobody is there.

    Args:
        workstations: those that are on, each once or more.
    """
    names = sorted(set(workstations))
    if not names:
        return ""
    if len(names) == 1:
        return _("{workstation} führt die Aufträge aus.").format(workstation=names[0])
    sentence = ngettext(
        "Jeden Auftrag führt einer der {number} Arbeitsplätze aus, die an sind.",
        "Jeden Auftrag führt einer der {number} Arbeitsplätze aus, die an sind.",
        len(names),
    )
    return sentence.format(number=len(names))


def run_question(key: JobKey) -> tuple[str, str, str] | None:
    """Returns what is asked before a job runs by hand whose work can't be taken back: question, consequence, the button's words."""
    if not job_kind(key).wakes_people:
        return None
    return (
        _("Alle aufbereiteten Mitteilungen jetzt senden?"),
        _("Was gesendet ist, lässt sich nicht zurückholen. In der Ruhezeit wird auch jetzt nicht gesendet."),
        _("Jetzt &senden"),
    )


def send_question(waiting: Waiting, zone: tzinfo) -> tuple[str, str, str, str]:
    """Returns what is asked where messages wait and sending does not run any more today: question, consequence, yes, no."""
    if waiting.next_at is None:
        planned = _("Es ist kein weiteres Senden geplant.")
    else:
        planned = _("Das nächste Senden ist am {time} geplant.").format(time=format_datetime(waiting.next_at.astimezone(zone)))
    left = _("Sonst bleibt alles vorbereitet; wer zu spät erinnert würde, steht auf der «Anrufliste».")
    waits = _("{waiting}.").format(waiting=waiting_words(waiting))
    return _("Mitteilungen jetzt senden?"), f"{waits} {planned} {left}", _("Jetzt &senden"), _("&Nein")


def abandon_question(row: JobRow) -> tuple[str, str, str]:
    """Returns what is asked before a person ends what is tried again: question, consequence, the button's words."""
    consequence = (
        _("Was noch vorbereitet ist, wartet bis zum nächsten geplanten Lauf. Wer dann zu spät erinnert würde, steht auf der «Anrufliste».")
        if row.stored.key is JobKey.SEND_MESSAGES
        else _("Der Rest wartet bis zum nächsten geplanten Lauf.")
    )
    return _("{job}: nicht weiter versuchen?").format(job=row.title), consequence, _("&Nicht weiter versuchen")


def _mistake_hints(rows: Sequence[JobRow]) -> Iterator[str]:
    for row in rows:
        if row.stored.mistake and not row.changed:
            yield unusable_schedule_sentence(row.stored.title, row.stored.mistake)


def _switch_hints(rows: Sequence[JobRow]) -> Iterator[str]:
    for row in rows:
        if row.enabled and not row.stored.switched_on:
            yield _("«{job}» ist aktiviert, wird aber nicht ausgeführt: Der Schalter {switch} steht auf Nein.").format(
                job=row.title, switch=row.stored.switch_name
            )
