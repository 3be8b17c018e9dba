"""The migrated database is the one that the tables declare."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tray_agent.store.database import Database
from tray_agent.store.migrate import migration_config
from tray_agent.store.schema_version import REVISIONS, current_revision
from tray_agent.store.tables import metadata


def test_the_migrations_make_the_declared_tables(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "schema_version"})
        assert compare_metadata(context, metadata) == []


def test_the_known_revisions_are_the_scripts(database: Database) -> None:
    scripts = ScriptDirectory.from_config(migration_config()).walk_revisions()
    assert tuple(reversed([script.revision for script in scripts])) == REVISIONS
    assert current_revision(database) == REVISIONS[-1]
