"""What a tray and a toaster are to the program; the adapters to the systems implement these.

Callbacks may come from any thread; whoever gives them must bring them to its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tray_agent.i18n import ngettext
from tray_agent.tray.model import Action, TrayState

OnAction = Callable[[Action], None]
"""Called when a person chose something in the tray or clicked a toast."""

TITLE_UNITS = 63
"""How long a toast's title may be on Windows, in UTF-16 units."""

BODY_UNITS = 255
"""How long a toast's text may be on Windows, in UTF-16 units."""

TOOLTIP_UNITS = 127
"""How long a tray icon's tooltip may be on Windows, in UTF-16 units."""


@dataclass(frozen=True, slots=True)
class Toast:
    """A short notice of the system.

    Attributes:
        title: a few words.
        body: one to some sentences; plain text, the adapters escape what their system reads as mark-up.
        action: what a click asks for. A click is never the only way there.
        action_label: the name of that, for systems that show it as a button.
    """

    title: str
    body: str
    action: Action
    action_label: str


class Tray(Protocol):
    """An icon with a tooltip and a menu."""

    def show(self, state: TrayState) -> None:
        """Shows a state; the first call makes the icon appear. From the GUI thread only; never blocks."""
        ...

    def stop(self) -> None:
        """Takes the icon away and waits for its thread; not from within a callback of the same tray."""
        ...


class Toaster(Protocol):
    """Shows toasts."""

    def show(self, toast: Toast) -> bool:
        """Shows a toast; returns whether the system took it. Never blocks for long, never raises."""
        ...

    def stop(self) -> None:
        """Ends what the toaster holds open."""
        ...


class TrayRefusedError(Exception):
    """This kind of tray can't work here; the next one is tried."""


def clip(text: str, units: int) -> str:
    """Returns ``text`` cut to so many UTF-16 units, with an ellipsis where something was cut; no half character."""
    if _units(text) <= units:
        return text
    while _units(text) > units - 1:
        text = text[:-1]
    return text.rstrip() + "…"


def fitted(lines: Sequence[str], units: int) -> str:
    """Returns a tray's lines as one text of so many UTF-16 units at the most.

    The first line and the last, which tells what comes next, are kept; of those between, the first that have room, and the
    number of the others.
    """
    first, *between, last = lines
    for kept in range(len(between), -1, -1):
        left = len(between) - kept
        more = [ngettext("und {number} weitere Meldung", "und {number} weitere Meldungen", left).format(number=left)] if left else []
        text = "\n".join((first, *between[:kept], *more, last))
        if _units(text) <= units:
            return text
    return clip(f"{first}\n{last}", units)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
