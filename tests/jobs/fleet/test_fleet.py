"""Every planned time is run once or explained, whatever happens to the agents; and the trial would notice if not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import make_database
from tests.jobs.fleet.trial import LONG, Book, Trial

SOAK = os.environ.get("VITOCLIENT_SOAK") == "1"
SEEDS = range(5) if SOAK else range(1)
SECONDS = LONG if SOAK else 3.0
WITHIN = 900 if SOAK else 300


@pytest.mark.soak
@pytest.mark.xdist_group("fleet")
@pytest.mark.timeout(WITHIN)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mssql"])
def test_every_planned_time_has_one_run_or_one_reason(kind: str, seed: int, tmp_path: Path) -> None:
    for url in make_database(kind, tmp_path):
        book = Trial(url, SECONDS, seed).run()
        assert book.clean, book
        assert book.planned >= 3
        assert book.effects > 0
        assert book.attempts > 0 or not SOAK  # a few seconds on a busy machine may see none
        assert book.stalls + book.kills > 0


@pytest.mark.soak
@pytest.mark.xdist_group("fleet")
@pytest.mark.timeout(WITHIN)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mssql"])
def test_what_some_workstations_lack_is_done_by_those_that_can_or_told(kind: str, seed: int, tmp_path: Path) -> None:
    for url in make_database(kind, tmp_path):
        book = Trial(url, SECONDS, seed, workers=4, unable=0.5).run()
        assert book.clean, book
        assert book.planned >= 3
        assert book.effects > 0


@pytest.mark.soak
@pytest.mark.xdist_group("fleet")
@pytest.mark.timeout(300)
def test_the_trial_finds_workstations_out_that_do_not_look_at_what_they_lack(tmp_path: Path) -> None:
    (book,) = [Trial(url, 3.0, seed=1, workers=4, unable=0.5, blind=True).run() for url in make_database("sqlite", tmp_path)]
    assert book.missing


@pytest.mark.soak
@pytest.mark.xdist_group("fleet")
@pytest.mark.timeout(300)
def test_the_trial_finds_a_naive_lease_out(tmp_path: Path) -> None:
    """On a busy machine one trial can come to so few runs that none meets a stall; in several the fault must show."""
    assert any(_naive_trial(tmp_path / str(seed), seed).twice for seed in range(1, 4))


def _naive_trial(folder: Path, seed: int) -> Book:
    folder.mkdir()
    (book,) = [Trial(url, 60, seed=seed, workers=3, naive=True).run() for url in make_database("sqlite", folder)]
    return book
