"""Each cause for which a server can't be had has its sentence and its advice: at metadata and at payload alike."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import format_datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from urllib3.exceptions import NewConnectionError

from tests.support.portal import FaultyPortal, FaultyPortalHandler, PortalFault
from tray_agent.clock import ManualClock
from tray_agent.demo.portal import DemoPortal
from tray_agent.demo.portal_server import Request
from tray_agent.downloads.errors import PortalUnavailableError, TransferError
from tray_agent.downloads.portal import Portal, metadata_folder
from tray_agent.downloads.transfer import Transfer, TransferLimits, Wanted
from tray_agent.errors import KnownError
from tray_agent.web import causes, system_network
from tray_agent.web.causes import Cause, Why, why
from tray_agent.web.client import Patience, Web

NOW = dt.datetime.now(dt.UTC)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass
class Certificates:
    """Makes certificates for 127.0.0.1, by an authority of its own."""

    folder: Path

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.authority = (
            self._begun("authority", "authority", dt.timedelta(days=-30), dt.timedelta(days=30))
            .public_key(self.key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def _begun(self, subject: str, issuer: str, since: dt.timedelta, until: dt.timedelta) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).serial_number(x509.random_serial_number())
        return builder.not_valid_before(NOW + since).not_valid_after(NOW + until)

    def made(self, *, by_itself: bool = False, host: str = "127.0.0.1", since: int = -20, until: int = 20) -> Path:
        """Returns the file of a certificate that holds from so many days on until so many days on."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        begun = self._begun("server", "server" if by_itself else "authority", dt.timedelta(days=since), dt.timedelta(days=until))
        made = begun.public_key(key.public_key()).add_extension(names, critical=False).sign(key if by_itself else self.key, hashes.SHA256())
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file = self.folder / "server.pem"
        file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
        return file


@dataclass
class Asked:
    """What metadata and payload of one address come to."""

    demo: DemoPortal
    folder: Path
    clock: ManualClock

    def told(self, address: str) -> tuple[KnownError, KnownError]:
        """Returns what is told when the portal is asked, and when a file is fetched."""
        root = self.demo.root_file.read_bytes()
        web = Web(Patience(connect=2, read=0.3))
        try:
            with pytest.raises(PortalUnavailableError) as metadata:
                Portal(address, root, metadata_folder(self.folder / "data", root), web, self.clock).refresh()
            wanted = Wanted(f"{address}/targets/x.msi", "Update 2.69.001", 10, (("sha256", "0" * 64),), self.folder / "here" / "x.msi")
            with pytest.raises(TransferError) as payload:
                Transfer(web, self.clock, TransferLimits(reserve=0, attempts=2)).fetch(wanted)
        finally:
            web.close()
        return metadata.value, payload.value

    def is_told(self, address: str, cause: Cause, *words: str) -> None:
        """Checks that both tell this cause with its advice."""
        expected = Why(cause, address)
        pieces = re.split(r"\{\w+\}", causes._WORDS[cause][0])
        for error in self.told(address):
            assert all(piece in error.message for piece in pieces)
            for word in (*words, "127.0.0.1" if "{host}" in causes._WORDS[cause][0] else ""):
                assert word in str(error)
            assert error.advice.startswith(expected.advice.partition("127.0.0.1")[0])
            assert "{" not in str(error)
            assert "geheim" not in str(error)


@pytest.fixture
def asked(demo: DemoPortal, tmp_path: Path, clock: ManualClock) -> Asked:
    return Asked(demo, tmp_path, clock)


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    """Has this machine believe one authority."""
    made = Certificates(tmp_path)
    authority = tmp_path / "authority.pem"
    authority.write_bytes(made.authority.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setattr(system_network, "trusted_certificates", lambda: ssl.create_default_context(cafile=str(authority)))
    return made


@contextmanager
def served(folder: Path, certificate: Path | None = None, fault: PortalFault | None = None) -> Iterator[str]:
    """Serves, over TLS where a certificate is given, and gives the address."""
    server = FaultyPortal(folder, fault=fault)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server._http.socket = context.wrap_socket(server._http.socket, server_side=True)
    with server:
        yield server.address.replace("http:", "https:") if certificate else server.address


CERTIFICATES: dict[Cause, Callable[[Certificates], Path]] = {
    Cause.WRONG_NAME: lambda made: made.made(host="127.0.0.2"),
    Cause.SELF_SIGNED: lambda made: made.made(by_itself=True),
    Cause.EXPIRED: lambda made: made.made(until=-1),
}


@pytest.mark.parametrize("cause", CERTIFICATES)
def test_a_certificate_tells_what_is_wrong_with_it(asked: Asked, certificates: Certificates, tmp_path: Path, cause: Cause) -> None:
    with served(tmp_path, CERTIFICATES[cause](certificates)) as address:
        asked.is_told(address, cause)


def test_a_certificate_of_an_authority_that_this_device_does_not_know(
    asked: Asked, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_network, "trusted_certificates", ssl.create_default_context)
    with served(tmp_path, certificates.made()) as address:
        asked.is_told(address, Cause.PRIVATE_AUTHORITY)


@pytest.mark.parametrize(("since", "until", "days"), [(-20, -1, -5), (1, 20, 5)])
def test_a_clock_of_this_computer_that_is_wrong_is_told_over_https_too(
    asked: Asked, certificates: Certificates, tmp_path: Path, since: int, until: int, days: int
) -> None:
    """A server whose certificate holds by its own clock is not to blame."""

    def say_the_time(handler: FaultyPortalHandler, request: Request) -> bool:
        return False

    def date(handler: FaultyPortalHandler, timestamp: float | None = None) -> str:
        return format_datetime(NOW + dt.timedelta(days=days), usegmt=True)

    with pytest.MonkeyPatch.context() as patch, served(tmp_path, certificates.made(since=since, until=until), say_the_time) as address:
        patch.setattr(FaultyPortalHandler, "date_time_string", date)
        asked.is_told(address, Cause.CLOCK, f"{NOW.astimezone() + dt.timedelta(days=days):%d.%m.%Y}")


def test_https_where_the_server_speaks_http(asked: Asked, tmp_path: Path) -> None:
    with served(tmp_path) as address:
        asked.is_told(address.replace("http:", "https:"), Cause.NO_TLS)


def test_http_where_the_server_wants_https(asked: Asked, certificates: Certificates, tmp_path: Path) -> None:
    with served(tmp_path, certificates.made()) as address:
        asked.is_told(address.replace("https:", "http:"), Cause.WANTS_TLS)


def sign_in(status: int, headers: dict[str, str]) -> PortalFault:
    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        body = b"<html>Please sign in</html>"
        handler.send_head(status, len(body), headers | {"Connection": "close"})
        handler.wfile.write(body)
        handler.close_connection = True
        return True

    return fault


@pytest.mark.parametrize(
    ("status", "headers"),
    [(200, {"Content-Type": "text/html; charset=utf-8"}), (302, {"Location": "http://wlan.example/anmelden"}), (511, {})],
)
def test_the_sign_in_of_a_network_is_told(asked: Asked, tmp_path: Path, status: int, headers: dict[str, str]) -> None:
    with served(tmp_path, fault=sign_in(status, headers)) as address:
        asked.is_told(address, Cause.SIGN_IN_PAGE)


def test_a_refused_connection_and_silence_are_told_apart(asked: Asked) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        asked.is_told(f"http://127.0.0.1:{taken.getsockname()[1]}", Cause.REFUSED)
        taken.listen(20)
        metadata, payload = asked.told(f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert "geschwiegen" in metadata.message
        assert "geschwiegen" in payload.message


def test_a_name_that_nobody_knows(asked: Asked) -> None:
    for error in asked.told("http://portal.invalid"):
        assert "portal.invalid kennt das Netz nicht" in error.message
        assert "richtig geschrieben" in error.advice


# Proxies


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has this machine use a proxy, also for itself."""

    def use(proxy: str) -> None:
        monkeypatch.setattr(system_network, "getproxies", lambda: {"http": proxy, "https": proxy})
        monkeypatch.setattr(system_network, "proxy_bypass", lambda _host: False)
        monkeypatch.setattr(system_network, "is_this_machine", lambda _host: False)

    return use


@contextmanager
def proxy_that_says(head: str) -> Iterator[str]:
    """A proxy that answers everything with the same."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            while not ended.is_set():
                with suppress(OSError), listening.accept()[0] as caller:
                    caller.settimeout(5)
                    caller.recv(4096)
                    caller.sendall(f"HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

        thread = threading.Thread(target=answer)
        thread.start()
        port = listening.getsockname()[1]
        try:
            yield f"http://praxis:geheim@127.0.0.1:{port}"
        finally:
            ended.set()
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 5).close()
            thread.join()


PROXIES = [
    ("http", '407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"', Cause.PROXY_LOGIN),
    ("http", "407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM", Cause.PROXY_WINDOWS_LOGIN),
    ("https", "407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate", Cause.PROXY_LOGIN),
    ("http", "403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0", Cause.PROXY_FORBIDS),
    ("https", "403 Forbidden", Cause.PROXY_FORBIDS),
    ("https", "503 Service Unavailable", Cause.PROXY_FAILS),
]


@pytest.mark.parametrize(("scheme", "head", "cause"), PROXIES)
def test_what_a_proxy_objects_is_told(asked: Asked, through: Callable[[str], None], scheme: str, head: str, cause: Cause) -> None:
    with proxy_that_says(head) as proxy:
        through(proxy)
        asked.is_told(f"{scheme}://127.0.0.1:9", cause, proxy.rpartition("@")[2])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_down_or_none_for_http_is_told(asked: Asked, through: Callable[[str], None], scheme: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        through(f"http://127.0.0.1:{port}")
        asked.is_told(f"{scheme}://127.0.0.1:9", Cause.PROXY_DOWN, str(port))
        through(f"socks5://127.0.0.1:{port}")
        asked.is_told(f"{scheme}://127.0.0.1:9", Cause.PROXY_SOCKS, str(port), "http://proxy:8080")


def test_a_script_for_the_proxy_is_told_where_nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    error = NewConnectionError(None, "refused")  # type: ignore[arg-type]
    assert why(error, "https://portal.example").cause is Cause.SILENT
    monkeypatch.setattr(causes, "automatic_configuration", lambda: True)
    told = why(error, "https://portal.example")
    assert told.cause is Cause.AUTOMATIC_CONFIGURATION
    assert "PAC" in told.sentence
    assert "HTTPS_PROXY" in told.advice
    assert why(error, "https://portal.example", "http://proxy").cause is not Cause.AUTOMATIC_CONFIGURATION


def test_every_cause_has_its_own_sentence() -> None:
    assert set(causes._WORDS) == set(Cause)
    sentences = [Why(cause, "https://portal.example:8443/x", "http://a:geheim@proxy:3128").sentence for cause in Cause]
    assert len(set(sentences)) == len(Cause)
    assert not any("geheim" in sentence or "{" in sentence for sentence in sentences)


def test_silence_in_the_middle_of_an_answer_is_told(asked: Asked, tmp_path: Path) -> None:
    released = threading.Event()

    def begin(handler: FaultyPortalHandler, request: Request) -> bool:
        handler.send_head(200, 10)
        handler.wfile.write(b"{")
        released.wait(20)
        handler.close_connection = True
        return True

    with served(tmp_path, fault=begin) as address:
        asked.is_told(address, Cause.STALLED)
        released.set()
