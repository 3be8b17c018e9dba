"""The words of the outbox for people: states, kinds and channels."""

from __future__ import annotations

from tray_agent.i18n import N_, _
from tray_agent.messages.model import Channel, MessageKind, MessageState

_STATES = {
    MessageState.PREPARED: N_("vorbereitet"),
    MessageState.SENDING: N_("wird gesendet"),
    MessageState.SUBMITTED: N_("übergeben"),
    MessageState.BUFFERED: N_("zwischengespeichert"),
    MessageState.DELIVERED: N_("zugestellt"),
    MessageState.FAILED: N_("nicht zugestellt"),
    MessageState.UNKNOWN: N_("Zustellung unbekannt"),
    MessageState.ERROR: N_("nicht versendbar"),
    MessageState.CANCELLED: N_("storniert"),
    MessageState.IN_DOUBT: N_("in der Schwebe"),
}

_KINDS = {
    MessageKind.REMINDER: N_("Terminerinnerung"),
    MessageKind.BIRTHDAY: N_("Geburtstagsglückwunsch"),
}

_CHANNELS = {Channel.SMS: N_("SMS"), Channel.EMAIL: N_("E-Mail")}


def state_title(state: MessageState) -> str:
    """Returns the word for a message's state in the language in force."""
    return _(_STATES[state])


def kind_title(kind: MessageKind) -> str:
    """Returns the word for a message's kind in the language in force."""
    return _(_KINDS[kind])


def channel_title(channel: Channel) -> str:
    """Returns the word for a channel in the language in force."""
    return _(_CHANNELS[channel])


def said_of(what: str, said: str) -> str:
    """Returns what a row of the log is about and what it says, with the colon as the language sets it: "Muster Anna: gesendet."."""
    return _("{what}: {said}").format(what=what, said=said)
