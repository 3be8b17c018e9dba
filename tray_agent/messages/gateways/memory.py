"""The public test doubles of both gateways: in memory, with faults on request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from tray_agent.messages.gateways.contract import DeliveryReport, OutgoingMail, OutgoingSms, Outcome


class MemorySmsGateway:
    """An SMS gateway in memory. Thread-safe.

    Args:
        balance: the credits at the start; goes down by one for each segment.
        answer: decides the outcome of a submission instead, where it returns one; ``taken_before_fault`` tells
            whether the message counts as taken all the same (a request that went through and an answer that did not).
    """

    most_at_once = 8

    def __init__(self, balance: Decimal = Decimal(1000), answer: Callable[[OutgoingSms], Outcome | None] | None = None) -> None:
        self.taken: list[OutgoingSms] = []
        raise NotImplementedError

    def balance(self) -> Decimal:
        """Returns the credits left."""
        raise NotImplementedError

    def submit(self, message: OutgoingSms) -> Outcome:
        """Takes a message, or gives the outcome that a test asked for."""
        raise NotImplementedError

    def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
        """Returns the reports that a test set; taken messages count as delivered otherwise."""
        raise NotImplementedError

    def report(self, report: DeliveryReport) -> None:
        """Sets what is told about a message from now on."""
        raise NotImplementedError

    def close(self) -> None:
        """Does nothing: memory needs no closing."""


class MemoryMailGateway:
    """A way for e-mail in memory. Thread-safe."""

    def __init__(self, answer: Callable[[OutgoingMail], Outcome | None] | None = None) -> None:
        self.taken: list[OutgoingMail] = []
        raise NotImplementedError

    def submit(self, message: OutgoingMail) -> Outcome:
        """Takes a message, or gives the outcome that a test asked for."""
        raise NotImplementedError

    def close(self) -> None:
        """Does nothing: memory needs no closing."""
