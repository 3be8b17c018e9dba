"""The brake on volume: far more messages than usual wait for a person's word, because a wrong view or switch must not send thousands."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from math import ceil
from statistics import median_low
from typing import Any

from sqlalchemy import Connection, func, select

from tray_agent.config.settings import OFFSET_SEARCH, OFFSET_START, Settings
from tray_agent.i18n import N_, WordedEnum, _, format_number, join_texts, ngettext
from tray_agent.messages.guards.questions import Answer, Question, QuestionKind, ask_and_tell, questions_of, take_back
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.model import OutboxMessage, OutboxReason
from tray_agent.messages.outbox.states import Actor, Step
from tray_agent.messages.work.lane import Stop
from tray_agent.messages.work.lanes import Kept, Lanes
from tray_agent.messages.work.recheck import Ready
from tray_agent.messages.work.steps import CHUNK, MessageRun, MessageStep, activity
from tray_agent.protocol.model import Level
from tray_agent.store.paging import tested_on_the_way
from tray_agent.store.tables import message as table

LOOKS_BACK = timedelta(weeks=8)
"""What is usual is what was prepared, and left, on the days of this time."""

TIMES = 3
"""So many times as much as usual leaves without being asked about."""

AT_FIRST = 200
"""So many a day are taken as usual where nothing is known yet: a large practice's first day is no reason to ask, thousands are."""

MOST_DAYS = 7
"""A batch stands for so many days at the most: whoever was away for longer must make up for no more of what still lies ahead."""

_LEFT = frozenset(
    {
        MessageState.SENDING, MessageState.SUBMITTED, MessageState.BUFFERED, MessageState.DELIVERED, MessageState.FAILED,
        MessageState.UNKNOWN, MessageState.IN_DOUBT,
    }
)  # fmt: skip


class Volume(WordedEnum):
    """What is counted together; the value stands in the subjects of questions."""

    APPOINTMENTS = "appointments", N_("Mitteilungen zu Terminen")
    GREETINGS = "greetings", N_("Geburtstagsglückwünsche")

    @classmethod
    def of(cls, kind: MessageKind) -> Volume:
        """Returns with what a kind of messages is counted."""
        return cls.APPOINTMENTS if kind.is_of_appointment else cls.GREETINGS

    @property
    def kinds(self) -> list[str]:
        """Returns the kinds of messages as the database has them."""
        return [kind.value for kind in MessageKind if Volume.of(kind) is self]


@dataclass(frozen=True, slots=True)
class Usual:
    """How many messages are usual.

    Attributes:
        a_day: on one day.
        days: for how many days a batch stands.
        is_known: whether that is experience, and not what is taken for it at first.
    """

    a_day: int
    days: int
    is_known: bool = True

    @property
    def number(self) -> int:
        """Returns how many are usual for so many days."""
        return self.a_day * self.days

    def is_exceeded_by(self, number: int, least: int, *, asked: bool = False) -> bool:
        """Returns whether a batch is so much more that it waits for a person.

        Args:
            number: of messages.
            least: fewer are never asked about.
            asked: whether it is asked about already, and not answered: then it leaves by itself only when it is no more than usual, or what
                is left of a wrong batch would go out as soon as the rest of it is too late.
        """
        return number > self.number if asked else number >= least and number > TIMES * self.number


def usual_of(history: Mapping[date, int], confirmed: int, today: date, appointment_days: int) -> Usual:
    """Returns how many messages are usual for a batch.

    What is usual on a day is what nine of ten days do not exceed, not the most that ever was: one wrong day that went through must not let
    a worse one through. A batch stands for more than one day where days were missed (computer off, gateway away): as many as it is longer
    than usual since messages were prepared, but no more than it has days of appointments. So that a window that became a hundred days wide
    is not taken for a hundred days of work.

    Args:
        history: how many of the messages prepared on each day left; days without any are not there.
        confirmed: how many a day a person saw and let go; 0: none.
        today: the day of the batch.
        appointment_days: on how many days the appointments of the batch are.
    """
    days = sorted(day for day in history if day < today)
    numbers = sorted(history[day] for day in days)
    known = numbers[ceil(0.9 * len(numbers)) - 1] if numbers else 0
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    missed = (today - days[-1]).days // (median_low(gaps) if gaps else 1) if days else 1
    a_day = max(known, confirmed)
    return Usual(a_day or AT_FIRST, max(1, min(missed, appointment_days, MOST_DAYS)), is_known=a_day > 0)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What waits, with what was prepared today and left already: a batch does not become smaller by being sent in parts."""

    waiting: int
    number: int
    appointment_days: int
    usual: Usual


class VolumeBrake:
    """Holds back what is far more than usual, until a person answered; looked at once a round.

    Args:
        run: of sending.

    Attributes:
        held: why messages stay, by what is counted together.
    """

    def __init__(self, run: MessageRun) -> None:
        self._run = run
        self._parts = run.parts
        self.held: dict[Volume, Stop] = {}

    def look(self, settings: Settings, now: datetime) -> None:
        """Finds out what is to be held, and does what a person answered. A dry run asks nothing and changes nothing.

        Args:
            settings: the switches as they are now.
            now: aware.
        """
        self.held.clear()
        with self._parts.database.read() as connection:
            asked = questions_of(connection, QuestionKind.VOLUME)
        if not self._run.context.dry_run:
            for question in asked:
                self._cancel(question, now)
        with self._parts.database.read() as connection:
            batches = self._batches(connection, asked, now)
        for volume in Volume:
            batch, ours = batches.get(volume), [one for one in asked if one.about.get("volume") == volume.value]
            is_open = any(one.answer is None for one in ours)
            if batch is not None and batch.usual.is_exceeded_by(batch.number, self._parts.rules.unasked, asked=is_open):
                self.held[volume] = Stop(OutboxReason.VOLUME.value, _waits())
                if not self._run.context.dry_run:
                    self._ask(volume, batch, ours, settings, now)
            elif ours and not self._run.context.dry_run:
                self._forget(ours, now)

    def stop_of(self, message: OutboxMessage) -> Stop | None:
        """Returns what holds a message back; None: nothing does."""
        return self.held.get(Volume.of(message.kind)) if self.held else None

    def let_through(self, readies: Sequence[Ready], lanes: Lanes) -> Sequence[Ready]:
        """Returns what is not held, and notes of the others why they stay prepared."""
        if not self.held:
            return readies
        stopped = [(ready.message, stop) for ready in readies if (stop := self.stop_of(ready.message))]
        lanes.kept |= {message.id: Kept(stop.reason, None, stop) for message, stop in stopped}
        self._run.write(
            [
                MessageStep.of(message, Step.POSTPONE, Actor.SENDING, {"reason": stop.reason, "sentence": stop.sentence})
                for message, stop in stopped
                if message.reason != stop.reason
            ]
        )
        return [ready for ready in readies if self.stop_of(ready.message) is None]

    def _batches(self, connection: Connection, asked: Collection[Question], now: datetime) -> dict[Volume, _Batch]:
        """Reads what waits and what is usual: two grouped statements, the second only where something waits."""
        today, local = self._parts.local(now).date(), self._parts.local
        waiting: Counter[Volume] = Counter()
        days: defaultdict[Volume, set[date | None]] = defaultdict(set)
        which = (table.c.state == MessageState.PREPARED.value, table.c.expires_at > now)
        grouped = select(table.c.kind, table.c.appointment_at, func.count()).where(*which).group_by(table.c.kind, table.c.appointment_at)
        for kind, appointment_at, number in connection.execute(grouped):
            waiting[Volume.of(MessageKind(kind))] += number
            days[Volume.of(MessageKind(kind))].add(local(appointment_at).date() if appointment_at else None)
        if not waiting:
            return {}
        history: defaultdict[Volume, Counter[date]] = defaultdict(Counter)
        since = self._parts.instant(datetime.combine(today, time.min) - LOOKS_BACK)
        is_left = tested_on_the_way(connection, [table.c.state.in_(sorted(state.value for state in _LEFT))])  # by the span of time
        left = (table.c.prepared_at >= since, *is_left)
        prepared = select(table.c.kind, table.c.prepared_at, func.count()).where(*left).group_by(table.c.kind, table.c.prepared_at)
        for kind, prepared_at, number in connection.execute(prepared):
            history[Volume.of(MessageKind(kind))][local(prepared_at).date()] += number
        return {
            volume: _Batch(
                waiting=number,
                number=number + history[volume][today],
                appointment_days=len(days[volume]),
                usual=usual_of(history[volume], _confirmed(volume, asked), today, len(days[volume])),
            )
            for volume, number in waiting.items()
        }

    def _ask(self, volume: Volume, batch: _Batch, ours: Sequence[Question], settings: Settings, now: datetime) -> None:
        """Asks about a batch, once a day; after an answer of the same day another batch is another question."""
        subject = f"{volume.value}/{self._parts.local(now):%Y-%m-%d}"
        answered = sum(one.answer is not None and one.subject.startswith(subject) for one in ours)
        subject = f"{subject}/{answered + 1}" if answered else subject
        about = {"volume": volume.value, "number": batch.number, "days": batch.usual.days, "until": now.astimezone(UTC).isoformat()}

        def work(connection: Connection) -> None:
            self._run.context.fence(connection)
            for other in ours:
                if other.answer is None and other.subject != subject:
                    take_back(connection, QuestionKind.VOLUME, other.subject)
            sentence = join_texts(how_many(volume, batch.number, batch.usual), self._likely(connection, volume, batch, settings, now))
            ask_and_tell(connection, QuestionKind.VOLUME, subject, sentence, about, now, self._run.context.log)

        self._parts.database.transact(work)

    def _forget(self, ours: Sequence[Question], now: datetime) -> None:
        """Takes back what is asked of no more, and the reason from what may leave now."""
        unanswered = [one.subject for one in ours if one.answer is None]
        recent = any(one.answered_at and now - one.answered_at < timedelta(days=1) for one in ours)
        if not unanswered and not recent:
            return

        def work(connection: Connection) -> None:
            self._run.context.fence(connection)
            for subject in unanswered:
                take_back(connection, QuestionKind.VOLUME, subject)
            entries.forget_reason(connection, OutboxReason.VOLUME, now)

        self._parts.database.transact(work)

    def _cancel(self, question: Question, now: datetime) -> None:
        """Cancels what a person said shall not be sent: what was prepared by the time of the question, and still waits."""
        if question.answer is not Answer.CANCEL or now - question.asked_at > LOOKS_BACK:
            return
        until, kinds = datetime.fromisoformat(question.about["until"]), Volume(question.about["volume"]).kinds
        which = (table.c.state == MessageState.PREPARED.value, table.c.kind.in_(kinds), table.c.prepared_at <= until)
        with self._parts.database.read() as connection:
            numbers = list(connection.execute(select(table.c.id).where(*which).order_by(table.c.id)).scalars())
        who = question.answered_by or ""
        values = {"reason": OutboxReason.BY_PERSON, "sentence": _("Von {who} storniert.").format(who=who)}
        handled = {"handled_by": who[:120], "handled_at": question.answered_at}
        cancelled = 0
        for begin in range(0, len(numbers), CHUNK):
            self._run.context.checkpoint()
            with self._parts.database.read() as connection:
                messages = entries.read_messages(connection, numbers[begin : begin + CHUNK])
            steps = [
                MessageStep.of(message, Step.CANCEL, Actor.PERSON, {**values, **handled})
                for message in messages
                if message.state is MessageState.PREPARED
            ]
            cancelled += len(self._run.write(steps))
        if cancelled:
            sentence = ngettext(
                "{number} Mitteilung storniert, weil {who} so entschieden hat.",
                "{number} Mitteilungen storniert, weil {who} so entschieden hat.",
                cancelled,
            ).format(number=cancelled, who=who)
            self._run.context.log(activity(Level.INFO, OutboxReason.BY_PERSON, sentence))

    def _likely(self, connection: Connection, volume: Volume, batch: _Batch, settings: Settings, now: datetime) -> str:
        return _("Wahrscheinliche Ursache: {cause}").format(cause=self._cause(connection, volume, batch, settings, now))

    def _cause(self, connection: Connection, volume: Volume, batch: _Batch, settings: Settings, now: datetime) -> str:
        if not batch.usual.is_known:
            return _("Es ist noch keine Erfahrung da, wie viele üblich sind.")
        if volume is Volume.GREETINGS:
            return _("Viele Patienten haben dasselbe Geburtsdatum, vielleicht einen Platzhalter (z. B. 01.01.).")
        search, start = settings.number(OFFSET_SEARCH), settings.number(OFFSET_START)
        if search > 1 and batch.appointment_days > 1:
            return _("Der Schalter «OffsetSuchTage» steht auf {number}.").format(number=search)
        which = (table.c.state == MessageState.PREPARED.value, table.c.kind.in_(volume.kinds), table.c.expires_at > now)
        patients = connection.execute(select(func.count(table.c.patient_id.distinct())).where(*which)).scalar_one()
        if 2 * patients <= batch.waiting:
            return _("Die Sicht der Termine enthält wohl doppelte Zeilen: sie betreffen nur {number} Patienten.").format(
                number=format_number(patients)
            )
        if start != int(OFFSET_START.default):
            return _("Der Schalter «OffsetStartTage» steht auf {number}, oder eine Sicht enthält fremde Daten.").format(number=start)
        return _("Eine Sicht enthält fremde oder doppelte Daten.")


def _confirmed(volume: Volume, asked: Collection[Question]) -> int:
    """Returns the most a day that a person saw and let go."""
    seen: list[Mapping[str, Any]] = [one.about for one in asked if one.answer is Answer.SEND and one.about.get("volume") == volume.value]
    return max((ceil(about["number"] / about["days"]) for about in seen), default=0)


def how_many(volume: Volume, number: int, usual: Usual) -> str:
    """Returns how many messages there are, and how many are usual."""
    what, written = _(volume.source_text), format_number(number)
    if not usual.is_known:
        return _("{what}: {number} auf einmal.").format(what=what, number=written)
    return ngettext(
        "{what}: {number} auf einmal, üblich sind an einem Tag höchstens {usual}.",
        "{what}: {number} auf einmal, üblich sind für {days} Tage höchstens {usual}.",
        usual.days,
    ).format(what=what, number=written, days=usual.days, usual=format_number(usual.number))


def _waits() -> str:
    return _("Es sind ungewöhnlich viele Mitteilungen; sie warten, bis unter «Fragen…» entschieden ist, ob sie gesendet werden.")
