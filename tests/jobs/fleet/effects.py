"""The counter of a trial: every effect of every job, appended and never changed, without a key that would hide a second one."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table

from tray_agent.job_kinds import JobKey

ITEMS = 4
"""How many effects a planned time has."""

AT_ONCE = 2
"""How many of them one attempt brings about, so that a planned time needs two."""

JOBS = (JobKey.DOWNLOAD, JobKey.PREPARE_REMINDERS, JobKey.SEND_MESSAGES)

counter = Table(
    "trial_effect",
    MetaData(),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job", String(40), nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("item", Integer, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("worker", String(40), nullable=False),
)
