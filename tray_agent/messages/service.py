"""What dialogs, the command line and the composition root use of the outbox: lists, decisions, credits, the four jobs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection

from tray_agent.errors import InputError, KnownError
from tray_agent.i18n import _, format_time
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobContext, JobResult, JobWork
from tray_agent.messages.call_list import CallList, said_otherwise
from tray_agent.messages.model import MessageState, Standing
from tray_agent.messages.outbox import entries, listing
from tray_agent.messages.outbox.entries import Change, Draft
from tray_agent.messages.outbox.model import (
    AccountCredits,
    CallEntry,
    DoubtDecision,
    OutboxFilter,
    OutboxMessage,
    OutboxOrder,
    OutboxReason,
    Waiting,
)
from tray_agent.messages.outbox.states import MISSED, Actor, Step
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

    def tick_off(self, message_ids: Collection[int], who: str) -> int:
        """Takes messages off the call list, because somebody reminded the patients; returns how many were on it.

        What was not sent yet, or may not have been, is never sent any more: the patient would be reminded twice. Who was told something
        that is wrong now has been told what is true: no notice says it again.
        """

        def change_of(message: OutboxMessage, now: datetime) -> Change:
            handled: dict[str, Any] = {"handled_by": who[:120], "handled_at": now}
            if message.state in MISSED:
                return Change.of(message, Step.TICK_OFF, Actor.PERSON, **handled)
            step = Step.CANCEL if message.state is MessageState.PREPARED else Step.GIVE_UP
            sentence = _("Anders erinnert, sagt {who}; wird nicht mehr gesendet.").format(who=who)
            return Change.of(message, step, Actor.PERSON, **handled, reason=OutboxReason.REMINDED_OTHERWISE, sentence=sentence)

        def is_open(message: OutboxMessage) -> bool:
            return message.state in listing.UNSENT or message.handled_at is None

        with self.parts.database.read() as connection:
            now = self.parts.database.now(connection)
            messages = entries.read_messages(connection, message_ids)
        said = said_otherwise(self.parts, messages, now)
        ticked = self._change_all(message_ids, MISSED | listing.UNSENT, change_of, is_open)
        drafts = {draft.unique_key: draft for draft in said.drafts.values()}
        self._note_said(list(drafts.values()), said.absent, who)
        return ticked + said.told

    def _note_said(self, drafts: Sequence[Draft], absent: Sequence[OutboxMessage], who: str) -> None:
        """Notes that a person told what is true now to patients who were told something else, or looked after what is missing.

        Args:
            drafts: an entry of its own for each who was told something else.
            absent: the messages whose appointments are missing.
            who: the person and workstation.
        """

        def work(connection: Connection) -> None:
            now = self.parts.database.now(connection)
            there = {one.unique_key for one in entries.known_of_keys(connection, [draft.unique_key for draft in drafts])}
            entries.insert_drafts(connection, [draft for draft in drafts if draft.unique_key not in there], now)
            known = entries.known_of_keys(connection, [draft.unique_key for draft in drafts])
            handled = {"handled_by": who[:120], "handled_at": now}
            changes = [
                Change.of(one, Step.TICK_OFF, Actor.PERSON, **handled, patient_id=draft.patient_id, patient_name=draft.patient_name)
                for one in entries.read_messages(connection, [one.id for one in known])
                for draft in drafts
                if one.unique_key == draft.unique_key
            ]
            for one in absent:  # it is handled while it is missing: found again and missing again it is on the list anew
                since = now if one.standing_since is None else one.standing_since
                values = handled | {"standing": Standing.ABSENT, "standing_since": since}
                changes.append(Change.of(one, Step.TICK_OFF, Actor.PERSON, **values))
            for change in changes:
                entries.apply(connection, change, now)
            grow(connection)

        if drafts or absent:
            self.parts.database.transact(work)

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
