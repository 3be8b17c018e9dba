"""The check over the whole set of schedules: the order on a day, the distance between starts, people's sleep.

Source: seed, "müssen in folgender Reihenfolge ausgeführt werden"; "mindestens 5 Minuten".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from tray_agent.jobs.contract import JobKey
from tray_agent.jobs.quiet_hours import QuietHours
from tray_agent.jobs.schedule import Schedule

LEAST_DISTANCE = timedelta(minutes=5)
"""Between the starts of two of the jobs that follow each other (seed)."""


class FindingKind(StrEnum):
    """What is wrong with a set of schedules."""

    TOO_CLOSE = "too_close"
    WRONG_ORDER = "wrong_order"
    MISSING = "missing"
    QUIET_HOURS = "quiet_hours"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that breaks the order or could wake people.

    Attributes:
        kind: what kind of thing.
        jobs: whom it concerns, in the order in which the sentence names them.
        times: the local times in the sentence (aware, in the practice's zone), in the same order.
        sentence: what it is and what to do, in the language in force, with the times in it.
    """

    kind: FindingKind
    jobs: tuple[JobKey, ...]
    times: tuple[datetime, ...]
    sentence: str


def check_order(
    schedules: Mapping[JobKey, Schedule], zone: ZoneInfo, quiet: QuietHours, first_day: date, days: int = 35
) -> tuple[Finding, ...]:
    """Returns what is wrong with a set of schedules, looking at the planned times of ``days`` local days from ``first_day`` on.

    Schedules that are not enabled do not count. The same finding on several days is told once, with its first times.
    """
    raise NotImplementedError
