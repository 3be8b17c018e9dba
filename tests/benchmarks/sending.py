"""Sending through a gateway of 20 ms over 8 connections, all durable commits included."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

from tests.benchmarks.outbox_practice import context, make_parts, make_practice
from tests.benchmarks.row import Row, show_seconds
from tests.support.gateway import GatewayProcess
from tray_agent.clock import SystemClock
from tray_agent.job_kinds import JobKey
from tray_agent.messages.gateways.aspsms import AspsmsGateway
from tray_agent.messages.gateways.contract import DeliveryReport, GatewayAccess, OutgoingSms
from tray_agent.messages.work.parts import SendingRules
from tray_agent.messages.work.prepare import prepare_reminders
from tray_agent.messages.work.send import send_messages

MESSAGES = 5_000
LATENCY = 0.02
CONNECTIONS = AspsmsGateway.capabilities.most_at_once
SHARE = 0.9
QUESTION = 0.02
ACCOUNT, PASSWORD = "bench", "bench"  # of the loopback gateway


def run() -> list[Row]:
    """Returns the rate against the ideal one, and against the same requests without an outbox; and what asking before costs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        practice = make_practice(folder, MESSAGES)
        with GatewayProcess({ACCOUNT: PASSWORD}, folder / "gateway.db", balance=Decimal(10**6), latency=LATENCY) as server:
            access = GatewayAccess(ACCOUNT, PASSWORD, server.address, folder, SystemClock())
            bare = _bare(AspsmsGateway(access))
            asked: list[float] = []
            parts = make_parts(folder, practice, None, lambda: _Noting(access, asked))
            prepare_reminders(parts, context(JobKey.PREPARE_REMINDERS))
            began = time.process_time()
            seconds = _timed(lambda: send_messages(parts, context(JobKey.SEND_MESSAGES)))
            used = time.process_time() - began
            taken = {sms.reference for sms in server.accepted()}
    if len(taken) != 2 * MESSAGES:
        raise AssertionError(f"{len(taken)} messages taken")
    return [*_rows(seconds, bare), _of_the_question(asked, used)]


class _Noting(AspsmsGateway):
    """A gateway that notes how many seconds of the processor each question took of what it knows."""

    def __init__(self, access: GatewayAccess, asked: list[float]) -> None:
        super().__init__(access)
        self._asked = asked

    def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
        began = time.thread_time()
        try:
            return super().inquire(references)
        finally:
            self._asked.append(time.thread_time() - began)


def _of_the_question(asked: Sequence[float], used: float) -> Row:
    """Tells what it costs to ask the gateway before a first hand-over what it has: in the same run, because two differ by more."""
    if len(asked) * SendingRules().inquiry < MESSAGES:
        raise AssertionError(f"{len(asked)} questions")
    more = sum(asked) / (used - sum(asked))
    named = f"{len(asked)} questions before the first hand-over of {MESSAGES:,} messages, processor time"
    goal = f"≤ {QUESTION:.0%} of all else"
    return Row(named, show_seconds(sum(asked)), "all else", show_seconds(used - sum(asked)), more, goal, more <= QUESTION)


def _rows(seconds: float, bare: float) -> list[Row]:
    ideal = MESSAGES * LATENCY / CONNECTIONS
    share = ideal / seconds
    named = f"{MESSAGES:,} messages, {LATENCY * 1000:g} ms, {CONNECTIONS} connections"
    rate = f"{MESSAGES / seconds:,.0f}/s"
    goal = f"≥ {SHARE:.0%} of the ideal rate ({share:.0%})"
    return [
        Row(named, rate, "connections divided by latency", f"{CONNECTIONS / LATENCY:,.0f}/s", seconds / ideal, goal, share >= SHARE),
        Row(named, rate, "the same requests, no outbox", f"{MESSAGES / bare:,.0f}/s", seconds / bare),
    ]


def _bare(gateway: AspsmsGateway) -> float:
    """Returns how long the same number of requests takes with nothing around them."""
    texts = [OutgoingSms(f"bare{number}", "+41791234567", "Praxis", "Guten Tag, Ihr Termin: morgen 9 Uhr.") for number in range(MESSAGES)]
    with ThreadPoolExecutor(CONNECTIONS) as workers:
        seconds = _timed(lambda: list(workers.map(gateway.submit, texts)))
    gateway.close()
    return seconds


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
