"""The practice's own file is only read: never made, never switched to another mode, whatever its path is."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from tray_agent.errors import DatabaseFaultError, DatabaseUnavailableError, UnavailableError
from tray_agent.store.database import Database, open_database
from tray_agent.store.guest_file import uri_of


def make(file: Path, mode: str = "DELETE") -> Path:
    """Makes a practice's file with one row."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA journal_mode={mode}")
        connection.execute("CREATE TABLE t (x INTEGER)")
        connection.execute("INSERT INTO t VALUES (7)")
        connection.commit()
    return file


def guest(file: Path) -> Database:
    return open_database(URL.create("sqlite", database=str(file)), guest=True)


def rows(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.execute(text("SELECT x FROM t ORDER BY x")).scalars())


@pytest.mark.parametrize(
    "name", ["praxis.db", "Praxis Müller & Söhne.db", "100%.db", "a#b.db", "ä%20b.db"] + (["wer?.db"] if os.name != "nt" else [])
)
def test_it_is_read_whatever_its_path_is_and_stays_as_it_is(tmp_path: Path, name: str) -> None:
    file = make(tmp_path / "Ordner mit Ümläut #1" / name)
    before, names = file.read_bytes(), sorted(file.parent.iterdir())
    database = guest(file)
    assert rows(database) == [7]
    database.dispose()
    assert (file.read_bytes(), sorted(file.parent.iterdir())) == (before, names)


def test_it_is_found_by_the_address_in_the_configuration(tmp_path: Path) -> None:
    file = make(tmp_path / "Praxis ü #1 50%.db")
    database = open_database(f"sqlite:///{file.as_posix()}", guest=True)
    assert rows(database) == [7]
    database.dispose()


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("/srv/praxis daten/p.db", "file:///srv/praxis%20daten/p.db?mode=ro"),
        ("C:/Praxis/p#1.db", "file:///C:/Praxis/p%231.db?mode=ro"),
        ("//server/share/p?.db", "file:////server/share/p%3F.db?mode=ro"),
        ("//?/C:/p.db", "file:////%3F/C:/p.db?mode=ro"),
    ],
)
def test_an_address_is_written_as_sqlite_reads_it(path: str, uri: str) -> None:
    assert uri_of(path) == uri


def test_a_missing_one_is_not_made_but_told(tmp_path: Path) -> None:
    database = guest(tmp_path / "nowhere" / "praxis.db")
    with pytest.raises(DatabaseUnavailableError) as raised:
        rows(database)
    assert (raised.value.title, raised.value.item) == ("Datei fehlt", str(tmp_path / "nowhere" / "praxis.db"))
    assert list(tmp_path.iterdir()) == []


def test_one_that_comes_later_is_read_then(tmp_path: Path) -> None:
    database = guest(tmp_path / "praxis.db")
    with pytest.raises(DatabaseUnavailableError):
        rows(database)
    make(tmp_path / "praxis.db")
    assert rows(database) == [7]
    database.dispose()


def test_nothing_can_be_written(tmp_path: Path) -> None:
    database = guest(make(tmp_path / "praxis.db"))
    with pytest.raises((OperationalError, DatabaseFaultError)), database.begin() as connection:
        connection.execute(text("INSERT INTO t VALUES (8)"))
    assert rows(database) == [7]
    database.dispose()


def test_one_in_wal_mode_is_read_with_what_stands_in_its_log(tmp_path: Path) -> None:
    file = make(tmp_path / "praxis.db", "WAL")
    database = guest(file)
    assert rows(database) == [7]
    with closing(sqlite3.connect(file)) as practice:
        practice.execute("INSERT INTO t VALUES (8)")
        practice.commit()
        assert rows(database) == [7, 8]
    database.dispose()
    with closing(sqlite3.connect(file)) as practice:
        assert practice.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def refuse(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Lets SQLite fail as where the folder can't be written: whoever runs the tests may write everywhere."""
    really = sqlite3.connect

    class Refused(sqlite3.OperationalError):
        sqlite_errorcode = code

    def connect(address: str, **options: object) -> sqlite3.Connection:
        if "immutable" not in address:
            raise Refused("attempt to write a readonly database")
        return really(address, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", connect)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_READONLY_DIRECTORY, sqlite3.SQLITE_CANTOPEN])
def test_one_in_wal_mode_in_a_folder_that_cant_be_written_is_read_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    file = make(tmp_path / "praxis.db", "WAL")
    writer = sqlite3.connect
    refuse(monkeypatch, code)
    database = guest(file)
    assert rows(database) == [7]
    with closing(writer(file)) as practice:
        practice.execute("INSERT INTO t VALUES (8)")
        practice.commit()
    assert rows(database) == [7, 8]  # opened anew: it has changed
    database.dispose()
    assert not (tmp_path / "praxis.db-wal").exists()


def test_one_with_a_log_that_cant_be_read_is_not_read_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = make(tmp_path / "praxis.db", "WAL")
    (tmp_path / "praxis.db-wal").write_bytes(b"x" * 100)
    refuse(monkeypatch, sqlite3.SQLITE_CANTOPEN)
    with pytest.raises(UnavailableError):
        rows(guest(file))


if sys.platform != "win32":

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs an account that may not write")
    def test_really_without_the_right_to_write_in_the_folder() -> None:
        folder = Path("/var/tmp") / f"vitoclient-guest-{os.getpid()}"  # noqa: S108 - pytest's own folder is closed to other accounts
        try:
            file = make(folder / "praxis.db", "WAL")
            folder.chmod(0o555)
            child = os.fork()
            if child == 0:
                os.setuid(65534)
                try:
                    os._exit(0 if rows(guest(file)) == [7] else 1)
                finally:
                    os._exit(2)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert [found.name for found in folder.iterdir()] == ["praxis.db"]
        finally:
            folder.chmod(0o755)
            shutil.rmtree(folder)
