"""Updating the status of open messages, asked in batches of the gateway in another process."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from sqlalchemy import update

from tests.benchmarks.outbox_practice import NOON, context, make_parts, make_practice
from tests.benchmarks.row import Row
from tests.messages.world import Accounts
from tests.support.gateway import GatewayProcess
from tray_agent.clock import SystemClock
from tray_agent.job_kinds import JobKey
from tray_agent.messages.gateways.aspsms import AspsmsGateway
from tray_agent.messages.gateways.contract import GatewayAccess
from tray_agent.messages.work.parts import MessageParts, SendingRules
from tray_agent.messages.work.prepare import prepare_reminders
from tray_agent.messages.work.status import update_status
from tray_agent.store.tables import message

MESSAGES = 10_000
GOAL = 2_000
ACCOUNT, PASSWORD = "bench", "bench"  # of the loopback gateway


def run() -> list[Row]:
    """Returns one row: a run over all open messages, against the bare inquiries of the same references."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # All at once: a run of the product asks about 600, and the next one goes on.
        rules = SendingRules(most_requests=MESSAGES, unasked=MESSAGES + 1)
        parts = replace(make_parts(folder, make_practice(folder, MESSAGES)), rules=rules)
        prepare_reminders(parts, context(JobKey.PREPARE_REMINDERS))
        references = _make_open(parts)
        with GatewayProcess({ACCOUNT: PASSWORD}, folder / "gateway.db", balance=Decimal(10**6)) as server:
            gateway = AspsmsGateway(GatewayAccess(ACCOUNT, PASSWORD, server.address, folder, SystemClock()))
            began = time.perf_counter()
            gateway.inquire(references)
            bare = time.perf_counter() - began
            assert isinstance(parts.sms, Accounts)
            parts.sms["M1"] = gateway
            began = time.perf_counter()
            result = update_status(parts, context(JobKey.UPDATE_STATUS))
            seconds = time.perf_counter() - began
            gateway.close()
    if result.counts != {"open": MESSAGES}:
        raise AssertionError(result)
    rate = MESSAGES / seconds
    named = f"{MESSAGES:,} open messages"
    goal = f"≥ {GOAL:,}/s"
    return [Row(named, f"{rate:,.0f}/s", "the bare inquiries", f"{MESSAGES / bare:,.0f}/s", seconds / bare, goal, rate >= GOAL)]


def _make_open(parts: MessageParts) -> list[str]:
    with parts.database.begin() as connection:
        connection.execute(update(message).values(state="submitted", submitted_at=NOON, next_at=NOON))
    with parts.database.read() as connection:
        return list(connection.execute(message.select().with_only_columns(message.c.reference)).scalars())
