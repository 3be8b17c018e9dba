"""Gateways by kind and account: one class and one registration each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.messages.memory_gateways import MemorySmsGateway
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.machine import GatewayAccount, GatewaySection, Machine, MachineSection, MailSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.errors import ConfigurationError
from tray_agent.messages.gateways.aspsms import AspsmsGateway
from tray_agent.messages.gateways.contract import GatewayAccess, GatewayMissingError
from tray_agent.messages.gateways.file import FileSmsGateway
from tray_agent.messages.gateways.registry import KINDS, GatewayKind, SmsGateways
from tray_agent.messages.gateways.smtp import SmtpGateway

ACCOUNTS = {
    "m1": GatewayAccount(user="praxis"),
    "m2": GatewayAccount(user="praxis", originator="DrKeller"),
    "m3": GatewayAccount(user="anders"),
}


def gateways(tmp_path: Path, clock: ManualClock, kind: str = "aspsms", **more: str) -> SmsGateways:
    section = GatewaySection(kind=kind, accounts=ACCOUNTS, **more)
    return SmsGateways(section, MemorySecrets(**{"gateway/m1": "a", "gateway/m2": "b"}), clock, tmp_path)


def test_mandants_with_one_account_share_a_gateway(tmp_path: Path, clock: ManualClock) -> None:
    opened = gateways(tmp_path, clock)
    assert isinstance(opened["m1"], AspsmsGateway)
    assert opened["m1"] is opened["m2"]
    assert opened.account("m1") == opened.account("m2") == "praxis"
    assert list(opened) == ["m1", "m2", "m3"]
    assert len(opened) == 3
    assert "m1" in opened
    assert "m9" not in opened
    opened.close()


def test_what_is_missing_is_told(tmp_path: Path, clock: ManualClock) -> None:
    opened = gateways(tmp_path, clock)
    with pytest.raises(GatewayMissingError, match="m9"):
        opened["m9"]
    with pytest.raises(GatewayMissingError, match="VITOCLIENT_SECRET_GATEWAY_M3"):
        opened["m3"]
    with pytest.raises(GatewayMissingError, match="aspsms, file"):
        gateways(tmp_path, clock, kind="fax")["m1"]
    with pytest.raises(GatewayMissingError, match=r"gateway\.originator"):
        opened.originator("m1")


def test_the_originator_of_the_mandant_else_of_the_gateway(tmp_path: Path, clock: ManualClock) -> None:
    opened = gateways(tmp_path, clock, originator="Praxis")
    assert opened.originator("m1") == "Praxis"
    assert opened.originator("m2") == "DrKeller"


def test_the_file_gateway_needs_no_password(tmp_path: Path, clock: ManualClock) -> None:
    opened = gateways(tmp_path, clock, kind="file")
    assert isinstance(opened["m3"], FileSmsGateway)


def test_a_second_gateway_is_one_class_and_one_registration(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[GatewayAccess] = []

    def make(access: GatewayAccess) -> MemorySmsGateway:
        made.append(access)
        return MemorySmsGateway()

    monkeypatch.setitem(KINDS, "zweites", GatewayKind(make))
    opened = gateways(tmp_path, clock, kind="zweites", address="https://zweites.example/")
    assert isinstance(opened["m1"], MemorySmsGateway)
    assert (made[0].account, made[0].password, made[0].address) == ("praxis", "a", "https://zweites.example/")
    assert "'a'" not in repr(made[0])


def test_the_agent_builds_both_ways(tmp_path: Path, clock: ManualClock) -> None:
    machine = Machine(gateway=GatewaySection(accounts=ACCOUNTS), mail=MailSection(host="mail.example.ch", user="praxis"))
    with Agent(machine, secrets=MemorySecrets(**{"gateway/m1": "a", "mail": "b"}), clock=clock) as agent:
        assert isinstance(agent.sms_gateways["m1"], AspsmsGateway)
        assert isinstance(agent.mail_gateway, SmtpGateway)
    with Agent(Machine(machine=MachineSection(data_folder=str(tmp_path))), clock=clock) as agent:
        assert len(agent.sms_gateways) == 0
        with pytest.raises(ConfigurationError, match="Mailserver"):
            _ = agent.mail_gateway


@pytest.mark.parametrize("originator", ["Praxis", "Dr. Meier", "x" * 11, "+41791234567", "0041791234567", "0791234567890"])
def test_an_originator_is_a_short_name_or_a_number(originator: str, tmp_path: Path, clock: ManualClock) -> None:
    assert gateways(tmp_path, clock, originator=originator).originator("m1") == originator


@pytest.mark.parametrize("originator", ["x" * 12, "Zürich", "Praxis am Bahnhof", " ", "Praxis ", "Pra\nxis", "+4179123456789012345"])
def test_an_originator_that_no_gateway_takes_is_told_before_anything_is_sent(originator: str, tmp_path: Path, clock: ManualClock) -> None:
    with pytest.raises(GatewayMissingError, match="höchstens 11 Zeichen"):
        gateways(tmp_path, clock, originator=originator).originator("m1")
