"""What may go wrong on a day, drawn by the seed: a trouble is a kind, a time and how long it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from random import Random

from tests.simulation.agenda import ZURICH


class Kind(StrEnum):
    """What goes wrong, or what people do."""

    GATEWAY_AWAY = "gateway away"
    GATEWAY_FAULTY = "gateway faulty"
    GATEWAY_SLOW = "gateway slow"
    PASSWORD_REFUSED = "password refused"  # noqa: S105 - a trouble, not a secret
    CREDITS_GONE = "credits gone"
    MAIL_AWAY = "mail server away"
    MAIL_REFUSED = "mail server refuses"
    MAIL_BREAKS = "mail server breaks off"
    STORE_AWAY = "store away"
    PRACTICE_AWAY = "practice's data away"
    SLEEP = "computer sleeps"
    OFFLINE = "computer without a network"
    POWER_OFF = "computer off"
    POWER_OFF_AT_STEP = "computer off at a step"
    LOG_OFF = "log-off"
    SWITCH_OFF = "switch off"
    PAUSE = "pause for a while"
    PAUSE_TODAY = "pause until midnight"
    SCHEDULE_SAVED = "schedule saved"
    VIEWS_EMPTY = "views empty"
    VIEW_LACKS = "view lacks appointments"
    LACKS = "computer without passwords"
    OTHER_VERSION = "computer with another version of the program"
    ALL_OFF = "all computers off"
    PUT_BACK = "store put back"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble.

    Attributes:
        where: which computer, account or Mandant; "" where it concerns all.
        detail: a number that its kind understands.
    """

    kind: Kind
    begins: datetime
    ends: datetime
    where: str = ""
    detail: float = 0.0

    def __str__(self) -> str:
        return f"{self.kind.value} {self.where} until {self.ends.astimezone(ZURICH):%H:%M:%S} ({self.detail:.2f})"


@dataclass(frozen=True, slots=True)
class _Draw:
    """How a kind is drawn.

    Attributes:
        weight: how often, compared with the others.
        minutes: how long, from and to.
    """

    weight: float
    minutes: tuple[float, float]


_DRAWS = {
    Kind.GATEWAY_AWAY: _Draw(4, (1, 180)),
    Kind.GATEWAY_FAULTY: _Draw(3, (5, 60)),
    Kind.GATEWAY_SLOW: _Draw(1, (10, 120)),
    Kind.PASSWORD_REFUSED: _Draw(1.5, (10, 120)),
    Kind.CREDITS_GONE: _Draw(2, (10, 240)),
    Kind.MAIL_AWAY: _Draw(2, (1, 180)),
    Kind.MAIL_REFUSED: _Draw(1, (5, 60)),
    Kind.MAIL_BREAKS: _Draw(1, (10, 60)),
    Kind.STORE_AWAY: _Draw(3, (0.1, 60)),
    Kind.PRACTICE_AWAY: _Draw(2, (0.1, 45)),
    Kind.SLEEP: _Draw(3, (1, 90)),
    Kind.OFFLINE: _Draw(3, (0.5, 60)),
    Kind.POWER_OFF: _Draw(3, (3, 120)),
    Kind.POWER_OFF_AT_STEP: _Draw(6, (3, 60)),
    Kind.LOG_OFF: _Draw(2, (1, 90)),
    Kind.SWITCH_OFF: _Draw(2, (2, 30)),
    Kind.PAUSE: _Draw(2, (5, 90)),
    Kind.PAUSE_TODAY: _Draw(1.5, (0, 0)),
    Kind.SCHEDULE_SAVED: _Draw(2, (0, 0)),
}

MOST_A_DAY = 4


def bad_hours(day: date, computers: list[str], random: Random) -> list[Trouble]:
    """Returns a day's troubles: most around the time at which the practice prepares and sends, some in the afternoon."""
    kinds, weights = list(_DRAWS), [draw.weight for draw in _DRAWS.values()]
    return [_drawn(kind, day, computers, random) for kind in random.choices(kinds, weights, k=random.randint(0, MOST_A_DAY))]


def _drawn(kind: Kind, day: date, computers: list[str], random: Random) -> Trouble:
    begins = _some_time(day, random)
    lasts = timedelta(minutes=random.uniform(*_DRAWS[kind].minutes) * random.choice((0.1, 0.5, 1)))
    where = ""
    if kind in (Kind.SLEEP, Kind.OFFLINE, Kind.POWER_OFF, Kind.LOG_OFF):
        where = random.choice(computers)
    elif kind in (Kind.PASSWORD_REFUSED, Kind.CREDITS_GONE):
        where = random.choice(("M1", "M2"))
    return Trouble(kind, begins, begins + lasts, where, random.random())


def _some_time(day: date, random: Random) -> datetime:
    """Returns a time of a day: of ten, seven between 9:45 and 10:40."""
    earliest, latest = (time(9, 45), time(10, 40)) if random.random() < 0.7 else (time(8), time(15))
    return at(day, earliest) + (at(day, latest) - at(day, earliest)) * random.random()


def at(day: date, clock: time) -> datetime:
    """Returns a wall-clock time of a day as an instant."""
    return datetime.combine(day, clock, ZURICH).astimezone(UTC)
