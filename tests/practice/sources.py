"""The same small practice in every source: in memory, and in a practice software's tables with views on every engine."""

# ruff: noqa: DTZ001 - times of appointments are wall-clock times of the practice, naive

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, insert

from tests.practice.memory_source import MemoryPracticeSource
from tray_agent.demo import practice_tables as tables
from tray_agent.practice.model import Appointment, AppointmentStatus, Mandant, Patient, PracticeSource, Treatment, VisitReason
from tray_agent.practice.sql_source import SqlPracticeSource
from tray_agent.practice.views import APPOINTMENTS as APPOINTMENTS_VIEW
from tray_agent.practice.views import MANDANTS as MANDANTS_VIEW
from tray_agent.practice.views import PATIENTS as PATIENTS_VIEW
from tray_agent.practice.views import TREATMENTS as TREATMENTS_VIEW
from tray_agent.practice.views import VISIT_REASONS as VISIT_REASONS_VIEW
from tray_agent.practice.views import PracticeView
from tray_agent.store.database import Database

MANDANTS = (
    Mandant("M1", "Dr. Meier", "044 1", "a@example.com", "X12", date(2020, 1, 1), date(2030, 12, 31)),
    Mandant("M2", "Dr. Käser"),
)
PATIENTS = (
    Patient("1", "Anna", "Müller", "Frau", date(1980, 2, 29), None, "de", "079 123 45 67", "044 321 00 00", "anna@example.com", "email"),
    Patient("2", "Beat", "d'Angelo", "Herr", date(1975, 11, 23), date(2026, 1, 2), "fr"),
    Patient("3", "Zoë 🌻", "Nguyễn", birth_date=date(2001, 11, 23), preferred_channel="sms", opted_out=True),
    Patient("4", "Ueli", "Frei", birth_date=date(1999, 2, 28)),
    Patient("5", "Ohne", "Geburtstag"),
)
TREATMENTS = (
    Treatment("10", "1", "M1", date(2020, 1, 1)),
    Treatment("11", "1", "M2", date(2024, 1, 1)),
    Treatment("12", "1", "M1", date(2022, 1, 1)),
    Treatment("13", "2", "M2", date(2021, 5, 5)),
    Treatment("14", "2", "M1", date(2021, 5, 5)),
    Treatment("9", "4", "M1", date(2021, 5, 5)),
    Treatment("15", "4", "M2", date(2021, 5, 5)),
)
APPOINTMENTS = (
    Appointment("101", "1", datetime(2026, 11, 24), AppointmentStatus.DEFINITE, datetime(2026, 11, 24, 0, 30), "Dr. Meier", "7"),
    Appointment("102", "2", datetime(2026, 11, 24, 8, 30), AppointmentStatus.CANCELLED),
    Appointment("103", "3", datetime(2026, 11, 24, 8, 30), AppointmentStatus.PROVISIONAL),
    Appointment("104", "1", datetime(2026, 11, 24, 23, 55), AppointmentStatus.MISSED),
    Appointment("105", "4", datetime(2026, 11, 25), AppointmentStatus.DONE),
    Appointment("106", "4", datetime(2026, 11, 23, 23, 55), AppointmentStatus.DEFINITE),
)
VISIT_REASONS = (VisitReason("7", "Kontrolle"), VisitReason("8", "Telefontermin", remind=False))


def memory_practice() -> MemoryPracticeSource:
    return MemoryPracticeSource(MANDANTS, PATIENTS, TREATMENTS, APPOINTMENTS, VISIT_REASONS)


def sql_practice(database: Database) -> SqlPracticeSource:
    tables.create_practice(database)
    fill(database)
    return SqlPracticeSource(database)


def fill(
    database: Database,
    mandants: Iterable[Mandant] = MANDANTS,
    patients: Iterable[Patient] = PATIENTS,
    treatments: Iterable[Treatment] = TREATMENTS,
    appointments: Iterable[Appointment] = APPOINTMENTS,
    visit_reasons: Iterable[VisitReason] = VISIT_REASONS,
) -> None:
    """Writes values into the practice software's tables, as its own program would."""
    rows: dict[Any, list[dict[str, Any]]] = {
        tables.mandant: [_mandant_row(mandant) for mandant in mandants],
        tables.patient: [_patient_row(patient) for patient in patients],
        tables.behandlung: [_treatment_row(treatment) for treatment in treatments],
        tables.termin: [_appointment_row(appointment) for appointment in appointments],
        tables.besuchsgrund: [_reason_row(reason) for reason in visit_reasons],
    }
    with database.begin() as connection:
        for table, values in rows.items():
            if values:
                connection.execute(insert(table), values)


def empty(practice: PracticeSource, *views: PracticeView) -> None:
    """Takes all rows out of views."""
    if isinstance(practice, MemoryPracticeSource):
        practice.empty(*views)
        return
    assert isinstance(practice, SqlPracticeSource)
    with practice._database.begin() as connection:
        for view in views:
            connection.execute(delete(_TABLES[view]))


_TABLES = {
    MANDANTS_VIEW: tables.mandant, PATIENTS_VIEW: tables.patient, TREATMENTS_VIEW: tables.behandlung,
    APPOINTMENTS_VIEW: tables.termin, VISIT_REASONS_VIEW: tables.besuchsgrund,
}  # fmt: skip


def _mandant_row(mandant: Mandant) -> dict[str, Any]:
    return {
        "mandant_nr": mandant.id,
        "name": mandant.name,
        "telefon": mandant.phone,
        "email": mandant.email,
        "lizenznummer": mandant.licence_number,
        "lizenz_von": mandant.licence_valid_from,
        "lizenz_bis": mandant.licence_valid_until,
    }


def _patient_row(patient: Patient) -> dict[str, Any]:
    return {
        "patient_nr": int(patient.id),
        "anrede": patient.salutation,
        "vorname": patient.first_name,
        "nachname": patient.last_name,
        "geburtsdatum": patient.birth_date,
        "sterbedatum": patient.death_date,
        "sprache": patient.language,
        "natel": patient.mobile,
        "telefon": patient.phone,
        "email": patient.email,
        "versandweg": patient.preferred_channel,
        "keine_mitteilungen": int(patient.opted_out),
    }


def _treatment_row(treatment: Treatment) -> dict[str, Any]:
    return {
        "behandlung_nr": int(treatment.id),
        "patient_nr": int(treatment.patient_id),
        "mandant_nr": treatment.mandant_id,
        "eroeffnet_am": treatment.opened_on,
    }


def _appointment_row(appointment: Appointment) -> dict[str, Any]:
    return {
        "termin_nr": int(appointment.id),
        "patient_nr": int(appointment.patient_id),
        "beginn": appointment.starts_at,
        "ende": appointment.ends_at,
        "status": appointment.status.value,
        "arzt": appointment.doctor,
        "grund_nr": int(appointment.visit_reason_id) if appointment.visit_reason_id else None,
    }


def _reason_row(reason: VisitReason) -> dict[str, Any]:
    return {"grund_nr": int(reason.id), "bezeichnung": reason.name, "erinnern": int(reason.remind)}
