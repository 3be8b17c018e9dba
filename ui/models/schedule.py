"""The window *Zeitplan*: what its fields hold, what is wrong with it, its sentence and its next runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import Enum, StrEnum
from itertools import islice

from tray_agent.i18n import N_, _, format_date, format_time
from tray_agent.job_kinds import JobKey
from tray_agent.schedules.codes import (
    LAST_SECOND,
    NO_END_DATE,
    Frequency,
    Position,
    RelativeDay,
    Subday,
    Weekdays,
    date_number,
    time_number,
)
from tray_agent.schedules.mistakes import find_mistakes
from tray_agent.schedules.planned_times import next_after
from tray_agent.schedules.schedule import Schedule
from tray_agent.schedules.summary import summarize

NEXT_RUNS = 5
"""How many planned times are shown."""


@dataclass(frozen=True, slots=True)
class ScheduleSubject:
    """What *Aufträge verwalten* hands to this window; two about the same job of one window are the same.

    Attributes:
        job: whose schedule.
        schedule: as it stands in that window, saved or not.
        take: gets the new schedule at *Speichern*; it is written when that window is saved.
        preview: gets the schedule at every edit, None while it is faulty or when the window is left.
        window: which window it was; one that was closed and opened again has schedules of its own.
    """

    job: JobKey
    schedule: Schedule = field(compare=False)
    take: Callable[[Schedule], None] = field(compare=False)
    preview: Callable[[Schedule | None], None] = field(compare=False)
    window: int = 0


class Repeat(Enum):
    """*Ausgeführt*: the choices of the window and their words (source texts); monthly stands for both kinds of sysschedules."""

    DAILY = N_("täglich")
    WEEKLY = N_("wöchentlich")
    MONTHLY = N_("monatlich")
    ONCE = N_("einmalig")


WEEKDAY_TITLES: Mapping[Weekdays, tuple[str, str]] = {
    Weekdays.MONDAY: (N_("Mo"), N_("Montag")),
    Weekdays.TUESDAY: (N_("Di"), N_("Dienstag")),
    Weekdays.WEDNESDAY: (N_("Mi"), N_("Mittwoch")),
    Weekdays.THURSDAY: (N_("Do"), N_("Donnerstag")),
    Weekdays.FRIDAY: (N_("Fr"), N_("Freitag")),
    Weekdays.SATURDAY: (N_("Sa"), N_("Samstag")),
    Weekdays.SUNDAY: (N_("So"), N_("Sonntag")),
}
"""The weekdays in the order of a week here: short and whole, source texts."""

POSITION_TITLES: Mapping[Position, str] = {
    Position.FIRST: N_("ersten"),
    Position.SECOND: N_("zweiten"),
    Position.THIRD: N_("dritten"),
    Position.FOURTH: N_("vierten"),
    Position.LAST: N_("letzten"),
}
"""Which day of its kind in the month, source texts."""

RELATIVE_DAY_TITLES: Mapping[RelativeDay, str] = {
    RelativeDay.MONDAY: N_("Montag"),
    RelativeDay.TUESDAY: N_("Dienstag"),
    RelativeDay.WEDNESDAY: N_("Mittwoch"),
    RelativeDay.THURSDAY: N_("Donnerstag"),
    RelativeDay.FRIDAY: N_("Freitag"),
    RelativeDay.SATURDAY: N_("Samstag"),
    RelativeDay.SUNDAY: N_("Sonntag"),
    RelativeDay.DAY: N_("Tag"),
    RelativeDay.WORKING_DAY: N_("Arbeitstag"),
    RelativeDay.WEEKEND_DAY: N_("Wochenendtag"),
}
"""The kinds of days that are counted in a month, source texts."""


class NotePlace(StrEnum):
    """The places of the window beside which a mistake is told."""

    REPEATED = "repeated"
    WEEKDAYS = "weekdays"
    MONTHLY = "monthly"
    TIME = "time"
    EVERY = "every"
    WINDOW = "window"
    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True)
class ScheduleFields:
    """What the fields hold, those too that the chosen kind does not use: a choice that is taken back brings them back.

    Attributes:
        repeat: *Ausgeführt*.
        days, weeks, months: *Wiederholt*, for each kind.
        weekdays: the ticked weekdays.
        by_position: monthly by *first … last*, not by the day's number.
        day_of_month: the number.
        position, relative_day: first … last of which kind of day.
        several: *Mehrmals*, not *Einmalig*.
        at: the time of *Einmalig*.
        every, unit: *Mehrmals* every N minutes or hours.
        window_start, window_end: the window of *Mehrmals*.
        start: *Startdatum*; the day of a schedule that runs once.
        end: *Enddatum*.
        endless: no end date; ``end`` is not used.
    """

    repeat: Repeat
    days: int
    weeks: int
    months: int
    weekdays: int
    by_position: bool
    day_of_month: int
    position: Position
    relative_day: RelativeDay
    several: bool
    at: time
    every: int
    unit: Subday
    window_start: time
    window_end: time
    start: date
    end: date
    endless: bool


_REPEATS = {
    Frequency.ONCE: Repeat.ONCE,
    Frequency.DAILY: Repeat.DAILY,
    Frequency.WEEKLY: Repeat.WEEKLY,
    Frequency.MONTHLY: Repeat.MONTHLY,
    Frequency.MONTHLY_RELATIVE: Repeat.MONTHLY,
}
_WORKING_DAYS = Weekdays.MONDAY | Weekdays.TUESDAY | Weekdays.WEDNESDAY | Weekdays.THURSDAY | Weekdays.FRIDAY


def fields_of(schedule: Schedule) -> ScheduleFields:
    """Returns what the fields hold for a schedule, with sensible values where it does not say."""
    several, relative = schedule.subday is not Subday.AT_TIME, schedule.frequency is Frequency.MONTHLY_RELATIVE
    monthly = _REPEATS[schedule.frequency] is Repeat.MONTHLY
    return ScheduleFields(
        repeat=_REPEATS[schedule.frequency],
        days=schedule.interval if schedule.frequency is Frequency.DAILY else 1,
        weeks=schedule.recurrence if schedule.frequency is Frequency.WEEKLY else 1,
        months=schedule.recurrence if monthly else 1,
        weekdays=schedule.interval if schedule.frequency is Frequency.WEEKLY else int(_WORKING_DAYS),
        by_position=relative,
        day_of_month=schedule.interval if schedule.frequency is Frequency.MONTHLY else 1,
        position=schedule.position if relative else Position.FIRST,
        relative_day=RelativeDay(schedule.interval) if relative else RelativeDay.MONDAY,
        several=several,
        at=schedule.start_time,
        every=schedule.subday_interval if several else 1,
        unit=schedule.subday if several else Subday.HOURS,
        window_start=schedule.start_time if several else time(8),
        window_end=schedule.end_time if several else time(18),
        start=schedule.start_date,
        end=schedule.end_date or schedule.start_date + timedelta(days=365),
        endless=schedule.end_date is None,
    )


class ScheduleModel:
    """A schedule as a person edits it; nothing of it is saved here.

    Args:
        schedule: the schedule to begin with; whether it is enabled is not edited here.
        zone: the practice's time zone.
        now: the present instant (aware), from which the next runs are counted.

    Attributes:
        fields: what they hold.
        mistakes: what is wrong, a sentence or two by the place beside which it is told; empty: it is right.
        schedule: the schedule as edited, or None while something is wrong with it.
    """

    def __init__(self, schedule: Schedule, zone: tzinfo, now: datetime) -> None:
        self._given = schedule
        self._zone = zone
        self._now = now
        self.fields = fields_of(schedule)
        self._follow()

    def edit(self, **values: object) -> None:
        """Takes what fields hold now, by the names of ``ScheduleFields``."""
        self.fields = replace(self.fields, **values)  # type: ignore[arg-type]  # the names and types are those of ScheduleFields
        self._follow()

    def _follow(self) -> None:
        """Finds out, once for every edit, what is wrong with the fields and which schedule they make."""
        columns = self.columns
        mistakes = tuple(find_mistakes(columns))
        placed = ((self._place(mistake.column), mistake) for mistake in mistakes)
        self.mistakes = {place: f"{mistake.message} {_advice(place) or mistake.advice}" for place, mistake in placed}
        self.schedule = None if mistakes else Schedule.from_columns(columns)

    @property
    def columns(self) -> dict[str, int]:
        """Returns the fields as a row of sysschedules, right or wrong."""
        fields, once = self.fields, self.fields.repeat is Repeat.ONCE
        several = fields.several and not once
        return {
            "enabled": int(self._given.enabled),
            **self._frequency_columns(),
            "freq_subday_type": int(fields.unit if several else Subday.AT_TIME),
            "freq_subday_interval": fields.every if several else 0,
            "active_start_date": date_number(fields.start),
            "active_end_date": NO_END_DATE if fields.endless or once else date_number(fields.end),
            "active_start_time": time_number(fields.window_start if several else fields.at),
            "active_end_time": time_number(fields.window_end if several else LAST_SECOND),
        }

    def _frequency_columns(self) -> dict[str, int]:
        fields = self.fields
        kind, interval, recurrence, position = {
            Repeat.ONCE: (Frequency.ONCE, 0, 0, Position.UNUSED),
            Repeat.DAILY: (Frequency.DAILY, fields.days, 0, Position.UNUSED),
            Repeat.WEEKLY: (Frequency.WEEKLY, fields.weekdays, fields.weeks, Position.UNUSED),
            Repeat.MONTHLY: (Frequency.MONTHLY, fields.day_of_month, fields.months, Position.UNUSED),
        }[fields.repeat]
        if fields.repeat is Repeat.MONTHLY and fields.by_position:
            kind, interval, position = Frequency.MONTHLY_RELATIVE, int(fields.relative_day), fields.position
        return {
            "freq_type": int(kind),
            "freq_interval": int(interval),
            "freq_recurrence_factor": recurrence,
            "freq_relative_interval": int(position),
        }

    def _place(self, column: str) -> NotePlace:
        if column == "freq_interval":
            return {Repeat.DAILY: NotePlace.REPEATED, Repeat.WEEKLY: NotePlace.WEEKDAYS}.get(self.fields.repeat, NotePlace.MONTHLY)
        if column == "active_start_time":
            return NotePlace.WINDOW if self.fields.several else NotePlace.TIME
        return _PLACES.get(column, NotePlace.REPEATED)

    @property
    def has_changes(self) -> bool:
        """Returns whether it means something else than at the beginning, faulty input included."""
        return self.schedule != self._given

    @property
    def summary(self) -> str:
        """Returns the schedule as a sentence, or what is missing."""
        schedule = self.schedule
        return summarize(schedule) if schedule else _("Der Zeitplan ist noch nicht vollständig: siehe die Hinweise bei den Feldern.")

    def next_runs(self) -> tuple[datetime, ...]:
        """Returns the next planned times, local, as if the job were enabled; fewer where it does not run so often any more."""
        schedule = self.schedule
        if schedule is None:
            return ()
        return tuple(
            run.astimezone(self._zone) for run in islice(_runs_after(replace(schedule, enabled=True), self._zone, self._now), NEXT_RUNS)
        )

    @property
    def next_lines(self) -> tuple[str, ...]:
        """Returns the next planned times as people read them: "Mo 23.11.2026 10:10"."""
        return tuple(f"{weekday_short(run)} {format_date(run)} {time_of_day(run)}" for run in self.next_runs())

    @property
    def never(self) -> str:
        """Returns why a schedule that is right does not run any more, or ""."""
        if self.schedule is None or self.next_runs():
            return ""
        return _("Nach diesem Zeitplan läuft der Auftrag nie mehr: Die Zeit liegt schon zurück.")


def _runs_after(schedule: Schedule, zone: tzinfo, instant: datetime) -> Iterator[datetime]:
    planned = next_after(schedule, zone, instant)
    while planned is not None:
        yield planned
        planned = next_after(schedule, zone, planned)


def weekday_short(day: date) -> str:
    """Returns a date's weekday in two letters, in the language in force."""
    return _(tuple(WEEKDAY_TITLES.values())[day.weekday()][0])


def time_of_day(at: datetime) -> str:
    """Returns a planned time as people read it; seconds only where there are some."""
    return format_time(at) if not at.second else at.strftime("%H:%M:%S")


_PLACES = {
    "freq_recurrence_factor": NotePlace.REPEATED,
    "freq_relative_interval": NotePlace.MONTHLY,
    "freq_subday_type": NotePlace.EVERY,
    "freq_subday_interval": NotePlace.EVERY,
    "active_start_date": NotePlace.START,
    "active_end_date": NotePlace.END,
    "active_end_time": NotePlace.WINDOW,
}


def _advice(place: NotePlace) -> str:
    """Returns what to do in this window where the advice of the rule speaks of codes; "" else."""
    if place is NotePlace.WEEKDAYS:
        return _("Mindestens einen Wochentag ankreuzen.")
    if place is NotePlace.END:
        return _("Ein späteres Enddatum wählen, oder «Kein Enddatum».")
    return ""
