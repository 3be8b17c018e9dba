"""Puts a message into the outbox for everybody who is to get one: the jobs ``prepare_reminders`` and ``prepare_birthdays``.

Candidates are streamed from the practice in chunks; what belongs to them is looked up in sets; each is decided purely;
a chunk is written in one transaction with the fence. UNIQUE keys have the last word: whatever else happens, there is one
message per appointment and start, and one per patient and year.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tray_agent.config.settings import Settings
from tray_agent.errors import BugError
from tray_agent.i18n import _, format_datetime, join_texts, ngettext
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Draft, Known
from tray_agent.messages.outbox.keys import call_key, start_in
from tray_agent.messages.rules.eligibility import (
    WRONGLY_INFORMED,
    BirthdayKey,
    Candidate,
    Circumstances,
    Decision,
    Earlier,
    EarlierReminder,
    Eligible,
    MessageKey,
    NotEligible,
    PreparingBatch,
    ReminderKey,
    birthdays_greeted_on,
)
from tray_agent.messages.rules.reasons import Reason, Weight
from tray_agent.messages.texts.rendering import values_for
from tray_agent.messages.texts.templates import TemplateBook
from tray_agent.messages.words import said_of
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.tally import Tally, told
from tray_agent.practice.model import Appointment, Patient, name_of
from tray_agent.protocol.model import Activity, Level
from tray_agent.store.faults import is_duplicate_key

CANCELLED_BY_PERSON = "by_person"
"""The reason of a message that a person cancelled: it is not prepared again."""

ALREADY_FAILED = "already_failed"
"""Counted for what stands in the outbox with an error already, and still can't be sent."""

CHUNK = 1000
"""How many candidates are decided and written at once, however the practice's source cuts them."""

_NOTHING = Earlier()

Item = TypeVar("Item")


def prepare_reminders(parts: MessageParts, context: JobContext) -> JobResult:
    """Prepares a reminder for every eligible appointment of the search window.

    Raises:
        DatabaseUnavailableError, PracticeDataError: what was written so far stays and is right; the next run goes on.
        RunCancelledError, LeaseLostError: as the context says.
    """
    settings = parts.settings()
    preparing = _Preparing(parts, context, settings)
    window = preparing.around.settings.window(preparing.around.today)
    for appointments in _chunks(parts.practice.appointments_between(window.begin, window.end)):
        preparing.take(_reminders_of(preparing, appointments))
    return preparing.result()


def prepare_birthdays(parts: MessageParts, context: JobContext) -> JobResult:
    """Prepares a greeting for every eligible patient whose birthday is today.

    Raises:
        DatabaseUnavailableError, PracticeDataError: what was written so far stays and is right; the next run goes on.
        RunCancelledError, LeaseLostError: as the context says.
    """
    preparing = _Preparing(parts, context, parts.settings())
    for patients in _chunks(parts.practice.patients_born_on(birthdays_greeted_on(preparing.around.today))):
        preparing.take(_greetings_of(preparing, patients))
    return preparing.result()


@dataclass(frozen=True, slots=True)
class _Decided:
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


@dataclass(slots=True)
class _Chunk:
    """What a chunk writes."""

    drafts: list[Draft] = field(default_factory=list)
    revivals: list[tuple[Known, Draft]] = field(default_factory=list)


class _Preparing:
    """One run: decides, renders, writes, counts."""

    def __init__(self, parts: MessageParts, context: JobContext, settings: Settings) -> None:
        self.parts = parts
        self.context = context
        with parts.database.read() as connection:
            self.now = parts.database.now(connection)
        self.around: Circumstances = parts.circumstances(self.now, settings)
        self.book: TemplateBook = parts.templates()
        self._batch = PreparingBatch(self.around)
        self._tally = Tally()
        self._to_mend: Counter[tuple[Reason, str]] = Counter()
        self._done = 0

    def batch(self) -> PreparingBatch:
        """Returns what decides the next chunk: it need not remember the chunks before, because the outbox does, except in a dry run."""
        if not self.context.dry_run:
            self._batch = PreparingBatch(self.around)
        return self._batch

    def take(self, decided: Sequence[_Decided]) -> None:
        """Writes one chunk, all of it or what others have not written meanwhile."""
        self.context.checkpoint()
        chunk = _Chunk()
        for one in decided:
            self._sort(one, chunk)
        if not self.context.dry_run:
            self._write(chunk)
        self._done += len(decided)
        self.context.progress(self._done, None, _("Termine und Geburtstage prüfen"))

    def result(self) -> JobResult:
        """Tells what can be mended, once per reason and Mandant, and returns what the run did."""
        if self._to_mend and not self.context.dry_run:
            self.context.log(*self._mendable())
        return self._tally.result(self._sentence())

    def _sort(self, one: _Decided, chunk: _Chunk) -> None:
        decision = one.decision
        if isinstance(decision, NotEligible):
            self._sort_refused(one, decision, chunk)
        elif one.known is not None and not _may_revive(one.known, decision.recipient):
            self._tally.skipped[ALREADY_FAILED] += 1
        else:
            self._add(chunk, one.known, self._prepared(one, decision))

    def _sort_refused(self, one: _Decided, decision: NotEligible, chunk: _Chunk) -> None:
        stands_already = one.known is not None and one.known.state is MessageState.ERROR
        if decision.is_problem and stands_already:
            self._tally.skipped[ALREADY_FAILED] += 1
            return
        self._tally.skipped[decision.reason.value] += 1
        if decision.entry:
            self._add(chunk, one.known, self._failed(one, decision))
        if decision.is_problem:
            self._tally.problems += 1
        if decision.reason.weight is Weight.TO_FIX:
            self._to_mend[decision.reason, decision.mandant_id or ""] += 1

    def _add(self, chunk: _Chunk, known: Known | None, draft: Draft) -> None:
        self._tally.counts["prepared" if draft.state is MessageState.PREPARED else "errors"] += 1
        if known is None:
            chunk.drafts.append(draft)
        else:
            chunk.revivals.append((known, draft))

    def _prepared(self, one: _Decided, decision: Eligible) -> Draft:
        if one.patient is None:
            raise BugError("nobody is eligible without a patient")
        values = values_for(one.patient, self.around.mandants[decision.mandant_id], self.parts.words, one.appointment)
        rendered = self.book.render(decision.template, values)
        begins = self._begin_of(one.appointment)
        return Draft(
            kind=decision.kind,
            unique_key=decision.key.text,
            patient_id=decision.patient_id,
            patient_name=name_of(one.patient, decision.patient_id),
            next_at=self.now,
            expires_at=begins or self._end_of_day(),
            channel=decision.channel,
            mandant_id=decision.mandant_id,
            appointment_id=one.appointment.id if one.appointment else None,
            recipient=decision.recipient,
            language=decision.language,
            subject=rendered.subject,
            text=rendered.text,
            segments=rendered.segment_count,
            cost=rendered.cost,
            appointment_at=begins,
        )

    def _failed(self, one: _Decided, decision: NotEligible) -> Draft:
        begins = self._begin_of(one.appointment)
        return Draft(
            kind=decision.kind,
            unique_key=one.key,
            patient_id=one.patient_id,
            patient_name=name_of(one.patient, one.patient_id),
            next_at=self.now,
            expires_at=begins or self._end_of_day(),
            state=MessageState.ERROR,
            mandant_id=decision.mandant_id,
            appointment_id=one.appointment.id if one.appointment else None,
            reason=decision.reason.value,
            sentence=decision.explanation,
            appointment_at=begins,
        )

    def _begin_of(self, appointment: Appointment | None) -> datetime | None:
        return _instant(appointment.starts_at, self.parts.zone) if appointment else None

    def _end_of_day(self) -> datetime:
        return self.parts.instant(datetime.combine(self.around.today + timedelta(days=1), time.min))

    def _write(self, chunk: _Chunk) -> None:
        try:
            self._transact(chunk)
        except IntegrityError as error:
            if not is_duplicate_key(error):
                raise
            self._write_one_by_one(chunk)

    def _write_all(self, connection: Connection, chunk: _Chunk, now: datetime) -> None:
        entries.insert_drafts(connection, chunk.drafts, now)
        written = list(chunk.drafts)
        written += [draft for known, draft in chunk.revivals if entries.revive(connection, known, draft, now)]
        failures = [self._failure(draft) for draft in written if _reminded_otherwise(draft)]
        if failures:
            self.context.log(*failures, connection=connection)

    def _write_one_by_one(self, chunk: _Chunk) -> None:
        """Somebody wrote one of the keys since they were looked up: whoever is there already stays."""
        pieces = [_Chunk(drafts=[draft]) for draft in chunk.drafts] + [_Chunk(revivals=[revival]) for revival in chunk.revivals]
        for piece in pieces:
            try:
                self._transact(piece)
            except IntegrityError as error:
                if not is_duplicate_key(error):
                    raise
                self._tally.counts["prepared" if piece.drafts[0].state is MessageState.PREPARED else "errors"] -= 1
                self._tally.skipped[Reason.ALREADY_REMINDED.value] += 1

    def _transact(self, chunk: _Chunk) -> None:
        def work(connection: Connection) -> None:
            self.context.fence(connection)
            self._write_all(connection, chunk, self.parts.database.now(connection))

        self.parts.database.transact(work)

    def _failure(self, draft: Draft) -> Activity:
        at = f" ({format_datetime(self.parts.local(draft.appointment_at))})" if draft.appointment_at else ""
        sentence = _("{patient}{at}: keine Erinnerung möglich. {why}").format(patient=draft.patient_name, at=at, why=draft.sentence)
        return told(
            Level.ERROR, draft.reason, sentence, item=draft.unique_key, patient_id=draft.patient_id, appointment_at=draft.appointment_at
        )

    def _mendable(self) -> Iterator[Activity]:
        for (reason, mandant_id), number in self._to_mend.items():
            whose = self.around.mandants[mandant_id].name if mandant_id in self.around.mandants else mandant_id
            count = ngettext("{number} Mitteilung nicht aufbereitet", "{number} Mitteilungen nicht aufbereitet", number).format(
                number=number
            )
            about = f" ({whose})" if whose else ""
            why = join_texts(reason.sentence, reason.advice)
            yield told(Level.ERROR, reason.value, said_of(f"{count}{about}", why), item=mandant_id or None)

    def _sentence(self) -> str:
        prepared, errors = self._tally.counts["prepared"], self._tally.counts["errors"]
        said = ngettext("{number} Mitteilung aufbereitet.", "{number} Mitteilungen aufbereitet.", prepared).format(number=prepared)
        if not errors:
            return said
        failed = ngettext(
            "{number} Patient ist anderweitig zu erinnern.", "{number} Patienten sind anderweitig zu erinnern.", errors
        ).format(number=errors)
        return f"{said} {failed}"


def _reminders_of(preparing: _Preparing, appointments: Sequence[Appointment]) -> list[_Decided]:
    parts, batch = preparing.parts, preparing.batch()
    patient_ids = {appointment.patient_id for appointment in appointments}
    patients = parts.practice.patients(patient_ids)
    charged = parts.practice.last_mandants(patient_ids)
    known = _KnownReminders.read(preparing, appointments)
    decided = []
    for appointment in appointments:
        key = ReminderKey.of(appointment)
        patient = patients.get(appointment.patient_id)
        candidate = Candidate(appointment, patient, charged.get(appointment.patient_id))
        decision = batch.reminder(candidate, known.earlier(appointment, key))
        written = key_of(decision, key)
        decided.append(_Decided(decision, written, appointment.patient_id, patient, appointment, known.of(written)))
    return decided


def _greetings_of(preparing: _Preparing, patients: Sequence[Patient]) -> list[_Decided]:
    parts, batch, year = preparing.parts, preparing.batch(), preparing.around.today.year
    charged = parts.practice.last_mandants({patient.id for patient in patients})
    keys = {patient.id: BirthdayKey(patient.id, year) for patient in patients}
    with parts.database.read() as connection:
        known = {one.unique_key: one for one in entries.known_of_keys(connection, [key.text for key in keys.values()])}
    decided = []
    for patient in patients:
        key = keys[patient.id]
        there = known.get(key.text)
        earlier = Earlier(frozenset({key}) if there and not is_revivable(there) else frozenset())
        decision = batch.birthday(Candidate(None, patient, charged.get(patient.id)), earlier)
        decided.append(_Decided(decision, key.text, patient.id, patient, None, there))
    return decided


@dataclass(frozen=True, slots=True)
class _KnownReminders:
    """What the outbox knows of a chunk's appointments, found in two queries and looked up for each."""

    by_key: Mapping[str, Known]
    of_appointment: Mapping[str, Sequence[EarlierReminder]]
    of_day: Mapping[tuple[str, date], Sequence[EarlierReminder]]

    @classmethod
    def read(cls, preparing: _Preparing, appointments: Sequence[Appointment]) -> _KnownReminders:
        """Reads what is known of these appointments and, with one reminder per day, of their patients on their days."""
        parts, around = preparing.parts, preparing.around
        others: list[Known] = []
        with parts.database.read() as connection:
            known = entries.known_of_appointments(connection, {appointment.id for appointment in appointments})
            if around.settings.one_per_day:
                begin, end = (parts.instant(day) for day in _days_of(appointments))
                others = entries.known_between(connection, {appointment.patient_id for appointment in appointments}, begin, end)
        of_appointment: dict[str, list[EarlierReminder]] = defaultdict(list)
        of_day: dict[tuple[str, date], list[EarlierReminder]] = defaultdict(list)
        for one in known:
            if one.counts and (reminder := earlier_reminder(one)):
                of_appointment[reminder.key.appointment_id].append(reminder)
        for one in others:
            if one.counts and (reminder := earlier_reminder(one)):
                of_day[one.patient_id, reminder.key.starts_at.date()].append(reminder)
        return cls({one.unique_key: one for one in known}, of_appointment, of_day)

    def of(self, key: str) -> Known | None:
        """Returns the message of a key."""
        return self.by_key.get(key)

    def earlier(self, appointment: Appointment, key: ReminderKey) -> Earlier:
        """Returns what the decision on one appointment needs to know."""
        day = self.of_day.get((appointment.patient_id, appointment.starts_at.date()), ())
        same = self.of_appointment.get(appointment.id, ())
        there = self.of(key.text) if self.by_key else None
        if there is None and not day and not same:
            return _NOTHING
        keys: frozenset[MessageKey] = frozenset({key}) if there and not is_revivable(there) else frozenset()
        return Earlier(keys, frozenset((*day, *same)))


def key_of(decision: Decision, key: ReminderKey) -> str:
    """Returns the key under which a decision is written: its own for an entry beside a reminder that went out."""
    asks_to_call = isinstance(decision, NotEligible) and decision.reason in WRONGLY_INFORMED
    return call_key(key.text) if asks_to_call else key.text


def earlier_reminder(known: Known) -> EarlierReminder | None:
    """Returns a message as the decision knows reminders that went out or will; None for a greeting."""
    if known.appointment_id is None:
        return None
    return EarlierReminder(ReminderKey(known.appointment_id, start_in(known.unique_key)), known.patient_id, known.left_at)


def is_revivable(known: Known) -> bool:
    """Returns whether a message may be prepared anew: nothing ever left for its key, and no person cancelled it."""
    return not known.counts and known.reason != CANCELLED_BY_PERSON


@lru_cache(maxsize=2048)
def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Returns the practice's wall clock as an instant in UTC, of a repeated time the first; many appointments begin at the same time."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _may_revive(known: Known, recipient: str) -> bool:
    """Returns whether a message that is eligible now is worth another try: not to a number that the gateway refused for good."""
    refused = known.state is MessageState.ERROR and known.attempts > 0
    return is_revivable(known) and not (refused and known.recipient == recipient)


def _reminded_otherwise(draft: Draft) -> bool:
    return draft.state is MessageState.ERROR and Reason(draft.reason).weight is Weight.CALL_OR_WRITE


def _days_of(appointments: Sequence[Appointment]) -> tuple[datetime, datetime]:
    """Returns the first midnight before and the first midnight after these appointments."""
    starts = [appointment.starts_at for appointment in appointments]
    return datetime.combine(min(starts), time.min), datetime.combine(max(starts).date() + timedelta(days=1), time.min)


def _chunks(source: Iterable[list[Item]]) -> Iterator[list[Item]]:
    """Cuts what a source gives into chunks of our own size: a source may give few at a time, or all at once."""
    waiting: list[Item] = []
    for part in source:
        waiting += part
        while len(waiting) >= CHUNK:
            yield waiting[:CHUNK]
            waiting = waiting[CHUNK:]
    if waiting:
        yield waiting
