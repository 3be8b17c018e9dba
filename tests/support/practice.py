"""What the practice's staff changes in the practice software while the agent runs, done to the demo practice."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import delete, insert, select, update

from tray_agent.demo import practice_tables as tables
from tray_agent.store.database import Database


def move_appointment(database: Database, appointment_id: str, starts_at: datetime) -> None:
    """Moves an appointment, as the practice's staff would; it keeps its id and its length.

    Args:
        database: the practice's database.
        appointment_id: which one.
        starts_at: the new start, local wall clock, naive.
    """
    with database.begin() as connection:
        which = tables.termin.c.termin_nr == int(appointment_id)
        old = connection.execute(select(tables.termin.c.beginn, tables.termin.c.ende).where(which)).one()
        ends_at = starts_at + (old.ende - old.beginn) if old.ende else None
        connection.execute(update(tables.termin).where(which).values(beginn=starts_at, ende=ends_at, verschoben_von=old.beginn))


def set_appointment_status(database: Database, appointment_id: str, status: str) -> None:
    """Gives an appointment another status word (``abgesagt``, ``definitiv`` …)."""
    with database.begin() as connection:
        connection.execute(update(tables.termin).where(tables.termin.c.termin_nr == int(appointment_id)).values(status=status))


def cancel_appointment(database: Database, appointment_id: str) -> None:
    """Cancels an appointment."""
    set_appointment_status(database, appointment_id, "abgesagt")


def delete_appointment(database: Database, appointment_id: str) -> None:
    """Deletes an appointment."""
    with database.begin() as connection:
        connection.execute(delete(tables.termin).where(tables.termin.c.termin_nr == int(appointment_id)))


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
        connection.execute(insert(tables.behandlung).values(row))


def _change_patient(database: Database, patient_id: str, **values: object) -> None:
    with database.begin() as connection:
        connection.execute(update(tables.patient).where(tables.patient.c.patient_nr == int(patient_id)).values(**values))
