"""Which ODBC driver is taken, the sentence when there is none, and URLs that SQLAlchemy understands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from tray_agent.platforms.errors import OdbcDriverMissingError
from tray_agent.platforms.odbc import newest_driver, sql_server_url

NEWEST = "ODBC Driver 18 for SQL Server"


@pytest.mark.parametrize(
    ("drivers", "taken"),
    [
        (["SQL Server", "ODBC Driver 17 for SQL Server", NEWEST], NEWEST),
        ([NEWEST, "ODBC Driver 17 for SQL Server", "SQLite3 ODBC Driver"], NEWEST),
        (["ODBC Driver 17 for SQL Server", "ODBC Driver 13.1 for SQL Server"], "ODBC Driver 17 for SQL Server"),
        (["ODBC Driver 9 for SQL Server", "ODBC Driver 101 for SQL Server", NEWEST], "ODBC Driver 101 for SQL Server"),
    ],
)
def test_the_newest_of_microsofts_drivers_is_taken(drivers: list[str], taken: str) -> None:
    assert newest_driver(drivers) == taken


@pytest.mark.parametrize("drivers", [[], ["SQL Server"], ["SQL Server Native Client 11.0", "FreeTDS"]])
def test_without_a_driver_the_sentence_says_what_to_install(drivers: list[str]) -> None:
    with pytest.raises(OdbcDriverMissingError) as told:
        newest_driver(drivers)
    assert "«ODBC Driver 18 for SQL Server»" in told.value.advice
    assert "nicht erreichbar" in told.value.message


def test_a_driver_that_is_too_old_is_named() -> None:
    with pytest.raises(OdbcDriverMissingError, match=r"zu alt: ODBC Driver 13\.1"):
        newest_driver(["ODBC Driver 13.1 for SQL Server"])


def test_a_windows_login_at_a_named_instance() -> None:
    url = make_url(sql_server_url("PRAXIS-SRV\\VITOMED", "vitoclient", driver=NEWEST))
    assert (url.host, url.port, url.database, url.username) == ("PRAXIS-SRV\\VITOMED", None, "vitoclient", None)
    assert dict(url.query) == {"driver": NEWEST, "Encrypt": "yes", "TrustServerCertificate": "no", "Trusted_Connection": "yes"}


def test_a_certificate_is_trusted_blindly_only_where_that_was_chosen() -> None:
    url = make_url(sql_server_url("srv", "db", user="agent", trusted_blindly=True, driver=NEWEST))
    assert url.query["TrustServerCertificate"] == "yes"
    assert url.query["Encrypt"] == "yes"
    assert "Trusted_Connection" not in url.query


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)


@given(user=WORDS, database=WORDS)
def test_any_login_and_database_survive_the_url(user: str, database: str) -> None:
    url = make_url(sql_server_url("srv", database, user=user, driver=NEWEST))
    assert (url.host, url.port, url.username, url.password) == ("srv", None, user, None)
    assert url.translate_connect_args()["database"] in (database, url.database)
