"""The vendor's side of the portal: builds and signs a TUF repository from a folder and its description.

A repository is two folders that any web server can serve: ``metadata`` and ``targets``. Files are written so that a
client sees the old or the new state at any moment: first the files, then targets, snapshot, and last the timestamp.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tuf.api.metadata import TargetFile, Targets

from publishing.description import Description, Lifetimes, read_description
from publishing.errors import refused
from publishing.signed_metadata import ROLES, SignedMetadata, read_targets_list
from publishing.signing_keys import SigningKeys
from tray_agent.downloads.catalogue import PORTAL_FIELD, read_targets
from tray_agent.downloads.model import ElementVersion
from tray_agent.i18n import _
from tray_agent.platforms import files


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published.

    Attributes:
        root_file: the first root: what an installation needs in its configuration.
        versions: how many files are offered.
        number: the version of the signed list of files.
        expiries: every role with the instant at which clients refuse it: aware, UTC.
    """

    root_file: Path
    versions: int
    number: int
    expiries: tuple[tuple[str, datetime], ...]


def publish(source: Path, repository: Path, keys: SigningKeys, now: datetime, *, replace: bool = False) -> Publication:
    """Publishes what ``source`` describes; what was published before and is not described any more is withdrawn.

    The first time, the keys are made. Later, a role whose key is missing gets a new one, if the root's key is here.

    Args:
        source: a folder with ``portal.toml`` and the files it names.
        repository: the folder to serve; made where missing.
        keys: the signing keys.
        now: the present instant, aware.
        replace: whether a version that was published before may have another content now.

    Raises:
        PublishError: the description, a file or a key can't be used; nothing new is visible to clients.
    """
    description = read_description(source)
    targets = _collect(source, description)
    versions = _check(targets)
    if not replace:
        _check_unchanged(versions, repository)
    metadata = SignedMetadata(repository / "metadata", keys, now, description.lifetimes)
    lost = [role for role in ROLES[1:] if metadata.root is not None and not keys.has(role)]
    due = bool(lost) or metadata.is_due("root")
    # Asked for before anything is written: half a publication would leave the practices with metadata that do not fit.
    metadata.require([*(["root"] if due else []), *(role for role in ROLES[1:] if role not in lost)])
    # Files before the list that names them: a client sees the old or the new state, never a name without its file.
    for file, target in targets:
        _place(file, repository / "targets", target)
    if metadata.root is None:
        metadata.make_root()
    for role in lost:
        metadata.replace_keys(role)
    fields: dict[str, Any] = {PORTAL_FIELD: {"areas": description.areas, "lifetimes": description.lifetimes.model_dump()}}
    metadata.write_targets(Targets(targets={target.path: target for _file, target in targets}, unrecognized_fields=fields))
    if due:
        metadata.write_root()
    return _publication(metadata)


def refresh(repository: Path, keys: SigningKeys, now: datetime) -> Publication:
    """Signs the timestamp anew, and what is past half of its lifetime and whose key is here.

    Raises:
        PublishError: there is no repository, a part of it has expired and its key is not here, or a key can't be used.
    """
    metadata = _published(repository, keys, now)
    if metadata.is_due("root"):
        metadata.write_root()
    if metadata.is_due("targets", "snapshot"):
        metadata.sign_again("targets")
    else:
        metadata.sign_again("snapshot" if metadata.is_due("snapshot") else "timestamp")
    return _publication(metadata)


def rotate(
    repository: Path, keys: SigningKeys, role: str, now: datetime, *, count: int | None = None, threshold: int | None = None
) -> Publication:
    """Replaces the keys of a role by new ones. The practices follow by themselves, also those that know only the first root.

    Args:
        repository: a published portal.
        keys: the signing keys: the root's, and those of the roles that must sign anew (all but ``role`` itself, which may be lost).
        role: one of ``ROLES``.
        now: the present instant, aware.
        count: how many keys it has from now on; None: as many as now.
        threshold: how many of them must sign; None: as many as now, ``count`` at the most.

    Raises:
        PublishError: a key is missing, or ``count`` and ``threshold`` make no sense; nothing has changed for clients.
    """
    metadata = _published(repository, keys, now)
    assert metadata.root is not None  # noqa: S101 - _published has looked
    present = metadata.root.roles[role]
    number = count or len(present.keyids)
    needed = threshold or min(present.threshold, number)
    if not 1 <= needed <= number:
        raise refused(role, _("Von {count} Schlüsseln können nicht {needed} unterschreiben müssen.").format(count=number, needed=needed))
    signing = ROLES[max(1, ROLES.index(role)) :] if role != "root" else ()
    metadata.require(["root", *(name for name in signing if name != role)])
    metadata.replace_keys(role, number, needed)
    metadata.sign_again(role)
    metadata.write_root()
    return _publication(metadata)


def _published(repository: Path, keys: SigningKeys, now: datetime) -> SignedMetadata:
    folder = repository / "metadata"
    targets = read_targets_list(folder)
    if targets is None:
        raise refused(str(folder), _("Hier ist noch kein Portal veröffentlicht."))
    field = targets.unrecognized_fields.get(PORTAL_FIELD, {})
    return SignedMetadata(folder, keys, now, Lifetimes.model_validate(field.get("lifetimes", {})))


def _publication(metadata: SignedMetadata) -> Publication:
    root, targets, snapshot, timestamp = metadata.root, metadata.targets, metadata.snapshot, metadata.timestamp
    assert root and targets and snapshot and timestamp  # noqa: S101, PT018 - all four were written
    expiries = tuple(zip(ROLES, (root.expires, targets.expires, snapshot.expires, timestamp.expires), strict=True))
    return Publication(metadata.folder / "1.root.json", len(targets.targets), targets.version, expiries)


def _collect(source: Path, description: Description) -> list[tuple[Path, TargetFile]]:
    collected = []
    for name, target, custom in description.rows():
        file = source / name
        try:
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            size = file.stat().st_size
        except OSError as error:
            raise refused(str(file), _("{file} ist nicht lesbar.").format(file=file)) from error
        collected.append((file, TargetFile(size, {"sha256": digest}, target, {"custom": custom})))
    return collected


def _check(targets: Sequence[tuple[Path, TargetFile]]) -> list[ElementVersion]:
    """Reads what would be signed as a client will: what a client would refuse is not published."""
    for path, count in Counter(target.path for _file, target in targets).items():
        if count > 1:
            raise refused(path, _("«{target}» ist mehrfach beschrieben.").format(target=path))
    versions, refusals = read_targets({target.path: target for _file, target in targets})
    if refusals:
        raise refused(refusals[0].target, refusals[0].sentence)
    return versions


def _check_unchanged(versions: Sequence[ElementVersion], repository: Path) -> None:
    """Refuses a version that was published before with another content: practices may have it, under the same number."""
    listed = read_targets_list(repository / "metadata")
    published, _refusals = read_targets(listed.targets if listed else {})
    known = {version.key: version.hashes for version in published}
    for version in versions:
        present = known.get(version.key, version.hashes)
        if present != version.hashes or _was_another(version, repository):
            why = _(
                "Die Version {version} von «{title}» wurde schon mit einem anderen Inhalt veröffentlicht; sie braucht eine neue Nummer."
            )
            raise refused(version.target, why.format(version=version.version, title=version.title))


def _was_another(version: ElementVersion, repository: Path) -> bool:
    """Returns whether another content of this version is still there from an earlier list, also one that was withdrawn since."""
    folder = (repository / "targets" / version.target).parent
    others = {file.name.partition(".")[0] for file in folder.glob("*")} - {digest for _name, digest in version.hashes}
    lists = (repository / "metadata").glob("*.targets.json") if others else ()
    return any(digest.encode() in content for content in (file.read_bytes() for file in lists) for digest in others)


def _place(file: Path, folder: Path, target: TargetFile) -> None:
    """Copies a file to where clients ask for it: under its hash, so that old and new can be there together."""
    parent, _separator, name = target.path.rpartition("/")
    place = folder / parent / f"{target.hashes['sha256']}.{name}"
    if place.exists() and place.stat().st_size == target.length:
        return
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = place.with_name(f"{place.name}.new")
        shutil.copyfile(file, partial)
        files.replace(partial, place)
    except OSError as error:
        raise refused(str(place), _("{file} kann nicht geschrieben werden.").format(file=place)) from error
