"""The embedded store is whole in its file after each run, and ``db backup`` copies it whole while everything runs."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from tray_agent.agent import Agent
from tray_agent.cli import run
from tray_agent.config.machine import load_machine
from tray_agent.config.settings import REMINDERS_ON
from tray_agent.errors import DatabaseUnavailableError
from tray_agent.job_kinds import JobKey
from tray_agent.store.backup import BackupFailedError, BackupRefusedError, back_up
from tray_agent.store.database import Database, open_database
from tray_agent.store.tables import setting

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def write(database: Database, name: str) -> None:
    with database.begin() as connection:
        connection.execute(insert(setting).values(section="a", name=name, value="x" * 2000, changed_at=AT, changed_by="x"))


def names(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [name for (name,) in connection.execute("SELECT name FROM setting ORDER BY name")]


def file_of(database: Database) -> Path:
    return Path(database.engine.url.database or "")


def test_a_plain_copy_of_the_file_alone_holds_everything_after_it_was_written_through(sqlite_database: Database, tmp_path: Path) -> None:
    for number in range(50):
        write(sqlite_database, f"n{number:02}")
    copy = tmp_path / "plain.db"
    shutil.copyfile(file_of(sqlite_database), copy)
    assert len(names(copy)) < 50  # what stands in the log is missing
    sqlite_database.write_through()
    shutil.copyfile(file_of(sqlite_database), copy)
    assert len(names(copy)) == 50


def test_a_reader_neither_hinders_it_nor_is_hindered(sqlite_database: Database, tmp_path: Path) -> None:
    write(sqlite_database, "before")
    with closing(sqlite3.connect(file_of(sqlite_database), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM setting").fetchone() == (1,)
        write(sqlite_database, "while it reads")
        sqlite_database.write_through()
        assert reader.execute("SELECT count(*) FROM setting").fetchone() == (1,)
        reader.execute("COMMIT")
    sqlite_database.write_through()
    shutil.copyfile(file_of(sqlite_database), tmp_path / "plain.db")
    assert names(tmp_path / "plain.db") == ["before", "while it reads"]


def test_a_writer_is_left_alone(sqlite_database: Database) -> None:
    write(sqlite_database, "before")
    with closing(sqlite3.connect(file_of(sqlite_database), isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        sqlite_database.write_through()
        writer.execute("ROLLBACK")


def test_it_never_fails_nor_makes_a_file(tmp_path: Path, sqlite_database: Database) -> None:
    never_used = open_database(f"sqlite:///{(tmp_path / 'never.db').as_posix()}")
    never_used.write_through()
    never_used.dispose()
    assert not (tmp_path / "never.db").exists()
    write(sqlite_database, "before")
    if sys.platform != "win32":  # there nobody can take away a file that is open
        file_of(sqlite_database).unlink()
    sqlite_database.write_through()


def test_after_each_run_a_plain_copy_has_the_row_of_that_run(tmp_path: Path) -> None:
    copy = tmp_path / "plain.db"
    with Agent(load_machine(), workstation="PRAXIS") as agent:
        agent.settings.save({REMINDERS_ON: True}, changed_by="test")
        for _day in range(6):
            ran = agent.jobs.run_now(JobKey.UPDATE_STATUS)
            shutil.copyfile(file_of(agent.store), copy)
            with closing(sqlite3.connect(copy)) as connection:
                rows = connection.execute("SELECT state FROM job_run WHERE id = ?", (ran.run_id,)).fetchall()
            assert rows == [(ran.state.value,)]
        file = file_of(agent.store)
        write(agent.store, "the last word")
        other = sqlite3.connect(file)  # another program that goes on: nobody is the last to close the file
        assert other.execute("SELECT count(*) FROM setting").fetchone() == (2,)
    shutil.copyfile(file, copy)
    other.close()
    assert "the last word" in names(copy)


def test_a_backup_is_whole_while_others_write(sqlite_database: Database, tmp_path: Path) -> None:
    stop, written = threading.Event(), [0]

    def go_on() -> None:
        while not stop.is_set():
            write(sqlite_database, f"n{written[0]:05}")
            written[0] += 1

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        for number in range(5):
            least = written[0]
            back_up(sqlite_database, tmp_path / f"copy{number}.db")
            found = names(tmp_path / f"copy{number}.db")
            assert found == [f"n{row:05}" for row in range(len(found))]
            assert len(found) >= least
    finally:
        stop.set()
        writer.join()
    assert sorted(path.name for path in tmp_path.glob("copy*")) == [f"copy{number}.db" for number in range(5)]


def test_a_backup_can_take_the_stores_place(sqlite_database: Database, tmp_path: Path) -> None:
    write(sqlite_database, "kept")
    back_up(sqlite_database, tmp_path / "Sicherung Ümläut #1.db")
    other = open_database(f"sqlite:///{(tmp_path / 'Sicherung Ümläut #1.db').as_posix()}")
    write(other, "and used")
    with other.read() as connection:
        assert connection.execute(select(setting.c.name).order_by(setting.c.name)).scalars().all() == ["and used", "kept"]
    other.dispose()


def test_it_replaces_nothing_unless_it_is_asked_to_and_never_the_store(sqlite_database: Database, tmp_path: Path) -> None:
    write(sqlite_database, "kept")
    target = tmp_path / "copy.db"
    target.write_bytes(b"something else")
    with pytest.raises(BackupRefusedError):
        back_up(sqlite_database, target)
    assert target.read_bytes() == b"something else"
    back_up(sqlite_database, target, overwrite=True)
    assert names(target) == ["kept"]
    with pytest.raises(BackupRefusedError):
        back_up(sqlite_database, file_of(sqlite_database), overwrite=True)


def test_what_cant_be_written_leaves_nothing(sqlite_database: Database, tmp_path: Path) -> None:
    write(sqlite_database, "kept")
    with pytest.raises(BackupFailedError):
        back_up(sqlite_database, tmp_path / "missing" / "copy.db")
    assert not (tmp_path / "missing").exists()


def test_a_missing_store_is_told_and_not_made(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{(tmp_path / 'gone.db').as_posix()}")
    with pytest.raises(DatabaseUnavailableError) as raised:
        back_up(database, tmp_path / "copy.db")
    assert raised.value.title == "Datei fehlt"
    assert list(tmp_path.glob("*.db")) == []


def test_a_store_on_a_server_is_left_to_the_server(database: Database, tmp_path: Path) -> None:
    if database.dialect == "sqlite":
        back_up(database, tmp_path / "copy of it.db")
        return
    with pytest.raises(BackupRefusedError) as raised:
        back_up(database, tmp_path / "copy of it.db")
    assert "Sicherung des Servers" in raised.value.advice


def test_the_command_says_where_the_copy_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Agent(load_machine()) as agent:
        write(agent.store, "kept")
    target = tmp_path / "copy.db"
    assert exit_code("db", "backup", str(target)) == 0
    assert capsys.readouterr().out.strip() == f"Gesichert: {target}"
    assert names(target) == ["kept"]
    assert exit_code("db", "backup", str(target)) == 2
    assert "gibt es schon" in capsys.readouterr().err
    assert exit_code("db", "backup", str(target), "--overwrite") == 0


def exit_code(*arguments: str) -> Any:
    return run(list(arguments))
