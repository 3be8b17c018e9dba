"""A real ASPSMS server on loopback: its protocol over HTTP, credits, TRNs, deliveries, and faults on request.

Runs in a thread (``GatewayServer``) or a process of its own (``GatewayProcess``, ``python -m tray_agent.demo.gateway_server``).
"""

from __future__ import annotations

import argparse
import json
import random
import re
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any, Literal, Self

from tray_agent.clock import Clock, SystemClock
from tray_agent.demo.gateway_ledger import AcceptedSms, Delivery, DeliveryRule, Ledger, Notification, read_accepted
from tray_agent.messages.texts.segments import plain, split

SENDING = ("sendtextsms", "sendsimpletextsms")
"""The calls that hand over a message, in lower case."""

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


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer as it goes over the wire.

    Attributes:
        wait: seconds from the arrival of the request until it goes.
        cut: breaks off in the middle.
        drop: closes the connection without a word.
    """

    body: bytes = b""
    status: int = 200
    retry_after: int | None = None
    wait: float = 0.0
    cut: bool = False
    drop: bool = False


class _Faults:
    """Which fault the next request of a call meets."""

    def __init__(self) -> None:
        self._queued: dict[str, deque[GatewayFault]] = defaultdict(deque)
        self._rates: dict[str, Mapping[GatewayFault, float]] = {}
        self._random = random.Random(1)
        self._lock = threading.Lock()

    def queue(self, calls: Sequence[str], faults: Sequence[GatewayFault]) -> None:
        with self._lock:
            shared = deque(faults)
            for call in calls:
                self._queued[call.casefold()] = shared

    def at_random(self, calls: Sequence[str], rates: Mapping[GatewayFault, float], seed: int) -> None:
        with self._lock:
            self._random = random.Random(seed)
            self._rates.update({call.casefold(): rates for call in calls})

    def next(self, call: str) -> GatewayFault | None:
        with self._lock:
            if self._queued[call]:
                return self._queued[call].popleft()
            drawn = self._random.random() if self._rates.get(call) else 1.0
            for fault, rate in self._rates.get(call, {}).items():
                if drawn < rate:
                    return fault
                drawn -= rate
            return None


class GatewayServer:
    """The server in a thread of this process; a context manager that starts and stops it.

    Args:
        accounts: password by account.
        balance: the credits of each account at its first start.
        state: a file (SQLite) that keeps credits and accepted messages for the next start; None keeps them in memory.
        latency: seconds every answer takes, from the arrival of its request; carrying it out is part of them.
        seed: decides which numbers are delivered, buffered or failed.
        delivery_delay, buffered_for: seconds until the first, and from there until the final notification.
        unknown_reference: how an unknown TRN is answered: left out, as -1, or one or the other ("mixed").
        verified: telephone numbers that may be originators.
        slow_seconds: how late ``SLOW`` answers.
        port: 0 lets the system choose.
        clock: gives the times in the record and in notifications.
    """

    def __init__(
        self,
        accounts: Mapping[str, str],
        *,
        balance: Decimal = Decimal(500),
        state: Path | None = None,
        latency: float = 0.0,
        seed: int = 1,
        delivery_delay: float = 0.0,
        buffered_for: float = 3600.0,
        unknown_reference: UnknownReference = "mixed",
        verified: frozenset[str] = frozenset(),
        slow_seconds: float = 0.2,
        port: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self._accounts = dict(accounts)
        self._opening = dict.fromkeys(accounts, balance)
        self._state = state
        self._latency = latency
        self._rule = DeliveryRule(seed, timedelta(seconds=delivery_delay), timedelta(seconds=buffered_for))
        self._unknown = unknown_reference
        self._verified = verified
        self._slow_seconds = slow_seconds
        self._port = port
        self._clock = clock or SystemClock()
        self._faults = _Faults()
        self._deliveries: dict[str, Delivery] = {}
        self._ledger = Ledger(state, self._opening)
        self._listener: _Listener | None = None
        self._calls: dict[str, Callable[[dict[str, Any], str], dict[str, Any]]] = {
            "checkcredits": self._check_credits,
            "sendtextsms": self._send,
            "sendsimpletextsms": self._send,
            "inquiredeliverynotifications": self._inquire,
            "checkoriginatorauthorization": self._check_originator,
        }

    @property
    def address(self) -> str:
        """Returns the base address, ``http://127.0.0.1:PORT/``; the same after another start."""
        return f"http://127.0.0.1:{self._port}/"

    def start(self) -> Self:
        """Begins to answer and returns itself; may be started again after ``stop``."""
        if self._listener is None:
            self._listener = _Listener(self, self._port)
            self._port = self._listener.server_address[1]
            self._listener.begin()
        return self

    def stop(self) -> None:
        """Ends; open connections are closed. The record stays readable until ``close``."""
        if self._listener is not None:
            self._listener.end()
            self._listener = None

    def close(self) -> None:
        """Ends for good and closes the record."""
        self.stop()
        self._ledger.close()

    def __enter__(self) -> Self:
        """Starts."""
        return self.start()

    def __exit__(self, *_error: object) -> None:
        """Ends for good."""
        self.close()

    def accepted(self) -> list[AcceptedSms]:
        """Returns every message taken so far, in order; a message taken twice is there twice."""
        return self._ledger.accepted()

    @property
    def connections(self) -> int:
        """Returns how many connections were opened since the start."""
        return self._listener.accepted_connections if self._listener else 0

    def credits(self, account: str) -> Decimal:
        """Returns an account's balance."""
        return self._ledger.balance(account)

    def set_credits(self, account: str, balance: Decimal) -> None:
        """Sets an account's balance."""
        self._ledger.set_balance(account, balance)

    def set_delivery(self, recipient: str, delivery: Delivery) -> None:
        """Decides what becomes of the messages to a number, instead of the seed."""
        self._deliveries[recipient] = delivery

    def fail_next(self, *faults: GatewayFault, calls: Sequence[str] = SENDING) -> None:
        """Uses these faults for the next requests of these calls (submissions), one each, in order."""
        self._faults.queue(calls, faults)

    def fail_at_random(self, rates: Mapping[GatewayFault, float], seed: int = 1, calls: Sequence[str] = SENDING) -> None:
        """Uses a fault for this share of the requests from now on; an empty mapping ends it."""
        self._faults.at_random(calls, rates, seed)

    def answer(self, path: str, body: bytes) -> _Answer:
        """Returns what goes over the wire for a request."""
        call = path.strip("/").casefold()
        handle = self._calls.get(call)
        if handle is None:
            return _Answer(b"<html>Not Found</html>", 404)
        request = _read_json(body)
        if request is None:
            return _Answer(b"<html>Bad Request</html>", 400)
        fault = self._faults.next(call)
        if fault in _INSTEAD:
            return _INSTEAD[fault]
        answer = json.dumps(self._authorised(handle, request)).encode()
        return self._spoiled(answer, fault)

    def _spoiled(self, answer: bytes, fault: GatewayFault | None) -> _Answer:
        """Returns an answer to a request that was carried out, as a fault lets it arrive."""
        if fault is GatewayFault.DROP_AFTER_ACCEPT:
            return _Answer(drop=True)
        if fault is GatewayFault.TIME_OUT:
            return _Answer(drop=True, wait=3600.0)
        if fault is GatewayFault.ERROR_500_ACCEPTED:
            return _Answer(b"<html>Internal Server Error</html>", 500)
        if fault is GatewayFault.GARBAGE:
            return _Answer(b'<html>{"StatusCode": "1"')
        if fault is GatewayFault.CUT_OFF:
            return _Answer(answer, cut=True)
        late = self._slow_seconds if fault is GatewayFault.SLOW else 0.0
        return _Answer(answer, wait=self._latency + late)

    def _authorised(self, handle: Callable[[dict[str, Any], str], dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
        account = str(request.get("UserName", ""))
        if account not in self._accounts or self._accounts[account] != request.get("Password"):
            return _status("3", "Authorization failed.")
        return handle(request, account)

    def _check_credits(self, _request: dict[str, Any], account: str) -> dict[str, Any]:
        return {"Credits": str(self._ledger.balance(account)), **_OK}

    def _check_originator(self, request: dict[str, Any], _account: str) -> dict[str, Any]:
        return self._originator_fault(str(request.get("Originator", ""))) or _OK

    def _originator_fault(self, originator: str) -> dict[str, Any] | None:
        if _NUMBER.fullmatch(originator):
            return None if originator in self._verified else _status("30", "Originator not authorized.")
        if not 1 <= len(originator) <= 11 or not originator.isascii():
            return _status("10", "Invalid originator. A maximum of 11 characters is allowed for alphanumeric originators.")
        return None

    def _send(self, request: dict[str, Any], account: str) -> dict[str, Any]:
        recipients = [str(recipient) for recipient in request.get("Recipients") or []]
        if not recipients:
            return _status("20", "Missing recipient.")
        originator = str(request.get("Originator", ""))
        fault = self._originator_fault(originator)
        if fault:
            return fault
        text = str(request.get("MessageText", ""))
        text = plain(text) if str(request.get("ForceGSM7bit", "")).casefold() in ("1", "true") else text
        now = self._clock.now()
        messages = [
            AcceptedSms(account, trn, number, originator, text, now) for number, _colon, trn in (r.partition(":") for r in recipients)
        ]
        if not self._ledger.take(messages, account, Decimal(split(text).count * len(messages))):
            return _NOT_ENOUGH
        return _OK

    def _inquire(self, request: dict[str, Any], account: str) -> dict[str, Any]:
        references = [part for part in str(request.get("TransactionReferenceNumbers", "")).split(";") if part]
        lines = [line for reference in references for line in self._lines(account, reference)]
        return {**_ANSWERED[len(references) % 2], "DeliveryNotifications": lines}

    def _lines(self, account: str, reference: str) -> list[dict[str, str]]:
        known = self._ledger.known(account, reference)
        if not known:
            left_out = self._unknown == "left_out" or (self._unknown == "mixed" and sum(reference.encode()) % 2 == 0)
            return [] if left_out else [_line(reference, "", None)]
        lines = []
        for sms in known:
            delivery = self._deliveries.get(sms.recipient) or self._rule.delivery_of(sms.recipient)
            notified = self._rule.notifications(sms, delivery, self._clock.now())
            submitted = _instant(sms.accepted_at)
            lines += [_line(reference, submitted, step) for step in notified] or [_line(reference, submitted, None)]
        return lines


_NUMBER = re.compile(r"(\+|00)?[0-9]{6,16}")
_DESCRIPTIONS = {-1: "Not yet submitted or rejected", 0: "Delivered", 1: "Buffered", 2: "Not delivered"}


def _status(code: str, info: str) -> dict[str, Any]:
    return {"StatusCode": code, "StatusInfo": info}


_OK = _status("1", "OK")
_ANSWERED = (_status("0", "OK"), _OK)
"""Success of an inquiry has been seen as 0 and as 1."""

_NOT_ENOUGH = _status("5", "Not enough credits.")

_INSTEAD: dict[GatewayFault | None, _Answer] = {
    GatewayFault.DROP_BEFORE_ACCEPT: _Answer(drop=True),
    GatewayFault.ERROR_500: _Answer(b"<html>Internal Server Error</html>", 500),
    GatewayFault.BUSY_503: _Answer(b"<html>Service Unavailable</html>", 503, retry_after=120),
    GatewayFault.BUSY_429: _Answer(b"<html>Too Many Requests</html>", 429, retry_after=60),
    GatewayFault.NO_CREDITS: _Answer(json.dumps(_NOT_ENOUGH).encode()),
}


def _read_json(body: bytes) -> dict[str, Any] | None:
    try:
        request = json.loads(body)
    except ValueError:
        return None
    return request if isinstance(request, dict) else None


def _line(reference: str, submitted: str, step: Notification | None) -> dict[str, str]:
    status = -1 if step is None else step.status
    return {
        "TransactionReferenceNumber": reference,
        "DeliveryStatus": str(status),
        "DeliveryStatusDescription": _DESCRIPTIONS[status],
        "SubmissionDate": submitted,
        "NotificationDate": _instant(step.notified_at) if step else "",
        "Reasoncode": step.reason_code if step else "",
        "ReasoncodeDescription": step.reason if step else "",
    }


def _instant(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


class _Handler(BaseHTTPRequestHandler):
    """One connection, kept alive."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 75
    server: _Listener

    def parse_request(self) -> bool:
        """Notes when the first line came."""
        self._arrived = time.monotonic()
        return super().parse_request()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        self._give(self.server.gateway.answer(self.path, body))

    def _give(self, answer: _Answer) -> None:
        left = self._arrived + answer.wait - time.monotonic()
        if left > 0:
            self.server.ending.wait(left)
        if answer.drop or self.server.ending.is_set():
            self.close_connection = True
            return
        head = f"HTTP/1.1 {answer.status} -\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {len(answer.body)}\r\n"
        if answer.retry_after is not None:
            head += f"Retry-After: {answer.retry_after}\r\n"
        body = answer.body[: len(answer.body) // 2] if answer.cut else answer.body
        self.wfile.write(head.encode() + b"\r\n" + body)  # in one piece: no waiting for an acknowledgement in between
        self.close_connection = self.close_connection or answer.cut

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Says nothing: requests hold passwords and texts."""


class _Listener(ThreadingHTTPServer):
    """The socket, with every connection known, so that the end is quick and leaves nothing open."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, gateway: GatewayServer, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.gateway = gateway
        self.ending = threading.Event()
        self.accepted_connections = 0
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="demo gateway", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self.ending.set()
        self.shutdown()
        self._thread.join()
        with self._lock:
            connections = dict(self._open)
        for connection in connections:
            _hang_up(connection)
        for thread in connections.values():
            thread.join(5)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class
        thread = threading.Thread(target=self._serve, args=(request, client_address), daemon=True)
        with self._lock:
            self._open[request] = thread
            self.accepted_connections += 1
        thread.start()

    def _serve(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class
        try:
            self.process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base class
        """Says nothing about a client that went away; everything else is a fault of ours and is told."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


class GatewayProcess:
    """The server in a process of its own: killing or loading the sender does not touch it.

    Args:
        accounts, balance, latency, seed: as ``GatewayServer``.
        state: the file that holds the record; ``accepted`` reads it.
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
        options = ["--state", str(state), "--balance", str(balance), "--latency", str(latency), "--seed", str(seed)]
        options += [f"--account={name}:{password}" for name, password in accounts.items()]
        options += [f"--fault={fault}={rate}" for fault, rate in (faults or {}).items()]
        self._command = [sys.executable, "-m", "tray_agent.demo.gateway_server", *options]
        self._process: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self) -> Self:
        """Starts the process and waits until it answers."""
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module
        self.address = _stream(self._process.stdout).readline().strip()
        return self

    def stop(self) -> None:
        """Ends the process; it ends by itself when its standard input is closed."""
        if self._process is not None:
            _stream(self._process.stdin).close()
            self._process.wait(10)
            _stream(self._process.stdout).close()
            self._process = None

    def __enter__(self) -> Self:
        """Starts."""
        return self.start()

    def __exit__(self, *_error: object) -> None:
        """Ends."""
        self.stop()

    def accepted(self) -> list[AcceptedSms]:
        """Returns every message taken so far, in order; a message taken twice is there twice."""
        return read_accepted(self._state)


def _stream(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise RuntimeError("the process was started without pipes")
    return stream


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the server until standard input is closed; the first line of the output is its address."""
    parser = argparse.ArgumentParser(prog="gateway_server")
    parser.add_argument("--account", action="append", default=[], metavar="NAME:PASSWORD")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME=SHARE")
    parser.add_argument("--balance", type=Decimal, default=Decimal(500))
    parser.add_argument("--state", type=Path)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args(arguments)
    accounts = dict(account.split(":", 1) for account in given.account)
    rates = {GatewayFault(name): float(rate) for name, rate in (fault.split("=", 1) for fault in given.fault)}
    with GatewayServer(
        accounts, balance=given.balance, state=given.state, latency=given.latency, seed=given.seed, port=given.port
    ) as server:
        server.fail_at_random(rates, given.seed)
        sys.stdout.write(f"{server.address}\n")
        sys.stdout.flush()
        sys.stdin.read()


__all__ = ["AcceptedSms", "Delivery", "GatewayFault", "GatewayProcess", "GatewayServer", "main"]

if __name__ == "__main__":
    main()
