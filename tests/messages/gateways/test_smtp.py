"""E-mail against a real SMTP server on loopback, with a fault at every step."""

from __future__ import annotations

import email
import email.policy
import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from io import BufferedReader
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.messages.memory_gateways import MemoryMailGateway
from tests.support.mail import FaultyMailServer, MailFault
from tray_agent.clock import ManualClock
from tray_agent.config.machine import MailSection
from tray_agent.errors import ConfigurationError
from tray_agent.messages.gateways.contract import (
    Accepted,
    AccountFault,
    AccountStopped,
    GatewayAccountError,
    GatewayUnavailableError,
    InDoubt,
    MailGateway,
    NotNow,
    OutgoingMail,
    Refused,
    too_late,
)
from tray_agent.messages.gateways.smtp import SmtpGateway, message_id

MAIL = OutgoingMail(
    reference="m-4711",
    recipient="anna.mueller@example.ch",
    sender="praxis@example.ch",
    sender_name="Praxis am Bahnhof, Zürich",
    subject="Ihr Termin – Dienstag",
    text="Guten Tag Frau Müller\n\n.Ein Punkt am Anfang\nŠarić ’ 😀\n",
    calendar=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
)


@pytest.fixture
def mail_server(clock: ManualClock) -> Iterator[FaultyMailServer]:
    with FaultyMailServer(clock=clock) as server:
        yield server


@pytest.fixture
def gateway(mail_server: FaultyMailServer, clock: ManualClock) -> Iterator[SmtpGateway]:
    gateway = smtp_at("127.0.0.1", mail_server.port, "none", clock=clock, seconds=5.0)
    yield gateway
    gateway.close()


def smtp_at(
    host: str,
    port: int,
    security: Literal["starttls", "tls", "none"] = "starttls",
    user: str = "",
    password: str = "",
    trusted: str = "",
    *,
    clock: ManualClock,
    seconds: float = 30.0,
) -> SmtpGateway:
    return SmtpGateway(MailSection(host=host, port=port, security=security, user=user, certificate=trusted), password, clock, seconds)


def logging_in(
    server: FaultyMailServer,
    password: str,
    clock: ManualClock,
    security: Literal["starttls", "tls"] = "starttls",
    *,
    host: str = "localhost",
) -> SmtpGateway:
    return smtp_at(host, server.port, security, "praxis", password, str(server.certificate), clock=clock, seconds=5.0)


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_the_message_arrives_as_it_was_written(gateway: SmtpGateway, mail_server: FaultyMailServer) -> None:
    assert gateway.submit(MAIL) == Accepted()

    (taken,) = mail_server.accepted()
    message = parsed(taken.content)
    assert (taken.sender, taken.recipient) == (MAIL.sender, MAIL.recipient)
    assert message["Subject"] == MAIL.subject
    assert message["From"].addresses[0].display_name == MAIL.sender_name
    assert message["Auto-Submitted"] == "auto-generated"
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == MAIL.text.splitlines()
    (calendar,) = message.iter_attachments()
    assert calendar.get_content_type() == "text/calendar"
    assert calendar.get_filename() == "termin.ics"
    assert calendar["Content-Type"].params["method"] == "PUBLISH"
    assert "BEGIN:VCALENDAR" in calendar.get_content()


def test_without_a_calendar_there_is_no_attachment(gateway: SmtpGateway, mail_server: FaultyMailServer) -> None:
    gateway.submit(replace(MAIL, calendar=None))
    assert list(parsed(mail_server.accepted()[0].content).iter_attachments()) == []


def test_every_attempt_has_the_same_message_id(gateway: SmtpGateway, mail_server: FaultyMailServer) -> None:
    gateway.submit(MAIL)
    gateway.submit(MAIL)
    assert {taken.message_id for taken in mail_server.accepted()} == {"<m-4711@example.ch>"}
    assert message_id(replace(MAIL, reference="a b>\r\nX: y")) == "<a-b---X--y@example.ch>"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (MailFault.CONNECT_BUSY, NotNow),
        (MailFault.SENDER_REFUSED, AccountStopped),
        (MailFault.SENDER_LATER, NotNow),
        (MailFault.RECIPIENT_REFUSED, Refused),
        (MailFault.RECIPIENT_LATER, NotNow),
        (MailFault.DROP_BEFORE_DATA, NotNow),
        (MailFault.DATA_REFUSED, NotNow),
        (MailFault.DATA_LATER, NotNow),
        (MailFault.CONTENT_REFUSED, AccountStopped),
        (MailFault.CONTENT_LATER, NotNow),
    ],
)
def test_a_fault_at_each_step_that_proves_that_nothing_was_taken(
    gateway: SmtpGateway, mail_server: FaultyMailServer, fault: MailFault, expected: type[object]
) -> None:
    mail_server.fail_next(fault)

    assert isinstance(gateway.submit(MAIL), expected)
    assert mail_server.accepted() == []
    assert gateway.submit(MAIL) == Accepted()


@pytest.mark.parametrize("fault", [MailFault.DROP_AFTER_DATA, MailFault.SILENT_AFTER_DATA])
def test_what_breaks_after_the_text_went_out_is_in_doubt(mail_server: FaultyMailServer, clock: ManualClock, fault: MailFault) -> None:
    gateway = smtp_at("127.0.0.1", mail_server.port, "none", clock=clock, seconds=0.3)
    mail_server.fail_next(fault)

    assert isinstance(gateway.submit(MAIL), InDoubt)
    assert len(mail_server.accepted()) == 1
    assert gateway.submit(replace(MAIL, reference="m-2")) == Accepted()
    gateway.close()


def test_no_server_is_not_now(clock: ManualClock) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        outcome = smtp_at("127.0.0.1", free.getsockname()[1], "none", clock=clock, seconds=1.0).submit(MAIL)
    assert isinstance(outcome, NotNow)


def test_an_unknown_host_is_not_now(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert isinstance(smtp_at("mail.example.ch", 25, "starttls", clock=clock).submit(MAIL), NotNow)


def test_a_connection_is_kept_for_the_next_message(
    gateway: SmtpGateway, mail_server: FaultyMailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.submit(MAIL)
    monkeypatch.setattr("tray_agent.messages.gateways.smtp._connect", lambda *_: pytest.fail("a second connection"))
    assert gateway.submit(MAIL) == Accepted()


def test_a_kept_connection_that_died_is_replaced(mail_server: FaultyMailServer, clock: ManualClock) -> None:
    gateway = smtp_at("127.0.0.1", mail_server.port, "none", clock=clock, seconds=5.0)
    gateway.submit(MAIL)
    mail_server.stop()
    with FaultyMailServer(port=mail_server.port, clock=clock) as again:
        assert gateway.submit(MAIL) == Accepted()
        assert len(again.accepted()) == 1
        gateway.close()


def test_a_kept_connection_that_the_server_ends_is_replaced_at_once(mail_server: FaultyMailServer, gateway: SmtpGateway) -> None:
    assert gateway.submit(MAIL) == Accepted()
    mail_server.fail_next(MailFault.SENDER_LEAVES)
    assert gateway.submit(replace(MAIL, reference="m-2")) == Accepted()
    assert (mail_server.conversations, len(mail_server.accepted())) == (2, 2)


def test_a_new_connection_that_the_server_ends_is_no_new_attempt(mail_server: FaultyMailServer, gateway: SmtpGateway) -> None:
    mail_server.fail_next(MailFault.SENDER_LEAVES)
    outcome = gateway.submit(MAIL)
    assert isinstance(outcome, NotNow)
    assert outcome.sentence.endswith("(421).")
    assert (mail_server.conversations, len(mail_server.accepted())) == (1, 0)


def test_a_connection_that_was_idle_too_long_is_replaced(gateway: SmtpGateway, clock: ManualClock) -> None:
    gateway.submit(MAIL)
    clock.advance(timedelta(minutes=2))
    assert gateway.submit(MAIL) == Accepted()


def test_threads_share_the_gateway(gateway: SmtpGateway, mail_server: FaultyMailServer) -> None:
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(lambda number: gateway.submit(replace(MAIL, reference=f"m{number}")), range(40)))
    assert outcomes == [Accepted()] * 40
    assert {taken.message_id for taken in mail_server.accepted()} == {f"<m{number}@example.ch>" for number in range(40)}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_with_login(tmp_path: Path, clock: ManualClock, security: Literal["starttls", "tls"]) -> None:
    with FaultyMailServer({"praxis": "geheim-7"}, security=security, folder=tmp_path, clock=clock) as server:
        gateway = logging_in(server, "geheim-7", clock, security)
        assert gateway.submit(MAIL) == Accepted()
        gateway.close()
        assert len(server.accepted()) == 1


def test_a_wrong_password_stops_the_account(tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with FaultyMailServer({"praxis": "geheim-7"}, security="starttls", folder=tmp_path, clock=clock) as server:
        gateway = logging_in(server, "falsches-passwort", clock)
        outcome = gateway.submit(MAIL)
    assert isinstance(outcome, AccountStopped)
    assert outcome.fault is AccountFault.AUTHORISATION
    assert "falsches-passwort" not in caplog.text
    assert "falsches-passwort" not in repr(gateway)


def test_the_check_logs_in_and_sends_nothing(gateway: SmtpGateway, mail_server: FaultyMailServer) -> None:
    gateway.check()
    gateway.check()
    assert mail_server.accepted() == []


def test_the_check_tells_a_refused_login_from_a_server_that_is_away(tmp_path: Path, clock: ManualClock) -> None:
    with FaultyMailServer({"praxis": "geheim"}, security="starttls", folder=tmp_path, clock=clock) as server:
        gateway = logging_in(server, "falsch", clock, host="127.0.0.1")
        with pytest.raises(GatewayAccountError):
            gateway.check()
    with pytest.raises(GatewayUnavailableError):
        gateway.check()


def test_a_password_that_smtp_can_not_carry_stops_the_account(tmp_path: Path, clock: ManualClock) -> None:
    with FaultyMailServer({"praxis": "geheim"}, security="starttls", folder=tmp_path, clock=clock) as server:
        gateway = logging_in(server, "schlüssel", clock)
        assert isinstance(gateway.submit(MAIL), AccountStopped)


def test_a_missing_login_stops_the_account(tmp_path: Path, clock: ManualClock) -> None:
    with FaultyMailServer({"praxis": "geheim"}, security="starttls", folder=tmp_path, clock=clock) as server:
        gateway = smtp_at("localhost", server.port, "starttls", trusted=str(server.certificate), clock=clock, seconds=5.0)
        outcome = gateway.submit(MAIL)
        gateway.close()
        assert isinstance(outcome, AccountStopped)
        assert outcome.fault is AccountFault.AUTHORISATION
        assert server.accepted() == []


def test_nothing_is_sent_where_the_server_offers_no_encryption(mail_server: FaultyMailServer, clock: ManualClock) -> None:
    outcome = smtp_at("127.0.0.1", mail_server.port, "starttls", clock=clock, seconds=5.0).submit(MAIL)
    assert isinstance(outcome, AccountStopped)
    assert mail_server.accepted() == []


def test_nothing_is_sent_to_a_server_whose_certificate_is_not_trusted(tmp_path: Path, clock: ManualClock) -> None:
    with FaultyMailServer(security="starttls", folder=tmp_path, clock=clock) as server:
        outcome = smtp_at("localhost", server.port, "starttls", clock=clock, seconds=5.0).submit(MAIL)
        assert isinstance(outcome, AccountStopped)
        assert server.accepted() == []


def test_a_password_never_goes_over_the_network_in_the_clear(clock: ManualClock) -> None:
    with pytest.raises(ConfigurationError):
        smtp_at("mail.example.ch", 25, "none", "praxis", "geheim", clock=clock)
    with pytest.raises(ConfigurationError):
        smtp_at("", 25, clock=clock)
    with pytest.raises(ConfigurationError, match=r"gibt-es-nicht\.pem"):
        smtp_at("mail.example.ch", 25, trusted="gibt-es-nicht.pem", clock=clock)


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "anna",
        "anna@",
        "@example.ch",
        "anna@example.ch\r\nRCPT TO:<x@y.ch>",
        "a b@example.ch",
        "anna@exa mple.ch",
        "anna@example..ch",
        "a\ud800@x.ch",
    ],
)
def test_an_address_that_is_none_is_refused_without_a_connection(clock: ManualClock, recipient: str) -> None:
    gateway = smtp_at("127.0.0.1", 1, "none", clock=clock)
    assert isinstance(gateway.submit(replace(MAIL, recipient=recipient)), Refused)


@pytest.mark.parametrize("sender", ["", "praxis", "praxis@example..ch", "Praxis <praxis@example.ch>"])
def test_a_sender_that_is_no_address_stops_the_batch_and_costs_no_message(clock: ManualClock, sender: str) -> None:
    outcome = smtp_at("127.0.0.1", 1, "none", clock=clock).submit(replace(MAIL, sender=sender))
    assert isinstance(outcome, AccountStopped)
    assert outcome.fault is AccountFault.ORIGINATOR


def test_a_text_that_may_no_longer_leave_is_not_sent(gateway: SmtpGateway, mail_server: FaultyMailServer) -> None:
    assert gateway.submit(replace(MAIL, may_leave=lambda: False)) == too_late()
    assert gateway.submit(MAIL) == Accepted()
    assert len(mail_server.accepted()) == 1


def test_line_breaks_in_subject_and_name_can_not_add_headers(gateway: SmtpGateway, mail_server: FaultyMailServer) -> None:
    assert gateway.submit(replace(MAIL, subject="Termin\r\nBcc: x@y.ch", sender_name="Praxis\r\nX: y")) == Accepted()
    message = parsed(mail_server.accepted()[0].content)
    assert message["Bcc"] is None
    assert message["X"] is None


@pytest.mark.parametrize(
    "mail",
    [replace(MAIL, text="Anna \ud83d"), replace(MAIL, subject="\ud83d"), replace(MAIL, sender_name="\udc00"), replace(MAIL, text=" \n")],
)
def test_half_a_character_and_an_empty_text_are_refused_without_a_connection(mail: OutgoingMail, clock: ManualClock) -> None:
    """Raising would leave the message in doubt: nobody could say that it never left."""
    assert isinstance(smtp_at("127.0.0.1", 1, "none", clock=clock).submit(mail), Refused)


def test_every_attempt_is_the_same_to_the_byte(gateway: SmtpGateway, mail_server: FaultyMailServer) -> None:
    assert [gateway.submit(MAIL), gateway.submit(MAIL)] == [Accepted(), Accepted()]
    first, second = mail_server.accepted()
    assert first.content == second.content


def test_the_head_tells_when_it_was_written_at_each_attempt(
    gateway: SmtpGateway, mail_server: FaultyMailServer, clock: ManualClock
) -> None:
    mail = replace(MAIL, dated_at=clock.now() - timedelta(hours=3))
    gateway.submit(mail)
    clock.advance(timedelta(hours=2))
    gateway.submit(mail)
    first, second = mail_server.accepted()
    assert first.content == second.content
    assert b"X-Auto-Response-Suppress: OOF, AutoReply" in first.content


def test_addresses_with_umlauts_arrive(gateway: SmtpGateway, mail_server: FaultyMailServer) -> None:
    assert gateway.submit(replace(MAIL, recipient="anna@zürich.example")) == Accepted()
    assert gateway.submit(replace(MAIL, recipient="jürg@example.ch")) == Accepted()
    assert [taken.recipient for taken in mail_server.accepted()] == ["anna@xn--zrich-kva.example", "jürg@example.ch"]


@pytest.mark.parametrize(
    ("domain", "told"),
    [("straße.ch", "xn--strae-oqa.ch"), ("bücher.example.ch", "xn--bcher-kva.example.ch"), ("例え.テスト", "xn--r8jz45g.xn--zckzah")],
)
def test_a_domain_is_written_by_the_rules_of_today(gateway: SmtpGateway, mail_server: FaultyMailServer, domain: str, told: str) -> None:
    """By those of 2003 a message to straße.ch would go to the people of strasse.ch."""
    assert gateway.submit(replace(MAIL, recipient=f"anna@{domain}")) == Accepted()
    (taken,) = mail_server.accepted()
    assert taken.recipient == f"anna@{told}"


def test_no_text_and_no_whole_address_in_the_log(gateway: SmtpGateway, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "tray_agent")
    gateway.submit(MAIL)
    said = "".join(record.getMessage() for record in caplog.records if record.name.startswith("tray_agent"))
    assert "m-4711" in said
    assert "anna.mueller" not in said
    assert "Müller" not in said


def test_the_double_takes_messages_as_well() -> None:
    double = MemoryMailGateway(lambda mail: InDoubt("?") if mail.reference == "m9" else None)
    gateway: MailGateway = double
    assert gateway.submit(MAIL) == Accepted()
    assert gateway.submit(replace(MAIL, reference="m9")) == InDoubt("?")
    assert double.taken == [MAIL]
    gateway.close()


# Replies that make no sense


@contextmanager
def speaking(replies: list[bytes]) -> Iterator[int]:
    """Gives the port of a server that answers line by line from a script, whatever it is told, and then hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):  # the client hangs up first
            connection, _peer = listener.accept()
            with connection, connection.makefile("rb") as received:
                answer(connection, received)

    def answer(connection: socket.socket, received: BufferedReader) -> None:
        for number, reply in enumerate(replies):
            connection.sendall(reply + b"\r\n")
            in_text = number == 4 and reply.startswith(b"354")
            while number < 5 and (line := received.readline()) and in_text and line != b".\r\n":
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with listener:
        yield listener.getsockname()[1]
    thread.join(5)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "text"])
@pytest.mark.parametrize(
    ("refusal", "fault"),
    [
        (b"553 5.7.1 <praxis@example.ch>: Sender address rejected: not owned by user x", AccountFault.ORIGINATOR),
        (b"550 5.1.8 Bad sender's system address", AccountFault.ORIGINATOR),
        (b"550 5.7.60 SMTP; Client does not have permissions to send as this sender", AccountFault.ORIGINATOR),
        (b"554 5.2.252 SendAsDenied; praxis@example.ch not allowed to send as", AccountFault.ORIGINATOR),
        (b"554 5.7.1 <anna.mueller@example.ch>: Relay access denied", AccountFault.AUTHORISATION),
        (b"550 5.7.57 Client not authenticated to send mail", AccountFault.AUTHORISATION),
        (b"530 5.7.0 Authentication required", AccountFault.AUTHORISATION),
    ],
)
def test_a_refusal_of_the_sender_costs_no_message_at_whatever_step_it_is_told(step: str, refusal: bytes, fault: AccountFault) -> None:
    at = {"MAIL": 2, "RCPT": 3, "DATA": 4, "text": 5}[step]
    with speaking([*good[:at], refusal]) as port:
        gateway = smtp_at("127.0.0.1", port, "none", clock=ManualClock(datetime(2026, 11, 23, tzinfo=UTC)), seconds=5.0)
        outcome = gateway.submit(MAIL)
        gateway.close()
    assert isinstance(outcome, AccountStopped)
    assert outcome.fault is fault


@pytest.mark.parametrize("step", [3, 5])
@pytest.mark.parametrize(
    "refusal",
    [
        b"550 5.1.1 <anna.mueller@example.ch>: Recipient address rejected: User unknown in relay recipient table",
        b"550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    ],
)
def test_a_refusal_of_one_recipient_holds_no_other_up(step: int, refusal: bytes) -> None:
    with speaking([*good[:step], refusal]) as port:
        gateway = smtp_at("127.0.0.1", port, "none", clock=ManualClock(datetime(2026, 11, 23, tzinfo=UTC)), seconds=5.0)
        outcome = gateway.submit(MAIL)
        gateway.close()
    assert isinstance(outcome, Refused)


@pytest.mark.parametrize("step", [3, 5])
@pytest.mark.parametrize(
    "refusal", [b"550 no", b"550 5.7.1 mail from praxis@example.ch to anna.mueller@example.ch refused", b"554 5.0.0 error"]
)
def test_a_refusal_that_says_nothing_of_the_recipient_writes_nobody_off(step: int, refusal: bytes) -> None:
    with speaking([*good[:step], refusal]) as port:
        gateway = smtp_at("127.0.0.1", port, "none", clock=ManualClock(datetime(2026, 11, 23, tzinfo=UTC)), seconds=5.0)
        outcome = gateway.submit(MAIL)
        gateway.close()
    assert isinstance(outcome, NotNow)
    assert refusal[4:].decode().replace("anna.mueller@", "a***@") in outcome.sentence


senseless = [b"199 ?", b"999 ?", b"abc", b"", b"25", b"-1 x", b"220 hi", b"354 go"]
reply = st.sampled_from([b"250 ok", b"250 ok", b"421 bye", b"450 later", b"550 no", *senseless])
good = [b"220 hi", b"250 ok", b"250 ok", b"250 ok", b"354 go", b"250 ok"]


@settings(max_examples=80, deadline=None)
@given(st.tuples(*(st.just(step) | reply for step in good)).map(list), st.integers(0, 6))
@example(good, 6)
@example([*good[:5], b"abc"], 6)
@example([*good[:5], b"999 ?"], 6)
@example([good[0], b"220 hi", *good[2:]], 6)
def test_only_a_yes_to_the_text_counts_as_taken_and_only_what_follows_it_as_doubt(replies: list[bytes], said: int) -> None:
    with speaking(replies[:said]) as port:
        gateway = smtp_at("127.0.0.1", port, "none", clock=ManualClock(datetime(2026, 11, 23, tzinfo=UTC)), seconds=2.0)
        outcome = gateway.submit(MAIL)
        gateway.close()
    greeted = replies[1].startswith((b"250", b"220"))  # any 2xx is an answer to EHLO
    others = [pair for place, pair in enumerate(zip(replies[:5], good[:5], strict=True)) if place != 1]
    text_went_out = said >= 5 and greeted and all(given.startswith(wanted[:3]) for given, wanted in others)
    assert isinstance(outcome, Accepted) == (text_went_out and said == 6 and replies[5].startswith(b"250"))
    if isinstance(outcome, InDoubt):
        assert text_went_out
    if text_went_out and (said == 5 or replies[5] in senseless):
        assert isinstance(outcome, InDoubt)
