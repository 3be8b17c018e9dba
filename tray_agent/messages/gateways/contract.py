"""What the sending asks of a gateway, the typed answers, and what a gateway is given. Both channels use the same outcomes.

What becomes of a message is no error but an ``Outcome``; the errors here are of accounts and questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from tray_agent.clock import Clock
from tray_agent.errors import ConfigurationError, KnownError, UnavailableError
from tray_agent.i18n import _


@dataclass(frozen=True, slots=True)
class OutgoingSms:
    """An SMS as it leaves.

    Attributes:
        reference: our own stable identity of the message (ASPSMS: TRN); the same for every attempt.
        recipient: E.164, ``+41791234567``.
        originator: at most 11 alphanumeric characters, or a verified number.
        text: the whole text; the gateway splits it into segments.
        may_leave: asked as the last thing before anything is handed over; if it says no, nothing is, and the outcome is
            ``too_late()``. A program that was stopped, or a computer that slept, in between must not send what others have
            asked about and given to somebody else meanwhile.
    """

    reference: str
    recipient: str
    originator: str
    text: str
    may_leave: Callable[[], bool] = field(default=lambda: True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """An e-mail as it leaves.

    Attributes:
        reference: becomes the Message-ID, the same for every attempt.
        recipient, sender: addresses.
        sender_name: how the sender is shown.
        subject, text: plain text.
        calendar: an iCalendar file, or None.
        may_leave: as of ``OutgoingSms``: asked as the last thing before the text is handed over.
        dated_at: what the head says when it was written (aware), the same at each attempt; None: now.
    """

    reference: str
    recipient: str
    sender: str
    sender_name: str
    subject: str
    text: str
    calendar: bytes | None = None
    may_leave: Callable[[], bool] = field(default=lambda: True, compare=False, repr=False)
    dated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The gateway took the message."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The gateway will never take this message (bad number, originator, text): state ``error``."""

    reason: str
    sentence: str


@dataclass(frozen=True, slots=True)
class NotNow:
    """Certainly not taken, may be tried later (connection refused, too many requests)."""

    reason: str
    sentence: str
    retry_after: float | None = None


TOO_LATE = "too_late"
"""The reason of what may no longer leave when it is about to."""


@dataclass(frozen=True, slots=True)
class KeptBack:
    """Certainly not handed over: we kept it back ourselves, as the last thing before it would have left."""

    reason: str
    sentence: str


def too_late() -> KeptBack:
    """Returns the outcome of a message that may no longer leave when it is about to: nothing was handed over."""
    return KeptBack(TOO_LATE, _("Die Übergabe hat sich verzögert, darum wurde nichts übergeben; die Mitteilung wird später gesendet."))


class AccountFault(StrEnum):
    """What is wrong with an account; its batch stops and its messages are kept."""

    AUTHORISATION = "authorisation"
    CREDITS = "credits"
    ORIGINATOR = "originator"
    HELD_UP = "held_up"
    """Whoever takes the messages takes none from this account now (a limit, a block list, a filter); that may pass by itself."""


@dataclass(frozen=True, slots=True)
class AccountStopped:
    """Certainly not taken, and no other message of this account will be until a person acts."""

    fault: AccountFault
    sentence: str


@dataclass(frozen=True, slots=True)
class InDoubt:
    """The message may have been taken: time-out, answer cut off or unreadable after the request went out.

    Attributes:
        not_now: whether somebody answered that it can't be done now (5xx): in all likelihood not taken, but that is no proof.
    """

    sentence: str
    not_now: bool = False


Outcome = Accepted | Refused | NotNow | KeptBack | AccountStopped | InDoubt


class DeliveryStatus(StrEnum):
    """What became of a message, as the gateway tells it."""

    NOT_SUBMITTED = "not_submitted"
    """Not yet submitted, rejected, or unknown to the gateway (see gateway facts: believe it only after a while)."""

    DELIVERED = "delivered"
    BUFFERED = "buffered"
    FAILED = "failed"

    UNREADABLE = "unreadable"
    """The gateway told something about it that can't be read: neither known nor unknown; it is asked again later."""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """The newest notification of one message.

    Attributes:
        reference: our own reference.
        status: what became of it.
        notified_at: when the gateway noted it (aware), or None.
        reason_code: the gateway's code ("107"), or "".
        reason: its words, or "".
    """

    reference: str
    status: DeliveryStatus
    notified_at: datetime | None = None
    reason_code: str = ""
    reason: str = ""

    @property
    def is_known(self) -> bool:
        """Returns whether it says that the gateway has the message.

        "Not yet submitted" also stands for "never heard of it", except where the gateway names a time at which it took it.
        """
        if self.status is DeliveryStatus.NOT_SUBMITTED:
            return self.notified_at is not None
        return self.status is not DeliveryStatus.UNREADABLE


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a gateway can do beside taking messages.

    Attributes:
        most_at_once: how many submissions it allows side by side.
        can_be_asked: whether it tells what became of a reference; if not, a person decides about a message in doubt.
        has_balance: whether its account has credits that run out.
    """

    most_at_once: int
    can_be_asked: bool = True
    has_balance: bool = True


@dataclass(frozen=True, slots=True)
class GatewayTime:
    """What a gateway said the time was.

    Attributes:
        time: aware.
        heard_at: when it said so, in seconds of this machine's monotonic clock: the other one may be wrong, or be set meanwhile.
    """

    time: datetime
    heard_at: float

    def at(self, monotonic: float) -> datetime:
        """Returns what its clock shows at an instant of the monotonic clock; wrong where this machine slept since."""
        return self.time + timedelta(seconds=monotonic - self.heard_at)


class SmsGateway(Protocol):
    """One account at an SMS gateway. Calls block and may be made from several threads; none raises for an answer.

    Raises (``balance`` and ``inquire``):
        UnavailableError: no usable answer.
        GatewayAccountError: the account was refused.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What the gateway can do."""
        ...

    @property
    def told_time(self) -> GatewayTime | None:
        """What its last answer said the time was; None: it has not answered yet, or tells no time."""
        ...

    def balance(self) -> Decimal:
        """Returns the credits of the account."""
        ...

    def submit(self, message: OutgoingSms) -> Outcome:
        """Hands a message over; never raises: what is not certain is ``InDoubt``."""
        ...

    def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
        """Returns the newest notification of each reference that the gateway knows; others are left out.

        What can't be read about a reference comes as ``UNREADABLE``, never as left out: that would mean "not known".
        """
        ...

    def close(self) -> None:
        """Closes the connections."""
        ...


class MailGateway(Protocol):
    """A way for e-mail."""

    @property
    def capabilities(self) -> Capabilities:
        """What this way can do: neither be asked what became of a message, nor run out of credits."""
        ...

    def check(self) -> None:
        """Connects and logs in as for a message, and sends nothing.

        Raises:
            UnavailableError: no connection.
            GatewayAccountError: encryption or login is refused.
        """
        ...

    def submit(self, message: OutgoingMail) -> Outcome:
        """Hands a message over; never raises: what is not certain is ``InDoubt``."""
        ...

    def close(self) -> None:
        """Closes the connections."""
        ...


class GatewayAccountError(KnownError):
    """The gateway refused the account itself; nothing can be asked or sent until a person acts.

    Attributes:
        fault: what is wrong with the account.
    """

    code = "gateway_account"

    def __init__(self, title: str, message: str, advice: str, *, item: str, fault: AccountFault) -> None:
        super().__init__(title, message, advice, item=item)
        self.fault = fault


class GatewayUnavailableError(UnavailableError):
    """The gateway gave no usable answer."""

    code = "gateway_unavailable"


class GatewayMissingError(ConfigurationError):
    """The configuration names no account for a Mandant, no password, or a gateway that is unknown."""

    code = "gateway_missing"


@dataclass(frozen=True, slots=True)
class GatewayAccess:
    """What a gateway needs to know to speak for one account.

    Attributes:
        account: the user name at the gateway; messages of one account share credits and limits.
        password: "" where the kind needs none; never shown.
        address: the gateway's base address.
        folder: where a gateway without a network writes.
    """

    account: str
    password: str = field(repr=False)
    address: str
    folder: Path
    clock: Clock


def masked_number(number: str) -> str:
    """Returns a telephone number with all but the prefix and the last two digits hidden: ``+4179*****67``."""
    if len(number) <= 7:
        return "*" * len(number)
    return number[:5] + "*" * (len(number) - 7) + number[-2:]


def masked_address(address: str) -> str:
    """Returns an e-mail address with its local part hidden but for the first letter: ``a***@bluewin.ch``."""
    local, _at, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
