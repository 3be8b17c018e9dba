"""What reading through views must stand: many rows, odd types, wrong values, missing views."""

# ruff: noqa: DTZ001, DTZ901 - times of appointments are wall-clock times of the practice, naive

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.dialects import mssql

from tests.practice import sources
from tests.support import practice as staff
from tray_agent.demo import practice_tables as tables
from tray_agent.practice import fields, sql_source
from tray_agent.practice.check import check_practice
from tray_agent.practice.fields import read_row
from tray_agent.practice.model import Appointment, AppointmentStatus, Patient
from tray_agent.practice.sql_source import PracticeDataError, SqlPracticeSource
from tray_agent.practice.views import VIEWS, VISIT_REASONS, Dialect, view_statement
from tray_agent.store.database import Database, open_database

BEGIN = datetime(2026, 11, 24)


def appointments_of(source: SqlPracticeSource, days: int = 1) -> list[list[Appointment]]:
    return list(source.appointments_between(BEGIN, BEGIN + timedelta(days=days)))


def test_many_appointments_come_in_chunks_without_loss_or_repeat(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_source, "ROWS_AT_ONCE", 7)
    tables.create_practice(empty_database)
    starts = [BEGIN + timedelta(minutes=5 * (number % 9)) for number in range(100)]
    many = [Appointment(str(number), "1", start, AppointmentStatus.DEFINITE) for number, start in enumerate(starts, start=1)]
    sources.fill(empty_database, appointments=many)
    chunks = appointments_of(SqlPracticeSource(empty_database))
    assert max(len(chunk) for chunk in chunks) == 7
    assert [a.id for chunk in chunks for a in chunk] == [a.id for a in sorted(many, key=lambda a: (a.starts_at, int(a.id)))]


def test_no_transaction_is_open_while_the_caller_works(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The practice's staff can write between two chunks, and what they add later in the day is found."""
    monkeypatch.setattr(sql_source, "ROWS_AT_ONCE", 2)
    source = sources.sql_practice(empty_database)
    chunks = source.appointments_between(BEGIN, BEGIN + timedelta(days=1))
    assert [a.id for a in next(chunks)] == ["101", "102"]
    with empty_database.begin() as connection:
        connection.execute(delete(tables.termin).where(tables.termin.c.termin_nr == 103))
    staff.change_appointment(empty_database, "104", status="definitiv")
    assert [(a.id, a.status) for chunk in chunks for a in chunk] == [("104", AppointmentStatus.DEFINITE)]


def test_an_unknown_status_word_is_never_definite(empty_database: Database) -> None:
    source = sources.sql_practice(empty_database)
    for word in ("definitv", "", "2", "definitiv?", "abgesagt (definitiv)"):
        staff.change_appointment(empty_database, "101", status=word)
        assert source.appointments({"101"})["101"].status is AppointmentStatus.UNKNOWN


@pytest.mark.parametrize("word", ["definitiv", "Definitiv", " DEFINITIV "])
def test_the_status_word_is_read_in_any_case(empty_database: Database, word: str) -> None:
    source = sources.sql_practice(empty_database)
    staff.change_appointment(empty_database, "101", status=word)
    assert source.appointments({"101"})["101"].status is AppointmentStatus.DEFINITE


def test_a_missing_view_is_named(empty_database: Database) -> None:
    with pytest.raises(PracticeDataError) as caught:
        SqlPracticeSource(empty_database).mandants()
    assert caught.value.item == "vitoclient_mandants"
    assert "doctor" in caught.value.advice
    with pytest.raises(PracticeDataError, match="vitoclient_patients"):
        SqlPracticeSource(empty_database).patients({"1"})


def test_a_missing_column_is_told(empty_database: Database) -> None:
    with empty_database.begin() as connection:
        connection.execute(text("CREATE VIEW vitoclient_visit_reasons AS SELECT 1 AS id, 'x' AS name"))
    with pytest.raises(PracticeDataError, match="vitoclient_visit_reasons"):
        SqlPracticeSource(empty_database).visit_reasons()


def _corrupt(database: Database, statement: str) -> None:
    with database.begin() as connection:
        connection.execute(text(statement))


def _write_start(database: Database, number: int, written: str) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE termin SET beginn = :written WHERE termin_nr = :number"), {"written": written, "number": number})


@pytest.fixture
def sqlite_practice(tmp_path: Path) -> Iterator[Database]:
    """SQLite keeps whatever it is given: the engine on which wrong values can be tried."""
    database = open_database(f"sqlite:///{(tmp_path / 'practice.db').as_posix()}")
    sources.sql_practice(database)
    yield database
    database.dispose()


def test_a_garbled_death_date_counts_as_death(sqlite_practice: Database) -> None:
    _corrupt(sqlite_practice, "UPDATE patient SET sterbedatum = 'letzten Herbst' WHERE patient_nr = 1")
    patient = SqlPracticeSource(sqlite_practice).patients({"1"})["1"]
    assert patient.is_deceased
    assert patient.unreadable == {"death_date"}


def test_garbled_dates_are_noted_and_never_raised(sqlite_practice: Database) -> None:
    _corrupt(sqlite_practice, "UPDATE patient SET geburtsdatum = '31.02.1980' WHERE patient_nr = 1")
    _corrupt(sqlite_practice, "UPDATE mandant SET lizenz_bis = 'unbefristet' WHERE mandant_nr = 'M1'")
    _corrupt(sqlite_practice, "UPDATE termin SET beginn = 'morgen früh' WHERE termin_nr = 101")
    source = SqlPracticeSource(sqlite_practice)
    assert source.patients({"1"})["1"].unreadable == {"birth_date"}
    assert source.mandants()["M1"].unreadable == {"licence_valid_until"}
    assert source.appointments({"101"})["101"].unreadable == {"starts_at"}
    assert source.appointments({"101"})["101"].starts_at == datetime.min
    assert [a.id for chunk in appointments_of(source) for a in chunk] == ["102", "103", "104", "101"], "of which no day is known: last"
    assert [p.id for chunk in source.patients_born_on({(2, 29)}) for p in chunk] == []


@pytest.mark.parametrize("midnight", ["T00:00:00", " 00:00", " 00:00:00", "T00:00", " 00:00:00.000"])
def test_other_ways_of_writing_a_start_are_read(sqlite_practice: Database, midnight: str) -> None:
    """The first moment of a day belongs to it, however it is written, and not to the day before."""
    for number, written in ((101, f"2026-11-24{midnight}"), (102, "2026-11-24 08:30"), (103, "2026-11-24 08:30:00.000000")):
        _write_start(sqlite_practice, number, written)
    _write_start(sqlite_practice, 104, f"2026-11-25{midnight}")
    found = [a for chunk in appointments_of(SqlPracticeSource(sqlite_practice)) for a in chunk]
    assert {a.id: a.starts_at for a in found} == {
        "101": BEGIN,
        "102": BEGIN.replace(hour=8, minute=30),
        "103": BEGIN.replace(hour=8, minute=30),
    }


@pytest.mark.parametrize(
    ("written", "guess"),
    [
        ("24.11.2026 10:15", "2026-11-24 10:15"), ("24.11.26 10.15 Uhr", "2026-11-24 10:15"), ("24.11.2026", "2026-11-24 00:00"),
        ("24. 11. 2026, 10:15", "2026-11-24 10:15"), ("24/11/2026 8:05", "2026-11-24 08:05"), ("11/24/2026 10:15 AM", "2026-11-24 10:15"),
        ("2026-11-24T10:15:00Z", "2026-11-24 10:15"), ("2026-11-24T10:15:00+01:00", "2026-11-24 10:15"), ("2026-11-24", "2026-11-24 00:00"),
        ("2026-11-24 8:05", "2026-11-24 08:05"), ("2026-11-24 10.15", "2026-11-24 10:15"), ("2026-11-24 25:00", "2026-11-24 00:00"),
        ("20261124", "2026-11-24 00:00"), ("20261124 10:15", "2026-11-24 10:15"), ("2026/11/24 10:15", "2026-11-24 10:15"),
        (" 2026-11-24 10:15", "2026-11-24 10:15"), ("Di 24.11.2026 10h15", "2026-11-24 10:15"), ("2026.11.24 10:15", "2026-11-24 10:15"),
        ("morgen", None), ("", None), ("31.11.2026 10:15", None), ("Nov 24 2026 10:15AM", None), ("1.1", None),
    ],
)  # fmt: skip
def test_a_start_that_cant_be_read_is_given_by_its_guess_or_each_time(sqlite_practice: Database, written: str, guess: str | None) -> None:
    _write_start(sqlite_practice, 102, written)
    source = SqlPracticeSource(sqlite_practice)
    (read,) = [a for chunk in appointments_of(source) for a in chunk if a.id == "102"]
    assert "starts_at" in read.unreadable
    assert read.starts_at == (datetime.fromisoformat(guess) if guess else datetime.min)
    assert read.is_dated is (guess is not None)
    assert source.appointments({"102"})["102"] == read
    days_before = [a.id for chunk in source.appointments_between(BEGIN - timedelta(days=9), BEGIN) for a in chunk]
    days_after = [a.id for chunk in source.appointments_between(BEGIN + timedelta(days=1), BEGIN + timedelta(days=9)) for a in chunk]
    assert ("102" in days_before, "102" in days_after) == (guess is None, guess is None)


def test_a_day_that_does_not_exist_is_given_with_the_days_beside_it(sqlite_practice: Database) -> None:
    _write_start(sqlite_practice, 102, "2026-02-31 10:15")
    (read,) = [
        a for chunk in SqlPracticeSource(sqlite_practice).appointments_between(datetime(2026, 2, 28), datetime(2026, 3, 1)) for a in chunk
    ]
    assert (read.id, read.is_dated) == ("102", False)


def test_unreadable_starts_come_in_chunks_too_and_once(sqlite_practice: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_source, "ROWS_AT_ONCE", 2)
    for number in (101, 102, 103, 104, 105):
        _write_start(sqlite_practice, number, "24.11.2026 10:15")
    _write_start(sqlite_practice, 106, "2026-11-24 09:00")
    chunks = appointments_of(SqlPracticeSource(sqlite_practice))
    assert [[a.id for a in chunk] for chunk in chunks] == [["106"], ["101", "102"], ["103", "104"], ["105"]]


def _as_text(database: Database) -> None:
    """Makes the view give starts as text, as a consultant may have written it."""
    kind = {"mssql": "VARCHAR(40)", "postgresql": "VARCHAR(40)", "sqlite": "TEXT"}[database.dialect]
    odd = "CASE WHEN t.termin_nr = 102 THEN '24.11.2026 10:15' WHEN t.termin_nr = 103 THEN 'bald' ELSE CAST(t.beginn AS VARCHAR(40)) END"
    with database.begin() as connection:
        connection.exec_driver_sql("DROP VIEW vitoclient_appointments")
        statement = view_statement(VIEWS[3], Dialect(database.dialect))
        connection.exec_driver_sql(statement.replace("t.beginn AS", f"CAST({odd} AS {kind}) AS"))


def test_starts_that_a_view_keeps_as_text_are_read_on_every_engine(empty_database: Database) -> None:
    source = sources.sql_practice(empty_database)
    _as_text(empty_database)
    found = {a.id: a for chunk in SqlPracticeSource(empty_database).appointments_between(BEGIN, BEGIN + timedelta(days=1)) for a in chunk}
    if empty_database.dialect != "mssql":  # which writes a time as text in a way of its own
        assert found["104"].starts_at == datetime(2026, 11, 24, 23, 55)
        assert set(found) == {"101", "102", "103", "104"}
    assert (found["102"].starts_at, found["103"].starts_at) == (datetime(2026, 11, 24, 10, 15), datetime.min)
    assert source.mandants()


def test_appointments_without_a_start_are_given_on_every_engine(empty_database: Database) -> None:
    source = sources.sql_practice(empty_database)
    with empty_database.begin() as connection:
        connection.exec_driver_sql("DROP VIEW vitoclient_appointments")
        statement = view_statement(VIEWS[3], Dialect(empty_database.dialect))
        connection.exec_driver_sql(statement.replace("t.beginn AS", "CASE WHEN t.termin_nr = 102 THEN NULL ELSE t.beginn END AS"))
    found = [a for chunk in source.appointments_between(BEGIN, BEGIN + timedelta(days=1)) for a in chunk]
    assert [(a.id, a.is_dated) for a in found] == [("101", True), ("103", True), ("104", True), ("102", False)]


def test_starts_are_those_of_the_nearest_minute_at_both_ends_of_the_days_searched(empty_database: Database) -> None:
    """A program that reckons with fractions of days keeps 10:15 as 10:14:59.997."""
    starts = {
        "101": datetime(2026, 11, 23, 23, 59, 59, 997000), "102": datetime(2026, 11, 23, 23, 59, 29, 997000),
        "103": datetime(2026, 11, 24, 10, 14, 59, 997000), "104": datetime(2026, 11, 24, 10, 15, 29, 997000),
        "105": datetime(2026, 11, 24, 23, 59, 59, 997000), "106": datetime(2026, 11, 24, 23, 59, 29, 997000),
    }  # fmt: skip
    source = sources.sql_practice(empty_database)
    for key, start in starts.items():
        staff.change_appointment(empty_database, key, beginn=start, ende=start + timedelta(minutes=15))
    found = {a.id: (a.starts_at, a.ends_at) for chunk in source.appointments_between(BEGIN, BEGIN + timedelta(days=1)) for a in chunk}
    assert found == {
        "101": (BEGIN, BEGIN + timedelta(minutes=15)),
        "103": (datetime(2026, 11, 24, 10, 15), datetime(2026, 11, 24, 10, 30)),
        "104": (datetime(2026, 11, 24, 10, 15), datetime(2026, 11, 24, 10, 30)),
        "106": (datetime(2026, 11, 24, 23, 59), datetime(2026, 11, 25, 0, 14)),
    }
    following = source.appointments_between(BEGIN + timedelta(days=1), BEGIN + timedelta(days=2))
    assert [(a.id, a.starts_at) for chunk in following for a in chunk] == [("105", BEGIN + timedelta(days=1))]
    assert {key: a.starts_at for key, a in source.appointments(found).items()} == {key: start for key, (start, _end) in found.items()}


@pytest.mark.parametrize(
    ("written", "ends_at"),
    [
        ("2026-11-24 09:00", datetime(2026, 11, 24, 9)), ("0001-01-01 00:00:00", None), ("1899-12-30 09:00", None), ("1900-01-01", None),
        ("9999-12-31 23:59:59.999", None), ("2099-12-31 00:00", None), ("2026-11-24 08:30", None), ("2026-11-24 08:00", None),
        ("24.11.2026 09:00", None), ("2026-11-25 09:00", datetime(2026, 11, 25, 9)), (None, None),
    ],
)  # fmt: skip
def test_an_end_that_is_none_ends_nothing(sqlite_practice: Database, written: str | None, ends_at: datetime | None) -> None:
    with sqlite_practice.begin() as connection:
        connection.execute(text("UPDATE termin SET ende = :written WHERE termin_nr = 102"), {"written": written})
    assert SqlPracticeSource(sqlite_practice).appointments({"102"})["102"].ends_at == ends_at


def test_a_visit_reason_that_cant_be_read_is_noted(sqlite_practice: Database) -> None:
    _corrupt(sqlite_practice, "UPDATE besuchsgrund SET bezeichnung = 'x' WHERE grund_nr = 7")
    _corrupt(sqlite_practice, "DROP VIEW vitoclient_visit_reasons")
    _corrupt(
        sqlite_practice,
        "CREATE VIEW vitoclient_visit_reasons AS SELECT grund_nr AS id, bezeichnung AS name, 'ja' AS remind FROM besuchsgrund",
    )
    assert SqlPracticeSource(sqlite_practice).visit_reasons()["7"].unreadable == {"remind"}


def test_contradictory_rows_of_one_patient_are_noted(sqlite_practice: Database) -> None:
    _corrupt(sqlite_practice, "DROP VIEW vitoclient_patients")
    one = view_statement(VIEWS[1], Dialect.SQLITE)
    other = one.split("AS\nSELECT", 1)[1].replace("p.sterbedatum AS", "NULL AS")
    with sqlite_practice.begin() as connection:
        connection.exec_driver_sql(f"{one}\nUNION ALL SELECT{other}")
    found = SqlPracticeSource(sqlite_practice).patients({"1", "2"})
    assert "id" in found["2"].unreadable, "the two rows differ in the death date"
    assert found["1"] == sources.PATIENTS[0], "two equal rows are one"


def test_rows_of_one_appointment_that_contradict_each_other_are_noted_in_the_stream_too(sqlite_practice: Database) -> None:
    _corrupt(sqlite_practice, "DROP VIEW vitoclient_appointments")
    one = view_statement(VIEWS[3], Dialect.SQLITE)
    other = one.split("AS\nSELECT", 1)[1].replace("t.status AS", "'definitiv' AS")
    with sqlite_practice.begin() as connection:
        connection.exec_driver_sql(f"{one}\nUNION ALL SELECT{other}")
    found = [a for chunk in appointments_of(SqlPracticeSource(sqlite_practice)) for a in chunk]
    assert {a.id for a in found} == {"101", "102", "103", "104"}
    assert {a.id for a in found if "id" not in a.unreadable} == {"101"}, "its two rows are equal"


@pytest.mark.parametrize("written", ["x'00'", "'zuletzt'", "''", "20260101"])
def test_a_treatment_whose_date_can_not_be_read_charges_nobody_where_it_would_decide(sqlite_practice: Database, written: str) -> None:
    _corrupt(sqlite_practice, f"INSERT INTO behandlung VALUES (99, 3, 'M1', {written})")  # noqa: S608 - a constant of this test
    assert SqlPracticeSource(sqlite_practice).last_mandants({"3"}) == {"3": ""}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE patient SET sterbedatum = x'00' WHERE patient_nr = 1",
        "UPDATE patient SET geburtsdatum = x'00' WHERE patient_nr = 1",
        "UPDATE mandant SET lizenz_bis = x'00'",
        "UPDATE termin SET beginn = x'00', ende = x'00' WHERE termin_nr = 101",
        "UPDATE behandlung SET eroeffnet_am = x'00' WHERE behandlung_nr = 10",
    ],
)
def test_bytes_where_a_date_belongs_stop_nobody_else(sqlite_practice: Database, statement: str) -> None:
    _corrupt(sqlite_practice, statement)
    source = SqlPracticeSource(sqlite_practice)
    assert set(source.patients({"1", "2"})) == {"1", "2"}
    assert set(source.mandants()) == {"M1", "M2"}
    assert set(source.appointments({"101", "102"})) == {"101", "102"}
    assert "102" in [a.id for chunk in appointments_of(source) for a in chunk]
    assert source.last_mandants({"2"}) == {"2": "M1"}
    assert "unreadable" in {finding.code for finding in check_practice(sqlite_practice)}


def test_a_treatment_without_mandant_charges_nobody(sqlite_practice: Database) -> None:
    _corrupt(sqlite_practice, "INSERT INTO behandlung VALUES (99, 3, '', '2026-01-01')")
    assert SqlPracticeSource(sqlite_practice).last_mandants({"3"}) == {"3": ""}


def test_an_undated_treatment_counts_as_the_oldest(empty_database: Database) -> None:
    source = sources.sql_practice(empty_database)
    view = VIEWS[2]
    with empty_database.begin() as connection:
        connection.exec_driver_sql(f"DROP VIEW {view.name}")
        statement = view_statement(view, Dialect(empty_database.dialect))
        undated = "CASE WHEN b.behandlung_nr = 11 THEN NULL ELSE b.eroeffnet_am END AS"
        connection.exec_driver_sql(statement.replace("b.eroeffnet_am AS", undated))
    assert source.last_mandants({"1"}) == {"1": "M1"}


def test_text_ids_are_read_as_they_are(sqlite_practice: Database) -> None:
    """Ids need not be numbers: a computed column has no type on SQLite and is compared as text."""
    with sqlite_practice.begin() as connection:
        connection.exec_driver_sql("DROP VIEW vitoclient_patients")
        connection.exec_driver_sql(view_statement(VIEWS[1], Dialect.SQLITE).replace("p.patient_nr AS", "'P-' || p.patient_nr AS"))
    assert set(SqlPracticeSource(sqlite_practice).patients({"P-1", "1"})) == {"P-1"}


def test_a_death_recorded_between_two_reads_is_seen(empty_database: Database) -> None:
    source = sources.sql_practice(empty_database)
    assert not source.patients({"1"})["1"].is_deceased
    staff.change_patient(empty_database, "1", sterbedatum=date(2026, 11, 20))
    assert source.patients({"1"})["1"].is_deceased


def test_changes_that_the_practice_makes_are_seen(empty_database: Database) -> None:
    source = sources.sql_practice(empty_database)
    was, at = datetime(2026, 11, 24), datetime(2026, 11, 30, 14)
    staff.change_appointment(empty_database, "101", beginn=at, ende=at + timedelta(minutes=30), verschoben_von=was)
    staff.change_appointment(empty_database, "106", status="abgesagt")
    staff.change_patient(empty_database, "1", keine_mitteilungen=1)
    staff.change_patient(empty_database, "4", natel="078 111 22 33", telefon=None, email="u@example.com")
    treatment = {"behandlung_nr": 50, "patient_nr": 1, "mandant_nr": "M1", "eroeffnet_am": date(2026, 11, 1)}
    with empty_database.begin() as connection:
        connection.execute(insert(tables.behandlung).values(treatment))
    moved = source.appointments({"101", "106"})
    assert (moved["101"].starts_at, moved["101"].ends_at) == (datetime(2026, 11, 30, 14), datetime(2026, 11, 30, 14, 30))
    assert moved["106"].status is AppointmentStatus.CANCELLED
    patients = source.patients({"1", "4"})
    assert patients["1"].opted_out
    assert (patients["4"].mobile, patients["4"].email) == ("078 111 22 33", "u@example.com")
    assert source.last_mandants({"1"}) == {"1": "M1"}


def _read(reader: Callable[[object], object], value: object) -> tuple[object, bool]:
    """Returns what is read, and whether it can't be."""
    try:
        return reader(value), False
    except ValueError:
        return None, True


@pytest.mark.parametrize(
    ("value", "read", "noted"),
    [
        ("  x ", "x", False), ("   ", None, False), (None, None, False), (7, "7", False), (True, None, True), (b"\0", None, True),
        (1.5, None, True), (Decimal("7.00"), "7", False), (Decimal("7.5"), None, True), (Decimal("NaN"), None, True),
        (Decimal("Infinity"), None, True), ("An\0na\x1b", "Anna", False), ("Mu\ud83dster", "Muster", False), ("\0\udc00", None, False),
        ("079 111\r\n078 222\u2028", "079 111\n078 222", False), ("Zoë 👩‍⚕️\xa0x", "Zoë 👩‍⚕️\xa0x", False),
    ],
)  # fmt: skip
def test_text_is_read_whatever_the_driver_gives(value: Any, read: str | None, noted: bool) -> None:
    assert _read(fields.text_of, value) == (read, noted)


@pytest.mark.parametrize(
    ("value", "read"),
    [("P1", "P1"), (7, "7"), ("x" * 100, "x" * 100), ("x" * 101, None), ("P\x001", None), ("P\n1", "P\n1"), ("P\ud800", None), (" ", None)],
)
def test_an_id_that_no_database_keeps_is_noted_and_never_changed(value: Any, read: str | None) -> None:
    values, unreadable = read_row(VISIT_REASONS, (value, "Kontrolle", 1))
    assert values["id"] == (read or "")
    assert unreadable == (frozenset({"id"}) if read is None else frozenset())


def test_one_patients_odd_data_are_read_without_harm_to_the_others(tmp_path: Path) -> None:
    """A NUL in a name, as a text column may hold it."""
    database = open_database(f"sqlite:///{(tmp_path / 'praxis.db').as_posix()}")
    tables.create_practice(database)
    sources.fill(database, appointments=[])
    with database.begin() as connection:
        connection.execute(update(tables.patient).where(tables.patient.c.patient_nr == 1).values(vorname="An\0na", natel="079 1\0"))
    source = SqlPracticeSource(database)
    assert (source.patients({"1"})["1"].first_name, source.patients({"1"})["1"].mobile) == ("Anna", "079 1")
    database.dispose()


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (datetime(2026, 1, 2, 3, 4), datetime(2026, 1, 2, 3, 4)),
        (date(2026, 1, 2), None),
        ("2026-01-02", None),
        (" 2026-01-02 03:04", None),
        ("2026-01-02 03:04:00", datetime(2026, 1, 2, 3, 4)),
        ("2026-01-02T03:04 ", datetime(2026, 1, 2, 3, 4)),
        ("2026-01-02 03:03:59.9970000", datetime(2026, 1, 2, 3, 4)),
        (datetime(2026, 1, 2, 3, 4, 29, 999999), datetime(2026, 1, 2, 3, 4)),
        (datetime(2026, 1, 2, 3, 3, 30), datetime(2026, 1, 2, 3, 4)),
        (datetime(2026, 12, 31, 23, 59, 59), datetime(2027, 1, 1)),
        (datetime.max, datetime(9999, 12, 31, 23, 59)),
        ("20260102 03:04", None),
        ("2026-01-02 03.04", None),
        ("2026-01-02 03", None),
        (b"2026-01-02 03:04", None),
        (datetime(2026, 1, 2, tzinfo=UTC), None),
        ("2026-01-02T03:04:00+01:00", None),
        ("bald", None),
        (46_000, None),
    ],
)
def test_wall_clock_times_are_read_and_instants_refused(value: Any, read: datetime | None) -> None:
    assert _read(fields.local_time_of, value) == (read, read is None)


@pytest.mark.parametrize(("value", "read"), [(1, True), (0, False), (True, True), (False, False), (None, None), ("ja", None), (2, None)])
def test_flags_are_read_or_noted(value: Any, read: bool | None) -> None:
    assert _read(fields.flag_of, value) == (read, read is None)


@pytest.mark.parametrize(("said", "read"), [("SMS", "sms"), ("E-Mail", "email"), ("mail", "email"), (None, None), ("", None)])
def test_channels_are_read_as_people_write_them(said: str | None, read: str | None) -> None:
    assert _read(fields.channel_of, said) == (read, False)


def test_a_wish_that_is_no_channel_is_noted() -> None:
    assert _read(fields.channel_of, "Brief") == (None, True)


def test_an_unreadable_opt_out_is_noted(sqlite_practice: Database) -> None:
    _corrupt(sqlite_practice, "DROP VIEW vitoclient_patients")
    expression = "CASE WHEN p.keine_mitteilungen = 0 THEN 0 ELSE 1 END AS"
    with sqlite_practice.begin() as connection:
        connection.exec_driver_sql(view_statement(VIEWS[1], Dialect.SQLITE).replace(expression, "NULL AS"))
    assert "opted_out" in SqlPracticeSource(sqlite_practice).patients({"1"})["1"].unreadable


def test_no_more_parameters_than_sql_server_takes(sqlite_practice: Database) -> None:
    """Every statement over 5,000 ids has at most 2,099 parameters and compiles for SQL Server."""
    counts: list[int] = []

    class Watched(SqlPracticeSource):
        pass

    source = Watched(sqlite_practice)
    reader = source._views[sources_view()]
    original = reader._rows

    def watch(statement: Any) -> Any:
        counts.append(len(statement.compile(dialect=mssql.dialect(), compile_kwargs={"render_postcompile": True}).params))  # type: ignore[no-untyped-call]
        return original(statement)

    reader._rows = watch  # type: ignore[method-assign]
    source.patients([str(number) for number in range(5000)])
    assert len(counts) == 5
    assert max(counts) <= 2099


def sources_view() -> Any:
    return VIEWS[1]


def test_statements_compile_for_sql_server(sqlite_practice: Database) -> None:
    seen: list[str] = []
    source = SqlPracticeSource(sqlite_practice)
    for reader in source._views.values():
        original = reader._rows

        def watch(statement: Any, original: Any = original) -> Any:
            seen.append(" ".join(str(statement.compile(dialect=mssql.dialect())).split()))  # type: ignore[no-untyped-call]
            return original(statement)

        reader._rows = watch  # type: ignore[method-assign]
    appointments_of(source)
    source.last_mandants({"1"})
    list(source.patients_born_on({(2, 29)}))
    window, odd, latest, births = seen
    assert "SELECT TOP" in window
    assert "ORDER BY starts_at" in window
    assert "starts_at IS NULL OR starts_at NOT LIKE" in odd
    assert "row_number() OVER (PARTITION BY patient_id" in latest
    assert "DATEPART(month, birth_date)" in births


def test_patients_of_the_same_day_come_in_chunks(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_source, "ROWS_AT_ONCE", 3)
    tables.create_practice(empty_database)
    people = [Patient(str(number), "A", "B", birth_date=date(1950 + number, 11, 23)) for number in range(10, 20)]
    sources.fill(empty_database, patients=people)
    chunks = list(SqlPracticeSource(empty_database).patients_born_on({(11, 23)}))
    assert [len(chunk) for chunk in chunks] == [3, 3, 3, 1]
    assert [patient for chunk in chunks for patient in chunk] == people


def test_the_practice_is_never_written(empty_database: Database) -> None:
    source = sources.sql_practice(empty_database)
    before = _everything(empty_database)
    source.mandants(), source.visit_reasons(), source.patients({"1"}), source.appointments({"101"}), source.last_mandants({"1"})
    list(source.patients_born_on({(2, 29)}))
    appointments_of(source, 2)
    assert _everything(empty_database) == before


def _everything(database: Database) -> list[Any]:
    with database.read() as connection:
        return [connection.execute(table.select()).all() for table in tables.practice_metadata.sorted_tables]


def test_a_blank_in_a_licence_number_stays_for_the_rule(empty_database: Database) -> None:
    source = sources.sql_practice(empty_database)
    with empty_database.begin() as connection:
        connection.execute(update(tables.mandant).values(lizenznummer="  VS 10 01 "))
    assert source.mandants()["M2"].licence_number == "VS 10 01"
