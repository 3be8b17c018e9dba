"""The contract of the views: its template runs on every engine, and the check finds what is wrong."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.dialects import mssql
from sqlalchemy.types import TypeEngine

from tests.practice import sources
from tests.support import practice as staff
from tray_agent.cli import run
from tray_agent.demo import practice_tables as tables
from tray_agent.practice import check
from tray_agent.practice.check import PracticeCode, PracticeFinding, PracticeSeverity, check_practice
from tray_agent.practice.model import Appointment, Mandant, Patient, Treatment, VisitReason
from tray_agent.practice.views import (
    APPOINTMENTS,
    MANDANTS,
    PATIENTS,
    TREATMENTS,
    VIEWS,
    VISIT_REASONS,
    Dialect,
    PracticeView,
    view_statement,
    views_template,
)
from tray_agent.store.database import Database


@pytest.mark.parametrize(
    ("view", "model"),
    [(MANDANTS, Mandant), (PATIENTS, Patient), (TREATMENTS, Treatment), (APPOINTMENTS, Appointment), (VISIT_REASONS, VisitReason)],
)
def test_the_columns_are_the_fields_of_the_model(view: PracticeView, model: type) -> None:
    fields = {field.name for field in dataclasses.fields(model)} - {"unreadable"}
    assert {column.name for column in view.columns} == fields


@pytest.mark.parametrize("dialect", list(Dialect))
def test_the_template_explains_every_view_and_column(dialect: Dialect) -> None:
    template = views_template(dialect, "praxis")
    for view in VIEWS:
        assert f"praxis.{view.name} AS" in template
        assert view.meaning in template
        for column in view.columns:
            assert f" AS {column.name}" in template
            assert column.meaning in template


def test_the_template_runs_as_it_is_printed(database_url: str, empty_database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """Over tables named like the example's the printed template is a practice that can be read."""
    dialect = empty_database.dialect
    with empty_database.begin() as connection:
        tables.practice_metadata.create_all(connection)
    assert run(["db", "views", "--dialect", dialect, "--schema", ""]) == 0
    script = capsys.readouterr().out
    pieces = script.split("\nGO\n") if dialect == "mssql" else script.split(";\n")
    with empty_database.begin() as connection:
        for piece in pieces:
            if any(line.strip() and not line.startswith("--") for line in piece.splitlines()):
                connection.exec_driver_sql(piece.strip().removesuffix(";"))
    sources.fill(empty_database)
    assert faults(empty_database) == []


def test_an_unknown_dialect_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["db", "views", "--dialect", "oracle"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def faults(database: Database) -> list[PracticeFinding]:
    return [finding for finding in check_practice(database) if finding.severity is not PracticeSeverity.GOOD]


def found(database: Database, code: PracticeCode) -> PracticeFinding:
    [finding] = [finding for finding in check_practice(database) if finding.code is code]
    return finding


@pytest.fixture
def practice(empty_database: Database) -> Database:
    sources.sql_practice(empty_database)
    return empty_database


def test_a_good_practice_has_its_rows_counted(practice: Database) -> None:
    assert [(finding.view, finding.count) for finding in check_practice(practice)] == [
        ("vitoclient_mandants", 2), ("vitoclient_patients", 5), ("vitoclient_treatments", 7), ("vitoclient_appointments", 6),
        ("vitoclient_visit_reasons", 2),
    ]  # fmt: skip
    assert faults(practice) == []


def test_missing_views_are_named_each(empty_database: Database) -> None:
    findings = check_practice(empty_database)
    assert [(finding.code, finding.severity, finding.view) for finding in findings] == [
        (PracticeCode.VIEW_MISSING, PracticeSeverity.FAULT, view.name) for view in VIEWS
    ]
    assert "vitoclient db views" in findings[0].advice


def _replace_view(database: Database, view: PracticeView, old: str, new: str) -> None:
    statement = view_statement(view, Dialect(database.dialect))
    assert old in statement
    with database.begin() as connection:
        connection.exec_driver_sql(f"DROP VIEW {view.name}")
        connection.exec_driver_sql(statement.replace(old, new))


def test_a_missing_column_is_named(practice: Database) -> None:
    _replace_view(practice, PATIENTS, "p.sterbedatum AS death_date", "p.sterbedatum AS died")
    finding = found(practice, PracticeCode.COLUMN_MISSING)
    assert (finding.severity, finding.view, finding.column) == (PracticeSeverity.FAULT, "vitoclient_patients", "death_date")


@pytest.mark.parametrize(
    ("view", "old", "new", "column"),
    [
        (APPOINTMENTS, "t.beginn AS", "t.status AS", "starts_at"),
        (PATIENTS, "p.sterbedatum AS", "p.vorname AS", "death_date"),
        (PATIENTS, "p.vorname AS first_name", "p.geburtsdatum AS first_name", "first_name"),
    ],
)
def test_a_wrong_type_is_named(practice: Database, view: PracticeView, old: str, new: str, column: str) -> None:
    _replace_view(practice, view, old, new)
    finding = found(practice, PracticeCode.COLUMN_TYPE)
    assert (finding.severity, finding.view, finding.column) == (PracticeSeverity.FAULT, view.name, column)


def test_a_start_with_a_time_zone_is_refused(practice: Database) -> None:
    types = {"postgresql": "t.beginn AT TIME ZONE 'Europe/Zurich' AS", "mssql": "TODATETIMEOFFSET(t.beginn, '+01:00') AS"}
    if practice.dialect not in types:
        pytest.skip("SQLite has no such type")
    _replace_view(practice, APPOINTMENTS, "t.beginn AS", types[practice.dialect])
    assert found(practice, PracticeCode.COLUMN_TYPE).column == "starts_at"


@pytest.mark.parametrize(
    ("found", "fits"),
    [
        (mssql.DATETIME2(), True), (mssql.DATETIME(), True), (mssql.SMALLDATETIME(), True),  # type: ignore[no-untyped-call]
        (mssql.DATETIMEOFFSET(), False), (mssql.DATE(), False), (mssql.ROWVERSION(), False),  # type: ignore[no-untyped-call]
    ],
)  # fmt: skip
def test_the_types_of_sql_server_that_a_start_may_have(found: TypeEngine[Any], *, fits: bool) -> None:
    assert check._fits(APPOINTMENTS.column("starts_at"), found) is fits


def test_bad_rows_are_counted_and_the_first_named_by_id(practice: Database) -> None:
    for number in (101, 103):
        staff.change_appointment(practice, str(number), status="wartet")
    finding = found(practice, PracticeCode.UNREADABLE)
    assert (finding.severity, finding.column, finding.count) == (PracticeSeverity.NOTICE, "status", 2)
    assert set(finding.examples) == {"101", "103"}
    assert "101" in finding.sentence
    assert "provisorisch, definitiv" in finding.advice
    assert finding.advice.endswith("Gelesen wurde: «wartet».")


def test_an_id_that_can_not_be_kept_is_told(practice: Database) -> None:
    """The contract allows 50 characters, the outbox keeps 100."""
    with practice.begin() as connection:
        connection.execute(text("DROP VIEW vitoclient_visit_reasons"))
        columns = f"'{'x' * 101}' AS id, bezeichnung AS name, erinnern AS remind"
        connection.execute(text(f"CREATE VIEW vitoclient_visit_reasons AS SELECT {columns} FROM besuchsgrund"))  # noqa: S608 - our own words
    finding = found(practice, PracticeCode.UNREADABLE)
    assert (finding.view, finding.column, finding.severity) == ("vitoclient_visit_reasons", "id", PracticeSeverity.NOTICE)


def test_no_more_than_five_bad_rows_are_named(practice: Database) -> None:
    with practice.begin() as connection:
        connection.execute(update(tables.termin).values(status="?"))
    finding = found(practice, PracticeCode.UNREADABLE)
    assert (finding.count, len(finding.examples)) == (6, 5)
    assert "…" in finding.sentence


def test_garbled_dates_are_found_where_the_engine_lets_them_in(practice: Database) -> None:
    if practice.dialect != "sqlite":
        pytest.skip("a server's DATE holds only dates")
    with practice.begin() as connection:
        connection.execute(text("UPDATE patient SET geburtsdatum = '1.1.80' WHERE patient_nr = 4"))
    finding = found(practice, PracticeCode.UNREADABLE)
    assert (finding.column, finding.examples) == ("birth_date", ("4",))


def test_a_null_opt_out_is_found(practice: Database) -> None:
    statement = view_statement(PATIENTS, Dialect(practice.dialect))
    [expression] = [line.strip().split(" AS opted_out")[0] for line in statement.splitlines() if " AS opted_out" in line]
    kind = {"sqlite": "INTEGER", "postgresql": "BOOLEAN", "mssql": "BIT"}[practice.dialect]
    _replace_view(practice, PATIENTS, expression, f"CAST(NULL AS {kind})")
    finding = found(practice, PracticeCode.UNREADABLE)
    assert (finding.column, finding.count) == ("opted_out", 5)


def test_no_mandants_is_a_fault(practice: Database) -> None:
    with practice.begin() as connection:
        connection.execute(tables.mandant.delete())
    finding = found(practice, PracticeCode.EMPTY)
    assert (finding.severity, finding.view) == (PracticeSeverity.FAULT, "vitoclient_mandants")


def test_doubled_ids_are_named(practice: Database) -> None:
    _replace_view(practice, VISIT_REASONS, "g.grund_nr AS", "7 AS")
    finding = found(practice, PracticeCode.DUPLICATE)
    assert (finding.severity, finding.view, finding.examples) == (PracticeSeverity.NOTICE, "vitoclient_visit_reasons", ("7",))


def test_references_into_nothing_are_named(practice: Database) -> None:
    with practice.begin() as connection:
        connection.execute(update(tables.termin).where(tables.termin.c.termin_nr == 105).values(patient_nr=77))
    finding = found(practice, PracticeCode.DANGLING)
    assert (finding.view, finding.column, finding.count, finding.examples) == ("vitoclient_appointments", "patient_id", 1, ("105",))


def test_a_practice_without_any_definite_appointment_is_told(practice: Database) -> None:
    with practice.begin() as connection:
        connection.execute(update(tables.termin).values(status="provisorisch"))
    assert "provisorisch" in found(practice, PracticeCode.NEVER_DEFINITE).advice


def test_a_placeholder_as_death_date_is_suspected(practice: Database) -> None:
    with practice.begin() as connection:
        connection.execute(update(tables.patient).where(tables.patient.c.patient_nr > 1).values(sterbedatum=sources.PATIENTS[1].death_date))
    assert found(practice, PracticeCode.MANY_DECEASED).count == 4


def test_no_name_of_a_patient_is_ever_told(practice: Database) -> None:
    with practice.begin() as connection:
        connection.execute(update(tables.termin).values(status="?", patient_nr=4711))
        connection.execute(update(tables.patient).values(versandweg="Brief"))
    told = " ".join(f"{finding.sentence} {finding.advice}" for finding in check_practice(practice))
    assert not any(patient.last_name in told for patient in sources.PATIENTS)


def test_ids_of_another_type_are_told_and_never_crash(practice: Database) -> None:
    """A consultant made a text of the patient's id in one view only."""
    wider = {"sqlite": "'P' || p.patient_nr AS", "postgresql": "'P' || p.patient_nr AS", "mssql": "CONCAT('P', p.patient_nr) AS"}
    _replace_view(practice, PATIENTS, "p.patient_nr AS", wider[practice.dialect])
    assert {finding.code for finding in faults(practice)} <= {PracticeCode.DANGLING, PracticeCode.VIEW_BROKEN}
    assert faults(practice)
