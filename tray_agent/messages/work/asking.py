"""Asks the gateways about many references: account by account in batches, the accounts side by side."""

from __future__ import annotations

from collections import Counter, defaultdict
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


class Asking:
    """Asks about SMS in one run, account by account; a fault of one account holds up no other.

    Args:
        parts: what to work with.
        most: how many requests of one account at the most; None: as many as are needed.

    Attributes:
        requests: how many were made, by account.
        errors: why an account could not be asked; it is not asked again in this run.
        answered: the accounts that answered.
    """

    def __init__(self, parts: MessageParts, most: int | None = None) -> None:
        self._parts = parts
        self._most = most
        self.requests: Counter[str] = Counter()
        self.errors: dict[str, KnownError] = {}
        self.answered: set[str] = set()

    def ask(self, messages: Iterable[OutboxMessage]) -> list[StatusAnswer]:
        """Asks about messages; each is in one answer, or in none where its account may not be asked more often."""
        groups, lost = self._by_account(messages)
        if not groups:
            return lost
        with ThreadPoolExecutor(max_workers=min(len(groups), ACCOUNTS_AT_ONCE), thread_name_prefix="asking") as workers:
            answers = [
                *lost,
                *(one for of_account in workers.map(self._ask_account, *zip(*groups.items(), strict=True)) for one in of_account),
            ]
        for answer in answers:
            if answer.error is None:
                self.answered.add(answer.account)
            else:
                self.errors.setdefault(answer.account, answer.error)
        return answers

    def _by_account(self, messages: Iterable[OutboxMessage]) -> tuple[dict[str, list[OutboxMessage]], list[StatusAnswer]]:
        groups: dict[str, list[OutboxMessage]] = defaultdict(list)
        lost = []
        for message in messages:
            try:
                groups[self._parts.sms.account(message.mandant_id or "")].append(message)
            except KnownError as error:
                lost.append(StatusAnswer(message.mandant_id or "", [message], {}, error))
        return groups, lost

    def _ask_account(self, account: str, messages: Sequence[OutboxMessage]) -> list[StatusAnswer]:
        size, answers, error = self._parts.rules.inquiry, [], self.errors.get(account)
        for begin in range(0, len(messages), size):
            batch = messages[begin : begin + size]
            if error is not None:  # the account's next batches would only wait for the same fault
                answers.append(StatusAnswer(account, batch, {}, error))
                continue
            if self._most is not None and self.requests[account] >= self._most:
                break
            self.requests[account] += 1
            answers.append(self._ask_batch(account, batch))
            error = answers[-1].error
        return answers

    def _ask_batch(self, account: str, batch: Sequence[OutboxMessage]) -> StatusAnswer:
        try:
            gateway = self._parts.sms[batch[0].mandant_id or ""]
            return StatusAnswer(account, batch, gateway.inquire([message.reference for message in batch]))
        except KnownError as error:
            return StatusAnswer(account, batch, {}, error)
