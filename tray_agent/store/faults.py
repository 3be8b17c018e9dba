"""What a database error means, decided by SQLSTATE and native number, never by the text: one table a database, one of sentences.

native number or state → ``Fault`` → sentence for people (``SENTENCES``) → whether it passes in a moment (``PASSING``). A number that
stands in no table is ``OTHER``: it is told as the database says it, and what was begun is tried again like the rest.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from enum import Enum, auto

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from tray_agent.errors import DatabaseBusyError, DatabaseFaultError, DatabaseUnavailableError, UnavailableError
from tray_agent.i18n import N_, _, join_texts


class Fault(Enum):
    """The kinds of database error that the program tells apart."""

    DUPLICATE_KEY = auto()
    """A UNIQUE or PRIMARY KEY constraint or index refused the row."""

    TRY_AGAIN = auto()
    """Deadlock victim, lock timeout, snapshot conflict, busy file: the whole transaction may be run again."""

    OVERLOADED = auto()
    """The server lacks memory or locks at the moment: the whole transaction may be run again."""

    LOST = auto()
    """The connection is gone, or could not be made."""

    READ_ONLY = auto()
    """The database, its file or the server takes no changes."""

    FORBIDDEN = auto()
    """The login lacks a right on a table."""

    FULL = auto()
    """The disk, the file group or the transaction log is full."""

    NOT_PRIMARY = auto()
    """The database belongs to an availability group, and this server is not the one that may be written, or read."""

    FILE = auto()
    """The file of an embedded database can't be read or written: the disk, the drive of another computer, a virus scanner."""

    DAMAGED = auto()
    """The file is no database or no longer a whole one; the server keeps the database for emergencies."""

    OTHER = auto()
    """Anything else: a statement of ours that is wrong, or something that nobody foresaw."""


SQL_SERVER: Mapping[int, Fault] = {
    2627: Fault.DUPLICATE_KEY, 2601: Fault.DUPLICATE_KEY,
    1205: Fault.TRY_AGAIN, 1222: Fault.TRY_AGAIN, 3960: Fault.TRY_AGAIN,
    701: Fault.OVERLOADED, 1204: Fault.OVERLOADED, 8645: Fault.OVERLOADED,
    596: Fault.LOST, 6002: Fault.LOST, 6005: Fault.LOST, 6006: Fault.LOST,
    3906: Fault.READ_ONLY,
    229: Fault.FORBIDDEN, 230: Fault.FORBIDDEN, 262: Fault.FORBIDDEN,
    1105: Fault.FULL, 9002: Fault.FULL,
    976: Fault.NOT_PRIMARY, 983: Fault.NOT_PRIMARY,
    3908: Fault.DAMAGED,
}  # fmt: skip
"""SQL Server's numbers. Duplicate in a constraint, in an index; deadlock, lock timeout, snapshot conflict; memory, locks, memory for a
query; session ended, server shutting down; read-only; rights on a table, a column, the database; file group full, log full; secondary
without readers, role that changes; emergency mode."""

SQLSTATE: Mapping[str, Fault] = {
    "23505": Fault.DUPLICATE_KEY,
    "40001": Fault.TRY_AGAIN, "40P01": Fault.TRY_AGAIN, "55P03": Fault.TRY_AGAIN,
    "53200": Fault.OVERLOADED,
    "08": Fault.LOST, "57P": Fault.LOST, "28": Fault.LOST,
    "25006": Fault.READ_ONLY,
    "42501": Fault.FORBIDDEN,
    "53100": Fault.FULL,
    "XX001": Fault.DAMAGED, "XX002": Fault.DAMAGED,
}  # fmt: skip
"""States, PostgreSQL's above all, and the beginnings of states: connection, server that shuts down, login."""

SQLITE: Mapping[int, Fault] = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: Fault.DUPLICATE_KEY, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: Fault.DUPLICATE_KEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID: Fault.DUPLICATE_KEY,
    sqlite3.SQLITE_BUSY: Fault.TRY_AGAIN, sqlite3.SQLITE_LOCKED: Fault.TRY_AGAIN,
    sqlite3.SQLITE_NOMEM: Fault.OVERLOADED,
    sqlite3.SQLITE_CANTOPEN: Fault.LOST,
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
    sqlite3.SQLITE_PERM: Fault.FORBIDDEN,
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_IOERR: Fault.FILE,
    sqlite3.SQLITE_NOTADB: Fault.DAMAGED, sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
}  # fmt: skip
"""SQLite's result codes; where an extended one does not stand here, its primary one counts."""

PASSING = frozenset({Fault.TRY_AGAIN, Fault.OVERLOADED})
"""What passes in a moment, so that the transaction is run again at once. All else is tried again later, with what was begun."""

_NOTHING_IS_DONE = N_("Bis das behoben ist, wird nichts gesendet und nichts heruntergeladen.")
BY_ITSELF = N_("Der Agent versucht es von selbst wieder.")

SENTENCES: Mapping[Fault, tuple[str, ...]] = {
    Fault.TRY_AGAIN: (
        N_("Datenbank beschäftigt"),
        N_("Andere Arbeitsplätze halten die Datenbank besetzt; der angefangene Schritt wurde nicht ausgeführt."),
        N_("In einem Augenblick nochmals versuchen; was nach Zeitplan läuft, versucht es von selbst wieder."),
    ),
    Fault.OVERLOADED: (
        N_("Datenbank überlastet"),
        N_("Der Datenbank fehlt im Moment Arbeitsspeicher; der angefangene Schritt wurde nicht ausgeführt."),
        N_("Geschieht das oft, braucht der Computer der Datenbank mehr Arbeitsspeicher."),
    ),
    Fault.LOST: (
        N_("Verbindung zur Datenbank verloren"),
        N_("Die Verbindung zur Datenbank brach ab; der angefangene Schritt wurde nicht ausgeführt."),
        "",
    ),
    Fault.READ_ONLY: (
        N_("Datenbank nur lesbar"),
        N_("Die Datenbank ist nur lesbar; sie nimmt keine Änderungen an."),
        N_("Die Datenbank zum Schreiben freigeben; bei einer Datei die Rechte der Datei und ihres Ordners prüfen."),
    ),
    Fault.FORBIDDEN: (
        N_("Rechte in der Datenbank fehlen"),
        N_("Dem Benutzer, mit dem sich der Agent an der Datenbank anmeldet, fehlt das Recht zu schreiben oder zu lesen."),
        N_("Ihm das Recht geben, in den Tabellen des Agenten zu lesen, einzufügen, zu ändern und zu löschen."),
    ),
    Fault.FULL: (
        N_("Platte der Datenbank voll"),
        N_("Die Platte der Datenbank oder ihr Transaktionsprotokoll ist voll; sie nimmt keine Änderungen an."),
        N_("Auf dem Computer der Datenbank Platz schaffen oder die Grenze ihrer Grösse anheben."),
    ),
    Fault.NOT_PRIMARY: (
        N_("Datenbank hier nicht beschreibbar"),
        N_("Die Datenbank ist Teil einer Verfügbarkeitsgruppe und auf diesem Server nicht beschreibbar."),
        N_("In der Konfiguration den Listener der Verfügbarkeitsgruppe statt eines einzelnen Servers eintragen."),
    ),
    Fault.FILE: (
        N_("Datei der Datenbank gestört"),
        N_("Die Datei der Datenbank kann im Moment nicht gelesen oder nicht geschrieben werden."),
        N_("Laufwerk, Netzwerklaufwerk und Virenschutz prüfen."),
    ),
    Fault.DAMAGED: (
        N_("Datenbank beschädigt"),
        N_("Die Datenbank ist beschädigt oder nur noch im Notbetrieb."),
        N_(
            "Den Betreuer der Datenbank rufen; allenfalls die letzte Sicherung zurückspielen. Vor dem nächsten Senden fragt das Programm "
            "dann, was mit der Zeit seither ist."
        ),
    ),
    Fault.OTHER: (
        N_("Datenbank meldet einen Fehler"),
        N_("Die Datenbank hat den angefangenen Schritt abgewiesen."),
        N_("Bleibt der Fehler, diese Meldung dem Support geben."),
    ),
}
"""Title, message and advice of each kind, for people; a duplicate key is told by whoever meets it."""

_KEPT_FROM_WRITING = frozenset({Fault.READ_ONLY, Fault.FORBIDDEN, Fault.FULL, Fault.NOT_PRIMARY, Fault.FILE, Fault.DAMAGED})
"""What lasts until somebody mends it."""

_OF_THE_CALL = re.compile(r"\((-?\d+)\) \(SQL[A-Za-z]+\)")
_AT_THE_END = re.compile(r"\((-?\d+)\)\s*$")
_DRIVER = re.compile(r"^(\[[^\]]*\]\s*)+")
_STATES_OF_NAMES = ("42P", "42S", "425", "426", "427", "428", "3F")
"""States whose texts name tables, columns and functions; the texts of others can hold what a row was to hold."""
_VALUES = re.compile(r"""\s*['"«“(:].*""", re.DOTALL)


def fault_of(error: DBAPIError) -> Fault:
    """Returns what a database error means."""
    original = error.orig
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", 0)
        return SQLITE.get(code, SQLITE.get(code & 0xFF, Fault.OTHER))
    state, number = _sqlstate(original), _native_number(original)
    known = SQL_SERVER.get(number) if number else None
    known = known or next((SQLSTATE[state[:length]] for length in (5, 3, 2) if state and state[:length] in SQLSTATE), None)
    if isinstance(error, IntegrityError):  # a foreign key's text may end with the number of another rule
        return known if known is Fault.DUPLICATE_KEY else Fault.OTHER
    if error.connection_invalidated and known not in PASSING:
        return Fault.LOST
    if known is None and state is None and isinstance(error, OperationalError | InterfaceError):
        return Fault.LOST  # a driver that has no state to tell has lost the server
    return known or Fault.OTHER


def explained(error: DBAPIError) -> UnavailableError:
    """Returns a database error as people are told it: what it is, what to do, and the database's own number and words.

    What was begun is tried again, whatever it is; nothing of it was written.
    """
    fault = fault_of(error)
    words = SENTENCES.get(fault, SENTENCES[Fault.OTHER])
    title, message, advice = (_(text) if text else "" for text in words)
    if fault is Fault.TRY_AGAIN:
        return DatabaseBusyError(title, message, advice)
    if fault is Fault.LOST:
        return DatabaseUnavailableError(title, message, _(BY_ITSELF))
    if fault in _KEPT_FROM_WRITING:
        message = join_texts(message, _(_NOTHING_IS_DONE))
    message = join_texts(message, _("Die Datenbank meldet: {words}.").format(words=said(error).removesuffix(".")))
    return DatabaseFaultError(title, message, join_texts(advice, _(BY_ITSELF)), code=f"database_{fault.name.lower()}")


def said(error: DBAPIError) -> str:
    """Returns number and text of a database error on one line, without what a row holds: never a value, a parameter, a patient."""
    original = error.orig
    if isinstance(original, sqlite3.Error):
        return f"{getattr(original, 'sqlite_errorname', 'SQLite')}: {_one_line(str(original))}"
    state, number, text = _sqlstate(original), _native_number(original), _one_line(_text_of(original))
    if state is None:
        return type(original).__name__  # of the driver, not of a database: whatever it may hold
    names_only = fault_of(error) is not Fault.OTHER or (state or "").startswith(_STATES_OF_NAMES)
    if isinstance(error, IntegrityError) or not names_only:
        text = _VALUES.sub("…", text)
    return f"{number or state}: {text}"


def ends_connection(original: BaseException) -> bool | None:
    """Returns whether SQL Server's connection is of no use after an error, or None where its SQLSTATE says so rightly.

    A session that was ended from outside comes with the SQLSTATE of any error; a lock waited for in vain may come with that of a
    login waited for in vain (HYT00).
    """
    fault = SQL_SERVER.get(_native_number(original) or 0)
    if fault is Fault.LOST:
        return True
    return False if fault is Fault.TRY_AGAIN else None


def is_duplicate_key(error: DBAPIError) -> bool:
    """Returns whether a row was refused because its key is there already."""
    return fault_of(error) is Fault.DUPLICATE_KEY


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]


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
    found = _record(original)
    return int(found[1]) if found else None


def _text_of(original: BaseException | None) -> str:
    """Returns what the database says, without the driver's names before it and without PostgreSQL's further lines."""
    found = _record(original)
    if found is not None:
        return _DRIVER.sub("", found.string[: found.start()])
    text: str | None = getattr(getattr(original, "diag", None), "message_primary", None)
    return text or (str(original).splitlines() or [""])[0]


def _record(original: BaseException | None) -> re.Match[str] | None:
    if original is None or len(original.args) < 2 or not isinstance(original.args[1], str):
        return None
    *_earlier, last = (None, *_OF_THE_CALL.finditer(original.args[1]))
    return last or _AT_THE_END.search(original.args[1])
