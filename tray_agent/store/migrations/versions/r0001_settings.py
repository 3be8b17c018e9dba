"""The practice-wide switches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from tray_agent.store.types import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the table of switches."""
    op.create_table(
        "setting",
        sa.Column("section", sa.String(60), nullable=False),
        sa.Column("name", sa.Unicode(80), nullable=False),
        sa.Column("value", sa.UnicodeText(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.Unicode(120), nullable=False),
        sa.PrimaryKeyConstraint("section", "name", name="pk_setting"),
        schema=context.config.attributes["schema"],
    )
