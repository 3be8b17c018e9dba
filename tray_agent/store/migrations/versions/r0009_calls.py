"""What people do on the call list: ticks that can be taken back, calls in vain, notes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from tray_agent.store.types import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Adds nine columns. What was ticked off before stays so, with its time; how it was before nobody noted."""
    schema = context.config.attributes["schema"]
    for column in (
        sa.Column("ticked_at", UtcDateTime(), nullable=True),
        sa.Column("ticked_by", sa.Unicode(120), nullable=True),
        sa.Column("ticked_over", sa.UnicodeText(), nullable=True),
        sa.Column("unreached", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("unreached_at", UtcDateTime(), nullable=True),
        sa.Column("unreached_by", sa.Unicode(120), nullable=True),
        sa.Column("note", sa.Unicode(500), nullable=True),
        sa.Column("noted_at", UtcDateTime(), nullable=True),
        sa.Column("noted_by", sa.Unicode(120), nullable=True),
    ):
        op.add_column("message", column, schema=schema)
    names = ("state", "reason", "handled_by", "ticked_by")
    instants: list[sa.Column[object]] = [sa.Column(name, UtcDateTime()) for name in ("handled_at", "ticked_at")]
    message = sa.Table("message", sa.MetaData(), *(sa.Column(name, sa.Unicode()) for name in names), *instants, schema=schema)
    # Whoever decided a doubt, or cancelled in the outbox, is no tick.
    ticked = sa.or_(message.c.state.in_(["error", "failed", "unknown"]), message.c.reason == "reminded_otherwise")
    handled = message.c.handled_at.is_not(None)
    op.execute(message.update().where(handled, ticked).values(ticked_at=message.c.handled_at, ticked_by=message.c.handled_by))
