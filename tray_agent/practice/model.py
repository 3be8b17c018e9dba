"""The practice's data as the agent sees it: plain values, the same from every source."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
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
        preferred_channel: ``sms``, ``email`` or None; of a wish that can't be read its word ("Brief").
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

    @property
    def seems_deceased(self) -> bool:
        """Returns whether a remark beside the name tells of a death (†, "verstorben"), for which no date need be recorded."""
        return _tells_death(self.last_name) or _tells_death(self.first_name) or _tells_death(self.salutation or "")


_DEATH = re.compile(
    r"""(?<![^\W\d_])(?:verstorben|gestorben|décédée?|decede|decedee|défunte?|deceduto|deceduta|defunto|defunta|deceased|exitus
                       |verst\.|gest\.|sel\.|r\.i\.p\.)(?![^\W\d_])
      | [†✝✞✟☨⚰🕇] | [(\[]\s*(?:tot|selig|mort|morte|morto|morta|dead|rip|\+)\s*[)\]]""",
    re.IGNORECASE | re.VERBOSE,
)
"""What stands beside the name of a dead patient (de, fr, it, en); whole words: "Verst", "Selig" and "Todt" are family names."""


@lru_cache(maxsize=4096)
def _tells_death(name: str) -> bool:
    composed = unicodedata.normalize("NFC", name)
    look = _DEATH.match if composed.isalpha() else _DEATH.search  # of letters alone it would have to be the whole name
    return look(composed) is not None


LONGEST_NAME = 200
"""Characters of a name that the outbox keeps."""

LONGEST_SAID = 60
"""Characters of a first or last name that a text says; what is longer is a memo of the practice's staff for its staff."""

_NAME_ENDS = re.compile(r"[\n,;:(\[{/|*]")


def said_name(name: str) -> str | None:
    """Returns a first or last name, or a doctor's, as a text may say it.

    Of a memo (too long, or with several lines) that is what stands before the first comma, bracket or line end; None where that is no
    name either: nobody is told what the practice's staff notes about him.
    """
    if len(name) <= LONGEST_SAID and "\n" not in name:
        return name
    said = _NAME_ENDS.split(name, maxsplit=1)[0].strip()
    return said if 0 < len(said) <= LONGEST_SAID else None


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
        starts_at: local wall-clock time of the practice, naive; whole minutes.
        doctor: the name as it shall stand in the text, or None.
        ends_at: None also where what stands there is no end (year 1, 9999).
        unreadable: names of the fields whose value could not be read; an unreadable status is ``UNKNOWN``, an unreadable start is what
            it seems to be (24.11.2026 10:15), or ``datetime.min`` where not even the day can be guessed.
    """

    id: str
    patient_id: str
    starts_at: datetime
    status: AppointmentStatus
    ends_at: datetime | None = None
    doctor: str | None = None
    visit_reason_id: str | None = None
    unreadable: frozenset[str] = frozenset()

    @property
    def is_dated(self) -> bool:
        """Returns whether it is known on which day it is, if only by a guess."""
        return "starts_at" not in self.unreadable or self.starts_at > datetime.min  # noqa: DTZ901 - local, naive


@dataclass(frozen=True, slots=True)
class VisitReason:
    """Why a patient comes; a practice may choose which reasons are reminded.

    Attributes:
        unreadable: names of the fields whose value could not be read; who comes for such a reason is not reminded.
    """

    id: str
    name: str
    remind: bool = True
    unreadable: frozenset[str] = frozenset()


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
        """Streams the appointments with first <= starts_at < end (local wall-clock, naive), in chunks, by start then id.

        After them come those whose start is written in a way that no search by time finds: with a guess that lies within, or without
        any, each time.
        """
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
