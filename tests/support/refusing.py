"""A store that refuses what is written: an SQLite file that is only readable or full, by SQLite itself."""

from __future__ import annotations

import sqlite3

from sqlalchemy import event

from tray_agent.store.database import Database


class Refusing:
    """Lets SQLite refuse every change of a database, for as long as ``pragma`` is set.

    Attributes:
        pragma: how it refuses: ``ONLY_READABLE``, ``FULL``; "": it does not.
    """

    ONLY_READABLE = "query_only = ON"
    FULL = "max_page_count = 1"

    def __init__(self, database: Database, pragma: str = "") -> None:
        self.pragma = pragma
        event.listen(database.engine, "checkout", self._prepare)

    def _prepare(self, connection: sqlite3.Connection, _record: object, _proxy: object) -> None:
        connection.execute("PRAGMA query_only = OFF")
        connection.execute("PRAGMA max_page_count = 4294967294")
        if self.pragma:
            connection.execute(f"PRAGMA {self.pragma}")
