"""What the practice has configured, in the database: once for all workstations (decision record 0020)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, insert, select, update

from tray_agent.config.machine import OF_THE_PRACTICE
from tray_agent.config.write import Changes, changed_table
from tray_agent.errors import ConfigurationError
from tray_agent.i18n import _
from tray_agent.store.database import Database
from tray_agent.store.tables import configuration as table

Rows = Mapping[str, Mapping[str, Any]]
"""By section what the practice has configured in it; what another version of the program wrote stands there, too."""

_ATTEMPTS = 20


class _ChangedMeanwhileError(Exception):
    """Another workstation wrote the section after it was read."""


class ConfigurationStore:
    """Reads and writes what the practice has configured; all workstations see the same."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> Rows:
        """Returns what the practice has configured; nothing where nobody has configured anything yet.

        Raises:
            DatabaseUnavailableError: no connection.
            ConfigurationError: a row can't be read.
        """
        with self._database.read() as connection:
            return _rows(_contents(connection))

    def take_over(self, said: Rows, changed_by: str, tell: Callable[[Connection], None]) -> bool:
        """Makes what one workstation's file says that of the practice, where nothing has been configured yet.

        Of two workstations that try at once one wins: each writes all sections.

        Args:
            said: by section.
            changed_by: the person and workstation, for the record.
            tell: writes within the same transaction that it was taken over.

        Returns:
            Whether it was taken over.

        Raises:
            DatabaseUnavailableError, OutcomeUnknownError: nothing, or perhaps everything, was written.
        """

        def work(connection: Connection) -> bool:
            if connection.execute(select(table.c.section)).first():
                return False
            changed = {"changed_at": self._database.now(connection), "changed_by": changed_by[:120]}
            for section in OF_THE_PRACTICE:
                connection.execute(insert(table).values(section=section, content=_written(said.get(section, {})), **changed))
            tell(connection)
            return True

        return self._database.transact(work, again_on_duplicate=True)

    def save(self, changes: Changes, changed_by: str, check: Callable[[Rows], object]) -> None:
        """Writes changes in one transaction; all else stays, also what another version of the program wrote.

        Args:
            changes: new values by place; None takes a key, or a whole table, out.
            changed_by: the person and workstation, for the record.
            check: is given what would hold, and raises where that does not fit.

        Raises:
            DatabaseUnavailableError, OutcomeUnknownError: nothing, or perhaps everything, was saved.
            ConfigurationError: others change it all the time; nothing was saved. Whatever ``check`` raises: the same.
        """

        def work(connection: Connection) -> None:
            before = _contents(connection)
            after = changed_table(_rows(before), changes)
            check(after)
            changed = {"changed_at": self._database.now(connection), "changed_by": changed_by[:120]}
            for section in sorted({place[0] for place in changes}):
                _put(connection, section, before.get(section), {"content": _written(after.get(section, {})), **changed})

        for _attempt in range(_ATTEMPTS):
            with suppress(_ChangedMeanwhileError):  # once more, from what stands there now
                self._database.transact(work, again_on_duplicate=True)
                return
        raise ConfigurationError(
            _("Konfiguration nicht gespeichert"),
            _("Andere Arbeitsplätze ändern die Konfiguration der Praxis im selben Moment."),
            _("Noch einmal speichern."),
        )


def _put(connection: Connection, section: str, before: str | None, values: Mapping[str, Any]) -> None:
    """Writes a section.

    Raises:
        _ChangedMeanwhileError: it does not stand any more as it was read.
    """
    if before is None:
        connection.execute(insert(table).values(section=section, **values))
    elif connection.execute(update(table).where(table.c.section == section, table.c.content == before).values(values)).rowcount == 0:
        raise _ChangedMeanwhileError


def _contents(connection: Connection) -> dict[str, str]:
    return {row.section: row.content for row in connection.execute(select(table.c.section, table.c.content))}


def _rows(contents: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Returns what stands in the sections; one of another version that can't be read here is its own affair."""
    rows: dict[str, dict[str, Any]] = {}
    for section, content in contents.items():
        try:
            rows[section] = _read(section, content)
        except ConfigurationError:
            if section in OF_THE_PRACTICE:
                raise
    return rows


def _read(section: str, content: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
        if isinstance(found, dict):
            return found
    except ValueError:
        pass
    raise ConfigurationError(
        _("Konfiguration der Praxis nicht lesbar"),
        _("Der Abschnitt «{section}» der Konfiguration in der Datenbank ist beschädigt.").format(section=section),
        _("Die Tabelle «configuration» von einer Fachperson prüfen lassen."),
        item=section,
    )


def _written(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True)
