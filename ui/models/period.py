"""A period of days as the protocols filter by it: presets, from and to, and the instants between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import Enum, auto

from tray_agent.i18n import N_, _, format_date
from tray_agent.schedules.wall_clock import first_instant


class Preset(Enum):
    """The periods that can be chosen with one click."""

    TODAY = auto()
    YESTERDAY = auto()
    WEEK = auto()
    MONTH = auto()
    ALL = auto()
    OWN = auto()


PRESET_TITLES: Mapping[Preset, str] = {
    Preset.TODAY: N_("heute"),
    Preset.YESTERDAY: N_("gestern"),
    Preset.WEEK: N_("letzte 7 Tage"),
    Preset.MONTH: N_("letzte 30 Tage"),
    Preset.ALL: N_("alles"),
    Preset.OWN: N_("von – bis"),
}
"""The words of the presets, source texts."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``first`` to ``last``, both included; None: no limit."""

    first: date | None = None
    last: date | None = None

    @property
    def is_possible(self) -> bool:
        """Returns whether it has a day."""
        return self.first is None or self.last is None or self.first <= self.last

    def since(self, zone: tzinfo) -> datetime | None:
        """Returns its first instant (aware, UTC), or None."""
        return None if self.first is None else first_instant(datetime.combine(self.first, time()), zone)

    def until(self, zone: tzinfo) -> datetime | None:
        """Returns the first instant after it (aware, UTC), or None."""
        return None if self.last is None else first_instant(datetime.combine(self.last + timedelta(days=1), time()), zone)

    @property
    def words(self) -> str:
        """Returns the period as people read it."""
        if self.first is None or self.last is None:
            return _("alle Einträge")
        if self.first == self.last:
            return format_date(self.first)
        return _("{first} bis {last}").format(first=format_date(self.first), last=format_date(self.last))


ALL_DAYS = Period()
"""No limit."""


def period_of(preset: Preset, today: date) -> Period:
    """Returns the days of a preset; of ``OWN`` those of the last week, to begin with."""
    yesterday = today - timedelta(days=1)
    return {
        Preset.TODAY: Period(today, today),
        Preset.YESTERDAY: Period(yesterday, yesterday),
        Preset.MONTH: Period(today - timedelta(days=29), today),
        Preset.ALL: Period(),
    }.get(preset, Period(today - timedelta(days=6), today))
