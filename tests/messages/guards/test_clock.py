"""A clock that is wrong: told once a day, and nothing leaves where the difference decides what is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.messages.memory_gateways import MemorySmsGateway
from tests.messages.world import ANNA, World, treatment
from tests.support.gateway import FaultyGateway
from tray_agent.clock import ManualClock
from tray_agent.config.settings import CHECK_CREDITS, MAIL_AT_ONCE
from tray_agent.messages.gateways.aspsms import AspsmsGateway
from tray_agent.messages.gateways.contract import DeliveryReport, GatewayAccess, GatewayTime
from tray_agent.messages.outbox.model import OutboxReason
from tray_agent.protocol.model import Level
from tray_agent.store.tables import activity


class Timed(MemorySmsGateway):
    """A gateway whose clock differs from the practice's."""

    def __init__(self, clock: ManualClock, ahead: timedelta) -> None:
        super().__init__(Decimal(1000))
        self.ahead = ahead
        self._clock = clock

    def balance(self) -> Decimal:
        self._tell()
        return super().balance()

    def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
        self._tell()
        return super().inquire(references)

    def _tell(self) -> None:
        self.told_time = GatewayTime(self._clock.now() + self.ahead, self._clock.monotonic())


def put(world: World, ahead: timedelta) -> Timed:
    """Gives the practice a gateway whose clock is so far ahead of its own, and one reminder of tomorrow 09:00."""
    world.sms["M1"] = gateway = Timed(world.clock, ahead)
    world.book_appointment()
    world.prepare()
    return gateway


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


# Now is 10:00 in Zurich; the quiet hours are from 20:00 to 08:00.
@pytest.mark.parametrize(("at", "ahead", "leaves", "told"), [
    ((10, 0), minutes(0), True, False),
    ((10, 0), minutes(5), True, False),
    ((10, 0), minutes(-5), True, False),
    ((10, 0), minutes(5.1), True, True),
    ((10, 0), minutes(-5.1), True, True),
    ((10, 0), timedelta(hours=9), True, True),
    ((10, 0), timedelta(hours=10), False, True),  # there it is 20:00
    ((10, 0), timedelta(hours=-2.5), False, True),  # there it is 07:30
    ((10, 0), timedelta(days=1), False, True),
    ((10, 0), timedelta(days=-1), False, True),
    ((10, 0), timedelta(days=-365), False, True),
    ((8, 4), minutes(-4), True, False),
    ((8, 4), minutes(-6), False, True),
    ((19, 50), minutes(9), True, True),
    ((19, 50), minutes(10), False, True),
    ((7, 30), minutes(45), None, False),  # quiet here: nothing leaves anyway
])  # fmt: skip
def test_what_leaves_and_what_is_told(world: World, at: tuple[int, int], ahead: timedelta, leaves: bool | None, told: bool) -> None:
    world.clock.set(datetime(2026, 11, 23, *at, tzinfo=UTC) - timedelta(hours=1))
    gateway = put(world, ahead)
    result = world.send()
    assert world.states() == (["submitted"] if leaves else ["prepared"])
    assert len(gateway.taken) == (1 if leaves else 0)
    rows = [row for row in world.activities if row.reason == OutboxReason.CLOCK]
    assert [row.level for row in rows] == ([Level.WARNING if leaves else Level.ERROR] if told else [])
    for row in rows:
        assert "zeigt 23.11.2026" in row.sentence
        assert "jene des SMS-Gateways" in row.sentence
    if leaves is False:
        assert result.rest is not None
        assert (result.rest.reason, result.rest.after_change) == (OutboxReason.CLOCK, False)  # tried again like trouble


@pytest.mark.parametrize(("begins", "leaves"), [(minutes(20), False), (minutes(31), True)])
def test_what_would_have_begun_does_not_leave(world: World, begins: timedelta, leaves: bool) -> None:
    world.sms["M1"] = Timed(world.clock, minutes(30))
    world.book_appointment(starts_at=world.parts.local(world.clock.now() + begins))
    _prepare_for_today(world)
    world.send()
    assert world.states() == (["submitted"] if leaves else ["prepared"])
    assert ("begonnen" in world.activities[-1].sentence) is not leaves


def _prepare_for_today(world: World) -> None:
    from tray_agent.config.settings import OFFSET_START

    world.values[OFFSET_START] = 0
    world.prepare()


def test_a_practice_that_does_not_check_its_credits_is_guarded_too(world: World) -> None:
    """The first answer is then that to the question what the gateway knows already."""
    world.values[CHECK_CREDITS] = False
    gateway = put(world, timedelta(days=1))
    world.send()
    assert (world.states(), gateway.taken) == (["prepared"], [])


def test_it_goes_on_by_itself_when_the_clock_is_right_again(world: World) -> None:
    gateway = put(world, timedelta(days=1))
    for _attempt in range(3):
        world.send()
        world.clock.advance(minutes(15))
    assert [row.reason for row in world.activities].count(OutboxReason.CLOCK) == 1
    gateway.ahead = timedelta()
    world.send()
    assert world.states() == ["submitted"]


def test_what_was_said_before_this_run_does_not_count(world: World) -> None:
    gateway = put(world, timedelta(days=1))
    gateway.balance()
    gateway.ahead = timedelta()
    world.clock.advance(minutes(1))
    world.send()
    assert world.states() == ["submitted"]


def test_it_is_told_once_a_day(world: World) -> None:
    put(world, minutes(30))
    for day in range(2):
        for place in range(3):
            patient = f"Q{day}{place}"
            world.practice.put(replace(ANNA, id=patient), treatment(patient))
            starts = world.parts.local(world.clock.now()) + timedelta(days=1, minutes=place)
            world.book_appointment(f"a{patient}", starts, patient)
            world.prepare()
            before = len(world.activities)
            world.send()
            _write(world, before)
        world.clock.advance(timedelta(days=1))
    assert [row.level for row in world.activities if row.reason == OutboxReason.CLOCK] == [Level.WARNING] * 2


def _write(world: World, first: int) -> None:
    """Writes the rows that a run told into the log, as the engine's context does."""
    from tray_agent.protocol.activity_log import ActivityLog

    ActivityLog(world.database, "EMPFANG1").write(world.activities[first:])
    with world.database.read() as connection:
        assert connection.execute(activity.select()).first() is not None


@pytest.mark.parametrize("at_once", [True, False])
def test_e_mails_go_by_what_an_sms_gateway_said(world: World, at_once: bool) -> None:
    world.values[MAIL_AT_ONCE] = at_once
    gateway = put(world, timedelta(hours=10))
    gateway.told_time = GatewayTime(world.clock.now() + timedelta(hours=10), world.clock.monotonic())
    world.change_patient(mobile=None, email="anna@example.ch")
    world.send()
    assert (world.states() == ["submitted"]) is at_once  # who wakes nobody need not mind the night


# The gateway's client


@pytest.fixture
def server(clock: ManualClock) -> Iterator[FaultyGateway]:
    with FaultyGateway({"praxis": "secret"}, clock=clock) as running:
        yield running


def test_the_time_of_the_last_answer_is_kept_and_goes_on(server: FaultyGateway, clock: ManualClock) -> None:
    behind = ManualClock(clock.now() - timedelta(hours=1))
    gateway = AspsmsGateway(GatewayAccess("praxis", "secret", server.address, Path(), behind))
    assert gateway.told_time is None
    gateway.balance()
    told = gateway.told_time
    assert told is not None
    assert told.at(behind.monotonic()) == clock.now()
    behind.set(clock.now() + timedelta(days=3))  # somebody sets the clock: what the gateway said stays true
    behind.advance(minutes(7))
    assert told.at(behind.monotonic()) == clock.now() + minutes(7)
    gateway.close()


@pytest.mark.parametrize("said", ["", "yesterday", "Mon, 99 Nov 2026 10:00:00 GMT", "2026-11-23T09:00:00Z"])
def test_a_time_that_cant_be_read_is_none(said: str) -> None:
    from tray_agent.messages.gateways.aspsms import _told_time

    assert _told_time(said or None, 0.0) is None
