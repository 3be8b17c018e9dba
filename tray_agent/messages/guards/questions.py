"""What a person has to decide, once for the whole practice: asked by a run, answered in a window or by a command.

Whoever asks looks for the answer when it runs again; an answer makes that run due. A question that no longer matters is taken back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Row, delete, insert, select, update

from tray_agent.errors import InputError, KnownError
from tray_agent.i18n import N_, WordedEnum, _, join_texts, shown_text, store_text
from tray_agent.job_kinds import Service
from tray_agent.messages.outbox.model import OutboxReason
from tray_agent.protocol.model import Activity, Level
from tray_agent.store.database import Database
from tray_agent.store.state import grow
from tray_agent.store.tables import question as table


class QuestionKind(WordedEnum):
    """What is asked about."""

    ABSENT = "absent", N_("Termine fehlen in der Agenda")
    VIEW = "view", N_("Eine Sicht der Praxisdaten ist leer")
    RESTORED = "restored", N_("Datenbank zurückgesetzt")
    PLACE = "place", N_("Datenbank an einem anderen Ort")
    PRIVATE = "private", N_("Datenbank nur auf diesem Computer")
    VOLUME = "volume", N_("Ungewöhnlich viele Mitteilungen")


class Answer(WordedEnum):
    """What a person can say."""

    DELETED = "deleted", N_("Gelöscht")
    """The appointments were deleted."""

    FAULT = "fault", N_("Datenfehler")
    """The data are wrong: whoever is concerned stays on the call list until they are right."""

    RIGHT = "right", N_("Stimmt so")
    GO_ON = "go_on", N_("Weiter senden")
    SEND = "send", N_("Senden")
    CANCEL = "cancel", N_("Nicht senden")


ANSWERS: Mapping[QuestionKind, Sequence[Answer]] = {
    QuestionKind.ABSENT: (Answer.DELETED, Answer.FAULT),
    QuestionKind.VIEW: (Answer.RIGHT,),
    QuestionKind.RESTORED: (Answer.GO_ON,),
    QuestionKind.PLACE: (Answer.GO_ON,),
    QuestionKind.PRIVATE: (Answer.GO_ON,),
    QuestionKind.VOLUME: (Answer.SEND, Answer.CANCEL),
}
"""What each question can be answered with. Not answering is always the careful choice: nothing is sent."""

FINAL_ANSWERS = frozenset({Answer.DELETED, Answer.GO_ON, Answer.SEND, Answer.CANCEL})
"""What they lead to can't be undone: whoever takes them is asked once more."""

_CONSEQUENCES: Mapping[tuple[QuestionKind, Answer], str] = {
    (QuestionKind.ABSENT, Answer.DELETED): N_(
        "Die Termine gelten als gelöscht: was noch nicht gesendet ist, wird storniert; wer schon erinnert wurde, erhält keine Absage."
    ),
    (QuestionKind.ABSENT, Answer.FAULT): N_(
        "Für diese Termine wird nichts gesendet und nichts storniert, bis sie wieder da sind; wer betroffen ist, steht rechtzeitig auf der "
        "Anrufliste."
    ),
    (QuestionKind.VIEW, Answer.RIGHT): N_("Dass die Sicht leer ist, gilt als richtig: aufbereiten und senden gehen weiter."),
    (QuestionKind.RESTORED, Answer.GO_ON): N_(
        "Das Senden geht mit dem Stand dieser Datenbank weiter; SMS, die das SMS-Gateway schon kennt, werden nicht noch einmal gesendet."
    ),
    (QuestionKind.PLACE, Answer.GO_ON): N_(
        "Die Datenbank gehört von jetzt an hierher, und das Senden geht weiter. Bei einer Kopie würden Patienten doppelt erinnert."
    ),
    (QuestionKind.PRIVATE, Answer.GO_ON): N_(
        "Von diesem Computer aus wird gesendet. Hat ein anderer Arbeitsplatz oder Benutzer eine eigene Datenbank, erhält jeder Patient "
        "alles doppelt."
    ),
    (QuestionKind.VOLUME, Answer.SEND): N_(
        "Alle diese Mitteilungen werden in den nächsten Minuten gesendet, sofern sie noch zutreffen; so viele gelten dann als üblich."
    ),
    (QuestionKind.VOLUME, Answer.CANCEL): N_(
        "Alle diese Mitteilungen werden storniert und nicht wieder aufbereitet; wer eine braucht, ist anders zu erinnern."
    ),
}
"""What happens after an answer, in one sentence (source texts)."""


CONCERNS_PREPARING = frozenset({QuestionKind.ABSENT, QuestionKind.VIEW})
"""What preparing waits for, too; sending waits for every answer."""


def consequence_of(kind: QuestionKind, answer: Answer) -> str:
    """Returns what happens after an answer, in one sentence."""
    return _(_CONSEQUENCES[kind, answer])


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        subject: what makes it another question than one of the same kind before.
        asked_at: aware UTC.
        about: what it is about, for whoever asked: values that JSON can hold.
        answer: None: nobody answered yet.
        answered_by, answered_at: the person and workstation, and when.
    """

    id: int
    kind: QuestionKind
    subject: str
    asked_at: datetime
    sentence: str
    about: Mapping[str, Any]
    answer: Answer | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None

    @property
    def answers(self) -> Sequence[Answer]:
        """Returns what it can be answered with."""
        return ANSWERS[self.kind]


class Log(Protocol):
    """Writes rows into the activity log, as ``JobContext.log`` does."""

    def __call__(self, *activities: Activity, connection: Connection | None = None) -> None:
        """Writes rows, within the caller's transaction where one is given."""
        ...


class QuestionMissingError(InputError):
    """There is no question with this number, or it was taken back."""

    code = "question_missing"


class QuestionAnsweredError(KnownError):
    """Somebody answered before."""

    code = "question_answered"


def ask(connection: Connection, kind: QuestionKind, subject: str, sentence: str, about: Mapping[str, Any], now: datetime) -> Question:
    """Asks a question, or brings one that nobody answered yet up to date; returns it with the answer, if there is one.

    Args:
        connection: of the caller's transaction.
        kind: what is asked about.
        subject: one question is asked for each.
        sentence: what happened, and what is to be decided.
        about: what it is about, for whoever asks.
        now: aware.

    Raises:
        sqlalchemy.exc.IntegrityError: another asked the same at this moment; the transaction is to be rolled back.
    """
    words = {"sentence": str(sentence), "sentence_source": store_text(sentence), "about": json.dumps(about, ensure_ascii=False)}
    same = (table.c.kind == kind.value, table.c.subject == subject)
    connection.execute(update(table).where(*same, table.c.answer == "").values(**words))
    there = connection.execute(select(table).where(*same)).one_or_none()
    if there is None:
        connection.execute(insert(table).values(kind=kind.value, subject=subject, asked_at=now, answer="", **words))
        there = connection.execute(select(table).where(*same)).one()
    return _read(there)


def ask_and_tell(
    connection: Connection, kind: QuestionKind, subject: str, sentence: str, about: Mapping[str, Any], now: datetime, log: Log
) -> Question:
    """Asks as ``ask`` does, and writes a row into the activity log with ``log`` where it was not asked before."""
    is_asked = select(table.c.id).where(table.c.kind == kind.value, table.c.subject == subject)
    is_new = connection.execute(is_asked).first() is None
    question = ask(connection, kind, subject, sentence, about, now)
    if is_new:
        log(asked_activity(question), connection=connection)
    return question


def take_back(connection: Connection, kind: QuestionKind, subject: str | None = None) -> None:
    """Takes back what nobody answered and what no longer matters: the question of this subject, or all of the kind."""
    which = [table.c.kind == kind.value, table.c.answer == ""]
    connection.execute(delete(table).where(*which, *([] if subject is None else [table.c.subject == subject])))


def questions_of(connection: Connection, kind: QuestionKind | None = None, *, unanswered: bool = False) -> list[Question]:
    """Returns questions, the newest first: of a kind, or those that nobody answered."""
    which = ([table.c.kind == kind.value] if kind else []) + ([table.c.answer == ""] if unanswered else [])
    return [_read(row) for row in connection.execute(select(table).where(*which).order_by(table.c.asked_at.desc(), table.c.id.desc()))]


def asked_activity(question: Question) -> Activity:
    """Returns the row of the activity log that tells of a question."""
    sentence = join_texts(question.sentence, _("Bitte unter «Fragen…» entscheiden."))
    return Activity(Service.SMS, Level.ERROR, OutboxReason.QUESTION, sentence, question.kind.value)


class QuestionService:
    """The questions as people see and answer them. Calls block on the database: never on the GUI thread.

    Args:
        database: the agent's own database.
        write: writes rows into the activity log, within the given transaction.
        answered: is told which question was answered, after it was written: what waited for it is made due.

    Raises (all calls):
        DatabaseUnavailableError: no connection.
    """

    def __init__(
        self,
        database: Database,
        write: Callable[[Sequence[Activity], Connection], None],
        answered: Callable[[Question], None] = lambda _question: None,
    ) -> None:
        self._database = database
        self._write = write
        self._answered = answered

    def open(self) -> Sequence[Question]:
        """Returns what nobody answered yet, the newest first."""
        with self._database.read() as connection:
            return questions_of(connection, unanswered=True)

    def to_answer(self, number: int, word: str) -> tuple[Question, Answer]:
        """Returns a question, and the answer that a word means; for whoever asks a person once more before he answers.

        Raises:
            QuestionMissingError, QuestionAnsweredError: as ``answer``.
        """
        with self._database.read() as connection:
            question = _answerable(connection, number, word)
        return question, Answer(word)

    def answer(self, number: int, answer: Answer, who: str) -> Question:
        """Answers a question and writes that to the activity log; returns it.

        Args:
            number: of the question.
            answer: one of its ``answers``.
            who: the person and workstation, for the record.

        Raises:
            QuestionMissingError: there is no such question, or the answer is none of its answers.
            QuestionAnsweredError: somebody answered before; nothing was changed.
        """

        def work(connection: Connection) -> Question:
            question = _answerable(connection, number, answer)
            values = {"answer": answer.value, "answered_by": who[:120], "answered_at": self._database.now(connection)}
            if connection.execute(update(table).where(table.c.id == number, table.c.answer == "").values(**values)).rowcount != 1:
                raise _answered(question)
            grow(connection)
            answered = _read(connection.execute(select(table).where(table.c.id == number)).one())
            said = _("{who} hat entschieden: {answer}.").format(who=who, answer=_(answer.source_text))
            row_sentence = join_texts(said, answered.sentence)
            self._write([Activity(Service.SMS, Level.INFO, OutboxReason.QUESTION, row_sentence, answered.kind.value)], connection)
            return answered

        answered = self._database.transact(work)
        self._answered(answered)
        return answered


def _read(row: Row[Any]) -> Question:
    return Question(
        id=row.id,
        kind=QuestionKind(row.kind),
        subject=row.subject,
        asked_at=row.asked_at,
        sentence=shown_text(row.sentence, row.sentence_source),
        about=json.loads(row.about),
        answer=Answer(row.answer) if row.answer else None,
        answered_by=row.answered_by,
        answered_at=row.answered_at,
    )


def _answerable(connection: Connection, number: int, answer: str) -> Question:
    row = connection.execute(select(table).where(table.c.id == number)).one_or_none()
    question = _read(row) if row is not None else None
    if question is None or answer not in question.answers:
        raise _missing(number)
    if question.answer is not None:
        raise _answered(question)
    return question


def _missing(number: int) -> QuestionMissingError:
    return QuestionMissingError(
        _("Frage nicht gefunden"),
        _("Eine Frage mit der Nummer {number} und dieser Antwort gibt es nicht (mehr).").format(number=number),
        _("«vitoclient messages questions» zeigt, was zu entscheiden ist."),
        item=str(number),
    )


def _answered(question: Question) -> QuestionAnsweredError:
    said = _(question.answer.source_text) if question.answer else ""
    return QuestionAnsweredError(
        _("Schon entschieden"),
        _("{who} hat das schon entschieden ({answer}); es wurde nichts verändert.").format(who=question.answered_by or "", answer=said),
        _("Liste neu laden."),
    )
