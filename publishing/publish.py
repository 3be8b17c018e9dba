"""The vendor's side of the portal: builds and signs a TUF repository from a folder and its description.

A repository is two folders that any web server can serve: ``metadata`` and ``targets``. Files are written so that a
client sees the old or the new state at any moment: first the files, then targets, snapshot, and last the timestamp.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tuf.api.metadata import Root, TargetFile, Targets

from publishing.description import Description, Lifetimes, read_description
from publishing.errors import PublishError, refused
from publishing.signed_metadata import ROLES, Numbers, SignedMetadata, read_newest_root, read_targets_list
from publishing.signing_keys import SigningKeys
from tray_agent.downloads.catalogue import PORTAL_FIELD, read_targets
from tray_agent.downloads.model import ElementVersion, VersionKey
from tray_agent.file_faults import why_of
from tray_agent.i18n import _
from tray_agent.platforms import files

_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published.

    Attributes:
        root_file: the first root: what an installation needs in its configuration.
        versions: how many files are offered.
        number: the version of the signed list of files.
        expiries: every role with the instant at which clients refuse it: aware, UTC.
        ending: the roles that were not signed anew although less than half of their lifetime is left: their keys are not here.
        renewed: the roles that got a new key, since none of theirs was here.
    """

    root_file: Path
    versions: int
    number: int
    expiries: tuple[tuple[str, datetime], ...]
    ending: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()


def publish(
    source: Path,
    repository: Path,
    keys: SigningKeys,
    now: datetime,
    *,
    replace: bool = False,
    first: bool = False,
    known: Numbers | None = None,
) -> Publication:
    """Publishes what ``source`` describes; what was published before and is not described any more is withdrawn.

    The first time, the keys are made. Later, a role whose key is missing gets a new one, if the root's key is here.

    Args:
        source: a folder with ``portal.toml`` and the files it names.
        repository: the folder to serve; made where missing.
        keys: the signing keys.
        now: the present instant, aware.
        replace: whether a version that was published before may have another content now.
        first: whether a new portal may begin with keys that are there already.
        known: the numbers that practices may know from elsewhere (``LivePortal.take_over``).

    Raises:
        PublishError: the description, a file or a key can't be used; the folder holds no portal although there are keys of one; nothing
            new is visible to clients.
    """
    description = read_description(source)
    listed = read_targets_list(repository / "metadata")
    if listed is None and not first:
        _check_first(repository, keys)
    targets = _collect(source, description, _recalled(listed))
    versions = _check(targets)
    if not replace:
        _check_unchanged(versions, repository)
    metadata = SignedMetadata(repository / "metadata", keys, now, description.lifetimes, known)
    lost = metadata.lost()
    due = bool(lost) or metadata.is_due("root")
    # Asked for before anything is written: half a publication would leave the practices with metadata that do not fit.
    metadata.require([*(["root"] if due else []), *(role for role in ROLES[1:] if role not in lost)])
    # Files before the list that names them: a client sees the old or the new state, never a name without its file.
    for file, target in targets:
        if file is not None:
            _place(file, repository / "targets", target)
    if metadata.root is None:
        metadata.make_root()
    for role in lost:
        metadata.replace_keys(role)
    field = {"areas": description.areas, "lifetimes": description.lifetimes.model_dump(), "live": description.live}
    fields: dict[str, Any] = {PORTAL_FIELD: {name: value for name, value in field.items() if value is not None}}
    metadata.write_targets(Targets(targets={target.path: target for _file, target in targets}, unrecognized_fields=fields))
    if due:
        metadata.write_root()
    return _publication(metadata, lost)


def live_address(repository: Path) -> str | None:
    """Returns the address at which practices find this portal, as the description said that was published last; None where it said none.

    Raises:
        PublishError: what is published can't be read.
    """
    listed = read_targets_list(repository / "metadata")
    address = listed.unrecognized_fields.get(PORTAL_FIELD, {}).get("live") if listed else None
    return address if isinstance(address, str) else None


def refresh(repository: Path, keys: SigningKeys, now: datetime, *, known: Numbers | None = None) -> Publication:
    """Signs the timestamp anew, and what is past half of its lifetime and whose key is here.

    Args:
        repository: a published portal.
        keys: the signing keys that are here.
        now: the present instant, aware.
        known: the numbers that practices may know from elsewhere (``LivePortal.take_over``).

    Raises:
        PublishError: there is no repository, a part of it has expired and its key is not here, or a key can't be used.
    """
    metadata = _published(repository, keys, now, known)
    if metadata.is_due("root"):
        metadata.write_root()
    if metadata.is_due("targets", "snapshot"):
        metadata.sign_again("targets")
    else:
        metadata.sign_again("snapshot" if metadata.is_due("snapshot") else "timestamp")
    return _publication(metadata)


def restored(repository: Path, keys: SigningKeys, now: datetime, ahead: int, *, known: Numbers | None = None) -> Publication:
    """Signs a portal that was put back from a backup so that practices accept it, whatever they saw of what was lost.

    Numbers that the lost state may have used are left out. New roots that were lost can't be made up for.

    Args:
        repository: what was put back.
        keys: the signing keys of all roles but the root's.
        now: the present instant, aware.
        ahead: how many numbers are left out: more than there were publications and refreshes since the backup.
        known: the numbers that practices may know from elsewhere (``LivePortal.take_over``).

    Raises:
        PublishError: there is no repository, or a key is missing.
    """
    present = _published(repository, keys, now, known)
    metadata = _published(repository, keys, now, present.numbers(ahead))
    metadata.require(ROLES[1:])
    metadata.sign_again("targets")
    return _publication(metadata)


def recall(
    repository: Path, keys: SigningKeys, key: VersionKey, reason: str | None, now: datetime, *, known: Numbers | None = None
) -> Publication:
    """Calls a version back: practices show it with the reason and refuse to install it, also those that have the file.

    It stays so when it is published again, and when it is not described any more.

    Args:
        repository: a published portal.
        keys: the signing keys of all roles but the root's.
        key: which version.
        reason: why, for people; None: it is not called back any more.
        now: the present instant, aware.
        known: the numbers that practices may know from elsewhere (``LivePortal.take_over``).

    Raises:
        PublishError: it was never published, the reason can't be shown, or a key is missing; nothing has changed for clients.
    """
    metadata = _published(repository, keys, now, known)
    metadata.require(ROLES[1:])
    targets = metadata.targets
    assert targets is not None  # noqa: S101 - _published has looked
    found = next((target for target in targets.targets.values() if _key_of(target) == key), None)
    if found is None:
        element, version = key
        raise refused(element, _("«{element}» {version} ist nicht veröffentlicht.").format(element=element, version=version))
    custom = dict(found.custom or {})
    custom.pop("recalled", None)
    if reason is not None:
        custom["recalled"] = {"reason": reason, "date": now.date().isoformat()}
    found.unrecognized_fields["custom"] = custom
    _versions, refusals = read_targets({found.path: found})
    if refusals:
        raise refused(refusals[0].target, refusals[0].sentence)
    metadata.write_targets(targets)
    return _publication(metadata)


def rotate(
    repository: Path,
    keys: SigningKeys,
    role: str,
    now: datetime,
    *,
    count: int | None = None,
    threshold: int | None = None,
    known: Numbers | None = None,
) -> Publication:
    """Replaces the keys of a role by new ones. The practices follow by themselves, also those that know only the first root.

    Args:
        repository: a published portal.
        keys: the signing keys: the root's, and those of the roles that must sign anew (all but ``role`` itself, which may be lost).
        role: one of ``ROLES``.
        now: the present instant, aware.
        count: how many keys it has from now on; None: as many as now.
        threshold: how many of them must sign; None: as many as now, ``count`` at the most.
        known: the numbers that practices may know from elsewhere (``LivePortal.take_over``).

    Raises:
        PublishError: a key is missing, or ``count`` and ``threshold`` make no sense; nothing has changed for clients.
    """
    metadata = _published(repository, keys, now, known)
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


def newest_root(repository: Path) -> Root:
    """Returns the newest root of a portal: whose keys count.

    Raises:
        PublishError: there is none, or it can't be read.
    """
    root = read_newest_root(repository / "metadata")
    if root is None:
        raise refused(str(repository), _("Hier ist noch kein Portal veröffentlicht."))
    return root


def _published(repository: Path, keys: SigningKeys, now: datetime, known: Numbers | None) -> SignedMetadata:
    folder = repository / "metadata"
    targets = read_targets_list(folder)
    if targets is None:
        raise refused(str(folder), _("Hier ist noch kein Portal veröffentlicht."))
    field = targets.unrecognized_fields.get(PORTAL_FIELD, {})
    return SignedMetadata(folder, keys, now, Lifetimes.model_validate(field.get("lifetimes", {})), known)


def _publication(metadata: SignedMetadata, renewed: Sequence[str] = ()) -> Publication:
    root, targets, snapshot, timestamp = metadata.root, metadata.targets, metadata.snapshot, metadata.timestamp
    assert root and targets and snapshot and timestamp  # noqa: S101, PT018 - all four were written
    expiries = tuple(zip(ROLES, (root.expires, targets.expires, snapshot.expires, timestamp.expires), strict=True))
    ending = tuple(role for role in ROLES if metadata.is_ending(role))
    return Publication(metadata.folder / "1.root.json", len(targets.targets), targets.version, expiries, ending, tuple(renewed))


def _check_first(repository: Path, keys: SigningKeys) -> None:
    """Refuses to begin a second portal with the keys of one: what a typing error in ``--to`` would do without a word."""
    if any(keys.has(role) for role in ROLES) and not any((repository / "metadata").glob("*.root.json")):
        raise PublishError(
            _("Noch kein Portal in diesem Ordner"),
            _("In {folder} ist noch kein Portal, die Schlüssel gehören aber schon zu einem. Nichts wurde veröffentlicht.").format(
                folder=repository
            ),
            _("Den Ordner (--to) prüfen. Ist wirklich ein neues Portal gemeint: --new."),
            item=str(repository),
        )


def _recalled(listed: Targets | None) -> list[TargetFile]:
    """Returns what was called back: it stays so, and stays listed, until the vendor takes it back."""
    return [target for target in (listed.targets.values() if listed else ()) if "recalled" in (target.custom or {})]


def _key_of(target: TargetFile) -> VersionKey | None:
    versions, _refusals = read_targets({target.path: target})
    return versions[0].key if versions else None


def _collect(source: Path, description: Description, recalled: Sequence[TargetFile]) -> list[tuple[Path | None, TargetFile]]:
    """Returns what will be signed, each with its file; without one what is called back and not described any more."""
    collected: list[tuple[Path | None, TargetFile]] = []
    called_back = {_key_of(target): (target.custom or {})["recalled"] for target in recalled}
    for name, target, custom in description.rows(source):
        file = source / name
        try:
            digest = _digest_of(file)
            size = file.stat().st_size
        except OSError as error:
            raise refused(str(file), _("{file} ist nicht lesbar.").format(file=file)) from error
        new = TargetFile(size, {"sha256": digest}, target, {"custom": custom})
        key = _key_of(new)
        if key is not None and key in called_back:  # the version is called back, whatever its file is named by now
            custom["recalled"] = called_back[key]
        collected.append((file, new))
    described = {_key_of(target) for _file, target in collected}
    return [*collected, *((None, target) for target in recalled if _key_of(target) not in described)]


def _check(targets: Sequence[tuple[Path | None, TargetFile]]) -> list[ElementVersion]:
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
    try:
        if place.is_file() and not place.is_symlink() and _digest_of(place) == target.hashes["sha256"]:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = place.with_name(f"{place.name}.new")
        copied = _copy(file, partial)
    except OSError as error:
        raise refused(str(place), _("{file} kann nicht geschrieben werden: {why}.").format(file=place, why=why_of(error))) from error
    if copied != target.hashes["sha256"]:
        files.remove(partial)
        raise refused(str(file), _("{file} hat sich während der Veröffentlichung verändert.").format(file=file))
    files.replace(partial, place)


def _copy(file: Path, to: Path) -> str:
    """Copies a file, on the disk when it returns, and returns the hash of what was written: that is what will be served."""
    hashing = hashlib.sha256()
    to.unlink(missing_ok=True)  # left behind by a run that was ended; or a link, which is neither followed nor served
    with file.open("rb") as read, to.open("xb") as written:
        while piece := read.read(_PIECE):
            hashing.update(piece)
            written.write(piece)
        written.flush()
        files.sync_file(written.fileno())
    return hashing.hexdigest()


def _digest_of(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
