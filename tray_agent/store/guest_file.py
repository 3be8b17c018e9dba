"""Another program's SQLite file: never made, never switched to another mode, never written; only read."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path, PurePath
from typing import TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool

from tray_agent.errors import DatabaseUnavailableError
from tray_agent.i18n import _, join_texts
from tray_agent.store.faults import BY_ITSELF

Connected = TypeVar("Connected", bound=sqlite3.Connection)


def guest_file_engine(url: URL, wait: float) -> Engine:
    """Makes the engine for another program's file.

    Args:
        url: names the file.
        wait: seconds that a statement waits for what others hold.
    """
    file = Path(url.database or "")
    engine = create_engine(url, creator=lambda: _open_guest(file, wait), poolclass=QueuePool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "checkout")
    def unchanged(connection: DBAPIConnection, _record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        if isinstance(connection, _Frozen) and connection.stand != _stand_of(file):
            raise DisconnectionError  # the pool then opens the file anew

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


class _Frozen(sqlite3.Connection):
    """Reads a file that nobody has open, as it stood when it was opened: without locks, so not longer than it stays so."""

    stand: tuple[int, int, int] = (0, 0, 0)


def _open_guest(file: Path, wait: float) -> sqlite3.Connection:
    """Opens another program's file for reading.

    Where its folder can't be written, SQLite can't take part in the locks of a file in WAL mode. As long as there is no log, everything
    stands in the file itself and nobody has it open: then it is read as it stands. Not so with a log: what is in there would be missing.

    Raises:
        DatabaseUnavailableError: it is not there.
        sqlite3.Error: it can't be read.
    """
    if not file.is_file():
        sentence = _("Die Datei {file} mit den Praxisdaten gibt es nicht; bis sie da ist, wird nichts vorbereitet und nichts gesendet.")
        raise missing_file(file, sentence, "practice.url")
    try:
        return _look_into(sqlite3.connect(read_only_uri(file), uri=True, timeout=wait, check_same_thread=False))
    except sqlite3.OperationalError as error:
        stand = _stand_of(file)
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) or stand[-1]:
            raise
    frozen = sqlite3.connect(f"{read_only_uri(file)}&immutable=1", uri=True, check_same_thread=False, factory=_Frozen)
    frozen.stand = stand
    return _look_into(frozen)


def _look_into(connection: Connected) -> Connected:
    """Returns a connection that can read its file: SQLite opens it with the first statement only."""
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _stand_of(file: Path) -> tuple[int, int, int]:
    """Returns by what it is seen that a file changed: when it was written, its size, and the size of its log."""
    log = file.with_name(f"{file.name}-wal")
    found = file.stat()
    return found.st_mtime_ns, found.st_size, log.stat().st_size if log.exists() else 0


def read_only_uri(file: Path) -> str:
    """Returns the URI by which SQLite opens a file for reading alone, whatever its path holds: spaces, umlauts, ?, #, %, a share."""
    path = PurePath(os.path.abspath(file)).as_posix()  # noqa: PTH100 - resolve() would follow links
    return uri_of(path)


def uri_of(path: str) -> str:
    """Returns the URI for an absolute path with slashes: ``/a/b``, ``C:/a/b``, ``//server/share/b``."""
    return f"file://{'' if path.startswith('/') else '/'}{quote(path, safe='/:')}?mode=ro"


def missing_file(file: Path, sentence: str, setting: str) -> DatabaseUnavailableError:
    """Returns the error that says that a database's file is not there.

    Args:
        file: which.
        sentence: what that means; ``{file}`` stands for its name.
        setting: the place in the configuration that names it.
    """
    return DatabaseUnavailableError(
        _("Datei fehlt"),
        sentence.format(file=file),
        join_texts(_("Pfad und Laufwerk prüfen (in der Konfiguration: {setting}).").format(setting=setting), _(BY_ITSELF)),
        item=str(file),
    )
