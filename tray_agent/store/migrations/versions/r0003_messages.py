"""The tables of messages."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint

from tray_agent.store.migrate import make_indexes, make_table

revision = "0003"
down_revision = "0002"

_IDENTITY = (
    "id: whole, reference: word(24), unique_key: word(160), kind: word(12), channel: word(8)?, state: word(12), patient_id: name(100),"
    " patient_name: name(200), mandant_id: name(100)?, appointment_id: name(100)?"
)
_CONTENT = (
    "recipient: name(254)?, language: word(10)?, subject: name(300), text: text, segments: whole, cost: credits, reason: word(40),"
    " sentence: text, appointment_at: instant?"
)
_PROGRESS = (
    "next_at: instant, expires_at: instant, run_id: whole?, token: big, version: whole, attempts: whole, prepared_at: instant,"
    " sending_at: instant?, submitted_at: instant?, final_at: instant?, times_asked: whole, first_asked_at: instant?,"
    " last_asked_at: instant?, status_checks: whole, notified_at: instant?, reason_code: word(16), handled_by: name(120)?,"
    " handled_at: instant?, account: name(200)?"
)


def upgrade() -> None:
    """Makes the tables of messages."""
    make_table(
        "message_template",
        "kind channel language",
        "kind: word(12), channel: word(8), language: word(10), subject: name(300), text: text, disabled: flag, changed_at: instant,"
        " changed_by: name(120)",
    )
    unique = UniqueConstraint("unique_key", name="uq_message_unique_key")
    make_table("message", "id", f"{_IDENTITY}, {_CONTENT}, {_PROGRESS}", unique)
    indexes = {"state_next_at": "state next_at id", "prepared_at": "prepared_at id"}
    make_indexes("message", indexes | {"appointment_id": "appointment_id", "patient_id": "patient_id"})
    make_table("credit_balance", "id", "id: whole, mandant_id: name(100), measured_at: instant, balance: credits")
    make_indexes("credit_balance", {"mandant_id": "mandant_id measured_at"})
