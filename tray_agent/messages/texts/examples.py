"""Real patients and appointments of the next days, for the preview of a template."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from tray_agent.messages.model import MessageKind
from tray_agent.messages.texts.rendering import MessageValues, PracticeWords, values_for
from tray_agent.practice.model import Appointment, AppointmentStatus, Mandant, Patient, PracticeSource, name_of

DAYS_AHEAD = 14
"""So many days of appointments or birthdays are looked through."""


@dataclass(frozen=True, slots=True)
class Example:
    """A patient of the practice, for whom a text can be shown.

    Attributes:
        patient: the name as lists of the practice show it.
        starts_at: of the appointment, local wall clock, naive; None for greetings.
        values: what a text can say.
    """

    patient_id: str
    patient: str
    starts_at: datetime | None
    values: MessageValues


@dataclass(frozen=True)
class ExampleSearch:
    """Looks for examples; only patients who live, only definite appointments.

    Args:
        practice: where they come from.
        words: how the practice names itself.
        default_mandant: who stands in for patients without a treatment.
    """

    practice: PracticeSource
    words: PracticeWords
    default_mandant: str

    def find(self, kind: MessageKind, first: datetime, most: int) -> tuple[Example, ...]:
        """Returns the first ``most`` examples from ``first`` on (local wall clock, naive).

        Raises:
            DatabaseUnavailableError, PracticeDataError: the practice's data can't be read.
        """
        found = self._appointments(first) if kind is MessageKind.REMINDER else self._birthdays(first)
        return tuple(islice(found, most))

    def _appointments(self, first: datetime) -> Iterator[Example]:
        value_of = self._mandants()
        for chunk in self.practice.appointments_between(first, first + timedelta(days=DAYS_AHEAD)):
            definite = [one for one in chunk if one.status is AppointmentStatus.DEFINITE]
            patient_ids = {one.patient_id for one in definite}
            patients, charged = self.practice.patients(patient_ids), self.practice.last_mandants(patient_ids)
            for appointment in definite:
                patient = patients.get(appointment.patient_id)
                if patient is not None and not patient.is_deceased:
                    yield self._example(patient, value_of(charged.get(patient.id)), appointment)

    def _birthdays(self, first: datetime) -> Iterator[Example]:
        value_of = self._mandants()
        days = [first.date() + timedelta(days=number) for number in range(DAYS_AHEAD)]
        for patients in self.practice.patients_born_on([(day.month, day.day) for day in days]):
            charged = self.practice.last_mandants({patient.id for patient in patients})
            for patient in patients:
                if not patient.is_deceased:
                    yield self._example(patient, value_of(charged.get(patient.id)), None)

    def _mandants(self) -> Callable[[str | None], Mandant]:
        """Returns how a Mandant is found: the one charged last, else the default, else one without a name."""
        known = self.practice.mandants()

        def mandant_of(charged: str | None) -> Mandant:
            wanted = charged or self.default_mandant
            return known.get(wanted) or Mandant(wanted, "")

        return mandant_of

    def _example(self, patient: Patient, mandant: Mandant, appointment: Appointment | None) -> Example:
        starts_at = appointment.starts_at if appointment else None
        return Example(patient.id, name_of(patient, patient.id), starts_at, values_for(patient, mandant, self.words, appointment))
