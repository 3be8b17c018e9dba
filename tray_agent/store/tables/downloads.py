"""The tables of downloads: subscriptions, downloaded versions with their hashes, refused targets."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Table

from tray_agent.store.tables.base import metadata
from tray_agent.store.types import UtcDateTime, human_text, key_text, long_text

subscription = Table(
    "subscription",
    metadata,
    Column("element", key_text(64), primary_key=True),
    Column("title", human_text(200), nullable=False),
    # The newest version when it was subscribed: the line to stay on until something is installed. Empty: none.
    Column("baseline", key_text(24), nullable=False),
    Column("subscribed_at", UtcDateTime(), nullable=False),
    Column("subscribed_by", human_text(120), nullable=False),
)

download = Table(
    "download",
    metadata,
    Column("element", key_text(64), primary_key=True),
    Column("version", key_text(24), primary_key=True),
    Column("title", human_text(200), nullable=False),
    Column("released", key_text(10), nullable=False),
    Column("notes", long_text(), nullable=False),
    Column("kind", key_text(8), nullable=False),
    Column("restart", Boolean(create_constraint=False), nullable=False),
    Column("needs", key_text(24), nullable=False),
    Column("publisher", human_text(120), nullable=False, default=""),
    Column("target", key_text(255), nullable=False),
    Column("file_name", key_text(120), nullable=False),
    Column("size", BigInteger(), nullable=False),
    Column("state", key_text(16), nullable=False),
    # Of the file when it was last verified, in nanoseconds; a difference asks for a new verification.
    Column("file_time", BigInteger(), nullable=True),
    Column("verified_at", UtcDateTime(), nullable=True),
    # Windows' codes are unsigned: 3221225477 for a crash.
    Column("exit_code", BigInteger(), nullable=True),
    Column("changed_at", UtcDateTime(), nullable=False),
    Column("changed_by", human_text(120), nullable=False),
)

download_hash = Table(
    "download_hash",
    metadata,
    Column("element", key_text(64), primary_key=True),
    Column("version", key_text(24), primary_key=True),
    Column("algorithm", key_text(16), primary_key=True),
    Column("digest", key_text(128), nullable=False),
    ForeignKeyConstraint(["element", "version"], ["download.element", "download.version"], ondelete="CASCADE"),
)

refused_target = Table(
    "refused_target",
    metadata,
    # SHA-256 of path and reason: what is known to be refused is told once, not at every run.
    Column("fingerprint", key_text(64), primary_key=True),
    Column("first_seen", UtcDateTime(), nullable=False),
)
