"""What can be wrong with a schedule: one clear sentence per mistake, with the column beside which a dialog shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from tray_agent.errors import InputError
from tray_agent.i18n import _, format_date
from tray_agent.schedules.codes import COLUMNS, IDENTITY_COLUMNS, NO_END_DATE, Frequency, Position, RelativeDay, Subday, date_of, time_of

MOST_REPEATED = 999
"""Every N days, weeks or months: so many at the most."""

MOST_MINUTES = 24 * 60 - 1
MOST_HOURS = 23

FIRST_YEAR = 1990
"""sysschedules knows no start date before 1 January 1990."""

LAST_YEAR = 9000
"""Of a start date; keeps the arithmetic away from the end of the calendar."""


class ScheduleError(InputError):
    """A schedule can't be what it says. ``item`` is the column (``freq_interval``) beside which a dialog shows it."""

    code = "schedule"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with a schedule.

    Attributes:
        column: the column of ``sysschedules`` it is about.
        message: what is wrong; a whole sentence in the language in force.
        advice: what is allowed; a whole sentence.
    """

    column: str
    message: str
    advice: str

    def as_error(self) -> ScheduleError:
        """Returns the mistake as an error that can be raised."""
        return ScheduleError(_("Zeitplan nicht möglich"), self.message, self.advice, item=self.column)


Numbers = Mapping[str, int]
_WITH_RECURRENCE = (Frequency.WEEKLY, Frequency.MONTHLY, Frequency.MONTHLY_RELATIVE)


def find_mistakes(columns: Mapping[str, object]) -> tuple[Mistake, ...]:
    """Returns everything that is wrong with a schedule given as columns, one mistake per column at most; empty: it is right.

    A dialog calls it with what its fields hold now and shows each mistake beside the field of its column. Columns that
    are not given count as their default (``complete``).
    """
    given = complete(columns)
    misshapen = tuple(_find_misshapen(given))
    if misshapen:
        return misshapen
    numbers = as_numbers(given)
    found = (check(numbers) for check in _CHECKS)
    return tuple(mistake for mistake in found if mistake is not None)


def complete(columns: Mapping[str, object]) -> dict[str, object]:
    """Returns the columns with the defaults of ``sp_add_schedule`` for those that are not given.

    ``freq_type`` and ``active_start_date`` have no default here; of the intervals only "every day, week, month" is assumed.
    """
    recurring = columns.get("freq_type") in _WITH_RECURRENCE
    defaults: dict[str, object] = {
        "enabled": 1,
        "freq_subday_type": int(Subday.AT_TIME),
        "freq_subday_interval": 0,
        "freq_relative_interval": 0,
        "freq_recurrence_factor": int(recurring),
        "active_end_date": NO_END_DATE,
        "active_start_time": 0,
        "active_end_time": 235959,
    }
    if not recurring:
        defaults["freq_interval"] = 1
    return defaults | dict(columns)


def as_numbers(given: Mapping[str, object]) -> dict[str, int]:
    """Returns the columns that say when a schedule runs as integers; all are there and all are whole numbers."""
    return {name: value for name in COLUMNS if isinstance(value := given[name], int)}


def _find_misshapen(given: Mapping[str, object]) -> Iterator[Mistake]:
    """Gives what is no schedule at all: unknown or missing columns, and values that are no whole numbers."""
    for name in given:
        if name not in COLUMNS and name not in IDENTITY_COLUMNS:
            yield Mistake(name, _("«{name}» gibt es bei einem Zeitplan nicht.").format(name=name), _known_columns())
    for name in COLUMNS:
        value = given.get(name)
        if value is None:
            yield Mistake(name, _("Die Angabe {name} fehlt.").format(name=name), _("Ohne sie steht nicht fest, wann der Auftrag läuft."))
        elif not isinstance(value, int) or (isinstance(value, bool) and name != "enabled"):
            yield Mistake(name, _("{name} muss eine ganze Zahl sein.").format(name=name), _dates_and_times())


def _known_columns() -> str:
    return _("Bekannt sind: {names}.").format(names=", ".join(COLUMNS))


def _dates_and_times() -> str:
    return _("Ein Datum steht als JJJJMMTT (20261123), eine Uhrzeit als HHMMSS (101500 für 10:15).")


def _enabled(given: Numbers) -> Mistake | None:
    if given["enabled"] in (0, 1):
        return None
    return Mistake("enabled", _("Aktiviert ist weder ein noch aus."), _("Erlaubt sind 0 und 1."))


def _frequency(given: Numbers) -> Mistake | None:
    code = given["freq_type"]
    if code in set(Frequency):
        return None
    allowed = _("Erlaubt sind 1 (einmalig), 4 (täglich), 8 (wöchentlich), 16 (monatlich) und 32 (monatlich an einem bestimmten Wochentag).")
    if code in (64, 128):
        text = _("Aufträge, die beim Start des SQL-Server-Agents oder im Leerlauf laufen, gibt es hier nicht.")
    else:
        text = _("Die Häufigkeit {code} gibt es nicht.").format(code=code)
    return Mistake("freq_type", text, allowed)


def _interval(given: Numbers) -> Mistake | None:
    check = _INTERVALS.get(given["freq_type"])
    return check(given["freq_interval"]) if check else None


def _days(number: int) -> Mistake | None:
    if 1 <= number <= MOST_REPEATED:
        return None
    text = _("Alle {number} Tage kann ein Auftrag nicht wiederholt werden.").format(number=number)
    return Mistake("freq_interval", text, _from_to(1, MOST_REPEATED))


def _weekdays(mask: int) -> Mistake | None:
    if 1 <= mask <= 127:
        return None
    if mask == 0:
        text = _("Es ist kein Wochentag gewählt; so würde der Auftrag nie laufen.")
    else:
        text = _("Die Wochentage {mask} gibt es nicht.").format(mask=mask)
    return Mistake("freq_interval", text, _("Mindestens einen Wochentag wählen (Summe aus So 1, Mo 2, Di 4, Mi 8, Do 16, Fr 32, Sa 64)."))


def _day_of_month(number: int) -> Mistake | None:
    if 1 <= number <= 31:
        return None
    text = _("Einen Tag {number} hat kein Monat.").format(number=number)
    return Mistake("freq_interval", text, _from_to(1, 31))


def _relative_day(code: int) -> Mistake | None:
    if code in set(RelativeDay):
        return None
    text = _("Die Art des Tages {code} gibt es nicht.").format(code=code)
    allowed = _("Erlaubt sind 1 bis 7 (Sonntag bis Samstag), 8 (Tag), 9 (Arbeitstag) und 10 (Wochenendtag).")
    return Mistake("freq_interval", text, allowed)


_INTERVALS: dict[int, Callable[[int], Mistake | None]] = {
    Frequency.DAILY: _days,
    Frequency.WEEKLY: _weekdays,
    Frequency.MONTHLY: _day_of_month,
    Frequency.MONTHLY_RELATIVE: _relative_day,
}


def _subday(given: Numbers) -> Mistake | None:
    code = given["freq_subday_type"]
    once = given["freq_type"] == Frequency.ONCE
    if code == Subday.AT_TIME or (once and code == 0):  # sysschedules holds 0 for a schedule that runs once
        return None
    if once:
        text = _("Ein Auftrag, der einmalig läuft, kann nicht mehrmals am Tag laufen.")
        return Mistake("freq_subday_type", text, _("«Einmalig» mit einer Uhrzeit wählen, oder den Auftrag täglich ausführen lassen."))
    if code in set(Subday):
        return None
    text = _("Die Häufigkeit pro Tag {code} gibt es nicht.").format(code=code)
    return Mistake("freq_subday_type", text, _("Erlaubt sind 1 (einmalig zur Uhrzeit), 4 (alle N Minuten) und 8 (alle N Stunden)."))


def _subday_interval(given: Numbers) -> Mistake | None:
    number = given["freq_subday_interval"]
    if given["freq_subday_type"] == Subday.MINUTES and not 1 <= number <= MOST_MINUTES:
        text = _("Alle {number} Minuten kann ein Auftrag nicht laufen.").format(number=number)
        return Mistake("freq_subday_interval", text, _from_to(1, MOST_MINUTES))
    if given["freq_subday_type"] == Subday.HOURS and not 1 <= number <= MOST_HOURS:
        text = _("Alle {number} Stunden kann ein Auftrag nicht laufen.").format(number=number)
        return Mistake("freq_subday_interval", text, _from_to(1, MOST_HOURS))
    return None


def _position(given: Numbers) -> Mistake | None:
    code = given["freq_relative_interval"]
    if given["freq_type"] != Frequency.MONTHLY_RELATIVE or code in set(Position) - {Position.UNUSED}:
        return None
    text = _("Es ist nicht gewählt, der wievielte Tag im Monat gemeint ist.")
    return Mistake("freq_relative_interval", text, _("Erlaubt sind 1 (erster), 2 (zweiter), 4 (dritter), 8 (vierter) und 16 (letzter)."))


def _recurrence(given: Numbers) -> Mistake | None:
    number = given["freq_recurrence_factor"]
    if given["freq_type"] not in _WITH_RECURRENCE or 1 <= number <= MOST_REPEATED:
        return None
    if given["freq_type"] == Frequency.WEEKLY:
        text = _("Alle {number} Wochen kann ein Auftrag nicht wiederholt werden.").format(number=number)
    else:
        text = _("Alle {number} Monate kann ein Auftrag nicht wiederholt werden.").format(number=number)
    return Mistake("freq_recurrence_factor", text, _from_to(1, MOST_REPEATED))


def _start_date(given: Numbers) -> Mistake | None:
    number = given["active_start_date"]
    day = _date_or_none(number)
    if day is None:
        return _no_date("active_start_date", number)
    if FIRST_YEAR <= day.year <= LAST_YEAR:
        return None
    text = _("Das Startdatum liegt ausserhalb der Jahre {first} bis {last}.").format(first=FIRST_YEAR, last=LAST_YEAR)
    return Mistake("active_start_date", text, _("Das Startdatum berichtigen."))


def _end_date(given: Numbers) -> Mistake | None:
    number = given["active_end_date"]
    end, start = _date_or_none(number), _date_or_none(given["active_start_date"])
    if end is None:
        return _no_date("active_end_date", number)
    if start is None or end >= start:
        return None
    text = _("Das Enddatum {end} liegt vor dem Startdatum {start}; so würde der Auftrag nie laufen.")
    advice = _("Ein späteres Enddatum wählen, oder keines (99991231).")
    return Mistake("active_end_date", text.format(end=format_date(end), start=format_date(start)), advice)


def _start_time(given: Numbers) -> Mistake | None:
    return _time_of_day("active_start_time", given)


def _end_time(given: Numbers) -> Mistake | None:
    if given["freq_subday_type"] not in (Subday.MINUTES, Subday.HOURS):
        return None
    if given["active_start_time"] != given["active_end_time"]:
        return _time_of_day("active_end_time", given)
    text = _("Beginn und Ende der Zeitspanne sind gleich.")
    return Mistake("active_end_time", text, _("Ein anderes Ende wählen, oder «Einmalig» mit dieser Uhrzeit."))


def _time_of_day(column: str, given: Numbers) -> Mistake | None:
    try:
        time_of(given[column])
    except (ValueError, OverflowError):
        text = _("{number} ist keine Uhrzeit.").format(number=given[column])
        return Mistake(column, text, _("Eine Uhrzeit steht als HHMMSS, von 0 (00:00:00) bis 235959."))
    return None


def _date_or_none(number: int) -> date | None:
    try:
        return date_of(number)
    except (ValueError, OverflowError):
        return None


def _no_date(column: str, number: int) -> Mistake:
    text = _("{number} ist kein Datum, das es gibt.").format(number=number)
    return Mistake(column, text, _("Ein Datum steht als JJJJMMTT, zum Beispiel 20261123."))


def _from_to(least: int, most: int) -> str:
    return _("Erlaubt ist eine ganze Zahl von {least} bis {most}.").format(least=least, most=most)


_CHECKS: tuple[Callable[[Numbers], Mistake | None], ...] = (
    _enabled, _frequency, _interval, _subday, _subday_interval, _position, _recurrence, _start_date, _end_date, _start_time, _end_time,
)  # fmt: skip
