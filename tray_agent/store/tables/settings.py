"""The table of the practice-wide switches (Schalter)."""

from __future__ import annotations

from sqlalchemy import Column, Table

from tray_agent.store.tables.base import metadata
from tray_agent.store.types import UtcDateTime, human_text, key_text, long_text

setting = Table(
    "setting",
    metadata,
    # Sections and keys are stored lower-cased, so that the collation of the database does not matter.
    Column("section", key_text(60), primary_key=True),
    Column("name", human_text(80), primary_key=True),
    Column("value", long_text(), nullable=False),
    Column("changed_at", UtcDateTime(), nullable=False),
    Column("changed_by", human_text(120), nullable=False),
)
