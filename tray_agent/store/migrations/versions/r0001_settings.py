"""The practice-wide switches."""

from __future__ import annotations

from tray_agent.store.migrate import make_table

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the table of switches."""
    columns = "section: word(60), name: name(80), value: text, changed_at: instant, changed_by: name(120)"
    make_table("setting", "section name", columns)
