"""What becomes of messages whose appointments are not in the agenda: a view that forgets is a fault, not a fact (decision record 0019).

Absent once: not sent. Absent in two readings at least half an hour apart: of one or two appointments it is believed, of more a person is
asked. Until that is decided each stays as it is, and is on the call list in time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from tray_agent.config.settings import ONE_PER_DAY, Settings
from tray_agent.i18n import _, format_date, join_texts, ngettext
from tray_agent.messages.guards.questions import Answer, QuestionKind, ask_and_tell, questions_of, take_back
from tray_agent.messages.model import MessageState, Standing
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Change
from tray_agent.messages.outbox.model import OutboxMessage, OutboxReason
from tray_agent.messages.outbox.states import NEVER_LEFT, Actor, Step
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.rules.truth import BELIEVED_AFTER, FEW
from tray_agent.messages.work.steps import Counted, MessageRun, activity_about
from tray_agent.protocol.model import Level


@dataclass(frozen=True, slots=True)
class Settled:
    """What was decided of absent appointments.

    Attributes:
        look_again: when (aware); None: nothing is open.
        deleted: the messages whose appointments are believed to be deleted from now on.
    """

    look_again: datetime | None = None
    deleted: Sequence[OutboxMessage] = ()


def settle_absent(run: MessageRun, seen: Collection[int], actor: Actor) -> Settled:
    """Decides what is to be decided of absent appointments.

    Args:
        run: that read the agenda.
        seen: the numbers of the messages whose appointments it did not find.
        actor: who ends what is believed to be deleted.
    """
    if run.context.dry_run:
        return Settled()
    parts = run.parts
    happened: list[OutboxMessage] = []

    def work(connection: Connection) -> datetime | None:
        happened.clear()
        run.context.fence(connection)
        now = parts.database.now(connection)
        absent = entries.absent_ahead(connection, now)
        answers = _answers(connection, absent)
        open_ones = [one for one in absent if one.id not in answers]
        believed = [one for one in absent if answers.get(one.id) is Answer.DELETED]
        if len({one.appointment_id for one in open_ones}) <= FEW:
            take_back(connection, QuestionKind.ABSENT)
            believed += [one for one in open_ones if one.id in seen and _is_old(one, now)]
        elif any(_is_old(one, now) for one in open_ones):
            _ask(connection, run, open_ones, now)
        _believe(connection, run, believed, actor, now)
        happened.extend(believed)
        left = {one.id for one in open_ones} - {one.id for one in believed}
        again = [(one.standing_since or now) + BELIEVED_AFTER for one in open_ones if one.id in left]
        return max(min(again), now + BELIEVED_AFTER / 6) if again else None

    again = parts.database.transact(work)
    run.tally.problems += len(happened)
    cancelled = sum(one.state is MessageState.PREPARED for one in happened)
    if cancelled:
        run.tally.counts[Counted.CANCELLED] += cancelled
    return Settled(again, happened)


def frees_others(connection: Connection, settings: Settings, messages: Collection[OutboxMessage]) -> bool:
    """Returns whether others may have to be prepared because these messages are not told any more, or tell what is gone."""
    return bool(messages) and (settings.yes(ONE_PER_DAY) or entries.speak_for_others(connection, [one.unique_key for one in messages]))


def _answers(connection: Connection, absent: Collection[OutboxMessage]) -> dict[int, Answer]:
    """Returns what a person said since these appointments are absent, by the number of the message."""
    since = {one.id: one.standing_since for one in absent}
    found: dict[int, Answer] = {}
    for question in reversed(questions_of(connection, QuestionKind.ABSENT)) if absent else ():
        for number in question.about["messages"]:
            began, answered_at = since.get(number), question.answered_at
            if question.answer is not None and began is not None and answered_at is not None and answered_at >= began:
                found[number] = question.answer
    return found


def _is_old(message: OutboxMessage, now: datetime) -> bool:
    return message.standing_since is not None and now - message.standing_since >= BELIEVED_AFTER


def _ask(connection: Connection, run: MessageRun, absent: Sequence[OutboxMessage], now: datetime) -> None:
    open_one = next(iter(questions_of(connection, QuestionKind.ABSENT, unanswered=True)), None)
    subject = open_one.subject if open_one else now.isoformat(timespec="seconds")
    about = {"messages": [one.id for one in absent]}
    ask_and_tell(connection, QuestionKind.ABSENT, subject, _question(run, absent), about, now, run.context.log)


def _question(run: MessageRun, absent: Sequence[OutboxMessage]) -> str:
    number = len({one.appointment_id for one in absent})
    days = sorted(run.parts.local(one.appointment_at).date() for one in absent if one.appointment_at)
    doctors = {one.doctor for one in absent}
    doctor = next(iter(doctors)) if len(doctors) == 1 else None
    if doctor:
        missing = ngettext(
            "{number} Termin von {doctor} fehlt in der Agenda ({first} bis {last}).",
            "{number} Termine von {doctor} fehlen in der Agenda ({first} bis {last}).",
            number,
        ).format(number=number, doctor=doctor, first=format_date(days[0]), last=format_date(days[-1]))
    else:
        missing = ngettext(
            "{number} Termin fehlt in der Agenda ({first} bis {last}).",
            "{number} Termine fehlen in der Agenda ({first} bis {last}).",
            number,
        ).format(number=number, first=format_date(days[0]), last=format_date(days[-1]))
    decide = _("Wurden sie gelöscht, oder sind die Daten falsch? Bis das entschieden ist, wird an diese Patienten nichts gesendet.")
    return join_texts(missing, decide)


def _believe(connection: Connection, run: MessageRun, deleted: Sequence[OutboxMessage], actor: Actor, now: datetime) -> None:
    rows = []
    for one in deleted:
        reason = Reason.APPOINTMENT_DELETED
        if one.state is MessageState.PREPARED:
            values = {"reason": reason, "sentence": reason.sentence}
            if entries.apply(connection, Change.of(one, Step.CANCEL, actor, **values), now):
                sentence = join_texts(_("storniert, nichts gesendet."), reason.sentence)
                rows.append(activity_about(run.parts, Level.WARNING, reason, one, sentence))
        elif one.state not in NEVER_LEFT:
            sentence = _("Der Termin wurde nach der Erinnerung gelöscht; dem Patienten wird nichts gesendet.")
            rows.append(activity_about(run.parts, Level.WARNING, OutboxReason.CANCELLED_AFTER, one, sentence))
    entries.note_standing(connection, [one.id for one in deleted], Standing.DELETED, now)
    if rows:
        run.context.log(*rows, connection=connection)
