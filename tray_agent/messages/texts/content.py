"""What a message says and costs, from what was rendered."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from tray_agent.messages.model import Channel
from tray_agent.messages.texts.rendering import Rendered
from tray_agent.practice.model import Patient

MOST_NAME = 200
MOST_SUBJECT = 300
"""Characters that the outbox keeps."""


def name_of(patient: Patient | None, patient_id: str) -> str:
    """Returns a patient as lists of the practice show them: "Muster Anna"; the id where there is no patient."""
    name = f"{patient.last_name} {patient.first_name}".strip() if patient else ""
    if not name.isprintable():  # a line end would tear a row of a list apart
        name = " ".join(name.split())
    return (name or patient_id)[:MOST_NAME]


def subject_of(rendered: Rendered) -> str:
    """Returns the subject as the outbox keeps it."""
    return rendered.subject[:MOST_SUBJECT]


def segments_of(rendered: Rendered) -> int:
    """Returns the segments of an SMS; 0 for an e-mail."""
    return rendered.segments.count if rendered.segments else 0


def cost_of(rendered: Rendered, channel: Channel) -> Decimal:
    """Returns what a message will cost, in credits: one a segment; an e-mail costs none."""
    return _credits(segments_of(rendered)) if channel is Channel.SMS else _credits(0)


@lru_cache(maxsize=64)
def _credits(segments: int) -> Decimal:
    return Decimal(segments)
