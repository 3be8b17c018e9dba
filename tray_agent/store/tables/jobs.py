"""The tables of jobs: schedules, locks, runs, the activity log, pauses, and who is there.

Instants that are compared with the server's clock are milliseconds since 1970 UTC (``_ms``); what people read is
``UtcDateTime``. Rows of the logs carry no foreign keys: they outlive what they speak of, and are pruned in any order.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, SmallInteger, Table, UniqueConstraint

from tray_agent.store.tables.base import metadata
from tray_agent.store.types import UtcDateTime, human_text, key_text, long_text

job = Table(
    "job",
    metadata,
    Column("key", key_text(40), primary_key=True),
    # The columns of sysschedules, with their codes.
    Column("enabled", Boolean, nullable=False),
    Column("freq_type", Integer, nullable=False),
    Column("freq_interval", Integer, nullable=False),
    Column("freq_subday_type", Integer, nullable=False),
    Column("freq_subday_interval", Integer, nullable=False),
    Column("freq_relative_interval", Integer, nullable=False),
    Column("freq_recurrence_factor", Integer, nullable=False),
    Column("active_start_date", Integer, nullable=False),
    Column("active_end_date", Integer, nullable=False),
    Column("active_start_time", Integer, nullable=False),
    Column("active_end_time", Integer, nullable=False),
    # Planned times count only after this instant: a schedule says nothing of the time before it was saved.
    Column("effective_from", UtcDateTime(), nullable=False),
    # Grows with every change; every change compares it.
    Column("version", Integer, nullable=False),
    Column("changed_at", UtcDateTime(), nullable=False),
    Column("changed_by", human_text(120), nullable=False),
)
"""The five jobs and their schedules; the rows are made with the table."""

job_lock = Table(
    "job_lock",
    metadata,
    Column("job", key_text(40), primary_key=True),
    # The fence: grows by one with every claim, takeover and sweep. Who holds an older one changes nothing any more.
    Column("token", BigInteger, nullable=False),
    # The run that holds the lock, 0: none.
    Column("run_id", Integer, nullable=False),
    # The process that holds it, "": none.
    Column("owner", key_text(40), nullable=False),
    # By the server's clock; 0: free.
    Column("lease_until_ms", BigInteger, nullable=False),
    # The run that somebody asked to stop, 0: none.
    Column("cancel_run_id", Integer, nullable=False),
    # Every planned time up to here has its row in the history. Not derived from the history, which is pruned.
    Column("settled_until", UtcDateTime(), nullable=False),
)
"""One row a job: no job runs twice at a time, and the lease of the run that holds the row. The only place of the lease."""

job_run = Table(
    "job_run",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job", key_text(40), nullable=False),
    # The planned time in whole seconds; of a run by hand the second in which it was asked for.
    Column("due_at", UtcDateTime(), nullable=False),
    Column("trigger", key_text(12), nullable=False),
    Column("state", key_text(12), nullable=False),
    Column("token", BigInteger, nullable=False),
    # How often it was begun: 1, more after takeovers.
    Column("attempt", Integer, nullable=False),
    Column("workstation", human_text(120), nullable=False),
    Column("started_at", UtcDateTime()),
    Column("finished_at", UtcDateTime()),
    # Counts and skipped as JSON, "" until there is a result.
    Column("result", long_text(), nullable=False),
    Column("problems", Integer, nullable=False),
    # A stable word for what was skipped, failed or cancelled; "" else.
    Column("reason", key_text(40), nullable=False),
    Column("sentence", long_text(), nullable=False),
    # How the sentence was made, so that every reader has it in his own language (record 0016); NULL: nobody knows.
    Column("sentence_source", long_text()),
    UniqueConstraint("job", "due_at"),
    # The history by planned time (under every filter that has no index of its own), by trigger, a period, pruning.
    Index("ix_job_run_due_at", "due_at", "id", "trigger"),
    # Filter and order by status and by workstation; the columns behind the number let other filters be told without the row.
    Index("ix_job_run_state", "state", "due_at", "id", "job", "workstation", "trigger"),
    Index("ix_job_run_workstation", "workstation", "due_at", "id", "job", "state", "trigger"),
    # The orders by start and by end, under a filter, too: it is tested on the way. (The filter and order by job: the unique key.)
    Index("ix_job_run_started_at", "started_at", "due_at", "id", "job", "state", "workstation"),
    Index("ix_job_run_finished_at", "finished_at", "due_at", "id", "job", "state", "workstation"),
)
"""The history (Auftragsverlauf): one row per planned time and per run by hand."""

activity = Table(
    "activity",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime(), nullable=False),
    Column("service", key_text(12), nullable=False),
    Column("level", key_text(8), nullable=False),
    Column("reason", key_text(40), nullable=False),
    Column("sentence", long_text(), nullable=False),
    # How the sentence was made, so that every reader has it in his own language (record 0016); NULL: nobody knows.
    Column("sentence_source", long_text()),
    # "" where it is about nothing in particular.
    Column("item", human_text(200), nullable=False),
    Column("patient_id", human_text(100)),
    Column("appointment_at", UtcDateTime()),
    Column("workstation", human_text(120), nullable=False),
    # The run it belongs to, 0: none.
    Column("run_id", Integer, nullable=False),
    # 1: "Alle löschen" took it off the list, at that time; it stays stored.
    Column("hidden", SmallInteger, nullable=False),
    Column("hidden_at", UtcDateTime()),
    # What a row is found by: the find_key of its sentence and item.
    Column("find_text", long_text(), nullable=False),
    # A period, whose rows are then told by their numbers; pruning.
    Index("ix_activity_at", "at", "id"),
    # The rows of a run, of an element or message.
    Index("ix_activity_run_id", "run_id", "id"),
    Index("ix_activity_item", "item", "id"),
    # A tab by time; the columns behind the number let reason and workstation be filtered and sorted without the rows.
    Index("ix_activity_list", "hidden", "service", "id", "level", "reason", "workstation"),
    # A tab's errors and warnings: filter and order by level, and the numbers in brackets.
    Index("ix_activity_level", "hidden", "service", "level", "id"),
)
"""The activity log: one row per thing done or refused."""

job_pause = Table(
    "job_pause",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    # "sending" or "everything".
    Column("scope", key_text(12), nullable=False),
    Column("from_at", UtcDateTime(), nullable=False),
    # Null: until somebody resumes.
    Column("until_at", UtcDateTime()),
    Column("paused_by", human_text(120), nullable=False),
)
"""The pauses of the whole practice; ended ones stay until they are pruned, for they explain skipped times."""

agent_presence = Table(
    "agent_presence",
    metadata,
    # The process; new with every start.
    Column("owner", key_text(40), primary_key=True),
    Column("workstation", human_text(120), nullable=False),
    Column("version", key_text(20), nullable=False),
    Column("started_at", UtcDateTime(), nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    # This machine's clock minus the server's.
    Column("clock_difference_ms", BigInteger, nullable=False),
    # 1 while its scheduler runs.
    Column("scheduling", SmallInteger, nullable=False),
)
"""The agents that are there: who is on, since when, how wrong its clock is."""
