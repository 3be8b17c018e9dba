"""The tables of messages: text templates, outbox, credits.

Ids of the practice (patient, appointment, Mandant) are NVARCHAR: they are the practice software's words, not ours.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, UniqueConstraint

from tray_agent.store.tables.base import metadata
from tray_agent.store.types import Credits, UtcDateTime, human_text, key_text, long_text, sort_text

message_template = Table(
    "message_template",
    metadata,
    Column("kind", key_text(12), primary_key=True),
    Column("channel", key_text(8), primary_key=True),
    Column("language", key_text(10), primary_key=True),
    Column("subject", human_text(300), nullable=False),
    Column("text", long_text(), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("changed_at", UtcDateTime(), nullable=False),
    Column("changed_by", human_text(120), nullable=False),
)
"""The practice's own text templates; without a row the product's template is used, a disabled one is used by nobody."""

message = Table(
    "message",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    # Our own identity at the gateway (ASPSMS: TRN; e-mail: Message-ID), derived from unique_key, the same for every attempt. As
    # different as the keys, which are UNIQUE; an index of its own over 100 random bits would cost more than all others together.
    Column("reference", key_text(24), nullable=False),
    # Carries the promise: reminder/START/APPOINTMENT or birthday/YEAR/PATIENT (see tray_agent.messages.outbox.keys).
    Column("unique_key", key_text(160), nullable=False),
    Column("kind", key_text(12), nullable=False),
    Column("channel", key_text(8)),
    Column("state", key_text(12), nullable=False),
    Column("patient_id", human_text(100), nullable=False),
    Column("patient_name", human_text(200), nullable=False),
    Column("mandant_id", human_text(100)),
    Column("appointment_id", human_text(100)),
    Column("recipient", human_text(254)),
    Column("language", key_text(10)),
    Column("subject", human_text(300), nullable=False),
    Column("text", long_text(), nullable=False),
    Column("segments", Integer, nullable=False),
    Column("cost", Credits(), nullable=False),
    # Why the message is where it is: a stable word, and the sentence for people.
    Column("reason", key_text(40), nullable=False),
    Column("sentence", long_text(), nullable=False),
    Column("appointment_at", UtcDateTime()),
    # When the next step is due: the next attempt (prepared), question (sending, in_doubt) or status inquiry (submitted, buffered).
    Column("next_at", UtcDateTime(), nullable=False),
    # From here on it is never sent: the start of the appointment, or the end of the birthday.
    Column("expires_at", UtcDateTime(), nullable=False),
    # The run that took it for sending, and its fence.
    Column("run_id", Integer),
    Column("token", BigInteger, nullable=False),
    # Grows with every change; every change compares it.
    Column("version", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("prepared_at", UtcDateTime(), nullable=False),
    Column("sending_at", UtcDateTime()),
    Column("submitted_at", UtcDateTime()),
    Column("final_at", UtcDateTime()),
    # A message in doubt: how often and since when the gateway said that it does not know the reference.
    Column("times_asked", Integer, nullable=False),
    Column("first_asked_at", UtcDateTime()),
    Column("last_asked_at", UtcDateTime()),
    # Delivery: inquiries so far, the newest notification and its code.
    Column("status_checks", Integer, nullable=False),
    Column("notified_at", UtcDateTime()),
    Column("reason_code", key_text(16), nullable=False),
    # Who decided a doubt, cancelled it, or ticked it off the call list.
    Column("handled_by", human_text(120)),
    Column("handled_at", UtcDateTime()),
    # The gateway's account that it was handed to: only there it can be asked about.
    Column("account", human_text(200)),
    # By what the patient's name is sorted and found (tray_agent.search_keys).
    Column("patient_sort", sort_text(200), nullable=False),
    Column("patient_find", sort_text(200), nullable=False),
    # How the sentence was made, so that every reader has it in his own language (record 0016); NULL: nobody knows.
    Column("sentence_source", long_text()),
    UniqueConstraint("unique_key"),
    # What is due, read on by number, and the outbox under the filters of state and kind.
    Index("ix_message_state", "state", "id", "next_at", "kind"),
    # The order by patient and the search for one; the columns behind the number let it be told without the row who is found.
    Index("ix_message_patient", "patient_sort", "id", "patient_find", "patient_id", "state", "kind"),
    # The orders by preparing and by appointment, under a filter, too: it is tested on the way.
    Index("ix_message_prepared_at", "prepared_at", "id", "state", "kind"),
    Index("ix_message_appointment_at", "appointment_at", "id", "state", "kind"),
    # What preparing must know of an appointment and of a patient.
    Index("ix_message_appointment_id", "appointment_id"),
    Index("ix_message_patient_id", "patient_id"),
)
"""The outbox (Versand-Queue): one row for every message, kept after it is final."""

credit_balance = Table(
    "credit_balance",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("mandant_id", human_text(100), nullable=False),
    Column("measured_at", UtcDateTime(), nullable=False),
    Column("balance", Credits(), nullable=False),
    Index("ix_credit_balance_mandant_id", "mandant_id", "measured_at"),
)
"""The credits of each Mandant's account over time, as the gateway told them."""
