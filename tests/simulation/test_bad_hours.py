"""Ten days of bad hours by seed: nobody is told twice, at night, or wrongly; and nobody is forgotten in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tests.simulation.judge import RULES, judge
from tests.simulation.play import CALM_DAYS, SHORT_SEEDS, judged, play, played
from tests.simulation.troubles import Kind

pytestmark = [pytest.mark.xdist_group("simulation"), pytest.mark.timeout(300)]  # each seed is played once for all tests

ROOT = Path(__file__).resolve().parents[2]

SOAK_SEEDS, SOAK_DAYS = range(1, 101), 10

MOST_INQUIRIES = 12
"""So often an account's gateway may be asked within an hour."""


def broken(rule: str, seed: int) -> list[str]:
    return [str(violation) for violation in judged(seed) if violation.rule == rule]


@pytest.mark.parametrize("seed", SHORT_SEEDS)
@pytest.mark.parametrize("rule", RULES)
def test_ten_days_of_bad_hours(rule: str, seed: int) -> None:
    assert broken(rule, seed) == []


def test_without_bad_hours_nobody_is_forgotten() -> None:
    assert [str(found) for found in judged(34, CALM_DAYS, bad=False)] == []
    assert len(played(34, CALM_DAYS, bad=False).taken) > 150


def test_the_seeds_see_much_trouble() -> None:
    """A simulation in which nothing happens would find nothing."""
    stories = [played(seed).story for seed in SHORT_SEEDS]
    troubles = [what for story in stories for _at, who, what in story if who == "TROUBLE"]
    assert sum(any(kind.value in what for what in troubles) for kind in Kind) >= 15
    assert sum("in the middle of a run" in what for story in stories for _at, _who, what in story) >= 2
    assert all(len(played(seed).taken) > 150 for seed in SHORT_SEEDS)


def test_the_gateway_is_asked_about_deliveries_seldom_enough() -> None:
    """Without doubts, about each of which a run of sending asks by itself."""
    assert 3 < played(34, CALM_DAYS, bad=False).most_inquiries(timedelta(hours=1)) <= MOST_INQUIRIES


def test_a_seed_tells_the_same_story_in_another_process() -> None:
    command = [sys.executable, "-m", "tests.simulation", "--seed", "34", "--days", "2", "--trace"]
    told = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, encoding="utf-8", env={**os.environ, "PYTHONUTF8": "1"})
    assert told.stderr == ""
    assert told.stdout.splitlines()[: len(played(34, 2).story)] == played(34, 2).told()


@pytest.mark.soak
@pytest.mark.skipif(not os.environ.get("VITOCLIENT_SOAK"), reason="a long trial: make soak")
@pytest.mark.timeout(7200)
def test_a_hundred_seeds() -> None:
    found: Counter[str] = Counter()
    for seed in SOAK_SEEDS:
        violations = judge(play(seed, SOAK_DAYS))
        found.update(violation.rule for violation in violations)
        print(f"seed {seed:3}: {dict(Counter(one.rule for one in violations))}", flush=True)  # noqa: T201 - of a long trial
        assert [str(violation) for violation in violations] == []
    print(dict(found))  # noqa: T201 - of a long trial
