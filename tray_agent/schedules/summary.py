"""A schedule as one sentence that a practice understands."""

from __future__ import annotations

from datetime import date, time

from tray_agent.i18n import N_, _, format_date, join_words, ngettext, pgettext
from tray_agent.schedules.codes import Frequency, Position, RelativeDay, Subday, Weekdays
from tray_agent.schedules.schedule import Schedule

_WORKING_DAYS = 2 + 4 + 8 + 16 + 32
_ALL_DAYS = 127

_KINDS = {
    RelativeDay.SUNDAY: N_("Sonntag"),
    RelativeDay.MONDAY: N_("Montag"),
    RelativeDay.TUESDAY: N_("Dienstag"),
    RelativeDay.WEDNESDAY: N_("Mittwoch"),
    RelativeDay.THURSDAY: N_("Donnerstag"),
    RelativeDay.FRIDAY: N_("Freitag"),
    RelativeDay.SATURDAY: N_("Samstag"),
    RelativeDay.DAY: N_("Tag"),
    RelativeDay.WORKING_DAY: N_("Arbeitstag"),
    RelativeDay.WEEKEND_DAY: N_("Wochenendtag"),
}


def summarize(schedule: Schedule) -> str:
    """Returns what a schedule says as one sentence in the language in force: "Täglich um 10:00, ab 23.11.2026.".

    It describes the plan; whether the job is enabled is said elsewhere.
    """
    if schedule.frequency is Frequency.ONCE:
        day, at = format_date(schedule.start_date), _clock(schedule.start_time)
        return _("Einmalig am {date} um {time}.").format(date=day, time=at)
    return f"{_when(schedule)} {_skipped_months(schedule)}".strip()


def summarize_briefly(schedule: Schedule, today: date) -> str:
    """Returns the same in a few words for a list: "Täglich um 10:00"; from when, only where that is not past, and until when."""
    if schedule.frequency is Frequency.ONCE:
        return summarize(schedule).rstrip(".")
    has_begun = schedule.end_date is None and schedule.start_date <= today
    return f"{_days(schedule)} {_times(schedule)}" if has_begun else _when(schedule).rstrip(".")


def _when(schedule: Schedule) -> str:
    days, times, period = _days(schedule), _times(schedule), _period(schedule)
    return _("{days} {times}, {period}.").format(days=days, times=times, period=period)


def weekday_name(weekday: int) -> str:
    """Returns the name of a weekday in the language in force, as it stands alone; Monday is 0, as ``date.weekday`` counts."""
    return _(_KINDS[RelativeDay((weekday + 1) % 7 + 1)])


def _days(schedule: Schedule) -> str:
    if schedule.frequency is Frequency.DAILY:
        return ngettext("Täglich", "Alle {number} Tage", schedule.interval).format(number=schedule.interval)
    if schedule.frequency is Frequency.WEEKLY:
        weeks = ngettext("Wöchentlich", "Alle {number} Wochen", schedule.recurrence).format(number=schedule.recurrence)
        return f"{weeks} {_weekdays(schedule.interval)}"
    months = ngettext("Monatlich", "Alle {number} Monate", schedule.recurrence).format(number=schedule.recurrence)
    if schedule.frequency is Frequency.MONTHLY:
        day = ngettext("am {day}. Tag", "am {day}. Tag", schedule.interval).format(day=schedule.interval)  # in French "le 1er", "le 2"
        return f"{months} {day}"
    return f"{months} {_relative_day(schedule)}"


def _weekdays(mask: int) -> str:
    if mask == _ALL_DAYS:
        return _("an allen Tagen")
    if mask == _WORKING_DAYS:
        return _("von Montag bis Freitag")
    return _("am {weekdays}").format(weekdays=join_words([name for bit, name in _weekday_names().items() if mask & bit]))


def _weekday_names() -> dict[Weekdays, str]:
    """Returns the weekdays as they stand in "am Montag und Mittwoch" (in French each has its article), in the order of a week here."""
    return {
        Weekdays.MONDAY: pgettext("am", "Montag"),
        Weekdays.TUESDAY: pgettext("am", "Dienstag"),
        Weekdays.WEDNESDAY: pgettext("am", "Mittwoch"),
        Weekdays.THURSDAY: pgettext("am", "Donnerstag"),
        Weekdays.FRIDAY: pgettext("am", "Freitag"),
        Weekdays.SATURDAY: pgettext("am", "Samstag"),
        Weekdays.SUNDAY: pgettext("am", "Sonntag"),
    }


def _relative_day(schedule: Schedule) -> str:
    kind = RelativeDay(schedule.interval)
    position = _sunday_position(schedule.position) if kind is RelativeDay.SUNDAY else _position(schedule.position)
    return _("am {position} {day}").format(position=position, day=_(_KINDS[kind]))


def _position(position: Position) -> str:
    return {
        Position.FIRST: _("ersten"),
        Position.SECOND: _("zweiten"),
        Position.THIRD: _("dritten"),
        Position.FOURTH: _("vierten"),
        Position.LAST: _("letzten"),
    }[position]


def _sunday_position(position: Position) -> str:
    """Returns the same words for a Sunday, which is of another gender than the other days in Italian."""
    return {
        Position.FIRST: pgettext("Sonntag", "ersten"),
        Position.SECOND: pgettext("Sonntag", "zweiten"),
        Position.THIRD: pgettext("Sonntag", "dritten"),
        Position.FOURTH: pgettext("Sonntag", "vierten"),
        Position.LAST: pgettext("Sonntag", "letzten"),
    }[position]


def _times(schedule: Schedule) -> str:
    start, end, number = _clock(schedule.start_time), _clock(schedule.end_time), schedule.subday_interval
    if schedule.subday is Subday.AT_TIME:
        return _("um {time}").format(time=start)
    if schedule.subday is Subday.MINUTES:
        every = ngettext("jede Minute", "alle {number} Minuten", number).format(number=number)
    else:
        every = ngettext("jede Stunde", "alle {number} Stunden", number).format(number=number)
    if schedule.end_time < schedule.start_time:
        return _("{every} von {start} bis {end} des folgenden Tages").format(every=every, start=start, end=end)
    return _("{every} von {start} bis {end}").format(every=every, start=start, end=end)


def _period(schedule: Schedule) -> str:
    start = format_date(schedule.start_date)
    if schedule.end_date is None:
        return _("ab {date}").format(date=start)
    return _("vom {start} bis {end}").format(start=start, end=format_date(schedule.end_date))


def _skipped_months(schedule: Schedule) -> str:
    if schedule.frequency is Frequency.MONTHLY and schedule.interval > 28:
        return _("Monate ohne {day}. Tag werden ausgelassen.").format(day=schedule.interval)
    return ""


def _clock(of_day: time) -> str:
    return of_day.strftime("%H:%M:%S" if of_day.second else "%H:%M")
