"""The reason codes of ASPSMS in words for people (source: the gateway's interface page; codes seen in delivery logs)."""

from __future__ import annotations

from tray_agent.i18n import N_, _
from tray_agent.messages.gateways.contract import DeliveryStatus

_NONE = "000"
"""Says "unknown subscriber" of a message that failed, and nothing of any other."""

_WORDS = {
    _NONE: N_("die Nummer ist unbekannt"),
    "103": N_("die Nummer ist gesperrt"),
    "107": N_("das Telefon ist ausgeschaltet oder ohne Empfang"),
    "110": N_("Fehler bei der Übermittlung"),
    "118": N_("Störung beim Netzbetreiber"),
    "119": N_("Störung im Mobilfunknetz"),
    "120": N_("Störung im Mobilfunknetz"),
    "121": N_("Störung im Mobilfunknetz"),
}

_FULL = N_("der Speicher des Telefons ist voll")
_TOO_LATE = N_("das Telefon war 24 Stunden lang nicht erreichbar")


def reason_in_words(code: str, status: DeliveryStatus, description: str) -> str:
    """Returns why a message was not (yet) delivered, without a full stop; "" where there is nothing to be said.

    Args:
        code: the gateway's ``Reasoncode``.
        status: what became of the message; code 108 means something else for a buffered and for a failed one.
        description: the gateway's own words, for codes that are unknown here.
    """
    if status is DeliveryStatus.DELIVERED or (code == _NONE and status is not DeliveryStatus.FAILED):
        return ""
    if code == "108":
        return _(_FULL) if status is DeliveryStatus.BUFFERED else _(_TOO_LATE)
    return _(_WORDS[code]) if code in _WORDS else description
