"""Sending through a gateway of 20 ms over 8 connections, all durable commits included."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from tests.benchmarks.outbox_practice import context, make_parts, make_practice
from tests.benchmarks.row import Row
from tests.support.gateway import GatewayProcess
from tray_agent.clock import SystemClock
from tray_agent.job_kinds import JobKey
from tray_agent.messages.gateways.aspsms import AspsmsGateway
from tray_agent.messages.gateways.contract import GatewayAccess, OutgoingSms
from tray_agent.messages.work.prepare import prepare_reminders
from tray_agent.messages.work.send import send_messages

MESSAGES = 5_000
LATENCY = 0.02
CONNECTIONS = AspsmsGateway.capabilities.most_at_once
SHARE = 0.9
QUESTION, TURNS = 0.02, 3
ACCOUNT, PASSWORD = "bench", "bench"  # of the loopback gateway


def run() -> list[Row]:
    """Returns the rate against the ideal one, and against the same requests without an outbox."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        practice = make_practice(folder, MESSAGES)
        with GatewayProcess({ACCOUNT: PASSWORD}, folder / "gateway.db", balance=Decimal(10**6), latency=LATENCY) as server:
            access = GatewayAccess(ACCOUNT, PASSWORD, server.address, folder, SystemClock())
            bare = _bare(AspsmsGateway(access))
            parts = make_parts(folder, practice, None, lambda: AspsmsGateway(access))
            prepare_reminders(parts, context(JobKey.PREPARE_REMINDERS))
            seconds = _timed(lambda: send_messages(parts, context(JobKey.SEND_MESSAGES)))
            taken = {sms.reference for sms in server.accepted()}
    if len(taken) != 2 * MESSAGES:
        raise AssertionError(f"{len(taken)} messages taken")
    return [*_rows(seconds, bare), _of_the_question()]


class _Unasked(AspsmsGateway):
    """A gateway that can't be asked what it has."""

    capabilities = replace(AspsmsGateway.capabilities, can_be_asked=False)


def _of_the_question() -> Row:
    """Measures what it costs to ask the gateway before a first hand-over what it has: the best of some turns with and without, by turns."""
    turns = [(_sent_by(AspsmsGateway), _sent_by(_Unasked)) for _turn in range(TURNS)]
    asked, unasked = (min(seconds) for seconds in zip(*turns, strict=True))
    more = asked / unasked - 1
    named = f"asking before a first hand-over, {MESSAGES:,} messages"
    floor = f"{MESSAGES / unasked:,.0f}/s"
    goal = f"≤ {QUESTION:.0%} longer ({more:+.1%})"
    return Row(named, f"{MESSAGES / asked:,.0f}/s", "the same, not asked", floor, asked / unasked, goal, more <= QUESTION)


def _sent_by(kind: type[AspsmsGateway]) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        practice = make_practice(folder, MESSAGES)
        with GatewayProcess({ACCOUNT: PASSWORD}, folder / "gateway.db", balance=Decimal(10**6), latency=LATENCY) as server:
            access = GatewayAccess(ACCOUNT, PASSWORD, server.address, folder, SystemClock())
            parts = make_parts(folder, practice, None, lambda: kind(access))
            prepare_reminders(parts, context(JobKey.PREPARE_REMINDERS))
            return _timed(lambda: send_messages(parts, context(JobKey.SEND_MESSAGES)))


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
