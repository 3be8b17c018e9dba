"""The loopback gateway itself: credits, deliveries, a record that counts duplicates, another process, another start."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.messages.gateways.conftest import ACCOUNT, PASSWORD, access, sms
from tests.support.gateway import FaultyGateway, GatewayFault, GatewayProcess
from tray_agent.clock import ManualClock
from tray_agent.demo.gateway_server import Delivery, DeliveryRule
from tray_agent.messages.gateways.aspsms import AspsmsGateway
from tray_agent.messages.gateways.contract import Accepted, AccountFault, AccountStopped, InDoubt


def asked(server: FaultyGateway, call: str, **fields: object) -> dict[str, Any]:
    body = {"UserName": ACCOUNT, "Password": PASSWORD, **fields}
    answer = httpx.post(server.address + call, json=body, trust_env=False)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def test_credits_go_down_by_segment_and_recipient(server: FaultyGateway) -> None:
    told = asked(server, "SendTextSMS", Originator="Praxis", Recipients=["+41791111111:a", "+41792222222:b"], MessageText="x" * 161)
    assert told == {"StatusCode": "1", "StatusInfo": "OK"}
    assert server.credits(ACCOUNT) == Decimal(496)
    assert asked(server, "CheckCredits")["Credits"] == "496"


def test_all_values_of_answers_are_strings(server: FaultyGateway) -> None:
    asked(server, "SendSimpleTextSMS", Originator="Praxis", Recipients=["+41791111111:a"], MessageText="x")
    told = asked(server, "InquireDeliveryNotifications", TransactionReferenceNumbers="a")
    (line,) = told.pop("DeliveryNotifications")
    assert all(isinstance(value, str) for value in (*told.values(), *line.values()))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Password": "falsch"}, "3"),
        ({"UserName": "niemand"}, "3"),
        ({"Recipients": []}, "20"),
        ({"Originator": "zwölf Zeichen"}, "10"),
        ({"Originator": ""}, "10"),
        ({"Originator": "+41791234567"}, "30"),
        ({"MessageText": "x" * 160 * 600}, "5"),
    ],
)
def test_refusals(server: FaultyGateway, fields: dict[str, object], code: str) -> None:
    told = asked(server, "SendTextSMS", **{"Originator": "Praxis", "Recipients": ["+41791111111:a"], "MessageText": "x", **fields})
    assert told["StatusCode"] == code
    assert server.accepted() == []
    assert server.credits(ACCOUNT) == Decimal(500)


def test_a_verified_number_may_be_originator(clock: ManualClock) -> None:
    with FaultyGateway({ACCOUNT: PASSWORD}, verified=frozenset({"+41791234567"}), clock=clock) as server:
        assert asked(server, "CheckOriginatorAuthorization", Originator="+41791234567")["StatusCode"] == "1"
        assert asked(server, "CheckOriginatorAuthorization", Originator="+41790000000")["StatusCode"] == "30"


def test_what_is_no_request_gets_no_json(server: FaultyGateway) -> None:
    assert httpx.post(server.address + "Nothing", json={}, trust_env=False).status_code == 404
    assert httpx.post(server.address + "CheckCredits", content=b"{", trust_env=False).status_code == 400


def test_a_message_taken_twice_is_in_the_record_twice(server: FaultyGateway, aspsms: AspsmsGateway) -> None:
    aspsms.submit(sms("m1"))
    aspsms.submit(sms("m1"))
    assert [taken.reference for taken in server.accepted()] == ["m1", "m1"]


def test_many_connections_at_once_lose_nothing_and_spend_exactly(server: FaultyGateway, aspsms: AspsmsGateway) -> None:
    server.set_credits(ACCOUNT, Decimal(100))
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda number: aspsms.submit(sms(f"m{number}")), range(150)))
    assert outcomes.count(Accepted()) == 100 == len(server.accepted())
    assert sum(isinstance(outcome, AccountStopped) and outcome.fault is AccountFault.CREDITS for outcome in outcomes) == 50
    assert server.credits(ACCOUNT) == 0


def test_faults_at_random_come_at_their_rate_and_end(server: FaultyGateway, aspsms: AspsmsGateway) -> None:
    server.fail_at_random({GatewayFault.ERROR_500: 0.2, GatewayFault.GARBAGE: 0.2}, seed=7)
    outcomes = [aspsms.submit(sms(f"m{number}")) for number in range(200)]
    in_doubt = sum(isinstance(outcome, InDoubt) for outcome in outcomes)
    assert 50 < in_doubt < 110
    server.fail_at_random({})
    assert aspsms.submit(sms("last")) == Accepted()


def test_faults_of_other_calls(server: FaultyGateway, aspsms: AspsmsGateway) -> None:
    server.fail_next(GatewayFault.ERROR_500, calls=["CheckCredits"])
    assert aspsms.submit(sms()) == Accepted()
    with pytest.raises(Exception, match="SMS-Gateway antwortet nicht"):
        aspsms.balance()
    assert aspsms.balance() == Decimal(499)


def test_the_fate_of_a_number_is_the_same_for_a_seed_and_all_fates_occur() -> None:
    numbers = [f"+4179{number:07}" for number in range(400)]
    fates = [DeliveryRule(3).delivery_of(number) for number in numbers]
    assert fates == [DeliveryRule(3).delivery_of(number) for number in numbers]
    assert fates != [DeliveryRule(4).delivery_of(number) for number in numbers]
    assert set(fates) == set(Delivery) - {Delivery.NEVER_SUBMITTED}
    assert fates.count(Delivery.DELIVERED) > 300


def test_another_start_keeps_credits_and_references(tmp_path: Path, clock: ManualClock) -> None:
    state = tmp_path / "gateway" / "state.db"
    with FaultyGateway({ACCOUNT: PASSWORD}, state=state, clock=clock) as server:
        gateway = AspsmsGateway(access(server.address, clock))
        gateway.submit(sms("m1"))
        gateway.close()
    with (
        FaultyGateway({ACCOUNT: PASSWORD}, state=state, clock=clock) as server,
        closing(AspsmsGateway(access(server.address, clock))) as gateway,
    ):
        assert server.credits(ACCOUNT) == Decimal(499)
        assert "m1" in gateway.inquire(["m1"])
        assert len(server.accepted()) == 1
        gateway.close()


def test_stop_ends_even_what_waits(clock: ManualClock) -> None:
    server = FaultyGateway({ACCOUNT: PASSWORD}, clock=clock).start()
    server.fail_next(GatewayFault.TIME_OUT)
    with closing(AspsmsGateway(access(server.address, clock), seconds=30)) as gateway, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(gateway.submit, sms("m1"))
        while not server.accepted():
            pass
        server.stop()
        assert isinstance(waiting.result(10), InDoubt)
    assert server.start().address
    server.close()


def test_a_process_of_its_own(tmp_path: Path, clock: ManualClock) -> None:
    with GatewayProcess({ACCOUNT: PASSWORD}, tmp_path / "state.db", balance=Decimal(2)) as process:
        with closing(AspsmsGateway(access(process.address, clock))) as gateway:
            assert gateway.submit(sms("m1")) == Accepted()
            assert gateway.submit(sms("m2")) == Accepted()
            assert isinstance(gateway.submit(sms("m3")), AccountStopped)
        assert [taken.reference for taken in process.accepted()] == ["m1", "m2"]
    assert [taken.text for taken in process.accepted()] == ["Guten Tag", "Guten Tag"]


def test_a_process_with_faults(tmp_path: Path, clock: ManualClock) -> None:
    faults = {GatewayFault.DROP_AFTER_ACCEPT: 1.0}
    with GatewayProcess({ACCOUNT: PASSWORD}, tmp_path / "state.db", faults=faults) as process:
        with closing(AspsmsGateway(access(process.address, clock))) as gateway:
            assert isinstance(gateway.submit(sms("m1")), InDoubt)
        assert len(process.accepted()) == 1


def test_json_escapes_arrive(server: FaultyGateway) -> None:
    body = json.dumps(
        {"UserName": ACCOUNT, "Password": PASSWORD, "Originator": "P", "Recipients": ["+41791111111:a"], "MessageText": "ä😀"}
    )
    httpx.post(server.address + "SendTextSMS", content=body.encode("ascii"), trust_env=False)
    assert server.accepted()[0].text == "ä😀"
