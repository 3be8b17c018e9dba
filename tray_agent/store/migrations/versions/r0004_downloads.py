"""The tables of downloads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from tray_agent.store.types import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes the tables of downloads."""
    schema = context.config.attributes["schema"]
    op.create_table(
        "subscription",
        sa.Column("element", sa.String(64), nullable=False),
        sa.Column("title", sa.Unicode(200), nullable=False),
        sa.Column("baseline", sa.String(24), nullable=False),
        sa.Column("subscribed_at", UtcDateTime(), nullable=False),
        sa.Column("subscribed_by", sa.Unicode(120), nullable=False),
        sa.PrimaryKeyConstraint("element", name="pk_subscription"),
        schema=schema,
    )
    _make_download(schema)
    op.create_table(
        "refused_target",
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("first_seen", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_refused_target"),
        schema=schema,
    )


def _make_download(schema: str | None) -> None:
    op.create_table(
        "download",
        sa.Column("element", sa.String(64), nullable=False),
        sa.Column("version", sa.String(24), nullable=False),
        sa.Column("title", sa.Unicode(200), nullable=False),
        sa.Column("released", sa.String(10), nullable=False),
        sa.Column("notes", sa.UnicodeText(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("restart", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("needs", sa.String(24), nullable=False),
        sa.Column("publisher", sa.Unicode(120), nullable=False),
        sa.Column("target", sa.String(255), nullable=False),
        sa.Column("file_name", sa.String(120), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("file_time", sa.BigInteger(), nullable=True),
        sa.Column("verified_at", UtcDateTime(), nullable=True),
        sa.Column("exit_code", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.Unicode(120), nullable=False),
        sa.PrimaryKeyConstraint("element", "version", name="pk_download"),
        schema=schema,
    )
    prefix = f"{schema}." if schema else ""
    op.create_table(
        "download_hash",
        sa.Column("element", sa.String(64), nullable=False),
        sa.Column("version", sa.String(24), nullable=False),
        sa.Column("algorithm", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("element", "version", "algorithm", name="pk_download_hash"),
        sa.ForeignKeyConstraint(
            ["element", "version"],
            [f"{prefix}download.element", f"{prefix}download.version"],
            name="fk_download_hash_element_version",
            ondelete="CASCADE",
        ),
        schema=schema,
    )
