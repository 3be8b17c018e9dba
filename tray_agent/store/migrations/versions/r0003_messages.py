"""The tables of messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from tray_agent.store.types import Credits, UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes the tables of messages."""
    schema = context.config.attributes["schema"]
    _make_templates(schema)
    _make_outbox(schema)
    _make_credits(schema)


def _make_templates(schema: str | None) -> None:
    op.create_table(
        "message_template",
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("subject", sa.Unicode(300), nullable=False),
        sa.Column("text", sa.UnicodeText(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.Unicode(120), nullable=False),
        sa.PrimaryKeyConstraint("kind", "channel", "language", name="pk_message_template"),
        schema=schema,
    )


def _make_outbox(schema: str | None) -> None:
    op.create_table(
        "message",
        *_identity_columns(),
        *_content_columns(),
        *_progress_columns(),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("unique_key", name="uq_message_unique_key"),
        schema=schema,
    )
    op.create_index("ix_message_state_next_at", "message", ["state", "next_at", "id"], schema=schema)
    op.create_index("ix_message_prepared_at", "message", ["prepared_at", "id"], schema=schema)
    op.create_index("ix_message_appointment_id", "message", ["appointment_id"], schema=schema)
    op.create_index("ix_message_patient_id", "message", ["patient_id"], schema=schema)


def _identity_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("reference", sa.String(24), nullable=False),
        sa.Column("unique_key", sa.String(160), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("channel", sa.String(8), nullable=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("patient_id", sa.Unicode(100), nullable=False),
        sa.Column("patient_name", sa.Unicode(200), nullable=False),
        sa.Column("mandant_id", sa.Unicode(100), nullable=True),
        sa.Column("appointment_id", sa.Unicode(100), nullable=True),
    )


def _content_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("recipient", sa.Unicode(254), nullable=True),
        sa.Column("language", sa.String(10), nullable=True),
        sa.Column("subject", sa.Unicode(300), nullable=False),
        sa.Column("text", sa.UnicodeText(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("cost", Credits(), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("sentence", sa.UnicodeText(), nullable=False),
        sa.Column("appointment_at", UtcDateTime(), nullable=True),
    )


def _progress_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("prepared_at", UtcDateTime(), nullable=False),
        sa.Column("sending_at", UtcDateTime(), nullable=True),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("final_at", UtcDateTime(), nullable=True),
        sa.Column("times_asked", sa.Integer(), nullable=False),
        sa.Column("first_asked_at", UtcDateTime(), nullable=True),
        sa.Column("last_asked_at", UtcDateTime(), nullable=True),
        sa.Column("status_checks", sa.Integer(), nullable=False),
        sa.Column("notified_at", UtcDateTime(), nullable=True),
        sa.Column("reason_code", sa.String(16), nullable=False),
        sa.Column("handled_by", sa.Unicode(120), nullable=True),
        sa.Column("handled_at", UtcDateTime(), nullable=True),
        sa.Column("account", sa.Unicode(200), nullable=True),
    )


def _make_credits(schema: str | None) -> None:
    op.create_table(
        "credit_balance",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("mandant_id", sa.Unicode(100), nullable=False),
        sa.Column("measured_at", UtcDateTime(), nullable=False),
        sa.Column("balance", Credits(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_credit_balance"),
        schema=schema,
    )
    op.create_index("ix_credit_balance_mandant_id", "credit_balance", ["mandant_id", "measured_at"], schema=schema)
