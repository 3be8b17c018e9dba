"""The values of the outbox, as lists, dialogs and the command line see them; costs no import of the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tray_agent.messages.model import Channel, MessageKind, MessageState


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One message of the outbox. All instants are aware UTC.

    Attributes:
        id: its number, as the activity log names it.
        reference: our own identity at the gateway (TRN; Message-ID of an e-mail).
        channel, recipient, mandant_id: None where the message could not be prepared that far.
        segments, cost: of an SMS in credits, estimated; 0 for e-mail.
        reason, sentence: why it is where it is: a stable word and a sentence for people; "" where nothing is to be said.
        appointment_at: start of the appointment; None for greetings.
        next_at: when the next attempt, question or inquiry is due; of no meaning in final states.
        expires_at: from here on it is never sent.
        attempts: how often it was handed to the gateway, or tried to.
        times_asked: how often the gateway said that it does not know it; 0 unless it was in doubt.
        last_asked_at: when the gateway was last asked whether it knows it.
        reason_code: the gateway's own code of the newest notification ("107"), or "".
        handled_by, handled_at: who decided or ticked it off, and when.
        account: the gateway's account that it was last handed to; None before.
    """

    id: int
    reference: str
    unique_key: str
    kind: MessageKind
    channel: Channel | None
    state: MessageState
    patient_id: str
    patient_name: str
    mandant_id: str | None
    appointment_id: str | None
    recipient: str | None
    language: str | None
    subject: str
    text: str
    segments: int
    cost: Decimal
    reason: str
    sentence: str
    appointment_at: datetime | None
    next_at: datetime
    expires_at: datetime
    run_id: int | None
    token: int
    version: int
    attempts: int
    prepared_at: datetime
    sending_at: datetime | None
    submitted_at: datetime | None
    final_at: datetime | None
    times_asked: int
    first_asked_at: datetime | None
    last_asked_at: datetime | None
    status_checks: int
    notified_at: datetime | None
    reason_code: str
    handled_by: str | None
    handled_at: datetime | None
    account: str | None = None


class OutboxOrder(StrEnum):
    """The columns by which the outbox can be sorted; ties by number."""

    NUMBER = "number"
    PREPARED = "prepared"
    APPOINTMENT = "appointment"
    PATIENT = "patient"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class OutboxFilter:
    """Which messages a list holds; what is empty or None does not restrict.

    Attributes:
        patient: words of the patient's name, in any order and spelling, or the patient's id.
    """

    states: frozenset[MessageState] = frozenset()
    kinds: frozenset[MessageKind] = frozenset()
    patient: str = ""


class Verdict(StrEnum):
    """What a person says about a message in doubt."""

    SENT = "sent"
    """«wurde gesendet»: it is never sent again."""

    AGAIN = "again"
    """«erneut senden»: the next run sends it, if everything still applies then."""


@dataclass(frozen=True, slots=True)
class CallEntry:
    """A patient to be reminded otherwise: by telephone or letter.

    Attributes:
        phones: the numbers as the practice typed them, for the call; empty where there are none.
        sentence: why the message did not do it.
        sent: whether the message left (delivery failed or unknown), or never did.
    """

    message: OutboxMessage
    phones: tuple[str, ...]
    sentence: str
    sent: bool


@dataclass(frozen=True, slots=True)
class BalancePoint:
    """The credits of an account at one moment (aware UTC)."""

    measured_at: datetime
    balance: Decimal


@dataclass(frozen=True, slots=True)
class AccountCredits:
    """The credits of one account.

    Attributes:
        mandants: whose messages it pays, by id; the first stands for the account in the table of balances.
        name: the Mandant's name, or the names of several.
        balance: as last told by the gateway; None where it never told.
        use_per_day: credits a day over the last 30 days; None where there is too little to tell.
        days_left: whole days until the balance is used up at this use; None where that can't be told.
        below_minimum: whether the balance is below ``CreditMindestbestand`` and ``CreditBestandPrüfen`` is on.
        problem: why the gateway told nothing when it was asked just now, in a sentence; "" where it told or was not asked.
    """

    mandants: tuple[str, ...]
    name: str
    balance: Decimal | None
    measured_at: datetime | None
    minimum: int
    use_per_day: Decimal | None = None
    days_left: int | None = None
    below_minimum: bool = False
    history: Sequence[BalancePoint] = field(default=())
    problem: str = ""
