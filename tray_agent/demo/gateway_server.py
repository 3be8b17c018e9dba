"""A real ASPSMS server on loopback: its protocol over HTTP, credits, TRNs and deliveries, in a thread of this process."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from enum import Enum
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self

from tray_agent.clock import Clock, SystemClock
from tray_agent.demo.loopback import LoopbackListener, LoopbackServer
from tray_agent.messages.texts.segments import plain, split


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


class Delivery(Enum):
    """What becomes of the messages to a number."""

    DELIVERED = "delivered"
    BUFFERED_THEN_DELIVERED = "buffered, then delivered"
    BUFFERED_THEN_FAILED = "buffered, then failed"
    FAILED = "failed"
    NEVER_SUBMITTED = "never submitted"


@dataclass(frozen=True, slots=True)
class Notification:
    """One delivery notification, in the protocol's own codes.

    Attributes:
        status: -1 not yet submitted, 0 delivered, 1 buffered, 2 not delivered.
        notified_at: aware, UTC.
    """

    status: int
    notified_at: datetime
    reason_code: str = "000"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryRule:
    """Decides what becomes of each number, the same for a seed.

    Attributes:
        delay: from acceptance to the first notification.
        buffered_for: from "buffered" to the final notification.
    """

    seed: int = 1
    delay: timedelta = timedelta(0)
    buffered_for: timedelta = timedelta(hours=1)

    def delivery_of(self, recipient: str) -> Delivery:
        """Returns the fate of a number: of 20 numbers 17 are delivered, one fails, two are buffered first."""
        drawn = zlib.crc32(f"{self.seed}:{recipient}".encode()) % 20
        fates = {0: Delivery.FAILED, 1: Delivery.BUFFERED_THEN_DELIVERED, 2: Delivery.BUFFERED_THEN_FAILED}
        return fates.get(drawn, Delivery.DELIVERED)

    def notifications(self, sms: AcceptedSms, delivery: Delivery, now: datetime) -> list[Notification]:
        """Returns what was notified about a message until ``now``, oldest first."""
        first = sms.accepted_at + self.delay
        second = first + self.buffered_for
        absent = ("107", "Absent subscriber")
        steps = {
            Delivery.DELIVERED: [Notification(0, first)],
            Delivery.FAILED: [Notification(2, first, *_FAILURES[zlib.crc32(sms.recipient.encode()) % len(_FAILURES)])],
            Delivery.BUFFERED_THEN_DELIVERED: [Notification(1, first, *absent), Notification(0, second)],
            Delivery.BUFFERED_THEN_FAILED: [Notification(1, first, *absent), Notification(2, second, "108", "Validity period expired")],
            Delivery.NEVER_SUBMITTED: [],
        }
        return [step for step in steps[delivery] if step.notified_at <= now]


_FAILURES = (("000", "Unknown subscriber"), ("103", "Call barred"), ("118", "System failure"), ("120", "HLR failure"))


class Ledger:
    """Credits and accepted messages, in memory or in a file that the next start reads again. Thread-safe.

    Args:
        file: SQLite; None keeps everything in memory.
        accounts: the accounts with their balance at the very first start.
    """

    def __init__(self, file: Path | None, accounts: Mapping[str, Decimal]) -> None:
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
        self._lock = threading.RLock()
        self._connection.executescript(_SCHEMA)
        opening = [(name, str(balance)) for name, balance in accounts.items()]
        self._connection.executemany("INSERT OR IGNORE INTO account VALUES (?, ?)", opening)

    def balance(self, account: str) -> Decimal:
        """Returns the credits of an account."""
        with self._lock:
            (text,) = self._connection.execute("SELECT balance FROM account WHERE name = ?", (account,)).fetchone()
        return Decimal(text)

    def take(self, messages: Iterable[AcceptedSms], account: str, cost: Decimal) -> bool:
        """Records messages and charges them together; returns False, and takes none, where the credits don't suffice."""
        with self._lock, self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            remaining = self.balance(account) - cost
            if remaining < 0:
                return False
            connection.execute("UPDATE account SET balance = ? WHERE name = ?", (str(remaining), account))
            rows = [(*astuple(message)[:-1], message.accepted_at.isoformat()) for message in messages]
            connection.executemany("INSERT INTO accepted VALUES (NULL, ?, ?, ?, ?, ?, ?)", rows)
            return True

    def accepted(self) -> list[AcceptedSms]:
        """Returns every message taken, in order."""
        return self._read("")

    def known(self, account: str, reference: str) -> list[AcceptedSms]:
        """Returns the messages of an account with this reference, in order."""
        return self._read("WHERE account = ? AND reference = ?", account, reference)

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()

    def _read(self, condition: str, *values: str) -> list[AcceptedSms]:
        with self._lock:
            rows = self._connection.execute(f"SELECT * FROM accepted {condition} ORDER BY id", values).fetchall()  # noqa: S608 - no value in it
        return [AcceptedSms(*(*row[1:-1], datetime.fromisoformat(row[-1]))) for row in rows]


_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, balance TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS accepted (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, reference TEXT NOT NULL, recipient TEXT NOT NULL,
    originator TEXT NOT NULL, text TEXT NOT NULL, accepted_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS accepted_reference ON accepted (reference);
"""


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    """An answer as it goes over the wire.

    Attributes:
        wire: head and body as they are sent.
        wait: seconds from the arrival of the request until it goes.
        closes: whether the connection ends with it.
    """

    wire: bytes
    wait: float = 0.0
    closes: bool = False


def http_answer(body: bytes, status: int = 200, more: str = "") -> bytes:
    """Returns an HTTP answer with a body, and with further header lines (each with its line break)."""
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


class GatewayServer(LoopbackServer):
    """The server in a thread of this process; a context manager that starts and stops it.

    A subclass may decide how a request ends (``respond``) and what becomes of a message (``delivery_of``).

    Args:
        accounts: password by account.
        balance: the credits of each account at its first start.
        state: a file (SQLite) that keeps credits and accepted messages for the next start; None keeps them in memory.
        latency: seconds every answer takes, from the arrival of its request; carrying it out is part of them.
        clock: gives the times in the record and in notifications; where it is given, answers tell it, too, as every server's do.
        rule: decides what becomes of the messages to a number.
    """

    def __init__(
        self,
        accounts: Mapping[str, str],
        *,
        balance: Decimal = Decimal(500),
        state: Path | None = None,
        latency: float = 0.0,
        clock: Clock | None = None,
        rule: DeliveryRule | None = None,
    ) -> None:
        self._accounts = dict(accounts)
        self._latency = latency
        self._rule = rule or DeliveryRule()
        self._port = 0
        self._clock = clock or SystemClock()
        self._tells_time = clock is not None
        self._ledger = Ledger(state, dict.fromkeys(accounts, balance))
        self._listener: _GatewayListener | None = None
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
            self._listener = _GatewayListener(_GatewayHandler, self._port)
            self._listener.gateway = self
            self._port = self._listener.server_address[1]
            self._listener.begin()
        return self

    def stop(self) -> None:
        """Ends; open connections are closed. The record stays readable until ``close``."""
        if self._listener is not None:
            self._listener.end(patience=5)
            self._listener = None

    def close(self) -> None:
        """Ends for good and closes the record."""
        self.stop()
        self._ledger.close()

    def accepted(self) -> list[AcceptedSms]:
        """Returns every message taken so far, in order; a message taken twice is there twice."""
        return self._ledger.accepted()

    def credits(self, account: str) -> Decimal:
        """Returns an account's balance."""
        return self._ledger.balance(account)

    def answer(self, path: str, body: bytes) -> GatewayAnswer:
        """Returns what goes over the wire for a request."""
        call = path.strip("/").casefold()
        handle = self._calls.get(call)
        if handle is None:
            return GatewayAnswer(http_answer(b"<html>Not Found</html>", 404))
        try:
            request = json.loads(body)
        except ValueError:
            request = None
        if not isinstance(request, dict):
            return GatewayAnswer(http_answer(b"<html>Bad Request</html>", 400))
        account = str(request.get("UserName", ""))
        known = account in self._accounts and self._accounts[account] == request.get("Password")
        return self.respond(call, lambda: json.dumps(handle(request, account) if known else _DENIED).encode())

    def respond(self, call: str, carry_out: Callable[[], bytes]) -> GatewayAnswer:
        """Carries a request out and returns what goes over the wire.

        Args:
            call: which of the protocol's calls, in lower case.
            carry_out: does it and returns the body of the answer.
        """
        date = f"Date: {format_datetime(self._clock.now().astimezone(UTC), usegmt=True)}\r\n" if self._tells_time else ""
        return GatewayAnswer(http_answer(carry_out(), more=date), self._latency)

    def delivery_of(self, recipient: str) -> Delivery:
        """Returns what becomes of the messages to a number."""
        return self._rule.delivery_of(recipient)

    def unknown(self, reference: str) -> list[dict[str, str]]:
        """Returns what an inquiry says of an unknown TRN: nothing, or -1; both have been seen."""
        return [] if sum(reference.encode()) % 2 == 0 else [status_line(reference, "", None)]

    def may_originate(self, number: str) -> bool:
        """Returns whether a telephone number was released as an originator; here none is."""
        return False

    def _check_credits(self, _request: dict[str, Any], account: str) -> dict[str, Any]:
        return {"Credits": str(self._ledger.balance(account)), **_OK}

    def _check_originator(self, request: dict[str, Any], _account: str) -> dict[str, Any]:
        return self._originator_fault(str(request.get("Originator", ""))) or _OK

    def _originator_fault(self, originator: str) -> dict[str, Any] | None:
        if _NUMBER.fullmatch(originator):
            return None if self.may_originate(originator) else _status("30", "Originator not authorized.")
        if not 1 <= len(originator) <= 11 or not originator.isascii():
            return _status("10", "Invalid originator. A maximum of 11 characters is allowed for alphanumeric originators.")
        return None

    def _send(self, request: dict[str, Any], account: str) -> dict[str, Any]:
        recipients = [str(recipient) for recipient in request.get("Recipients") or []]
        if not recipients:
            return _status("20", "Missing recipient.")
        originator = str(request.get("Originator", ""))
        if fault := self._originator_fault(originator):
            return fault
        text = str(request.get("MessageText", ""))
        text = plain(text) if str(request.get("ForceGSM7bit", "")).casefold() in ("1", "true") else text
        now = self._clock.now()
        messages = [
            AcceptedSms(account, trn, number, originator, text, now) for number, _colon, trn in (r.partition(":") for r in recipients)
        ]
        taken = self._ledger.take(messages, account, Decimal(split(text).count * len(messages)))
        return _OK if taken else NOT_ENOUGH

    def _inquire(self, request: dict[str, Any], account: str) -> dict[str, Any]:
        references = [part for part in str(request.get("TransactionReferenceNumbers", "")).split(";") if part]
        lines = [line for reference in references for line in self._lines(account, reference)]
        return {**_ANSWERED[len(references) % 2], "DeliveryNotifications": lines}

    def _lines(self, account: str, reference: str) -> list[dict[str, str]]:
        lines = []
        for sms in self._ledger.known(account, reference):
            notified = self._rule.notifications(sms, self.delivery_of(sms.recipient), self._clock.now())
            lines += [status_line(reference, _instant(sms.accepted_at), step) for step in notified or (None,)]
        return lines or self.unknown(reference)


_NUMBER = re.compile(r"(\+|00)?[0-9]{6,16}")
_DESCRIPTIONS = {-1: "Not yet submitted or rejected", 0: "Delivered", 1: "Buffered", 2: "Not delivered"}


def _status(code: str, info: str) -> dict[str, Any]:
    return {"StatusCode": code, "StatusInfo": info}


_OK = _status("1", "OK")
_DENIED = _status("3", "Authorization failed.")
_ANSWERED = (_status("0", "OK"), _OK)
"""Success of an inquiry has been seen as 0 and as 1."""

NOT_ENOUGH = _status("5", "Not enough credits.")
"""The answer that nothing is taken because the credits are used up."""


def status_line(reference: str, submitted: str, step: Notification | None) -> dict[str, str]:
    """Returns what an inquiry says of one message: a notification, or None that nothing is known yet."""
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


class _GatewayHandler(BaseHTTPRequestHandler):
    """One connection, kept alive."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 75
    server: _GatewayListener

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

    def _give(self, answer: GatewayAnswer) -> None:
        seconds = self._arrived + answer.wait - time.monotonic()
        if seconds > 0:
            self.server.ending.wait(seconds)
        if self.server.ending.is_set():
            self.close_connection = True
            return
        self.wfile.write(answer.wire)  # in one piece: no waiting for an acknowledgement in between
        # the base class may have decided so already (HTTP/1.0, "Connection: close")
        self.close_connection = self.close_connection or answer.closes

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Says nothing: requests hold passwords and texts."""


class _GatewayListener(LoopbackListener):
    gateway: GatewayServer
