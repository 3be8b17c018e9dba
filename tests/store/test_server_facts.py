"""What a server says of itself is read on every engine, and told where it matters."""

from __future__ import annotations

from typing import Any

import pytest

from tray_agent.store.database import Database
from tray_agent.store.server_facts import QUESTIONS, described, read_facts, remarks

GOOD: dict[str, Any] = {
    "version": "15.0.4345.5", "edition": "Standard Edition (64-bit)", "engine": 2, "compatibility": 150,
    "collation": "Latin1_General_CI_AS", "snapshot": 0, "used_mb": 300, "log_part": 0.1, "log_waits": "NOTHING",
}  # fmt: skip


def test_a_server_tells_its_version_and_nothing_is_wrong_with_it(database: Database) -> None:
    facts = read_facts(database)
    assert [remark for remark in remarks(facts, database.dialect) if remark.grave] == []
    assert (database.dialect == "sqlite") == (described(facts, database.dialect) == "")
    if database.dialect == "postgresql":
        assert set(facts) == set(QUESTIONS["postgresql"])


def test_what_a_server_keeps_to_itself_is_not_known_and_all_else_is(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if database.dialect == "sqlite":
        pytest.skip("an embedded database is no server")
    questions = {"edition": "SELECT nothing FROM nowhere", **QUESTIONS[database.dialect]}
    questions["edition"] = "SELECT nothing FROM nowhere"
    monkeypatch.setitem(QUESTIONS, database.dialect, questions)
    facts = read_facts(database)
    assert "edition" not in facts
    assert "version" in facts


@pytest.mark.parametrize(
    ("said", "grave", "told"),
    [
        ({"version": "12.0.6024.0"}, True, "(Version 12.0.6024.0) ist zu alt; der Agent braucht mindestens SQL Server 2016"),
        ({"version": "12.0.2000.8", "clock": 1, "compatibility": 120}, False, "Kompatibilitätsgrad der Datenbank ist 120"),
        ({"compatibility": 120}, False, "Kompatibilitätsgrad der Datenbank ist 120"),
        ({"engine": 4, "used_mb": 9_400}, False, "von höchstens 10’240 MB"),
        ({"used_mb": 950, "limit_mb": 1_000}, False, "belegt 950 von höchstens 1’000 MB"),
        ({"log_part": 0.95, "log_waits": "LOG_BACKUP"}, False, "zu 95 % voll (es wartet auf: LOG_BACKUP)"),
    ],
)
def test_what_matters_is_told(said: dict[str, Any], grave: bool, told: str) -> None:
    assert list(remarks(GOOD, "mssql")) == []
    (remark,) = remarks(GOOD | said, "mssql")
    assert remark.grave is grave
    assert told in remark.sentence
    assert remark.advice


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"version": "11.22 (Debian)"}, "mindestens PostgreSQL 12"),
        ({"encoding": "LATIN1"}, "in LATIN1 gespeichert"),
        ({"recovering": 1}, "nur gelesen werden kann"),
    ],
)
def test_what_matters_of_postgresql_is_told(said: dict[str, Any], told: str) -> None:
    (remark,) = remarks({"version": "15.3", "encoding": "UTF8", "recovering": 0} | said, "postgresql")
    assert remark.grave
    assert told in remark.sentence


def test_the_edition_without_an_agent_is_told_with_what_follows() -> None:
    assert "Sicherungen plant die Aufgabenplanung" in described(GOOD | {"engine": 4}, "mssql")
    assert "Aufgabenplanung" not in described(GOOD, "mssql")
    assert "Sortierung Latin1_General_CI_AS, READ_COMMITTED_SNAPSHOT aus" in described(GOOD, "mssql")
