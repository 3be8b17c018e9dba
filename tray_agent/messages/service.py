"""What dialogs, the command line and the composition root use of the outbox: lists, decisions, credits, the four jobs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any, Literal

from sqlalchemy import Connection

from tray_agent.errors import InputError, KnownError
from tray_agent.i18n import _, format_time
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobContext, JobResult, JobWork
from tray_agent.messages.call_list import LATE_FOR, CallList, SaidOtherwise, said_otherwise
from tray_agent.messages.model import MessageState, Standing
from tray_agent.messages.outbox import entries, listing, ticks
from tray_agent.messages.outbox.entries import Change
from tray_agent.messages.outbox.model import (
    AccountCredits,
    CallEntry,
    Calls,
    DoubtDecision,
    OutboxFilter,
    OutboxMessage,
    OutboxOrder,
    OutboxReason,
    Waiting,
)
from tray_agent.messages.outbox.states import MISSED, Actor, Step
from tray_agent.messages.outbox.ticks import Tick
from tray_agent.messages.work.credits import accounts_of, ask_balances, credits_of
from tray_agent.messages.work.parts import MessageParts
from tray_agent.protocol.model import Activity, Level
from tray_agent.store.pages import Page
from tray_agent.store.state import grow


class MessageMissingError(InputError):
    """There is no message with this number."""

    code = "message_missing"


class NotInDoubtError(KnownError):
    """A message was to be decided that is not (any more) in doubt."""

    code = "not_in_doubt"


class CallChangedError(KnownError):
    """What a person does on the call list comes too late: somebody else was quicker, or the entry is another by now."""

    code = "call_changed"


class CallMissingError(InputError):
    """There is nobody with this number on the call list.

    Args:
        number: of the message.
    """

    code = "call_missing"

    def __init__(self, number: int) -> None:
        super().__init__(
            _("Nicht auf der Anrufliste"),
            _("Eine Mitteilung mit der Nummer {number} steht nicht auf der Anrufliste.").format(number=number),
            _("Nummer prüfen; «vitoclient messages calls --all» zeigt alle."),
            item=str(number),
        )


class StillUnderWayError(KnownError):
    """A message in doubt can't be sent again yet: the first request could still be under way."""

    code = "still_under_way"


class MessageService:
    """The outbox as people see and change it. Calls block on the database: never on the GUI thread.

    Raises (all calls):
        DatabaseUnavailableError: no connection.

    Args:
        parts: what to work with.
        write: writes rows into the activity log, within the given transaction.
    """

    def __init__(self, parts: MessageParts, write: Callable[[Sequence[Activity], Connection], None]) -> None:
        self.parts = parts
        self._write = write

    def page(
        self,
        which: OutboxFilter = OutboxFilter(),  # noqa: B008 - immutable
        order: OutboxOrder = OutboxOrder.PREPARED,
        *,
        descending: bool = True,
        offset: int = 0,
        limit: int = 100,
        at: int | None = None,
    ) -> Page[OutboxMessage]:
        """Returns a part of the outbox: from ``offset`` on, or the page that holds the message with the number ``at``."""
        with self.parts.database.read() as connection:
            return listing.page(connection, which, order, descending=descending, offset=offset, limit=limit, at=at)

    def message(self, message_id: int) -> OutboxMessage:
        """Returns one message.

        Raises:
            MessageMissingError: there is no message with this number.
        """
        with self.parts.database.read() as connection:
            return _existing(entries.read_message(connection, message_id), message_id)

    def call_list(self, since: datetime | None = None) -> Sequence[CallEntry]:
        """Returns who is to be reminded by other means (``tray_agent.messages.call_list``), the earliest appointment first.

        Args:
            since: only appointments from here on (aware); by default those that have not begun yet.
        """
        return CallList(self.parts).entries(since)

    def calls(self) -> Calls:
        """Returns the call list as its window shows it: who is to be called, and who was ticked off.

        Where the practice's data can't be read it holds what the store alone tells, and why (``Calls.problem``).
        """
        now_list = CallList(self.parts)
        with self.parts.database.read() as connection:
            now = self.parts.database.now(connection)
        today = self.parts.instant(datetime.combine(self.parts.local(now).date(), time.min))
        problem: KnownError | None = None
        try:
            still, done = now_list.entries(), now_list.ticked(now - LATE_FOR)
        except KnownError as error:  # if it was the store, the next line fails as well
            problem = error
            still, done = now_list.by_store_alone(), now_list.ticked(now - LATE_FOR, from_store_alone=True)
        anew = {entry.message.id for entry in still}
        return Calls(still, [entry for entry in done if entry.message.id not in anew], today, problem)

    def tick(self, entry: CallEntry, who: str) -> CallEntry:
        """Takes one patient off the call list, because somebody reminded him, and returns the entry as it is since.

        Args:
            entry: as whoever ticks it saw it.
            who: the person and workstation.

        Raises:
            CallChangedError: somebody else was quicker, or it is not on the list any more; nothing was changed.
        """
        if not self._tick([entry.message.id], {entry.message.id: entry.message.ticked_at}, who):
            raise self._changed(entry)
        return self._as_now(entry, is_done=True)

    def untick(self, entry: CallEntry) -> CallEntry:
        """Takes a tick back with all that it wrote, and returns the entry as it is since.

        Raises:
            CallChangedError: somebody else did so before, or what was ticked off was changed since; nothing was changed.
        """

        def work(connection: Connection) -> bool:
            read = entries.read_message(connection, entry.message.id)
            if read is None or read.ticked_at != entry.message.ticked_at:
                return False
            if not ticks.untick(connection, read, self.parts.database.now(connection)):
                return False
            grow(connection)
            return True

        if not self.parts.database.transact(work):
            raise self._changed(entry)
        return self._as_now(entry, is_done=False)

    def not_reached(self, entry: CallEntry, who: str) -> CallEntry:
        """Notes that somebody called in vain, and returns the entry as it is since.

        Raises:
            CallChangedError: somebody ticked it off meanwhile; nothing was changed.
        """
        return self._noted(entry, lambda connection, now: ticks.note_unreached(connection, entry.message, who, now))

    def take_unreached_back(self, before: CallEntry, after: CallEntry) -> CallEntry:
        """Takes a call in vain back: ``after`` is what noting it gave.

        Raises:
            CallChangedError: somebody called since; nothing was changed.
        """
        return self._noted(after, lambda connection, _now: ticks.take_unreached_back(connection, before.message, after.message))

    def note(self, entry: CallEntry, note: str, who: str) -> CallEntry:
        """Writes a note beside a patient on the call list; "" takes it away.

        Raises:
            CallChangedError: somebody else wrote one since ``entry`` was read; nothing was changed.
        """
        return self._noted(entry, lambda connection, now: ticks.write_note(connection, entry.message, note, who, now))

    def _noted(self, entry: CallEntry, write: Callable[[Connection, datetime], bool]) -> CallEntry:
        def work(connection: Connection) -> bool:
            written = write(connection, self.parts.database.now(connection))
            if written:
                grow(connection)
            return written

        if not self.parts.database.transact(work):
            raise self._changed(entry)
        return self._as_now(entry, is_done=entry.is_done)

    def _as_now(self, entry: CallEntry, *, is_done: bool) -> CallEntry:
        """Returns an entry with its message as it is stored now, about the patient and time that the list showed."""
        shown = {name: getattr(entry.message, name) for name in ("patient_id", "patient_name", "appointment_at")}
        return replace(entry, message=replace(self.message(entry.message.id), **shown), is_done=is_done)

    def _changed(self, entry: CallEntry) -> CallChangedError:
        from tray_agent.messages.words import name_in  # a program at rest says nothing of the kind

        now = self.message(entry.message.id)
        if now.ticked_at and now.ticked_at != entry.message.ticked_at:
            return CallChangedError(_("Schon erledigt"), _("{patient}: {done}.").format(
                patient=entry.message.patient_name, done=self._done_words(now)))  # fmt: skip
        if now.noted_at != entry.message.noted_at and now.noted_by:
            text = _("{patient}: Inzwischen steht hier eine andere Notiz, von {who}. Die Liste wird neu gelesen, Ihr Text bleibt stehen.")
            return CallChangedError(
                _("Notiz nicht gespeichert"), text.format(patient=entry.message.patient_name, who=name_in(now.noted_by))
            )
        text = _("{patient}: Der Eintrag wurde inzwischen verändert; es wurde nichts gespeichert.")
        return CallChangedError(_("Nicht mehr möglich"), text.format(patient=entry.message.patient_name), _("Liste neu laden."))

    def _done_words(self, message: OutboxMessage) -> str:
        from tray_agent.messages.words import done_words

        with self.parts.database.read() as connection:
            now = self.parts.database.now(connection)
        return done_words(message, self.parts.zone, now)

    def tick_off(self, message_ids: Collection[int], who: str) -> int:
        """Takes messages off the call list, because somebody reminded the patients; returns how many were on it.

        What was not sent yet, or may not have been, is never sent any more: the patient would be reminded twice. Who was told something
        that is wrong now has been told what is true: no notice says it again.
        """
        return len(self._tick(message_ids, {}, who))

    def _tick(self, message_ids: Collection[int], seen: Mapping[int, datetime | None], who: str) -> Sequence[int]:
        """Ticks messages off in one transaction, and returns which.

        Args:
            message_ids: their numbers.
            seen: when those were last ticked off that a person saw; by default as they are now.
            who: the person and workstation.
        """
        with self.parts.database.read() as connection:
            now = self.parts.database.now(connection)
            messages = entries.read_messages(connection, message_ids)
        before = {**{one.id: one.ticked_at for one in messages}, **seen}
        said = self._said_otherwise(messages, now)

        def work(connection: Connection) -> Sequence[int]:
            now = self.parts.database.now(connection)
            ticked = []
            for one in entries.read_messages(connection, message_ids):
                change = _tick_of(one, said, who, now) if one.ticked_at == before[one.id] else None
                drafts = [said.drafts[one.id]] if one.id in said.drafts else []
                if change is not None and ticks.tick(connection, Tick(change, drafts), who, now):
                    ticked.append(one.id)
            if ticked:
                grow(connection)
            return ticked

        return self.parts.database.transact(work, again_on_duplicate=True)

    def _said_otherwise(self, messages: Sequence[OutboxMessage], now: datetime) -> SaidOtherwise:
        """Returns what a person says beside; nothing where the agenda can't be read: who was reached is reached all the same."""
        try:
            return said_otherwise(self.parts, messages, now)
        except KnownError:
            return SaidOtherwise({}, ())

    def to_decide(self) -> Sequence[OutboxMessage]:
        """Returns the messages in doubt that nobody but a person settles any more, the oldest first."""
        return [message for message in self.in_doubt() if not self.parts.settles_itself(message)]

    def waiting(self, next_at: datetime | None) -> Waiting:
        """Returns what is prepared, seen from the next planned sending (aware; None: none is planned)."""
        with self.parts.database.read() as connection:
            prepared = listing.prepared(connection)
        too_late = sum(next_at is None or begins <= next_at for begins in prepared.values() if begins)
        return Waiting(len(prepared), too_late, max(prepared, default=0), next_at)

    def in_doubt(self) -> Sequence[OutboxMessage]:
        """Returns the messages of which nobody knows yet whether they left, the oldest first."""
        with self.parts.database.read() as connection:
            return listing.in_doubt(connection)

    def decide(self, message_id: int, verdict: DoubtDecision, who: str) -> OutboxMessage:
        """Settles a message in doubt by a person's word, writes it to the activity log, and returns the message.

        What is to be sent again is due at once; ``when_sent`` says when it leaves.

        Args:
            message_id: its number.
            verdict: what the person says.
            who: the person and workstation, for the record.

        Raises:
            MessageMissingError: there is no message with this number.
            NotInDoubtError: it is not (any more) in doubt; nothing was changed.
            StillUnderWayError: the request could still be under way; «erneut senden» is possible a few minutes later.
        """

        def work(connection: Connection) -> bool:
            message = _existing(entries.read_message(connection, message_id), message_id)
            now = self.parts.database.now(connection)
            change = self._decision(message, verdict, who, now)
            if not entries.apply(connection, change, now):
                return False
            self._write([_decision_activity(self.parts, message, verdict, who)], connection)
            grow(connection)
            return True

        if not self.parts.database.transact(work):
            raise _not_in_doubt(message_id)
        if verdict is DoubtDecision.AGAIN:
            self.parts.make_sending_due()
        return self.message(message_id)

    def when_sent(self, message: OutboxMessage) -> str:
        """Returns when a prepared message leaves by what is planned, and whether that is too late; "" for any other message."""
        if message.state is not MessageState.PREPARED:
            return ""
        return CallList(self.parts).leaves_when(message)

    def cancel(self, message_ids: Collection[int], who: str) -> int:
        """Cancels messages that were not sent yet; they are not prepared again. Returns how many were cancelled."""
        sentence = _("Von {who} storniert.").format(who=who)

        def change_of(message: OutboxMessage, now: datetime) -> Change:
            values = {"reason": OutboxReason.BY_PERSON, "sentence": sentence, "handled_by": who[:120], "handled_at": now}
            return Change.of(message, Step.CANCEL, Actor.PERSON, **values)

        return self._change_all(message_ids, frozenset({MessageState.PREPARED}), change_of)

    def credits(self, history_days: int = 90) -> Sequence[AccountCredits]:
        """Returns the credits of all accounts as last told, with their history; asks no gateway."""
        settings = self.parts.settings()
        with self.parts.database.read() as connection:
            now = self.parts.database.now(connection)
            return credits_of(connection, self.parts, settings, now, timedelta(days=history_days))

    def refresh_credits(self) -> Sequence[AccountCredits]:
        """Asks the gateways for the balances, keeps them, and returns all accounts; takes seconds.

        Of several accounts those that told nothing say why (``problem``) and come with their last known balance. What waited for an
        account that answers now, or was topped up, is sent now.

        Raises:
            UnavailableError, KnownError: the only account, or every one, told nothing.
        """
        errors = ask_balances(self.parts)
        if len(errors) < len(accounts_of(self.parts.sms)):
            self.parts.try_sending(True)
        if errors and len(errors) == len(accounts_of(self.parts.sms)):
            raise next(iter(errors.values()))
        problems = {account.keeper: str(error) for account, error in errors.items()}
        return [replace(account, problem=problems.get(account.mandants[0], "")) for account in self.credits()]

    def try_refused(self) -> None:
        """Lets what was put off because an account or a sender was refused be sent with the next attempt: something was changed.

        Without it an attempt that has something else to do would leave it alone, for each further wrong password brings an account nearer
        to being locked.
        """
        from tray_agent.messages.work.left import REFUSED  # a program at rest needs nothing of sending

        def work(connection: Connection) -> None:
            entries.make_due(connection, REFUSED, self.parts.database.now(connection))

        self.parts.database.transact(work)
        self.parts.try_sending(True)

    def low_credits(self) -> Sequence[AccountCredits]:
        """Returns the accounts below the minimum, for the notice at start, login and user switch; asks no gateway."""
        return [account for account in self.credits(history_days=0) if account.below_minimum]

    def _change_all(
        self,
        message_ids: Collection[int],
        states: frozenset[MessageState],
        change_of: Callable[[OutboxMessage, datetime], Change],
        applies: Callable[[OutboxMessage], bool] = lambda _message: True,
    ) -> int:
        def work(connection: Connection) -> int:
            now = self.parts.database.now(connection)
            messages = [one for one in entries.read_messages(connection, message_ids) if one.state in states and applies(one)]
            changed = sum(entries.apply(connection, change_of(message, now), now) for message in messages)
            if changed:
                grow(connection)
            return changed

        return self.parts.database.transact(work)

    def _decision(self, message: OutboxMessage, verdict: DoubtDecision, who: str, now: datetime) -> Change:
        if message.state is not MessageState.IN_DOUBT:
            raise _not_in_doubt(message.id)
        handled = {"handled_by": who[:120], "handled_at": now, "next_at": now, "reason": OutboxReason.DECIDED}
        if verdict is DoubtDecision.SENT:
            sentence = _("Wurde gesendet, sagt {who}.").format(who=who)
            values = {**handled, "submitted_at": message.sending_at or now, "sentence": sentence}
            return Change.of(message, Step.FOUND, Actor.PERSON, **values)
        possible_at = (message.sending_at or now) + self.parts.rules.settles_after(message.channel)
        if now < possible_at:
            raise _still_under_way(message.id, format_time(self.parts.local(possible_at)))
        return Change.of(message, Step.NEVER_TAKEN, Actor.PERSON, **handled, sentence=_("Erneut senden, sagt {who}.").format(who=who))


MessageJob = Literal[JobKey.PREPARE_REMINDERS, JobKey.PREPARE_BIRTHDAYS, JobKey.SEND_MESSAGES, JobKey.UPDATE_STATUS]
"""The jobs of the SMS-Service."""


def message_work(parts: Callable[[], MessageParts], key: MessageJob) -> JobWork:
    """Returns what a run of a job of the SMS-Service does; ``parts`` are asked for when it begins."""

    def work(context: JobContext) -> JobResult:
        return _work_of(key)(parts(), context)

    return work


def _work_of(key: MessageJob) -> Callable[[MessageParts, JobContext], JobResult]:
    # Imported for the first run: a program at rest needs none of it.
    from tray_agent.messages.work.prepare import prepare_birthdays, prepare_reminders
    from tray_agent.messages.work.send import send_messages
    from tray_agent.messages.work.status import update_status

    match key:  # not a table: so mypy names a job without its work
        case JobKey.PREPARE_REMINDERS:
            return prepare_reminders
        case JobKey.PREPARE_BIRTHDAYS:
            return prepare_birthdays
        case JobKey.SEND_MESSAGES:
            return send_messages
        case JobKey.UPDATE_STATUS:
            return update_status


def _tick_of(message: OutboxMessage, said: SaidOtherwise, who: str, now: datetime) -> Change | None:
    """Returns what ticking a message off changes of it; None where there is nothing to tick off."""
    handled: dict[str, Any] = {"handled_by": who[:120], "handled_at": now}
    if message.state in MISSED and message.handled_at is None:
        return Change.of(message, Step.TICK_OFF, Actor.PERSON, **handled)
    if message.state in listing.UNSENT:
        step = Step.CANCEL if message.state is MessageState.PREPARED else Step.GIVE_UP
        sentence = _("Anders erinnert, sagt {who}; wird nicht mehr gesendet.").format(who=who)
        return Change.of(message, step, Actor.PERSON, **handled, reason=OutboxReason.REMINDED_OTHERWISE, sentence=sentence)
    if message.id in {
        one.id for one in said.absent
    }:  # it is handled while it is missing: found again and missing again it is on the list anew
        values = handled | {"standing": Standing.ABSENT, "standing_since": message.standing_since or now}
        return Change.of(message, Step.TICK_OFF, Actor.PERSON, **values)
    return Change.of(message, Step.TICK_OFF, Actor.PERSON) if message.id in said.drafts else None


def _existing(message: OutboxMessage | None, message_id: int) -> OutboxMessage:
    if message is None:
        raise MessageMissingError(
            _("Mitteilung nicht gefunden"),
            _("Eine Mitteilung mit der Nummer {number} gibt es nicht.").format(number=message_id),
            _("Nummer prüfen; «vitoclient messages outbox» zeigt alle."),
            item=str(message_id),
        )
    return message


def _not_in_doubt(message_id: int) -> NotInDoubtError:
    return NotInDoubtError(
        _("Nicht mehr in der Schwebe"),
        _("Die Mitteilung {number} ist nicht (mehr) in der Schwebe; es wurde nichts verändert.").format(number=message_id),
        _("Liste neu laden."),
        item=str(message_id),
    )


def _still_under_way(message_id: int, possible_at: str) -> StillUnderWayError:
    return StillUnderWayError(
        _("Noch nicht möglich"),
        _("Die Mitteilung {number} könnte noch unterwegs sein; würde sie jetzt erneut gesendet, käme sie vielleicht zweimal an.").format(
            number=message_id
        ),
        _("Ab {time} ist es möglich.").format(time=possible_at),
        item=str(message_id),
    )


def _decision_activity(parts: MessageParts, message: OutboxMessage, verdict: DoubtDecision, who: str) -> Activity:
    from tray_agent.messages.work.steps import activity_about

    sentence = _("{who} hat entschieden: wurde gesendet.") if verdict is DoubtDecision.SENT else _("{who} hat entschieden: erneut senden.")
    reason = OutboxReason.DECIDED_SENT if verdict is DoubtDecision.SENT else OutboxReason.DECIDED_AGAIN
    return activity_about(parts, Level.INFO, reason, message, sentence.format(who=who))
