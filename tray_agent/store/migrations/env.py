"""Alembic's environment: runs on the connection that ``tray_agent.store.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from tray_agent.store.tables import metadata

connection = context.config.attributes["connection"]
schema = context.config.attributes["schema"]

context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table="schema_version",
    version_table_schema=schema,
    include_schemas=False,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
