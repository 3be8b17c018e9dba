"""The ODBC driver for SQL Server: which one is here, and database URLs that name it.

Microsoft's drivers are called "ODBC Driver N for SQL Server"; from 18 on they encrypt by default and check the
server's certificate. The old driver "SQL Server" of Windows knows neither DATETIME2 nor TLS 1.2 and is not used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote, quote_plus, urlencode

from tray_agent.i18n import _
from tray_agent.platforms.errors import OdbcDriverMissingError

_MICROSOFT = re.compile(r"ODBC Driver (\d+)(?:\.(\d+))? for SQL Server")
_LEAST = 17
"""The oldest driver that is still supported by Microsoft."""


class Encryption(Enum):
    """How the connection to SQL Server is protected."""

    CERTIFICATE_CHECKED = "certificate_checked"
    """Encrypted, and the server's certificate must be trusted: the default."""

    CERTIFICATE_TRUSTED_BLINDLY = "certificate_trusted_blindly"
    """Encrypted, whoever answers: for servers with a certificate of their own making; a choice that is shown."""


@dataclass(frozen=True)
class SqlServerAddress:
    r"""Where the practice's SQL Server is, and who logs in.

    Attributes:
        host: ``SERVER``, ``SERVER\INSTANCE`` (needs the service SQL Server Browser) or a name with a port in ``port``.
        database: the database's name.
        port: of the server; None: 1433, or what the Browser says for an instance.
        user: the login; None: the Windows login of the account that runs the program.
        password: of the login; None where it is a secret that is put in later, or for a Windows login.
        encryption: how the connection is protected.
    """

    host: str
    database: str
    port: int | None = None
    user: str | None = None
    password: str | None = None
    encryption: Encryption = Encryption.CERTIFICATE_CHECKED


def installed_drivers() -> tuple[str, ...]:
    """Returns the names of the ODBC drivers of this machine; none where ODBC itself is missing."""
    try:
        import pyodbc
    except ImportError:  # Linux without unixodbc
        return ()
    return tuple(pyodbc.drivers())


def newest_driver(drivers: Sequence[str] | None = None) -> str:
    """Returns the newest of Microsoft's ODBC drivers for SQL Server, 17 at the least.

    Args:
        drivers: names of drivers; those of this machine by default.

    Raises:
        OdbcDriverMissingError: there is none; the sentence says what to install.
    """
    names = installed_drivers() if drivers is None else drivers
    found = [((int(match[1]), int(match[2] or 0)), name) for name in names if (match := _MICROSOFT.fullmatch(name))]
    usable = [(version, name) for version, name in found if version[0] >= _LEAST]
    if not usable:
        raise _missing(too_old=[name for _version, name in found])
    return max(usable)[1]


def sql_server_url(address: SqlServerAddress, *, driver: str | None = None) -> str:
    """Returns the database URL (SQLAlchemy, ``mssql+pyodbc``) of a SQL Server.

    Args:
        address: where it is and who logs in.
        driver: the ODBC driver's name; the newest of this machine by default.

    Raises:
        OdbcDriverMissingError: no driver was named and none is installed.
    """
    login = ""
    if address.user is not None:
        login = quote(address.user, safe="") + ("" if address.password is None else ":" + quote(address.password, safe="")) + "@"
    place = quote(address.host, safe=".-\\") + ("" if address.port is None else f":{address.port}")
    options = {"driver": driver or newest_driver(), "Encrypt": "yes", "TrustServerCertificate": _blindly(address.encryption)}
    if address.user is None:
        options["Trusted_Connection"] = "yes"
    return f"mssql+pyodbc://{login}{place}/{quote(address.database, safe='')}?{urlencode(options)}"


def with_driver(url: str, *, driver: str | None = None) -> str:
    """Returns a database URL with an ODBC driver: as it is where it names one or needs none.

    So the configuration may say ``mssql+pyodbc://SERVER/DATABASE`` and stay right when a newer driver is installed.

    Raises:
        OdbcDriverMissingError: the URL needs a driver and none is installed.
    """
    if not url.startswith("mssql+pyodbc:") or re.search(r"[?&](driver|odbc_connect)=", url, re.IGNORECASE):
        return url
    return f"{url}{'&' if '?' in url else '?'}driver={quote_plus(driver or newest_driver())}"


def _blindly(encryption: Encryption) -> str:
    return "yes" if encryption is Encryption.CERTIFICATE_TRUSTED_BLINDLY else "no"


def _missing(too_old: list[str]) -> OdbcDriverMissingError:
    found = _("Vorhanden, aber zu alt: {names}.").format(names=", ".join(too_old)) if too_old else ""
    message = _("Auf diesem Gerät ist kein ODBC-Treiber für SQL Server installiert; die Datenbank der Praxis ist nicht erreichbar.")
    return OdbcDriverMissingError(
        _("ODBC-Treiber fehlt"),
        " ".join(part for part in (message, found) if part),
        _("«ODBC Driver 18 for SQL Server» von Microsoft installieren und das Programm neu starten."),
    )
