"""What must arrive soonest leaves first: within a chunk, across chunks, and after whatever held everything up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.messages.memory_gateways import MemorySmsGateway
from tests.messages.world import TOMORROW_NINE, World
from tray_agent.messages.gateways.contract import Capabilities, NotNow


class OneConnection(MemorySmsGateway):
    capabilities = Capabilities(most_at_once=1)


STARTS = [TOMORROW_NINE + timedelta(hours=(7 * number) % 12, days=number % 2) for number in range(24)]


def book(world: World, starts: Sequence[datetime] = STARTS) -> OneConnection:
    """Prepares reminders day by day in no useful order, and returns the gateway, which takes one after the other."""
    world.sms["M1"] = gateway = OneConnection()
    world.rules = replace(world.rules, chunk=5)
    world.add_patients(len(starts))
    for number, at in enumerate(starts):
        world.change_appointment(f"a-Q{number}", starts_at=at)
    for days in (1, 0):  # what is booked for later is prepared first, as by a longer search window
        world.prepare(due_at=world.clock.now() + timedelta(days=days))
    assert len(world.messages()) == len(starts)
    return gateway


def left(world: World, gateway: MemorySmsGateway) -> list[datetime | None]:
    starts = {message.reference: message.appointment_at for message in world.messages()}
    return [starts[sms.reference] for sms in gateway.taken]


def in_order(world: World) -> list[datetime | None]:
    return sorted((message.appointment_at for message in world.messages()), key=str)


def test_what_must_arrive_soonest_leaves_first_on_every_engine(every_world: World) -> None:
    gateway = book(every_world)
    assert every_world.send().counts == {"sent": len(STARTS)}
    assert left(every_world, gateway) == in_order(every_world)


def test_of_the_same_time_the_first_prepared_leaves_first(world: World) -> None:
    gateway = book(world, [TOMORROW_NINE] * 12)
    world.send()
    assert [sms.reference for sms in gateway.taken] == [message.reference for message in world.messages()]


def test_after_an_outage_too(world: World) -> None:
    gateway = book(world)
    world.rules = replace(world.rules, patience=timedelta(0))
    gateway.answer = lambda _message: NotNow("busy", "Überlastet.")
    world.send()
    gateway.answer = None
    world.clock.advance(timedelta(minutes=10))
    world.send()
    assert left(world, gateway) == in_order(world)


def test_what_was_checked_too_long_ago_keeps_its_place(world: World) -> None:
    gateway = book(world)
    gateway.answer = lambda _message: world.clock.advance(timedelta(seconds=15))  # a check is good for a minute
    world.send()
    assert left(world, gateway) == in_order(world)


def test_greetings_leave_with_their_day(world: World) -> None:
    gateway = book(world, STARTS[:4])
    world.greet()
    world.send()
    assert gateway.taken[0].recipient == "+41791234567"
    assert len(gateway.taken) == 4 + world.states().count("submitted") - 4


@pytest.mark.parametrize("most", [1, 3, 7])
def test_in_portions_too(world: World, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tray_agent.messages.work.send.MOST_WAITING", most)
    gateway = book(world)
    world.send()
    assert left(world, gateway) == in_order(world)
