"""What a database error means, decided by SQLSTATE and native number, never by the text."""

from __future__ import annotations

import re
import sqlite3
from enum import Enum, auto

from sqlalchemy.exc import DBAPIError, IntegrityError


class Fault(Enum):
    """The kinds of database error that the program tells apart."""

    DUPLICATE_KEY = auto()
    """A UNIQUE or PRIMARY KEY constraint or index refused the row."""

    TRY_AGAIN = auto()
    """Deadlock victim, lock timeout, snapshot conflict, busy file: the whole transaction may be run again."""

    LOST = auto()
    """The connection is gone, or could not be made."""

    OTHER = auto()


_MSSQL_DUPLICATE = frozenset({2627, 2601})
_MSSQL_TRY_AGAIN = frozenset({1205, 1222, 3960})
_MSSQL_ENDED = frozenset({596, 6002, 6005, 6006})
_OF_THE_CALL = re.compile(r"\((-?\d+)\) \(SQL[A-Za-z]+\)")
_AT_THE_END = re.compile(r"\((-?\d+)\)\s*$")
_SQLSTATE_TRY_AGAIN = frozenset({"40001", "40P01", "55P03"})


def fault_of(error: DBAPIError) -> Fault:
    """Returns what a database error means.

    Sources: SQLSTATE classes 08, 23, 40; SQL Server's 2627, 2601, 1205, 1222, 3960, and 596, 6002, 6005, 6006 (session ended, server
    shutting down); SQLite's result codes.
    """
    original = error.orig
    if isinstance(original, sqlite3.Error):
        return _fault_of_sqlite(original)
    state = _sqlstate(original)
    number = _native_number(original)
    if isinstance(error, IntegrityError):
        duplicate = number in _MSSQL_DUPLICATE if number else state == "23505"
        return Fault.DUPLICATE_KEY if duplicate else Fault.OTHER
    if state in _SQLSTATE_TRY_AGAIN or number in _MSSQL_TRY_AGAIN:
        return Fault.TRY_AGAIN
    if error.connection_invalidated or number in _MSSQL_ENDED or (state or "").startswith(("08", "57P", "28")) or state is None:
        return Fault.LOST
    return Fault.OTHER


def ends_connection(original: BaseException) -> bool | None:
    """Returns whether SQL Server's connection is of no use after an error, or None where its SQLSTATE says so rightly.

    A session that was ended from outside comes with the SQLSTATE of any error; a lock waited for in vain may come with that of a
    login waited for in vain (HYT00).
    """
    number = _native_number(original)
    if number in _MSSQL_ENDED:
        return True
    return False if number in _MSSQL_TRY_AGAIN else None


def is_duplicate_key(error: DBAPIError) -> bool:
    """Returns whether a row was refused because its key is there already."""
    return fault_of(error) is Fault.DUPLICATE_KEY


def is_damaged(error: DBAPIError) -> bool:
    """Returns whether the file of an SQLite database is none, or no longer a whole one."""
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def _fault_of_sqlite(original: sqlite3.Error) -> Fault:
    code = getattr(original, "sqlite_errorcode", 0)
    if code in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID):
        return Fault.DUPLICATE_KEY
    primary = code & 0xFF
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Fault.TRY_AGAIN
    if primary in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY):
        return Fault.LOST
    return Fault.OTHER


def _sqlstate(original: BaseException | None) -> str | None:
    state = getattr(original, "sqlstate", None)  # psycopg
    if state is None and original is not None and original.args and isinstance(original.args[0], str):
        state = original.args[0]  # pyodbc
    return state if state and len(state) == 5 else None


def _native_number(original: BaseException | None) -> int | None:
    """Returns SQL Server's number out of pyodbc's message, or None.

    The message strings the server's records together, "[23000] […] text (2627) (SQLExecDirectW); [23000] […] The statement
    has been terminated. (3621)": the number that counts stands before the name of the driver's function. Without such a name
    it is the last one.
    """
    if original is None or len(original.args) < 2 or not isinstance(original.args[1], str):
        return None
    found = _OF_THE_CALL.findall(original.args[1]) or _AT_THE_END.findall(original.args[1])
    return int(found[-1]) if found else None
