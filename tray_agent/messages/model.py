"""The words of the message area: kinds, channels, states."""

from __future__ import annotations

from tray_agent.i18n import N_, WordedEnum


class MessageKind(WordedEnum):
    """What a message is for."""

    REMINDER = "reminder", N_("Terminerinnerung")
    BIRTHDAY = "birthday", N_("Geburtstagsglückwunsch")


class Channel(WordedEnum):
    """How a message travels."""

    SMS = "sms", N_("SMS")
    EMAIL = "email", N_("E-Mail")


class MessageState(WordedEnum):
    """The states of a message in the outbox (see decision record 0002)."""

    PREPARED = "prepared", N_("vorbereitet")
    SENDING = "sending", N_("wird gesendet")
    SUBMITTED = "submitted", N_("übergeben")
    BUFFERED = "buffered", N_("zwischengespeichert")
    DELIVERED = "delivered", N_("zugestellt")
    FAILED = "failed", N_("nicht zugestellt")
    UNKNOWN = "unknown", N_("Zustellung unbekannt")
    """Submitted, and no final notification came within the seven days."""

    ERROR = "error", N_("nicht versendbar")
    """Could not be prepared or sent at all; the practice calls or writes."""

    CANCELLED = "cancelled", N_("storniert")
    IN_DOUBT = "in_doubt", N_("in der Schwebe")
