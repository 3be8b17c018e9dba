"""What dialogs and the command line ask of the Download-Service: plain values in, plain values out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from tray_agent.config.settings import DOWNLOAD_ACTIVE
from tray_agent.downloads.catalogue import NEW_DOWNLOADS, Area, Catalogue, ElementVersion, FileKind
from tray_agent.downloads.errors import InstallRefusedError, PortalUnavailableError
from tray_agent.downloads.states import DownloadState
from tray_agent.downloads.version import Version
from tray_agent.errors import InputError
from tray_agent.file_faults import why_of
from tray_agent.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

    from tray_agent.downloads.download_rows import Download, DownloadRows
    from tray_agent.downloads.install import InstallResult, Starter
    from tray_agent.downloads.installation import Installation
    from tray_agent.downloads.library import Library
    from tray_agent.downloads.portal import Portal
    from tray_agent.downloads.progress import DownloadProgress
    from tray_agent.downloads.subscriptions import Subscription, Subscriptions
    from tray_agent.store.settings import SettingStore


@dataclass(frozen=True, slots=True)
class PortalRow:
    """A row of the Online-Portal: one version of an element.

    Attributes:
        element: the element's key, for ``subscribe``.
        needs: the least version of the practice software, as text, or "".
        subscribed: whether *Automatisch herunterladen* is ticked for the element.
        state: what became of this version here, or None where it was never wanted.
    """

    element: str
    title: str
    version: str
    released: date
    size: int
    notes: str
    kind: FileKind
    restart: bool
    needs: str
    subscribed: bool
    state: DownloadState | None


@dataclass(frozen=True, slots=True)
class PortalHeading:
    """A heading with its rows; can't be subscribed."""

    title: str
    rows: tuple[PortalRow, ...]


@dataclass(frozen=True, slots=True)
class PortalArea:
    """An area; ``is_new`` marks *Neue Downloads*, whose context menu activates the service."""

    title: str
    is_new: bool
    headings: tuple[PortalHeading, ...]


@dataclass(frozen=True, slots=True)
class PortalView:
    """The Online-Portal at one moment.

    Attributes:
        areas: in the portal's order.
        active: whether the Download-Service is on (the menu entry is greyed out then).
        offline: whether the portal does not answer and this is the last confirmed state.
        checked_at: when the portal confirmed it (aware, UTC), or None.
        refused: how many rows were left out because their description is wrong.
    """

    areas: tuple[PortalArea, ...]
    active: bool
    offline: bool
    checked_at: datetime | None
    refused: int


@dataclass(frozen=True, slots=True)
class DownloadRow:
    """A row of the window *Downloads…*: one version that is here or on its way.

    Attributes:
        present: whether the whole file is in this workstation's download folder (looked at now, not verified).
        verified_at: when length and hashes were last checked (aware, UTC), or None.
        exit_code: of the last installation, or None.
        kept: whether it is an older version that is kept beside a newer one.
    """

    element: str
    title: str
    version: str
    released: date
    size: int
    notes: str
    kind: FileKind
    restart: bool
    needs: str
    file_name: str
    state: DownloadState
    present: bool
    verified_at: datetime | None
    changed_at: datetime
    changed_by: str
    exit_code: int | None
    kept: bool


class DownloadService:
    """The facade: made by ``Agent.downloads``. Every method may raise ``DatabaseUnavailableError``; call from a worker.

    Attributes:
        progress: what is being transferred now, by this process; observable.
    """

    def __init__(
        self,
        *,
        portal: Callable[[], Portal],
        subscriptions: Subscriptions,
        rows: DownloadRows,
        library: Library,
        settings: SettingStore,
        progress: DownloadProgress,
        installation: Callable[[], Installation],
        starter: Callable[[], Starter],
    ) -> None:
        self.progress = progress
        self._portal = portal
        self._subscriptions = subscriptions
        self._rows = rows
        self._library = library
        self._settings = settings
        self._installation = installation
        self._starter = starter

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
        catalogue = self._catalogue(refresh)
        subscriptions, downloads = self._subscriptions.all(), self._rows.all()
        subscribed = {subscription.element for subscription in subscriptions}
        states = {(download.element, download.version): download.state for download in downloads}
        areas = tuple(_area(area, subscribed, states) for area in catalogue.areas)
        gone = [subscription for subscription in subscriptions if subscription.element not in catalogue.elements]
        if gone:
            areas += (_area_of_gone(gone, downloads),)
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
        self._subscriptions.add(found.key, found.title, found.newest.version, by)

    def unsubscribe(self, element: str) -> bool:
        """Ends a subscription; what is downloaded stays. Returns whether there was one."""
        return self._subscriptions.remove(element)

    def is_active(self) -> bool:
        """Returns whether the switch ``DownloadService.Aktiv`` is on."""
        return self._settings.load().yes(DOWNLOAD_ACTIVE)

    def set_active(self, active: bool, by: str) -> None:
        """Sets the switch ``DownloadService.Aktiv``."""
        self._settings.save({DOWNLOAD_ACTIVE: active}, by)

    def downloads(self) -> tuple[DownloadRow, ...]:
        """Returns all versions that are here or on their way: what waits for a person first, then by title and version."""
        downloads = self._rows.all()
        newest: dict[str, Version] = {}
        for download in downloads:
            newest.setdefault(download.element, download.version)
        rows = [self._row(download, kept=download.version != newest[download.element]) for download in downloads]
        return tuple(sorted(rows, key=lambda row: (row.state is not DownloadState.OFFERED, row.title.casefold())))

    def waiting(self) -> tuple[DownloadRow, ...]:
        """Returns what is downloaded, verified, was not started yet, and can be started here: *Neue Downloads vorhanden*."""
        return tuple(row for row in self.downloads() if row.state is DownloadState.OFFERED and row.present)

    def verify(self, element: str, version: str) -> bool:
        """Returns whether a version's file is here with its signed length and hashes; reads the whole of it.

        Raises:
            InputError: there is no such download.
        """
        try:
            return self._library.verify(self._find(element, version))
        except OSError:
            return False

    def install(self, element: str, version: str | None = None, *, by: str) -> InstallResult:
        """Hands a downloaded version over to its installer: verified again, signature checked, started. Blocks until it ends.

        Args:
            element: the element's key.
            version: one version; None: the one that waits, else the newest that is here and was not replaced or withdrawn.
            by: the person and workstation, for the record.

        Raises:
            InputError: there is no such download.
            InstallRefusedError: the file is missing, changed, or its signature is wrong; nothing was started.
        """
        return self._installation().hand_over(self._find(element, version), by)

    def folder(self) -> Path:
        """Returns the download folder; it may not exist yet."""
        return self._library.folder

    def open_folder(self) -> None:
        """Shows the download folder in the system's file window.

        Raises:
            InstallRefusedError: the folder can't be made, or this machine has nothing to show it with.
        """
        try:
            self._library.folder.mkdir(parents=True, exist_ok=True)
            self._starter().show(self._library.folder)
        except OSError as error:
            raise InstallRefusedError(
                _("Ordner nicht angezeigt"),
                _("Der Download-Ordner {folder} kann nicht angezeigt werden ({why}).").format(
                    folder=self._library.folder, why=why_of(error)
                ),
                item=str(self._library.folder),
            ) from error

    def _catalogue(self, refresh: bool) -> Catalogue:
        portal = self._portal()
        if not refresh and (known := portal.known()):
            return known
        try:
            return portal.refresh()
        except PortalUnavailableError:
            known = portal.known()
            if known is None:
                raise
            return known

    def _find(self, element: str, version: str | None) -> Download:
        found = [download for download in self._rows.all() if download.element == element and download.state is not DownloadState.NEW]
        if version is None:
            found = [download for download in found if download.state is not DownloadState.SUPERSEDED]
        else:
            found = [download for download in found if str(download.version) == _normal(version)]
        waiting = [download for download in found if download.state is DownloadState.OFFERED]
        for download in (*waiting, *found):
            return download
        raise InputError(
            _("Kein Download"),
            _("Von «{key}» ist nichts heruntergeladen; nichts wurde gestartet.").format(key=f"{element} {version or ''}".strip()),
            _("«vitoclient downloads list» zeigt, was da ist."),
            item=element,
        )

    def _row(self, download: Download, *, kept: bool) -> DownloadRow:
        return DownloadRow(
            element=download.element,
            title=download.title,
            version=str(download.version),
            released=download.released,
            size=download.size,
            notes=download.notes,
            kind=download.kind,
            restart=download.restart,
            needs=str(download.needs or ""),
            file_name=download.file_name,
            state=download.state,
            present=self._library.is_present(download),
            verified_at=download.verified_at,
            changed_at=download.changed_at,
            changed_by=download.changed_by,
            exit_code=download.exit_code,
            kept=kept,
        )


def _normal(version: str) -> str:
    try:
        return str(Version.parse(version))
    except ValueError:
        return version


def _area(area: Area, subscribed: set[str], states: dict[tuple[str, Version], DownloadState]) -> PortalArea:
    headings = tuple(
        PortalHeading(heading.title, tuple(_portal_row(version, subscribed, states) for version in heading.versions))
        for heading in area.headings
    )
    return PortalArea(area.title, area.title == NEW_DOWNLOADS, headings)


def _area_of_gone(subscriptions: Iterable[Subscription], downloads: Iterable[Download]) -> PortalArea:
    known: dict[str, Download] = {}
    for download in downloads:
        known.setdefault(download.element, download)
    rows = tuple(_gone_row(subscription, known.get(subscription.element)) for subscription in subscriptions)
    return PortalArea(_("Abonniert, aber nicht mehr angeboten"), False, (PortalHeading(_("Abonnements"), rows),))


def _gone_row(subscription: Subscription, download: Download | None) -> PortalRow:
    """Returns a row for an element that the portal does not offer, as it was known last."""
    return PortalRow(
        element=subscription.element,
        title=subscription.title,
        version=str((download.version if download else subscription.baseline) or ""),
        released=download.released if download else subscription.subscribed_at.date(),
        size=download.size if download else 0,
        notes=_("Das Portal bietet dieses Element nicht mehr an; es kommt nichts Neues."),
        kind=download.kind if download else FileKind.FILE,
        restart=False,
        needs="",
        subscribed=True,
        state=download.state if download else None,
    )


def _portal_row(version: ElementVersion, subscribed: set[str], states: dict[tuple[str, Version], DownloadState]) -> PortalRow:
    return PortalRow(
        element=version.element,
        title=version.title,
        version=str(version.version),
        released=version.released,
        size=version.size,
        notes=version.notes,
        kind=version.kind,
        restart=version.restart,
        needs=str(version.needs or ""),
        subscribed=version.element in subscribed,
        state=states.get((version.element, version.version)),
    )
