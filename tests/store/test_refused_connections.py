"""Each number and state up to the title a person reads: by bytes through driver and pool, by PostgreSQL, or marked as made up."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from tests.conftest import make_database
from tests.store.test_faults import DriverError
from tests.store.test_mssql_driver import driver
from tests.support.tds import Behaviour, Gone, Refusal, TdsServer, tds_server
from tray_agent.agent import Agent
from tray_agent.config.machine import Machine, StoreSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.errors import DatabaseRefusedError, DatabaseUnavailableError, KnownError
from tray_agent.store import connecting
from tray_agent.store import database as store
from tray_agent.store.connecting import try_all_again
from tray_agent.store.database import Database, open_database
from tray_agent.store.faults import explained
from tray_agent.tray.engine import AgentEngine

with_driver = pytest.mark.skipif(driver() is None, reason="Microsoft's driver is not installed")


def told(database: Database, statement: str = "SELECT 1") -> KnownError:
    """Returns what people are told when a statement is tried."""
    try:
        with database.begin() as connection:
            connection.exec_driver_sql(statement)
    except DBAPIError as error:
        return explained(error)
    except KnownError as error:
        return error
    finally:
        database.dispose()
    raise AssertionError("nothing was refused")


LOGINS = {
    18456: "Anmeldung an der Datenbank abgelehnt", 18450: "Anmeldung an der Datenbank abgelehnt", 18452: "Windows-Anmeldung abgelehnt",
    17806: "Windows-Anmeldung abgelehnt", 18470: "Konto an der Datenbank gesperrt", 18486: "Konto an der Datenbank gesperrt",
    18487: "Passwort der Datenbank abgelaufen", 18488: "Passwort der Datenbank abgelaufen", 4060: "Datenbank nicht vorhanden",
    911: "Datenbank nicht vorhanden", 916: "Kein Zugang zur Datenbank", 4064: "Kein Zugang zur Datenbank",
    18401: "Datenbank startet oder endet", 17142: "Datenbank startet oder endet", 18461: "Datenbank ausser Betrieb",
    942: "Datenbank ausser Betrieb", 17809: "Zu viele Verbindungen", 976: "Datenbank hier nicht beschreibbar",
    40613: "Datenbank wechselt den Server",
}  # fmt: skip

STATEMENTS = {
    229: "Rechte in der Datenbank fehlen", 230: "Rechte in der Datenbank fehlen", 262: "Rechte in der Datenbank fehlen",
    2760: "Schema der Datenbank fehlt", 9002: "Transaktionsprotokoll voll", 1105: "Platte der Datenbank voll",
    3906: "Datenbank nur lesbar", 976: "Datenbank hier nicht beschreibbar", 978: "Datenbank hier nicht beschreibbar",
    983: "Datenbank wechselt den Server", 952: "Datenbank startet oder endet", 927: "Datenbank startet oder endet",
    924: "Datenbank ausser Betrieb", 945: "Datenbank ausser Betrieb", 926: "Datenbank beschädigt", 3908: "Datenbank beschädigt",
    3960: "Datenbank beschäftigt", 1205: "Datenbank beschäftigt", 1222: "Datenbank beschäftigt", 701: "Datenbank überlastet",
    1204: "Datenbank überlastet", 8645: "Datenbank überlastet", 596: "Verbindung zur Datenbank verloren",
    6005: "Verbindung zur Datenbank verloren", 4014: "Verbindung zur Datenbank verloren", 111: "Datenbank meldet einen Fehler",
}  # fmt: skip


@pytest.fixture
def server() -> Iterator[TdsServer]:
    if driver() is None:
        pytest.skip("Microsoft's driver is not installed")
    with tds_server() as made:
        yield made


def url_of(server: TdsServer, more: str = "Encrypt=no") -> str:
    return server.url(driver() or "", more=more)


@pytest.mark.parametrize(("number", "title"), LOGINS.items())
def test_what_sql_server_says_to_a_log_in(server: TdsServer, number: int, title: str) -> None:
    server.login = Refusal(number, f"said with {number}", severity=14)
    said = told(open_database(url_of(server)))
    assert said.title == title
    assert "«praxis» auf 127.0.0.1" in said.message
    assert not {"verysecret", "Microsoft", "SQLDriverConnect"} & set(str(said).replace("(", " ").split())


@pytest.mark.parametrize(("number", "title"), STATEMENTS.items())
def test_what_sql_server_says_to_a_statement(server: TdsServer, number: int, title: str) -> None:
    server.statements = {"UPDATE x": Refusal(number, f"said with {number}")}
    said = told(open_database(url_of(server)), "UPDATE x")
    assert said.title == title
    assert "[Microsoft]" not in str(said)


@pytest.mark.parametrize("behaviour", [Gone, Refusal(4014, "A fatal error occurred while reading the input stream.", severity=20)])
def test_a_connection_that_is_cut_in_a_statement(server: TdsServer, behaviour: Behaviour) -> None:
    server.statements = {"UPDATE x": behaviour}
    assert told(open_database(url_of(server)), "UPDATE x").title == "Verbindung zur Datenbank verloren"


@cache
def certificate(name: str, folder: Path, days: int) -> Path:
    """Returns a file with a certificate of its own making, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    names = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(names).issuer_name(names).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - timedelta(60)).not_valid_after(now + timedelta(days))
    signed = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False).sign(key, hashes.SHA256())
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = folder / f"{name}{days}.pem"
    file.write_bytes(signed.public_bytes(kinds[0]) + key.private_bytes(*kinds))
    return file


def test_a_certificate_of_its_own_making_names_the_choice_and_the_choice_works(server: TdsServer, tmp_path: Path) -> None:
    server.certificate = certificate("srv01", tmp_path, 30)
    said = told(open_database(url_of(server, "Encrypt=yes")))
    assert said.title == "Zertifikat nicht vertrauenswürdig"
    assert "dann wird verschlüsselt, aber nicht geprüft, wer antwortet" in said.advice
    database = open_database(url_of(server, "Encrypt=yes&TrustServerCertificate=yes"))
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").all()
    database.dispose()


@pytest.mark.parametrize(
    ("days", "more", "title"),
    [
        (30, "", "Zertifikat für anderen Namen"),
        (-3, "&HostNameInCertificate=srv01", "Zertifikat der Datenbank abgelaufen"),
    ],
)
def test_other_faults_of_a_certificate(
    server: TdsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, more: str, title: str
) -> None:
    server.certificate = certificate("srv01", tmp_path, days)
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    assert told(open_database(url_of(server, f"Encrypt=yes{more}"))).title == title


def test_a_server_that_can_not_encrypt(server: TdsServer) -> None:
    assert told(open_database(url_of(server, "Encrypt=yes"))).title == "Verschlüsselung nicht möglich"


def test_a_driver_that_is_not_there() -> None:
    pytest.importorskip("pyodbc", reason="no ODBC here", exc_type=ImportError)
    said = told(open_database("mssql+pyodbc://agent:x@SRV01/praxis?driver=/nowhere/none.so"))
    if sys.platform != "win32":
        assert said.title == "ODBC-Treiber fehlt"
    assert "nowhere" not in said.message


@with_driver
@pytest.mark.parametrize(
    ("host", "title"),
    [
        ("127.0.0.1:{closed}", "Datenbankserver läuft nicht"),
        ("127.0.0.1%5CINST", "Instanz nicht gefunden"),
    ],
)
def test_sql_server_that_is_not_reached(monkeypatch: pytest.MonkeyPatch, host: str, title: str) -> None:
    monkeypatch.setattr(store, "PING_WAIT", 1)
    address = f"mssql+pyodbc://agent:x@{host.format(closed=closed_port())}/praxis?driver={driver()}&Encrypt=no"
    said = told(open_database(address))
    assert said.title == title
    assert isinstance(said, DatabaseRefusedError)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_name_that_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made up: who answers for names is not the same on every machine."""

    def unknown(*_where: object, **_how: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    assert connecting.why_no_answer(make_url("mssql+pyodbc://SRV09/praxis")).name == "NO_NAME"


MADE_UP = {
    -2146893019: "Zertifikat nicht vertrauenswürdig", -2146893022: "Zertifikat für anderen Namen",
    -2146893016: "Zertifikat der Datenbank abgelaufen", 10061: "Datenbankserver läuft nicht", 11001: "Datenbankserver nicht gefunden",
    10060: "Datenbank nicht erreichbar", 258: "Datenbank nicht erreichbar", 10054: "Verbindung zur Datenbank verloren",
    10053: "Verbindung zur Datenbank verloren",
}  # fmt: skip


@pytest.mark.parametrize(("number", "title"), MADE_UP.items())
def test_what_the_driver_says_on_windows(number: int, title: str) -> None:
    """Made up: numbers of Windows's sockets and certificates, which no other system gives."""
    error = OperationalError(
        "connect", {}, DriverError("08001", f"[08001] [Microsoft][ODBC Driver 18 for SQL Server]Netz: x ({number}) (SQLDriverConnect)")
    )
    assert explained(error).title == title


@contextmanager
def postgresql_that_says(state: str, words: str, *, encrypts: bool = True) -> Iterator[str]:
    """Gives the address of a server that answers each log-in with an error."""
    listener = socket.create_server(("127.0.0.1", 0))
    fields = f"SFATAL\0VFATAL\0C{state}\0M{words}\0\0".encode()

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _from = listener.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(b"E" + struct.pack(">I", len(fields) + 4) + fields if encrypts else b"N")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"postgresql+psycopg://agent:verysecret@127.0.0.1:{listener.getsockname()[1]}/praxis?gssencmode=disable"
    finally:
        with suppress(OSError):  # Windows: nobody is connected to it
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.parametrize(
    ("state", "words", "title"),
    [
        ("28P01", 'password authentication failed for user "agent"', "Anmeldung an der Datenbank abgelehnt"),
        ("28P01", "Passwort-Authentifizierung für Benutzer »agent« fehlgeschlagen", "Anmeldung an der Datenbank abgelehnt"),
        ("28000", 'no pg_hba.conf entry for host "10.0.0.1", user "agent"', "Kein Zugang zur Datenbank"),
        ("53300", "sorry, too many clients already", "Zu viele Verbindungen"),
        ("57P03", "the database system is starting up", "Datenbank startet oder endet"),
        ("57P03", "the database system is shutting down", "Datenbank startet oder endet"),
        ("3D000", "Datenbank »praxis« existiert nicht", "Datenbank nicht vorhanden"),
    ],
)
def test_what_postgresql_says_to_a_log_in_on_the_wire(state: str, words: str, title: str) -> None:
    with postgresql_that_says(state, words) as url:
        said = told(open_database(f"{url}&sslmode=disable"))
    assert said.title == title
    assert "«praxis» auf 127.0.0.1" in said.message
    assert "verysecret" not in str(said)


def test_postgresql_that_does_not_encrypt() -> None:
    with postgresql_that_says("", "", encrypts=False) as url:
        assert told(open_database(f"{url}&sslmode=require")).title == "Verschlüsselung nicht möglich"


def test_postgresql_that_does_not_run() -> None:
    assert told(open_database(f"postgresql+psycopg://agent@127.0.0.1:{closed_port()}/praxis")).title == "Datenbankserver läuft nicht"


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[str]:
    """Gives a database of its own on the real server, with roles for who is refused."""
    for url in make_database("postgresql", tmp_path):
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        name = make_url(url).database
        roles = {f"{name}_nologin": "NOLOGIN", f"{name}_none": "LOGIN CONNECTION LIMIT 0", f"{name}_out": "LOGIN"}
        with admin.connect() as connection:
            for role, rights in roles.items():
                connection.execute(text(f"CREATE ROLE {role} {rights}"))
            connection.execute(text(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC"))
        yield url
        with admin.connect() as connection:
            for role in roles:
                connection.execute(text(f"DROP ROLE {role}"))
        admin.dispose()


def test_whom_a_real_postgresql_does_not_let_in(postgresql: str) -> None:
    url = make_url(postgresql)
    expected = {
        url.set(username=f"{url.database}_nologin"): "Konto an der Datenbank gesperrt",
        url.set(username=f"{url.database}_none", database="postgres"): "Zu viele Verbindungen",
        url.set(username=f"{url.database}_out"): "Kein Zugang zur Datenbank",
        url.set(username=f"{url.database}_unknown"): "Anmeldung an der Datenbank abgelehnt",
        url.set(database=f"{url.database}_unknown"): "Datenbank nicht vorhanden",
    }
    assert {one: told(open_database(one)).title for one in expected} == expected


STATES = {
    "42501": "Rechte in der Datenbank fehlen", "53100": "Platte der Datenbank voll", "53200": "Datenbank überlastet",
    "57014": "Datenbank zu langsam", "25006": "Datenbank nur lesbar", "3F000": "Schema der Datenbank fehlt",
    "40001": "Datenbank beschäftigt", "40P01": "Datenbank beschäftigt", "55P03": "Datenbank beschäftigt",
    "57P01": "Verbindung zur Datenbank verloren", "57P02": "Verbindung zur Datenbank verloren", "XX001": "Datenbank beschädigt",
}  # fmt: skip


def test_what_a_real_postgresql_says_to_a_statement(postgresql: str) -> None:
    """The server raises each state because it is asked to."""
    raising = "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{}'; END $$"
    assert {state: told(open_database(postgresql), raising.format(state)).title for state in STATES} == STATES


def test_the_tray_says_why_a_log_in_is_refused() -> None:
    with postgresql_that_says("28P01", 'password authentication failed for user "agent"') as url:
        machine = Machine(store=StoreSection(url=f"{url}&sslmode=disable"))
        with Agent(machine, secrets=MemorySecrets()) as agent:
            facts = AgentEngine(agent).facts()
    assert facts.database_away
    assert facts.database_fault is not None
    assert facts.database_fault.title == "Anmeldung an der Datenbank abgelehnt"
    assert "Passwort stimmt nicht" in facts.database_fault.message
    assert facts.database_fault.code == "database_login_refused"


class Clock:
    now = 0.0


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(connecting, "monotonic", lambda: clock.now)
    return clock


def test_a_refused_log_in_is_tried_ever_more_seldom_and_at_once_by_hand(server: TdsServer, pauses: Clock) -> None:
    server.login = Refusal(18456, "Login failed for user 'agent'.", severity=14)
    database = open_database(url_of(server))

    def look() -> int:
        assert told(database).title == "Anmeldung an der Datenbank abgelehnt"
        return server.logins

    tried = []
    for minute in range(150):
        pauses.now = minute * 60.0
        tried.append(look())
    assert [minute for minute in range(150) if minute == 0 or tried[minute] > tried[minute - 1]] == [0, 1, 6, 21, 81, 141]
    try_all_again()
    assert look() == 7
    assert look() == 7
    server.login = None
    try_all_again()
    with database.read():
        pass
    database.dispose()


def test_another_password_is_tried_at_once(server: TdsServer, pauses: Clock) -> None:
    server.login = Refusal(18456, "Login failed for user 'agent'.", severity=14)
    told(open_database(url_of(server)))
    told(open_database(url_of(server)))
    assert server.logins == 1, "whoever opens the same address knows of it"
    other = "another"
    told(open_database(make_url(url_of(server)).set(password=other)))
    assert server.logins == 2


def test_what_is_no_refused_log_in_is_tried_each_time(server: TdsServer, pauses: Clock) -> None:
    server.login = Refusal(4060, "Cannot open database.", severity=11)
    for _time in range(3):
        assert isinstance(told(open_database(url_of(server))), DatabaseUnavailableError)
    assert server.logins == 3
