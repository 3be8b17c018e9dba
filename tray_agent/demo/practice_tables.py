"""The tables of a practice software, as the demo practice has them, with the five views over them.

The names are those of the template that ``vitoclient db views`` prints, so that the template itself is what makes the
views here and in the tests, on every database.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Column, Date, DateTime, Index, Integer, MetaData, Table, Unicode, insert, inspect, select, update
from sqlalchemy.dialects import mssql, sqlite

from tray_agent.practice.views import VIEWS, Dialect, view_statement
from tray_agent.store.database import Database

practice_metadata = MetaData()

_LOCAL_TIME = (
    DateTime()
    .with_variant(sqlite.DATETIME(truncate_microseconds=True), "sqlite")  # type: ignore[no-untyped-call]
    .with_variant(mssql.DATETIME2(0), "mssql")  # type: ignore[no-untyped-call]
)

mandant = Table(
    "mandant",
    practice_metadata,
    Column("mandant_nr", Unicode(20), primary_key=True),
    Column("name", Unicode(100), nullable=False),
    Column("telefon", Unicode(60)),
    Column("email", Unicode(120)),
    Column("lizenznummer", Unicode(40)),
    Column("lizenz_von", Date),
    Column("lizenz_bis", Date),
)

patient = Table(
    "patient",
    practice_metadata,
    Column("patient_nr", Integer, primary_key=True, autoincrement=False),
    Column("anrede", Unicode(20)),
    Column("vorname", Unicode(60), nullable=False),
    Column("nachname", Unicode(80), nullable=False),
    Column("geburtsdatum", Date),
    Column("sterbedatum", Date),
    Column("sprache", Unicode(20)),
    Column("natel", Unicode(80)),
    Column("telefon", Unicode(80)),
    Column("email", Unicode(120)),
    Column("versandweg", Unicode(20)),
    Column("keine_mitteilungen", Integer, nullable=False),
)

behandlung = Table(
    "behandlung",
    practice_metadata,
    Column("behandlung_nr", Integer, primary_key=True, autoincrement=False),
    Column("patient_nr", Integer, nullable=False),
    Column("mandant_nr", Unicode(20), nullable=False),
    Column("eroeffnet_am", Date, nullable=False),
    Index("ix_behandlung_patient_nr", "patient_nr"),
)

termin = Table(
    "termin",
    practice_metadata,
    Column("termin_nr", Integer, primary_key=True, autoincrement=False),
    Column("patient_nr", Integer, nullable=False),
    Column("beginn", _LOCAL_TIME, nullable=False),
    Column("ende", _LOCAL_TIME),
    Column("status", Unicode(40), nullable=False),
    Column("arzt", Unicode(100)),
    Column("grund_nr", Integer),
    Column("verschoben_von", _LOCAL_TIME),
    Index("ix_termin_beginn", "beginn", "termin_nr"),
)

besuchsgrund = Table(
    "besuchsgrund",
    practice_metadata,
    Column("grund_nr", Integer, primary_key=True, autoincrement=False),
    Column("bezeichnung", Unicode(100), nullable=False),
    Column("erinnern", Integer, nullable=False),
)

demo_stand = Table(
    "demo_stand",
    practice_metadata,
    Column("heute", Date, primary_key=True),
    Column("samen", Integer, nullable=False),
    Column("patienten", Integer, nullable=False),
)
"""From what the demo practice was made: its day, seed and size."""


def create_practice(database: Database) -> None:
    """Makes the tables of the practice software and the five views over them."""
    dialect = Dialect(database.dialect)
    with database.begin() as connection:
        practice_metadata.create_all(connection)
        for view in VIEWS:
            connection.exec_driver_sql(view_statement(view, dialect))


def has_practice(database: Database) -> bool:
    """Returns whether the tables of the practice software are there."""
    with database.read() as connection:
        return inspect(connection).has_table(demo_stand.name)


def move_appointment(database: Database, appointment_id: str, starts_at: datetime) -> None:
    """Moves an appointment, as the practice's staff would; it keeps its id and its length.

    Args:
        database: the practice's database.
        appointment_id: which one.
        starts_at: the new start, local wall clock, naive.
    """
    with database.begin() as connection:
        which = termin.c.termin_nr == int(appointment_id)
        old = connection.execute(select(termin.c.beginn, termin.c.ende).where(which)).one()
        ends_at = starts_at + (old.ende - old.beginn) if old.ende else None
        connection.execute(update(termin).where(which).values(beginn=starts_at, ende=ends_at, verschoben_von=old.beginn))


def set_appointment_status(database: Database, appointment_id: str, status: str) -> None:
    """Gives an appointment another status word (``abgesagt``, ``definitiv`` …)."""
    with database.begin() as connection:
        connection.execute(update(termin).where(termin.c.termin_nr == int(appointment_id)).values(status=status))


def cancel_appointment(database: Database, appointment_id: str) -> None:
    """Cancels an appointment."""
    set_appointment_status(database, appointment_id, "abgesagt")


def delete_appointment(database: Database, appointment_id: str) -> None:
    """Deletes an appointment."""
    with database.begin() as connection:
        connection.execute(termin.delete().where(termin.c.termin_nr == int(appointment_id)))


def record_death(database: Database, patient_id: str, day: date) -> None:
    """Records a patient's death."""
    _change_patient(database, patient_id, sterbedatum=day)


def opt_out(database: Database, patient_id: str) -> None:
    """Records that a patient wants no messages."""
    _change_patient(database, patient_id, keine_mitteilungen=1)


def change_contact(database: Database, patient_id: str, mobile: str | None, email: str | None = None) -> None:
    """Replaces a patient's mobile number and e-mail address; the other number is removed."""
    _change_patient(database, patient_id, natel=mobile, telefon=None, email=email)


def open_treatment(database: Database, treatment_id: int, patient_id: str, mandant_id: str, day: date) -> None:
    """Opens a treatment."""
    with database.begin() as connection:
        row = {"behandlung_nr": treatment_id, "patient_nr": int(patient_id), "mandant_nr": mandant_id, "eroeffnet_am": day}
        connection.execute(insert(behandlung).values(row))


def _change_patient(database: Database, patient_id: str, **values: object) -> None:
    with database.begin() as connection:
        connection.execute(update(patient).where(patient.c.patient_nr == int(patient_id)).values(**values))
