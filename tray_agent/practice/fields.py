"""Reads the values of a view's row, whatever the driver gives; what can't be read is noted, never guessed and never raised."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
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
_TIME_OF_DAY = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}[ T][0-9]{2}")
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and halves of characters: no database takes all of them, and nobody ever typed one."""


class RowFields:
    """The fields of one row.

    Attributes:
        unreadable: the names of the fields that could not be read so far.
    """

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = row
        self.unreadable: set[str] = set()

    def text(self, name: str) -> str | None:
        """Returns a text without blanks around it and without what can't be seen or stored; None for NULL and for blanks alone.

        Whole numbers and UUIDs become text. A line end stays one (LF).
        """
        value = self._row[name]
        if isinstance(value, str):
            if not value.isprintable():
                value = _UNSEEN.sub("", _LINE_ENDS.sub("\n", value))
            return value.strip() or None
        if value is None:
            return None
        if isinstance(value, UUID):
            return str(value)
        if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
            return str(int(value))
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        self.unreadable.add(name)
        return None

    def key(self, name: str) -> str | None:
        """Returns an id as it is; None for NULL, and None and a note for one that can't be kept (too long, control characters)."""
        value = self._row[name]
        key = self.text(name)
        if key is not None and (len(key) > LONGEST_KEY or (isinstance(value, str) and key != value.strip())):
            self.unreadable.add(name)
            return None
        return key

    def day(self, name: str) -> date | None:
        """Returns a date; a date with a time of day counts as its date."""
        moment = self._moment(name)
        return moment.date() if moment else None

    def local_time(self, name: str) -> datetime | None:
        """Returns a wall-clock time, naive.

        Not readable are one with a time zone, which is no wall clock of the practice; a mere date, which tells no time; and a text
        that begins with a blank, which no search by time finds.
        """
        moment, value = self._moment(name), self._row[name]
        # SQLite keeps times as text and compares them as text: a leading blank sorts before every search window.
        whole = isinstance(value, datetime) or (isinstance(value, str) and _TIME_OF_DAY.match(value))
        if moment is None or (whole and moment.tzinfo is None):
            return moment
        self.unreadable.add(name)
        return None

    def yes_no(self, name: str) -> bool | None:
        """Returns whether a flag is set; None and a note where it is neither 1 nor 0."""
        value = self._row[name]
        if isinstance(value, int) and value in (0, 1):
            return bool(value)
        self.unreadable.add(name)
        return None

    def status(self, name: str) -> AppointmentStatus:
        """Returns the state of an appointment from its German word; ``UNKNOWN`` and a note for any other."""
        word = self._row[name]
        status = _STATUSES.get(word) if isinstance(word, str) else None
        status = status or _STATUSES.get((self.text(name) or "").casefold())
        if status is None:
            self.unreadable.add(name)
        return status or AppointmentStatus.UNKNOWN

    def channel(self, name: str) -> str | None:
        """Returns ``sms``, ``email`` or None; None and a note for any other word."""
        word = self.text(name)
        channel = _CHANNELS.get(word.casefold()) if word else None
        if word and channel is None:
            self.unreadable.add(name)
        return channel

    def _moment(self, name: str) -> datetime | None:
        value = self._row[name]
        if value is None or isinstance(value, datetime):
            return value
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a wall clock has no zone
        if isinstance(value, str):
            try:
                return datetime.fromisoformat(value.strip())
            except ValueError:
                pass
        self.unreadable.add(name)
        return None


_READERS: Mapping[ColumnType, Callable[[RowFields, str], Any]] = {
    ColumnType.KEY: RowFields.key,
    ColumnType.TEXT: RowFields.text,
    ColumnType.DATE: RowFields.day,
    ColumnType.LOCAL_TIME: RowFields.local_time,
    ColumnType.YES_NO: RowFields.yes_no,
}
_READERS_BY_NAME: Mapping[str, Callable[[RowFields, str], Any]] = {"status": RowFields.status, "preferred_channel": RowFields.channel}
_INSTEAD: Mapping[ColumnType, object] = {
    ColumnType.KEY: "",
    ColumnType.TEXT: "",
    ColumnType.LOCAL_TIME: datetime.min,  # noqa: DTZ901 - a wall clock has no zone; outside of every search window
    ColumnType.YES_NO: False,
}
"""What a value has that must be there and is not; its name is noted, and whoever decides looks at that first."""


def read_row(view: PracticeView, row: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """Returns the values of a row by column, and the names of those that can't be read or are missing where one must be."""
    fields = RowFields(row)
    values = {}
    for name, read, nullable, instead in _readers_of(view):
        value = read(fields, name)
        if value is None and not nullable:
            fields.unreadable.add(name)
            value = instead
        values[name] = value
    return values, frozenset(fields.unreadable)


@cache
def _readers_of(view: PracticeView) -> tuple[tuple[str, Callable[[RowFields, str], Any], bool, object], ...]:
    return tuple(
        (column.name, _READERS_BY_NAME.get(column.name) or _READERS[column.type], column.nullable, _INSTEAD.get(column.type))
        for column in view.columns
    )
