"""Rows that a person ticks, to do something with all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

Row = TypeVar("Row")


class TickedRows(Generic[Row]):
    """The rows and which of them are ticked; ticks stay when the rows are read anew.

    Args:
        key: what tells a row from all others, however it changes.
        can_tick: whether a row can be ticked; by default all can.
    """

    def __init__(self, key: Callable[[Row], Hashable], can_tick: Callable[[Row], bool] = lambda _row: True) -> None:
        self.rows: tuple[Row, ...] = ()
        self._key = key
        self._can_tick = can_tick
        self._ticked: set[Hashable] = set()

    def show(self, rows: Sequence[Row]) -> None:
        """Takes the rows as they are now. At the first time nothing is ticked: a person chooses."""
        self.rows = tuple(rows)
        self._ticked &= {self._key(row) for row in rows if self._can_tick(row)}

    def tick(self, row: Row, on: bool) -> None:
        """Ticks or unticks a row that can be ticked."""
        (self._ticked.add if on and self._can_tick(row) else self._ticked.discard)(self._key(row))

    def is_ticked(self, row: Row) -> bool | None:
        """Returns whether a row is ticked; None where it can't be."""
        return self._key(row) in self._ticked if self._can_tick(row) else None

    @property
    def ticked(self) -> tuple[Row, ...]:
        """Returns the ticked rows, in the order shown."""
        return tuple(row for row in self.rows if self._key(row) in self._ticked)
