"""Which ODBC driver is taken, and the sentence when there is none."""

from __future__ import annotations

import pytest

from tray_agent.platforms.errors import OdbcDriverMissingError
from tray_agent.platforms.odbc import newest_driver

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
