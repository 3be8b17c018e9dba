"""Which version of each subscribed element the practice wants: pure, from the catalogue and what is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tray_agent.downloads.catalogue import Catalogue, ElementVersion
from tray_agent.downloads.download_rows import Download
from tray_agent.downloads.states import DownloadState
from tray_agent.downloads.subscriptions import Subscription
from tray_agent.downloads.version import Version


class NotWanted(StrEnum):
    """Why nothing is wanted of a subscribed element."""

    NOT_ON_PORTAL = "not_on_portal"
    OTHER_LINE = "other_line"
    """There are versions, but none with the major.minor to stay on."""

    INSTALLED = "installed"
    """The newest one, or a newer one that was withdrawn since, is installed or was started."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is wanted of one subscribed element: a version, or nothing with the reason."""

    element: str
    version: ElementVersion | None
    reason: NotWanted | None = None


def choose(
    catalogue: Catalogue, subscriptions: Iterable[Subscription], downloads: Iterable[Download], *, keep_line: bool
) -> tuple[Choice, ...]:
    """Returns what is wanted, one choice for every subscription.

    Args:
        catalogue: what the portal offers.
        subscriptions: what the practice subscribed to.
        downloads: what is known of earlier downloads.
        keep_line: whether an installation stays on its major.minor (switch ``NurGleicheHauptversion``).
    """
    known: dict[str, list[Download]] = {}
    for download in downloads:
        known.setdefault(download.element, []).append(download)
    return tuple(_choose(catalogue, subscription, known.get(subscription.element, []), keep_line) for subscription in subscriptions)


def _choose(catalogue: Catalogue, subscription: Subscription, downloads: list[Download], keep_line: bool) -> Choice:
    element = catalogue.elements.get(subscription.element)
    if element is None:
        return Choice(subscription.element, None, NotWanted.NOT_ON_PORTAL)
    in_use = in_use_version(downloads)
    reference = in_use or subscription.baseline
    versions = [version for version in element.versions if not keep_line or reference is None or version.version.line == reference.line]
    if not versions:
        return Choice(subscription.element, None, NotWanted.OTHER_LINE)
    newest = versions[0]
    if in_use is not None and newest.version < in_use:
        return Choice(subscription.element, None, NotWanted.INSTALLED)
    if any(_is_installed(download, newest) for download in downloads):
        return Choice(subscription.element, None, NotWanted.INSTALLED)
    return Choice(subscription.element, newest)


def in_use_version(downloads: Iterable[Download]) -> Version | None:
    """Returns the newest version of one element that was installed or started, or None."""
    used = (DownloadState.INSTALLED, DownloadState.STARTED)
    return max((download.version for download in downloads if download.state in used), default=None)


def withdrawn(catalogue: Catalogue, downloads: Iterable[Download]) -> tuple[Download, ...]:
    """Returns the offered downloads that the vendor does not offer any more: they must not be installed by mistake."""
    offered = {(version.element, version.version) for element in catalogue.elements.values() for version in element.versions}
    return tuple(
        download
        for download in downloads
        if download.state is DownloadState.OFFERED and (download.element, download.version) not in offered
    )


def described_anew(catalogue: Catalogue, downloads: Iterable[Download]) -> tuple[ElementVersion, ...]:
    """Returns the versions of which the vendor says something else now than when they were wanted; the files are the same."""
    known = {(download.element, download.version): download for download in downloads}
    versions = (version for element in catalogue.elements.values() for version in element.versions)
    pairs = ((version, known.get((version.element, version.version))) for version in versions)
    return tuple(
        version
        for version, download in pairs
        if download is not None and set(download.hashes) == set(version.hashes) and not download.is_described_as(version)
    )


def _is_installed(download: Download, version: ElementVersion) -> bool:
    """Returns whether exactly this file was installed: the vendor may sign another one under the same version."""
    same = download.version == version.version and set(download.hashes) == set(version.hashes)
    return same and download.state is DownloadState.INSTALLED
