"""Asks what became of the messages of the last seven days: the job ``update_status``.

Only SMS can be asked about. The newest notification counts. What failed stands in the activity log and on the list of
patients to be reminded otherwise; what nobody tells about within seven days ends as unknown. What is in doubt is settled first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from tray_agent.i18n import _, ngettext
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.messages.gateways.contract import DeliveryReport, DeliveryStatus
from tray_agent.messages.model import Channel, MessageKind, MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Change
from tray_agent.messages.outbox.model import OutboxMessage
from tray_agent.messages.outbox.states import Actor, Step
from tray_agent.messages.work.asking import Answer, ask, unreadable_activity, unreadable_sentence
from tray_agent.messages.work.doubt import Settling
from tray_agent.messages.work.outcomes import row
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.tally import Tally, told
from tray_agent.protocol.model import Activity, Level
from tray_agent.store.tables import message as table

CHUNK = 1000
"""How many open messages are read, asked about and written at once."""

NOT_DELIVERED = "not_delivered"
NO_NOTIFICATION = "no_notification"
CANNOT_ASK = "status_unavailable"


def update_status(parts: MessageParts, context: JobContext) -> JobResult:
    """Settles what is in doubt and updates every open message that is due.

    Raises:
        DatabaseUnavailableError: what was asked so far is written.
        RunCancelledError, LeaseLostError: as the context says.
    """
    tally = Tally()
    Settling(parts, context, tally).run()
    tracking = _Tracking(parts, context, tally)
    tracking.run()
    return tracking.result()


@dataclass(frozen=True, slots=True)
class _Tracked:
    change: Change
    counted: str
    activity: Activity | None = None


class _Tracking:
    def __init__(self, parts: MessageParts, context: JobContext, tally: Tally) -> None:
        self._parts = parts
        self._context = context
        self._tally = tally
        self._unasked: dict[str, str] = {}

    def run(self) -> None:
        last, done = 0, 0
        while True:
            self._context.checkpoint()
            with self._parts.database.read() as connection:
                now = self._parts.database.now(connection)
                messages = entries.due_messages(connection, _OPEN, now, last, CHUNK, table.c.channel == Channel.SMS.value)
            if not messages:
                return
            last, done = messages[-1].id, done + len(messages)
            self._write(self._track(messages, now))
            self._context.progress(done, None, _("Status abfragen"))

    def result(self) -> JobResult:
        if self._unasked and not self._context.dry_run:
            self._context.log(*(told(Level.WARNING, CANNOT_ASK, said, item=account) for account, said in self._unasked.items()))
        self._tally.problems += len(self._unasked)
        delivered, failed = self._tally.counts["delivered"], self._tally.counts["failed"]
        said = ngettext("{number} Mitteilung zugestellt.", "{number} Mitteilungen zugestellt.", delivered).format(number=delivered)
        if failed:
            not_delivered = ngettext("{number} nicht zugestellt: Patient anderweitig benachrichtigen.",
                                     "{number} nicht zugestellt: Patienten anderweitig benachrichtigen.", failed)  # fmt: skip
            said = f"{said} {not_delivered.format(number=failed)}"
        return self._tally.result(said)

    def _track(self, messages: Sequence[OutboxMessage], now: datetime) -> list[_Tracked]:
        tracked = []
        for answer in ask(self._parts, messages):
            if answer.error is not None:
                self._unasked.setdefault(answer.account, str(answer.error))
            tracked += [self._judge(message, answer, now) for message in answer.messages]
        return tracked

    def _judge(self, message: OutboxMessage, answer: Answer, now: datetime) -> _Tracked:
        report = answer.reports.get(message.reference)
        if report is not None and report.status is DeliveryStatus.DELIVERED:
            return _Tracked(_change(message, Step.DELIVER, **_noted(report)), "delivered")
        if report is not None and report.status is DeliveryStatus.FAILED:
            return self._failed(message, report)
        if now - (message.submitted_at or now) >= self._parts.rules.track:
            return self._expired(message)
        later = {"status_checks": message.status_checks + 1, "next_at": now + self._pause(message)}
        if answer.is_unreadable(message):
            change = _change(message, Step.WAIT, **later, sentence=unreadable_sentence())
            return _Tracked(change, "unreadable", unreadable_activity(message))
        if report is not None and report.status is DeliveryStatus.BUFFERED:
            return _Tracked(_change(message, Step.BUFFER, **_noted(report), **later), "buffered")
        return _Tracked(_change(message, Step.WAIT, **later), "open" if answer.error is None else "not_asked")

    def _pause(self, message: OutboxMessage) -> timedelta:
        pauses = self._parts.rules.status_pauses
        return pauses[min(message.status_checks + 1, len(pauses) - 1)]

    def _failed(self, message: OutboxMessage, report: DeliveryReport) -> _Tracked:
        said = _("Die SMS konnte nicht zugestellt werden: {why}.").format(why=(report.reason or _("Grund unbekannt")).rstrip("."))
        if message.kind is MessageKind.REMINDER:
            said += " " + _("Patienten anrufen oder anschreiben.")
        change = _change(message, Step.FAIL, **{**_noted(report), "reason": NOT_DELIVERED, "sentence": said})
        return _Tracked(change, "failed", row(self._parts, Level.ERROR, NOT_DELIVERED, message, said))

    def _expired(self, message: OutboxMessage) -> _Tracked:
        said = _("Innert sieben Tagen kam keine Meldung, ob die SMS zugestellt wurde.")
        change = _change(message, Step.EXPIRE, reason=NO_NOTIFICATION, sentence=said)
        return _Tracked(change, "unknown", row(self._parts, Level.WARNING, NO_NOTIFICATION, message, said))

    def _write(self, tracked: Sequence[_Tracked]) -> None:
        def work(connection: Connection) -> list[_Tracked]:
            self._context.fence(connection)
            now = self._parts.database.now(connection)
            happened = [one for one in tracked if entries.apply(connection, one.change, now)]
            activities = [one.activity for one in happened if one.activity]
            if activities:
                self._context.log(*activities, connection=connection)
            return happened

        happened = tracked if self._context.dry_run else self._parts.database.transact(work)
        for one in happened:
            self._tally.counts[one.counted] += 1
            self._tally.problems += one.counted == "failed" or (one.counted == "unreadable" and one.activity is not None)


_OPEN = (MessageState.SUBMITTED, MessageState.BUFFERED)


def _change(message: OutboxMessage, step: Step, **values: object) -> Change:
    return Change.of(message, step, Actor.TRACKING, **values)


def _noted(report: DeliveryReport) -> dict[str, object]:
    waits = report.status is DeliveryStatus.BUFFERED and report.reason
    said = _("Der Anbieter versucht es weiter: {why}.").format(why=report.reason.rstrip(".")) if waits else ""
    return {"notified_at": report.notified_at, "reason_code": report.reason_code[:16], "reason": "", "sentence": said}
