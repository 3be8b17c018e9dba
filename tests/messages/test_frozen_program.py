"""A program that stands still at the worst place: between its last look at the clock and the handing over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.messages.world import World
from tests.support.gateway import FaultyGateway
from tray_agent.clock import ManualClock
from tray_agent.messages.gateways.aspsms import AspsmsGateway
from tray_agent.messages.gateways.contract import GatewayAccess, Outcome, OutgoingSms


class StandsStill(AspsmsGateway):
    """Hands its first message over only after another computer asked about it, sent it again and came to an end."""

    def __init__(self, world: World, clock: ManualClock, address: str) -> None:
        super().__init__(GatewayAccess("praxis", "secret", address, Path(), clock), 20)
        self._world = world
        self._stood_still = False

    def submit(self, message: OutgoingSms) -> Outcome:
        if not self._stood_still:
            self._stood_still = True
            self._world.clock.advance(self._world.rules.under_way + timedelta(seconds=1))
            self._world.send()
        return super().submit(message)


@pytest.fixture
def server(clock: ManualClock) -> Iterator[FaultyGateway]:
    with FaultyGateway({"praxis": "secret"}, clock=clock) as running:
        running.set_credits("praxis", Decimal(100))
        yield running


def test_a_program_that_stood_still_sends_nothing_that_another_sent_meanwhile(
    world: World, server: FaultyGateway, clock: ManualClock
) -> None:
    world.sms["M1"] = gateway = StandsStill(world, clock, server.address)
    world.book_appointment()
    world.prepare()
    world.send()
    gateway.close()
    assert len(server.accepted()) == 1
    assert world.states() == ["submitted"]
    assert world.only().attempts == 2
