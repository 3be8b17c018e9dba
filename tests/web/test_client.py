"""The way to the network: proxies, certificates, redirects, heads that drip; and metadata that is nonsense."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import random
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tuf.api.metadata import TargetFile

from tests.support.portal import FaultyPortal, FaultyPortalHandler, PortalFault
from tray_agent.clock import SystemClock
from tray_agent.demo.portal import DemoPortal
from tray_agent.demo.portal_server import Request
from tray_agent.downloads.catalogue import read_area_order, read_targets
from tray_agent.downloads.errors import PortalUnavailableError, PortalUntrustedError
from tray_agent.downloads.portal import Portal
from tray_agent.web.client import Patience, Web, WebError, WebFault


@pytest.fixture
def served(tmp_path: Path) -> Iterator[FaultyPortal]:
    (tmp_path / "file.txt").write_bytes(b"content")
    with FaultyPortal(tmp_path) as server:
        yield server


def get(web: Web, address: str) -> bytes:
    with web.get(address) as answer:
        return answer.read(100)


def whole(web: Web, address: str) -> bytes:
    """Reads a body piece by piece into one buffer."""
    room, content = memoryview(bytearray(64 * 1024)), b""
    with web.get(address) as answer:
        while count := answer.read_into(room):
            content += room[:count]
    return content


def chunked(handler: FaultyPortalHandler, request: Request) -> bool:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
    return True


def until_the_end(handler: FaultyPortalHandler, request: Request) -> bool:
    handler.send_head(200, None)
    handler.wfile.write(b"hello world")
    handler.close_connection = True
    return True


@pytest.mark.parametrize("form", [chunked, until_the_end])
def test_every_form_of_a_body_is_read_to_its_end(web: Web, served: FaultyPortal, form: PortalFault) -> None:
    served.fault = form
    for _time in range(2):
        assert whole(web, f"{served.address}/file.txt") == b"hello world"


@pytest.mark.parametrize("body", [b"5\r\nhel", b"zz\r\nhello\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n"])
def test_a_chunked_body_that_is_wrong_is_told(web: Web, served: FaultyPortal, body: bytes) -> None:
    def send(handler: FaultyPortalHandler, request: Request) -> bool:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True
        return True

    served.fault = send
    with pytest.raises(WebError):
        whole(web, f"{served.address}/file.txt")


def fault_of(web: Web, address: str) -> WebFault:
    with pytest.raises(WebError) as caught:
        get(web, address)
    return caught.value.fault


# Proxies


def test_the_systems_proxy_is_used(web: Web, served: FaultyPortal, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def act_as_proxy(handler: FaultyPortalHandler, request: Request) -> bool:
        asked.append(handler.path)
        handler.send_head(200, 5)
        handler.wfile.write(b"proxy")
        return True

    served.fault = act_as_proxy
    monkeypatch.setenv("http_proxy", served.address)
    assert get(web, "http://portal.example/file.txt") == b"proxy"
    assert asked == ["http://portal.example/file.txt"]


def test_a_proxys_password_is_sent_to_the_proxy(web: Web, served: FaultyPortal, monkeypatch: pytest.MonkeyPatch) -> None:
    logins = []

    def act_as_proxy(handler: FaultyPortalHandler, request: Request) -> bool:
        logins.append(request.headers.get("proxy-authorization"))
        handler.send_head(200, 5)
        handler.wfile.write(b"proxy")
        return True

    served.fault = act_as_proxy
    monkeypatch.setenv("http_proxy", served.address.replace("http://", "http://praxis:ge%40heim@"))
    assert get(web, "http://portal.example/file.txt") == b"proxy"
    assert logins == ["Basic " + base64.b64encode(b"praxis:ge@heim").decode()]


def test_this_machine_is_never_asked_through_a_proxy(web: Web, served: FaultyPortal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    assert get(web, f"{served.address}/file.txt") == b"content"


# Certificates


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[FaultyPortal]:
    """Serves over TLS with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path / "server.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = FaultyPortal(tmp_path)
    server._http.socket = context.wrap_socket(server._http.socket, server_side=True)
    with server:
        yield server


def test_a_certificate_that_nobody_vouches_for_is_refused(web: Web, secured: FaultyPortal) -> None:
    assert fault_of(web, secured.address.replace("http:", "https:") + "/server.pem") is WebFault.CERTIFICATE
    assert secured.requests == []


@pytest.fixture
def trusted(secured: FaultyPortal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Lets this machine believe the certificate, and returns the address of what is served over TLS."""
    context = ssl.create_default_context(cafile=str(tmp_path / "server.pem"))
    monkeypatch.setattr("tray_agent.web.system_network.trusted_certificates", lambda: context)
    return secured.address.replace("http:", "https:")


def test_a_body_comes_over_tls_and_the_connection_is_used_again(web: Web, secured: FaultyPortal, trusted: str, tmp_path: Path) -> None:
    content = random.Random(1).randbytes(300_000)
    (tmp_path / "file.bin").write_bytes(content)
    ports = set()

    def look(handler: FaultyPortalHandler, request: Request) -> bool:
        ports.add(handler.client_address[1])
        return False

    secured.fault = look
    for _time in range(3):
        assert whole(web, f"{trusted}/file.bin") == content
    assert len(ports) == 1


def test_a_head_that_drips_over_tls_is_cut_too(secured: FaultyPortal, trusted: str) -> None:
    released = threading.Event()

    def drip(handler: FaultyPortalHandler, request: Request) -> bool:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
        with suppress(OSError):
            while not released.wait(0.01):
                handler.wfile.write(b"x")
        handler.close_connection = True
        return True

    secured.fault = drip
    web = Web(Patience(connect=5, read=5, head=0.3))
    began = SystemClock().monotonic()
    late = threading.Timer(8, released.set)
    late.start()
    with pytest.raises(WebError):
        get(web, f"{trusted}/server.pem")
    assert SystemClock().monotonic() - began < 5
    late.cancel()
    released.set()
    web.close()


# Redirects


@pytest.mark.parametrize(
    "location", ["http://[::1", "//example.invalid/x", "javascript:alert(1)", "http://127.0.0.1:99999/x", "\x01", "ftp:x"]
)
def test_redirects_to_nonsense_are_refused(web: Web, served: FaultyPortal, location: str) -> None:
    def redirect(handler: FaultyPortalHandler, request: Request) -> bool:
        handler.refuse(302, {"Location": location})
        return True

    served.fault = redirect
    with pytest.raises(WebError):
        get(web, f"{served.address}/file.txt")


def test_a_redirect_from_https_to_http_is_refused(web: Web, secured: FaultyPortal, trusted: str, served: FaultyPortal) -> None:
    def redirect(handler: FaultyPortalHandler, request: Request) -> bool:
        handler.refuse(302, {"Location": f"{served.address}/file.txt"})
        return True

    assert get(web, f"{served.address}/file.txt") == b"content"
    secured.fault = redirect
    assert fault_of(web, f"{trusted}/file.txt") is WebFault.REDIRECT
    assert len(served.requests) == 1


# Heads


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 100 Continue\r\n\r\n", b"H"])
def test_a_head_that_drips_for_ever_is_cut(served: FaultyPortal, head: bytes) -> None:
    released = threading.Event()

    def drip(handler: FaultyPortalHandler, request: Request) -> bool:
        handler.wfile.write(head)
        while not released.wait(0.01):
            handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" if b"100" in head else b"x")
        handler.close_connection = True
        return True

    served.fault = drip
    web = Web(Patience(connect=5, read=5, head=0.3))
    began = SystemClock().monotonic()
    with pytest.raises(WebError):
        get(web, f"{served.address}/file.txt")
    released.set()
    web.close()
    assert SystemClock().monotonic() - began < 5


# Nonsense

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=12,
)
FIELDS = st.dictionaries(
    st.sampled_from(["element", "title", "area", "heading", "version", "released", "notes", "kind", "restart", "needs", "more"]), JSON
)


@pytest.mark.parametrize("length", [-1, 2**53 + 1, 10**40, True, 1.5, "1"])
def test_a_length_that_cannot_be_counted_refuses_that_file_alone(length: object) -> None:
    good = {"element": "a", "title": "A", "area": "B", "heading": "C", "version": "1.0.0", "released": "2026-11-20"}
    digests = {"sha256": "0" * 64}
    targets = {"a/a.zip": Target(good, digests, length), "b/b.zip": Target(good | {"element": "b"}, digests, 1)}
    versions, refusals = read_targets(targets)
    assert [version.element for version in versions] == ["b"]
    assert [refusal.element for refusal in refusals] == ["a"]


class Target(TargetFile):
    """A target with whatever the vendor signed."""

    def __init__(self, custom: object, digests: dict[str, str], length: Any) -> None:
        self.hashes, self.length, self.unrecognized_fields = digests, length, {"custom": custom}


@given(path=st.text(max_size=60), custom=FIELDS | JSON, digests=st.dictionaries(st.text(max_size=8), st.text(max_size=70), max_size=3))
def test_whatever_the_vendor_signs_is_read_or_refused(path: str, custom: object, digests: dict[str, str]) -> None:
    versions, refusals = read_targets({path: Target(custom, digests, 1)})
    assert len(versions) + len(refusals) == 1
    assert all(refusal.sentence.isprintable() for refusal in refusals)
    read_area_order(custom)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_the_server_makes_of_the_metadata_is_refused_in_words(portal: Portal, demo: DemoPortal, data: st.DataObject) -> None:
    folder = demo.repository / "metadata"
    file = folder / data.draw(st.sampled_from(["timestamp.json", "1.snapshot.json", "1.targets.json"]))
    genuine = file.read_bytes()
    start = data.draw(st.integers(0, len(genuine) - 1))
    stop = data.draw(st.integers(start, min(len(genuine), start + 40)))
    put = data.draw(st.binary(max_size=20) | st.sampled_from([b'"\\ud800"', b"1e999", b"NaN", b"-1", b"null", b"[" * 500, b"9" * 5000]))
    file.write_bytes(genuine[:start] + put + genuine[stop:])
    for kept in portal._folder.rglob("*.json") if portal._folder.exists() else ():
        kept.unlink()
    try:
        with suppress(PortalUntrustedError, PortalUnavailableError):  # and no other error
            portal.refresh()
    finally:
        file.write_bytes(genuine)
