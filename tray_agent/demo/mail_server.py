"""A real mail server on loopback (aiosmtpd), with encryption, login, a record of what came, and faults on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AcceptedMail:
    """An e-mail that the server took.

    Attributes:
        content: the whole message as bytes (RFC 5322).
        accepted_at: aware, UTC.
    """

    message_id: str
    sender: str
    recipient: str
    content: bytes
    accepted_at: datetime


class MailFault(StrEnum):
    """What the server can do wrong; the first word says at which step."""

    CONNECT_BUSY = "connect_busy"
    RECIPIENT_REFUSED = "recipient_refused"
    RECIPIENT_LATER = "recipient_later"
    SENDER_REFUSED = "sender_refused"
    DATA_REFUSED = "data_refused"
    DATA_LATER = "data_later"
    DROP_BEFORE_DATA = "drop_before_data"
    DROP_AFTER_DATA = "drop_after_data"
    """Takes the message and closes the connection without an answer."""

    SILENT_AFTER_DATA = "silent_after_data"
    """Takes the message and answers too late."""


class MailServer:
    """The server in a thread of this process.

    Args:
        users: password by user; empty asks for no login.
        encrypted: offers STARTTLS with a certificate made for it (``certificate`` is the file to trust).
        folder: where the certificate, and the messages (Maildir-like ``*.eml``), are kept; None keeps nothing.
        port: 0 lets the system choose.

    Raises:
        ConfigurationError: the extra ``demo`` (aiosmtpd) is not installed.
    """

    def __init__(
        self, users: Mapping[str, str] | None = None, *, encrypted: bool = True, folder: Path | None = None, port: int = 0
    ) -> None:
        raise NotImplementedError

    @property
    def host(self) -> str:
        """Returns 127.0.0.1."""
        return "127.0.0.1"

    @property
    def port(self) -> int:
        """Returns the port."""
        raise NotImplementedError

    @property
    def certificate(self) -> Path | None:
        """Returns the file of the certificate to trust, or None without encryption."""
        raise NotImplementedError

    def start(self) -> MailServer:
        """Begins to answer and returns itself."""
        raise NotImplementedError

    def stop(self) -> None:
        """Ends; open connections are closed."""
        raise NotImplementedError

    def accepted(self) -> list[AcceptedMail]:
        """Returns every message taken so far, in order."""
        raise NotImplementedError

    def fail_next(self, *faults: MailFault) -> None:
        """Uses these faults for the next messages, one each, in order."""
        raise NotImplementedError
