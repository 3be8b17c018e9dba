"""What is known of an element on each workstation: where its file is, and which version is installed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tray_agent.downloads.model import Download, DownloadState, OnWorkstation, Version
from tray_agent.i18n import _


@dataclass(frozen=True, slots=True)
class Place:
    """One workstation, and one version of an element.

    Attributes:
        workstation: its name.
        is_here: whether it is this one.
        file: what is known of the version's file there, or None: nothing.
        installed: the last installation of any version of the element there, or None.
        version: which version that was, or None.
    """

    workstation: str
    is_here: bool
    file: OnWorkstation | None
    installed: OnWorkstation | None
    version: Version | None

    @property
    def has_file(self) -> bool:
        """Returns whether the version's file was there when its workstation looked last."""
        return self.file is not None and self.file.file_time is not None

    @property
    def result(self) -> str:
        """Returns what is known of the last installation, for people: "2.69.001 installiert"; "" where nothing is."""
        if self.installed is None or self.version is None:
            return ""
        if self.installed.installed is DownloadState.INSTALLED:
            return _("{version} installiert").format(version=self.version)
        if self.installed.installed is DownloadState.STARTED:
            return _("{version} gestartet").format(version=self.version)
        return _("{version} ohne Erfolg (Code {code})").format(version=self.version, code=self.installed.exit_code)


def places_of(download: Download, downloads: Iterable[Download], names: Iterable[str], own: str) -> tuple[Place, ...]:
    """Returns what is known of a version on each workstation, this one first, then by name.

    Args:
        download: the version.
        downloads: all that are known; of them the other versions of the element are looked at.
        names: the workstations whose agents are known.
        own: this workstation.
    """
    of_element = [one for one in downloads if one.signed.element == download.signed.element]
    known = {own, *names, *(place.workstation for one in of_element for place in one.everywhere)}
    ordered = sorted(known, key=lambda name: (name != own, name.casefold()))
    return tuple(_place(name, own, download, of_element) for name in ordered)


def _place(name: str, own: str, download: Download, of_element: Iterable[Download]) -> Place:
    file = next((place for place in download.everywhere if place.workstation == name), None)
    tried = [
        (place.changed_at, one.signed.version, place)
        for one in of_element
        for place in one.everywhere
        if place.workstation == name and (place.installed or place.exit_code is not None)
    ]
    _at, version, installed = max(tried, key=lambda found: found[:2], default=(None, None, None))
    return Place(name, name == own, file, installed, version)
