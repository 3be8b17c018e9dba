"""Planted breaks: conditions of the product that a patch takes away, so that the judge must notice.

By their nature these reach into the product's inside; everything else that the simulation knows of it stands in ``product``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from tests.simulation.hours import LID, Hour, hour, minutes, together
from tests.simulation.play import CALM_DAYS, SHORT_DAYS, play
from tests.simulation.record import Record
from tests.simulation.simulation import Script, nothing_else
from tests.simulation.troubles import Kind, at
from tray_agent.jobs import claims, plan, settlement
from tray_agent.jobs.abilities import Turn
from tray_agent.jobs.catch_up import Decision as PlannedDecision
from tray_agent.jobs.catch_up import Wait
from tray_agent.messages import call_list
from tray_agent.messages.gateways.contract import DeliveryReport, InDoubt, NotNow, Outcome
from tray_agent.messages.guards import old_store
from tray_agent.messages.model import MessageKind, MessageState, Standing
from tray_agent.messages.outbox import listing, states
from tray_agent.messages.outbox.entries import Known
from tray_agent.messages.outbox.keys import start_in
from tray_agent.messages.outbox.model import OutboxMessage, OutboxReason
from tray_agent.messages.outbox.states import Actor, Step
from tray_agent.messages.rules import eligibility
from tray_agent.messages.rules.eligibility import (
    AppointmentKey,
    Candidate,
    Circumstances,
    Decision,
    Earlier,
    Eligible,
    NoticeKey,
    ReminderKey,
    recheck_reminder,
)
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.rules.truth import start_of
from tray_agent.messages.work import answers, comparing, coverage, deciding, doubt, lanes, prepare, recheck, status
from tray_agent.messages.work.answers import step_after
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.steps import Counted, MessageStep
from tray_agent.practice.model import Appointment, AppointmentStatus
from tray_agent.protocol.model import RunReason
from tray_agent.schedules.quiet_hours import QuietHours

Patch = Callable[[pytest.MonkeyPatch], None]


def nothing(_patching: pytest.MonkeyPatch) -> None:
    """Takes nothing away."""


@dataclass(frozen=True, slots=True)
class Break:
    """A condition that is taken away.

    Attributes:
        rule: the judge's rule that notices it.
        seed: one in which it is noticed, within ``days``.
        days: as many as are played without the break, for the comparison.
        bad: whether bad hours are needed for it.
        lively: whether an agenda that lives is needed for it.
        script: a written bad hour, instead of those that the seed draws.
        beside: another condition that is taken away in both plays: what is covered up as long as that holds.
    """

    patch: Patch
    rule: str
    seed: int
    days: int = SHORT_DAYS
    bad: bool = True
    script: Script = nothing_else
    beside: Patch = nothing
    lively: bool = False

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
        bad = self.bad and self.script is nothing_else and not self.lively
        return play(self.seed, self.days, bad=bad, stop=stop, also=self.script, lively=self.lively)


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


def _notice_counts_as_reminder(patching: pytest.MonkeyPatch) -> None:
    """Takes a notice for the reminder of the new start, however far ahead that was when it was made."""
    patching.setattr(eligibility, "_reminds", lambda known, key, _around: known.key.starts_at == key.starts_at)


def _notice_and_reminder(patching: pytest.MonkeyPatch) -> None:
    """Prepares the reminder of a new start beside the notice that tells it, in one run."""
    decides, rechecks = deciding.Deciding.of_appointments, recheck_reminder

    def both(self: deciding.Deciding, appointments: Any) -> list[deciding.Decided]:
        decided = []
        for one in decides(self, appointments):
            decided.append(one)
            if isinstance(one.decision, Eligible) and isinstance(one.decision.key, NoticeKey):
                key = ReminderKey(one.decision.key.appointment_id, one.decision.key.starts_at)
                template = self._around.templates.choose(MessageKind.REMINDER, one.decision.channel, one.decision.language)
                assert template is not None
                decision = replace(one.decision, kind=MessageKind.REMINDER, key=key, template=template, moved=False)
                decided.append(replace(one, decision=decision, key=key.text, known=None))
        return decided

    def blind(key: AppointmentKey, candidate: Candidate, around: Circumstances, earlier: Earlier) -> Decision:
        return rechecks(key, candidate, around, earlier if isinstance(key, NoticeKey) else Earlier())

    patching.setattr(deciding.Deciding, "of_appointments", both)
    patching.setattr(recheck, "recheck_reminder", blind)


def _absent_is_cancelled(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(eligibility, "ABSENT", frozenset())


def _nothing_made_up(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(coverage.Coverage, "_of_missed", lambda *_what: frozenset())


def _covered_by_trying(patching: pytest.MonkeyPatch) -> None:
    """Takes the days of planned times for searched, whatever became of their runs."""
    reads = coverage.Coverage.read.__func__  # type: ignore[attr-defined]
    since = at(date(2100, 1, 1), time(0))
    patching.setattr(coverage.Coverage, "read", classmethod(lambda *what: replace(reads(*what), since=since)))


def _first_of_day_stays(patching: pytest.MonkeyPatch) -> None:
    """Lets an appointment that is gone stand in the way of the other of that day."""
    patching.setattr(deciding, "truth_of", lambda *_what: Standing.AS_TOLD)
    patching.setattr(comparing.Comparing, "_passed_over", lambda _comparing: iter(()))


def _notices_in_window_only(patching: pytest.MonkeyPatch) -> None:
    """Leaves who was told a time to the reminder of the new one, wherever that lies."""
    patching.setattr(comparing.Comparing, "_decided", lambda *_what: [])
    patching.setattr(call_list.CallList, "_is_told_too_late", lambda *_what: False)


def _restored_unasked(patching: pytest.MonkeyPatch) -> None:
    """Sends from a store that was put back as if nothing had happened, and does not ask the gateway what it has."""
    patching.setattr(old_store.StoreGuard, "look", lambda _guard: None)
    patching.setattr(old_store.StoreGuard, "known", lambda *_what: None)
    patching.setattr(lanes, "_is_known", lambda _report: False)


def _gone_untold(patching: pytest.MonkeyPatch) -> None:
    patching.setattr(prepare._Preparing, "_untrue", lambda *_what: "")


def _others_overlooked(patching: pytest.MonkeyPatch) -> None:
    """Takes an appointment that is another patient's or doctor's by now for one that is as it was told."""
    is_wrong, fault = call_list.CallList._is_wrong, eligibility._earlier_fault
    others = (Reason.TOLD_ANOTHER_PATIENT, Reason.TOLD_ANOTHER_DOCTOR)

    def moved_only(self: call_list.CallList, told: Known, appointment: Appointment | None) -> bool:
        return is_wrong(self, told, appointment) and start_in(told.unique_key) != start_of(appointment)  # type: ignore[arg-type]

    def blind(*what: Any) -> Reason | None:
        found = fault(*what)
        return Reason.ALREADY_REMINDED if found in others else found

    patching.setattr(call_list.CallList, "_is_wrong", moved_only)
    patching.setattr(eligibility, "_earlier_fault", blind)


def _everybody_claims(patching: pytest.MonkeyPatch) -> None:
    """Lets a computer claim whatever it lacks."""
    patching.setattr(settlement, "whose_turn", lambda _own, _others: Turn.OURS)


def _any_version_goes_on(patching: pytest.MonkeyPatch) -> None:
    """Lets a program of another version than the tables work with them."""
    for module in (claims, plan):
        patching.setattr(module, "check_still", lambda _connection: None)


LIVELY = 8

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
    "the notice uses the reminder up": Break(_notice_counts_as_reminder, "no silence", 11, LIVELY, lively=True),
    "the notice comes with the reminder": Break(_notice_and_reminder, "never twice", 11, LIVELY, lively=True),
    "a notice is sent within the days that are searched only": Break(
        _notices_in_window_only, "nobody comes in vain", 34, LIVELY, lively=True
    ),
    "absent is cancelled": Break(_absent_is_cancelled, "no silence", 34, 3, script=hour("view lacks appointments while sending")),
    "days are not made up for": Break(_nothing_made_up, "no silence", 34, 3, script=hour("all computers off for a day")),
    "a day is covered by trying": Break(_covered_by_trying, "no silence", 34, 3, script=hour("practice away for a day")),
    "the first of the day stays though it is gone": Break(_first_of_day_stays, "no silence", 11, LIVELY, lively=True),
    "a store that was put back sends on": Break(_restored_unasked, "never twice", 34, 3, script=hour("store put back")),
    "what is gone after its reminder is not told": Break(_gone_untold, "nobody comes in vain", 34, CALM_DAYS, bad=False),
    "another patient and doctor are overlooked": Break(_others_overlooked, "last word is true", 34, LIVELY, lively=True),
    "the call list forgets what is prepared": Break(
        _prepared_unlisted, "no silence", 34, 3, script=hour("gateway away until the patients come")
    ),
    "a program of another version goes on": Break(
        _any_version_goes_on, "other versions stop", 34, 3, script=hour("the first computer has not followed")
    ),
    "who lacks something sends all the same": Break(
        _everybody_claims, "who can not leaves it", 34, 3, script=hour("the first computer without passwords")
    ),
}
