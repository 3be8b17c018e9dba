r"""The address of a database server: as a person fills it in, as SQLAlchemy's URL keeps it, and as it is connected with.

The server is kept exactly as it was entered (``SRV01,14330``, ``SRV01\INST``, ``tcp:SRV01,14330``, ``(local)``, ``[::1]``), so that it is
shown back like that. What differs from computer to computer, the driver above all, is not kept: it is found when connecting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tray_agent import __version__
from tray_agent.errors import InputError
from tray_agent.i18n import _
from tray_agent.platforms.errors import OdbcDriverMissingError
from tray_agent.platforms.odbc import newest_driver

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL

APPLICATION = f"vitoclient-Services {__version__}"
"""How a database server's list of sessions names this program."""


class ServerKind(StrEnum):
    """The database servers that there are."""

    SQL_SERVER = "sqlserver"
    POSTGRESQL = "postgresql"


class Encryption(StrEnum):
    """How the way to a SQL Server is protected."""

    CHECKED = "checked"
    """Encrypted, and the server's certificate is checked."""

    UNCHECKED = "unchecked"
    """Encrypted, whoever answers: a conscious choice."""

    STRICT = "strict"
    """TDS 8.0, from SQL Server 2022 on: encrypted from the first byte, and checked."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    r"""What a person fills in; the password is a secret and stands elsewhere.

    Attributes:
        kind: of the server.
        server: as entered: ``SRV01``, ``SRV01\INSTANCE``, ``SRV01,14330``, ``tcp:SRV01,14330``, ``(local)``, ``.``, ``::1``, ``[::1]``;
            of PostgreSQL ``SRV01`` or ``SRV01:5433``.
        database: its name.
        user: the login; "": the Windows login of the account that runs the program (PostgreSQL: that account's name).
        encryption: of a SQL Server.
        server_certificate: a file: exactly this certificate is expected (driver 18.1 or later); "": whoever is trusted may vouch for it.
        certificate_host: the name in the server's certificate where it is another than the server's; "": the same.
        listener: whether the server is the listener of an availability group, whose addresses are tried all at once.
    """

    kind: ServerKind
    server: str
    database: str
    user: str = ""
    encryption: Encryption = Encryption.CHECKED
    server_certificate: str = ""
    certificate_host: str = ""
    listener: bool = False


_BACKENDS = {ServerKind.SQL_SERVER: "mssql+pyodbc", ServerKind.POSTGRESQL: "postgresql+psycopg"}
_NO_DRIVER = "none"
"""Stands in the URL of an engine for the driver that is not installed."""

_UNFIT_SERVER = re.compile(r"[\s/?#@;{}%\x00-\x1f]")
_UNFIT_DATABASE = re.compile(r"[?\x00-\x1f]")
_PORT = re.compile(r"(?:tcp:)?(?P<host>[^,]+?)\s*,\s*(?P<port>.*)")


def url_of(address: DatabaseAddress) -> str:
    """Returns the URL that the configuration keeps.

    Raises:
        InputError: server or database is missing, or is none; why.
    """
    from sqlalchemy.engine import URL  # here, as below: the command line knows these values and starts without SQLAlchemy

    server, database = address.server.strip(), address.database.strip()
    if not server or not database:
        raise _refused(_("Server und Datenbank müssen beide angegeben werden."))
    if _UNFIT_SERVER.search(server):
        raise _refused(_("«{server}» kann kein Server sein.").format(server=server))
    if _UNFIT_DATABASE.search(database):
        raise _refused(_("«{database}» kann kein Name einer Datenbank sein.").format(database=database))
    backend = _BACKENDS[address.kind]
    if address.kind is ServerKind.POSTGRESQL:
        host, port = _host_and_port(server)
        return URL.create(backend, address.user or None, None, host, port, database).render_as_string(hide_password=False)
    _check_port(server)
    made = URL.create(backend, address.user or None, None, server, None, database, _options(address))
    return made.render_as_string(hide_password=False)


def _options(address: DatabaseAddress) -> dict[str, str]:
    options = {"Encrypt": "strict" if address.encryption is Encryption.STRICT else "yes"}
    if address.encryption is not Encryption.STRICT:
        options["TrustServerCertificate"] = "yes" if address.encryption is Encryption.UNCHECKED else "no"
    if not address.user:
        options["Trusted_Connection"] = "yes"
    if address.server_certificate:
        options["ServerCertificate"] = address.server_certificate
    if address.certificate_host:
        options["HostNameInCertificate"] = address.certificate_host
    if address.listener:
        options["MultiSubnetFailover"] = "yes"
    return options


def _check_port(server: str) -> None:
    found = _PORT.fullmatch(server)
    if found and not _is_port(found["port"]):
        raise _refused(_("«{port}» ist kein Anschluss; er ist eine Zahl von 1 bis 65535.").format(port=found["port"]))
    if found and "\\" in found["host"]:
        text = _("Instanz oder Anschluss, nicht beides: Der Anschluss sagt schon, welche Instanz gemeint ist.")
        raise _refused(text)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text) <= 65535


def _host_and_port(server: str) -> tuple[str, int | None]:
    """Returns host and port of a PostgreSQL server: ``SRV01:5433``, ``[::1]:5433``, ``::1``."""
    bracketed = re.fullmatch(r"\[([^\]]+)\](?::(\d+))?", server)
    named = re.fullmatch(r"([^:]+)(?::(.*))?", server)
    host, port = bracketed.groups() if bracketed else named.groups() if named else (server, None)
    if port is not None and not _is_port(port):
        raise _refused(_("«{port}» ist kein Anschluss; er ist eine Zahl von 1 bis 65535.").format(port=port))
    return str(host), int(port) if port else None


def _refused(sentence: str) -> InputError:
    return InputError(
        _("Adresse nicht gespeichert"), sentence, _("Server und Datenbank so angeben, wie sie der Betreuer des Servers nennt.")
    )


def address_of(url: str) -> DatabaseAddress | None:
    """Returns what was filled in; None where a URL is no server's, or says more than the form can."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return None
    kinds = {backend.partition("+")[0]: kind for kind, backend in _BACKENDS.items()}
    kind = kinds.get(parsed.get_backend_name())
    if kind is None or not parsed.host or not parsed.database:
        return None
    given = {key.lower(): value for key, value in parsed.query.items() if isinstance(value, str)}
    server = unquote(parsed.host)
    if kind is ServerKind.POSTGRESQL:
        host = f"[{server}]" if ":" in server and parsed.port else server
        return DatabaseAddress(kind, f"{host}:{parsed.port}" if parsed.port else host, parsed.database, parsed.username or "")
    strict, unchecked = given.get("encrypt", "").lower() == "strict", given.get("trustservercertificate", "").lower() == "yes"
    return DatabaseAddress(
        kind,
        f"{server},{parsed.port}" if parsed.port else server,
        parsed.database,
        parsed.username or "",
        Encryption.STRICT if strict else Encryption.UNCHECKED if unchecked else Encryption.CHECKED,
        given.get("servercertificate", ""),
        given.get("hostnameincertificate", ""),
        given.get("multisubnetfailover", "").lower() == "yes",
    )


def completed(url: URL) -> URL:
    """Returns a server's URL as it is connected with: by the newest driver of this computer where it names none, and with our name.

    Where no driver is installed, ``tell_missing_driver`` says so when a connection is made.
    """
    if url.get_backend_name() == "postgresql":
        return url if "application_name" in url.query else url.update_query_dict({"application_name": APPLICATION})
    if url.get_backend_name() != "mssql" or "odbc_connect" in url.query or not (url.host and url.database):
        return url  # ODBC's own form, or the name of a data source: that one says all
    named = {key.lower() for key in url.query}
    added = {} if named & {"app", "application name"} else {"APP": APPLICATION}
    if not named & {"driver", "dsn"}:
        try:
            added["driver"] = newest_driver()
        except OdbcDriverMissingError:
            added["driver"] = _NO_DRIVER
    return url.set(host=_as_connected(unquote(url.host))).update_query_dict(added)


def _as_connected(server: str) -> str:
    """Returns a server as Microsoft's driver reads it: IPv6 has no brackets there."""
    return re.sub(r"\[([0-9A-Fa-f:.%]+)\]", r"\1", server)


def tell_missing_driver(engine: Engine) -> None:
    """Lets an engine for SQL Server say, when it connects, that this computer has no driver for it.

    Raises (when connecting):
        OdbcDriverMissingError: the address names no driver and none is installed.
    """
    from sqlalchemy import event

    if engine.url.query.get("driver") != _NO_DRIVER:
        return

    @event.listens_for(engine, "do_connect")
    def refuse(_dialect: object, _record: object, _how: object, _more: object) -> None:
        name = newest_driver()  # raises: there was none when the engine was made
        text = _("Der ODBC-Treiber «{name}» wurde eben erst installiert.").format(name=name)
        raise OdbcDriverMissingError(_("ODBC-Treiber neu"), text, _("Das Programm neu starten."))
