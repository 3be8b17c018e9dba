"""The errors of jobs that a person can mend, and what any other fault means for the engine.

A log file gets the place where a fault happened, never the values it happened with: messages of exceptions can hold what a
database statement was given, patients' names included.
"""

from __future__ import annotations

import traceback

from sqlalchemy.exc import DBAPIError

from tray_agent.errors import InputError, KnownError, UnavailableError
from tray_agent.i18n import N_, _, format_date
from tray_agent.job_kinds import JobKey, job_title
from tray_agent.jobs.model import Presence
from tray_agent.store.faults import Fault, fault_of


class UnknownJobError(InputError):
    """There is no job of that name."""

    code = "unknown_job"


class ChangedElsewhereError(KnownError):
    """Somebody else saved the same job in between; nothing was saved."""

    code = "changed_elsewhere"


class JobRefusedError(KnownError):
    """A job may not run now.

    Args:
        job: which.
        values: what the message names besides the job.
    """

    words: tuple[str, str, str]
    """Title, message and advice; source texts."""

    def __init__(self, job: JobKey, **values: str) -> None:
        title, message, advice = map(_, self.words)
        super().__init__(title, message.format(job=job_title(job), **values), advice, item=job.value)


class JobBusyError(JobRefusedError):
    """The job runs already, here or on another computer; a job never runs twice at a time."""

    code = "job_busy"
    words = (
        N_("Auftrag läuft bereits"),
        N_("«{job}» läuft gerade auf dem Arbeitsplatz {workstation}; ein Auftrag läuft nie zweimal gleichzeitig."),
        N_("Warten, bis der Lauf beendet ist."),
    )


class JobSwitchedOffError(JobRefusedError):
    """The job's switch (Schalter) stands on Nein."""

    code = "switch_off"
    words = (
        N_("Auftrag ausgeschaltet"),
        N_("«{job}» wurde nicht ausgeführt, weil der Schalter {switch} auf Nein steht."),
        N_("Den Schalter auf Ja stellen, wenn der Auftrag laufen soll."),
    )


class JobUnableError(JobRefusedError):
    """This workstation lacks something without which the job can't run here."""

    code = "unable_here"
    words = (
        N_("Auftrag hier nicht möglich"),
        N_("«{job}» wurde nicht ausgeführt, weil es dieser Arbeitsplatz nicht kann: {lacks}."),
        N_("Was fehlt, unter «Einrichten» nachtragen, oder den Auftrag an einem anderen Arbeitsplatz ausführen."),
    )


class JobsPausedError(JobRefusedError):
    """The practice paused this kind of job."""

    code = "paused"
    words = (
        N_("Aufträge angehalten"),
        N_("«{job}» wurde nicht ausgeführt, weil die Praxis diese Aufträge angehalten hat."),
        N_("Im Menü des Symbols «Fortsetzen» wählen, wenn wieder gesendet werden soll."),
    )


class JobNotOfferedError(JobRefusedError):
    """This program has no work for the job: its part is not configured here."""

    code = "not_offered"
    words = (
        N_("Auftrag hier nicht eingerichtet"),
        N_("«{job}» kann auf diesem Arbeitsplatz nicht ausgeführt werden, weil die Angaben dazu fehlen."),
        N_("Die Konfiguration prüfen: «vitoclient doctor»."),
    )


class StoreCopiedError(UnavailableError):
    """This embedded store comes from another computer, whose agent used it lately and may go on; nothing is sent until a person answers.

    Args:
        other: that agent.
    """

    code = "store_copied"

    def __init__(self, other: Presence) -> None:
        super().__init__(
            _("Datenbank eines anderen Computers"),
            _(
                "Mit dieser Datenbank arbeitete bis {date} der Agent auf {workstation}. Läuft er dort weiter, erhielten alle Patienten "
                "ihre Mitteilungen doppelt; bis jemand antwortet, wird von hier nichts gesendet."
            ).format(date=format_date(other.seen_at), workstation=other.workstation),
            _("Auf {workstation} den Agenten beenden und entfernen; es dann mit «vitoclient db adopt» bestätigen.").format(
                workstation=other.workstation
            ),
            item=other.workstation,
        )


def trace_of(error: BaseException) -> str:
    """Returns the kinds of an exception and its causes with their places in the code, without their messages."""
    parts = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = "".join(f"  {frame.filename}:{frame.lineno} {frame.name}\n" for frame in traceback.extract_tb(current.__traceback__))
        parts.append(f"{type(current).__module__}.{type(current).__qualname__}\n{frames}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "after\n".join(parts)


def is_temporary(error: BaseException) -> bool:
    """Returns whether the same may succeed a little later: something outside does not answer, or a database refused a step.

    A statement that the database refuses may be a fault of ours; tried again it does no harm, and far more often it is the database
    that changed: a right that lacks, a table that somebody rebuilds, a number that nobody foresaw.
    """
    return isinstance(error, DBAPIError | UnavailableError)


def is_fault(error: BaseException) -> bool:
    """Returns whether nobody foresaw an error, so that the log file gets the place where it happened."""
    if isinstance(error, DBAPIError):
        return fault_of(error) in (Fault.OTHER, Fault.DUPLICATE_KEY)
    return not isinstance(error, UnavailableError)
