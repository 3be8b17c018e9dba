"""Which version of each subscribed element the practice wants: pure, from the catalogue and what is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tray_agent.downloads.catalogue import Catalogue
from tray_agent.downloads.model import Download, DownloadState, ElementVersion, Subscription


class NotFetched(StrEnum):
    """Why nothing of an element is fetched; what the history counts as skipped."""

    NOT_ON_PORTAL = "not_on_portal"
    OTHER_LINE = "other_line"
    """There are versions, but none with the major.minor to stay on."""

    INSTALLED = "installed"
    """The newest one is installed here, or a newer one that was withdrawn since is in use."""

    UP_TO_DATE = "up_to_date"
    """The wanted version is here."""

    REFUSED = "refused"
    """The portal describes it wrongly."""


@dataclass(frozen=True, slots=True)
class ElementChoice:
    """What is wanted of one subscribed element: a version, or nothing with the reason."""

    element: str
    version: ElementVersion | None
    reason: NotFetched | None = None


def choose(
    catalogue: Catalogue, subscriptions: Iterable[Subscription], downloads: Iterable[Download], *, keep_line: bool
) -> tuple[ElementChoice, ...]:
    """Returns what is wanted, one choice for every subscription.

    Args:
        catalogue: what the portal offers.
        subscriptions: what the practice subscribed to.
        downloads: what is known of earlier downloads.
        keep_line: whether an installation stays on its major.minor (switch ``NurGleicheHauptversion``).
    """
    known = tuple(downloads)
    return tuple(_choose(catalogue, subscription, known, keep_line) for subscription in subscriptions)


def _choose(catalogue: Catalogue, subscription: Subscription, known: Iterable[Download], keep_line: bool) -> ElementChoice:
    def nothing(reason: NotFetched) -> ElementChoice:
        return ElementChoice(subscription.element, None, reason)

    offered = catalogue.elements.get(subscription.element)
    if offered is None:
        return nothing(NotFetched.NOT_ON_PORTAL)
    downloads = [download for download in known if download.signed.element == subscription.element]
    # On any workstation: they all work with one installation, and who runs the job must make no difference.
    in_use = max((download.signed.version for download in downloads if download.is_in_use), default=None)
    reference = in_use or subscription.baseline
    versions = [version for version in offered if not keep_line or reference is None or version.version.line == reference.line]
    if not versions:
        return nothing(NotFetched.OTHER_LINE)
    newest = versions[0]
    installed = (download.signed for download in downloads if download.state is DownloadState.INSTALLED)
    # An older one than the one in use is not wanted: the newer one was withdrawn, and going back is a person's decision.
    if (in_use is not None and newest.version < in_use) or any(newest.is_same_file(signed) for signed in installed):
        return nothing(NotFetched.INSTALLED)
    return ElementChoice(subscription.element, newest)


def withdrawn(catalogue: Catalogue, downloads: Iterable[Download]) -> list[Download]:
    """Returns the offered downloads that the vendor does not offer any more: they must not be installed by mistake."""
    on_portal = catalogue.versions
    return [download for download in downloads if download.for_all is DownloadState.OFFERED and download.signed.key not in on_portal]


def described_anew(catalogue: Catalogue, downloads: Iterable[Download]) -> list[ElementVersion]:
    """Returns the versions of which the vendor says something else now than when they were wanted; the files are the same."""
    on_portal = catalogue.versions
    pairs = ((download.signed, on_portal.get(download.signed.key)) for download in downloads)
    return [now for before, now in pairs if now is not None and now.is_same_file(before) and not now.is_described_as(before)]
