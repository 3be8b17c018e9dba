"""What a database error means: the messages of Microsoft's driver as they come, and how long a busy database is waited for."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from tests.store.test_database import ROW
from tray_agent.clock import ManualClock
from tray_agent.errors import DatabaseBusyError
from tray_agent.store.database import ATTEMPTS, PATIENCE, Database, open_database
from tray_agent.store.faults import Fault, fault_of
from tray_agent.store.tables import setting

DRIVER = "[Microsoft][ODBC Driver 18 for SQL Server][SQL Server]"
ENDED = f"[23000] {DRIVER}The statement has been terminated. (3621)"


class DriverError(Exception):
    """What pyodbc raises: SQLSTATE and the records of the server, strung together."""


def of_sql_server(state: str, message: str, kind: type[DBAPIError] = DBAPIError) -> DBAPIError:
    return kind("INSERT", {}, DriverError(state, message))


UNIQUE = f"[23000] {DRIVER}Violation of UNIQUE KEY constraint 'uq_job_run_job_due_at'. The duplicate key value is (download, 2026)."
INDEX = f"[23000] {DRIVER}Cannot insert duplicate key row in object 'dbo.x' with unique index 'ix'. The duplicate key value is (5)."
MISSING = f"[23000] {DRIVER}Cannot insert the value NULL into column 'value', table 'x.dbo.setting'; column does not allow nulls."
VICTIM = f"[40001] {DRIVER}Transaction (Process ID 61) was deadlocked on lock resources and has been chosen as the deadlock victim."


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (of_sql_server("23000", f"{UNIQUE} (2627) (SQLExecDirectW); {ENDED}", IntegrityError), Fault.DUPLICATE_KEY),
        (of_sql_server("23000", f"{UNIQUE} (2627) (SQLExecute); {ENDED}", IntegrityError), Fault.DUPLICATE_KEY),
        (of_sql_server("23000", f"{INDEX} (2601) (SQLExecDirectW); {ENDED}", IntegrityError), Fault.DUPLICATE_KEY),
        (of_sql_server("23000", f"{UNIQUE} (2627)", IntegrityError), Fault.DUPLICATE_KEY),
        (of_sql_server("23000", f"{MISSING} (515) (SQLExecDirectW); {ENDED}", IntegrityError), Fault.OTHER),
        (of_sql_server("23000", f"[23000] {DRIVER}FOREIGN KEY (2627) conflict. (547) (SQLExecute); {ENDED}", IntegrityError), Fault.OTHER),
        (of_sql_server("40001", f"{VICTIM} Rerun the transaction. (1205) (SQLExecDirectW)"), Fault.TRY_AGAIN),
        (of_sql_server("42000", f"[42000] {DRIVER}Lock request time out period exceeded. (1222) (SQLExecDirectW)"), Fault.TRY_AGAIN),
        (of_sql_server("42000", f"[42000] {DRIVER}Snapshot isolation transaction aborted. (3960) (SQLExecDirectW); x"), Fault.TRY_AGAIN),
        (of_sql_server("42S02", f"[42S02] {DRIVER}Invalid object name 'x'. (208) (SQLExecDirectW)"), Fault.OTHER),
        (of_sql_server("08S01", "[08S01] [Microsoft][ODBC Driver 18]Communication link failure (0) (SQLExecute)"), Fault.LOST),
        (of_sql_server("28000", f"[28000] {DRIVER}Login failed for user 'agent'. (18456) (SQLDriverConnect)"), Fault.LOST),
    ],
)  # fmt: skip
def test_what_the_driver_of_sql_server_says_is_understood(error: DBAPIError, fault: Fault) -> None:
    assert fault_of(error) is fault


def busy() -> OperationalError:
    original = sqlite3.OperationalError("database is locked")
    original.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return OperationalError("UPDATE", {}, original)


def test_a_transaction_is_run_again_from_its_start(sqlite_database: Database) -> None:
    attempts = []

    def work(connection: Connection) -> str:
        attempts.append(connection.execute(select(setting)).all())
        connection.execute(insert(setting).values(ROW))
        if len(attempts) < ATTEMPTS:
            raise busy()
        return "done"

    assert sqlite_database.transact(work) == "done"
    assert attempts == [[]] * ATTEMPTS


@pytest.mark.parametrize("writes", [True, False])
def test_a_database_that_stays_busy_is_told_as_busy(sqlite_database: Database, *, writes: bool) -> None:
    attempts = []

    def work(_connection: Connection) -> None:
        attempts.append(1)
        raise busy()

    with pytest.raises(DatabaseBusyError) as raised:
        sqlite_database.transact(work) if writes else sqlite_database.query(work)
    assert "nicht ausgeführt" in str(raised.value)
    assert len(attempts) == ATTEMPTS


def test_a_wait_that_took_long_already_is_not_begun_again(sqlite_database: Database, clock: ManualClock) -> None:
    """SQLite waits for its file by itself: five times that wait would hold a window up for a minute and a half."""
    began = clock.monotonic()

    def work(_connection: Connection) -> None:
        clock.advance(timedelta(seconds=PATIENCE))
        raise busy()

    with pytest.raises(DatabaseBusyError):
        sqlite_database.transact(work)
    assert clock.monotonic() - began == PATIENCE


def test_another_fault_is_not_tried_again(database: Database) -> None:
    attempts = []

    def work(connection: Connection) -> None:
        attempts.append(1)
        connection.execute(insert(setting).values([ROW, ROW]))

    with pytest.raises(IntegrityError):
        database.transact(work)
    assert len(attempts) == 1


def test_a_file_that_another_writes_can_be_read(sqlite_database: Database) -> None:
    other = open_database(sqlite_database.engine.url)
    with sqlite_database.begin() as connection:
        connection.execute(insert(setting).values(ROW))
        with other.read() as reader:
            assert reader.execute(select(setting)).all() == []
    other.dispose()
