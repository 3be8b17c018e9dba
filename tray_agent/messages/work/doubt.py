"""Settles messages in doubt: the gateway is asked whether it knows them, before anything is sent again.

A message is in doubt when its request may have reached the gateway and no answer came: time-out, answer cut off, program
or machine ended in between. It is never sent again blindly. "Not known" is believed only after the gateway said so three
times within 15 minutes, and never while a request could still be under way; an e-mail can't be asked about, so a person
decides (sources: gateway facts; decision record 0002).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tray_agent.i18n import _
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.model import OutboxMessage, OutboxReason
from tray_agent.messages.outbox.states import Actor, Step
from tray_agent.messages.work.asking import Asking, StatusAnswer, unreadable_activity, unreadable_sentence
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.steps import Counted, MessageRun, MessageStep, activity_about, logged_step
from tray_agent.protocol.model import Level


class Settling:
    """One pass over everything that is in doubt and due to be asked about.

    Args:
        run: in which it is settled.
        asking: of the run, where it asks about more; None: every pass asks for itself.
    """

    def __init__(self, run: MessageRun, asking: Asking | None = None) -> None:
        self._run = run
        self._parts = run.parts
        self._asking = asking

    def run(self) -> None:
        """Settles what can be settled now. A run that sends calls it while nothing of its own is on its way.

        Raises:
            DatabaseUnavailableError, RunCancelledError, LeaseLostError: what was settled so far stays.
        """
        # What a run left behind comes first: once it is in doubt, it is asked about in the same pass.
        for state, settle in ((MessageState.SENDING, self._interrupted), (MessageState.IN_DOUBT, self._settled)):
            for messages, now in self._run.due([state]):
                self._run.write(settle(messages, now), before_commit="before_settling_commit")

    def next_due(self) -> datetime | None:
        """Returns when something is to be asked next, or None. What waits for a person is due at the end of its days only."""
        with self._parts.database.read() as connection:
            return entries.next_due(connection, [MessageState.SENDING, MessageState.IN_DOUBT])

    def _interrupted(self, messages: Sequence[OutboxMessage], now: datetime) -> list[MessageStep]:
        sentence = _("Beim Senden wurde die Arbeit unterbrochen; ob die Mitteilung gesendet wurde, ist noch unklar.")
        how = (OutboxReason.INTERRUPTED, sentence, Counted.INTERRUPTED)
        return [into_doubt(self._parts, message, Actor.SETTLING, *how, now=now, ask_at=now) for message in messages]

    def _settled(self, messages: Sequence[OutboxMessage], now: datetime) -> list[MessageStep]:
        old = [message for message in messages if now - (message.sending_at or now) >= self._parts.rules.give_up]
        given_up = {message.id for message in old}
        asked = [message for message in messages if message.id not in given_up and self._parts.can_be_asked(message)]
        steps = [self._give_up(message) for message in old]
        for answer in (self._asking or Asking(self._parts)).ask(asked):
            steps += [self._judge(message, answer, now) for message in answer.messages]
        return steps

    def _judge(self, message: OutboxMessage, answer: StatusAnswer, now: datetime) -> MessageStep:
        if answer.error is not None:
            return self._ask_later(message, now, str(answer.error))
        if answer.is_unreadable(message):
            asked = self._ask_later(message, now, unreadable_sentence(), reason=OutboxReason.STATUS_UNREADABLE)
            row = unreadable_activity(self._parts, message)
            return replace(asked, counted=Counted.UNREADABLE, activity=row, problem=row is not None)
        report = answer.reports.get(message.reference)
        if report is not None and report.is_known:
            values = {"submitted_at": message.sending_at or now, "next_at": now, "reason": "", "sentence": ""}
            return MessageStep.of(message, Step.FOUND, Actor.SETTLING, values, Counted.FOUND)
        # Only after "known" was looked for: whoever knows a message has it, whatever the account is called now.
        if message.account is not None and answer.account != message.account:
            return self._leave_to_a_person(message, now)
        times = message.times_asked + 1
        if times >= self._parts.rules.times:
            sentence = _("Das Gateway hat die Mitteilung nie erhalten; sie wird noch einmal gesendet.")
            values = {"times_asked": times, "last_asked_at": now, "next_at": now, "reason": OutboxReason.NEVER_TAKEN, "sentence": sentence}
            return MessageStep.of(message, Step.NEVER_TAKEN, Actor.SETTLING, values, Counted.NEVER_TAKEN)
        return self._ask_later(message, now, message.sentence, times_asked=times, first_asked_at=message.first_asked_at or now)

    def _leave_to_a_person(self, message: OutboxMessage, now: datetime) -> MessageStep:
        """Believes no account that it never got what another account was given."""
        sentence = _(
            "Das SMS-Konto wurde gewechselt; das neue weiss nicht, ob die Mitteilung gesendet wurde. Eine Person muss entscheiden."
        )
        values = {"reason": OutboxReason.OTHER_ACCOUNT, "sentence": sentence, "next_at": now + self._parts.rules.give_up}
        return logged_step(self._parts, Level.ERROR, message, Step.ASK_AGAIN, Actor.SETTLING, Counted.LEFT_TO_A_PERSON, values)

    def _ask_later(self, message: OutboxMessage, now: datetime, sentence: str, **values: object) -> MessageStep:
        if message.reason == OutboxReason.STATUS_UNREADABLE:  # said of the answer before, not of this one
            values = {"reason": OutboxReason.INTERRUPTED} | values
        values |= {"last_asked_at": now, "next_at": now + self._parts.rules.ask_every, "sentence": sentence}
        return MessageStep.of(message, Step.ASK_AGAIN, Actor.SETTLING, values, Counted.ASKED)

    def _give_up(self, message: OutboxMessage) -> MessageStep:
        sentence = _("Es blieb unklar, ob die Mitteilung gesendet wurde; sie wird nicht mehr gesendet.")
        values = {"reason": OutboxReason.IN_DOUBT, "sentence": sentence}
        return logged_step(self._parts, Level.WARNING, message, Step.GIVE_UP, Actor.SETTLING, Counted.GIVEN_UP, values)


def into_doubt(
    parts: MessageParts, message: OutboxMessage, actor: Actor, reason: str, sentence: str, counted: Counted,
    *, now: datetime, ask_at: datetime, step: Step = Step.DOUBT,
) -> MessageStep:  # fmt: skip
    """Returns the step of a message into doubt. About one that no gateway can be asked about a person decides, who is told at once."""
    askable = parts.can_be_asked(message)
    row = None
    if not askable:
        row_sentence = _(
            "Es ist unklar, ob die E-Mail gesendet wurde. Bitte nachfragen und unter"
            " «Aktivitäten/Fehler | In der Schwebe» entscheiden: «wurde gesendet» oder «erneut senden»."
            " Bis dahin wird sie nicht noch einmal gesendet."
        )
        row = activity_about(parts, Level.ERROR, OutboxReason.IN_DOUBT, message, row_sentence)
    values = {"reason": reason, "sentence": sentence, "times_asked": 0, "first_asked_at": None, "last_asked_at": None}
    values["next_at"] = ask_at if askable else now + parts.rules.give_up
    return MessageStep.of(message, step, actor, values, counted, row, problem=not askable)
