"""The connection code of SQL Server, tried with Microsoft's own driver where it is installed: a server that does not answer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sqlalchemy import and_, column
from sqlalchemy.engine import make_url

from tests.conftest import in_database
from tray_agent.errors import DatabaseUnavailableError
from tray_agent.store.database import open_database
from tray_agent.store.search import holding
from tray_agent.store.types import long_text


def driver() -> str | None:
    """Returns the path of Microsoft's driver that the development environment carries."""
    if sys.platform != "linux":
        return None
    try:
        import mssql_python_odbc
    except ImportError:
        return None
    found = sorted(Path(mssql_python_odbc.__file__).parent.glob("libs/linux/debian_ubuntu/*/lib/libmsodbcsql-18*"))
    return str(found[-1]) if found else None


@pytest.mark.skipif(driver() is None, reason="Microsoft's driver is not installed")
def test_a_server_that_does_not_answer_is_unavailable_and_the_password_is_not_told() -> None:
    database = open_database(f"mssql+pyodbc://agent:verysecret@127.0.0.1:9/praxis?driver={driver()}&TrustServerCertificate=yes")
    with pytest.raises(DatabaseUnavailableError) as raised, database.read():
        pass
    assert "verysecret" not in f"{raised.value}{raised.value.__cause__}"
    assert "127.0.0.1" in raised.value.message


@pytest.mark.skipif(driver() is None, reason="Microsoft's driver is not installed")
def test_long_texts_are_nvarchar_before_the_server_was_asked() -> None:
    """Else they would be NTEXT, in which nothing can be looked for without regard to capitals."""
    dialect = open_database(f"mssql+pyodbc://127.0.0.1:9/praxis?driver={driver()}").engine.dialect
    assert long_text().compile(dialect=dialect) == "NVARCHAR(max)"
    assert str(and_(*holding(column("find_text", long_text()), "[50%] a_b")).compile(dialect=dialect)).count("ESCAPE '/'") == 2


@pytest.mark.parametrize(
    ("server", "own"),
    [
        ("mssql+pyodbc://sa:x@srv/master?driver=D", "mssql+pyodbc://sa:x@srv/test_1?driver=D"),
        ("mssql+pyodbc://srv?driver=D", "mssql+pyodbc://srv/test_1?driver=D"),
        (
            "mssql+pyodbc:///?odbc_connect=DRIVER%3DD%3BSERVER%3Dsrv%3BDatabase%3Dmaster%3BUID%3Dsa",
            "mssql+pyodbc:///?odbc_connect=DRIVER%3DD%3BSERVER%3Dsrv%3BUID%3Dsa%3BDATABASE%3Dtest_1",
        ),
    ],
)
def test_a_test_database_is_named_however_the_server_is_given(server: str, own: str) -> None:
    assert in_database(make_url(server), "test_1").render_as_string(hide_password=False) == own
