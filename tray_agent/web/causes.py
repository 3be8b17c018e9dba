"""Why a web server can't be had: each cause with its sentence and what to do, the same wherever the web is asked.

What the libraries say is read here and nowhere else. Some causes look alike from outside (a certificate that has expired, and a clock of
this computer that is wrong; a server that wants TLS, and one that hangs up): then the server itself is asked, and not believed.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from urllib.parse import urlsplit

from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ProxySchemeUnknown,
    ReadTimeoutError,
)

from tray_agent.i18n import N_, _
from tray_agent.web.system_network import automatic_configuration

_SECONDS = 3.0
"""How long a server is asked about itself at the most."""

_CLOCK_TOLERANCE = timedelta(hours=12)


class Cause(StrEnum):
    """Why no answer could be had, or none of the server that was meant."""

    NAME = "name_not_found"
    REFUSED = "refused"
    SILENT = "silent"
    BROKEN = "broken"
    STALLED = "stalled"
    WRONG_NAME = "certificate_of_another_name"
    SELF_SIGNED = "certificate_self_signed"
    EXPIRED = "certificate_expired"
    PRIVATE_AUTHORITY = "certificate_of_unknown_authority"
    CLOCK = "clock_of_this_computer"
    CERTIFICATE = "certificate"
    NO_TLS = "https_to_http"
    WANTS_TLS = "http_to_https"
    SIGN_IN_PAGE = "sign_in_page"
    PROXY_LOGIN = "proxy_login"
    PROXY_WINDOWS_LOGIN = "proxy_windows_login"
    PROXY_FORBIDS = "proxy_forbids"
    PROXY_FAILS = "proxy_fails"
    PROXY_DOWN = "proxy_down"
    PROXY_SOCKS = "proxy_socks"
    AUTOMATIC_CONFIGURATION = "proxy_automatic_configuration"

    @property
    def passes(self) -> bool:
        """Returns whether another attempt a moment later may succeed."""
        return self in (Cause.NAME, Cause.REFUSED, Cause.SILENT, Cause.BROKEN, Cause.STALLED, Cause.PROXY_FAILS, Cause.PROXY_DOWN)


_BY_ITSELF = N_("Internetverbindung prüfen; der nächste Lauf versucht es von selbst wieder.")
_ENTER_PROXY = N_(
    "Dem Informatiker der Praxis zeigen. Einzutragen ist in den Proxy-Einstellungen von Windows oder in der Umgebung (HTTPS_PROXY) eine "
    "Adresse der Form http://NAME:PASSWORT@proxy:8080; oder der Proxy lässt dieses Portal ohne Anmeldung durch."
)
_WORDS = {
    Cause.NAME: (
        N_("Den Namen {host} kennt das Netz nicht; das Portal ist so nicht zu finden."),
        N_("Die Internetverbindung prüfen und, ob die Adresse richtig geschrieben ist; der nächste Lauf versucht es von selbst wieder."),
    ),
    Cause.REFUSED: (N_("{host} antwortet nicht: die Verbindung wurde abgelehnt."), _BY_ITSELF),
    Cause.SILENT: (N_("{host} antwortet nicht: auf den Wunsch nach einer Verbindung kam nichts zurück."), _BY_ITSELF),
    Cause.BROKEN: (N_("{host} antwortet nicht richtig: die Verbindung brach ab."), _BY_ITSELF),
    Cause.STALLED: (N_("{host} hat die Verbindung angenommen und dann geschwiegen."), _BY_ITSELF),
    Cause.WRONG_NAME: (
        N_("Das Zertifikat von {host} ist auf einen anderen Namen ausgestellt."),
        N_("Die Adresse prüfen: sie muss so geschrieben sein, wie der Hersteller sie nennt. Sonst den Hersteller benachrichtigen."),
    ),
    Cause.SELF_SIGNED: (
        N_("Das Zertifikat von {host} hat sich der Server selbst ausgestellt; niemand bürgt dafür."),
        N_("Den Betreiber des Servers um ein Zertifikat bitten, das Windows kennt, oder dieses in Windows als vertrauenswürdig eintragen."),
    ),
    Cause.EXPIRED: (
        N_("Das Zertifikat von {host} ist abgelaufen."),
        N_("Den Betreiber des Servers benachrichtigen; er muss es erneuern."),
    ),
    Cause.PRIVATE_AUTHORITY: (
        N_("Das Zertifikat von {host} stammt von einer Stelle, die dieses Gerät nicht kennt."),
        N_("Prüft ein Virenscanner oder eine Firewall der Praxis den Verkehr, deren Stammzertifikat in Windows eintragen; sonst den "
           "Betreiber des Servers fragen."),
    ),
    Cause.CLOCK: (
        N_("Die Uhr dieses Geräts geht falsch: hier ist es {here}, bei {host} {there}. Darum gilt dessen Zertifikat nicht."),
        N_("Datum und Uhrzeit dieses Geräts richtigstellen; danach geht es von selbst weiter."),
    ),
    Cause.CERTIFICATE: (
        N_("Mit {host} kam keine gesicherte Verbindung zustande."),
        N_("Virenscanner, Firewall und Proxy prüfen, die den Verkehr mitlesen; sonst den Betreiber des Servers benachrichtigen."),
    ),
    Cause.NO_TLS: (
        N_("{host} spricht dort kein https: die Adresse beginnt mit https://, der Server antwortet mit http."),
        N_("Die Adresse prüfen, auch den Anschluss (Port) darin; sonst den Betreiber des Servers fragen."),
    ),
    Cause.WANTS_TLS: (
        N_("{host} will dort https: die Adresse beginnt mit http://."),
        N_("Die Adresse mit https:// eintragen."),
    ),
    Cause.SIGN_IN_PAGE: (
        N_("Statt {host} antwortet eine andere Seite, wohl die Anmeldung am Netz (WLAN, Firewall)."),
        N_("Im Browser eine beliebige Seite öffnen und sich am Netz anmelden; sonst Proxy und Firewall prüfen."),
    ),
    Cause.PROXY_LOGIN: (N_("Der Proxy {proxy} verlangt eine Anmeldung, oder Name und Passwort sind falsch."), _ENTER_PROXY),
    Cause.PROXY_WINDOWS_LOGIN: (
        N_("Der Proxy {proxy} verlangt die Anmeldung mit dem Windows-Konto (NTLM, Kerberos); das kann dieses Programm nicht."),
        _ENTER_PROXY,
    ),
    Cause.PROXY_FORBIDS: (
        N_("Der Proxy {proxy} verbietet den Weg zu {host}."),
        N_("Den Informatiker der Praxis bitten, {host} freizugeben."),
    ),
    Cause.PROXY_FAILS: (N_("Der Proxy {proxy} erreicht {host} nicht."), _BY_ITSELF),
    Cause.PROXY_DOWN: (
        N_("Der Proxy {proxy} antwortet nicht."),
        N_("Die Proxy-Einstellungen von Windows prüfen; der nächste Lauf versucht es von selbst wieder."),
    ),
    Cause.PROXY_SOCKS: (
        N_("Der Proxy {proxy} ist keiner für http (SOCKS); das kann dieses Programm nicht."),
        N_("In den Proxy-Einstellungen von Windows oder in der Umgebung (HTTPS_PROXY) einen Proxy für http eintragen: http://proxy:8080."),
    ),
    Cause.AUTOMATIC_CONFIGURATION: (
        N_("{host} antwortet nicht. In Windows ist ein Skript für den Proxy eingetragen (PAC); das liest dieses Programm nicht."),
        N_("In den Proxy-Einstellungen von Windows den Proxy von Hand eintragen, oder in der Umgebung HTTPS_PROXY=http://proxy:8080."),
    ),
}  # fmt: skip
"""What each cause means, and what to do."""


class Why:
    """Why a server can't be had.

    Args:
        cause: which of the known ones.
        url: what was asked for.
        proxy: the proxy's address, or None.
        times: this computer's time and the server's own (aware), where that was asked for.
    """

    def __init__(self, cause: Cause, url: str, proxy: str | None = None, times: tuple[datetime, datetime] | None = None) -> None:
        self.cause = cause
        here, there = (f"{time.astimezone():%d.%m.%Y %H:%M}" for time in times) if times else ("?", "?")
        self._values = {"host": _host(url), "proxy": _host(proxy or ""), "here": here, "there": there}

    @property
    def sentence(self) -> str:
        """Returns what happened, as a sentence."""
        return _(_WORDS[self.cause][0]).format(**self._values)

    @property
    def advice(self) -> str:
        """Returns what to do now."""
        return _(_WORDS[self.cause][1]).format(**self._values)


def _host(address: str) -> str:
    """Returns where an address leads, without the password that may stand in it."""
    with suppress(ValueError):
        parts = urlsplit(address if "://" in address else f"//{address}")
        if parts.hostname:
            return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    return "?"


def why(error: BaseException, url: str, proxy: str | None = None, now: datetime | None = None) -> Why:
    """Returns why asking for an address failed.

    Args:
        error: what the libraries said.
        url: what was asked for.
        proxy: the proxy that was used, or None.
        now: this computer's time (aware).
    """
    chain = tuple(_chain(error))
    certificate = next((one for one in chain if isinstance(one, ssl.SSLError)), None)
    if certificate is not None:
        return _why_no_tls(certificate, url, proxy, now or datetime.now(UTC))
    if any(isinstance(one, ProxySchemeUnknown) for one in chain):
        return Why(Cause.PROXY_SOCKS, url, proxy)
    if any(isinstance(one, ProxyError) for one in chain):
        return Why(_proxy_cause(" ".join(map(str, chain))), url, proxy)
    return Why(_plain_cause(chain, url, proxy), url, proxy)


def why_status(status: int, headers: http.client.HTTPMessage | dict[str, str], url: str, proxy: str | None) -> Why | None:
    """Returns why an answer is none of the server that was asked; None: it is its own."""
    if status == 407:
        asked = (headers.get("Proxy-Authenticate") or "basic").lower()
        return Why(Cause.PROXY_LOGIN if "basic" in asked else Cause.PROXY_WINDOWS_LOGIN, url, proxy)
    if status == 511:
        return Why(Cause.SIGN_IN_PAGE, url, proxy)
    if proxy and status in (403, 502, 503, 504) and headers.get("X-Squid-Error"):
        return Why(Cause.PROXY_FORBIDS if status == 403 else Cause.PROXY_FAILS, url, proxy)
    return None


def is_page(content_type: str | None) -> bool:
    """Returns whether an answer is a page for people: no portal serves one under these names."""
    return (content_type or "").partition(";")[0].strip().lower() in ("text/html", "application/xhtml+xml")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Gives an error and what lies under it, as the libraries keep it."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [getattr(one, "original_error", None), getattr(one, "reason", None), one.__cause__, one.__context__, *one.args]


def _proxy_cause(said: str) -> Cause:
    """Returns what a proxy objects; the library tells its answer to a tunnel in words only."""
    if "407" in said:
        return Cause.PROXY_LOGIN
    if any(f"Tunnel connection failed: {status}" in said for status in (502, 503, 504)):
        return Cause.PROXY_FAILS
    return Cause.PROXY_FORBIDS if "Tunnel connection failed" in said else Cause.PROXY_DOWN


def _plain_cause(chain: tuple[BaseException, ...], url: str, proxy: str | None) -> Cause:
    if any(isinstance(one, ReadTimeoutError) for one in chain):
        return Cause.STALLED
    connecting = any(isinstance(one, (NewConnectionError, ConnectTimeoutError, NameResolutionError)) for one in chain)
    if connecting and not proxy and automatic_configuration():
        return Cause.AUTOMATIC_CONFIGURATION
    if any(isinstance(one, (NameResolutionError, socket.gaierror)) for one in chain):
        return Cause.NAME
    if any(isinstance(one, ConnectionRefusedError) for one in chain):
        return Cause.REFUSED
    if any(isinstance(one, ConnectTimeoutError) for one in chain) or connecting:
        return Cause.SILENT
    if any(isinstance(one, TimeoutError) for one in chain):
        return Cause.STALLED
    if not proxy and urlsplit(url).scheme == "http" and _speaks_tls(url):
        return Cause.WANTS_TLS
    return Cause.BROKEN


_BY_CODE = {
    9: Cause.EXPIRED, 10: Cause.EXPIRED, 18: Cause.SELF_SIGNED, 19: Cause.PRIVATE_AUTHORITY, 20: Cause.PRIVATE_AUTHORITY,
    21: Cause.PRIVATE_AUTHORITY, 62: Cause.WRONG_NAME, 64: Cause.WRONG_NAME,
    0x800B0101: Cause.EXPIRED, 0x800B0109: Cause.PRIVATE_AUTHORITY, 0x800B010A: Cause.PRIVATE_AUTHORITY, 0x800B010F: Cause.WRONG_NAME,
    0x800B0112: Cause.PRIVATE_AUTHORITY,
}  # fmt: skip
"""OpenSSL's numbers (x509_vfy.h) and those of Windows (winerror.h)."""


def _why_no_tls(error: ssl.SSLError, url: str, proxy: str | None, now: datetime) -> Why:
    if not isinstance(error, ssl.SSLCertVerificationError):
        # The handshake met no TLS at all, but the plain words of http (or of anything else).
        plain = error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")
        return Why(Cause.NO_TLS if plain else Cause.CERTIFICATE, url, proxy)
    cause = _BY_CODE.get(getattr(error, "verify_code", 0) & 0xFFFFFFFF, Cause.CERTIFICATE)
    if cause is Cause.EXPIRED and not proxy:
        there = _time_of(url)
        if there is not None and abs(there - now) > _CLOCK_TOLERANCE:
            return Why(Cause.CLOCK, url, proxy, (now, there))
    return Why(cause, url, proxy)


def _unbelieving() -> ssl.SSLContext:
    """Returns a way to talk to a server whom nobody believes: nothing is told to it, and what it says is shown only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _time_of(url: str) -> datetime | None:
    """Returns what time it is for a server whose certificate is not accepted."""
    parts = urlsplit(url)
    with suppress(OSError, http.client.HTTPException, ValueError, TypeError):
        asking = http.client.HTTPSConnection(parts.hostname or "", parts.port or 443, timeout=_SECONDS, context=_unbelieving())
        with closing(asking):
            asking.request("HEAD", "/")
            told = parsedate_to_datetime(asking.getresponse().getheader("Date") or "")
            return told if told.tzinfo else told.replace(tzinfo=UTC)
    return None


def _speaks_tls(url: str) -> bool:
    """Returns whether a server that hung up on plain words speaks TLS there."""
    parts = urlsplit(url)
    try:
        with (
            socket.create_connection((parts.hostname or "", parts.port or 80), timeout=_SECONDS) as plain,
            _unbelieving().wrap_socket(plain, server_hostname=parts.hostname),
        ):
            return True
    except (OSError, ValueError):
        return False
