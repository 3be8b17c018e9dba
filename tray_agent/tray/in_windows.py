"""Advice of the engine as windows give it: where it names a command, they name the window that does the same.

The engine doesn't know who reads: its sentences name commands, which an administrator at a console needs. A person
before a window has none; ``in_windows`` is applied where windows show sentences.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tray_agent.i18n import N_, _

PLACES: Mapping[str, str] = {
    "vitoclient doctor": N_("Einrichten | Alles prüfen"),
    "vitoclient db upgrade": N_("Einrichten | Datenbank | Tabellen anlegen"),
    "vitoclient db views": N_("Einrichten | Praxisdaten | SQL der Sichten"),
    "vitoclient db adopt": N_("Info | Nur noch dieser Computer"),
    "vitoclient config show": N_("Einrichten"),
    "vitoclient config set": N_("Einrichten"),
    "vitoclient config confirm": N_("Einrichten"),
    "vitoclient history": N_("Versand-Queue"),
    "vitoclient messages outbox": N_("Versand-Queue"),
    "vitoclient messages questions": N_("Fragen"),
    "vitoclient settings": N_("Schalter"),
    "vitoclient portal list": N_("Online-Portal"),
    "vitoclient downloads list": N_("Download-Liste"),
}
"""The window for a command, and what to choose in it; source texts, written as the manual writes menus."""

_QUOTED = re.compile(r"(?<=[«“„\"‹])(\s?)(vitoclient(?: [a-z]+)+)(?=\s?[»”“\"›])")


def in_windows(sentence: str) -> str:
    """Returns a sentence in which windows stand for commands; a command without a window stays as it is."""
    if "vitoclient " not in sentence:
        return sentence
    return _QUOTED.sub(lambda found: found[1] + _(PLACES.get(found[2], found[2])), sentence)
