"""Whether this store is the one to send from: not one that was put back to an older state, nor a copy, nor a second one beside another.

Four guards, each for what the others can't see (``docs/backup.md``):

- what the gateway knows already was sent, whatever the store says (asked before anything is handed over; ``lane``);
- a store that has not come as far as a workstation saw it was put back, and a new one took another's place (``store.state``);
- a store that is on another server or in another database than before may be a copy;
- a store in a file, beside data on a server, may be one of several (``private``).

Each asks one question for the practice; until a person answers nothing leaves. E-mails can't be asked about: what may have left in
the time that the store knows nothing of is decided by a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection

from tray_agent.config.settings import OFFSET_SEARCH, OFFSET_START, Settings
from tray_agent.i18n import _, format_datetime, join_texts, ngettext
from tray_agent.messages.guards.private import ask_about_private
from tray_agent.messages.guards.questions import Question, QuestionKind, ask_and_tell, asked_activity, questions_of, take_back
from tray_agent.messages.model import MessageKind
from tray_agent.messages.outbox.model import OutboxMessage, OutboxReason
from tray_agent.messages.outbox.states import Actor, Step
from tray_agent.messages.work.asking import unreadable_activity, unreadable_sentence
from tray_agent.messages.work.doubt import into_doubt
from tray_agent.messages.work.lane import Stop
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.recheck import Ready
from tray_agent.messages.work.steps import Counted, MessageRun, MessageStep, activity_about
from tray_agent.protocol.model import Level
from tray_agent.store.state import Place, Sight, StoreState, grow, note_place, place_of, read_state

Result = TypeVar("Result")

SHOWS_UP = timedelta(days=7)
"""So long after a person said that sending may go on, messages that the gateway knows are no news: the days that they are for are
prepared again. Later it is somebody else who sends them."""

NOTICES = timedelta(days=1)
"""So long after it notices are still made of what happened before: with the next preparing."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What a look at the store found: the row, the time, and the questions that were asked about it."""

    state: StoreState
    now: datetime
    restored: Sequence[Question]
    placed: Sequence[Question]


class StoreGuard:
    """Guards one run of sending. Used by the thread that does all database work.

    Args:
        run: of sending.
    """

    def __init__(self, run: MessageRun) -> None:
        self._run = run
        self._parts: MessageParts = run.parts
        self._has_begun = False
        self._restored: Sequence[Question] = ()

    def look(self) -> Stop | None:
        """Returns why nothing may be handed over from this store, or None; asks the question where nobody did yet.

        Raises:
            DatabaseUnavailableError, LeaseLostError.
        """
        place = place_of(self._parts.database)
        with self._parts.database.read() as connection:
            now = self._parts.database.now(connection)
            asked = [questions_of(connection, kind) for kind in (QuestionKind.RESTORED, QuestionKind.PLACE)]
            found = _Found(read_state(connection), now, *asked)
        self._restored = found.restored
        unanswered = next((question for question in found.restored if question.answer is None), None)
        stop = self._look_at_place(found, place) or self._look_at_generation(found)
        private = ask_about_private(self._run)
        return stop or next((_stop_of(question) for question in (unanswered, private) if question), None)

    def _look_at_place(self, found: _Found, place: Place | None) -> Stop | None:
        if place is None or place.key == found.state.place_key:
            if place is not None and any(question.answer is None for question in found.placed):  # it is back where it was
                self._write(lambda connection: take_back(connection, QuestionKind.PLACE))
            return None
        said_yes = any(question.subject == place.key and question.answer for question in found.placed)
        if not found.state.place_key or said_yes:
            self._write(lambda connection: note_place(connection, place))
            return None
        sentence = _(
            "Die Datenbank des Agenten liegt jetzt in {here}, bisher lag sie in {before}. Ist sie eine Kopie und die bisherige noch in "
            "Gebrauch, erhielten alle Patienten ihre Mitteilungen doppelt; bis jemand entscheidet, wird nichts gesendet."
        ).format(here=place.name, before=found.state.place)
        return self._ask(QuestionKind.PLACE, place.key, sentence, {"place": place.name, "before": found.state.place})

    def _look_at_generation(self, found: _Found) -> Stop | None:
        number, seen = found.state.number, self._parts.seen.of(found.state.number)
        if seen and seen[-1].generation > found.state.generation and not _is_answered(found, seen[-1]):
            since = next(sight.at for sight in seen if sight.generation > found.state.generation)
            sentence = _(
                "Die Datenbank des Agenten wurde auf einen früheren Stand zurückgesetzt: Was seit {since} gesendet und entschieden "
                "wurde, weiss sie nicht (zuletzt gesehen {seen})."
            ).format(since=self._when(since), seen=self._when(seen[-1].at))
            about = {"since": since.isoformat(), "until": seen[-1].at.isoformat(), "generation": seen[-1].generation}
            return self._ask(QuestionKind.RESTORED, f"{number}/{seen[-1].generation}", join_texts(sentence, _what_then()), about)
        other = None if found.state.generation else self._parts.seen.last_of_others(number)
        if other is not None and other.at > found.now - SHOWS_UP:
            sentence = _(
                "Die Datenbank des Agenten ist neu; bis {seen} arbeitete dieser Arbeitsplatz mit einer anderen. Was von dort gesendet "
                "wurde, weiss die neue nicht."
            ).format(seen=self._when(other.at))
            return self._ask(QuestionKind.RESTORED, f"{number}/new", join_texts(sentence, _what_then()), {"until": other.at.isoformat()})
        return None

    def begin(self) -> None:
        """Counts the run in the store and notes that outside of it, before the first intent of the run; once."""
        if self._has_begun:
            return

        def work(connection: Connection) -> tuple[StoreState, datetime]:
            seen = self._parts.seen.of(read_state(connection).number)
            grown = grow(connection, seen[-1].generation if seen else 0)  # a person let it go on below: nobody shall be asked again
            self._parts.reached("before_generation_commit")
            return grown, self._parts.database.now(connection)

        state, now = self._write(work)
        self._parts.reached("before_generation_noted")
        self._parts.seen.note(state, now)
        self._parts.reached("after_generation_noted")
        self._has_begun = True

    def known(self, messages: Sequence[OutboxMessage]) -> Stop | None:
        """Returns why nothing may leave any more, now that the gateway knows messages which this store never handed over; or None.

        None too where a person let it go on lately.
        """
        strange = [message for message in messages if not message.attempts]
        with self._parts.database.read() as connection:
            now, state = self._parts.database.now(connection), read_state(connection)
            asked = questions_of(connection, QuestionKind.RESTORED)
        if not strange or any(question.answered_at and question.answered_at > now - SHOWS_UP for question in asked):
            return None
        sentence = ngettext(
            "Das SMS-Gateway hat schon {number} Mitteilung, die von hier aus noch nicht gesendet wurde; sie gilt als gesendet.",
            "Das SMS-Gateway hat schon {number} Mitteilungen, die von hier aus noch nicht gesendet wurden; sie gelten als gesendet.",
            len(strange),
        ).format(number=len(strange))
        why = _("Die Datenbank des Agenten ist ein früherer Stand, oder eine zweite sendet ebenfalls für diese Praxis.")
        about = {"until": now.isoformat(), "generation": state.generation, "known": len(strange)}
        return self._ask(QuestionKind.RESTORED, f"{state.number}/{state.generation}", join_texts(sentence, why, _what_then()), about)

    def in_lost_span(self, readies: Sequence[Ready], settings: Settings, now: datetime) -> list[MessageStep]:
        """Returns the steps into doubt of what may have left in a time of which this store knows nothing, and can't be asked about."""
        spans = [_Span.of(question, self._parts, settings) for question in self._restored if question.answer]
        messages = [ready.message for ready in readies if any(span.may_hold(ready.message) for span in spans)]
        return [self._into_doubt(message, now) for message in messages if not self._parts.can_be_asked(message)]

    def _into_doubt(self, message: OutboxMessage, now: datetime) -> MessageStep:
        sentence = _(
            "Die Datenbank wurde auf einen früheren Stand zurückgesetzt; ob die Mitteilung damals gesendet wurde, weiss niemand mehr."
        )
        step = into_doubt(
            self._parts, message, Actor.SENDING, OutboxReason.LOST_SPAN, sentence, Counted.LEFT_TO_A_PERSON,
            now=now, ask_at=now, step=Step.MAY_HAVE_LEFT,
        )  # fmt: skip
        # Nothing of it is under way any more: the person may decide at once.
        values: Mapping[str, Any] = {**step.change.values, "sending_at": now - self._parts.rules.settles_after(message.channel)}
        return replace(step, change=replace(step.change, values=values))

    def _ask(self, kind: QuestionKind, subject: str, sentence: str, about: Mapping[str, Any]) -> Stop | None:
        """Asks a question where nobody did, tells that once, and returns what it means for the run: None where it was answered before."""

        def work(connection: Connection) -> Question:
            return ask_and_tell(connection, kind, subject, sentence, about, self._parts.database.now(connection), self._run.context.log)

        question = self._write(work)
        return None if question.answer else _stop_of(question)

    def _write(self, work: Callable[[Connection], Result]) -> Result:
        """Carries out what only the run that still holds its lease may write; again where another workstation asked at this moment."""

        def fenced(connection: Connection) -> Result:
            self._run.context.fence(connection)
            return work(connection)

        return self._parts.database.transact(fenced, again_on_duplicate=True)

    def _when(self, instant: datetime) -> str:
        return format_datetime(self._parts.local(instant))


def known_before(parts: MessageParts, message: OutboxMessage, now: datetime) -> MessageStep:
    """Returns the step of a message that the gateway knew before it was handed over: taken as submitted, never sent."""
    sentence = _("nicht noch einmal gesendet, das SMS-Gateway hat sie schon.")
    row = activity_about(parts, Level.WARNING, OutboxReason.KNOWN_BEFORE, message, sentence)
    values = {"sending_at": message.sending_at or now, "submitted_at": now, "next_at": now, "reason": "", "sentence": ""}
    values["account"] = parts.account_of(message.mandant_id)[:200]
    return MessageStep.of(message, Step.KNOWN_BEFORE, Actor.SENDING, values, Counted.KNOWN_BEFORE, row, problem=True)


def unreadable_before(parts: MessageParts, message: OutboxMessage, now: datetime) -> MessageStep:
    """Returns the step of a message of which nobody knows whether the gateway has it: asked again later, not sent before."""
    values = {"next_at": now + parts.rules.ask_every, "reason": OutboxReason.STATUS_UNREADABLE, "sentence": unreadable_sentence()}
    row = unreadable_activity(parts, message)
    return MessageStep.of(message, Step.POSTPONE, Actor.SENDING, values, Counted.UNREADABLE, row, problem=row is not None)


@dataclass(frozen=True, slots=True)
class _Span:
    """The time of which a store that was put back knows nothing: what may have left in it.

    Attributes:
        until: its end (aware).
        greeted: the last day whose birthdays may have been greeted.
        reminded: the last day of whose appointments may have been reminded.
        notices: notices may have been made until then (aware).
    """

    until: datetime
    greeted: date
    reminded: date
    notices: datetime
    parts: MessageParts

    @classmethod
    def of(cls, question: Question, parts: MessageParts, settings: Settings) -> _Span:
        until = datetime.fromisoformat(question.about["until"])
        day = parts.local(until).date()
        searched = day + timedelta(days=settings.number(OFFSET_START) + settings.number(OFFSET_SEARCH) - 1)
        return cls(until, day, searched, (question.answered_at or until) + NOTICES, parts)

    def may_hold(self, message: OutboxMessage) -> bool:
        """Returns whether a message may have left then; not if a person decided about it, or it was handed over, afterwards."""
        if any(at and at > self.until for at in (message.sending_at, message.handled_at)):
            return False
        if message.kind is MessageKind.MOVED:
            return message.prepared_at <= self.notices
        if message.appointment_at is None:
            return self.parts.local(message.expires_at - timedelta(seconds=1)).date() <= self.greeted
        return self.parts.local(message.appointment_at).date() <= self.reminded


def _is_answered(found: _Found, seen: Sight) -> bool:
    """Returns whether a person said after this sight that sending may go on, whichever workstation asked."""
    return any(question.answered_at and question.answered_at > seen.at for question in found.restored)


def _what_then() -> str:
    return _(
        "Bis jemand entscheidet, wird nichts gesendet. Danach gilt jede SMS, die das SMS-Gateway schon hat, als gesendet; "
        "über E-Mails aus dieser Zeit entscheidet eine Person."
    )


def _stop_of(question: Question) -> Stop:
    """Returns what an open question means for all lanes: nothing leaves any more, and the next attempt looks whether it was answered."""
    return Stop(OutboxReason.QUESTION.value, asked_activity(question).sentence)
