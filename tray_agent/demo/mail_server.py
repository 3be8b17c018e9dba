"""A real mail server on loopback (aiosmtpd), with encryption, login and a record of what came."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from tray_agent.clock import Clock, SystemClock
from tray_agent.demo.loopback import LoopbackServer
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


class DemoMailServer(LoopbackServer):
    """The server in a thread of this process; a context manager that starts and stops it.

    A subclass may answer with a ``conversation`` of its own.

    Args:
        users: password by user; empty asks for no login.
        security: ``starttls`` and ``tls`` use a certificate made for this server (``certificate`` is the file to trust).
        folder: where the certificate is kept; needed for encryption.
        clock: gives the times in the record.

    Attributes:
        port: where it answers; the system chooses it at the start.

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
        clock: Clock | None = None,
    ) -> None:
        _need_aiosmtpd()
        self.port = 0
        self.certificate = _make_certificate(folder) if security != "none" else None
        self.users = dict(users or {})
        self._security = security
        self._clock = clock or SystemClock()
        self._accepted: list[AcceptedMail] = []
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.connections: set[asyncio.BaseTransport] = set()

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

    def accepted(self) -> list[AcceptedMail]:
        """Returns every message taken so far, in order."""
        with self._lock:
            return list(self._accepted)

    def record(self, sender: str, recipient: str, content: bytes) -> None:
        """Notes a message as taken."""
        message_id = str(email.message_from_bytes(content, policy=email.policy.default)["Message-ID"])
        with self._lock:
            self._accepted.append(AcceptedMail(message_id, sender, recipient, content, self._clock.now()))

    async def _serve(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        implicit = self._context() if self._security == "tls" else None
        server = await self._loop.create_server(self.conversation, self.host, self.port, ssl=implicit)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._ending.wait()
        server.close()
        for transport in self.connections:
            transport.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # lets the transports tell their end while there is still a loop
        await asyncio.sleep(0)

    def conversation(self) -> asyncio.BaseProtocol:
        """Returns what answers on one new connection."""
        return converse(self, MailHandler(self))

    def tls(self) -> ssl.SSLContext | None:
        """Returns what a connection is encrypted with when its client asks for it, or None."""
        return self._context() if self._security == "starttls" else None

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate, self.certificate.with_suffix(".key"))
        return context


class MailHandler:
    """What the server answers at each step of one connection; aiosmtpd calls it."""

    def __init__(self, mail_server: DemoMailServer) -> None:
        self.mail_server = mail_server

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Begins a message."""
        if self.mail_server.users and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Takes a recipient."""
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Takes the text, and with it the message."""
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        for recipient in envelope.rcpt_tos:
            self.mail_server.record(str(envelope.mail_from), recipient, content)
        return "250 2.0.0 OK"


def converse(mail_server: DemoMailServer, handler: MailHandler) -> asyncio.BaseProtocol:
    """Returns a connection whose answers a handler gives."""
    from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

    tls, connections = mail_server.tls(), mail_server.connections

    def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:  # noqa: ANN401 - as aiosmtpd gives it
        known = isinstance(data, LoginPassword) and mail_server.users.get(data.login.decode()) == data.password.decode()
        return AuthResult(success=known, handled=known)

    class Conversation(SMTP):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            connections.add(transport)
            super().connection_made(transport)

        def connection_lost(self, error: Exception | None) -> None:
            connections.discard(self.transport)
            super().connection_lost(error)

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


def _make_certificate(folder: Path | None) -> Path:
    """Makes a certificate for 127.0.0.1 that is valid for some days; returns its file (PEM), the key beside it."""
    if folder is None:
        raise ValueError("an encrypted mail server needs a folder for its certificate")
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
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "mail-server.pem"
    private = serialization.PrivateFormat.PKCS8
    file.with_suffix(".key").write_bytes(key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption()))
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return file
