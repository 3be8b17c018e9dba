"""The calendar file that goes with a reminder by e-mail: time and place, nothing medical."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """An appointment as the patient's calendar shows it.

    Attributes:
        uid: stable for the appointment, so that a moved one replaces the former entry.
        starts_at, ends_at: local wall-clock time of the practice, naive; without an end, half an hour.
        zone: the practice's time zone.
        summary: the title; ``calendar_summary`` gives a neutral one.
        location: the practice, "" where unknown.
        issued_at: aware; a later issue of the same uid wins.
    """

    uid: str
    starts_at: datetime
    zone: ZoneInfo
    summary: str
    issued_at: datetime
    ends_at: datetime | None = None
    location: str = ""


def calendar_summary(language: str, practice: str) -> str:
    """Returns a neutral title in the patient's language: "Termin: Praxis am Bahnhof"."""
    raise NotImplementedError


def calendar_file(entry: CalendarEntry) -> bytes:
    """Returns the iCalendar file (RFC 5545, METHOD:PUBLISH, UTF-8), the same bytes for the same entry."""
    raise NotImplementedError
