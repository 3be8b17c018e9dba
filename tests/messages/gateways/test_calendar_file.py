"""The calendar file: the right hour everywhere, nothing medical, the same for the same appointment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tray_agent.messages.gateways.calendar_file import CalendarEntry, calendar_file, calendar_summary

ZURICH = ZoneInfo("Europe/Zurich")
ENTRY = CalendarEntry(
    uid="a1@praxis.example",
    starts_at=datetime(2026, 11, 24, 10, 15),  # noqa: DTZ001 - wall-clock time
    zone=ZURICH,
    summary=calendar_summary("de", "Praxis am Bahnhof"),
    issued_at=datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
    location="Bahnhofstrasse 1; 8001 Zürich, 2. Stock",
    organizer="praxis@example.ch",
)


def event_of(entry: CalendarEntry) -> icalendar.Event:
    calendar = icalendar.Calendar.from_ical(calendar_file(entry).decode("utf-8"))
    assert isinstance(calendar, icalendar.Calendar)
    assert calendar["METHOD"] == "PUBLISH"
    assert str(calendar["VERSION"]) == "2.0"
    (event,) = calendar.events
    return event


def test_the_event_says_when_and_where_and_nothing_else() -> None:
    event = event_of(ENTRY)
    assert event["UID"] == ENTRY.uid
    assert event["SUMMARY"] == "Termin: Praxis am Bahnhof"
    assert event["LOCATION"] == ENTRY.location
    assert event.start == ENTRY.starts_at.replace(tzinfo=ZURICH)
    assert event.end - event.start == timedelta(minutes=30)
    assert event.DTSTAMP == event.LAST_MODIFIED == ENTRY.issued_at
    assert set(event) == {"UID", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "STATUS", "ORGANIZER"}
    assert event["ORGANIZER"] == "mailto:praxis@example.ch"


def test_the_same_entry_gives_the_same_bytes_with_the_lines_of_the_standard() -> None:
    content = calendar_file(ENTRY)
    assert content == calendar_file(ENTRY)
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_a_moved_appointment_replaces_the_former_entry() -> None:
    moved = replace(ENTRY, starts_at=ENTRY.starts_at + timedelta(days=1), issued_at=ENTRY.issued_at + timedelta(hours=1), sequence=1)
    assert event_of(moved)["UID"] == event_of(ENTRY)["UID"]
    assert event_of(moved).sequence > event_of(ENTRY).sequence


instants = st.datetimes(datetime(2026, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - in UTC by ``timezones``


@settings(max_examples=40)
@given(st.lists(st.tuples(st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31)), instants), min_size=2, max_size=5))  # noqa: DTZ001
def test_the_last_of_many_moves_wins_whatever_the_clock_said(moves: list[tuple[datetime, datetime]]) -> None:
    """A calendar keeps, of one uid, the file with the highest sequence, of equal ones the later: that is the time told last."""
    events = [
        event_of(replace(ENTRY, starts_at=starts_at.replace(second=0, microsecond=0, fold=0), issued_at=issued_at, sequence=number))
        for number, (starts_at, issued_at) in enumerate(moves)
    ]
    assert len({event["UID"] for event in events}) == 1
    kept = max(events, key=lambda event: (event.sequence, event.DTSTAMP))
    assert kept.start == moves[-1][0].replace(second=0, microsecond=0, fold=0, tzinfo=ZURICH).astimezone(UTC)


def test_a_file_replaces_what_the_first_version_wrote() -> None:
    """Version 0.1 wrote the minutes since 2020; until 2039 those are lower."""
    written = (datetime(2038, 12, 31, tzinfo=UTC) - datetime(2020, 1, 1, tzinfo=UTC)) // timedelta(minutes=1)
    assert written < event_of(ENTRY).sequence < 2**31 - 1_000


@settings(max_examples=40)
@example(datetime(2024, 3, 31, 2, 0, fold=1), 0)  # noqa: DTZ001 - wall-clock time
@example(datetime(2026, 10, 25, 2, 30, fold=1), 30)  # noqa: DTZ001 - wall-clock time
@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31)), st.integers(-600, 600))  # noqa: DTZ001 - wall-clock times
def test_the_hour_is_right_on_every_day_and_the_end_is_never_before_the_start(starts_at: datetime, minutes: int) -> None:
    starts_at = starts_at.replace(second=0, microsecond=0)
    event = event_of(replace(ENTRY, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=minutes)))
    start, end = event.start, event.end
    assert isinstance(start, datetime)
    assert isinstance(end, datetime)
    assert start.astimezone(UTC) == starts_at.replace(tzinfo=ZURICH, fold=0).astimezone(UTC)
    assert end.astimezone(UTC) > start.astimezone(UTC)


@pytest.mark.parametrize(
    ("language", "summary"),
    [("de", "Termin: P"), ("fr", "Rendez-vous: P"), ("it", "Appuntamento: P"), ("en", "Appointment: P"), ("rm", "Termin: P")],
)
def test_the_title_is_neutral_in_every_language(language: str, summary: str) -> None:
    assert calendar_summary(language, "P") == summary
    assert calendar_summary(language, "") == summary[:-3]


@pytest.mark.parametrize(
    "starts_at",
    [datetime(2026, 3, 28, 10), datetime(2026, 3, 30, 10), datetime(2026, 10, 24, 10), datetime(2026, 10, 26, 10), datetime(2027, 7, 1, 8)],  # noqa: DTZ001
)
def test_a_reader_that_knows_no_zones_shows_the_right_hour(starts_at: datetime) -> None:
    content = calendar_file(replace(ENTRY, starts_at=starts_at)).decode()
    told = starts_at.replace(tzinfo=ZURICH).astimezone(UTC)
    assert f"DTSTART:{told:%Y%m%dT%H%M%SZ}\r\n" in content
    assert "TZID" not in content
