"""The tables of jobs: schedules, locks, runs, the activity log, pauses, and who is there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from tray_agent.store.types import UtcDateTime

revision = "0002"
down_revision = "0001"


_PLANS = {"download": 123000, "prepare_reminders": 100000, "prepare_birthdays": 95000, "send_messages": 101000, "update_status": 102000}
"""The five jobs and the time of day (HHMMSS) at which each is proposed."""

_RUN_INDEXES = {
    "due_at": "due_at id",
    "job_state": "job state due_at id",
    "job_state_trigger": "job state trigger due_at id",
    "job_state_workstation": "job state workstation due_at id",
    "job_trigger": "job trigger due_at id",
    "job_workstation": "job workstation due_at id",
    "state": "state due_at id",
    "state_trigger": "state trigger due_at id",
    "state_workstation": "state workstation due_at id",
    "trigger": "trigger due_at id",
    "workstation": "workstation due_at id",
    "workstation_trigger": "workstation trigger due_at id",
    "job_state_workstation_trigger": "job state workstation trigger due_at id",
    "started": "started_at due_at id",
    "workstation_started": "workstation started_at due_at id",
    "job_state_started": "job state started_at due_at id",
    "job_state_workstation_started": "job state workstation started_at due_at id",
    "finished": "finished_at due_at id",
    "workstation_finished": "workstation finished_at due_at id",
    "job_state_finished": "job state finished_at due_at id",
    "job_state_workstation_finished": "job state workstation finished_at due_at id",
    "late": "late due_at id",
}
"""The indexes of the history, without the beginning of their names: one for each order under each filter."""


def upgrade() -> None:
    """Makes the tables of jobs and the rows of the five jobs: daily, not enabled."""
    schema = context.config.attributes["schema"]
    _make_job(schema)
    _make_job_lock(schema)
    _make_job_run(schema)
    _make_activity(schema)
    _make_job_pause(schema)
    _make_agent_presence(schema)
    _insert_jobs(schema)


def _insert_jobs(schema: str | None) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    plan = {
        "enabled": False, "freq_type": 4, "freq_interval": 1, "freq_subday_type": 1, "freq_subday_interval": 0,
        "freq_relative_interval": 0, "freq_recurrence_factor": 0, "active_start_date": 20260101, "active_end_date": 99991231,
        "active_end_time": 235959, "effective_from": now, "version": 1, "changed_at": now, "changed_by": "",
    }  # fmt: skip
    columns: list[sa.Column[Any]] = [sa.Column("key", sa.String(40)), sa.Column("enabled", sa.Boolean())]
    columns += [sa.Column(name, sa.Integer()) for name in [*plan, "active_start_time"] if name.startswith(("freq", "active", "version"))]
    columns += [
        sa.Column("effective_from", UtcDateTime()),
        sa.Column("changed_at", UtcDateTime()),
        sa.Column("changed_by", sa.Unicode(120)),
    ]
    table = sa.Table("job", sa.MetaData(), *columns, schema=schema)
    op.bulk_insert(table, [{"key": key, "active_start_time": at, **plan} for key, at in _PLANS.items()])
    locks = sa.Table(
        "job_lock", sa.MetaData(), sa.Column("job", sa.String(40)), sa.Column("token", sa.BigInteger()), sa.Column("run_id", sa.Integer()),
        sa.Column("owner", sa.String(40)), sa.Column("lease_until_ms", sa.BigInteger()), sa.Column("cancel_run_id", sa.Integer()),
        sa.Column("settled_until", UtcDateTime()), schema=schema,
    )  # fmt: skip
    free = {
        "token": 0,
        "run_id": 0,
        "owner": "",
        "lease_until_ms": 0,
        "cancel_run_id": 0,
        "settled_until": datetime(2000, 1, 1, tzinfo=UTC),
    }
    op.bulk_insert(locks, [{"job": key, **free} for key in _PLANS])


def _make_job(schema: str | None) -> None:
    op.create_table(
        "job",
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("freq_type", sa.Integer(), nullable=False),
        sa.Column("freq_interval", sa.Integer(), nullable=False),
        sa.Column("freq_subday_type", sa.Integer(), nullable=False),
        sa.Column("freq_subday_interval", sa.Integer(), nullable=False),
        sa.Column("freq_relative_interval", sa.Integer(), nullable=False),
        sa.Column("freq_recurrence_factor", sa.Integer(), nullable=False),
        sa.Column("active_start_date", sa.Integer(), nullable=False),
        sa.Column("active_end_date", sa.Integer(), nullable=False),
        sa.Column("active_start_time", sa.Integer(), nullable=False),
        sa.Column("active_end_time", sa.Integer(), nullable=False),
        sa.Column("effective_from", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.Unicode(120), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_job"),
        schema=schema,
    )


def _make_job_lock(schema: str | None) -> None:
    op.create_table(
        "job_lock",
        sa.Column("job", sa.String(40), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(40), nullable=False),
        sa.Column("lease_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("cancel_run_id", sa.Integer(), nullable=False),
        sa.Column("settled_until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("job", name="pk_job_lock"),
        schema=schema,
    )


def _make_job_run(schema: str | None) -> None:
    op.create_table(
        "job_run",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("job", sa.String(40), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("trigger", sa.String(12), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("workstation", sa.Unicode(120), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("result", sa.UnicodeText(), nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("sentence", sa.UnicodeText(), nullable=False),
        sa.Column("late", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_run"),
        sa.UniqueConstraint("job", "due_at", name="uq_job_run_job_due_at"),
        schema=schema,
    )
    for name, columns in _RUN_INDEXES.items():
        op.create_index(f"ix_job_run_{name}", "job_run", columns.split(), schema=schema)


def _make_activity(schema: str | None) -> None:
    op.create_table(
        "activity",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("service", sa.String(12), nullable=False),
        sa.Column("level", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("sentence", sa.UnicodeText(), nullable=False),
        sa.Column("item", sa.Unicode(200), nullable=False),
        sa.Column("patient_id", sa.Unicode(100), nullable=True),
        sa.Column("appointment_at", UtcDateTime(), nullable=True),
        sa.Column("workstation", sa.Unicode(120), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("hidden", sa.SmallInteger(), nullable=False),
        sa.Column("hidden_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_activity"),
        schema=schema,
    )
    op.create_index("ix_activity_at", "activity", ["at", "id"], schema=schema)
    op.create_index("ix_activity_item", "activity", ["hidden", "service", "level", "item", "id"], schema=schema)
    op.create_index("ix_activity_of_item", "activity", ["item", "id"], schema=schema)
    op.create_index("ix_activity_reason", "activity", ["hidden", "service", "level", "reason", "id"], schema=schema)
    op.create_index("ix_activity_reason_item", "activity", ["hidden", "service", "level", "reason", "item", "id"], schema=schema)
    op.create_index(
        "ix_activity_reason_workstation", "activity", ["hidden", "service", "level", "reason", "workstation", "id"], schema=schema
    )
    op.create_index("ix_activity_run_id", "activity", ["run_id", "id"], schema=schema)
    op.create_index("ix_activity_time", "activity", ["hidden", "service", "level", "id"], schema=schema)
    op.create_index("ix_activity_workstation", "activity", ["hidden", "service", "level", "workstation", "id"], schema=schema)


def _make_job_pause(schema: str | None) -> None:
    op.create_table(
        "job_pause",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        sa.Column("scope", sa.String(12), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=True),
        sa.Column("paused_by", sa.Unicode(120), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_pause"),
        schema=schema,
    )


def _make_agent_presence(schema: str | None) -> None:
    op.create_table(
        "agent_presence",
        sa.Column("owner", sa.String(40), nullable=False),
        sa.Column("workstation", sa.Unicode(120), nullable=False),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("clock_difference_ms", sa.BigInteger(), nullable=False),
        sa.Column("scheduling", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_agent_presence"),
        schema=schema,
    )
