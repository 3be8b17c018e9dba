"""The tables of jobs: schedules, locks, runs, the activity log, pauses, and who is there."""

from __future__ import annotations

from datetime import UTC, datetime

from alembic import op
from sqlalchemy import UniqueConstraint

from tray_agent.store.migrate import make_indexes, make_table

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


_ACTIVITY_INDEXES = {
    "at": "at id",
    "item": "hidden service level item id",
    "of_item": "item id",
    "reason": "hidden service level reason id",
    "reason_item": "hidden service level reason item id",
    "reason_workstation": "hidden service level reason workstation id",
    "run_id": "run_id id",
    "time": "hidden service level id",
    "workstation": "hidden service level workstation id",
}


def upgrade() -> None:
    """Makes the tables of jobs and the rows of the five jobs: daily, not enabled."""
    _make_jobs()
    _make_logs()
    make_table("job_pause", "id", "id: whole, scope: word(12), from_at: instant, until_at: instant?, paused_by: name(120)")
    make_table(
        "agent_presence",
        "owner",
        "owner: word(40), workstation: name(120), version: word(20), started_at: instant, seen_ms: big, clock_difference_ms: big,"
        " scheduling: small",
    )


def _make_jobs() -> None:
    codes = (
        "freq_type freq_interval freq_subday_type freq_subday_interval freq_relative_interval freq_recurrence_factor"
        " active_start_date active_end_date active_start_time active_end_time"
    )
    schedule = ", ".join(f"{code}: whole" for code in codes.split())
    changes = "effective_from: instant, version: whole, changed_at: instant, changed_by: name(120)"
    jobs = make_table("job", "key", f"key: word(40), enabled: flag, {schedule}, {changes}")
    locks = make_table(
        "job_lock",
        "job",
        "job: word(40), token: big, run_id: whole, owner: word(40), lease_until_ms: big, cancel_run_id: whole, settled_until: instant",
    )
    now = datetime.now(UTC).replace(microsecond=0)
    plan = {
        "enabled": False, "freq_type": 4, "freq_interval": 1, "freq_subday_type": 1, "freq_subday_interval": 0,
        "freq_relative_interval": 0, "freq_recurrence_factor": 0, "active_start_date": 20260101, "active_end_date": 99991231,
        "active_end_time": 235959, "effective_from": now, "version": 1, "changed_at": now, "changed_by": "",
    }  # fmt: skip
    op.bulk_insert(jobs, [{"key": key, "active_start_time": at, **plan} for key, at in _PLANS.items()])
    free = {
        "token": 0,
        "run_id": 0,
        "owner": "",
        "lease_until_ms": 0,
        "cancel_run_id": 0,
        "settled_until": datetime(2000, 1, 1, tzinfo=UTC),
    }
    op.bulk_insert(locks, [{"job": key, **free} for key in _PLANS])


def _make_logs() -> None:
    make_table(
        "job_run",
        "id",
        "id: whole, job: word(40), due_at: instant, trigger: word(12), state: word(12), token: big, attempt: whole, workstation: name(120),"
        " started_at: instant?, finished_at: instant?, result: text, problems: whole, reason: word(40), sentence: text, late: small",
        UniqueConstraint("job", "due_at", name="uq_job_run_job_due_at"),
    )
    make_indexes("job_run", _RUN_INDEXES)
    make_table(
        "activity",
        "id",
        "id: whole, at: instant, service: word(12), level: word(8), reason: word(40), sentence: text, item: name(200),"
        " patient_id: name(100)?, appointment_at: instant?, workstation: name(120), run_id: whole, hidden: small, hidden_at: instant?",
    )
    make_indexes("activity", _ACTIVITY_INDEXES)
