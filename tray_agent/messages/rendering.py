"""Placeholders: parsed once, checked with positions, filled in without ever evaluating what a person wrote.

The placeholders are the users' German words in every language. A text is cut into literals and slots; rendering only
joins strings, so a text can reach no attribute and no format of any object.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tray_agent.messages.model import MessageKind
from tray_agent.messages.segments import Segments
from tray_agent.practice.model import Appointment, Mandant, Patient


class Placeholder(StrEnum):
    """What a text may name; the value is the word between the braces."""

    SALUTATION = "Anrede"
    FIRST_NAME = "Vorname"
    LAST_NAME = "Nachname"
    DATE = "Datum"
    LONG_DATE = "DatumLang"
    TIME = "Uhrzeit"
    WEEKDAY = "Wochentag"
    DOCTOR = "Arzt"
    MANDANT = "Mandant"
    PRACTICE = "Praxis"
    PHONE = "Telefon"
    LINK = "Link"

    @property
    def explanation(self) -> str:
        """Returns what it stands for, in the language in force."""
        raise NotImplementedError


def placeholders_for(kind: MessageKind) -> tuple[Placeholder, ...]:
    """Returns the placeholders that a text of this kind may use, in the order in which dialogs show them."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class MessageValues:
    """What a text can say about one patient; nothing medical is among it.

    Attributes:
        salutation: "Frau", "Herr" or None, as the practice wrote it; translated when rendered.
        starts_at: the appointment's start, local wall-clock time of the practice, naive; None for birthdays.
        doctor, mandant, practice, phone, link: as they shall stand in the text; "" where unknown.
    """

    first_name: str
    last_name: str
    salutation: str | None = None
    starts_at: datetime | None = None
    doctor: str = ""
    mandant: str = ""
    practice: str = ""
    phone: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class PracticeWords:
    """How the practice names itself in texts (this machine's configuration)."""

    name: str = ""
    phone: str = ""
    link: str = ""


def values_for(patient: Patient, mandant: Mandant, practice: PracticeWords, appointment: Appointment | None = None) -> MessageValues:
    """Returns what a text can say about a patient; the Mandant's name and phone stand in where the practice gave none."""
    raise NotImplementedError


class Severity(StrEnum):
    """Whether a finding forbids saving."""

    ERROR = "error"
    WARNING = "warning"


class FindingCode(StrEnum):
    """What was found in a template; stable words for JSON and tests."""

    UNKNOWN = "unknown_placeholder"
    NOT_HERE = "placeholder_of_another_kind"
    MEDICAL = "medical"
    BRACE = "single_brace"
    EMPTY = "empty"
    LINE_BREAK = "line_break_in_subject"
    TOO_LONG = "too_many_segments"
    DEAR = "dear_character"
    NO_TIME = "reminder_without_time"


class Field(StrEnum):
    """Which part of a template a finding is about."""

    TEXT = "text"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong or dear in a template.

    Attributes:
        position, length: where it stands in the field, in characters; the whole field for findings about all of it.
        sentence: what it means and what to do, in the language in force.
        suggestion: what could stand there instead (``{Vorname}``), or None.
    """

    code: FindingCode
    severity: Severity
    field: Field
    position: int
    length: int
    sentence: str
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text for one patient.

    Attributes:
        subject: of an e-mail; "" for SMS.
        segments: of an SMS; None for e-mail.
        missing: placeholders of the text that had no value and were left out.
    """

    text: str
    subject: str = ""
    segments: Segments | None = None
    missing: tuple[Placeholder, ...] = ()


def normal_language(written: str | None) -> str | None:
    """Returns ``de``, ``fr``, ``it`` or ``en`` for a language as practices write it (``D``, ``de-CH``, ``Français``), else None."""
    raise NotImplementedError
