"""The practice's data through five views of an SQL database; reads only.

Everything is read in sets and in chunks, each in a short transaction of its own: however slowly the caller works, no
lock and no snapshot is held in the practice's database, and memory stays flat.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    column,
    extract,
    func,
    inspect,
    or_,
    select,
    table,
)
from sqlalchemy.exc import DBAPIError, NoSuchTableError
from sqlalchemy.types import NullType, TypeEngine

from tray_agent.errors import DatabaseFaultError, UnavailableError
from tray_agent.i18n import _
from tray_agent.practice.fields import end_of, read_row
from tray_agent.practice.model import Appointment, Mandant, Patient, VisitReason
from tray_agent.practice.views import APPOINTMENTS, MANDANTS, PATIENTS, TREATMENTS, VIEWS, VISIT_REASONS, PracticeView
from tray_agent.store.database import IN_CHUNK, Database
from tray_agent.store.faults import Fault, explained, fault_of, said

ROWS_AT_ONCE = 1000
"""How many rows a chunk holds."""

HALF_A_MINUTE = timedelta(seconds=30)
"""A start is read as that of the nearest minute: so far before a span may lie what is read as its first."""

_WHOLE = re.compile("-?[0-9]{1,18}")
"""Whole numbers that every database takes as BIGINT."""

Value = TypeVar("Value", Mandant, Patient, Appointment, VisitReason)


class PracticeDataError(UnavailableError):
    """A view of the practice is missing, lacks a column, or can't be read; nothing is prepared or sent from it."""

    code = "practice_data"


def _unreadable(view: str, why: str) -> PracticeDataError:
    """Returns the error that says that a view can't be read.

    Args:
        view: the view's name.
        why: what the database said, on one line, without data of patients.
    """
    return PracticeDataError(
        _("Praxisdaten nicht lesbar"),
        _("Die Sicht {view} kann nicht gelesen werden: {why}. Bis das behoben ist, wird nichts vorbereitet.").format(view=view, why=why),
        _(
            "«vitoclient doctor» prüft die Sichten; «vitoclient db views» zeigt, wie sie aussehen müssen. "
            "Der Agent versucht es von selbst wieder."
        ),
        item=view,
    )


class SqlPracticeSource:
    """Implements ``PracticeSource`` over the views (``tray_agent.practice.views``).

    Args:
        database: the practice's database, opened with a login that may only read.
        schema: where the views are, or None for the login's default schema.
    """

    def __init__(self, database: Database, schema: str | None = None) -> None:
        self._database = database
        schema = None if database.dialect == "sqlite" else schema or None
        self._views = {view: _ViewReader(database, view, schema) for view in VIEWS}

    def empty_views(self) -> frozenset[str]:
        """Returns the names of the views that hold no row at all; looks at one row of each."""
        return frozenset(view.name for view, reader in self._views.items() if reader.is_empty())

    def mandants(self) -> Mapping[str, Mandant]:
        """Returns all Mandants by id."""
        return _by_id(_mandant, self._views[MANDANTS].all())

    def visit_reasons(self) -> Mapping[str, VisitReason]:
        """Returns all visit reasons by id."""
        return _by_id(_visit_reason, self._views[VISIT_REASONS].all())

    def appointments_between(self, first: datetime, end: datetime) -> Iterator[list[Appointment]]:
        """Streams the appointments with first <= starts_at < end (local wall-clock, naive), in chunks, by start then id.

        After them come those whose start is written in a way that no search by time finds: with a guess that lies within, or without
        any, each time.
        """
        for rows in self._rows_between(first - HALF_A_MINUTE, end):
            read = _without_contradictions([appointment for row in rows if (appointment := _appointment(row)).id])
            yield [appointment for appointment in read if not appointment.is_dated or first <= appointment.starts_at < end]
        for rows in self._rows_not_found_by_time():
            read = _without_contradictions([appointment for row in rows if (appointment := _appointment(row)).id])
            found = [appointment for appointment in read if not appointment.is_dated or first <= appointment.starts_at < end]
            if found:
                yield found

    def _rows_between(self, first: datetime, end: datetime) -> Iterator[list[Row[Any]]]:
        reader = self._views[APPOINTMENTS]
        starts, key = reader.columns["starts_at"], reader.columns["id"]
        before_end = starts < self._bound(end)

        def after(row: Row[Any]) -> ColumnElement[bool]:
            """One lower bound only: with two, SQLite would begin every chunk at the first and skip what it has read."""
            return and_(starts >= row.starts_at, before_end, or_(starts > row.starts_at, key > row.id))

        return reader.chunks(and_(starts >= self._bound(first), before_end), (starts, key), after)

    def _rows_not_found_by_time(self) -> Iterator[list[Row[Any]]]:
        """Gives the rows without a start and, where the view keeps it as text, those whose text does not begin with year, month and day."""
        reader = self._views[APPOINTMENTS]
        starts, key = reader.columns["starts_at"], reader.columns["id"]
        odd = or_(starts.is_(None), starts.not_like("____-__-__%")) if reader.is_text("starts_at") else starts.is_(None)
        return reader.chunks(odd, (key,), lambda row: and_(odd, key > row.id))

    def appointments(self, ids: Collection[str]) -> Mapping[str, Appointment]:
        """Returns the appointments of these ids that still exist, by id."""
        return _by_id(_appointment, self._views[APPOINTMENTS].of("id", ids))

    def patients(self, ids: Collection[str]) -> Mapping[str, Patient]:
        """Returns the patients of these ids that still exist, by id."""
        return _by_id(_patient, self._views[PATIENTS].of("id", ids))

    def patients_born_on(self, month_days: Collection[tuple[int, int]]) -> Iterator[list[Patient]]:
        """Streams the patients whose birthday is on one of these (month, day), in chunks, by id."""
        reader = self._views[PATIENTS]
        born, key = reader.columns["birth_date"], reader.columns["id"]
        on_days = or_(
            *(and_(extract("month", born) == month, extract("day", born) == day) for month, day in sorted(month_days)),
            bindparam(None, 0) == 1,
        )
        for rows in reader.chunks(on_days, (key,), lambda row: and_(on_days, key > row.id)):
            yield [patient for row in rows if (patient := _patient(row)).id]

    def last_mandants(self, patient_ids: Collection[str]) -> Mapping[str, str]:
        """Returns by patient the Mandant of the treatment opened last; patients without a treatment are left out.

        Of several opened on the same day the one with the greater id counts; one without a date counts as the oldest.
        A treatment that names no Mandant, or whose date can't be read, gives "": nobody can be charged, and the default is not for such
        patients.
        """
        found: dict[str, str] = {}
        for row in self._views[TREATMENTS].latest("patient_id", patient_ids, by="opened_on"):
            values, unreadable = read_row(TREATMENTS, row)
            bad_date = "opened_on" in unreadable and row.opened_on is not None
            found[values["patient_id"]] = "" if bad_date else values["mandant_id"]
        return found

    def _bound(self, moment: datetime) -> object:
        """Returns a wall-clock time as the database compares it: of a text, "T" and fractions sort after a blank.

        A whole minute is written without seconds, so that it is not greater than a start that is.
        """
        if not self._views[APPOINTMENTS].is_text("starts_at"):
            return moment
        return moment.isoformat(" ", timespec="seconds" if moment.second or moment.microsecond else "minutes")


class _ViewReader:
    """Reads rows of one view. Values come as the driver gives them; ids are bound with the type that the view has."""

    def __init__(self, database: Database, view: PracticeView, schema: str | None) -> None:
        self._database = database
        self._view = view
        self._schema = schema
        self._from = table(view.name, *(column(declared.name) for declared in view.columns), schema=schema)
        self._all: Select[Any] = select(*self._from.c)

    def is_empty(self) -> bool:
        """Returns whether the view holds no row."""
        return not self._rows(select(self._from.c.id).limit(1))

    def all(self) -> Sequence[Row[Any]]:
        """Returns all rows of a small view."""
        return self._rows(self._all)

    def of(self, name: str, ids: Collection[str]) -> Iterator[Row[Any]]:
        """Returns the rows whose key is one of ``ids``, read in chunks."""
        for chunk in self._bound_chunks(name, ids):
            yield from self._rows(self._all.where(self.columns[name].in_(chunk)))

    def latest(self, name: str, ids: Collection[str], by: str) -> Iterator[Row[Any]]:
        """Returns for each key the row that is the greatest ``by`` a date, ties by id; one query for each chunk."""
        # Sorted by hand: the databases do not agree on whether NULL comes first or last.
        undated = case((column(by).is_(None), 1), else_=0)
        place = func.row_number().over(partition_by=column(name), order_by=(undated, column(by).desc(), column("id").desc()))
        for chunk in self._bound_chunks(name, ids):
            ranked = select(*self._from.c, place.label("place")).where(self.columns[name].in_(chunk)).subquery()
            yield from self._rows(select(ranked).where(ranked.c.place == 1))

    def chunks(
        self, condition: ColumnElement[bool], order: Sequence[ColumnElement[Any]], after: Callable[[Row[Any]], ColumnElement[bool]]
    ) -> Iterator[list[Row[Any]]]:
        """Streams the rows that meet a condition, in order.

        Args:
            condition: of the first chunk.
            order: by which columns, the last of them the id.
            after: gives the condition of the next chunk from the last row of the one before.
        """
        base = self._all.order_by(*order).limit(ROWS_AT_ONCE)
        statement = base.where(condition)
        seen: frozenset[object] = frozenset()
        while True:
            rows = self._rows(statement)
            fresh = [row for row in rows if row.id not in seen]
            if fresh:
                yield fresh
            if len(rows) < ROWS_AT_ONCE:
                return
            if not fresh:  # else the same chunk would be read for ever
                raise _unreadable(self._view.name, "keys do not sort")
            statement, seen = base.where(after(rows[-1])), frozenset(row.id for row in rows)

    @cached_property
    def columns(self) -> Mapping[str, ColumnElement[Any]]:
        """Returns the columns for conditions, with the types that the view has, so that indexes can be used."""
        text_keys = self._database.dialect == "sqlite"
        found: dict[str, ColumnElement[Any]] = {}
        for declared in self._view.columns:
            plain = column(declared.name, self._types.get(declared.name, NullType()))
            unknown = text_keys and isinstance(plain.type, NullType)
            found[declared.name] = cast(plain, String) if unknown else plain
        return found | {name: column(name) for name in ("starts_at", "opened_on", "birth_date") if name in found}

    def is_text(self, name: str) -> bool:
        """Returns whether a column keeps its values as text; SQLite's do, whatever they are called."""
        return self._database.dialect == "sqlite" or isinstance(self._types.get(name), String)

    @cached_property
    def _types(self) -> Mapping[str, TypeEngine[Any]]:
        with _naming(self._view):
            found = self._database.query(lambda connection: inspect(connection).get_columns(self._view.name, schema=self._schema))
        return {str(described["name"]): described["type"] for described in found}

    def _bound_chunks(self, name: str, ids: Collection[str]) -> Iterator[list[object]]:
        if not ids:
            return
        kind = self._kind_of_key(name)
        bound = sorted({value for key in ids if (value := _as(kind, key)) is not None}, key=str)
        for start in range(0, len(bound), IN_CHUNK):
            yield bound[start : start + IN_CHUNK]

    def _kind_of_key(self, name: str) -> type:
        try:
            kind: type = self.columns[name].type.python_type
        except NotImplementedError:
            return str
        return kind

    def _rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        with _naming(self._view):
            return self._database.query(lambda connection: connection.execute(statement).all())


@contextmanager
def _naming(view: PracticeView) -> Iterator[None]:
    """Turns the fault of a statement (no such view, no such column, no right) into an error that names the view.

    Raises:
        PracticeDataError: the view can't be read; a lost connection stays what it is.
    """
    try:
        yield
    except NoSuchTableError as error:
        raise _unreadable(view.name, "no such view") from error
    except DatabaseFaultError as error:
        cause = error.__cause__
        raise _unreadable(view.name, said(cause) if isinstance(cause, DBAPIError) else error.title) from error
    except DBAPIError as error:
        if fault_of(error) is not Fault.OTHER:
            raise explained(error) from error
        raise _unreadable(view.name, said(error)) from error


def _as(kind: type, key: str) -> object | None:
    """Returns a key in the type of the view's column, or None where no row can have it."""
    try:
        if kind in (int, Decimal, float):
            return int(key) if _WHOLE.fullmatch(key) else None
        return UUID(key) if kind is UUID else key
    except ValueError:
        return None


def _by_id(read: Callable[[Row[Any]], Value], rows: Iterable[Row[Any]]) -> dict[str, Value]:
    """Returns values by id. Two different rows of one id make all of it unreadable: which one is right can't be told."""
    values: dict[str, Value] = {}
    for row in rows:
        value = read(row)
        if value.id in values and values[value.id] != value:
            value = _contradictory(value)
        if value.id:
            values[value.id] = value
    return values


def _without_contradictions(read: list[Appointment]) -> list[Appointment]:
    """Returns appointments of which those that contradict another of the same id are unreadable; usually there are none."""
    if len({appointment.id for appointment in read}) == len(read):
        return read
    rows: dict[str, set[Appointment]] = {}
    for appointment in read:
        rows.setdefault(appointment.id, set()).add(appointment)
    return [_contradictory(appointment) if len(rows[appointment.id]) > 1 else appointment for appointment in read]


def _contradictory(value: Value) -> Value:
    return replace(value, unreadable=value.unreadable | {"id"})


def _mandant(row: Row[Any]) -> Mandant:
    values, unreadable = read_row(MANDANTS, row)
    return Mandant(**values, unreadable=unreadable)


def _patient(row: Row[Any]) -> Patient:
    values, unreadable = read_row(PATIENTS, row)
    return Patient(**values, unreadable=unreadable)


def _appointment(row: Row[Any]) -> Appointment:
    values, unreadable = read_row(APPOINTMENTS, row)
    values["ends_at"] = end_of(values["starts_at"], values["ends_at"])
    return Appointment(**values, unreadable=unreadable)


def _visit_reason(row: Row[Any]) -> VisitReason:
    values, unreadable = read_row(VISIT_REASONS, row)
    return VisitReason(**values, unreadable=unreadable)
