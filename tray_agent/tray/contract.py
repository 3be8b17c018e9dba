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

    The first two lines are kept, of the others those that have room and the number of the rest. The last line tells what comes
    next; it goes where it has no room beside the second, which tells what keeps the agent from working.
    """
    first, *between, last = lines
    for tail in ((last,), ()):
        for kept in range(len(between), 0, -1):
            text = "\n".join((first, *between[:kept], *_rest(len(between) - kept), *tail))
            if _units(text) <= units:
                return text
    return clip("\n".join((first, *between[:1], last)), units)


def _rest(number: int) -> tuple[str, ...]:
    """Returns the line that tells how many lines have no room, if any."""
    text = ngettext("und {number} weitere Meldung", "und {number} weitere Meldungen", number)
    return (text.format(number=number),) if number else ()


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
