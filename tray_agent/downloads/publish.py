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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Signer, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from tray_agent.downloads.catalogue_reader import PORTAL_FIELD, OfferedTarget, read_targets
from tray_agent.downloads.description import Description, Lifetimes, read_description
from tray_agent.downloads.errors import PublishError
from tray_agent.i18n import _
from tray_agent.platforms import files

ROLES = ("root", "targets", "snapshot", "timestamp")

S = TypeVar("S", Root, Targets, Snapshot, Timestamp)


class Keys(Protocol):
    """Where signing keys come from; ``signing_keys.SigningKeys`` is a folder of them."""

    def has(self, role: str) -> bool:
        """Returns whether the key of a role is here."""
        ...

    def make(self, role: str) -> Signer:
        """Makes a new key for a role."""
        ...

    def load(self, role: str) -> Signer:
        """Returns the key of a role."""
        ...


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published.

    Attributes:
        root_file: the first root: what an installation needs in its configuration.
        versions: how many files are offered.
        number: the version of the signed list of files.
        expires: when the first part of it must be signed anew (the timestamp): aware, UTC.
    """

    root_file: Path
    versions: int
    number: int
    expires: datetime


def publish(source: Path, repository: Path, keys: Keys, now: datetime) -> Publication:
    """Publishes what ``source`` describes; what was published before and is not described any more is withdrawn.

    The first time, the keys are made. Later, a role whose key is missing gets a new one, if the root's key is here.

    Args:
        source: a folder with ``portal.toml`` and the files it names.
        repository: the folder to serve; made where missing.
        keys: the signing keys.
        now: the present instant, aware.

    Raises:
        PublishError: the description, a file or a key can't be used; nothing new is visible to clients.
    """
    description = read_description(source)
    targets = _collect(source, description)
    _check(targets)
    writer = _Writer(repository, keys, now, description.lifetimes)
    writer.prepare_root()
    for file, target in targets:
        _place(file, repository / "targets", target)
    return writer.sign_targets({target.path: target for _file, target in targets}, description.areas)


def refresh(repository: Path, keys: Keys, now: datetime) -> Publication:
    """Signs the timestamp anew, and the snapshot too where its key is here: what a published portal needs every few days.

    Raises:
        PublishError: there is no repository, its snapshot has expired and its key is not here, or a key can't be used.
    """
    return _Writer(repository, keys, now).sign_again()


class _Writer:
    """Signs and writes the metadata of one repository."""

    def __init__(self, repository: Path, keys: Keys, now: datetime, lifetimes: Lifetimes | None = None) -> None:
        self._folder = repository / "metadata"
        self._keys = keys
        self._now = now.astimezone(UTC).replace(microsecond=0)
        self._lifetimes = lifetimes or self._published_lifetimes()

    def prepare_root(self) -> None:
        """Makes the first root, or the next where a role's key is new or half of the root's lifetime is over."""
        old = self._newest("root", Root)
        if old is None:
            self._sign_root(Root(version=1, consistent_snapshot=True), ROLES)
            return
        missing = [role for role in ROLES[1:] if not self._keys.has(role)]
        if missing or (self._is_aging(old, "root") and self._keys.has("root")):
            self._sign_root(Root(old.version + 1, old.spec_version, None, old.keys, old.roles, old.consistent_snapshot), missing)

    def sign_targets(self, offered: dict[str, TargetFile], areas: list[str]) -> Publication:
        """Writes targets, snapshot and timestamp for these files."""
        fields: dict[str, Any] = {PORTAL_FIELD: {"areas": areas, "lifetimes": self._lifetimes.model_dump()}}
        targets = Targets(self._next("targets"), targets=offered, unrecognized_fields=fields)
        self._sign_snapshot(self._write(targets, "targets"))
        return self._publication(targets)

    def sign_again(self) -> Publication:
        """Writes a new timestamp, and what is past half of its lifetime and whose key is here."""
        targets, snapshot = self._newest("targets", Targets), self._newest("snapshot", Snapshot)
        if targets is None or snapshot is None:
            raise _refused(str(self._folder), _("Hier ist noch kein Portal veröffentlicht."))
        described = snapshot.meta["targets.json"]
        if self._is_aging(targets, "targets") and self._keys.has("targets"):
            targets.version += 1
            described = self._write(targets, "targets")
        if (self._is_aging(snapshot, "snapshot") or described.version != snapshot.meta["targets.json"].version) and self._keys.has(
            "snapshot"
        ):
            self._sign_snapshot(described)
        elif snapshot.expires <= self._now:
            raise _refused(str(self._folder), _("Die Übersicht (snapshot) ist abgelaufen; ihr Schlüssel wird gebraucht."))
        else:
            self._sign_timestamp(_described(snapshot.version, self._file("snapshot", snapshot.version).read_bytes()))
        return self._publication(targets)

    def _published_lifetimes(self) -> Lifetimes:
        """Returns the lifetimes that the last publication was made with."""
        targets = self._newest("targets", Targets)
        field = targets.unrecognized_fields.get(PORTAL_FIELD, {}) if targets else {}
        return Lifetimes.model_validate(field.get("lifetimes", {}))

    def _sign_root(self, root: Root, renewed: Sequence[str]) -> None:
        for role in renewed:
            signer = self._keys.load(role) if self._keys.has(role) else self._keys.make(role)
            for old in list(root.roles[role].keyids):
                root.revoke_key(old, role)
            root.add_key(signer.public_key, role)
        self._write(root, "root", signed_by=root)

    def _sign_snapshot(self, targets: MetaFile) -> None:
        snapshot = Snapshot(self._next("snapshot"), meta={"targets.json": targets})
        self._sign_timestamp(self._write(snapshot, "snapshot"))

    def _sign_timestamp(self, snapshot: MetaFile) -> None:
        old = self._read(self._folder / "timestamp.json", Timestamp)
        self._write(Timestamp(old.version + 1 if old else 1, snapshot_meta=snapshot), "timestamp")

    def _write(self, signed: S, role: str, signed_by: Root | None = None) -> MetaFile:
        """Signs metadata with its role's key, writes it, and returns how others refer to it."""
        signer = self._keys.load(role)
        root = signed_by or self._newest("root", Root)
        if root is None or signer.public_key.keyid not in root.roles[role].keyids:
            raise _refused(role, _("Der Schlüssel «{role}» gehört nicht zu diesem Portal.").format(role=role))
        signed.expires = self._now + self._lifetimes.of(role)
        metadata = Metadata(signed)
        metadata.sign(signer)
        content = metadata.to_bytes(JSONSerializer(compact=True))
        self._folder.mkdir(parents=True, exist_ok=True)
        files.write_whole(self._file(role, signed.version), content)
        return _described(signed.version, content)

    def _file(self, role: str, version: int) -> Path:
        return self._folder / ("timestamp.json" if role == "timestamp" else f"{version}.{role}.json")

    def _next(self, role: str) -> int:
        return max(self._versions(role), default=0) + 1

    def _versions(self, role: str) -> list[int]:
        numbers = [file.name.partition(".")[0] for file in self._folder.glob(f"*.{role}.json")]
        return [int(number) for number in numbers if number.isdigit()]

    def _newest(self, role: str, kind: type[S]) -> S | None:
        versions = self._versions(role)
        return self._read(self._file(role, max(versions)), kind) if versions else None

    def _read(self, file: Path, kind: type[S]) -> S | None:
        try:
            return cast("Metadata[S]", Metadata.from_bytes(file.read_bytes())).signed
        except FileNotFoundError:
            return None
        except (RepositoryError, OSError) as error:
            raise _refused(str(file), _("{file} ist nicht lesbar.").format(file=file)) from error

    def _is_aging(self, signed: Root | Targets | Snapshot, role: str) -> bool:
        return signed.expires - self._now < self._lifetimes.of(role) / 2

    def _publication(self, targets: Targets) -> Publication:
        timestamp = self._read(self._folder / "timestamp.json", Timestamp)
        expires = timestamp.expires if timestamp else self._now
        return Publication(self._file("root", 1), len(targets.targets), targets.version, expires)


def _described(version: int, content: bytes) -> MetaFile:
    return MetaFile(version, len(content), {"sha256": hashlib.sha256(content).hexdigest()})


def _collect(source: Path, description: Description) -> list[tuple[Path, TargetFile]]:
    collected = []
    for name, target, custom in description.rows():
        file = source / name
        try:
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            size = file.stat().st_size
        except OSError as error:
            raise _refused(str(file), _("{file} ist nicht lesbar.").format(file=file)) from error
        collected.append((file, TargetFile(size, {"sha256": digest}, target, {"custom": custom})))
    return collected


def _check(targets: Sequence[tuple[Path, TargetFile]]) -> None:
    """Reads what would be signed as a client will: what a client would refuse is not published."""
    for path, count in Counter(target.path for _file, target in targets).items():
        if count > 1:
            raise _refused(path, _("«{target}» ist mehrfach beschrieben.").format(target=path))
    _versions, refusals = read_targets({target.path: cast("OfferedTarget", target) for _file, target in targets})
    if refusals:
        raise _refused(refusals[0].target, refusals[0].sentence)


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
        raise _refused(str(place), _("{file} kann nicht geschrieben werden.").format(file=place)) from error


def _refused(item: str, why: str) -> PublishError:
    return PublishError(
        _("Portal nicht veröffentlicht"),
        _("{why} Für die Praxen hat sich nichts geändert.").format(why=why),
        _("Beschreibung, Dateien und Schlüssel prüfen; docs/portal.md erklärt sie."),
        item=item,
    )
