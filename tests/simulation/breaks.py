"""Planted breaks: conditions of the product that a patch takes away, so that the judge must notice.

By their nature these reach into the product's inside; everything else that the simulation knows of it stands in ``product``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from tests.simulation.play import CALM_DAYS, SHORT_DAYS
from tray_agent.messages.gateways.contract import InDoubt, NotNow, Outcome
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox import listing, states
from tray_agent.messages.outbox.model import OutboxMessage
from tray_agent.messages.rules.eligibility import Candidate, Circumstances, Decision, Earlier, ReminderKey, recheck_reminder
from tray_agent.messages.work import answers, doubt, recheck
from tray_agent.messages.work.answers import step_after
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.steps import MessageStep
from tray_agent.practice.model import AppointmentStatus
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
    """

    patch: Patch
    rule: str
    seed: int
    days: int = SHORT_DAYS
    bad: bool = True

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Takes the condition away for a while."""
        with pytest.MonkeyPatch.context() as patching:
            self.patch(patching)
            yield


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
    patching.setattr(doubt, "_is_known", lambda _report: False)


def _errors_unlisted(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(listing, "MISSED", states.MISSED - {MessageState.ERROR})


def _failures_unlisted(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(listing, "MISSED", states.MISSED - {MessageState.FAILED})


def _moved_stays(patching: pytest.MonkeyPatch) -> None:
    """Says the start that was written when the message was prepared."""

    def _move(checking: Any, message: OutboxMessage, _decision: Any, _appointment: Any) -> None:
        checking.checked.ready.append(recheck.Ready(message, None))

    patching.setattr(recheck._Checking, "_move", _move)


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
}
