"""The words of the message area: kinds, channels, states."""

from __future__ import annotations

from tray_agent.i18n import N_, WordedEnum


class MessageKind(WordedEnum):
    """What a message is for."""

    REMINDER = "reminder", N_("Terminerinnerung")
    MOVED = "moved", N_("Terminverschiebung")
    """The notice that an appointment has another time than its patient was told."""

    BIRTHDAY = "birthday", N_("Geburtstagsglückwunsch")

    @property
    def is_of_appointment(self) -> bool:
        """Returns whether it tells a time at which somebody is to come."""
        return self is not MessageKind.BIRTHDAY


PREVIEWED_KINDS = (MessageKind.REMINDER, MessageKind.BIRTHDAY)
"""What a preview is asked for: a job each; notices of another time are among the reminders."""


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


class Standing(WordedEnum):
    """How a message stands to the agenda, by the last comparison of what it says with what is true (decision record 0019)."""

    AS_TOLD = "", N_("wie mitgeteilt")
    MOVED = "moved", N_("verschoben")
    CANCELLED = "cancelled", N_("abgesagt")
    REASSIGNED = "reassigned", N_("anderer Patient")
    ABSENT = "absent", N_("fehlt in der Agenda")
    """The appointment, or its patient, was not found: a fault or a fact, nobody knows yet."""

    DELETED = "deleted", N_("gelöscht")
    """Absent for so long, or by a person's word, that it is believed."""
