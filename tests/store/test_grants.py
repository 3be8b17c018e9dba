"""The rights that are printed are enough, and no more; what lacks is found right by right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, delete, text
from sqlalchemy.engine import URL, make_url

from tests.conftest import make_database
from tray_agent.practice.views import VIEWS
from tray_agent.store.database import Database, open_database
from tray_agent.store.grants import Grants, grants_script, missing_rights
from tray_agent.store.migrate import RightsMissingError, upgrade
from tray_agent.store.schema_version import NEWEST, RevisionMissingError, check_schema, current_revision, version_table

SCHEMA = "vito_client"
PASSWORD = "Geheim-1-Geheim"  # noqa: S105 - of logins that live as long as a test
NAMES = tuple(view.name for view in VIEWS)


@dataclass
class Server:
    """An empty database, and logins for it without any right.

    Attributes:
        admin: who may all.
        url: the administrator's.
        upgrader, agent: names of logins.
    """

    admin: Engine
    url: URL
    upgrader: str
    agent: str
    opened: list[Database] = field(default_factory=list)

    def run(self, script: str) -> None:
        with self.admin.connect() as connection:
            for batch in batches(script):
                if self.speaks_only_the_protocol:
                    batch = "\n".join(line for line in batch.splitlines() if "CREATE TABLE" not in line)  # noqa: PLW2901
                connection.execute(text(batch.replace(":", "\\:")))

    @property
    def speaks_only_the_protocol(self) -> bool:
        """Returns whether it is Babelfish, which knows no rights on databases and has its own numbers."""
        with self.admin.connect() as connection:
            return self.admin.dialect.name == "mssql" and "Babelfish" in str(connection.execute(text("SELECT @@VERSION")).scalar())

    def wanted(self) -> Grants:
        database = str(self.url.database)
        return Grants(self.admin.dialect.name, self.agent, self.upgrader, database, SCHEMA, database, self.agent, "public", NAMES)

    def as_login(self, name: str) -> Database:
        self.opened.append(open_database(self.url.set(username=name, password=PASSWORD), schema=SCHEMA))
        return self.opened[-1]


def batches(script: str) -> Iterator[str]:
    """Yields what is run at once: between GO, and without comments."""
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    for batch in "\n".join(lines).split("\nGO"):
        if batch.strip():
            yield batch


@pytest.fixture(params=["postgresql", "mssql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    for url in make_database(request.param, tmp_path):
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        name = str(make_url(url).database)
        made = Server(admin, make_url(url), f"upgrade_{name}", f"agent_{name}")
        logins = (made.upgrader, made.agent)
        with admin.connect() as connection:
            for login in logins:
                for statement in LOGINS[request.param]:
                    connection.execute(text(statement.format(login=login)))
        yield made
        for database in made.opened:
            database.dispose()
        with admin.connect() as connection:
            for login in logins:
                for statement in GOODBYES[request.param]:
                    connection.execute(text(statement.format(login=login)))
        admin.dispose()


LOGINS = {
    "postgresql": ("CREATE ROLE {login} LOGIN PASSWORD '" + PASSWORD + "'",),
    "mssql": ("CREATE LOGIN {login} WITH PASSWORD = N'" + PASSWORD + "'", "CREATE USER {login} FOR LOGIN {login}"),
}
GOODBYES = {"postgresql": ("DROP OWNED BY {login} CASCADE", "DROP ROLE {login}"), "mssql": ()}


def prepared(server: Server) -> None:
    """Makes the practice's views, runs what is printed, and makes the tables as the login that may."""
    with server.admin.connect() as connection:
        for name in NAMES:
            connection.execute(text(f"CREATE VIEW {name} AS SELECT 1 AS id"))
    wanted = server.wanted() if server.admin.dialect.name == "postgresql" else replace(server.wanted(), view_schema="dbo")
    server.run(grants_script(wanted))
    upgrade(server.as_login(server.upgrader))
    if server.speaks_only_the_protocol:  # a right on a schema is one on the tables that it has already, there
        server.run(grants_script(wanted))


def test_what_is_printed_is_enough_to_make_the_tables_and_to_work_and_not_more(server: Server) -> None:
    prepared(server)
    database = server.as_login(server.agent)
    assert current_revision(database) == NEWEST
    assert missing_rights(database) == ()
    for statement in ("CREATE TABLE {}.mine (id INT)", "DROP TABLE {}.setting"):
        with pytest.raises(Exception, match=r"(?i)permission|owner|denied"), database.begin() as connection:
            connection.execute(text(statement.format('"vito_client"')))


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_each_right_that_lacks_is_found_and_its_statement_gives_it(server: Server) -> None:
    prepared(server)
    schema = f'"{SCHEMA}"'
    server.run(f"REVOKE INSERT, UPDATE ON {schema}.message FROM {server.agent}")
    server.run(f"REVOKE SELECT ON TABLE {schema}.activity FROM {server.agent}")  # noqa: S608
    server.run(f"REVOKE USAGE ON ALL SEQUENCES IN SCHEMA {schema} FROM {server.agent}")
    database = server.as_login(server.agent)
    found = missing_rights(database)
    assert {(one.rights, one.things) for one in found} > {
        (("INSERT", "UPDATE"), (f"{SCHEMA}.message",)),
        (("SELECT",), (f"{SCHEMA}.activity",)),
    }
    assert found[-1].rights == ("USAGE",)
    for one in found:
        server.run(one.statement)
    assert missing_rights(database) == ()
    server.run(f"REVOKE DELETE ON ALL TABLES IN SCHEMA {schema} FROM {server.agent}")
    (everywhere,) = missing_rights(database)
    assert everywhere.statement == f'GRANT DELETE ON ALL TABLES IN SCHEMA {schema} TO "{server.agent}";'
    server.run(f"REVOKE USAGE ON SCHEMA {schema} FROM {server.agent}")
    (closed,) = missing_rights(database)
    assert closed.statement == f'GRANT USAGE ON SCHEMA {schema} TO "{server.agent}";'


def test_an_upgrade_without_the_right_to_make_the_schema_says_so(server: Server) -> None:
    if server.speaks_only_the_protocol:
        pytest.skip("refusals have another number there")
    database = server.as_login(server.agent)
    with pytest.raises(RightsMissingError) as raised:
        upgrade(database)
    assert f"das Schema {SCHEMA} gibt es noch nicht" in raised.value.message
    assert "«vitoclient db grants»" in raised.value.advice


def test_an_upgrade_without_the_right_to_make_tables_says_so(server: Server) -> None:
    quoted = f'"{SCHEMA}"'
    server.run(f"CREATE SCHEMA {quoted}")
    if server.admin.dialect.name == "postgresql":
        server.run(f"GRANT USAGE ON SCHEMA {quoted} TO {server.agent}")
    if server.speaks_only_the_protocol:
        pytest.skip("refusals have another number there")
    database = server.as_login(server.agent)
    with pytest.raises(RightsMissingError) as raised:
        upgrade(database)
    assert raised.value.title == "Tabellen können nicht geändert werden"


def test_tables_whose_version_is_gone_are_left_as_they_are_and_it_is_said(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(delete(version_table))
    with pytest.raises(RevisionMissingError) as raised:
        upgrade(database)
    assert "ist leer" in raised.value.message
    assert NEWEST in raised.value.advice
    with pytest.raises(RevisionMissingError):
        check_schema(database)
