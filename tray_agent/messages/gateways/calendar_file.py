"""The calendar file that goes with a reminder or a notice by e-mail: time and place, nothing medical.

A file of the same ``uid`` and a higher ``sequence`` replaces the former entry in calendars that look at both. Apple's does; Outlook and
Google do so only for invitations that ask for an answer, which nobody would read here: the text itself says which time no longer holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

USUAL_LENGTH = timedelta(minutes=30)
"""How long an appointment without an end is shown."""

_SUMMARIES = {"de": "Termin", "fr": "Rendez-vous", "it": "Appuntamento", "en": "Appointment"}


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """An appointment as the patient's calendar shows it.

    Attributes:
        uid: stable for the appointment (not for the message), so that a moved one replaces the former entry.
        starts_at, ends_at: local wall-clock time of the practice, naive; without an end, half an hour.
        zone: the practice's time zone.
        summary: the title; ``calendar_summary`` gives a neutral one.
        location: the practice, "" where unknown.
        issued_at: aware; of two files with the same sequence (from a store that was put back) the later one wins.
        sequence: how many messages of the same uid left before this one: the highest wins.
        organizer: the practice's address, "" where unknown; a published entry must name one (RFC 5546, 3.2.1).
    """

    uid: str
    starts_at: datetime
    zone: ZoneInfo
    summary: str
    issued_at: datetime
    sequence: int = 0
    ends_at: datetime | None = None
    location: str = ""
    organizer: str = ""


def calendar_summary(language: str, practice: str) -> str:
    """Returns a neutral title in the patient's language: "Termin: Praxis am Bahnhof"."""
    word = _SUMMARIES.get(language, _SUMMARIES["de"])
    return f"{word}: {practice}" if practice else word


def calendar_file(entry: CalendarEntry) -> bytes:
    """Returns the iCalendar file (RFC 5545, METHOD:PUBLISH, UTF-8), the same bytes for the same entry.

    The times are in UTC: each reader shows the right hour, also those that understand a zone's rules only in part.
    """
    from icalendar import Calendar, Event, vCalAddress

    start = _instant(entry.starts_at, entry.zone)
    end = _instant(entry.ends_at, entry.zone) if entry.ends_at else start + USUAL_LENGTH
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", entry.issued_at.astimezone(UTC))
    event.add("last-modified", entry.issued_at.astimezone(UTC))
    event.add("sequence", _FIRST_SEQUENCE + entry.sequence)
    event.add("dtstart", start)
    event.add("dtend", max(end, start + timedelta(minutes=1)))
    event.add("summary", entry.summary)
    if entry.location:
        event.add("location", entry.location)
    if entry.organizer:
        event.add("organizer", vCalAddress(f"mailto:{entry.organizer}"))
    event.add("status", "CONFIRMED")
    calendar = Calendar()
    calendar.add("prodid", "-//vitoclient-Services//DE")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())


_FIRST_SEQUENCE = 10_000_000
"""Above what version 0.1 wrote, the minutes since 2020: its files are in patients' calendars, and a lower one would be ignored."""


def _instant(wall_clock: datetime, zone: ZoneInfo) -> datetime:
    """Returns the instant (UTC) of a wall-clock time; one that the autumn change repeats counts as its first occurrence."""
    return wall_clock.replace(tzinfo=zone, fold=0).astimezone(UTC)
