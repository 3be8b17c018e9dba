"""What a page of a long list is; costs no import of the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")
Other = TypeVar("Other")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """A part of a list.

    Attributes:
        rows: in the order asked for.
        offset: the place of the first of them in the whole list; 0 is the first.
        total: how many rows the whole list has.
        place: where the row stands in the whole list that the page was asked for; None: it is not there, or none was named.
    """

    rows: tuple[Row, ...]
    offset: int
    total: int
    place: int | None = None

    def each(self, make: Callable[[Row], Other]) -> Page[Other]:
        """Returns the same page with what ``make`` gives for each row."""
        return Page(tuple(make(row) for row in self.rows), self.offset, self.total, self.place)
