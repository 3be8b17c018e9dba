"""Who is there: the agents of the practice, so that the tray can say which computer runs the jobs."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select, update

from tray_agent import __version__
from tray_agent.clock import Clock
from tray_agent.jobs.model import Presence
from tray_agent.store.database import Database, from_ms
from tray_agent.store.tables import agent_presence as table

BEAT = timedelta(minutes=5)
"""How often an agent tells that it is there; one that missed two beats counts as gone."""

_GONE = 2 * BEAT + timedelta(minutes=1)
_FORGOTTEN = timedelta(days=30)


class Presences:
    """Tells that this process is there, and reads who else is.

    Args:
        database: the agent's own database.
        owner: this process; new with every start.
        workstation: this computer's name.
        clock: this computer's clock.
    """

    def __init__(self, database: Database, owner: str, workstation: str, clock: Clock) -> None:
        self._database = database
        self._owner = owner
        self._workstation = workstation
        self._clock = clock
        self._started_at = clock.now()

    def tell(self, difference: timedelta) -> None:
        """Tells that this process is there and plans runs.

        Args:
            difference: this computer's clock minus the server's.
        """

        def work(connection: Connection) -> None:
            now = self._database.now_ms(connection)
            seen = {"seen_ms": now, "clock_difference_ms": difference // timedelta(milliseconds=1)}
            updated = connection.execute(update(table).where(table.c.owner == self._owner).values(seen))
            if updated.rowcount == 0:
                who = {"owner": self._owner, "workstation": self._workstation[:120], "version": __version__, "scheduling": 1}
                connection.execute(insert(table).values(who | seen | {"started_at": self._started_at}))
                connection.execute(delete(table).where(table.c.seen_ms < now - _FORGOTTEN // timedelta(milliseconds=1)))

        self._database.transact(work)

    def leave(self) -> None:
        """Tells that this process goes."""
        self._database.transact(lambda connection: connection.execute(delete(table).where(table.c.owner == self._owner)))

    def there(self) -> tuple[Presence, ...]:
        """Returns the agents that are on, the longest-running first."""
        with self._database.read() as connection:
            least = self._database.now_ms(connection) - _GONE // timedelta(milliseconds=1)
            rows = connection.execute(select(table).where(table.c.seen_ms >= least).order_by(table.c.started_at, table.c.owner))
            return tuple(
                Presence(
                    row.owner, row.workstation, row.version, row.started_at, from_ms(row.seen_ms), bool(row.scheduling),
                    row.owner == self._owner,
                )
                for row in rows
            )  # fmt: skip
