"""Checks the practice's views: there, with the right columns and types, with rows that can be read.

Used by ``vitoclient doctor`` and by the dialog *Einrichten*. Reads only. Every finding is typed, says what it means for
the practice, and names the first bad rows by id; names of patients never appear.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, column, false, func, inspect, select, table, types
from sqlalchemy.exc import DBAPIError, NoSuchTableError
from sqlalchemy.types import NullType, TypeEngine

from tray_agent.errors import DatabaseFaultError
from tray_agent.i18n import _, join_texts, ngettext
from tray_agent.practice.fields import read_row
from tray_agent.practice.model import AppointmentStatus
from tray_agent.practice.views import APPOINTMENTS, MANDANTS, PATIENTS, TREATMENTS, VIEWS, ColumnType, PracticeView, ViewColumn
from tray_agent.store.database import Database, wait_long
from tray_agent.store.faults import Fault, explained, fault_of, said

ROWS_READ = 20_000
"""So many rows of each view are read, those with the greatest ids."""

EXAMPLES = 5
"""So many bad rows are named."""


class PracticeSeverity(StrEnum):
    """How grave a finding is."""

    GOOD = "good"
    NOTICE = "notice"
    """Messages are sent, but not to everybody to whom they might be."""

    FAULT = "fault"
    """No messages can be prepared."""


class PracticeCode(StrEnum):
    """What was found; stable words for JSON and tests."""

    VIEW_GOOD = "view_good"
    VIEW_MISSING = "view_missing"
    VIEW_BROKEN = "view_broken"
    COLUMN_MISSING = "column_missing"
    COLUMN_TYPE = "column_type"
    EMPTY = "empty"
    UNREADABLE = "unreadable"
    DUPLICATE = "duplicate"
    DANGLING = "dangling"
    NEVER_DEFINITE = "never_definite"
    MANY_DECEASED = "many_deceased"


def check_readable(database: Database, schema: str | None) -> None:
    """Checks that the practice's views answer; reads none of their rows.

    Raises:
        DatabaseUnavailableError, DatabaseFaultError: they don't; why.
    """
    try:
        with database.read() as connection:
            for view in VIEWS:
                none: Select[tuple[object]] = (
                    select(column(view.columns[0].name)).select_from(table(view.name, schema=schema)).where(false())
                )
                connection.execute(none).first()
    except DBAPIError as error:
        raise explained(error) from error


_COUNT_WAIT = 300
"""Seconds that a count of all rows of a view may take: far more than what a run reads at a time."""

_FAULTS = frozenset(
    {
        PracticeCode.VIEW_MISSING,
        PracticeCode.VIEW_BROKEN,
        PracticeCode.COLUMN_MISSING,
        PracticeCode.COLUMN_TYPE,
        PracticeCode.EMPTY,
    }
)


@dataclass(frozen=True, slots=True)
class PracticeFinding:
    """One thing found.

    Attributes:
        view: the view's name.
        column: the column it is about, or "".
        count: how many rows it concerns; for ``VIEW_GOOD`` all rows of the view.
        examples: ids of the first such rows.
        sentence: what it means, in the language in force.
        advice: what to do, or "".
    """

    view: str
    code: PracticeCode
    sentence: str
    advice: str = ""
    column: str = ""
    count: int = 0
    examples: tuple[str, ...] = ()

    @property
    def severity(self) -> PracticeSeverity:
        """Returns how grave it is."""
        if self.code is PracticeCode.VIEW_GOOD:
            return PracticeSeverity.GOOD
        return PracticeSeverity.FAULT if self.code in _FAULTS else PracticeSeverity.NOTICE


def check_practice(database: Database, schema: str | None = None) -> list[PracticeFinding]:
    """Returns what was found in all views, in the order of the contract; those without a fault have one good finding.

    Args:
        database: the practice's database.
        schema: where the views are, or None for the login's default schema.

    Raises:
        DatabaseUnavailableError: no connection.
    """
    where = None if database.dialect == "sqlite" else schema or None
    findings: list[PracticeFinding] = []
    usable: set[PracticeView] = set()
    for view in VIEWS:
        found = list(_check_view(database, view, where))
        findings += found
        if not any(finding.severity is PracticeSeverity.FAULT for finding in found):
            usable.add(view)
    for view, name, target in ((APPOINTMENTS, "patient_id", PATIENTS), (TREATMENTS, "mandant_id", MANDANTS)):
        if {view, target} <= usable:
            findings += _check_reference(database, view, name, target, where)
    return findings


def _check_view(database: Database, view: PracticeView, schema: str | None) -> Iterator[PracticeFinding]:
    try:
        with database.read() as connection:
            wait_long(connection, _COUNT_WAIT)
            described = {str(found["name"]).lower(): found["type"] for found in inspect(connection).get_columns(view.name, schema=schema)}
            faults = list(_check_columns(view, described))
            yield from faults or _check_rows(connection, view, schema)
    except NoSuchTableError:
        yield _fault(view, PracticeCode.VIEW_MISSING, _("Die Sicht {view} gibt es nicht.").format(view=view.name))
    except (DBAPIError, DatabaseFaultError) as error:
        yield _broken(view, error)


_EXPECTED: Mapping[ColumnType, tuple[type[TypeEngine[Any]], ...]] = {
    ColumnType.KEY: (types.String, types.Integer, types.Numeric, types.Uuid),
    ColumnType.TEXT: (types.String,),
    ColumnType.DATE: (types.Date, types.DateTime),
    ColumnType.LOCAL_TIME: (types.DateTime,),
    ColumnType.YES_NO: (types.Boolean, types.Integer),
}


def _check_columns(view: PracticeView, described: Mapping[str, TypeEngine[Any]]) -> Iterator[PracticeFinding]:
    for declared in view.columns:
        found = described.get(declared.name)
        if found is None:
            sentence = _("In der Sicht {view} fehlt die Spalte {column}.").format(view=view.name, column=declared.name)
            yield _fault(view, PracticeCode.COLUMN_MISSING, sentence, declared.name)
        elif not _fits(declared, found):
            sentence = _("In der Sicht {view} hat die Spalte {column} den Typ {found}; nötig ist: {needed}.").format(
                view=view.name, column=declared.name, found=str(found), needed=declared.type.value
            )
            yield _fault(view, PracticeCode.COLUMN_TYPE, sentence, declared.name)


def _fits(declared: ViewColumn, found: TypeEngine[Any]) -> bool:
    """Returns whether a type is one of those expected. SQLite tells no type for computed columns: the rows decide there."""
    if isinstance(found, NullType):
        return True
    if declared.type is ColumnType.LOCAL_TIME and (getattr(found, "timezone", False) or found.__visit_name__ == "DATETIMEOFFSET"):
        return False
    return isinstance(found, _EXPECTED[declared.type])


def _check_rows(connection: Connection, view: PracticeView, schema: str | None) -> Iterator[PracticeFinding]:
    source = table(view.name, *(column(declared.name) for declared in view.columns), schema=schema)
    total = connection.execute(select(func.count()).select_from(source)).scalar_one()
    if total == 0 and view in (MANDANTS, PATIENTS):
        sentence = _("Die Sicht {view} ist leer: es kann niemand belastet oder angeschrieben werden.").format(view=view.name)
        yield _fault(view, PracticeCode.EMPTY, sentence)
        return
    rows = connection.execute(select(*source.c).order_by(source.c.id.desc()).limit(ROWS_READ)).mappings().all()
    sentence = ngettext("{view}: {count} Zeile lesbar.", "{view}: {count} Zeilen lesbar.", total).format(view=view.name, count=total)
    yield PracticeFinding(view.name, PracticeCode.VIEW_GOOD, sentence, count=total)
    yield from _check_values(view, [dict(row) for row in rows])
    doubled = select(source.c.id).group_by(source.c.id).having(func.count() > 1).order_by(source.c.id).limit(EXAMPLES)
    yield from _check_doubled(view, [str(key) for key in connection.execute(doubled).scalars()])


def _check_values(view: PracticeView, rows: Sequence[Mapping[str, Any]]) -> Iterator[PracticeFinding]:
    bad: dict[str, list[str]] = {}
    for row in rows:
        for name in sorted(read_row(view, row.values())[1]):
            bad.setdefault(name, []).append(str(row["id"]))
    for name, ids in bad.items():
        sentence = ngettext(
            "{view}: bei {count} Zeile ist {column} nicht lesbar (Kennung {ids}); wo es darauf ankommt, wird nichts gesendet.",
            "{view}: bei {count} Zeilen ist {column} nicht lesbar (Kennungen {ids}); wo es darauf ankommt, wird nichts gesendet.",
            len(ids),
        ).format(view=view.name, count=len(ids), column=name, ids=_listed(ids))
        advice = _("Nötig ist: {needed}.").format(needed=view.column(name).meaning)
        if name in _WORDS:
            advice = join_texts(advice, _("Gelesen wurde: {words}.").format(words=_words_of(rows, name, frozenset(ids))))
        yield PracticeFinding(view.name, PracticeCode.UNREADABLE, sentence, advice, name, len(ids), tuple(ids[:EXAMPLES]))
    yield from _check_plausible(view, rows)


_WORDS = frozenset({"status", "preferred_channel", "opted_out", "remind"})
"""Columns whose values say nothing about a person, so that the wrong ones may be shown."""


def _words_of(rows: Sequence[Mapping[str, Any]], name: str, ids: frozenset[str]) -> str:
    """Returns the most frequent values of a column in these rows: «offen», «NULL»."""
    words = Counter("NULL" if row[name] is None else str(row[name])[:40] for row in rows if str(row["id"]) in ids)
    return ", ".join(f"«{word}»" for word, _number in words.most_common(EXAMPLES))


def _check_plausible(view: PracticeView, rows: Sequence[Mapping[str, Any]]) -> Iterator[PracticeFinding]:
    if view is PATIENTS:
        dead = sum(row["death_date"] is not None for row in rows)
        if dead * 2 > len(rows):
            sentence = _(
                "{view}: mehr als die Hälfte der Patienten hat ein Sterbedatum ({count} von {total}); sie erhalten nichts."
            ).format(view=view.name, count=dead, total=len(rows))
            advice = _("Prüfen, ob ein Platzhalter (z. B. 31.12.9999) als Sterbedatum gelesen wird; er muss NULL sein.")
            yield PracticeFinding(view.name, PracticeCode.MANY_DECEASED, sentence, advice, "death_date", dead)
    if view is APPOINTMENTS and rows:
        words = Counter(str(row["status"]) for row in rows)
        if not any(word.strip().casefold() == AppointmentStatus.DEFINITE.value for word in words):
            sentence = _("{view}: kein einziger Termin hat den Status «definitiv»; es wird an keinen Termin erinnert.").format(
                view=view.name
            )
            advice = _("Vorhanden sind: {words}.").format(words=", ".join(word for word, _number in words.most_common(EXAMPLES)))
            yield PracticeFinding(view.name, PracticeCode.NEVER_DEFINITE, sentence, advice, "status", len(rows))


def _check_doubled(view: PracticeView, ids: Sequence[str]) -> Iterator[PracticeFinding]:
    if ids:
        sentence = _("{view}: Kennungen kommen mehrfach vor ({ids} …); widersprechen sich die Zeilen, wird nichts gesendet.").format(
            view=view.name, ids=", ".join(ids)
        )
        advice = _("Sicht so einschränken, dass jede Kennung einmal vorkommt.")
        yield PracticeFinding(view.name, PracticeCode.DUPLICATE, sentence, advice, "id", len(ids), tuple(ids))


def _check_reference(
    database: Database, view: PracticeView, name: str, target: PracticeView, schema: str | None
) -> Iterator[PracticeFinding]:
    source = table(view.name, column("id"), column(name), schema=schema)
    known = table(target.name, column("id"), schema=schema)
    lost = source.c[name].not_in(select(known.c.id).where(known.c.id.is_not(None)))
    try:
        with database.read() as connection:
            wait_long(connection, _COUNT_WAIT)
            count = connection.execute(select(func.count()).select_from(source).where(lost)).scalar_one()
            rows = connection.execute(select(source.c.id).where(lost).order_by(source.c.id).limit(EXAMPLES)).scalars().all()
    except (DBAPIError, DatabaseFaultError) as error:
        yield _broken(view, error)
        return
    if count:
        ids = [str(key) for key in rows]
        sentence = ngettext(
            "{view}: {count} Zeile nennt in {column} etwas, das es in {target} nicht gibt (Kennung {ids}).",
            "{view}: {count} Zeilen nennen in {column} etwas, das es in {target} nicht gibt (Kennungen {ids}).",
            count,
        ).format(view=view.name, count=count, column=name, target=target.name, ids=_listed(ids, count))
        advice = _("Sicht {target} prüfen: sie darf nichts ausfiltern.").format(target=target.name)
        yield PracticeFinding(view.name, PracticeCode.DANGLING, sentence, advice, name, count, tuple(ids))


def _listed(ids: Sequence[str], count: int | None = None) -> str:
    more = " …" if (count or len(ids)) > EXAMPLES else ""
    return ", ".join(ids[:EXAMPLES]) + more


def _broken(view: PracticeView, error: DBAPIError | DatabaseFaultError) -> PracticeFinding:
    """Returns the finding for a statement that the database refused; a database that is away or busy is none."""
    cause = error if isinstance(error, DBAPIError) else error.__cause__
    if not isinstance(cause, DBAPIError) or fault_of(cause) not in (Fault.OTHER, Fault.FORBIDDEN):
        raise explained(error) if isinstance(error, DBAPIError) else error
    why = said(cause)
    sentence = _("Die Sicht {view} kann nicht gelesen werden: {why}").format(view=view.name, why=why)
    if fault_of(cause) is Fault.FORBIDDEN:
        advice = _("Dem Benutzer das Recht geben, sie zu lesen (GRANT SELECT); «vitoclient db grants» gibt die Anweisungen aus.")
        return PracticeFinding(view.name, PracticeCode.VIEW_BROKEN, sentence, advice)
    return _fault(view, PracticeCode.VIEW_BROKEN, sentence)


def _fault(view: PracticeView, code: PracticeCode, sentence: str, name: str = "") -> PracticeFinding:
    advice = _("«vitoclient db views» zeigt, wie die Sicht aussehen muss.")
    return PracticeFinding(view.name, code, sentence, advice, name)
