"""Who gets a message, and what it says: the walk over candidates and the rendering that preparing, its preview and sending share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection

from tray_agent.errors import BugError
from tray_agent.messages.model import MessageState, Standing
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Draft, Known
from tray_agent.messages.outbox.keys import call_key, former_in, is_call_key, reference_of, start_in
from tray_agent.messages.outbox.model import OutboxReason
from tray_agent.messages.outbox.states import NEVER_LEFT
from tray_agent.messages.rules.eligibility import (
    WRONGLY_INFORMED,
    BirthdayKey,
    Candidate,
    Circumstances,
    Decision,
    Earlier,
    EarlierReminder,
    Eligible,
    NotEligible,
    NoticeKey,
    PreparingBatch,
    ReminderKey,
    SearchWindow,
    birthdays_greeted_on,
    grouped,
)
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.rules.truth import truth_of
from tray_agent.messages.texts.rendering import Placeholder, Rendered, parse, values_for
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.steps import CHUNK
from tray_agent.practice.model import Appointment, Patient, name_of

Item = TypeVar("Item")

_NOTHING = Earlier()


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with what is needed to write it down.

    Attributes:
        key: under which it is written.
        known: what the outbox has under that key.
    """

    decision: Decision
    key: str
    patient_id: str
    patient: Patient | None
    appointment: Appointment | None
    known: Known | None

    @property
    def was_refused(self) -> bool:
        """Returns whether the gateway refused this very recipient for good: that is not tried again."""
        known, decision = self.known, self.decision
        if known is None or not isinstance(decision, Eligible):
            return False
        return known.state is MessageState.ERROR and known.attempts > 0 and known.recipient == decision.recipient

    @property
    def stands_there(self) -> bool:
        """Returns whether the practice has an entry of what it is to put right: of this patient, and not of what was ticked off before."""
        known, decision = self.known, self.decision
        if known is None or known.state is not MessageState.ERROR or not isinstance(decision, NotEligible):
            return False
        anew = known.handled_at is not None and decision.reason in WRONGLY_INFORMED
        return known.patient_id == self.patient_id and not anew


@dataclass(frozen=True, slots=True)
class Drafting:
    """What is around the candidates at one moment, and how messages are written then.

    Attributes:
        now: aware, by the database's clock.
    """

    parts: MessageParts
    around: Circumstances
    now: datetime

    def draft(
        self, decision: Eligible, patient: Patient | None, appointment: Appointment | None, expires_at: datetime | None = None
    ) -> Draft:
        """Returns the message that a decision asks for, as it is written now.

        Args:
            decision: who gets it, on which way.
            patient: of whom the text speaks.
            appointment: from whose start on it is not sent any more; None for a greeting.
            expires_at: of a greeting; by default the end of the practice's day.
        """
        rendered, template = self.rendered(decision, patient, appointment), decision.template
        former, key = former_of(decision), decision.key.text
        begins = self.begin_of(appointment)
        expires_at = begins or expires_at or self.end_of_day()
        if former is not None and former > self.around.now:  # who comes at the former time is not helped by a notice any more
            expires_at = min(expires_at, self.parts.instant(former))
        names_doctor = Placeholder.DOCTOR in (*parse(template.subject).placeholders, *parse(template.text).placeholders)
        return Draft(
            kind=decision.kind,
            unique_key=key,
            patient_id=decision.patient_id,
            patient_name=name_of(patient, decision.patient_id),
            next_at=self.now,
            expires_at=expires_at,
            channel=decision.channel,
            mandant_id=decision.mandant_id,
            appointment_id=appointment.id if appointment else None,
            recipient=decision.recipient,
            language=decision.language,
            subject=rendered.subject,
            text=rendered.text,
            segments=rendered.segment_count,
            cost=rendered.cost,
            appointment_at=begins,
            doctor=(appointment.doctor or None) if appointment and names_doctor else None,
            reference=reference_of(key, self.around.mandants[decision.mandant_id].licence_number or ""),
        )

    def rendered(self, decision: Eligible, patient: Patient | None, appointment: Appointment | None) -> Rendered:
        """Returns the text that a decision asks for, as it is written now."""
        if patient is None:
            raise BugError("nobody is eligible without a patient")
        former = former_of(decision)
        values = values_for(patient, self.around.mandants[decision.mandant_id], self.parts.words, appointment, former)
        return self.around.templates.render(decision.template, values)

    def begin_of(self, appointment: Appointment | None) -> datetime | None:
        """Returns the start of an appointment as an instant."""
        return self.parts.instant(appointment.starts_at) if appointment else None

    def end_of_day(self) -> datetime:
        """Returns the end of the practice's day as an instant."""
        return self.parts.instant(datetime.combine(self.around.today + timedelta(days=1), time.min))


def former_of(decision: Decision) -> datetime | None:
    """Returns the start that a patient was told before, where a decision is about a notice that replaces it: local wall clock, naive."""
    return decision.key.former if isinstance(decision.key, NoticeKey) else None


class Deciding:
    """Decides who gets a message at one moment, chunk by chunk: for preparing, and for its preview.

    Args:
        drafting: the moment.
        writes: whether each chunk is written to the outbox before the next is decided: then nothing else need remember it.
    """

    def __init__(self, drafting: Drafting, *, writes: bool) -> None:
        self._parts, self._around = drafting.parts, drafting.around
        self._writes = writes
        self._batch = PreparingBatch(self._around)
        self._undated: set[str] = set()
        self._passed_batch = PreparingBatch(replace(self._around, made_up=self._around.passed))

    def reminders(self) -> Iterator[list[Decided]]:
        """Gives a decision for each appointment of the days that are searched, by start.

        Of the days that were searched before and are not any more it gives those that would have been reminded and are not, because
        they were booked or made definite afterwards.
        """
        for span, is_passed in _spans(self._around):
            for appointments in _in_chunks(self._parts.practice.appointments_between(span.begin, span.end)):
                if is_passed:
                    yield self._booked_afterwards(appointments)
                else:
                    yield self.of_appointments(self._once(appointments))

    def _once(self, appointments: Sequence[Appointment]) -> Sequence[Appointment]:
        """Leaves out the appointments of which no day is known, where they came with other days already."""
        fresh = [one for one in appointments if one.is_dated or one.id not in self._undated]
        self._undated |= {one.id for one in fresh if not one.is_dated}
        return fresh

    def greetings(self) -> Iterator[list[Decided]]:
        """Gives a decision for each patient whose birthday is greeted today."""
        for patients in _in_chunks(self._parts.practice.patients_born_on(birthdays_greeted_on(self._around.today))):
            yield self._greetings_of(patients, self._next_batch())

    def _next_batch(self) -> PreparingBatch:
        if self._writes:  # a large practice would not fit into memory
            self._batch = PreparingBatch(self._around)
        return self._batch

    def of_appointments(self, appointments: Sequence[Appointment]) -> list[Decided]:
        """Returns a decision for each of some appointments, which come by start."""
        return self._of_appointments(appointments, self._next_batch())

    def _of_appointments(self, appointments: Sequence[Appointment], batch: PreparingBatch) -> list[Decided]:
        patient_ids = {appointment.patient_id for appointment in appointments}
        patients = self._parts.practice.patients(patient_ids)
        charged = self._parts.practice.last_mandants(patient_ids)
        appointment_ids = {appointment.id for appointment in appointments}
        one_per_day = self._around.settings.one_per_day
        known = KnownReminders.read(self._parts, appointment_ids, patient_ids, appointments if one_per_day else ())
        decided = []
        for appointment in appointments:
            patient = patients.get(appointment.patient_id)
            candidate = Candidate(appointment, patient, charged.get(appointment.patient_id))
            decision = batch.reminder(candidate, known.earlier(appointment.id, appointment.patient_id))
            key = (decision.key or ReminderKey.of(appointment)).text
            if isinstance(decision, NotEligible) and decision.reason in WRONGLY_INFORMED:
                key = call_key(ReminderKey.of(appointment).text)  # an entry of its own, beside the reminder that went out
            decided.append(Decided(decision, key, appointment.patient_id, patient, appointment, known.of_key(appointment.id, key)))
        return decided

    def _booked_afterwards(self, appointments: Sequence[Appointment]) -> list[Decided]:
        with self._parts.database.read() as connection:
            known = entries.known_of_appointments(connection, {appointment.id for appointment in appointments})
        now = self._parts.instant(self._around.now)
        of_message = {one.appointment_id for one in known if one.appointment_at and one.appointment_at > now}  # these are compared
        new = [appointment for appointment in appointments if appointment.id not in of_message]
        decided = self._of_appointments(new, self._passed_batch) if new else []
        eligible = ((one, one.decision) for one in decided if isinstance(one.decision, Eligible))
        return [replace(one, decision=decision.refused(Reason.BOOKED_AFTERWARDS)) for one, decision in eligible]

    def _greetings_of(self, patients: Sequence[Patient], batch: PreparingBatch) -> list[Decided]:
        charged = self._parts.practice.last_mandants({patient.id for patient in patients})
        keys = {patient.id: BirthdayKey(patient.id, self._around.today.year) for patient in patients}
        with self._parts.database.read() as connection:
            known = {one.unique_key: one for one in entries.known_of_keys(connection, [key.text for key in keys.values()])}
        decided = []
        for patient in patients:
            key = keys[patient.id]
            there = known.get(key.text)
            earlier = Earlier(frozenset({key})) if there and not is_revivable(there, patient.id) else _NOTHING
            decision = batch.birthday(Candidate(None, patient, charged.get(patient.id)), earlier)
            decided.append(Decided(decision, key.text, patient.id, patient, None, there))
        return decided


Words: TypeAlias = tuple[datetime, str | None, str, str]
"""What is said on a day (its beginning, aware): the recipient, subject and text."""


class SaidWords:
    """What is said to which number on a day, so that the same words go once: two rows of one booking, one person recorded twice.

    Only what is not written yet is kept word for word; the outbox has the rest. It is asked where it may hold the same words, so that a
    day of 100,000 appointments takes no more room than one of forty.

    Args:
        drafting: the moment.
    """

    def __init__(self, drafting: Drafting) -> None:
        self._parts, self._drafting = drafting.parts, drafting
        self._begin = self._end = drafting.now
        self._days: set[datetime] = set()
        self._unwritten: dict[Words, str] = {}
        self._heard = _Heard()

    def by(self, draft: Draft) -> str | None:
        """Returns the key of the message that says the same already; None where there is none: then this one says it from now on."""
        if not self._begin <= (draft.appointment_at or self._begin) < self._end:
            self._turn_to(draft.appointment_at)
        words = self._begin, draft.recipient, draft.subject, draft.text
        said_by = self._unwritten.get(words)
        if said_by is None and self._heard.add(words):
            said_by = self._written_by(draft)
        if said_by is None:
            self._unwritten[words] = draft.unique_key
        return None if said_by == draft.unique_key else said_by

    def written(self) -> None:
        """Notes that the outbox has all that was said so far."""
        self._unwritten.clear()

    def _turn_to(self, appointment_at: datetime | None) -> None:
        day = self._parts.local(appointment_at).date() if appointment_at else self._drafting.around.today
        begin = datetime.combine(day, time.min)
        self._begin, self._end = self._parts.instant(begin), self._parts.instant(begin + timedelta(days=1))
        if self._begin not in self._days:
            self._days.add(self._begin)
            with self._parts.database.read() as connection:
                for recipient, subject, text, _key in self._in_outbox(connection, appointment_at):
                    self._heard.add((self._begin, recipient, subject, text))

    def _written_by(self, draft: Draft) -> str | None:
        words = draft.recipient, draft.subject, draft.text
        with self._parts.database.read() as connection:
            said = {tuple(said): key for *said, key in self._in_outbox(connection, draft.appointment_at, draft.recipient)}
        return said.get(words)

    def _in_outbox(
        self, connection: Connection, appointment_at: datetime | None, recipient: str | None = None
    ) -> Iterator[tuple[str | None, str, str, str]]:
        if appointment_at is None:
            return entries.greeted_since(connection, self._begin, recipient)
        return entries.said_between(connection, self._begin, self._end, recipient)


class _Heard:
    """Tells what was never added, in the same room for few and for many (a Bloom filter); of the rest, that it may have been."""

    _BITS = 2**25  # 4 MiB; of a million on one day fewer than one in a thousand is looked up in vain

    def __init__(self) -> None:
        self._bits = bytearray(self._BITS // 8)

    def add(self, words: Words) -> bool:
        """Returns whether words may have been added before, and adds them."""
        digest, there = hash(words), True
        for shift in (0, 13, 26):
            place, bit = divmod((digest >> shift) % self._BITS, 8)
            there = there and bool(self._bits[place] & 1 << bit)
            self._bits[place] |= 1 << bit
        return there


@dataclass(frozen=True, slots=True)
class KnownReminders:
    """What the outbox knows of some appointments and, where one reminder a day is enough, of their patients on their days."""

    _of_appointment: Mapping[str, Sequence[Known]]
    _of_patient: Mapping[str, Sequence[Known]]
    _earlier: Mapping[int, EarlierReminder]
    _written: Mapping[int, Known]

    @classmethod
    def read(
        cls, parts: MessageParts, appointment_ids: Collection[str], patient_ids: Collection[str], days: Collection[Appointment]
    ) -> KnownReminders:
        """Reads it in two queries.

        Args:
            parts: what to work with.
            appointment_ids: of the appointments, whose messages at any start are read.
            patient_ids: of the patients.
            days: on whose days the patients' other reminders are read; none: not at all.
        """
        # A start that can't be read is the first instant there is, and placeholders are the last: neither has a day beside it.
        starts = [appointment.starts_at for appointment in days if 1 < appointment.starts_at.year < 9999]
        with parts.database.read() as connection:
            written = entries.known_of_appointments(connection, appointment_ids)
            of_appointment = _as_said(connection, written)
            of_patient: list[Known] = []
            if starts:
                begin = datetime.combine(min(starts), time.min)
                end = datetime.combine(max(starts) + timedelta(days=1), time.min)
                of_day = entries.known_between(connection, patient_ids, parts.instant(begin), parts.instant(end))
                of_patient = _as_said(connection, of_day)
        there = {appointment.id: appointment for appointment in days}
        others = {one.appointment_id for one in of_patient if one.appointment_id} - there.keys()
        there |= parts.practice.appointments(others) if others else {}
        earlier = {
            one.id: reminder
            for one in (*of_appointment, *of_patient)
            if (reminder := _earlier_reminder(parts, one, there.get(one.appointment_id or "") if of_patient else None))
        }
        by_appointment, by_patient = (
            grouped(of_appointment, lambda one: one.appointment_id or ""),
            grouped(of_patient, lambda one: one.patient_id),
        )
        return cls(by_appointment, by_patient, earlier, {one.id: one for one in written})

    def of_key(self, appointment_id: str, key: str) -> Known | None:
        """Returns the message of an appointment that has a key, as it is written."""
        found = next((one for one in self._of_appointment.get(appointment_id, ()) if one.unique_key == key), None)
        return None if found is None else self._written.get(found.id, found)

    def number_left(self, appointment_id: str) -> int:
        """Returns how many messages about an appointment were handed over, whatever became of them; none that is prepared."""
        known = self._of_appointment.get(appointment_id, ())
        return sum(one.sending_at is not None and one.state not in NEVER_LEFT for one in known)

    def earlier(self, appointment_id: str, patient_id: str) -> Earlier:
        """Returns what the decision on one appointment of a patient needs to know."""
        known = [*self._of_appointment.get(appointment_id, ()), *self._of_patient.get(patient_id, ())]
        if not known:
            return _NOTHING
        reminders = [(one, reminder) for one in known if (reminder := self._earlier.get(one.id))]
        used = (reminder.key for one, reminder in reminders if not is_revivable(one, patient_id) and not is_call_key(one.unique_key))
        return Earlier(
            keys=frozenset(used),
            reminders=frozenset(reminder for one, reminder in reminders if one.counts or one.told_at),
        )


def _as_said(connection: Connection, known: Sequence[Known]) -> list[Known]:
    """Returns messages, of which those whose words another says are as that one is: who read it was told."""
    said_by = {one.said_by for one in known if one.said_by}
    if not said_by:
        return list(known)
    saying = {one.unique_key: one for one in entries.known_of_keys(connection, said_by)}
    return [_as_saying(one, saying.get(one.said_by or "")) for one in known]


def _as_saying(one: Known, saying: Known | None) -> Known:
    if saying is None or not saying.counts or saying.recipient != one.recipient:  # it went to another number: this one heard nothing
        return one
    return replace(one, state=saying.state, reason=saying.reason, sending_at=saying.sending_at, handled_at=saying.handled_at)


def is_revivable(known: Known, patient_id: str) -> bool:
    """Returns whether a message may be prepared anew for a patient: nothing ever left for its key, and nobody ticked it off.

    Who cancelled it for one patient did not speak of another, to whom the appointment was given since.
    """
    if known.said_by is not None and known.patient_id != patient_id:
        return True
    if known.reason == OutboxReason.BY_PERSON:
        return not known.counts and known.patient_id != patient_id
    return not known.counts and known.handled_at is None


def _earlier_reminder(parts: MessageParts, known: Known, appointment: Appointment | None) -> EarlierReminder | None:
    """Returns what a decision needs of a message; ``appointment``: as it is now, where its day matters."""
    if known.appointment_id is None:
        return None
    starts_at, former = start_in(known.unique_key), former_in(known.unique_key)
    key = ReminderKey(known.appointment_id, starts_at) if former is None else NoticeKey(known.appointment_id, starts_at, former)
    if appointment is None:
        stands = known.standing is not Standing.DELETED
    else:
        stands = truth_of(starts_at, known.patient_id, appointment) is Standing.AS_TOLD
    prepared_on, failed = parts.local(known.prepared_at).date(), known.state is MessageState.FAILED
    return EarlierReminder(key, known.patient_id, known.told_at, known.doctor, prepared_on, stands, known.id, failed)


def _spans(around: Circumstances) -> Iterator[tuple[SearchWindow, bool]]:
    """Gives the days to be looked at in spans, by day, and of each whether it was searched before and is not any more."""
    first: date | None = None
    days = sorted({*around.window.days, *around.made_up, *around.passed})
    for day, following in zip_longest(days, days[1:]):
        first, is_passed = first or day, day in around.passed
        if following != day + timedelta(days=1) or (following in around.passed) != is_passed:
            yield SearchWindow(first, day), is_passed
            first = None


def _in_chunks(source: Iterable[list[Item]]) -> Iterator[list[Item]]:
    """Cuts what a source gives into chunks of our own size: a source may give few at a time, or all at once."""
    waiting: list[Item] = []
    for part in source:
        waiting += part
        while len(waiting) >= CHUNK:
            yield waiting[:CHUNK]
            waiting = waiting[CHUNK:]
    if waiting:
        yield waiting
