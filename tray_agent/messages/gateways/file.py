"""The file gateway: dry runs and trials. What would be sent is appended to a file of JSON lines, and can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from tray_agent.clock import Clock
from tray_agent.messages.gateways.contract import DeliveryReport, OutgoingSms, Outcome


class FileSmsGateway:
    """Writes each SMS as one line of JSON; several processes may write to one file.

    Args:
        file: is made when the first message comes, its folder too.
        account: stands in each line.
        clock: gives the time in each line.
    """

    most_at_once = 1

    def __init__(self, file: Path, account: str, clock: Clock) -> None:
        raise NotImplementedError

    def balance(self) -> Decimal:
        """Returns a balance that is never used up: a dry run costs nothing."""
        raise NotImplementedError

    def submit(self, message: OutgoingSms) -> Outcome:
        """Appends the message; ``NotNow`` where the file can't be written."""
        raise NotImplementedError

    def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
        """Returns "delivered" for what is in the file."""
        raise NotImplementedError

    def close(self) -> None:
        """Does nothing: the file is closed after each line."""
