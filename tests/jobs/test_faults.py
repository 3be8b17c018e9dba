"""What a fault means for the engine, and what of it reaches a log file."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from tray_agent.errors import DatabaseUnavailableError, InputError, OutcomeUnknownError
from tray_agent.jobs.errors import is_temporary, trace_of


def busy() -> OperationalError:
    original = sqlite3.OperationalError("database is locked")
    original.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return OperationalError("UPDATE", {}, original)


@pytest.mark.parametrize(("error", "expected"), [
    (DatabaseUnavailableError("t", "m"), True), (OutcomeUnknownError("t", "m"), True), (busy(), True), (InputError("t", "m"), False),
    (ValueError("x"), False), (IntegrityError("INSERT", {}, sqlite3.IntegrityError("x")), True),
])  # fmt: skip
def test_what_passes_by_itself(error: Exception, expected: bool) -> None:
    assert is_temporary(error) is expected


def fail() -> None:
    try:
        int("Zoë Ämisegger")
    except ValueError as error:
        raise KeyError("079 123 45 67") from error


def test_a_trace_names_kinds_and_places_but_no_values() -> None:
    with pytest.raises(KeyError) as raised:
        fail()
    trace = trace_of(raised.value)
    assert "builtins.ValueError" in trace
    assert "builtins.KeyError" in trace
    assert "test_faults.py" in trace
    assert "Zoë" not in trace
    assert "079" not in trace


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert trace_of(first).count("builtins.ValueError") == 2
