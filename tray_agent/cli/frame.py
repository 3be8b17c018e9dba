"""What all commands share: the agent of this machine, output for people or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tray_agent.config.machine import load_machine
from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_datetime

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tray_agent.agent import Agent

WIDE = 160
"""Columns of a table where the output is no terminal (a file, a pipe): wide enough for sentences."""

_ENDLESS = 100_000
_PADDING = 2
"""Columns of air around a cell."""

_YES = frozenset({"j", "ja", "y", "yes", "o", "oui", "s", "si", "sì"})

AsJson = Annotated[bool, typer.Option("--json", help=_("Als JSON ausgeben."))]
"""The option of every command that also answers programs."""


@contextmanager
def agent_here(*, with_store: bool = True) -> Iterator[Agent]:
    """Gives the agent of this machine's configuration and closes it afterwards.

    Args:
        with_store: whether what the practice has configured is read before; a store that is away is told where it is needed.

    Raises:
        ConfigurationError: the configuration can't be read.
    """
    from tray_agent.agent import Agent

    with Agent(load_machine()) as agent:
        if with_store:
            with suppress(KnownError):
                agent.look_at_configuration()
        yield agent
        if agent.in_force.taken_over:
            print(agent.in_force.taken_over, file=sys.stderr)


def confirm(question: str) -> None:
    """Asks once more, on the error stream.

    Raises:
        typer.Abort: no, or nobody is there to say so.
    """
    print(question, end=" ", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().casefold() not in _YES:
        print(file=sys.stderr)
        raise typer.Abort


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Prints a value as one JSON object, readable, UTF-8; instants in UTC ("2026-03-29T08:00:00Z"), days as "2026-03-29"."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=_as_json))


def picked(value: object, names: str) -> dict[str, Any]:
    """Returns fields of a value for ``print_json``.

    Args:
        value: what has them.
        names: the fields in the order of the keys, blanks between them; ``key=field`` where the key has another name.
    """
    pairs = [name.rpartition("=") for name in names.split()]
    return {key or field: getattr(value, field) for key, _sign, field in pairs}


def utc_text(instant: datetime | None) -> str | None:
    """Returns an aware instant as all commands write it for programs: ISO 8601 in UTC, "2026-03-29T08:00:00Z"; None stays None.

    Raises:
        ValueError: it has no time zone.
    """
    if instant is None:
        return None
    if instant.tzinfo is None:
        raise ValueError(f"a naive time says nothing to others: {instant!r}")
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def local_text(instant: datetime | None, zone: tzinfo) -> str:
    """Returns an instant as the practice's clock shows it, for people; "" for None."""
    return format_datetime(instant.astimezone(zone)) if instant else ""


def console() -> Console:
    """Returns the console for tables and progress bars; plain where the output is no terminal."""
    from rich.console import Console

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # the end of every command knows it; the library would end the process with exit code 1

    return Screen(highlight=False, width=None if sys.stdout.isatty() else WIDE)


def print_rows(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Prints a table of plain texts; what looks like markup in a cell is shown as it is."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(*headings, box=None)
    for cells in rows:
        table.add_row(*map(escape, cells))
    print_table(table)


def print_table(table: Table) -> None:
    """Prints a table; where the output is too narrow for its words, each row as a list of titles and values instead."""
    screen = console()
    if _is_fitted(table, screen):
        screen.print(table)
        return
    for cells in zip(*(column.cells for column in table.columns), strict=True):
        for column, cell in zip(table.columns, cells, strict=True):
            if str(cell).strip():
                screen.print(f"[bold]{column.header}:[/bold] {cell}")
        screen.print()


def _is_fitted(table: Table, screen: Console) -> bool:
    """Gives each column the width of its longest word, and shares the room that remains: first to those that need the least more.

    Returns:
        Whether there is room for the words.
    """
    from rich.measure import measure_renderables

    endless = screen.options.update_width(_ENDLESS)
    needs = [measure_renderables(screen, endless, [column.header, *column.cells]) for column in table.columns]
    room = screen.width - sum(need.minimum + _PADDING for need in needs)
    if room < 0:
        return False
    narrow_first = sorted(zip(table.columns, needs, strict=True), key=lambda pair: pair[1].span)
    for columns_left, (column, need) in zip(range(len(needs), 0, -1), narrow_first, strict=True):
        more = min(need.span, room // columns_left)
        column.min_width = column.width = need.minimum + more
        room -= more
    return True


def _as_json(value: object) -> str | float | None:
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date | time) else str(value)
