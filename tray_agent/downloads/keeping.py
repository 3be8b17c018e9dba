"""What lies in this workstation's folder, looked after: what is offered is here, what is old goes.

One code for a run of the job and for the regular look of every agent (``bringing``).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection

from tray_agent.config.settings import KEEP_VERSIONS, Settings
from tray_agent.downloads.library import VERIFY_AGAIN, FileState
from tray_agent.downloads.model import Download, DownloadState, ElementVersion, FileKind
from tray_agent.downloads.report import Happened, activity_of
from tray_agent.downloads.transfer import Transfer, TransferCancelledError, Wanted
from tray_agent.errors import KnownError
from tray_agent.file_faults import why_of
from tray_agent.protocol.model import Activity

if TYPE_CHECKING:
    from tray_agent.downloads.parts import DownloadParts

PARALLEL = 3
"""Files on their way at once."""

_BEAT = 0.2


@dataclass(frozen=True, slots=True)
class Keeper:
    """Looks after this workstation's folder.

    Attributes:
        parts: the Download-Service of this workstation.
        log: tells what happened.
        transact: changes the store.
        checkpoint: called while files are read; may raise to stop.
    """

    parts: DownloadParts
    log: Callable[[Activity], None]
    transact: Callable[[Callable[[Connection], object]], object]
    checkpoint: Callable[[], None] = lambda: None

    def is_missing(self, download: Download) -> bool | None:
        """Returns whether the file of a version that belongs here must be brought; what is wrong is told, and what is changed removed.

        Returns:
            None where the folder does not answer: nobody knows.
        """
        version, rows = download.signed, self.parts.rows
        try:
            state, file_time = self.parts.library.examine(download, self.parts.clock.now(), self.checkpoint)
            if state is FileState.CHANGED:
                self.parts.library.remove_changed(version, self.checkpoint)
        except OSError as error:
            self.log(activity_of(Happened.FILE_ERROR, version, why_of(error)))
            return None
        if state is FileState.GENUINE:
            if file_time is not None:
                self.transact(lambda connection: rows.note_file(connection, version, file_time))
            return False
        if state is FileState.CHANGED or download.was_here:
            self.log(activity_of(Happened.FILE_CHANGED if state is FileState.CHANGED else Happened.FILE_MISSING, version))
            self.transact(lambda connection: rows.note_file(connection, version, None))
        return True

    def prune(self, settings: Settings, *, for_all: bool = True) -> int:
        """Clears older versions away, as the switch says, and returns how many were forgotten.

        What waits for somebody stays, what is used keeps its row. What a person brought back after newer versions had come stays for as
        long as it takes to install it.

        Args:
            settings: the practice's switches.
            for_all: whether a version that nobody used is forgotten for the whole practice; else only its file here goes.
        """
        kept: Counter[str] = Counter()
        newest_since: dict[str, datetime] = {}
        forgotten = 0
        for download in self.parts.rows.all():  # read anew: states may have changed
            element = download.signed.element
            if download.for_all is DownloadState.NEW:
                continue
            kept[element] += 1
            newest_since.setdefault(element, download.moved_at)
            is_old = kept[element] > settings.number(KEEP_VERSIONS) and download.for_all is DownloadState.SUPERSEDED
            verified_at = download.here.verified_at if download.here else None
            was_brought_back = verified_at is not None and verified_at > newest_since[element]
            if is_old and not (was_brought_back and verified_at and self.parts.clock.now() - verified_at < VERIFY_AGAIN):
                forgotten += self._forget(download, for_all=for_all)
        return forgotten

    def _forget(self, download: Download, *, for_all: bool) -> bool:
        """Clears a version away; its row goes too where no workstation has used it."""
        version, rows = download.signed, self.parts.rows
        if not (for_all or download.was_here) or not self.remove_file(version):
            return False
        if for_all and not download.is_in_use:
            self.transact(lambda connection: rows.remove(connection, version))
            return True
        if download.was_here:
            self.transact(lambda connection: rows.note_file(connection, version, None))
        return False

    def clear_left_over(self) -> None:
        """Removes the files here of versions that the practice has forgotten: another workstation cleared them away for all."""
        rows = self.parts.rows
        for element, version in rows.left_over():
            try:
                self.parts.library.remove_left_over(element, version)
            except OSError:  # held open, or the folder does not answer: with the next look
                continue
            self.transact(partial(rows.forget_here, key=(element, version)))

    def remove_file(self, version: ElementVersion) -> bool:
        """Removes a version's file; returns whether it is gone. Where it can't be, that is told."""
        try:
            self.parts.library.remove(version)
        except (OSError, KnownError) as error:
            self.log(activity_of(Happened.NOT_REMOVED, version, error))
            return False
        return True

    def arrived(self, connection: Connection, version: ElementVersion, file_time: int) -> bool:
        """Notes that a version's file is here now: it is offered to all where it was not yet. Returns False where nobody wants it any more.

        It was hashed on its way, and is again before it is started.
        """
        rows = self.parts.rows
        return rows.offer(connection, version, file_time) or rows.note_file(connection, version, file_time)


@dataclass
class Fetching:
    """One version on its way."""

    version: ElementVersion
    cancelled: threading.Event = field(default_factory=threading.Event)
    superseded: bool = False


class Transfers:
    """Several files on their way, ``PARALLEL`` at once; at the end of the block what still runs is stopped, what is here of it stays.

    Args:
        parts: the Download-Service of this workstation.
        transfer: what brings a file.
    """

    def __init__(self, parts: DownloadParts, transfer: Transfer) -> None:
        self._parts = parts
        self._transfer = transfer
        self._pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="download")
        self._running: dict[Future[int], Fetching] = {}

    def __enter__(self) -> Self:
        """Returns itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stops what still runs."""
        for fetching in self._running.values():
            fetching.cancelled.set()
        if self._running:
            self._transfer.abort()
        self._pool.shutdown(cancel_futures=True)

    @property
    def running(self) -> tuple[Fetching, ...]:
        """Returns what is on its way."""
        return tuple(self._running.values())

    def begin(self, version: ElementVersion) -> None:
        """Begins to bring a version."""
        fetching = Fetching(version)
        self._running[self._pool.submit(self._transfer.fetch, wanted_of(self._parts, version), fetching.cancelled)] = fetching

    def ended(self) -> Iterator[tuple[Fetching, int | KnownError | None]]:
        """Waits a moment and gives what has ended: with its file's time, with why it can't be had, or (None) because it was stopped."""
        done, _others = wait(self._running, timeout=_BEAT, return_when=FIRST_COMPLETED)
        for future in done:
            yield self._running[future], _outcome(future)
            del self._running[future]  # not before: what has ended may have been superseded, which is found out now


def wanted_of(parts: DownloadParts, version: ElementVersion) -> Wanted:
    """Returns what to ask the portal for, after it was asked what it offers."""
    address = parts.portal.address_of(version.target, version.hashes[0][1])
    place, is_document = parts.library.place_of(version), version.kind is FileKind.FILE
    return Wanted(address, version.name, version.size, version.hashes, place, parts.library.folder, is_document)


def _outcome(future: Future[int]) -> int | KnownError | None:
    try:
        return future.result()
    except KnownError as error:
        return error
    except TransferCancelledError:
        return None
