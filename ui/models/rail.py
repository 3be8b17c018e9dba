"""The rail of the start page: every way into the program, and what waits there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tray_agent.i18n import N_, _, ngettext
from tray_agent.tray.model import Action, AgentFacts, ConcernKind, DialogName, MenuItem, OpenDialog, Quit, Resume, pausing


class PillKind(Enum):
    """What a pill tells: what waits for a person, what is new, what runs low."""

    WAITS = "waits"
    NEW = "new"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Pill:
    """What stands at the end of an entry."""

    text: str
    kind: PillKind
    words: str
    """The same for those who hear it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One way.

    Attributes:
        icon: the line picture.
        label: what is read.
        action: what it does, or None.
        children: a menu instead.
        pill: what waits there, or None.
        enabled: whether it can work yet.
        current: whether it is the page itself.
    """

    icon: str
    label: str
    action: Action | None = None
    children: tuple[MenuItem, ...] = ()
    pill: Pill | None = None
    enabled: bool = True
    current: bool = False


_WORK = (
    ("home", N_("Start"), DialogName.START),
    ("phone", N_("Anrufliste"), DialogName.CALLS),
    ("eye", N_("Vorschau"), DialogName.PREVIEW),
    ("send", N_("Versand-Queue"), DialogName.OUTBOX),
    ("download", N_("Download-Liste"), DialogName.DOWNLOADS),
    ("world", N_("Online-Portal"), DialogName.PORTAL),
    ("coins", N_("Credits"), DialogName.CREDITS),
)
_WATCH = (("calendar-time", N_("Aufträge verwalten"), DialogName.JOBS), ("activity", N_("Aktivitäten/Fehler"), DialogName.ACTIVITY))
_SET = (
    ("adjustments", N_("Schalter"), DialogName.SETTINGS),
    ("template", N_("Textvorlagen"), DialogName.TEMPLATES),
    ("tool", N_("Einrichten"), DialogName.SETUP),
)

_BEFORE_SET_UP = frozenset({DialogName.START, DialogName.DOWNLOADS, DialogName.PORTAL, DialogName.ACTIVITY, DialogName.SETUP})
"""What works before anything is set up."""


def rail(facts: AgentFacts) -> tuple[tuple[Entry, ...], ...]:
    """Returns the groups of entries; the last stands at the foot."""
    groups = tuple(tuple(_entry(facts, *one) for one in group) for group in (_WORK, _WATCH, _SET))
    item = pausing(facts.pause)[0]
    pause = Entry("player-play" if isinstance(item.action, Resume) else "player-pause", item.label, item.action, item.children)
    return (*groups, (pause, Entry("info-circle", _("Info"), OpenDialog(DialogName.INFO)), Entry("power", _("Beenden"), Quit())))


def _entry(facts: AgentFacts, icon: str, label: str, name: DialogName) -> Entry:
    enabled = facts.is_set_up or name in _BEFORE_SET_UP
    return Entry(icon, _(label), OpenDialog(name), (), _pill(facts, name), enabled, name is DialogName.START)


def _pill(facts: AgentFacts, name: DialogName) -> Pill | None:
    if name is DialogName.CALLS and (number := facts.number_of(ConcernKind.CALLS)):
        return Pill(_short(number), PillKind.WAITS, _("{number} warten").format(number=number))
    if name is DialogName.ACTIVITY and (number := facts.number_of(ConcernKind.ERRORS) + facts.number_of(ConcernKind.DOUBT)):
        return Pill(_short(number), PillKind.WAITS, _("{number} warten").format(number=number))
    if name is DialogName.DOWNLOADS and (number := facts.new_downloads):
        return Pill(_short(number), PillKind.NEW, ngettext("{number} neu", "{number} neu", number).format(number=number))
    if name is DialogName.CREDITS and facts.number_of(ConcernKind.CREDITS):
        return Pill("!", PillKind.LOW, _("Guthaben unter dem Mindestbestand"))
    return None


def _short(number: int) -> str:
    return str(number) if number <= 99 else "99+"
