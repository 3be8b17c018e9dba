"""Asks the gateways about many references: account by account in batches, the accounts side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tray_agent.errors import KnownError
from tray_agent.messages.entries import OutboxMessage
from tray_agent.messages.gateways.contract import DeliveryReport
from tray_agent.messages.parts import MessageParts

ACCOUNTS_AT_ONCE = 8


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
