"""Who gets a message, who does not, and why: one pure decision, at preparing and again at sending.

Values in, values out; no clock, no database, no network. Sources: seed, "Bedingungen, welche geprüft werden"; domain,
section 4. Nothing here guesses in favour of sending: what is unknown or unreadable is a reason not to send.

The first reason that applies is told, in this order:

==  ========================  =====================================================================================
 1  the switch                ``switched_off``
 2  the patient               ``patient_missing``, ``deceased``, ``deceased_by_name``, ``opted_out``
 3  the appointment           ``appointment_missing``, its status, ``start_unknown``, ``appointment_begun``,
                              ``outside_window``, ``booked_afterwards``, ``visit_reason``
    or the birthday           ``no_birthday``
 4  what was sent before      ``already_reminded``, ``told_another_time``, ``told_another_patient``, ``told_another_doctor``,
                              ``moved_not_repeated``, ``another_that_day``, ``already_greeted``
 5  what can't be read        ``data_unreadable``, ``start_unreadable``, ``no_time_of_day``, ``no_such_time``,
                              ``visit_reason_unknown``, ``wish_unknown``
 6  the contact               ``no_contact``, ``landline_only``, ``contact_invalid``, ``channel_not_set_up``
 7  the Mandant               ``no_mandant``, ``mandant_unknown``, the licence
 8  the text                  ``no_template``
 9  the credits               ``no_credits`` (SMS only: an e-mail costs none)
==  ========================  =====================================================================================

What concerns the patient comes before what the practice can put right, so that a patient without a contact is reminded by
letter even while a licence is being renewed. A reminder that fails from step 5 on gets an entry with an error in the
outbox, because the appointment itself should be reminded (domain 4, 2 and 5b); a greeting never does (5a). That holds for a wish for
no messages that can't be read, too: nobody knows, so a person must look before anybody calls. An appointment whose patient is missing
gets one with the patient's id. So does an appointment
whose patient was told something else, where no notice can put that right: moved there and back twice, another patient's now, another
doctor's. The keys let no second message leave; a person must tell.

An appointment whose patient was told another time gets a notice instead of a reminder (decision record 0019): where its start lies in
the days that are searched, or the former one has not passed.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tray_agent.config import settings as switches
from tray_agent.config.settings import Settings
from tray_agent.i18n import _, join_texts
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.outbox.keys import birthday_key, moved_key, reminder_key
from tray_agent.messages.rules.contacts import NumberKind, PhoneFault, PhoneNumber, UnusablePhone, read_address, read_phone
from tray_agent.messages.rules.licence import licence_fault
from tray_agent.messages.rules.reasons import ABSENT, Reason, Weight
from tray_agent.messages.rules.truth import names_another_doctor, start_of
from tray_agent.practice.model import Appointment, AppointmentStatus, Mandant, Patient, VisitReason, said_name

if TYPE_CHECKING:
    from tray_agent.messages.texts.templates import Template, TemplateBook


@dataclass(frozen=True, slots=True)
class SearchWindow:
    """The days on which appointments are looked for, both inclusive, in the practice's calendar."""

    first: date
    last: date

    @property
    def begin(self) -> datetime:
        """Returns the first moment of the window: local wall clock, naive."""
        return datetime.combine(self.first, time.min)

    @property
    def end(self) -> datetime:
        """Returns the first moment after the window: local wall clock, naive."""
        return datetime.combine(self.last + timedelta(days=1), time.min)

    @property
    def days(self) -> Sequence[date]:
        """Returns the days, in order."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]


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
        first = today + timedelta(days=self.offset_start_days)
        return SearchWindow(first, first + timedelta(days=self.search_days - 1))


class ReminderKey(NamedTuple):
    """What may be reminded once: an appointment at a start (local wall clock, naive; whole minutes)."""

    appointment_id: str
    starts_at: datetime

    @classmethod
    def of(cls, appointment: Appointment) -> ReminderKey:
        """Returns the key of an appointment; a move by less than a minute is none."""
        return cls(appointment.id, start_of(appointment))

    @property
    def text(self) -> str:
        """Returns the key as the outbox keeps it."""
        return reminder_key(self.appointment_id, self.starts_at)


class NoticeKey(NamedTuple):
    """What may be told once: that an appointment has this start instead of the one that its patient was told (both as of a reminder)."""

    appointment_id: str
    starts_at: datetime
    former: datetime

    @property
    def text(self) -> str:
        """Returns the key as the outbox keeps it."""
        return moved_key(self.appointment_id, self.starts_at, self.former)


class BirthdayKey(NamedTuple):
    """What may be greeted once: a patient in a year."""

    patient_id: str
    year: int

    @property
    def text(self) -> str:
        """Returns the key as the outbox keeps it."""
        return birthday_key(self.patient_id, self.year)


AppointmentKey = ReminderKey | NoticeKey
MessageKey = AppointmentKey | BirthdayKey


@dataclass(frozen=True, slots=True)
class EarlierReminder:
    """A reminder or a notice in the outbox that went out or will (neither cancelled nor in error).

    Attributes:
        left_at: when it was handed over (aware); None where it was not, did not arrive, or where that is of no interest.
        doctor: whom the text names; None where it names nobody.
        prepared_on: the practice's date on which it was prepared; None where that is of no interest.
        stands: whether its appointment is still as it tells; what does not stand is no reason not to remind of another that day.
        number: of the message: of two that left at the same instant the greater one is the last.
        failed: whether it was handed over and did not arrive: it told nobody anything, and its key is used up.
    """

    key: AppointmentKey
    patient_id: str
    left_at: datetime | None = None
    doctor: str | None = None
    prepared_on: date | None = None
    stands: bool = True
    number: int = 0
    failed: bool = False


@dataclass(frozen=True)
class Earlier:
    """What the outbox knows already of the candidates at hand.

    Attributes:
        keys: the messages that must not be prepared (again): all in the outbox, except those that never left and may be
            revived (cancelled, in error).
        reminders: the reminders that went out or will; for moved appointments and one reminder per day. Must hold those of
            the candidates' appointments (any start) and, if one per day is on, those of their patients on the days at hand.
    """

    keys: frozenset[MessageKey] = frozenset()
    reminders: frozenset[EarlierReminder] = frozenset()

    @cached_property
    def of_appointment(self) -> Mapping[str, Sequence[EarlierReminder]]:
        """Returns the reminders by appointment."""
        return grouped(self.reminders, lambda known: known.key.appointment_id)

    @cached_property
    def of_day(self) -> Mapping[tuple[str, date], Sequence[EarlierReminder]]:
        """Returns the reminders that stand, by patient and day."""
        standing = (known for known in self.reminders if known.stands)
        return grouped(standing, lambda known: (known.patient_id, known.key.starts_at.date()))


Group = TypeVar("Group")
Item = TypeVar("Item")


def grouped(items: Iterable[Item], by: Callable[[Item], Group]) -> Mapping[Group, Sequence[Item]]:
    """Returns things by what ``by`` gives for each."""
    groups: dict[Group, list[Item]] = {}
    for item in items:
        groups.setdefault(by(item), []).append(item)
    return groups


@dataclass(frozen=True, slots=True)
class Candidate:
    """An appointment that may be reminded, or a patient who may be greeted.

    Attributes:
        appointment: None for a greeting, and where it was deleted (at sending).
        patient: None where the practice's data has no such patient (any more).
        treatment_mandant: the Mandant of the treatment opened last (``PracticeSource.last_mandants``), None without any.
    """

    appointment: Appointment | None
    patient: Patient | None
    treatment_mandant: str | None = None


@dataclass(frozen=True)
class Circumstances:
    """Everything around the candidates, at one moment.

    Attributes:
        now: the practice's local wall clock, naive.
        mandants: by id.
        visit_reasons: by id. An appointment whose reason is marked as not to be reminded gets nothing; of one whose id is missing here
            nobody knows, so it gets nothing and is told. One without a reason, or where there are no reasons at all, is reminded, unless
            ``RuleSettings.visit_reasons`` chooses some: then only those are.
        credits: balance by Mandant's id; a Mandant that is missing here is **not judged** now: sending asks the gateway anyway.
        channels: on which the practice can send at all; others are passed over.
        region: the country of telephone numbers without a country code.
        zone: the practice's time zone; None: no hour is left out in spring.
        planned_on: the day for which appointments are looked for, where it is not today: of a planned time that is caught up.
        made_up: further days that are searched, because planned times that would have done it were missed.
        passed: days ahead that were searched before and lie in no window any more: who was booked since is told, not reminded.
    """

    now: datetime
    settings: RuleSettings
    mandants: Mapping[str, Mandant]
    templates: TemplateBook
    visit_reasons: Mapping[str, VisitReason]
    credits: Mapping[str, Decimal] = field(default_factory=dict)
    channels: frozenset[Channel] = frozenset(Channel)
    region: str = "CH"
    zone: tzinfo | None = None
    planned_on: date | None = None
    made_up: frozenset[date] = frozenset()
    passed: frozenset[date] = frozenset()

    @property
    def today(self) -> date:
        """Returns the practice's date."""
        return self.now.date()

    @cached_property
    def mandant_faults(self) -> Mapping[str, Reason | None]:
        """Returns by Mandant why he can't be charged today; None where he can."""
        return {
            mandant.id: Reason.DATA_UNREADABLE if "id" in mandant.unreadable else licence_fault(mandant, self.today)
            for mandant in self.mandants.values()
        }

    @cached_property
    def window(self) -> SearchWindow:
        """Returns the days that are searched by themselves."""
        return self.settings.window(self.planned_on or self.today)

    def is_searched(self, day: date) -> bool:
        """Returns whether a day is searched: it lies in the window, or is made up for."""
        return self.window.first <= day <= self.window.last or day in self.made_up


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

    def refused(self, reason: Reason) -> NotEligible:
        """Returns the same message as one that is not sent."""
        return NotEligible(self.kind, reason, self.key, patient_id=self.patient_id, mandant_id=self.mandant_id)


@dataclass(frozen=True, slots=True)
class NotEligible:
    """No message, and why.

    Attributes:
        reason: the first that applies.
        entry: whether the outbox gets an entry with an error, so that the practice calls or writes (domain 4, 5b).
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
        return join_texts(self.reason.sentence, self.detail)

    @property
    def explanation(self) -> str:
        """Returns what happened and what to do now, in the language in force."""
        return join_texts(self.sentence, self.reason.advice)

    @property
    def is_problem(self) -> bool:
        """Returns whether somebody in the practice should look."""
        return self.reason.weight is not Weight.ORDINARY

    @property
    def may_wait(self) -> bool:
        """Returns whether a message that is prepared already stays so and is asked about again at the next run, until it expires."""
        return self.reason in (Reason.SWITCHED_OFF, Reason.NO_CREDITS, Reason.CHANNEL_NOT_SET_UP, *ABSENT)


Decision = Eligible | NotEligible


_NOTHING = Earlier()


def decide_reminder(candidate: Candidate, around: Circumstances, earlier: Earlier = _NOTHING) -> Decision:
    """Returns whether an appointment is reminded, or a notice sent that its patient was told another time, at preparing."""
    return _decide_reminder(candidate, around, earlier, around.is_searched)


def decide_birthday(candidate: Candidate, around: Circumstances, earlier: Earlier = _NOTHING) -> Decision:
    """Returns whether a patient is greeted today, at preparing."""
    patient = candidate.patient
    key = BirthdayKey(patient.id, around.today.year) if patient else None
    draft = _Draft(MessageKind.BIRTHDAY, key, patient, _charged(candidate.treatment_mandant, around))
    if not around.settings.birthdays_on:
        return draft.refused(Reason.SWITCHED_OFF)
    if patient is None or key is None:
        return draft.refused(Reason.PATIENT_MISSING)
    reason = _patient_fault(patient) or _birthday_fault(patient, around.today)
    if reason is not None:
        return draft.refused(reason)
    if key in earlier.keys:
        return draft.refused(Reason.ALREADY_GREETED)
    return _decide_way(draft, patient, around)


def birthdays_greeted_on(day: date) -> frozenset[tuple[int, int]]:
    """Returns the (month, day) of birth that are greeted on ``day``: 29 February on 28 February in years without one."""
    own = (day.month, day.day)
    return frozenset({own, (2, 29)}) if own == (2, 28) and not isleap(day.year) else frozenset({own})


class PreparingBatch:
    """Decides one candidate after the other; what it found eligible counts as earlier for those that follow.

    Candidates must come by start, so that with one reminder per day the first appointment of the day is reminded.
    """

    def __init__(self, around: Circumstances) -> None:
        self._around = around
        self._prepared: dict[tuple[str, date], set[str]] = {}
        self._keys: set[MessageKey] = set()

    def reminder(self, candidate: Candidate, earlier: Earlier = _NOTHING) -> Decision:
        """Decides an appointment.

        Args:
            candidate: the appointment.
            earlier: what the outbox knows of it.
        """
        decision = decide_reminder(candidate, self._around, earlier)
        if not isinstance(decision, Eligible) or isinstance(decision.key, BirthdayKey):
            return decision
        if decision.key in self._keys:  # a view may hold one appointment twice
            return decision.refused(Reason.ALREADY_REMINDED)
        if self._around.settings.one_per_day and self._is_another_that_day(decision.patient_id, decision.key):
            return decision.refused(Reason.ANOTHER_THAT_DAY)
        self._keys.add(decision.key)
        return decision

    def _is_another_that_day(self, patient_id: str, key: AppointmentKey) -> bool:
        """Returns whether a reminder comes after another appointment of its patient and day; if not, it counts for those that follow."""
        same_day = self._prepared.setdefault((patient_id, key.starts_at.date()), set())
        is_reminder = isinstance(key, ReminderKey)  # who was told another time is told the right one in any case
        if is_reminder and same_day - {key.appointment_id}:
            return True
        same_day.add(key.appointment_id)
        return False

    def birthday(self, candidate: Candidate, earlier: Earlier = _NOTHING) -> Decision:
        """Decides a birthday; the arguments are those of ``reminder``."""
        decision = decide_birthday(candidate, self._around, earlier)
        if isinstance(decision, Eligible):
            if decision.key in self._keys:
                return decision.refused(Reason.ALREADY_GREETED)
            self._keys.add(decision.key)
        return decision


def recheck_reminder(key: AppointmentKey, candidate: Candidate, around: Circumstances, earlier: Earlier = _NOTHING) -> Decision:
    """Returns whether a reminder or a notice that was prepared under ``key`` may be sent at this moment.

    What is eligible under another key was moved: a message of its own tells the new start. The message itself is left out of
    ``earlier``. The search window no longer counts, except that an appointment which was moved beyond its end is left to its own time.
    """
    appointment = candidate.appointment
    moved = appointment is not None and ReminderKey.of(appointment).starts_at != key.starts_at
    others, last = _of_others(key, earlier, keep_day=moved), around.window.last
    stays = isinstance(key, ReminderKey) and not moved
    decision = _decide_reminder(candidate, around, others, lambda day: stays or day <= last)
    if isinstance(key, NoticeKey) and appointment is not None and _is_told(others, appointment):
        if isinstance(decision, Eligible):
            return decision.refused(Reason.MOVED_BACK)
        if decision.reason is Reason.ALREADY_REMINDED:
            return replace(decision, reason=Reason.MOVED_BACK)
    if isinstance(decision, NotEligible) and decision.reason is Reason.OUTSIDE_WINDOW:
        return replace(decision, reason=Reason.MOVED_AWAY)
    if isinstance(decision, NotEligible) and decision.reason is Reason.START_UNKNOWN:
        return replace(decision, entry=True)  # what was to be told says when the appointment probably is
    if isinstance(decision, NotEligible) and decision.reason in WRONGLY_INFORMED:
        return replace(decision, reason=Reason.ALREADY_REMINDED, entry=False)  # the next preparing asks to call
    return decision


def _is_told(earlier: Earlier, appointment: Appointment) -> bool:
    """Returns whether its patient was told last what is true of an appointment."""
    told = told_last(earlier.of_appointment.get(appointment.id, ()))
    return told is not None and told.key.starts_at == start_of(appointment) and told.patient_id == appointment.patient_id


def recheck_birthday(key: BirthdayKey, candidate: Candidate, around: Circumstances) -> Decision:
    """Returns whether a greeting that was prepared under ``key`` may be sent now: on another day than the birthday it is never."""
    decision = decide_birthday(candidate, around)
    if isinstance(decision, Eligible):
        return decision if key.year == around.today.year else decision.refused(Reason.BIRTHDAY_OVER)
    return replace(decision, reason=Reason.BIRTHDAY_OVER) if decision.reason is Reason.NO_BIRTHDAY else decision


def _of_others(key: AppointmentKey, earlier: Earlier, *, keep_day: bool) -> Earlier:
    """Returns what is known without the message of ``key`` itself.

    Two reminders of one day that are both prepared already must not forbid each other: other appointments only count
    (``keep_day``) for a message that was moved into their day.
    """
    others = (known for known in earlier.reminders if known.key != key)
    kept = frozenset(known for known in others if keep_day or known.key.appointment_id == key.appointment_id)
    return Earlier(earlier.keys - {key}, kept)


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is known of a message while it is decided."""

    kind: MessageKind
    key: MessageKey | None
    patient: Patient | None
    mandant_id: str | None
    moved: bool = False

    def refused(self, reason: Reason, *, entry: bool = False, detail: str = "") -> NotEligible:
        patient_id = self.patient.id if self.patient else None
        return NotEligible(self.kind, reason, self.key, entry, patient_id, self.mandant_id, detail)

    def failed(self, reason: Reason, detail: str = "") -> NotEligible:
        """Refuses what should have been sent: the practice gets an entry for a reminder."""
        return self.refused(reason, entry=self.kind.is_of_appointment, detail=detail)


def _decide_reminder(candidate: Candidate, around: Circumstances, earlier: Earlier, is_searched: Callable[[date], bool]) -> Decision:
    appointment, patient = candidate.appointment, candidate.patient
    key = ReminderKey.of(appointment) if appointment else None
    draft = _Draft(MessageKind.REMINDER, key, patient, _charged(candidate.treatment_mandant, around))
    if not around.settings.reminders_on:
        return draft.refused(Reason.SWITCHED_OFF)
    if appointment is None or key is None:
        return draft.refused(Reason.APPOINTMENT_MISSING)
    # At sending both were read at different moments: the appointment may have been given to another patient in between.
    if patient is None or patient.id != appointment.patient_id:
        due = _appointment_fault(appointment, around, searched=is_searched(key.starts_at.date())) is None and key not in earlier.keys
        return draft.refused(Reason.PATIENT_MISSING, entry=due and bool(appointment.patient_id))
    told = told_last(earlier.of_appointment.get(key.appointment_id, ()))
    if told is not None and (told.patient_id != patient.id or told.key.starts_at == key.starts_at):
        notice = None
    else:
        notice = NoticeKey(key.appointment_id, key.starts_at, told.key.starts_at) if told else None
    searched = is_searched(key.starts_at.date()) or (notice is not None and notice.former > around.now)
    reason = (
        _patient_fault(patient)
        or _appointment_fault(appointment, around, searched=searched)
        or (_notice_fault(notice, around.settings, earlier) if notice else _earlier_fault(key, patient.id, appointment, around, earlier))
        or _unclear_in(appointment, around)
    )
    if reason is not None:
        return draft.refused(reason, entry=reason in WRONGLY_INFORMED or reason in _UNCLEAR)
    if notice is not None:
        draft = replace(draft, kind=MessageKind.MOVED, key=notice, moved=True)
    return _decide_way(draft, patient, around)


def told_last(known: Iterable[EarlierReminder]) -> EarlierReminder | None:
    """Returns what left last, of what is known about one appointment; None where nothing left."""
    left = [(one.left_at, one.number, one) for one in known if one.left_at is not None]
    return max(left, key=lambda one: one[:2])[2] if left else None


def _decide_way(draft: _Draft, patient: Patient, around: Circumstances) -> Decision:
    """Decides what can't be read of the patient, and steps 6 to 9: contact, Mandant, text, credits."""
    if "preferred_channel" in patient.unreadable or patient.preferred_channel not in _WISHES:
        return draft.failed(Reason.WISH_UNKNOWN, f"«{patient.preferred_channel}»." if patient.preferred_channel else "")
    if patient.unreadable & _UNUSABLE_PATIENT or said_name(patient.first_name) is None or said_name(patient.last_name) is None:
        return draft.failed(Reason.DATA_UNREADABLE)
    contact = _contact_of(draft, patient, around)
    if isinstance(contact, NotEligible):
        return contact
    channel, recipient = contact
    reason = _mandant_fault(draft.mandant_id, around)
    if reason is not None or draft.mandant_id is None or draft.key is None:
        return draft.failed(reason or Reason.NO_MANDANT)
    template = around.templates.choose(draft.kind, channel, patient.language)
    if template is None:
        return draft.failed(Reason.NO_TEMPLATE)
    # An unknown balance is no reason to send nothing: the gateway itself refuses when it is used up.
    if channel is Channel.SMS and around.credits.get(draft.mandant_id, Decimal(1)) <= 0:
        return draft.refused(Reason.NO_CREDITS)
    return Eligible(draft.kind, draft.key, patient.id, draft.mandant_id, channel, recipient, template, draft.moved)


# A name or a salutation that can't be read spoils a text at worst; these decide whether, and to whom, something is sent.
_UNUSABLE_PATIENT = frozenset({"id", "opted_out", "mobile", "phone", "email"})


def _patient_fault(patient: Patient) -> Reason | None:
    if patient.is_deceased:
        return Reason.DECEASED
    if patient.seems_deceased:
        return Reason.DECEASED_BY_NAME
    return Reason.OPTED_OUT if patient.opted_out else None


_NOT_DEFINITE = {
    AppointmentStatus.PROVISIONAL: Reason.PROVISIONAL,
    AppointmentStatus.CANCELLED: Reason.APPOINTMENT_CANCELLED,
    AppointmentStatus.MISSED: Reason.APPOINTMENT_OVER,
    AppointmentStatus.DONE: Reason.APPOINTMENT_OVER,
}


def _appointment_fault(appointment: Appointment, around: Circumstances, *, searched: bool) -> Reason | None:
    # Before the time: a cancelled appointment of yesterday is told as cancelled, not as begun.
    if appointment.status is not AppointmentStatus.DEFINITE or "status" in appointment.unreadable:
        return _NOT_DEFINITE.get(appointment.status, Reason.STATUS_UNKNOWN)
    if not appointment.is_dated:
        return Reason.START_UNKNOWN
    if appointment.starts_at <= around.now and not _may_be_later_today(appointment, around):
        return Reason.APPOINTMENT_BEGUN
    if not searched:
        return Reason.OUTSIDE_WINDOW
    return None if _is_reminded(appointment, around) else Reason.VISIT_REASON


def _may_be_later_today(appointment: Appointment, around: Circumstances) -> bool:
    return _is_without_time(appointment) and appointment.starts_at.date() == around.today


def _is_without_time(appointment: Appointment) -> bool:
    return not (appointment.starts_at.hour or appointment.starts_at.minute)


_UNUSABLE_REASON = frozenset({"id", "remind"})


def _is_reminded(appointment: Appointment, around: Circumstances) -> bool:
    """Returns whether a visit reason is among the chosen ones (all, where none is chosen) and not marked otherwise."""
    if "visit_reason_id" in appointment.unreadable:
        return True  # for all that is known
    chosen = around.settings.visit_reasons
    if chosen and appointment.visit_reason_id not in chosen:
        return False
    known = around.visit_reasons.get(appointment.visit_reason_id or "")
    return known is None or known.remind or bool(known.unreadable & _UNUSABLE_REASON)


def _unclear_in(appointment: Appointment, around: Circumstances) -> Reason | None:
    """Returns what of an appointment that should be reminded only a person can make out."""
    if appointment.unreadable & {"id", "patient_id", "visit_reason_id"}:
        return Reason.DATA_UNREADABLE
    if "starts_at" in appointment.unreadable:
        return Reason.START_UNREADABLE
    if _is_without_time(appointment):
        return Reason.NO_TIME_OF_DAY
    if around.zone is not None and _is_skipped(appointment.starts_at, around.zone):
        return Reason.NO_SUCH_TIME
    if appointment.visit_reason_id is not None and around.visit_reasons:
        reason = around.visit_reasons.get(appointment.visit_reason_id)
        return Reason.VISIT_REASON_UNKNOWN if reason is None or reason.unreadable & _UNUSABLE_REASON else None
    return None


_UNCLEAR = frozenset(
    {Reason.DATA_UNREADABLE, Reason.START_UNREADABLE, Reason.NO_TIME_OF_DAY, Reason.NO_SUCH_TIME, Reason.VISIT_REASON_UNKNOWN}
)
"""The appointment should be reminded, and only a person can."""


@lru_cache(maxsize=1024)
def _is_skipped(wall: datetime, zone: tzinfo) -> bool:
    """Returns whether the clocks of a zone never show a wall-clock time: they are set forward over it."""
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) != wall


def _notice_fault(notice: NoticeKey, settings: RuleSettings, earlier: Earlier) -> Reason | None:
    """Returns why the patient is not told that the appointment has another time than he was told."""
    if not settings.repeat_moved:
        return Reason.MOVED_NOT_REPEATED
    same = next((known for known in earlier.of_appointment.get(notice.appointment_id, ()) if known.key == notice), None)
    if same is not None and same.left_at is not None:  # and since then he was told the former time again
        return Reason.TOLD_ANOTHER_TIME
    return Reason.ALREADY_REMINDED if same is not None or notice in earlier.keys else None


def _earlier_fault(key: ReminderKey, patient_id: str, appointment: Appointment, around: Circumstances, earlier: Earlier) -> Reason | None:
    """Returns why an appointment is not reminded whose patient was told this very time, or none yet."""
    if not earlier.reminders and key not in earlier.keys:
        return None  # so with nearly all
    of_appointment = earlier.of_appointment.get(key.appointment_id, ())
    told = told_last(of_appointment)
    of_this_start = [known for known in of_appointment if known.key.starts_at == key.starts_at]
    if told is not None and told in of_this_start:
        has_own = any(known.patient_id == patient_id and known.key == key for known in of_this_start)  # prepared, and not sent yet
        if told.patient_id != patient_id and key in earlier.keys and not has_own:
            return Reason.TOLD_ANOTHER_PATIENT
        named = told_last(known for known in of_appointment if known.doctor and known.patient_id == patient_id)
        if told.patient_id == patient_id and named and names_another_doctor(named.doctor, appointment):
            return Reason.TOLD_ANOTHER_DOCTOR
    elif any(known.failed and known.key == key and known.patient_id != patient_id for known in of_this_start):
        return Reason.TOLD_ANOTHER_PATIENT
    if key in earlier.keys or any(_reminds(known, key, around) for known in of_this_start if known.patient_id == patient_id):
        return Reason.ALREADY_REMINDED
    that_day = earlier.of_day.get((patient_id, key.starts_at.date()), ())
    another = any(known.key.appointment_id != key.appointment_id for known in that_day)
    return Reason.ANOTHER_THAT_DAY if around.settings.one_per_day and another else None


def _reminds(known: EarlierReminder, key: ReminderKey, around: Circumstances) -> bool:
    """Returns whether a message stands for the reminder of this start: itself, or a notice that was made when its day was searched."""
    if not isinstance(known.key, NoticeKey):
        return known.key == key
    return known.prepared_on is not None and around.settings.window(known.prepared_on).last >= key.starts_at.date()


WRONGLY_INFORMED = frozenset({Reason.TOLD_ANOTHER_TIME, Reason.TOLD_ANOTHER_PATIENT, Reason.TOLD_ANOTHER_DOCTOR})
"""The appointment's patient was told something that is wrong now, and no message can put it right."""


OLDEST_GREETED = 120
"""Years; an older birth date (1.1.1900) stands for "unknown" in many practices' data."""


def _birthday_fault(patient: Patient, today: date) -> Reason | None:
    born = patient.birth_date
    if "birth_date" in patient.unreadable:
        return Reason.DATA_UNREADABLE
    if born is None or (born.month, born.day) not in birthdays_greeted_on(today) or born.year >= today.year:
        return Reason.NO_BIRTHDAY
    return Reason.DATA_UNREADABLE if today.year - born.year > OLDEST_GREETED else None


def _charged(treatment_mandant: str | None, around: Circumstances) -> str | None:
    """Returns the Mandant of the treatment opened last, else the one of ``DefaultSMSMandant``, else None."""
    # "" is a treatment whose Mandant can't be read: such a patient is not charged to the default.
    return treatment_mandant if treatment_mandant is not None else around.settings.default_mandant or None


def _mandant_fault(mandant_id: str | None, around: Circumstances) -> Reason | None:
    if mandant_id is None:
        return Reason.NO_MANDANT
    return around.mandant_faults.get(mandant_id, Reason.MANDANT_UNKNOWN)


_CHANNELS = (Channel.SMS, Channel.EMAIL)
_WISHES = (None, *_CHANNELS)


def _contact_of(draft: _Draft, patient: Patient, around: Circumstances) -> tuple[Channel, str] | NotEligible:
    """Returns the first contact that can be used: the preferred channel, else SMS, else e-mail."""
    found_elsewhere = False
    for channel in reversed(_CHANNELS) if patient.preferred_channel == Channel.EMAIL else _CHANNELS:
        recipient = _mobile_of(patient, around.region) if channel is Channel.SMS else read_address(patient.email)
        if recipient is not None and channel in around.channels:
            return channel, recipient
        found_elsewhere = found_elsewhere or recipient is not None
    return draft.failed(Reason.CHANNEL_NOT_SET_UP) if found_elsewhere else _without_contact(draft, patient, around.region)


def _mobile_of(patient: Patient, region: str) -> str | None:
    recipient = None
    for typed in (patient.phone, patient.mobile):
        read = read_phone(typed, region)
        if isinstance(read, UnusablePhone) and read.fault.is_of_patient:
            return None
        if isinstance(read, PhoneNumber) and read.kind.takes_sms:
            recipient = read.e164
    return recipient


def _without_contact(draft: _Draft, patient: Patient, region: str) -> NotEligible:
    read = [read_phone(typed, region) for typed in (patient.mobile, patient.phone)]
    wrong = [number.sentence for number in read if isinstance(number, UnusablePhone) and number.fault is not PhoneFault.EMPTY]
    if patient.email and patient.email.strip():
        wrong.append(_("«{typed}» ist keine gültige E-Mail-Adresse.").format(typed=patient.email.strip()[:60]))
    if wrong:
        return draft.failed(Reason.CONTACT_INVALID, join_texts(*wrong))
    landline = any(isinstance(number, PhoneNumber) and number.kind in (NumberKind.LANDLINE, NumberKind.OTHER) for number in read)
    return draft.failed(Reason.LANDLINE_ONLY if landline else Reason.NO_CONTACT)
