"""The loopback SMS gateway with faults on request, and as a process of its own (``python -m tests.support.gateway``)."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self

from tray_agent.demo.gateway_server import (
    NOT_ENOUGH,
    AcceptedSms,
    Delivery,
    DeliveryRule,
    GatewayAnswer,
    GatewayServer,
    Ledger,
    http_answer,
    status_line,
)
from tray_agent.demo.loopback import LoopbackServer

SENDING = ("sendtextsms", "sendsimpletextsms")
"""The calls that hand over a message, in lower case."""

SLOW_SECONDS = 0.2
"""How late ``SLOW`` answers."""

UnknownReference = Literal["left_out", "minus_one", "mixed"]


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

    BUSY_429 = "busy_429"
    """Answers 429 with Retry-After without taking the message."""

    TIME_OUT = "time_out"
    """Takes the message and never answers."""

    GARBAGE = "garbage"
    """Takes the message and answers with what is no JSON."""

    CUT_OFF = "cut_off"
    """Takes the message and breaks off in the middle of the answer."""

    NO_CREDITS = "no_credits"
    """Says that the credits are used up; nothing is taken."""

    SLOW = "slow"
    """Takes the message and answers late, but in time."""


_ERROR_500 = GatewayAnswer(http_answer(b"<html>Internal Server Error</html>", 500))
_BUSY = b"<html>Service Unavailable</html>"

_INSTEAD: dict[GatewayFault | None, GatewayAnswer] = {
    GatewayFault.DROP_BEFORE_ACCEPT: GatewayAnswer(b"", closes=True),
    GatewayFault.ERROR_500: _ERROR_500,
    GatewayFault.BUSY_503: GatewayAnswer(http_answer(_BUSY, 503, "Retry-After: 120\r\n")),
    GatewayFault.BUSY_429: GatewayAnswer(http_answer(_BUSY, 429, "Retry-After: 60\r\n")),
    GatewayFault.NO_CREDITS: GatewayAnswer(http_answer(json.dumps(NOT_ENOUGH).encode())),
}
"""What is answered in place of carrying a request out."""

_AFTERWARDS: dict[GatewayFault | None, GatewayAnswer] = {
    GatewayFault.DROP_AFTER_ACCEPT: GatewayAnswer(b"", closes=True),
    GatewayFault.TIME_OUT: GatewayAnswer(b"", wait=3600.0, closes=True),
    GatewayFault.ERROR_500_ACCEPTED: _ERROR_500,
    GatewayFault.GARBAGE: GatewayAnswer(http_answer(b'<html>{"StatusCode": "1"')),
}
"""What is answered to a request that was carried out."""


class FaultyGateway(GatewayServer):
    """The loopback gateway with faults, fates of numbers and originators on request.

    Args:
        accounts: password by account.
        unknown_reference: how an unknown TRN is answered: left out, as -1, or one or the other ("mixed").
        verified: telephone numbers that may be originators.
        usual: what else ``GatewayServer`` takes.
    """

    def __init__(
        self,
        accounts: Mapping[str, str],
        *,
        unknown_reference: UnknownReference = "mixed",
        verified: frozenset[str] = frozenset(),
        **usual: Any,
    ) -> None:
        super().__init__(accounts, **usual)
        self._unknown = unknown_reference
        self._verified = verified
        self._deliveries: dict[str, Delivery] = {}
        self._queued: dict[str, deque[GatewayFault]] = defaultdict(deque)
        self._rates: dict[str, Mapping[GatewayFault, float]] = {}
        self._random = random.Random(1)
        self._lock = threading.Lock()

    def fail_next(self, *faults: GatewayFault, calls: Sequence[str] = SENDING) -> None:
        """Uses these faults for the next requests of these calls (submissions), one each, in order."""
        with self._lock:
            shared = deque(faults)
            self._queued.update({call.casefold(): shared for call in calls})

    def fail_at_random(self, rates: Mapping[GatewayFault, float], seed: int = 1, calls: Sequence[str] = SENDING) -> None:
        """Uses a fault for this share of the requests from now on; an empty mapping ends it."""
        with self._lock:
            self._random = random.Random(seed)
            self._rates.update({call.casefold(): rates for call in calls})

    def set_credits(self, account: str, balance: Decimal) -> None:
        """Sets an account's balance."""
        with self._ledger._lock:
            self._ledger._connection.execute("UPDATE account SET balance = ? WHERE name = ?", (str(balance), account))

    def set_delivery(self, recipient: str, delivery: Delivery) -> None:
        """Decides what becomes of the messages to a number, instead of the seed."""
        self._deliveries[recipient] = delivery

    def respond(self, call: str, carry_out: Callable[[], bytes]) -> GatewayAnswer:
        """Answers as the next fault wants it."""
        fault = self._next_fault(call)
        if fault in _INSTEAD:
            return _INSTEAD[fault]
        usual = super().respond(call, carry_out)
        if fault is GatewayFault.CUT_OFF:
            head, _blank, body = usual.wire.rpartition(b"\r\n\r\n")
            return GatewayAnswer(head + b"\r\n\r\n" + body[: len(body) // 2], usual.wait, closes=True)
        if fault is GatewayFault.SLOW:
            return GatewayAnswer(usual.wire, usual.wait + SLOW_SECONDS)
        return _AFTERWARDS.get(fault, usual)

    def delivery_of(self, recipient: str) -> Delivery:
        """Returns the fate that was set for a number, or that of the seed."""
        return self._deliveries.get(recipient) or super().delivery_of(recipient)

    def unknown(self, reference: str) -> list[dict[str, str]]:
        """Answers an unknown TRN as wanted."""
        if self._unknown == "mixed":
            return super().unknown(reference)
        return [] if self._unknown == "left_out" else [status_line(reference, "", None)]

    def may_originate(self, number: str) -> bool:
        """Returns whether a number was verified."""
        return number in self._verified

    @property
    def connections(self) -> int:
        """Returns how many connections were opened since the start."""
        return self._listener.connections if self._listener else 0

    def _next_fault(self, call: str) -> GatewayFault | None:
        with self._lock:
            if self._queued[call]:
                return self._queued[call].popleft()
            drawn = self._random.random() if self._rates.get(call) else 1.0
            for fault, rate in self._rates.get(call, {}).items():
                if drawn < rate:
                    return fault
                drawn -= rate
            return None


class GatewayProcess(LoopbackServer):
    """The server in a process of its own: killing or loading the sender does not touch it.

    Args:
        accounts, balance, latency: as ``GatewayServer``.
        state: the file that holds the record; ``accepted`` reads it.
        seed: decides which numbers are delivered, buffered or failed, and which submissions fail.
        faults: the share of submissions that meet each fault.
    """

    def __init__(
        self,
        accounts: Mapping[str, str],
        state: Path,
        *,
        balance: Decimal = Decimal(500),
        latency: float = 0.0,
        seed: int = 1,
        faults: Mapping[GatewayFault, float] | None = None,
    ) -> None:
        self._state = state
        numbers = {"balance": str(balance), "latency": latency, "seed": seed, "faults": faults or {}}
        given = {"accounts": accounts, "state": str(state), **numbers}
        self._command = [sys.executable, "-m", "tests.support.gateway", json.dumps(given)]
        self._process: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self) -> Self:
        """Starts the process and waits until it answers."""
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        return self

    def stop(self) -> None:
        """Ends the process; it ends by itself when its standard input is closed."""
        if self._process is not None:
            self._process.communicate(timeout=10)  # closes its standard input
            self._process = None

    def accepted(self) -> list[AcceptedSms]:
        """Returns every message taken so far, in order; a message taken twice is there twice."""
        with closing(Ledger(self._state, {})) as ledger:
            return ledger.accepted()


def main() -> None:
    """Runs the server that a ``GatewayProcess`` describes until standard input is closed; the first line of the output is its address."""
    given = json.loads(sys.argv[1])
    usual = {"balance": Decimal(given["balance"]), "state": Path(given["state"]), "latency": given["latency"]}
    with FaultyGateway(given["accounts"], rule=DeliveryRule(given["seed"]), **usual) as server:
        server.fail_at_random({GatewayFault(name): share for name, share in given["faults"].items()}, given["seed"])
        sys.stdout.write(f"{server.address}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
