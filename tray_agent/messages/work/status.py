"""Asks what became of the messages of the last seven days: the job ``update_status``.

Only SMS can be asked about. The newest notification counts. What failed stands in the activity log and on the list of
patients to be reminded by other means; what nobody tells about within seven days ends as unknown. What is in doubt is settled first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tray_agent.i18n import _, join_texts, ngettext
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.messages.gateways.contract import DeliveryReport, DeliveryStatus
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.outbox.model import OutboxMessage, OutboxReason
from tray_agent.messages.outbox.states import OPEN_DELIVERY, Actor, Step
from tray_agent.messages.work.asking import StatusAnswer, ask, unreadable_activity, unreadable_sentence
from tray_agent.messages.work.doubt import Settling
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.steps import Counted, MessageRun, MessageStep, activity, logged_step
from tray_agent.protocol.model import Level
from tray_agent.store.tables import message as table


def update_status(parts: MessageParts, context: JobContext) -> JobResult:
    """Settles what is in doubt and updates every open message that is due.

    Raises:
        DatabaseUnavailableError: what was asked so far is written.
        RunCancelledError, LeaseLostError: as the context says.
    """
    run = MessageRun(parts, context)
    if not context.dry_run:  # nothing could be written, so nobody need be asked
        Settling(run).run()
    return _Tracking(run).run()


class _Tracking:
    def __init__(self, run: MessageRun) -> None:
        self._run = run
        self._parts = run.parts
        self._unasked: dict[str, str] = {}

    def run(self) -> JobResult:
        done, is_sms = 0, table.c.channel == Channel.SMS.value
        for messages, now in self._run.due(OPEN_DELIVERY, is_sms):
            steps = self._track(messages, now)
            if self._run.context.dry_run:
                for step in steps:
                    self._run.tally.add(step)
            else:
                self._run.write(steps)
            done += len(messages)
            self._run.context.progress(done, None, _("Status abfragen"))
        return self._result()

    def _result(self) -> JobResult:
        tally, context = self._run.tally, self._run.context
        if self._unasked and not context.dry_run:
            reason = OutboxReason.STATUS_UNAVAILABLE
            context.log(*(activity(Level.WARNING, reason, sentence, account) for account, sentence in self._unasked.items()))
        tally.problems += len(self._unasked)
        delivered, failed = tally.counts[Counted.DELIVERED], tally.counts[Counted.FAILED]
        not_delivered = ngettext("{number} nicht zugestellt: Patient anderweitig benachrichtigen.",
                                 "{number} nicht zugestellt: Patienten anderweitig benachrichtigen.", failed)  # fmt: skip
        return tally.result(
            join_texts(
                ngettext("{number} Mitteilung zugestellt.", "{number} Mitteilungen zugestellt.", delivered).format(number=delivered),
                not_delivered.format(number=failed) if failed else "",
            )
        )

    def _track(self, messages: Sequence[OutboxMessage], now: datetime) -> list[MessageStep]:
        steps = []
        for answer in ask(self._parts, messages):
            if answer.error is not None:
                self._unasked.setdefault(answer.account, str(answer.error))
            steps += [self._judge(message, answer, now) for message in answer.messages]
        return steps

    def _judge(self, message: OutboxMessage, answer: StatusAnswer, now: datetime) -> MessageStep:
        report = answer.reports.get(message.reference)
        if report is not None and report.status is DeliveryStatus.DELIVERED:
            return MessageStep.of(message, Step.DELIVER, Actor.TRACKING, _noted(report), Counted.DELIVERED)
        if report is not None and report.status is DeliveryStatus.FAILED:
            return self._failed(message, report)
        # After the final words: one that comes on the last day still counts.
        if now - (message.submitted_at or now) >= self._parts.rules.track:
            return self._expired(message)
        later: dict[str, Any] = {"status_checks": message.status_checks + 1, "next_at": now + self._pause(message)}
        if answer.is_unreadable(message):
            row = unreadable_activity(self._parts, message)
            later |= {"reason": OutboxReason.STATUS_UNREADABLE, "sentence": unreadable_sentence()}
            return MessageStep.of(message, Step.WAIT, Actor.TRACKING, later, Counted.UNREADABLE, row, problem=row is not None)
        if message.reason == OutboxReason.STATUS_UNREADABLE and answer.error is None:
            later |= {"reason": "", "sentence": ""}
        if report is not None and report.status is DeliveryStatus.BUFFERED:
            return MessageStep.of(message, Step.BUFFER, Actor.TRACKING, later | _noted(report), Counted.BUFFERED)
        return MessageStep.of(message, Step.WAIT, Actor.TRACKING, later, Counted.OPEN if answer.error is None else Counted.NOT_ASKED)

    def _pause(self, message: OutboxMessage) -> timedelta:
        pauses = self._parts.rules.status_pauses
        return pauses[min(message.status_checks + 1, len(pauses) - 1)]

    def _failed(self, message: OutboxMessage, report: DeliveryReport) -> MessageStep:
        sentence = join_texts(
            _("Die SMS konnte nicht zugestellt werden: {why}.").format(why=_why(report) or _("Grund unbekannt")),
            _("Patienten anrufen oder anschreiben.") if message.kind is MessageKind.REMINDER else "",
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
