"""Who is there: the agents of the practice, so that the tray can say which computer runs the jobs.

Each agent tells it about once a minute, and that is at the same time its proof that it can write: a store that can only be read lets
no run begin and would else look as if all were in order.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from tray_agent import __version__
from tray_agent.clock import Clock
from tray_agent.jobs.abilities import Report, read_report, stored_report
from tray_agent.jobs.errors import StoreCopiedError
from tray_agent.jobs.model import Presence
from tray_agent.store.database import Database, from_ms
from tray_agent.store.faults import explained
from tray_agent.store.state import SeenStores, StoreState, read_state
from tray_agent.store.tables import agent_presence as table
from tray_agent.store.wrong_clock import is_wrong

BEAT = timedelta(seconds=45)
"""An agent tells with the first look after so long that it is there: looking every half minute, once a minute."""

_PROOF = "proof-"
"""How a row begins that is only written to see whether the store takes it: nobody is there by it."""

_GONE = timedelta(minutes=5)
_FORGOTTEN = timedelta(days=30)
_LATELY = timedelta(days=14)
"""An embedded store that another computer's agent used since then may have been copied while that one goes on."""


class Presences:
    """Tells that this process is there, and reads who else is.

    Args:
        database: the agent's own database.
        owner: this process; new with every start.
        workstation: this computer's name.
        clock: this computer's clock.
        seen: where it is noted how far this computer saw the store.
        report: what this agent tells of itself; asked with every telling.
    """

    def __init__(
        self, database: Database, owner: str, workstation: str, clock: Clock, seen: SeenStores | None = None,
        report: Callable[[], Report] = Report,
    ) -> None:  # fmt: skip
        self._report = report
        self._database = database
        self._owner = owner
        self._workstation = workstation
        self._clock = clock
        self._seen = seen or SeenStores()
        self._started_at = clock.now()

    def tell(self, difference: timedelta) -> bool:
        """Tells that this process is there and plans runs, and notes how far the store has come.

        Args:
            difference: this computer's clock minus the server's.

        Returns:
            Whether somebody was there at a time that has not come: a clock was ahead (``Jobs.put_clock_right``). Then nothing was told.

        Raises:
            DatabaseUnavailableError, DatabaseFaultError, DatabaseBusyError: the store does not take it, nor anything else.
        """
        report = stored_report(self._report())  # it may look at the practice's data: not within a transaction

        def work(connection: Connection) -> tuple[StoreState, int] | None:
            now = self._database.now_ms(connection)
            latest = connection.execute(select(func.max(table.c.seen_ms))).scalar() or now
            if is_wrong(from_ms(latest), from_ms(now)):
                return None
            seen = {"seen_ms": now, "clock_difference_ms": difference // timedelta(milliseconds=1), "report": report}
            updated = connection.execute(update(table).where(table.c.owner == self._owner).values(seen))
            if updated.rowcount == 0:  # it has just begun, or was there at a time that has not come
                connection.execute(insert(table).values(self._row(self._owner, now, scheduling=1) | seen))
                connection.execute(delete(table).where(table.c.seen_ms < now - _FORGOTTEN // timedelta(milliseconds=1)))
                is_gone = (table.c.scheduling == 0) | (table.c.seen_ms < now - _GONE // timedelta(milliseconds=1))
                connection.execute(delete(table).where(table.c.workstation == self._workstation[:120], is_gone))
            return read_state(connection), now

        told = self._database.transact(work)
        if told is not None:
            self._seen.note(told[0], from_ms(told[1]))
        return told is None

    def leave(self) -> None:
        """Tells that this process goes; when it was there last stays known for a while."""
        self._database.transact(
            lambda connection: connection.execute(update(table).where(table.c.owner == self._owner).values(scheduling=0))
        )

    def prove_writable(self) -> None:
        """Writes a row and takes it away again, each for good: a step that is rolled back would not meet a full disk.

        Raises:
            KnownError: the store does not take changes; why.
        """
        owner = f"{_PROOF}{uuid.uuid4().hex}"

        def work(connection: Connection) -> None:
            now = self._database.now_ms(connection)
            row = self._row(owner, now, scheduling=0) | {"seen_ms": now, "clock_difference_ms": 0}
            connection.execute(insert(table).values(row))

        try:
            self._database.transact(work)
            self._database.transact(lambda connection: connection.execute(delete(table).where(table.c.owner == owner)))
        except DBAPIError as error:
            raise explained(error) from error

    def _row(self, owner: str, now: int, *, scheduling: int) -> dict[str, object]:
        who: dict[str, object] = {"owner": owner, "workstation": self._workstation[:120], "version": __version__}
        who["store_file"] = _file_of(self._database)
        return who | {"scheduling": scheduling, "started_at": min(self._started_at, from_ms(now))}

    def there(self) -> tuple[Presence, ...]:
        """Returns the agents that are on, the longest-running first."""
        with self._database.read() as connection:
            least = self._database.now_ms(connection) - _GONE // timedelta(milliseconds=1)
            return self._read(connection, table.c.seen_ms >= least, table.c.scheduling == 1)

    def known(self) -> tuple[Presence, ...]:
        """Returns the agents that are on, and the last one of each workstation where none is; by the workstation's name.

        Who was not there for thirty days is forgotten.
        """
        with self._database.read() as connection:
            return self.read_known(connection)

    def read_known(self, connection: Connection) -> tuple[Presence, ...]:
        """Returns the same, within the caller's transaction."""
        least = self._database.now_ms(connection) - _FORGOTTEN // timedelta(milliseconds=1)
        found = self._read(connection, table.c.seen_ms >= least, table.c.owner.not_like(f"{_PROOF}%"))
        last = {presence.workstation.lower(): presence for presence in sorted(found, key=lambda one: one.seen_at)}
        on = [presence for presence in found if presence.is_there]
        busy = {presence.workstation.lower() for presence in on}
        gone = [presence for workstation, presence in last.items() if workstation not in busy]
        return tuple(sorted((*on, *gone), key=lambda one: (one.workstation.lower(), one.started_at)))

    def last_seen(self) -> datetime | None:
        """Returns when an agent last told that it is there: aware, UTC; None: none ever did."""
        with self._database.read() as connection:
            seen = connection.execute(select(func.max(table.c.seen_ms))).scalar()
        return from_ms(seen) if seen else None

    def strangers(self) -> tuple[Presence, ...]:
        """Returns the agents of other computers that used this embedded store lately as another file; of a server's there are none.

        It was taken along to a new computer, or copied; where the old one goes on, every patient would be reminded twice.
        """
        if self._database.dialect != "sqlite":
            return ()
        with self._database.read() as connection:
            least = self._database.now_ms(connection) - _LATELY // timedelta(milliseconds=1)
            return self._read(connection, table.c.seen_ms >= least, self._is_elsewhere)

    def check_own(self) -> None:
        """Checks that this store is not one that another computer may go on with.

        Raises:
            StoreCopiedError: it may be; until ``adopt`` nothing may be sent from here.
        """
        if strangers := self.strangers():
            raise StoreCopiedError(max(strangers, key=lambda one: one.seen_at))

    def adopt(self) -> None:
        """Notes a person's word that no other computer works with this embedded store any more."""
        if self.strangers():
            self._database.transact(lambda connection: connection.execute(delete(table).where(self._is_elsewhere)))

    @property
    def _is_elsewhere(self) -> ColumnElement[bool]:
        return (func.lower(table.c.workstation) != self._workstation[:120].lower()) & (table.c.store_file != _file_of(self._database))

    def _read(self, connection: Connection, *which: ColumnElement[bool]) -> tuple[Presence, ...]:
        rows = connection.execute(select(table).where(*which).order_by(table.c.started_at, table.c.owner)).all()
        least = self._database.now_ms(connection) - _GONE // timedelta(milliseconds=1)
        return tuple(
            Presence(
                row.owner, row.workstation, row.version, row.started_at, from_ms(row.seen_ms), bool(row.scheduling),
                row.owner == self._owner, bool(row.scheduling) and row.seen_ms >= least,
                timedelta(milliseconds=row.clock_difference_ms), read_report(row.report),
            )
            for row in rows
        )  # fmt: skip


def _file_of(database: Database) -> str:
    """Returns by what the file of an embedded store is told from a copy of it, or "" where the store is no file.

    The number that its file system gave it, and that of the file system: a path may be the same on two computers.
    """
    name = database.engine.url.database
    if database.dialect != "sqlite" or not name:
        return ""
    try:
        found = Path(name).stat()
    except OSError:  # it is made with the first step
        return ""
    return f"{found.st_dev:x}/{found.st_ino:x}"
