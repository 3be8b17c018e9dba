"""``docs/sqlserver.md`` is true: its statements run, its tables and indexes are those that there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.conftest import make_database
from tray_agent.store.database import open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.schema_version import VERSION_TABLE
from tray_agent.store.tables import metadata

PAGE = (Path(__file__).parents[2] / "docs" / "sqlserver.md").read_text(encoding="utf-8")
STATEMENTS = re.findall(r"^```sql\n-- (any|PostgreSQL|SQL Server, not seen)\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
UNKNOWN_TO_BABELFISH = ("dm_db_partition_stats", "REORGANIZE")


@pytest.mark.parametrize("engine", ["postgresql", "mssql"])
def test_every_statement_runs(engine: str, tmp_path: Path) -> None:
    kinds = {"any", "PostgreSQL" if engine == "postgresql" else "SQL Server, not seen"}
    for url in with_tables(engine, tmp_path):
        admin = create_engine(make_url(url), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            is_babelfish = engine == "mssql" and "Babelfish" in str(connection.execute(text("SELECT @@VERSION")).scalar())
            for kind, statement in STATEMENTS:
                if kind in kinds and not (is_babelfish and any(word in statement for word in UNKNOWN_TO_BABELFISH)):
                    connection.execute(text(statement.replace(":", "\\:")))
        admin.dispose()


def with_tables(engine: str, tmp_path: Path) -> Iterator[str]:
    """Gives a database with the tables in the schema that the page speaks of."""
    for url in make_database(engine, tmp_path):
        database = open_database(url, schema="vitoclient")
        upgrade(database)
        database.dispose()
        yield url


def test_no_statement_is_left_out() -> None:
    assert len(STATEMENTS) == PAGE.count("```sql") == PAGE.count("\n```\n") == 10


def test_its_tables_are_those_that_there_are() -> None:
    told = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", part_of("What is made"), re.MULTILINE))))
    assert told == {*metadata.tables, VERSION_TABLE}


def test_its_indexes_are_those_that_there_are() -> None:
    told = set(re.findall(r"`(ix_\w+)`", part_of("Indexes, and why")))
    assert told == {str(index.name) for table in metadata.tables.values() for index in table.indexes}


def part_of(heading: str) -> str:
    return PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
