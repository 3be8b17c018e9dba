"""One bad hour, written rather than drawn: the plan of the specification, patients of tomorrow, and what an hour may cost: nobody."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from tests.simulation.judge import judge
from tests.simulation.play import in_memory
from tests.simulation.record import Record
from tests.simulation.simulation import COMPUTERS, Simulation
from tests.simulation.troubles import Kind, Trouble, at

pytestmark = [pytest.mark.xdist_group("simulation"), pytest.mark.timeout(300)]

SEED, DAYS, BAD_DAY = 34, 4, 1
ALL = [COMPUTERS[0], COMPUTERS[1], COMPUTERS[2]]
NOT_OF_THIS = ("last word is true",)
"""What an appointment that is moved after its reminder owes, no bad hour decides."""


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

    def troubles(self, day: date) -> Iterator[Trouble]:
        begins = at(day, self.begins)
        return (Trouble(self.kind, begins, begins + self.lasts, where, self.detail) for where in self.where)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


HOURS = {
    "gateway away for a minute": Hour(Kind.GATEWAY_AWAY, time(10, 10), minutes(1)),
    "gateway away for 25 minutes": Hour(Kind.GATEWAY_AWAY, time(10, 10), minutes(25)),
    "gateway away for three hours": Hour(Kind.GATEWAY_AWAY, time(10, 10), minutes(180)),
    "gateway away over the night": Hour(Kind.GATEWAY_AWAY, time(10, 10), minutes(21 * 60)),
    "gateway answers anything": Hour(Kind.GATEWAY_FAULTY, time(10, 9), minutes(30), detail=1.0),
    "credits used up": Hour(Kind.CREDITS_GONE, time(10, 5), minutes(55), ("M1", "M2"), 0.1),
    "account locked": Hour(Kind.PASSWORD_REFUSED, time(10, 5), minutes(55), ("M1", "M2")),
    "mail server away": Hour(Kind.MAIL_AWAY, time(10, 9), minutes(45)),
    "store away while preparing": Hour(Kind.STORE_AWAY, time(10, 0, 1), timedelta(seconds=8)),
    "store away while sending": Hour(Kind.STORE_AWAY, time(10, 10, 2), timedelta(seconds=25)),
    "practice away before preparing": Hour(Kind.PRACTICE_AWAY, time(9, 59), minutes(41)),
    "practice away while sending": Hour(Kind.PRACTICE_AWAY, time(10, 10, 1), timedelta(seconds=8)),
    "lid closed in the middle": Hour(Kind.SLEEP, time(10, 10, 4), minutes(25), tuple(ALL)),
    "asleep before sending": Hour(Kind.SLEEP, time(10, 9), minutes(21), tuple(ALL)),
    "log-off in the middle until the morning": Hour(Kind.LOG_OFF, time(10, 10, 4), minutes(21 * 60 + 20), tuple(ALL)),
    "power failure in the middle": Hour(Kind.POWER_OFF, time(10, 10, 4), minutes(40), tuple(ALL)),
    "no network": Hour(Kind.OFFLINE, time(10, 9), minutes(35), tuple(ALL)),
    "switch off for ten minutes": Hour(Kind.SWITCH_OFF, time(10, 5), minutes(10)),
    "switch off while preparing": Hour(Kind.SWITCH_OFF, time(9, 55), minutes(20)),
    "pause of everything until midnight": Hour(Kind.PAUSE_TODAY, time(9, 55), timedelta(), detail=0.1),
    "pause of sending until midnight": Hour(Kind.PAUSE_TODAY, time(10, 5), timedelta(), detail=0.9),
    "sending saved at an earlier time": Hour(Kind.SCHEDULE_SAVED, time(10, 5), timedelta(), detail=0.1),
}
"""Half past ten is no reason; neither is a switch, a pause, a lid or a log-off."""


def live(hour: Hour) -> Record:
    with tempfile.TemporaryDirectory(prefix="vitoclient-simulation-", dir=in_memory()) as folder:
        script = lambda number, day: hour.troubles(day) if number == BAD_DAY else ()  # noqa: E731
        return Simulation(SEED, Path(folder), bad=False, also=script).run(DAYS)


@pytest.mark.parametrize("name", HOURS)
def test_a_bad_hour_costs_nobody_a_reminder_in_silence(name: str) -> None:
    record = live(HOURS[name])
    assert any(what.startswith("0: ") for _at, who, what in record.story if who == "TROUBLE")
    assert [str(found) for found in judge(record) if found.rule not in NOT_OF_THIS] == []
    assert len(record.taken) > 80
