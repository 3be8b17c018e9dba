"""The job *Download-Service*: looks for newer versions of what is subscribed, brings them here, verifies, offers.

It never starts anything. One element's failure does not stop the others; each is told in the activity log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import Connection, delete, insert, select

from tray_agent.config.settings import KEEP_MINOR
from tray_agent.downloads import report
from tray_agent.downloads.choice import ElementChoice, NotFetched, choose, described_anew, withdrawn
from tray_agent.downloads.errors import PortalUnavailableError, PortalUntrustedError, TransferError, TransferFault
from tray_agent.downloads.keeping import Fetching, Keeper, Transfers
from tray_agent.downloads.model import Download, DownloadState, ElementVersion, VersionKey
from tray_agent.downloads.parts import DownloadParts
from tray_agent.downloads.report import DownloadCount, DownloadTally, Happened, activity_of
from tray_agent.errors import KnownError
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.protocol.model import Activity, Level
from tray_agent.store.tables import refused_target

LONGEST = 2 * 3600.0
"""Seconds after which a run leaves what is still on its way to the next: nothing else waits for it longer."""

LOOK_AGAIN = 300.0
"""Seconds after which a run that is still going asks the portal whether something newer is there."""


def run_once(parts: DownloadParts, context: JobContext) -> JobResult:
    """Does the work of the job ``download`` once.

    Raises:
        PortalUnavailableError, PortalUntrustedError, ConfigurationError: nothing was looked for.
        FolderUnavailableError: nothing was fetched.
        DatabaseUnavailableError: what was brought here is offered by the next run.
        RunCancelledError, LeaseLostError: as the context says.
    """
    return _Run(parts, context).run()


class _Run:
    """One run of the job: everything but the transfers happens in the caller's thread."""

    def __init__(self, parts: DownloadParts, context: JobContext) -> None:
        self._parts = parts
        self._context = context
        self._settings = parts.settings.load()
        self._portal = parts.portal
        self._keeper = Keeper(parts, self._log, self._transact, context.checkpoint)
        self._tally = DownloadTally()
        self._look()

    def run(self) -> JobResult:
        choices = self._choose()
        self._tally.skipped.update(choice.reason for choice in choices if choice.reason)
        wanted = [choice.version for choice in choices if choice.version]
        if self._context.dry_run:
            return self._count_only(wanted)
        self._parts.library.open()
        self._parts.progress.begin()
        self._report_what_is_lacking()
        self._withdraw()
        # What the vendor says now of files that are known: notes, restart, what they need, who signs them.
        self._change_each(described_anew(self._catalogue, self._downloads), self._parts.rows.describe)
        self._forget_unwanted(wanted)
        self._parts.library.tidy(wanted)
        with self._parts.turn.taken():
            self._fetch_all([version for version in wanted if self._is_missing(version)])
        if pruned := self._keeper.prune(self._settings):
            self._tally.counts[DownloadCount.PRUNED] += pruned
        self._keeper.clear_left_over()
        return self._tally.result()

    # Looking

    def _look(self) -> None:
        """Asks the portal and reads what the practice subscribed to and has: all that follows is decided by this."""
        self._catalogue = self._portal.refresh()
        self._subscriptions = self._parts.subscriptions.all()
        self._downloads = self._parts.rows.all()
        self._looked_at = self._parts.clock.monotonic()

    def _choose(self) -> tuple[ElementChoice, ...]:
        return choose(self._catalogue, self._subscriptions, self._downloads, keep_line=self._settings.yes(KEEP_MINOR))

    def _known(self) -> dict[VersionKey, Download]:
        return {download.signed.key: download for download in self._downloads}

    def _count_only(self, wanted: Sequence[ElementVersion]) -> JobResult:
        known = self._known()
        for version in wanted:
            download = known.get(version.key)
            here = download is not None and download.should_be_here and self._parts.library.is_present(download.signed)
            self._tally.counts[DownloadCount.UP_TO_DATE if here else DownloadCount.WOULD_DOWNLOAD] += 1
        return self._tally.result()

    def _is_missing(self, version: ElementVersion) -> bool:
        """Returns whether a wanted version must be fetched; what is here is examined, what is wrong is told and removed."""
        self._context.checkpoint()
        download = self._known().get(version.key)
        if download is None or download.for_all is not DownloadState.OFFERED or not download.signed.is_same_file(version):
            return True
        if not download.should_be_here:  # it was started where it counts for all
            self._tally.skipped[NotFetched.INSTALLED] += 1
            return False
        missing = self._keeper.is_missing(download)
        if missing is False:
            self._tally.skipped[NotFetched.UP_TO_DATE] += 1
        elif missing and download.was_here:
            self._tally.counts[DownloadCount.LOST] += 1
        return bool(missing)

    # Bringing

    def _fetch_all(self, wanted: Sequence[ElementVersion]) -> None:
        began = self._parts.clock.monotonic()
        with Transfers(self._parts, self._parts.transfer(self._settings, self._parts.seconds_to_spare())) as transfers:
            for version in wanted:
                self._begin(transfers, version)
            while transfers.running:
                for fetching, outcome in transfers.ended():
                    self._context.checkpoint()
                    self._end(transfers, fetching, outcome)
                self._context.checkpoint()
                self._tell_progress()
                self._look_again(transfers, LOOK_AGAIN)
                if self._parts.clock.monotonic() - began >= LONGEST:
                    break
            self._leave(transfers)

    def _leave(self, transfers: Transfers) -> None:
        """Tells of what is still on its way that it goes on with the next attempt; what is here of it stays."""
        for fetching in transfers.running:
            error = TransferError(TransferFault.RUN_OVER, fetching.version.name, str(round(LONGEST / 3600)))
            self._tally.failed(error)
            self._log(report.not_brought(error, fetching.version))

    def _begin(self, transfers: Transfers, version: ElementVersion) -> None:
        # The row goes back to NEW before a byte comes: while a file may be another one, nobody is offered it or can start it. What is
        # offered, and lacks here alone, stays offered to the others.
        download = self._known().get(version.key)
        if download is None or download.for_all is not DownloadState.OFFERED or not download.signed.is_same_file(version):
            self._transact(lambda connection: self._parts.rows.want(connection, version))
        transfers.begin(version)

    def _end(self, transfers: Transfers, fetching: Fetching, outcome: int | KnownError | None) -> None:
        # A file that can't be had may have been replaced on the portal: then its failure is no news.
        self._look_again(transfers, LOOK_AGAIN if isinstance(outcome, int) else 0.0)
        if fetching.superseded:
            self._drop(transfers, fetching.version)
        elif isinstance(outcome, KnownError):
            self._tally.failed(outcome)
            if self._context.attempt == 1:
                self._log(report.failed(fetching.version, outcome))
            else:  # it was told once; that it lasts, the engine tells
                self._tally.problems += 1
        elif outcome is not None:
            self._record(partial(self._keeper.arrived, version=fetching.version, file_time=outcome), Happened.DOWNLOADED, fetching.version)
            self._tally.counts[DownloadCount.DOWNLOADED] += 1
            self._tally.counts[DownloadCount.BYTES] += fetching.version.size

    def _look_again(self, transfers: Transfers, after: float) -> None:
        """Asks the portal again where the last look is old; what is superseded meanwhile is stopped."""
        if not transfers.running or self._parts.clock.monotonic() - self._looked_at < after:
            return
        try:
            self._look()
        except (PortalUnavailableError, PortalUntrustedError):
            self._looked_at = self._parts.clock.monotonic()
            return
        wanted = {choice.element: choice.version for choice in self._choose()}
        for fetching in transfers.running:
            version = fetching.version
            if version.element not in wanted:  # no longer subscribed: what is on its way may arrive
                continue
            now = wanted[version.element]
            if now is None or not now.is_same_file(version):
                fetching.superseded = True
                fetching.cancelled.set()

    def _drop(self, transfers: Transfers, version: ElementVersion) -> None:
        """Gives up a version that was superseded on its way, and begins with what took its place."""
        self._keeper.remove_file(version)
        self._parts.progress.drop(version.name)
        self._record(lambda connection: self._parts.rows.remove(connection, version), Happened.SUPERSEDED, version)
        self._tally.counts[DownloadCount.SUPERSEDED] += 1
        newer = next((choice.version for choice in self._choose() if choice.element == version.element), None)
        if newer is not None and self._is_missing(newer):
            self._begin(transfers, newer)

    def _tell_progress(self) -> None:
        progress = self._parts.progress.snapshot()
        self._context.progress(progress.done, progress.total or None, progress.titles)

    # Clearing up

    def _withdraw(self) -> None:
        for download in withdrawn(self._catalogue, self._downloads):
            withdraw = partial(self._parts.rows.withdraw, version=download.signed)
            newer = self._catalogue.elements.get(download.signed.element, ())
            is_recalled = download.signed.key in self._catalogue.recalled  # told with its reason, see _report_what_is_lacking
            is_replaced = any(version.version > download.signed.version for version in newer)  # a newer release alone alarms nobody
            # Who has installed it need not be told: nobody proposes it here anyway.
            if is_recalled or is_replaced or download.state is not DownloadState.OFFERED:
                self._transact(withdraw)
                continue
            self._record(withdraw, Happened.WITHDRAWN, download.signed)
            self._tally.counts[DownloadCount.WITHDRAWN] += 1

    def _forget_unwanted(self, wanted: Sequence[ElementVersion]) -> None:
        """Forgets what was to be fetched once and is wanted no more: unsubscribed, or a newer version is there."""
        keys = {version.key for version in wanted}
        fetched = (download.signed for download in self._downloads if download.for_all is DownloadState.NEW)
        self._change_each([version for version in fetched if version.key not in keys], self._parts.rows.remove)

    def _change_each(self, versions: Sequence[ElementVersion], change: Callable[[Connection, ElementVersion], None]) -> None:
        def work(connection: Connection) -> None:
            for version in versions:
                change(connection, version)

        if versions:
            self._transact(work)

    def _report_what_is_lacking(self) -> None:
        """Tells what can't be offered, what was called back and what is subscribed and not there, each once: not again at every run."""
        refusals = self._catalogue.refusals
        recalled = [version for key, version in self._catalogue.recalled.items() if key in self._known()]
        explained = {*self._catalogue.elements, *(refusal.element for refusal in refusals)}
        explained |= {element for element, _version in self._catalogue.recalled}
        gone = [subscription for subscription in self._subscriptions if subscription.element not in explained]
        marks = {_fingerprint(refusal.target, refusal.reason): report.refused(refusal) for refusal in refusals}
        marks |= {_fingerprint(version.name, f"recalled {version.recall}"): report.recalled(version) for version in recalled}
        marks |= {_fingerprint(subscription.element, "gone"): report.not_on_portal(subscription) for subscription in gone}

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
            self._tally.skipped[NotFetched.REFUSED] += len(refusals)

    def _record(self, change: Callable[[Connection], bool | None], happened: Happened, version: ElementVersion) -> None:
        """Changes a row and tells of it in one transaction; where nothing was changed, there is nothing to tell."""

        def work(connection: Connection) -> None:
            if change(connection) is not False:
                self._context.log(activity_of(happened, version), connection=connection)

        self._transact(work)

    def _log(self, activity: Activity) -> None:
        if activity.level is Level.ERROR:
            self._tally.problems += 1
        self._context.log(activity)

    def _transact(self, change: Callable[[Connection], object]) -> None:
        """Changes the store only while this run still holds its lease."""

        def work(connection: Connection) -> None:
            self._context.fence(connection)
            change(connection)

        self._parts.database.transact(work)


def _fingerprint(what: str, why: str) -> str:
    return hashlib.sha256(f"{what}\0{why}".encode()).hexdigest()
