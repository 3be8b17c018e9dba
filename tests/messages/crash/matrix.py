"""One round of the crash matrix: agents are killed while they send, others recover, the store is put back, and the gateway counts."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select

from tests.messages.crash.agenda import Agenda
from tests.messages.crash.agents import ACCOUNT, PASSWORD, STEPS, Plan, Site, is_open, make_parts, run_agent
from tests.messages.world import TrialContext
from tests.support.gateway import GatewayFault, GatewayProcess
from tests.support.plain_texts import words_of
from tests.support.store_copies import Copy, copy_of, put_back
from tray_agent.demo.gateway_server import AcceptedSms
from tray_agent.job_kinds import JobKey
from tray_agent.messages.guards.questions import Answer, QuestionService
from tray_agent.messages.work.prepare import prepare_reminders
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.tables import message

FAULTS = {
    GatewayFault.DROP_AFTER_ACCEPT: 0.04,
    GatewayFault.DROP_BEFORE_ACCEPT: 0.03,
    GatewayFault.ERROR_500: 0.03,
    GatewayFault.ERROR_500_ACCEPTED: 0.03,
    GatewayFault.TIME_OUT: 0.01,
    GatewayFault.GARBAGE: 0.03,
    GatewayFault.CUT_OFF: 0.03,
    GatewayFault.NO_CREDITS: 0.005,
}
"""The share of submissions that meet each fault."""

LATEST = {"before_leaving": 16, "after_leaving": 16, "before_commit": 6, "after_commit": 6, "before_settling_commit": 2}
"""An agent dies at the latest at this n-th time of a step."""

LIVES = (0.15, 0.8)
"""Seconds that an agent lives which is killed from outside; one that does not reach its step lives twice as long."""

SIGKILL: int = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has none, and no part in this trial

SETTLED = ("submitted", "cancelled")
"""What the outbox knows in the end: who was told, and what was not sent because the appointment was moved before."""

ANSWERED_AFTER = 0.7
"""Seconds after which a person decides, once the store was put back: longer than anything that was handed over before is under way."""

FORGOTTEN = 10
"""So many messages the store forgets at least that is put back, unless all is done."""

KEPT_MOVES = 8
"""So many moves come when everybody was told once: what is moved before is told at its new time, without a notice."""

LONGEST_ROUND = 1200.0
"""Seconds after which a round counts as stuck, on a machine that has much else to do, too."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round does.

    Attributes:
        messages: how many are to be sent.
        kills: how many times an agent is killed.
        agents: how many send at the same time.
        naive: sends the way one writes it first.
        moves: so many appointments are moved meanwhile, and their view loses rows for moments; none: the agenda stays as it is.
        restores: so often all agents are ended at once and the store is put back to what it was some kills before.
    """

    messages: int
    kills: int
    agents: int
    seed: int
    naive: bool = False
    moves: int = 0
    restores: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a round came to.

    Attributes:
        twice: messages that the gateway took more than once.
        lost: patients whose last message does not name their appointment's start, or who got none.
        unsettled: messages of which the outbox does not know the end, or knows a wrong one.
        notices: messages that said that a former time is replaced.
        forgotten: messages that the gateway took, and that the store knew nothing of any more after it was put back.
        by_hand_of: how often an agent was killed, by step; "at random" for a kill from outside.
    """

    messages: int
    kills: int
    twice: int
    lost: int
    unsettled: int
    notices: int
    forgotten: int
    by_hand_of: Counter[str]


def play(round_: Round, url: str, folder: Path) -> Outcome:
    """Plays a round on an empty database and returns what came of it.

    Raises:
        TimeoutError: the agents did not come to an end.
    """
    database = open_database(url)
    upgrade(database)
    agenda = Agenda(folder / "practice.db", round_.messages, round_.seed)
    # Credits for all and everybody's notices: an account that runs out for good would keep a round from its end.
    enough = Decimal(2 * round_.messages + round_.moves)
    account, state = {ACCOUNT: PASSWORD}, folder / "gateway.db"
    with GatewayProcess(account, state, balance=enough, latency=0.004, seed=round_.seed, faults=FAULTS) as gateway:
        site = Site(url, agenda.file.as_posix(), gateway.address, (folder / "seen.json").as_posix())
        practice = _Practice(database, agenda, site, gateway.accepted)
        practice.prepare()
        killed = _Killing(round_, practice).run()
        taken = gateway.accepted()
    outcome = _count(practice, killed, taken)
    agenda.close()
    database.dispose()
    return outcome


@dataclass(frozen=True, slots=True)
class _Practice:
    """What the agents of a round work for."""

    store: Database
    agenda: Agenda
    site: Site
    taken: Callable[[], Sequence[AcceptedSms]]
    forgotten: set[str] = field(default_factory=set)

    def prepare(self) -> bool:
        """Prepares what the agenda asks for now; returns whether anything is left to be sent."""
        context = TrialContext(JobKey.PREPARE_REMINDERS)
        context.due_at = datetime.now(UTC)
        prepare_reminders(make_parts(self.store, self.site, Plan()), context)
        return is_open(self.store)

    def copied(self) -> Copied:
        """Returns the whole of it, while agents are at work."""
        known = {sms.reference for sms in self.taken()}
        seen = Path(self.site.seen)
        return Copied(copy_of(self.store.engine), seen.read_bytes() if seen.exists() else None, known)

    def is_old(self, copied: Copied) -> bool:
        """Returns whether enough was sent since a copy that putting it back means something."""
        return len(self.taken()) - len(copied.taken) > FORGOTTEN

    def is_late(self, messages: int) -> bool:
        """Returns whether a copy must be made now, so that enough is sent after it, however fast the agents are."""
        return len(self.taken()) >= messages - 2 * FORGOTTEN

    def put_back(self, copied: Copied, *, computer: bool) -> None:
        """Puts a copy in the store's place, while no agent is at work; with the computer what lies on it is put back, too."""
        put_back(self.store.engine, copied.store)
        if computer:
            Path(self.site.seen).unlink(missing_ok=True)
            if copied.seen is not None:
                Path(self.site.seen).write_bytes(copied.seen)
        self.forgotten.update({sms.reference for sms in self.taken()} - copied.taken)

    def answer(self) -> None:
        """Says what a person says who put the store back: that sending may go on."""
        service = QuestionService(self.store, lambda _rows, _connection: None)
        for question in service.open():
            service.answer(question.id, Answer.GO_ON, "anna@EMPFANG")


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy.

    Attributes:
        seen: how far the computer had seen the store, as it stood there; None: it had not yet.
        taken: what the gateway had taken when the copy was begun.
    """

    store: Copy
    seen: bytes | None
    taken: set[str]


def _count(practice: _Practice, killed: Counter[str], taken: Sequence[AcceptedSms]) -> Outcome:
    with practice.store.read() as connection:
        rows = connection.execute(select(message.c.reference, message.c.state)).all()
    references, words = Counter(sms.reference for sms in taken), {sms.recipient: words_of(sms.text) for sms in taken}
    starts = practice.agenda.starts()
    return Outcome(
        messages=len(rows),
        kills=killed.total(),
        twice=sum(number > 1 for number in references.values()),
        lost=sum(number not in words or words[number].start != start for number, start in starts.items()),
        unsettled=sum(not _is_settled(row.state, row.reference, references, practice.forgotten) for row in rows),
        notices=sum(words_of(sms.text).former is not None for sms in taken),
        forgotten=len(practice.forgotten),
        by_hand_of=killed,
    )


def _is_settled(state: str, reference: str, taken: Collection[str], forgotten: Collection[str]) -> bool:
    """Returns whether the outbox knows what became of a message.

    Of one that it forgot, and whose appointment was moved since, it may say that it was not sent.
    """
    if state == "cancelled" and reference in forgotten:
        return True
    return state in SETTLED and (state == "submitted") is (reference in taken)


class _Killing:
    """Keeps agents going until all kills of a round are done and nothing is left to be sent."""

    def __init__(self, round_: Round, practice: _Practice) -> None:
        self._round = round_
        self._practice = practice
        self._random = Random(round_.seed)
        self._processes: Any = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["tests.messages.crash.agents"])
        self._killed: Counter[str] = Counter()
        self._done = False
        self._late: set[int | None] = set()
        self._all_told = False
        self._put_back = 0
        self._copied: Copied | None = None
        self._answers_at = float("inf")
        self._agents: list[tuple[BaseProcess, Plan, float]] = []

    def run(self) -> Counter[str]:
        ends_at = time.monotonic() + LONGEST_ROUND
        while True:
            self._copy_and_put_back()
            self._refill()
            if not self._agents:
                self._practice.agenda.come_back()
                is_left = self._practice.prepare()
                if not is_left and not self._is_to_be_put_back() and self._practice.agenda.has_moved(self._round.moves):
                    return self._killed
                self._all_told = self._all_told or not is_left
                self._done = False
            if time.monotonic() > self._answers_at:
                self._practice.answer()
                self._answers_at = time.monotonic() + ANSWERED_AFTER
            if not self._done and self._practice.agenda.live(self._round.moves - (0 if self._all_told else KEPT_MOVES)):
                self._practice.prepare()
            self._kill_from_outside()
            self._agents = [agent for agent in self._agents if self._is_going(agent)]
            if time.monotonic() > ends_at:
                self._end_all()
                raise TimeoutError(f"{self._round}: {self._killed}")
            time.sleep(0.005)

    def _copy_and_put_back(self) -> None:
        """Copies the store, and some kills later, or when all is done, ends all agents and puts it back; again and again."""
        if not self._is_to_be_put_back():
            return
        place = 2 * self._put_back + (1 if self._copied is None else 2)
        is_time = self._killed.total() >= self._round.kills * place / (2 * self._round.restores + 1)
        if self._copied is None:
            is_late = self._put_back == 0 and self._practice.is_late(self._round.messages)
            self._copied = self._practice.copied() if is_time or is_late or self._done else None
        elif (self._done and not self._agents) or (is_time and self._practice.is_old(self._copied)):
            self._end_all()
            self._practice.put_back(self._copied, computer=self._put_back % 2 == 1)
            self._put_back, self._copied, self._done = self._put_back + 1, None, False
            self._answers_at = time.monotonic() + ANSWERED_AFTER

    def _is_to_be_put_back(self) -> bool:
        return self._put_back < self._round.restores

    def _refill(self) -> None:
        """Starts agents where some are missing, as long as something is left to be sent."""
        for _place in range(0 if self._done else self._round.agents - len(self._agents)):
            self._start(self._plan() if self._killed.total() < self._round.kills else Plan(naive=self._round.naive))

    def _plan(self) -> Plan:
        step = self._random.choice([*STEPS, "at random", "at random"])
        return Plan(step, self._random.randint(1, LATEST.get(step, 1)), self._round.naive)

    def _start(self, plan: Plan) -> None:
        process = self._processes.Process(target=run_agent, args=(self._practice.site, plan, self._random.randrange(2**31)))
        process.start()
        lives = self._random.uniform(*LIVES) * (1 if plan.step == "at random" else 2)
        self._agents.append((process, plan, time.monotonic() + (lives if plan.step else float("inf"))))

    def _kill_from_outside(self) -> None:
        for process, _plan, dies_at in self._agents:
            if time.monotonic() > dies_at and process.is_alive() and process.pid:
                self._late.add(process.pid)
                with suppress(ProcessLookupError):  # it ended by itself just now
                    os.kill(process.pid, SIGKILL)

    def _is_going(self, agent: tuple[BaseProcess, Plan, float]) -> bool:
        process, plan, _dies_at = agent
        if process.is_alive():
            return True
        process.join()
        if process.exitcode == -SIGKILL:
            self._killed["at random" if process.pid in self._late else plan.step] += 1
        elif process.exitcode == 0:
            self._done = True
        else:
            raise AssertionError(f"an agent ended with {process.exitcode}")
        process.close()
        return False

    def _end_all(self) -> None:
        for process, _plan, _dies_at in self._agents:
            process.kill()
            process.join()
            self._late.add(process.pid)
        self._agents = [agent for agent in self._agents if self._is_going(agent)]
