"""The quiet hours: when no SMS is sent, because it could wake somebody (seed: "nicht zur Unzeit")."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import Enum, auto
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from tray_agent.config.settings import QUIET_FROM, QUIET_HOLIDAYS, QUIET_SUNDAYS, QUIET_UNTIL, Setting, Settings
from tray_agent.errors import BugError, ConfigurationError
from tray_agent.i18n import _, current_language, format_time
from tray_agent.schedules.wall_clock import first_change, first_instant

if TYPE_CHECKING:
    from holidays import HolidayBase

_MIDNIGHT = time()
_MOST_BOUNDARIES = 1200
"""A bit more than three boundaries a day (midnight, start, end) over a year."""


class QuietKind(Enum):
    """Why a time is quiet."""

    NIGHT = auto()
    SUNDAY = auto()
    HOLIDAY = auto()


@dataclass(frozen=True, slots=True)
class QuietInterval:
    """A time between two changes: quiet for one reason (or, within this module, not quiet).

    Attributes:
        start, end: local, aware; the end is exclusive.
        kind: why it is quiet, or None.
        reason: the same as a sentence; "" where it is not quiet.
    """

    start: datetime
    end: datetime
    kind: QuietKind | None
    reason: str


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When nothing may be sent, in wall-clock time of the practice.

    Attributes:
        start: from this time of day, inclusive.
        end: until this time of day, exclusive; before ``start``: on the next day; equal to ``start``: no quiet time of day.
        sundays: whether all Sundays are quiet.
        canton: whose holidays are quiet ("ZH"), or "" where holidays do not count.
    """

    start: time = time(20)
    end: time = time(8)
    sundays: bool = False
    canton: str = ""

    @classmethod
    def from_settings(cls, settings: Settings, canton: str) -> QuietHours:
        """Returns the quiet hours of the practice's switches; ``canton`` comes from the configuration."""
        return cls(
            start=_time_of_day(settings, QUIET_FROM),
            end=_time_of_day(settings, QUIET_UNTIL),
            sundays=settings.yes(QUIET_SUNDAYS),
            canton=canton if settings.yes(QUIET_HOLIDAYS) else "",
        )

    def is_quiet(self, local: datetime) -> bool:
        """Returns whether nothing may be sent at a local time (naive, or aware in the practice's zone).

        Raises:
            ConfigurationError: the canton is unknown.
        """
        return self.kind(local) is not None

    def kind(self, local: datetime) -> QuietKind | None:
        """Returns why a local time is quiet, or None where it is not: a holiday before a Sunday before the time of day.

        Raises:
            ConfigurationError: the canton is unknown.
        """
        if self.canton and holiday_name(self.canton, local.date()):
            return QuietKind.HOLIDAY
        if self.sundays and local.isoweekday() == 7:
            return QuietKind.SUNDAY
        return QuietKind.NIGHT if self._is_night(local.time()) else None

    def reason(self, local: datetime) -> str:
        """Returns why a local time is quiet, as a sentence in the language in force; "" where it is not quiet.

        Raises:
            ConfigurationError: the canton is unknown.
        """
        kind = self.kind(local)
        if kind is None:
            return ""
        if kind is QuietKind.HOLIDAY:
            text = _("An Feiertagen ({name}) werden keine SMS gesendet.")
            return text.format(name=holiday_name(self.canton, local.date()))
        if kind is QuietKind.SUNDAY:
            return _("An Sonntagen werden keine SMS gesendet.")
        text = _("In der Ruhezeit von {start} bis {end} werden keine SMS gesendet.")
        return text.format(start=format_time(self.start), end=format_time(self.end))

    def next_allowed(self, instant: datetime, zone: tzinfo) -> datetime:
        """Returns the first instant at or after ``instant`` (aware) that is not quiet in ``zone``, in UTC.

        There always is one: neither nights nor Sundays nor holidays fill a year.
        """
        instant = instant.astimezone(UTC)
        for _boundary in range(_MOST_BOUNDARIES):
            if not self.is_quiet(instant.astimezone(zone)):
                return instant
            instant = self._next_boundary(instant, zone)
        raise BugError(f"no allowed time within a year before {instant}: {self}")

    def intervals(self, start: datetime, end: datetime, zone: tzinfo) -> Iterator[QuietInterval]:
        """Gives the quiet times between two instants (aware), in order, cut off at both; each has one reason.

        Raises:
            ConfigurationError: the canton is unknown.
        """
        for reason, parts in groupby(self._parts(start, end, zone), key=lambda part: part.reason):
            first, *others = parts
            last = others[-1] if others else first
            if reason:
                yield replace(first, end=last.end)

    def _parts(self, start: datetime, end: datetime, zone: tzinfo) -> Iterator[QuietInterval]:
        """Gives the time between two instants from boundary to boundary, quiet or not."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        while start < end:
            following = min(self._next_boundary(start, zone), end)
            local = start.astimezone(zone)
            yield QuietInterval(local, following.astimezone(zone), self.kind(local), self.reason(local))
            start = following

    def _next_boundary(self, instant: datetime, zone: tzinfo) -> datetime:
        """Returns the next instant (UTC) at which a quiet time may begin or end."""
        there = instant.astimezone(zone)
        of_days = (_MIDNIGHT,) if self.start == self.end else (_MIDNIGHT, self.start, self.end)
        walls = [datetime.combine(there.date() + timedelta(days=days), of_day) for days in (0, 1) for of_day in of_days]
        later = sorted(moment for wall in walls for moment in _occurrences(wall, zone) if moment > instant)
        change = first_change(instant, later[-1], zone)  # where the clocks are set back, a quiet time may begin again
        return min(later if change is None else [*later, change])

    def _is_night(self, of_day: time) -> bool:
        if self.start <= self.end:
            return self.start <= of_day < self.end
        return of_day >= self.start or of_day < self.end


def holiday_name(canton: str, day: date) -> str:
    """Returns the name of a canton's public holiday in the language in force; "" for any other day.

    Raises:
        ConfigurationError: the canton is unknown.
    """
    return _holidays(canton, current_language()).get(day) or ""


@lru_cache(maxsize=8)
def _holidays(canton: str, language: str) -> HolidayBase:
    import holidays

    try:
        return holidays.country_holidays("CH", subdiv=canton, language="en_US" if language == "en" else language)
    except NotImplementedError as error:
        raise ConfigurationError(
            _("Kanton unbekannt"),
            _("Den Kanton «{canton}» gibt es nicht; seine Feiertage sind nicht bekannt, und es wird nichts gesendet.").format(
                canton=canton
            ),
            _("Unter «Einrichten | Praxisdaten» den Kanton berichtigen, zum Beispiel ZH (in der Konfiguration: practice.canton)."),
            item=canton,
        ) from error


def _time_of_day(settings: Settings, setting: Setting) -> time:
    """Returns a switch's time of day; one that can't be read counts as the default, which is the cautious one."""
    try:
        return time.fromisoformat(settings.text(setting))
    except ValueError:
        return time.fromisoformat(str(setting.default))


def _occurrences(wall: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Returns both instants of a repeated wall-clock time; twice the same for any other."""
    return first_instant(wall, zone), max(first_instant(wall, zone), wall.replace(tzinfo=zone, fold=1).astimezone(UTC))
