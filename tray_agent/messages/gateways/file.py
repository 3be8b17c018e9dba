"""The file gateway: dry runs and trials. What would be sent is appended to a file of JSON lines, and can be asked."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from io import FileIO
from pathlib import Path
from typing import Any

from tray_agent.clock import Clock
from tray_agent.i18n import _
from tray_agent.messages.gateways.contract import (
    Accepted,
    Capabilities,
    DeliveryReport,
    DeliveryStatus,
    GatewayTime,
    GatewayUnavailableError,
    InDoubt,
    NotNow,
    Outcome,
    OutgoingSms,
    Refused,
    masked_number,
    too_late,
)
from tray_agent.platforms.locks import LockedError, locked

log = logging.getLogger(__name__)

LOCK_SECONDS = 30.0
_LOCK_PAUSE = 0.02

PLENTY = Decimal(1_000_000)
"""The balance that is told: a dry run costs nothing."""


class FileSmsGateway:
    """Writes each SMS as one line of JSON; several threads and processes may write to one file.

    A line is in the file wholly or counts as not written, so that after a crash the file can be asked.

    Args:
        file: is made when the first message comes, its folder too.
        account: stands in each line.
        clock: gives the time in each line.
    """

    capabilities = Capabilities(most_at_once=1)
    told_time: GatewayTime | None = None

    def __init__(self, file: Path, account: str, clock: Clock) -> None:
        self._file = file
        self._account = account
        self._clock = clock
        self._lock = threading.Lock()

    def balance(self) -> Decimal:
        """Returns a balance that is never used up: a dry run costs nothing."""
        return PLENTY

    def submit(self, message: OutgoingSms) -> Outcome:
        """Appends the message; ``NotNow`` where the file can't be written."""
        if not message.recipient.startswith("+") or not message.text.strip():
            return Refused("recipient", _("Telefonnummer oder Text fehlt."))
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._lock, _only_one(self._file.with_suffix(".lock"), self._clock), self._file.open("ab+", buffering=0) as file:
                outcome = _append(file, self._line(message)) if message.may_leave() else too_late()
        except OSError as error:
            log.warning("%s can't be written (%s)", self._file, type(error).__name__)
            return NotNow("file", _("Die Datei {file} kann nicht geschrieben werden.").format(file=self._file))
        log.info("SMS %s to %s: %s", message.reference, masked_number(message.recipient), type(outcome).__name__)
        return outcome

    def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
        """Returns "delivered" for what is in the file.

        Raises:
            GatewayUnavailableError: the file can't be read.
        """
        asked = frozenset(references)
        try:
            lines = self._file.read_bytes().splitlines() if self._file.exists() else []
        except OSError as error:
            raise GatewayUnavailableError(
                _("Datei der Mitteilungen nicht lesbar"),
                _("Die Datei {file} kann nicht gelesen werden.").format(file=self._file),
                item=str(self._file),
            ) from error
        written = (reference for line in lines if (reference := _reference(line)) in asked)
        return {reference: DeliveryReport(reference, DeliveryStatus.DELIVERED) for reference in written}

    def close(self) -> None:
        """Does nothing: the file is closed after each line."""

    def _line(self, message: OutgoingSms) -> bytes:
        line: dict[str, Any] = {
            "at": self._clock.now().isoformat(),
            "account": self._account,
            "reference": message.reference,
            "recipient": message.recipient,
            "originator": message.originator,
            "text": message.text,
        }
        return json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _append(file: FileIO, line: bytes) -> Outcome:
    """Appends a line; where that fails in the middle, takes the beginning away again."""
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        line = line if file.read(1) == b"\n" else b"\n" + line  # a crash may have left half a line
    try:
        written = file.write(line)
        os.fsync(file.fileno())
        if written == len(line):
            return Accepted()
        file.truncate(end)
    except OSError:
        return InDoubt(_("Die Datei der Mitteilungen wurde vielleicht nur zum Teil geschrieben."))
    return NotNow("file", _("Die Datei der Mitteilungen ist voll."))


def _reference(line: bytes) -> str:
    try:
        return str(json.loads(line)["reference"])
    except (ValueError, KeyError, TypeError):
        return ""


@contextmanager
def _only_one(lock: Path, clock: Clock) -> Iterator[None]:
    """Keeps other processes from writing meanwhile; the system ends the lock with its process at the latest.

    Raises:
        OSError: another process holds it for half a minute.
    """
    until = clock.monotonic() + LOCK_SECONDS
    with ExitStack() as stack:
        while True:  # neither system waits for a lock only as long as it should
            try:
                stack.enter_context(locked(lock))
                break
            except LockedError as error:
                if clock.monotonic() >= until:
                    raise TimeoutError(str(lock)) from error
            clock.wait(threading.Event(), _LOCK_PAUSE)
        yield
