"""A real ASPSMS server on loopback: its protocol over HTTP, credits, TRNs, deliveries, and faults on request.

Runs in a thread (``GatewayServer``) or a process of its own (``python -m tray_agent.demo.gateway_server``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from tray_agent.clock import Clock


@dataclass(frozen=True, slots=True)
class AcceptedSms:
    """A message that the server took, once for each time it took it.

    Attributes:
        reference: the TRN, or "" where the sender chose none.
        accepted_at: aware, UTC.
    """

    account: str
    reference: str
    recipient: str
    originator: str
    text: str
    accepted_at: datetime


class GatewayFault(StrEnum):
    """What the server can do wrong."""

    DROP_AFTER_ACCEPT = "drop_after_accept"
    """Takes the message and closes the connection without an answer."""

    DROP_BEFORE_ACCEPT = "drop_before_accept"
    """Reads the request and closes the connection; the message is not taken."""

    ERROR_500 = "error_500"
    """Answers 500 without taking the message."""

    ERROR_500_ACCEPTED = "error_500_accepted"
    """Takes the message and answers 500."""

    BUSY_503 = "busy_503"
    """Answers 503 with Retry-After without taking the message."""

    TIME_OUT = "time_out"
    """Takes the message and answers too late."""

    GARBAGE = "garbage"
    """Takes the message and answers with what is no JSON."""

    CUT_OFF = "cut_off"
    """Takes the message and breaks off in the middle of the answer."""

    NO_CREDITS = "no_credits"
    """Says that the credits are used up; nothing is taken."""

    SLOW = "slow"
    """Takes the message and answers late, but in time."""


class GatewayServer:
    """The server in a thread of this process.

    Args:
        accounts: password by account.
        balance: the credits of each account at the start.
        state: a file (SQLite) that keeps credits and accepted messages for the next start; None keeps them in memory.
        latency: seconds every answer takes.
        seed: decides which numbers are delivered, buffered or failed, and when.
        port: 0 lets the system choose.
    """

    def __init__(
        self,
        accounts: Mapping[str, str],
        *,
        balance: Decimal = Decimal(500),
        state: Path | None = None,
        latency: float = 0.0,
        seed: int = 1,
        port: int = 0,
        clock: Clock | None = None,
    ) -> None:
        raise NotImplementedError

    @property
    def address(self) -> str:
        """Returns the base address, ``http://127.0.0.1:PORT/``."""
        raise NotImplementedError

    def start(self) -> GatewayServer:
        """Begins to answer and returns itself."""
        raise NotImplementedError

    def stop(self) -> None:
        """Ends; open connections are closed."""
        raise NotImplementedError

    def accepted(self) -> list[AcceptedSms]:
        """Returns every message taken so far, in order; a message taken twice is there twice."""
        raise NotImplementedError

    def credits(self, account: str) -> Decimal:
        """Returns an account's balance."""
        raise NotImplementedError

    def set_credits(self, account: str, balance: Decimal) -> None:
        """Sets an account's balance."""
        raise NotImplementedError

    def fail_next(self, *faults: GatewayFault) -> None:
        """Uses these faults for the next submissions, one each, in order."""
        raise NotImplementedError

    def fail_at_random(self, rates: Mapping[GatewayFault, float], seed: int = 1) -> None:
        """Uses a fault for this share of the submissions from now on; an empty mapping ends it."""
        raise NotImplementedError
