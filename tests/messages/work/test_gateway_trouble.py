"""A gateway that says "not now": whatever lies behind its 5xx, each patient gets one message, and soon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.messages.world import World
from tests.support.gateway import FaultyGateway, GatewayFault
from tray_agent.clock import ManualClock
from tray_agent.config.settings import CHECK_CREDITS
from tray_agent.messages.gateways.aspsms import AspsmsGateway
from tray_agent.messages.gateways.contract import GatewayAccess

TROUBLE = [GatewayFault.BUSY_503, GatewayFault.ERROR_500, GatewayFault.ERROR_500_ACCEPTED]
NEXT_RUN = timedelta(minutes=6)
TRIED_AGAIN = "Der nächste Versuch folgt in wenigen Minuten. 1 Termin liegt vor dem nächsten geplanten Senden (24.11.2026 10:10)."


@pytest.fixture
def server(world: World, clock: ManualClock) -> Iterator[FaultyGateway]:
    """Gives the loopback gateway of a world with one prepared reminder."""
    with FaultyGateway({"praxis": "secret"}, clock=clock) as running:
        world.sms["M1"] = gateway = AspsmsGateway(GatewayAccess("praxis", "secret", running.address, Path(), clock), 20)
        world.book_appointment()
        world.prepare()
        yield running
        gateway.close()


@pytest.mark.parametrize("fault", TROUBLE)
def test_what_met_a_5xx_is_put_off_and_delivered_once_in_the_same_run(world: World, server: FaultyGateway, fault: GatewayFault) -> None:
    server.fail_next(fault)
    began = world.clock.now()
    result = world.send()
    assert len(server.accepted()) == 1
    assert world.states() == ["submitted"]
    assert result.counts["put_off"] == 1
    assert "in_doubt" not in result.counts
    assert world.clock.now() - began <= timedelta(minutes=15)


@pytest.mark.parametrize("fault", TROUBLE)
def test_runs_that_do_not_wait_deliver_it_once_in_a_few_runs(world: World, server: FaultyGateway, fault: GatewayFault) -> None:
    server.fail_next(fault)
    world.rules = replace(world.rules, patience=timedelta(0))
    first = world.send()
    assert first.sentence.startswith(
        "Keine Mitteilung gesendet. Bei 1 ist noch unklar, ob sie gesendet wurde. Grund: Das SMS-Gateway meldet"
    )
    assert first.sentence.endswith(f"falls es sie nicht hat. {TRIED_AGAIN}")
    assert (world.only().reason, "HTTP 50" in world.only().sentence) == ("gateway_trouble", True)
    for _run in range(5):
        world.clock.advance(NEXT_RUN)
        world.send()
    assert len(server.accepted()) == 1
    assert world.states() == ["submitted"]


def test_a_gateway_in_trouble_for_a_long_time_delivers_once_when_it_is_over(world: World, server: FaultyGateway) -> None:
    server.fail_next(*[GatewayFault.BUSY_503] * 6)
    for _run in range(6):
        world.send()
        world.clock.advance(NEXT_RUN)
    assert len(server.accepted()) == 1
    assert world.states() == ["submitted"]


@pytest.mark.parametrize("asked_first", [True, False])
def test_a_run_by_hand_gives_an_answer_soon_while_the_gateway_is_away(world: World, server: FaultyGateway, asked_first: bool) -> None:
    world.values[CHECK_CREDITS] = asked_first
    server.stop()
    began = world.clock.now()
    result = world.send(by_hand=True)
    assert world.clock.now() - began <= world.rules.patience_by_hand
    assert result.sentence.startswith("Keine Mitteilung gesendet. 1 bleibt vorbereitet. Grund: ")
    assert "Das SMS-Gateway" in result.sentence
    assert result.sentence.endswith(TRIED_AGAIN)
    assert result.problems == 1
    assert world.activities[-1].sentence.startswith("1 Mitteilung ")
    server.start()
    world.clock.advance(NEXT_RUN)
    assert world.send(by_hand=True).sentence == "1 Mitteilung gesendet."


def test_a_run_by_hand_leaves_what_is_in_doubt_to_a_later_one(world: World, server: FaultyGateway) -> None:
    server.fail_next(GatewayFault.DROP_AFTER_ACCEPT)
    began = world.clock.now()
    result = world.send(by_hand=True)
    assert world.clock.now() - began <= world.rules.patience_by_hand
    assert "Bei 1 ist noch unklar, ob sie gesendet wurde." in result.sentence
    world.clock.advance(NEXT_RUN)
    world.send(by_hand=True)
    assert (len(server.accepted()), world.states()) == (1, ["submitted"])


def test_a_result_without_a_schedule_says_that_nothing_tries_again(world: World, server: FaultyGateway) -> None:
    world.next_sending = None
    server.stop()
    assert "hat keinen Zeitplan" in world.send(by_hand=True).sentence


def test_a_gateway_that_is_away_gets_the_message_when_it_is_back(world: World, server: FaultyGateway) -> None:
    server.stop()
    result = world.send()
    assert world.states() == ["prepared"]
    assert result.sentence.startswith("Keine Mitteilung gesendet. 1 bleibt vorbereitet. Grund: ")
    assert "Das SMS-Gateway" in result.sentence
    assert result.sentence.endswith(TRIED_AGAIN)
    server.start()
    assert world.send().counts["sent"] == 1
    assert len(server.accepted()) == 1
