"""What the outbox notes of each outcome of a submission."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from tray_agent.i18n import _, format_datetime
from tray_agent.job_kinds import Service
from tray_agent.messages.gateways.contract import Accepted, AccountFault, AccountStopped, InDoubt, NotNow, Outcome, Refused
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.outbox.entries import Change
from tray_agent.messages.outbox.model import OutboxMessage
from tray_agent.messages.outbox.states import Step
from tray_agent.messages.words import said_of
from tray_agent.messages.work.doubt import UNDECIDED, doubt_values, undecided
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.recheck import change_of
from tray_agent.protocol.model import Activity, Level

JITTER = 0.2
"""The share by which a pause is varied, so that many messages and many computers do not come back at once."""

GATEWAY_TROUBLE = "gateway_trouble"
"""The reason of what a gateway in trouble did not answer clearly."""

STOPPED = {
    AccountFault.AUTHORISATION: "account_refused",
    AccountFault.CREDITS: "no_credits",
    AccountFault.ORIGINATOR: "originator_refused",
}


@dataclass(frozen=True, slots=True)
class Noted:
    """What is written about one message.

    Attributes:
        counted: the word under which the run counts it.
        problem: whether somebody should look.
    """

    change: Change
    counted: str
    activity: Activity | None = None
    problem: bool = False


def note(parts: MessageParts, message: OutboxMessage, outcome: Outcome | None, now: datetime) -> Noted:
    """Returns what is written about a message that came back; no outcome means that it certainly did not leave."""
    match outcome:
        case Accepted():
            return _accepted(parts, message, now)
        case Refused():
            return _refused(parts, message, outcome)
        case InDoubt():
            return _in_doubt(parts, message, outcome, now)
        case NotNow():
            pause = pause_after(parts, message.attempts, outcome.retry_after)
            return _given_back(message, now + pause, "put_off", outcome.reason, outcome.sentence)
        case AccountStopped():
            return _given_back(message, now, "kept_back", STOPPED[outcome.fault], outcome.sentence)
        case None:
            return _given_back(message, now, "kept_back", message.reason, message.sentence)


def pause_after(parts: MessageParts, attempts: int, asked_for: float | None = None) -> timedelta:
    """Returns how long to wait after "not now", varied; as long as the gateway asked for, if that is longer."""
    steps = parts.rules.back_off
    pause = steps[min(max(attempts, 1), len(steps)) - 1] * random.uniform(1 - JITTER, 1 + JITTER)
    return max(pause, timedelta(seconds=asked_for or 0.0))


def about(parts: MessageParts, message: OutboxMessage) -> str:
    """Returns which message a row of the activity log is about: "Muster Anna (24.11.2026 09:10)"."""
    if message.appointment_at is None:
        return message.patient_name
    return f"{message.patient_name} ({format_datetime(parts.local(message.appointment_at))})"


def row(parts: MessageParts, level: Level, reason: str, message: OutboxMessage, sentence: str) -> Activity:
    """Returns a row of the activity log about a message."""
    return Activity(
        service=Service.SMS,
        level=level,
        reason=reason,
        sentence=said_of(about(parts, message), sentence),
        item=str(message.id),
        patient_id=message.patient_id,
        appointment_at=message.appointment_at,
    )


def _accepted(parts: MessageParts, message: OutboxMessage, now: datetime) -> Noted:
    next_at = now + parts.rules.status_pauses[0]
    change = change_of(message, Step.ACCEPT, submitted_at=now, next_at=next_at, reason="", sentence="")
    return Noted(change, "sent", row(parts, Level.INFO, "sent", message, _sent(message)))


def _sent(message: OutboxMessage) -> str:
    reminder = message.kind is MessageKind.REMINDER
    if message.channel is Channel.SMS:
        said = (
            _("Terminerinnerung als SMS an {recipient} gesendet.") if reminder else _("Geburtstagsgruss als SMS an {recipient} gesendet.")
        )
    else:
        said = (
            _("Terminerinnerung als E-Mail an {recipient} gesendet.")
            if reminder
            else _("Geburtstagsgruss als E-Mail an {recipient} gesendet.")
        )
    return said.format(recipient=message.recipient)


def _refused(parts: MessageParts, message: OutboxMessage, outcome: Refused) -> Noted:
    change = change_of(message, Step.REFUSE, reason=outcome.reason, sentence=outcome.sentence)
    return Noted(change, "refused", row(parts, Level.ERROR, outcome.reason, message, outcome.sentence), problem=True)


def _in_doubt(parts: MessageParts, message: OutboxMessage, outcome: InDoubt, now: datetime) -> Noted:
    """Puts off what is not certain: asked about after a pause, and sent again only if it was not taken."""
    ask_at = now + parts.rules.under_way * random.uniform(1, 1 + JITTER)
    reason = GATEWAY_TROUBLE if outcome.not_now else UNDECIDED
    values = doubt_values(parts, message, now, ask_at, reason, outcome.sentence)
    person = message.channel is Channel.EMAIL
    counted = "put_off" if outcome.not_now and not person else "in_doubt"
    return Noted(change_of(message, Step.DOUBT, **values), counted, undecided(parts, message) if person else None, problem=person)


def _given_back(message: OutboxMessage, next_at: datetime, counted: str, reason: str, sentence: str) -> Noted:
    return Noted(change_of(message, Step.GIVE_BACK, next_at=next_at, reason=reason, sentence=sentence), counted)
