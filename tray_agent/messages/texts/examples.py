"""Real patients and appointments of the next days, for the preview of a template; what they were told before is invented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

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


def find_examples(
    practice: PracticeSource, words: PracticeWords, default_mandant: str, kind: MessageKind, first: datetime
) -> Iterator[Example]:
    """Gives examples from ``first`` on (local wall clock, naive); only patients who live, only definite appointments.

    Args:
        practice: where they come from.
        words: how the practice names itself.
        default_mandant: who stands in for patients without a treatment.
        kind: reminders and notices show appointments (notices with an invented former time), greetings birthdays.
        first: from when on.

    Raises:
        DatabaseUnavailableError, PracticeDataError: the practice's data can't be read.
    """
    mandants = practice.mandants()
    for candidates in _appointments(practice, first) if kind.is_of_appointment else _birthdays(practice, first):
        living = [(patient, appointment) for patient, appointment in candidates if not (patient.is_deceased or patient.seems_deceased)]
        charged = practice.last_mandants({patient.id for patient, _appointment in living})
        for patient, appointment in living:
            mandant_id = charged.get(patient.id) or default_mandant
            values = values_for(patient, mandants.get(mandant_id) or Mandant(mandant_id, ""), words, appointment)
            if kind is MessageKind.MOVED and values.starts_at is not None:
                values = replace(values, former_at=_invented_former(values.starts_at))
            yield Example(patient.id, name_of(patient, patient.id), values.starts_at, values)


def _invented_former(starts_at: datetime) -> datetime:
    """Returns a start from which an appointment may have been moved: the working day before, at another hour."""
    before = starts_at - timedelta(days={0: 3, 6: 2}.get(starts_at.weekday(), 1))
    return before + timedelta(hours=1 if before.hour < 12 else -1)


Candidates = Iterator[list[tuple[Patient, Appointment | None]]]


def _appointments(practice: PracticeSource, first: datetime) -> Candidates:
    for chunk in practice.appointments_between(first, first + timedelta(days=DAYS_AHEAD)):
        definite = [one for one in chunk if one.status is AppointmentStatus.DEFINITE and "starts_at" not in one.unreadable]
        patients = practice.patients({one.patient_id for one in definite})
        yield [(patients[one.patient_id], one) for one in definite if one.patient_id in patients]


def _birthdays(practice: PracticeSource, first: datetime) -> Candidates:
    days = [first.date() + timedelta(days=number) for number in range(DAYS_AHEAD)]
    for patients in practice.patients_born_on([(day.month, day.day) for day in days]):
        yield [(patient, None) for patient in patients]
