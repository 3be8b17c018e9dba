"""Quiet hours: nights, Sundays, holidays, and the nights in which clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tray_agent.config.settings import QUIET_FROM, QUIET_HOLIDAYS, QUIET_SUNDAYS, QUIET_UNTIL, Settings
from tray_agent.errors import ConfigurationError
from tray_agent.i18n import set_language
from tray_agent.schedules.quiet_hours import QuietHours, QuietKind, holiday_name

ZURICH = ZoneInfo("Europe/Zurich")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZURICH)


@pytest.mark.parametrize(
    ("at", "quiet"),
    [("19:59:59", False), ("20:00", True), ("23:30", True), ("00:00", True), ("07:59:59", True), ("08:00", False), ("12:00", False)],
)
def test_the_night_begins_inclusive_and_ends_exclusive(at: str, quiet: bool) -> None:
    assert QuietHours().is_quiet(local(f"2026-11-23T{at}")) is quiet


def test_quiet_hours_within_a_day() -> None:
    lunch = QuietHours(time(12), time(13))
    assert [lunch.is_quiet(local(f"2026-11-23T{at}")) for at in ("11:59", "12:00", "12:59", "13:00")] == [False, True, True, False]


def test_no_quiet_time_of_day() -> None:
    assert not any(QuietHours(time(8), time(8)).is_quiet(local(f"2026-11-23T{hour:02}:00")) for hour in range(24))


def test_reasons() -> None:
    quiet = QuietHours(sundays=True, canton="ZH")
    assert quiet.reason(local("2026-11-23T12:00")) == ""
    assert quiet.reason(local("2026-11-23T22:00")) == "In der Ruhezeit von 20:00 bis 08:00 werden keine SMS gesendet."
    assert quiet.reason(local("2026-11-29T12:00")) == "An Sonntagen werden keine SMS gesendet."
    assert quiet.reason(local("2026-12-25T12:00")) == "An Feiertagen (Weihnachten) werden keine SMS gesendet."


def test_holidays_are_those_of_the_canton() -> None:
    corpus_christi = date(2026, 6, 4)
    assert holiday_name("LU", corpus_christi) == "Fronleichnam"
    assert holiday_name("ZH", corpus_christi) == ""
    assert not QuietHours().is_quiet(local("2026-12-25T12:00"))


@pytest.mark.parametrize("language", ["en", "fr", "it"])
def test_holidays_have_a_name_in_every_language(language: str) -> None:
    set_language(language)
    assert holiday_name("ZH", date(2026, 12, 25)) not in ("", "Weihnachten")


def test_an_unknown_canton_is_told_and_nothing_is_allowed() -> None:
    with pytest.raises(ConfigurationError, match="«XX»"):
        QuietHours(canton="XX").is_quiet(local("2026-11-23T12:00"))


@pytest.mark.parametrize(
    ("instant", "allowed"),
    [
        ("2026-11-23T12:00", "2026-11-23T12:00:00+01:00"),
        ("2026-11-23T20:00", "2026-11-24T08:00:00+01:00"),
        ("2026-11-28T21:00", "2026-11-30T08:00:00+01:00"),  # Saturday night, Sunday
        ("2026-12-24T21:00", "2026-12-28T08:00:00+01:00"),  # two holidays, Sunday
        ("2026-03-28T22:00", "2026-03-30T08:00:00+02:00"),  # the short night
    ],
)
def test_next_allowed(instant: str, allowed: str) -> None:
    found = QuietHours(sundays=True, canton="ZH").next_allowed(local(instant), ZURICH)
    assert found.astimezone(ZURICH).isoformat() == allowed


def test_a_quiet_time_that_ends_within_the_repeated_hour_comes_twice() -> None:
    quiet = QuietHours(time(20), time(2, 30))
    parts = list(quiet.intervals(datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 4, tzinfo=UTC), ZURICH))
    assert [(f"{part.start:%H:%M%z}", f"{part.end:%H:%M%z}") for part in parts] == [
        ("00:00+0200", "02:30+0200"),
        ("02:00+0100", "02:30+0100"),
    ]
    assert quiet.next_allowed(datetime(2026, 10, 25, 1, 10, tzinfo=UTC), ZURICH) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@hypothesis_settings(deadline=None, max_examples=60)
@given(
    start=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    end=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    sundays=st.booleans(),
    zone=st.sampled_from(("Europe/Zurich", "Australia/Lord_Howe", "Africa/Casablanca", "America/Havana", "Antarctica/Troll")),
    day=st.dates(date(2026, 1, 1), date(2026, 12, 1)),
)
def test_intervals_and_next_allowed_agree_with_a_look_at_every_minute(start: time, end: time, sundays: bool, zone: str, day: date) -> None:
    quiet, there = QuietHours(start, end, sundays=sundays), ZoneInfo(zone)
    begin = datetime.combine(day, time(), UTC)
    minutes = [begin + timedelta(minutes=number) for number in range(2 * 1440)]
    inside = list(quiet.intervals(begin, minutes[-1], there))
    for minute in minutes[:-1:7]:
        is_quiet = quiet.is_quiet(minute.astimezone(there))
        assert is_quiet == any(part.start.astimezone(UTC) <= minute < part.end.astimezone(UTC) for part in inside)
    expected = next((minute for minute in minutes if not quiet.is_quiet(minute.astimezone(there))), None)
    if expected is not None:
        assert quiet.next_allowed(begin, there) == expected


def test_from_the_switches() -> None:
    assert QuietHours.from_settings(Settings({}), "ZH") == QuietHours()
    chosen = Settings({QUIET_FROM: "21:30", QUIET_UNTIL: "07:00", QUIET_SUNDAYS: True, QUIET_HOLIDAYS: True})
    assert QuietHours.from_settings(chosen, "GE") == QuietHours(time(21, 30), time(7), sundays=True, canton="GE")
    assert QuietHours.from_settings(Settings({QUIET_FROM: "bald"}), "ZH") == QuietHours()


def test_a_holiday_goes_before_a_sunday_and_a_night() -> None:
    quiet = QuietHours(sundays=True, canton="ZH")
    assert quiet.kind(local("2026-12-25T22:00")) is QuietKind.HOLIDAY
    assert quiet.kind(local("2026-11-29T22:00")) is QuietKind.SUNDAY
