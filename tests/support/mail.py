"""The loopback mail server with faults on request."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from tray_agent.demo.mail_server import DemoMailServer, MailHandler, converse


class MailFault(StrEnum):
    """What the server can do wrong; the first word says at which step."""

    CONNECT_BUSY = "connect_busy"
    """Greets with 421."""

    SENDER_REFUSED = "sender_refused"
    SENDER_LATER = "sender_later"
    SENDER_LEAVES = "sender_leaves"
    """Ends the connection with 421 instead of taking one more message."""

    RECIPIENT_REFUSED = "recipient_refused"
    RECIPIENT_LATER = "recipient_later"
    DATA_REFUSED = "data_refused"
    """Refuses the DATA command."""

    DATA_LATER = "data_later"
    CONTENT_REFUSED = "content_refused"
    """Reads the whole text and refuses it."""

    CONTENT_LATER = "content_later"
    DROP_BEFORE_DATA = "drop_before_data"
    """Closes the connection instead of an answer to RCPT."""

    DROP_AFTER_DATA = "drop_after_data"
    """Takes the message and closes the connection without an answer."""

    SILENT_AFTER_DATA = "silent_after_data"
    """Takes the message and never answers."""


_AT_SENDER: dict[MailFault | None, str] = {
    MailFault.SENDER_REFUSED: "550 5.7.1 sender refused",
    MailFault.SENDER_LATER: "451 4.3.0 try again later",
    MailFault.SENDER_LEAVES: "421 4.4.2 too many messages in this connection",
}
_AT_RECIPIENT: dict[MailFault | None, str] = {
    MailFault.RECIPIENT_REFUSED: "550 5.1.1 unknown user",
    MailFault.RECIPIENT_LATER: "450 4.2.1 greylisted, try again later",
}
_AT_DATA: dict[MailFault | None, str] = {
    MailFault.DATA_REFUSED: "554 5.6.0 no",
    MailFault.DATA_LATER: "452 4.3.1 full, try again later",
}
_AT_CONTENT: dict[MailFault | None, str] = {
    MailFault.CONTENT_REFUSED: "554 5.7.1 content refused",
    MailFault.CONTENT_LATER: "451 4.3.0 try again later",
}


class FaultyMailServer(DemoMailServer):
    """The loopback mail server, whose next messages may meet faults; on a port of one's choice.

    Args:
        before_answer: called before each answer: a slow server moves the clock.

    Attributes:
        conversations: how many connections were made.
    """

    def __init__(
        self, users: Mapping[str, str] | None = None, *, port: int = 0, before_answer: Callable[[], None] | None = None, **usual: Any
    ) -> None:
        super().__init__(users, **usual)
        self.port = port
        self.conversations = 0
        self._before_answer = before_answer
        self._faults: deque[MailFault] = deque()

    def fail_next(self, *faults: MailFault) -> None:
        """Uses these faults for the next messages, one each, in order."""
        with self._lock:
            self._faults = deque(faults)

    def take_fault(self, *only: MailFault) -> MailFault | None:
        """Takes the next fault, if it is one of these (or whatever it is)."""
        with self._lock:
            if self._faults and (not only or self._faults[0] in only):
                return self._faults.popleft()
            return None

    def conversation(self) -> asyncio.BaseProtocol:
        """Answers a new connection, or turns it away at once."""
        self.conversations += 1
        if self.take_fault(MailFault.CONNECT_BUSY):
            return _Busy()
        conversation = converse(self, _FaultyHandler(self))
        return conversation if self._before_answer is None else _slow(conversation, self._before_answer)


def _slow(conversation: Any, before_answer: Callable[[], None]) -> asyncio.BaseProtocol:
    """Lets something happen before each answer, the greeting included."""
    push = conversation.push

    async def slow(status: str | bytes) -> None:
        if status[3:4] in (" ", b" "):  # the last line of an answer
            before_answer()
        await push(status)

    conversation.push = slow
    slowed: asyncio.BaseProtocol = conversation
    return slowed


class _Busy(asyncio.Protocol):
    """Turns a connection away at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(b"421 4.3.2 busy, try again later\r\n")
        transport.close()


class _FaultyHandler(MailHandler):
    """Answers as the fault of the message wants it; every message asks for one at its beginning."""

    def __init__(self, mail_server: FaultyMailServer) -> None:
        super().__init__(mail_server)
        self._faulty = mail_server
        self._fault: MailFault | None = None

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        usual = await super().handle_MAIL(server, session, envelope, address, options)
        self._fault = self._faulty.take_fault() if envelope.mail_from else None
        if self._fault in _AT_SENDER:
            envelope.mail_from = None
        return _AT_SENDER.get(self._fault, usual)

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self._fault in _AT_RECIPIENT:
            return _AT_RECIPIENT[self._fault]
        if self._fault is MailFault.DROP_BEFORE_DATA:
            await _drop(server)
        if self._fault in _AT_DATA:
            # aiosmtpd asks no handler when DATA comes: its own method stands aside for this message
            server._smtp_methods["DATA"] = self._refuse_data(server, _AT_DATA[self._fault])
        return await super().handle_RCPT(server, session, envelope, address, options)

    def _refuse_data(self, server: SMTP, answer: str) -> object:
        usual = server._smtp_methods["DATA"]

        async def refuse(_argument: str) -> None:
            server._smtp_methods["DATA"] = usual
            await server.push(answer)

        return refuse

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self._fault in _AT_CONTENT:
            return _AT_CONTENT[self._fault]
        usual = await super().handle_DATA(server, session, envelope)
        if self._fault is MailFault.DROP_AFTER_DATA:
            await _drop(server)
        if self._fault is MailFault.SILENT_AFTER_DATA:
            await asyncio.sleep(3600)
        return usual


async def _drop(server: SMTP) -> None:
    """Closes the connection without a word; the conversation ends here."""
    if server.transport is not None:
        server.transport.close()
    await asyncio.sleep(3600)  # cancelled as soon as the connection is gone
