"""What is in time: when it is asked next what became of a message, and until when a person can still call. Pure rules.

There is no switch for working hours: ``OPENS`` to ``CLOSES`` is what most practices keep; who works longer is told earlier than needed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, tzinfo

from tray_agent.schedules.wall_clock import first_instant

OPENS, CLOSES = time(8), time(18)

ASKED_AFTER = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=45))
"""Pauses from handing a message over to the first questions about it; most are delivered within a minute."""

ASKED_AT = (OPENS, *(time(hour, 15) for hour in range(OPENS.hour, CLOSES.hour)))
"""Times of the day of all further questions, the same for all messages: so that one request asks about many, and the last one, at 17:15,
comes while somebody can still call."""

ASKED_SLOWLY = timedelta(hours=12)
"""The pause once nobody could do anything about the answer any more: each day's planned run asks."""

MATTERS = timedelta(days=2)
"""So long after handing over it matters what became of a message that belongs to no appointment."""

TIME_TO_CALL = timedelta(minutes=20)
"""So long before an appointment a reminder must have left: else nobody could call any more if it does not."""

HOURS_TO_CALL = timedelta(hours=2)
"""So much working time before an appointment somebody is told who could call, while it is open whether the reminder leaves at all."""


def next_question(handed_over: datetime, appointment_at: datetime | None, now: datetime, zone: tzinfo) -> datetime:
    """Returns when it is asked next what became of a message that is on its way.

    Args:
        handed_over: when the gateway took it (aware, as all).
        appointment_at: the start of its appointment; None: it belongs to none.
        now: when it was asked last.
        zone: the practice's time zone.
    """
    soon = (handed_over + pause for pause in ASKED_AFTER if handed_over + pause > now)
    at, until = next(soon, None) or _next_of_day(now, zone), matters_until(handed_over, appointment_at)
    return at if at < until else max(now + ASKED_SLOWLY, until)


def last_question(now: datetime, zone: tzinfo) -> datetime:
    """Returns the last time of a working day at which an answer is of use, after ``now`` (aware)."""
    today = now.astimezone(zone).date()
    days = (first_instant(datetime.combine(today + timedelta(days=ahead), ASKED_AT[-1]), zone) for ahead in range(2))
    return next(at for at in days if at > now)


def matters_until(handed_over: datetime, appointment_at: datetime | None) -> datetime:
    """Returns until when somebody could do something about a message that did not arrive."""
    return appointment_at or handed_over + MATTERS


def hours_ahead(now: datetime, zone: tzinfo, is_free: Callable[[date], bool] = lambda _day: False) -> datetime:
    """Returns the instant before which less than ``HOURS_TO_CALL`` of working time are left: who comes before it is to be called now.

    Args:
        now: aware.
        zone: the practice's time zone.
        is_free: whether nobody works on a day, besides Saturdays and Sundays: what is said too early does less harm than too late.
    """
    local = now.astimezone(zone).replace(tzinfo=None)
    day, left, begins = local.date(), HOURS_TO_CALL, max(local.time(), OPENS)
    while True:
        works = day.isoweekday() < 6 and not is_free(day)
        begin, end = datetime.combine(day, begins), datetime.combine(day, CLOSES)
        if works and end - begin >= left:
            return first_instant((begin + left).replace(microsecond=0), zone)
        if works and end > begin:
            left -= end - begin
        day, begins = day + timedelta(days=1), OPENS


def _next_of_day(now: datetime, zone: tzinfo) -> datetime:
    today = now.astimezone(zone).date()
    times = (datetime.combine(today + timedelta(days=ahead), at) for ahead in range(2) for at in ASKED_AT)
    return next(instant for wall in times if (instant := first_instant(wall, zone)) > now)
