"""Which elements the practice subscribed to: practice-wide, in the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, insert, select
from sqlalchemy.exc import DBAPIError

from tray_agent.downloads.model import Version
from tray_agent.store.database import Database
from tray_agent.store.faults import is_duplicate_key
from tray_agent.store.tables import subscription as table


@dataclass(frozen=True, slots=True)
class Subscription:
    """An element that is downloaded by itself.

    Attributes:
        element: its key.
        title: its name when it was subscribed.
        baseline: the newest version then: the line to stay on until something is installed; None where there was none.
        subscribed_at: aware, UTC.
        subscribed_by: the person and workstation.
    """

    element: str
    title: str
    baseline: Version | None
    subscribed_at: datetime
    subscribed_by: str


class Subscriptions:
    """Reads and changes subscriptions; all workstations see the same."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[Subscription, ...]:
        """Returns all subscriptions, by key.

        Raises:
            DatabaseUnavailableError: no connection.
        """
        with self._database.read() as connection:
            rows = connection.execute(select(table).order_by(table.c.element)).mappings().all()
        return tuple(_subscription(row) for row in rows)

    def add(self, element: str, title: str, baseline: Version | None, by: str) -> bool:
        """Subscribes; returns False where it was subscribed already (nothing changes then).

        Raises:
            DatabaseUnavailableError, OutcomeUnknownError: nothing, or perhaps the subscription, was saved.
        """

        def work(connection: Connection) -> None:
            now = self._database.now(connection)
            text = str(baseline) if baseline else ""
            connection.execute(
                insert(table).values(element=element, title=title[:200], baseline=text, subscribed_at=now, subscribed_by=by[:120])
            )

        try:
            self._database.transact(work)
        except DBAPIError as error:
            if is_duplicate_key(error):
                return False
            raise
        return True

    def remove(self, element: str) -> bool:
        """Ends a subscription; returns whether there was one.

        Raises:
            DatabaseUnavailableError, OutcomeUnknownError: it may still be there.
        """
        return self._database.transact(lambda connection: connection.execute(delete(table).where(table.c.element == element)).rowcount) > 0


def _subscription(row: RowMapping) -> Subscription:
    return Subscription(**dict(row) | {"baseline": Version.parse(row["baseline"]) if row["baseline"] else None})
