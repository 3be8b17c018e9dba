"""Planted breaks: conditions of the product that a patch takes away, so that the judge must notice.

By their nature these reach into the product's inside; everything else that the simulation knows of it stands in ``product``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from tests.simulation.hours import HOURS, LID, Hour, minutes, together
from tests.simulation.play import CALM_DAYS, SHORT_DAYS, play
from tests.simulation.record import Record
from tests.simulation.simulation import Script, nothing_else
from tests.simulation.troubles import Kind
from tray_agent.jobs import claims, settlement
from tray_agent.jobs.catch_up import Decision as PlannedDecision
from tray_agent.jobs.catch_up import Wait
from tray_agent.messages.gateways.contract import DeliveryReport, InDoubt, NotNow, Outcome
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox import listing, states
from tray_agent.messages.outbox.model import OutboxMessage, OutboxReason
from tray_agent.messages.outbox.states import Actor, Step
from tray_agent.messages.rules.eligibility import Candidate, Circumstances, Decision, Earlier, ReminderKey, recheck_reminder
from tray_agent.messages.work import answers, doubt, lanes, recheck, status
from tray_agent.messages.work.answers import step_after
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.steps import Counted, MessageStep
from tray_agent.practice.model import AppointmentStatus
from tray_agent.protocol.model import RunReason
from tray_agent.schedules.quiet_hours import QuietHours

Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Break:
    """A condition that is taken away.

    Attributes:
        rule: the judge's rule that notices it.
        seed: one in which it is noticed, within ``days``.
        days: as many as are played without the break, for the comparison.
        bad: whether bad hours are needed for it.
        script: a written bad hour, instead of those that the seed draws.
        beside: another condition that is taken away in both plays: what is covered up as long as that holds.
    """

    patch: Patch
    rule: str
    seed: int
    days: int = SHORT_DAYS
    bad: bool = True
    script: Script = nothing_else
    beside: Patch = lambda _patching: None

    @contextmanager
    def planted(self, *, only_beside: bool = False) -> Iterator[None]:
        """Takes the condition away for a while."""
        with pytest.MonkeyPatch.context() as patching:
            self.beside(patching)
            if not only_beside:
                self.patch(patching)
            yield

    def play(self, stop: Callable[[Record], bool]) -> Record:
        """Returns the record of what is played for it."""
        bad = self.bad and self.script is nothing_else
        return play(self.seed, self.days, bad=bad, stop=stop, also=self.script)


def _seen_otherwise(change: Callable[[Candidate], Candidate]) -> Patch:
    """Lets the check before sending see a candidate otherwise than it is."""

    def blind(key: ReminderKey, candidate: Candidate, around: Circumstances, earlier: Earlier) -> Decision:
        return recheck_reminder(key, change(candidate), around, earlier)

    return lambda patching: patching.setattr(recheck, "recheck_reminder", blind)


def _opted_in(candidate: Candidate) -> Candidate:
    return replace(candidate, patient=replace(candidate.patient, opted_out=False)) if candidate.patient else candidate


def _alive(candidate: Candidate) -> Candidate:
    return replace(candidate, patient=replace(candidate.patient, death_date=None)) if candidate.patient else candidate


def _definite(candidate: Candidate) -> Candidate:
    if candidate.appointment is None:
        return candidate
    return replace(candidate, appointment=replace(candidate.appointment, status=AppointmentStatus.DEFINITE))


def _quiet_never(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(QuietHours, "kind", lambda _self, _local: None)


def _doubt_is_no(patching: pytest.MonkeyPatch) -> None:
    def optimistic(parts: MessageParts, message: OutboxMessage, outcome: Outcome, now: datetime) -> MessageStep:
        return step_after(parts, message, NotNow("later", outcome.sentence) if isinstance(outcome, InDoubt) else outcome, now)

    patching.setattr(answers, "step_after", optimistic)


def _never_heard_of(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(DeliveryReport, "is_known", property(lambda _report: False))


def _errors_unlisted(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(listing, "MISSED", states.MISSED - {MessageState.ERROR})


def _failures_unlisted(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(listing, "MISSED", states.MISSED - {MessageState.FAILED})


def _moved_stays(patching: pytest.MonkeyPatch) -> None:
    """Says the start that was written when the message was prepared."""

    def _move(checking: Any, message: OutboxMessage, _decision: Any, _appointment: Any) -> None:
        checking.checked.ready.append(recheck.Ready(message, None))

    patching.setattr(recheck._Checking, "_move", _move)


def _no_second_attempt(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(settlement, "decide_owed", lambda _planned, _owed, _facts: PlannedDecision())


def _chain_forgotten(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(claims, "owe", lambda *_what: None)


def _never_followed(patching: pytest.MonkeyPatch) -> None:
    asks = status.update_status
    patching.setattr(status, "update_status", lambda parts, context: replace(asks(parts, context), rest=None))


def _attempt_sends_again(patching: pytest.MonkeyPatch) -> None:
    """Lets the next attempt hand over what is in doubt, as if nobody had to be asked."""

    def judge(settling: doubt.Settling, message: OutboxMessage, _answer: Any, now: datetime) -> MessageStep:
        values = {"times_asked": 1, "last_asked_at": now, "next_at": now, "reason": OutboxReason.NEVER_TAKEN, "sentence": ""}
        return MessageStep.of(message, Step.NEVER_TAKEN, Actor.SETTLING, values, Counted.NEVER_TAKEN)

    patching.setattr(doubt.Settling, "_judge", judge)


def _patience_by_the_wall(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(lanes, "LONGEST_LOOK", timedelta(days=1))


def _alone_with_it(patching: pytest.MonkeyPatch) -> None:
    """Leaves a run alone with what it has to do: no further attempt, and nobody takes it over after a sleep."""
    _no_second_attempt(patching)
    patching.setattr(settlement, "fate_of", lambda *_what, **_more: Wait(RunReason.NOT_YET))


def _prepared_unlisted(patching: pytest.MonkeyPatch) -> None:
    listed = listing.not_reached

    def without(*what: Any) -> list[OutboxMessage]:
        return [message for message in listed(*what) if message.state is not MessageState.PREPARED]

    patching.setattr(listing, "not_reached", without)


def hour(name: str) -> Script:
    """Returns a written bad hour."""
    return HOURS[name].script


BREAKS: Mapping[str, Break] = {
    "an opt-out before sending is overlooked": Break(_seen_otherwise(_opted_in), "never unwanted", 34),
    "a death before sending is overlooked": Break(_seen_otherwise(_alive), "never unwanted", 34),
    "a cancellation before sending is overlooked": Break(_seen_otherwise(_definite), "never of nothing", 34),
    "a move before sending is overlooked": Break(_moved_stays, "never of nothing", 34),
    "the quiet hours are forgotten": Break(_quiet_never, "never at night", 28),
    "what is in doubt counts as not sent": Break(_doubt_is_no, "never twice", 34),
    "the gateway's word is not believed": Break(_never_heard_of, "never twice", 34),
    "the call list forgets errors": Break(_errors_unlisted, "no silence", 34, CALM_DAYS, bad=False),
    "the call list forgets failures": Break(_failures_unlisted, "failures are known", 34, CALM_DAYS, bad=False),
    "there is no second attempt": Break(_no_second_attempt, "no silence", 34, 3, script=hour("gateway away for 25 minutes")),
    "what is prepared late is not sent that day": Break(_chain_forgotten, "no silence", 34, 3, script=hour("switch off while preparing")),
    "nobody asks after 10:20": Break(_never_followed, "failures are known", 34, CALM_DAYS, bad=False),
    "an attempt sends again what is in doubt": Break(_attempt_sends_again, "never twice", 34, 3, script=hour("gateway answers anything")),
    "patience goes by the wall clock": Break(
        _patience_by_the_wall,
        "no silence",
        20,
        3,
        script=together(Hour(Kind.GATEWAY_AWAY, time(10, 9), minutes(31)), LID),
        beside=_alone_with_it,
    ),
    "the call list forgets what is prepared": Break(
        _prepared_unlisted, "no silence", 34, 3, script=hour("gateway away until the patients come")
    ),
}
