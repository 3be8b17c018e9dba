"""ASPSMS: what each answer proves, against a real server on loopback and against hostile answers."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.messages.gateways.conftest import ACCOUNT, PASSWORD, access, sms
from tests.support.gateway import FaultyGateway, GatewayFault
from tests.support.mail import FaultyMailServer
from tray_agent.clock import ManualClock
from tray_agent.demo.gateway_server import Delivery
from tray_agent.messages.gateways.aspsms import FURTHER_QUESTIONS, NOT_TAKEN, AspsmsGateway, reason_in_words
from tray_agent.messages.gateways.contract import (
    Accepted,
    AccountFault,
    AccountStopped,
    DeliveryReport,
    DeliveryStatus,
    GatewayAccountError,
    GatewayMissingError,
    GatewayUnavailableError,
    InDoubt,
    NotNow,
    Outcome,
    Refused,
)
from tray_agent.web.posting import NotConnectedError, Posting, Reply, TooLongError

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Made(Posting):
    """Posts nowhere: the answers are made up."""

    def __init__(self, answer: Callable[[str, bytes], Reply]) -> None:
        self._answer = answer

    def post(self, call: str, body: bytes, may_leave: Callable[[], bool] | None = None) -> Reply:
        return self._answer(call, body)

    def close(self) -> None:
        pass


@contextmanager
def answering(answer: Callable[[str, bytes], Reply]) -> Iterator[AspsmsGateway]:
    """Gives a gateway whose answers are made up, without a network."""
    gateway = AspsmsGateway(access("http://127.0.0.1:9/", ManualClock(NOW)))
    gateway._made = Made(answer)
    yield gateway
    gateway.close()


def said(**answer: object) -> Callable[[str, bytes], Reply]:
    return lambda _call, _body: Reply(200, json.dumps(answer).encode())


# What goes over the wire


def test_the_request_is_the_one_of_the_interface() -> None:
    asked: list[tuple[str, Any]] = []

    def answer(call: str, body: bytes) -> Reply:
        asked.append((call, json.loads(body)))
        return Reply(200, b'{"StatusCode": "1", "StatusInfo": "OK"}')

    with answering(answer) as gateway:
        gateway.submit(sms("m-1", text="Grüezi «Ç» 😀"))

    assert asked == [
        (
            "SendTextSMS",
            {
                "UserName": ACCOUNT,
                "Password": PASSWORD,
                "Originator": "Praxis",
                "Recipients": ["+41791234567:m-1"],
                "MessageText": "Grüezi «Ç» 😀",
            },
        )
    ]


def test_the_server_gets_what_was_sent(aspsms: AspsmsGateway, server: FaultyGateway) -> None:
    aspsms.submit(sms("m-1", text="Grüezi «Ç» 😀"))
    (taken,) = server.accepted()
    assert (taken.account, taken.reference, taken.recipient) == (ACCOUNT, "m-1", "+41791234567")
    assert (taken.originator, taken.text) == ("Praxis", "Grüezi «Ç» 😀")


def test_one_connection_serves_many_messages(aspsms: AspsmsGateway, server: FaultyGateway) -> None:
    for number in range(5):
        aspsms.submit(sms(f"m{number}"))
    assert server.connections == 1


# What each fault proves


@pytest.mark.parametrize(
    ("fault", "expected", "taken"),
    [
        (GatewayFault.DROP_AFTER_ACCEPT, InDoubt, 1),
        (GatewayFault.DROP_BEFORE_ACCEPT, InDoubt, 0),
        (GatewayFault.ERROR_500, InDoubt, 0),
        (GatewayFault.ERROR_500_ACCEPTED, InDoubt, 1),
        (GatewayFault.BUSY_503, InDoubt, 0),
        (GatewayFault.BUSY_429, NotNow, 0),
        (GatewayFault.GARBAGE, InDoubt, 1),
        (GatewayFault.CUT_OFF, InDoubt, 1),
        (GatewayFault.NO_CREDITS, AccountStopped, 0),
        (GatewayFault.SLOW, Accepted, 1),
    ],
)
def test_a_fault_never_looks_like_certainty(
    aspsms: AspsmsGateway, server: FaultyGateway, fault: GatewayFault, expected: type[Outcome], taken: int
) -> None:
    server.fail_next(fault)

    assert isinstance(aspsms.submit(sms("m1")), expected)
    assert len(server.accepted()) == taken
    assert aspsms.submit(sms("m2")) == Accepted()


def test_a_time_out_is_in_doubt(server: FaultyGateway, clock: ManualClock) -> None:
    with closing(AspsmsGateway(access(server.address, clock), seconds=0.2)) as gateway:
        server.fail_next(GatewayFault.TIME_OUT)
        assert isinstance(gateway.submit(sms("m1")), InDoubt)
        assert len(server.accepted()) == 1


def test_what_is_in_doubt_is_settled_by_asking(aspsms: AspsmsGateway, server: FaultyGateway) -> None:
    server.fail_next(GatewayFault.DROP_AFTER_ACCEPT, GatewayFault.DROP_BEFORE_ACCEPT)
    aspsms.submit(sms("taken"))
    aspsms.submit(sms("not-taken"))
    assert set(aspsms.inquire(["taken", "not-taken"])) == {"taken"}


def test_too_many_requests_say_when_to_come_back(aspsms: AspsmsGateway, server: FaultyGateway) -> None:
    server.fail_next(GatewayFault.BUSY_429)
    outcome = aspsms.submit(sms())
    assert isinstance(outcome, NotNow)
    assert outcome.retry_after == 60


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("17", 17),
        ("999999999", 86_400),
        ("Mon, 23 Nov 2026 09:02:00 GMT", 120),
        ("Mon, 23 Nov 2020 09:02:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_forms(header: str, seconds: float | None) -> None:
    with answering(lambda _call, _body: Reply(429, retry_after=header)) as gateway:
        outcome = gateway.submit(sms())
    assert isinstance(outcome, NotNow)
    assert outcome.retry_after == seconds


def test_a_refused_connection_is_not_now(clock: ManualClock) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with closing(AspsmsGateway(access(f"http://127.0.0.1:{free.getsockname()[1]}/", clock))) as gateway:
            assert isinstance(gateway.submit(sms()), NotNow)
            with pytest.raises(GatewayUnavailableError):
                gateway.balance()


def test_an_unknown_host_is_not_now(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with closing(AspsmsGateway(access("https://gateway.example/", clock))) as gateway:
        assert isinstance(gateway.submit(sms()), NotNow)


def test_without_a_connection_nothing_can_have_been_taken() -> None:
    def fail(_call: str, _body: bytes) -> Reply:
        raise NotConnectedError("?")

    with answering(fail) as gateway:
        assert isinstance(gateway.submit(sms()), NotNow)


@pytest.mark.parametrize("error", [TooLongError, TimeoutError, ConnectionResetError, ssl.SSLError, RuntimeError, ValueError, MemoryError])
def test_whatever_else_breaks_off_is_in_doubt(error: type[Exception]) -> None:
    def fail(_call: str, _body: bytes) -> Reply:
        raise error("?")

    with answering(fail) as gateway:
        assert isinstance(gateway.submit(sms()), InDoubt)
        with pytest.raises(GatewayUnavailableError):
            gateway.inquire(["m1"])


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 400, 403, 408, 409, 422, 500, 502, 503, 504, 520])
def test_a_status_that_proves_nothing_is_in_doubt(status: int) -> None:
    answer = Reply(status, b'{"StatusCode": "1", "StatusInfo": "OK"}', "5")
    with answering(lambda _call, _body: answer) as gateway:
        assert isinstance(gateway.submit(sms()), InDoubt)


@pytest.mark.parametrize("status", sorted(NOT_TAKEN))
def test_a_status_by_which_the_request_was_turned_away_is_not_now(status: int) -> None:
    with answering(lambda _call, _body: Reply(status)) as gateway:
        assert isinstance(gateway.submit(sms()), NotNow)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("1", Accepted()),
        (1, Accepted()),
        ("3", AccountFault.AUTHORISATION),
        ("5", AccountFault.CREDITS),
        ("10", AccountFault.ORIGINATOR),
        ("30", AccountFault.ORIGINATOR),
        ("20", "recipient"),
        ("0", None),
        ("2", None),
        ("7", None),
        ("", None),
        ("OK", None),
        (True, None),
        (None, None),
        (1.0, None),
        (["1"], None),
    ],
)
def test_status_codes(code: object, expected: object) -> None:
    with answering(said(StatusCode=code, StatusInfo="?")) as gateway:
        outcome = gateway.submit(sms())
    if isinstance(outcome, AccountStopped):
        assert outcome.fault is expected
    elif isinstance(outcome, Refused):
        assert outcome.reason == expected
    else:
        assert outcome == expected or (expected is None and isinstance(outcome, InDoubt))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (sms(recipient="079 123 45 67"), Refused),
        (sms(recipient="+0123456789"), Refused),
        (sms(recipient="+41791234567:x"), Refused),
        (sms(text=" \n"), Refused),
        (sms(text="Hallo \ud83d"), Refused),
        (sms(reference="a;b"), Refused),
        (sms(reference=""), Refused),
        (sms(originator=""), AccountStopped),
        (sms(originator="Zürich"), AccountStopped),
        (sms(originator="x" * 17), AccountStopped),
    ],
)
def test_what_can_not_be_right_does_not_leave(message: Any, expected: type[Outcome]) -> None:
    with answering(lambda _call, _body: pytest.fail("it left")) as gateway:
        assert isinstance(gateway.submit(message), expected)


@pytest.mark.parametrize("originator", ["Praxis-Meier-Lang", "+41791112233"])
def test_the_gateway_refuses_an_originator(aspsms: AspsmsGateway, server: FaultyGateway, originator: str) -> None:
    outcome = aspsms.submit(sms(originator=originator[:16]))
    assert isinstance(outcome, AccountStopped)
    assert outcome.fault is AccountFault.ORIGINATOR
    assert server.accepted() == []


# Every beginning of an answer, over a real socket


@contextmanager
def raw_server(answers: list[bytes], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Gives the address of a server that reads a request, sends these bytes (the first answer first) and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answer in answers:
            plain, _peer = listener.accept()
            connection = tls.wrap_socket(plain, server_side=True) if tls else plain
            with connection:
                received = b""
                while b"\r\n\r\n" not in received:
                    received += connection.recv(65536)
                head, _blank, body = received.partition(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                while len(body) < length:
                    body += connection.recv(65536)
                connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    with listener:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join(10)


@pytest.mark.parametrize("framing", ["length", "chunked", "until_closed"])
def test_every_beginning_of_an_answer_is_in_doubt(framing: str, clock: ManualClock) -> None:
    body = b'{"StatusCode":"1","StatusInfo":"OK"}'
    whole = {
        "length": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body),
        "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        "until_closed": b"HTTP/1.0 200 OK\r\n\r\n" + body,
    }[framing]
    cuts = range(0, len(whole.removesuffix(b"0\r\n\r\n")), 3)  # from the mark of the last part on, all of the answer is there
    with raw_server([whole[:cut] for cut in cuts] + [whole]) as address, closing(AspsmsGateway(access(address, clock))) as gateway:
        for cut in cuts:
            assert isinstance(gateway.submit(sms()), InDoubt), whole[:cut]
        assert gateway.submit(sms()) == Accepted()


# Certificates and proxies


def test_a_server_whose_certificate_is_not_trusted_gets_nothing(tmp_path: Path, clock: ManualClock) -> None:
    with FaultyMailServer(security="tls", folder=tmp_path) as impostor:
        gateway = AspsmsGateway(access(f"https://127.0.0.1:{impostor.port}/", clock))
        assert isinstance(gateway.submit(sms()), NotNow)
        gateway.close()


@pytest.mark.skipif(sys.platform == "win32", reason="the certificates that Windows trusts can't be changed for a test")
def test_the_certificates_of_the_system_are_used(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = FaultyMailServer(security="tls", folder=tmp_path).certificate
    assert certificate is not None
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    body = b'{"StatusCode":"1","StatusInfo":"OK"}'
    with raw_server([b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)], context) as address:
        gateway = AspsmsGateway(access(address, clock))
        assert gateway.submit(sms()) == Accepted()
        gateway.close()


def test_the_proxy_of_the_system_is_used_and_its_refusal_is_not_now(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        connection, _peer = listener.accept()
        with connection:
            asked.append(connection.recv(4096))
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=refuse)
    thread.start()
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{listener.getsockname()[1]}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with listener, closing(AspsmsGateway(access("https://gateway.example/", clock))) as gateway:
        assert isinstance(gateway.submit(sms()), NotNow)
        thread.join(10)
    assert asked[0].startswith(b"CONNECT gateway.example:443 ")
    assert PASSWORD.encode() not in asked[0]


def test_a_proxy_that_can_not_be_used_is_not_now(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "fax://proxy.example")
    with closing(AspsmsGateway(access("https://gateway.example/", clock))) as gateway:
        assert isinstance(gateway.submit(sms()), NotNow)


# Balance


def test_the_balance_is_exact(aspsms: AspsmsGateway, server: FaultyGateway) -> None:
    server.set_credits(ACCOUNT, Decimal("123.45"))
    assert aspsms.balance() == Decimal("123.45")


@pytest.mark.parametrize(
    ("told", "balance"),
    [("0", "0"), ("-3", "-3"), (" 120.50 ", "120.50"), (7, "7"), (120.5, "120.5"), ("1'234.50", "1234.50"), ("1’234’567", "1234567")],
)
def test_a_balance_however_it_is_written(told: object, balance: str) -> None:
    with answering(said(Credits=told, StatusCode="1", StatusInfo="OK")) as gateway:
        assert gateway.balance() == Decimal(balance)


@pytest.mark.parametrize(
    "told",
    ["NaN", "Infinity", "viel", "", None, [], True, "1,5", "1,234.50", "1e400", "1_000", "9" * 20, "1'23", "1''234", "1 234", "１２"],
)
def test_a_balance_that_is_no_number_is_unavailable(told: object) -> None:
    with answering(said(Credits=told, StatusCode="1", StatusInfo="OK")) as gateway, pytest.raises(GatewayUnavailableError):
        gateway.balance()


def test_a_refused_account_is_told(server: FaultyGateway, clock: ManualClock) -> None:
    with closing(AspsmsGateway(access(server.address, clock, "falsch"))) as gateway:
        with pytest.raises(GatewayAccountError) as told:
            gateway.balance()
        assert told.value.fault is AccountFault.AUTHORISATION
        assert "falsch" not in str(told.value)
        with pytest.raises(GatewayAccountError):
            gateway.inquire(["m1"])
        outcome = gateway.submit(sms())
    assert isinstance(outcome, AccountStopped)
    assert server.accepted() == []


# Delivery


def line(reference: str, status: object, notified: object = "2026-11-23T08:00:00Z", **more: object) -> dict[str, object]:
    return {"TransactionReferenceNumber": reference, "DeliveryStatus": status, "NotificationDate": notified, **more}


def newest(*lines: object, code: str = "1", info: str = "OK") -> dict[str, DeliveryReport]:
    with answering(said(StatusCode=code, StatusInfo=info, DeliveryNotifications=list(lines))) as gateway:
        return dict(gateway.inquire(["a", "b"]))


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("-1", DeliveryStatus.NOT_SUBMITTED),
        ("0", DeliveryStatus.DELIVERED),
        ("1", DeliveryStatus.BUFFERED),
        ("2", DeliveryStatus.FAILED),
        (2, DeliveryStatus.FAILED),
    ],
)
def test_delivery_codes(code: object, status: DeliveryStatus) -> None:
    assert newest(line("a", code))["a"].status is status


def test_the_newest_notification_counts_whatever_the_order() -> None:
    buffered, delivered = line("a", "1", "2026-11-23T08:00:00Z"), line("a", "0", "2026-11-23T10:00:00+01:00")
    late = line("a", "2", "2026-11-23T09:30:00Z", Reasoncode="108", ReasoncodeDescription="Validity period expired")
    for order in ([buffered, delivered, late], [late, delivered, buffered]):
        report = newest(*order)["a"]
        assert report == DeliveryReport(
            "a", DeliveryStatus.FAILED, datetime(2026, 11, 23, 9, 30, tzinfo=UTC), "108", "das Telefon war 24 Stunden lang nicht erreichbar"
        )


def test_at_the_same_instant_the_more_final_one_counts() -> None:
    for order in (["1", "0"], ["0", "1"], ["-1", "0"], ["0", "-1"]):
        assert newest(*[line("a", status) for status in order])["a"].status is DeliveryStatus.DELIVERED


def test_a_notification_without_a_date_is_older_than_one_with() -> None:
    assert newest(line("a", "0"), line("a", "1", ""))["a"].status is DeliveryStatus.DELIVERED
    assert newest(line("a", "1", "irgendwann"))["a"].notified_at is None


def test_a_date_without_a_zone_counts_as_utc() -> None:
    assert newest(line("a", "0", "2026-11-23T08:00:00"))["a"].notified_at == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_zero_and_one_both_say_that_the_inquiry_went_well() -> None:
    assert newest(line("a", "0"), code="0", info="OK")
    assert newest(line("a", "0"), code="1", info="")
    with pytest.raises(GatewayUnavailableError):
        newest(line("a", "0"), code="0", info="Unknown error")
    with pytest.raises(GatewayUnavailableError):
        newest(line("a", "0"), code="7")


def test_what_was_not_asked_for_is_ignored() -> None:
    assert set(newest(line("x", "0"), line("a", "0"))) == {"a"}


def test_a_code_that_we_do_not_know_means_known_and_not_done() -> None:
    assert newest(line("a", "7"))["a"].status is DeliveryStatus.BUFFERED


@pytest.mark.parametrize("broken", ["", None, "delivered", "1 0", True, 0.0, [], {}])
def test_a_status_that_can_not_be_read_costs_its_reference_alone(broken: object) -> None:
    reports = newest(line("a", broken), line("b", "0"))
    assert {name: report.status for name, report in reports.items()} == {"a": DeliveryStatus.UNREADABLE, "b": DeliveryStatus.DELIVERED}


def test_a_line_that_can_be_read_is_not_believed_beside_one_that_can_not() -> None:
    failed, unclear = line("a", "2", "2026-11-23T09:30:00Z"), line("a", "?", "2026-11-23T09:40:00Z")
    for order in ([failed, unclear], [unclear, failed]):
        assert newest(*order)["a"].status is DeliveryStatus.UNREADABLE


class Notifying:
    """Answers what a test gives for each reference, and nothing for the others; notes how many each question was about."""

    def __init__(self, lines: Mapping[str, object]) -> None:
        self.lines = lines
        self.asked: list[int] = []

    def __call__(self, _call: str, body: bytes) -> Reply:
        asked = json.loads(body)["TransactionReferenceNumbers"].split(";")
        self.asked.append(len(asked))
        told = [self.lines[reference] for reference in asked if reference in self.lines]
        return Reply(200, json.dumps({"StatusCode": "1", "StatusInfo": "OK", "DeliveryNotifications": told}).encode())


@pytest.mark.parametrize("nameless", [line("", "2"), line("  ", "0"), "m77", None, [], {}, {"DeliveryStatus": "0"}])
def test_a_line_without_a_reference_costs_one_reference_of_200(nameless: object) -> None:
    references = [f"m{number}" for number in range(200)]
    told = Notifying({reference: line(reference, "0") for reference in references} | {"m77": nameless})
    with answering(told) as gateway:
        reports = gateway.inquire(references)
    assert [name for name, report in reports.items() if report.status is DeliveryStatus.UNREADABLE] == ["m77"]
    assert sum(report.status is DeliveryStatus.DELIVERED for report in reports.values()) == 199
    assert len(told.asked) <= 17


def test_a_gateway_that_names_nobody_is_not_asked_without_end() -> None:
    references = [f"m{number}" for number in range(600)]
    told = Notifying({reference: {} for reference in references})
    with answering(told) as gateway:
        reports = gateway.inquire(references)
    assert {report.status for report in reports.values()} == {DeliveryStatus.UNREADABLE}
    assert (len(reports), len(told.asked)) == (600, 3 + FURTHER_QUESTIONS)


@pytest.mark.parametrize("notifications", [None, "", {}, "a"])
def test_an_answer_without_a_list_never_looks_like_unknown(notifications: object) -> None:
    with (
        answering(said(StatusCode="1", StatusInfo="OK", DeliveryNotifications=notifications)) as gateway,
        pytest.raises(GatewayUnavailableError),
    ):
        gateway.inquire(["a"])
    with answering(said(StatusCode="1", StatusInfo="OK")) as gateway, pytest.raises(GatewayUnavailableError):
        gateway.inquire(["a"])


def test_an_unknown_reference_comes_as_not_submitted_or_not_at_all(clock: ManualClock) -> None:
    with FaultyGateway({ACCOUNT: PASSWORD}, clock=clock, unknown_reference="minus_one") as server:
        gateway = AspsmsGateway(access(server.address, clock))
        assert gateway.inquire(["nie"])["nie"].status is DeliveryStatus.NOT_SUBMITTED
        gateway.close()


def test_deliveries_over_time(aspsms: AspsmsGateway, server: FaultyGateway, clock: ManualClock) -> None:
    for number, fate in enumerate(Delivery):
        server.set_delivery(f"+4179000000{number}", fate)
        aspsms.submit(sms(fate.name, recipient=f"+4179000000{number}"))

    def statuses() -> dict[str, str]:
        return {name: report.status.value for name, report in aspsms.inquire([fate.name for fate in Delivery]).items()}

    assert statuses() == {
        "DELIVERED": "delivered",
        "BUFFERED_THEN_DELIVERED": "buffered",
        "BUFFERED_THEN_FAILED": "buffered",
        "FAILED": "failed",
        "NEVER_SUBMITTED": "not_submitted",
    }
    clock.advance(timedelta(hours=1))
    assert statuses() | {"FAILED": "", "NEVER_SUBMITTED": ""} == {
        "DELIVERED": "delivered",
        "BUFFERED_THEN_DELIVERED": "delivered",
        "BUFFERED_THEN_FAILED": "failed",
        "FAILED": "",
        "NEVER_SUBMITTED": "",
    }


# Fuzzed answers

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
codes = st.sampled_from(["1", "0", "3", "5", "10", "20", "30", "2", "OK", " 1 ", 1, 3, None, True]) | json_values
answers = (
    st.fixed_dictionaries({"StatusCode": codes}, optional={"StatusInfo": json_values, "Credits": codes, "x": json_values}) | json_values
)
bodies = st.binary(max_size=60) | answers.map(lambda answer: json.dumps(answer).encode())
statuses = st.sampled_from([200, 200, 200, 200, 201, 302, 400, 401, 403, 404, 408, 429, 500, 502, 503])


def reference_outcome(status: int, body: bytes) -> type[Outcome]:
    """Says again, in other words, what an answer proves: the oracle of the fuzzing."""
    if status == 401:
        return AccountStopped
    if status in (404, 429):
        return NotNow
    if status != 200:
        return InDoubt
    try:
        answer = json.loads(body)
    except ValueError:
        return InDoubt
    if not isinstance(answer, dict) or isinstance(answer.get("StatusCode"), (bool, float)):
        return InDoubt
    meaning: dict[str, type[Outcome]] = {
        "1": Accepted, "3": AccountStopped, "5": AccountStopped, "10": AccountStopped, "30": AccountStopped, "20": Refused,
    }  # fmt: skip
    return meaning.get(str(answer.get("StatusCode")).strip(), InDoubt)


def test_http_401_is_a_refused_login_for_messages_and_questions() -> None:
    with answering(lambda _call, _body: Reply(401, b"")) as gateway:
        outcome = gateway.submit(sms())
        assert isinstance(outcome, AccountStopped)
        assert outcome.fault is AccountFault.AUTHORISATION
        with pytest.raises(GatewayAccountError):
            gateway.balance()


@settings(max_examples=400)
@given(statuses, bodies)
def test_fuzzed_answers_to_a_submission(status: int, body: bytes) -> None:
    with answering(lambda _call, _body: Reply(status, body)) as gateway:
        assert type(gateway.submit(sms())) is reference_outcome(status, body)


@settings(max_examples=400)
@given(statuses, bodies)
def test_fuzzed_answers_about_the_balance(status: int, body: bytes) -> None:
    with answering(lambda _call, _body: Reply(status, body)) as gateway, suppress(GatewayUnavailableError, GatewayAccountError):
        assert gateway.balance().is_finite()


notifications = st.fixed_dictionaries(
    {},
    optional={
        "TransactionReferenceNumber": st.sampled_from(["a", "b", "c", " a", "", 7]) | json_values,
        "DeliveryStatus": st.sampled_from(["-1", "0", "1", "2", "3", "", 0]) | json_values,
        "NotificationDate": st.sampled_from(["2026-11-23T08:00:00Z", "2026-11-24T08:00:00", "", "0001-01-01T00:00:00+14:00"]) | json_values,
        "SubmissionDate": json_values,
        "Reasoncode": json_values,
        "ReasoncodeDescription": json_values,
    },
)


def _named_by(told: object) -> str:
    named = told.get("TransactionReferenceNumber") if isinstance(told, dict) else None
    return str(named).strip() if isinstance(named, str | int) and not isinstance(named, bool) else ""


def _states(told: dict[str, object]) -> bool:
    status = told.get("DeliveryStatus")
    if isinstance(status, bool) or not isinstance(status, str | int):
        return False
    digits = str(status).strip().removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= 4


@settings(max_examples=400)
@given(codes, st.lists(notifications | json_values, max_size=5) | json_values)
def test_fuzzed_notifications(code: object, told: object) -> None:
    with answering(
        lambda _call, _body: Reply(200, json.dumps({"StatusCode": code, "StatusInfo": "OK", "DeliveryNotifications": told}).encode())
    ) as gateway:
        try:
            reports = gateway.inquire(["a", "b"])
        except (GatewayUnavailableError, GatewayAccountError):
            return
    assert isinstance(told, list)
    mentioned = {_named_by(each) for each in told}
    assert set(reports) == ({"a", "b"} if "" in mentioned else mentioned & {"a", "b"})
    for reference, report in reports.items():
        readable = "" not in mentioned and all(_states(each) for each in told if _named_by(each) == reference)
        assert (report.status is not DeliveryStatus.UNREADABLE) == readable
        assert report.reference == reference
        assert report.notified_at is None or report.notified_at.tzinfo is not None


# Secrets and privacy


def test_nothing_secret_is_logged(aspsms: AspsmsGateway, server: FaultyGateway, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.fail_next(GatewayFault.GARBAGE, GatewayFault.DROP_AFTER_ACCEPT, GatewayFault.BUSY_429)
    for number in range(5):
        aspsms.submit(sms(f"m{number}", text="Ein Text für Anna"))
    aspsms.balance()
    aspsms.inquire(["m0"])
    assert "m4" in caplog.text
    for secret in (PASSWORD, "1234567", "Anna"):
        assert secret not in caplog.text
    assert PASSWORD not in repr(aspsms._access)


@pytest.mark.parametrize(
    "address", ["http://json.aspsms.com/", "", "json.aspsms.com", "ftp://x/", "https://", "http://[::1", "https://x:99999/", "https://x:y/"]
)
def test_an_address_that_is_none_or_would_show_the_password_is_refused(address: str, clock: ManualClock) -> None:
    with pytest.raises(GatewayMissingError):
        AspsmsGateway(access(address, clock))


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("107", DeliveryStatus.BUFFERED, "das Telefon ist ausgeschaltet oder ohne Empfang"),
        ("108", DeliveryStatus.BUFFERED, "der Speicher des Telefons ist voll"),
        ("108", DeliveryStatus.FAILED, "das Telefon war 24 Stunden lang nicht erreichbar"),
        ("000", DeliveryStatus.DELIVERED, ""),
        ("000", DeliveryStatus.BUFFERED, ""),
        ("000", DeliveryStatus.NOT_SUBMITTED, ""),
        ("000", DeliveryStatus.FAILED, "die Nummer ist unbekannt"),
        ("999", DeliveryStatus.FAILED, "something new"),
    ],
)
def test_reason_codes_are_told_in_the_users_language(code: str, status: DeliveryStatus, said: str) -> None:
    assert reason_in_words(code, status, "something new") == said
