"""A server that takes the connection and says nothing more: each wait has an end, it is told, and the agent goes on when it is back."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from tests.conftest import make_database
from tests.store.test_database import ROW
from tests.store.test_mssql_driver import driver
from tests.support.tds import Silence, tds_server
from tray_agent.errors import DatabaseUnavailableError, OutcomeUnknownError
from tray_agent.store import database as store
from tray_agent.store.database import ANSWER_WAIT, LOCK_WAIT, PING_WAIT, Database, open_database
from tray_agent.store.tables import setting

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no process is stopped there")
with_driver = pytest.mark.skipif(driver() is None, reason="Microsoft's driver is not installed")


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second stands for all waits."""
    monkeypatch.setattr(store, "ANSWER_WAIT", 1)
    monkeypatch.setattr(store, "PING_WAIT", 1)


@pytest.fixture
def postgresql(tmp_path: Path, short_waits: None) -> Iterator[Database]:
    for url in make_database("postgresql", tmp_path, migrated=True):
        database = open_database(url)
        yield database
        database.dispose()


def number_of_session(database: Database) -> int:
    return int(database.query(lambda connection: connection.execute(text("SELECT pg_backend_pid()")).scalar_one()))


def stop(process: int) -> None:
    if sys.platform == "win32":
        return
    os.kill(process, signal.SIGSTOP)


def go_on(process: int) -> None:
    if sys.platform == "win32":
        return
    os.kill(process, signal.SIGCONT)


@pytest.fixture
def stopped(postgresql: Database) -> Iterator[int]:
    """Gives the process of the kept session of PostgreSQL; it goes on at the end."""
    process = number_of_session(postgresql)
    yield process
    with suppress(ProcessLookupError):
        go_on(process)


def test_all_waits_together_end_within_thirty_seconds() -> None:
    assert PING_WAIT + PING_WAIT < 30
    assert ANSWER_WAIT + 4 + PING_WAIT < 30, "Microsoft's driver takes four seconds to take a statement back"
    assert LOCK_WAIT < ANSWER_WAIT, "who waits for a lock is busy, not lost"


def test_a_kept_session_that_fell_silent_is_given_up_before_it_is_used(postgresql: Database, stopped: int) -> None:
    stop(stopped)
    began = time.monotonic()
    assert number_of_session(postgresql) != stopped
    assert time.monotonic() - began < 20


def test_a_statement_without_an_answer_is_told_and_the_next_one_goes_on(postgresql: Database, stopped: int) -> None:
    with pytest.raises(DatabaseUnavailableError) as raised, postgresql.begin() as connection:
        stop(stopped)
        connection.execute(insert(setting).values(ROW))
    assert "antwortet nicht" in raised.value.message
    assert postgresql.query(lambda connection: connection.execute(select(setting)).all()) == []


def test_a_commit_without_an_answer_is_unknown(postgresql: Database, stopped: int) -> None:
    with pytest.raises(OutcomeUnknownError), postgresql.begin() as connection:
        connection.execute(insert(setting).values(ROW))
        stop(stopped)
    go_on(stopped)
    assert number_of_session(postgresql) != stopped


def test_a_statement_of_a_migration_may_take_long(postgresql: Database) -> None:
    with postgresql.begin() as connection:
        store.wait_long(connection)
        assert connection.execute(text("SELECT pg_sleep(1.5)")).all()
    with pytest.raises(DatabaseUnavailableError), postgresql.begin() as connection:
        connection.execute(text("SELECT pg_sleep(30)"))


@pytest.mark.parametrize("address", ["postgresql+psycopg://agent:x@127.0.0.1:{port}/praxis"])
def test_a_port_that_takes_the_connection_and_is_silent(short_waits: None, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setitem(store._KEPT_ALIVE, "connect_timeout", 2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        database = open_database(address.format(port=listener.getsockname()[1]))
        with pytest.raises(DatabaseUnavailableError) as raised, database.read():
            pass
    assert raised.value.title == "Datenbank nicht erreichbar"
    assert "«praxis» auf 127.0.0.1 antwortet nicht" in raised.value.message


@with_driver
def test_a_silent_log_in_of_sql_server(short_waits: None) -> None:
    with tds_server() as server:
        server.before = Silence
        database = open_database(server.url(driver() or ""))
        with pytest.raises(DatabaseUnavailableError) as raised, database.read():
            pass
    assert raised.value.title == "Datenbank nicht erreichbar"


@with_driver
@pytest.mark.parametrize(("word", "error"), [("UPDATE x", DatabaseUnavailableError), ("COMMIT TRAN", OutcomeUnknownError)])
def test_a_statement_and_a_commit_of_sql_server_without_an_answer(short_waits: None, word: str, error: type[Exception]) -> None:
    with tds_server() as server:
        server.statements = {word: Silence}
        database = open_database(server.url(driver() or ""))
        with pytest.raises(error), database.begin() as connection:
            connection.exec_driver_sql("UPDATE x")
        logins = server.logins
        with database.read() as connection:
            connection.exec_driver_sql("SELECT 1")
        assert server.logins == logins + 1
        database.dispose()


def test_many_who_wait_for_a_silent_server_wait_for_one_try(short_waits: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tray, scheduler and windows ask at the same time: one try serves them all."""
    monkeypatch.setitem(store._KEPT_ALIVE, "connect_timeout", 2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        database = open_database(f"postgresql+psycopg://agent:x@127.0.0.1:{listener.getsockname()[1]}/praxis")
        failed = threading.Semaphore(0)

        def ask() -> None:
            with pytest.raises(DatabaseUnavailableError), database.read():
                pass
            failed.release()

        threads = [threading.Thread(target=ask) for _number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(failed.acquire(timeout=1) for _thread in threads)
        listener.setblocking(False)
        tries = 0
        with suppress(BlockingIOError):
            while tries < 4:
                listener.accept()[0].close()
                tries += 1
    assert tries < 4
