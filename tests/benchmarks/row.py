"""One measured line of a benchmark."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, against a floor measured in the same run and against a goal.

    Attributes:
        name: what was measured, with its size ("next time, monthly on day 31").
        measured: the figure with its unit ("3.2 µs").
        floor_name: what the floor is ("one datetime to its zone and back"); "" where there is none.
        floor: the floor's figure with its unit; "" where there is none.
        ratio: measured divided by floor; None where there is no floor.
        goal: what was to be reached ("< 20 µs"); "" where there is none.
        met: whether the goal was reached; None where there is none.
    """

    name: str
    measured: str
    floor_name: str = ""
    floor: str = ""
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None


def seconds_each(work: Callable[[], object], least: float = 0.2, rounds: int = 5) -> float:
    """Returns how long one call of ``work`` takes, in seconds: the best of ``rounds``, each at least ``least / rounds`` long.

    The best round is the one that other processes disturbed least.
    """
    calls = _calls_for(work, least / rounds)
    return min(_round(work, calls) for _number in range(rounds))


def show_seconds(seconds: float) -> str:
    """Returns a duration with three digits and the unit that fits: 3.21 µs, 45.1 ms, 1.20 s."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _calls_for(work: Callable[[], object], seconds: float) -> int:
    calls = 1
    while (took := _round(work, calls) * calls) < seconds:
        calls = max(calls * 2, int(calls * seconds / max(took, 1e-9) * 0.5))
    return calls


def _round(work: Callable[[], object], calls: int) -> float:
    gc.collect()
    began = time.perf_counter()
    for _number in range(calls):
        work()
    return (time.perf_counter() - began) / calls
