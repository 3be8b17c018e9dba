"""Downloaded versions and subscriptions in the store: what is the practice's, and what is each workstation's.

Versions are changed by compare-and-set only: a row may be about another file by now.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
    OnWorkstation,
    Scope,
    Subscription,
    Version,
    VersionKey,
    predecessors,
    with_replaced,
)
from tray_agent.store.database import Database
from tray_agent.store.faults import is_duplicate_key
from tray_agent.store.tables import download as table
from tray_agent.store.tables import download_hash as hash_table
from tray_agent.store.tables import subscription
from tray_agent.store.tables import workstation_download as place_table


class DownloadRows:
    """Reads and changes the rows. What changes takes the caller's transaction, so that a fence and the log can join it.

    Args:
        database: the agent's own database.
        workstation: this computer's name.
    """

    def __init__(self, database: Database, workstation: str) -> None:
        self.database = database
        self.workstation = workstation[:120]

    def all(self) -> tuple[Download, ...]:
        """Returns all rows as this workstation sees them, by element, the newest version first.

        Raises:
            DatabaseUnavailableError: no connection.
        """
        with self.database.read() as connection:
            hashes: dict[tuple[str, str], list[tuple[str, str]]] = {}
            for row in connection.execute(select(hash_table).order_by(hash_table.c.algorithm)):
                hashes.setdefault((row.element, row.version), []).append((row.algorithm, row.digest))
            places: dict[tuple[str, str], list[OnWorkstation]] = {}
            for place in connection.execute(select(place_table).order_by(place_table.c.workstation)).mappings():
                places.setdefault((place["element"], place["version"]), []).append(_on_workstation(place))
            rows = connection.execute(select(table)).mappings().all()
        found = [self._download(row, hashes, places) for row in rows]
        found.sort(key=lambda download: download.signed.version, reverse=True)
        return tuple(sorted(with_replaced(found), key=lambda download: download.signed.element))

    def _download(
        self,
        row: RowMapping,
        hashes: Mapping[tuple[str, str], Sequence[tuple[str, str]]],
        places: Mapping[tuple[str, str], Sequence[OnWorkstation]],
    ) -> Download:
        key = (row["element"], row["version"])
        known = places.get(key, ())
        here = next((place for place in known if place.workstation == self.workstation), None)
        elsewhere = tuple(place for place in known if place is not here)
        signed = _version(row, tuple(hashes.get(key, ())))
        return Download(signed, DownloadState(row["state"]), row["changed_at"], row["changed_by"], here, elsewhere)

    def left_over(self) -> tuple[VersionKey, ...]:
        """Returns the versions that this workstation had and that the practice has forgotten since.

        Raises:
            DatabaseUnavailableError: no connection.
        """
        is_known = exists().where(table.c.element == place_table.c.element, table.c.version == place_table.c.version)
        wanted = select(place_table.c.element, place_table.c.version).where(place_table.c.workstation == self.workstation, ~is_known)
        with self.database.read() as connection:
            return tuple((row.element, Version.parse(row.version)) for row in connection.execute(wanted))

    def want(self, connection: Connection, version: ElementVersion) -> None:
        """Notes that a version is wanted: its row is made, or goes back to ``NEW`` with what is signed now.

        What was known of another file under the same version is forgotten on all workstations.
        """
        values = _signed(version) | self._mark(connection, DownloadState.NEW, self.workstation)
        if _change(connection, version, values):
            return
        key = {"element": version.element, "version": str(version.version)}
        if connection.execute(update(table).where(*_is(version.key)).values(values)).rowcount == 0:
            connection.execute(insert(table).values(key | values))
        connection.execute(delete(place_table).where(*_is(version.key, place_table)))
        connection.execute(delete(hash_table).where(*_is(version.key, hash_table)))
        connection.execute(
            insert(hash_table), [key | {"algorithm": algorithm, "digest": digest} for algorithm, digest in sorted(version.hashes)]
        )

    def offer(self, connection: Connection, version: ElementVersion, file_time: int) -> bool:
        """Moves a version whose file is here ``NEW`` → ``OFFERED``, and what it takes the place of to ``SUPERSEDED``.

        Returns:
            False where it is not ``NEW`` any more: nothing was changed.
        """
        moved = _change(connection, version, self._mark(connection, DownloadState.OFFERED, self.workstation), {DownloadState.NEW})
        if moved:
            self._keep_place(connection, version, {"file_time": file_time, "verified_at": self.database.now(connection)})
            self._supersede(connection, version)
        return moved

    def withdraw(self, connection: Connection, version: ElementVersion) -> bool:
        """Moves a version that is offered to ``SUPERSEDED``; returns whether it was offered."""
        superseded = self._mark(connection, DownloadState.SUPERSEDED, self.workstation)
        return _change(connection, version, superseded, {DownloadState.OFFERED})

    def hand_over(
        self, connection: Connection, version: ElementVersion, installed: DownloadState | None, by: str, exit_code: int | None = None
    ) -> bool:
        """Notes what became of a version's installation on this workstation.

        Args:
            connection: the caller's transaction.
            version: which.
            installed: ``STARTED``, ``INSTALLED``, or None: it is not installed here.
            by: the person and workstation.
            exit_code: the installer's, or None.

        Returns:
            False where the row is about another file by now, or not offered yet: nothing was changed.
        """
        if not _change(connection, version, {"size": version.size}, predecessors(DownloadState.STARTED)):  # only holds the row
            return False
        change: dict[str, object] = {"installed": installed.value if installed else "", "exit_code": exit_code, "changed_by": by[:120]}
        self._keep_place(connection, version, change | {"changed_at": self.database.now(connection)})
        return True

    def is_still(self, connection: Connection, version: ElementVersion) -> bool:
        """Returns whether a row is still about this file, and not waiting for another one; holds it for the transaction."""
        return _change(connection, version, {"size": version.size}, predecessors(DownloadState.STARTED))

    def describe(self, connection: Connection, version: ElementVersion) -> None:
        """Takes over what the vendor says now of the same file; its state stays."""
        _change(connection, version, {name: value for name, value in _signed(version).items() if name in REWORDABLE})

    def note_file(self, connection: Connection, version: ElementVersion, file_time: int | None) -> bool:
        """Notes that the file was verified here just now, or (None) that it is not here; no state changes.

        Returns:
            False where the row is about another file by now: nothing was changed.
        """
        if not _change(connection, version, {"size": version.size}):  # only holds the row
            return False
        verified_at = None if file_time is None else self.database.now(connection)
        self._keep_place(connection, version, {"file_time": file_time, "verified_at": verified_at})
        return True

    def forget_here(self, connection: Connection, key: VersionKey) -> None:
        """Removes what is known of a version on this workstation."""
        connection.execute(delete(place_table).where(*_is(key, place_table), place_table.c.workstation == self.workstation))

    def remove(self, connection: Connection, version: ElementVersion) -> None:
        """Removes a row with its hashes; the other workstations find what they have of it as ``left_over``."""
        self.forget_here(connection, version.key)
        connection.execute(delete(hash_table).where(*_is(version.key, hash_table)))
        connection.execute(delete(table).where(*_is(version.key)))

    def _keep_place(self, connection: Connection, version: ElementVersion, values: Mapping[str, object]) -> None:
        """Changes this workstation's row of a version, or makes it; the caller holds the version's own row, so nobody else does now."""
        own = (*_is(version.key, place_table), place_table.c.workstation == self.workstation)
        if connection.execute(update(place_table).where(*own).values(values)).rowcount:
            return
        key = {"element": version.element, "version": str(version.version), "workstation": self.workstation}
        nothing = {"file_time": None, "verified_at": None, "installed": "", "exit_code": None}
        since = {"changed_at": self.database.now(connection), "changed_by": self.workstation}
        connection.execute(insert(place_table).values(key | nothing | since | dict(values)))

    def _supersede(self, connection: Connection, by_version: ElementVersion) -> None:
        wanted = table.c.state.in_([DownloadState.NEW.value, DownloadState.OFFERED.value])
        texts = connection.execute(select(table.c.version).where(table.c.element == by_version.element, wanted)).scalars().all()
        # Versions are compared here, not by the database: as texts, 2.100.000 would come before 2.69.001.
        for version in [version for text in texts if (version := Version.parse(text)) < by_version.version]:
            superseded = self._mark(connection, DownloadState.SUPERSEDED, self.workstation)
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
    written = {name: str(getattr(version, name) or "") for name in ("needs", "software")}
    written |= {"released": version.released.isoformat(), "kind": version.kind.value, "scope": version.scope.value}
    return {name: getattr(version, name) for name in _PLAIN_COLUMNS} | written


def _version(row: RowMapping, hashes: Hashes) -> ElementVersion:
    return ElementVersion(
        element=row["element"],
        version=Version.parse(row["version"]),
        released=date.fromisoformat(row["released"]),
        kind=FileKind(row["kind"]),
        scope=Scope(row["scope"]),
        hashes=hashes,
        needs=_version_or_none(row["needs"]),
        software=_version_or_none(row["software"]),
        **{name: row[name] for name in _PLAIN_COLUMNS},
    )


def _version_or_none(text: str) -> Version | None:
    return Version.parse(text) if text else None


def _on_workstation(row: RowMapping) -> OnWorkstation:
    known = {name: row[name] for name in ("workstation", "file_time", "verified_at", "exit_code", "changed_at", "changed_by")}
    return OnWorkstation(**known, installed=DownloadState(row["installed"]) if row["installed"] else None)


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
