"""What the demo's SMS gateway remembers: credits by account, every message it took, and what became of it."""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path


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
