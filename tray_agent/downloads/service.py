"""What dialogs and the command line ask of the Download-Service: plain values in, plain values out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from tray_agent.downloads.states import DownloadState

if TYPE_CHECKING:
    from pathlib import Path

    from tray_agent.downloads.catalogue import FileKind
    from tray_agent.downloads.install import InstallResult
    from tray_agent.downloads.progress import DownloadProgress


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
    """The facade. Every method may raise ``DatabaseUnavailableError``; those that ask the portal say so."""

    progress: DownloadProgress
    """What is being transferred now, by this process; observable."""

    def portal(self, *, refresh: bool = True) -> PortalView:
        """Returns the areas with their rows and ticks; the last confirmed state where the portal does not answer.

        Args:
            refresh: ask the portal; False shows what this workstation knows.

        Raises:
            PortalUntrustedError: what the portal sent is not signed as it must be, or older than what is known.
            PortalUnavailableError: the portal does not answer and nothing is known yet.
            ConfigurationError: no portal is configured.
        """
        raise NotImplementedError

    def subscribe(self, element: str, by: str) -> None:
        """Downloads newer versions of this element from now on; again is no error.

        Args:
            element: the element's key.
            by: the person and workstation, for the record.

        Raises:
            InputError: the portal has no such element.
        """
        raise NotImplementedError

    def unsubscribe(self, element: str) -> bool:
        """Ends a subscription; what is downloaded stays. Returns whether there was one."""
        raise NotImplementedError

    def is_active(self) -> bool:
        """Returns whether the switch ``DownloadService.Aktiv`` is on."""
        raise NotImplementedError

    def set_active(self, active: bool, by: str) -> None:
        """Sets the switch ``DownloadService.Aktiv``."""
        raise NotImplementedError

    def downloads(self) -> tuple[DownloadRow, ...]:
        """Returns all versions that are here or on their way: what waits for a person first, then by title and version."""
        raise NotImplementedError

    def waiting(self) -> tuple[DownloadRow, ...]:
        """Returns what is downloaded, verified, and was not started yet: *Neue Downloads vorhanden*."""
        raise NotImplementedError

    def install(self, element: str, version: str | None = None, *, by: str) -> InstallResult:
        """Hands a downloaded version over to its installer: verified again, signature checked, started. Blocks until it ends.

        Args:
            element: the element's key.
            version: one version; None: the one that waits, else the newest that is here.
            by: the person and workstation, for the record.

        Raises:
            InputError: there is no such download.
            InstallRefusedError: the file is missing, changed, or its signature is wrong; nothing was started.
        """
        raise NotImplementedError

    def folder(self) -> Path:
        """Returns the download folder; it may not exist yet."""
        raise NotImplementedError

    def open_folder(self) -> None:
        """Shows the download folder in the system's file window.

        Raises:
            InstallRefusedError: this machine has nothing to show a folder with.
        """
        raise NotImplementedError

    def run_now(self) -> None:
        """Runs the job *Download-Service* now, on this workstation, as the scheduler would (claim, history, log). Blocks."""
        raise NotImplementedError


Listener = Callable[[], None]
