"""The values of the outbox, as lists, dialogs and the command line see them; costs no import of the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from tray_agent.errors import KnownError
from tray_agent.messages.model import Channel, MessageKind, MessageState, Standing

LONGEST_NOTE = 500
"""Characters of a note on the call list; what is longer is cut."""


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
        standing, standing_since: what the last comparison with the agenda found, and since when; ``AS_TOLD`` and None where all is as told.
        doctor: the doctor that the text names; None where it names none.
        said_by: the key of the message that says the same words to the same number; None: it speaks for itself.
        ticked_at, ticked_by: who ticked it off the call list last, and when; None: nobody, or it was taken back. What became due anew since
            is on the list again all the same.
        ticked_over: what ticking replaced and wrote beside, for whoever takes it back (``tray_agent.messages.outbox.ticks``).
        unreached, unreached_at, unreached_by: how often somebody called in vain, and who did it last, when.
        note, noted_at, noted_by: what somebody noted on the call list; None: nothing.
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
    standing: Standing = Standing.AS_TOLD
    standing_since: datetime | None = None
    doctor: str | None = None
    said_by: str | None = None
    ticked_at: datetime | None = None
    ticked_by: str | None = None
    ticked_over: str | None = None
    unreached: int = 0
    unreached_at: datetime | None = None
    unreached_by: str | None = None
    note: str | None = None
    noted_at: datetime | None = None
    noted_by: str | None = None


class OutboxReason(StrEnum):
    """Why a message is where it is, or what a row of the activity log tells, where neither eligibility nor the gateway gives the reason.

    The values stand in the database and in what commands print: they stay as they are.
    """

    SENT = "sent"
    BY_PERSON = "by_person"
    """A person cancelled it: it is not prepared again."""

    REMINDED_OTHERWISE = "reminded_otherwise"
    """A person told the patient before it was sent."""

    DECIDED = "decided"
    DECIDED_SENT = "decided_sent"
    DECIDED_AGAIN = "decided_again"
    ALREADY_FAILED = "already_failed"
    """It stands in the outbox with an error already, and still can't be sent."""

    MOVED = "moved"
    """Its appointment has another start now; a message of its own says the new one."""

    NOT_IN_TIME = "not_in_time"
    """It was still not sent when the appointment began."""

    PUT_OFF = "put_off"
    UNEXPLAINED = "unexplained"
    """It was not sent, and nothing says why."""

    QUIET_HOURS = "quiet_hours"
    ACCOUNT_REFUSED = "account_refused"
    NO_CREDITS = "no_credits"
    ORIGINATOR_REFUSED = "originator_refused"
    HELD_UP = "held_up"
    """The mail server takes none from this account now: its limit, a block list, its filter."""

    PROGRAM_FAULT = "program_fault"
    TOO_SLOW = "too_slow"
    """Its gateway was not ready within the time for which the intent held."""

    RUN_ENDED = "run_ended"
    """The run of sending ended before its turn came."""

    INTERRUPTED = "interrupted"
    """Its sending was cut off: program ended, machine switched off, connection to the database lost."""

    IN_DOUBT = "in_doubt"
    GATEWAY_TROUBLE = "gateway_trouble"
    """A gateway in trouble did not answer clearly."""

    OTHER_ACCOUNT = "other_account"
    """It is in doubt, and was handed to an account which its Mandant no longer has."""

    KNOWN_BEFORE = "known_before"
    """The gateway had it already, though this store had not handed it over."""

    LOST_SPAN = "lost_span"
    """It may have left in a time of which the store, put back to an older state, knows nothing."""

    NEVER_TAKEN = "never_taken"
    NOT_DELIVERED = "not_delivered"
    NO_NOTIFICATION = "no_notification"
    STATUS_UNAVAILABLE = "status_unavailable"
    STATUS_UNREADABLE = "status_unreadable"
    CREDITS_LOW = "credits_low"
    QUESTION = "question"
    """A person has to decide something, or did."""

    CLOCK = "clock_differs"
    """The gateway's clock shows another time than the clock that the run goes by."""

    VOLUME = "volume"
    """There are far more messages than usual: a person has to decide."""

    CANCELLED_AFTER = "cancelled_after"
    """What it tells is not true any more since it left: cancelled, another patient's, deleted; no further message says so."""


class OutboxOrder(StrEnum):
    """The columns by which the outbox can be sorted; ties by number."""

    NUMBER = "number"
    PREPARED = "prepared"
    APPOINTMENT = "appointment"
    PATIENT = "patient"
    STATE = "state"


class Fate(StrEnum):
    """What became of a message that was handed over, as people count it. The first three are all that there is."""

    ARRIVED = "arrived"
    """Delivered; of an e-mail that the mail server took it: nobody hears more."""

    ON_THE_WAY = "on_the_way"
    MISSED = "missed"
    """Not delivered, or nobody knows."""

    CALLED = "called"
    """Missed, and a person reminded the patient otherwise."""

    OPEN = "open"
    """Missed, and nobody said that the patient was reminded otherwise; nobody calls because of a greeting."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time, from an instant on up to another, which is not in it (aware)."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class OutboxFilter:
    """Which messages a list holds; what is empty or None does not restrict.

    Attributes:
        patient: words of the patient's name, in any order and spelling, or the patient's id.
        handed_over: only what was handed over in this time.
        fate: only that of which this became, since it was handed over.
        appointment: only what is of an appointment that begins in this time.
        reasons: only what is where it is for one of these reasons (``OutboxMessage.reason``).
    """

    states: frozenset[MessageState] = frozenset()
    kinds: frozenset[MessageKind] = frozenset()
    patient: str = ""
    handed_over: Span | None = None
    fate: Fate | None = None
    appointment: Span | None = None
    reasons: frozenset[str] = frozenset()


class DoubtDecision(StrEnum):
    """What a person says about a message in doubt."""

    SENT = "sent"
    """«wurde gesendet»: it is never sent again."""

    AGAIN = "again"
    """«erneut senden»: the next run sends it, if everything still applies then."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages that are prepared and wait for sending.

    Attributes:
        number: how many.
        too_late: for how many of them the appointment begins before the next planned sending.
        newest: the greatest number among them; 0 where there are none.
        next_at: the next planned sending (aware); None: none is planned.
    """

    number: int
    too_late: int
    newest: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class CallEntry:
    """A patient to be reminded by other means: by telephone or letter.

    Attributes:
        phones: the numbers as the practice typed them, for the call; empty where there are none.
        message: in a state in which it did not reach its patient, or will not in time: *prepared*, *in doubt*, or final.
        sentence: why the message did not do it, or when it is tried again.
        sent: whether the message left or may have (delivery failed or unknown, in doubt), or never did.
        reason: the stable word of why: of ``Reason`` or ``OutboxReason``; "" where the state says it all.
        is_done: whether somebody ticked it off (``message.ticked_by``).
        is_known: whether the practice's data of the patient could be read; what follows is theirs, read for whoever looks, never stored.
        doctor: with whom the appointment is.
        language: as the practice wrote it.
    """

    message: OutboxMessage
    phones: tuple[str, ...]
    sentence: str
    sent: bool
    reason: str = ""
    is_done: bool = False
    is_known: bool = True
    birth_date: date | None = None
    doctor: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Calls:
    """The call list as its window shows it, both parts by appointment.

    Attributes:
        open: who is to be called.
        done: who was ticked off within a month, and is not to be called anew.
        today: when the practice's day began (aware).
        problem: why the practice's data could not be read: then names and times are those of the store; None where they could.
    """

    open: Sequence[CallEntry]
    done: Sequence[CallEntry]
    today: datetime
    problem: KnownError | None = None

    @property
    def done_today(self) -> Sequence[CallEntry]:
        """Returns who was ticked off today."""
        return [entry for entry in self.done if entry.message.ticked_at and entry.message.ticked_at >= self.today]


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
