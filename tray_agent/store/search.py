"""A text looked for within a column, the same on SQLite, SQL Server and PostgreSQL."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import ColumnElement, func, or_

_ESCAPE = "/"
_SPECIAL = re.compile(r"[/%_\[]")
"""What LIKE would not take for itself; the bracket is SQL Server's alone, and an escaped one is a bracket everywhere."""


def holding(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Returns the condition that ``column`` holds ``text``; large and small letters count as the same.

    SQLite knows the capitals of plain letters only, so the text is also looked for as it was typed.
    """
    pattern = f"%{_SPECIAL.sub(lambda found: _ESCAPE + found[0], text)}%"
    return or_(func.lower(column).like(pattern.lower(), escape=_ESCAPE), column.like(pattern, escape=_ESCAPE))
