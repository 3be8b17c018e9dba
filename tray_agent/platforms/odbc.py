"""The ODBC driver for SQL Server: which one is here.

Microsoft's drivers are called "ODBC Driver N for SQL Server"; from 18 on they encrypt by default and check the
server's certificate. The old driver "SQL Server" of Windows knows neither DATETIME2 nor TLS 1.2 and is not used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tray_agent.i18n import _
from tray_agent.platforms.errors import OdbcDriverMissingError

_MICROSOFT = re.compile(r"ODBC Driver (\d+)(?:\.(\d+))? for SQL Server")
_LEAST = 17
"""The oldest driver that is still supported by Microsoft."""


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


def _missing(too_old: list[str]) -> OdbcDriverMissingError:
    found = _("Vorhanden, aber zu alt: {names}.").format(names=", ".join(too_old)) if too_old else ""
    message = _("Auf diesem Gerät ist kein ODBC-Treiber für SQL Server installiert; die Datenbank der Praxis ist nicht erreichbar.")
    return OdbcDriverMissingError(
        _("ODBC-Treiber fehlt"),
        " ".join(part for part in (message, found) if part),
        _("«ODBC Driver 18 for SQL Server» von Microsoft installieren und das Programm neu starten."),
    )
