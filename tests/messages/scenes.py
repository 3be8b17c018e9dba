"""A scene in which a message is due, and its variations: what the tests of the decision start from."""

# ruff: noqa: DTZ001 - times of appointments are wall-clock times of the practice, naive

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.rules.eligibility import (
    Candidate,
    Circumstances,
    Decision,
    Earlier,
    EarlierReminder,
    Eligible,
    MessageKey,
    ReminderKey,
    RuleSettings,
    decide_birthday,
    decide_reminder,
)
from tray_agent.messages.rules.licence import with_check_digits
from tray_agent.messages.texts.templates import Template, TemplateBook, TemplateKey
from tray_agent.practice.model import Appointment, AppointmentStatus, Mandant, Patient, VisitReason

NOW = datetime(2026, 11, 23, 10)
TOMORROW = datetime(2026, 11, 24, 10, 10)
MOBILE = "+41791234567"


def templates(languages: Collection[str] = ("de", "fr", "it", "en"), channels: Collection[Channel] = tuple(Channel)) -> TemplateBook:
    keys = [TemplateKey(kind, channel, language) for kind in MessageKind for channel in channels for language in languages]
    return TemplateBook({key: Template(key, "{Vorname}") for key in keys})


def mandants() -> dict[str, Mandant]:
    return {number: Mandant(number, f"Dr. {number}", licence_number=with_check_digits(f"VS{number}")) for number in ("M1", "M2", "M3")}


APPOINTMENT = Appointment("A1", "P1", TOMORROW, AppointmentStatus.DEFINITE)
PATIENT = Patient("P1", "Anna", "Müller", birth_date=date(1980, 11, 23), language="de", mobile="079 123 45 67")
SETTINGS = RuleSettings(reminders_on=True, birthdays_on=True, default_mandant="M2")
NOTHING = Earlier()


@dataclass(frozen=True)
class Scene:
    """Everything that the decision sees. As it stands a reminder by SMS is due tomorrow, and a greeting today."""

    appointment: Appointment | None = APPOINTMENT
    patient: Patient | None = PATIENT
    treatment_mandant: str | None = "M1"
    settings: RuleSettings = SETTINGS
    mandants: Mapping[str, Mandant] = field(default_factory=mandants)
    templates: TemplateBook = field(default_factory=templates)
    visit_reasons: Mapping[str, VisitReason] = field(default_factory=dict)
    credits: Mapping[str, Decimal] = field(default_factory=lambda: {"M1": Decimal(100)})
    channels: frozenset[Channel] = frozenset(Channel)
    earlier: Earlier = NOTHING
    now: datetime = NOW

    def but(self, **changes: Any) -> Scene:
        """Returns the scene with other parts."""
        return replace(self, **changes)

    def with_patient(self, **changes: Any) -> Scene:
        assert self.patient is not None
        return replace(self, patient=replace(self.patient, **changes))

    def with_appointment(self, **changes: Any) -> Scene:
        assert self.appointment is not None
        return replace(self, appointment=replace(self.appointment, **changes))

    def with_settings(self, **changes: Any) -> Scene:
        return replace(self, settings=replace(self.settings, **changes))

    def with_mandant(self, number: str, **changes: Any) -> Scene:
        return replace(self, mandants={**self.mandants, number: replace(self.mandants[number], **changes)})

    def reminded(self, starts_at: datetime, appointment_id: str = "A1", patient_id: str = "P1", *, key_too: bool = True) -> Scene:
        """Returns the scene after a reminder went out."""
        key = ReminderKey(appointment_id, starts_at)
        keys = self.earlier.keys | {key} if key_too else self.earlier.keys
        return replace(self, earlier=Earlier(keys, self.earlier.reminders | {EarlierReminder(key, patient_id)}))

    def told(self, starts_at: datetime) -> Scene:
        """Returns the scene after its reminder of another start left, the day before."""
        key = ReminderKey("A1", starts_at)
        left = (self.now - timedelta(days=1)).replace(tzinfo=UTC)
        return replace(self, earlier=Earlier(self.earlier.keys | {key}, self.earlier.reminders | {EarlierReminder(key, "P1", left)}))

    @property
    def around(self) -> Circumstances:
        return Circumstances(
            now=self.now,
            settings=self.settings,
            mandants=self.mandants,
            templates=self.templates,
            visit_reasons=self.visit_reasons,
            credits=self.credits,
            channels=self.channels,
        )

    @property
    def candidate(self) -> Candidate:
        return Candidate(self.appointment, self.patient, self.treatment_mandant)

    def decide(self, kind: MessageKind) -> Decision:
        """Decides at preparing."""
        if kind is MessageKind.REMINDER:
            return decide_reminder(self.candidate, self.around, self.earlier)
        return decide_birthday(self.candidate, self.around, self.earlier)

    def key(self, kind: MessageKind) -> MessageKey:
        """Returns the key under which preparing puts the message into the outbox."""
        due = self.decide(kind)
        assert isinstance(due, Eligible)
        return due.key
