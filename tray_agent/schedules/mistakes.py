"""What can be wrong with a schedule: one clear sentence per mistake, with the column beside which a dialog shows it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from tray_agent.errors import InputError
from tray_agent.i18n import N_, _, format_date
from tray_agent.schedules.codes import (
    COLUMNS,
    IDENTITY_COLUMNS,
    NO_END_DATE,
    RETRY_COLUMNS,
    Frequency,
    Position,
    RelativeDay,
    Subday,
    date_of,
    time_of,
)

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
    wrong = [rule.mistake(numbers) for rule in _RULES] + [check(numbers) for check in (_start_date, _end_date, _time_of_day, _end_time)]
    found: dict[str, Mistake] = {}
    for mistake in wrong:
        if mistake is not None:
            found.setdefault(mistake.column, mistake)  # of two rules about a column the first one says more
    return tuple(found.values())


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
    known = _("Bekannt sind: {names}.").format(names=", ".join(COLUMNS))
    for name in given:
        if name not in {*COLUMNS, *IDENTITY_COLUMNS, *RETRY_COLUMNS}:
            yield Mistake(name, _("«{name}» gibt es bei einem Zeitplan nicht.").format(name=name), known)
    for name in COLUMNS:
        value = given.get(name)
        if value is None:
            yield Mistake(name, _("Die Angabe {name} fehlt.").format(name=name), _("Ohne sie steht nicht fest, wann der Auftrag läuft."))
        elif not isinstance(value, int) or (isinstance(value, bool) and name != "enabled"):
            form = _("Ein Datum steht als JJJJMMTT (20261123), eine Uhrzeit als HHMMSS (101500 für 10:15).")
            yield Mistake(name, _("{name} muss eine ganze Zahl sein.").format(name=name), form)


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a column may hold.

    Attributes:
        column: which.
        allowed: the numbers that are right.
        message: what is wrong with another one; a source text that may name it (``{number}``, ``{code}`` or ``{mask}``).
        advice: what is allowed, a source text; "" tells the bounds of ``allowed``.
        given: whether the rule holds for these columns.
    """

    column: str
    allowed: Container[int]
    message: str
    advice: str = ""
    given: Callable[[Numbers], bool] = lambda _given: True

    def mistake(self, given: Numbers) -> Mistake | None:
        """Returns what is wrong with the column, or None."""
        number = given[self.column]
        if not self.given(given) or number in self.allowed:
            return None
        if isinstance(self.allowed, range) and not self.advice:
            bounds = _("Erlaubt ist eine ganze Zahl von {least} bis {most}.")
            advice = bounds.format(least=self.allowed.start, most=self.allowed.stop - 1)
        else:
            advice = _(self.advice)
        return Mistake(self.column, _(self.message).format(number=number, code=number, mask=number), advice)


def _of(*frequencies: Frequency) -> Callable[[Numbers], bool]:
    return lambda given: given["freq_type"] in frequencies


_FREQUENCIES = N_(
    "Erlaubt sind 1 (einmalig), 4 (täglich), 8 (wöchentlich), 16 (monatlich) und 32 (monatlich an einem bestimmten Wochentag)."
)
_WEEKDAYS = N_("Mindestens einen Wochentag wählen (Summe aus So 1, Mo 2, Di 4, Mi 8, Do 16, Fr 32, Sa 64).")
_REPEATED = range(1, MOST_REPEATED + 1)
_RULES = (
    _Rule("enabled", (0, 1), N_("Aktiviert ist weder ein noch aus."), N_("Erlaubt sind 0 und 1.")),
    _Rule(
        "freq_type", (), N_("Aufträge, die beim Start des SQL-Server-Agents oder im Leerlauf laufen, gibt es hier nicht."),
        _FREQUENCIES, lambda given: given["freq_type"] in (64, 128),
    ),
    _Rule("freq_type", set(Frequency), N_("Die Häufigkeit {code} gibt es nicht."), _FREQUENCIES),
    _Rule(
        "freq_interval", _REPEATED, N_("Alle {number} Tage kann ein Auftrag nicht wiederholt werden."), given=_of(Frequency.DAILY)
    ),
    _Rule(
        "freq_interval", (), N_("Es ist kein Wochentag gewählt; so würde der Auftrag nie laufen."), _WEEKDAYS,
        lambda given: given["freq_type"] == Frequency.WEEKLY and given["freq_interval"] == 0,
    ),
    _Rule("freq_interval", range(1, 128), N_("Die Wochentage {mask} gibt es nicht."), _WEEKDAYS, _of(Frequency.WEEKLY)),
    _Rule("freq_interval", range(1, 32), N_("Einen Tag {number} hat kein Monat."), given=_of(Frequency.MONTHLY)),
    _Rule(
        "freq_interval", set(RelativeDay), N_("Die Art des Tages {code} gibt es nicht."),
        N_("Erlaubt sind 1 bis 7 (Sonntag bis Samstag), 8 (Tag), 9 (Arbeitstag) und 10 (Wochenendtag)."), _of(Frequency.MONTHLY_RELATIVE),
    ),
    _Rule(
        "freq_subday_type", (Subday.AT_TIME, 0), N_("Ein Auftrag, der einmalig läuft, kann nicht mehrmals am Tag laufen."),
        N_("«Einmalig» mit einer Uhrzeit wählen, oder den Auftrag täglich ausführen lassen."), _of(Frequency.ONCE),
    ),  # sysschedules holds 0 for a schedule that runs once
    _Rule(
        "freq_subday_type", set(Subday), N_("Die Häufigkeit pro Tag {code} gibt es nicht."),
        N_("Erlaubt sind 1 (einmalig zur Uhrzeit), 4 (alle N Minuten) und 8 (alle N Stunden)."),
        lambda given: given["freq_type"] != Frequency.ONCE,
    ),
    _Rule(
        "freq_subday_interval", range(1, MOST_MINUTES + 1), N_("Alle {number} Minuten kann ein Auftrag nicht laufen."),
        given=lambda given: given["freq_subday_type"] == Subday.MINUTES,
    ),
    _Rule(
        "freq_subday_interval", range(1, MOST_HOURS + 1), N_("Alle {number} Stunden kann ein Auftrag nicht laufen."),
        given=lambda given: given["freq_subday_type"] == Subday.HOURS,
    ),
    _Rule(
        "freq_relative_interval", set(Position) - {Position.UNUSED},
        N_("Es ist nicht gewählt, der wievielte Tag im Monat gemeint ist."),
        N_("Erlaubt sind 1 (erster), 2 (zweiter), 4 (dritter), 8 (vierter) und 16 (letzter)."), _of(Frequency.MONTHLY_RELATIVE),
    ),
    _Rule(
        "freq_recurrence_factor", _REPEATED, N_("Alle {number} Wochen kann ein Auftrag nicht wiederholt werden."),
        given=_of(Frequency.WEEKLY),
    ),
    _Rule(
        "freq_recurrence_factor", _REPEATED, N_("Alle {number} Monate kann ein Auftrag nicht wiederholt werden."),
        given=_of(Frequency.MONTHLY, Frequency.MONTHLY_RELATIVE),
    ),
)  # fmt: skip


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


def _end_time(given: Numbers) -> Mistake | None:
    if given["freq_subday_type"] not in (Subday.MINUTES, Subday.HOURS):
        return None
    if given["active_start_time"] != given["active_end_time"]:
        return _time_of_day(given, "active_end_time")
    text = _("Beginn und Ende der Zeitspanne sind gleich.")
    return Mistake("active_end_time", text, _("Ein anderes Ende wählen, oder «Einmalig» mit dieser Uhrzeit."))


def _time_of_day(given: Numbers, column: str = "active_start_time") -> Mistake | None:
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
