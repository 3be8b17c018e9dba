"""Checks prepared messages against the practice's data at the moment of sending, many in one go.

What still applies is rendered anew and compared: a text goes out only if it is what would be written now. What no longer
applies becomes a change that ends it, with the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any

from tray_agent.config.settings import ONE_PER_DAY, Settings
from tray_agent.errors import BugError
from tray_agent.i18n import _, format_datetime
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Change, Draft, Known
from tray_agent.messages.outbox.keys import start_in, year_in
from tray_agent.messages.outbox.model import OutboxMessage
from tray_agent.messages.outbox.states import Actor, Step
from tray_agent.messages.rules.eligibility import (
    BirthdayKey,
    Candidate,
    Circumstances,
    Decision,
    Earlier,
    Eligible,
    MessageKey,
    NotEligible,
    ReminderKey,
    recheck_birthday,
    recheck_reminder,
)
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.texts.rendering import values_for
from tray_agent.messages.texts.templates import TemplateBook
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.prepare import earlier_reminder, is_revivable
from tray_agent.practice.model import Appointment, Patient, name_of

MOVED = "moved"
"""The reason of a message whose appointment has another start now; a message of its own says the new one."""

NOT_IN_TIME = "not_in_time"
"""The reason of a reminder that was still not sent when the appointment began."""

_NO_KNOWN: tuple[Known, ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that is right at this moment.

    Attributes:
        message: as it stands in the outbox (after ``Checked.changes`` were carried out).
        appointment: what it reminds of, for the calendar file; None for greetings.
        mandant_name: who is charged, as people call them.
    """

    message: OutboxMessage
    appointment: Appointment | None
    mandant_name: str = ""


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
        changes: of content before sending, by message number; a message whose change fails must not be sent.
        endings: what no longer applies, with its message.
        kept: what stays prepared for a later run, with the change that notes why.
        moved: what gets another message.
    """

    ready: list[Ready] = field(default_factory=list)
    changes: dict[int, Change] = field(default_factory=dict)
    endings: list[tuple[OutboxMessage, Change]] = field(default_factory=list)
    kept: list[tuple[OutboxMessage, Change]] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)


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
    checking = _Checking(parts, parts.circumstances(now, settings), parts.templates(), now, _Facts.read(parts, settings, messages))
    for message in messages:
        checking.judge(message)
    return checking.checked


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the practice and the outbox say about a chunk of messages now."""

    appointments: Mapping[str, Appointment]
    patients: Mapping[str, Patient]
    charged: Mapping[str, str]
    known: Mapping[str, Sequence[Known]]
    others: Mapping[str, Sequence[Known]]

    @classmethod
    def read(cls, parts: MessageParts, settings: Settings, messages: Sequence[OutboxMessage]) -> _Facts:
        appointment_ids = {message.appointment_id for message in messages if message.appointment_id}
        practice = parts.practice
        appointments = practice.appointments(appointment_ids) if appointment_ids else {}
        patient_ids = {message.patient_id for message in messages} | {appointment.patient_id for appointment in appointments.values()}
        with parts.database.read() as connection:
            known = entries.known_of_appointments(connection, appointment_ids)
            span = _span(parts, appointments.values()) if settings.yes(ONE_PER_DAY) else None
            others = entries.known_between(connection, patient_ids, *span) if span else []
        return cls(
            appointments,
            practice.patients(patient_ids),
            practice.last_mandants(patient_ids),
            _grouped((one.appointment_id or "", one) for one in known),
            _grouped((one.patient_id, one) for one in others),
        )


class _Checking:
    def __init__(self, parts: MessageParts, around: Circumstances, book: TemplateBook, now: datetime, facts: _Facts) -> None:
        self.checked = Checked()
        self._parts = parts
        self._around = around
        self._book = book
        self._now = now
        self._facts = facts

    def judge(self, message: OutboxMessage) -> None:
        decision = self._recheck(message)
        if isinstance(decision, NotEligible):
            if decision.may_wait:
                self._keep(message, decision)
            else:
                self.checked.endings.append((message, self._ending(message, decision)))
        elif decision.key == _key(message):
            self._confirm(message, decision)
        else:
            self._move(message, decision)

    def _recheck(self, message: OutboxMessage) -> Decision:
        appointment = self._facts.appointments.get(message.appointment_id or "")
        patient_id = appointment.patient_id if appointment else message.patient_id
        candidate = Candidate(appointment, self._facts.patients.get(patient_id), self._facts.charged.get(patient_id))
        key = _key(message)
        if isinstance(key, BirthdayKey):
            return recheck_birthday(key, candidate, self._around)
        return recheck_reminder(key, candidate, self._around, self._earlier(message, patient_id))

    def _earlier(self, message: OutboxMessage, patient_id: str) -> Earlier:
        known = [*self._facts.known.get(message.appointment_id or "", ()), *self._facts.others.get(patient_id, ())]
        reminders = {one.unique_key: earlier_reminder(one) for one in known if not is_revivable(one)}
        keys: set[MessageKey] = {reminder.key for reminder in reminders.values() if reminder}
        counting = {one.unique_key for one in known if one.counts}
        return Earlier(frozenset(keys), frozenset(reminder for key, reminder in reminders.items() if reminder and key in counting))

    def _keep(self, message: OutboxMessage, decision: NotEligible) -> None:
        if self._now >= message.expires_at:
            self.checked.endings.append((message, self._late(message)))
            return
        waiting = change_of(message, Step.POSTPONE, reason=decision.reason.value, sentence=decision.explanation)
        self.checked.kept.append((message, waiting))

    def _ending(self, message: OutboxMessage, decision: NotEligible) -> Change:
        if decision.reason is Reason.APPOINTMENT_BEGUN and decision.key == _key(message):  # not moved into the past
            return self._late(message)
        step = Step.REJECT if decision.entry else Step.CANCEL
        return change_of(message, step, reason=decision.reason.value, sentence=decision.explanation)

    def _late(self, message: OutboxMessage) -> Change:
        """Ends what was not sent in time: a reminder as an error that the practice must see."""
        if message.kind is MessageKind.BIRTHDAY:
            return change_of(message, Step.CANCEL, reason=Reason.BIRTHDAY_OVER.value, sentence=_("Der Geburtstag ist vorbei."))
        why = _("Der Termin hat begonnen, bevor die Erinnerung versendet werden konnte.")
        return change_of(message, Step.REJECT, reason=NOT_IN_TIME, sentence=" ".join(part for part in (why, message.sentence) if part))

    def _confirm(self, message: OutboxMessage, decision: Eligible) -> None:
        content = self._content(message, decision)
        if self._now >= message.expires_at:
            self.checked.endings.append((message, self._late(message)))
            return
        changed = {name: value for name, value in content.items() if getattr(message, name) != value}
        current = message
        if changed:
            stored = {name: value.value if isinstance(value, Channel) else value for name, value in changed.items()}
            self.checked.changes[message.id] = change_of(message, Step.RENDER_ANEW, **stored)
            current = replace(message, version=message.version + 1, **changed)
        appointment = self._facts.appointments.get(message.appointment_id or "")
        self.checked.ready.append(Ready(current, appointment, self._around.mandants[decision.mandant_id].name))

    def _move(self, message: OutboxMessage, decision: Eligible) -> None:
        content, key = self._content(message, decision), decision.key
        appointment = self._facts.appointments.get(message.appointment_id or "")
        if appointment is None:
            raise BugError(f"message {message.id} was moved without an appointment")
        draft = Draft(
            kind=message.kind,
            unique_key=key.text,
            next_at=self._now,
            appointment_id=appointment.id,
            **content,
        )
        said = _("Der Termin wurde auf {time} verschoben; dafür gibt es eine eigene Mitteilung.")
        ending = change_of(message, Step.CANCEL, reason=MOVED, sentence=said.format(time=format_datetime(appointment.starts_at)))
        same = [one for one in self._facts.known.get(appointment.id, _NO_KNOWN) if one.unique_key == key.text]
        self.checked.moved.append(Moved(ending, draft, same[0] if same else None))

    def _content(self, message: OutboxMessage, decision: Eligible) -> dict[str, Any]:
        patient = self._facts.patients[decision.patient_id]
        appointment = self._facts.appointments.get(message.appointment_id or "")
        values = values_for(patient, self._around.mandants[decision.mandant_id], self._parts.words, appointment)
        rendered = self._book.render(decision.template, values)
        begins = self._parts.instant(appointment.starts_at) if appointment else None
        return {
            "patient_id": patient.id,
            "patient_name": name_of(patient, patient.id),
            "channel": decision.channel,
            "mandant_id": decision.mandant_id,
            "recipient": decision.recipient,
            "language": decision.language,
            "subject": rendered.subject,
            "text": rendered.text,
            "segments": rendered.segment_count,
            "cost": rendered.cost,
            "appointment_at": begins,
            "expires_at": begins or message.expires_at,
        }


def change_of(message: OutboxMessage, step: Step, **values: Any) -> Change:  # noqa: ANN401 - any column's value
    """Returns a step that sending takes with a message."""
    return Change.of(message, step, Actor.SENDING, **values)


def _key(message: OutboxMessage) -> MessageKey:
    if message.appointment_id is None:
        return BirthdayKey(message.patient_id, year_in(message.unique_key))
    return ReminderKey(message.appointment_id, start_in(message.unique_key))


def _span(parts: MessageParts, appointments: Iterable[Appointment]) -> tuple[datetime, datetime] | None:
    """Returns the first midnight before and the first midnight after these appointments, or None where there are none."""
    starts = [appointment.starts_at for appointment in appointments]
    if not starts:
        return None
    end = datetime.combine(max(starts).date() + timedelta(days=1), time.min)
    return parts.instant(datetime.combine(min(starts), time.min)), parts.instant(end)


def _grouped(pairs: Iterable[tuple[str, Known]]) -> Mapping[str, Sequence[Known]]:
    groups: dict[str, list[Known]] = defaultdict(list)
    for key, known in pairs:
        groups[key].append(known)
    return groups
