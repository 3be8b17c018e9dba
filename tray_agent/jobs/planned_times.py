"""The planned times of a schedule: exactly one run per planned wall-clock time, through every change of the clocks.

Pure arithmetic on whole seconds, without a loop over days or times: decision record 0007. The rules (domain, section 3):

* a wall-clock time that the clocks skip runs at the first instant after the gap;
* a wall-clock time that the clocks repeat runs at its first occurrence only;
* times that fall on the same instant are one run.

All three are one rule: the run of a wall-clock time is the first instant at which the local clock has reached it.
So a later wall-clock time never runs before an earlier one, and the search can be done in wall-clock time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo

from tray_agent.jobs.schedule import Schedule


def next_after(schedule: Schedule, zone: tzinfo, instant: datetime) -> datetime | None:
    """Returns the first planned time strictly after ``instant``.

    Args:
        schedule: the plan, in wall-clock time.
        zone: the practice's time zone.
        instant: aware, any zone.

    Returns:
        An instant in UTC without fractions of a second, or None where the schedule never runs again or is not enabled.
    """
    raise NotImplementedError


def previous_at_or_before(schedule: Schedule, zone: tzinfo, instant: datetime) -> datetime | None:
    """Returns the last planned time at or before ``instant`` (aware): in UTC, or None where there was none."""
    raise NotImplementedError


def between(schedule: Schedule, zone: tzinfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """Gives the planned times after ``after`` up to and including ``until``, in order, one by one as they are asked for."""
    planned = next_after(schedule, zone, after)
    while planned is not None and planned <= until:
        yield planned
        planned = next_after(schedule, zone, planned)
