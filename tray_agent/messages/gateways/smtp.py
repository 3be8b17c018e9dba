"""E-mail by SMTP: encrypted unless switched off on purpose, the same Message-ID for every attempt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tray_agent.messages.gateways.contract import Outcome, OutgoingMail


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where e-mails are handed in.

    Attributes:
        security: ``none`` sends in the clear and never a password; only for a server on this machine.
        trusted: a file of certificates (PEM) to trust instead of the system's; None for the system's.
    """

    host: str
    port: int
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    trusted: str | None = None


class SmtpGateway:
    """A way for e-mail. Threads share it; each uses a connection of its own, kept for the next message.

    Args:
        server: where e-mails are handed in.
        seconds: how long an answer may take.
    """

    def __init__(self, server: MailServer, seconds: float = 30.0) -> None:
        raise NotImplementedError

    def submit(self, message: OutgoingMail) -> Outcome:
        """Hands a message over; never raises: what is not certain is ``InDoubt``."""
        raise NotImplementedError

    def close(self) -> None:
        """Closes the connections."""
        raise NotImplementedError
