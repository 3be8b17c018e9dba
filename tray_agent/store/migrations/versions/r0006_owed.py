"""What is owed of a planned time, an attempt a row, rows that a later attempt stands for, and which file an embedded store is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from tray_agent.store.migrate import make_indexes
from tray_agent.store.types import UtcDateTime

revision = "0006"
down_revision = "0005"

_INDEXES = {
    "due_at": "due_at id trigger",
    "state": "state due_at id job workstation trigger",
    "workstation": "workstation due_at id job state trigger",
    "started_at": "started_at due_at id job state workstation",
    "finished_at": "finished_at due_at id job state workstation",
}


def upgrade() -> None:
    """Changes columns, the key and the indexes of the runs; what is there counts as first attempts of which nothing is owed."""
    schema = context.config.attributes["schema"]
    for column in (
        sa.Column("owed_at", UtcDateTime(), nullable=True),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("owed_reason", sa.String(40), nullable=False, server_default=""),
        sa.Column("owed_since", UtcDateTime(), nullable=True),
        sa.Column("in_vain", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("trouble", sa.SmallInteger(), nullable=False, server_default="0"),
    ):
        op.add_column("job_lock", column, schema=schema)
    op.add_column("agent_presence", sa.Column("store_file", sa.String(60), nullable=False, server_default=""), schema=schema)
    for name in _INDEXES:
        op.drop_index(f"ix_job_run_{name}", table_name="job_run", schema=schema)
    with op.batch_alter_table("job_run", schema=schema) as table:  # SQLite can't drop a constraint: the table is copied there
        table.add_column(sa.Column("takeovers", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("folded", sa.SmallInteger(), nullable=False, server_default="0"))
        table.drop_constraint("uq_job_run_job_due_at", type_="unique")
        table.create_unique_constraint("uq_job_run_job_due_at_attempt", ["job", "due_at", "attempt"])
    run = sa.table("job_run", sa.column("attempt", sa.Integer()), sa.column("takeovers", sa.Integer()), schema=schema)
    op.execute(sa.update(run).where(run.c.attempt > 1).values(takeovers=run.c.attempt - 1))
    op.execute(sa.update(run).where(run.c.attempt != 1).values(attempt=1))
    make_indexes("job_run", {name: f"{columns} folded" for name, columns in _INDEXES.items()})
    make_indexes("job_run", {"folded": "folded job due_at state workstation trigger"})
