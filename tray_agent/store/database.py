"""One way into a database: engine, transactions that tell what went wrong, retries, the server's clock."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, Transaction, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from tray_agent.clock import Clock, SystemClock
from tray_agent.errors import (
    ConfigurationError,
    DatabaseBusyError,
    DatabaseFaultError,
    DatabaseUnavailableError,
    OutcomeUnknownError,
    UnavailableError,
)
from tray_agent.file_faults import why_of
from tray_agent.i18n import _, join_texts
from tray_agent.store.address import completed, tell_missing_driver
from tray_agent.store.connecting import connect_once, database_name, why_no_answer
from tray_agent.store.faults import BY_ITSELF, NO_CONNECTION, PASSING, Fault, ends_connection, explained, fault_of, rest_of
from tray_agent.store.guest_file import guest_file_engine

Result = TypeVar("Result")

IN_CHUNK = 1000
"""How many keys an IN list takes at the most: SQL Server allows 2,099 parameters in a statement."""

ATTEMPTS = 5
"""How often a transaction is run that the database chose as a deadlock victim."""

PATIENCE = 30.0
"""Seconds after which a transaction is not begun again: so long what others hold is waited for."""

LOCK_WAIT = 8.0
"""Seconds that one statement waits for what others hold. Shorter than ``PATIENCE``: who waited in vain asks again, with all that was
written meanwhile, and outlives somebody who holds a table for twenty seconds."""

ANSWER_WAIT = 20
"""Seconds within which a server has to answer a statement; Microsoft's driver adds four in which it takes the statement back. Then the
connection is given up, and people are told."""

LONG_WAIT = 1800
"""The same where a statement may take long: tables that are made anew."""

PING_WAIT = 5
"""Seconds for a log-in, and for the question whether a kept connection still lives."""

_POOLED: dict[str, Any] = {"pool_recycle": 1800, "pool_size": 4, "hide_parameters": True}
"""How connections to a server are kept; parameters (names, numbers) never stand in an error or a log."""

_SQLITE = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-16384",
    "wal_autocheckpoint=4000",
    "journal_size_limit=33554432",
)
"""How SQLite is used. The cache (KiB; taken when needed) holds the indexes of a large outbox, and their pages are moved from the
write-ahead log into the file only after many commits, because every commit of a large preparing changes the same ones."""

_BRIEFLY = 500
"""Milliseconds that writing an embedded store into its file waits for others."""

_SESSION = {
    "sqlite": tuple(f"PRAGMA {pragma}" for pragma in _SQLITE),
    "mssql": ("SET NOCOUNT OFF", "SET LOCK_TIMEOUT {wait}"),
    "postgresql": ("SET lock_timeout = {wait}",),
}
"""How a session begins. SQL Server counts the rows changed, whatever the server's default is: compare-and-set lives on that number.
And nowhere does anybody wait for another's lock for ever: after so many milliseconds it is "busy" (SQLite: ``timeout``)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_SERVER_CLOCK = {
    "sqlite": "SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)",
    "mssql": "SELECT DATEDIFF_BIG(millisecond, '19700101', SYSUTCDATETIME())",
    "postgresql": "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
}


class Database:
    """A database with short transactions; nothing here ever holds one open over the network or a dialog.

    Args:
        engine: SQLAlchemy's engine, as ``open_database`` makes it.
        schema: where the agent's tables are, or None for the default schema.
        clock: stands in for the server's clock where given (tests); also times the pauses between attempts.
        guest: whether it is another program's.
    """

    def __init__(self, engine: Engine, schema: str | None = None, clock: Clock | None = None, *, guest: bool = False) -> None:
        self._guest = guest
        self.engine = engine.execution_options(schema_translate_map={None: schema}) if schema else engine
        self.schema = schema
        self._server_clock = clock
        self._pause_clock = clock or SystemClock()

    @property
    def dialect(self) -> str:
        """Returns ``sqlite``, ``mssql`` or ``postgresql``."""
        return self.engine.dialect.name

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Opens a transaction for writing; commits at the end of the block, rolls back on any exception.

        Raises:
            DatabaseUnavailableError: no connection, or lost before COMMIT: nothing was changed.
            DatabaseFaultError: the database is full, only readable, lacks a right …: nothing was changed.
            OutcomeUnknownError: lost at COMMIT: read again by key.
            sqlalchemy.exc.DBAPIError: a duplicate key, what passes in a moment, or what nobody foresaw; see ``faults.fault_of``.
        """
        connection = self._connect()
        try:
            with self._translated():
                transaction = connection.begin()
                try:
                    _prefer(connection, reading=False)
                    yield connection
                except BaseException:
                    _roll_back(connection)
                    raise
                self._commit(connection, transaction)
        finally:
            connection.close()

    def _commit(self, connection: Connection, transaction: Transaction) -> None:
        try:
            transaction.commit()
        except DBAPIError as error:
            _roll_back(connection)
            # A file that failed in the middle of COMMIT may still hold what was committed, when it is opened again.
            if fault_of(error) not in NO_CONNECTION | {Fault.FILE}:
                raise
            raise OutcomeUnknownError(
                _("Verbindung beim Speichern verloren"),
                _("Die Verbindung zur Datenbank brach beim Speichern ab; ob gespeichert wurde, wird neu gelesen."),
            ) from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Opens a transaction that only reads; SQLite does not take the write lock for it.

        Raises:
            DatabaseUnavailableError: no connection, or lost in the middle.
            DatabaseBusyError: chosen as a deadlock's victim, or others held the database for too long.
            DatabaseFaultError: as ``begin``, and where the server lacks memory.
        """
        connection = self._connect().execution_options(vitoclient_read_only=True)
        try:
            with self._translated():
                connection.begin()
                _prefer(connection, reading=True)
                yield connection
        except DBAPIError as error:
            if fault_of(error) in PASSING:
                raise explained(error) from error
            raise
        finally:
            _roll_back(connection)
            connection.close()

    def transact(self, work: Callable[[Connection], Result], *, again_on_duplicate: bool = False) -> Result:
        """Runs ``work`` in a transaction, again from its start when the database asks for it.

        Args:
            work: must do nothing but database statements: it may run up to ``ATTEMPTS`` times, and is not begun again after
                ``PATIENCE``.
            again_on_duplicate: whether a key that somebody else wrote first asks for it too; for work that then finds the row.

        Raises:
            DatabaseBusyError: the database asked for it each time; nothing was changed.
            DatabaseUnavailableError, DatabaseFaultError, OutcomeUnknownError, sqlalchemy.exc.DBAPIError: as ``begin``.
        """
        return self._repeat(self.begin, work, PASSING | {Fault.DUPLICATE_KEY} if again_on_duplicate else PASSING)

    def query(self, work: Callable[[Connection], Result]) -> Result:
        """Runs ``work``, which only reads, again from its start when the database asks for it: a reader can be a deadlock's victim too.

        Raises:
            DatabaseBusyError, DatabaseUnavailableError, DatabaseFaultError, sqlalchemy.exc.DBAPIError: as ``transact``.
        """
        return self._repeat(self.read, work, PASSING)

    def _repeat(
        self, opened: Callable[[], AbstractContextManager[Connection]], work: Callable[[Connection], Result], again: frozenset[Fault]
    ) -> Result:
        began = self._pause_clock.monotonic()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with opened() as connection:
                    return work(connection)
            except (DBAPIError, DatabaseBusyError, DatabaseFaultError) as error:
                cause = error if isinstance(error, DBAPIError) else error.__cause__
                if not isinstance(cause, DBAPIError) or fault_of(cause) not in again:
                    raise
                if attempt == ATTEMPTS or self._pause_clock.monotonic() - began >= PATIENCE:
                    raise self._explained(cause) from cause
            self._pause_clock.wait(Event(), random.uniform(0.01, 0.05) * 2**attempt)
        raise AssertionError("unreachable")

    def now_ms(self, connection: Connection) -> int:
        """Returns the database server's clock: milliseconds since 1970 UTC."""
        if self._server_clock is not None:
            return to_ms(self._server_clock.now())
        return int(connection.execute(text(_SERVER_CLOCK[self.dialect])).scalar_one())

    def now(self, connection: Connection) -> datetime:
        """Returns the database server's clock: aware, UTC."""
        return from_ms(self.now_ms(connection))

    def write_through(self) -> None:
        """Brings all that was committed into the file of an embedded store, so that a plain copy of the file holds it.

        What others still read or write is left for the next time; never fails. Nothing happens on a server, on a guest's file, and where
        this program never connected.
        """
        pool = self.engine.pool
        if self.dialect != "sqlite" or self._guest or not isinstance(pool, QueuePool) or not pool.checkedin() + pool.checkedout():
            return
        with suppress(DBAPIError, sqlite3.Error), closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            try:
                cursor.execute(f"PRAGMA busy_timeout = {_BRIEFLY}")
                for mode in ("TRUNCATE", "PASSIVE"):  # whoever reads hinders the first alone
                    busy, _in_log, _written = cursor.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
                    if not busy:
                        break
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {int(LOCK_WAIT * 1000)}")
                cursor.close()

    def dispose(self) -> None:
        """Closes all connections; an embedded store is whole in its file then."""
        self.write_through()
        self.engine.dispose()

    def _connect(self) -> Connection:
        try:
            return self.engine.connect()
        except DBAPIError as error:
            fault, url = fault_of(error), self.engine.url
            if fault is Fault.DAMAGED and self.dialect == "sqlite":
                raise damaged(url) from error
            if self.dialect == "sqlite" and fault in (Fault.LOST, Fault.OTHER):
                raise unavailable(url, guest=self._guest) from error
            if fault in (Fault.LOST, Fault.OTHER, Fault.SILENT):
                fault = why_no_answer(url) if self.dialect == "mssql" and fault is Fault.SILENT else Fault.SILENT
            raise self._explained(error, fault) from error

    def _explained(self, error: DBAPIError, fault: Fault | None = None) -> UnavailableError:
        return explained(error, database=database_name(self.engine.url), guest=self._guest, fault=fault)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turns what people can mend into a known error; what passes in a moment, duplicate keys and the unforeseen stay as they are."""
        try:
            yield
        except DBAPIError as error:
            if fault_of(error) in (*PASSING, Fault.DUPLICATE_KEY, Fault.OTHER):
                raise
            raise self._explained(error) from error


def to_ms(instant: datetime) -> int:
    """Returns an aware instant as whole milliseconds since 1970 UTC."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def from_ms(milliseconds: int) -> datetime:
    """Returns milliseconds since 1970 UTC as an aware UTC instant."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def open_database(url: str | URL, *, schema: str | None = None, clock: Clock | None = None, guest: bool = False) -> Database:
    """Makes the engine for a database URL; connects only when first used.

    Args:
        url: SQLAlchemy's form: ``sqlite:///C:/path/file.db``, ``mssql+pyodbc://…``, ``postgresql+psycopg://…``.
        schema: the schema of the agent's tables on a server; None on SQLite.
        clock: stands in for the server's clock (tests only).
        guest: whether another program writes there, which goes first in a deadlock: the practice's own database.

    Raises:
        ConfigurationError: the URL can't be read, or names an unknown kind of database.
    """
    with _readable_address():
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            engine = guest_file_engine(parsed, LOCK_WAIT) if guest and not _is_in_memory(parsed) else _sqlite_engine(parsed)
            return Database(engine, None, clock, guest=guest)
        parsed = completed(parsed)
        make_engine = _sql_server_engine if parsed.get_backend_name() == "mssql" else _server_engine
        return Database(make_engine(parsed).execution_options(vitoclient_guest=guest), schema, clock, guest=guest)


@contextmanager
def _readable_address() -> Iterator[None]:
    try:
        yield
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigurationError(
            _("Datenbankadresse nicht lesbar"),
            _("Die Adresse der Datenbank kann nicht gelesen werden."),
            _("Adresse in der Konfiguration prüfen; sie beginnt mit sqlite:///, mssql+pyodbc:// oder postgresql+psycopg://."),
        ) from error


def with_password(url: str | URL, secret: Callable[[], str | None]) -> URL:
    """Returns a database URL with the password that it lacks, where it names a user.

    Args:
        url: SQLAlchemy's form.
        secret: asked for the password only when one is needed.

    Raises:
        ConfigurationError: the URL can't be read.
    """
    with _readable_address():
        parsed = make_url(url)
    return parsed.set(password=secret()) if parsed.username and not parsed.password else parsed


def unavailable(url: URL, *, guest: bool = False) -> DatabaseUnavailableError:
    """Returns the error that says that the file of an embedded database can't be opened, the practice's own for a guest."""
    where = url.database or "?"
    what = _("Die Datei {where} der Datenbank kann nicht geöffnet werden.").format(where=where)
    advice = join_texts(_("Laufwerk und Rechte des Ordners prüfen."), _(BY_ITSELF))
    return DatabaseUnavailableError(_("Datenbank nicht erreichbar"), join_texts(what, _(rest_of(guest=guest))), advice, item=where)


def damaged(url: URL) -> DatabaseUnavailableError:
    """Returns the error that says that the file of an embedded database is none, or no longer one."""
    return DatabaseUnavailableError(
        _("Datenbank beschädigt"),
        _("Die Datei {file} ist keine Datenbank oder ist beschädigt. Es wird nichts gesendet und nichts heruntergeladen.").format(
            file=url.database
        ),
        _(
            "Die Datei zur Seite legen und die letzte Sicherung an ihre Stelle kopieren; vor dem nächsten Senden fragt das Programm, "
            "was mit der Zeit seither ist."
        ),
        item=url.database,
    )


def _make_folder(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnavailableError(
            _("Datenbank nicht erreichbar"),
            _(
                "Der Ordner {folder} der Datenbank kann nicht angelegt werden ({why}). Es wird nichts gesendet und nichts heruntergeladen."
            ).format(folder=file.parent, why=why_of(error)),
            _("Den Ordner in der Konfiguration («machine.data_folder» oder «store.url») und seine Rechte prüfen."),
            item=str(file.parent),
        ) from error


def _sqlite_engine(url: URL) -> Engine:
    memory = _is_in_memory(url)
    if not memory and url.database:
        _make_folder(Path(url.database))
    engine = create_engine(url, poolclass=None if memory else QueuePool, hide_parameters=True, connect_args={"timeout": LOCK_WAIT})
    _begin_sessions(engine)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("vitoclient_read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _is_in_memory(url: URL) -> bool:
    return url.database in (None, "", ":memory:")


def _server_engine(url: URL) -> Engine:
    from tray_agent.store.answers import connection_class

    engine = create_engine(url, **_POOLED, connect_args=_KEPT_ALIVE)
    connect_once(engine, lambda *how, **more: _waiting(cast("DBAPIConnection", connection_class().connect(*how, **more))))
    _begin_sessions(engine)
    _ask_before_use(engine)
    return engine


_KEPT_ALIVE = {
    "connect_timeout": PING_WAIT, "keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2,
    "tcp_user_timeout": ANSWER_WAIT * 1000,
}  # fmt: skip
"""libpq: a firewall that forgot the connection is noticed while nothing is asked, too."""


def _ask_before_use(engine: Engine) -> None:
    """Lets a kept connection prove that it lives before it is given out; one that does not answer soon is given up, with all of its age."""

    @event.listens_for(engine, "checkout")
    def ask(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if not record.info.get("vitoclient_used"):  # it was made just now
            record.info["vitoclient_used"] = True
            return
        _set_wait(connection, PING_WAIT)
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error
        _set_wait(connection, ANSWER_WAIT)


def _waiting(connection: DBAPIConnection) -> DBAPIConnection:
    """Returns a new connection that waits for no answer for ever, not for those either that SQLAlchemy asks for first."""
    _set_wait(connection, ANSWER_WAIT)
    return connection


def _set_wait(connection: DBAPIConnection, seconds: int) -> None:
    """Tells a connection how long it may wait for an answer from now on."""
    connection.timeout = seconds


def wait_long(connection: Connection, seconds: int = LONG_WAIT) -> None:
    """Lets the statements of this transaction wait longer for an answer; the next use of the connection begins with short waits."""
    kept = connection.connection.dbapi_connection
    if kept is not None and connection.dialect.name != "sqlite":
        _set_wait(kept, seconds)


def _begin_sessions(engine: Engine) -> None:
    """Lets every session of an engine begin as ``_SESSION`` says."""

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        dialect = engine.dialect.name
        if dialect == "sqlite":
            connection.isolation_level = None  # the driver opens no transaction of its own: ours say which kind
        if dialect == "postgresql":
            connection.autocommit = True  # else what is set would go with the first transaction that is rolled back
        for statement in _SESSION.get(dialect, ()):
            cursor = connection.cursor()
            cursor.execute(statement.format(wait=int(LOCK_WAIT * 1000)))
            cursor.close()
        if dialect == "postgresql":
            connection.autocommit = False


def _sql_server_engine(url: URL) -> Engine:
    """Makes the engine for SQL Server.

    Long texts are NVARCHAR(max), whatever the server says of its version: LOWER and = refuse NTEXT. Many rows are written by one
    prepared INSERT, row by row: sent as an array (``fast_executemany``), a row that was refused may be kept from us by the driver,
    and a duplicate key must never be overheard; as one INSERT of many VALUES, the types of NULLs are asked for anew each time.
    """
    import pyodbc

    pyodbc.pooling = False
    arguments = {"timeout": PING_WAIT}
    engine = create_engine(url, **_POOLED, deprecate_large_types=True, use_insertmanyvalues=False, connect_args=arguments)
    tell_missing_driver(engine)
    connect_once(engine, lambda *how, **more: _waiting(pyodbc.connect(*how, **more)))

    _begin_sessions(engine)
    _ask_before_use(engine)

    @event.listens_for(engine, "handle_error")
    def notice(context: ExceptionContext) -> None:
        if (ended := ends_connection(context.original_exception)) is not None:
            context.is_disconnect = ended

    return engine


def _prefer(connection: Connection, *, reading: bool) -> None:
    """Lets SQL Server choose the writer as a deadlock's victim, whose work is run again (``transact``), and not the reader.

    In a database that is another program's it is always we who give way. The session keeps what it was told, so it is told only
    what changes.
    """
    if connection.dialect.name != "mssql":
        return
    guest = connection.get_execution_options().get("vitoclient_guest", False)
    wanted = "LOW" if guest else "HIGH" if reading else "NORMAL"
    if connection.info.get("vitoclient_priority", "NORMAL") != wanted:
        connection.exec_driver_sql(f"SET DEADLOCK_PRIORITY {wanted}")
        connection.info["vitoclient_priority"] = wanted


def _roll_back(connection: Connection) -> None:
    try:
        connection.rollback()
    except DBAPIError:
        connection.invalidate()
