"""Downloaded versions and subscriptions in the store: practice-wide; versions are changed by compare-and-set only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from datetime import date

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, delete, exists, insert, select, update
from sqlalchemy.exc import DBAPIError

from tray_agent.downloads.model import (
    REWORDABLE,
    Download,
    DownloadState,
    ElementVersion,
    FileKind,
    Hashes,
    Subscription,
    Version,
    VersionKey,
    predecessors,
)
from tray_agent.store.database import Database
from tray_agent.store.faults import is_duplicate_key
from tray_agent.store.tables import download as table
from tray_agent.store.tables import download_hash as hash_table
from tray_agent.store.tables import subscription


class DownloadRows:
    """Reads and changes the rows. What changes takes the caller's transaction, so that a fence and the log can join it."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def all(self) -> tuple[Download, ...]:
        """Returns all rows, by element, the newest version first.

        Raises:
            DatabaseUnavailableError: no connection.
        """
        with self.database.read() as connection:
            hashes: dict[tuple[str, str], list[tuple[str, str]]] = {}
            for row in connection.execute(select(hash_table).order_by(hash_table.c.algorithm)):
                hashes.setdefault((row.element, row.version), []).append((row.algorithm, row.digest))
            rows = connection.execute(select(table)).mappings()
            found = [_download(row, tuple(hashes.get((row["element"], row["version"]), ()))) for row in rows]
        found.sort(key=lambda download: download.signed.version, reverse=True)
        return tuple(sorted(found, key=lambda download: download.signed.element))

    def want(self, connection: Connection, version: ElementVersion, by: str) -> None:
        """Notes that a version is wanted and not here: its row is made, or goes back to ``NEW`` with what is signed now."""
        values = _signed(version) | dict.fromkeys(("file_time", "verified_at", "exit_code")) | self._mark(connection, DownloadState.NEW, by)
        key = {"element": version.element, "version": str(version.version)}
        if connection.execute(update(table).where(*_is(version.key)).values(values)).rowcount == 0:
            connection.execute(insert(table).values(key | values))
        connection.execute(delete(hash_table).where(*_is(version.key, hash_table)))
        connection.execute(
            insert(hash_table), [key | {"algorithm": algorithm, "digest": digest} for algorithm, digest in sorted(version.hashes)]
        )

    def offer(self, connection: Connection, version: ElementVersion, file_time: int, by: str) -> bool:
        """Moves a version ``NEW`` → ``OFFERED``, and what it takes the place of to ``SUPERSEDED``.

        Returns:
            False where it is not ``NEW`` any more: nothing was changed.
        """
        verified = {"file_time": file_time, "verified_at": self.database.now(connection)}
        moved = _change(connection, version, self._mark(connection, DownloadState.OFFERED, by) | verified, {DownloadState.NEW})
        if moved:
            self._supersede(connection, version, (DownloadState.NEW, DownloadState.OFFERED, DownloadState.STARTED), by)
        return moved

    def move(self, connection: Connection, download: Download, state: DownloadState, by: str, exit_code: int | None = None) -> bool:
        """Moves a version to another state, if its present state allows that and the row is still about the same file.

        Returns:
            False where it does not: nothing was changed.
        """
        values = self._mark(connection, state, by) | {"exit_code": exit_code}
        moved = _change(connection, download.signed, values, predecessors(state))
        if moved and state is DownloadState.INSTALLED:
            self._supersede(connection, download.signed, tuple(DownloadState), by)
        return moved

    def describe(self, connection: Connection, version: ElementVersion) -> None:
        """Takes over what the vendor says now of the same file; its state stays."""
        _change(connection, version, {name: value for name, value in _signed(version).items() if name in REWORDABLE})

    def note_verified(self, connection: Connection, version: ElementVersion, file_time: int) -> None:
        """Notes that the file was verified just now; its state stays."""
        _change(connection, version, {"file_time": file_time, "verified_at": self.database.now(connection)})

    def remove(self, connection: Connection, version: ElementVersion) -> None:
        """Removes a row with its hashes."""
        connection.execute(delete(hash_table).where(*_is(version.key, hash_table)))
        connection.execute(delete(table).where(*_is(version.key)))

    def _supersede(self, connection: Connection, by_version: ElementVersion, states: Iterable[DownloadState], by: str) -> None:
        wanted = table.c.state.in_([state.value for state in states])
        texts = connection.execute(select(table.c.version).where(table.c.element == by_version.element, wanted)).scalars().all()
        # Versions are compared here, not by the database: as texts, 2.100.000 would come before 2.69.001.
        for version in [version for text in texts if (version := Version.parse(text)) < by_version.version]:
            superseded = self._mark(connection, DownloadState.SUPERSEDED, by)
            connection.execute(update(table).where(*_is((by_version.element, version))).values(superseded))

    def _mark(self, connection: Connection, state: DownloadState, by: str) -> dict[str, object]:
        return {"state": state.value, "changed_at": self.database.now(connection), "changed_by": by[:120]}


def _change(
    connection: Connection, version: ElementVersion, values: Mapping[str, object], states: Collection[DownloadState] = tuple(DownloadState)
) -> bool:
    """Changes the row of a version while it is about exactly this file and in one of these states; returns whether it was."""
    allowed = table.c.state.in_([state.value for state in states])
    return connection.execute(update(table).where(*_is_file(version), allowed).values(values)).rowcount == 1


def _is(key: VersionKey, rows: Table = table) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (rows.c.element == key[0], rows.c.version == str(key[1]))


def _is_file(version: ElementVersion) -> list[ColumnElement[bool]]:
    """Returns what holds while a row is about exactly this file: the vendor may sign another one under the same version meanwhile."""
    hashes = hash_table.c
    of_row = (hashes.element == table.c.element, hashes.version == table.c.version)
    signed = (exists().where(*of_row, hashes.algorithm == name, hashes.digest == digest) for name, digest in version.hashes)
    return [*_is(version.key), *signed]


_PLAIN_COLUMNS = tuple(
    one.name for one in fields(ElementVersion) if one.type in ("str", "bool", "int") and one.name in table.c and one.name != "element"
)
"""What is kept of a version as it is; the rest is written as text."""


def _signed(version: ElementVersion) -> dict[str, object]:
    written = {"released": version.released.isoformat(), "kind": version.kind.value, "needs": str(version.needs or "")}
    return {name: getattr(version, name) for name in _PLAIN_COLUMNS} | written


def _download(row: RowMapping, hashes: Hashes) -> Download:
    signed = ElementVersion(
        element=row["element"],
        version=Version.parse(row["version"]),
        released=date.fromisoformat(row["released"]),
        kind=FileKind(row["kind"]),
        needs=Version.parse(row["needs"]) if row["needs"] else None,
        hashes=hashes,
        **{name: row[name] for name in _PLAIN_COLUMNS},
    )
    known = {name: row[name] for name in ("file_time", "verified_at", "exit_code", "changed_at", "changed_by")}
    return Download(signed, DownloadState(row["state"]), **known)


class Subscriptions:
    """Reads and changes subscriptions; all workstations see the same."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[Subscription, ...]:
        """Returns all subscriptions, by key.

        Raises:
            DatabaseUnavailableError: no connection.
        """
        with self._database.read() as connection:
            rows = connection.execute(select(subscription).order_by(subscription.c.element)).mappings().all()
        return tuple(_subscription(row) for row in rows)

    def add(self, element: str, title: str, baseline: Version | None, by: str) -> bool:
        """Subscribes; returns False where it was subscribed already (nothing changes then).

        Raises:
            DatabaseUnavailableError, OutcomeUnknownError: nothing, or perhaps the subscription, was saved.
        """

        def work(connection: Connection) -> None:
            now = self._database.now(connection)
            text = str(baseline) if baseline else ""
            connection.execute(
                insert(subscription).values(element=element, title=title[:200], baseline=text, subscribed_at=now, subscribed_by=by[:120])
            )

        try:
            self._database.transact(work)
        except DBAPIError as error:
            if is_duplicate_key(error):
                return False
            raise
        return True

    def remove(self, element: str) -> bool:
        """Ends a subscription; returns whether there was one.

        Raises:
            DatabaseUnavailableError, OutcomeUnknownError: it may still be there.
        """
        return (
            self._database.transact(
                lambda connection: connection.execute(delete(subscription).where(subscription.c.element == element)).rowcount
            )
            > 0
        )


def _subscription(row: RowMapping) -> Subscription:
    return Subscription(**dict(row) | {"baseline": Version.parse(row["baseline"]) if row["baseline"] else None})
