"""What a real database that refuses is told as: only readable, full, no right; and how long what others hold is waited for."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.engine import make_url

from tests.conftest import make_database
from tests.store.test_database import ROW
from tests.support.refusing import Refusing
from tray_agent.clock import SystemClock
from tray_agent.errors import DatabaseBusyError, DatabaseFaultError
from tray_agent.jobs.presence import Presences
from tray_agent.store import database as store
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.tables import setting


def write(database: Database) -> None:
    database.transact(lambda connection: connection.execute(insert(setting).values(ROW)))


def read(database: Database) -> None:
    database.query(lambda connection: connection.execute(select(setting)).all())


@contextmanager
def as_reader(tmp_path: Path, rights: str) -> Iterator[Database]:
    """Gives a PostgreSQL store as a login sees it that was given these rights."""
    for url in make_database("postgresql", tmp_path, migrated=True):
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        name = f"reader_{make_url(url).database}"
        with admin.connect() as connection:
            connection.execute(text(f"CREATE ROLE {name} LOGIN"))
            for statement in filter(None, rights.format(name=name).split(";")):
                connection.execute(text(statement))
        database = open_database(make_url(url).set(username=name))
        try:
            yield database
        finally:
            database.dispose()
            with admin.connect() as connection:
                connection.execute(text(f"DROP OWNED BY {name}"))
                connection.execute(text(f"DROP ROLE {name}"))
            admin.dispose()


ALL = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}"


@pytest.mark.parametrize(
    ("rights", "code", "told"),
    [
        ("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}", "database_forbidden", "fehlt das Recht zu schreiben oder zu lesen"),
        (ALL + ";ALTER ROLE {name} SET default_transaction_read_only = on", "database_read_only", "ist nur lesbar"),
    ],
)
def test_postgresql_that_may_only_be_read(tmp_path: Path, rights: str, code: str, told: str) -> None:
    with as_reader(tmp_path, rights) as database:
        read(database)
        with pytest.raises(DatabaseFaultError) as raised:
            write(database)
    assert raised.value.code == code
    assert told in raised.value.message
    assert "Die Datenbank meldet: " in raised.value.message


def test_a_table_that_may_not_even_be_read(tmp_path: Path) -> None:
    with as_reader(tmp_path, "") as database, pytest.raises(DatabaseFaultError) as raised:
        read(database)
    assert "42501: permission denied for table setting" in raised.value.message


@pytest.mark.parametrize(
    ("pragma", "code", "title"),
    [
        (Refusing.ONLY_READABLE, "database_read_only", "Datenbank nur lesbar"),
        (Refusing.FULL, "database_full", "Platte der Datenbank voll"),
    ],
)
def test_sqlite_that_takes_nothing(sqlite_database: Database, pragma: str, code: str, title: str) -> None:
    refusing = Refusing(sqlite_database, pragma)
    long = ROW | {"value": "x" * 100_000}
    with pytest.raises(DatabaseFaultError) as raised:
        sqlite_database.transact(lambda connection: connection.execute(insert(setting).values(long)))
    assert (raised.value.code, raised.value.title) == (code, title)
    assert "SQLITE_" in raised.value.message
    read(sqlite_database)
    refusing.pragma = ""
    write(sqlite_database)


@contextmanager
def without_rights() -> Iterator[None]:
    """Takes from this process what root may do with any file."""
    if sys.platform == "win32" or os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="the rights of files are others there")
@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o444, 0o777), (0o444, 0o555), (0o666, 0o555)])
def test_a_file_without_the_right_to_write(file_mode: int, folder_mode: int) -> None:
    with tempfile.TemporaryDirectory() as made:
        file = Path(made, "vitoclient.db")
        database = open_database(f"sqlite:///{file}")
        upgrade(database)
        presences = Presences(database, "me", "PC1", SystemClock())
        presences.prove_writable()
        database.dispose()
        file.chmod(file_mode)
        file.parent.chmod(folder_mode)
        with without_rights(), pytest.raises(DatabaseFaultError) as raised:
            presences.prove_writable()
        database.dispose()
        file.parent.chmod(0o777)
    assert raised.value.code == "database_read_only"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Gives a disk of one megabyte; only who may mount one gets it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if sys.platform != "linux" or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    database = open_database(f"sqlite:///{small_disk / 'vitoclient.db'}")
    upgrade(database)
    rest = small_disk / "rest"
    with suppress(OSError), rest.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    presences = Presences(database, "me", "PC1", SystemClock())
    with pytest.raises(DatabaseFaultError) as raised:
        presences.prove_writable()
    assert raised.value.code == "database_full"
    read(database)
    rest.unlink()
    presences.prove_writable()
    database.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def held_database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Gives a database whose locks are waited for a fifth of a second at a time, and for four seconds in all."""
    monkeypatch.setattr(store, "LOCK_WAIT", 0.2)
    monkeypatch.setattr(store, "PATIENCE", 4.0)
    for url in make_database(request.param, tmp_path, migrated=True):
        database = open_database(url)
        yield database
        database.dispose()


def held(database: Database, until: Callable[[], object]) -> threading.Thread:
    """Holds the table of switches from now on, in a thread of its own, until a function returns."""
    holds = threading.Event()

    def hold() -> None:
        with database.begin() as connection:
            if database.dialect == "postgresql":
                connection.execute(text("LOCK TABLE setting"))
            holds.set()
            until()

    thread = threading.Thread(target=hold)
    thread.start()
    assert holds.wait(30)
    return thread


def test_what_another_holds_longer_than_one_wait_is_outlived(held_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    waited, in_vain = threading.Semaphore(0), list[bool]()

    def pause(_least: float, _most: float) -> float:
        waited.release()
        return 0.01

    monkeypatch.setattr("random.uniform", pause)
    thread = held(held_database, lambda: in_vain.extend(waited.acquire(timeout=30) for _time in range(2)))
    write(held_database)  # two waits were in vain, and the third attempt gets it
    thread.join()
    assert in_vain == [True, True]
    assert held_database.query(lambda connection: len(connection.execute(select(setting)).all())) == 1


def test_what_another_holds_for_good_is_told_as_busy(held_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PATIENCE", 0.3)
    over = threading.Event()
    thread = held(held_database, lambda: over.wait(60))
    with pytest.raises(DatabaseBusyError):
        write(held_database)
    over.set()
    thread.join()
