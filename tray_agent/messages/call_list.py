"""The call list: the patients to be reminded by other means, and what a person says of them.

On it is (decision records 0018 and 0019):

- a reminder or notice that could not be prepared or sent, was refused, was not delivered, or of which that is unknown;
- what is not sent yet and would leave too late for somebody to call, or leaves only if trouble that lasts comes to an end;
- what is not sent because its appointment or patient is not found, as soon as less than two working hours are left;
- what is in doubt shortly before its appointment; what was not sent in time, until somebody ticks it off;
- who was told something that is wrong now, where no message puts that right in time.

Not on it is whom nobody should call: the appointment is cancelled, deleted, another patient's, or moved to another day about which a run
of preparing still decides (then its reminder tells); the patient has died or wants no messages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property

from sqlalchemy import Connection

from tray_agent.config.settings import OFFSET_START, REPEAT_MOVED, Settings
from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_datetime, format_time, join_texts
from tray_agent.messages.model import MessageKind, MessageState, Standing
from tray_agent.messages.outbox import entries, listing
from tray_agent.messages.outbox.entries import Draft, Known
from tray_agent.messages.outbox.keys import call_key, reminder_key, start_in
from tray_agent.messages.outbox.model import CallEntry, OutboxMessage, OutboxReason
from tray_agent.messages.outbox.states import MISSED, NEVER_LEFT, TOLD
from tray_agent.messages.outbox.ticks import beside_of
from tray_agent.messages.rules.in_time import TIME_TO_CALL, hours_ahead
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.rules.truth import names_another_doctor, start_of, truth_of
from tray_agent.messages.work.parts import MessageParts
from tray_agent.practice.model import Appointment, AppointmentStatus, Patient, name_of
from tray_agent.schedules.quiet_hours import QuietHours, QuietKind

LATE_FOR = timedelta(days=31)
"""What was not sent in time stays on the list until it is ticked off, but not for ever."""

AT_ONCE = 1000
"""So many messages are compared with the agenda at once."""


class CallList:
    """The list at one moment. Calls block on databases.

    Args:
        parts: what to work with.
    """

    def __init__(self, parts: MessageParts) -> None:
        self._parts = parts
        self._ahead = parts.outlook()
        self._settings: Settings = parts.settings()
        with parts.database.read() as connection:
            self._now = parts.database.now(connection)

    def entries(self, since: datetime | None = None) -> Sequence[CallEntry]:
        """Returns who is to be called, the earliest appointment first.

        Args:
            since: only appointments from here on (aware); by default those that have not begun yet.
        """
        with self._parts.database.read() as connection:
            missed = self._missed(connection, since or self._now)
        found = list(self._still_missed(missed))
        listed = {entry.message.id for entry in found}  # of which it is unknown whether it arrived may be wrong, too: one call
        found += [entry for entry in self._wrongly_told() if entry.message.id not in listed]
        return sorted(found, key=lambda entry: (begins(entry.message), entry.message.id))

    def by_store_alone(self) -> Sequence[CallEntry]:
        """Returns who is to be called as far as the store alone tells, for a time in which the practice's data can't be read."""
        with self._parts.database.read() as connection:
            missed = self._missed(connection, self._now)
        gone = (Standing.CANCELLED, Standing.DELETED)
        found = [_entry(one, None, self._why(one, None)) for one in missed if one.standing not in gone]
        return [replace(entry, is_known=False) for entry in sorted(found, key=lambda entry: (begins(entry.message), entry.message.id))]

    def ticked(self, since: datetime, *, from_store_alone: bool = False) -> Sequence[CallEntry]:
        """Returns who was ticked off, the earliest appointment first.

        Args:
            since: from here on (aware).
            from_store_alone: whether the practice's data are left alone, because they can't be read.
        """
        with self._parts.database.read() as connection:
            messages = listing.ticked(connection, since, since - LATE_FOR)
            beside = {one.id: one for one in entries.read_messages(connection, [number for one in messages for number in beside_of(one)])}
        shown = [_as_told(one, beside) for one in messages]
        appointments = {} if from_store_alone else self._appointments(shown)
        patients = {} if from_store_alone or not shown else self._parts.practice.patients({one.patient_id for one in shown})
        done = (_entry(one, patients.get(one.patient_id), one.sentence, appointments.get(one.appointment_id or "")) for one in shown)
        found = [replace(entry, is_done=True, is_known=not from_store_alone) for entry in done]
        return sorted(found, key=lambda entry: (begins(entry.message), entry.message.id))

    def leaves_when(self, message: OutboxMessage) -> str:
        """Returns when a message that is not sent yet leaves by what is planned, and whether that is too late."""
        begin, ahead, now = message.appointment_at, self._ahead, self._now
        if begin and begin <= now:
            return _("Der Termin hat begonnen, bevor die Erinnerung versendet werden konnte.")
        if ahead.at is None:
            return _("Wird zur Zeit nicht von selbst gesendet.")
        if ahead.at <= now and not (begin and now + TIME_TO_CALL > begin):
            return _("Wird jetzt gesendet.")
        at, today = self._parts.local(ahead.at), self._parts.local(now).date()
        when = format_time(at) if at.date() == today else format_datetime(at)
        if begin and ahead.at + TIME_TO_CALL > begin:
            return _("Nächster Versuch {when}, zu spät für diesen Termin.").format(when=when)
        return _("Nächster Versuch {when}.").format(when=when)

    # What did not reach its patient

    def _missed(self, connection: Connection, since: datetime) -> list[OutboxMessage]:
        doubtful = [one for one in listing.in_doubt(connection) if one.kind.is_of_appointment and begins(one) >= since]
        leaves = self._ahead.at + TIME_TO_CALL if self._ahead.at else None
        calls = self._hours_ahead if doubtful or self._ahead.held_up else self._now
        unsent_before = max(leaves, calls) if leaves and self._ahead.held_up else leaves
        messages = listing.not_reached(connection, since, self._now - LATE_FOR, unsent_before, self._hours_ahead)
        return messages + [one for one in doubtful if one.expires_at < max(calls, leaves or calls)]

    def _still_missed(self, missed: Sequence[OutboxMessage]) -> Iterator[CallEntry]:
        """Gives those about whom somebody should still call, by the practice's data as they are now."""
        appointments = self._appointments(missed)
        patients = self._parts.practice.patients({one.patient_id for one in missed}) if missed else {}
        others = self._known(one.appointment_id for one in missed)
        for message in missed:
            appointment, patient = appointments.get(message.appointment_id or ""), patients.get(message.patient_id)
            if self._asks_for_a_call(message, appointment, patient, others.get(message.appointment_id or "", ())):
                yield _entry(self._as_now(message, appointment), patient, self._why(message, appointment), appointment)

    def _asks_for_a_call(
        self, message: OutboxMessage, appointment: Appointment | None, patient: Patient | None, others: Sequence[Known]
    ) -> bool:
        if patient is not None and (patient.is_deceased or patient.seems_deceased or patient.opted_out):
            return False
        if appointment is None:  # not found is no reason to forget anybody, before it is believed to be deleted
            return message.standing is not Standing.DELETED and not self._is_outdated(message.id, others)
        if appointment.status not in (AppointmentStatus.DEFINITE, AppointmentStatus.UNKNOWN):
            return False
        truth = _truth(message, appointment)
        if truth is not Standing.MOVED:
            return truth is Standing.AS_TOLD and not _was_told_since(message, others)
        now = start_of(appointment)
        has_own = any(start_in(one.unique_key) == now and one.state is not MessageState.CANCELLED for one in others)
        newest = max((one.id for one in others if one.state in MISSED), default=message.id)
        same_day = start_in(message.unique_key).date() == now.date()
        return (same_day or not self._is_decided_anew(message, now)) and not has_own and message.id >= newest

    def _why(self, message: OutboxMessage, appointment: Appointment | None) -> str:
        moved = ""
        if appointment is not None and _truth(message, appointment) is Standing.MOVED:
            moved = _("Der Termin ist neu um {time}.").format(time=format_datetime(start_of(appointment)))
        if message.state is MessageState.PREPARED:
            return join_texts(moved, self.leaves_when(message), message.sentence)
        return join_texts(moved, message.sentence)

    def _as_now(self, message: OutboxMessage, appointment: Appointment | None) -> OutboxMessage:
        """Returns a message with the time that its appointment has now, as the list shows it."""
        if appointment is None or _truth(message, appointment) is not Standing.MOVED:
            return message
        return replace(message, appointment_at=self._parts.instant(start_of(appointment)))

    # Who was told something that is wrong now

    def _wrongly_told(self) -> Iterator[CallEntry]:
        """Gives those who were told something that is wrong now, and whom the next run of preparing tells too late, or not.

        Whose time that was told has passed today knows what is true, but for who has that appointment now instead, at a later time.
        """
        today = self._parts.instant(datetime.combine(self._parts.local(self._now).date(), time.min))
        after: tuple[datetime, int] | None = None
        while True:
            with self._parts.database.read() as connection:
                known = entries.known_ahead(connection, today, after, AT_ONCE)
            if not known:
                return
            after = (known[-1].appointment_at or self._now, known[-1].id)
            told = [one for one in known if one.told_at is not None and one.appointment_id]
            found = self._parts.practice.appointments({one.appointment_id for one in told if one.appointment_id})
            wrong = [one for one in told if self._is_wrong(one, found.get(one.appointment_id or ""))]
            wrong = [one for one in wrong if self._is_ahead(one) or one.patient_id != found[one.appointment_id or ""].patient_id]
            if wrong:
                yield from self._entries_of(wrong, found)
            yield from self._told_and_absent([one for one in told if one.appointment_id not in found and self._is_ahead(one)])

    def _is_ahead(self, told: Known) -> bool:
        return told.appointment_at is not None and told.appointment_at > self._now

    def _told_and_absent(self, told: Sequence[Known]) -> Iterator[CallEntry]:
        """Gives those whose appointment is not found shortly before it begins: nobody knows whether they come in vain."""
        soon = [
            one
            for one in told
            if one.standing is not Standing.DELETED
            and not _is_handled_since(one)
            and one.appointment_at
            and one.appointment_at < self._hours_ahead
        ]
        known = self._known(one.appointment_id for one in soon)
        soon = [one for one in soon if not self._is_outdated(one.id, known[one.appointment_id or ""])]
        if not soon:
            return
        with self._parts.database.read() as connection:
            messages = entries.read_messages(connection, [one.id for one in soon])
        patients = self._parts.practice.patients({one.patient_id for one in messages})
        for message in messages:
            patient, reason = patients.get(message.patient_id), Reason.APPOINTMENT_MISSING
            if patient is None or not (patient.is_deceased or patient.opted_out):
                yield _entry(message, patient, join_texts(reason.sentence, reason.advice), reason=reason)

    def _is_wrong(self, told: Known, appointment: Appointment | None) -> bool:
        if appointment is None or appointment.status is not AppointmentStatus.DEFINITE:
            return False
        truth = truth_of(start_in(told.unique_key), told.patient_id, appointment)
        if truth is Standing.MOVED:
            return self._settings.yes(REPEAT_MOVED)
        if told.patient_id == appointment.patient_id and names_another_doctor(told.doctor, appointment):
            return True
        return truth is Standing.REASSIGNED

    def _entries_of(self, wrong: Sequence[Known], found: Mapping[str, Appointment]) -> Iterator[CallEntry]:
        known = self._known(one.appointment_id for one in wrong)
        last = {appointment_id: _told_last(of_one) for appointment_id, of_one in known.items()}
        to_tell = [
            last[one.appointment_id or ""] or one
            for one in wrong
            if self._is_last_word(one, last.get(one.appointment_id or ""), found[one.appointment_id or ""])
            and not self._has_message(found[one.appointment_id or ""], known[one.appointment_id or ""])
            and self._is_told_too_late(one, found[one.appointment_id or ""])
        ]
        if not to_tell:
            return
        patients = self._parts.practice.patients({found[one.appointment_id or ""].patient_id for one in to_tell})
        with self._parts.database.read() as connection:
            messages = {one.id: one for one in entries.read_messages(connection, [one.id for one in to_tell])}
        for one in to_tell:
            appointment = found[one.appointment_id or ""]
            patient = patients.get(appointment.patient_id)
            if patient is None or not (patient.is_deceased or patient.opted_out):
                yield self._told_entry(messages[one.id], appointment, patient)

    def _is_last_word(self, told: Known, last: Known | None, appointment: Appointment) -> bool:
        """Returns whether a message is what its patient was told last; of the doctor also an earlier one, where the last names none."""
        if told == last:
            return True
        is_right = last is not None and truth_of(start_in(last.unique_key), last.patient_id, appointment) is Standing.AS_TOLD
        return is_right and last is not None and not last.doctor and names_another_doctor(told.doctor, appointment)

    def _told_entry(self, message: OutboxMessage, appointment: Appointment, patient: Patient | None) -> CallEntry:
        told = start_in(message.unique_key)
        reason = _reason_of(message, appointment)
        said = _("Mitgeteilt war {told}, jetzt ist der Termin {now}.").format(
            told=format_datetime(told), now=format_datetime(start_of(appointment))
        )
        sentence = join_texts(reason.sentence, said if told != start_of(appointment) else "", reason.advice)
        shown = replace(
            message,
            patient_id=appointment.patient_id,
            patient_name=name_of(patient, appointment.patient_id),
            appointment_at=self._parts.instant(start_of(appointment)),
        )
        return _entry(shown, patient, sentence, appointment, reason)

    def _has_message(self, appointment: Appointment, known: Sequence[Known]) -> bool:
        """Returns whether a message, or an entry on this list, tells what is true of an appointment now."""
        now = start_of(appointment)
        return any(start_in(one.unique_key) == now and one.patient_id == appointment.patient_id and _tells(one) for one in known)

    def _is_decided_anew(self, message: OutboxMessage | Known, now: datetime) -> bool:
        """Returns whether a run of preparing still decides about an appointment's start of now: it searches that day, or compares."""
        at = self._next_telling
        if self._parts.instant(now) <= self._now:
            return True  # nobody calls because of what has begun
        if at is None:
            return False
        compares = message.appointment_at is not None and message.appointment_at > at
        return compares or now.date() >= self._parts.local(at).date() + timedelta(days=self._settings.number(OFFSET_START))

    def _is_told_too_late(self, told: Known, appointment: Appointment) -> bool:
        at, start = self._next_telling, start_of(appointment)
        if told.patient_id != appointment.patient_id:  # who has it now knows nothing of the former time
            if at is None:
                return start_in(told.unique_key) == start
            is_late = at + TIME_TO_CALL > self._parts.instant(start) or not self._is_decided_anew(told, start)
            return is_late and self._parts.instant(start) > self._now
        needed = min(told.appointment_at or self._now, self._parts.instant(start_of(appointment)))
        return self._parts.instant(start_of(appointment)) > self._now and (at is None or at + TIME_TO_CALL > needed)

    # Small things

    @cached_property
    def _next_telling(self) -> datetime | None:
        try:
            return self._parts.next_telling()
        except KnownError:
            return None

    def _is_outdated(self, number: int, known: Sequence[Known]) -> bool:
        """Returns whether of an appointment that is not found another message asks for the call: a later one, said or to be said."""
        return any(
            one.id > number and (one.state in MISSED or one.told_at is not None) and (one.appointment_at or self._now) > self._now
            for one in known
        )

    @cached_property
    def _hours_ahead(self) -> datetime:
        quiet = QuietHours.from_settings(self._settings, self._parts.canton)

        def is_free(day: date) -> bool:
            """Returns whether the practice is closed on a day: the switches name quiet Sundays and holidays."""
            return quiet.kind(datetime.combine(day, time(12))) in (QuietKind.SUNDAY, QuietKind.HOLIDAY)

        return hours_ahead(self._now, self._parts.zone, is_free)

    def _appointments(self, messages: Sequence[OutboxMessage]) -> Mapping[str, Appointment]:
        wanted = {one.appointment_id for one in messages if one.appointment_id}
        return self._parts.practice.appointments(wanted) if wanted else {}

    def _known(self, appointment_ids: Iterator[str | None]) -> dict[str, list[Known]]:
        wanted = {one for one in appointment_ids if one}
        if not wanted:
            return {}
        found: dict[str, list[Known]] = {one: [] for one in wanted}
        with self._parts.database.read() as connection:
            for one in entries.known_of_appointments(connection, wanted):
                found[one.appointment_id or ""].append(one)
        return found


@dataclass(frozen=True, slots=True)
class SaidOtherwise:
    """What a person said by ticking off.

    Attributes:
        drafts: by message, the entry that says that its patient was told what is true now, which the message does not say.
        absent: the messages that their patients were told, and whose appointments are missing.
    """

    drafts: Mapping[int, Draft]
    absent: Sequence[OutboxMessage]


def said_otherwise(parts: MessageParts, messages: Collection[OutboxMessage], now: datetime) -> SaidOtherwise:
    """Returns what a person says who ticks messages off.

    Args:
        parts: what to work with.
        messages: as they were before.
        now: aware.
    """
    wanted = {one.appointment_id for one in messages if one.appointment_id}
    found = parts.practice.appointments(wanted) if wanted else {}
    patients = parts.practice.patients({one.patient_id for one in found.values()}) if found else {}
    told = [one for one in messages if one.state in TOLD or _is_told_otherwise(one)]
    drafts = {}
    for one in messages:
        appointment = found.get(one.appointment_id or "")
        if appointment is not None and _says_otherwise(one, appointment, told):
            drafts[one.id] = _draft(parts, one, appointment, patients.get(appointment.patient_id), now)
    absent = [one for one in told if one.appointment_id and one.appointment_id not in found]
    return SaidOtherwise(drafts, absent)


def _is_told_otherwise(message: OutboxMessage) -> bool:
    return message.handled_at is not None and (message.state in MISSED or message.reason == OutboxReason.REMINDED_OTHERWISE)


def _says_otherwise(message: OutboxMessage, appointment: Appointment, told: Collection[OutboxMessage]) -> bool:
    """Returns whether ticking a message off says another thing than the message: an entry of what reached nobody is ticked off itself."""
    truth = _truth(message, appointment)
    wrong = truth is not Standing.AS_TOLD or names_another_doctor(message.doctor, appointment)
    return truth is Standing.MOVED or (message in told and (wrong or message.state in TOLD))


def _draft(parts: MessageParts, message: OutboxMessage, appointment: Appointment, patient: Patient | None, now: datetime) -> Draft:
    starts_at = start_of(appointment)
    reason = _reason_of(message, appointment)
    return Draft(
        kind=MessageKind.REMINDER,
        unique_key=call_key(reminder_key(appointment.id, starts_at)),
        patient_id=appointment.patient_id,
        patient_name=name_of(patient, appointment.patient_id),
        next_at=now,
        expires_at=parts.instant(starts_at),
        state=MessageState.ERROR,
        mandant_id=message.mandant_id,
        appointment_id=appointment.id,
        reason=reason.value,
        sentence=reason.sentence,
        appointment_at=parts.instant(starts_at),
        doctor=appointment.doctor,
    )


def begins(message: OutboxMessage) -> datetime:
    """Returns when a message is of no use any more at the latest: the start of its appointment, or the end of the birthday."""
    return message.appointment_at or message.expires_at


def _truth(message: OutboxMessage, appointment: Appointment | None) -> Standing:
    return truth_of(start_in(message.unique_key), message.patient_id, appointment)


def _was_told_since(message: OutboxMessage, known: Sequence[Known]) -> bool:
    """Returns whether another message, or a person, told the same patient the same time: a notice after an entry of what was missing."""
    last = _told_last(known)
    if last is None or last.id == message.id or message.reason == Reason.TOLD_ANOTHER_DOCTOR:
        return False
    return last.patient_id == message.patient_id and start_in(last.unique_key) == start_in(message.unique_key)


def _tells(known: Known) -> bool:
    """Returns whether a message is on its way, or on this list itself."""
    if known.state is MessageState.FAILED:
        return known.handled_at is None
    return known.state in (MessageState.PREPARED, MessageState.SENDING, MessageState.IN_DOUBT, MessageState.ERROR)


def _is_handled_since(known: Known) -> bool:
    """Returns whether a person said something since an appointment is missing; who decided a doubt before did not know of that."""
    return known.handled_at is not None and known.standing_since is not None and known.handled_at >= known.standing_since


def _told_last(known: Sequence[Known]) -> Known | None:
    told = [(one.told_at, one.id, one) for one in known if one.told_at is not None]
    return max(told, key=lambda one: one[:2])[2] if told else None


def _reason_of(message: OutboxMessage, appointment: Appointment) -> Reason:
    """Returns in what a patient was told wrongly."""
    if appointment.patient_id != message.patient_id:
        return Reason.TOLD_ANOTHER_PATIENT
    return Reason.TOLD_ANOTHER_DOCTOR if start_of(appointment) == start_in(message.unique_key) else Reason.TOLD_ANOTHER_TIME


def _as_told(message: OutboxMessage, beside: Mapping[int, OutboxMessage]) -> OutboxMessage:
    """Returns a message that was ticked off with the patient and time that somebody told instead of what it says."""
    told = next((beside[number] for number in beside_of(message) if number in beside), None)
    if told is None:
        return message
    return replace(message, patient_id=told.patient_id, patient_name=told.patient_name, appointment_at=told.appointment_at)


def _entry(
    message: OutboxMessage, patient: Patient | None, sentence: str, appointment: Appointment | None = None, reason: str = ""
) -> CallEntry:
    """Returns a line of the list, with the numbers as the practice typed them."""
    typed = (patient.mobile, patient.phone) if patient else ()
    phones = tuple(dict.fromkeys(number.strip() for number in typed if number and number.strip()))
    return CallEntry(
        message,
        phones,
        sentence,
        message.state not in NEVER_LEFT,
        reason or message.reason,
        birth_date=patient.birth_date if patient else None,
        doctor=appointment.doctor if appointment and appointment.patient_id == message.patient_id else None,
        language=patient.language if patient else None,
    )
