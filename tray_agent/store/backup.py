"""A whole copy of the embedded store while everything runs; what it means to put one back stands in ``docs/backup.md``."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tray_agent.errors import InputError, UnavailableError
from tray_agent.file_faults import why_of
from tray_agent.i18n import _
from tray_agent.platforms.files import replace, sync_file
from tray_agent.store.database import Database, damaged
from tray_agent.store.guest_file import missing_file, read_only_uri


class BackupRefusedError(InputError):
    """There is nothing to be copied, or not to this place; nothing was changed."""

    code = "backup_refused"


class BackupFailedError(UnavailableError):
    """The copy could not be written; what stood there before still does."""

    code = "backup_failed"


def back_up(database: Database, target: Path, *, overwrite: bool = False) -> None:
    """Makes a whole copy of an embedded store, as it is at one moment, under another name.

    Args:
        database: the agent's own.
        target: the copy; it appears whole or not at all.
        overwrite: whether a file that is there already is replaced.

    Raises:
        BackupRefusedError: the store is on a server, the target is there already, or is the store itself.
        BackupFailedError: the disk is full, the folder missing …
        DatabaseUnavailableError: the store is not there, or damaged.
    """
    name = database.engine.url.database
    if database.dialect != "sqlite" or not name:
        raise BackupRefusedError(
            _("Datenbank auf einem Server"),
            _("Die Datenbank des Agenten liegt auf einem Server; von hier aus wird davon keine Kopie gemacht."),
            _("Sie mit der Sicherung des Servers sichern, zusammen mit den übrigen Datenbanken der Praxis."),
        )
    source = Path(name)
    if not source.is_file():
        raise missing_file(source, _("Die Datei {file} der Datenbank gibt es nicht; es wurde nichts gesichert."), "store.url")
    if target.exists() and (not overwrite or target.is_dir() or target.samefile(source)):
        raise BackupRefusedError(
            _("Datei ist schon da"),
            _("{file} gibt es schon; es wurde nichts verändert.").format(file=target),
            _("Einen anderen Namen wählen oder mit --overwrite ersetzen; die Datenbank selbst wird nie ersetzt."),
            item=str(target),
        )
    with unwritten(target):
        if not copy_whole(source, target):
            raise damaged(database.engine.url)


@contextmanager
def unwritten(target: Path) -> Iterator[None]:
    """Tells that a copy can't be written.

    Raises:
        BackupFailedError: instead of what the system or SQLite says.
    """
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise BackupFailedError(
            _("Sicherung nicht geschrieben"),
            _("{file} konnte nicht geschrieben werden: {why}.").format(
                file=target, why=why_of(error) if isinstance(error, OSError) else str(error)
            ),
            _("Laufwerk, Platz und Rechte des Ordners prüfen."),
            item=str(target),
        ) from error


def copy_whole(source: Path, target: Path) -> bool:
    """Copies an SQLite file with what stands in its log, while others use it; returns whether the copy is sound, else there is none.

    The copy is one file, without a log: what stands in it needs no other file beside it.

    Raises:
        OSError, sqlite3.Error: it could not be read or written; a file at the target stays as it was.
    """
    partial = target.with_name(f"{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with closing(sqlite3.connect(read_only_uri(source), uri=True)) as old, closing(sqlite3.connect(partial)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode = DELETE")
            if new.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                return False
        with partial.open("rb+") as written:
            sync_file(written.fileno())
        replace(partial, target)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return True
