"""What the Download-Service tells: a row of the activity log for everything done, refused or failed; a run's counts and sentence."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from tray_agent.downloads.catalogue import RefusedTarget
from tray_agent.downloads.choice import NotFetched
from tray_agent.downloads.model import ElementVersion
from tray_agent.downloads.subscriptions import Subscription
from tray_agent.downloads.words import format_size
from tray_agent.errors import KnownError
from tray_agent.file_faults import why_of
from tray_agent.i18n import _, join_texts, ngettext
from tray_agent.jobs.contract import JobResult
from tray_agent.protocol.model import Activity, Level, Service

PROGRAM = "vitoclient-Services"
"""Who changed a state that no person changed."""


class Happened(StrEnum):
    """What a row of the activity log is about; faults of a transfer, refused targets and outcomes have codes of their own."""

    DOWNLOADED = "downloaded"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    FILE_CHANGED = "file_changed"
    FILE_MISSING = "file_missing"
    FILE_ERROR = "file_error"
    NOT_REMOVED = "not_removed"
    NOT_ON_PORTAL = "not_on_portal"


class Counted(StrEnum):
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


def offered(version: ElementVersion) -> Activity:
    """A version is here, verified, and waits for a person."""
    sentence = _("{name} heruntergeladen und geprüft ({size}); bereit zur Installation.")
    return _activity(Level.INFO, Happened.DOWNLOADED, version, sentence.format(name=version.name, size=format_size(version.size)))


def failed(version: ElementVersion, error: KnownError) -> Activity:
    """A version could not be brought here."""
    return _activity(Level.ERROR, error.code, version, str(error))


def superseded(version: ElementVersion) -> Activity:
    """A version was replaced on the portal while it was on its way."""
    sentence = _("{name} wurde während des Herunterladens auf dem Portal ersetzt und verworfen.")
    return _activity(Level.INFO, Happened.SUPERSEDED, version, sentence.format(name=version.name))


def withdrawn(version: ElementVersion) -> Activity:
    """The vendor does not offer a version any more that waited for a person."""
    sentence = _("{name} wird vom Hersteller nicht mehr angeboten und deshalb nicht mehr zur Installation vorgeschlagen.")
    return _activity(Level.WARNING, Happened.WITHDRAWN, version, sentence.format(name=version.name))


def file_changed(version: ElementVersion) -> Activity:
    """A file that was here is not the signed one any more."""
    sentence = _("Die Datei von {name} wurde nach dem Herunterladen verändert; sie wurde entfernt und wird neu geholt.")
    return _activity(Level.WARNING, Happened.FILE_CHANGED, version, sentence.format(name=version.name))


def file_missing(version: ElementVersion) -> Activity:
    """A file that was here is missing."""
    sentence = _("Die Datei von {name} fehlt im Download-Ordner; sie wird neu geholt.")
    return _activity(Level.WARNING, Happened.FILE_MISSING, version, sentence.format(name=version.name))


def folder_silent(version: ElementVersion, error: OSError) -> Activity:
    """The download folder does not answer."""
    sentence = _("Die Datei von {name} kann nicht gelesen werden ({why}). Verbindung zum Download-Ordner und Rechte prüfen.")
    return _activity(Level.ERROR, Happened.FILE_ERROR, version, sentence.format(name=version.name, why=why_of(error)))


def not_removed(version: ElementVersion, error: Exception) -> Activity:
    """An old or wrong file can't be removed now."""
    sentence = _("Die Datei von {name} kann nicht entfernt werden ({why}); der nächste Lauf versucht es wieder.")
    return _activity(Level.WARNING, Happened.NOT_REMOVED, version, sentence.format(name=version.name, why=error))


def refused(target: RefusedTarget) -> Activity:
    """A row of the portal can't be offered."""
    return Activity(Service.DOWNLOADS, Level.ERROR, target.reason.value, target.sentence, target.element)


def gone(subscription: Subscription) -> Activity:
    """A subscribed element is not on the portal any more."""
    sentence = _("Das Portal bietet das abonnierte Element «{title}» nicht mehr an. Im Online-Portal kann das Abonnement beendet werden.")
    sentence = sentence.format(title=subscription.title)
    return Activity(Service.DOWNLOADS, Level.WARNING, Happened.NOT_ON_PORTAL.value, sentence, subscription.element)


def handed_over(version: ElementVersion, reason: str, sentence: str, *, error: bool = False) -> Activity:
    """What became of an installation."""
    return _activity(Level.ERROR if error else Level.INFO, reason, version, sentence)


def _activity(level: Level, reason: str, version: ElementVersion, sentence: str) -> Activity:
    return Activity(Service.DOWNLOADS, level, str(reason), sentence, version.element)


class DownloadTally:
    """Counts while a run goes on, and says in the end in one sentence what it did."""

    def __init__(self) -> None:
        self.problems = 0
        self._counts: Counter[Counted] = Counter()
        self._skipped: Counter[NotFetched] = Counter()

    def count(self, what: Counted, number: int = 1) -> None:
        """Counts something done; of ``BYTES`` how many."""
        self._counts[what] += number

    def skip(self, reason: NotFetched, number: int = 1) -> None:
        """Counts something that was not done, by its reason."""
        self._skipped[reason] += number

    def result(self) -> JobResult:
        """Returns the run's result."""
        counts = {what.value: number for what, number in self._counts.items()}
        return JobResult(counts, {reason.value: number for reason, number in self._skipped.items()}, self.problems, self._sentence())

    def _sentence(self) -> str:
        parts = [
            (self._counts[Counted.DOWNLOADED], _("{count} heruntergeladen und geprüft")),
            (self._counts[Counted.WOULD_DOWNLOAD], _("{count} würde heruntergeladen")),
            (self._counts[Counted.FAILED], _("{count} fehlgeschlagen")),
            (self._counts[Counted.SUPERSEDED], _("{count} unterwegs durch eine neuere Version ersetzt")),
            (self._counts[Counted.WITHDRAWN], _("{count} vom Hersteller zurückgezogen")),
            (self._skipped[NotFetched.NOT_ON_PORTAL], _("{count} abonniert, aber nicht auf dem Portal")),
        ]
        done = join_texts(*(text.format(count=count) for count, text in parts if count), separator=", ")
        if done:
            return _("Downloads: {parts}.").format(parts=done)
        current = self._skipped[NotFetched.UP_TO_DATE] + self._skipped[NotFetched.INSTALLED]
        if current:
            return ngettext(
                "Das abonnierte Element ist auf dem neuesten Stand.",
                "Alle {count} abonnierten Elemente sind auf dem neuesten Stand.",
                current,
            ).format(count=current)
        return _("Kein Element ist abonniert.") if not self._skipped else _("Nichts herunterzuladen.")
