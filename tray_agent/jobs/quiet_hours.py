"""The quiet hours: when no SMS is sent, because it could wake somebody (seed: "nicht zur Unzeit")."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, tzinfo

from tray_agent.config.settings import Settings


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
        raise NotImplementedError

    def is_quiet(self, local: datetime) -> bool:
        """Returns whether nothing may be sent at a local time (naive, or aware in the practice's zone)."""
        return bool(self.reason(local))

    def reason(self, local: datetime) -> str:
        """Returns why a local time is quiet, as a sentence in the language in force; "" where it is not quiet."""
        raise NotImplementedError

    def next_allowed(self, instant: datetime, zone: tzinfo) -> datetime:
        """Returns the first instant at or after ``instant`` (aware) that is not quiet in ``zone``, in UTC.

        Raises:
            NeverAllowedError: there is none within a year.
        """
        raise NotImplementedError
