"""Asks whether a store that others may have one beside is the only one (``store.private``).

Two such stores know nothing of each other, and every patient gets everything twice. Only a person can say that there is no other.
"""

from __future__ import annotations

from sqlalchemy import Connection

from tray_agent.messages.guards.questions import Question, QuestionKind, ask_and_tell, questions_of, take_back
from tray_agent.messages.work.steps import MessageRun
from tray_agent.store.database import Database
from tray_agent.store.private import PrivateStore


def decision_about(database: Database, private: PrivateStore) -> Question | None:
    """Returns the question about this store where a person answered it, else None.

    Raises:
        DatabaseUnavailableError: no connection.
    """
    with database.read() as connection:
        asked = questions_of(connection, QuestionKind.PRIVATE)
    return next((question for question in asked if question.subject == private.subject and question.answer), None)


def ask_about_private(run: MessageRun) -> Question | None:
    """Returns the question that nobody answered yet about a store that others may have one beside, or None; asks it where nobody did.

    A dry run asks nothing.

    Raises:
        DatabaseUnavailableError, LeaseLostError.
    """
    parts, private = run.parts, run.parts.private
    if run.context.dry_run:
        return None
    with parts.database.read() as connection:
        asked = questions_of(connection, QuestionKind.PRIVATE)
    others = any(question.answer is None and (private is None or question.subject != private.subject) for question in asked)
    if any(private and question.subject == private.subject and question.answer for question in asked) or (private is None and not others):
        return None

    def work(connection: Connection) -> Question | None:
        run.context.fence(connection)
        if private is None:  # store or practice moved
            take_back(connection, QuestionKind.PRIVATE)
            return None
        now = parts.database.now(connection)
        return ask_and_tell(connection, QuestionKind.PRIVATE, private.subject, private.sentence, {}, now, run.context.log)

    question = parts.database.transact(work, again_on_duplicate=True)
    return question if question and question.answer is None else None
