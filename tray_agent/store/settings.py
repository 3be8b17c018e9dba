"""The practice-wide switches in the database."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from tray_agent.config.settings import SETTINGS, Setting, Settings, Value, parse_value, stored_value
from tray_agent.errors import InputError
from tray_agent.store.database import Database
from tray_agent.store.rows import put_row
from tray_agent.store.tables import setting as table


class SettingStore:
    """Reads and writes the switches; all workstations see the same."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> Settings:
        """Returns all switches as they are now.

        Raises:
            DatabaseUnavailableError: no connection.
        """
        with self._database.read() as connection:
            return read_settings(connection)

    def save(self, values: Mapping[Setting, Value], changed_by: str) -> None:
        """Writes these switches in one transaction; the others stay.

        Args:
            values: checked values, as ``parse_value`` returns them.
            changed_by: the person and workstation, for the record.

        Raises:
            DatabaseUnavailableError, OutcomeUnknownError: nothing, or perhaps everything, was saved.
        """

        def work(connection: Connection) -> None:
            now = self._database.now(connection)
            for setting, value in sorted(values.items(), key=lambda item: _key(item[0])):
                section, name = _key(setting)
                changed = {"value": stored_value(value), "changed_at": now, "changed_by": changed_by[:120]}
                put_row(connection, table, {"section": section, "name": name}, changed)

        self._database.transact(work, again_on_duplicate=True)


def read_settings(connection: Connection) -> Settings:
    """Returns all switches, within the caller's transaction."""
    rows = {(row.section, row.name): row.value for row in connection.execute(select(table))}
    return Settings({setting: _read(setting, rows.get(_key(setting))) for setting in SETTINGS})


def _key(setting: Setting) -> tuple[str, str]:
    return setting.section.lower(), setting.name.lower()


def _read(setting: Setting, text: str | None) -> Value:
    if text is None:
        return setting.default
    try:
        return parse_value(setting, text)
    except InputError:
        return setting.default
