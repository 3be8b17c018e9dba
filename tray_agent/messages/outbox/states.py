"""The states of a message and who may change them: one table, no clock, no database (see decision record 0002).

``tray_agent.messages.outbox.entries`` carries every step out as a compare-and-set; nobody else writes a state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tray_agent.errors import BugError
from tray_agent.messages.model import MessageState

S = MessageState


class Actor(StrEnum):
    """Who changes a message."""

    PREPARING = "preparing"
    SENDING = "sending"
    SETTLING = "settling"
    """Asks the gateway about messages in doubt."""

    TRACKING = "tracking"
    """Asks what became of submitted messages."""

    PERSON = "person"


class Step(StrEnum):
    """What can happen to a message that is in the outbox."""

    REVIVE = "revive"
    """It was cancelled or could not be prepared, nothing ever left, and now it may be sent after all."""

    REVIVE_AS_ERROR = "revive_as_error"
    """It was cancelled, or an error of another patient: nothing ever left, and it can't be sent for a reason that the practice must see."""

    RENDER_ANEW = "render_anew"
    """Contact, text or account changed before it was sent."""

    POSTPONE = "postpone"
    """It is due, but not now: quiet hours, no credits, account refused."""

    CANCEL = "cancel"
    """It no longer applies."""

    REJECT = "reject"
    """It can't be sent any more for a reason that the practice must see (no contact, no template)."""

    TAKE = "take"
    """The intent to send it; committed before it leaves."""

    KNOWN_BEFORE = "known_before"
    """The gateway knows it though this store never handed it over, or does not know that it did: it is not sent again."""

    MAY_HAVE_LEFT = "may_have_left"
    """It may have left in a time of which this store knows nothing, and nobody can be asked but a person."""

    ACCEPT = "accept"
    """The gateway took it. Also from doubt: the answer came late."""

    REFUSE = "refuse"
    """The gateway will never take it."""

    GIVE_BACK = "give_back"
    """It certainly did not leave; it may be tried later."""

    DOUBT = "doubt"
    """It may have left."""

    ASK_AGAIN = "ask_again"
    """The gateway did not know it, or could not be asked; it is asked again later."""

    FOUND = "found"
    """The gateway knows it, or a person says that it was sent."""

    NEVER_TAKEN = "never_taken"
    """The gateway said long enough that it never got it, or a person wants it sent again."""

    GIVE_UP = "give_up"
    """In doubt for so long that an answer is of no use any more, or a person reminded the patient otherwise."""

    WAIT = "wait"
    """No final notification yet; asked again later."""

    BUFFER = "buffer"
    DELIVER = "deliver"
    FAIL = "fail"
    EXPIRE = "expire"
    """No final notification came within the seven days."""

    TICK_OFF = "tick_off"
    """A person reminded the patient otherwise, or looked after an appointment that is missing."""

    UNTICK = "untick"
    """A person takes a tick back of what ticking left in its state."""

    SEND_AFTER_ALL = "send_after_all"
    """A person takes the tick back that kept it from being sent: nothing ever left."""

    DOUBT_AFTER_ALL = "doubt_after_all"
    """A person takes the tick back that ended its doubt: it is asked about again."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table.

    Attributes:
        sources: the states in which the step can happen.
        target: the state afterwards; None where it stays.
        actors: who may do it.
    """

    sources: frozenset[MessageState]
    target: MessageState | None
    actors: frozenset[Actor]


def _row(sources: set[MessageState], target: MessageState | None, *actors: Actor) -> Transition:
    return Transition(frozenset(sources), target, frozenset(actors))


TRANSITIONS: Mapping[Step, Transition] = {
    Step.REVIVE: _row({S.CANCELLED, S.ERROR}, S.PREPARED, Actor.PREPARING),
    Step.REVIVE_AS_ERROR: _row({S.CANCELLED, S.ERROR}, S.ERROR, Actor.PREPARING),
    Step.RENDER_ANEW: _row({S.PREPARED}, None, Actor.SENDING),
    Step.POSTPONE: _row({S.PREPARED}, None, Actor.SENDING),
    Step.CANCEL: _row({S.PREPARED}, S.CANCELLED, Actor.PREPARING, Actor.SENDING, Actor.PERSON),
    Step.REJECT: _row({S.PREPARED}, S.ERROR, Actor.SENDING),
    Step.TAKE: _row({S.PREPARED}, S.SENDING, Actor.SENDING),
    Step.KNOWN_BEFORE: _row({S.PREPARED}, S.SUBMITTED, Actor.SENDING),
    Step.MAY_HAVE_LEFT: _row({S.PREPARED}, S.IN_DOUBT, Actor.SENDING),
    Step.ACCEPT: _row({S.SENDING, S.IN_DOUBT}, S.SUBMITTED, Actor.SENDING),
    Step.REFUSE: _row({S.SENDING}, S.ERROR, Actor.SENDING),
    Step.GIVE_BACK: _row({S.SENDING}, S.PREPARED, Actor.SENDING),
    Step.DOUBT: _row({S.SENDING}, S.IN_DOUBT, Actor.SENDING, Actor.SETTLING),
    Step.ASK_AGAIN: _row({S.IN_DOUBT}, None, Actor.SETTLING),
    Step.FOUND: _row({S.IN_DOUBT}, S.SUBMITTED, Actor.SETTLING, Actor.PERSON),
    Step.NEVER_TAKEN: _row({S.IN_DOUBT}, S.PREPARED, Actor.SETTLING, Actor.PERSON),
    Step.GIVE_UP: _row({S.IN_DOUBT}, S.UNKNOWN, Actor.SETTLING, Actor.PERSON),
    Step.WAIT: _row({S.SUBMITTED, S.BUFFERED}, None, Actor.TRACKING),
    Step.BUFFER: _row({S.SUBMITTED, S.BUFFERED}, S.BUFFERED, Actor.TRACKING),
    Step.DELIVER: _row({S.SUBMITTED, S.BUFFERED}, S.DELIVERED, Actor.TRACKING),
    Step.FAIL: _row({S.SUBMITTED, S.BUFFERED}, S.FAILED, Actor.TRACKING),
    Step.EXPIRE: _row({S.SUBMITTED, S.BUFFERED}, S.UNKNOWN, Actor.TRACKING),
    Step.TICK_OFF: _row({S.ERROR, S.FAILED, S.UNKNOWN, S.SUBMITTED, S.BUFFERED, S.DELIVERED, S.CANCELLED}, None, Actor.PERSON),
    Step.UNTICK: _row({S.ERROR, S.FAILED, S.UNKNOWN, S.SUBMITTED, S.BUFFERED, S.DELIVERED, S.CANCELLED}, None, Actor.PERSON),
    Step.SEND_AFTER_ALL: _row({S.CANCELLED}, S.PREPARED, Actor.PERSON),
    Step.DOUBT_AFTER_ALL: _row({S.UNKNOWN}, S.IN_DOUBT, Actor.PERSON),
}
"""Every change that there is. A message that may have left can only be sent again through ``NEVER_TAKEN``."""

FINAL = frozenset({S.DELIVERED, S.FAILED, S.UNKNOWN, S.ERROR, S.CANCELLED})
"""Nothing happens any more by itself, except that preparing may revive what never left (``ERROR``, ``CANCELLED``).

A person moves one of them only by taking a tick back, to where it was before.
"""

NEVER_LEFT = frozenset({S.PREPARED, S.ERROR, S.CANCELLED})
"""In these states it is certain that the patient got nothing."""

MISSED = frozenset({S.ERROR, S.FAILED, S.UNKNOWN})
"""The states in which a reminder perhaps did not reach its patient."""

TOLD = frozenset({S.SUBMITTED, S.BUFFERED, S.DELIVERED})
"""The states in which a patient was told, as far as is known."""

OPEN_DELIVERY = frozenset({S.SUBMITTED, S.BUFFERED})
"""Handed over, and the outcome still to be asked."""


class IllegalStepError(BugError):
    """A step that the table does not hold."""


def state_after(state: MessageState, step: Step, actor: Actor) -> MessageState:
    """Returns the state after a step.

    Raises:
        IllegalStepError: the step can't happen in this state, or this actor may not do it.
    """
    transition = TRANSITIONS[step]
    if state not in transition.sources or actor not in transition.actors:
        raise IllegalStepError(f"{actor} may not {step} a message that is {state}")
    return transition.target or state
