"""What the practice's staff changes in the practice software while the agent runs, done to the demo practice."""

from __future__ import annotations

from sqlalchemy import update

from tray_agent.demo import practice_tables as tables
from tray_agent.store.database import Database


def change_appointment(database: Database, appointment_id: str, **values: object) -> None:
    """Changes columns of an appointment."""
    with database.begin() as connection:
        connection.execute(update(tables.termin).where(tables.termin.c.termin_nr == int(appointment_id)).values(values))


def change_patient(database: Database, patient_id: str, **values: object) -> None:
    """Changes columns of a patient."""
    with database.begin() as connection:
        connection.execute(update(tables.patient).where(tables.patient.c.patient_nr == int(patient_id)).values(values))
