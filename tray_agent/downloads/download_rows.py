"""The downloaded versions in the store: practice-wide, changed by compare-and-set only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from tray_agent.downloads.catalogue import ElementVersion, FileKind
from tray_agent.downloads.checksums import Hashes
from tray_agent.downloads.states import DownloadState, predecessors
from tray_agent.downloads.version import Version
from tray_agent.store.database import Database
from tray_agent.store.tables import download as table
from tray_agent.store.tables import download_hash as hash_table


@dataclass(frozen=True, slots=True)
class Download:
    """One version of an element as the practice knows it.

    Attributes:
        element, version: which one.
        title, released, notes, kind, restart, needs, publisher, target, file_name, size, hashes: as the vendor signed them.
        state: what became of it.
        file_time: modification time of the file when it was last verified, in nanoseconds, or None.
        verified_at: when length and hashes were last checked (aware, UTC), or None.
        exit_code: of the last installation, or None.
        changed_at: when the state last changed (aware, UTC).
        changed_by: the person or workstation that changed it.
    """

    element: str
    version: Version
    title: str
    released: date
    notes: str
    kind: FileKind
    restart: bool
    needs: Version | None
    target: str
    file_name: str
    size: int
    hashes: Hashes
    state: DownloadState
    file_time: int | None
    verified_at: datetime | None
    exit_code: int | None
    changed_at: datetime
    changed_by: str
    publisher: str = ""

    def is_described_as(self, version: ElementVersion) -> bool:
        """Returns whether the vendor still says the same of this file."""
        return all(getattr(self, name) == getattr(version, name) for name in _DESCRIPTION)


_DESCRIPTION = ("title", "released", "notes", "restart", "needs", "publisher")
"""What may change while the file, its name and its kind stay."""


class DownloadRows:
    """Reads and changes the rows. What changes takes the caller's transaction, so that a fence and the log can join it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[Download, ...]:
        """Returns all rows, by element, the newest version first.

        Raises:
            DatabaseUnavailableError: no connection.
        """
        with self._database.read() as connection:
            hashes: dict[tuple[str, str], list[tuple[str, str]]] = {}
            for row in connection.execute(select(hash_table).order_by(hash_table.c.algorithm)):
                hashes.setdefault((row.element, row.version), []).append((row.algorithm, row.digest))
            found = [_download(row, hashes) for row in connection.execute(select(table))]
        found.sort(key=lambda download: download.version, reverse=True)
        return tuple(sorted(found, key=lambda download: download.element))

    def want(self, connection: Connection, version: ElementVersion, by: str) -> None:
        """Notes that a version is wanted and not here: its row is made, or goes back to ``NEW`` with what is signed now."""
        now = self._database.now(connection)
        values = _signed(version) | {"state": DownloadState.NEW.value, "changed_at": now, "changed_by": by[:120]}
        values |= dict.fromkeys(("file_time", "verified_at", "exit_code"))
        key = {"element": version.element, "version": str(version.version)}
        if connection.execute(update(table).where(*_is(version.element, version.version)).values(values)).rowcount == 0:
            connection.execute(insert(table).values(key | values))
        connection.execute(delete(hash_table).where(hash_table.c.element == version.element, hash_table.c.version == str(version.version)))
        connection.execute(
            insert(hash_table), [key | {"algorithm": algorithm, "digest": digest} for algorithm, digest in sorted(version.hashes)]
        )

    def offer(self, connection: Connection, version: ElementVersion, file_time: int, by: str) -> bool:
        """Moves a version ``NEW`` → ``OFFERED``, and what it takes the place of to ``SUPERSEDED``.

        Returns:
            False where it is not ``NEW`` any more: nothing was changed.
        """
        now = self._database.now(connection)
        moved = connection.execute(
            update(table)
            .where(*_is(version.element, version.version), table.c.state == DownloadState.NEW.value)
            .values(state=DownloadState.OFFERED.value, file_time=file_time, verified_at=now, changed_at=now, changed_by=by[:120])
        ).rowcount
        if moved == 1:
            replaced = (DownloadState.NEW, DownloadState.OFFERED, DownloadState.STARTED)
            self._supersede(connection, version.element, version.version, replaced, by)
        return moved == 1

    def move(self, connection: Connection, download: Download, state: DownloadState, by: str, exit_code: int | None = None) -> bool:
        """Moves a version to another state, if its present state allows that.

        Returns:
            False where it does not: nothing was changed.
        """
        now = self._database.now(connection)
        allowed = [before.value for before in predecessors(state)]
        moved = connection.execute(
            update(table)
            .where(*_is(download.element, download.version), table.c.state.in_(allowed))
            .values(state=state.value, exit_code=exit_code, changed_at=now, changed_by=by[:120])
        ).rowcount
        if moved == 1 and state is DownloadState.INSTALLED:
            self._supersede(connection, download.element, download.version, tuple(DownloadState), by)
        return moved == 1

    def describe(self, connection: Connection, version: ElementVersion) -> None:
        """Takes over what the vendor says now of the same file; its state stays."""
        values = {name: value for name, value in _signed(version).items() if name in _DESCRIPTION}
        connection.execute(update(table).where(*_is(version.element, version.version)).values(values))

    def note_verified(self, connection: Connection, download: Download, file_time: int) -> None:
        """Notes that the file was verified just now; its state stays."""
        now = self._database.now(connection)
        connection.execute(update(table).where(*_is(download.element, download.version)).values(file_time=file_time, verified_at=now))

    def remove(self, connection: Connection, element: str, version: Version) -> None:
        """Removes a row with its hashes."""
        connection.execute(delete(hash_table).where(hash_table.c.element == element, hash_table.c.version == str(version)))
        connection.execute(delete(table).where(*_is(element, version)))

    def _supersede(self, connection: Connection, element: str, by_version: Version, states: Iterable[DownloadState], by: str) -> None:
        wanted = table.c.state.in_([state.value for state in states])
        texts = connection.execute(select(table.c.version).where(table.c.element == element, wanted)).scalars().all()
        now = self._database.now(connection)
        for version in [version for text in texts if (version := Version.parse(text)) < by_version]:
            connection.execute(
                update(table)
                .where(*_is(element, version))
                .values(state=DownloadState.SUPERSEDED.value, changed_at=now, changed_by=by[:120])
            )


def _is(element: str, version: Version) -> tuple[Any, Any]:
    return (table.c.element == element, table.c.version == str(version))


def _signed(version: ElementVersion) -> dict[str, object]:
    return {
        "title": version.title,
        "released": version.released.isoformat(),
        "notes": version.notes,
        "kind": version.kind.value,
        "restart": version.restart,
        "needs": str(version.needs or ""),
        "publisher": version.publisher,
        "target": version.target,
        "file_name": version.file_name,
        "size": version.size,
    }


def _download(row: Row[Any], hashes: dict[tuple[str, str], list[tuple[str, str]]]) -> Download:
    return Download(
        element=row.element,
        version=Version.parse(row.version),
        title=row.title,
        released=date.fromisoformat(row.released),
        notes=row.notes,
        kind=FileKind(row.kind),
        restart=bool(row.restart),
        needs=Version.parse(row.needs) if row.needs else None,
        publisher=row.publisher,
        target=row.target,
        file_name=row.file_name,
        size=row.size,
        hashes=tuple(hashes.get((row.element, row.version), [])),
        state=DownloadState(row.state),
        file_time=row.file_time,
        verified_at=row.verified_at,
        exit_code=row.exit_code,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )
