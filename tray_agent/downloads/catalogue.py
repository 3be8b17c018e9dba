"""What the portal offers, read from the signed metadata of its targets: unknown fields ignored, wrong ones refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainValidator, StrictBool, StringConstraints, ValidationError

from tray_agent.downloads.model import ElementVersion, FileKind, Hashes, Recall, Scope, Version, VersionKey
from tray_agent.downloads.names import UnsafeNameError, check_element_key, check_file_name, file_name_of
from tray_agent.i18n import N_, _

if TYPE_CHECKING:
    from tuf.api.metadata import TargetFile

NEW_DOWNLOADS = "Neue Downloads"
"""The area whose context menu activates the Download-Service (seed, «Element abonnieren», step 3)."""

HISTORY = "Download-History"
"""The area of older versions (seed, step 4)."""

PORTAL_FIELD = "x-vitoclient-portal"
"""The field of the signed targets metadata that holds what concerns the whole portal: ``{"areas": [title, …]}``."""

LARGEST = 2**53
"""Bytes of the largest file that can be described: what every JSON reader and every database still counts exactly."""

DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
"""The hash algorithms that can be checked here, with the length of their hexadecimal digests."""


class RefusalReason(StrEnum):
    """Why a target of the portal is not offered."""

    FIELD = "wrong_field"
    NAME = "unsafe_name"
    HASH = "unknown_hash"
    DUPLICATE = "duplicate_version"


@dataclass(frozen=True, slots=True)
class RefusedTarget:
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
        elements: by key all versions of each, the newest first.
        areas: the portal's order of its areas, by title.
        refusals: what could not be read.
        recalled: what the vendor called back; it is not among the elements.
        number: the version of the signed targets metadata; grows with every publication.
        checked_at: when the portal last confirmed it (aware, UTC).
        offline: whether the portal did not answer now and this is the last confirmed state.
    """

    elements: Mapping[str, tuple[ElementVersion, ...]]
    areas: tuple[str, ...] = ()
    refusals: tuple[RefusedTarget, ...] = ()
    number: int = 0
    checked_at: datetime | None = None
    offline: bool = False
    recalled: Mapping[VersionKey, ElementVersion] = field(default_factory=dict)

    @property
    def versions(self) -> Mapping[VersionKey, ElementVersion]:
        """Returns all that is offered."""
        return {version.key: version for versions in self.elements.values() for version in versions}


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters")
    return text


def _lines(text: str) -> str:
    _printable(text.replace("\n", ""))
    return text


def _version(value: object) -> Version:
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004 - pydantic makes a refusal of a ValueError only
    return Version.parse(value)


_Label = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=120), AfterValidator(_printable)]
_Notes = Annotated[str, StringConstraints(strict=True, max_length=4000), AfterValidator(_lines)]
_Key = Annotated[str, StringConstraints(strict=True), AfterValidator(check_element_key)]
_Version = Annotated[Version, PlainValidator(_version)]
_Day = Annotated[str, StringConstraints(strict=True, pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(date.fromisoformat)]


class RecallDescription(BaseModel):
    """That the vendor calls a version back."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    reason: _Label
    date: _Day


class TargetDescription(BaseModel):
    """The custom metadata of a target, as the vendor signs it (see ``docs/portal.md``)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    element: _Key
    title: _Label
    area: _Label
    heading: _Label
    version: _Version
    released: _Day
    notes: _Notes = ""
    kind: FileKind | None = None
    restart: StrictBool = False
    needs: _Version | None = None
    publisher: _Label | None = None
    scope: Scope | None = None
    software: _Version | None = None
    critical: StrictBool = False
    recalled: RecallDescription | None = None


class _Unreadable(Exception):  # noqa: N818 - not an error to anybody outside: it becomes a RefusedTarget
    def __init__(self, reason: RefusalReason, what: str) -> None:
        super().__init__(what)
        self.reason = reason
        self.what = what


def read_targets(targets: Mapping[str, TargetFile]) -> tuple[list[ElementVersion], list[RefusedTarget]]:
    """Returns what can be offered, and what is refused with the reason; one wrong target never harms another."""
    versions: list[ElementVersion] = []
    refusals: list[RefusedTarget] = []
    for path, target in targets.items():
        try:
            versions.append(_read_target(path, target))
        except _Unreadable as error:
            refusals.append(_refusal(path, _element_of(target.custom), error.reason, error.what))
    return _without_duplicates(versions, refusals), refusals


def elements_of(versions: Iterable[ElementVersion]) -> dict[str, tuple[ElementVersion, ...]]:
    """Returns the elements by key, each with its versions, the newest first."""
    by_key: dict[str, list[ElementVersion]] = {}
    for version in sorted(versions, key=lambda version: version.version, reverse=True):
        by_key.setdefault(version.element, []).append(version)
    return {key: tuple(by_key[key]) for key in sorted(by_key)}


def read_area_order(field: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever JSON the signer wrote
    """Returns the order of the areas out of ``PORTAL_FIELD``; empty where it is missing or wrong."""
    areas = field.get("areas") if isinstance(field, dict) else None
    if not isinstance(areas, list) or not all(isinstance(title, str) for title in areas):
        return ()
    return tuple(areas)


def _read_target(path: str, target: TargetFile) -> ElementVersion:
    description = _read_description(target.custom)
    try:
        file_name = file_name_of(path)
    except UnsafeNameError as error:
        raise _Unreadable(RefusalReason.NAME, _(str(error))) from error
    kind = check_file_name(file_name)
    if type(target.length) is not int or not 0 <= target.length <= LARGEST:
        raise _Unreadable(RefusalReason.FIELD, "length")
    if description.kind not in (None, kind):
        raise _Unreadable(RefusalReason.NAME, _("passt nicht zur angegebenen Art"))
    signed = dict(description) | {"kind": kind, "publisher": description.publisher or "", "target": path, "file_name": file_name}
    signed["scope"] = description.scope or (Scope.PRACTICE if kind is FileKind.FILE else Scope.WORKSTATION)
    recalled = signed.pop("recalled")
    signed["recall"] = Recall(recalled.reason, recalled.date) if recalled else None
    return ElementVersion(**signed, size=target.length, hashes=_read_hashes(target.hashes))


def _read_description(custom: Any) -> TargetDescription:  # noqa: ANN401 - whatever JSON the signer wrote
    try:
        return TargetDescription.model_validate(custom)
    except ValidationError as error:
        where = error.errors()[0]["loc"]
        raise _Unreadable(RefusalReason.FIELD, str(where[0]) if where else "custom") from error


def _read_hashes(hashes: Mapping[str, str]) -> Hashes:
    for algorithm, digest in hashes.items():
        length = DIGEST_LENGTHS.get(algorithm)
        if length is None or not re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", digest):
            raise _Unreadable(RefusalReason.HASH, algorithm[:20])
    if not hashes:
        raise _Unreadable(RefusalReason.HASH, "-")
    return tuple((algorithm, digest.lower()) for algorithm, digest in hashes.items())


def _without_duplicates(versions: list[ElementVersion], refusals: list[RefusedTarget]) -> list[ElementVersion]:
    """Two files that claim to be the same version: neither can be trusted to be the one that is meant."""
    seen: dict[VersionKey, list[ElementVersion]] = {}
    for version in versions:
        seen.setdefault(version.key, []).append(version)
    for twins in seen.values():
        if len(twins) > 1:
            refusals.extend(_refusal(twin.target, twin.element, RefusalReason.DUPLICATE, str(twin.version)) for twin in twins)
    return [version for version in versions if len(seen[version.key]) == 1]


def _element_of(custom: Any) -> str | None:  # noqa: ANN401 - whatever JSON the signer wrote
    key = custom.get("element") if isinstance(custom, dict) else None
    try:
        return check_element_key(key) if isinstance(key, str) else None
    except UnsafeNameError:
        return None


def _refusal(path: str, element: str | None, reason: RefusalReason, what: str) -> RefusedTarget:
    shown = "".join(character if character.isprintable() else "?" for character in path)[:120]
    return RefusedTarget(shown, element, reason, _(_REFUSALS[reason]).format(target=shown, what=what))


_REFUSALS = {
    RefusalReason.FIELD: N_("«{target}» wird nicht angeboten: das Feld «{what}» der Beschreibung fehlt oder ist falsch."),
    RefusalReason.NAME: N_("«{target}» wird nicht angeboten: der Dateiname ist nicht erlaubt ({what})."),
    RefusalReason.HASH: N_("«{target}» wird nicht angeboten: die Prüfsumme ({what}) kann hier nicht geprüft werden."),
    RefusalReason.DUPLICATE: N_("«{target}» wird nicht angeboten: die Version {what} gibt es auf dem Portal mehrfach."),
}
