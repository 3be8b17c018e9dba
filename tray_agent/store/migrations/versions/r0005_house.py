"""Fewer indexes, keys by which names and texts are found, and sentences that can be told in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from tray_agent.search_keys import find_key, sort_key
from tray_agent.store.migrate import make_indexes
from tray_agent.store.types import sort_text

revision = "0005"
down_revision = "0004"

_CHUNK = 1000
"""So many rows get their keys at a time: a large outbox is not held in memory."""

_DROPPED = {
    "job_run": (
        "due_at job_state job_state_trigger job_state_workstation job_trigger job_workstation state state_trigger state_workstation trigger"
        " workstation workstation_trigger job_state_workstation_trigger started workstation_started job_state_started"
        " job_state_workstation_started finished workstation_finished job_state_finished job_state_workstation_finished late"
    ),
    "activity": "item of_item reason reason_item reason_workstation time workstation",
    "message": "prepared_at state_next_at",
}

_MADE = {
    "job_run": {
        "due_at": "due_at id trigger",
        "state": "state due_at id job workstation trigger",
        "workstation": "workstation due_at id job state trigger",
        "started_at": "started_at due_at id job state workstation",
        "finished_at": "finished_at due_at id job state workstation",
    },
    "activity": {
        "item": "item id",
        "list": "hidden service id level reason workstation",
        "level": "hidden service level id",
    },
    "message": {
        "state": "state id next_at kind",
        "patient": "patient_sort id patient_find patient_id state kind",
        "prepared_at": "prepared_at id state kind",
        "appointment_at": "appointment_at id state kind",
    },
}


def upgrade() -> None:
    """Changes indexes and columns, and gives the rows that are there their keys; sentences that are there stay as they are."""
    schema = context.config.attributes["schema"]
    for table, names in _DROPPED.items():
        for name in names.split():
            op.drop_index(f"ix_{table}_{name}", table_name=table, schema=schema)
    op.drop_column("job_run", "late", schema=schema)
    for table in _MADE:
        op.add_column(table, sa.Column("sentence_source", sa.UnicodeText(), nullable=True), schema=schema)
    op.add_column("activity", sa.Column("find_text", sa.UnicodeText(), nullable=False, server_default=""), schema=schema)
    for column in ("patient_sort", "patient_find"):
        op.add_column("message", sa.Column(column, sort_text(200), nullable=False, server_default=""), schema=schema)
    _fill("message", ["patient_name"], schema, _message_keys)
    _fill("activity", ["sentence", "item"], schema, _activity_keys)
    for table, indexes in _MADE.items():
        make_indexes(table, indexes)


def _message_keys(row: Mapping[str, Any]) -> dict[str, str]:
    return {"patient_sort": sort_key(row["patient_name"])[:200], "patient_find": find_key(row["patient_name"])[:200]}


def _activity_keys(row: Mapping[str, Any]) -> dict[str, str]:
    return {"find_text": find_key(f"{row['sentence']} {row['item']}")}


def _fill(name: str, read: Sequence[str], schema: str | None, keys: Callable[[Mapping[str, Any]], dict[str, str]]) -> None:
    """Writes keys into all rows of a table, made of what stands in the columns ``read``."""
    written = keys(dict.fromkeys(read, ""))
    columns = [sa.Column(column, sa.Unicode()) for column in (*read, *written)]
    table = sa.Table(name, sa.MetaData(), sa.Column("id", sa.Integer()), *columns, schema=schema)
    change = (
        sa.update(table).where(table.c.id == sa.bindparam("number")).values({column: sa.bindparam(f"new_{column}") for column in written})
    )
    connection, last = op.get_bind(), 0
    following = sa.select(table.c.id, *(table.c[column] for column in read)).order_by(table.c.id).limit(_CHUNK)
    while rows := connection.execute(following.where(table.c.id > last)).mappings().all():
        made = ((row["id"], keys(dict(row))) for row in rows)
        connection.execute(change, [{"number": number} | {f"new_{key}": value for key, value in new.items()} for number, new in made])
        last = rows[-1]["id"]
