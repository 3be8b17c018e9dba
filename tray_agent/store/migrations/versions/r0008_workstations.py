"""What the practice has configured, what each workstation lacks, and which files and installations are on which workstation."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import context, op

from tray_agent.store.migrate import make_table
from tray_agent.store.types import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Moves files and installations to the workstation that has them: it stands behind the @ of who changed the row last."""
    schema = context.config.attributes["schema"]
    # First of all: a program of the version before reads the version of the tables once, when it starts, and goes on for weeks. Without
    # this column it can neither look at the plan nor claim a run nor commit an intent.
    op.alter_column("job_lock", "lease_until_ms", new_column_name="held_until_ms", schema=schema)
    make_table("configuration", "section", "section: word(20), content: text, changed_at: instant, changed_by: name(120)")
    op.add_column("agent_presence", sa.Column("report", sa.UnicodeText(), nullable=True), schema=schema)
    op.add_column("download", sa.Column("scope", sa.String(12), nullable=False, server_default="workstation"), schema=schema)
    op.add_column("download", sa.Column("software", sa.String(24), nullable=False, server_default=""), schema=schema)
    here = make_table(
        "workstation_download",
        "element version workstation",
        "element: word(64), version: word(24), workstation: name(120), file_time: big?, verified_at: instant?, installed: word(12),"
        " exit_code: big?, changed_at: instant, changed_by: name(120)",
    )
    names = ("element", "version", "kind", "state", "scope", "file_time", "exit_code", "changed_by")
    instants: list[sa.Column[object]] = [sa.Column(name, UtcDateTime()) for name in ("verified_at", "changed_at")]
    download = sa.Table("download", sa.MetaData(), *map(sa.Column, names), *instants, schema=schema)
    rows = op.get_bind().execute(sa.select(download)).mappings().all()
    op.bulk_insert(here, [_row_of_workstation(row) for row in rows if row["state"] != "new"])
    op.execute(download.update().where(download.c.kind == "file").values(scope="practice"))
    for row in rows:
        if row["state"] in ("started", "installed"):
            is_this = (download.c.element == row["element"], download.c.version == row["version"])
            op.execute(download.update().where(*is_this).values(state="superseded" if _has_newer(row, rows) else "offered"))
    for column in ("file_time", "verified_at", "exit_code"):
        op.drop_column("download", column, schema=schema)


def _has_newer(row: sa.RowMapping, rows: Sequence[sa.RowMapping]) -> bool:
    """Returns whether a newer version is there: nobody is to be offered an installed one that has long been replaced."""
    others = (other for other in rows if other["element"] == row["element"] and other["state"] != "new")
    return any(_numbers(other) > _numbers(row) for other in others)


def _numbers(row: sa.RowMapping) -> list[int]:
    return [int(number) for number in row["version"].split(".")]


def _row_of_workstation(row: sa.RowMapping) -> dict[str, object]:
    installed = row["state"] if row["state"] in ("started", "installed") else ""
    names = {name: row[name] for name in ("element", "version", "exit_code", "file_time", "verified_at", "changed_at", "changed_by")}
    return names | {"workstation": row["changed_by"].rpartition("@")[2], "installed": installed}
