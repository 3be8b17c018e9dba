"""The job *Download-Service*: looks for newer versions of what is subscribed, brings them here, verifies, offers.

It never starts anything. One element's failure does not stop the others; each is told in the activity log.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Connection, delete, insert, select

from tray_agent.clock import Clock
from tray_agent.config.settings import KEEP_MINOR, KEEP_VERSIONS, Settings
from tray_agent.downloads import sentences as told
from tray_agent.downloads.catalogue import Catalogue, ElementVersion
from tray_agent.downloads.choice import Choice, choose, described_anew, withdrawn
from tray_agent.downloads.download_rows import Download, DownloadRows
from tray_agent.downloads.errors import PortalUnavailableError, PortalUntrustedError
from tray_agent.downloads.library import FileState, Library
from tray_agent.downloads.progress import DownloadProgress
from tray_agent.downloads.states import DownloadState
from tray_agent.downloads.subscriptions import Subscriptions
from tray_agent.downloads.tally import Tally
from tray_agent.downloads.transfer import Transfer, TransferCancelledError, Wanted
from tray_agent.errors import KnownError
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.protocol.model import Activity, Level
from tray_agent.store.database import Database
from tray_agent.store.tables import refused_target

if TYPE_CHECKING:
    from tray_agent.downloads.portal import Portal

PARALLEL = 3
"""Files on their way at once."""

LOOK_AGAIN = 300.0
"""Seconds after which a run that is still going asks the portal whether something newer is there."""

_BEAT = 0.2
_HERE = (DownloadState.OFFERED, DownloadState.STARTED)


class TransferFactory(Protocol):
    """Makes what brings the files of one run, from the switches of its beginning."""

    def __call__(self, settings: Settings) -> Transfer:
        """Returns a transfer."""
        ...


@dataclass(frozen=True, slots=True)
class DownloadParts:
    """What a run works with; put together by the composition root."""

    portal: Callable[[], Portal]
    database: Database
    rows: DownloadRows
    subscriptions: Subscriptions
    library: Library
    settings: Callable[[], Settings]
    transfer: TransferFactory
    abort: Callable[[], None]
    progress: DownloadProgress
    clock: Clock
    workstation: str


class DownloadJob:
    """The work of the job ``download``."""

    def __init__(self, parts: DownloadParts) -> None:
        self._parts = parts

    def __call__(self, context: JobContext) -> JobResult:
        """Runs once.

        Raises:
            PortalUnavailableError, PortalUntrustedError, ConfigurationError: nothing was looked for.
            FolderUnavailableError: nothing was fetched.
            DatabaseUnavailableError: what was brought here is offered by the next run.
            RunCancelledError, LeaseLostError: as the context says.
        """
        return _Run(self._parts, context).run()


@dataclass
class _Fetching:
    """One version on its way."""

    version: ElementVersion
    cancelled: threading.Event = field(default_factory=threading.Event)
    superseded: bool = False


class _Run:
    """One run of the job: everything but the transfers happens in the caller's thread."""

    def __init__(self, parts: DownloadParts, context: JobContext) -> None:
        self._parts = parts
        self._context = context
        self._settings = parts.settings()
        self._portal = parts.portal()
        self._transfer = parts.transfer(self._settings)
        self._tally = Tally()
        self._looked_at = 0.0
        self._catalogue = Catalogue((), {})
        self._running: dict[Future[None], _Fetching] = {}

    def run(self) -> JobResult:
        self._look()
        if self._context.dry_run:
            return self._tell_only()
        self._parts.library.open()
        self._parts.progress.begin()
        self._report_what_is_lacking()
        self._withdraw()
        self._describe_anew()
        choices = self._choose()
        self._forget_unwanted(choices)
        self._parts.library.tidy(choice.version for choice in choices if choice.version)
        wanted = [choice.version for choice in choices if choice.version and self._is_missing(choice.version)]
        self._count_unwanted(choices)
        self._fetch_all(wanted)
        self._prune()
        return self._tally.result()

    # Looking

    def _look(self) -> None:
        self._catalogue = self._portal.refresh()
        self._looked_at = self._parts.clock.monotonic()

    def _choose(self) -> tuple[Choice, ...]:
        subscriptions, downloads = self._parts.subscriptions.all(), self._parts.rows.all()
        return choose(self._catalogue, subscriptions, downloads, keep_line=self._settings.yes(KEEP_MINOR))

    def _tell_only(self) -> JobResult:
        choices = self._choose()
        self._count_unwanted(choices)
        known = {(download.element, download.version): download for download in self._parts.rows.all()}
        for choice in choices:
            if choice.version is not None:
                download = known.get((choice.version.element, choice.version.version))
                here = download is not None and download.state in _HERE and self._parts.library.is_present(download)
                self._tally.count("up_to_date" if here else "would_download")
        return self._tally.result()

    def _count_unwanted(self, choices: Sequence[Choice]) -> None:
        for choice in choices:
            if choice.reason is not None:
                self._tally.skip(choice.reason.value)

    def _is_missing(self, version: ElementVersion) -> bool:
        """Returns whether a wanted version must be fetched; what is here is examined, what is wrong is told and removed."""
        self._context.checkpoint()
        download = self._row_of(version)
        if download is None or download.state not in _HERE or set(download.hashes) != set(version.hashes):
            return True
        try:
            state, file_time = self._parts.library.examine(download, self._parts.clock.now(), self._context.checkpoint)
        except OSError as error:
            self._log(told.folder_silent(download, error))
            return False
        if state is FileState.GENUINE:
            self._tally.skip("up_to_date")
            if file_time is not None:
                self._transact(lambda connection: self._parts.rows.note_verified(connection, download, file_time))
            return False
        self._log(told.file_lost(download, changed=state is FileState.CHANGED))
        self._tally.count("lost")
        self._remove_file(version)
        return True

    def _row_of(self, version: ElementVersion) -> Download | None:
        rows = (download for download in self._parts.rows.all() if download.element == version.element)
        return next((download for download in rows if download.version == version.version), None)

    # Bringing

    def _fetch_all(self, wanted: Sequence[ElementVersion]) -> None:
        pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="download")
        try:
            for version in wanted:
                self._begin(pool, version)
            while self._running:
                done, _others = wait(self._running, timeout=_BEAT, return_when=FIRST_COMPLETED)
                self._context.checkpoint()
                self._tell_progress()
                for future in done:
                    self._end(pool, future)
                self._look_again(LOOK_AGAIN)
        finally:
            self._stop_all(pool)

    def _begin(self, pool: ThreadPoolExecutor, version: ElementVersion) -> None:
        def change(connection: Connection) -> None:
            self._parts.rows.want(connection, version, self._parts.workstation)

        self._transact(change)
        fetching = _Fetching(version)
        wanted = Wanted(
            self._portal.address_of(version), told.name_of(version), version.size, version.hashes, self._parts.library.place_of(version)
        )
        self._running[pool.submit(self._transfer.fetch, wanted, fetching.cancelled)] = fetching

    def _end(self, pool: ThreadPoolExecutor, future: Future[None]) -> None:
        fetching = self._running[future]
        error = future.exception()
        if error is not None and not isinstance(error, (KnownError, TransferCancelledError)):
            raise error
        self._look_again(0.0 if error else LOOK_AGAIN)
        del self._running[future]
        if fetching.superseded:
            self._drop(pool, fetching.version)
        elif isinstance(error, KnownError):
            self._tally.fail()
            self._log(told.failed(fetching.version, error))
        elif error is None:
            self._offer(fetching.version)

    def _offer(self, version: ElementVersion) -> None:
        """Verifies the stored file once more and offers it, in one transaction with the log."""
        if not self._parts.library.verify(version, self._context.checkpoint):
            self._tally.fail()
            self._remove_file(version)
            self._log(told.file_lost(version, changed=True))
            return
        file_time = self._parts.library.file_time(version)

        def change(connection: Connection) -> None:
            if self._parts.rows.offer(connection, version, file_time, self._parts.workstation):
                self._context.log(told.offered(version), connection=connection)

        self._transact(change)
        self._tally.count("downloaded")
        self._tally.add_bytes(version.size)

    def _look_again(self, after: float) -> None:
        """Asks the portal again where the last look is old; what is superseded meanwhile is stopped."""
        if not self._running or self._parts.clock.monotonic() - self._looked_at < after:
            return
        try:
            self._look()
        except (PortalUnavailableError, PortalUntrustedError):
            self._looked_at = self._parts.clock.monotonic()
            return
        wanted = {(choice.element, choice.version.version, choice.version.hashes) for choice in self._choose() if choice.version}
        subscribed = {subscription.element for subscription in self._parts.subscriptions.all()}
        for fetching in self._running.values():
            version = fetching.version
            if version.element in subscribed and (version.element, version.version, version.hashes) not in wanted:
                fetching.superseded = True
                fetching.cancelled.set()

    def _drop(self, pool: ThreadPoolExecutor, version: ElementVersion) -> None:
        """Gives up a version that was superseded on its way, and begins with what took its place."""
        self._remove_file(version)
        self._parts.progress.drop(told.name_of(version))

        def change(connection: Connection) -> None:
            self._parts.rows.remove(connection, version.element, version.version)
            self._context.log(told.superseded(version), connection=connection)

        self._transact(change)
        self._tally.count("superseded")
        newer = next((choice.version for choice in self._choose() if choice.element == version.element), None)
        if newer is not None and self._is_missing(newer):
            self._begin(pool, newer)

    def _stop_all(self, pool: ThreadPoolExecutor) -> None:
        for fetching in self._running.values():
            fetching.cancelled.set()
        if self._running:
            self._parts.abort()
        pool.shutdown(cancel_futures=True)

    def _tell_progress(self) -> None:
        progress = self._parts.progress.snapshot()
        self._context.progress(
            progress.done, progress.total or None, ", ".join(file.title for file in progress.files if file.done < file.total)
        )

    # Clearing up

    def _withdraw(self) -> None:
        for download in withdrawn(self._catalogue, self._parts.rows.all()):

            def change(connection: Connection, download: Download = download) -> None:
                if self._parts.rows.move(connection, download, DownloadState.SUPERSEDED, self._parts.workstation):
                    self._context.log(told.withdrawn(download), connection=connection)

            self._transact(change)
            self._tally.count("withdrawn")

    def _describe_anew(self) -> None:
        """Takes over what the vendor says now of files that are known: notes, restart, what they need, who signs them."""
        changed = described_anew(self._catalogue, self._parts.rows.all())

        def change(connection: Connection) -> None:
            for version in changed:
                self._parts.rows.describe(connection, version)

        if changed:
            self._transact(change)

    def _forget_unwanted(self, choices: Sequence[Choice]) -> None:
        """Forgets what was to be fetched once and is wanted no more: unsubscribed, or a newer version is there."""
        wanted = {(choice.version.element, choice.version.version) for choice in choices if choice.version}
        unwanted = [row for row in self._parts.rows.all() if row.state is DownloadState.NEW and (row.element, row.version) not in wanted]

        def change(connection: Connection) -> None:
            for row in unwanted:
                self._parts.rows.remove(connection, row.element, row.version)

        if unwanted:
            self._transact(change)

    def _prune(self) -> None:
        """Keeps the newest versions of each element, as the switch says; what waits stays, what is installed keeps its row."""
        kept: dict[str, int] = {}
        for download in self._parts.rows.all():
            if download.state is DownloadState.NEW:
                continue
            kept[download.element] = kept.get(download.element, 0) + 1
            if kept[download.element] > self._settings.number(KEEP_VERSIONS) and download.state is not DownloadState.OFFERED:
                self._forget(download)

    def _forget(self, download: Download) -> None:
        if not self._remove_file(download) or download.state in (DownloadState.INSTALLED, DownloadState.STARTED):
            return
        self._transact(lambda connection: self._parts.rows.remove(connection, download.element, download.version))
        self._tally.count("pruned")

    def _remove_file(self, version: ElementVersion | Download) -> bool:
        try:
            self._parts.library.remove(version)
        except (OSError, KnownError) as error:
            self._log(told.not_removed(version, error))
            return False
        return True

    def _report_what_is_lacking(self) -> None:
        """Tells what can't be offered and what is subscribed and not there, each once: not again at every run."""
        refusals = self._catalogue.refusals
        explained = {*self._catalogue.elements, *(refusal.element for refusal in refusals)}
        gone = [subscription for subscription in self._parts.subscriptions.all() if subscription.element not in explained]
        marks = {_fingerprint(refusal.target, refusal.reason): told.refused(refusal) for refusal in refusals}
        marks |= {_fingerprint(subscription.element, "gone"): told.gone(subscription) for subscription in gone}

        def change(connection: Connection) -> None:
            known = set(connection.execute(select(refused_target.c.fingerprint)).scalars())
            now = self._parts.database.now(connection)
            for mark in known - set(marks):
                connection.execute(delete(refused_target).where(refused_target.c.fingerprint == mark))
            for mark in sorted(set(marks) - known):
                connection.execute(insert(refused_target).values(fingerprint=mark, first_seen=now))
                self._context.log(marks[mark], connection=connection)

        self._transact(change)
        if refusals:
            self._tally.skip("refused", len(refusals))

    def _log(self, activity: Activity) -> None:
        if activity.level is Level.ERROR:
            self._tally.problems += 1
        self._context.log(activity)

    def _transact(self, change: Callable[[Connection], None]) -> None:
        """Changes the store only while this run still holds its lease."""

        def work(connection: Connection) -> None:
            self._context.fence(connection)
            change(connection)

        self._parts.database.transact(work)


def _fingerprint(what: str, why: str) -> str:
    return hashlib.sha256(f"{what}\0{why}".encode()).hexdigest()
