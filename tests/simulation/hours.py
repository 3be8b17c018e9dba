"""Single bad hours, written rather than drawn: what may happen around the time at which the practice prepares and sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cache

from tests.simulation.simulation import COMPUTERS, Script
from tests.simulation.troubles import Kind, Trouble, at

BAD_DAY = 1
"""The number of the day on which the bad hour is: the second."""

ALL = COMPUTERS


@dataclass(frozen=True)
class Hour:
    """A bad hour.

    Attributes:
        begins, lasts: on the bad day, by the practice's clock.
        where: which computers, or which accounts.
        detail: as its kind understands it.
    """

    kind: Kind
    begins: time
    lasts: timedelta
    where: tuple[str, ...] = ("",)
    detail: float = 0.5

    @property
    def script(self) -> Script:
        """Returns what a simulation is given."""
        return lambda number, day: self._troubles(day) if number == BAD_DAY else ()

    def _troubles(self, day: date) -> Iterator[Trouble]:
        begins = at(day, self.begins)
        return (Trouble(self.kind, begins, begins + self.lasts, where, self.detail) for where in self.where)


def together(*hours: Hour) -> Script:
    """Returns several bad hours of the same day."""
    return lambda number, day: [trouble for hour in hours for trouble in hour.script(number, day)]


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


HOURS = {
    "gateway away for a minute": Hour(Kind.GATEWAY_AWAY, time(10, 10), minutes(1)),
    "gateway away for 25 minutes": Hour(Kind.GATEWAY_AWAY, time(10, 10), minutes(25)),
    "gateway away for three hours": Hour(Kind.GATEWAY_AWAY, time(10, 10), minutes(180)),
    "gateway away over the night": Hour(Kind.GATEWAY_AWAY, time(10, 10), minutes(21 * 60)),
    "gateway away until the patients come": Hour(Kind.GATEWAY_AWAY, time(10, 10), minutes(22 * 60 + 45)),
    "gateway answers anything": Hour(Kind.GATEWAY_FAULTY, time(10, 9), minutes(30), detail=1.0),
    "credits used up": Hour(Kind.CREDITS_GONE, time(10, 5), minutes(55), ("M1", "M2"), 0.1),
    "account locked": Hour(Kind.PASSWORD_REFUSED, time(10, 5), minutes(55), ("M1", "M2")),
    "mail server away": Hour(Kind.MAIL_AWAY, time(10, 9), minutes(45)),
    "store away while preparing": Hour(Kind.STORE_AWAY, time(10, 0, 1), timedelta(seconds=8)),
    "store away while sending": Hour(Kind.STORE_AWAY, time(10, 10, 2), timedelta(seconds=25)),
    "practice away before preparing": Hour(Kind.PRACTICE_AWAY, time(9, 59), minutes(41)),
    "practice away while sending": Hour(Kind.PRACTICE_AWAY, time(10, 10, 1), timedelta(seconds=8)),
    "lid closed in the middle": Hour(Kind.SLEEP, time(10, 10, 2), minutes(25), ALL),
    "asleep before sending": Hour(Kind.SLEEP, time(10, 9), minutes(21), ALL),
    "log-off in the middle until the morning": Hour(Kind.LOG_OFF, time(10, 10, 4), minutes(21 * 60 + 20), ALL),
    "power failure in the middle": Hour(Kind.POWER_OFF, time(10, 10, 4), minutes(40), ALL),
    "the first computer without passwords": Hour(Kind.LACKS, time(9, 30), minutes(150), ALL[:1]),
    "no computer has its passwords before noon": Hour(Kind.LACKS, time(9, 30), minutes(150), ALL),
    "the first computer has not followed": Hour(Kind.OTHER_VERSION, time(9, 30), minutes(150), ALL[:1], 0.0),
    "tables brought up while sending": Hour(Kind.OTHER_VERSION, time(10, 10, 3), minutes(60), ALL[:1], 0.0),
    "tables brought up while sending, and nobody has followed": Hour(Kind.OTHER_VERSION, time(10, 10, 3), minutes(100), ALL, 0.0),
    "a newer program than the tables": Hour(Kind.OTHER_VERSION, time(9, 30), minutes(150), ALL[:1], 1.0),
    "no network": Hour(Kind.OFFLINE, time(10, 9), minutes(35), ALL),
    "practice away for a day": Hour(Kind.PRACTICE_AWAY, time(9, 59), minutes(24.6 * 60)),
    "all computers off for a day": Hour(Kind.ALL_OFF, time(7), minutes(27.5 * 60)),
    "views empty while preparing": Hour(Kind.VIEWS_EMPTY, time(9, 59), minutes(2)),
    "view lacks appointments while sending": Hour(Kind.VIEW_LACKS, time(10, 9), minutes(3), detail=0.5),
    "store put back": Hour(Kind.PUT_BACK, time(12), timedelta(), detail=0.0),
    "switch off for ten minutes": Hour(Kind.SWITCH_OFF, time(10, 5), minutes(10)),
    "switch off while preparing": Hour(Kind.SWITCH_OFF, time(9, 55), minutes(20)),
    "pause of everything until midnight": Hour(Kind.PAUSE_TODAY, time(9, 55), timedelta(), detail=0.1),
    "pause of sending until midnight": Hour(Kind.PAUSE_TODAY, time(10, 5), timedelta(), detail=0.9),
    "sending saved at an earlier time": Hour(Kind.SCHEDULE_SAVED, time(10, 5), timedelta(), detail=0.1),
}
"""Half past ten is no reason; neither is a switch, a pause, a lid or a log-off."""

LID = Hour(Kind.SLEEP, time(10, 11), minutes(25), ALL)
"""A lid that is closed while sending waits for a gateway."""


@cache
def hour(name: str) -> Script:
    """Returns a written bad hour, each time the same."""
    return HOURS[name].script
