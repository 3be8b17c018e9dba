"""What dialogs and the command line ask of the Download-Service: plain values in, plain values out."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from tray_agent.config.settings import DOWNLOAD_ACTIVE
from tray_agent.downloads.errors import InstallRefusedError, PortalUnavailableError
from tray_agent.downloads.model import Download, DownloadRow, DownloadState, Version
from tray_agent.errors import ConfigurationError, InputError
from tray_agent.file_faults import why_of
from tray_agent.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tray_agent.downloads.bringing import Bringer
    from tray_agent.downloads.catalogue import Catalogue
    from tray_agent.downloads.lockout import Fleet, LeftBehind, LockedOut
    from tray_agent.downloads.model import ElementVersion, InstallResult, Recall
    from tray_agent.downloads.parts import DownloadParts
    from tray_agent.downloads.portal_view import PortalView
    from tray_agent.jobs.contract import JobContext, JobResult


class DownloadService:
    """The facade: made by ``Agent.downloads``. Every method may raise ``DatabaseUnavailableError``; call from a worker.

    Attributes:
        progress: what is being transferred now, by this process; observable.
    """

    def __init__(self, parts: DownloadParts) -> None:
        self.progress = parts.progress
        self._parts = parts
        self._cancelled = threading.Event()
        self._is_away = False
        """Whether the portal did not answer when it was asked last."""

    @cached_property
    def _bringer(self) -> Bringer:
        from tray_agent.downloads.bringing import Bringer

        bringer = Bringer(self._parts)
        self._parts.closing.callback(bringer.stop)
        return bringer

    def bring(self, may: Callable[[], bool], has_network: Callable[[], bool] = lambda: True) -> None:
        """Brings what the practice is offered and this workstation lacks. Lasts as long as the transfers do.

        Args:
            may: whether files may be brought now; asked again and again.
            has_network: whether this computer has a network.
        """
        self._bringer.look(may, has_network)

    def fetch(self, element: str, version: str | None = None) -> str:
        """Brings a known version's file here once more, also of one that is installed or was replaced, and returns a sentence about it.

        One that is here and genuine is verified and stays. Blocks until it is here.

        Args:
            element: the element's key.
            version: one version; None: the one that waits, else the newest.

        Raises:
            InputError: nothing is known of it, or the portal does not offer this file any more.
            TransferError: it can't be had; what was here before stays.
            FolderUnavailableError: the folder can't be reached.
            PortalUntrustedError, PortalUnavailableError, ConfigurationError: as ``portal``.
        """
        from tray_agent.downloads.fetching import fetch_again

        self._cancelled.clear()
        return fetch_again(self._parts, self._find(element, version, also_new=True).signed, self._cancelled)

    def stop_fetching(self) -> None:
        """Stops what is brought without a run of the job; what is here of it stays. What comes by itself rests for a while."""
        self._cancelled.set()
        self._bringer.rest()

    def work(self, context: JobContext) -> JobResult:
        """Does what a run of the job *Download-Service* does; what it works with is imported for the first one."""
        from tray_agent.downloads.job import run_once

        return run_once(self._parts, context)

    def portal(self, *, refresh: bool = True) -> PortalView:
        """Returns the areas with their rows and ticks; the last confirmed state where the portal does not answer.

        What is subscribed and not offered any more stands in an area of its own at the end, so that it can be unticked.

        Args:
            refresh: ask the portal; False shows what this workstation knows, or asks where it knows nothing.

        Raises:
            PortalUntrustedError: what the portal sent is not signed as it must be, or older than what is known.
            PortalUnavailableError: the portal does not answer and nothing is known yet.
            ConfigurationError: no portal is configured.
        """
        from tray_agent.downloads.portal_view import PortalRow, PortalView, area_of_gone, arrange

        catalogue = self._catalogue(refresh)
        subscriptions, downloads = self._parts.subscriptions.all(), self._parts.rows.all()
        subscribed = {subscription.element for subscription in subscriptions}
        states = {download.signed.key: download.state for download in downloads}
        rows = [PortalRow(version, version.element in subscribed, states.get(key)) for key, version in catalogue.versions.items()]
        areas = arrange(rows, catalogue.areas)
        gone = [subscription for subscription in subscriptions if subscription.element not in catalogue.elements]
        if gone:
            areas += (area_of_gone(gone, downloads),)
        return PortalView(areas, self.is_active(), catalogue.offline, catalogue.checked_at, len(catalogue.refusals))

    def subscribe(self, element: str, by: str) -> None:
        """Downloads newer versions of this element from now on; again is no error.

        Args:
            element: the element's key.
            by: the person and workstation, for the record.

        Raises:
            InputError: the portal has no such element.
            PortalUntrustedError, PortalUnavailableError, ConfigurationError: as ``portal``.
        """
        found = self._catalogue(refresh=False).elements.get(element) or self._catalogue(refresh=True).elements.get(element)
        if found is None:
            raise InputError(
                _("Element unbekannt"),
                _("Das Element «{key}» gibt es auf dem Portal nicht; nichts wurde abonniert.").format(key=element),
                _("«vitoclient portal list» zeigt alle Elemente."),
                item=element,
            )
        self._parts.subscriptions.add(element, found[0].title, found[0].version, by)

    def unsubscribe(self, element: str) -> bool:
        """Ends a subscription; what is downloaded stays. Returns whether there was one."""
        return self._parts.subscriptions.remove(element)

    def is_active(self) -> bool:
        """Returns whether the switch ``DownloadService.Aktiv`` is on."""
        return self._parts.settings.load().yes(DOWNLOAD_ACTIVE)

    def set_active(self, active: bool, by: str) -> None:
        """Sets the switch ``DownloadService.Aktiv``."""
        self._parts.settings.save({DOWNLOAD_ACTIVE: active}, by)

    def downloads(self) -> tuple[DownloadRow, ...]:
        """Returns all versions that are here or on their way: what waits for a person first, of that what is urgent, then by title."""
        rows, before = [], ""
        downloads = self._parts.rows.all()
        catalogue = self._last_confirmed() if downloads else None  # for a practice without downloads nothing needs to be imported
        for download in downloads:  # by element, the newest version first
            kept, before = download.signed.element == before, download.signed.element
            offered = catalogue.versions.get(download.signed.key) if catalogue else None
            recall = _recall_of(catalogue, download.signed)
            present = self._parts.library.is_present(download.signed)
            rows.append(DownloadRow(download, present, kept, recall, critical=offered is not None and offered.critical))
        return tuple(sorted(rows, key=lambda row: (row.state is not DownloadState.OFFERED, not row.critical, row.signed.title.casefold())))

    def workstations(self) -> tuple[str, ...]:
        """Returns the workstations whose agents are known, this one among them."""
        return tuple({self._parts.workstation, *self._parts.software()})

    def locked_out(self, element: str, version: str | None = None) -> LockedOut | None:
        """Returns whom the installation of a download locks out of the practice software; None: nobody, as far as it is known.

        Raises:
            InputError: there is no such download.
        """
        from tray_agent.downloads.lockout import locked_out

        return locked_out(self._find(element, version).signed, self._parts.rows.all(), self._fleet(), self._parts.workstation)

    def left_behind(self) -> LeftBehind | None:
        """Returns that another workstation works with a newer practice software, so that this one is locked out until it follows."""
        from tray_agent.downloads.lockout import left_behind

        own = self._parts.practice_version()
        return left_behind(self._parts.rows.all(), self._fleet(), self._parts.workstation, own.line if own else None)

    def _fleet(self) -> Fleet:
        from tray_agent.downloads.lockout import line_of

        return {name: line_of(told) for name, told in self._parts.software().items()}

    def waiting(self) -> tuple[DownloadRow, ...]:
        """Returns what is downloaded, verified, was not started yet, and can be started here: *Neue Downloads vorhanden*.

        What the vendor marks as urgent comes first; what he called back is not among it.
        """
        return tuple(row for row in self.downloads() if row.state is DownloadState.OFFERED and row.present and row.recall is None)

    def verify(self, element: str, version: str) -> bool:
        """Returns whether a version's file is here with its signed length and hashes; reads the whole of it.

        Raises:
            InputError: there is no such download.
        """
        try:
            return self._parts.library.verify(self._find(element, version).signed)
        except OSError:
            return False

    def install(self, element: str, version: str | None = None, *, by: str, despite_recall: bool = False) -> InstallResult:
        """Hands a downloaded version over to its installer: verified again, signature checked, started. Blocks until it ends.

        Args:
            element: the element's key.
            version: one version; None: the one that waits, else the newest that is here and was not replaced or withdrawn.
            by: the person and workstation, for the record.
            despite_recall: whether a person wants it although the vendor called it back.

        Raises:
            InputError: there is no such download.
            InstallRefusedError: the file is missing, changed, its signature is wrong, or the vendor called it back; nothing was started.
        """
        return self._parts.installation().hand_over(self._find(element, version), by, despite_recall=despite_recall)

    def _last_confirmed(self) -> Catalogue | None:
        """Returns what the portal said last of what is here; a recall does not end with the word that told of it."""
        try:
            return self._parts.portal.known(also_expired=True)
        except ConfigurationError:
            return None

    def folder(self) -> Path:
        """Returns the download folder; it may not exist yet."""
        return self._parts.library.folder

    def open_folder(self) -> None:
        """Shows the download folder in the system's file window.

        Raises:
            InstallRefusedError: the folder can't be made, or this machine has nothing to show it with.
        """
        try:
            self._parts.library.folder.mkdir(parents=True, exist_ok=True)
            self._parts.starter.show(self._parts.library.folder)
        except OSError as error:
            raise InstallRefusedError(
                _("Ordner nicht angezeigt"),
                _("Der Download-Ordner {folder} kann nicht angezeigt werden ({why}).").format(
                    folder=self._parts.library.folder, why=why_of(error)
                ),
                item=str(self._parts.library.folder),
            ) from error

    def _catalogue(self, refresh: bool) -> Catalogue:
        portal = self._parts.portal
        if not refresh and (known := portal.known()):
            return replace(known, offline=self._is_away)  # who was not asked now is not silent
        try:
            catalogue = portal.refresh()
        except PortalUnavailableError:
            self._is_away = True
            known = portal.known()
            if known is None:
                raise
            return known
        self._is_away = False
        return catalogue

    def _find(self, element: str, version: str | None, *, also_new: bool = False) -> Download:
        found = [row for row in self._parts.rows.all() if row.signed.element == element]
        found = [row for row in found if also_new or row.state is not DownloadState.NEW]
        if version is None:
            found = [row for row in found if row.state is not DownloadState.SUPERSEDED]
        else:
            found = [row for row in found if str(row.signed.version) == _normal(version)]
        found.sort(key=lambda row: row.state is not DownloadState.OFFERED)  # stable: among equals the newest stays first
        if found:
            return found[0]
        raise InputError(
            _("Kein Download"),
            _("Von «{key}» ist nichts heruntergeladen; nichts wurde gestartet.").format(key=f"{element} {version or ''}".strip()),
            _("«vitoclient downloads list» zeigt, was da ist."),
            item=element,
        )


def _recall_of(catalogue: Catalogue | None, signed: ElementVersion) -> Recall | None:
    found = catalogue.recalled.get(signed.key) if catalogue else None
    return found.recall if found else None


def _normal(version: str) -> str:
    try:
        return str(Version.parse(version))
    except ValueError:
        return version
