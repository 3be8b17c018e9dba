"""Asks what became of the messages of the last seven days, and goes on until they are settled: the job ``update_status``.

Only SMS can be asked about. The newest notification counts. What failed stands in the activity log and on the list of
patients to be reminded by other means; what nobody tells about within seven days ends as unknown. What is in doubt is settled first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from tray_agent.errors import KnownError, UnavailableError
from tray_agent.i18n import _, join_texts, ngettext
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.jobs.owed import Rest
from tray_agent.messages.gateways.contract import DeliveryReport, DeliveryStatus, GatewayAccountError
from tray_agent.messages.model import Channel, MessageState
from tray_agent.messages.outbox import entries, listing
from tray_agent.messages.outbox.model import OutboxMessage, OutboxReason
from tray_agent.messages.outbox.states import Actor, Step
from tray_agent.messages.rules.in_time import last_question, matters_until, next_question
from tray_agent.messages.work.asking import Asking, StatusAnswer, unreadable_activity, unreadable_sentence
from tray_agent.messages.work.doubt import Settling
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.steps import CHUNK, Counted, MessageRun, MessageStep, activity, logged_step
from tray_agent.protocol.model import Level
from tray_agent.store.tables import message as message_table

_PROGRESS = (Counted.DELIVERED, Counted.FAILED, Counted.UNKNOWN, Counted.GIVEN_UP, Counted.FOUND, Counted.NEVER_TAKEN)
"""What a run settled."""


def update_status(parts: MessageParts, context: JobContext) -> JobResult:
    """Settles what is in doubt and asks about every message on its way whose time has come; a person asks again after some minutes.

    What is still open and matters is the run's rest: the job goes on by itself until it is settled (decision record 0018).

    Raises:
        DatabaseUnavailableError: what was asked so far is written.
        RunCancelledError, LeaseLostError: as the context says.
    """
    run = MessageRun(parts, context)
    asking = Asking(parts, parts.rules.most_requests)
    if not context.dry_run:  # nothing could be written, so nobody need be asked
        Settling(run, asking).run()
    return _Tracking(run, asking).run()


@dataclass(frozen=True, slots=True)
class _Open:
    """What is not settled and still matters.

    Attributes:
        on_the_way: messages that were handed over.
        buffered: those of them that the gateway keeps because the telephone is off.
        doubtful: messages of which the gateway is asked whether it has them.
        followed: those of all that are asked about again in time.
        next_at: when one of them is to be asked about next; None: all belong to accounts that the gateway refuses.
    """

    on_the_way: int
    buffered: int
    doubtful: int
    followed: int
    next_at: datetime | None


class _Tracking:
    def __init__(self, run: MessageRun, asking: Asking) -> None:
        self._run = run
        self._parts = run.parts
        self._asking = asking

    def run(self) -> JobResult:
        messages, now = self._due()
        for begin in range(0, len(messages), CHUNK):
            self._run.context.checkpoint()
            steps = self._track(messages[begin : begin + CHUNK], now)
            if self._run.context.dry_run:
                for step in steps:
                    self._run.tally.add(step)
            else:
                self._run.write(steps)
            self._run.context.progress(min(begin + CHUNK, len(messages)), len(messages), _("Status abfragen"))
        return self._result()

    def _due(self) -> tuple[list[OutboxMessage], datetime]:
        """Returns what is to be asked about, and the time; who asks by hand wants to know now, but not every second.

        What an account refused to tell is asked again where nothing else is due: this attempt is then made because something changed.
        """
        self._run.context.checkpoint()
        with self._parts.database.read() as connection:
            now = self._parts.database.now(connection)
            asked_before = now - self._parts.rules.ask_every if self._run.context.by_hand else None
            due = listing.on_the_way(connection, now, asked_before)
            return due or listing.not_told(connection, OutboxReason.STATUS_UNAVAILABLE), now

    def _track(self, messages: Sequence[OutboxMessage], now: datetime) -> list[MessageStep]:
        return [step for answer in self._asking.ask(messages) for one in answer.messages if (step := self._judge(one, answer, now))]

    def _judge(self, message: OutboxMessage, answer: StatusAnswer, now: datetime) -> MessageStep | None:
        """Returns what became of a message; None: nobody could be asked, so that it stays due."""
        report = answer.reports.get(message.reference)
        if report is not None and report.status is DeliveryStatus.DELIVERED:
            return MessageStep.of(message, Step.DELIVER, Actor.TRACKING, _noted(report), Counted.DELIVERED)
        if report is not None and report.status is DeliveryStatus.FAILED:
            return self._failed(message, report)
        # After the final words: one that comes on the last day still counts.
        if now - (message.submitted_at or now) >= self._parts.rules.track:
            return self._expired(message)
        if answer.error is not None:
            return self._not_told(message, answer.error, now)
        next_at = next_question(message.submitted_at or now, message.appointment_at, now, self._parts.zone)
        later: dict[str, Any] = {"status_checks": message.status_checks + 1, "last_asked_at": now, "next_at": next_at}
        if answer.is_unreadable(message):
            row = unreadable_activity(self._parts, message)
            later |= {"reason": OutboxReason.STATUS_UNREADABLE, "sentence": unreadable_sentence()}
            return MessageStep.of(message, Step.WAIT, Actor.TRACKING, later, Counted.UNREADABLE, row, problem=row is not None)
        if message.reason in (OutboxReason.STATUS_UNREADABLE, OutboxReason.STATUS_UNAVAILABLE):
            later |= {"reason": "", "sentence": ""}
        if report is not None and report.status is DeliveryStatus.BUFFERED:
            return MessageStep.of(message, Step.BUFFER, Actor.TRACKING, later | _noted(report), Counted.BUFFERED)
        return MessageStep.of(message, Step.WAIT, Actor.TRACKING, later, Counted.OPEN)

    def _not_told(self, message: OutboxMessage, error: KnownError, now: datetime) -> MessageStep | None:
        """Returns what an account's fault means for a message: it stays due; where the login is refused, once before the day ends.

        However often other accounts are asked: each further question with a refused password could lock the account.
        """
        if not isinstance(error, GatewayAccountError) or self._run.context.dry_run:
            self._run.tally.counts[Counted.NOT_ASKED] += 1
            return None
        later = {"reason": OutboxReason.STATUS_UNAVAILABLE, "sentence": str(error), "next_at": last_question(now, self._parts.zone)}
        return MessageStep.of(message, Step.WAIT, Actor.TRACKING, later, Counted.NOT_ASKED)

    # The end

    def _result(self) -> JobResult:
        run, refused = self._run, self._asking.errors
        with self._parts.database.read() as connection:
            now = self._parts.database.now(connection)
            left = self._left(connection, now)
        result = run.tally.result(self._sentence(left))
        if run.context.dry_run:
            return result
        rest = self._rest(left, now)
        # Trouble that passes is told by the engine, which tries again, once it has lasted.
        told = {account: error for account, error in refused.items() if rest is None or not isinstance(error, UnavailableError)}
        if told:
            reason = OutboxReason.STATUS_UNAVAILABLE
            run.context.log(*(activity(Level.WARNING, reason, str(error), account) for account, error in told.items()))
        if self._asking.answered:
            self._sending_may_go_on(now)
        makes_due = {JobKey.SEND_MESSAGES: now} if run.tally.counts[Counted.NEVER_TAKEN] else {}
        return replace(result, problems=result.problems + len(refused), rest=rest, makes_due=makes_due)

    def _left(self, connection: Connection, now: datetime) -> _Open:
        on_the_way = listing.still_open(connection, now)
        buffered = sum(one.state is MessageState.BUFFERED for one in on_the_way)
        doubtful = [one for one in listing.in_doubt(connection, sending=True) if self._is_followed(one, now)]
        questions = [(one.mandant_id, one.next_at) for one in on_the_way if one.in_time]
        questions += [(one.mandant_id, one.next_at) for one in doubtful]
        refused = {account for account, error in self._asking.errors.items() if not isinstance(error, UnavailableError)}
        times = [next_at for mandant_id, next_at in questions if self._parts.account_of(mandant_id) not in refused]
        next_at = max(now, min(times)) if times else None
        if next_at is not None and next_at.microsecond:  # databases keep times less finely than they tell them
            next_at = next_at.replace(microsecond=0) + timedelta(seconds=1)
        return _Open(len(on_the_way), buffered, len(doubtful), len(questions), next_at)

    def _is_followed(self, doubtful: OutboxMessage, now: datetime) -> bool:
        matters = now < matters_until(doubtful.sending_at or now, doubtful.appointment_at)
        return matters and self._parts.settles_itself(doubtful)

    def _rest(self, left: _Open, now: datetime) -> Rest | None:
        if not left.followed:
            return None
        number, progressed = left.followed, any(self._run.tally.counts[counted] for counted in _PROGRESS)
        if left.next_at is None:  # each further question with a refused password could lock the account
            at = last_question(now, self._parts.zone)
            return Rest(OutboxReason.STATUS_UNAVAILABLE, number, not_before=at, after_change=True, progressed=progressed)
        # The pauses after an account that does not answer are the engine's; those that do answer are not asked more often for it.
        made = (requests for account, requests in self._asking.requests.items() if account not in self._asking.errors)
        breath = now + self._parts.rules.request_every * max(made, default=0)
        if any(isinstance(error, UnavailableError) for error in self._asking.errors.values()):
            return Rest(OutboxReason.STATUS_UNAVAILABLE, number, not_before=max(breath, left.next_at), progressed=progressed)
        return Rest("open", number, not_before=max(breath, left.next_at), progressed=progressed, ordinary=True)

    def _sending_may_go_on(self, now: datetime) -> None:
        """Lets an attempt of sending that waits for the gateway begin: it answers."""
        with self._parts.database.read() as connection:
            is_sms = message_table.c.channel == Channel.SMS.value
            waits = entries.due_messages(connection, [MessageState.PREPARED], now, 0, 1, is_sms)
        if waits:
            self._parts.try_sending(False)

    def _sentence(self, left: _Open) -> str:
        counts = self._run.tally.counts
        delivered, failed, again = counts[Counted.DELIVERED], counts[Counted.FAILED], counts[Counted.NEVER_TAKEN]
        on_the_way = ngettext("{number} noch unterwegs.", "{number} noch unterwegs.", left.on_the_way)
        if left.buffered and left.buffered == left.on_the_way:
            on_the_way = ngettext(
                "{number} noch unterwegs, beim Anbieter gepuffert (Telefon aus).",
                "{number} noch unterwegs, alle beim Anbieter gepuffert (Telefon aus).",
                left.on_the_way,
            )
        elif left.buffered:
            on_the_way = ngettext(
                "{number} noch unterwegs, davon {buffered} beim Anbieter gepuffert (Telefon aus).",
                "{number} noch unterwegs, davon {buffered} beim Anbieter gepuffert (Telefon aus).",
                left.on_the_way,
            )
        numbers = (
            (failed, ngettext("{number} nicht zugestellt: Patienten anderweitig benachrichtigen.",
                              "{number} nicht zugestellt: Patienten anderweitig benachrichtigen.", failed)),
            (left.on_the_way, on_the_way),
            (left.doubtful, ngettext("Bei {number} ist noch unklar, ob sie gesendet wurde.",
                                     "Bei {number} ist noch unklar, ob sie gesendet wurden.", left.doubtful)),
            (again, ngettext("{number} hat das Gateway nie erhalten; sie wird noch einmal gesendet.",
                             "{number} hat das Gateway nie erhalten; sie werden noch einmal gesendet.", again)),
        )  # fmt: skip
        why = dict.fromkeys(str(error) for error in self._asking.errors.values())
        done = ngettext("{number} Mitteilung zugestellt.", "{number} Mitteilungen zugestellt.", delivered).format(number=delivered)
        return join_texts(
            done if delivered else _("Keine neue Zustellung."),
            *(sentence.format(number=number, buffered=left.buffered) for number, sentence in numbers if number),
            *(_("Das SMS-Gateway gab keine Auskunft: {why}").format(why=one) for one in why),
        )

    def _failed(self, message: OutboxMessage, report: DeliveryReport) -> MessageStep:
        sentence = join_texts(
            _("Die SMS konnte nicht zugestellt werden: {why}.").format(why=_why(report) or _("Grund unbekannt")),
            _("Patienten anrufen oder anschreiben.") if message.kind.is_of_appointment else "",
        )
        values = _noted(report) | {"reason": OutboxReason.NOT_DELIVERED, "sentence": sentence}
        return logged_step(self._parts, Level.ERROR, message, Step.FAIL, Actor.TRACKING, Counted.FAILED, values)

    def _expired(self, message: OutboxMessage) -> MessageStep:
        sentence = _("Innert sieben Tagen kam keine Meldung, ob die SMS zugestellt wurde.")
        values = {"reason": OutboxReason.NO_NOTIFICATION, "sentence": sentence}
        return logged_step(self._parts, Level.WARNING, message, Step.EXPIRE, Actor.TRACKING, Counted.UNKNOWN, values, problem=False)


def _noted(report: DeliveryReport) -> dict[str, Any]:
    waits = report.status is DeliveryStatus.BUFFERED and report.reason
    sentence = _("Der Anbieter versucht es weiter: {why}.").format(why=_why(report)) if waits else ""
    return {"notified_at": report.notified_at, "reason_code": report.reason_code[:16], "reason": "", "sentence": sentence}


def _why(report: DeliveryReport) -> str:
    """Returns the gateway's reason as a part of a sentence; our own words for it, which end without a full stop, can be translated."""
    return report.reason.rstrip(".") if report.reason.endswith(".") else report.reason
