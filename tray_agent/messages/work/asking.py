"""Asks the gateways about many references: account by account in batches, the accounts side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tray_agent.errors import KnownError
from tray_agent.i18n import _
from tray_agent.messages.gateways.contract import DeliveryReport, DeliveryStatus
from tray_agent.messages.outbox.model import OutboxMessage
from tray_agent.messages.words import said_of
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.tally import told
from tray_agent.protocol.model import Activity, Level

ACCOUNTS_AT_ONCE = 8

UNREADABLE = "status_unreadable"
"""The reason under which the activity log tells that what the gateway said about one message can't be read."""


@dataclass(frozen=True, slots=True)
class Answer:
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


def unreadable_activity(message: OutboxMessage) -> Activity | None:
    """Returns the row of the activity log about it; None where it was told before."""
    said = unreadable_sentence()
    if message.sentence == said:
        return None
    about = said_of(message.patient_name, said)
    return told(
        Level.WARNING, UNREADABLE, about, item=str(message.id), patient_id=message.patient_id, appointment_at=message.appointment_at
    )


def ask(parts: MessageParts, messages: Iterable[OutboxMessage]) -> list[Answer]:
    """Asks about SMS; every message is in exactly one answer. A fault of one account holds up no other."""
    groups, lost = _by_account(parts, messages)
    if not groups:
        return lost
    with ThreadPoolExecutor(max_workers=min(len(groups), ACCOUNTS_AT_ONCE), thread_name_prefix="asking") as workers:
        answers = workers.map(lambda group: _ask_account(parts, *group), groups.items())
        return [*lost, *(answer for of_account in answers for answer in of_account)]


def _by_account(parts: MessageParts, messages: Iterable[OutboxMessage]) -> tuple[dict[str, list[OutboxMessage]], list[Answer]]:
    groups: dict[str, list[OutboxMessage]] = defaultdict(list)
    lost = []
    for message in messages:
        try:
            groups[parts.sms.account(message.mandant_id or "")].append(message)
        except KnownError as error:
            lost.append(Answer(message.mandant_id or "", [message], {}, error))
    return groups, lost


def _ask_account(parts: MessageParts, account: str, messages: Sequence[OutboxMessage]) -> list[Answer]:
    batches = [messages[begin : begin + parts.rules.inquiry] for begin in range(0, len(messages), parts.rules.inquiry)]
    answers = []
    for number, batch in enumerate(batches):
        answer = _ask_batch(parts, account, batch)
        answers.append(answer)
        if answer.error is not None:  # the account's next batches would only wait for the same fault
            answers += [Answer(account, rest, {}, answer.error) for rest in batches[number + 1 :]]
            break
    return answers


def _ask_batch(parts: MessageParts, account: str, batch: Sequence[OutboxMessage]) -> Answer:
    try:
        gateway = parts.sms[batch[0].mandant_id or ""]
        return Answer(account, batch, gateway.inquire([message.reference for message in batch]))
    except KnownError as error:
        return Answer(account, batch, {}, error)
