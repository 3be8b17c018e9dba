"""What a database server says of itself, where it matters to the agent: version, edition, collation, isolation, space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tray_agent.i18n import _, format_number, join_texts
from tray_agent.store.database import Database
from tray_agent.store.faults import NO_CONNECTION, fault_of

OLDEST_SQL_SERVER = 13
"""SQL Server 2016: the first that knows DATEDIFF_BIG, in which the agent asks for the server's clock."""

OLDEST_POSTGRESQL = 12
"""The oldest that the agent is made for."""

LEAST_COMPATIBILITY = 130
"""Of SQL Server 2016: below, functions are missing that its version has."""

EXPRESS = 4
"""The engine edition of SQL Server Express (``SERVERPROPERTY('EngineEdition')``)."""

EXPRESS_MB = 10_240
"""So many megabytes a database of Express may have in its data files, without the log."""

NEARLY_FULL = 0.9
"""From this part of a limit on it is told."""

_SQL_SERVER = {
    "version": "SELECT CAST(SERVERPROPERTY('ProductVersion') AS NVARCHAR(60))",
    "clock": "SELECT DATEDIFF_BIG(millisecond, '19700101', SYSUTCDATETIME())",
    "edition": "SELECT CAST(SERVERPROPERTY('Edition') AS NVARCHAR(120))",
    "engine": "SELECT CAST(SERVERPROPERTY('EngineEdition') AS INT)",
    "compatibility": "SELECT CAST(compatibility_level AS INT) FROM sys.databases WHERE database_id = DB_ID()",
    "collation": "SELECT CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS NVARCHAR(120))",
    "snapshot": "SELECT CAST(is_read_committed_snapshot_on AS INT) FROM sys.databases WHERE database_id = DB_ID()",
    "used_mb": "SELECT SUM(CAST(FILEPROPERTY(name, 'SpaceUsed') AS BIGINT)) / 128 FROM sys.database_files WHERE type = 0",
    "limit_mb": """
        SELECT CASE WHEN MIN(CASE WHEN max_size = -1 THEN 0 ELSE 1 END) = 0 THEN NULL
            ELSE SUM(CAST(CASE WHEN max_size = 0 THEN size ELSE max_size END AS BIGINT)) / 128 END
        FROM sys.database_files WHERE type = 0""",
    "log_part": "SELECT CAST(used_log_space_in_percent AS FLOAT) / 100 FROM sys.dm_db_log_space_usage",
    "log_waits": "SELECT log_reuse_wait_desc FROM sys.databases WHERE database_id = DB_ID()",
}
_POSTGRESQL = {
    "version": "SELECT current_setting('server_version')",
    "encoding": "SELECT current_setting('server_encoding')",
    "collation": "SELECT datcollate FROM pg_database WHERE datname = current_database()",
    "used_mb": "SELECT pg_database_size(current_database()) / 1048576",
    "recovering": "SELECT CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END",
}
QUESTIONS: Mapping[str, Mapping[str, str]] = {"mssql": _SQL_SERVER, "postgresql": _POSTGRESQL}
"""What is asked of a server, each for itself: what it keeps to itself is not known, and nothing else is lost by it."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to say of a server.

    Attributes:
        grave: whether the agent can't work with it.
        sentence: what it is.
        advice: what to do.
    """

    grave: bool
    sentence: str
    advice: str


def read_facts(database: Database) -> dict[str, Any]:
    """Returns what the server says of itself, by the names of ``QUESTIONS``; what it does not tell this login is missing.

    Raises:
        KnownError: there is no connection, or it was lost.
    """
    found: dict[str, Any] = {}
    for name, question in QUESTIONS.get(database.dialect, {}).items():
        with database.read() as connection:
            value = _answer(connection, question)
        if value is not None:
            found[name] = value
    return found


def _answer(connection: Connection, question: str) -> Any:  # noqa: ANN401 - whatever a server answers
    try:
        return connection.execute(text(question)).scalar()
    except DBAPIError as error:
        if fault_of(error) in NO_CONNECTION:
            raise
        return None


def described(facts: Mapping[str, Any], dialect: str) -> str:
    """Returns the server in a sentence, for whoever looks after it; "" where it says nothing of itself."""
    if "version" not in facts:
        return ""
    parts = [f"{'SQL Server' if dialect == 'mssql' else 'PostgreSQL'} {facts['version']}"]
    if edition := facts.get("edition"):
        parts.append(str(edition))
    if compatibility := facts.get("compatibility"):
        parts.append(_("Kompatibilitätsgrad {level}").format(level=compatibility))
    if collation := facts.get("collation"):
        parts.append(_("Sortierung {collation}").format(collation=collation))
    if "snapshot" in facts:
        switched = _("ein") if facts["snapshot"] else _("aus")
        parts.append(_("READ_COMMITTED_SNAPSHOT {switched} (beides ist recht)").format(switched=switched))
    if "used_mb" in facts:
        parts.append(_("belegt {size} MB").format(size=format_number(int(facts["used_mb"]))))
    text = _("Datenbankserver: {parts}.").format(parts=", ".join(parts))
    express = _("Express hat keinen SQL Server-Agent: Sicherungen plant die Aufgabenplanung von Windows.")
    return join_texts(text, express) if facts.get("engine") == EXPRESS else text


def remarks(facts: Mapping[str, Any], dialect: str) -> Iterator[Remark]:
    """Yields what is too old, wrong or nearly full."""
    if (major := _major(facts)) is not None:
        oldest, name = (
            (OLDEST_SQL_SERVER, "SQL Server 2016") if dialect == "mssql" else (OLDEST_POSTGRESQL, f"PostgreSQL {OLDEST_POSTGRESQL}")
        )
        if major < oldest and "clock" not in facts:  # a server in the cloud says 12 and knows all that newer ones do
            text = _("Der Datenbankserver (Version {version}) ist zu alt; der Agent braucht mindestens {name}.")
            yield Remark(True, text.format(version=facts["version"], name=name), _("Den Datenbankserver aktualisieren."))
    if facts.get("compatibility", LEAST_COMPATIBILITY) < LEAST_COMPATIBILITY:
        text = _("Der Kompatibilitätsgrad der Datenbank ist {level}; darunter fehlen Funktionen, die es ab {least} gibt.")
        advice = _("Betreuer der Praxissoftware fragen, ob er angehoben werden darf, oder dem Agenten eine eigene Datenbank geben.")
        yield Remark(False, text.format(level=facts["compatibility"], least=LEAST_COMPATIBILITY), advice)
    if str(facts.get("encoding", "UTF8")).upper() != "UTF8":
        text = _("Die Datenbank ist in {encoding} gespeichert; Namen in anderen Schriften nimmt sie nicht an.")
        yield Remark(True, text.format(encoding=facts["encoding"]), _("Für den Agenten eine Datenbank in UTF8 anlegen."))
    if facts.get("recovering"):
        text = _("Der Datenbankserver ist eine Kopie, die nur gelesen werden kann.")
        yield Remark(True, text, _("In der Konfiguration den Hauptserver eintragen."))
    yield from _space(facts)


def _space(facts: Mapping[str, Any]) -> Iterator[Remark]:
    used, express = facts.get("used_mb"), facts.get("engine") == EXPRESS
    limits = [limit for limit in (facts.get("limit_mb"), EXPRESS_MB if express else None) if limit]
    if used is not None and limits and used >= NEARLY_FULL * min(limits):
        text = _("Die Datenbank belegt {used} von höchstens {limit} MB; ist sie voll, wird nichts mehr gesendet.")
        advice = _("Grenze der Dateien anheben; bei Express (höchstens 10 GB) Platz schaffen oder die Edition wechseln.")
        yield Remark(False, text.format(used=format_number(int(used)), limit=format_number(int(min(limits)))), advice)
    if facts.get("log_part", 0) >= NEARLY_FULL:
        text = _("Das Transaktionsprotokoll ist zu {part} % voll (es wartet auf: {waits}); ist es voll, wird nichts mehr gesendet.")
        advice = _("Das Protokoll sichern, oder beim einfachen Wiederherstellungsmodell nach einer langen Transaktion suchen.")
        yield Remark(False, text.format(part=round(facts["log_part"] * 100), waits=facts.get("log_waits", "?")), advice)


def _major(facts: Mapping[str, Any]) -> int | None:
    head = str(facts.get("version", "")).split(".")[0].split(" ")[0]
    return int(head) if head.isdigit() else None
