"""The tables of a practice software, as the demo practice has them, with the five views over them.

The names are those of the template that ``vitoclient db views`` prints, so that the template itself is what makes the
views here and in the tests, on every database.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Date, DateTime, Index, Integer, MetaData, Table, Unicode, inspect
from sqlalchemy.dialects import mssql, sqlite
from sqlalchemy.types import TypeEngine

from tray_agent.practice.views import VIEWS, Dialect, view_statement
from tray_agent.store.database import Database

practice_metadata = MetaData()

_LOCAL_TIME = (
    DateTime()
    .with_variant(sqlite.DATETIME(truncate_microseconds=True), "sqlite")  # type: ignore[no-untyped-call]
    .with_variant(mssql.DATETIME2(0), "mssql")  # type: ignore[no-untyped-call]
)


def _table(name: str, required: str, /, **columns: TypeEngine[Any] | type[TypeEngine[Any]]) -> Table:
    """Returns a table; ``required`` are the columns that are never empty, the key first."""
    key, *others = required.split()
    made = (
        Column(column, kind, primary_key=column == key, nullable=column not in (key, *others), autoincrement=False)
        for column, kind in columns.items()
    )
    return Table(name, practice_metadata, *made)


mandant = _table(
    "mandant", "mandant_nr name",
    mandant_nr=Unicode(20), name=Unicode(100), telefon=Unicode(60), email=Unicode(120),
    lizenznummer=Unicode(40), lizenz_von=Date, lizenz_bis=Date,
)  # fmt: skip
patient = _table(
    "patient", "patient_nr vorname nachname keine_mitteilungen",
    patient_nr=Integer, anrede=Unicode(20), vorname=Unicode(60), nachname=Unicode(80), geburtsdatum=Date, sterbedatum=Date,
    sprache=Unicode(20), natel=Unicode(80), telefon=Unicode(80), email=Unicode(120), versandweg=Unicode(20), keine_mitteilungen=Integer,
)  # fmt: skip
behandlung = _table(
    "behandlung", "behandlung_nr patient_nr mandant_nr eroeffnet_am",
    behandlung_nr=Integer, patient_nr=Integer, mandant_nr=Unicode(20), eroeffnet_am=Date,
)  # fmt: skip
Index("ix_behandlung_patient_nr", behandlung.c.patient_nr)
termin = _table(
    "termin", "termin_nr patient_nr beginn status",
    termin_nr=Integer, patient_nr=Integer, beginn=_LOCAL_TIME, ende=_LOCAL_TIME, status=Unicode(40), arzt=Unicode(100),
    grund_nr=Integer, verschoben_von=_LOCAL_TIME,
)  # fmt: skip
Index("ix_termin_beginn", termin.c.beginn, termin.c.termin_nr)
besuchsgrund = _table("besuchsgrund", "grund_nr bezeichnung erinnern", grund_nr=Integer, bezeichnung=Unicode(100), erinnern=Integer)
demo_stand = _table("demo_stand", "heute samen patienten", heute=Date, samen=Integer, patienten=Integer)
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
