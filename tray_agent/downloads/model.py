"""The values of the Download-Service: versions and how they are written, downloads and their states, how an installation ended."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

Hashes = tuple[tuple[str, str], ...]
"""Algorithm and hexadecimal digest, as the signed metadata names them."""

_WRITTEN_VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version as the vendor writes it, ``2.69.001``; ``2.69.010`` is newer than ``2.69.9``, whatever the number of digits.

    However it was written, it is shown in one way: ``2.69.1`` and ``2.69.001`` are the same version.
    """

    major: int
    minor: int
    revision: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Returns the version that a text writes.

        Raises:
            ValueError: the text is not three numbers separated by full stops, each of at most six digits.
        """
        match = _WRITTEN_VERSION.fullmatch(text)
        if match is None:
            raise ValueError(text)
        return cls(*(int(number) for number in match.groups()))

    @property
    def line(self) -> tuple[int, int]:
        """Returns major and minor: what an installation stays on where the practice wishes so."""
        return (self.major, self.minor)

    def __str__(self) -> str:
        """Returns the version as the vendor writes it: the revision with three digits."""
        return f"{self.major}.{self.minor}.{self.revision:03}"


class FileKind(StrEnum):
    """How a file is started; decided by the signed metadata, which must agree with the file's name."""

    MSI = "msi"
    EXE = "exe"
    FILE = "file"
    """Anything else: the folder is shown, nothing is started."""


class Scope(StrEnum):
    """For whom an installation counts."""

    WORKSTATION = "workstation"
    """Each workstation installs it: programs."""

    PRACTICE = "practice"
    """One installation serves all: tariffs, drug data."""


REWORDABLE = ("title", "released", "notes", "restart", "needs", "publisher", "scope", "software")
"""What the vendor may say anew of a version while the file, its name and its kind stay."""

VersionKey = tuple[str, Version]
"""An element's key and a version: what names one version of one element."""


@dataclass(frozen=True, slots=True)
class Recall:
    """That the vendor calls a version back: nobody should install it any more.

    Attributes:
        reason: why, plain text for people.
        day: since when.
    """

    reason: str
    day: date


@dataclass(frozen=True, slots=True)
class ElementVersion:
    """One version of an element as the vendor signed it: one row of the Online-Portal, one file.

    Attributes:
        element: the element's key, ASCII lower-case, stable over versions.
        version: its version.
        title: its name for people.
        released: the day the vendor released it.
        notes: what is new, plain text for people; may be empty.
        kind: how the file is started.
        restart: whether the practice software must be closed and started again.
        needs: the least version of the practice software, or None.
        target: the path of the file in the portal's signed metadata.
        file_name: the name of the file in the download folder; passed the strict rule of ``names``.
        size: bytes.
        hashes: algorithm and hexadecimal digest of the whole file, at least one.
        publisher: who must have signed an installer (Authenticode), or "".
        scope: for whom an installation counts.
        software: the version of the practice software that it installs, or None: it leaves that as it is.
        area, heading: where the portal shows it; "" for a version that was read from the store, which does not keep that.
        critical: whether the vendor marks it as urgent; the store does not keep that either.
        recall: that it was called back, or None; the store does not keep that either.
    """

    element: str
    version: Version
    title: str
    released: date
    notes: str
    kind: FileKind
    restart: bool
    needs: Version | None
    target: str
    file_name: str
    size: int
    hashes: Hashes
    publisher: str = ""
    area: str = ""
    heading: str = ""
    scope: Scope = Scope.WORKSTATION
    software: Version | None = None
    critical: bool = False
    recall: Recall | None = None

    @property
    def key(self) -> VersionKey:
        """Returns what names this version."""
        return self.element, self.version

    @property
    def name(self) -> str:
        """Returns element and version for people: "Update vitomed 2.69.001"."""
        return f"{self.title} {self.version}"

    def is_same_file(self, other: ElementVersion) -> bool:
        """Returns whether this is exactly that file: the vendor may sign another one under the same version."""
        return self.key == other.key and set(self.hashes) == set(other.hashes)

    def is_described_as(self, other: ElementVersion) -> bool:
        """Returns whether the vendor says the same of both."""
        return all(getattr(self, name) == getattr(other, name) for name in REWORDABLE)


class DownloadState(StrEnum):
    """What became of one version of an element, as a workstation sees it.

    ``NEW``, ``OFFERED`` and ``SUPERSEDED`` are the practice's; ``STARTED`` and ``INSTALLED`` belong to the workstation where it happened,
    or to all, as the element's scope says. Whether the file is on a workstation is another question.
    """

    NEW = "new"
    """Seen on the portal and wanted; on no workstation yet."""

    OFFERED = "offered"
    """Downloaded and verified on some workstation; waits for a person."""

    STARTED = "started"
    """A person started the installation, or was shown the file; how it ended is unknown."""

    INSTALLED = "installed"
    """The installation ended with success."""

    SUPERSEDED = "superseded"
    """A newer version took its place, or the vendor took it back."""


_EVER = {DownloadState.STARTED, DownloadState.INSTALLED}
_MAY_FOLLOW = {
    DownloadState.NEW: {DownloadState.OFFERED, DownloadState.SUPERSEDED},
    DownloadState.OFFERED: {DownloadState.NEW, DownloadState.SUPERSEDED, *_EVER},
    DownloadState.STARTED: {DownloadState.NEW, DownloadState.OFFERED, DownloadState.SUPERSEDED, *_EVER},
    DownloadState.INSTALLED: {DownloadState.NEW, DownloadState.SUPERSEDED, *_EVER},
    DownloadState.SUPERSEDED: {DownloadState.NEW, *_EVER},
}


def predecessors(state: DownloadState) -> frozenset[DownloadState]:
    """Returns the states after which ``state`` may come.

    ``NEW`` again: the vendor signed another file under the same version, or offers a replaced one again. ``OFFERED`` after ``STARTED``:
    the person closed the installer, or it failed. ``STARTED`` after ``SUPERSEDED``: a person may go back to an older version that was kept.
    """
    return frozenset(before for before, following in _MAY_FOLLOW.items() if state in following)


@dataclass(frozen=True, slots=True)
class OnWorkstation:
    """What is known of one version on one workstation.

    Attributes:
        workstation: its name.
        file_time: modification time of its file when it was last verified there, in nanoseconds; None: no file is known there.
        verified_at: when length and hashes were last checked there (aware, UTC), or None.
        installed: ``STARTED`` or ``INSTALLED``, or None where it was not installed there.
        exit_code: of the last installation there, or None.
        changed_at: when ``installed`` last changed (aware, UTC).
        changed_by: who changed it.
    """

    workstation: str
    file_time: int | None
    verified_at: datetime | None
    installed: DownloadState | None
    exit_code: int | None
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class Download:
    """One version of an element as this workstation sees it.

    Attributes:
        signed: the version as the vendor signed it.
        for_all: what holds for the whole practice: ``NEW``, ``OFFERED`` or ``SUPERSEDED``.
        moved_at: when that last changed (aware, UTC).
        moved_by: the workstation that changed it.
        here: what is known of it on this workstation, or None.
        elsewhere: what is known of it on the others, by name.
        replaced: whether a newer version was installed since, where this one's installation counts.
    """

    signed: ElementVersion
    for_all: DownloadState
    moved_at: datetime
    moved_by: str
    here: OnWorkstation | None = None
    elsewhere: tuple[OnWorkstation, ...] = ()
    replaced: bool = False

    @property
    def everywhere(self) -> tuple[OnWorkstation, ...]:
        """Returns what is known of it on the workstations, this one first."""
        return (*([self.here] if self.here else []), *self.elsewhere)

    @property
    def counts_here(self) -> OnWorkstation | None:
        """Returns the installation that counts for this workstation, the last one of several; None where there is none."""
        places = self.everywhere if self.signed.scope is Scope.PRACTICE else self.everywhere[: 1 if self.here else 0]
        return max((place for place in places if place.installed), key=lambda place: place.changed_at, default=None)

    @property
    def state(self) -> DownloadState:
        """Returns what became of it, as this workstation sees it."""
        if self.replaced:
            return DownloadState.SUPERSEDED
        counts = self.counts_here
        return counts.installed if counts and counts.installed else self.for_all

    @property
    def changed_at(self) -> datetime:
        """Returns since when the state is as it is."""
        return self.counts_here.changed_at if self.counts_here else self.moved_at

    @property
    def changed_by(self) -> str:
        """Returns who changed the state last: a person, or a workstation."""
        return self.counts_here.changed_by if self.counts_here else self.moved_by

    @property
    def exit_code(self) -> int | None:
        """Returns the exit code of the last installation here, or None."""
        return self.here.exit_code if self.here else None

    @property
    def verified_at(self) -> datetime | None:
        """Returns when the file here was last verified (aware, UTC), or None."""
        return self.here.verified_at if self.here else None

    @property
    def is_in_use(self) -> bool:
        """Returns whether any workstation has started or installed it."""
        return any(place.installed for place in self.everywhere)

    @property
    def should_be_here(self) -> bool:
        """Returns whether its file belongs in this workstation's folder: what is installed or was replaced may be cleared away."""
        started_here = self.here is not None and self.here.installed is DownloadState.STARTED
        return self.state is DownloadState.OFFERED or (started_here and self.state is DownloadState.STARTED)

    @property
    def was_here(self) -> bool:
        """Returns whether its file was seen in this workstation's folder, and not missed since."""
        return self.here is not None and self.here.file_time is not None


def with_replaced(downloads: Sequence[Download]) -> list[Download]:
    """Returns downloads with ``replaced`` as follows from the installations that count here, whatever versions there are of an element."""
    return [replace(one, replaced=_is_replaced(one, downloads)) for one in downloads]


def _is_replaced(download: Download, all_of_them: Iterable[Download]) -> bool:
    """Returns whether a newer version was installed; who went back to an older one since wanted that."""
    own = download.counts_here
    newer = (one for one in all_of_them if one.signed.element == download.signed.element and one.signed.version > download.signed.version)
    installed = (one.counts_here for one in newer)
    return any(
        place.installed is DownloadState.INSTALLED and (own is None or own.changed_at <= place.changed_at) for place in installed if place
    )


@dataclass(frozen=True, slots=True)
class DownloadRow:
    """A row of the window *Downloads…*: one version that is here or on its way.

    Attributes:
        download: the version as the practice knows it.
        present: whether the whole file is in this workstation's download folder (looked at now, not verified).
        kept: whether it is an older version that is kept beside a newer one.
        recall: that the vendor called it back, as the portal's last confirmed state says, or None.
        critical: whether the vendor marks it as urgent.
    """

    download: Download
    present: bool
    kept: bool
    recall: Recall | None = None
    critical: bool = False

    @property
    def signed(self) -> ElementVersion:
        """Returns the version as the vendor signed it."""
        return self.download.signed

    @property
    def state(self) -> DownloadState:
        """Returns what became of it."""
        return self.download.state

    @property
    def is_missing(self) -> bool:
        """Returns whether the file should be here, was, and is not any more."""
        return self.recall is None and self.download.should_be_here and not self.present and self.download.was_here

    @property
    def is_coming(self) -> bool:
        """Returns whether the file should be here and was not yet: it comes by itself."""
        if self.recall is not None:
            return False
        return self.state is DownloadState.NEW or (self.download.should_be_here and not self.present and not self.download.was_here)


@dataclass(frozen=True, slots=True)
class Subscription:
    """An element that is downloaded by itself.

    Attributes:
        element: its key.
        title: its name when it was subscribed.
        baseline: the newest version then: the line to stay on until something is installed; None where there was none.
        subscribed_at: aware, UTC.
        subscribed_by: the person and workstation.
    """

    element: str
    title: str
    baseline: Version | None
    subscribed_at: datetime
    subscribed_by: str


class InstallOutcome(StrEnum):
    """How a hand-over to an installer ended."""

    INSTALLED = "installed"
    RESTART_NEEDED = "restart_needed"
    """Installed; Windows must be restarted (msiexec 3010, 1641)."""

    SHOWN = "shown"
    """A file that is no installer was shown."""

    STARTED = "started"
    """Started; the system does not tell how it ended."""

    CANCELLED = "cancelled"
    """The person closed the installer (msiexec 1602) or declined the elevation."""

    FAILED = "failed"
    """The installer ended with an error."""

    @property
    def went_well(self) -> bool:
        """Returns whether it came to what the person wanted."""
        return self not in (InstallOutcome.FAILED, InstallOutcome.CANCELLED)


@dataclass(frozen=True, slots=True)
class InstallResult:
    """What became of a hand-over.

    Attributes:
        element, version, title: what was handed over.
        outcome: how it ended.
        exit_code: the installer's, or None.
        publisher: who signed the file, or "".
        restart_practice_software: whether to tell that the practice software must be closed and started again.
        sentence: all this in words for people.
    """

    element: str
    version: str
    title: str
    outcome: InstallOutcome
    exit_code: int | None
    publisher: str
    restart_practice_software: bool
    sentence: str


class Starter(Protocol):
    """Starts files as the system does for a person; elevation is the system's business."""

    def start(self, file: Path, kind: FileKind) -> int | None:
        """Starts an installer and waits for its end.

        Args:
            file: a verified file in the download folder.
            kind: ``MSI`` (through msiexec) or ``EXE``.

        Returns:
            The exit code, or None where the system does not tell.

        Raises:
            OSError: it could not be started (no such kind of program here, a person declined the elevation).
        """
        ...

    def show(self, file: Path) -> None:
        """Shows a file, or a folder, in the system's file window.

        Raises:
            OSError: there is nothing to show it with.
        """
        ...
