"""A period of days as the protocols filter by it: presets, from and to, and the instants between."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import Enum

from tray_agent.i18n import N_
from tray_agent.schedules.wall_clock import first_instant


class Preset(Enum):
    """The periods that can be chosen with one click, and their words (source texts)."""

    TODAY = N_("heute")
    YESTERDAY = N_("gestern")
    WEEK = N_("letzte 7 Tage")
    MONTH = N_("letzte 30 Tage")
    ALL = N_("alles")
    OWN = N_("von – bis")


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
