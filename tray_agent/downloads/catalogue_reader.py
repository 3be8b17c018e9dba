"""Reads the signed metadata of the portal's targets into typed values: unknown fields ignored, wrong ones refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, StrictBool, StringConstraints, ValidationError

from tray_agent.downloads.catalogue import HISTORY, NEW_DOWNLOADS, Area, Element, ElementVersion, FileKind, Heading, Refusal, RefusalReason
from tray_agent.downloads.names import UnsafeNameError, check_element_key, check_file_name, file_name_of
from tray_agent.downloads.version import Version
from tray_agent.i18n import _

PORTAL_FIELD = "x-vitoclient-portal"
"""The field of the signed targets metadata that holds what concerns the whole portal: ``{"areas": [title, …]}``."""

LARGEST = 2**53
"""Bytes of the largest file that can be described: what every JSON reader and every database still counts exactly."""

DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
"""The hash algorithms that can be checked here, with the length of their hexadecimal digests."""


class OfferedTarget(Protocol):
    """What the reader needs of a target; ``tuf.api.metadata.TargetFile`` is one."""

    length: int
    hashes: dict[str, str]

    @property
    def custom(self) -> Any:  # noqa: ANN401 - whatever JSON the signer wrote
        """Returns the custom metadata."""
        ...


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("control characters")
    return text


def _lines(text: str) -> str:
    if not all(character == "\n" or character.isprintable() for character in text):
        raise ValueError("control characters")
    return text


def _version_text(text: str) -> str:
    return str(Version.parse(text))


def _day(text: str) -> str:
    return date.fromisoformat(text).isoformat()


_Label = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=120), AfterValidator(_printable)]
_Notes = Annotated[str, StringConstraints(strict=True, max_length=4000), AfterValidator(_lines)]
_Key = Annotated[str, StringConstraints(strict=True), AfterValidator(check_element_key)]
_VersionText = Annotated[str, StringConstraints(strict=True), AfterValidator(_version_text)]
_Day = Annotated[str, StringConstraints(strict=True, pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_day)]


class TargetDescription(BaseModel):
    """The custom metadata of a target, as the vendor signs it (see ``docs/portal.md``)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    element: _Key
    title: _Label
    area: _Label
    heading: _Label
    version: _VersionText
    released: _Day
    notes: _Notes = ""
    kind: FileKind | None = None
    restart: StrictBool = False
    needs: _VersionText | None = None
    publisher: _Label | None = None


class _Unreadable(Exception):  # noqa: N818 - not an error to anybody outside: it becomes a Refusal
    def __init__(self, reason: RefusalReason, what: str) -> None:
        super().__init__(what)
        self.reason = reason
        self.what = what


def read_targets(targets: Mapping[str, OfferedTarget]) -> tuple[list[ElementVersion], list[Refusal]]:
    """Returns what can be offered, and what is refused with the reason; one wrong target never harms another."""
    versions: list[ElementVersion] = []
    refusals: list[Refusal] = []
    for path, target in targets.items():
        try:
            versions.append(_read_target(path, target))
        except _Unreadable as error:
            refusals.append(_refusal(path, _element_of(target.custom), error.reason, error.what))
    return _without_duplicates(versions, refusals), refusals


def arrange(versions: Iterable[ElementVersion], order: Iterable[str]) -> tuple[Area, ...]:
    """Returns the areas in the portal's order, then *Neue Downloads* first, the others by title, the history last.

    Headings and rows follow the alphabet, the newest version of an element first.
    """
    places = {title: place for place, title in enumerate(order)}
    areas: dict[str, dict[str, list[ElementVersion]]] = {}
    for version in versions:
        areas.setdefault(version.area, {}).setdefault(version.heading, []).append(version)
    titles = sorted(areas, key=lambda title: (places.get(title, len(places)), title == HISTORY, title != NEW_DOWNLOADS, title.casefold()))
    return tuple(
        Area(title, tuple(_heading(name, areas[title][name]) for name in sorted(areas[title], key=str.casefold))) for title in titles
    )


def elements_of(versions: Iterable[ElementVersion]) -> dict[str, Element]:
    """Returns the elements by key, each with its versions, the newest first; titled as the newest is."""
    by_key: dict[str, list[ElementVersion]] = {}
    for version in versions:
        by_key.setdefault(version.element, []).append(version)
    elements = {}
    for key in sorted(by_key):
        found = tuple(sorted(by_key[key], key=lambda version: version.version, reverse=True))
        elements[key] = Element(key, found[0].title, found)
    return elements


def read_area_order(field: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever JSON the signer wrote
    """Returns the order of the areas out of ``PORTAL_FIELD``; empty where it is missing or wrong."""
    areas = field.get("areas") if isinstance(field, dict) else None
    if not isinstance(areas, list) or not all(isinstance(title, str) for title in areas):
        return ()
    return tuple(areas)


def _heading(title: str, versions: list[ElementVersion]) -> Heading:
    newest_first = sorted(versions, key=lambda version: version.version, reverse=True)
    return Heading(title, tuple(sorted(newest_first, key=lambda version: version.title.casefold())))


def _read_target(path: str, target: OfferedTarget) -> ElementVersion:
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
    return ElementVersion(
        element=description.element,
        title=description.title,
        area=description.area,
        heading=description.heading,
        version=Version.parse(description.version),
        released=date.fromisoformat(description.released),
        notes=description.notes,
        kind=kind,
        restart=description.restart,
        needs=Version.parse(description.needs) if description.needs else None,
        publisher=description.publisher or "",
        target=path,
        file_name=file_name,
        size=target.length,
        hashes=_read_hashes(target.hashes),
    )


def _read_description(custom: Any) -> TargetDescription:  # noqa: ANN401 - whatever JSON the signer wrote
    try:
        return TargetDescription.model_validate(custom)
    except ValidationError as error:
        where = error.errors()[0]["loc"]
        raise _Unreadable(RefusalReason.FIELD, str(where[0]) if where else "custom") from error


def _read_hashes(hashes: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    for algorithm, digest in hashes.items():
        length = DIGEST_LENGTHS.get(algorithm)
        if length is None or not re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", digest):
            raise _Unreadable(RefusalReason.HASH, algorithm[:20])
    if not hashes:
        raise _Unreadable(RefusalReason.HASH, "-")
    return tuple((algorithm, digest.lower()) for algorithm, digest in hashes.items())


def _without_duplicates(versions: list[ElementVersion], refusals: list[Refusal]) -> list[ElementVersion]:
    """Two files that claim to be the same version: neither can be trusted to be the one that is meant."""
    seen: dict[tuple[str, Version], list[ElementVersion]] = {}
    for version in versions:
        seen.setdefault((version.element, version.version), []).append(version)
    for twins in seen.values():
        if len(twins) > 1:
            refusals.extend(_refusal(twin.target, twin.element, RefusalReason.DUPLICATE, str(twin.version)) for twin in twins)
    return [version for version in versions if len(seen[version.element, version.version]) == 1]


def _element_of(custom: Any) -> str | None:  # noqa: ANN401 - whatever JSON the signer wrote
    key = custom.get("element") if isinstance(custom, dict) else None
    try:
        return check_element_key(key) if isinstance(key, str) else None
    except UnsafeNameError:
        return None


def _refusal(path: str, element: str | None, reason: RefusalReason, what: str) -> Refusal:
    shown = "".join(character if character.isprintable() else "?" for character in path)[:120]
    return Refusal(shown, element, reason, _sentence(reason).format(target=shown, what=what))


def _sentence(reason: RefusalReason) -> str:
    if reason is RefusalReason.FIELD:
        return _("«{target}» wird nicht angeboten: das Feld «{what}» der Beschreibung fehlt oder ist falsch.")
    if reason is RefusalReason.NAME:
        return _("«{target}» wird nicht angeboten: der Dateiname ist nicht erlaubt ({what}).")
    if reason is RefusalReason.HASH:
        return _("«{target}» wird nicht angeboten: die Prüfsumme ({what}) kann hier nicht geprüft werden.")
    return _("«{target}» wird nicht angeboten: die Version {what} gibt es auf dem Portal mehrfach.")
