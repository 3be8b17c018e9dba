"""What a database error means, decided by SQLSTATE and native number: one table a database, one of sentences.

native number or state → ``Fault`` → sentence for people (``SENTENCES``) → whether it passes in a moment (``PASSING``). A number that
stands in no table is ``OTHER``: it is told as the database says it, and what was begun is tried again like the rest.

Two kinds of failure to connect have no number of their own and are told by words (``WORDS``): libpq gives those of a refused log-in as
text alone, and Microsoft's driver on Linux those of a certificate.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from enum import Enum, auto

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from tray_agent.errors import DatabaseBusyError, DatabaseFaultError, DatabaseRefusedError, DatabaseUnavailableError, UnavailableError
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

    SILENT = auto()
    """The server, or what stands between, gives no answer in the time that is waited."""

    TOO_SLOW = auto()
    """The server answers and ended a statement that took too long."""

    NO_NAME = auto()
    """The name of the server leads nowhere."""

    PORT_CLOSED = auto()
    """The computer answers; no database server listens there."""

    NO_INSTANCE = auto()
    """SQL Server Browser does not say where the named instance listens."""

    LOGIN_REFUSED = auto()
    """The login does not exist there, or its password is another."""

    LOGIN_CLOSED = auto()
    """The login is locked or disabled."""

    PASSWORD_EXPIRED = auto()
    """The password is right and may no longer be used."""

    WINDOWS_LOGIN = auto()
    """The server does not take the Windows account."""

    NO_DATABASE = auto()
    """The server has no such database, or lets the login not into it: SQL Server says one number for both."""

    NO_USER = auto()
    """The login is good, and is no user of the database."""

    CERTIFICATE = auto()
    """Nobody whom this computer trusts vouches for the server's certificate."""

    CERTIFICATE_NAME = auto()
    """The server's certificate is for another name than the one in the address."""

    CERTIFICATE_EXPIRED = auto()
    """The server's certificate is no longer, or not yet, valid."""

    ENCRYPTION = auto()
    """Server and address don't agree on how to encrypt."""

    NO_DRIVER = auto()
    """The ODBC driver that the address names is not installed."""

    STARTING = auto()
    """The server or the database starts, recovers or goes down."""

    OFFLINE = auto()
    """The database is offline, in single-user mode, or its files are away."""

    TOO_MANY = auto()
    """The server takes no more connections."""

    LOG_FULL = auto()
    """SQL Server's transaction log is full."""

    FAILOVER = auto()
    """The database moves to another server of its group at this moment: the whole transaction may be run again."""

    NO_SCHEMA = auto()
    """The schema of the agent's tables is not there, or the login may not use it."""

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
    701: Fault.OVERLOADED, 1204: Fault.OVERLOADED, 8645: Fault.OVERLOADED, 802: Fault.OVERLOADED,
    596: Fault.LOST, 6002: Fault.LOST, 6005: Fault.LOST, 6006: Fault.LOST, 4014: Fault.LOST,
    18456: Fault.LOGIN_REFUSED, 18450: Fault.LOGIN_REFUSED,
    18470: Fault.LOGIN_CLOSED, 18486: Fault.LOGIN_CLOSED,
    18487: Fault.PASSWORD_EXPIRED, 18488: Fault.PASSWORD_EXPIRED,
    18452: Fault.WINDOWS_LOGIN, 17806: Fault.WINDOWS_LOGIN,
    4060: Fault.NO_DATABASE, 911: Fault.NO_DATABASE,
    916: Fault.NO_USER, 4064: Fault.NO_USER,
    18401: Fault.STARTING, 17142: Fault.STARTING, 921: Fault.STARTING, 922: Fault.STARTING, 927: Fault.STARTING, 952: Fault.STARTING,
    942: Fault.OFFLINE, 924: Fault.OFFLINE, 945: Fault.OFFLINE, 18461: Fault.OFFLINE,
    17809: Fault.TOO_MANY, 17300: Fault.TOO_MANY, 10928: Fault.TOO_MANY,
    3906: Fault.READ_ONLY,
    229: Fault.FORBIDDEN, 230: Fault.FORBIDDEN, 262: Fault.FORBIDDEN, 2760: Fault.NO_SCHEMA,
    1105: Fault.FULL, 9002: Fault.LOG_FULL,
    976: Fault.NOT_PRIMARY, 978: Fault.NOT_PRIMARY, 983: Fault.FAILOVER, 40613: Fault.FAILOVER,
    926: Fault.DAMAGED, 3908: Fault.DAMAGED,
}  # fmt: skip
"""SQL Server's numbers."""

OF_THE_WAY: Mapping[int, Fault] = {
    10053: Fault.LOST, 10054: Fault.LOST, 64: Fault.LOST, 121: Fault.LOST, 233: Fault.LOST, 104: Fault.LOST, 32: Fault.LOST,
    258: Fault.SILENT, 10060: Fault.SILENT, 110: Fault.SILENT,
    11001: Fault.NO_NAME, 10061: Fault.PORT_CLOSED, 111: Fault.PORT_CLOSED,
    -2146893019: Fault.CERTIFICATE, -2146762487: Fault.CERTIFICATE, -2146893022: Fault.CERTIFICATE_NAME,
    -2146762481: Fault.CERTIFICATE_NAME, -2146893016: Fault.CERTIFICATE_EXPIRED, -2146762495: Fault.CERTIFICATE_EXPIRED,
    20: Fault.ENCRYPTION,
}  # fmt: skip
"""Numbers of sockets (Windows's, Linux's), of certificates (Windows's, negative) and of Microsoft's driver itself (20: the server can't
encrypt). They count under a state of connections alone ("08…"): as SQL Server's own the small ones mean a wrong statement."""

SQLSTATE: Mapping[str, Fault] = {
    "23505": Fault.DUPLICATE_KEY,
    "40001": Fault.TRY_AGAIN, "40P01": Fault.TRY_AGAIN, "55P03": Fault.TRY_AGAIN,
    "53200": Fault.OVERLOADED,
    "HYT00": Fault.SILENT, "HYT01": Fault.SILENT, "57014": Fault.TOO_SLOW,
    "IM002": Fault.NO_DRIVER, "IM003": Fault.NO_DRIVER, "01000": Fault.NO_DRIVER,
    "57P03": Fault.STARTING, "53300": Fault.TOO_MANY, "3D000": Fault.NO_DATABASE,
    "08": Fault.LOST, "57P": Fault.LOST, "28": Fault.LOGIN_REFUSED,
    "25006": Fault.READ_ONLY,
    "42501": Fault.FORBIDDEN, "3F000": Fault.NO_SCHEMA,
    "53100": Fault.FULL,
    "XX001": Fault.DAMAGED, "XX002": Fault.DAMAGED,
}  # fmt: skip
"""States, PostgreSQL's above all, ODBC's, and the beginnings of states: connection, server that shuts down, login."""

WORDS: tuple[tuple[str, Fault], ...] = (
    (r"does not match host name|passt nicht zum Hostnamen", Fault.CERTIFICATE_NAME),
    (r"certificate has expired|certificate is not yet valid", Fault.CERTIFICATE_EXPIRED),
    (r"certificate verify failed|root certificate file", Fault.CERTIFICATE),
    (r"does not support SSL|unterstützt kein SSL", Fault.ENCRYPTION),
    (r"password authentication failed|Passwort-Authentifizierung|no password supplied", Fault.LOGIN_REFUSED),
    (r'role "[^"]*" does not exist|Rolle »[^«]*« existiert nicht', Fault.LOGIN_REFUSED),
    (r"is not permitted to log in|hat keine Berechtigung zum Einloggen", Fault.LOGIN_CLOSED),
    (r'database "[^"]*" does not exist|Datenbank »[^«]*« existiert nicht', Fault.NO_DATABASE),
    (r"no pg_hba\.conf entry|pg_hba\.conf-Eintrag|permission denied for database|Berechtigung für Datenbank", Fault.NO_USER),
    (r"too many clients|too many connections|remaining connection slots", Fault.TOO_MANY),
    (r"is starting up|is shutting down|not yet accepting connections|not accepting connections|startet gerade", Fault.STARTING),
    (r"failed to resolve host|could not translate host name|getaddrinfo failed", Fault.NO_NAME),
    (r"Connection refused|10061", Fault.PORT_CLOSED),
    (r"timeout expired|timed out", Fault.SILENT),
)
"""What tells why a connection could not be made where neither number nor state does: libpq's words, English and German."""

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

PASSING = frozenset({Fault.TRY_AGAIN, Fault.OVERLOADED, Fault.FAILOVER})
"""What passes in a moment, so that the transaction is run again at once. All else is tried again later, with what was begun."""

_NOTHING_IS_DONE = N_("Bis das behoben ist, wird nichts gesendet und nichts heruntergeladen.")
_STORE_IS_AWAY = N_("Bis sie wieder da ist, wird nichts gesendet und nichts heruntergeladen.")
_GUEST_IS_AWAY = N_("Bis sie wieder da ist, wird nichts vorbereitet und nichts gesendet.")
BY_ITSELF = N_("Der Agent versucht es von selbst wieder.")
SELDOM = N_(
    "Damit das Konto nicht gesperrt wird, versucht es der Agent immer seltener; sofort nach einer Änderung der Konfiguration und mit "
    "«Jetzt prüfen»."
)

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
        N_("Die Verbindung zur Datenbank {database} brach ab; der angefangene Schritt wurde nicht ausgeführt."),
        "",
    ),
    Fault.SILENT: (
        N_("Datenbank nicht erreichbar"),
        N_("Die Datenbank {database} antwortet nicht."),
        N_("Netzwerk und Datenbankserver prüfen."),
    ),
    Fault.TOO_SLOW: (
        N_("Datenbank zu langsam"),
        N_("Die Datenbank {database} brauchte für einen Schritt zu lange und hat ihn abgebrochen."),
        N_("Geschieht das oft, die Last des Datenbankservers prüfen lassen."),
    ),
    Fault.NO_NAME: (
        N_("Datenbankserver nicht gefunden"),
        N_("Den Server der Datenbank {database} findet dieser Computer unter seinem Namen nicht."),
        N_("Den Namen des Servers in der Konfiguration, das Netzwerk und allenfalls das VPN prüfen."),
    ),
    Fault.PORT_CLOSED: (
        N_("Datenbankserver läuft nicht"),
        N_("Der Computer der Datenbank {database} ist da, aber unter diesem Anschluss antwortet kein Datenbankserver."),
        N_("Prüfen, ob der Datenbankserver läuft, ob TCP/IP eingeschaltet ist, ob der Anschluss stimmt und die Firewall ihn durchlässt."),
    ),
    Fault.NO_INSTANCE: (
        N_("Instanz nicht gefunden"),
        N_("Wo die benannte Instanz der Datenbank {database} antwortet, sagt niemand."),
        N_("Den Namen der Instanz prüfen und auf dem Server «SQL Server Browser» starten, oder statt der Instanz den Anschluss eintragen."),
    ),
    Fault.LOGIN_REFUSED: (
        N_("Anmeldung an der Datenbank abgelehnt"),
        N_("Die Datenbank {database} lehnt die Anmeldung ab: Benutzer oder Passwort stimmt nicht."),
        N_("Benutzer und Passwort in der Konfiguration prüfen."),
    ),
    Fault.LOGIN_CLOSED: (
        N_("Konto an der Datenbank gesperrt"),
        N_("Das Konto, mit dem sich der Agent an der Datenbank {database} anmeldet, ist gesperrt oder ausgeschaltet."),
        N_("Das Konto auf dem Datenbankserver freigeben; vorher das Passwort in der Konfiguration prüfen."),
    ),
    Fault.PASSWORD_EXPIRED: (
        N_("Passwort der Datenbank abgelaufen"),
        N_("Das Passwort für die Datenbank {database} ist abgelaufen oder muss geändert werden."),
        N_("Auf dem Datenbankserver ein neues setzen, am besten eines ohne Ablauf, und es in der Konfiguration nachtragen."),
    ),
    Fault.WINDOWS_LOGIN: (
        N_("Windows-Anmeldung abgelehnt"),
        N_("Die Datenbank {database} nimmt das Windows-Konto nicht an, unter dem das Programm läuft."),
        N_("Prüfen, ob Computer und Server derselben Domäne angehören, oder eine Anmeldung mit Benutzer und Passwort eintragen."),
    ),
    Fault.NO_DATABASE: (
        N_("Datenbank nicht vorhanden"),
        N_("Der Server antwortet, hat aber keine Datenbank {database}, oder der Benutzer darf sie nicht öffnen."),
        N_("Den Namen der Datenbank in der Konfiguration prüfen, und ob der Benutzer in ihr angelegt ist."),
    ),
    Fault.NO_USER: (
        N_("Kein Zugang zur Datenbank"),
        N_("Die Anmeldung gelingt, aber der Benutzer hat keinen Zugang zur Datenbank {database}."),
        N_("Ihn auf dem Datenbankserver in dieser Datenbank anlegen und ihm die nötigen Rechte geben."),
    ),
    Fault.CERTIFICATE: (
        N_("Zertifikat nicht vertrauenswürdig"),
        N_("Die Verbindung zur Datenbank {database} wird verschlüsselt, aber dem Zertifikat des Servers vertraut dieser Computer nicht."),
        N_(
            "Den Aussteller des Zertifikats auf diesem Computer eintragen, das Zertifikat mit «ServerCertificate» angeben, oder bewusst "
            "«Zertifikat nicht prüfen» wählen («TrustServerCertificate=yes»): dann wird verschlüsselt, aber nicht geprüft, wer antwortet."
        ),
    ),
    Fault.CERTIFICATE_NAME: (
        N_("Zertifikat für anderen Namen"),
        N_("Das Zertifikat des Servers der Datenbank {database} lautet auf einen anderen Namen als die Adresse."),
        N_("Den Server so eintragen, wie er im Zertifikat heisst, oder dessen Namen mit «HostNameInCertificate» angeben."),
    ),
    Fault.CERTIFICATE_EXPIRED: (
        N_("Zertifikat der Datenbank abgelaufen"),
        N_("Das Zertifikat des Servers der Datenbank {database} ist abgelaufen oder noch nicht gültig."),
        N_("Auf dem Server ein gültiges einsetzen lassen; stimmt die Uhr dieses Computers?"),
    ),
    Fault.ENCRYPTION: (
        N_("Verschlüsselung nicht möglich"),
        N_("Der Server der Datenbank {database} verschlüsselt nicht so, wie es die Adresse verlangt."),
        N_("Verschlüsselung auf dem Server einschalten; «Encrypt=strict» kann erst SQL Server 2022, sonst «Encrypt=yes» eintragen."),
    ),
    Fault.NO_DRIVER: (
        N_("ODBC-Treiber fehlt"),
        N_("Den ODBC-Treiber, den die Adresse der Datenbank {database} nennt, gibt es auf diesem Computer nicht."),
        N_("«ODBC Driver 18 for SQL Server» von Microsoft installieren und das Programm neu starten."),
    ),
    Fault.STARTING: (
        N_("Datenbank startet oder endet"),
        N_("Die Datenbank {database} startet gerade, wird wiederhergestellt oder beendet."),
        N_("Einen Augenblick warten."),
    ),
    Fault.OFFLINE: (
        N_("Datenbank ausser Betrieb"),
        N_("Die Datenbank {database} ist ausser Betrieb, nur für einen Benutzer offen, oder ihre Dateien fehlen."),
        N_("Den Betreuer der Datenbank fragen, wann sie wieder offen ist."),
    ),
    Fault.TOO_MANY: (
        N_("Zu viele Verbindungen"),
        N_("Der Server der Datenbank {database} nimmt im Moment keine weiteren Verbindungen an."),
        N_("Geschieht das oft, auf dem Datenbankserver mehr Verbindungen zulassen."),
    ),
    Fault.LOG_FULL: (
        N_("Transaktionsprotokoll voll"),
        N_("Das Transaktionsprotokoll der Datenbank {database} ist voll; sie nimmt keine Änderungen an."),
        N_("Das Protokoll sichern lassen oder seine Grenze anheben."),
    ),
    Fault.FAILOVER: (
        N_("Datenbank wechselt den Server"),
        N_("Die Datenbank {database} wechselt gerade auf einen anderen Server; der angefangene Schritt wurde nicht ausgeführt."),
        N_("Einen Augenblick warten."),
    ),
    Fault.NO_SCHEMA: (
        N_("Schema der Datenbank fehlt"),
        N_("Das Schema, in dem die Tabellen des Agenten sind, fehlt in der Datenbank {database}, oder der Benutzer darf es nicht nutzen."),
        N_("Den Namen des Schemas in der Konfiguration und die Rechte des Benutzers prüfen."),
    ),
    Fault.READ_ONLY: (
        N_("Datenbank nur lesbar"),
        N_("Die Datenbank {database} ist nur lesbar; sie nimmt keine Änderungen an."),
        N_("Die Datenbank zum Schreiben freigeben; bei einer Datei die Rechte der Datei und ihres Ordners prüfen."),
    ),
    Fault.FORBIDDEN: (
        N_("Rechte in der Datenbank fehlen"),
        N_("Dem Benutzer, mit dem sich der Agent an der Datenbank {database} anmeldet, fehlt das Recht zu schreiben oder zu lesen."),
        N_("Ihm das Recht geben, in den Tabellen des Agenten zu lesen, einzufügen, zu ändern und zu löschen."),
    ),
    Fault.FULL: (
        N_("Platte der Datenbank voll"),
        N_("Die Platte der Datenbank {database} ist voll; sie nimmt keine Änderungen an."),
        N_("Auf dem Computer der Datenbank Platz schaffen oder die Grenze ihrer Grösse anheben."),
    ),
    Fault.NOT_PRIMARY: (
        N_("Datenbank hier nicht beschreibbar"),
        N_("Die Datenbank {database} ist Teil einer Verfügbarkeitsgruppe und auf diesem Server nicht beschreibbar."),
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

_KEPT_FROM_WRITING = frozenset(
    {Fault.READ_ONLY, Fault.FORBIDDEN, Fault.FULL, Fault.LOG_FULL, Fault.NOT_PRIMARY, Fault.NO_SCHEMA, Fault.FILE, Fault.DAMAGED}
)
"""What lasts until somebody mends it."""

LOCKING = frozenset({Fault.LOGIN_REFUSED, Fault.LOGIN_CLOSED, Fault.PASSWORD_EXPIRED, Fault.WINDOWS_LOGIN})
"""Log-ins that are not tried again soon: after some of them the server locks the account."""

_REFUSED = LOCKING | {
    Fault.NO_NAME, Fault.PORT_CLOSED, Fault.NO_INSTANCE, Fault.NO_DATABASE, Fault.NO_USER, Fault.CERTIFICATE, Fault.CERTIFICATE_NAME,
    Fault.CERTIFICATE_EXPIRED, Fault.ENCRYPTION, Fault.NO_DRIVER, Fault.STARTING, Fault.OFFLINE, Fault.TOO_MANY,
}  # fmt: skip
"""Why there is no connection, where that is known."""

NO_CONNECTION = _REFUSED | {Fault.LOST, Fault.SILENT}
"""Where there is no connection, or no longer one."""

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
    known = _known(original)
    if isinstance(error, IntegrityError):  # a foreign key's text may end with the number of another rule
        return known if known is Fault.DUPLICATE_KEY else Fault.OTHER
    if error.connection_invalidated and known not in PASSING | NO_CONNECTION:
        return Fault.LOST
    if known is None and _sqlstate(original) is None and isinstance(error, OperationalError | InterfaceError):
        return Fault.LOST  # a driver that has no state to tell has lost the server
    return known or Fault.OTHER


def _known(original: BaseException | None) -> Fault | None:
    """Returns what number, state or, for want of both, words say."""
    state, number = _sqlstate(original), _native_number(original)
    of_the_way = OF_THE_WAY if state and state.startswith("08") else {}
    known = {**SQL_SERVER, **of_the_way}.get(number) if number else None
    if known is None and (state is None or state.startswith("08")):
        known = next((fault for words, fault in WORDS if re.search(words, str(original))), None)
    return known or next((SQLSTATE[state[:length]] for length in (5, 3, 2) if state and state[:length] in SQLSTATE), None)


def explained(error: DBAPIError, *, database: str = "", guest: bool = False, fault: Fault | None = None) -> UnavailableError:
    """Returns a database error as people are told it: what it is, what to do, and the database's own number and words.

    What was begun is tried again, whatever it is; nothing of it was written.

    Args:
        error: what the database said.
        database: which one it is, as people are told; "" where that is not known.
        guest: whether it is another program's.
        fault: what it means, where that is known better than from the error.
    """
    fault = fault or fault_of(error)
    words = SENTENCES.get(fault, SENTENCES[Fault.OTHER])
    title, message, advice = (" ".join(_(text).format(database=database).split()) if text else "" for text in words)
    if fault is Fault.TRY_AGAIN:
        return DatabaseBusyError(title, message, advice)
    if fault is Fault.LOST:
        return DatabaseUnavailableError(title, message, _(BY_ITSELF))
    if fault in NO_CONNECTION:
        rest = _(rest_of(guest=guest))
        advice = advice if fault is Fault.NO_DRIVER else join_texts(advice, _(SELDOM if fault in LOCKING else BY_ITSELF))
        message, item = join_texts(message, rest), database or None
        if fault is Fault.SILENT:
            return DatabaseUnavailableError(title, message, advice, item=item)
        return DatabaseRefusedError(title, message, advice, code=f"database_{fault.name.lower()}", item=item)
    if fault in _KEPT_FROM_WRITING:
        message = join_texts(message, _(_NOTHING_IS_DONE))
    message = join_texts(message, _("Die Datenbank meldet: {words}.").format(words=said(error).removesuffix(".")))
    return DatabaseFaultError(title, message, join_texts(advice, _(BY_ITSELF)), code=f"database_{fault.name.lower()}")


def rest_of(*, guest: bool) -> str:
    """Returns what a database that is away means for the practice, in the source language: its own database for a guest."""
    return _GUEST_IS_AWAY if guest else _STORE_IS_AWAY


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
    if fault in (Fault.LOST, Fault.FAILOVER):
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
