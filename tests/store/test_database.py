"""Transactions, faults and the server's clock, on every engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from tray_agent.errors import DatabaseUnavailableError
from tray_agent.store.database import Database, from_ms, open_database, to_ms
from tray_agent.store.faults import is_duplicate_key
from tray_agent.store.migrate import upgrade
from tray_agent.store.schema_version import SchemaOutdatedError, check_schema
from tray_agent.store.tables import setting

ROW = {"section": "a", "name": "ü", "value": "Zoë 🎈", "changed_at": datetime(2026, 3, 29, 1, 30, tzinfo=UTC), "changed_by": "x"}


def test_an_instant_comes_back_as_it_went(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(insert(setting).values(ROW))
    with database.read() as connection:
        assert dict(connection.execute(select(setting)).mappings().one()) == ROW


def test_both_hours_that_the_clock_shows_twice_are_stored_and_no_time_without_a_zone_is(database: Database) -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Zurich"))
    twice = [first, first.replace(fold=1)]
    for number, at in enumerate(twice):
        with database.begin() as connection:
            connection.execute(insert(setting).values({**ROW, "name": str(number), "changed_at": at}))
    with database.read() as connection:
        stored = connection.execute(select(setting.c.changed_at).order_by(setting.c.name)).scalars().all()
    assert stored == [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    assert {at.tzinfo for at in stored} == {UTC}
    with pytest.raises(StatementError, match="naive"), database.begin() as connection:
        connection.execute(insert(setting).values({**ROW, "changed_at": datetime(2026, 10, 25, 2, 30)}))  # noqa: DTZ001 - the fault


def test_an_exception_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError), database.begin() as connection:
        connection.execute(insert(setting).values(ROW))
        raise RuntimeError
    with database.read() as connection:
        assert connection.execute(select(setting)).all() == []


def test_a_second_row_of_the_same_key_is_a_duplicate(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(insert(setting).values(ROW))
    with pytest.raises(IntegrityError) as raised, database.begin() as connection:
        connection.execute(insert(setting).values(ROW))
    assert is_duplicate_key(raised.value)


def test_a_missing_value_is_no_duplicate(database: Database) -> None:
    with pytest.raises(IntegrityError) as raised, database.begin() as connection:
        connection.execute(insert(setting).values({**ROW, "value": None}))
    assert not is_duplicate_key(raised.value)


def test_the_servers_clock_is_utc(database: Database) -> None:
    with database.read() as connection:
        assert abs(database.now(connection) - datetime.now(UTC)) < timedelta(minutes=1)


def test_milliseconds_come_back() -> None:
    instant = datetime(2026, 11, 23, 9, 0, 0, 123000, tzinfo=UTC)
    assert from_ms(to_ms(instant)) == instant


def test_a_database_without_tables_says_so(empty_database: Database) -> None:
    with pytest.raises(SchemaOutdatedError) as raised:
        check_schema(empty_database)
    assert raised.value.title == "Datenbank nicht eingerichtet"
    upgrade(empty_database)
    check_schema(empty_database)


def test_a_file_that_is_no_database_is_told_as_such(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    file.write_bytes(b"this is a letter and no database. " * 200)
    database = open_database(f"sqlite:///{file.as_posix()}")
    with pytest.raises(DatabaseUnavailableError) as raised, database.read():
        pass
    database.dispose()
    assert raised.value.title == "Datenbank beschädigt"
    assert str(file.as_posix()) in raised.value.message


def test_a_server_that_is_not_there_is_unavailable() -> None:
    database = open_database("postgresql+psycopg://nobody:secret@127.0.0.1:9/none")
    with pytest.raises(DatabaseUnavailableError) as raised, database.begin():
        pass
    assert "secret" not in str(raised.value)
