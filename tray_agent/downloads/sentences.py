"""What the Download-Service writes to the activity log: one row for everything done, refused or failed."""

from __future__ import annotations

from tray_agent.downloads.catalogue import ElementVersion, Refusal
from tray_agent.downloads.download_rows import Download
from tray_agent.downloads.sizes import format_size
from tray_agent.downloads.subscriptions import Subscription
from tray_agent.errors import KnownError
from tray_agent.file_faults import why_of
from tray_agent.i18n import _
from tray_agent.job_kinds import Service
from tray_agent.protocol.model import Activity, Level

SELF = "vitoclient-Services"
"""Who changed a state that no person changed."""


def name_of(version: ElementVersion | Download) -> str:
    """Returns element and version for people: "Update vitomed 2.69.001"."""
    return f"{version.title} {version.version}"


def offered(version: ElementVersion) -> Activity:
    """A version is here, verified, and waits for a person."""
    sentence = _("{name} heruntergeladen und geprüft ({size}); bereit zur Installation.")
    return _activity(Level.INFO, "downloaded", version.element, sentence.format(name=name_of(version), size=format_size(version.size)))


def failed(version: ElementVersion, error: KnownError) -> Activity:
    """A version could not be brought here."""
    return _activity(Level.ERROR, error.code, version.element, str(error))


def superseded(version: ElementVersion) -> Activity:
    """A version was replaced on the portal while it was on its way."""
    sentence = _("{name} wurde während des Herunterladens auf dem Portal ersetzt und verworfen.")
    return _activity(Level.INFO, "superseded", version.element, sentence.format(name=name_of(version)))


def withdrawn(download: Download) -> Activity:
    """The vendor does not offer a version any more that waited for a person."""
    sentence = _("{name} wird vom Hersteller nicht mehr angeboten und deshalb nicht mehr zur Installation vorgeschlagen.")
    return _activity(Level.WARNING, "withdrawn", download.element, sentence.format(name=name_of(download)))


def file_lost(version: ElementVersion | Download, *, changed: bool) -> Activity:
    """A file that was here is missing or is not the signed one any more."""
    if changed:
        sentence = _("Die Datei von {name} wurde nach dem Herunterladen verändert; sie wurde entfernt und wird neu geholt.")
        return _activity(Level.WARNING, "file_changed", version.element, sentence.format(name=name_of(version)))
    sentence = _("Die Datei von {name} fehlt im Download-Ordner; sie wird neu geholt.")
    return _activity(Level.WARNING, "file_missing", version.element, sentence.format(name=name_of(version)))


def folder_silent(download: Download, error: OSError) -> Activity:
    """The download folder does not answer."""
    sentence = _("Die Datei von {name} kann nicht gelesen werden ({why}). Verbindung zum Download-Ordner und Rechte prüfen.")
    return _activity(Level.ERROR, "file_error", download.element, sentence.format(name=name_of(download), why=why_of(error)))


def not_removed(version: ElementVersion | Download, error: Exception) -> Activity:
    """An old or wrong file can't be removed now."""
    sentence = _("Die Datei von {name} kann nicht entfernt werden ({why}); der nächste Lauf versucht es wieder.")
    return _activity(Level.WARNING, "not_removed", version.element, sentence.format(name=name_of(version), why=error))


def refused(refusal: Refusal) -> Activity:
    """A row of the portal can't be offered."""
    return _activity(Level.ERROR, refusal.reason.value, refusal.element, refusal.sentence)


def gone(subscription: Subscription) -> Activity:
    """A subscribed element is not on the portal any more."""
    sentence = _("Das Portal bietet das abonnierte Element «{title}» nicht mehr an. Im Online-Portal kann das Abonnement beendet werden.")
    return _activity(Level.WARNING, "not_on_portal", subscription.element, sentence.format(title=subscription.title))


def handed_over(download: Download, reason: str, sentence: str, *, error: bool = False) -> Activity:
    """What became of an installation."""
    return _activity(Level.ERROR if error else Level.INFO, reason, download.element, sentence)


def _activity(level: Level, reason: str, element: str | None, sentence: str) -> Activity:
    return Activity(Service.DOWNLOADS, level, reason, sentence, element)
