"""The test doubles of both gateways: in memory, with faults on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from tray_agent.messages.gateways.contract import (
    Accepted,
    AccountFault,
    AccountStopped,
    Capabilities,
    DeliveryReport,
    DeliveryStatus,
    GatewayTime,
    Outcome,
    OutgoingMail,
    OutgoingSms,
    Refused,
    too_late,
)
from tray_agent.messages.texts.segments import split


class MemorySmsGateway:
    """An SMS gateway in memory. Thread-safe.

    Args:
        balance: the credits at the start; go down by one for each segment.
        answer: decides the outcome of a submission, where it returns one. ``InDoubt`` from it leaves open whether the
            message was taken: add it to ``taken`` with ``take`` where it was.

    Attributes:
        taken: every message taken, in order; one taken twice is there twice.
        told_time: what it says the time is, where a test sets it.
        given: the references of all that was handed over, whatever became of it.
    """

    told_time: GatewayTime | None = None

    capabilities = Capabilities(most_at_once=8)

    def __init__(self, balance: Decimal = Decimal(1000), answer: Callable[[OutgoingSms], Outcome | None] | None = None) -> None:
        self.taken: list[OutgoingSms] = []
        self.given: set[str] = set()
        self.answer = answer
        self._balance = balance
        self._reports: dict[str, DeliveryReport] = {}
        self._lock = threading.Lock()

    def balance(self) -> Decimal:
        """Returns the credits left."""
        return self._balance

    def set_balance(self, balance: Decimal) -> None:
        """Sets the credits."""
        self._balance = balance

    def submit(self, message: OutgoingSms) -> Outcome:
        """Takes a message, or gives the outcome that a test asked for."""
        if not message.may_leave():
            return too_late()
        self.given.add(message.reference)
        asked_for = self.answer(message) if self.answer else None
        if asked_for is not None:
            return asked_for
        if not message.text.strip():
            return Refused("text", "Der Text ist leer.")
        if self.take(message):
            return Accepted()
        return AccountStopped(AccountFault.CREDITS, "Guthaben aufgebraucht.")

    def take(self, message: OutgoingSms) -> bool:
        """Takes and charges a message; returns False, and does not, where the credits don't suffice."""
        cost = split(message.text).count
        with self._lock:
            if cost > self._balance:
                return False
            self._balance -= cost
            self.taken.append(message)
            return True

    def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
        """Returns the reports that a test set; taken messages count as delivered otherwise."""
        with self._lock:
            known = {message.reference: DeliveryReport(message.reference, DeliveryStatus.DELIVERED) for message in self.taken}
            known.update(self._reports)
        return {reference: known[reference] for reference in references if reference in known}

    def is_asked_before(self, references: Sequence[str]) -> bool:
        """Returns whether it is asked about messages of which none was handed over yet."""
        return self.given.isdisjoint(references)

    def report(self, report: DeliveryReport) -> None:
        """Sets what is told about a message from now on."""
        with self._lock:
            self._reports[report.reference] = report

    def close(self) -> None:
        """Does nothing: memory needs no closing."""


class MemoryMailGateway:
    """A way for e-mail in memory. Thread-safe.

    Args:
        answer: decides the outcome of a submission, where it returns one.

    Attributes:
        taken: every message taken, in order.
    """

    capabilities = Capabilities(most_at_once=4, can_be_asked=False, has_balance=False)

    def __init__(self, answer: Callable[[OutgoingMail], Outcome | None] | None = None) -> None:
        self.taken: list[OutgoingMail] = []
        self.answer = answer

    def submit(self, message: OutgoingMail) -> Outcome:
        """Takes a message, or gives the outcome that a test asked for."""
        if not message.may_leave():
            return too_late()
        asked_for = self.answer(message) if self.answer else None
        if asked_for is not None:
            return asked_for
        self.taken.append(message)
        return Accepted()

    def check(self) -> None:
        """Finds nothing wrong."""

    def close(self) -> None:
        """Does nothing: memory needs no closing."""
