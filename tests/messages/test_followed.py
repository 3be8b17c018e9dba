"""Sending and its status on the real engine of jobs: a planned day goes on until everything is settled, and no longer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from tests.jobs.engine import Engine, daily, job
from tests.messages.memory_gateways import MemorySmsGateway
from tests.messages.world import TOMORROW_NINE, ZURICH, World
from tray_agent.clock import ManualClock
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.outlook import Outlook, outlook_of
from tray_agent.messages.gateways.contract import DeliveryReport, DeliveryStatus, GatewayUnavailableError, InDoubt
from tray_agent.messages.work.send import send_messages
from tray_agent.messages.work.status import update_status

SEND, STATUS = JobKey.SEND_MESSAGES, JobKey.UPDATE_STATUS
QUARTERS_PAST = [f"{hour}:15" for hour in range(11, 18)]


class Watched(MemorySmsGateway):
    """Notes when it is asked; a test takes it away."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self.away = False
        self.asked: list[datetime] = []

    def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
        if self.is_asked_before(references):
            return {}
        self.asked.append(self._clock.now())
        if self.away:
            raise GatewayUnavailableError("Keine Antwort", "Das Gateway antwortet nicht.")
        return super().inquire(references)


class Day(World):
    """A practice whose jobs run by their plan."""

    engine: Engine

    def live(self, until: datetime) -> None:
        """Lets the clock go on from minute to minute; the plan is looked at in each."""
        while self.clock.now() < until:
            self.clock.advance(timedelta(minutes=1))
            self.engine.settle()
            self.outlook = self.ahead()

    def ahead(self) -> Outlook:
        return outlook_of(self.engine.jobs.plans.load(), SEND, ZURICH, self.engine.quiet)

    @property
    def watched(self) -> Watched:
        gateway = self.sms["M1"]
        assert isinstance(gateway, Watched)
        return gateway

    def tell(self, status: DeliveryStatus, reason: str = "") -> None:
        self.watched.report(DeliveryReport(self.only().reference, status, self.clock.now(), "", reason))

    def asked_at(self) -> list[str]:
        return [f"{at.astimezone(ZURICH):%H:%M}" for at in self.watched.asked]


def at(hour: int, minute: int = 0, *, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZURICH)


@pytest.fixture
def day(every_world: World, clock: ManualClock) -> Day:
    day = Day(every_world.database, clock)
    day.sms["M1"] = Watched(clock)
    works = [
        job(SEND, lambda context: send_messages(day.parts, context)),
        job(STATUS, lambda context: update_status(day.parts, context)),
    ]
    day.engine = Engine(day.database, clock, offered=works)
    day.engine.plan(SEND, daily(time(10, 10)))
    day.engine.plan(STATUS, daily(time(10, 20)))
    day.book_appointment("A1", TOMORROW_NINE.replace(hour=14))
    day.prepare()
    return day


def test_a_message_that_fails_in_the_afternoon_is_on_the_call_list_in_the_afternoon(day: Day) -> None:
    day.live(at(10, 10))
    day.tell(DeliveryStatus.BUFFERED)
    day.live(at(15, 40))
    assert day.asked_at() == ["10:15", "10:25", "10:55", *QUARTERS_PAST[:5]]
    assert day.service.call_list() == []
    day.tell(DeliveryStatus.FAILED, "Absent subscriber")
    day.live(at(16, 20))
    assert [entry.message.state.value for entry in day.service.call_list()] == ["failed"]
    day.live(at(20))
    assert day.asked_at()[-1] == "16:15"  # nothing is open any more


def test_a_sending_that_was_late_is_followed_the_same_day(day: Day, clock: ManualClock) -> None:
    day.tell(DeliveryStatus.BUFFERED)
    clock.set(at(13, 59))  # the computer was off
    day.live(at(18))
    assert day.asked_at()[-4:] == ["14:45", "15:15", "16:15", "17:15"]


def test_a_gateway_that_gives_no_information_is_asked_again_soon(day: Day) -> None:
    day.live(at(10, 10))
    day.watched.away = True
    day.live(at(10, 31))
    assert day.asked_at() == ["10:15", "10:17", "10:20", "10:22", "10:26"]
    day.watched.away = False
    day.live(at(10, 35))
    assert day.states() == ["delivered"]


def test_a_doubt_that_ends_as_never_taken_is_sent_the_same_day(day: Day) -> None:
    day.rules = replace(day.rules, patience=timedelta(0))
    day.watched.answer = lambda _message: InDoubt("Keine Antwort.")
    day.live(at(10, 11))
    day.watched.answer = None
    assert day.states() == ["in_doubt"]
    day.live(at(10, 40))
    assert (len(day.watched.taken), day.states()) == (1, ["delivered"])
