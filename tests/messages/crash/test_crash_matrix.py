"""The crash matrix: whatever ends the sending process or puts its store back, nobody gets a message twice and none is lost.

The sending process is killed (SIGKILL) at each step and at random, against a gateway in another process that drops
connections after accepting, answers 500, too late, garbage, half an answer, or "no credits". The gateway counts.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import make_database
from tests.messages.crash.agents import STEPS
from tests.messages.crash.matrix import FORGOTTEN, Outcome, Round, play

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")

SOAK_MESSAGES, SOAK_KILLS = 10_000, 1_000


@contextmanager
def a_database(engine: str, folder: Path) -> Iterator[str]:
    """Gives the URL of an empty database for one round."""
    folder.mkdir(exist_ok=True)
    yield from make_database(engine, folder)


def assert_right(outcome: Outcome) -> None:
    assert (outcome.twice, outcome.lost, outcome.unsettled) == (0, 0, 0), outcome


@pytest.mark.parametrize(("engine", "agents", "messages", "restores"), [("sqlite", 1, 40, 1), ("postgresql", 2, 50, 0)])
def test_killed_again_and_again_nothing_is_sent_twice_and_none_is_lost(
    engine: str, agents: int, messages: int, restores: int, tmp_path: Path
) -> None:
    with a_database(engine, tmp_path) as url:
        outcome = play(Round(messages, kills=5, agents=agents, seed=len(engine), restores=restores), url, tmp_path)
    assert outcome.kills >= 3
    assert (outcome.forgotten > FORGOTTEN) is bool(restores)
    assert_right(outcome)


@pytest.mark.parametrize(("engine", "agents"), [("sqlite", 2), ("postgresql", 1)])
def test_the_last_word_is_true_though_appointments_move_and_vanish_meanwhile(engine: str, agents: int, tmp_path: Path) -> None:
    with a_database(engine, tmp_path) as url:
        outcome = play(Round(messages=60, kills=6, agents=agents, seed=len(engine) + 1, moves=25), url, tmp_path)
    assert outcome.kills >= 3
    assert outcome.notices > 3
    assert_right(outcome)


def test_the_same_trial_catches_who_sends_first_and_notes_afterwards(tmp_path: Path) -> None:
    with a_database("sqlite", tmp_path) as url:
        outcome = play(Round(messages=50, kills=3, agents=2, seed=2, naive=True), url, tmp_path)
    assert outcome.twice > 0


@pytest.mark.soak
@pytest.mark.skipif(not os.environ.get("VITOCLIENT_SOAK"), reason="a long trial: make soak")
@pytest.mark.timeout(7200)
def test_ten_thousand_messages_and_a_thousand_kills(tmp_path: Path) -> None:
    messages, killed, number = 0, Counter[str](), 0
    while messages < SOAK_MESSAGES or killed.total() < SOAK_KILLS:
        engine, agents = ("sqlite", "postgresql")[number % 2], 1 + number // 2 % 2
        folder = tmp_path / str(number)
        with a_database(engine, folder) as url:
            round_ = Round(messages=500, kills=50, agents=agents, seed=number, moves=100 * (number % 3), restores=number // 2 % 3)
            outcome = play(round_, url, folder)
        assert_right(outcome)
        messages, killed, number = messages + outcome.messages, killed + outcome.by_hand_of, number + 1
        print(f"{number:3} {engine:10} {agents} agent(s): {messages} messages, {killed.total()} kills", flush=True)  # noqa: T201 - of a long trial
    print(dict(killed))  # noqa: T201 - of a long trial
    assert set(killed) >= set(STEPS)
