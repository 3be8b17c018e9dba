"""What a session of SQL Server is told, and what its ends and its locks mean: with a double of the driver."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from tests.store.sql_server import URL, SqlServer, sql_server
from tests.store.test_faults import DRIVER
from tests.store.test_faults import VICTIM as DEADLOCK
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.machine import Machine, PracticeSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.errors import DatabaseBusyError, DatabaseUnavailableError
from tray_agent.practice.sql_source import PracticeDataError, SqlPracticeSource
from tray_agent.store.database import LOCK_WAIT, PATIENCE, open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.tables import metadata, setting

__all__ = ["sql_server"]

KILLED = f"[HY000] {DRIVER}Cannot continue the execution because the session is in the kill state. (596) (SQLExecDirectW)"
VICTIM = f"{DEADLOCK} Rerun the transaction. (1205) (SQLExecDirectW)"
LOCKED = f"[HYT00] {DRIVER}Lock request time out period exceeded. (1222) (SQLExecDirectW)"


def fault(state: str, said: str) -> Exception:
    import pyodbc

    raised: Exception = pyodbc.Error(state, said)
    return raised


def test_every_session_counts_rows_and_waits_for_no_lock_for_ever(sql_server: SqlServer) -> None:
    """Compare-and-set lives on the number of rows; a server may be set to count none."""
    database = open_database(URL)
    with database.read(), database.read():
        pass
    assert sql_server.said("SET NOCOUNT") == ["SET NOCOUNT OFF"] * 2
    assert sql_server.said("SET LOCK") == [f"SET LOCK_TIMEOUT {int(LOCK_WAIT * 1000)}"] * 2
    assert 2 * LOCK_WAIT < 20 < PATIENCE, "who waited in vain asks again, longer than twenty seconds"
    assert sql_server.sessions == 2


def test_of_a_reader_and_a_writer_the_writer_gives_way_whose_work_is_run_again(sql_server: SqlServer) -> None:
    database = open_database(URL)
    for opened in (database.begin, database.read, database.read, database.begin, database.begin, database.read):
        with opened():
            pass
    assert [said.split()[-1] for said in sql_server.said("DEADLOCK_PRIORITY")] == ["HIGH", "NORMAL", "HIGH"]


def test_the_practice_software_goes_first_in_its_own_database(sql_server: SqlServer) -> None:
    """Never is what somebody types into the practice software the victim of our reading."""
    with Agent(Machine(practice=PracticeSection(url=URL)), secrets=MemorySecrets()) as agent:
        for _time in range(2):
            with agent.practice_database.read():
                pass
    assert [said.split()[-1] for said in sql_server.said("DEADLOCK_PRIORITY")] == ["LOW"]


@pytest.mark.parametrize("writes", [True, False])
def test_a_session_that_was_ended_is_lost_and_another_one_is_opened(sql_server: SqlServer, *, writes: bool) -> None:
    """Its SQLSTATE is that of any fault; without a new session every later statement would fail too."""
    database = open_database(URL)
    sql_server.fails["FROM setting"] = fault("HY000", KILLED)
    with pytest.raises(DatabaseUnavailableError), database.begin() if writes else database.read() as connection:
        connection.execute(select(setting))
    with database.read() as connection:
        assert connection.execute(select(setting)).all() == []
    assert sql_server.sessions == 2


def test_a_lock_waited_for_in_vain_is_busy_and_the_session_stays(sql_server: SqlServer) -> None:
    database = open_database(URL)
    sql_server.fails["FROM setting"] = fault("HYT00", LOCKED)
    with pytest.raises(DatabaseBusyError), database.read() as connection:
        connection.execute(select(setting))
    with database.read() as connection:
        connection.execute(select(setting))
    assert sql_server.sessions == 1


def test_a_reader_of_the_practice_that_was_a_deadlocks_victim_reads_again(sql_server: SqlServer) -> None:
    sql_server.fails["FROM vitoclient_mandants"] = fault("40001", VICTIM)
    assert SqlPracticeSource(open_database(URL, clock=ManualClock(datetime(2026, 11, 23, tzinfo=UTC)))).mandants() == {}
    assert len(sql_server.said("FROM vitoclient_mandants")) == 2


def test_a_right_that_lacks_on_a_view_names_the_view_and_what_the_server_said(sql_server: SqlServer) -> None:
    said = f"[42000] {DRIVER}The SELECT permission was denied on the object 'vitoclient_mandants'. (229) (SQLExecDirectW)"
    sql_server.fails["FROM vitoclient_mandants"] = fault("42000", said)
    with pytest.raises(PracticeDataError) as raised:
        SqlPracticeSource(open_database(URL)).mandants()
    assert "vitoclient_mandants kann nicht gelesen werden: 229: The SELECT permission was denied" in raised.value.message
    assert "Der Agent versucht es von selbst wieder." in raised.value.advice


def test_of_many_rows_each_is_told_by_itself(sql_server: SqlServer) -> None:
    """Of an array of rows the driver may keep to itself that one was refused."""
    database = open_database(URL, schema="vitoclient")
    now = datetime(2026, 11, 23, tzinfo=UTC)
    rows = [{"section": str(number), "name": "ü", "value": "x", "changed_at": now, "changed_by": "x"} for number in range(900)]
    with database.begin() as connection:
        connection.execute(insert(setting), rows)
    written = [values for statement, values in sql_server.told if statement.startswith("INSERT INTO vitoclient.setting")]
    assert [values[0] for values in written] == [row["section"] for row in rows]
    assert sql_server.arrays == 0


def test_tables_that_another_workstation_makes_are_not_waited_for_for_ever(sql_server: SqlServer) -> None:
    sql_server.fails["FROM sys.tables"] = fault("HYT00", LOCKED)
    with pytest.raises(DatabaseBusyError) as raised:
        upgrade(open_database(URL))
    assert raised.value.title == "Datenbank wird gerade aktualisiert"


@pytest.mark.parametrize(("there", "made"), [("dbo", 1), ("VitoClient", 0)])
def test_all_tables_are_made_in_their_schema(sql_server: SqlServer, there: str, made: int) -> None:
    sql_server.answers["SCHEMATA"] = there
    upgrade(open_database(URL, schema="vitoclient"))
    assert sql_server.said("CREATE SCHEMA") == ["CREATE SCHEMA vitoclient"] * made
    tables = sql_server.said("CREATE TABLE")
    assert len(tables) == len(metadata.tables) + 1
    for statement in [*tables, *sql_server.said("CREATE INDEX"), *sql_server.said("INSERT INTO"), *sql_server.said("UPDATE")]:
        assert " vitoclient." in statement
        assert "DATETIME2" not in statement.replace("DATETIME2(7)", ""), "the driver sends 7 digits; an index of others is converted"
        assert not re.search(r"\b(NTEXT|TEXT|DATETIME|TIMESTAMP|NVARCHAR(?!\()|VARCHAR(?!\())\b", statement), statement
