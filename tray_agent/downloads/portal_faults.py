"""What python-tuf's errors mean for a practice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)

from tray_agent.downloads.errors import PortalUnavailableError, PortalUntrustedError
from tray_agent.i18n import _


@contextmanager
def told(address: str) -> Iterator[None]:
    """Turns python-tuf's errors into words.

    Raises:
        PortalUnavailableError: the portal does not answer, or this machine can't keep what it said.
        PortalUntrustedError: what it said is not what the vendor signed.
    """
    host = urlsplit(address).hostname or address
    try:
        yield
    except ExpiredMetadataError as error:
        raise _expired(host) from error
    except BadVersionNumberError as error:
        raise _untrusted(host, _("Das Portal zeigt einen älteren Stand als den, der hier schon bestätigt wurde.")) from error
    except UnsignedMetadataError as error:
        raise _untrusted(host, _("Die Angaben des Portals sind nicht vom Hersteller unterschrieben.")) from error
    except (LengthOrHashMismatchError, DownloadLengthMismatchError) as error:
        raise _untrusted(host, _("Die Angaben des Portals passen nicht zueinander.")) from error
    except RepositoryError as error:
        raise _untrusted(host, _("Die Angaben des Portals sind unvollständig oder unlesbar.")) from error
    except DownloadHTTPError as error:
        raise _unavailable(
            host, _("Das Portal {host} meldet einen Fehler ({status}).").format(host=host, status=error.status_code)
        ) from error
    except DownloadError as error:
        raise _unavailable(host, _("Das Portal {host} antwortet nicht.").format(host=host)) from error
    except OSError as error:
        raise _unavailable(host, _("Die Angaben des Portals können auf diesem Gerät nicht gespeichert werden.")) from error


def busy(address: str) -> PortalUnavailableError:
    """Returns the error that says that another program of this machine asks the portal for too long."""
    host = urlsplit(address).hostname or address
    return _unavailable(host, _("Das Portal {host} wird auf diesem Gerät gerade von einem anderen Programm abgefragt.").format(host=host))


def _unavailable(host: str, what: str) -> PortalUnavailableError:
    return PortalUnavailableError(
        _("Online-Portal nicht erreichbar"),
        _("{what} Neue Versionen können im Moment nicht gesucht werden; was heruntergeladen ist, bleibt.").format(what=what),
        _("Internetverbindung prüfen; der nächste Lauf versucht es von selbst wieder."),
        item=host,
    )


def _untrusted(host: str, what: str) -> PortalUntrustedError:
    return PortalUntrustedError(
        _("Online-Portal nicht vertrauenswürdig"),
        _("{what} Nichts davon wurde übernommen; was heruntergeladen ist, bleibt.").format(what=what),
        _("Den Hersteller benachrichtigen, wenn es morgen noch so ist."),
        item=host,
    )


def _expired(host: str) -> PortalUntrustedError:
    return PortalUntrustedError(
        _("Angaben des Online-Portals abgelaufen"),
        _("Die unterschriebenen Angaben des Portals sind abgelaufen. Nichts davon wurde übernommen; was heruntergeladen ist, bleibt."),
        _("Datum und Uhrzeit dieses Geräts prüfen; stimmen sie, den Hersteller benachrichtigen."),
        item=host,
    )
