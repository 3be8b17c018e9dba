"""The tables of downloads."""

from __future__ import annotations

from alembic import context
from sqlalchemy import ForeignKeyConstraint

from tray_agent.store.migrate import make_table

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes the tables of downloads."""
    make_table(
        "subscription",
        "element",
        "element: word(64), title: name(200), baseline: word(24), subscribed_at: instant, subscribed_by: name(120)",
    )
    make_table(
        "download",
        "element version",
        "element: word(64), version: word(24), title: name(200), released: word(10), notes: text, kind: word(8), restart: flag,"
        " needs: word(24), publisher: name(120), target: word(255), file_name: word(120), size: big, state: word(16), file_time: big?,"
        " verified_at: instant?, exit_code: big?, changed_at: instant, changed_by: name(120)",
    )
    schema = context.config.attributes["schema"]
    download = f"{schema}.download" if schema else "download"
    of_download = ForeignKeyConstraint(
        ["element", "version"],
        [f"{download}.element", f"{download}.version"],
        name="fk_download_hash_element_version",
        ondelete="CASCADE",
    )
    columns = "element: word(64), version: word(24), algorithm: word(16), digest: word(128)"
    make_table("download_hash", "element version algorithm", columns, of_download)
    make_table("refused_target", "fingerprint", "fingerprint: word(64), first_seen: instant")
