"""What a comparison with the agenda found, which days were searched, what a person decides, and how far a store has come."""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy import UniqueConstraint

from tray_agent.store.migrate import make_table
from tray_agent.store.types import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Adds four columns and four tables; every message counts as told as it stands, and the store begins to count."""
    schema = context.config.attributes["schema"]
    for column in (
        sa.Column("standing", sa.String(12), nullable=False, server_default=""),
        sa.Column("standing_since", UtcDateTime(), nullable=True),
        sa.Column("doctor", sa.Unicode(200), nullable=True),
        sa.Column("said_by", sa.String(160), nullable=True),
    ):
        op.add_column("message", column, schema=schema)
    make_table("covered_day", "job day", "job: word(40), day: word(10), searched_at: instant")
    make_table(
        "question",
        "id",
        "id: whole, kind: word(20), subject: word(120), asked_at: instant, sentence: text, sentence_source: text?, about: text,"
        " answer: word(20), answered_by: name(120)?, answered_at: instant?",
        UniqueConstraint("kind", "subject", name="uq_question_kind_subject"),
    )
    make_table("practice_view", "name", "name: word(40), filled_at: instant, empty_since: instant?")
    state = make_table("store_state", "id", "id: whole, number: word(40), generation: big, place: name(300), place_key: word(64)")
    op.execute(state.insert().values(id=1, number=uuid4().hex, generation=0, place="", place_key=""))
