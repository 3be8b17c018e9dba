"""Checks prepared messages against the practice's data at the moment of sending, many in one go.

What still applies is rendered anew and compared: a text goes out only if it is what would be written now. What no longer
applies becomes a step that ends it, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tray_agent.config.settings import ONE_PER_DAY, Settings
from tray_agent.errors import BugError
from tray_agent.i18n import _, format_datetime, join_texts
from tray_agent.messages.model import MessageKind, Standing
from tray_agent.messages.outbox.entries import Change, Draft, Known
from tray_agent.messages.outbox.keys import former_in, start_in, year_in
from tray_agent.messages.outbox.model import OutboxMessage, OutboxReason
from tray_agent.messages.outbox.states import Actor, Step
from tray_agent.messages.rules.eligibility import (
    BirthdayKey,
    Candidate,
    Decision,
    Eligible,
    MessageKey,
    NotEligible,
    NoticeKey,
    ReminderKey,
    recheck_birthday,
    recheck_reminder,
)
from tray_agent.messages.rules.reasons import ABSENT, Reason, Weight
from tray_agent.messages.work.deciding import Drafting, KnownReminders
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.steps import Counted, MessageStep, activity_about
from tray_agent.practice.model import Appointment
from tray_agent.protocol.model import Level

_CONTENT = (
    "patient_id", "patient_name", "channel", "mandant_id", "recipient", "language", "subject", "text", "segments", "cost",
    "appointment_at", "expires_at", "doctor",
)  # fmt: skip
"""What is rendered anew: the columns in which a message must say what would be written now."""

_TO_CORRECT = frozenset(reason.value for reason in Reason if reason.weight is Weight.TO_FIX)


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that is right at this moment.

    Attributes:
        message: as it stands in the outbox (after ``Checked.changes`` were carried out).
        appointment: what it reminds of, for the calendar file; None for greetings.
        mandant_name: who is charged, as people call them.
        sequence: how many other messages about the appointment left before, for the calendar file.
    """

    message: OutboxMessage
    appointment: Appointment | None
    mandant_name: str = ""
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Moved:
    """A message whose appointment was moved: ``ending`` cancels it, ``draft`` says the new start.

    Attributes:
        known: the message of the new start, where one exists that never left; else None.
    """

    ending: Change
    draft: Draft
    known: Known | None


@dataclass(slots=True)
class Checked:
    """What a check found.

    Attributes:
        ready: what may be sent now, if every change about it was carried out.
        changes: of content before sending; a message whose change fails must not be sent.
        endings: of what no longer applies.
        kept: by number, why a message stays prepared for a later run.
        notes: write that reason, where it does not stand there already.
        moved: what gets another message.
        freed: the messages that do not tell their patient any more what they were prepared for.
    """

    ready: list[Ready] = field(default_factory=list)
    changes: list[MessageStep] = field(default_factory=list)
    endings: list[MessageStep] = field(default_factory=list)
    kept: dict[int, str] = field(default_factory=dict)
    notes: list[MessageStep] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    freed: list[OutboxMessage] = field(default_factory=list)


def check(parts: MessageParts, settings: Settings, messages: Sequence[OutboxMessage], now: datetime) -> Checked:
    """Returns what becomes of prepared messages at this moment; reads the practice and the outbox, changes nothing.

    Args:
        parts: what to work with.
        settings: the switches as they are now.
        messages: prepared messages as just read.
        now: aware, by the database's clock.

    Raises:
        DatabaseUnavailableError, PracticeDataError: nothing can be checked, so nothing may be sent.
    """
    checking = _Checking(parts, settings, messages, now)
    for message in messages:
        checking.judge(message)
    return checking.checked


class _Checking:
    """Judges a chunk of messages by what the practice and the outbox say now, read in sets."""

    def __init__(self, parts: MessageParts, settings: Settings, messages: Sequence[OutboxMessage], now: datetime) -> None:
        self.checked = Checked()
        self._parts = parts
        around = replace(parts.circumstances(now, settings), channels=parts.channels())  # what has no way can't be sent
        self._drafting = Drafting(parts, around, now)
        appointment_ids = {message.appointment_id for message in messages if message.appointment_id}
        appointments = parts.practice.appointments(appointment_ids) if appointment_ids else {}
        # The patient of an appointment may be another one by now.
        patient_ids = {message.patient_id for message in messages} | {appointment.patient_id for appointment in appointments.values()}
        self._appointments: Mapping[str, Appointment] = appointments
        self._patients = parts.practice.patients(patient_ids)
        self._charged = parts.practice.last_mandants(patient_ids)
        days = appointments.values() if settings.yes(ONE_PER_DAY) else ()
        self._known = KnownReminders.read(parts, appointment_ids, patient_ids, days)

    def judge(self, message: OutboxMessage) -> None:
        appointment = self._appointments.get(message.appointment_id or "")
        decision = self._recheck(message, appointment)
        # Nothing is sent from its hour on, whatever else is found; only a reason for never sending it says more than that it is late.
        if self._comes_too_late(message, decision):
            self._end_late(message)
        elif isinstance(decision, NotEligible) and not decision.may_wait:
            self._end(message, decision)
        elif isinstance(decision, Eligible) and decision.key != _key_of(message):
            self._move(message, decision, appointment)
        elif self._drafting.now >= message.expires_at:
            self._end_late(message)
        elif isinstance(decision, NotEligible):
            self._keep(message, decision)
        else:
            self._confirm(message, decision, appointment)

    def _comes_too_late(self, message: OutboxMessage, decision: Decision) -> bool:
        """Returns whether a notice was not sent before the time that it replaces: its patient came in vain, and somebody should know."""
        moved_away = isinstance(decision, NotEligible) and decision.reason is Reason.MOVED_AWAY
        return moved_away and message.kind is MessageKind.MOVED and self._drafting.now >= message.expires_at

    def _recheck(self, message: OutboxMessage, appointment: Appointment | None) -> Decision:
        patient_id = appointment.patient_id if appointment else message.patient_id
        candidate = Candidate(appointment, self._patients.get(patient_id), self._charged.get(patient_id))
        key = _key_of(message)
        if isinstance(key, BirthdayKey):
            return recheck_birthday(key, candidate, self._drafting.around)
        earlier = self._known.earlier(message.appointment_id or "", patient_id)
        return recheck_reminder(key, candidate, self._drafting.around, earlier)

    def _keep(self, message: OutboxMessage, decision: NotEligible) -> None:
        reason, sentence = decision.reason.value, decision.explanation
        self.checked.kept[message.id] = reason
        values: dict[str, Any] = {"reason": reason, "sentence": sentence}
        if decision.reason is Reason.APPOINTMENT_MISSING and message.standing is not Standing.ABSENT:
            values |= {"standing": Standing.ABSENT, "standing_since": self._drafting.now}
        if message.reason != reason or "standing" in values:
            row = None
            if decision.reason is Reason.PATIENT_MISSING:
                row_sentence = join_texts(_("nicht gesendet, bis das geklärt ist."), sentence)
                row = activity_about(self._parts, Level.WARNING, reason, message, row_sentence)
            self.checked.notes.append(MessageStep.of(message, Step.POSTPONE, Actor.SENDING, values, activity=row, problem=row is not None))

    def _end(self, message: OutboxMessage, decision: NotEligible) -> None:
        if decision.reason is Reason.APPOINTMENT_BEGUN and decision.key == _key_of(message):  # not moved into the past
            self._end_late(message)
        else:
            self._ending(message, Step.REJECT if decision.entry else Step.CANCEL, decision.reason.value, decision.explanation)

    def _end_late(self, message: OutboxMessage) -> None:
        """Ends what was not sent in time: a reminder as an error that the practice must see."""
        if message.kind is MessageKind.BIRTHDAY:
            self._ending(message, Step.CANCEL, Reason.BIRTHDAY_OVER.value, _("Der Geburtstag ist vorbei."))
            return
        why = _("Der Termin hat begonnen, bevor die Erinnerung versendet werden konnte.")
        if message.kind is MessageKind.MOVED and self._drafting.now < (message.appointment_at or self._drafting.now):
            why = _("Die bisherige Zeit des verschobenen Termins kam, bevor die neue mitgeteilt werden konnte.")
        self._ending(message, Step.REJECT, OutboxReason.NOT_IN_TIME, join_texts(why, message.sentence))

    def _ending(self, message: OutboxMessage, step: Step, reason: str, sentence: str) -> None:
        rejected = step is Step.REJECT
        problem = rejected or reason in _TO_CORRECT
        level = Level.ERROR if rejected else Level.WARNING if problem else Level.INFO
        row_sentence = join_texts(_("nicht gesendet.") if rejected else _("storniert, nichts gesendet."), sentence)
        counted = Counted.ERRORS if rejected else Counted.CANCELLED
        row = activity_about(self._parts, level, reason, message, row_sentence)
        values = {"reason": reason, "sentence": sentence}
        self.checked.freed.append(message)
        self.checked.endings.append(MessageStep.of(message, step, Actor.SENDING, values, counted, row, problem=problem))

    def _confirm(self, message: OutboxMessage, decision: Eligible, appointment: Appointment | None) -> None:
        patient = self._patients.get(decision.patient_id)
        draft = self._drafting.draft(decision, patient, appointment, message.expires_at)
        content = _CONTENT if message.attempts else (*_CONTENT, "reference")  # the gateway may know what it was given already
        changed = {name: value for name in content if getattr(message, name) != (value := getattr(draft, name))}
        if message.standing is not Standing.AS_TOLD:
            changed |= {"standing": Standing.AS_TOLD, "standing_since": None}
        if message.reason in ABSENT:  # it is there again
            changed |= {"reason": "", "sentence": ""}
        current = message
        if (draft.patient_id, draft.recipient) != (message.patient_id, message.recipient):
            self.checked.freed.append(message)
        if changed:
            self.checked.changes.append(MessageStep.of(message, Step.RENDER_ANEW, Actor.SENDING, changed))
            current = replace(message, version=message.version + 1, **changed)
        sequence = self._known.number_left(appointment.id) if appointment else 0
        self.checked.ready.append(Ready(current, appointment, self._drafting.around.mandants[decision.mandant_id].name, sequence))

    def _move(self, message: OutboxMessage, decision: Eligible, appointment: Appointment | None) -> None:
        if appointment is None:
            raise BugError(f"message {message.id} was moved without an appointment")
        sentence = _("Der Termin wurde auf {time} verschoben; dafür gibt es eine eigene Mitteilung.")
        sentence = sentence.format(time=format_datetime(appointment.starts_at))
        ending = Change.of(message, Step.CANCEL, Actor.SENDING, reason=OutboxReason.MOVED, sentence=sentence)
        draft = self._drafting.draft(decision, self._patients.get(decision.patient_id), appointment)
        self.checked.moved.append(Moved(ending, draft, self._known.of_key(appointment.id, draft.unique_key)))


def _key_of(message: OutboxMessage) -> MessageKey:
    # Read from the key's text, not from ``appointment_at``: an hour that does not exist in spring is another one as an instant.
    if message.appointment_id is None:
        return BirthdayKey(message.patient_id, year_in(message.unique_key))
    starts_at, former = start_in(message.unique_key), former_in(message.unique_key)
    return ReminderKey(message.appointment_id, starts_at) if former is None else NoticeKey(message.appointment_id, starts_at, former)
