"""The loopback mail server: what it needs, what it notes."""

from __future__ import annotations

import smtplib
import sys
from pathlib import Path

import pytest

from tests.support.mail import FaultyMailServer, MailFault
from tray_agent.clock import ManualClock
from tray_agent.errors import ConfigurationError


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiosmtpd.smtp", None)
    with pytest.raises(ConfigurationError, match=r"pip install vitoclient-services\[demo\]"):
        FaultyMailServer()


def test_encryption_needs_a_folder() -> None:
    with pytest.raises(ValueError, match="folder"):
        FaultyMailServer(security="starttls")


def test_it_notes_what_it_took_and_when(clock: ManualClock) -> None:
    with FaultyMailServer(clock=clock) as server:
        with smtplib.SMTP("127.0.0.1", server.port, "[127.0.0.1]", timeout=5) as client:
            client.sendmail("a@x.ch", ["b@x.ch", "c@x.ch"], "Message-ID: <m1@x.ch>\r\n\r\nText\r\n")
        taken = server.accepted()
    assert [(each.message_id, each.sender, each.recipient) for each in taken] == [
        ("<m1@x.ch>", "a@x.ch", "b@x.ch"),
        ("<m1@x.ch>", "a@x.ch", "c@x.ch"),
    ]
    assert {each.accepted_at for each in taken} == {clock.now()}


def test_a_message_without_login_or_encryption_is_turned_away(tmp_path: Path) -> None:
    with FaultyMailServer({"praxis": "geheim"}, security="starttls", folder=tmp_path) as server:
        with smtplib.SMTP("127.0.0.1", server.port, "[127.0.0.1]", timeout=5) as client, pytest.raises(smtplib.SMTPException):
            client.sendmail("a@x.ch", ["b@x.ch"], "Text\r\n")
        assert server.accepted() == []


def test_it_can_be_stopped_with_an_open_connection_and_what_waits() -> None:
    server = FaultyMailServer().start()
    server.fail_next(MailFault.SILENT_AFTER_DATA)
    client = smtplib.SMTP("127.0.0.1", server.port, "[127.0.0.1]", timeout=5)
    client.ehlo()
    client.mail("a@x.ch")
    client.rcpt("b@x.ch")
    client.docmd("DATA")
    client.send(b"Text\r\n.\r\n")
    while not server.accepted():
        pass
    server.stop()
    server.stop()
    with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
        client.getreply()
    client.close()
