"""The state machine: every transition that there is, and none that could send a message twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox.states import (
    FINAL,
    NEVER_LEFT,
    OPEN_DELIVERY,
    TRANSITIONS,
    Actor,
    IllegalStepError,
    Step,
    state_after,
)

S = MessageState

ALLOWED = {
    (S.PREPARED, Step.RENDER_ANEW, Actor.SENDING, S.PREPARED),
    (S.PREPARED, Step.POSTPONE, Actor.SENDING, S.PREPARED),
    (S.PREPARED, Step.CANCEL, Actor.SENDING, S.CANCELLED),
    (S.PREPARED, Step.CANCEL, Actor.PERSON, S.CANCELLED),
    (S.PREPARED, Step.CANCEL, Actor.PREPARING, S.CANCELLED),
    (S.PREPARED, Step.REJECT, Actor.SENDING, S.ERROR),
    (S.PREPARED, Step.TAKE, Actor.SENDING, S.SENDING),
    (S.PREPARED, Step.KNOWN_BEFORE, Actor.SENDING, S.SUBMITTED),
    (S.PREPARED, Step.MAY_HAVE_LEFT, Actor.SENDING, S.IN_DOUBT),
    (S.SENDING, Step.ACCEPT, Actor.SENDING, S.SUBMITTED),
    (S.IN_DOUBT, Step.ACCEPT, Actor.SENDING, S.SUBMITTED),
    (S.SENDING, Step.REFUSE, Actor.SENDING, S.ERROR),
    (S.SENDING, Step.GIVE_BACK, Actor.SENDING, S.PREPARED),
    (S.SENDING, Step.DOUBT, Actor.SENDING, S.IN_DOUBT),
    (S.SENDING, Step.DOUBT, Actor.SETTLING, S.IN_DOUBT),
    (S.IN_DOUBT, Step.ASK_AGAIN, Actor.SETTLING, S.IN_DOUBT),
    (S.IN_DOUBT, Step.FOUND, Actor.SETTLING, S.SUBMITTED),
    (S.IN_DOUBT, Step.FOUND, Actor.PERSON, S.SUBMITTED),
    (S.IN_DOUBT, Step.NEVER_TAKEN, Actor.SETTLING, S.PREPARED),
    (S.IN_DOUBT, Step.NEVER_TAKEN, Actor.PERSON, S.PREPARED),
    (S.IN_DOUBT, Step.GIVE_UP, Actor.SETTLING, S.UNKNOWN),
    (S.IN_DOUBT, Step.GIVE_UP, Actor.PERSON, S.UNKNOWN),
    (S.SUBMITTED, Step.WAIT, Actor.TRACKING, S.SUBMITTED),
    (S.BUFFERED, Step.WAIT, Actor.TRACKING, S.BUFFERED),
    (S.SUBMITTED, Step.BUFFER, Actor.TRACKING, S.BUFFERED),
    (S.BUFFERED, Step.BUFFER, Actor.TRACKING, S.BUFFERED),
    (S.SUBMITTED, Step.DELIVER, Actor.TRACKING, S.DELIVERED),
    (S.BUFFERED, Step.DELIVER, Actor.TRACKING, S.DELIVERED),
    (S.SUBMITTED, Step.FAIL, Actor.TRACKING, S.FAILED),
    (S.BUFFERED, Step.FAIL, Actor.TRACKING, S.FAILED),
    (S.SUBMITTED, Step.EXPIRE, Actor.TRACKING, S.UNKNOWN),
    (S.BUFFERED, Step.EXPIRE, Actor.TRACKING, S.UNKNOWN),
    (S.CANCELLED, Step.REVIVE, Actor.PREPARING, S.PREPARED),
    (S.ERROR, Step.REVIVE, Actor.PREPARING, S.PREPARED),
    (S.CANCELLED, Step.REVIVE_AS_ERROR, Actor.PREPARING, S.ERROR),
    (S.ERROR, Step.REVIVE_AS_ERROR, Actor.PREPARING, S.ERROR),
    (S.ERROR, Step.TICK_OFF, Actor.PERSON, S.ERROR),
    (S.FAILED, Step.TICK_OFF, Actor.PERSON, S.FAILED),
    (S.UNKNOWN, Step.TICK_OFF, Actor.PERSON, S.UNKNOWN),
    (S.SUBMITTED, Step.TICK_OFF, Actor.PERSON, S.SUBMITTED),
    (S.BUFFERED, Step.TICK_OFF, Actor.PERSON, S.BUFFERED),
    (S.DELIVERED, Step.TICK_OFF, Actor.PERSON, S.DELIVERED),
    (S.CANCELLED, Step.TICK_OFF, Actor.PERSON, S.CANCELLED),
    (S.ERROR, Step.UNTICK, Actor.PERSON, S.ERROR),
    (S.FAILED, Step.UNTICK, Actor.PERSON, S.FAILED),
    (S.UNKNOWN, Step.UNTICK, Actor.PERSON, S.UNKNOWN),
    (S.SUBMITTED, Step.UNTICK, Actor.PERSON, S.SUBMITTED),
    (S.BUFFERED, Step.UNTICK, Actor.PERSON, S.BUFFERED),
    (S.DELIVERED, Step.UNTICK, Actor.PERSON, S.DELIVERED),
    (S.CANCELLED, Step.UNTICK, Actor.PERSON, S.CANCELLED),
    (S.CANCELLED, Step.SEND_AFTER_ALL, Actor.PERSON, S.PREPARED),
    (S.UNKNOWN, Step.DOUBT_AFTER_ALL, Actor.PERSON, S.IN_DOUBT),
}
"""The whole machine, written down a second time by hand."""

everything = [(state, step, actor) for state in S for step in Step for actor in Actor]


def steps_of(state: S, actor: Actor) -> frozenset[Step]:
    """Returns what an actor may do with a message in this state."""
    return frozenset(step for step, row in TRANSITIONS.items() if state in row.sources and actor in row.actors)


@pytest.mark.parametrize(("state", "step", "actor", "target"), sorted(ALLOWED))
def test_every_allowed_step_leads_where_the_record_says(state: S, step: Step, actor: Actor, target: S) -> None:
    assert state_after(state, step, actor) is target


def test_everything_else_is_refused() -> None:
    allowed = {(state, step, actor) for state, step, actor, _target in ALLOWED}
    for state, step, actor in everything:
        if (state, step, actor) not in allowed:
            with pytest.raises(IllegalStepError):
                state_after(state, step, actor)


def test_every_step_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(Step)


@given(st.lists(st.sampled_from([(step, actor) for step in Step for actor in Actor]), max_size=60))
def test_a_message_that_may_have_left_is_taken_again_only_after_it_was_certainly_never_taken(steps: list[tuple[Step, Actor]]) -> None:
    state, may_have_left = S.PREPARED, False
    for step, actor in steps:
        if step not in steps_of(state, actor):
            continue
        if step in (Step.TAKE, Step.KNOWN_BEFORE, Step.MAY_HAVE_LEFT):
            assert not may_have_left
            may_have_left = True
        elif step in (Step.GIVE_BACK, Step.REFUSE, Step.NEVER_TAKEN):
            may_have_left = False
        state = state_after(state, step, actor)
        if may_have_left:
            assert state not in NEVER_LEFT


@given(st.lists(st.sampled_from(list(Step)), max_size=60))
def test_nobody_but_preparing_and_who_takes_a_tick_back_moves_a_final_message(steps: list[Step]) -> None:
    steps = [step for step in steps if step not in (Step.SEND_AFTER_ALL, Step.DOUBT_AFTER_ALL)]
    for state in FINAL:
        for actor in set(Actor) - {Actor.PREPARING}:
            assert {state_after(state, step, actor) for step in steps if step in steps_of(state, actor)} <= {state}


def test_a_person_can_end_every_doubt_and_nothing_that_is_on_its_way() -> None:
    assert steps_of(S.IN_DOUBT, Actor.PERSON) == {Step.FOUND, Step.NEVER_TAKEN, Step.GIVE_UP}
    assert not steps_of(S.SENDING, Actor.PERSON)


def test_tracking_touches_open_deliveries_alone() -> None:
    assert {state for state in S if steps_of(state, Actor.TRACKING)} == OPEN_DELIVERY
