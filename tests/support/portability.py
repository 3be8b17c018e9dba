"""What SQL Server would say to the statements of the tests, where no such server is there: heard while they run on SQLite.

Every statement is compiled for SQL Server too, once, and looked at. And none may be executed while rows of another one on the same
connection are still to be read: SQLite and PostgreSQL stand that, Microsoft's driver refuses it ("connection is busy"). Nor may a
text with an umlaut be bound as VARCHAR: what the server's code page lacks would be read as a question mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Boolean, Connection, CursorResult, Engine, Select, String, Unicode, UnicodeText, event
from sqlalchemy.dialects import mssql
from sqlalchemy.exc import CompileError
from sqlalchemy.pool import ConnectionPoolEntry, Pool
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import BinaryExpression, ColumnElement, Label, TextClause

from tray_agent.store.database import Database

SQL_SERVER = mssql.dialect(deprecate_large_types=True)  # type: ignore[no-untyped-call]

_UNKNOWN = re.compile(
    r"\b(LIMIT|RETURNING|NULLS (FIRST|LAST)|ON CONFLICT|FOR UPDATE|ILIKE|TRUE|FALSE|IS (NOT )?DISTINCT|RECURSIVE)\b|\|\|"
    r"|(?<!\w)\([^()]*, [^()]*\) (NOT IN|IN|=|<|>)"
    r"|\b(substr|strftime|julianday|datetime|date|now|random|group_concat|string_agg)\(",
    re.IGNORECASE,
)
"""What T-SQL has no word for, or another one."""

_GROUPED_BY_PARAMETER = re.compile(r"GROUP BY [^()]*(\([^()]*)?:\w")
"""Two parameters are two values to SQL Server, though they be equal: such a column is "not contained in an aggregate"."""

_RESULTS = "tests: results"
"""Where the results of a connection are kept until its next statement."""

_seen: set[str] = set()
_faults: list[str] = []


def refusals(statement: Any) -> list[str]:
    """Returns why SQL Server would refuse a statement, or not read it as it is meant."""
    if isinstance(statement, TextClause):
        return []
    try:
        said = " ".join(str(statement.compile(dialect=SQL_SERVER)).split())
    except CompileError as error:
        return [f"{error}: {statement}"]
    wrong = [found[0] for rule in (_UNKNOWN, _GROUPED_BY_PARAMETER) if (found := rule.search(said))]
    if isinstance(statement, Select) and any(_is_condition(column) for column in statement.selected_columns):
        wrong.append("a condition as a value")
    return [f"{one}: {said}" for one in wrong]


def take_faults() -> list[str]:
    """Returns what was found since the last call."""
    found, _faults[:] = list(_faults), []
    return found


def _narrow_texts(compiled: SQLCompiler, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Gives the texts that VARCHAR may not hold. The practice's views are left out: SQLite does not tell NVARCHAR from VARCHAR."""
    for name, value in ((name, value) for row in rows for name, value in row.items() if isinstance(value, str) and not value.isascii()):
        bound = compiled.binds.get(name, compiled.binds.get(name.rpartition("_")[0]))  # a value of an IN list has its number
        if bound is None or isinstance(bound.type, Unicode | UnicodeText) or " vitoclient_" in compiled.string:
            continue
        if isinstance(bound.type, String):
            yield f"{value!r} is bound as VARCHAR: {compiled.string}"


def _look_for_rows(connection: Connection, said: str) -> None:
    if any(not result.closed and result.cursor is not None for result in connection.info.pop(_RESULTS, ())):
        _faults.append(f"rows of another statement are still to be read when this one is executed: {said}")


def _is_condition(column: ColumnElement[Any]) -> bool:
    inner = column.element if isinstance(column, Label) else column
    if isinstance(inner, BinaryExpression):
        return operators.is_comparison(inner.operator)
    return inner.__visit_name__ in ("clauselist", "expression_clauselist", "exists", "unary") and isinstance(inner.type, Boolean)


@event.listens_for(Engine, "before_cursor_execute")
def _hear(connection: Connection, _cursor: object, said: str, _values: object, context: Any, _many: object) -> None:
    if connection.dialect.name != "sqlite":
        return
    _look_for_rows(connection, said)
    compiled = context.compiled if context is not None else None
    if not isinstance(compiled, SQLCompiler):
        return
    if compiled.string not in _seen:
        _seen.add(compiled.string)
        _faults.extend(refusals(compiled.statement))
    _faults.extend(_narrow_texts(compiled, context.compiled_parameters))


@event.listens_for(Engine, "after_execute")
def _remember(
    connection: Connection, _statement: object, _many: object, _values: object, _options: object, result: CursorResult[Any]
) -> None:
    if connection.dialect.name == "sqlite" and result.returns_rows:
        connection.info.setdefault(_RESULTS, []).append(result)


@event.listens_for(Pool, "checkin")
def _forget(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info.pop(_RESULTS, None)


def _ask_the_clock(database: Database, connection: Connection) -> int:
    """Asks the clock that stands in for the server's: also a statement, though none is executed."""
    if connection.dialect.name == "sqlite":
        _look_for_rows(connection, "the server's clock")
    return _NOW_MS(database, connection)


_NOW_MS = Database.now_ms
Database.now_ms = _ask_the_clock  # type: ignore[method-assign,assignment]
