"""Which store this is and how far it has come: one row, by which a store that was put back to an older state is noticed.

Every workstation notes outside the store how far it saw it (``SeenStores``); a store that has not come that far went back.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, case, select, text, update
from sqlalchemy.exc import DBAPIError

from tray_agent.clock import Clock, SystemClock
from tray_agent.errors import DatabaseFaultError, KnownError
from tray_agent.platforms.files import write_whole
from tray_agent.platforms.locks import LockedError, locked
from tray_agent.store.database import Database
from tray_agent.store.tables import store_state

logger = logging.getLogger(__name__)

MOST_SIGHTS = 200
"""How many steps of a store are kept: some weeks of a practice."""

MOST_STORES = 10
"""How many stores a workstation remembers, those that it saw last."""

_LOCK_SECONDS = 2.0
_LOCK_PAUSE = 0.02

_PLACE = {
    "mssql": "SELECT CONVERT(NVARCHAR(128), SERVERPROPERTY('ServerName')), DB_NAME()",
    "postgresql": "SELECT CAST(system_identifier AS VARCHAR), current_database() FROM pg_control_system()",
}
"""What a server says of itself, whichever address it was reached by."""


@dataclass(frozen=True, slots=True)
class StoreState:
    """The one row.

    Attributes:
        number: the store's own, random; a copy has the same.
        generation: grows with every run that sends and with every person's decision, never shrinks.
        place, place_key: the server and database it was last used on: for people, and to be compared; "" where nothing was noted yet.
    """

    number: str
    generation: int
    place: str
    place_key: str


def read_state(connection: Connection) -> StoreState:
    """Returns the row."""
    columns = (store_state.c.number, store_state.c.generation, store_state.c.place, store_state.c.place_key)
    return StoreState(*connection.execute(select(*columns)).one())


def grow(connection: Connection, above: int = 0) -> StoreState:
    """Counts a run that sends, or a person's decision, in the caller's transaction; returns the row as it is since.

    Args:
        connection: of the caller's transaction.
        above: what it must come out above, because somebody saw the store that far before it was put back.
    """
    generation = store_state.c.generation
    connection.execute(update(store_state).values(generation=case((generation > above, generation), else_=above) + 1))
    return read_state(connection)


# Where it is


@dataclass(frozen=True, slots=True)
class Place:
    """A server and a database on it: for people, and to be compared."""

    name: str
    key: str


def place_of(database: Database) -> Place | None:
    """Returns where a store is, as its server says; None for an embedded one, whose file tells a copy (``jobs.presence``).

    Raises:
        DatabaseUnavailableError: no connection.
    """
    url = database.engine.url
    if database.dialect not in _PLACE:
        return None
    try:
        with database.read() as connection:
            server, name = connection.execute(text(_PLACE[database.dialect])).one()
    except (DBAPIError, DatabaseFaultError):  # a server may keep to itself which one it is
        server, name = f"{url.host or ''}:{url.port or ''}", url.database or ""
    shown = url.host or server if database.dialect == "postgresql" else server
    return Place(f"{name} ({shown})"[:300], sha256(f"{server}/{name}".casefold().encode()).hexdigest())


def note_place(connection: Connection, place: Place) -> None:
    """Notes where the store is, in the caller's transaction."""
    connection.execute(update(store_state).values(place=place.name, place_key=place.key))


# How far this workstation saw it


@dataclass(frozen=True, slots=True)
class Sight:
    """How far a store had come, and when this workstation first saw it so (aware, the store's clock)."""

    generation: int
    at: datetime


class SeenStores:
    """How far this workstation saw each store, in a file outside of them; several processes and threads may use it.

    What it tells is never more than what was committed. A file that is missing or can't be read tells nothing; one that can't be
    written is told in the log once, and the work goes on.

    Args:
        file: is made with the first note; None: kept in memory only.
        clock: times the waiting for another process.
    """

    def __init__(self, file: Path | None = None, clock: Clock | None = None) -> None:
        self._file = file
        self._clock = clock or SystemClock()
        self._memory: dict[str, list[Sight]] = {}
        self._noted: dict[str, int] = {}
        self._complained = False
        self._lock = threading.Lock()

    def of(self, number: str) -> Sequence[Sight]:
        """Returns what was seen of a store, the newest last; empty where nothing is known."""
        with self._lock:
            return tuple(self._read().get(number, ()))

    def last_of_others(self, number: str) -> Sight | None:
        """Returns the last sight of another store that was sent from or decided in; None where there is none."""
        with self._lock:
            others = [sights[-1] for other, sights in self._read().items() if other != number and sights and sights[-1].generation]
        return max(others, key=lambda sight: sight.at, default=None)

    def note(self, state: StoreState, at: datetime) -> None:
        """Notes how far a store has come, if that is farther than known; returns when it is on the disk.

        Args:
            state: as committed.
            at: aware, by the store's clock.
        """
        with self._lock:
            if self._noted.get(state.number, -1) >= state.generation:
                return
            try:
                with self._only_one():
                    self._write(state, at)
            except (OSError, KnownError) as error:
                if not self._complained:
                    logger.warning("%s can't be written (%s): a store that is put back may not be noticed", self._file, error)
                self._complained = True

    def _write(self, state: StoreState, at: datetime) -> None:
        seen = self._read()
        sights = seen.pop(state.number, [])
        if not sights or sights[-1].generation < state.generation:
            seen[state.number] = [*sights, Sight(state.generation, at)][-MOST_SIGHTS:]  # the store that was seen last stands last
            kept = dict(list(seen.items())[-MOST_STORES:])
            if self._file is None:
                self._memory = kept
            else:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                written = {number: [[one.generation, one.at.isoformat()] for one in of_store] for number, of_store in kept.items()}
                write_whole(self._file, json.dumps({"stores": written}, indent=1).encode(), clock=self._clock)
        self._noted[state.number] = state.generation

    def _read(self) -> dict[str, list[Sight]]:
        if self._file is None:
            return dict(self._memory)
        try:
            stores: Mapping[str, Any] = json.loads(self._file.read_bytes())["stores"]
            return {number: [_sight(*one) for one in sights] for number, sights in stores.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            logger.warning("%s can't be read (%s): what this computer saw of its store is forgotten", self._file, type(error).__name__)
            return {}

    def _only_one(self) -> ExitStack:
        """Keeps other processes from writing meanwhile; whoever waits too long writes all the same: only a step may be forgotten then."""
        stack = ExitStack()
        if self._file is None:
            return stack
        self._file.parent.mkdir(parents=True, exist_ok=True)
        until = self._clock.monotonic() + _LOCK_SECONDS
        while self._clock.monotonic() < until:
            try:
                stack.enter_context(locked(self._file.with_suffix(".lock")))
            except LockedError:
                self._clock.wait(threading.Event(), _LOCK_PAUSE)
            else:
                break
        return stack


def _sight(generation: Any, at: Any) -> Sight:  # noqa: ANN401 - as it stood in the file
    instant = datetime.fromisoformat(at)
    if not isinstance(generation, int) or instant.tzinfo is None:
        raise ValueError("no sight of a store")
    return Sight(generation, instant)
