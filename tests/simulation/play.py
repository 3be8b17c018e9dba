"""Plays seeds for tests: each seed once for a process, however many tests look at it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path

from tests.simulation.judge import Violation, judge
from tests.simulation.record import Record
from tests.simulation.simulation import Script, Simulation, nothing_else

SHORT_SEEDS, SHORT_DAYS = (18, 20, 28, 34), 10
"""What every test run plays."""

CALM_DAYS = 8
"""So many days are played without bad hours: a week, and the Monday that is prepared on a Sunday."""


LIVELY_SEEDS, LIVELY_DAYS = (34, 11), 15
"""So many days are played with an agenda that lives: one of them with one reminder a day for each patient."""


def in_memory() -> str | None:
    """Returns a folder in memory where there is one (Linux)."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own is made in it


def play(
    seed: int, days: int, *, bad: bool = True, without: Collection[int] = (), stop: Callable[[Record], bool] = lambda _record: False,
    also: Script = nothing_else, lively: bool = False,
) -> Record:  # fmt: skip
    """Returns the record of a simulated practice."""
    with tempfile.TemporaryDirectory(prefix="vitoclient-simulation-", dir=in_memory()) as folder:
        return Simulation(seed, Path(folder), bad=bad, without=without, also=also, lively=lively).run(days, stop)


@cache
def _lived(seed: int, days: int, bad: bool, lively: bool, also: Script) -> tuple[Record, tuple[Violation, ...]]:
    found: dict[str, Violation] = {}

    def look(record: Record) -> bool:
        found.update({str(violation): violation for violation in judge(record)})
        return False

    return play(seed, days, bad=bad, lively=lively, also=also, stop=look), tuple(found.values())


def played(seed: int, days: int = SHORT_DAYS, *, bad: bool = True, lively: bool = False, also: Script = nothing_else) -> Record:
    """Returns the record of a seed, played once."""
    return _lived(seed, days, bad, lively, also)[0]


def judged(
    seed: int, days: int = SHORT_DAYS, *, bad: bool = True, lively: bool = False, also: Script = nothing_else
) -> tuple[Violation, ...]:
    """Returns what the judge found in a seed, on any evening: so that he may be asked before the end."""
    return _lived(seed, days, bad, lively, also)[1]
