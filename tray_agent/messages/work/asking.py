"""Asks the gateways about many references: account by account in batches, the accounts side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tray_agent.errors import KnownError
from tray_agent.i18n import _
from tray_agent.messages.gateways.contract import DeliveryReport, DeliveryStatus
from tray_agent.messages.outbox.model import OutboxMessage, OutboxReason
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.steps import activity_about
from tray_agent.protocol.model import Activity, Level

ACCOUNTS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """What a gateway said about some messages of one account.

    Attributes:
        reports: the newest notification by reference; references that the gateway does not know are left out.
        error: why it could not be asked; then ``reports`` is empty and means nothing.
    """

    account: str
    messages: Sequence[OutboxMessage]
    reports: Mapping[str, DeliveryReport]
    error: KnownError | None = None

    def is_unreadable(self, message: OutboxMessage) -> bool:
        """Returns whether the gateway said something about a message that can't be read: that proves nothing."""
        report = self.reports.get(message.reference)
        return report is not None and report.status is DeliveryStatus.UNREADABLE


def unreadable_sentence() -> str:
    """Returns what it means that the gateway's word about one message can't be read."""
    return _("Was das SMS-Gateway zu dieser Mitteilung meldet, ist nicht lesbar; ihr Stand bleibt, es wird später wieder gefragt.")


def unreadable_activity(parts: MessageParts, message: OutboxMessage) -> Activity | None:
    """Returns the row of the activity log about it; None where it was told before."""
    reason = OutboxReason.STATUS_UNREADABLE
    return None if message.reason == reason else activity_about(parts, Level.WARNING, reason, message, unreadable_sentence())


def ask(parts: MessageParts, messages: Iterable[OutboxMessage]) -> list[StatusAnswer]:
    """Asks about SMS; every message is in exactly one answer. A fault of one account holds up no other."""
    groups, lost = _by_account(parts, messages)
    if not groups:
        return lost
    with ThreadPoolExecutor(max_workers=min(len(groups), ACCOUNTS_AT_ONCE), thread_name_prefix="asking") as workers:
        answers = workers.map(lambda group: _ask_account(parts, *group), groups.items())
        return [*lost, *(answer for of_account in answers for answer in of_account)]


def _by_account(parts: MessageParts, messages: Iterable[OutboxMessage]) -> tuple[dict[str, list[OutboxMessage]], list[StatusAnswer]]:
    groups: dict[str, list[OutboxMessage]] = defaultdict(list)
    lost = []
    for message in messages:
        try:
            groups[parts.sms.account(message.mandant_id or "")].append(message)
        except KnownError as error:
            lost.append(StatusAnswer(message.mandant_id or "", [message], {}, error))
    return groups, lost


def _ask_account(parts: MessageParts, account: str, messages: Sequence[OutboxMessage]) -> list[StatusAnswer]:
    batches = [messages[begin : begin + parts.rules.inquiry] for begin in range(0, len(messages), parts.rules.inquiry)]
    answers = []
    for number, batch in enumerate(batches):
        answer = _ask_batch(parts, account, batch)
        answers.append(answer)
        if answer.error is not None:  # the account's next batches would only wait for the same fault
            answers += [StatusAnswer(account, rest, {}, answer.error) for rest in batches[number + 1 :]]
            break
    return answers


def _ask_batch(parts: MessageParts, account: str, batch: Sequence[OutboxMessage]) -> StatusAnswer:
    try:
        gateway = parts.sms[batch[0].mandant_id or ""]
        return StatusAnswer(account, batch, gateway.inquire([message.reference for message in batch]))
    except KnownError as error:
        return StatusAnswer(account, batch, {}, error)
