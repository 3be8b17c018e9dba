"""The gateways under test: one fixture for each, and one for whatever all of them must do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.messages.memory_gateways import MemorySmsGateway
from tests.support.gateway import FaultyGateway
from tray_agent.clock import ManualClock
from tray_agent.messages.gateways.aspsms import AspsmsGateway
from tray_agent.messages.gateways.contract import GatewayAccess, OutgoingSms, SmsGateway
from tray_agent.messages.gateways.file import FileSmsGateway

ACCOUNT, PASSWORD = "praxis", "geheim-7"


def sms(reference: str = "m1", recipient: str = "+41791234567", text: str = "Guten Tag", originator: str = "Praxis") -> OutgoingSms:
    return OutgoingSms(reference, recipient, originator, text)


@pytest.fixture
def server(clock: ManualClock) -> Iterator[FaultyGateway]:
    with FaultyGateway({ACCOUNT: PASSWORD}, clock=clock, unknown_reference="left_out") as server:
        yield server


def access(address: str, clock: ManualClock, password: str = PASSWORD, folder: Path = Path()) -> GatewayAccess:
    return GatewayAccess(ACCOUNT, password, address, folder, clock)


@pytest.fixture
def aspsms(server: FaultyGateway, clock: ManualClock) -> Iterator[AspsmsGateway]:
    gateway = AspsmsGateway(access(server.address, clock), seconds=5.0)
    yield gateway
    gateway.close()


class Trial:
    """A gateway together with a way to see what it took."""

    def __init__(self, gateway: SmsGateway, taken: Callable[[], list[str]], set_balance: Callable[[Decimal], None] | None) -> None:
        self.gateway = gateway
        self.taken = taken
        self.set_balance = set_balance


@pytest.fixture(params=["memory", "loopback", "file"])
def trial(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Trial:
    """Gives each gateway in turn."""
    if request.param == "memory":
        memory = MemorySmsGateway()
        return Trial(memory, lambda: [taken.reference for taken in memory.taken], memory.set_balance)
    if request.param == "file":
        file = tmp_path / "outgoing" / "sms.jsonl"
        gateway = FileSmsGateway(file, ACCOUNT, clock)
        return Trial(gateway, lambda: [line.split('"reference": "')[1].split('"')[0] for line in _lines(file)], None)
    server: FaultyGateway = request.getfixturevalue("server")
    aspsms: AspsmsGateway = request.getfixturevalue("aspsms")
    return Trial(aspsms, lambda: [taken.reference for taken in server.accepted()], lambda value: server.set_credits(ACCOUNT, value))


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
