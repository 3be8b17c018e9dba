"""The days of the coming weeks on which no planned run looks for appointments or birthdays, and what would change that. Pure.

Source: domain, section 3 ("a set of schedules and offsets that never covers some weekday or holiday is told like a wrong order").
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tray_agent.config.settings import OFFSET_SEARCH, OFFSET_START
from tray_agent.i18n import _, format_date, join_texts, join_words, ngettext
from tray_agent.job_kinds import JobKey, job_title
from tray_agent.messages.rules.eligibility import RuleSettings
from tray_agent.schedules.codes import Frequency
from tray_agent.schedules.order_check import OrderFinding, OrderFindingKind
from tray_agent.schedules.planned_times import days_between
from tray_agent.schedules.schedule import Schedule
from tray_agent.schedules.summary import weekday_name
from tray_agent.schedules.wall_clock import start_of_day

AHEAD = timedelta(weeks=8)
"""So far ahead the plan is looked at."""

MOST_SEARCHED = 14
"""Nobody is advised to search more days than this at once."""

_MOST_TOLD = 5
_DAY = timedelta(days=1)
_SUNDAY, _SATURDAY = 6, 5


@dataclass(frozen=True, slots=True)
class ReminderPlan:
    """How reminders are planned.

    Attributes:
        schedule: of the job that prepares them.
        settings: the offsets, and whether reminders are on.
        zone: the practice's time zone.
        now: aware.
        since: the newest planned time (aware) whose run succeeded; None where none is known. What was missed since is made up for.
        covered: the days that were searched.
    """

    schedule: Schedule
    settings: RuleSettings
    zone: ZoneInfo
    now: datetime
    since: datetime | None = None
    covered: Collection[date] = ()

    @property
    def today(self) -> date:
        """Returns the practice's date."""
        return self.now.astimezone(self.zone).date()

    def searched_ahead(self) -> Iterator[date]:
        """Gives the days that planned runs search, of each run from the first on, those included that were missed and are made up for."""
        until = start_of_day(self.today + AHEAD + _DAY, self.zone)
        for day in days_between(self.schedule, self.zone, min(self.since or self.now, self.now), until):
            yield from self.settings.window(day).days

    def uncovered(self) -> Sequence[date]:
        """Returns the days of the coming weeks that no run has searched or will.

        Where a run has succeeded already they are looked at from tomorrow on; else from the first day on that a run will search.
        """
        searched = list(self.searched_ahead())
        begin = self.today + _DAY
        if not self.covered and searched:
            begin = max(begin, min(searched))
        known = {*searched, *self.covered}
        days = (begin + timedelta(days=number) for number in range((self.today + AHEAD - begin).days + 1))
        return [day for day in days if day not in known]


def find_gaps(plan: ReminderPlan, has_appointments: Callable[[date], bool]) -> tuple[OrderFinding, ...]:
    """Returns what is to be told of the days on which nobody is reminded: one finding, or none.

    Args:
        plan: how reminders are planned; one that is not enabled or switched off reminds of nothing, on purpose.
        has_appointments: tells of a Saturday or Sunday whether the practice has appointments on it. From Monday to Friday there may
            always be some.
    """
    if not plan.schedule.enabled or not plan.settings.reminders_on:
        return ()
    uncovered = plan.uncovered()
    working = {weekday for weekday in (_SATURDAY, _SUNDAY) if any(has_appointments(day) for day in uncovered if day.weekday() == weekday)}
    days = [day for day in uncovered if day.weekday() < _SATURDAY or day.weekday() in working]
    if not days:
        return ()
    text = _("Kein geplanter Lauf von «{job}» sucht nach Terminen an diesen Tagen: {days}. An sie wird nicht erinnert.")
    sentence = text.format(days=_days_in_words(days), job=job_title(JobKey.PREPARE_REMINDERS))
    return (OrderFinding(OrderFindingKind.NOT_COVERED, (JobKey.PREPARE_REMINDERS,), (), join_texts(sentence, _advice(plan, days))),)


def find_greeting_gaps(schedule: Schedule, settings: RuleSettings, zone: ZoneInfo, now: datetime) -> tuple[OrderFinding, ...]:
    """Returns what is to be told of the days on which nobody is greeted: one finding, or none.

    A birthday is looked for on its day alone, whether the practice works on it or not: who misses it is not greeted afterwards.

    Args:
        schedule: of the job that prepares greetings; one that is not enabled greets nobody, on purpose.
        settings: whether greetings are on.
        zone: the practice's time zone.
        now: aware.
    """
    if not schedule.enabled or not settings.birthdays_on:
        return ()
    first = now.astimezone(zone).date() + _DAY
    until = first + AHEAD
    greeted = set(days_between(schedule, zone, start_of_day(first, zone), start_of_day(until, zone)))
    begin = min(greeted, default=first)  # a plan that begins in a week leaves nothing out before
    days = [day for day in (begin + timedelta(days=number) for number in range((until - begin).days)) if day not in greeted]
    if not days:
        return ()
    job = job_title(JobKey.PREPARE_BIRTHDAYS)
    text = _("Kein geplanter Lauf von «{job}» ist an diesen Tagen: {days}. Wer dann Geburtstag hat, erhält keinen Glückwunsch.")
    advice = _("Abhilfe: {ways}.").format(ways=_("«{job}» täglich ausführen").format(job=job))
    sentence = join_texts(text.format(days=_days_in_words(days), job=job), advice)
    return (OrderFinding(OrderFindingKind.NOT_COVERED, (JobKey.PREPARE_BIRTHDAYS,), (), sentence),)


def _days_in_words(days: Sequence[date]) -> str:
    """Returns weekdays of which most are among these days by name, and other days by date."""
    whole = [weekday for weekday in range(7) if 2 * sum(day.weekday() == weekday for day in days) > AHEAD.days // 7]
    single = [day for day in days if day.weekday() not in whole]
    told = [weekday_name(weekday) for weekday in whole] + [format_date(day) for day in single[:_MOST_TOLD]]
    if more := len(single[_MOST_TOLD:]):
        told.append(ngettext("{number} weiterer", "{number} weitere", more).format(number=more))
    return join_words(told)


def _advice(plan: ReminderPlan, days: Sequence[date]) -> str:
    """Returns which switch or time would have these days searched, as far as one would."""
    offsets, daily = _better_offsets(plan, days), _mends(replace(plan, schedule=_daily(plan.schedule)), _reachable(plan, days))
    ways = [_offsets_in_words(plan.settings, offsets)] if offsets else []
    if daily:
        ways.append(_("«{job}» täglich ausführen").format(job=job_title(JobKey.PREPARE_REMINDERS)))
    if not ways:
        return ""
    return _("Abhilfe: {ways}.").format(ways=ways[0] if len(ways) == 1 else _("{one} oder {other}").format(one=ways[0], other=ways[1]))


def _reachable(plan: ReminderPlan, days: Sequence[date]) -> Sequence[date]:
    """Returns the days that a run to come could still search with the first offset as it is; all, where there are none."""
    coming = next(days_between(plan.schedule, plan.zone, plan.now, start_of_day(plan.today + AHEAD + _DAY, plan.zone)), None)
    first = plan.settings.window(coming).first if coming else plan.today
    return [day for day in days if day >= first] or days


def _better_offsets(plan: ReminderPlan, days: Sequence[date]) -> RuleSettings | None:
    """Returns the offsets that have these days searched: the fewest days that do, else the latest first day that does."""
    now = plan.settings
    longer = (replace(now, search_days=number) for number in range(now.search_days + 1, MOST_SEARCHED + 1))
    last = now.offset_start_days + now.search_days
    earlier = (replace(now, offset_start_days=start, search_days=last - start) for start in range(now.offset_start_days - 1, -1, -1))
    reachable = _reachable(plan, days)
    found = next((one for one in longer if _mends(replace(plan, settings=one), reachable)), None)
    return found or next((one for one in earlier if _mends(replace(plan, settings=one), days)), None)


def _mends(plan: ReminderPlan, days: Sequence[date]) -> bool:
    """Returns whether the runs to come of another plan search all these days."""
    return not set(days) - set(replace(plan, since=None).searched_ahead())


def _daily(schedule: Schedule) -> Schedule:
    return replace(schedule, frequency=Frequency.DAILY, interval=1, end_date=None)


def _offsets_in_words(before: RuleSettings, better: RuleSettings) -> str:
    longer = _("{switch} auf {number} stellen").format(switch=OFFSET_SEARCH.name, number=better.search_days)
    if better.offset_start_days == before.offset_start_days:
        return longer
    text = _("{first} auf {start} und {second} auf {number} stellen")
    return text.format(first=OFFSET_START.name, start=better.offset_start_days, second=OFFSET_SEARCH.name, number=better.search_days)
