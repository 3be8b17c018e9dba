"""How a connection to a server is made: one try at a time while nobody got in, and ever more seldom after a refused log-in."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from sqlalchemy import Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError

from tray_agent.i18n import _
from tray_agent.store.faults import LOCKING, Fault, fault_of

PAUSES = (60.0, 300.0, 900.0, 3600.0)
"""Seconds after a refused log-in before the next one, the second …; the last one stays."""

_PROBE = 2.0
"""Seconds in which a computer has to take a connection that is made only to see whether it does."""

monotonic = time.monotonic
"""The clock of the pauses; tests put another in its place."""


@dataclass
class _Address:
    """What is known of one address in this process.

    Attributes:
        turn: held by who tries.
        got_in: whether the last try went well: then nobody waits for anybody.
        tries: how many there were.
        failure: of the last one.
        refused: how many log-ins were refused one after another.
        next_at: when the next may be tried.
    """

    turn: threading.Lock = field(default_factory=threading.Lock)
    got_in: bool = False
    tries: int = 0
    failure: Exception | None = None
    refused: int = 0
    next_at: float = 0.0


_addresses: dict[str, _Address] = {}
"""By address, password and all: after a change of either nothing is known."""


def try_all_again() -> None:
    """Lets every refused log-in be tried at once: a person asks for it, or something was changed."""
    for address in list(_addresses.values()):
        address.next_at = 0.0


def connect_once(engine: Engine, connect: Callable[..., DBAPIConnection]) -> None:
    """Lets an engine make its connections in this way.

    Args:
        engine: of a server; nothing is connected yet.
        connect: the driver's function.
    """
    address = _addresses.setdefault(engine.url.render_as_string(hide_password=False), _Address())

    @event.listens_for(engine, "do_connect")
    def make(_dialect: object, _record: object, how: Sequence[object], more: Mapping[str, object]) -> DBAPIConnection:
        if address.got_in:
            return _tried(address, engine, lambda: connect(*how, **more))
        before = address.tries
        with address.turn:
            known = address.failure
            if known and not address.got_in and (address.tries != before or monotonic() < address.next_at):
                raise known.with_traceback(None)
            return _tried(address, engine, lambda: connect(*how, **more))


def _tried(address: _Address, engine: Engine, connect: Callable[[], DBAPIConnection]) -> DBAPIConnection:
    try:
        made = connect()
    except engine.dialect.loaded_dbapi.Error as error:
        fault = fault_of(DBAPIError("connect", None, error))
        address.refused = address.refused + 1 if fault in LOCKING else 0
        pause = PAUSES[min(address.refused, len(PAUSES)) - 1] if address.refused else 0.0
        address.got_in, address.failure, address.next_at = False, error, monotonic() + pause
        address.tries += 1
        raise
    address.got_in, address.failure, address.refused = True, None, 0
    address.tries += 1
    return made


def database_name(url: URL) -> str:
    """Returns how people are told a database: "«praxis» auf SRV01", the file of an embedded one; never with the login."""
    if url.get_backend_name() == "sqlite":
        return ""
    server, database = _server_of(url), url.database or _value(url, "DATABASE")
    return _("«{database}» auf {server}").format(database=database, server=server) if database and server else server or database or ""


def why_no_answer(url: URL) -> Fault:
    """Returns why a server gave no answer: Microsoft's driver says of a name, a closed port and a silence only that time is over."""
    server = _server_of(url).removeprefix("tcp:")
    host, _comma, port = server.partition(",")
    host, _slash, instance = host.partition("\\")
    if instance and not port:
        return Fault.NO_INSTANCE
    try:
        with socket.create_connection(("127.0.0.1" if host in ("(local)", ".") else host, int(port or url.port or 1433)), _PROBE):
            return Fault.SILENT
    except socket.gaierror:
        return Fault.NO_NAME
    except ConnectionRefusedError:
        return Fault.PORT_CLOSED
    except (OSError, ValueError):
        return Fault.SILENT


def _server_of(url: URL) -> str:
    host = url.host or url.query.get("host") or _value(url, "SERVER")
    return unquote(host) if isinstance(host, str) else ", ".join(host)


def _value(url: URL, key: str) -> str:
    """Returns a value of ODBC's own form of an address."""
    given = url.query.get("odbc_connect", "")
    found = re.search(rf"(?:^|;)\s*{key}\s*=\s*([^;]*)", unquote(given if isinstance(given, str) else ""), re.IGNORECASE)
    return found[1].strip() if found else ""
