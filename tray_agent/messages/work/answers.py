"""What came back from a gateway: what it means for the message, and for the lane that it went through."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from tray_agent.i18n import N_, _
from tray_agent.messages.gateways.contract import Accepted, AccountFault, AccountStopped, InDoubt, KeptBack, NotNow, Outcome, Refused
from tray_agent.messages.model import Channel, MessageKind, MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.model import OutboxMessage, OutboxReason
from tray_agent.messages.outbox.states import Actor, Step
from tray_agent.messages.work.doubt import into_doubt
from tray_agent.messages.work.lane import Returned
from tray_agent.messages.work.lanes import JITTER, STOPPED, Lanes, pause_after, stop_of_account
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.steps import Counted, MessageStep, activity_about, logged_step
from tray_agent.protocol.model import Level

# For the message


def note_answer(parts: MessageParts, connection: Connection, message: OutboxMessage, outcome: Outcome, now: datetime) -> MessageStep:
    """Writes what became of a message, in the transaction of its caller, and returns the step that happened."""
    step = step_after(parts, message, outcome, now)
    if entries.apply(connection, step.change, now):
        return step
    elsewhere = MessageStep(step.change, Counted.SETTLED_ELSEWHERE)
    current = entries.read_message(connection, message.id)
    if step.change.step is not Step.ACCEPT or current is None or current.state is not MessageState.IN_DOUBT:
        return elsewhere
    # Somebody put the message in doubt before its answer came: that the gateway took it counts all the same.
    late = replace(step.change, state=current.state, version=current.version)
    return step if entries.apply(connection, late, now) else elsewhere


def step_after(parts: MessageParts, message: OutboxMessage, outcome: Outcome, now: datetime) -> MessageStep:
    """Returns the step of a message in state *sending* that came back."""
    match outcome:
        case Accepted():
            return _accepted(parts, message, now)
        case Refused():
            values = {"reason": outcome.reason, "sentence": outcome.sentence}
            return logged_step(parts, Level.ERROR, message, Step.REFUSE, Actor.SENDING, Counted.REFUSED, values)
        case InDoubt():
            return _in_doubt(parts, message, outcome, now)
        case KeptBack():  # our own doing: no pause
            return _given_back(message, now, Counted.KEPT_BACK, outcome.reason, outcome.sentence)
        case NotNow():
            pause = pause_after(parts, message.attempts, outcome.retry_after)
            return _given_back(message, now + pause, Counted.PUT_OFF, outcome.reason, outcome.sentence)
        case AccountStopped():
            return _given_back(message, now, Counted.KEPT_BACK, STOPPED[outcome.fault], outcome.sentence)


def _accepted(parts: MessageParts, message: OutboxMessage, now: datetime) -> MessageStep:
    sent = _SENT[message.kind, message.channel or Channel.SMS]
    sentence = _(sent).format(recipient=message.recipient)
    row = activity_about(parts, Level.INFO, OutboxReason.SENT, message, sentence)
    values = {"submitted_at": now, "next_at": now, "reason": "", "sentence": ""}
    return MessageStep.of(message, Step.ACCEPT, Actor.SENDING, values, Counted.SENT, row)


_SENT = {
    (MessageKind.REMINDER, Channel.SMS): N_("Terminerinnerung als SMS an {recipient} gesendet."),
    (MessageKind.REMINDER, Channel.EMAIL): N_("Terminerinnerung als E-Mail an {recipient} gesendet."),
    (MessageKind.MOVED, Channel.SMS): N_("Neue Zeit des Termins als SMS an {recipient} gesendet."),
    (MessageKind.MOVED, Channel.EMAIL): N_("Neue Zeit des Termins als E-Mail an {recipient} gesendet."),
    (MessageKind.BIRTHDAY, Channel.SMS): N_("Geburtstagsgruss als SMS an {recipient} gesendet."),
    (MessageKind.BIRTHDAY, Channel.EMAIL): N_("Geburtstagsgruss als E-Mail an {recipient} gesendet."),
}


def _in_doubt(parts: MessageParts, message: OutboxMessage, outcome: InDoubt, now: datetime) -> MessageStep:
    """Puts off what is not certain: asked about after a pause, and sent again only if it was not taken."""
    ask_at = now + parts.rules.under_way * random.uniform(1, 1 + JITTER)
    reason = OutboxReason.GATEWAY_TROUBLE if outcome.not_now else OutboxReason.IN_DOUBT
    counted = Counted.PUT_OFF if outcome.not_now and parts.can_be_asked(message) else Counted.IN_DOUBT
    return into_doubt(parts, message, Actor.SENDING, reason, outcome.sentence, counted, now=now, ask_at=ask_at)


def _given_back(message: OutboxMessage, next_at: datetime, counted: Counted, reason: str, sentence: str) -> MessageStep:
    return MessageStep.of(message, Step.GIVE_BACK, Actor.SENDING, {"next_at": next_at, "reason": reason, "sentence": sentence}, counted)


# For the lane


def apply_to_lane(lanes: Lanes, returned: Returned, step: MessageStep) -> None:
    """Draws the conclusions: an account or a sender that is refused, a gateway that does not answer, credits that were not used."""
    lane, outcome, message = returned.lane, returned.outcome, returned.departure.message
    lane.on_the_way -= 1
    if isinstance(outcome, KeptBack) or (step.counted is Counted.PUT_OFF and isinstance(outcome, NotNow | InDoubt)):
        lanes.note_put_off(lane, message, step.change.values["reason"], outcome.sentence)
    if isinstance(outcome, AccountStopped):
        whose = message.mandant_id if outcome.fault is AccountFault.ORIGINATOR else None
        lanes.stop(lane, stop_of_account(outcome.fault, outcome.sentence, whose))
    elif isinstance(outcome, NotNow | InDoubt):
        lane.troubles += 1
        # Two rounds of all connections: a single dead number or a lost answer is no reason to stop the others.
        if lane.troubles >= 2 * lane.at_once:
            lanes.pause(lane, OutboxReason.GATEWAY_TROUBLE.value, outcome.sentence)
    elif not isinstance(outcome, KeptBack):
        lane.troubles = 0
    stop = lane.stop_of(message)
    if stop is not None and isinstance(outcome, KeptBack | AccountStopped):
        lanes.keep(lane, message, stop)
    if lane.budget is not None and isinstance(outcome, NotNow | KeptBack | AccountStopped):
        lane.budget += message.cost
