"""What can go wrong with portal, transfer and installation, and can be mended by the user or the environment."""

from __future__ import annotations

import errno
from enum import StrEnum
from typing import TYPE_CHECKING

from tray_agent.errors import KnownError, UnavailableError
from tray_agent.file_faults import why_of
from tray_agent.i18n import N_, _, format_number
from tray_agent.platforms.pinned import is_planted

if TYPE_CHECKING:
    from tray_agent.web.causes import Why


class PortalUnavailableError(UnavailableError):
    """The portal does not answer, or answers with an error; later it may."""

    code = "portal_unavailable"


class PortalUntrustedError(KnownError):
    """What the portal sent is not what the vendor signed: wrong keys, expired, older than known, mixed."""

    code = "portal_untrusted"


class FolderUnavailableError(UnavailableError):
    """The download folder can't be reached; later it may."""

    code = "folder_unavailable"


class InstallRefusedError(KnownError):
    """A download was not started: it is missing, changed, or not signed as it must be."""

    code = "install_refused"


class TransferFault(StrEnum):
    """Why a file could not be transferred."""

    UNREACHABLE = "unreachable"
    REFUSED = "http_error"
    REDIRECT = "redirect"
    STALLED = "stalled"
    BROKEN_OFF = "broken_off"
    LENGTH = "wrong_length"
    TOO_LONG = "too_long"
    RANGE = "wrong_range"
    HASH = "hash_mismatch"
    PUT_OFF = "put_off"
    """At the server's rate it would end after the next two planned times."""

    RUN_OVER = "run_over"
    """The run that brought it has lasted as long as a run may."""

    SPACE = "no_space"
    TOO_LARGE = "too_large"
    PLANTED = "planted"
    """A link stands where the file or its folder should."""

    BUSY = "busy"
    FILE = "file_error"

    @property
    def passes(self) -> bool:
        """Returns whether the same may succeed a little later, without the vendor or the practice doing anything."""
        return self in (
            TransferFault.UNREACHABLE, TransferFault.REFUSED, TransferFault.STALLED, TransferFault.BROKEN_OFF, TransferFault.RANGE,
            TransferFault.SPACE, TransferFault.BUSY, TransferFault.FILE, TransferFault.RUN_OVER,
        )  # fmt: skip


_GOES_ON = N_("Der nächste Lauf fährt von selbst fort.")
_TELL_VENDOR = N_("Den Hersteller benachrichtigen, wenn es morgen noch so ist.")
_TRANSFER_WORDS = {
    TransferFault.UNREACHABLE: (N_("Das Portal antwortet nicht ({detail})."), _GOES_ON),
    TransferFault.REFUSED: (N_("Das Portal liefert die Datei nicht (Antwort {detail})."), _GOES_ON),
    TransferFault.REDIRECT: (
        N_("Das Portal verweist auf eine fremde Adresse oder im Kreis ({detail})."),
        N_("Proxy und Anmeldung am Netz prüfen, sonst den Hersteller benachrichtigen."),
    ),
    TransferFault.STALLED: (N_("Das Portal liefert nichts mehr oder viel zu langsam."), _GOES_ON),
    TransferFault.BROKEN_OFF: (N_("Die Übertragung brach mehrmals ab."), _GOES_ON),
    TransferFault.LENGTH: (N_("Das Portal liefert eine andere Dateigrösse als die unterschriebene ({detail} Bytes)."), _TELL_VENDOR),
    TransferFault.TOO_LONG: (N_("Das Portal liefert mehr Bytes als die unterschriebene Dateigrösse."), _GOES_ON),
    TransferFault.RANGE: (N_("Das Portal setzt die Übertragung an einer falschen Stelle fort."), _GOES_ON),
    TransferFault.HASH: (N_("Die Datei ist nicht die, die der Hersteller unterschrieben hat (Prüfsumme falsch)."), _TELL_VENDOR),
    TransferFault.PUT_OFF: (
        N_("Das Portal liefert so langsam ({detail}), dass die Übertragung zurückgestellt ist; was schon da ist, bleibt."),
        N_("Die Internetverbindung prüfen. Der nächste geplante Lauf versucht es von selbst wieder; «Noch einmal herunterladen» sofort."),
    ),
    TransferFault.RUN_OVER: (
        N_("Der Lauf endete nach {detail} Stunden, bevor die Datei ganz da war; was da ist, bleibt."),
        _GOES_ON,
    ),
    TransferFault.SPACE: (
        N_("Auf dem Laufwerk des Download-Ordners fehlen {missing} MB."),
        N_("Platz schaffen oder den Download-Ordner verlegen; der nächste Lauf fährt fort."),
    ),
    TransferFault.TOO_LARGE: (
        N_("Die Datei ist grösser als erlaubt ({limit} MB)."),
        N_("Den Schalter DownloadService.GrössteDatei erhöhen, wenn die Datei gewünscht ist."),
    ),
    TransferFault.BUSY: (N_("Die Datei wird gerade von einem anderen Programm oder Arbeitsplatz heruntergeladen."), ""),
    TransferFault.PLANTED: (
        N_("Im Download-Ordner steht etwas, was nicht von diesem Programm ist: {detail}. Nichts wurde geschrieben."),
        N_("Die Verknüpfung entfernen und klären, wer sie angelegt hat und wer in diesen Ordner schreiben darf."),
    ),
    TransferFault.FILE: (
        N_("Die Datei kann nicht gespeichert werden ({detail})."),
        N_("Schreibrechte und Verbindung zum Download-Ordner prüfen."),
    ),
}
"""What each fault means for a practice, and what to do now."""

_MEGABYTE = 1_000_000


def is_full(error: OSError) -> bool:
    """Returns whether an error means that there is no room on the drive, or for this account on it."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT) or getattr(error, "winerror", None) in (39, 112)  # ERROR_(HANDLE_)DISK_FULL


class TransferError(KnownError):
    """A file could not be transferred; what was there before is still there.

    Args:
        fault: what went wrong.
        title: element and version, for people.
        detail: what the server or the system said, short; or how many bytes are missing or allowed.
        why: the cause on the way to the server, where it is known: its words are told then.
    """

    code = "transfer"

    def __init__(self, fault: TransferFault, title: str, detail: str | int = "", why: Why | None = None) -> None:
        message, advice = _TRANSFER_WORDS[fault]
        value = format_number(-(-detail // _MEGABYTE)) if isinstance(detail, int) else detail or "?"
        super().__init__(
            _("{title} nicht heruntergeladen").format(title=title),
            why.sentence if why else _(message).format(detail=value, missing=value, limit=value),
            why.advice if why else _(advice) if advice else "",
            item=title,
        )
        self.fault = fault
        self.code = fault.value

    @classmethod
    def of_system(cls, error: OSError, title: str) -> TransferError:
        """Returns the error for what the system refused while writing."""
        if is_full(error):
            return cls(TransferFault.SPACE, title, _MEGABYTE)
        return cls(TransferFault.PLANTED if is_planted(error) else TransferFault.FILE, title, why_of(error))
