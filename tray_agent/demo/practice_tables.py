"""The tables of a practice software, as the demo practice has them, with the five views over them.

The names are those of the template that ``vitoclient db views`` prints, so that the template itself is what makes the
views here and in the tests, on every database.
"""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, Index, Integer, MetaData, Table, Unicode, inspect
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
