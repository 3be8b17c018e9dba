"""The judge finds what it is there for: each of the product's conditions, taken away, is noticed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.simulation.breaks import BREAKS, nothing
from tests.simulation.judge import Violation, judge
from tests.simulation.play import LIVELY_SEEDS, SHORT_SEEDS, judged
from tests.simulation.record import Record
from tests.simulation.simulation import nothing_else

pytestmark = [pytest.mark.xdist_group("simulation"), pytest.mark.timeout(300)]


def never(_record: Record) -> bool:
    """Plays to the end: what is owed to somebody can only be told then."""
    return False


def without(name: str) -> Sequence[Violation]:
    """Returns what the judge finds where the condition holds; on practice days nothing, as their own test says."""
    planted = BREAKS[name]
    if planted.lively:
        return ()
    if planted.beside is nothing:
        bad = planted.bad and planted.script is nothing_else
        return judged(planted.seed, planted.days, bad=bad, also=planted.script)
    with planted.planted(only_beside=True):
        return judge(planted.play(never))


@pytest.mark.parametrize("name", BREAKS)
def test_the_judge_finds(name: str) -> None:
    planted = BREAKS[name]
    known = {str(found) for found in without(name)}
    new: list[str] = []

    def look(record: Record) -> bool:
        new.extend(str(found) for found in judge(record) if found.rule == planted.rule and str(found) not in known)
        return bool(new)

    with planted.planted():
        look(planted.play(look if planted.beside is nothing else never))
    assert planted.seed in (LIVELY_SEEDS if planted.lively else SHORT_SEEDS)
    assert new, f"{name}: nothing found in seed {planted.seed} within {planted.days} days"
