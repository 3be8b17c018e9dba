"""A real mail server on loopback (aiosmtpd), with encryption, login, a record of what came, and faults on request."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from tray_agent.clock import Clock, SystemClock
from tray_agent.errors import ConfigurationError
from tray_agent.i18n import _

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, slots=True)
class AcceptedMail:
    """An e-mail that the server took, once for each time it took it.

    Attributes:
        content: the whole message as bytes (RFC 5322).
        accepted_at: aware, UTC.
    """

    message_id: str
    sender: str
    recipient: str
    content: bytes
    accepted_at: datetime


class MailFault(StrEnum):
    """What the server can do wrong; the first word says at which step."""

    CONNECT_BUSY = "connect_busy"
    """Greets with 421."""

    SENDER_REFUSED = "sender_refused"
    SENDER_LATER = "sender_later"
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


class MailServer:
    """The server in a thread of this process; a context manager that starts and stops it.

    Args:
        users: password by user; empty asks for no login.
        security: ``starttls`` and ``tls`` use a certificate made for this server (``certificate`` is the file to trust).
        folder: where the certificate is kept; needed for encryption.
        port: 0 lets the system choose.
        clock: gives the times in the record.

    Raises:
        ConfigurationError: the extra ``demo`` (aiosmtpd) is not installed.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        users: Mapping[str, str] | None = None,
        *,
        security: Literal["starttls", "tls", "none"] = "none",
        folder: Path | None = None,
        port: int = 0,
        clock: Clock | None = None,
    ) -> None:
        _need_aiosmtpd()
        self.port = port
        self.certificate = _make_certificate(_folder_for(folder)) if security != "none" else None
        self._users = dict(users or {})
        self._security = security
        self._clock = clock or SystemClock()
        self._faults: deque[MailFault] = deque()
        self._accepted: list[AcceptedMail] = []
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connections: set[asyncio.BaseTransport] = set()

    def start(self) -> Self:
        """Begins to answer and returns itself."""
        if self._thread is None:
            started = threading.Event()
            self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)), name="demo mail server", daemon=True)
            self._thread.start()
            started.wait(10)
        return self

    def stop(self) -> None:
        """Ends; open connections are closed."""
        if self._thread is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join(10)
            self._thread = None

    def __enter__(self) -> Self:
        """Starts."""
        return self.start()

    def __exit__(self, *_error: object) -> None:
        """Ends."""
        self.stop()

    def accepted(self) -> list[AcceptedMail]:
        """Returns every message taken so far, in order."""
        with self._lock:
            return list(self._accepted)

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

    def record(self, sender: str, recipient: str, content: bytes) -> None:
        """Notes a message as taken."""
        message_id = str(email.message_from_bytes(content, policy=email.policy.default)["Message-ID"])
        with self._lock:
            self._accepted.append(AcceptedMail(message_id, sender, recipient, content, self._clock.now()))

    def may_log_in(self, user: str, password: str) -> bool:
        """Returns whether this is a user with this password."""
        return self._users.get(user) == password

    @property
    def asks_for_login(self) -> bool:
        """Returns whether a message needs a login."""
        return bool(self._users)

    async def _serve(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        implicit = self._context() if self._security == "tls" else None
        server = await self._loop.create_server(self._protocol, self.host, self.port, ssl=implicit)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._ending.wait()
        server.close()
        for transport in self._connections:
            transport.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)

    def _protocol(self) -> asyncio.BaseProtocol:
        if self.take_fault(MailFault.CONNECT_BUSY):
            return _Busy()
        return _conversation(self, self._context() if self._security == "starttls" else None, self._connections)

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.certificate.with_suffix(".key"))
        return context


class _Busy(asyncio.Protocol):
    """Turns a connection away at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(b"421 4.3.2 busy, try again later\r\n")
        transport.close()


class _Handler:
    """What the server answers at each step of one connection; aiosmtpd calls it."""

    def __init__(self, mail_server: MailServer) -> None:
        self._server = mail_server
        self._fault: MailFault | None = None

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self._server.asks_for_login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        self._fault = self._server.take_fault()
        if self._fault is MailFault.SENDER_REFUSED:
            return "550 5.7.1 sender refused"
        if self._fault is MailFault.SENDER_LATER:
            return "451 4.3.0 try again later"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self._fault is MailFault.RECIPIENT_REFUSED:
            return "550 5.1.1 unknown user"
        if self._fault is MailFault.RECIPIENT_LATER:
            return "450 4.2.1 greylisted, try again later"
        if self._fault is MailFault.DROP_BEFORE_DATA:
            await _drop(server)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def before_data(self) -> str | None:
        """Returns the answer to DATA, where the message ends there."""
        answers = {MailFault.DATA_REFUSED: "554 5.6.0 no", MailFault.DATA_LATER: "452 4.3.1 full, try again later"}
        return answers.get(self._fault) if self._fault else None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self._fault is MailFault.CONTENT_REFUSED:
            return "554 5.7.1 content refused"
        if self._fault is MailFault.CONTENT_LATER:
            return "451 4.3.0 try again later"
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        for recipient in envelope.rcpt_tos:
            self._server.record(str(envelope.mail_from), recipient, content)
        if self._fault is MailFault.DROP_AFTER_DATA:
            await _drop(server)
        if self._fault is MailFault.SILENT_AFTER_DATA:
            await asyncio.sleep(3600)
        return "250 2.0.0 OK"


async def _drop(server: SMTP) -> None:
    """Closes the connection without a word; the conversation ends here."""
    if server.transport is not None:
        server.transport.close()
    await asyncio.sleep(3600)  # cancelled as soon as the connection is gone


def _conversation(mail_server: MailServer, tls: ssl.SSLContext | None, connections: set[asyncio.BaseTransport]) -> asyncio.BaseProtocol:
    from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

    handler = _Handler(mail_server)

    def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:  # noqa: ANN401 - as aiosmtpd gives it
        known = isinstance(data, LoginPassword) and mail_server.may_log_in(data.login.decode(), data.password.decode())
        return AuthResult(success=known, handled=known)

    class Conversation(SMTP):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            connections.add(transport)
            super().connection_made(transport)

        def connection_lost(self, error: Exception | None) -> None:
            connections.discard(self.transport)
            super().connection_lost(error)

        async def smtp_DATA(self, arg: str) -> None:
            answer = handler.before_data()
            if answer is None:
                await super().smtp_DATA(arg)
            else:
                await self.push(answer)

    conversation: asyncio.BaseProtocol = Conversation(
        handler,
        hostname="localhost",
        enable_SMTPUTF8=True,
        tls_context=tls,
        require_starttls=tls is not None,
        authenticator=authenticate,
        auth_require_tls=tls is not None,
        loop=asyncio.get_running_loop(),
    )
    return conversation


def _need_aiosmtpd() -> None:
    try:
        import aiosmtpd.smtp  # noqa: F401 - only whether it is there
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            _("Mailserver der Vorführung fehlt"),
            _("Für die Vorführung braucht es einen Mailserver, der nicht mitinstalliert wurde (Zusatz «demo»)."),
            _("Mit «pip install vitoclient-services[demo]» nachinstallieren."),
            item="aiosmtpd",
        ) from error


def _folder_for(folder: Path | None) -> Path:
    if folder is None:
        raise ValueError("an encrypted mail server needs a folder for its certificate")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _make_certificate(folder: Path) -> Path:
    """Makes a certificate for 127.0.0.1 that is valid for some days; returns its file (PEM), the key beside it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = SystemClock().now()
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "mail-server.pem"
    private = serialization.PrivateFormat.PKCS8
    file.with_suffix(".key").write_bytes(key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption()))
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return file
