"""The practice's own templates in the database; all workstations see the same."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, Delete, Row, delete, select

from tray_agent.messages.texts.templates import TEMPLATE_KEYS, Origin, Template, TemplateEntry, TemplateKey
from tray_agent.store.database import Database
from tray_agent.store.rows import put_row
from tray_agent.store.tables import message_template as table


class TemplateStore:
    """Reads and writes the table ``message_template``.

    Raises (all calls):
        DatabaseUnavailableError: no connection.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> Mapping[TemplateKey, TemplateEntry]:
        """Returns the practice's own and its disabled templates; rows of a newer program are left out."""
        with self._database.read() as connection:
            rows = connection.execute(select(table)).all()
        known = {str(key): key for key in TEMPLATE_KEYS}
        return {key: _entry(key, row) for row in rows if (key := known.get(f"{row.kind}/{row.channel}/{row.language}"))}

    def save(self, entry: TemplateEntry) -> None:
        """Writes a template; the time is the database server's.

        Raises:
            OutcomeUnknownError: perhaps saved.
        """

        def work(connection: Connection) -> None:
            key = entry.template.key
            written = {
                "disabled": entry.origin is Origin.DISABLED,
                "subject": entry.template.subject,
                "text": entry.template.text,
                "changed_at": self._database.now(connection),
                "changed_by": entry.changed_by[:120],
            }
            put_row(connection, table, {"kind": key.kind.value, "channel": key.channel.value, "language": key.language}, written)

        self._database.transact(work, again_on_duplicate=True)

    def remove(self, key: TemplateKey) -> None:
        """Removes the practice's own template, if there is one.

        Raises:
            OutcomeUnknownError: perhaps removed.
        """

        def work(connection: Connection) -> None:
            connection.execute(_delete(key))

        self._database.transact(work)


def _delete(key: TemplateKey) -> Delete:
    return delete(table).where(table.c.kind == key.kind.value, table.c.channel == key.channel.value, table.c.language == key.language)


def _entry(key: TemplateKey, row: Row[tuple[object, ...]]) -> TemplateEntry:
    origin = Origin.DISABLED if row.disabled else Origin.OWN
    return TemplateEntry(Template(key, row.text, row.subject), origin, row.changed_at, row.changed_by)
