"""Column types that mean the same on SQLite, SQL Server and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, String, Unicode, UnicodeText
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """Aware instants in, aware UTC instants out; stored as naive UTC (DATETIME2 on SQL Server)."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime]:
        """Returns DATETIME2(7) on SQL Server, which is what its driver sends: else indexes would convert."""
        if dialect.name == "mssql":
            from sqlalchemy.dialects import mssql

            return dialect.type_descriptor(mssql.DATETIME2(7))  # type: ignore[no-untyped-call]
        return dialect.type_descriptor(DateTime(timezone=False))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Stores an aware instant as naive UTC.

        Raises:
            ValueError: the value has no time zone.
        """
        return None if value is None else _utc(value).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Returns a stored time as an aware UTC instant."""
        return None if value is None else value.replace(tzinfo=UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], object] | None:
        """Returns what stores a value; for SQLite in one step, because a message has five instants."""
        return _written if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """Returns what reads a stored value; for SQLite in one step, too."""
        return _read if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _utc(instant: datetime) -> datetime:
    """Returns an aware instant in UTC.

    Raises:
        ValueError: it has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError(f"a naive time can't be stored: {instant!r}")
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


def _written(instant: datetime | None) -> str | None:
    """Returns an instant as SQLAlchemy keeps it on SQLite: ``2026-11-24 09:10:00.000000``."""
    return None if instant is None else _text_of(_utc(instant))


@lru_cache(maxsize=1024)  # what is written together says the same few instants over and over
def _text_of(utc: datetime) -> str:
    return utc.isoformat(" ", "microseconds").removesuffix("+00:00")


def _read(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(f"{written}Z")


class Credits(TypeDecorator[Decimal]):
    """Decimal credits in and out, to the hundredth; stored as whole hundredths, because SQLite knows no decimals."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Stores credits as whole hundredths, rounded half to even."""
        return None if value is None else int((value * 100).to_integral_value())

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """Returns stored hundredths as credits."""
        return None if value is None else Decimal(value) / 100


def key_text(length: int) -> String:
    """Returns the type of codes and keys: ASCII words that the program makes itself; 450 characters at the most."""
    return String(length)


def human_text(length: int) -> Unicode:
    """Returns the type of short text for people: NVARCHAR on SQL Server."""
    return Unicode(length)


def sort_text(length: int) -> Unicode:
    """Returns the type of the keys that names are sorted and found by: compared by their code points on every engine.

    A language's own order, as a server's database has one, would pass over spaces and so sort names differently.
    """
    by_code_point = Unicode(length).with_variant(Unicode(length, collation="C"), "postgresql")
    return by_code_point.with_variant(Unicode(length, collation="Latin1_General_BIN2"), "mssql")


def long_text() -> UnicodeText:
    """Returns the type of text for people without a bound: NVARCHAR(max) on SQL Server."""
    return UnicodeText()
