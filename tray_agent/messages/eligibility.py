"""Who gets a message, who does not, and why: one pure decision, at preparing and again at sending.

Values in, values out; no clock, no database, no network. Sources: seed, "Bedingungen, welche geprüft werden"; domain,
section 4. Nothing here guesses in favour of sending: what is unknown or unreadable is a reason not to send.

The first reason that applies is told, in this order:

==  ========================  =====================================================================================
 1  the switch                ``switched_off``
 2  the patient               ``patient_missing``, ``deceased``, ``opted_out``, ``data_unreadable``
 3  the appointment           ``appointment_missing``, ``data_unreadable``, its status, ``appointment_begun``,
                              ``outside_window``, ``visit_reason``
    or the birthday           ``no_birthday``
 4  what was sent before      ``already_reminded``, ``moved_not_repeated``, ``another_that_day``, ``already_greeted``
 5  the contact               ``no_contact``, ``landline_only``, ``contact_invalid``
 6  the Mandant               ``no_mandant``, ``mandant_unknown``, the licence
 7  the text                  ``no_template``
 8  the credits               ``no_credits`` (SMS only: an e-mail costs none)
==  ========================  =====================================================================================

What concerns the patient comes before what the practice can mend, so that a patient without a contact gets an entry with
an error (and thus a letter) even while a licence is being renewed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from tray_agent.config import settings as switches
from tray_agent.config.settings import Settings
from tray_agent.messages.licence import Iso7064Licence, LicenceRule
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.reasons import Reason, Weight, sentence_of, weight_of
from tray_agent.practice.model import Appointment, Mandant, Patient

if TYPE_CHECKING:
    from tray_agent.messages.templates import Template


@dataclass(frozen=True, slots=True)
class SearchWindow:
    """The days on which appointments are looked for, both inclusive, in the practice's calendar."""

    first: date
    last: date

    @property
    def begin(self) -> datetime:
        """Returns the first moment of the window: local wall clock, naive."""
        raise NotImplementedError

    @property
    def end(self) -> datetime:
        """Returns the first moment after the window: local wall clock, naive."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """The switches that the decision needs (domain, section 5).

    Attributes:
        default_mandant: who is charged for patients without a treatment; "" for nobody.
        visit_reasons: ids of the visit reasons that are reminded; empty for all.
    """

    reminders_on: bool = False
    birthdays_on: bool = False
    default_mandant: str = ""
    offset_start_days: int = 1
    search_days: int = 1
    repeat_moved: bool = True
    one_per_day: bool = False
    visit_reasons: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> RuleSettings:
        """Returns the part of the practice's switches that the decision needs."""
        return cls(
            reminders_on=settings.yes(switches.REMINDERS_ON),
            birthdays_on=settings.yes(switches.BIRTHDAYS_ON),
            default_mandant=settings.text(switches.DEFAULT_MANDANT).strip(),
            offset_start_days=settings.number(switches.OFFSET_START),
            search_days=settings.number(switches.OFFSET_SEARCH),
            repeat_moved=settings.yes(switches.REPEAT_MOVED),
            one_per_day=settings.yes(switches.ONE_PER_DAY),
            visit_reasons=settings.choices(switches.VISIT_REASONS),
        )

    def window(self, today: date) -> SearchWindow:
        """Returns the days searched: from ``today`` + OffsetStartTage, over OffsetSuchTage consecutive days."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ReminderKey:
    """What may be reminded once: an appointment at a start (local wall clock, naive)."""

    appointment_id: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class BirthdayKey:
    """What may be greeted once: a patient in a year."""

    patient_id: str
    year: int


MessageKey = ReminderKey | BirthdayKey


@dataclass(frozen=True, slots=True)
class EarlierReminder:
    """A reminder in the outbox that went out or will (neither cancelled nor in error)."""

    key: ReminderKey
    patient_id: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the outbox knows already of the candidates at hand.

    Attributes:
        keys: every message that exists in the outbox, **whatever its state** (the UNIQUE key forbids a second one).
        reminders: the reminders that went out or will; for moved appointments and one reminder per day. Must hold those of
            the candidates' appointments (any start) and, if one per day is on, those of their patients on the days at hand.
    """

    keys: frozenset[MessageKey] = frozenset()
    reminders: frozenset[EarlierReminder] = frozenset()


@dataclass(frozen=True, slots=True)
class ReminderCandidate:
    """An appointment that may be reminded.

    Attributes:
        appointment: None where it was deleted (at sending).
        patient: None where the practice's data has no such patient.
        treatment_mandant: the Mandant of the treatment opened last (``PracticeSource.last_mandants``), None without any.
    """

    appointment: Appointment | None
    patient: Patient | None
    treatment_mandant: str | None = None


@dataclass(frozen=True, slots=True)
class BirthdayCandidate:
    """A patient who may be greeted.

    Attributes:
        patient: None where the practice's data has no such patient (any more).
        treatment_mandant: the Mandant of the treatment opened last, None without any.
    """

    patient: Patient | None
    treatment_mandant: str | None = None


class TemplateChoice(Protocol):
    """Which text is used (``TemplateBook``)."""

    def choose(self, kind: MessageKind, channel: Channel, language: str | None) -> Template | None:
        """Returns the template for a patient's language, else the fallback language's, else None."""
        ...


@dataclass(frozen=True)
class Circumstances:
    """Everything around the candidates, at one moment.

    Attributes:
        now: the practice's local wall clock, naive.
        mandants: by id.
        credits: balance by Mandant's id; a Mandant that is missing here is **not judged** now: sending asks the gateway anyway.
        channels: on which the practice can send at all; others are passed over.
        region: the country of telephone numbers without a country code.
        licence: the rule for licence numbers.
    """

    now: datetime
    settings: RuleSettings
    mandants: Mapping[str, Mandant]
    templates: TemplateChoice
    credits: Mapping[str, Decimal] = field(default_factory=dict)
    channels: frozenset[Channel] = frozenset(Channel)
    region: str = "CH"
    licence: LicenceRule = field(default_factory=Iso7064Licence)

    @property
    def today(self) -> date:
        """Returns the practice's date."""
        return self.now.date()


@dataclass(frozen=True, slots=True)
class Eligible:
    """A message is due.

    Attributes:
        key: what may be sent once.
        mandant_id: who is charged.
        recipient: E.164 for SMS, an address for e-mail.
        template: the text to render; its key names the language.
        moved: whether the appointment was reminded before, at another start.
    """

    kind: MessageKind
    key: MessageKey
    patient_id: str
    mandant_id: str
    channel: Channel
    recipient: str
    template: Template
    moved: bool = False

    @property
    def language(self) -> str:
        """Returns the language of the text."""
        return self.template.key.language


@dataclass(frozen=True, slots=True)
class NotEligible:
    """No message, and why.

    Attributes:
        reason: the first that applies.
        entry: whether the outbox gets an entry with an error, so that the practice reminds otherwise (domain 4, 5b).
        patient_id, mandant_id: where known.
        detail: what exactly is wrong ("079 12 34: zu kurz"), in the language in force, or "".
    """

    kind: MessageKind
    reason: Reason
    key: MessageKey | None = None
    entry: bool = False
    patient_id: str | None = None
    mandant_id: str | None = None
    detail: str = ""

    @property
    def sentence(self) -> str:
        """Returns what happened, in the language in force."""
        told = sentence_of(self.reason)
        return f"{told} {self.detail}" if self.detail else told

    @property
    def is_problem(self) -> bool:
        """Returns whether somebody in the practice should look."""
        return weight_of(self.reason) is not Weight.ORDINARY


Decision = Eligible | NotEligible


def decide_reminder(candidate: ReminderCandidate, around: Circumstances, earlier: Earlier = Earlier()) -> Decision:
    """Returns whether an appointment is reminded, at preparing."""
    raise NotImplementedError


def decide_birthday(candidate: BirthdayCandidate, around: Circumstances, earlier: Earlier = Earlier()) -> Decision:
    """Returns whether a patient is greeted today, at preparing."""
    raise NotImplementedError


def birthdays_greeted_on(day: date) -> frozenset[tuple[int, int]]:
    """Returns the (month, day) of birth that are greeted on ``day``: 29 February on 28 February in years without one."""
    raise NotImplementedError


class PreparingBatch:
    """Decides one candidate after the other; what it found eligible counts as earlier for those that follow.

    Candidates must come by start, so that with one reminder per day the first appointment of the day is reminded.
    """

    def __init__(self, around: Circumstances) -> None:
        raise NotImplementedError

    def know(self, earlier: Earlier) -> None:
        """Adds what the outbox knows of the next candidates."""
        raise NotImplementedError

    def reminder(self, candidate: ReminderCandidate) -> Decision:
        """Decides an appointment."""
        raise NotImplementedError

    def birthday(self, candidate: BirthdayCandidate) -> Decision:
        """Decides a birthday."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message as it stands in the outbox, about to be sent."""

    kind: MessageKind
    key: MessageKey
    patient_id: str
    mandant_id: str
    channel: Channel
    recipient: str
    language: str


@dataclass(frozen=True, slots=True)
class StillRight:
    """Nothing that matters changed: send the text as it is."""

    decision: Eligible


@dataclass(frozen=True, slots=True)
class RenderAnew:
    """The message is still due, but start, contact, channel, language or Mandant changed: render and send ``decision``.

    Attributes:
        changed: names of the fields of ``Prepared`` that changed; ``key`` when the appointment was moved.
    """

    decision: Eligible
    changed: frozenset[str]


@dataclass(frozen=True, slots=True)
class NoLonger:
    """The message is never sent.

    Attributes:
        decision: the reason; its ``entry`` tells that the practice must remind otherwise (state *error*), else *cancelled*.
    """

    decision: NotEligible


@dataclass(frozen=True, slots=True)
class NotNowEligible:
    """The message stays prepared: switch off, no credits, no template now; asked again at the next run until it expires."""

    decision: NotEligible


Recheck = StillRight | RenderAnew | NoLonger | NotNowEligible


def recheck_reminder(message: Prepared, candidate: ReminderCandidate, around: Circumstances, earlier: Earlier = Earlier()) -> Recheck:
    """Returns what becomes of a prepared reminder at the moment of sending.

    The message's own key and reminder are left out of ``earlier``. The search window no longer counts, except that an
    appointment which was moved beyond its end is left to its own time.
    """
    raise NotImplementedError


def recheck_birthday(message: Prepared, candidate: BirthdayCandidate, around: Circumstances) -> Recheck:
    """Returns what becomes of a prepared greeting at the moment of sending; on another day than the birthday it is never sent."""
    raise NotImplementedError
