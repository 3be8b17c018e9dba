"""Which rights in the database the agent needs: as statements for an administrator, and tried one by one.

Three logins may be three or one: the one that the agent works with (rows, no tables), the one that makes and changes tables
(``vitoclient db upgrade``), and the one that reads the practice's five views.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Integer, Select, Table, Update, cast, delete, false, func, insert, null, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import Delete, Insert

from tray_agent.i18n import N_, _
from tray_agent.store.database import Database
from tray_agent.store.faults import Fault, fault_of
from tray_agent.store.schema_version import VERSION_TABLE, version_table
from tray_agent.store.tables import metadata

RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
"""What the agent does with its own tables. It makes none, changes none and takes none away."""


@dataclass(frozen=True, slots=True)
class Grants:
    """For whom and for what the statements are made.

    Attributes:
        dialect: ``mssql`` or ``postgresql``.
        login: the agent's.
        upgrade_login: of whoever makes and changes the tables.
        database: the agent's database.
        schema: of the agent's tables.
        practice_database, practice_login, view_schema, views: where the five views are, and who reads them; None: another kind of
            server, or a file, for which nothing is granted here.
    """

    dialect: str
    login: str
    upgrade_login: str
    database: str
    schema: str
    practice_database: str | None
    practice_login: str
    view_schema: str
    views: tuple[str, ...]


_HEADS = {
    "schema": N_("Das Schema der Tabellen; es gehört dem Benutzer, der die Tabellen anlegt und ändert («vitoclient db upgrade»)."),
    "upgrade": N_("Wer die Tabellen anlegt und ändert. Immer derselbe: Ändern kann eine Tabelle nur, wem sie gehört."),
    "run": N_("Womit der Agent arbeitet: Zeilen lesen, einfügen, ändern und löschen. Keine Tabellen anlegen, ändern oder löschen."),
    "views": N_("Die fünf Sichten auf die Praxisdaten, nur lesen. Zuerst die Sichten anlegen («vitoclient db views»)."),
    "login": N_("Die Anmeldungen, falls es sie noch nicht gibt: mit Passwort, oder auf SQL Server das Windows-Konto."),
}

_MOVED = N_("Gehört das Schema schon jemand anderem:")


def quoted(name: str, dialect: str) -> str:
    """Returns a name as a statement takes it, whatever stands in it."""
    return f"[{name.replace(']', ']]')}]" if dialect == "mssql" else '"' + name.replace('"', '""') + '"'


def grants_script(wanted: Grants) -> str:
    """Returns the statements that give the rights, with comments for the administrator who runs them.

    They can be run again. SQL Server's are for sqlcmd and Management Studio (``GO``).
    """
    blocks = _sql_server(wanted) if wanted.dialect == "mssql" else _postgresql(wanted)
    return "\n".join(f"-- {_(_HEADS[head])}\n{body}" for head, body in blocks)


def _sql_server(wanted: Grants) -> Iterator[tuple[str, str]]:
    def name(plain: str) -> str:
        return quoted(plain, "mssql")

    login, upgrader, schema = name(wanted.login), name(wanted.upgrade_login), name(wanted.schema)
    inner = f"CREATE SCHEMA {schema} AUTHORIZATION {upgrader}".replace("'", "''")
    there = wanted.schema.replace("'", "''")
    yield "login", "".join(f"-- {line}\n" for one in dict.fromkeys((upgrader, login)) for line in _sql_server_login(one, wanted.database))
    moved = f"-- {_(_MOVED)} ALTER AUTHORIZATION ON SCHEMA::{schema} TO {upgrader};\n"
    yield "schema", f"{moved}USE {name(wanted.database)};\nGO\nIF SCHEMA_ID(N'{there}') IS NULL EXEC(N'{inner}');\nGO\n"
    yield "upgrade", f"GRANT CREATE TABLE TO {upgrader};\nGO\n"
    if login != upgrader:  # nobody can grant anything to the owner, who may all
        yield "run", f"GRANT {', '.join(RIGHTS)} ON SCHEMA::{schema} TO {login};\nGO\n"
    if wanted.practice_database is not None:
        reader, of_views = name(wanted.practice_login), name(wanted.view_schema)
        lines = "".join(f"GRANT SELECT ON OBJECT::{of_views}.{name(view)} TO {reader};\n" for view in wanted.views)
        yield "views", f"USE {name(wanted.practice_database)};\nGO\n{lines}GO\n"


def _sql_server_login(login: str, database: str) -> tuple[str, ...]:
    return (
        f"CREATE LOGIN {login} WITH PASSWORD = N'...';",
        f"CREATE LOGIN {login} FROM WINDOWS;",
        f"USE {quoted(database, 'mssql')}; CREATE USER {login} FOR LOGIN {login};",
    )


def _postgresql(wanted: Grants) -> Iterator[tuple[str, str]]:
    def name(plain: str) -> str:
        return quoted(plain, "postgresql")

    login, upgrader, schema = name(wanted.login), name(wanted.upgrade_login), name(wanted.schema)
    yield "login", "".join(f"-- CREATE ROLE {one} LOGIN PASSWORD '...';\n" for one in dict.fromkeys((upgrader, login)))
    yield "schema", f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {upgrader};\n"
    database = name(wanted.database)
    yield "upgrade", f"GRANT CONNECT ON DATABASE {database} TO {upgrader};\nGRANT USAGE, CREATE ON SCHEMA {schema} TO {upgrader};\n"
    later = f"ALTER DEFAULT PRIVILEGES FOR ROLE {upgrader} IN SCHEMA {schema}"
    rows = ", ".join(RIGHTS)
    statements = (
        f"GRANT CONNECT ON DATABASE {database} TO {login}",
        f"GRANT USAGE ON SCHEMA {schema} TO {login}",
        f"GRANT {rows} ON ALL TABLES IN SCHEMA {schema} TO {login}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {login}",
        f"{later} GRANT {rows} ON TABLES TO {login}",
        f"{later} GRANT USAGE ON SEQUENCES TO {login}",
    )
    yield "run", "".join(f"{statement};\n" for statement in statements)
    if wanted.practice_database is not None:
        reader, of_views = name(wanted.practice_login), name(wanted.view_schema)
        move = "" if wanted.practice_database == wanted.database else f"\\connect {name(wanted.practice_database)}\n"
        views = ", ".join(f"{of_views}.{name(view)}" for view in wanted.views)
        yield "views", f"{move}GRANT USAGE ON SCHEMA {of_views} TO {reader};\nGRANT SELECT ON {views} TO {reader};\n"


@dataclass(frozen=True, slots=True)
class Missing:
    """Rights that the agent's login lacks.

    Attributes:
        rights: ``SELECT``, ``USAGE`` …
        things: the tables, sequences or the schema.
        statement: what gives them.
    """

    rights: tuple[str, ...]
    things: tuple[str, ...]
    statement: str


def missing_rights(database: Database) -> tuple[Missing, ...]:
    """Tries every right that the agent needs in its own tables, and returns those that it lacks. Nothing is changed.

    Each statement is one that the agent makes, on no row: the database looks at the rights all the same. A refusal stops no other try.

    Raises:
        KnownError: there is no connection, or it was lost.
        sqlalchemy.exc.DBAPIError: a table is not there.
    """
    if database.dialect == "sqlite":
        return ()
    with database.read() as connection:  # whatever was tried is rolled back
        login = _login(connection)
        schema = database.schema or _default_schema(connection)
        if database.dialect == "postgresql" and not _may_use(connection, schema):
            statement = f"GRANT USAGE ON SCHEMA {quoted(schema, database.dialect)} TO {login};"
            return (Missing(("USAGE",), (schema,), statement),)
        lacking = {table: rights for table in _tables() if (rights := tuple(_refused(connection, table)))}
        sequences = _sequences(connection, schema) if database.dialect == "postgresql" else ()
    return (*_of_tables(lacking, schema, login, database.dialect), *_of_sequences(sequences, login))


def _tables() -> tuple[str, ...]:
    return (*(table.name for table in metadata.sorted_tables), VERSION_TABLE)


def _refused(connection: Connection, name: str) -> Iterator[str]:
    """Yields the rights that are refused on a table. The version's is only read."""
    if name == VERSION_TABLE:
        tried: dict[str, Select[int] | Insert | Update | Delete] = {"SELECT": _reading(version_table)}
    else:
        table = metadata.tables[name]
        filled = [column for column in table.c if not _is_numbered(column, table)]
        column = next((each for each in filled if not each.primary_key), filled[0])
        tried = {
            "SELECT": _reading(table),
            "INSERT": insert(table).from_select(filled, select(*(cast(null(), each.type) for each in filled)).where(false())),
            "UPDATE": update(table).where(false()).values({column: cast(null(), column.type)}),
            "DELETE": delete(table).where(false()),
        }
    for right, statement in tried.items():
        if _is_forbidden(connection, statement):
            yield right


def _is_numbered(column: Column[Any], table: Table) -> bool:
    """Returns whether the database gives a column's numbers itself: SQL Server then takes none, whoever asks."""
    return column.primary_key and len(table.primary_key) == 1 and isinstance(column.type, Integer)


def _reading(table: Table) -> Select[int]:
    return select(func.count()).select_from(table).where(false())


def _is_forbidden(connection: Connection, statement: Select[int] | Insert | Update | Delete) -> bool:
    step = connection.begin_nested()
    try:
        connection.execute(statement)
    except DBAPIError as error:
        step.rollback()
        if fault_of(error) is Fault.FORBIDDEN:
            return True
        raise
    step.rollback()
    return False


def _login(connection: Connection) -> str:
    asked = "SELECT USER_NAME()" if connection.dialect.name == "mssql" else "SELECT current_user"
    return quoted(str(connection.execute(text(asked)).scalar_one()), connection.dialect.name)


def _default_schema(connection: Connection) -> str:
    return connection.dialect.default_schema_name or "dbo"


def _may_use(connection: Connection, schema: str) -> bool:
    asked = text("SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = :schema")
    return bool(connection.execute(asked, {"schema": schema}).scalar())


_SEQUENCES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = :schema AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE') ELSE false END ORDER BY c.relname
"""
"""CASE: else the right may be asked of a table, which is an error, before it is known what is one."""


def _sequences(connection: Connection, schema: str) -> tuple[str, ...]:
    """Returns the sequences that may not be used: asked for, since a number that was drawn is not given back."""
    return tuple(f"{quoted(schema, '')}.{quoted(name, '')}" for name in connection.execute(text(_SEQUENCES), {"schema": schema}).scalars())


def _of_tables(lacking: dict[str, tuple[str, ...]], schema: str, login: str, dialect: str) -> Iterator[Missing]:
    """Yields what lacks alike in one: a statement for the whole schema where it is every table."""
    for rights in dict.fromkeys(lacking.values()):
        names = tuple(name for name, found in lacking.items() if found == rights)
        of_schema, given = quoted(schema, dialect), ", ".join(rights)
        if set(names) >= set(_tables()) - {VERSION_TABLE}:
            things = f"SCHEMA::{of_schema}" if dialect == "mssql" else f"ALL TABLES IN SCHEMA {of_schema}"
            statement = f"GRANT {given} ON {things} TO {login};"
        else:
            statement = " ".join(f"GRANT {given} ON {of_schema}.{quoted(name, dialect)} TO {login};" for name in names)
        yield Missing(rights, tuple(f"{schema}.{name}" for name in names), statement)


def _of_sequences(names: tuple[str, ...], login: str) -> Iterator[Missing]:
    if names:
        yield Missing(("USAGE",), names, f"GRANT USAGE ON SEQUENCE {', '.join(names)} TO {login};")
