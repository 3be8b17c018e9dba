"""Reads the values of a view's row, whatever the driver gives; what can't be read is noted and never raised.

A value that can't be read is never taken for one that can. What it probably means is told beside the note where a person needs it to
look in the right place: of a start the day and time it seems to name, of a wish the word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from tray_agent.practice.model import AppointmentStatus
from tray_agent.practice.views import ColumnType, PracticeView

_STATUSES = {status.value: status for status in AppointmentStatus if status is not AppointmentStatus.UNKNOWN}
_CHANNELS = {"sms": "sms", "email": "email", "e-mail": "email", "mail": "email"}

LONGEST_KEY = 100
"""Characters of an id that the outbox keeps; the contract allows 50."""

_LINE_ENDS = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")
_TIME_OF_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}")  # "10.15" would be read as ten o'clock and a bit
_MINUTE = timedelta(minutes=1)
LONGEST_APPOINTMENT = timedelta(days=366)
"""What ends later than so after it began does not say its end: 31.12.9999 stands for "no end" in many practices' data."""

_LONGEST_WORD = 40
"""Characters of a wish that can't be read."""

_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and halves of characters: no database takes all of them, and nobody ever typed one."""


class DoubtfulError(ValueError):
    """A value that can't be read, though it seems to mean something.

    Attributes:
        guess: what it probably means; good for a person who looks, not for a message.
    """

    def __init__(self, guess: object) -> None:
        self.guess = guess
        super().__init__("doubtful")


def text_of(value: object) -> str | None:
    """Returns a text without blanks around it and without what can't be seen or stored; None for NULL and for blanks alone.

    Whole numbers and UUIDs become text. A line end stays one (LF).

    Raises:
        ValueError: it can't be read (so all functions here).
    """
    if type(value) is int:  # most ids are; True is none
        return str(value)
    if isinstance(value, str):
        if not value.isprintable():
            value = _UNSEEN.sub("", _LINE_ENDS.sub("\n", value))
        return value.strip() or None
    if value is None:
        return None
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return str(int(value))
    if isinstance(value, UUID):
        return str(value)
    raise ValueError(type(value))


def key_of(value: object) -> str | None:
    """Returns an id as it is; None for NULL. One that can't be kept (too long, control characters) can't be read."""
    key = str(value) if type(value) is int else text_of(value)
    if key is not None and (len(key) > LONGEST_KEY or (isinstance(value, str) and key != value.strip())):
        raise ValueError("not to be kept")
    return key


def day_of(value: object) -> date | None:
    """Returns a date; a date with a time of day counts as its date."""
    moment = _moment_of(value)
    return moment.date() if moment else None


def local_time_of(value: object) -> datetime | None:
    """Returns a wall-clock time, naive, of the nearest minute: 10:14:59.997 is how some programs keep 10:15.

    Not readable are one with a time zone, which is no wall clock of the practice; a mere date, which tells no time; and a text
    that does not begin like ``2026-11-24 10:15``, which no search by time finds.

    Raises:
        DoubtfulError: it can't be read, but seems to name a day: dates day-first, zones left out, without a time of day midnight.
        ValueError: not even that.
    """
    try:
        moment = _moment_of(value)
        # SQLite keeps times as text and compares them as text: a leading blank sorts before every search window.
        if moment is None or (moment.tzinfo is None and _tells_time(value)):
            return _to_minute(moment) if moment else None
    except ValueError:
        moment = None
    # A text is looked at anew: of 2026-11-24 10.15 Python reads ten o'clock.
    guess = _guessed(value) if isinstance(value, (str, int)) else moment and moment.replace(tzinfo=None)
    if guess is None:
        raise ValueError("no wall-clock time")
    raise DoubtfulError(_to_minute(guess))


def _tells_time(value: object) -> bool:
    return isinstance(value, datetime) or (isinstance(value, str) and _TIME_OF_DAY.match(value) is not None)


def _to_minute(moment: datetime) -> datetime:
    if not (moment.second or moment.microsecond):
        return moment
    whole = moment.replace(second=0, microsecond=0)
    return whole + _MINUTE if moment.second >= 30 and whole.year < 9999 else whole


_GUESSED = re.compile(
    r"""(?<!\d)(?:(?P<year>\d{4})(?P<sign>[-./]?)(?P<month>\d{2})(?P=sign)(?P<day>\d{2})
              |(?P<day_first>\d{1,2})[-./][ ]?(?P<month_then>\d{1,2})[-./][ ]?(?P<year_last>\d{4}|\d{2}))(?!\d)
        (?:\D{1,10}?(?P<hour>\d{1,2})[:.h](?P<minute>\d{2}))?""",
    re.VERBOSE,
)


def _guessed(value: object) -> datetime | None:
    """Returns the day and time that a text seems to name."""
    found = _GUESSED.search(str(value)) if isinstance(value, (str, int)) else None
    if found is None:
        return None
    day, month = int(found["day"] or found["day_first"]), int(found["month"] or found["month_then"])
    year = int(found["year"] or found["year_last"])
    if month > 12:  # 11/24/2026
        day, month = month, day
    hour, minute = int(found["hour"] or 0), int(found["minute"] or 0)
    of_day = (hour, minute) if hour < 24 and minute < 60 else (0, 0)
    try:
        return datetime(year + 2000 if year < 100 else year, month, day, *of_day)  # noqa: DTZ001 - a wall clock has no zone
    except ValueError:
        return None


def end_of(starts_at: datetime, ends_at: datetime | None) -> datetime | None:
    """Returns when an appointment ends; None where what stands there is no end: not after its start (year 1, 1900), or years later."""
    return ends_at if ends_at is not None and starts_at < ends_at and ends_at - starts_at <= LONGEST_APPOINTMENT else None


def flag_of(value: object) -> bool:
    """Returns whether a flag is set; it is 1 or 0."""
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    raise ValueError("neither 1 nor 0")


def status_of(value: object) -> AppointmentStatus:
    """Returns the state of an appointment from its German word."""
    # First as it stands there: nearly all are written so, and a large practice has many.
    status = _STATUSES.get(value) if isinstance(value, str) else None
    status = status or _STATUSES.get((text_of(value) or "").casefold())
    if status is None:
        raise ValueError("no status")
    return status


def channel_of(value: object) -> str | None:
    """Returns ``sms``, ``email`` or None.

    Raises:
        DoubtfulError: another wish ("Brief"), which is the guess.
        ValueError: no word at all.
    """
    word = text_of(value)
    channel = _CHANNELS.get(word.casefold()) if word else None
    if word and channel is None:
        raise DoubtfulError(word[:_LONGEST_WORD])
    return channel


def _moment_of(value: object) -> datetime | None:
    if isinstance(value, str):
        return datetime.fromisoformat(value.strip())
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a wall clock has no zone
    raise ValueError(type(value))


Reader = Callable[[object], object]

_READERS: Mapping[ColumnType | str, tuple[Reader, object]] = {
    ColumnType.KEY: (key_of, ""),
    ColumnType.TEXT: (text_of, ""),
    ColumnType.DATE: (day_of, None),
    ColumnType.LOCAL_TIME: (local_time_of, datetime.min),  # noqa: DTZ901 - no zone; a start of which not even the day is known
    ColumnType.YES_NO: (flag_of, False),
    "status": (status_of, AppointmentStatus.UNKNOWN),
    "preferred_channel": (channel_of, None),
}
"""By type or name of a column: what reads it, and what stands for a value that must be there and is not, or can't be read; its name is
noted, and whoever decides looks at that first."""

_GUESSES = frozenset({"starts_at", "preferred_channel"})
"""Of these columns the guess is given where they can't be read; whoever decides looks at the note first, a person at the guess."""


def read_row(view: PracticeView, row: Iterable[object]) -> tuple[dict[str, Any], frozenset[str]]:
    """Returns the values of a row by column, and the names of those that can't be read or are missing where one must be.

    Args:
        view: whose row it is.
        row: what the driver gave, in the order of the view's columns; what follows these is left out.
    """
    values: dict[str, Any] = {}
    unreadable: set[str] = set()
    for (name, read, nullable, instead), given in zip(_readers_of(view), row, strict=False):
        value = given
        if value is not None:
            try:
                value = read(value)
            except ValueError as error:
                unreadable.add(name)
                value = error.guess if isinstance(error, DoubtfulError) and name in _GUESSES else None
        if value is None and not nullable:
            unreadable.add(name)
            value = instead
        values[name] = value
    return values, frozenset(unreadable)


@cache
def _readers_of(view: PracticeView) -> tuple[tuple[str, Reader, bool, object], ...]:
    found = ((column, _READERS.get(column.name) or _READERS[column.type]) for column in view.columns)
    return tuple((column.name, read, column.nullable, instead) for column, (read, instead) in found)
