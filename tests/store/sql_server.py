"""A double of Microsoft's driver: sessions that note what they are told, answer what every connection asks, and fail when asked to."""

from __future__ import annotations

from typing import Any

import pytest

URL = "mssql+pyodbc://agent:secret@srv/praxis?driver=ODBC+Driver+18+for+SQL+Server"

_ANSWERS = {
    "ProductVersion": "16.0.4135.4", "EngineEdition": 3, "schema_name()": "dbo", "max support": "x", "fn_listextendedproperty": 1,
    "sys.tables": 0, "sp_getapplock": 0,
}  # fmt: skip


class SqlServer:
    """Stands in for ``pyodbc.connect``.

    Attributes:
        told: every statement with its values, in the order in which they came.
        sessions: how many connections were made.
        fails: what the next statement that holds its key raises; once.
        arrays: how often many rows were sent at once.
        answers: the value that a statement gives that holds its key.
    """

    def __init__(self) -> None:
        self.told: list[tuple[str, tuple[Any, ...]]] = []
        self.sessions = self.arrays = 0
        self.fails: dict[str, Exception] = {}
        self.answers: dict[str, object] = dict(_ANSWERS)

    def connect(self, *_how: object, **_more: object) -> Session:
        """Opens a session."""
        self.sessions += 1
        return Session(self)

    def said(self, word: str) -> list[str]:
        """Returns the statements that hold a word."""
        return [statement for statement, _values in self.told if word in statement]


class Session:
    """A connection."""

    autocommit = False

    def __init__(self, server: SqlServer) -> None:
        self._server = server

    def cursor(self) -> Cursor:
        """Returns what executes statements."""
        return Cursor(self._server)

    def commit(self) -> None:
        """Does nothing."""

    rollback = close = commit

    def add_output_converter(self, _kind: int, _convert: object) -> None:
        """Does nothing."""


class Cursor:
    """Executes statements; gives one row with one value, or none."""

    fast_executemany = False

    def __init__(self, server: SqlServer) -> None:
        self._server = server
        self._rows: list[tuple[Any]] = []
        self.description: list[tuple[Any, ...]] | None = None
        self.rowcount = 1

    def execute(self, statement: str, *values: Any) -> Cursor:
        """Notes a statement, and fails where that was asked for."""
        self._server.told.append((statement, values))
        for word in [word for word in self._server.fails if word in statement]:
            raise self._server.fails.pop(word)
        answer = next((answer for word, answer in self._server.answers.items() if word in statement), None)
        self._rows = [] if answer is None else [(answer,)]
        gives_rows = answer is not None or "SELECT" in statement or " OUTPUT " in statement
        self.description = [("answer", None, None, None, None, None, None)] if gives_rows else None
        return self

    def executemany(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        """Executes a statement for each row, or for all of them at once."""
        if self.fast_executemany:
            self._server.arrays += 1
        for row in rows:
            self.execute(statement, *row)

    def fetchmany(self, _number: int) -> list[tuple[Any]]:
        """Returns the rows that are left."""
        return self.fetchall()

    def fetchone(self) -> tuple[Any] | None:
        """Returns the row, once."""
        return self._rows.pop() if self._rows else None

    def fetchall(self) -> list[tuple[Any]]:
        """Returns the rows that are left."""
        rows, self._rows = self._rows, []
        return rows

    def setinputsizes(self, _sizes: object) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""


@pytest.fixture
def sql_server(monkeypatch: pytest.MonkeyPatch) -> SqlServer:
    """Returns a server that ``open_database(URL)`` connects to."""
    pyodbc = pytest.importorskip("pyodbc", reason="no ODBC here", exc_type=ImportError)
    server = SqlServer()
    monkeypatch.setattr(pyodbc, "connect", server.connect)
    return server
