"""What a failed transfer means for a practice, in words."""

from __future__ import annotations

import errno

from tray_agent.downloads.errors import TransferError, TransferFault
from tray_agent.errors import KnownError
from tray_agent.file_faults import why_of
from tray_agent.i18n import N_, _, format_number

_MEGABYTE = 1_000_000

_MESSAGES = {
    TransferFault.UNREACHABLE: N_("Das Portal antwortet nicht ({detail})."),
    TransferFault.REFUSED: N_("Das Portal liefert die Datei nicht (Antwort {detail})."),
    TransferFault.REDIRECT: N_("Das Portal verweist auf eine fremde Adresse oder im Kreis ({detail})."),
    TransferFault.STALLED: N_("Das Portal liefert nichts mehr oder viel zu langsam."),
    TransferFault.BROKEN_OFF: N_("Die Übertragung brach mehrmals ab."),
    TransferFault.LENGTH: N_("Das Portal liefert eine andere Dateigrösse als die unterschriebene ({detail} Bytes)."),
    TransferFault.TOO_LONG: N_("Das Portal liefert mehr Bytes als die unterschriebene Dateigrösse."),
    TransferFault.RANGE: N_("Das Portal setzt die Übertragung an einer falschen Stelle fort."),
    TransferFault.HASH: N_("Die Datei ist nicht die, die der Hersteller unterschrieben hat (Prüfsumme falsch)."),
    TransferFault.SPACE: N_("Auf dem Laufwerk des Download-Ordners fehlen {missing} MB."),
    TransferFault.TOO_LARGE: N_("Die Datei ist grösser als erlaubt ({limit} MB)."),
    TransferFault.BUSY: N_("Die Datei wird gerade von einem anderen Programm oder Arbeitsplatz heruntergeladen."),
    TransferFault.FILE: N_("Die Datei kann nicht gespeichert werden ({detail})."),
}

_ADVICE = {
    TransferFault.SPACE: N_("Platz schaffen oder den Download-Ordner verlegen; der nächste Lauf fährt fort."),
    TransferFault.TOO_LARGE: N_("Den Schalter DownloadService.GrössteDatei erhöhen, wenn die Datei gewünscht ist."),
    TransferFault.FILE: N_("Schreibrechte und Verbindung zum Download-Ordner prüfen."),
    TransferFault.HASH: N_("Den Hersteller benachrichtigen, wenn es morgen noch so ist."),
    TransferFault.LENGTH: N_("Den Hersteller benachrichtigen, wenn es morgen noch so ist."),
    TransferFault.REDIRECT: N_("Proxy und Anmeldung am Netz prüfen, sonst den Hersteller benachrichtigen."),
    TransferFault.BUSY: "",
}


def said(fault: TransferFault, title: str, *, detail: str = "", missing: int = 0, limit: int = 0) -> TransferError:
    """Returns the error for a fault.

    Args:
        fault: what went wrong.
        title: element and version, for people.
        detail: what the server or the system said, short.
        missing: bytes of space that are missing.
        limit: bytes that are allowed.
    """
    message = _(_MESSAGES[fault]).format(detail=detail or "?", missing=_megabytes(missing), limit=_megabytes(limit))
    advice = _ADVICE.get(fault, N_("Der nächste Lauf fährt von selbst fort."))
    return TransferError(
        fault,
        _("{title} nicht heruntergeladen").format(title=title),
        message,
        _(advice) if advice else "",
        item=title,
    )


def of_system(error: OSError, title: str) -> KnownError:
    """Returns the error for what the system refused while writing."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or getattr(error, "winerror", None) in (39, 112):
        return said(TransferFault.SPACE, title, missing=_MEGABYTE)
    return said(TransferFault.FILE, title, detail=why_of(error))


def _megabytes(count: int) -> str:
    return format_number(-(-count // _MEGABYTE))
