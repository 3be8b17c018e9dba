"""What the portal offers, as typed values read from the signed metadata of its targets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from tray_agent.downloads.version import Version

NEW_DOWNLOADS = "Neue Downloads"
"""The area whose context menu activates the Download-Service (seed, «Element abonnieren», step 3)."""

HISTORY = "Download-History"
"""The area of older versions (seed, step 4)."""


class FileKind(StrEnum):
    """How a file is started; decided by the signed metadata, which must agree with the file's name."""

    MSI = "msi"
    EXE = "exe"
    FILE = "file"
    """Anything else: the folder is shown, nothing is started."""


@dataclass(frozen=True, slots=True)
class ElementVersion:
    """One version of an element: one row of the Online-Portal, one file.

    Attributes:
        element: the element's key, ASCII lower-case, stable over versions.
        title: its name for people.
        area, heading: where the portal shows it.
        version: its version.
        released: the day the vendor released it.
        notes: what is new, plain text for people; may be empty.
        kind: how the file is started.
        restart: whether the practice software must be closed and started again.
        needs: the least version of the practice software, or None.
        publisher: who must have signed an installer (Authenticode), or "".
        target: the path of the file in the portal's signed metadata.
        file_name: the name of the file in the download folder; passed the strict rule of ``names``.
        size: bytes.
        hashes: algorithm and hexadecimal digest of the whole file, at least one.
    """

    element: str
    title: str
    area: str
    heading: str
    version: Version
    released: date
    notes: str
    kind: FileKind
    restart: bool
    needs: Version | None
    target: str
    file_name: str
    size: int
    hashes: tuple[tuple[str, str], ...]
    publisher: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of an area with its rows; not a row itself."""

    title: str
    versions: tuple[ElementVersion, ...]


@dataclass(frozen=True, slots=True)
class Area:
    """An area of the portal."""

    title: str
    headings: tuple[Heading, ...]


@dataclass(frozen=True, slots=True)
class Element:
    """An element with all versions that the portal offers, the newest first."""

    key: str
    title: str
    versions: tuple[ElementVersion, ...]

    @property
    def newest(self) -> ElementVersion:
        """Returns the newest version."""
        return self.versions[0]


class RefusalReason(StrEnum):
    """Why a target of the portal is not offered."""

    FIELD = "wrong_field"
    NAME = "unsafe_name"
    HASH = "unknown_hash"
    DUPLICATE = "duplicate_version"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A target that can't be offered; the others are not affected.

    Attributes:
        target: its path in the metadata, shortened and made printable.
        element: the element's key where it could be read, else None.
        reason: why, as a stable code.
        sentence: why, for people.
    """

    target: str
    element: str | None
    reason: RefusalReason
    sentence: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything the portal offers at one moment.

    Attributes:
        areas: in the portal's order.
        elements: by key.
        refusals: what could not be read.
        number: the version of the signed targets metadata; grows with every publication.
        checked_at: when the portal last confirmed it (aware, UTC).
        offline: whether the portal did not answer now and this is the last confirmed state.
    """

    areas: tuple[Area, ...]
    elements: dict[str, Element]
    refusals: tuple[Refusal, ...] = field(default=())
    number: int = 0
    checked_at: datetime | None = None
    offline: bool = False
