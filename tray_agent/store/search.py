"""A text looked for within a column of keys, the same on SQLite, SQL Server and PostgreSQL."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import ColumnElement

from tray_agent.search_keys import find_words

_ESCAPE = "/"
_SPECIAL = re.compile(r"[/%_\[]")
"""What LIKE would not take for itself; the bracket is SQL Server's alone, and an escaped one is a bracket everywhere."""


def holding(column: ColumnElement[Any], typed: str) -> list[ColumnElement[bool]]:
    """Returns the conditions that ``column``, which holds a ``find_key``, has each word that was typed."""
    patterns = (f"%{_SPECIAL.sub(lambda found: _ESCAPE + found[0], word)}%" for word in find_words(typed))
    return [column.like(pattern, escape=_ESCAPE) for pattern in patterns]
