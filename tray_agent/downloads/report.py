"""What the Download-Service tells: a row of the activity log for everything done, refused or failed; a run's counts and sentence."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from tray_agent.downloads.catalogue import RefusedTarget
from tray_agent.downloads.choice import NotFetched
from tray_agent.downloads.errors import TransferError, TransferFault
from tray_agent.downloads.model import ElementVersion, InstallOutcome, Subscription
from tray_agent.downloads.words import format_size, recall_sentence
from tray_agent.errors import KnownError, UnavailableError
from tray_agent.i18n import N_, _, join_texts, ngettext
from tray_agent.job_kinds import Service
from tray_agent.jobs.contract import JobResult
from tray_agent.jobs.owed import Rest
from tray_agent.protocol.model import Activity, Level

PROGRAM = "vitoclient-Services"
"""Who changed a state that no person changed."""


class Happened(StrEnum):
    """What a row of the activity log is about; faults of a transfer, refused targets and outcomes have codes of their own."""

    DOWNLOADED = "downloaded"
    FETCHED_AGAIN = "fetched_again"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    RECALLED = "recalled"
    FILE_CHANGED = "file_changed"
    FILE_MISSING = "file_missing"
    FILE_ERROR = "file_error"
    NOT_REMOVED = "not_removed"
    NOT_ON_PORTAL = "not_on_portal"


class DownloadCount(StrEnum):
    """What a run counts."""

    DOWNLOADED = "downloaded"
    WOULD_DOWNLOAD = "would_download"
    UP_TO_DATE = "up_to_date"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    LOST = "lost"
    PRUNED = "pruned"
    BYTES = "bytes"


_TEXTS = {
    Happened.DOWNLOADED: (Level.INFO, N_("{name} heruntergeladen und geprüft ({size}); bereit zur Installation.")),
    Happened.FETCHED_AGAIN: (Level.INFO, N_("{name} auf Wunsch noch einmal geholt und geprüft ({size}).")),
    Happened.SUPERSEDED: (Level.INFO, N_("{name} wurde während des Herunterladens auf dem Portal ersetzt und verworfen.")),
    Happened.WITHDRAWN: (
        Level.WARNING,
        N_("{name} wird vom Hersteller nicht mehr angeboten und deshalb nicht mehr zur Installation vorgeschlagen."),
    ),
    Happened.FILE_CHANGED: (
        Level.WARNING,
        N_("Die Datei von {name} wurde nach dem Herunterladen verändert; sie wurde entfernt und wird neu geholt."),
    ),
    Happened.FILE_MISSING: (Level.WARNING, N_("Die Datei von {name} fehlt im Download-Ordner; sie wird neu geholt.")),
    Happened.FILE_ERROR: (
        Level.ERROR,
        N_("Die Datei von {name} kann nicht gelesen werden ({why}). Verbindung zum Download-Ordner und Rechte prüfen."),
    ),
    Happened.NOT_REMOVED: (
        Level.WARNING,
        N_("Die Datei von {name} kann nicht entfernt werden ({why}); der nächste Lauf versucht es wieder."),
    ),
    Happened.NOT_ON_PORTAL: (
        Level.WARNING,
        N_("Das Portal bietet das abonnierte Element «{title}» nicht mehr an. Im Online-Portal kann das Abonnement beendet werden."),
    ),
}


def activity_of(happened: Happened, version: ElementVersion, why: object = "") -> Activity:
    """Returns the row for what happened to a version; ``why`` is what the system said."""
    level, text = _TEXTS[happened]
    sentence = _(text).format(name=version.name, size=format_size(version.size), why=why)
    return Activity(Service.DOWNLOADS, level, happened.value, sentence, version.element)


def failed(version: ElementVersion, error: KnownError) -> Activity:
    """Returns the row for a version that could not be brought here, or not be started."""
    return Activity(Service.DOWNLOADS, Level.ERROR, error.code, str(error), version.element)


def not_brought(error: KnownError, version: ElementVersion | None) -> Activity:
    """Returns the row for what a workstation could not bring into its own folder; None: nothing, for what all ask for is away.

    It tries again by itself: what may pass is a warning.
    """
    passes = error.fault.passes if isinstance(error, TransferError) else isinstance(error, UnavailableError)
    level = Level.WARNING if passes else Level.ERROR
    return Activity(Service.DOWNLOADS, level, error.code, str(error), version.element if version else None)


def recalled(version: ElementVersion) -> Activity:
    """Returns the row for a version that is known here and that the vendor called back."""
    sentence = join_texts(
        recall_sentence(version.recall, version.name) if version.recall else "",
        _("Wo sie installiert ist, den Hersteller fragen, was zu tun ist."),
    )
    return Activity(Service.DOWNLOADS, Level.ERROR, Happened.RECALLED.value, sentence, version.element)


def refused(target: RefusedTarget) -> Activity:
    """Returns the row for what the portal describes wrongly."""
    return Activity(Service.DOWNLOADS, Level.ERROR, target.reason.value, target.sentence, target.element)


def not_on_portal(subscription: Subscription) -> Activity:
    """Returns the row for a subscribed element that is not on the portal any more."""
    level, text = _TEXTS[Happened.NOT_ON_PORTAL]
    return Activity(Service.DOWNLOADS, level, Happened.NOT_ON_PORTAL.value, _(text).format(title=subscription.title), subscription.element)


def handed_over(version: ElementVersion, outcome: InstallOutcome, sentence: str) -> Activity:
    """Returns the row for what became of an installation."""
    level = Level.ERROR if outcome is InstallOutcome.FAILED else Level.INFO
    return Activity(Service.DOWNLOADS, level, outcome.value, sentence, version.element)


class DownloadTally:
    """Counts while a run goes on, and says in the end in one sentence what it did."""

    def __init__(self) -> None:
        self.problems = 0
        self.counts: Counter[DownloadCount] = Counter()
        self.skipped: Counter[NotFetched] = Counter()
        self._left: list[TransferFault] = []

    def failed(self, error: KnownError) -> None:
        """Counts a version that could not be brought here, and notes whether another attempt may bring it."""
        self.counts[DownloadCount.FAILED] += 1
        if isinstance(error, TransferError) and error.fault.passes:
            self._left.append(error.fault)

    def result(self) -> JobResult:
        """Returns the run's result."""
        counts = {what.value: number for what, number in self.counts.items()}
        skipped = {reason.value: number for reason, number in self.skipped.items()}
        progressed = self.counts[DownloadCount.DOWNLOADED] > 0
        rest = Rest(self._left[0].value, len(self._left), progressed=progressed) if self._left else None
        return JobResult(counts, skipped, self.problems, self._sentence(), rest)

    def _sentence(self) -> str:
        parts = [
            (self.counts[DownloadCount.DOWNLOADED], _("{count} heruntergeladen und geprüft")),
            (self.counts[DownloadCount.WOULD_DOWNLOAD], _("{count} würde heruntergeladen")),
            (self.counts[DownloadCount.FAILED], _("{count} fehlgeschlagen")),
            (self.counts[DownloadCount.SUPERSEDED], _("{count} unterwegs durch eine neuere Version ersetzt")),
            (self.counts[DownloadCount.WITHDRAWN], _("{count} vom Hersteller zurückgezogen")),
            (self.skipped[NotFetched.NOT_ON_PORTAL], _("{count} abonniert, aber nicht auf dem Portal")),
        ]
        done = join_texts(*(text.format(count=count) for count, text in parts if count), separator=", ")
        # What happened comes first; that all is up to date is told only where nothing did.
        if done:
            return _("Downloads: {parts}.").format(parts=done)
        current = self.skipped[NotFetched.UP_TO_DATE] + self.skipped[NotFetched.INSTALLED]
        if current:
            return ngettext(
                "Das abonnierte Element ist auf dem neuesten Stand.",
                "Alle {count} abonnierten Elemente sind auf dem neuesten Stand.",
                current,
            ).format(count=current)
        return _("Kein Element ist abonniert.") if not self.skipped else _("Nichts herunterzuladen.")
