"""What of a fault goes into the log file: where it happened, never the values it happened with.

Messages of exceptions can hold what a database statement was given, patients' names included; those stay out of log files.
"""

from __future__ import annotations

import traceback


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
