"""Why an SMS did not arrive, by ASPSMS's ``Reasoncode``: within a sentence, and in the few words that a row has room for.

Sources: the gateway's interface page; codes seen in delivery logs.
"""

from __future__ import annotations

from collections.abc import Mapping

from tray_agent.i18n import N_

UNKNOWN_SUBSCRIBER = "000"
"""Says "unknown subscriber" of a message that failed, and nothing of any other."""

NOT_REACHED_OR_FULL = "108"
"""Of a message that failed: not reached for a day; of a buffered one: the telephone's memory is full."""

REASONS: Mapping[str, tuple[str, str]] = {
    UNKNOWN_SUBSCRIBER: (N_("die Nummer ist unbekannt"), N_("Nummer unbekannt")),
    "103": (N_("die Nummer ist gesperrt"), N_("Nummer gesperrt")),
    "107": (N_("das Telefon ist ausgeschaltet oder ohne Empfang"), N_("Telefon war ausgeschaltet")),
    NOT_REACHED_OR_FULL: (N_("das Telefon war 24 Stunden lang nicht erreichbar"), N_("Telefon war nicht erreichbar")),
    "110": (N_("Fehler bei der Übermittlung"), N_("Fehler bei der Übermittlung")),
    "118": (N_("Störung beim Netzbetreiber"), N_("Störung beim Netzbetreiber")),
    "119": (N_("Störung im Mobilfunknetz"), N_("Störung im Mobilfunknetz")),
    "120": (N_("Störung im Mobilfunknetz"), N_("Störung im Mobilfunknetz")),
    "121": (N_("Störung im Mobilfunknetz"), N_("Störung im Mobilfunknetz")),
}
MEMORY_FULL = N_("der Speicher des Telefons ist voll")
