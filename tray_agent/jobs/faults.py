"""What a fault means for the engine: whether it passes by itself, and what of it goes into the log file.

A log file gets the place where it happened, never the values it happened with: messages of exceptions can hold what a
database statement was given, patients' names included.
"""

from __future__ import annotations

import traceback

from sqlalchemy.exc import DBAPIError

from tray_agent.errors import UnavailableError
from tray_agent.store.faults import Fault, fault_of


def trace_of(error: BaseException) -> str:
    """Returns the kinds of an exception and its causes with their places in the code, without their messages."""
    parts = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = "".join(f"  {frame.filename}:{frame.lineno} {frame.name}\n" for frame in traceback.extract_tb(current.__traceback__))
        parts.append(f"{type(current).__module__}.{type(current).__qualname__}\n{frames}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "after\n".join(parts)


def passes(error: BaseException) -> bool:
    """Returns whether the same may succeed a little later: the database is away, or others held it busy for long."""
    if isinstance(error, DBAPIError):
        return fault_of(error) in (Fault.TRY_AGAIN, Fault.LOST)
    return isinstance(error, UnavailableError)
