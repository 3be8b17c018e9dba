"""What a database error means: the messages of Microsoft's driver as they come, and how long a busy database is waited for."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from tests.store.test_database import ROW
from tray_agent.clock import ManualClock
from tray_agent.errors import DatabaseBusyError, DatabaseFaultError
from tray_agent.store.database import ATTEMPTS, PATIENCE, Database, open_database
from tray_agent.store.faults import PASSING, SENTENCES, Fault, explained, fault_of
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
        *((of_sql_server("42000", f"[42000] {DRIVER}x ({number}) (SQLExecDirectW)"), fault) for number, fault in (
            (229, Fault.FORBIDDEN), (262, Fault.FORBIDDEN), (1105, Fault.FULL), (9002, Fault.LOG_FULL), (3906, Fault.READ_ONLY),
            (3908, Fault.DAMAGED), (976, Fault.NOT_PRIMARY), (983, Fault.FAILOVER), (701, Fault.OVERLOADED), (1204, Fault.OVERLOADED),
            (8645, Fault.OVERLOADED), (4711, Fault.OTHER),
        )),
        (of_sql_server("08S01", "[08S01] [Microsoft][ODBC Driver 18]Communication link failure (0) (SQLExecute)"), Fault.LOST),
        (of_sql_server("28000", f"[28000] {DRIVER}Login failed for user 'agent'. (18456) (SQLDriverConnect)"), Fault.LOGIN_REFUSED),
    ],
)  # fmt: skip
def test_what_the_driver_of_sql_server_says_is_understood(error: DBAPIError, fault: Fault) -> None:
    assert fault_of(error) is fault


class PostgresError(Exception):
    def __init__(self, state: str) -> None:
        super().__init__("said")
        self.sqlstate = state


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("25006", Fault.READ_ONLY), ("53100", Fault.FULL), ("42501", Fault.FORBIDDEN), ("55P03", Fault.TRY_AGAIN), ("08006", Fault.LOST),
        ("57P01", Fault.LOST), ("53200", Fault.OVERLOADED), ("42P01", Fault.OTHER), ("57014", Fault.TOO_SLOW), ("XX000", Fault.OTHER),
    ],
)  # fmt: skip
def test_what_postgresql_says_is_understood(state: str, fault: Fault) -> None:
    assert fault_of(OperationalError("UPDATE", {}, PostgresError(state))) is fault


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (sqlite3.SQLITE_READONLY, Fault.READ_ONLY), (sqlite3.SQLITE_READONLY_DBMOVED, Fault.READ_ONLY), (sqlite3.SQLITE_FULL, Fault.FULL),
        (sqlite3.SQLITE_IOERR, Fault.FILE), (sqlite3.SQLITE_IOERR_FSYNC, Fault.FILE), (sqlite3.SQLITE_CANTOPEN, Fault.LOST),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Fault.TRY_AGAIN), (sqlite3.SQLITE_NOTADB, Fault.DAMAGED), (sqlite3.SQLITE_ERROR, Fault.OTHER),
    ],
)  # fmt: skip
def test_what_sqlite_says_is_understood(code: int, fault: Fault) -> None:
    assert fault_of(of_sqlite(code)) is fault


def of_sqlite(code: int) -> OperationalError:
    original = sqlite3.OperationalError("said")
    original.sqlite_errorcode, original.sqlite_errorname = code, "SQLITE_SAID"
    return OperationalError("UPDATE", {}, original)


def test_a_driver_without_a_state_has_lost_the_server_and_a_wrong_value_has_not() -> None:
    assert fault_of(OperationalError("UPDATE", {}, Exception("server closed the connection unexpectedly"))) is Fault.LOST
    assert fault_of(ProgrammingError("UPDATE", {}, Exception("the query has 2 placeholders but 1 parameters were passed"))) is Fault.OTHER


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.DUPLICATE_KEY])
def test_each_fault_has_words_of_its_own(fault: Fault) -> None:
    title, message, _advice = SENTENCES[fault]
    assert [words[0] for words in SENTENCES.values()].count(title) == 1
    assert title
    assert message.endswith(".")


DATA = "Ämisegger"


@pytest.mark.parametrize(
    ("error", "tells"),
    [
        (of_sql_server("42S02", f"[42S02] {DRIVER}Invalid object name 'v'. (208) (SQLExecDirectW)"), "208: Invalid object name 'v'."),
        (of_sql_server("42000", f"[42000] {DRIVER}The UPDATE permission was denied on the object 'job'. (229) (SQLExecute); x"),
         "229: The UPDATE permission was denied on the object 'job'."),
        (of_sql_server("22018", f"[22018] {DRIVER}Conversion failed when converting '{DATA}' to int. (245) (SQLFetch)"),
         "245: Conversion failed when converting…"),
        (of_sql_server("42000", f"[42000] {DRIVER}Truncated in table x. Truncated value: '{DATA}'. (2628) (SQLExecute)"),
         "2628: Truncated in table x. Truncated value…"),
        (of_sql_server("23000", f"[23000] {DRIVER}Violation of KEY. The duplicate key value is ({DATA}). (2627) (SQLExecute); {ENDED}",
                       IntegrityError), "2627: Violation of KEY. The duplicate key value is…"),
        (IntegrityError("INSERT", {}, ValueError(DATA)), "ValueError"),
    ],
)  # fmt: skip
def test_number_and_text_are_told_and_nothing_that_a_row_holds(error: DBAPIError, tells: str) -> None:
    told = explained(error)
    assert f"Die Datenbank meldet: {tells.removesuffix('.')}." in told.message
    assert DATA not in str(told)
    assert "Der Agent versucht es von selbst wieder." in told.advice


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


def test_a_server_that_lacks_memory_for_a_moment_is_asked_again(sqlite_database: Database) -> None:
    attempts = []

    def work(_connection: Connection) -> None:
        attempts.append(1)
        raise of_sql_server("42000", f"[42000] {DRIVER}There is insufficient system memory. (701) (SQLExecDirectW)")

    assert Fault.OVERLOADED in PASSING
    with pytest.raises(DatabaseFaultError) as raised:
        sqlite_database.transact(work)
    assert (raised.value.code, len(attempts)) == ("database_overloaded", ATTEMPTS)


def test_a_wait_that_took_long_already_is_not_begun_again(sqlite_database: Database, clock: ManualClock) -> None:
    """A statement waits for what others hold by itself: five times that wait would hold a window up for long."""
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
