"""Notices a view of the practice's data that held rows and holds none any more: that is a fault, until a person says that it is right."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from tray_agent.i18n import _, format_date, join_texts
from tray_agent.messages.guards.questions import Answer, QuestionKind, ask_and_tell, take_back
from tray_agent.messages.work.steps import MessageRun
from tray_agent.practice.sql_source import PracticeDataError
from tray_agent.practice.views import VIEWS
from tray_agent.store.faults import is_duplicate_key
from tray_agent.store.tables import practice_view as table

NOTED_EVERY = timedelta(days=1)
"""So often it is noted at the most that a view holds rows."""

ASKED_AFTER = timedelta(minutes=30)
"""A view that is still empty so long after it was first found so is asked about: an update of the practice software takes less."""


def check_views(run: MessageRun) -> None:
    """Makes sure, before anything is decided by the practice's data, that no view has lost all its rows.

    Asks once when that lasts, and takes the question back when the rows are there again. A dry run writes and asks nothing.

    Raises:
        PracticeDataError: a view held rows, holds none now, and nobody said that this is right: nothing may be prepared, sent or cancelled.
    """
    while True:
        try:
            lost = _Check(run).lost()
        except IntegrityError as error:  # another workstation noted, or asked, the same just now
            if not is_duplicate_key(error):
                raise
        else:
            break
    if lost:
        raise _emptied(*lost)


class _Check:
    """One look at the views, and what is written of it."""

    def __init__(self, run: MessageRun) -> None:
        self._run = run
        self._parts = run.parts
        self._empty = run.parts.practice.empty_views()

    def lost(self) -> tuple[str, str] | None:
        """Returns the first view that lost its rows and the day on which it still held some; None where all is well."""
        with self._parts.database.read() as connection:
            known, now = _known(connection), self._parts.database.now(connection)
        if not self._run.context.dry_run and self._is_to_be_written(known, now):
            return self._parts.database.transact(self._write)
        lost = [name for name in self._names if name in known and name in self._empty]
        return (lost[0], self._day(known[lost[0]][0])) if lost else None

    @property
    def _names(self) -> list[str]:
        return [view.name for view in VIEWS]

    def _is_to_be_written(self, known: Mapping[str, tuple[datetime, datetime | None]], now: datetime) -> bool:
        return any(_is_news(known.get(name), now) if name not in self._empty else name in known for name in self._names)

    def _write(self, connection: Connection) -> tuple[str, str] | None:
        self._run.context.fence(connection)
        known, now = _known(connection), self._parts.database.now(connection)
        lost = []
        for name in self._names:
            noted = known.get(name)
            if name not in self._empty:
                self._note_filled(connection, name, noted, now)
            elif noted is not None and not self._is_right(connection, name, *noted, now):
                lost.append((name, self._day(noted[0])))
        return lost[0] if lost else None

    def _note_filled(self, connection: Connection, name: str, noted: tuple[datetime, datetime | None] | None, now: datetime) -> None:
        if noted is None:
            connection.execute(insert(table).values(name=name, filled_at=now))
        elif _is_news(noted, now):
            connection.execute(update(table).where(table.c.name == name).values(filled_at=now, empty_since=None))
            take_back(connection, QuestionKind.VIEW, self._subject(name, noted[0]))

    def _is_right(self, connection: Connection, name: str, filled_at: datetime, empty_since: datetime | None, now: datetime) -> bool:
        """Returns whether a person said that a view is rightly empty; notes since when it is, and asks when that lasts."""
        this = table.c.name == name
        if empty_since is None:
            connection.execute(update(table).where(this).values(empty_since=now))
            return False
        if now - empty_since < ASKED_AFTER:
            return False
        day = self._day(filled_at)
        sentence = what_is_empty(name, day)
        about = {"view": name}
        question = ask_and_tell(connection, QuestionKind.VIEW, self._subject(name, filled_at), sentence, about, now, self._run.context.log)
        if question.answer is not Answer.RIGHT:
            return False
        connection.execute(delete(table).where(this))
        return True

    def _subject(self, name: str, filled_at: datetime) -> str:
        return f"{name}/{self._parts.local(filled_at):%Y-%m-%d}"

    def _day(self, filled_at: datetime) -> str:
        return format_date(self._parts.local(filled_at))


def _known(connection: Connection) -> dict[str, tuple[datetime, datetime | None]]:
    rows = connection.execute(select(table.c.name, table.c.filled_at, table.c.empty_since))
    return {row.name: (row.filled_at, row.empty_since) for row in rows}


def _is_news(noted: tuple[datetime, datetime | None] | None, now: datetime) -> bool:
    """Returns whether it is to be noted that a view holds rows."""
    return noted is None or noted[1] is not None or now - noted[0] >= NOTED_EVERY


def what_is_empty(view: str, day: str) -> str:
    """Returns what a person is asked about a view that held rows on a day and holds none any more."""
    asks = _("Stimmt das so? Bis zur Antwort, oder bis sie wieder Daten enthält, wird nichts aufbereitet, gesendet oder storniert.")
    return join_texts(_what(view, day), asks)


def _what(view: str, day: str) -> str:
    return _("Die Sicht {view} ist leer; am {day} enthielt sie noch Daten.").format(view=view, day=day)


def _emptied(view: str, day: str) -> PracticeDataError:
    return PracticeDataError(
        _("Eine Sicht der Praxisdaten ist leer"),
        join_texts(_what(view, day), _("Solange das so ist, wird nichts aufbereitet, gesendet oder storniert.")),
        _(
            "Praxissoftware und Sicht prüfen («vitoclient doctor»); sind die Daten wieder da, geht es von selbst weiter. "
            "Dauert es länger, wird unter «Fragen…» gefragt, ob es so stimmt."
        ),
        item=view,
    )
