"""The practice's data as the agent sees it: plain values, the same from every source."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol


class AppointmentStatus(StrEnum):
    """The state of an appointment; only a definite one is reminded. The views' column holds the German word."""

    PROVISIONAL = "provisorisch"
    DEFINITE = "definitiv"
    CANCELLED = "abgesagt"
    MISSED = "nicht erschienen"
    DONE = "erledigt"
    UNKNOWN = "unbekannt"


@dataclass(frozen=True, slots=True)
class Mandant:
    """The doctor or legal entity that is charged; has a licence number and its own credits.

    Attributes:
        unreadable: names of the fields whose value in the practice's data could not be read; such a field is None here.
    """

    id: str
    name: str
    phone: str | None = None
    email: str | None = None
    licence_number: str | None = None
    licence_valid_from: date | None = None
    licence_valid_until: date | None = None
    unreadable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient; numbers and addresses as people typed them.

    Attributes:
        salutation: "Frau", "Herr", or None.
        language: ``de``, ``fr``, ``it``, ``en`` or whatever the practice wrote, or None.
        mobile, phone: telephone numbers as typed; either may hold a mobile number.
        preferred_channel: ``sms``, ``email`` or None.
        opted_out: wants no messages.
        unreadable: names of the fields whose value in the practice's data could not be read; such a field has its default here.
    """

    id: str
    first_name: str
    last_name: str
    salutation: str | None = None
    birth_date: date | None = None
    death_date: date | None = None
    language: str | None = None
    mobile: str | None = None
    phone: str | None = None
    email: str | None = None
    preferred_channel: str | None = None
    opted_out: bool = False
    unreadable: frozenset[str] = frozenset()

    @property
    def is_deceased(self) -> bool:
        """Returns whether any death date is recorded, be it in the future or unreadable."""
        return self.death_date is not None or "death_date" in self.unreadable


LONGEST_NAME = 200
"""Characters of a name that the outbox keeps."""


def name_of(patient: Patient | None, patient_id: str) -> str:
    """Returns a patient as lists of the practice show them: "Muster Anna"; the id where there is no patient."""
    name = f"{patient.last_name} {patient.first_name}".strip() if patient else ""
    if not name.isprintable():  # a line end would tear a row of a list apart
        name = " ".join(name.split())
    return (name or patient_id)[:LONGEST_NAME]


@dataclass(frozen=True, slots=True)
class Treatment:
    """A case of a patient with one Mandant; the one opened last decides who is charged."""

    id: str
    patient_id: str
    mandant_id: str
    opened_on: date


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment.

    Attributes:
        starts_at: local wall-clock time of the practice, naive, as the practice software stores it.
        doctor: the name as it shall stand in the text, or None.
        unreadable: names of the fields whose value could not be read; an unreadable status is ``UNKNOWN``, an unreadable start
            is ``datetime.min``, so that it lies outside of every search window.
    """

    id: str
    patient_id: str
    starts_at: datetime
    status: AppointmentStatus
    ends_at: datetime | None = None
    doctor: str | None = None
    visit_reason_id: str | None = None
    unreadable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class VisitReason:
    """Why a patient comes; a practice may choose which reasons are reminded."""

    id: str
    name: str
    remind: bool = True


class PracticeSource(Protocol):
    """Where the practice's data come from; every call is read-only and may take a while: never on the GUI thread.

    Ids are at most 100 characters long; neither ids nor texts hold control characters (but line ends) or halves of characters,
    so that every database takes them: one patient's odd data never stop the others.

    Raises (all calls):
        DatabaseUnavailableError: the practice's database does not answer.
        PracticeDataError: a view is missing or holds what can't be read.
    """

    def empty_views(self) -> frozenset[str]:
        """Returns the names of the views that hold no row at all; looks at one row of each."""
        ...

    def mandants(self) -> Mapping[str, Mandant]:
        """Returns all Mandants by id."""
        ...

    def visit_reasons(self) -> Mapping[str, VisitReason]:
        """Returns all visit reasons by id."""
        ...

    def appointments_between(self, first: datetime, end: datetime) -> Iterator[list[Appointment]]:
        """Streams the appointments with first <= starts_at < end (local wall-clock, naive), in chunks, by start then id."""
        ...

    def appointments(self, ids: Collection[str]) -> Mapping[str, Appointment]:
        """Returns the appointments of these ids that still exist, by id."""
        ...

    def patients(self, ids: Collection[str]) -> Mapping[str, Patient]:
        """Returns the patients of these ids that still exist, by id."""
        ...

    def patients_born_on(self, month_days: Collection[tuple[int, int]]) -> Iterator[list[Patient]]:
        """Streams the patients whose birthday is on one of these (month, day), in chunks, by id."""
        ...

    def last_mandants(self, patient_ids: Collection[str]) -> Mapping[str, str]:
        """Returns by patient the Mandant of the treatment opened last; patients without a treatment are left out."""
        ...
