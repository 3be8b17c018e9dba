"""The practice's data in memory: the test double of ``PracticeSource``, which a test changes between two calls."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from tray_agent.practice.model import Appointment, Mandant, Patient, Treatment, VisitReason
from tray_agent.practice.views import APPOINTMENTS, MANDANTS, PATIENTS, TREATMENTS, VISIT_REASONS, PracticeView

ROWS_AT_ONCE = 1000

Value = TypeVar("Value")


class MemoryPracticeSource:
    """Implements ``PracticeSource``; passes the same contract tests as the SQL source."""

    def __init__(
        self,
        mandants: Iterable[Mandant] = (),
        patients: Iterable[Patient] = (),
        treatments: Iterable[Treatment] = (),
        appointments: Iterable[Appointment] = (),
        visit_reasons: Iterable[VisitReason] = (),
    ) -> None:
        self._mandants = {mandant.id: mandant for mandant in mandants}
        self._patients = {patient.id: patient for patient in patients}
        self._treatments = {treatment.id: treatment for treatment in treatments}
        self._appointments = {appointment.id: appointment for appointment in appointments}
        self._visit_reasons = {reason.id: reason for reason in visit_reasons}

    def put(self, *values: Mandant | Patient | Treatment | Appointment | VisitReason) -> None:
        """Adds values, or replaces those of the same id."""
        for value in values:
            match value:
                case Mandant():
                    self._mandants[value.id] = value
                case Patient():
                    self._patients[value.id] = value
                case Treatment():
                    self._treatments[value.id] = value
                case Appointment():
                    self._appointments[value.id] = value
                case VisitReason():
                    self._visit_reasons[value.id] = value

    def remove_appointment(self, appointment_id: str) -> None:
        """Deletes an appointment."""
        del self._appointments[appointment_id]

    def remove_patient(self, patient_id: str) -> None:
        """Deletes a patient."""
        del self._patients[patient_id]

    def empty_views(self) -> frozenset[str]:
        """Returns the names of the views that hold no row at all."""
        return frozenset(view.name for view, rows in self._views().items() if not rows)

    def empty(self, *views: PracticeView) -> None:
        """Takes all rows out of views, as an update that goes wrong does; ``put`` fills them again."""
        for view in views:
            self._views()[view].clear()

    def _views(self) -> Mapping[PracticeView, dict[str, Any]]:
        return {
            MANDANTS: self._mandants, PATIENTS: self._patients, TREATMENTS: self._treatments, APPOINTMENTS: self._appointments,
            VISIT_REASONS: self._visit_reasons,
        }  # fmt: skip

    def mandants(self) -> Mapping[str, Mandant]:
        """Returns all Mandants by id."""
        return dict(self._mandants)

    def visit_reasons(self) -> Mapping[str, VisitReason]:
        """Returns all visit reasons by id."""
        return dict(self._visit_reasons)

    def appointments_between(self, first: datetime, end: datetime) -> Iterator[list[Appointment]]:
        """Streams the appointments with first <= starts_at < end, in chunks, by start then id; then those of which no day is known."""
        found = [appointment for appointment in self._appointments.values() if first <= appointment.starts_at < end]
        yield from _chunks(sorted(found, key=lambda appointment: (appointment.starts_at, appointment.id)))
        yield from _chunks([appointment for appointment in self._appointments.values() if not appointment.is_dated])

    def appointments(self, ids: Collection[str]) -> Mapping[str, Appointment]:
        """Returns the appointments of these ids that still exist, by id."""
        return {key: self._appointments[key] for key in ids if key in self._appointments}

    def patients(self, ids: Collection[str]) -> Mapping[str, Patient]:
        """Returns the patients of these ids that still exist, by id."""
        return {key: self._patients[key] for key in ids if key in self._patients}

    def patients_born_on(self, month_days: Collection[tuple[int, int]]) -> Iterator[list[Patient]]:
        """Streams the patients whose birthday is on one of these (month, day), in chunks, by id."""
        wanted = set(month_days)
        found = [patient for patient in self._patients.values() if _birthday(patient) in wanted]
        yield from _chunks(sorted(found, key=lambda patient: patient.id))

    def last_mandants(self, patient_ids: Collection[str]) -> Mapping[str, str]:
        """Returns by patient the Mandant of the treatment opened last; patients without a treatment are left out."""
        wanted = set(patient_ids)
        latest: dict[str, Treatment] = {}
        for treatment in sorted(self._treatments.values(), key=lambda treatment: (treatment.opened_on, _in_order(treatment.id))):
            if treatment.patient_id in wanted:
                latest[treatment.patient_id] = treatment
        return {patient_id: treatment.mandant_id for patient_id, treatment in latest.items()}


def _in_order(key: str) -> tuple[bool, int, str]:
    """Returns what sorts ids as a database does: numbers by their value."""
    return (False, int(key), "") if key.isascii() and key.isdigit() else (True, 0, key)


def _birthday(patient: Patient) -> tuple[int, int] | None:
    return (patient.birth_date.month, patient.birth_date.day) if patient.birth_date else None


def _chunks(values: Sequence[Value]) -> Iterator[list[Value]]:
    for start in range(0, len(values), ROWS_AT_ONCE):
        yield list(values[start : start + ROWS_AT_ONCE])
