"""Settles messages in doubt: the gateway is asked whether it knows them, before anything is sent again.

A message is in doubt when its request may have reached the gateway and no answer came: time-out, answer cut off, program
or machine ended in between. It is never sent again blindly. "Not known" is believed only after the gateway said so three
times within 15 minutes, and never while a request could still be under way; an e-mail can't be asked about, so a person
decides (sources: gateway facts; decision record 0002).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tray_agent.i18n import _, format_datetime
from tray_agent.jobs.contract import JobContext
from tray_agent.messages.gateways.contract import DeliveryReport, DeliveryStatus
from tray_agent.messages.model import Channel, MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Change
from tray_agent.messages.outbox.model import OutboxMessage
from tray_agent.messages.outbox.states import Actor, Step
from tray_agent.messages.words import said_of
from tray_agent.messages.work.asking import Answer, ask, unreadable_activity, unreadable_sentence
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.tally import Tally, told
from tray_agent.protocol.model import Activity, Level
from tray_agent.store.tables import message as table

INTERRUPTED = "interrupted"
"""The reason of a message whose sending was cut off: program ended, machine switched off, connection to the database lost."""

UNDECIDED = "in_doubt"
"""The reason under which the activity log asks a person to decide."""

OTHER_ACCOUNT = "other_account"
"""The reason of a message in doubt that was handed to an account which its Mandant no longer has."""

CHUNK = 500


class Settling:
    """One pass over everything that is in doubt and due to be asked about.

    Args:
        parts: what to work with.
        context: of the run.
        tally: where it counts.
    """

    def __init__(self, parts: MessageParts, context: JobContext, tally: Tally) -> None:
        self._parts = parts
        self._context = context
        self._tally = tally

    def run(self) -> None:
        """Settles what can be settled now. A run that sends calls it while nothing of its own is on its way.

        Raises:
            DatabaseUnavailableError, RunCancelledError, LeaseLostError: what was settled so far stays.
        """
        self._each_chunk(MessageState.SENDING, self._put_in_doubt)
        self._each_chunk(MessageState.IN_DOUBT, self._settle)

    def next_due(self) -> datetime | None:
        """Returns when something is to be asked next, or None."""
        with self._parts.database.read() as connection:
            strays = entries.next_due(connection, [MessageState.SENDING])
            asked = entries.next_due(connection, [MessageState.IN_DOUBT], table.c.channel == Channel.SMS.value)
        return min((at for at in (strays, asked) if at is not None), default=None)

    def _each_chunk(self, state: MessageState, work: _Work) -> None:
        last = 0
        while True:
            self._context.checkpoint()
            with self._parts.database.read() as connection:
                now = self._parts.database.now(connection)
                messages = entries.due_messages(connection, [state], now, last, CHUNK)
            if not messages:
                return
            last = messages[-1].id
            self._write(work(messages, now))

    def _write(self, settled: Sequence[_Settled]) -> None:
        def work(connection: Connection) -> list[_Settled]:
            self._context.fence(connection)
            now = self._parts.database.now(connection)
            happened = [one for one in settled if entries.apply(connection, one.change, now)]
            activities = [one.activity for one in happened if one.activity]
            if activities:
                self._context.log(*activities, connection=connection)
            self._parts.reached("before_settling_commit")
            return happened

        if settled and not self._context.dry_run:
            for one in self._parts.database.transact(work):
                self._tally.counts[one.counted] += 1
                self._tally.problems += one.activity is not None

    def _put_in_doubt(self, messages: Sequence[OutboxMessage], now: datetime) -> list[_Settled]:
        return [self._interrupted(message, now) for message in messages]

    def _interrupted(self, message: OutboxMessage, now: datetime) -> _Settled:
        said = _("Beim Senden wurde die Arbeit unterbrochen; ob die Mitteilung gesendet wurde, ist noch unklar.")
        change = Change.of(message, Step.DOUBT, Actor.SETTLING, **doubt_values(self._parts, message, now, now, INTERRUPTED, said))
        return _Settled(change, "interrupted", undecided(self._parts, message) if message.channel is Channel.EMAIL else None)

    def _settle(self, messages: Sequence[OutboxMessage], now: datetime) -> list[_Settled]:
        old = [message for message in messages if now - (message.sending_at or now) >= self._parts.rules.give_up]
        given_up = {message.id for message in old}
        asked = [message for message in messages if message.id not in given_up and message.channel is Channel.SMS]
        settled = [self._give_up(message) for message in old]
        for answer in ask(self._parts, asked):
            settled += [self._judge(message, answer, now) for message in answer.messages]
        return settled

    def _judge(self, message: OutboxMessage, answer: Answer, now: datetime) -> _Settled:
        if answer.error is not None:
            return self._ask_later(message, now, str(answer.error))
        if answer.is_unreadable(message):
            asked = self._ask_later(message, now, unreadable_sentence())
            return replace(asked, counted="unreadable", activity=unreadable_activity(message))
        if _is_known(answer.reports.get(message.reference)):
            values = {"submitted_at": message.sending_at or now, "next_at": now, "reason": "", "sentence": ""}
            return _Settled(Change.of(message, Step.FOUND, Actor.SETTLING, **values), "found")
        if message.account is not None and answer.account != message.account:
            return self._leave_to_a_person(message, now)
        times = message.times_asked + 1
        if times >= self._parts.rules.times:
            said = _("Das Gateway hat die Mitteilung nie erhalten; sie wird noch einmal gesendet.")
            values = {"times_asked": times, "last_asked_at": now, "next_at": now, "reason": "never_taken", "sentence": said}
            return _Settled(Change.of(message, Step.NEVER_TAKEN, Actor.SETTLING, **values), "never_taken")
        return self._ask_later(message, now, message.sentence, times_asked=times, first_asked_at=message.first_asked_at or now)

    def _leave_to_a_person(self, message: OutboxMessage, now: datetime) -> _Settled:
        """Believes no account that it never got what another account was given."""
        said = _("Das SMS-Konto wurde gewechselt; das neue weiss nicht, ob die Mitteilung gesendet wurde. Eine Person muss entscheiden.")
        values = {"reason": OTHER_ACCOUNT, "sentence": said, "next_at": now + self._parts.rules.give_up}
        activity = told(
            Level.ERROR,
            OTHER_ACCOUNT,
            said_of(message.patient_name, said),
            item=str(message.id),
            patient_id=message.patient_id,
            appointment_at=message.appointment_at,
        )
        return _Settled(Change.of(message, Step.ASK_AGAIN, Actor.SETTLING, **values), "left_to_a_person", activity)

    def _ask_later(self, message: OutboxMessage, now: datetime, sentence: str, **values: int | datetime) -> _Settled:
        later = {"last_asked_at": now, "next_at": now + self._parts.rules.ask_every, "sentence": sentence}
        return _Settled(Change.of(message, Step.ASK_AGAIN, Actor.SETTLING, **later, **values), "asked")

    def _give_up(self, message: OutboxMessage) -> _Settled:
        said = _("Es blieb unklar, ob die Mitteilung gesendet wurde; sie wird nicht mehr gesendet.")
        change = Change.of(message, Step.GIVE_UP, Actor.SETTLING, reason=UNDECIDED, sentence=said)
        activity = told(
            Level.WARNING,
            UNDECIDED,
            said_of(message.patient_name, said),
            item=str(message.id),
            patient_id=message.patient_id,
            appointment_at=message.appointment_at,
        )
        return _Settled(change, "given_up", activity)


@dataclass(frozen=True, slots=True)
class _Settled:
    change: Change
    counted: str
    activity: Activity | None = None


_Work = Callable[[Sequence[OutboxMessage], datetime], list[_Settled]]


def doubt_values(
    parts: MessageParts, message: OutboxMessage, now: datetime, ask_at: datetime, reason: str, sentence: str
) -> dict[str, Any]:
    """Returns what is written with the step into doubt; an e-mail is not asked about, only given up some day."""
    return {
        "reason": reason,
        "sentence": sentence,
        "times_asked": 0,
        "first_asked_at": None,
        "last_asked_at": None,
        "next_at": ask_at if message.channel is Channel.SMS else now + parts.rules.give_up,
    }


def undecided(parts: MessageParts, message: OutboxMessage) -> Activity:
    """Returns the row of the activity log that asks a person to decide about a message in doubt."""
    at = f" ({format_datetime(parts.local(message.appointment_at))})" if message.appointment_at else ""
    sentence = _(
        "{patient}{at}: Es ist unklar, ob die E-Mail gesendet wurde. Bitte nachfragen und unter"
        " «Aktivitäten/Fehler | In der Schwebe» entscheiden: «wurde gesendet» oder «erneut senden»."
        " Bis dahin wird sie nicht noch einmal gesendet."
    ).format(patient=message.patient_name, at=at)
    return told(
        Level.ERROR, UNDECIDED, sentence, item=str(message.id), patient_id=message.patient_id, appointment_at=message.appointment_at
    )


def _is_known(report: DeliveryReport | None) -> bool:
    """Returns whether the gateway has the message.

    "Not yet submitted" also stands for "never heard of it", except where the gateway names a time at which it took it.
    """
    return report is not None and (report.status is not DeliveryStatus.NOT_SUBMITTED or report.notified_at is not None)
