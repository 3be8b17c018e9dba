"""Practice days: an agenda that lives, views that lose rows, days without a computer, a store that is put back; nobody is forgotten.

Each seed is played once for all tests. ``make soak`` plays a hundred of 250 days, each a test of its own:
``make soak ARGS="tests/simulation/test_practice_days.py -k 'seed17 or seed18'"`` plays two.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.simulation.agenda import Visit
from tests.simulation.judge import RULES, judge
from tests.simulation.play import LIVELY_DAYS, LIVELY_SEEDS, judged, play, played
from tests.simulation.record import Record
from tests.simulation.troubles import Kind
from tests.support.plain_texts import words_of

pytestmark = [pytest.mark.xdist_group("practice days"), pytest.mark.timeout(300)]

SOAK_SEEDS, SOAK_DAYS = range(1, 101), 250


def lively(seed: int) -> Record:
    return played(seed, LIVELY_DAYS, bad=False, lively=True)


@pytest.mark.parametrize("seed", LIVELY_SEEDS)
@pytest.mark.parametrize("rule", RULES)
def test_each_patients_last_word_is_true_or_the_practice_knew_in_time(rule: str, seed: int) -> None:
    found = judged(seed, LIVELY_DAYS, bad=False, lively=True)
    assert [str(violation) for violation in found if violation.rule == rule] == []


def test_the_days_are_such_as_a_practice_has_them() -> None:
    """A simulation in which nothing happens would find nothing."""
    records = [lively(seed) for seed in LIVELY_SEEDS]
    stories = [what for record in records for _at, who, what in record.story if who == "TROUBLE"]
    for kinds in ({Kind.VIEWS_EMPTY, Kind.VIEW_LACKS}, {Kind.ALL_OFF}, {Kind.PUT_BACK}):
        assert any(kind.value in what for what in stories for kind in kinds), kinds
    assert {record.one_per_day for record in records} == {True, False}
    assert all(record.put_back for record in records)
    for record in records:
        said = Counter("notice" if words_of(one.text).former else "reminder" for one in record.taken)
        assert said["notice"] > 5
        assert said["reminder"] > 250
        assert len(record.notices) > 250
        assert any(one.kind == "restored" for one in record.asked)


def test_moves_cancellations_and_deletions_happen() -> None:
    seen = Counter[str]()
    for record in map(lively, LIVELY_SEEDS):
        for visit in record.agenda.visit_ids:
            history = [one for _at, one in record.agenda.visit_history(visit)]
            starts = [after.start for before, after in pairwise(history) if before.start != after.start]
            seen["moved back"] += len(set(starts)) < len(starts) or history[0].start in starts
            for before, after in pairwise(history):
                seen.update(_changes(before, after))
    assert all(seen[what] >= least for what, least in WANTED.items()), seen


def _changes(before: Visit, after: Visit) -> Iterator[str]:
    if before.start != after.start:
        yield "moved" if before.start.date() == after.start.date() else "moved to another day"
    if after.cancelled and not before.cancelled:
        yield "cancelled"
    for name in ("person", "doctor", "deleted", "provisional"):
        if getattr(before, name) != getattr(after, name):
            yield name


WANTED = {
    "moved": 40, "moved to another day": 30, "moved back": 3, "person": 3, "doctor": 3, "cancelled": 30, "deleted": 5, "provisional": 5,
}  # fmt: skip
"""What changes on the days of all seeds together, and how often at least."""


@pytest.mark.soak
@pytest.mark.skipif(not os.environ.get("VITOCLIENT_SOAK"), reason="a long trial: make soak")
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", SOAK_SEEDS, ids=lambda seed: f"seed{seed}")
def test_a_year_of_practice_days(seed: int) -> None:
    record = play(seed, SOAK_DAYS, bad=False, lively=True)
    found = judge(record)
    print(f"seed {seed:3}: {len(record.taken)} messages, {dict(Counter(one.rule for one in found))}", flush=True)  # noqa: T201 - of a long trial
    assert [str(violation) for violation in found] == []
