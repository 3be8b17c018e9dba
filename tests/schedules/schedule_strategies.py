"""Random schedules of every kind."""

from __future__ import annotations

from datetime import date, time

from hypothesis import strategies as st

from tray_agent.schedules.codes import Frequency, Position, RelativeDay, Subday
from tray_agent.schedules.schedule import Schedule

AWKWARD_TIMES = (time(0), time(0, 15), time(0, 30), time(1), time(2), time(2, 30), time(2, 59, 59), time(3), time(12), time(23, 59, 59))


def times_of_day() -> st.SearchStrategy[time]:
    """Times of day in whole seconds, often those at which clocks are changed."""
    any_time = st.builds(time, st.integers(0, 23), st.integers(0, 59), st.sampled_from((0, 0, 0, 17)))
    return st.one_of(st.sampled_from(AWKWARD_TIMES), any_time)


@st.composite
def schedules(draw: st.DrawFn, first_year: int, last_year: int) -> Schedule:
    """Schedules that start some years before or within the years."""
    frequency = draw(st.sampled_from(Frequency))
    start_date = draw(st.dates(date(first_year - 4, 1, 1), date(last_year, 12, 31)))
    end_date = draw(st.none() | st.dates(max(start_date, date(first_year, 1, 1)), date(last_year + 1, 1, 1)).filter(start_date.__le__))
    start_time, end_time = draw(times_of_day()), draw(times_of_day())
    windowed = frequency is not Frequency.ONCE and start_time != end_time and draw(st.booleans())
    subday = draw(st.sampled_from((Subday.MINUTES, Subday.HOURS))) if windowed else Subday.AT_TIME
    most = 240 if subday is Subday.MINUTES else 23
    return Schedule(
        frequency=frequency,
        interval=draw(_interval(frequency)),
        start_date=start_date,
        start_time=start_time,
        end_time=end_time,
        end_date=end_date,
        position=draw(st.sampled_from([position for position in Position if position])),
        recurrence=draw(st.one_of(st.integers(1, 4), st.integers(1, 30))),
        subday=subday,
        subday_interval=draw(st.integers(1, most)),
    )


def _interval(frequency: Frequency) -> st.SearchStrategy[int]:
    return {
        Frequency.ONCE: st.just(0),
        Frequency.DAILY: st.one_of(st.integers(1, 3), st.integers(1, 400)),
        Frequency.WEEKLY: st.integers(1, 127),
        Frequency.MONTHLY: st.one_of(st.integers(1, 31), st.integers(28, 31)),
        Frequency.MONTHLY_RELATIVE: st.sampled_from([int(kind) for kind in RelativeDay]),
    }[frequency]
