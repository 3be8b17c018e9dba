"""Addresses of database servers: shown back as they were entered, and connected with as the driver reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from tray_agent.errors import InputError
from tray_agent.platforms.errors import OdbcDriverMissingError
from tray_agent.store.address import APPLICATION, DatabaseAddress, Encryption, ServerKind, address_of, completed, url_of
from tray_agent.store.database import open_database

DRIVER = "ODBC Driver 18 for SQL Server"
SERVERS = [
    "SRV01", "SRV01,14330", "SRV01\\VITOMED", "tcp:SRV01,14330", "(local)", ".", ".\\SQLEXPRESS", "localhost", "::1", "[::1]",
    "[::1],14330", "tcp:[fe80::1],1433", "srv01.praxis.local",
]  # fmt: skip


@pytest.fixture
def drivers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The drivers that this computer seems to have."""
    there = ["SQL Server", "ODBC Driver 17 for SQL Server", DRIVER]
    monkeypatch.setattr("tray_agent.platforms.odbc.installed_drivers", lambda: tuple(there))
    return there


def connection_string(url: str) -> str:
    """Returns what ODBC is given."""
    whole = completed(make_url(url))
    (said,), _more = whole.get_dialect()().create_connect_args(whole)
    return str(said)


@pytest.mark.parametrize("server", SERVERS)
def test_a_sql_server_is_shown_back_as_it_was_entered(server: str) -> None:
    entered = DatabaseAddress(ServerKind.SQL_SERVER, server, "praxis", "agent")
    assert address_of(url_of(entered)) == entered


@pytest.mark.parametrize("server", ["SRV01", "SRV01:5433", "::1", "[::1]:5433"])
def test_a_postgresql_server_is_shown_back_as_it_was_entered(server: str) -> None:
    entered = DatabaseAddress(ServerKind.POSTGRESQL, server, "praxis", "agent")
    assert address_of(url_of(entered)) == entered


@pytest.mark.parametrize(
    "choice",
    [
        DatabaseAddress(ServerKind.SQL_SERVER, "srv", "db"),
        DatabaseAddress(ServerKind.SQL_SERVER, "srv", "db", "agent", Encryption.UNCHECKED),
        DatabaseAddress(ServerKind.SQL_SERVER, "srv", "db", "agent", Encryption.STRICT, "C:\\a b.cer", "srv.praxis.ch"),
        DatabaseAddress(ServerKind.SQL_SERVER, "listener,1433", "db", listener=True),
    ],
)
def test_every_choice_is_shown_back(choice: DatabaseAddress) -> None:
    assert address_of(url_of(choice)) == choice


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="?"), min_size=1, max_size=20)


@given(user=WORDS, database=WORDS.filter(str.strip))
def test_any_login_and_database_survive(user: str, database: str) -> None:
    entered = DatabaseAddress(ServerKind.SQL_SERVER, "SRV01,14330", database.strip(), user)
    assert address_of(url_of(entered)) == entered


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ("SRV01,14330", "Server=SRV01,14330;"),
        ("SRV01\\VITOMED", "Server=SRV01\\VITOMED;"),
        ("tcp:SRV01,14330", "Server=tcp:SRV01,14330;"),
        ("(local)", "Server=(local);"),
        ("[::1],14330", "Server=::1,14330;"),
    ],
)
def test_odbc_gets_the_server_the_newest_driver_and_our_name(drivers: list[str], server: str, said: str) -> None:
    assert drivers
    whole = connection_string(url_of(DatabaseAddress(ServerKind.SQL_SERVER, server, "praxis")))
    assert said in whole
    assert f"DRIVER={{{DRIVER}}};" in whole
    assert f"APP={APPLICATION}" in whole
    assert "Trusted_Connection=Yes" in whole
    assert "TrustServerCertificate=no" in whole


def test_an_address_of_former_days_whose_comma_was_hidden_is_understood(drivers: list[str]) -> None:
    assert drivers
    former = "mssql+pyodbc://agent@SRV01%2C14330/praxis?driver=ODBC+Driver+17+for+SQL+Server"
    shown = address_of(former)
    assert shown is not None
    assert shown.server == "SRV01,14330"
    assert "Server=SRV01,14330;" in connection_string(former)
    assert "DRIVER={ODBC Driver 17 for SQL Server};" in connection_string(former)


def test_what_names_a_data_source_or_is_odbcs_own_form_is_left_alone(drivers: list[str]) -> None:
    assert drivers
    for url in ("mssql+pyodbc://quelle", "mssql+pyodbc:///?odbc_connect=DSN%3Dquelle"):
        assert completed(make_url(url)) == make_url(url)
        assert address_of(url) is None
    assert address_of("sqlite:///C:/praxis.db") is None


@pytest.mark.parametrize(
    ("server", "database", "told"),
    [
        ("", "db", "beide angegeben"),
        ("srv", " ", "beide angegeben"),
        ("srv/db", "db", "«srv/db» kann kein Server sein"),
        ("srv;PWD=x", "db", "kein Server"),
        ("srv", "a?b", "kein Name einer Datenbank"),
        ("srv,99999", "db", "«99999» ist kein Anschluss"),
        ("srv,zwei", "db", "«zwei» ist kein Anschluss"),
        ("srv\\INST,1433", "db", "Instanz oder Anschluss"),
    ],
)
def test_what_is_no_address_is_refused_with_its_reason(server: str, database: str, told: str) -> None:
    with pytest.raises(InputError) as raised:
        url_of(DatabaseAddress(ServerKind.SQL_SERVER, server, database))
    assert told in raised.value.message


def test_without_a_driver_connecting_says_which_to_install(drivers: list[str]) -> None:
    pytest.importorskip("pyodbc", reason="no ODBC here", exc_type=ImportError)
    drivers[:] = ["SQL Server"]
    database = open_database(url_of(DatabaseAddress(ServerKind.SQL_SERVER, "127.0.0.1,9", "praxis")))
    with pytest.raises(OdbcDriverMissingError) as raised, database.read():
        pass
    assert "«ODBC Driver 18 for SQL Server»" in raised.value.advice


def test_postgresql_is_told_our_name_unless_the_address_names_another() -> None:
    assert completed(make_url("postgresql+psycopg://srv/db")).query["application_name"] == APPLICATION
    assert completed(make_url("postgresql+psycopg://srv/db?application_name=x")).query["application_name"] == "x"
