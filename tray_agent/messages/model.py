"""The words of the message area: kinds, channels, states."""

from __future__ import annotations

from enum import StrEnum


class MessageKind(StrEnum):
    """What a message is for."""

    REMINDER = "reminder"
    BIRTHDAY = "birthday"


class Channel(StrEnum):
    """How a message travels."""

    SMS = "sms"
    EMAIL = "email"


class MessageState(StrEnum):
    """The states of a message in the outbox (see decision record 0002)."""

    PREPARED = "prepared"
    SENDING = "sending"
    SUBMITTED = "submitted"
    BUFFERED = "buffered"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Submitted, and no final notification came within the seven days."""

    ERROR = "error"
    """Could not be prepared or sent at all; the practice calls or writes."""

    CANCELLED = "cancelled"
    IN_DOUBT = "in_doubt"
