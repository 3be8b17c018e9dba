"""What all tests share: databases of their own on every engine, a clock that stands, no way out of this machine."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from tests.support import portability
from tests.support.servers import postgresql_url
from tray_agent import i18n
from tray_agent.clock import ManualClock
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade

hypothesis.settings.register_profile("vitoclient", deadline=None)  # a busy machine is no fault; pytest-timeout has the last word
hypothesis.settings.load_profile("vitoclient")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if sys.platform == "win32":  # without a screen Qt looks for fonts in a folder of its own, which is not there: no text has a width then
    os.environ.setdefault("QT_QPA_FONTDIR", str(Path(os.environ["SYSTEMROOT"]) / "Fonts"))
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

MSSQL_VARIABLE = "VITOCLIENT_TEST_MSSQL_URL"
QT_FIXTURES = {"qapp", "qtbot"}
ENGINES = ("sqlite", "postgresql", "mssql")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuses to play the same seeds in every process: what belongs to a group must be kept together."""
    if getattr(session.config.option, "loadgroup", False) and hasattr(session.config, "workerinput"):
        lost = [item.nodeid for item in session.items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid]
        if lost:
            raise pytest.UsageError(f"pytest and pytest-xdist do not agree about groups: {lost[0]} stands alone")


@pytest.fixture(autouse=True)
def own_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Gives every test folders of its own, German texts, and none of this machine's configuration."""
    for name in [name for name in os.environ if name.startswith("VITOCLIENT_") and not name.startswith("VITOCLIENT_TEST_")]:
        monkeypatch.delenv(name)
    for variable, folder in (
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
        ("WIN_PD_OVERRIDE_APPDATA", "roaming"),
        ("WIN_PD_OVERRIDE_LOCAL_APPDATA", "local"),
        ("WIN_PD_OVERRIDE_COMMON_APPDATA", "machine"),
    ):
        monkeypatch.setenv(variable, str(tmp_path / "home" / folder))
    i18n.set_language("de")
    yield
    i18n.set_language("de")
    assert not (found := portability.take_faults()), "\n".join(found)


@pytest.fixture(autouse=True)
def garbage_on_this_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """Collects the windows of a test where they live, as the program does: a worker that does it while Qt paints ends the process."""
    if not QT_FIXTURES & set(request.fixturenames):
        yield
        return
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()  # what was imported is not looked through after every test
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@pytest.fixture
def clock() -> ManualClock:
    """Returns a clock that stands at Monday, 23 November 2026, 10:00 in Zurich."""
    return ManualClock(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Gives the URL of an empty database of its own: SQLite, PostgreSQL, and SQL Server where one is named."""
    yield from make_database(request.param, tmp_path)


@pytest.fixture
def empty_database(database_url: str) -> Iterator[Database]:
    """Gives an empty database with the server's own clock."""
    database = open_database(database_url, schema=None)
    yield database
    database.dispose()


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Gives a database with the agent's tables and the server's own clock."""
    for url in make_database(request.param, tmp_path, migrated=True):
        database = open_database(url)
        yield database
        database.dispose()


@pytest.fixture
def clocked_database(database: Database, clock: ManualClock) -> Database:
    """Gives a database with the agent's tables whose server clock is ``clock``."""
    return Database(database.engine, database.schema, clock)


@pytest.fixture
def sqlite_database(tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    """Gives an SQLite database with the agent's tables and the clock that stands, for tests of what is no store."""
    shutil.copyfile(_migrated_file(), tmp_path / "vitoclient.db")
    database = open_database(f"sqlite:///{(tmp_path / 'vitoclient.db').as_posix()}", clock=clock)
    yield database
    database.dispose()


def make_database(engine: str, tmp_path: Path, *, migrated: bool = False) -> Iterator[str]:
    """Makes a database on an engine, empty or with the agent's tables, yields its URL, and drops it."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    if engine == "sqlite":
        if migrated:
            shutil.copyfile(_migrated_file(), tmp_path / f"{name}.db")
        yield f"sqlite:///{(tmp_path / f'{name}.db').as_posix()}"
        return
    server = postgresql_url() if engine == "postgresql" else os.environ.get(MSSQL_VARIABLE)
    if server is None:
        pytest.skip(f"no {engine} server here")
    admin = _administrator(server)
    template = f" TEMPLATE {_migrated_template(server)}" if migrated and engine == "postgresql" else ""
    url = in_database(admin.url, name)
    _create(admin, f"CREATE DATABASE {name}{template}")
    try:
        if migrated and engine == "mssql":
            _migrate(url)
        yield url.render_as_string(hide_password=False)
    finally:
        _drop(admin, name)


def in_database(url: URL, name: str) -> URL:
    """Returns a server's URL with another database in it, also where all stands in an ODBC connection string."""
    given = url.query.get("odbc_connect")
    if not isinstance(given, str):
        return url.set(database=name)
    kept = [part for part in given.split(";") if part.split("=")[0].strip().lower() not in ("", "database", "initial catalog")]
    return url.update_query_dict({"odbc_connect": ";".join([*kept, f"DATABASE={name}"])})


def _administrator(server: str) -> Engine:
    """Returns who makes and drops databases; ODBC keeps no connections of its own, whose database may be gone."""
    if make_url(server).get_backend_name() == "mssql":
        import pyodbc

        pyodbc.pooling = False
    return create_engine(server, isolation_level="AUTOCOMMIT")


def _create(admin: Engine, statement: str) -> None:
    """Makes a database; SQL Server makes one at a time and refuses the others (1807), which other test processes may ask for."""
    for attempts_left in reversed(range(40)):
        try:
            with admin.connect() as connection:
                connection.execute(text(statement))
        except DBAPIError as error:
            if "(1807)" not in str(error.orig) or not attempts_left:
                raise
            time.sleep(0.5)
        else:
            return


def _drop(admin: Engine, name: str) -> None:
    """Drops a database, whoever is still connected to it."""
    if admin.dialect.name == "mssql":
        _drop_from_sql_server(admin, name)
    else:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def _drop_from_sql_server(admin: Engine, name: str) -> None:
    """Drops in one batch, so that nobody else becomes the single user in between; closed before the last answer, it might end there."""
    connection = admin.raw_connection()
    try:
        cursor = connection.cursor()
        try:
            cursor.execute(f"ALTER DATABASE {name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE; DROP DATABASE {name}")
        except admin.dialect.loaded_dbapi.ProgrammingError:  # a server that speaks the protocol and knows no single user
            cursor.execute(f"DROP DATABASE {name}")
        while cursor.nextset():
            pass
    finally:
        connection.close()


@cache
def _migrated_file() -> Path:
    """Returns an SQLite file with the agent's tables, made once for this test process, to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="vitoclient-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "template.db"
    _migrate(make_url(f"sqlite:///{file.as_posix()}"))
    return file


@cache
def _migrated_template(server: str) -> str:
    """Returns the name of a PostgreSQL database with the agent's tables, made once for this test process, to be copied."""
    name = f"template_{uuid.uuid4().hex[:16]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    _migrate(admin.url.set(database=name))
    admin.dispose()
    return name


def _migrate(url: URL) -> None:
    database = open_database(url)
    upgrade(database)
    database.dispose()
