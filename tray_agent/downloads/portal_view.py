"""What the window *Online-Portal* and ``vitoclient portal list`` show: areas, headings and rows with ticks and states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tray_agent.downloads.catalogue import HISTORY, NEW_DOWNLOADS
from tray_agent.downloads.model import Download, DownloadState, ElementVersion, FileKind, Subscription, Version
from tray_agent.i18n import _


@dataclass(frozen=True, slots=True)
class PortalRow:
    """A row: one version of an element.

    Attributes:
        signed: the version as the vendor signed it.
        subscribed: whether *Automatisch herunterladen* is ticked for the element.
        state: what became of this version here, or None where it was never wanted.
    """

    signed: ElementVersion
    subscribed: bool
    state: DownloadState | None


@dataclass(frozen=True, slots=True)
class PortalHeading:
    """A heading with its rows; can't be subscribed."""

    title: str
    rows: tuple[PortalRow, ...]


@dataclass(frozen=True, slots=True)
class PortalArea:
    """An area with its headings."""

    title: str
    headings: tuple[PortalHeading, ...]

    @property
    def is_new(self) -> bool:
        """Returns whether this is *Neue Downloads*, whose context menu activates the service."""
        return self.title == NEW_DOWNLOADS


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


def arrange(rows: Iterable[PortalRow], order: Iterable[str]) -> tuple[PortalArea, ...]:
    """Returns the areas in the portal's order, then *Neue Downloads* first, the others by title, the history last.

    Headings and rows follow the alphabet, the newest version of an element first.
    """
    places = {title: place for place, title in enumerate(order)}
    areas: dict[str, dict[str, list[PortalRow]]] = {}
    for row in sorted(rows, key=lambda row: row.signed.version, reverse=True):
        areas.setdefault(row.signed.area, {}).setdefault(row.signed.heading, []).append(row)
    titles = sorted(areas, key=lambda title: (places.get(title, len(places)), title == HISTORY, title != NEW_DOWNLOADS, title.casefold()))
    return tuple(PortalArea(title, _headings(areas[title])) for title in titles)


def _headings(areas: Mapping[str, Iterable[PortalRow]]) -> tuple[PortalHeading, ...]:
    ordered = sorted(areas.items(), key=lambda heading: heading[0].casefold())
    return tuple(PortalHeading(title, tuple(sorted(rows, key=lambda row: row.signed.title.casefold()))) for title, rows in ordered)


def area_of_gone(subscriptions: Iterable[Subscription], downloads: Iterable[Download]) -> PortalArea:
    """Returns the area of what is subscribed and not offered any more, each as it was known last, so that it can be unticked."""
    known: dict[str, Download] = {}
    for download in downloads:  # the newest version of an element comes first
        known.setdefault(download.signed.element, download)
    rows = tuple(_gone_row(subscription, known.get(subscription.element)) for subscription in subscriptions)
    return PortalArea(_("Abonniert, aber nicht mehr angeboten"), (PortalHeading(_("Abonnements"), rows),))


def _gone_row(subscription: Subscription, download: Download | None) -> PortalRow:
    signed = download.signed if download else _as_subscribed(subscription)
    notes = _("Das Portal bietet dieses Element nicht mehr an; es kommt nichts Neues.")
    row = replace(signed, title=subscription.title, notes=notes, restart=False, needs=None)
    return PortalRow(row, subscribed=True, state=download.state if download else None)


def _as_subscribed(subscription: Subscription) -> ElementVersion:
    """Returns what is known of an element of which nothing was ever downloaded: what it was when it was subscribed."""
    version = subscription.baseline or Version(0, 0, 0)
    day = subscription.subscribed_at.date()
    return ElementVersion(subscription.element, version, subscription.title, day, "", FileKind.FILE, False, None, "", "", 0, ())
