"""Which store this is and how far it has come: one row, by which a store that was put back to an older state is noticed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from tray_agent.store.tables import store_state


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


def grow(connection: Connection) -> StoreState:
    """Counts a run that sends, or a person's decision, in the caller's transaction; returns the row as it is since."""
    connection.execute(update(store_state).values(generation=store_state.c.generation + 1))
    return read_state(connection)
